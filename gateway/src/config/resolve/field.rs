//! Fields that a route names: of records by copybook, of JSON by members.

use parsers::{Field, FieldKind, FieldPath, Layout};
use toml::Spanned;

use super::Resolver;
use crate::config::near;
use crate::route::Leg;
use crate::route::shape::{Shape, Shapes};

impl Resolver<'_> {
    /// A field that holds one value. `None` only when there is a fault.
    pub(super) fn elementary(
        &mut self,
        name: &Spanned<String>,
        layout: &Layout,
    ) -> Option<FieldPath> {
        let path = layout
            .resolve(name.get_ref())
            .map_err(|error| self.fault(name, error.to_string()))
            .ok()?;
        let field = layout.field_of(&path);
        if field.kind() == FieldKind::Group || field.is_hidden() {
            self.fault_with_help(
                name,
                format!("{path} holds no single value"),
                "name one of the fields in it",
            );
            return None;
        }
        Some(path)
    }

    /// Whether a way through JSON objects leads to a field of the record they become.
    pub(super) fn member(&mut self, at: &Spanned<String>, names: &[String], layout: &Layout) {
        let mut group: Option<&Field> = None;
        for name in names {
            let shown = |field: &&Field| !field.is_hidden();
            let found = layout
                .members(group)
                .filter(shown)
                .find(|field| field.label() == name);
            if found.is_none() {
                let labels: Vec<&str> = layout
                    .members(group)
                    .filter(shown)
                    .map(Field::label)
                    .collect();
                let fault = self.text.fault(
                    at.span(),
                    format!(
                        "no member \"{name}\" in the JSON of record {}",
                        layout.name()
                    ),
                );
                self.faults
                    .push(match near::help(name, labels.into_iter()) {
                        Some(help) => fault.help(help),
                        None => fault,
                    });
                return;
            }
            group = found;
        }
    }

    /// Fields left out of comparing. They can be looked up only where both answers are records.
    pub(super) fn ignored(
        &mut self,
        fields: &[Spanned<String>],
        client: &Shapes,
        legs: [Option<&Leg>; 2],
    ) {
        let shapes = legs
            .into_iter()
            .flatten()
            .map(|leg| &leg.shapes.response)
            .chain([&client.response]);
        let mut layouts = Vec::new();
        for shape in shapes {
            match shape {
                Shape::Record(layout) => layouts.push(layout),
                Shape::Json => return,
                Shape::Opaque => {}
            }
        }
        if layouts.is_empty() {
            if let Some(field) = fields.first() {
                self.fault_with_help(
                    field,
                    "responses are opaque: they have no fields to ignore",
                    "say what clients get with response = \"json\" or { record = \"…\" }",
                );
            }
            return;
        }
        for field in fields {
            let errors: Vec<_> = layouts
                .iter()
                .filter_map(|layout| layout.resolve(field.get_ref()).err())
                .collect();
            if let Some(error) = errors.first().filter(|_| errors.len() == layouts.len()) {
                self.fault(field, error.to_string());
            }
        }
    }
}
