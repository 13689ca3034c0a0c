//! COBOL records by copybook layout.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use parsers::{FieldError, FieldErrorKind, Layout};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Decode, Encode, Undecodable, Unencodable, essence, json};
use crate::message::Request;

/// Records of one layout as values of one type: serde reads and writes the JSON of the layout (the one that `figway copybook decode`
/// shows), names, dates and codes by its meaning. A type that fits any layout is `serde_json::Value`; amounts with decimals keep all
/// their digits as `Box<serde_json::value::RawValue>`, not as `f64`.
///
/// Takes requests of any media type but JSON, as a record has none of its own; writes `application/octet-stream`.
pub struct Record<T> {
    layout: Arc<Layout>,
    of: PhantomData<fn() -> T>,
}

impl<T> Record<T> {
    /// Records of that layout.
    #[must_use]
    pub fn new(layout: Arc<Layout>) -> Self {
        Self {
            layout,
            of: PhantomData,
        }
    }
}

impl<T> Clone for Record<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.layout))
    }
}

impl<T> std::fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Record").field(&self.layout.name()).finish()
    }
}

impl<T: DeserializeOwned + Send + 'static> Decode for Record<T> {
    type Value = T;

    fn decode(&self, request: &Request) -> Result<T, Undecodable> {
        let declared = essence(request);
        if declared.is_some_and(|it| it == "application/json" || it.ends_with("+json")) {
            return Err(Undecodable::media_type("application/octet-stream"));
        }
        let (length, most) = (request.body.len(), self.layout.max_len());
        if length > most {
            let name = self.layout.name();
            let reason = format!("wanted a {name} of at most {most} bytes, got {length} bytes");
            return Err(Undecodable::unreadable(reason));
        }
        let mut text = Vec::with_capacity(length.saturating_mul(4));
        self.layout
            .write_json(&request.body, &mut text)
            .map_err(|error| Undecodable::unreadable(place(&error)))?;
        serde_json::from_slice(&text).map_err(|error| {
            let wanted = json::wanted(&error);
            Undecodable::misfit(format!("the record's values do not fit: {wanted}"))
        })
    }
}

impl<T: Serialize + Send + 'static> Encode for Record<T> {
    type Value = T;

    fn content_type(&self) -> &'static str {
        "application/octet-stream"
    }

    fn encode(&self, value: &T) -> Result<Bytes, Unencodable> {
        let text = serde_json::to_vec(value).map_err(|error| Unencodable(error.to_string()))?;
        let record = self.layout.read_json(&text);
        Ok(Bytes::from(
            record.map_err(|error| Unencodable(place(&error)))?,
        ))
    }
}

/// Field, place and kind: the parsers' own message quotes bytes.
fn place(error: &FieldError) -> String {
    let path = match error.path() {
        "" => "the record",
        path => path,
    };
    let at = match error.offset() {
        Some(offset) => format!(" at byte {offset}"),
        None => String::new(),
    };
    format!("{path}{at}: {}", wanted(error.kind()))
}

fn wanted(kind: FieldErrorKind) -> &'static str {
    match kind {
        FieldErrorKind::Short => "the record ends before it does",
        FieldErrorKind::Digit => "wanted digits",
        FieldErrorKind::Sign => "wanted a sign that its picture allows",
        FieldErrorKind::Blank => "wanted a number, got blanks or low-values",
        FieldErrorKind::Range => "the number is out of range",
        FieldErrorKind::Date => "wanted a date or time of its form",
        FieldErrorKind::Flag => "wanted one of its named values",
        FieldErrorKind::Count => "the count is out of its bounds",
        FieldErrorKind::RecordType => "no record type fits",
        FieldErrorKind::Character => "a character that the code page does not have",
        FieldErrorKind::Length => "the text is too long",
        FieldErrorKind::Type => "wanted a value of another type",
        FieldErrorKind::Member => "a member that is not there, or not in the layout",
        _ => "wanted JSON of the layout's form",
    }
}
