//! What is in the way, gathered with its path, and said in Confluent's words.

use crate::compat::Difference;

/// One thing in the way, and where, from the schemas that were compared.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) kind: &'static str,
    pub(super) path: String,
}

pub(super) type All = Vec<Found>;

impl Found {
    pub(super) fn difference(&self) -> Difference {
        let path = format!("#/{}", self.path);
        Difference {
            kind: self.kind,
            description: describe(self.kind, path.trim_end_matches('/')),
        }
    }
}

fn describe(kind: &str, path: &str) -> String {
    match kind {
        "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL" => format!(
            "The %s schema has an unopen content model and has a required property at path '{path}' which is missing in the %s schema"
        ),
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL" | "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL" => {
            format!(
                "The %s has a closed content model and is missing a property or item present at path '{path}' in the %s schema"
            )
        }
        kind if kind.ends_with("TO_OPEN_CONTENT_MODEL") => format!(
            "The %s schema has an open content model and has a property or item at path '{path}' which is missing in the %s schema"
        ),
        kind if kind.contains("REMOVED_NOT_COVERED") => format!(
            "A property or item is missing in the %s schema but present at path '{path}' in the %s schema and is not covered by its partially open content model"
        ),
        kind if kind.contains("ADDED_NOT_COVERED") => format!(
            "The %s schema has a property or item at path '{path}' which is missing in the %s schema and is not covered by its partially open content model"
        ),
        kind if kind.ends_with("_EXTENDED") => format!(
            "An array or combined type at path '{path}' has more elements in the %s schema than the %s schema"
        ),
        "TYPE_NARROWED" => {
            format!("A type at path '{path}' is different between the %s schema and the %s schema")
        }
        kind if kind.ends_with("_NARROWED") => format!(
            "An array or combined type at path '{path}' has fewer elements in the %s schema than the %s schema"
        ),
        "PATTERN_CHANGED" | "DEPENDENCY_ARRAY_CHANGED" | "MULTIPLE_OF_CHANGED" => {
            format!("The value at path '{path}' is different between the %s and %s schema")
        }
        kind if kind.ends_with("_CHANGED") => {
            format!("A type at path '{path}' is different between the %s schema and the %s schema")
        }
        kind if kind.ends_with("_INCREASED") || kind.ends_with("_EXPANDED") => format!(
            "The value at path '{path}' in the %s schema is more than its value in the %s schema"
        ),
        kind if kind.ends_with("_DECREASED") => format!(
            "The value at path '{path}' in the %s schema is less than its value in the %s schema"
        ),
        _ => {
            format!("The keyword at path '{path}' in the %s schema is not present in the %s schema")
        }
    }
}

pub(super) fn here(kind: &'static str) -> All {
    at(kind, "")
}

pub(super) fn at(kind: &'static str, path: &str) -> All {
    vec![Found {
        kind,
        path: path.to_owned(),
    }]
}

pub(super) fn below(part: &str, found: &All) -> All {
    let moved = found.iter().map(|found| Found {
        kind: found.kind,
        path: match found.path.as_str() {
            "" => part.to_owned(),
            path => format!("{part}/{path}"),
        },
    });
    moved.collect()
}
