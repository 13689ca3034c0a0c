//! What `routes.toml` may say of TLS.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[[listen.certificates]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Certificate {
    pub(in crate::config) certificate: Spanned<PathBuf>,
    /// The same file where there is none.
    pub(in crate::config) key: Option<Spanned<PathBuf>>,
}

/// `[listen.tls]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ListenTls {
    pub(in crate::config) minimum_version: Option<Spanned<String>>,
    /// `none`, `optional` or `required`.
    pub(in crate::config) client_certificates: Option<Spanned<String>>,
    pub(in crate::config) client_ca: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(in crate::config) revoked: Vec<Spanned<PathBuf>>,
    /// `first` or `refuse`.
    pub(in crate::config) unknown_name: Option<Spanned<String>>,
    pub(in crate::config) handshake_timeout: Option<Spanned<String>>,
}

/// `[backends.NAME.tls]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct BackendTls {
    pub(in crate::config) ca: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(in crate::config) fingerprints: Vec<Spanned<String>>,
    pub(in crate::config) name: Option<Spanned<String>>,
    pub(in crate::config) certificate: Option<Spanned<PathBuf>>,
    pub(in crate::config) key: Option<Spanned<PathBuf>>,
    pub(in crate::config) minimum_version: Option<Spanned<String>>,
}
