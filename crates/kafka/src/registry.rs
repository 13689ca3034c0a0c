//! A client of a schema registry with Confluent's REST API: registers schemas, finds them, asks whether they fit.
//!
//! In: a [`RegistryConfig`] and schemas as text. Out: numbers and GUIDs, schemas by them, and an [`Error`] that carries the registry's
//! own words. What was answered is kept, bounded, by number and by schema: both never change. Several addresses are one registry:
//! one that does not answer, or answers that it cannot now, is left for the next. All calls may be made again without harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event::confluent::{Guid, SchemaId, SchemaType};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Kind};

mod cache;
mod config;
mod http;

use cache::Cache;
pub use config::{RegistryConfig, RegistryUrl, Schemas};
use http::Http;

/// How many schemas are kept, by each way to find them.
const KEPT: usize = 1_000;
/// Pauses between rounds over all addresses.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];
/// `error_code`s of schemas that do not fit those before them.
const INCOMPATIBLE: [u64; 2] = [409, 40901];
/// `error_code` of a schema that the registry does not have.
const NOT_FOUND: u64 = 40403;

/// What stands behind an error where the registry says that it has no such schema.
#[derive(Debug, thiserror::Error)]
#[error("there is no such schema")]
struct NotThere;

/// Another schema that one refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SchemaReference {
    /// The name that is used for it: an Avro name, a Protobuf import, a JSON `$ref`.
    pub name: String,
    /// Where it is registered.
    pub subject: String,
    /// Its version there.
    pub version: i32,
}

/// A schema as it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaText {
    /// Which kind.
    pub kind: SchemaType,
    /// The text.
    pub text: String,
    /// Other schemas it refers to.
    pub references: Vec<SchemaReference>,
}

impl SchemaText {
    /// A schema that refers to no other.
    pub fn new(kind: SchemaType, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            references: Vec::new(),
        }
    }

    fn body(&self) -> Value {
        let mut body = serde_json::json!({"schema": self.text});
        // Old registries know no kinds, and take the first for granted.
        if self.kind != SchemaType::Avro {
            body["schemaType"] = self.kind.as_str().into();
        }
        if !self.references.is_empty() {
            body["references"] = serde_json::json!(self.references);
        }
        body
    }
}

/// Under what a schema is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// Its number in this registry.
    pub id: u32,
    /// Its name for all registries; those before version 8 have none.
    pub guid: Option<Guid>,
    /// Its version under the subject, where the registry said it.
    pub version: Option<i32>,
}

/// Whether a schema fits those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// It does not; why, in the registry's words.
    DoesNot(Vec<String>),
}

type BySchema = Cache<(String, SchemaText), RegisteredSchema>;

/// The client. Cheap to clone; clones share what is kept.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    http: Http,
    /// Which address answered last.
    current: AtomicUsize,
    by_id: Cache<u32, Arc<SchemaText>>,
    by_guid: Cache<Guid, Arc<SchemaText>>,
    by_schema: BySchema,
}

/// What a registry says of a schema. What it does not say is not there.
#[derive(Deserialize)]
struct Told {
    id: Option<u32>,
    guid: Option<String>,
    version: Option<i32>,
    schema: Option<String>,
    #[serde(rename = "schemaType")]
    schema_type: Option<String>,
    references: Option<Vec<SchemaReference>>,
}

#[derive(Deserialize)]
struct Refused {
    error_code: u64,
    message: String,
}

#[derive(Deserialize)]
struct Compatible {
    is_compatible: bool,
    #[serde(default)]
    messages: Option<Vec<String>>,
}

impl RegistryClient {
    /// A client; connects with each question that is not answered from what is kept.
    ///
    /// # Errors
    /// [`Kind::Config`]: a secret cannot be had, a certificate cannot be read.
    pub fn new(config: &RegistryConfig) -> Result<Self, Error> {
        Ok(Self {
            inner: Arc::new(Inner {
                http: Http::new(config)?,
                current: AtomicUsize::new(0),
                by_id: Cache::new(KEPT),
                by_guid: Cache::new(KEPT),
                by_schema: Cache::new(KEPT),
            }),
        })
    }

