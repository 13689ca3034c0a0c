//! Names that Avro and Protobuf accept.

use std::collections::BTreeSet;

/// Characters outside `[A-Za-z0-9_]` become `_`, and a leading digit gets a `_` in front: Debezium's
/// `field.name.adjustment.mode=avro` and `schema.name.adjustment.mode=avro`.
pub(crate) fn sanitised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    if name
        .chars()
        .next()
        .is_none_or(|first| first.is_ascii_digit())
    {
        out.push('_');
    }
    out.extend(name.chars().map(|character| {
        if character.is_ascii_alphanumeric() {
            character
        } else {
            '_'
        }
    }));
    out
}

/// Names given so far in one scope.
#[derive(Debug, Default)]
pub(crate) struct Taken(BTreeSet<String>);

impl Taken {
    /// The name, or the first of `name_2`, `name_3`, ... that is free.
    pub(crate) fn unique(&mut self, name: String) -> String {
        if self.0.insert(name.clone()) {
            return name;
        }
        let mut number = 2_u32;
        loop {
            let other = format!("{name}_{number}");
            if self.0.insert(other.clone()) {
                return other;
            }
            number = number.saturating_add(1);
        }
    }

    /// Takes a name that must not change; false when it is taken.
    pub(crate) fn take(&mut self, name: &str) -> bool {
        self.0.insert(name.to_owned())
    }
}
