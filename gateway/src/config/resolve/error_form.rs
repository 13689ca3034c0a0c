//! How errors of ours look to a route's clients: a text with places to fill in, or a record encoded beforehand.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use parsers::{Field, FieldKind, Layout};
use serde_json::Map;
use toml::{Spanned, Value};

use super::Resolver;
use crate::config::file::{self, in_order};
use crate::error::{Known, known};
use crate::place;
use crate::route::shape::{ErrorBody, ErrorForm};

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn error_form(
        &mut self,
        errors: Option<&Spanned<file::Errors>>,
    ) -> Option<ErrorForm> {
        let Some(at) = errors else {
            return Some(ErrorForm::Problem);
        };
        let form = at.get_ref();
        let status = form.status.as_ref().map(|status| self.status(status));
        let default = match (&form.text, &form.record) {
            (Some(_), None) => "text/plain; charset=utf-8",
            (None, Some(_)) => "application/octet-stream",
            _ => {
                self.fault(at, "wanted one of: text, record");
                return None;
            }
        };
        let content_type = match &form.content_type {
            Some(value) => HeaderValue::from_str(value.get_ref())
                .map_err(|_| self.fault(value, "a header cannot have this value"))
                .ok(),
            None => Some(HeaderValue::from_static(default)),
        };
        let body = match (&form.text, &form.record) {
            (Some(text), _) => {
                if let Some((name, _)) = in_order(&form.set).first() {
                    self.fault(*name, "fields are set in a record, and this form is a text");
                }
                self.places(
                    text,
                    text.get_ref(),
                    &["status", "code", "reason", "request_id"],
                )
                .then(|| ErrorBody::Text(text.get_ref().clone()))
            }
            (None, Some(record)) => {
                let layout = self.layout(record)?;
                self.error_record(record, &layout, &form.set)
            }
            (None, None) => None,
        };
        Some(ErrorForm::Own {
            status: match status {
                Some(status) => Some(status?),
                None => None,
            },
            content_type: content_type?,
            body: body?,
        })
    }

    fn status(&mut self, value: &Spanned<i64>) -> Option<StatusCode> {
        let status = u16::try_from(*value.get_ref())
            .ok()
            .and_then(|number| StatusCode::from_u16(number).ok())
            // 1xx are no answers, and 204 and 304 have no body.
            .filter(|status| status.as_u16() >= 200 && !matches!(status.as_u16(), 204 | 304));
        if status.is_none() {
            self.fault(
                value,
                format!(
                    "{} cannot be the status of an answer with a body",
                    value.get_ref()
                ),
            );
        }
        status
    }

    /// Whether every `{word}` of a text is a place we can fill in. Other braces are text: JSON is full of them.
    fn places<T>(&mut self, at: &Spanned<T>, text: &str, known: &[&str]) -> bool {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            rest = after;
            let Some((word, _)) = after.split_once('}') else {
                return true;
            };
            let is_word = !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            if is_word && !known.contains(&word) {
                let known: Vec<_> = known.iter().map(|word| format!("{{{word}}}")).collect();
                self.fault(
                    at,
                    format!(
                        "there is no {{{word}}} to fill in; there are: {}",
                        known.join(", ")
                    ),
                );
                return false;
            }
        }
        true
    }
}

/// What stands for an error that [`known`] does not list.
const OTHER: Known = Known {
    code: "error",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    reason: "the request failed",
};

