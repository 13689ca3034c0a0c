//! Who the brokers are and who we are to them: `[kafka.tls]` and `[kafka.sasl]`, and what they mean to librdkafka.

mod token;

use std::fs;
use std::path::{Path, PathBuf};

use ops::Setting;
use rdkafka::config::ClientConfig;
use serde::Deserialize;

pub(crate) use self::token::{Tokens, authorise};
use crate::{Error, Kind};

/// `[kafka.tls]`: connections to brokers are TLS. All files are PEM; relative paths are those of the configuration's folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Who signs the brokers' certificates; those whom the system trusts if none.
    pub ca: Option<PathBuf>,
    /// Our certificate, with those between it and its signer.
    pub certificate: Option<PathBuf>,
    /// Its key; in the certificate's file if none.
    pub key: Option<PathBuf>,
    /// What the key is encrypted with; a reference.
    pub key_password: Option<Setting>,
    /// Whether a broker's certificate must be for the name it is met by.
    pub verify_hostname: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            ca: None,
            certificate: None,
            key: None,
            key_password: None,
            verify_hostname: true,
        }
    }
}

/// `[kafka.sasl]`: who we say we are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Words")]
pub struct Sasl {
    /// How, and with what.
    pub credentials: Credentials,
    /// Whether a password or token may cross the network readable, where there is no `[kafka.tls]`.
    pub allow_plaintext: bool,
}

/// What is shown to a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The password itself (RFC 4616).
    Plain(Login),
    /// Proof of the password, with SHA-256 (RFC 7677).
    ScramSha256(Login),
    /// The same with SHA-512.
    ScramSha512(Login),
    /// A token (RFC 7628, KIP-255). The reference is followed again each time the token is to be renewed.
    OAuthBearer(Setting),
}

/// Name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name, or a reference to it.
    pub username: Setting,
    /// A reference to the password.
    pub password: Setting,
}

/// As the table is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    mechanism: String,
    username: Option<Setting>,
    password: Option<Setting>,
    token: Option<Setting>,
    #[serde(default)]
    allow_plaintext: bool,
}

impl TryFrom<Words> for Sasl {
    type Error = String;

    fn try_from(words: Words) -> Result<Self, String> {
        let Words {
            mechanism,
            username,
            password,
            token,
            allow_plaintext,
        } = words;
        let with_password = match mechanism.as_str() {
            "PLAIN" => Some(Credentials::Plain as fn(Login) -> Credentials),
            "SCRAM-SHA-256" => Some(Credentials::ScramSha256 as fn(Login) -> Credentials),
            "SCRAM-SHA-512" => Some(Credentials::ScramSha512 as fn(Login) -> Credentials),
            "OAUTHBEARER" => None,
            other => {
                return Err(format!(
                    "unknown mechanism \"{other}\"; known are: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER"
                ));
            }
        };
        let credentials = match (with_password, username, password, token) {
            (Some(credentials), Some(username), Some(password), None) => credentials(Login {
                username,
                password: secret("password", password)?,
            }),
            (Some(_), _, _, Some(_)) => {
                return Err(format!("`token` is for OAUTHBEARER, not for {mechanism}"));
            }
            (Some(_), ..) => return Err(format!("{mechanism} wants `username` and `password`")),
            (None, None, None, Some(token)) => Credentials::OAuthBearer(secret("token", token)?),
            (None, None, None, None) => {
                return Err("OAUTHBEARER wants `token`: \"file:PATH\" or \"env:NAME\"".to_owned());
            }
            (None, ..) => {
                return Err("OAUTHBEARER takes a `token`, not a name and a password".to_owned());
            }
        };
        Ok(Self {
            credentials,
            allow_plaintext,
        })
    }
}

/// What is never written out in a file.
fn secret(name: &str, value: Setting) -> Result<Setting, String> {
    match value {
        Setting::Plain(_) => Err(format!(
            "`{name}` is a secret: write `env:NAME` or `file:PATH`, not the value"
        )),
        reference => Ok(reference),
    }
}

impl Sasl {
    /// Whether what is sent can be used by who reads along.
    fn is_readable(&self) -> bool {
        matches!(
            self.credentials,
            Credentials::Plain(_) | Credentials::OAuthBearer(_)
        )
    }

    pub(crate) fn tokens(&self) -> Option<Tokens> {
        match &self.credentials {
            Credentials::OAuthBearer(token) => Some(Tokens(token.clone())),
            _ => None,
        }
    }

