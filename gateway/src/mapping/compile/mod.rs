//! From a mapping file to programs, with every fault on the way.
//!
//! In: the file, and layouts by name. Out: a [`Mapping`]. Runs once, when the configuration is loaded; what it leaves to a message is
//! only what depends on the message. Read in this order: here, [`side`] (names to ways), [`rule`], [`target`] (the order of what is
//! written), [`cover`] (that nothing of a record is forgotten).

mod constant;
mod cover;
mod rule;
mod side;
mod target;

use std::sync::Arc;

use http::Method;
use ops::config::{Faults, Source as Text, near_help};
use parsers::Layout;
use sha2::{Digest, Sha256};
use toml::Spanned;

use self::cover::Cover;
use self::rule::Scope;
use self::side::Side;
use self::target::{Branch, emit};
use super::event::Name;
use super::file::{File, Record, Rule, Section, When};
use super::program::{self, Format, Op, Part, Program, Soap, Test, Unread};
use super::way::{Notation, Way};
use super::xml::{SOAP_1_1, SOAP_1_2, Spaces};
use super::{Layouts, Mapping};

/// Which section, and so whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Request,
    Response,
    Error,
}

pub(super) fn compile(text: &Text, layouts: &Layouts) -> Result<Mapping, Faults> {
    let file: File = text.toml()?;
    let mut compiler = Compiler {
        text,
        layouts,
        faults: Faults::default(),
        notes: Vec::new(),
        private: Vec::new(),
        lists: Vec::new(),
    };
    if *file.version.get_ref() != 1 {
        let version = file.version.get_ref();
        let message = format!("version is {version}; this program knows version 1");
        compiler.fault(&file.version, message);
        return Err(compiler.faults);
    }
    let mut section = |which, section: &Option<Spanned<Section>>| {
        let section = section.as_ref()?;
        compiler.section(which, section)
    };
    let request = section(Which::Request, &file.request);
    let response = section(Which::Response, &file.response);
    let error = section(Which::Error, &file.error);
    if file.request.is_none() && file.response.is_none() {
        let fault = ops::config::Fault::of_file(text.name(), "maps nothing");
        compiler
            .faults
            .push(fault.help("write a [request], a [response], or both"));
    }
    let Compiler {
        faults,
        notes,
        private,
        ..
    } = compiler;
    faults.into_result(Mapping {
        request,
        response,
        error,
        notes,
        digest: Sha256::digest(text.text()).into(),
        private,
    })
}

struct Compiler<'a> {
    text: &'a Text,
    layouts: &'a Layouts,
    faults: Faults,
    notes: Vec<String>,
    private: Vec<String>,
    /// The lists of the target that rules are in, as they were written, outermost first.
    lists: Vec<String>,
}

/// What a section says of both sides.
struct Frame<'s> {
    which: Which,
    from: &'s Format,
    to: &'s Format,
    /// Prefixes with the numbers of their namespaces.
    prefixes: Vec<(&'s str, u16)>,
}

