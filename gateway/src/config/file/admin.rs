//! What `routes.toml` may say of the admin API.

use ops::Setting;
use serde::Deserialize;
use toml::Spanned;

use super::OneOrMany;

/// `[admin]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Admin {
    pub(in crate::config) listen: Option<Spanned<String>>,
    /// The one that everybody has.
    pub(in crate::config) token: Option<Spanned<Setting>>,
    #[serde(default)]
    pub(in crate::config) people: Vec<Spanned<Person>>,
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
