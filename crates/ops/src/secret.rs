//! Secrets: named in a configuration, read from the environment or a file, never printed.

use std::fmt;

use serde::Deserialize;

/// A secret's value. `Debug` and `Display` print `***`; only [`Secret::expose`] gives the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value that is already in memory.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A configured text: plain, or a reference `env:NAME` or `file:PATH` whose value is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Setting {
    /// The text as written.
    Plain(String),
    /// The name of an environment variable that holds the value.
    Environment(String),
    /// The path of a file that holds the value; one line break at its end is dropped.
    File(String),
}

impl From<String> for Setting {
    fn from(text: String) -> Self {
        if let Some(name) = text.strip_prefix("env:") {
            Self::Environment(name.to_owned())
        } else if let Some(path) = text.strip_prefix("file:") {
            Self::File(path.to_owned())
        } else {
            Self::Plain(text)
        }
    }
}

/// A reference that leads to no value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or holds no UTF-8 text.
    #[error("environment variable {name} holds no text")]
    Environment {
        /// The variable's name.
        name: String,
        /// Why.
        source: std::env::VarError,
    },
    /// The file cannot be read.
    #[error("secret file {path} cannot be read")]
    File {
        /// The file's path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Setting {
    /// Follows the reference.
    ///
    /// # Errors
    /// The variable or file that should hold the value does not.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Plain(text) => Ok(Secret::new(text)),
            Self::Environment(name) => match std::env::var(name) {
                Ok(value) => Ok(Secret(value)),
                Err(source) => Err(SecretError::Environment {
                    name: name.clone(),
                    source,
                }),
            },
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => {
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
                }
                Err(source) => Err(SecretError::File {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn references_are_told_from_plain_text() {
        assert_eq!(
            Setting::from("env:PASSWORD".to_owned()),
            Setting::Environment("PASSWORD".into())
        );
        assert_eq!(
            Setting::from("file:/run/pw".to_owned()),
            Setting::File("/run/pw".into())
        );
        assert_eq!(
            Setting::from("SASL_SSL".to_owned()),
            Setting::Plain("SASL_SSL".into())
        );
    }

    #[test]
    fn a_reference_to_nothing_names_it() {
        let error = Setting::Environment("FIGWAY_NOT_SET".into())
            .resolve()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable FIGWAY_NOT_SET holds no text"
        );
        let error = Setting::File("/nowhere/pw".into()).resolve().unwrap_err();
        assert_eq!(error.to_string(), "secret file /nowhere/pw cannot be read");
    }
}
