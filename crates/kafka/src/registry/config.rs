//! The `[registry]` table, the same in every configuration file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use event::confluent::SubjectStrategy;
use ops::Setting;
use serde::Deserialize;

use crate::units;

/// Where the schema registry is, who we are to it, and how schemas are registered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct RegistryConfig {
    pub(super) urls: Vec<RegistryUrl>,
    pub(super) login: Login,
    pub(super) ca: Option<PathBuf>,
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) timeout: Duration,
    schemas: Schemas,
    subjects: SubjectStrategy,
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    Nobody,
    Basic(String, Setting),
    Bearer(Setting),
}

/// What is done with a schema before the first record of it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schemas {
    /// It is registered, if it is not yet.
    #[default]
    Register,
    /// It must be registered already: somebody else does that.
    LookUp,
}

/// The address of a registry: `http://host:port` or `https://host:port/path`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RegistryUrl {
    pub(super) text: String,
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Without the slash at its end.
    pub(super) path: String,
}

impl TryFrom<String> for RegistryUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "wanted an address such as http://localhost:8081, got {why}"
            ))
        };
        let Ok(uri) = text.parse::<::http::Uri>() else {
            return wrong(&format!("{text:?}"));
        };
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return wrong(&format!("{text:?}")),
        };
        let Some(authority) = uri.authority() else {
            return wrong(&format!("{text:?}"));
        };
        if authority.as_str().contains('@') {
            // Not repeated: it is a secret.
            return wrong("one with a login in it: write `user` and `password`");
        }
        if uri.query().is_some() {
            return wrong(&format!("{text:?}"));
        }
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            tls,
            host: authority
                .host()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
            text: text.trim_end_matches('/').to_owned(),
        })
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "wanted an address such as \"http://localhost:8081\", or a list of them"
)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// One address, or several of one registry.
    url: OneOrMore,
    user: Option<String>,
    password: Option<Setting>,
    token: Option<Setting>,
    /// Certificates of who signed the registry's; those of the system if not given.
    ca: Option<PathBuf>,
    /// Our own certificate, and its key.
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default = "timeout", deserialize_with = "units::duration")]
    timeout: Duration,
    #[serde(default)]
    schemas: Schemas,
    subjects: Option<String>,
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

impl TryFrom<Table> for RegistryConfig {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let urls = match table.url {
            OneOrMore::One(url) => vec![url],
            OneOrMore::More(urls) => urls,
        };
        if urls.is_empty() {
            return Err("wanted an address of the registry, got none".to_owned());
        }
        for (name, value) in [("password", &table.password), ("token", &table.token)] {
            if matches!(value, Some(Setting::Plain(_))) {
                return Err(format!(
                    "`{name}` is a secret: write `env:NAME` or `file:PATH`, not the value"
                ));
            }
        }
        let login = match (table.user, table.password, table.token) {
            (None, None, None) => Login::Nobody,
            (Some(user), Some(password), None) => Login::Basic(user, password),
            (None, None, Some(token)) => Login::Bearer(token),
            (_, _, Some(_)) => {
                return Err("`token` goes without `user` and `password`".to_owned());
            }
            _ => return Err("`user` and `password` go together".to_owned()),
        };
        let identity = match (table.certificate, table.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => return Err("`certificate` and `key` go together".to_owned()),
        };
        let subjects = match &table.subjects {
            None => SubjectStrategy::default(),
            Some(name) => SubjectStrategy::from_name(name).ok_or_else(|| {
                format!("unknown subjects `{name}`; known are: topic_name, record_name, topic_record_name")
            })?,
        };
        Ok(Self {
            urls: urls
                .into_iter()
                .map(RegistryUrl::try_from)
                .collect::<Result<_, _>>()?,
            login,
            ca: table.ca,
            identity,
            timeout: table.timeout,
            schemas: table.schemas,
            subjects,
        })
    }
}

impl RegistryConfig {
    /// The defaults with that address.
    ///
    /// # Errors
    /// It is no address.
    pub fn at(url: impl Into<String>) -> Result<Self, String> {
        Ok(Self {
            urls: vec![RegistryUrl::try_from(url.into())?],
            login: Login::Nobody,
            ca: None,
            identity: None,
            timeout: timeout(),
            schemas: Schemas::default(),
            subjects: SubjectStrategy::default(),
        })
    }

    /// The same, with the files it names counted from `folder`.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> Self {
        self.ca = self.ca.map(|file| folder.join(file));
        self.identity = self
            .identity
            .map(|(certificate, key)| (folder.join(certificate), folder.join(key)));
        self
    }

    /// What is done with schemas.
    #[must_use]
    pub fn schemas(&self) -> Schemas {
        self.schemas
    }

    /// How subjects are made.
    #[must_use]
    pub fn subjects(&self) -> SubjectStrategy {
        self.subjects
    }
}
