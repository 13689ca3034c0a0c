//! What the file says of a group's way from legacy to modern.

use serde::Deserialize;
use toml::Spanned;

/// A plan of steps, and what must hold before each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Rollout {
    pub(in crate::config) steps: Spanned<Vec<Spanned<i64>>>,
    /// `propose` or `by_itself`.
    pub(in crate::config) promote: Option<Spanned<String>>,
    /// `by_itself` or `person`.
    pub(in crate::config) roll_back: Option<Spanned<String>>,
    pub(in crate::config) soak: Option<Spanned<String>>,
    pub(in crate::config) samples: Option<Spanned<i64>>,
    pub(in crate::config) samples_per_variant: Option<Spanned<i64>>,
    pub(in crate::config) answers: Option<Spanned<i64>>,
    /// In percent, as 99.9.
    #[serde(rename = "match")]
    pub(in crate::config) matching: Option<Spanned<f64>>,
    /// In percent.
    pub(in crate::config) errors: Option<Spanned<f64>>,
    pub(in crate::config) latency: Option<Spanned<f64>>,
    pub(in crate::config) only_in: Option<Spanned<String>>,
    pub(in crate::config) freeze: Option<Spanned<String>>,
    #[serde(default)]
    pub(in crate::config) events: Vec<Spanned<String>>,
}
