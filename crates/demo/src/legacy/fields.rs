//! Fields of a decoded record, by name. A field that is not there or of another kind reads as blank or zero, as in COBOL
//! storage that was never moved to.

use parsers::{Decimal, Group, Value};

/// The group of that name; an empty one if there is none.
pub(super) fn group<'g>(values: &'g Group, name: &str) -> Option<&'g Group> {
    match values.get(name) {
        Some(Value::Group(group)) => Some(group),
        _ => None,
    }
}

/// A text.
pub(super) fn text(values: &Group, name: &str) -> String {
    match values.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A number at that scale.
pub(super) fn number(values: &Group, name: &str, scale: i32) -> Decimal {
    match values.get(name) {
        Some(Value::Number(number)) => number.rescale(scale),
        _ => None,
    }
    .unwrap_or(Decimal::new(0, scale))
}
