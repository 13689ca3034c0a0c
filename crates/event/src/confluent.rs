//! How a record says which registered schema it is of: Confluent's wire format.
//!
//! In front of the data stand a magic byte and the schema's number (`0`, then 4 bytes, most significant first), for Protobuf
//! also the way to the message in its file. Since version 8 the registry's clients can put the same into a header instead, with
//! the schema's GUID (`1`, then 16 bytes); the data then has no prefix (`SchemaId` and `DualSchemaIdDeserializer` of Confluent's
//! schema registry). Reading takes both forms in both places, as theirs does. A null value has neither.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::schema::MAX_DEPTH;
use crate::wire::{Input, zigzag_varint};

mod subject;

pub use subject::{Side, SubjectStrategy};

/// The header that names the schema of a record's key.
pub const KEY_HEADER: &str = "__key_schema_id";
/// The header that names the schema of a record's value.
pub const VALUE_HEADER: &str = "__value_schema_id";

/// The kinds of schema that a registry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemaType {
    /// Apache Avro.
    Avro,
    /// Protocol Buffers.
    Protobuf,
    /// JSON Schema.
    Json,
}

impl SchemaType {
    /// What the registry's interface calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Protobuf => "PROTOBUF",
            Self::Json => "JSON",
        }
    }

    /// The kind of that name; `None` for one that is not known.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Avro, Self::Protobuf, Self::Json]
            .into_iter()
            .find(|known| known.as_str() == name)
    }
}

/// A schema's name for all registries: 16 bytes, written `8-4-4-4-12` in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for Guid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::datum("wanted a GUID such as 89791762-2336-4186-9674-299b90a802e2");
        let groups: Vec<&str> = text.split('-').collect();
        let lengths = groups.iter().map(|group| group.len());
        if !lengths.eq([8, 4, 4, 4, 12]) {
            return Err(wrong());
        }
        let mut digits = groups.iter().flat_map(|group| group.chars());
        let mut guid = [0_u8; 16];
        for byte in &mut guid {
            for _ in 0..2 {
                let digit = digits.next().and_then(|digit| digit.to_digit(16));
                let digit = digit.and_then(|digit| u8::try_from(digit).ok());
                *byte = (*byte << 4) | digit.ok_or_else(wrong)?;
            }
        }
        Ok(Self(guid))
    }
}

/// Which schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemaId {
    /// Its number in one registry.
    Number(u32),
    /// Its name for all registries.
    Guid(Guid),
}

/// The way to a message in a Protobuf file: which of the file's messages, which of the messages in that one, and so on,
/// each counted from 0. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessagePath(Vec<u32>);

impl Default for MessagePath {
    /// The first message of the file.
    fn default() -> Self {
        Self(vec![0])
    }
}

