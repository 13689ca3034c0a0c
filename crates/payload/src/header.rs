//! The headers by which a record says how its body travels. Pure.
//!
//! A record without any of them is its own body. All values are text; `docs/service-guide.md` has the table for readers in other languages.

use std::fmt;

use bytes::Bytes;

use crate::hex;
use crate::name::ObjectName;

/// How the bytes are to be read that are in the record, the chunks or the object: `identity` or `zstd`. On every record with a form.
pub const ENCODING: &str = "figway-payload-encoding";
/// The length of the body in bytes, decoded; decimal. On every record with a form.
pub const LENGTH: &str = "figway-payload-length";
/// The SHA-256 of the body, decoded; 64 hexadecimal digits in lower case. On every record with a form.
pub const SHA256: &str = "figway-payload-sha256";
/// The name of the object that holds the body: `until-YYYYMMDD/hh/` or `forever/hh/` and 32 hexadecimal digits.
pub const CLAIM: &str = "figway-payload-claim";
/// The id of the key the object is encrypted with; not there when it is not.
pub const KEY: &str = "figway-payload-key";
/// Which chunks belong together: 32 hexadecimal digits.
pub const CHUNK_SET: &str = "figway-payload-chunk-set";
/// Which of them this one is, from 0; decimal.
pub const CHUNK_INDEX: &str = "figway-payload-chunk-index";
/// How many they are; decimal.
pub const CHUNK_COUNT: &str = "figway-payload-chunk-count";
/// On a request: in which forms its sender reads the reply; `zstd`, `chunks` and `claim`, with commas.
pub const ACCEPT: &str = "figway-payload-accept";

/// What the names of all of them begin with.
pub const PREFIX: &str = "figway-payload-";

/// The most chunks of one body.
pub const MOST_CHUNKS: u32 = 10_000;
/// The longest id of a key.
pub const LONGEST_KEY_ID: usize = 64;

/// How a body's bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    #[default]
    Identity,
    /// One Zstandard frame (RFC 8878).
    Zstd,
}

impl Encoding {
    fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Zstd => "zstd",
        }
    }
}

/// What a body is, wherever its bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// How they are written there.
    pub encoding: Encoding,
    /// How many they are, decoded.
    pub length: u64,
    /// Their SHA-256, decoded.
    pub sha256: [u8; 32],
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("encoding", &self.encoding)
            .field("length", &self.length)
            .field("sha256", &hex::encode(&self.sha256))
            .finish()
    }
}

/// The id of a key: letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// Takes a text that can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=LONGEST_KEY_ID).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One of the chunks of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which chunks belong together: never the same for two bodies.
    pub set: [u8; 16],
    /// From 0.
    pub index: u32,
    /// At least 1, at most [`MOST_CHUNKS`].
    pub count: u32,
}

/// Where a body's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the record.
    Here,
    /// In this record and others of its partition.
    Chunk(Chunk),
    /// In an object of the store.
    Object {
        /// Which.
        name: ObjectName,
        /// What it is encrypted with; not at all if none.
        key: Option<KeyId>,
    },
}

/// How a body travels that is not just the record's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is.
    pub manifest: Manifest,
    /// Where it is.
    pub place: Place,
}

