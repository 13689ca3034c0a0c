//! What `routes.toml` may say of a view.

use serde::Deserialize;
use toml::Spanned;

use super::{Either, Named};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct View {
    pub(in crate::config) topic: Spanned<String>,
    pub(in crate::config) key: Named<Spanned<toml::Value>>,
    pub(in crate::config) max_staleness: Option<Spanned<String>>,
    /// How old what the capture writes is at best.
    pub(in crate::config) source_freshness: Option<Spanned<String>>,
    /// The copybook of the topic's records.
    pub(in crate::config) copybook: Option<Spanned<String>>,
    /// `own`, or `source`.
    pub(in crate::config) collation: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) indexes: Named<Spanned<Vec<Spanned<Either<NumberField>>>>>,
    pub(in crate::config) list: Option<Spanned<List>>,
    /// Who signs the tokens that say who asks.
    pub(in crate::config) tokens: Option<Spanned<String>>,
    /// `claim:NAME`
    pub(in crate::config) role: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) roles: Named<Spanned<Vec<Spanned<String>>>>,
    /// Field to `claim:NAME`.
    #[serde(default, rename = "where")]
    pub(in crate::config) rule: Named<Spanned<String>>,
}

/// A field that holds a number, where no copybook says so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct NumberField {
    pub(in crate::config) number: Spanned<String>,
}

/// The form of lists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct List {
    pub(in crate::config) page: Option<Spanned<usize>>,
    pub(in crate::config) most: Option<Spanned<usize>>,
    pub(in crate::config) items: Option<Spanned<String>>,
    pub(in crate::config) next: Option<Spanned<String>>,
    pub(in crate::config) count: Option<Spanned<String>>,
}
