//! A tree as one JSON object, both ways.
//!
//! A record's object is [`Layout::write_json`](crate::Layout::write_json)'s, with a list for each type of children
//! behind its members. Children of several types that are mixed in the file have `_order` beside them: the list that
//! each is in, one after the other. Without it they are written list by list.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Hierarchy, HierarchyError, HierarchyErrorKind, Tree};
use crate::json::{JsonOptions, push_escaped};

impl Hierarchy {
    /// Appends a tree as one JSON object, without a newline.
    ///
    /// # Errors
    /// The first record with a field that does not decode, in strict mode; `out` is then as it was.
    pub fn write_json(
        &self,
        tree: &Tree,
        options: &JsonOptions,
        out: &mut Vec<u8>,
    ) -> Result<(), HierarchyError> {
        let start = out.len();
        let mut children = vec![Vec::new(); tree.len()];
        for (index, node) in tree.nodes().iter().enumerate() {
            if let Some(list) = children
                .get_mut(node.parent)
                .filter(|_| node.parent != index)
            {
                list.push(index);
            }
        }
        let done = self.write_node(tree, &children, 0, options, out);
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    fn write_node(
        &self,
        tree: &Tree,
        children: &[Vec<usize>],
        index: usize,
        options: &JsonOptions,
        out: &mut Vec<u8>,
    ) -> Result<(), HierarchyError> {
        let Some(node) = tree.nodes().get(index) else {
            return Ok(());
        };
        self.layout
            .write_json_with(tree.bytes_of(node), options, out)
            .map_err(|error| HierarchyError::of_field(error).at(node.record_no, node.offset))?;
        let kinds = self.children(node.kind);
        if kinds.is_empty() {
            return Ok(());
        }
        out.pop();
        let own = children.get(index).map_or(&[][..], Vec::as_slice);
        let kind_of = |child: usize| tree.nodes().get(child).map_or(usize::MAX, |node| node.kind);
        for kind in kinds {
            self.begin(*kind, out);
            for child in own.iter().filter(|child| kind_of(**child) == *kind) {
                if out.last() != Some(&b'[') {
                    out.push(b',');
                }
                self.write_node(tree, children, *child, options, out)?;
            }
            out.push(b']');
        }
        if !own.is_sorted_by_key(|child| kind_of(*child)) {
            out.extend_from_slice(b",\"_order\":[");
            for child in own {
                if out.last() != Some(&b'[') {
                    out.push(b',');
                }
                out.push(b'"');
                push_escaped(self.list(kind_of(*child)), out);
                out.push(b'"');
            }
            out.push(b']');
        }
        out.push(b'}');
        Ok(())
    }

    /// `,"list":[`, without the comma where it is the first member.
    fn begin(&self, kind: usize, out: &mut Vec<u8>) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.push(b'"');
        push_escaped(self.list(kind), out);
        out.extend_from_slice(b"\":[");
    }

    /// The records of a JSON object as [`write_json`](Self::write_json) makes it, edited or not.
    ///
    /// # Errors
    /// Text that is no such object, a record that does not encode, one in a list of another type, or an `_order` that
    /// is not that of the lists.
    pub fn read_json(&self, json: &[u8]) -> Result<Tree, HierarchyError> {
        let mut tree = Tree::default();
        let text = std::str::from_utf8(json).map_err(|error| {
            HierarchyError::new(HierarchyErrorKind::Json, format!("wanted UTF-8: {error}"))
        })?;
        self.read_node(text, None, None, &mut tree)?;
        Ok(tree)
    }

    fn read_node(
        &self,
        json: &str,
        wanted: Option<usize>,
        parent: Option<usize>,
        tree: &mut Tree,
    ) -> Result<(), HierarchyError> {
        let members = crate::json::members(json.as_bytes()).map_err(HierarchyError::of_field)?;
        // Which types may be below it is known for a child; for a root, once it is encoded.
        let is_list = |name: &str| {
            let may = |kind: usize| match wanted {
                Some(wanted) => self.children(wanted).contains(&kind),
                None => self.kinds.get(kind).is_some_and(|kind| {
                    let above = kind.parent.and_then(|parent| self.kinds.get(parent));
                    above.is_some_and(|above| above.parent.is_none())
                }),
            };
            (0..self.kinds.len()).any(|kind| may(kind) && self.list(kind) == name)
        };
        let (below, own): (Vec<_>, Vec<_>) = members
            .into_iter()
            .partition(|(name, _)| name == "_order" || is_list(name));
        let record = crate::json::read_members(&self.layout, own)
            .and_then(|record| self.layout.encode(&record))
            .map_err(HierarchyError::of_field)?;
        let kind = self.kind_of(&record, wanted)?;
        let index = tree.push(kind, parent, &record, (0, 0));
        self.read_children(below, kind, index, tree)
    }

