//! What is written to the topic: keys and values as Confluent's registry lays them out in `_schemas`, so that a real registry may
//! take the topic over. A record that is not understood stops the start: nothing is guessed.

use event::confluent::SchemaType;
use serde::{Deserialize, Serialize};

use crate::schema::Reference;

/// A key: what the record is about. Fields in Confluent's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "keytype")]
pub(crate) enum Key {
    #[serde(rename = "SCHEMA")]
    Schema {
        subject: String,
        version: i32,
        magic: u8,
    },
    #[serde(rename = "CONFIG")]
    Config { subject: Option<String>, magic: u8 },
    #[serde(rename = "MODE")]
    Mode { subject: Option<String>, magic: u8 },
    /// Confluent's own, on topics that it wrote: says nothing to us.
    #[serde(rename = "NOOP")]
    Noop { magic: u8 },
}

/// The value of a schema's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SchemaValue {
    pub(crate) subject: String,
    pub(crate) version: i32,
    pub(crate) id: u32,
    #[serde(
        rename = "schemaType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) schema_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Reference>,
    pub(crate) schema: String,
    #[serde(default)]
    pub(crate) deleted: bool,
}

impl SchemaValue {
    pub(crate) fn kind(&self) -> Option<SchemaType> {
        match &self.schema_type {
            None => Some(SchemaType::Avro),
            Some(name) => SchemaType::from_name(name),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ConfigValue {
    #[serde(rename = "compatibilityLevel")]
    level: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ModeValue {
    mode: String,
}

/// One change of the registry's state. Without a value it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Schema(String, i32, Option<SchemaValue>),
    /// Of a subject, or of all.
    Level(Option<String>, Option<String>),
    Mode(Option<String>, Option<String>),
    Nothing,
}

impl Change {
    /// Key and value of the record that says so.
    pub(crate) fn record(&self) -> serde_json::Result<(Vec<u8>, Option<Vec<u8>>)> {
        let value = |value: Option<serde_json::Result<Vec<u8>>>| value.transpose();
        Ok(match self {
            Self::Schema(subject, version, schema) => {
                let key = Key::Schema {
                    subject: subject.clone(),
                    version: *version,
                    magic: 1,
                };
                let schema = schema.as_ref().map(serde_json::to_vec);
                (serde_json::to_vec(&key)?, value(schema)?)
            }
            Self::Level(subject, level) => {
                let key = Key::Config {
                    subject: subject.clone(),
                    magic: 0,
                };
                let of = |level: &String| {
                    serde_json::to_vec(&ConfigValue {
                        level: level.clone(),
                    })
                };
                (serde_json::to_vec(&key)?, value(level.as_ref().map(of))?)
            }
            Self::Mode(subject, mode) => {
                let key = Key::Mode {
                    subject: subject.clone(),
                    magic: 0,
                };
                let of = |mode: &String| serde_json::to_vec(&ModeValue { mode: mode.clone() });
                (serde_json::to_vec(&key)?, value(mode.as_ref().map(of))?)
            }
            Self::Nothing => (serde_json::to_vec(&Key::Noop { magic: 0 })?, None),
        })
    }

    /// The change that a record says.
    pub(crate) fn read(key: &[u8], value: Option<&[u8]>) -> serde_json::Result<Self> {
        Ok(match serde_json::from_slice(key)? {
            Key::Schema {
                subject, version, ..
            } => Self::Schema(
                subject,
                version,
                value.map(serde_json::from_slice).transpose()?,
            ),
            Key::Config { subject, .. } => {
                let value: Option<ConfigValue> = value.map(serde_json::from_slice).transpose()?;
                Self::Level(subject, value.map(|value| value.level))
            }
            Key::Mode { subject, .. } => {
                let value: Option<ModeValue> = value.map(serde_json::from_slice).transpose()?;
                Self::Mode(subject, value.map(|value| value.mode))
            }
            Key::Noop { .. } => Self::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_laid_out_as_confluents() {
        let schema = SchemaValue {
            subject: "t-value".to_owned(),
            version: 1,
            id: 7,
            schema_type: None,
            references: Vec::new(),
            schema: "\"string\"".to_owned(),
            deleted: false,
        };
        let changes = [
            Change::Schema("t-value".to_owned(), 1, Some(schema)),
            Change::Schema("t-value".to_owned(), 1, None),
            Change::Level(None, Some("FULL".to_owned())),
            Change::Mode(Some("t-value".to_owned()), Some("READONLY".to_owned())),
        ];
        let mut texts = Vec::new();
        for change in &changes {
            let (key, value) = change.record().unwrap();
            assert_eq!(&Change::read(&key, value.as_deref()).unwrap(), change);
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            texts.push(format!(
                "{} {}",
                text(key),
                value.map_or("null".to_owned(), text)
            ));
        }
        insta::assert_snapshot!(texts.join("\n"), @r#"
{"keytype":"SCHEMA","subject":"t-value","version":1,"magic":1} {"subject":"t-value","version":1,"id":7,"schema":"\"string\"","deleted":false}
{"keytype":"SCHEMA","subject":"t-value","version":1,"magic":1} null
{"keytype":"CONFIG","subject":null,"magic":0} {"compatibilityLevel":"FULL"}
{"keytype":"MODE","subject":"t-value","magic":0} {"mode":"READONLY"}
"#);
        assert!(Change::read(b"{\"keytype\":\"OTHER\"}", None).is_err());
        let theirs = br#"{"magic":1,"keytype":"SCHEMA","subject":"s","version":2}"#;
        assert_eq!(
            Change::read(theirs, None).unwrap(),
            Change::Schema("s".to_owned(), 2, None)
        );
    }
}
