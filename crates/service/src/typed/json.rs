//! JSON by serde.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{Decode, Encode, Undecodable, Unencodable, essence};
use crate::message::Request;

/// JSON texts of one type, read and written by serde. Takes requests of `application/json`, of any type that ends with `+json`, and of
/// none; writes `application/json`.
pub struct Json<T>(PhantomData<fn() -> T>);

impl<T> Json<T> {
    /// JSON of that type.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Json<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Json<T> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T> std::fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Json")
    }
}

impl<T: DeserializeOwned + Send + 'static> Decode for Json<T> {
    type Value = T;

    fn decode(&self, request: &Request) -> Result<T, Undecodable> {
        match essence(request).as_deref() {
            None | Some("application/json") => {}
            Some(other) if other.ends_with("+json") => {}
            Some(_) => return Err(Undecodable::media_type("application/json")),
        }
        serde_json::from_slice(&request.body).map_err(|error| undecodable(&error))
    }
}

impl<T: Serialize + Send + 'static> Encode for Json<T> {
    type Value = T;

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn encode(&self, value: &T) -> Result<Bytes, Unencodable> {
        let text = serde_json::to_vec(value).map_err(|error| Unencodable(error.to_string()))?;
        Ok(Bytes::from(text))
    }
}

/// What serde says without what it quotes.
fn undecodable(error: &serde_json::Error) -> Undecodable {
    let place = format!("line {} column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let wanted = wanted(error);
            Undecodable::misfit(format!("the JSON does not fit at {place}: {wanted}"))
        }
        Category::Syntax | Category::Eof | Category::Io => {
            Undecodable::unreadable(format!("wanted JSON: it ends or breaks at {place}"))
        }
    }
}

/// What was wanted comes last in serde's messages, and is said by the type.
pub(super) fn wanted(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(&*said, |(said, _)| said);
    let known = ["missing field ", "duplicate field "];
    match said.rsplit_once(", expected ") {
        Some((_, wanted)) => format!("wanted {wanted}"),
        None if known.iter().any(|known| said.starts_with(known)) => said.to_owned(),
        None => "a value that is not taken".to_owned(),
    }
}
