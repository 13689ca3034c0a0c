//! What the file says of a service behind Kafka.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct KafkaBackend {
    pub(in crate::config) requests: Spanned<String>,
    pub(in crate::config) replies: Spanned<String>,
    pub(in crate::config) outcomes: Option<Spanned<String>>,
    pub(in crate::config) max_in_flight: Option<Spanned<usize>>,
    /// `figway` or `spring`.
    pub(in crate::config) headers: Option<Spanned<String>>,
    pub(in crate::config) header_names: Option<Spanned<HeaderNames>>,
    /// `binary` or `text`.
    pub(in crate::config) correlation: Option<Spanned<String>>,
    pub(in crate::config) default_status: Option<Spanned<i64>>,
    /// Which way bodies travel, by their size.
    pub(in crate::config) payload: Option<Spanned<payload::Rules>>,
}

/// Names of headers, where a service has its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct HeaderNames {
    pub(in crate::config) correlation: Option<Spanned<String>>,
    pub(in crate::config) reply_topic: Option<Spanned<String>>,
    pub(in crate::config) reply_partition: Option<Spanned<String>>,
    pub(in crate::config) status: Option<Spanned<String>>,
}
