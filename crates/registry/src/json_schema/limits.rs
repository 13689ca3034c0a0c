//! Keywords with a number or a pattern, lists of values, and who can stand for whom.

use serde_json::Value;

use super::Limits;
use super::found::{All, at};

pub(super) fn values(read: &[Value], written: &[Value]) -> All {
    let covers = |one: &[Value], other: &[Value]| other.iter().all(|value| one.contains(value));
    match (covers(read, written), covers(written, read)) {
        (true, _) => Vec::new(),
        (false, true) => at("ENUM_ARRAY_NARROWED", "enum"),
        (false, false) => at("ENUM_ARRAY_CHANGED", "enum"),
    }
}

/// Keywords whose growth leaves less, and keywords whose growth leaves more: added, changed for the worse.
const BOUNDS: [(&str, bool, &str, &str); 10] = [
    (
        "minLength",
        true,
        "MIN_LENGTH_ADDED",
        "MIN_LENGTH_INCREASED",
    ),
    (
        "maxLength",
        false,
        "MAX_LENGTH_ADDED",
        "MAX_LENGTH_DECREASED",
    ),
    ("minimum", true, "MINIMUM_ADDED", "MINIMUM_INCREASED"),
    ("maximum", false, "MAXIMUM_ADDED", "MAXIMUM_DECREASED"),
    (
        "exclusiveMinimum",
        true,
        "EXCLUSIVE_MINIMUM_ADDED",
        "EXCLUSIVE_MINIMUM_INCREASED",
    ),
    (
        "exclusiveMaximum",
        false,
        "EXCLUSIVE_MAXIMUM_ADDED",
        "EXCLUSIVE_MAXIMUM_DECREASED",
    ),
    (
        "minProperties",
        true,
        "MIN_PROPERTIES_ADDED",
        "MIN_PROPERTIES_INCREASED",
    ),
    (
        "maxProperties",
        false,
        "MAX_PROPERTIES_ADDED",
        "MAX_PROPERTIES_DECREASED",
    ),
    ("minItems", true, "MIN_ITEMS_ADDED", "MIN_ITEMS_INCREASED"),
    ("maxItems", false, "MAX_ITEMS_ADDED", "MAX_ITEMS_DECREASED"),
];

pub(super) fn limits(read: &Limits, written: &Limits) -> All {
    let mut found = Vec::new();
    for (name, lower, added, worse) in BOUNDS {
        match (read.numbers.get(name), written.numbers.get(name)) {
            (Some(_), None) => found.extend(at(added, name)),
            (Some(new), Some(old)) if (lower && new > old) || (!lower && new < old) => {
                found.extend(at(worse, name));
            }
            _ => {}
        }
    }
    match (
        read.numbers.get("multipleOf"),
        written.numbers.get("multipleOf"),
    ) {
        (Some(_), None) => found.extend(at("MULTIPLE_OF_ADDED", "multipleOf")),
        (Some(new), Some(old)) => {
            let divides = |one: f64, by: f64| (one % by).abs() <= f64::EPSILON;
            if !divides(*old, *new) {
                let kind = if divides(*new, *old) {
                    "MULTIPLE_OF_EXPANDED"
                } else {
                    "MULTIPLE_OF_CHANGED"
                };
                found.extend(at(kind, "multipleOf"));
            }
        }
        _ => {}
    }
    match (&read.pattern, &written.pattern) {
        (Some(_), None) => found.extend(at("PATTERN_ADDED", "pattern")),
        (Some(new), Some(old)) if new != old => found.extend(at("PATTERN_CHANGED", "pattern")),
        _ => {}
    }
    found
}

/// How many on the left can each have one of its own on the right: augmenting paths.
pub(super) fn matched(fits: &[Vec<usize>], right: usize) -> usize {
    fn place(
        left: usize,
        fits: &[Vec<usize>],
        taken: &mut [Option<usize>],
        tried: &mut [bool],
    ) -> bool {
        for right in fits.get(left).into_iter().flatten() {
            let (Some(tried_it), Some(holder)) =
                (tried.get_mut(*right), taken.get(*right).copied())
            else {
                continue;
            };
            if std::mem::replace(tried_it, true) {
                continue;
            }
            let free = match holder {
                None => true,
                Some(other) => place(other, fits, taken, tried),
            };
            if free {
                if let Some(slot) = taken.get_mut(*right) {
                    *slot = Some(left);
                }
                return true;
            }
        }
        false
    }
    let mut taken = vec![None; right];
    (0..fits.len())
        .filter(|left| place(*left, fits, &mut taken, &mut vec![false; right]))
        .count()
}