/// The header that cannot be read, or is missing among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("header {0} cannot be read")]
pub struct Malformed(pub &'static str);

impl Form {
    /// The form in a record's headers, of which `get` gives the last of a name; none where the record is its own body.
    ///
    /// # Errors
    /// A header is missing beside others, or is not what this version writes: nothing is guessed.
    pub fn parse<'a>(get: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Option<Self>, Malformed> {
        let known = [
            ENCODING,
            LENGTH,
            SHA256,
            CLAIM,
            KEY,
            CHUNK_SET,
            CHUNK_INDEX,
            CHUNK_COUNT,
        ];
        if known.iter().all(|name| get(name).is_none()) {
            return Ok(None);
        }
        let must = |name: &'static str| text(get(name)).ok_or(Malformed(name));
        let encoding = match must(ENCODING)? {
            "identity" => Encoding::Identity,
            "zstd" => Encoding::Zstd,
            _ => return Err(Malformed(ENCODING)),
        };
        let manifest = Manifest {
            encoding,
            length: decimal(must(LENGTH)?).ok_or(Malformed(LENGTH))?,
            sha256: hex::decode(must(SHA256)?).ok_or(Malformed(SHA256))?,
        };
        let chunked = [CHUNK_SET, CHUNK_INDEX, CHUNK_COUNT]
            .iter()
            .any(|name| get(name).is_some());
        let place = match (get(CLAIM).is_some(), chunked) {
            (true, true) => return Err(Malformed(CLAIM)),
            (true, false) => Place::Object {
                name: ObjectName::parse(must(CLAIM)?).ok_or(Malformed(CLAIM))?,
                key: match get(KEY) {
                    Some(_) => Some(KeyId::parse(must(KEY)?).ok_or(Malformed(KEY))?),
                    None => None,
                },
            },
            (false, _) if get(KEY).is_some() => return Err(Malformed(KEY)),
            (false, true) => Place::Chunk(chunk(must)?),
            (false, false) => Place::Here,
        };
        Ok(Some(Self { manifest, place }))
    }

    /// The headers that say so.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, Bytes)> {
        let mut headers = Vec::with_capacity(6);
        let mut put = |name: &str, value: String| headers.push((name.to_owned(), value.into()));
        put(ENCODING, self.manifest.encoding.as_str().to_owned());
        put(LENGTH, self.manifest.length.to_string());
        put(SHA256, hex::encode(&self.manifest.sha256));
        match &self.place {
            Place::Here => {}
            Place::Chunk(chunk) => {
                put(CHUNK_SET, hex::encode(&chunk.set));
                put(CHUNK_INDEX, chunk.index.to_string());
                put(CHUNK_COUNT, chunk.count.to_string());
            }
            Place::Object { name, key } => {
                put(CLAIM, name.to_string());
                if let Some(key) = key {
                    put(KEY, key.as_str().to_owned());
                }
            }
        }
        headers
    }
}

fn chunk<'a>(
    must: impl Fn(&'static str) -> Result<&'a str, Malformed>,
) -> Result<Chunk, Malformed> {
    let number = |name: &'static str| {
        let said = decimal(must(name)?).and_then(|said| u32::try_from(said).ok());
        said.ok_or(Malformed(name))
    };
    let (index, count) = (number(CHUNK_INDEX)?, number(CHUNK_COUNT)?);
    if !(1..=MOST_CHUNKS).contains(&count) {
        return Err(Malformed(CHUNK_COUNT));
    }
    if index >= count {
        return Err(Malformed(CHUNK_INDEX));
    }
    Ok(Chunk {
        set: hex::decode(must(CHUNK_SET)?).ok_or(Malformed(CHUNK_SET))?,
        index,
        count,
    })
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    str::from_utf8(bytes?).ok()
}

/// Digits only, as they are written: no sign, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// In which forms a reply may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    /// Compressed.
    pub zstd: bool,
    /// In chunks.
    pub chunks: bool,
    /// As a reference to an object in the store of both.
    pub claim: bool,
}

impl Accept {
    /// Everything there is.
    pub const ALL: Self = Self {
        zstd: true,
        chunks: true,
        claim: true,
    };

    /// What a header says; words that are not known say nothing.
    #[must_use]
    pub fn parse(bytes: Option<&[u8]>) -> Self {
        let mut accept = Self::default();
        for word in text(bytes).unwrap_or_default().split(',') {
            match word.trim() {
                "zstd" => accept.zstd = true,
                "chunks" => accept.chunks = true,
                "claim" => accept.claim = true,
                _ => {}
            }
        }
        accept
    }

    /// The value of the header.
    #[must_use]
    pub fn value(self) -> Bytes {
        let words = [
            (self.zstd, "zstd"),
            (self.chunks, "chunks"),
            (self.claim, "claim"),
        ];
        let said = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
        Bytes::from(said.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests;