    /// Registers a schema under a subject, or finds that it is there.
    ///
    /// # Errors
    /// [`Kind::Rejected`] for a schema that the registry does not take, with its reason; [`Kind::Unreachable`] when no address
    /// answers; [`Kind::Retriable`] when the registry cannot now.
    pub async fn register(
        &self,
        subject: &str,
        schema: &SchemaText,
    ) -> Result<RegisteredSchema, Error> {
        let path = format!("/subjects/{}/versions", escaped(subject));
        self.of_schema(&path, subject, schema).await
    }

    /// Finds a schema under a subject, and registers nothing.
    ///
    /// # Errors
    /// As [`RegistryClient::register`]; it not being there is [`Kind::Rejected`].
    pub async fn look_up(
        &self,
        subject: &str,
        schema: &SchemaText,
    ) -> Result<RegisteredSchema, Error> {
        let path = format!("/subjects/{}", escaped(subject));
        self.of_schema(&path, subject, schema).await
    }

    async fn of_schema(
        &self,
        path: &str,
        subject: &str,
        schema: &SchemaText,
    ) -> Result<RegisteredSchema, Error> {
        let key = (subject.to_owned(), schema.clone());
        if let Some(known) = self.inner.by_schema.get(&key) {
            return Ok(known);
        }
        let about = format!("schema of subject {subject}");
        let told: Told = self.ask("POST", path, Some(&schema.body()), &about).await?;
        let registered = RegisteredSchema {
            id: told.id.ok_or_else(|| odd(&about))?,
            guid: told.guid.and_then(|guid| guid.parse().ok()),
            version: told.version,
        };
        self.inner.by_schema.put(key, registered);
        Ok(registered)
    }

    /// The schema of that number.
    ///
    /// # Errors
    /// As [`RegistryClient::register`].
    pub async fn by_id(&self, id: u32) -> Result<Arc<SchemaText>, Error> {
        if let Some(known) = self.inner.by_id.get(&id) {
            return Ok(known);
        }
        let found = self
            .schema(&format!("/schemas/ids/{id}"), &format!("schema {id}"))
            .await?
            .1;
        self.inner.by_id.put(id, Arc::clone(&found));
        Ok(found)
    }

    /// The schema of that GUID: registries from version 8 on.
    ///
    /// # Errors
    /// As [`RegistryClient::register`].
    pub async fn by_guid(&self, guid: Guid) -> Result<Arc<SchemaText>, Error> {
        if let Some(known) = self.inner.by_guid.get(&guid) {
            return Ok(known);
        }
        let found = self
            .schema(&format!("/schemas/guids/{guid}"), &format!("schema {guid}"))
            .await?
            .1;
        self.inner.by_guid.put(guid, Arc::clone(&found));
        Ok(found)
    }

