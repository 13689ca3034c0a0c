//! Whether data valid by one JSON Schema is valid by another: the rules of Confluent's `SchemaDiff`, in their strict form.

use std::collections::HashMap;
use std::rc::Rc;

use super::found::{All, at, below, here};
use super::limits::{limits, matched, values};
use super::{Array, Criterion, JsonSchema, Kind, Node, Object, Rest};
use crate::compat::Difference;

/// Everything that keeps `reader` from taking what was valid by `writer`; nothing when it takes all.
pub(crate) fn check(reader: &JsonSchema, writer: &JsonSchema) -> Vec<Difference> {
    let mut checker = Checker {
        reader,
        writer,
        known: HashMap::new(),
    };
    let found = checker.schemas(0, 0);
    found.iter().map(|found| found.difference()).collect()
}

struct Checker<'s> {
    reader: &'s JsonSchema,
    writer: &'s JsonSchema,
    /// Pairs that were compared; one that is being compared counts as nothing in the way, so that circles end.
    known: HashMap<(usize, usize), Rc<All>>,
}

impl<'s> Checker<'s> {
    fn follow(schema: &'s JsonSchema, mut index: usize) -> (usize, Option<&'s Node>) {
        // A circle of references alone says nothing.
        for _ in 0..super::MAX_DEPTH {
            match schema.nodes.get(index) {
                Some(Node {
                    kind: Kind::Same(other),
                    ..
                }) => index = *other,
                node => return (index, node),
            }
        }
        (index, None)
    }

    fn schemas(&mut self, reader: usize, writer: usize) -> Rc<All> {
        let (reader, read) = Self::follow(self.reader, reader);
        let (writer, written) = Self::follow(self.writer, writer);
        if let Some(known) = self.known.get(&(reader, writer)) {
            return Rc::clone(known);
        }
        self.known.insert((reader, writer), Rc::default());
        let found = match (read, written) {
            (Some(read), Some(written)) => self.nodes((reader, read), (writer, written)),
            _ => Vec::new(),
        };
        let found = Rc::new(found);
        self.known.insert((reader, writer), Rc::clone(&found));
        found
    }

    fn nodes(&mut self, reader: (usize, &'s Node), writer: (usize, &'s Node)) -> All {
        match (&reader.1.kind, &writer.1.kind) {
            (Kind::Combined(..), Kind::Combined(..)) => {}
            (Kind::Combined(criterion, branches), _)
                if (branches.len() == 1 || *criterion != Criterion::All)
                    && branches
                        .iter()
                        .any(|branch| self.schemas(*branch, writer.0).is_empty()) =>
            {
                return Vec::new();
            }
            (_, Kind::Combined(criterion, branches))
                if (branches.len() == 1 || *criterion == Criterion::All)
                    && branches
                        .iter()
                        .any(|branch| self.schemas(reader.0, *branch).is_empty()) =>
            {
                return Vec::new();
            }
            _ => {}
        }
        match (&reader.1.kind, &writer.1.kind) {
            (Kind::Any, _) | (_, Kind::Never) => Vec::new(),
            (Kind::Boolean, Kind::Boolean) | (Kind::Null, Kind::Null) => Vec::new(),
            (Kind::String(read), Kind::String(written)) => limits(read, written),
            (
                Kind::Number {
                    integer,
                    limits: read,
                },
                Kind::Number {
                    integer: was_integer,
                    limits: written,
                },
            ) => {
                let mut found = limits(read, written);
                if *integer && !was_integer {
                    found.extend(here("TYPE_NARROWED"));
                }
                found
            }
            (Kind::Object(read), Kind::Object(written)) => self.objects(read, written),
            (Kind::Array(read), Kind::Array(written)) => self.arrays(read, written),
            (Kind::Enum(read), Kind::Enum(written)) => values(read, written),
            (Kind::Const(read), Kind::Const(written)) => {
                values(std::slice::from_ref(read), std::slice::from_ref(written))
            }
            (Kind::Combined(read, branches), Kind::Combined(written, old)) => {
                self.combined((*read, branches), (*written, old))
            }
            (Kind::Not(read), Kind::Not(written)) => self.not(*read, *written),
            _ if reader.1.bytes && writer.1.bytes => Vec::new(),
            _ => here("TYPE_CHANGED"),
        }
    }