    /// The type of a record that was encoded, which must be the one of its list; of a root, one without a parent.
    fn kind_of(&self, record: &[u8], wanted: Option<usize>) -> Result<usize, HierarchyError> {
        let fault = |message: String| HierarchyError::new(HierarchyErrorKind::Json, message);
        let found = self.layout.record_type_index(record);
        match (found, wanted) {
            (None, _) => Err(HierarchyError::new(
                HierarchyErrorKind::Unknown,
                "the record is of no type of the meaning",
            )),
            (Some(found), Some(wanted)) if found != wanted => Err(fault(format!(
                "wanted records of type `{}` in this list, got one of type `{}`",
                self.name(wanted),
                self.name(found)
            ))),
            (Some(found), None) => match self.kinds.get(found).and_then(|kind| kind.parent) {
                Some(parent) => Err(HierarchyError::new(
                    HierarchyErrorKind::Orphan,
                    format!(
                        "a record of type `{}` stands below one of type `{}`: wanted it in the list `{}` there",
                        self.name(found),
                        self.name(parent),
                        self.list(found)
                    ),
                )),
                None => Ok(found),
            },
            (Some(found), _) => Ok(found),
        }
    }

    fn read_children(
        &self,
        members: Vec<(Cow<'_, str>, &RawValue)>,
        kind: usize,
        index: usize,
        tree: &mut Tree,
    ) -> Result<(), HierarchyError> {
        let fault = |message: String| HierarchyError::new(HierarchyErrorKind::Json, message);
        let mut lists: Vec<(usize, Vec<&RawValue>)> = Vec::new();
        let mut order: Option<Vec<Cow<'_, str>>> = None;
        for (name, raw) in members {
            if name == "_order" {
                let names: Vec<&RawValue> = serde_json::from_str(raw.get())
                    .map_err(|_| fault("_order: wanted a list of names".to_owned()))?;
                let names: Option<Vec<_>> = names
                    .iter()
                    .map(|name| crate::json::text(name.get()))
                    .collect();
                order = Some(names.ok_or_else(|| fault("_order: wanted a list of names".into()))?);
                continue;
            }
            let of = |child: &&usize| self.list(**child) == name;
            let Some(child) = self.children(kind).iter().find(of) else {
                return Err(fault(format!(
                    "a record of type `{}` has no list `{name}`",
                    self.name(kind)
                )));
            };
            let items: Vec<&RawValue> = serde_json::from_str(raw.get())
                .map_err(|_| fault(format!("{name}: wanted a list")))?;
            lists.push((*child, items));
        }
        // The order of the meaning file, whatever that of the members.
        lists.sort_by_key(|(child, _)| *child);
        let mut taken = vec![0usize; lists.len()];
        let mut one = |place: usize, tree: &mut Tree| -> Result<bool, HierarchyError> {
            let (Some((child, items)), Some(taken)) = (lists.get(place), taken.get_mut(place))
            else {
                return Ok(false);
            };
            let Some(raw) = items.get(*taken) else {
                return Ok(false);
            };
            *taken = taken.saturating_add(1);
            self.read_node(raw.get(), Some(*child), Some(index), tree)
                .map_err(|error| error.below(&format!("{}({taken})", self.list(*child))))?;
            Ok(true)
        };
        let Some(order) = order else {
            for place in 0..lists.len() {
                while one(place, tree)? {}
            }
            return Ok(());
        };
        let place_of = |name: &str| {
            lists
                .iter()
                .position(|(child, _)| self.list(*child) == name)
        };
        for name in &order {
            let place = place_of(name).unwrap_or(usize::MAX);
            if !one(place, tree)? {
                let have = lists.get(place).map_or(0, |(_, items)| items.len());
                return Err(fault(format!(
                    "_order names more of `{name}` than the {have} there are: take it out, or bring it up to the lists"
                )));
            }
        }
        let left = lists
            .iter()
            .zip(&taken)
            .find(|((_, items), taken)| items.len() > **taken);
        if let Some(((child, items), taken)) = left {
            return Err(fault(format!(
                "_order names {taken} of `{}`, and there are {}: take it out, or bring it up to the lists",
                self.list(*child),
                items.len()
            )));
        }
        Ok(())
    }
}
