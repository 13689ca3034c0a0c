//! A view: its topic and key, its lists.

use std::sync::Arc;
use std::time::Duration;

use parsers::{FieldKind, Layout};
use toml::{Spanned, Value};

use super::Resolver;
use crate::backend::view::{Form, Index, IndexField, Limits, MemberPath, Names};
use crate::config::file::{self, Either, in_order};
use crate::config::{BackendSpec, KeyMember, ViewSpec, units};
use crate::route::PathTemplate;

const STALENESS: Duration = Duration::from_secs(30);
const PAGE: usize = 100;
const MOST: usize = 1000;
/// More lists or fields of one are a mistake: each is written for each row.
const MOST_INDEXES: usize = 16;
const MOST_FIELDS: usize = 8;
/// What the parameters of a list are called that are no fields.
const RESERVED: [&str; 5] = ["index", "from", "to", "limit", "after"];

/// What is known of the fields of a topic.
pub(super) struct Known {
    /// The copybook; none where there is none, or it has faults of its own.
    pub(super) layout: Option<Arc<Layout>>,
    /// Whether text is in the order of the source.
    source: bool,
}

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn view(&mut self, view: &Spanned<file::View>) -> Option<BackendSpec> {
        self.needs_kafka(view);
        let spec = view.get_ref();
        let topic = self.topic(&spec.topic);
        let max_staleness = self.staleness(spec);
        if spec.key.is_empty() {
            self.fault_with_help(
                view,
                "the view's key has no members",
                "write the members of the topic's keys, such as key = { LOT-NUMBER = \"{lot}\" }",
            );
        }
        let key: Vec<_> = in_order(&spec.key)
            .into_iter()
            .filter_map(|(name, value)| Some((name.get_ref().clone(), self.key_member(value)?)))
            .collect();
        let known = self.known(spec);
        let indexes = self.indexes(spec, known.as_ref());
        let limits = self.limits_of_lists(spec);
        let names = self.names_of_lists(spec);
        let sight = self.sight(view, known.as_ref());
        if key.len() != spec.key.len() {
            return None;
        }
        Some(BackendSpec::View(Box::new(ViewSpec {
            topic,
            registry: self.registry.clone(),
            key,
            max_staleness,
            indexes: indexes?,
            limits,
            names,
            sight: sight?,
            // Routes say so.
            remembers: false,
        })))
    }

    /// How old it may be; not less than it is at best.
    fn staleness(&mut self, spec: &file::View) -> Duration {
        let max = self.parsed(spec.max_staleness.as_ref(), STALENESS, units::duration);
        let best = spec.source_freshness.as_ref();
        let best = best.map(|at| (at, self.parsed(Some(at), Duration::ZERO, units::duration)));
        if let Some((at, best)) = best
            && best > max
        {
            let at = spec.max_staleness.as_ref().unwrap_or(at);
            self.fault_with_help(
                at,
                format!("the view may be {max:?} old, and its source is no fresher than {best:?} at best: every read would go to legacy, or fail"),
                "raise max_staleness above source_freshness, or capture more often",
            );
        }
        max
    }

    fn key_member(&mut self, value: &Spanned<Value>) -> Option<KeyMember> {
        let template = |text: &str| PathTemplate::parse(text);
        let member = match value.get_ref() {
            Value::String(text) => template(text).map(KeyMember::Text),
            Value::Integer(number) => Ok(KeyMember::Number(*number)),
            Value::Boolean(flag) => Ok(KeyMember::Flag(*flag)),
            Value::Table(table) if table.len() == 1 => match table.get("number") {
                Some(Value::String(text)) => template(text).map(KeyMember::NumberOf),
                _ => Err(wanted_member()),
            },
            Value::Table(_) | Value::Array(_) | Value::Datetime(_) | Value::Float(_) => {
                Err(wanted_member())
            }
        };
        member.map_err(|message| self.fault(value, message)).ok()
    }

    /// `None` only when there is a fault.
    fn known(&mut self, spec: &file::View) -> Option<Known> {
        let collation = spec.collation.as_ref();
        let source =
            collation.map(|word| self.word(word, "collation", &[("own", false), ("source", true)]));
        let source = source.unwrap_or(Some(false))?;
        let layout = match &spec.copybook {
            Some(name) => Some(self.layout(name)?),
            None => None,
        };
        if let (true, None, Some(collation)) = (source, &layout, collation) {
            self.fault_with_help(
                collation,
                "the order of the source is not known without its copybook",
                "add copybook = \"NAME\" with [copybooks.NAME]: its code page and widths make the order",
            );
            return None;
        }
        Some(Known { layout, source })
    }

    /// `None` only when there is a fault.
    fn indexes(&mut self, spec: &file::View, known: Option<&Known>) -> Option<Vec<Index>> {
        let mut indexes = Vec::new();
        let mut whole = known.is_some();
        for (name, fields) in in_order(&spec.indexes) {
            let many = fields.get_ref().len();
            if !(1..=MOST_FIELDS).contains(&many) {
                self.fault(
                    fields,
                    format!("wanted 1 to {MOST_FIELDS} fields, got {many}"),
                );
                whole = false;
            }
            let mut found: Vec<IndexField> = Vec::new();
            for field in fields.get_ref() {
                let field = known.and_then(|known| self.index_field(field, known));
                let Some((at, field)) = field else {
                    whole = false;
                    continue;
                };
                if found.iter().any(|other| other.path == field.path) {
                    self.fault(&at, format!("\"{}\" is there twice", field.name));
                    whole = false;
                }
                found.push(field);
            }
            indexes.push(Index {
                name: name.get_ref().clone(),
                fields: found,
            });
        }
        if let (true, Some((name, _))) = (
            indexes.len() > MOST_INDEXES,
            in_order(&spec.indexes).get(MOST_INDEXES),
        ) {
            self.fault(name, format!("a view has {MOST_INDEXES} lists at most"));
        }
        whole.then_some(indexes)
    }

    fn index_field(
        &mut self,
        field: &Spanned<Either<file::NumberField>>,
        known: &Known,
    ) -> Option<(Spanned<String>, IndexField)> {
        let (at, number) = match field.get_ref() {
            Either::Word(word) => (Spanned::new(field.span(), word.clone()), false),
            Either::Table(table) => (table.number.clone(), true),
        };
        let mut found = self.field_of_rows(&at, known)?;
        if number {
            found.form = Form::Number;
        }
        if RESERVED
            .iter()
            .any(|word| found.name.eq_ignore_ascii_case(word))
        {
            self.fault(
                &at,
                format!(
                    "\"{}\" is what a list's own parameter is called",
                    found.name
                ),
            );
            return None;
        }
        Some((at, found))
    }

    /// A field of the topic's records, by the copybook if there is one.
    pub(super) fn field_of_rows(
        &mut self,
        at: &Spanned<String>,
        known: &Known,
    ) -> Option<IndexField> {
        let text = at.get_ref();
        let own = |parts: Vec<String>, form| IndexField {
            name: text.clone(),
            path: MemberPath(parts),
            form,
        };
        let Some(layout) = &known.layout else {
            let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
            if parts.iter().any(String::is_empty) {
                self.fault(
                    at,
                    format!("wanted names of members with dots between them, got \"{text}\""),
                );
                return None;
            }
            return Some(own(parts, Form::Points));
        };
        let path = match layout.resolve(text) {
            Ok(path) => path,
            Err(error) => {
                self.fault(at, error.to_string());
                return None;
            }
        };
        let field = layout.field_of(&path);
        let above = std::iter::successors(Some(field), |field| {
            field.parent_id().and_then(|id| layout.field(id))
        });
        let above: Vec<_> = above.collect();
        if above.iter().any(|field| field.is_table()) {
            self.fault_with_help(
                at,
                format!("\"{text}\" occurs more than once in a record"),
                "a list is by what each record has once",
            );
            return None;
        }
        let deep = path.as_str().split('.').count();
        let mut labels: Vec<String> = above
            .iter()
            .take(deep)
            .map(|field| field.label().to_owned())
            .collect();
        labels.reverse();
        let form = match field.kind() {
            FieldKind::Number { .. } | FieldKind::FloatShort | FieldKind::FloatLong => Form::Number,
            FieldKind::Text { .. } if known.source => Form::Source {
                page: layout.code_page(),
                width: field.len(),
            },
            _ => Form::Points,
        };
        Some(own(labels, form))
    }

    fn limits_of_lists(&mut self, spec: &file::View) -> Limits {
        let list = spec.list.as_ref().map(Spanned::get_ref);
        let most = self.count(list.and_then(|list| list.most.as_ref()), MOST);
        let page = list.and_then(|list| list.page.as_ref());
        let usual = self.count(page, PAGE.min(most));
        if let Some(page) = page.filter(|_| usual > most) {
            self.fault(page, format!("a page has {most} rows at most"));
        }
        Limits { usual, most }
    }

    fn names_of_lists(&mut self, spec: &file::View) -> Names {
        let mut names = Names::default();
        let Some(list) = spec.list.as_ref().map(Spanned::get_ref) else {
            return names;
        };
        if let Some(items) = &list.items {
            names.items.clone_from(items.get_ref());
        }
        if let Some(next) = &list.next {
            names.next.clone_from(next.get_ref());
        }
        names.count = list.count.as_ref().map(|count| count.get_ref().clone());
        let of = [&list.items, &list.next, &list.count];
        let mut told: Vec<&str> = Vec::new();
        for name in of.into_iter().flatten() {
            if told.contains(&name.get_ref().as_str()) {
                self.fault(name, format!("\"{}\" is there twice", name.get_ref()));
            }
            told.push(name.get_ref());
        }
        names
    }
}

fn wanted_member() -> String {
    "wanted a text such as \"{lot}\", a whole number, true, false, or { number = \"{lot}\" }"
        .to_owned()
}
