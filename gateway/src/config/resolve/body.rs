//! What a route wants of a request's body.

use std::sync::Arc;

use toml::Spanned;

use super::Resolver;
use crate::config::file::{self, Either, Named, in_order};
use crate::config::units;
use crate::mapping::xml::Spaces;
use crate::mapping::{Notation, Way};
use crate::route::body::{BodyForm, BodyRule, Undecodable};
use crate::route::condition::Text;

/// The most of a body that is read to find a route, where nothing is said.
const MAX: usize = 1 << 20;

type Wanted = Named<Spanned<Either<file::Text>>>;

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn body_rule(&mut self, body: &Spanned<file::Body>) -> Option<BodyRule> {
        let before = self.faults.len();
        let table = body.get_ref();
        let max = self.parsed(table.max.as_ref(), MAX, units::size);
        if let Some(at) = &table.max
            && max > self.max_body
        {
            let most = self.max_body;
            self.fault(
                at,
                format!("no body of more than {most} bytes is gathered: see max_body of [listen]"),
            );
        }
        let undecodable = table.on_undecodable.as_ref().and_then(|word| {
            let known = [("next", Undecodable::Next), ("refuse", Undecodable::Refuse)];
            self.word(word, "on_undecodable", &known)
        });
        if let (None, Some((name, _))) = (&table.record, table.fields.iter().next()) {
            self.fault(name, "fields are of a record: add record = \"COPYBOOK\"");
        }
        if let (None, Some((prefix, _))) = (&table.xml, table.namespaces.iter().next()) {
            self.fault(prefix, "namespaces are of XML");
        }
        let form = match (&table.json, &table.xml, &table.form, &table.record) {
            (Some(json), None, None, None) => {
                BodyForm::Json(self.ways(json, Notation::Pointer, &[])?)
            }
            (None, None, Some(form), None) => {
                BodyForm::Form(self.ways(form, Notation::Pointer, &[])?)
            }
            (None, Some(xml), None, None) => {
                let mut spaces = Spaces::default();
                let namespaces = in_order(&table.namespaces);
                let prefixes: Vec<(&str, u16)> = namespaces
                    .iter()
                    .map(|(prefix, uri)| (prefix.get_ref().as_str(), spaces.number(uri.get_ref())))
                    .collect();
                let wanted = self.ways(xml, Notation::Path, &prefixes)?;
                BodyForm::Xml(Arc::new(spaces), wanted)
            }
            (None, None, None, Some(record)) => self.body_fields(record, &table.fields)?,
            _ => {
                self.fault(
                    body,
                    "wanted one of: json, xml, form, or record with fields",
                );
                return None;
            }
        };
        (self.faults.len() == before).then_some(BodyRule {
            form,
            max,
            undecodable: undecodable.unwrap_or(Undecodable::Refuse),
        })
    }

    fn ways(
        &mut self,
        wanted: &Spanned<Wanted>,
        notation: Notation,
        prefixes: &[(&str, u16)],
    ) -> Option<Vec<(Way, Text)>> {
        let before = self.faults.len();
        let space = |prefix: &str| {
            let mut known = prefixes.iter();
            known
                .find(|(one, _)| *one == prefix)
                .map(|(_, number)| *number)
        };
        let mut found = Vec::new();
        for (name, value) in in_order(wanted.get_ref()) {
            let way = Way::parse(name.get_ref(), notation, space)
                .map_err(|message| self.fault(name, message));
            let way = way.map(|way| match notation {
                Notation::Path => way.without_text(),
                Notation::Pointer => way,
            });
            let text = self.condition_text(value);
            found.extend(way.ok().zip(text));
        }
        if wanted.get_ref().is_empty() {
            self.fault(wanted, "nothing is wanted of the body");
        }
        (self.faults.len() == before).then_some(found)
    }

    fn body_fields(&mut self, record: &Spanned<String>, fields: &Wanted) -> Option<BodyForm> {
        let layout = self.layout(record)?;
        let before = self.faults.len();
        if fields.is_empty() {
            self.fault(
                record,
                "no field is wanted of the record: add fields = { NAME = \"value\" }",
            );
        }
        let mut found = Vec::new();
        for (name, value) in in_order(fields) {
            let path = self.elementary(name, &layout);
            let text = self.condition_text(value);
            found.extend(path.zip(text));
        }
        (self.faults.len() == before).then_some(BodyForm::Record(layout, found))
    }
}