    fn mechanism(&self) -> &'static str {
        match self.credentials {
            Credentials::Plain(_) => "PLAIN",
            Credentials::ScramSha256(_) => "SCRAM-SHA-256",
            Credentials::ScramSha512(_) => "SCRAM-SHA-512",
            Credentials::OAuthBearer(_) => "OAUTHBEARER",
        }
    }

    fn set(&self, client: &mut ClientConfig) -> Result<(), Error> {
        client.set("sasl.mechanism", self.mechanism());
        match &self.credentials {
            Credentials::Plain(login)
            | Credentials::ScramSha256(login)
            | Credentials::ScramSha512(login) => {
                let username = followed("kafka.sasl.username", &login.username)?;
                client.set("sasl.username", username.expose());
                let password = followed("kafka.sasl.password", &login.password)?;
                client.set("sasl.password", password.expose());
            }
            // Given to each client when it has been made, see `authorise`.
            Credentials::OAuthBearer(_) => {}
        }
        Ok(())
    }
}

impl Tls {
    fn set(&self, client: &mut ClientConfig) -> Result<(), Error> {
        if let Some(ca) = &self.ca {
            client.set("ssl.ca.location", text("kafka.tls.ca", ca)?);
        }
        if let Some(certificate) = &self.certificate {
            let key = self.key.as_deref().unwrap_or(certificate);
            client.set(
                "ssl.certificate.location",
                text("kafka.tls.certificate", certificate)?,
            );
            client.set("ssl.key.location", text("kafka.tls.key", key)?);
        }
        if let Some(password) = &self.key_password {
            let password = followed("kafka.tls.key_password", password)?;
            client.set("ssl.key.password", password.expose());
        }
        let algorithm = if self.verify_hostname {
            "https"
        } else {
            "none"
        };
        client.set("ssl.endpoint.identification.algorithm", algorithm);
        Ok(())
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.ca, &mut self.certificate, &mut self.key]
            .into_iter()
            .flatten()
    }
}

/// Sets both.
pub(crate) fn set(
    tls: Option<&Tls>,
    sasl: Option<&Sasl>,
    client: &mut ClientConfig,
) -> Result<(), Error> {
    let protocol = match (tls, sasl) {
        (None, None) => return Ok(()),
        (Some(_), None) => "SSL",
        (None, Some(_)) => "SASL_PLAINTEXT",
        (Some(_), Some(_)) => "SASL_SSL",
    };
    client.set("security.protocol", protocol);
    tls.map_or(Ok(()), |tls| tls.set(client))?;
    sasl.map_or(Ok(()), |sasl| sasl.set(client))
}

/// Relative paths are meant from that folder.
pub(crate) fn relative_to(tls: &mut Tls, folder: &Path) {
    for path in tls.paths() {
        *path = folder.join(&*path);
    }
}

/// What does not fit together, or is not there; a sentence each, with the key it is about.
pub(crate) fn faults(tls: Option<&Tls>, sasl: Option<&Sasl>) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(sasl) = sasl
        && tls.is_none()
        && sasl.is_readable()
        && !sasl.allow_plaintext
    {
        faults.push(format!(
            "kafka.sasl: with {} whoever reads along learns the secret: add [kafka.tls], or write allow_plaintext = true",
            sasl.mechanism()
        ));
    }
    let Some(tls) = tls else { return faults };
    if let Some(ca) = &tls.ca {
        faults.extend(lacks("kafka.tls.ca", ca, "CERTIFICATE-----"));
    }
    match (&tls.certificate, &tls.key) {
        (Some(certificate), key) => {
            faults.extend(lacks(
                "kafka.tls.certificate",
                certificate,
                "CERTIFICATE-----",
            ));
            let key = key.as_deref().unwrap_or(certificate);
            faults.extend(lacks("kafka.tls.key", key, "PRIVATE KEY-----"));
        }
        (None, Some(_)) => {
            faults.push("kafka.tls.key: there is no `certificate` that it belongs to".to_owned());
        }
        (None, None) => {}
    }
    match &tls.key_password {
        Some(Setting::Plain(_)) => faults.push(
            "kafka.tls.key_password is a secret: write `env:NAME` or `file:PATH`, not the value"
                .to_owned(),
        ),
        Some(_) if tls.certificate.is_none() => {
            faults.push(
                "kafka.tls.key_password: there is no `certificate` whose key it opens".to_owned(),
            );
        }
        _ => {}
    }
    faults
}

/// Why that is not a PEM file with such a block.
fn lacks(key: &str, path: &Path, block: &str) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) if text.contains(block) => None,
        Ok(_) => Some(format!(
            "{key}: {} has no PEM block that ends its first line with `{block}`",
            path.display()
        )),
        Err(error) => Some(format!("{key}: {} cannot be read: {error}", path.display())),
    }
}

fn text<'p>(key: &str, path: &'p Path) -> Result<&'p str, Error> {
    path.to_str().ok_or_else(|| {
        let message = format!(
            "{key}: {} is not UTF-8, which librdkafka needs",
            path.display()
        );
        Error::new(Kind::Config, message)
    })
}

fn followed(key: &str, setting: &Setting) -> Result<ops::Secret, Error> {
    setting.resolve().map_err(|error| {
        Error::new(Kind::Config, format!("the value of {key} cannot be had")).caused_by(error)
    })
}

#[cfg(test)]
mod tests;
