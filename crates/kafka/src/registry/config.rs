//! The `[registry]` table, the same in every configuration file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use event::confluent::SubjectStrategy;
use ops::Setting;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

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
    of_writers: Option<String>,
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
    /// Whether a user and a password stand in it, which is refused where the address is not shown.
    has_login: bool,
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
        if uri.query().is_some() {
            return wrong(&format!("{text:?}"));
        }
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            has_login: authority.as_str().contains('@'),
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

/// One address, or several of one registry. By hand, so that a fault is told at the address it is in.
fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RegistryUrl>, D::Error> {
    struct Urls;
    impl<'de> Visitor<'de> for Urls {
        type Value = Vec<RegistryUrl>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an address such as \"http://localhost:8081\", or a list of them")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let url = RegistryUrl::try_from(text.to_owned());
            url.map(|url| vec![url]).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut urls = Vec::new();
            while let Some(url) = list.next_element()? {
                urls.push(url);
            }
            if urls.is_empty() {
                return Err(de::Error::custom(
                    "wanted an address of the registry, got none",
                ));
            }
            Ok(urls)
        }
    }
    deserializer.deserialize_any(Urls)
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Subjects(SubjectStrategy);

impl TryFrom<String> for Subjects {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        SubjectStrategy::from_name(&name).map(Self).ok_or_else(|| {
            format!(
                "unknown subjects `{name}`; known are: topic_name, record_name, topic_record_name"
            )
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(deserialize_with = "urls")]
    url: Vec<RegistryUrl>,
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
    schemas: Option<Schemas>,
    subjects: Option<Subjects>,
}

fn timeout() -> Duration {
    Duration::from_secs(10)
}

fn without_login(urls: &[RegistryUrl]) -> Result<(), String> {
    if urls.iter().any(|url| url.has_login) {
        return Err("wanted a `url` without a login in it: write `user` and `password`".to_owned());
    }
    Ok(())
}

impl TryFrom<Table> for RegistryConfig {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        without_login(&table.url)?;
        // Told at the table, not at the field: what is told shows the line.
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
        let of_writers = match (&table.schemas, &table.subjects) {
            (Some(_), _) => Some("schemas"),
            (None, Some(_)) => Some("subjects"),
            (None, None) => None,
        };
        Ok(Self {
            urls: table.url,
            of_writers: of_writers.map(str::to_owned),
            login,
            ca: table.ca,
            identity,
            timeout: table.timeout,
            schemas: table.schemas.unwrap_or_default(),
            subjects: table
                .subjects
                .map_or_else(SubjectStrategy::default, |found| found.0),
        })
    }
}

impl RegistryConfig {
    /// The defaults with that address.
    ///
    /// # Errors
    /// It is no address.
    pub fn at(url: impl Into<String>) -> Result<Self, String> {
        let url = vec![RegistryUrl::try_from(url.into())?];
        without_login(&url)?;
        Ok(Self {
            urls: url,
            login: Login::Nobody,
            ca: None,
            identity: None,
            timeout: timeout(),
            schemas: Schemas::default(),
            subjects: SubjectStrategy::default(),
            of_writers: None,
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

    /// The first word of the table, if any, that says nothing to who only reads.
    #[must_use]
    pub fn of_writers(&self) -> Option<&str> {
        self.of_writers.as_deref()
    }

    /// How subjects are made.
    #[must_use]
    pub fn subjects(&self) -> SubjectStrategy {
        self.subjects
    }
}
