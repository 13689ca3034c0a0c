//! What holds for all clients, as the file says it.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Forwarding {
    pub(in crate::config) client_from: Option<Spanned<String>>,
    pub(in crate::config) via: Option<Spanned<String>>,
    pub(in crate::config) x_forwarded: Option<Spanned<String>>,
    pub(in crate::config) x_forwarded_port: Option<Spanned<String>>,
    pub(in crate::config) forwarded: Option<Spanned<String>>,
}
