//! What a `NAME.mapping.toml` may say: the file's own types, turned into programs by [`compile`](super::compile).

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::config::Either;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: Spanned<u32>,
    pub(super) request: Option<Spanned<Section>>,
    pub(super) response: Option<Spanned<Section>>,
    pub(super) error: Option<Spanned<Section>>,
}

/// One direction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
    pub(super) method: Option<Spanned<String>>,
    pub(super) unread: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) namespaces: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) fields: Vec<Spanned<Rule>>,
    #[serde(default)]
    pub(super) unmapped: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) records: Vec<Spanned<Record>>,
}

/// One record of a message that has several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) record: Spanned<String>,
    pub(super) when: Option<Spanned<When>>,
    pub(super) each: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(default)]
    pub(super) fields: Vec<Spanned<Rule>>,
    #[serde(default)]
    pub(super) unmapped: Vec<Spanned<String>>,
}

/// What one place of the target is filled with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) from: Option<Spanned<String>>,
    pub(super) param: Option<Spanned<String>>,
    pub(super) header: Option<Spanned<String>>,
    pub(super) query: Option<Spanned<String>>,
    #[serde(rename = "const")]
    pub(super) constant: Option<Spanned<toml::Value>>,
    pub(super) to: Spanned<String>,
    pub(super) default: Option<Spanned<toml::Value>>,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<String>>,
    pub(super) max: Option<Spanned<usize>>,
    pub(super) date: Option<Spanned<Either<Forms>>>,
    pub(super) time: Option<Spanned<Either<Forms>>>,
    pub(super) timestamp: Option<Spanned<Either<Forms>>>,
    pub(super) codes: Option<Spanned<Either<Codes>>>,
    pub(super) otherwise: Option<Spanned<toml::Value>>,
    pub(super) count: Option<Spanned<String>>,
    pub(super) fields: Option<Vec<Spanned<Rule>>>,
    pub(super) when: Option<Spanned<When>>,
}

/// What stands for what.
pub(super) type Codes = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

/// How a date is written on both sides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forms {
    pub(super) from: Option<Spanned<String>>,
    pub(super) to: Option<Spanned<String>>,
    pub(super) pivot: Option<Spanned<u8>>,
}

/// On what something depends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub(super) from: Spanned<String>,
    pub(super) is: Option<Spanned<toml::Value>>,
    pub(super) not: Option<Spanned<toml::Value>>,
    pub(super) present: Option<Spanned<bool>>,
}
