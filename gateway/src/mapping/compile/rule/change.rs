//! What becomes of a value: codes and dates.

use parsers::{Field, FieldKind, TemporalForm, TemporalKind};
use toml::Spanned;

use super::{Given, Scope};
use crate::config::Either;
use crate::mapping::compile::Compiler;
use crate::mapping::compile::constant::{literal, text_for};
use crate::mapping::event::Scalar;
use crate::mapping::file::{Forms, Rule};
use crate::mapping::program::Change;

type Pairs = Vec<(Box<str>, Scalar<'static>)>;

impl Compiler<'_> {
    /// `None` only when there is a fault.
    pub(super) fn change(
        &mut self,
        rule: &Rule,
        given: &Given<'_>,
        to: Option<&Field>,
        scope: &Scope<'_, '_>,
    ) -> Option<Change> {
        let temporal = [
            (TemporalKind::Date, &rule.date),
            (TemporalKind::Time, &rule.time),
            (TemporalKind::Timestamp, &rule.timestamp),
        ];
        let mut temporal = temporal
            .into_iter()
            .filter_map(|(kind, forms)| Some((kind, forms.as_ref()?)));
        let first = temporal.next();
        if let (Some(codes), Some(_)) = (&rule.codes, first) {
            self.fault(codes, "codes and dates do not go together");
            return None;
        }
        if let Some((_, second)) = temporal.next() {
            self.fault(second, "wanted one of: date, time, timestamp");
            return None;
        }
        if let Some((kind, forms)) = first {
            return self.temporal(kind, forms, given.field, to);
        }
        let Some(codes) = &rule.codes else {
            if let Some(otherwise) = &rule.otherwise {
                self.fault(otherwise, "`otherwise` goes with codes = …");
                return None;
            }
            return Some(Change::None);
        };
        let pairs = match codes.get_ref() {
            Either::Word(word) if word == "88" => self.named(codes, given.field, to)?,
            Either::Word(_) => {
                self.fault(codes, "wanted codes = \"88\" or a table of codes");
                return None;
            }
            Either::Table(table) => {
                let mut pairs = Pairs::new();
                for (code, value) in table {
                    let scalar = self.constant(value, to, scope)?;
                    pairs.push((code.get_ref().as_str().into(), scalar));
                }
                Some(pairs)
            }
        };
        let otherwise = match &rule.otherwise {
            None => None,
            Some(value) => Some(self.constant(value, to, scope)?),
        };
        Some(match pairs {
            None => Change::None,
            Some(pairs) => Change::Codes {
                pairs: pairs.into(),
                otherwise,
            },
        })
    }

    /// The names and values of a field's level 88 entries; inside, none where the layout itself knows the names.
    fn named<T>(
        &mut self,
        at: &Spanned<T>,
        from: Option<&Field>,
        to: Option<&Field>,
    ) -> Option<Option<Pairs>> {
        let (field, writes) = match (to, from) {
            (Some(field), _) => (field, true),
            (None, Some(field)) => (field, false),
            (None, None) => {
                self.fault(at, "neither side has a copybook with level 88 entries");
                return None;
            }
        };
        if !field.names().is_empty() {
            return Some(None);
        }
        let mut pairs = Pairs::new();
        for condition in field.conditions() {
            for range in condition.values() {
                let text = literal(&range.from);
                let (Some(text), None) = (text, &range.to) else {
                    let message = format!(
                        "{} of {} has a value that is no single text or number",
                        condition.name(),
                        field.path()
                    );
                    self.fault_with_help(at, message, "write the codes as a table");
                    return None;
                };
                if writes {
                    pairs.push((condition.name().into(), text_for(&text, Some(field))));
                    break;
                }
                let name = Scalar::Text(condition.name().to_owned().into());
                pairs.push((text.into(), name));
            }
        }
        if pairs.is_empty() {
            self.fault(at, format!("{} has no level 88 entries", field.path()));
            return None;
        }
        Some(Some(pairs))
    }

    fn temporal(
        &mut self,
        kind: TemporalKind,
        forms: &Spanned<Either<Forms>>,
        from: Option<&Field>,
        to: Option<&Field>,
    ) -> Option<Change> {
        // What a meaning says of a field is a date already, as ISO 8601 writes it.
        let known = |field: Option<&Field>| {
            field.is_some_and(|field| {
                matches!(
                    field.kind(),
                    FieldKind::Date | FieldKind::Time { .. } | FieldKind::Timestamp { .. }
                )
            })
        };
        let (of_source, of_target, pivot) = match forms.get_ref() {
            Either::Word(word) => {
                let form = Spanned::new(forms.span(), word.clone());
                match (from, to) {
                    (Some(_), Some(_)) | (None, None) => {
                        self.fault(
                            forms,
                            "wanted { from = \"…\", to = \"…\" }: which side has this form?",
                        );
                        return None;
                    }
                    (Some(_), None) => (None, Some(form), None),
                    (None, Some(_)) => (Some(form), None, None),
                }
            }
            Either::Table(table) => {
                let pivot = table.pivot.as_ref().map(|pivot| *pivot.get_ref());
                (table.from.clone(), table.to.clone(), pivot)
            }
        };
        for (field, form) in [(from, &of_source), (to, &of_target)] {
            let Some(field) = field else { continue };
            if known(Some(field)) {
                if let Some(form) = form {
                    let message = format!("what {} holds its meaning says", field.path());
                    self.fault(form, message);
                    return None;
                }
            } else if form.is_none() {
                self.fault_with_help(
                    forms,
                    format!(
                        "the copybook's meaning does not say that {} is a date or time",
                        field.path()
                    ),
                    "say so there, or write { from = \"…\", to = \"…\" }",
                );
                return None;
            }
        }
        let mut wants_pivot = false;
        let mut form = |form: Option<Spanned<String>>| match form {
            None => Some(None),
            Some(form) if form.get_ref() == "iso" => Some(None),
            Some(form) => {
                // Of two forms one may have years of two digits.
                let plain = TemporalForm::parse(kind, form.get_ref(), None);
                wants_pivot |= plain.is_err();
                plain
                    .or_else(|_| TemporalForm::parse(kind, form.get_ref(), pivot))
                    .map(Some)
                    .map_err(|message| self.fault(&form, message))
                    .ok()
            }
        };
        let (of_source, of_target) = (form(of_source), form(of_target));
        if let (Some(_), false) = (pivot, wants_pivot) {
            self.fault(
                forms,
                "`pivot` is of years of two digits, which neither form has",
            );
            return None;
        }
        Some(Change::Temporal {
            from: of_source?,
            to: of_target?,
        })
    }
}