impl Resolver<'_> {
    pub(super) fn error_record(
        &mut self,
        record: &Spanned<String>,
        layout: &Layout,
        set: &file::Named<Spanned<Value>>,
    ) -> Option<ErrorBody> {
        let mut fields = Vec::new();
        for (name, value) in in_order(set) {
            if let Some(field) = self.set_field(name, value, layout) {
                fields.push(field);
            }
        }
        if fields.len() != set.len() {
            return None;
        }
        let mut by_code = Vec::new();
        for words in &known() {
            by_code.push((words.code, self.encoded(record, layout, &fields, words)?));
        }
        Some(ErrorBody::Record {
            by_code,
            other: self.encoded(record, layout, &fields, &OTHER)?,
        })
    }

    /// A field that is set, with its value; the two fit, whatever is filled in.
    fn set_field(
        &mut self,
        name: &Spanned<String>,
        value: &Spanned<Value>,
        layout: &Layout,
    ) -> Option<SetField> {
        let path = self.elementary(name, layout)?;
        let field = layout.field_of(&path);
        if in_table(layout, field) {
            self.fault(name, "a field in a table cannot be set");
            return None;
        }
        let what = match value.get_ref() {
            Value::String(text) => {
                if !self.places(value, text, &["status", "code", "reason"]) {
                    return None;
                }
                SetValue::Text(text.clone())
            }
            Value::Integer(number) => SetValue::Plain((*number).into()),
            Value::Boolean(flag) => SetValue::Plain((*flag).into()),
            Value::Float(_) => {
                self.fault_with_help(
                    value,
                    "a number with a point would be rounded",
                    "write it as a text: \"12.50\"",
                );
                return None;
            }
            Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                self.fault(value, "wanted a text, a whole number, true or false");
                return None;
            }
        };
        let set = SetField {
            labels: labels(layout, field),
            what,
            // A text made of places is cut to its field: how long a reason is, is not in the user's hand.
            most: match field.kind() {
                FieldKind::Text { chars } => usize::try_from(chars).ok(),
                _ => None,
            },
        };
        for words in known().iter().chain([&OTHER]) {
            if let Err(error) = encode(layout, std::slice::from_ref(&set), words) {
                self.fault(
                    value,
                    format!("does not fit field {path}: {}", error.reason()),
                );
                return None;
            }
        }
        Some(set)
    }

    fn encoded(
        &mut self,
        record: &Spanned<String>,
        layout: &Layout,
        fields: &[SetField],
        words: &Known,
    ) -> Option<Bytes> {
        encode(layout, fields, words)
            .map(Bytes::from)
            .map_err(|error| {
                let place = match error.path() {
                    "" => String::new(),
                    path => format!(" (field {path})"),
                };
                self.fault(
                    record,
                    format!(
                        "no record can be made of these fields{place}: {}",
                        error.reason()
                    ),
                );
            })
            .ok()
    }
}

/// A field of an error's record.
struct SetField {
    /// From below the record inwards.
    labels: Vec<String>,
    what: SetValue,
    most: Option<usize>,
}

enum SetValue {
    Plain(serde_json::Value),
    Text(String),
}

fn encode(
    layout: &Layout,
    fields: &[SetField],
    words: &Known,
) -> Result<Vec<u8>, parsers::FieldError> {
    let mut record = Map::new();
    for field in fields {
        let value = match &field.what {
            SetValue::Plain(value) => value.clone(),
            SetValue::Text(text) => {
                let filled = text
                    .replace("{status}", words.status.as_str())
                    .replace("{code}", words.code)
                    .replace("{reason}", words.reason);
                match field.most {
                    Some(most) if filled != *text => {
                        filled.chars().take(most).collect::<String>().into()
                    }
                    _ => filled.into(),
                }
            }
        };
        let mut group = &mut record;
        for (nth, label) in field.labels.iter().enumerate() {
            if nth + 1 == field.labels.len() {
                group.insert(label.clone(), value);
                break;
            }
            let inner = group
                .entry(label.clone())
                .or_insert_with(|| Map::new().into());
            match inner {
                serde_json::Value::Object(inner) => group = inner,
                _ => break,
            }
        }
    }
    layout.read_json(serde_json::Value::Object(record).to_string().as_bytes())
}

/// The names of a field in JSON, from below the record inwards.
fn labels(layout: &Layout, field: &Field) -> Vec<String> {
    let chain = place::chain(layout, field).into_iter();
    chain.map(|field| field.label().to_owned()).collect()
}

fn in_table(layout: &Layout, field: &Field) -> bool {
    std::iter::successors(Some(field), |field| layout.field(field.parent_id()?))
        .any(Field::is_table)
}