impl Compiler<'_> {
    fn fault<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.faults.push(self.text.fault(at.span(), message));
    }

    fn fault_with_help<T>(
        &mut self,
        at: &Spanned<T>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults
            .push(self.text.fault(at.span(), message).help(help));
    }

    fn layout(&mut self, at: &Spanned<String>, name: &str) -> Option<Arc<Layout>> {
        if let Some(layout) = self.layouts.get(name) {
            return layout.clone();
        }
        let fault = self
            .text
            .fault(at.span(), format!("there is no copybook \"{name}\""));
        let names = self.layouts.keys().map(String::as_str);
        self.faults.push(match near_help(name, names) {
            Some(help) => fault.help(help),
            None => fault,
        });
        None
    }

    fn format(&mut self, at: &Spanned<String>) -> Option<Format> {
        Some(match at.get_ref().as_str() {
            "json" => Format::Json,
            "xml" => Format::Xml,
            "soap" => Format::Soap(Soap::V11),
            "soap12" => Format::Soap(Soap::V12),
            "form" => Format::Form,
            "query" => Format::Query,
            "records" => Format::Records(Box::default()),
            other => match other.strip_prefix("record:") {
                Some(name) => Format::Record(self.layout(at, name)?),
                None => {
                    self.fault(at, format!("unknown form \"{other}\"; known are: \"json\", \"xml\", \"soap\", \"soap12\", \"form\", \"query\", \"record:COPYBOOK\", \"records\""));
                    return None;
                }
            },
        })
    }

    fn section(&mut self, which: Which, section: &Spanned<Section>) -> Option<Program> {
        let before = self.faults.len();
        let at = section.get_ref();
        let from = self.format(&at.from);
        let to = self.format(&at.to);
        let (mut from, mut to) = (from?, to?);
        self.forms_fit(which, at, &from, &to);
        let namespaces: Vec<(&str, &str)> = at
            .namespaces
            .iter()
            .map(|(prefix, uri)| (prefix.get_ref().as_str(), uri.get_ref().as_str()))
            .collect();
        let mut spaces = Spaces::default();
        if soap(&from) {
            spaces.number(SOAP_1_1);
            spaces.number(SOAP_1_2);
        }
        let named = namespaces.iter().filter(|(prefix, _)| !prefix.is_empty());
        let mut prefixes: Vec<(&str, u16)> = named
            .map(|(prefix, uri)| (*prefix, spaces.number(uri)))
            .collect();
        let declared = match xml(&to) {
            true => namespaces
                .iter()
                .map(|(prefix, uri)| ((*prefix).into(), (*uri).into()))
                .collect(),
            false => Box::default(),
        };
        if soap(&from) || soap(&to) {
            // Either version's.
            prefixes.push(("soap", Name::ANY));
        }
        let frame = Frame {
            which,
            from: &from.clone(),
            to: &to.clone(),
            prefixes,
        };
        let mut ops = Vec::new();
        if let Format::Records(parts) = &mut to {
            *parts = self.written(&frame, at, &mut ops);
        } else if let Format::Records(parts) = &mut from {
            *parts = self.read(&frame, at, &mut ops);
        } else {
            if let Some(record) = at.records.first() {
                self.fault(
                    record,
                    "records are of sections with \"records\" on one side",
                );
            }
            self.plain(&frame, at, &mut ops);
        }
        let ignored = self.ignored(&frame, &at.unmapped);
        let method = at.method.as_ref().and_then(|method| {
            let known = Method::from_bytes(method.get_ref().as_bytes());
            match known {
                Ok(known) if which == Which::Request && known != Method::CONNECT => Some(known),
                _ => {
                    self.fault(method, "wanted the method that the backend is asked with");
                    None
                }
            }
        });
        let unread = match at
            .unread
            .as_ref()
            .map(|word| (word, word.get_ref().as_str()))
        {
            None if which == Which::Request => Unread::Refuse,
            None => Unread::Ignore,
            Some((_, "refuse")) => Unread::Refuse,
            Some((_, "ignore")) => Unread::Ignore,
            Some((word, _)) => {
                self.fault(word, "wanted \"refuse\" or \"ignore\"");
                return None;
            }
        };
        (self.faults.len() == before).then(|| Program {
            from,
            to,
            method,
            unread,
            takes_faults: which == Which::Error,
            spaces,
            declared,
            ops: ops.into(),
            ignored,
        })
    }

    fn forms_fit(&mut self, which: Which, at: &Section, from: &Format, to: &Format) {
        for (form, place) in [(from, &at.from), (to, &at.to)] {
            if which != Which::Request && matches!(form, Format::Query) {
                self.fault(place, "an answer has no query");
            }
        }
        if matches!((from, to), (Format::Records(_), Format::Records(_))) {
            self.fault(
                &at.to,
                "\"records\" stands on both sides: one of them must be something else",
            );
        }
        if !xml(from)
            && !xml(to)
            && let Some((prefix, _)) = at.namespaces.iter().next()
        {
            self.fault(prefix, "neither side is XML: namespaces say nothing here");
        }
    }

    /// One thing to one thing.
    fn plain(&mut self, frame: &Frame<'_>, at: &Section, ops: &mut Vec<Op>) {
        let from = self.side(frame, frame.from, End::Source);
        let to = self.side(frame, frame.to, End::Target);
        let mut cover = Cover::default();
        let scope = Scope {
            frame,
            from: &from,
            to: &to,
        };
        let branches = self.rules(&scope, &at.fields, &mut cover);
        if xml(frame.to) && branches.len() != 1 && !at.fields.is_empty() {
            let names: Vec<_> = branches.iter().map(Branch::name).collect();
            self.fault(
                &at.to,
                format!(
                    "an XML document has one outermost element, here are {}: {}",
                    names.len(),
                    names.join(", ")
                ),
            );
        }
        emit(branches, ops);
        self.covered(&at.from, &from, &cover.read, &at.unmapped, End::Source);
        self.covered(&at.to, &to, &cover.written, &at.unmapped, End::Target);
        self.tell(frame.which, &to, &cover);
    }

    /// Records one after the other, written.
    fn written(&mut self, frame: &Frame<'_>, at: &Section, ops: &mut Vec<Op>) -> Box<[Part]> {
        self.only_records(at);
        let from = self.side(frame, frame.from, End::Source);
        let mut parts = Vec::new();
        for record in &at.records {
            let record: &Record = record.get_ref();
            let Some(layout) = self.layout(&record.record, record.record.get_ref()) else {
                continue;
            };
            let to = Side::of_record(&layout);
            let each = record.each.as_ref();
            let each = each
                .and_then(|each| self.way(each, &from))
                .map(|found| found.way);
            let when = record.when.as_ref().and_then(|when| self.when(when, &from));
            let mut cover = Cover::default();
            let scope = Scope {
                frame,
                from: &from,
                to: &to,
            };
            let branches = self.rules(&scope, &record.fields, &mut cover);
            let start = ops.len();
            emit(branches, ops);
            self.covered(
                &record.record,
                &to,
                &cover.written,
                &record.unmapped,
                End::Target,
            );
            self.tell(frame.which, &to, &cover);
            parts.push(Part {
                layout,
                tells: None,
                when,
                each,
                optional: record.optional,
                ops: start..ops.len(),
            });
        }
        parts.into()
    }

    /// Records one after the other, read.
    fn read(&mut self, frame: &Frame<'_>, at: &Section, ops: &mut Vec<Op>) -> Box<[Part]> {
        self.only_records(at);
        let to = self.side(frame, frame.to, End::Target);
        let mut parts = Vec::new();
        let mut branches = Vec::new();
        for (nth, record) in at.records.iter().enumerate() {
            let record: &Record = record.get_ref();
            let Some(layout) = self.layout(&record.record, record.record.get_ref()) else {
                continue;
            };
            let from = Side::of_record(&layout).below(nth, record.each.is_some());
            let mut cover = Cover::default();
            let tells = record
                .when
                .as_ref()
                .and_then(|when| self.tells(when, &layout));
            let scope = Scope {
                frame,
                from: &from,
                to: &to,
            };
            let found = match &record.each {
                None => self.rules(&scope, &record.fields, &mut cover),
                Some(each) => {
                    let list = self.list_of_records(&scope, each, record, nth, &mut cover);
                    list.into_iter().collect()
                }
            };
            for branch in found {
                branch.join(&mut branches);
            }
            self.covered(
                &record.record,
                &from,
                &cover.read,
                &record.unmapped,
                End::Source,
            );
            parts.push(Part {
                layout,
                tells,
                when: None,
                each: record.each.as_ref().map(|_| Way::default()),
                optional: record.optional,
                ops: 0..0,
            });
        }
        emit(branches, ops);
        parts.into()
    }

    fn only_records(&mut self, at: &Section) {
        if let Some(field) = at.fields.first() {
            self.fault(field, "fields of \"records\" stand in their [[…records]]");
        }
        if at.records.is_empty() {
            self.fault(&at.to, "\"records\" without any [[…records]]");
        }
    }

    /// Record types, by what is in their bytes.
    fn tells(
        &mut self,
        when: &Spanned<When>,
        layout: &Layout,
    ) -> Option<(parsers::FieldPath, Test)> {
        let table = when.get_ref();
        let path = layout
            .resolve(table.from.get_ref())
            .map_err(|error| self.fault(&table.from, error.to_string()))
            .ok()?;
        Some((path, self.test(when)?))
    }

    fn when(&mut self, when: &Spanned<When>, side: &Side<'_>) -> Option<program::When> {
        let found = self.way(&when.get_ref().from, side)?;
        let test = self.test(when)?;
        Some(program::When {
            way: found.way,
            test,
        })
    }

    fn test(&mut self, when: &Spanned<When>) -> Option<Test> {
        let table = when.get_ref();
        match (&table.is, &table.not, &table.present) {
            (Some(is), None, None) => self.texts(is).map(Test::Is),
            (None, Some(not), None) => self.texts(not).map(Test::Not),
            (None, None, Some(present)) => Some(match present.get_ref() {
                true => Test::Present,
                false => Test::Absent,
            }),
            _ => {
                self.fault(when, "wanted `from` and one of: is, not, present");
                None
            }
        }
    }

    /// What of the source need not be read.
    fn ignored(&mut self, frame: &Frame<'_>, unmapped: &[Spanned<String>]) -> Box<[Way]> {
        let side = self.side(frame, frame.from, End::Source);
        let ways = unmapped.iter().filter(|one| one.get_ref().starts_with('/'));
        let found = ways.filter_map(|one| match &side {
            Side::Tree { .. } => self.way(one, &side).map(|found| found.way),
            Side::Record { .. } => {
                self.fault(one, "a record has fields, and no pointers");
                None
            }
        });
        found.collect()
    }

    fn rules(
        &mut self,
        scope: &Scope<'_, '_>,
        rules: &[Spanned<Rule>],
        cover: &mut Cover,
    ) -> Vec<Branch> {
        let mut branches = Vec::new();
        for rule in rules {
            for branch in self.rule(scope, rule, cover) {
                branch.join(&mut branches);
            }
        }
        branches
    }
}

/// Which side of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Source,
    Target,
}

fn soap(format: &Format) -> bool {
    matches!(format, Format::Soap(_))
}

fn xml(format: &Format) -> bool {
    matches!(format, Format::Xml | Format::Soap(_))
}

fn notation(format: &Format) -> Notation {
    match xml(format) {
        true => Notation::Path,
        false => Notation::Pointer,
    }
}