    /// What `not` excludes may only become less: what the new one excludes, the old one must have.
    fn not(&self, read: usize, written: usize) -> All {
        let mut turned = Checker {
            reader: self.writer,
            writer: self.reader,
            known: HashMap::new(),
        };
        if turned.schemas(written, read).is_empty() {
            Vec::new()
        } else {
            at("NOT_TYPE_EXTENDED", "not")
        }
    }

    fn combined(
        &mut self,
        (read, branches): (Criterion, &[usize]),
        (written, old): (Criterion, &[usize]),
    ) -> All {
        let mut found = Vec::new();
        let widened = read == Criterion::Any
            || (branches.len() == 1 && old.len() == 1)
            || (old.len() == 1 && read == Criterion::One)
            || (branches.len() == 1 && written == Criterion::All);
        if read != written && !widened {
            return here("COMBINED_TYPE_CHANGED");
        }
        if old.len() < branches.len() && read == Criterion::All {
            found.extend(here("PRODUCT_TYPE_EXTENDED"));
        } else if old.len() > branches.len() && written != Criterion::All {
            found.extend(here("SUM_TYPE_NARROWED"));
        }
        let mut fits: Vec<Vec<usize>> = Vec::with_capacity(old.len());
        for was in old {
            let mut of = Vec::new();
            for (index, branch) in branches.iter().enumerate() {
                if self.schemas(*branch, *was).is_empty() {
                    of.push(index);
                }
            }
            fits.push(of);
        }
        if matched(&fits, branches.len()) < old.len().min(branches.len()) {
            found.extend(here("COMBINED_TYPE_SUBSCHEMAS_CHANGED"));
        }
        found
    }

    fn objects(&mut self, read: &'s Object, written: &'s Object) -> All {
        let mut found = limits(&read.limits, &written.limits);
        for (name, property) in &read.properties {
            let path = format!("properties/{name}");
            let has_default = self
                .reader
                .nodes
                .get(*property)
                .is_some_and(|node| node.has_default);
            let required = read.required.contains(name);
            let Some(was) = written.properties.get(name) else {
                found.extend(self.added(name, *property, required, has_default, written, &path));
                continue;
            };
            if required && !written.required.contains(name) && !has_default {
                found.extend(at("REQUIRED_ATTRIBUTE_ADDED", &format!("required/{name}")));
            }
            found.extend(below(&path, &self.schemas(*property, *was)));
        }
        for (name, was) in &written.properties {
            if read.properties.contains_key(name) {
                continue;
            }
            let path = format!("properties/{name}");
            match covering(read, name) {
                Cover::Open => {}
                Cover::By(partial) => {
                    let inner = self.schemas(partial, *was);
                    if !inner.is_empty() {
                        found.extend(below(&path, &inner));
                        found.extend(at(
                            "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
                            &path,
                        ));
                    }
                }
                Cover::Closed => {
                    let (_, node) = Self::follow(self.writer, *was);
                    if !matches!(
                        node,
                        Some(Node {
                            kind: Kind::Never,
                            ..
                        })
                    ) {
                        found.extend(at("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", &path));
                    }
                }
            }
        }
        found.extend(self.rest(
            read.rest,
            written.rest,
            "additionalProperties",
            "ADDITIONAL_PROPERTIES_REMOVED",
            "ADDITIONAL_PROPERTIES_NARROWED",
        ));
        for (name, needs) in &read.needs {
            let path = format!("dependencies/{name}");
            match written.needs.get(name) {
                None => found.extend(at("DEPENDENCY_ARRAY_ADDED", &path)),
                Some(old) if needs.is_subset(old) => {}
                Some(old) if old.is_subset(needs) => {
                    found.extend(at("DEPENDENCY_ARRAY_EXTENDED", &path));
                }
                Some(_) => found.extend(at("DEPENDENCY_ARRAY_CHANGED", &path)),
            }
        }
        for (name, needs) in &read.needs_schema {
            let path = format!("dependencies/{name}");
            match written.needs_schema.get(name) {
                None => found.extend(at("DEPENDENCY_SCHEMA_ADDED", &path)),
                Some(old) => found.extend(below(&path, &self.schemas(*needs, *old))),
            }
        }
        found
    }