    /// The schema of that id; none where the registry says that it has none.
    ///
    /// # Errors
    /// As [`RegistryClient::register`].
    pub async fn find(&self, id: SchemaId) -> Result<Option<Arc<SchemaText>>, Error> {
        let found = match id {
            SchemaId::Number(number) => self.by_id(number).await,
            SchemaId::Guid(guid) => self.by_guid(guid).await,
        };
        match found {
            Ok(schema) => Ok(Some(schema)),
            Err(error) if is_not_there(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The last version of a subject: never from what is kept.
    ///
    /// # Errors
    /// As [`RegistryClient::register`].
    pub async fn latest(
        &self,
        subject: &str,
    ) -> Result<(RegisteredSchema, Arc<SchemaText>), Error> {
        let about = format!("last version of subject {subject}");
        let path = format!("/subjects/{}/versions/latest", escaped(subject));
        let (told, text) = self.schema(&path, &about).await?;
        let registered = RegisteredSchema {
            id: told.id.ok_or_else(|| odd(&about))?,
            guid: told.guid.and_then(|guid| guid.parse().ok()),
            version: told.version,
        };
        Ok((registered, text))
    }

    /// Whether a schema fits the last version of a subject, at the level the registry has for it. Registers nothing.
    ///
    /// # Errors
    /// As [`RegistryClient::register`].
    pub async fn fits(&self, subject: &str, schema: &SchemaText) -> Result<Fit, Error> {
        let about = format!("compatibility of subject {subject}");
        let path = format!(
            "/compatibility/subjects/{}/versions/latest?verbose=true",
            escaped(subject)
        );
        let answer: Compatible = self
            .ask("POST", &path, Some(&schema.body()), &about)
            .await?;
        Ok(if answer.is_compatible {
            Fit::Fits
        } else {
            Fit::DoesNot(answer.messages.unwrap_or_default())
        })
    }

    async fn schema(&self, path: &str, about: &str) -> Result<(Told, Arc<SchemaText>), Error> {
        let mut told: Told = self.ask("GET", path, None, about).await?;
        let kind = match told.schema_type.as_deref() {
            None => SchemaType::Avro,
            Some(name) => SchemaType::from_name(name).ok_or_else(|| odd(about))?,
        };
        let text = SchemaText {
            kind,
            text: told.schema.take().ok_or_else(|| odd(about))?,
            references: told.references.take().unwrap_or_default(),
        };
        Ok((told, Arc::new(text)))
    }

    /// Asks one address after the other, from the one that answered last, a few rounds.
    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        about: &str,
    ) -> Result<T, Error> {
        let http = &self.inner.http;
        let body = body.map(Value::to_string);
        let count = http.addresses();
        let mut last = None;
        for round in 0..=PAUSES.len() {
            for offset in 0..count {
                let at = (self.inner.current.load(Ordering::Relaxed) + offset) % count;
                match http.exchange(at, method, path, body.as_deref()).await {
                    Ok((status, answer)) if status < 500 && status != 429 => {
                        self.inner.current.store(at, Ordering::Relaxed);
                        return understood(status, &answer, about, http.name(at));
                    }
                    Ok((status, answer)) => {
                        let why = refusal(status, &answer);
                        let message = format!(
                            "the schema registry at {} cannot tell about the {about} now: {why}",
                            http.name(at)
                        );
                        last = Some(Error::new(Kind::Retriable, message));
                    }
                    Err(error) => last = Some(error),
                }
            }
            if let Some(pause) = PAUSES.get(round) {
                tokio::time::sleep(*pause).await;
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Kind::Config, "the schema registry has no address")))
    }
}

fn understood<T: for<'de> Deserialize<'de>>(
    status: u16,
    answer: &[u8],
    about: &str,
    name: &str,
) -> Result<T, Error> {
    if (200..300).contains(&status) {
        return serde_json::from_slice(answer).map_err(|error| odd(about).caused_by(error));
    }
    let why = refusal(status, answer);
    let code = serde_json::from_slice(answer).map(|refused: Refused| refused.error_code);
    let message = match code {
        Ok(code) if INCOMPATIBLE.contains(&code) => format!(
            "the {about} does not fit the versions before it, says the schema registry at {name}: {why}"
        ),
        _ if matches!(status, 401 | 403) => format!(
            "the schema registry at {name} does not let us ask for the {about}: {why}; see `user`, `password` and `token` of [registry]"
        ),
        _ => format!("the schema registry at {name} refuses the {about}: {why}"),
    };
    let error = Error::new(Kind::Rejected, message);
    Err(match (status, code) {
        (404, Ok(NOT_FOUND)) => error.caused_by(NotThere),
        _ => error,
    })
}

fn is_not_there(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<NotThere>())
}

/// The registry's own words, or the status when it has none. Never longer than a person reads.
fn refusal(status: u16, answer: &[u8]) -> String {
    match serde_json::from_slice::<Refused>(answer) {
        Ok(refused) => {
            let short: String = refused.message.chars().take(1_000).collect();
            format!("{short} (error {})", refused.error_code)
        }
        Err(_) => format!("HTTP status {status}"),
    }
}

fn odd(about: &str) -> Error {
    Error::new(
        Kind::Rejected,
        format!("what was answered for the {about} is not what a schema registry answers"),
    )
}

/// A subject as one segment of a path.
fn escaped(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    for byte in subject.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
