//! What `routes.toml` may say of the admin API.

use std::path::PathBuf;

use ops::Setting;
use serde::Deserialize;
use toml::Spanned;

use super::{Named, OneOrMany};

/// `[admin]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Admin {
    pub(in crate::config) listen: Option<Spanned<String>>,
    /// The one that everybody has.
    pub(in crate::config) token: Option<Spanned<Setting>>,
    #[serde(default)]
    pub(in crate::config) people: Vec<Spanned<Person>>,
    /// `loopback` or `network`.
    pub(in crate::config) reach: Option<Spanned<String>>,
    pub(in crate::config) tls: Option<Spanned<AdminTls>>,
    pub(in crate::config) oidc: Option<Spanned<AdminOidc>>,
    pub(in crate::config) session: Option<AdminSession>,
    pub(in crate::config) limits: Option<AdminLimits>,
}

/// `[admin.tls]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AdminTls {
    pub(in crate::config) certificate: Spanned<PathBuf>,
    /// The same file where there is none.
    pub(in crate::config) key: Option<Spanned<PathBuf>>,
    pub(in crate::config) client_ca: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(in crate::config) revoked: Vec<Spanned<PathBuf>>,
    pub(in crate::config) minimum_version: Option<Spanned<String>>,
}

/// `[admin.oidc]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AdminOidc {
    pub(in crate::config) issuer: Spanned<String>,
    pub(in crate::config) client_id: Spanned<String>,
    pub(in crate::config) client_secret: Option<Spanned<Setting>>,
    pub(in crate::config) audience: Option<Spanned<OneOrMany>>,
    pub(in crate::config) redirect: Option<Spanned<String>>,
    pub(in crate::config) scopes: Option<Vec<Spanned<String>>>,
    pub(in crate::config) name: Option<Spanned<String>>,
    pub(in crate::config) display: Option<Spanned<String>>,
    pub(in crate::config) groups: Option<Spanned<String>>,
    /// Groups by role.
    pub(in crate::config) roles: Spanned<Named<Spanned<OneOrMany>>>,
    pub(in crate::config) algorithms: Option<Spanned<Vec<Spanned<String>>>>,
    pub(in crate::config) ca: Option<Spanned<PathBuf>>,
    pub(in crate::config) leeway: Option<Spanned<String>>,
}

/// `[admin.session]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AdminSession {
    pub(in crate::config) idle: Option<Spanned<String>>,
    pub(in crate::config) total: Option<Spanned<String>>,
    pub(in crate::config) most: Option<Spanned<i64>>,
}

/// `[admin.limits]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AdminLimits {
    pub(in crate::config) failures: Option<Spanned<AdminRate>>,
    pub(in crate::config) requests: Option<Spanned<AdminRate>>,
}

/// So many within a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AdminRate {
    pub(in crate::config) requests: Spanned<i64>,
    pub(in crate::config) within: Option<Spanned<String>>,
    pub(in crate::config) burst: Option<Spanned<i64>>,
}

/// `[[admin.people]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Person {
    pub(in crate::config) name: Spanned<String>,
    pub(in crate::config) display: Option<Spanned<String>>,
    pub(in crate::config) token: Option<Spanned<Setting>>,
    /// Subjects or names of certificates.
    pub(in crate::config) certificate: Option<Spanned<OneOrMany>>,
    /// `viewer`, `operator`, `approver`, `admin`.
    pub(in crate::config) roles: Spanned<Vec<Spanned<String>>>,
}