    /// A property that the old schema did not name.
    fn added(
        &mut self,
        name: &str,
        property: usize,
        required: bool,
        has_default: bool,
        written: &'s Object,
        path: &str,
    ) -> All {
        let mut found = Vec::new();
        match covering(written, name) {
            Cover::Open => {
                let (_, node) = Self::follow(self.reader, property);
                let any = matches!(
                    node,
                    Some(Node {
                        kind: Kind::Any,
                        ..
                    })
                );
                return match (any, required, has_default) {
                    (true, ..) => found,
                    (_, true, true) => at(
                        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
                        path,
                    ),
                    (_, true, false) => at("REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", path),
                    (_, false, _) => at("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", path),
                };
            }
            Cover::By(partial) => {
                let inner = self.schemas(property, partial);
                if !inner.is_empty() {
                    found.extend(below(path, &inner));
                    found.extend(at(
                        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
                        path,
                    ));
                }
            }
            Cover::Closed => {}
        }
        if required && !has_default {
            found.extend(at("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", path));
        }
        found
    }

    fn rest(
        &mut self,
        read: Rest,
        written: Rest,
        path: &str,
        removed: &'static str,
        narrowed: &'static str,
    ) -> All {
        match (read, written) {
            (Rest::Closed, Rest::Open | Rest::Of(_)) => at(removed, path),
            (Rest::Of(_), Rest::Open) => at(narrowed, path),
            (Rest::Of(read), Rest::Of(written)) => below(path, &self.schemas(read, written)),
            _ => Vec::new(),
        }
    }

    fn arrays(&mut self, read: &'s Array, written: &'s Array) -> All {
        let mut found = limits(&read.limits, &written.limits);
        if read.unique && !written.unique {
            found.extend(at("UNIQUE_ITEMS_ADDED", "uniqueItems"));
        }
        match (read.each, written.each) {
            (Some(read), Some(written)) => {
                found.extend(below("items", &self.schemas(read, written)));
            }
            (Some(_), None) => found.extend(at("SCHEMA_ADDED", "items")),
            _ => {}
        }
        found.extend(self.rest(
            read.rest,
            written.rest,
            "additionalItems",
            "ADDITIONAL_ITEMS_REMOVED",
            "ADDITIONAL_ITEMS_NARROWED",
        ));
        for index in 0..read.tuple.len().max(written.tuple.len()) {
            let path = format!("items/{index}");
            match (read.tuple.get(index), written.tuple.get(index)) {
                (Some(new), Some(old)) => found.extend(below(&path, &self.schemas(*new, *old))),
                (None, Some(old)) => match read.rest {
                    Rest::Open => {}
                    Rest::Closed => {
                        found.extend(at("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", &path));
                    }
                    Rest::Of(partial) => {
                        if !self.schemas(partial, *old).is_empty() {
                            found.extend(at(
                                "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
                                &path,
                            ));
                        }
                    }
                },
                (Some(new), None) => match written.rest {
                    Rest::Open => found.extend(at("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", &path)),
                    Rest::Closed => {}
                    Rest::Of(partial) => {
                        if !self.schemas(*new, partial).is_empty() {
                            found.extend(at(
                                "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
                                &path,
                            ));
                        }
                    }
                },
                (None, None) => {}
            }
        }
        found
    }
}

/// What an object says of a property that it does not name.
enum Cover {
    Open,
    Closed,
    By(usize),
}

fn covering(object: &Object, name: &str) -> Cover {
    let matching = object.patterns.iter().find(|(pattern, _)| {
        regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name))
    });
    match (matching, object.rest) {
        (Some((_, schema)), _) => Cover::By(*schema),
        (None, Rest::Of(schema)) => Cover::By(schema),
        (None, Rest::Closed) => Cover::Closed,
        (None, Rest::Open) if object.patterns.is_empty() => Cover::Open,
        (None, Rest::Open) => Cover::Closed,
    }
}
