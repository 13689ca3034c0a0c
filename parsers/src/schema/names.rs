//! Names that other formats accept, made of COBOL and business names.

use std::collections::{BTreeMap, BTreeSet};

/// Characters outside `[A-Za-z0-9_]` become `_`, and a leading digit gets a `_` in front: Debezium's
/// `field.name.adjustment.mode=avro`, so that a topic of ours and one of Debezium's name a column alike.
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
pub(crate) struct Taken {
    names: BTreeSet<String>,
    /// The last number that was put behind a name: many of one name are not counted from 2 for each.
    last: BTreeMap<String, u32>,
}

impl Taken {
    /// Takes a name as it is; false when it is taken.
    pub(crate) fn take(&mut self, name: &str) -> bool {
        self.names.insert(name.to_owned())
    }

    /// The name, or the first of `name_2`, `name_3`, ... that is free. `A-B` and `A_B` in one group thus differ.
    pub(crate) fn unique(&mut self, name: String) -> String {
        if self.names.insert(name.clone()) {
            return name;
        }
        let last = self.last.entry(name.clone()).or_insert(1);
        loop {
            *last = last.saturating_add(1);
            let other = format!("{name}_{last}");
            if self.names.insert(other.clone()) {
                return other;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_that_avro_accepts() {
        for (name, wanted) in [
            ("LOT-ID", "LOT_ID"),
            ("expiryDate", "expiryDate"),
            ("1ST", "_1ST"),
            ("", "_"),
            ("größe", "gr__e"),
            (":TAG:-X", "_TAG__X"),
        ] {
            assert_eq!(sanitised(name), wanted);
        }
    }

    #[test]
    fn names_of_one_scope_differ() {
        let mut taken = Taken::default();
        let names: Vec<String> = ["A_B", "A_B_2", "A_B", "A_B"]
            .iter()
            .map(|name| taken.unique((*name).to_owned()))
            .collect();
        assert_eq!(names, ["A_B", "A_B_2", "A_B_3", "A_B_4"]);
    }
}