impl MessagePath {
    /// A way of those steps.
    ///
    /// # Errors
    /// When there is none, more than schemas may nest ([`MAX_DEPTH`]), or a step is more than an `i32` can say.
    pub fn new(steps: Vec<u32>) -> Result<Self, Error> {
        if steps.is_empty() || steps.len() > MAX_DEPTH {
            let found = steps.len();
            return Err(Error::datum(format!(
                "wanted 1 to {MAX_DEPTH} steps to a message, got {found}"
            )));
        }
        if let Some(step) = steps.iter().find(|step| i32::try_from(**step).is_err()) {
            return Err(Error::datum(format!(
                "wanted a message's place in its file, got {step}"
            )));
        }
        Ok(Self(steps))
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[u32] {
        &self.0
    }

    fn write(&self, out: &mut Vec<u8>) {
        if self.0 == [0] {
            out.push(0);
            return;
        }
        zigzag_varint(i64::try_from(self.0.len()).unwrap_or(i64::MAX), out);
        for step in &self.0 {
            zigzag_varint((*step).into(), out);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Error> {
        let count = input.zigzag()?;
        let Ok(count) = usize::try_from(count) else {
            return Err(Error::datum(format!(
                "wanted a number of steps to a message, got {count}"
            )));
        };
        if count == 0 {
            return Ok(Self::default());
        }
        if count > MAX_DEPTH {
            return Err(Error::datum(format!(
                "wanted at most {MAX_DEPTH} steps to a message, got {count}"
            )));
        }
        let mut steps = Vec::with_capacity(count);
        for _ in 0..count {
            let step = input.zigzag()?;
            let place = u32::try_from(step).map_err(|_| {
                Error::datum(format!("wanted a message's place in its file, got {step}"))
            })?;
            steps.push(place);
        }
        Self::new(steps)
    }
}

/// What stands in front of the data or in the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRef {
    /// Which schema.
    pub id: SchemaId,
    /// Which message of it: only of Protobuf, and always there.
    pub message: Option<MessagePath>,
}

impl SchemaRef {
    /// Of a schema that is one message: Avro, JSON Schema.
    #[must_use]
    pub fn new(id: SchemaId) -> Self {
        Self { id, message: None }
    }

    /// Of a message of a Protobuf file.
    #[must_use]
    pub fn of_message(id: SchemaId, message: MessagePath) -> Self {
        Self {
            id,
            message: Some(message),
        }
    }

    /// Appends the prefix, or the header's value.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self.id {
            SchemaId::Number(number) => {
                out.push(0);
                out.extend_from_slice(&number.to_be_bytes());
            }
            SchemaId::Guid(Guid(bytes)) => {
                out.push(1);
                out.extend_from_slice(&bytes);
            }
        }
        if let Some(message) = &self.message {
            message.write(out);
        }
    }

    /// The reference at the beginning of `bytes`, and what stands behind it.
    ///
    /// # Errors
    /// When there is none: another magic byte, or an end too early.
    pub fn read(bytes: &[u8], kind: SchemaType) -> Result<(Self, &[u8]), Error> {
        let mut input = Input::new(bytes);
        let id = read_id(&mut input)?;
        let message = match kind {
            SchemaType::Protobuf => Some(MessagePath::read(&mut input)?),
            SchemaType::Avro | SchemaType::Json => None,
        };
        Ok((Self { id, message }, input.rest()))
    }

    /// The schema of a record's key or value, and its data: by the header where there is one, else by the prefix.
    ///
    /// # Errors
    /// As [`SchemaRef::read`], and when bytes stand behind the reference in the header.
    pub fn of_record<'b>(
        header: Option<&[u8]>,
        data: &'b [u8],
        kind: SchemaType,
    ) -> Result<(Self, &'b [u8]), Error> {
        let Some(header) = header else {
            return Self::read(data, kind);
        };
        let (reference, rest) = Self::read(header, kind)?;
        if !rest.is_empty() {
            let found = rest.len();
            return Err(Error::datum(format!(
                "wanted nothing behind the schema's id in its header, got {found} bytes"
            )));
        }
        Ok((reference, data))
    }
}

impl SchemaId {
    /// The id at the beginning of a record's data or of its header, when the kind of schema is not yet known. For Protobuf the
    /// way to the message follows it: read again with [`SchemaRef::read`] then.
    ///
    /// # Errors
    /// As [`SchemaRef::read`].
    pub fn peek(bytes: &[u8]) -> Result<Self, Error> {
        read_id(&mut Input::new(bytes))
    }
}

fn read_id(input: &mut Input<'_>) -> Result<SchemaId, Error> {
    let Ok(magic) = input.byte() else {
        return Err(Error::datum("wanted a schema's id, got no byte"));
    };
    match magic {
        0 => Ok(SchemaId::Number(u32::from_be_bytes(input.array()?))),
        1 => Ok(SchemaId::Guid(Guid(input.array()?))),
        other => Err(Error::datum(format!(
            "wanted a schema's id, which begins with 0 or 1, got {other}: was this written with a schema registry?"
        ))),
    }
}

#[cfg(test)]
mod tests;
