//! What a view's indexes are, and the entries that a row has in them. Pure.
//!
//! An entry is: the number of the index, the fields that rules about rows look at, the index's own fields, each in the order that
//! [`order`](super::order) gives them, and the row's key. So the rows that one may see under one value follow each other.

use std::fmt;

use parsers::CodePage;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::member::MemberPath;
use super::order::Form;

/// A field that rows can be found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexField {
    /// As requests name it.
    pub name: String,
    /// Where it stands in a row.
    pub path: MemberPath,
    /// What it holds.
    pub form: Form,
}

/// An order in which rows can be listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Unique in its view.
    pub name: String,
    /// What is looked at first, second and so on. At least one.
    pub fields: Vec<IndexField>,
}

/// What a store holds besides its rows; stored with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The topic.
    pub topic: String,
    /// The fields that rules about rows look at.
    pub rule: Vec<IndexField>,
    /// In the order of the file: the place of each is its number.
    pub indexes: Vec<Index>,
}

impl Definition {
    /// The number of an index that is the same there; none when there is none.
    pub(super) fn number_of(&self, index: &Index, rule: &[IndexField]) -> Option<u16> {
        let place = self.indexes.iter().position(|own| own == index)?;
        let number = u16::try_from(place).ok()?;
        (self.rule == rule).then_some(number)
    }

    /// The entries of a row, and how many bytes of each stand before its key.
    pub(super) fn entries(&self, key: &[u8], json: &str) -> Vec<(Vec<u8>, u32)> {
        if self.indexes.is_empty() {
            return Vec::new();
        }
        let mut rule = Vec::new();
        append(&self.rule, json, &mut rule);
        let numbered = (0..=u16::MAX).zip(&self.indexes);
        numbered
            .map(|(number, index)| {
                let mut entry = number.to_be_bytes().to_vec();
                entry.extend_from_slice(&rule);
                append(&index.fields, json, &mut entry);
                let length = u32::try_from(entry.len()).unwrap_or(u32::MAX);
                entry.extend_from_slice(key);
                (entry, length)
            })
            .collect()
    }
}

fn append(fields: &[IndexField], json: &str, out: &mut Vec<u8>) {
    for field in fields {
        field.form.of_json(field.path.find(json), out);
    }
}

impl fmt::Display for Form {
    /// `number`, `points`, `source cp037 12`: stored, and final.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => f.write_str("number"),
            Self::Points => f.write_str("points"),
            Self::Source { page, width } => write!(f, "source {page} {width}"),
        }
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut words = text.split(' ');
        let form = match (words.next(), words.next(), words.next()) {
            (Some("number"), None, None) => Some(Self::Number),
            (Some("points"), None, None) => Some(Self::Points),
            (Some("source"), Some(page), Some(width)) => page
                .parse::<CodePage>()
                .ok()
                .zip(width.parse().ok())
                .map(|(page, width)| Self::Source { page, width }),
            _ => None,
        };
        form.ok_or_else(|| D::Error::custom("no form of a field"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_of_a_definition_says_all_of_it() {
        let field = |name: &str, form| IndexField {
            name: name.to_owned(),
            path: MemberPath(vec!["KEY".to_owned(), name.to_owned()]),
            form,
        };
        let source = Form::Source {
            page: CodePage::Cp037,
            width: 12,
        };
        let definition = Definition {
            topic: "t".to_owned(),
            rule: vec![field("SITE", Form::Points)],
            indexes: vec![Index {
                name: "by_lot".to_owned(),
                fields: vec![field("LOT", source), field("SEQ", Form::Number)],
            }],
        };
        let text = serde_json::to_string(&definition).unwrap();
        insta::assert_snapshot!(text, @r#"{"topic":"t","rule":[{"name":"SITE","path":["KEY","SITE"],"form":"points"}],"indexes":[{"name":"by_lot","fields":[{"name":"LOT","path":["KEY","LOT"],"form":"source cp037 12"},{"name":"SEQ","path":["KEY","SEQ"],"form":"number"}]}]}"#);
        assert_eq!(
            serde_json::from_str::<Definition>(&text).unwrap(),
            definition
        );
        assert!(serde_json::from_str::<Form>("\"source cp999 1\"").is_err());
        let index = &definition.indexes[0];
        assert_eq!(definition.number_of(index, &definition.rule), Some(0));
        // Entries that stand elsewhere are not where one would look.
        assert_eq!(definition.number_of(index, &[]), None);
        let entries = definition.entries(b"k", r#"{"KEY":{"SITE":"X","LOT":"A","SEQ":1}}"#);
        assert_eq!(entries.len(), 1);
        assert!(
            entries[0]
                .0
                .starts_with(&[0, 0, 3, b'X', 0, 0, 3, 0xc1, 0x40])
        );
        assert_eq!(
            usize::try_from(entries[0].1).unwrap() + 1,
            entries[0].0.len()
        );
    }
}
