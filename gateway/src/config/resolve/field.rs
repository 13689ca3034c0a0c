//! Fields that a route names: of records by copybook, of JSON by members.

use ops::config::near_help;
use parsers::{Field, FieldKind, FieldPath, Layout};
use toml::Spanned;

use super::Resolver;

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
                self.faults.push(match near_help(name, labels.into_iter()) {
                    Some(help) => fault.help(help),
                    None => fault,
                });
                return;
            }
            group = found;
        }
    }
}
