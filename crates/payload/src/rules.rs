//! Which way a body travels, by its size: `[backends.NAME.payload]` of a service, `payload` of a captured source.

use serde::Deserialize;
use toml::Spanned;

use crate::config::Fault;
use crate::header::{Encoding, MOST_CHUNKS};
use crate::units::{Age, Size, shown_size};

/// The table, as it stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Larger bodies are compressed; none are if none.
    pub compress_above: Option<Spanned<Size>>,
    /// The largest body that travels in one record; as much as fits if none.
    pub above: Option<Spanned<Size>>,
    /// How larger ones travel: `claim` or `chunks`; they are refused if none.
    pub by: Option<Spanned<String>>,
    /// The size of a chunk.
    pub chunk: Option<Spanned<Size>>,
    /// The largest body of all.
    pub max: Option<Spanned<Size>>,
}

/// What else decides whether rules hold.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// What a record's value can have.
    pub room: u64,
    /// How old objects get; none where there is no store.
    pub store: Option<Age>,
    /// What becomes of the topic's records.
    pub topic: Topic,
}

/// What becomes of the records of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// They are kept for a time.
    Deleted,
    /// The last one of each key is kept for ever.
    Compacted,
    /// A service reads them as requests, each of which is one record.
    Requests,
}

/// Which way a body travels, by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Larger bodies are compressed; none are if none. Bytes.
    pub compress_above: Option<usize>,
    /// The largest body that travels in one record, in bytes, compressed or not.
    pub whole: usize,
    /// How larger ones travel.
    pub above: Above,
    /// The largest body of all, in bytes.
    pub most: u64,
}

/// How a body travels that is too large for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// It does not.
    Refused,
    /// In records of at most so many bytes each. It is in memory as a whole.
    Chunks(usize),
    /// As a reference to an object.
    Claim,
}

const CHUNK: u64 = 512 << 10;
/// A body in chunks is in memory, here and there.
const CHUNKED: u64 = 64 << 20;
const CLAIMED: u64 = 1 << 30;

impl Policy {
    /// Bodies travel as they are, up to that many bytes.
    #[must_use]
    pub fn plain(whole: usize) -> Self {
        Self {
            compress_above: None,
            whole,
            above: Above::Refused,
            most: u64::try_from(whole).unwrap_or(u64::MAX),
        }
    }

    /// How a body of that size and media type is written.
    #[must_use]
    pub fn encoding(&self, length: Option<u64>, media_type: Option<&str>) -> Encoding {
        let large = |least: usize| {
            let least = u64::try_from(least).unwrap_or(u64::MAX);
            length.is_none_or(|length| length > least)
        };
        if self.compress_above.is_some_and(large) && !media_type.is_some_and(is_compressed) {
            Encoding::Zstd
        } else {
            Encoding::Identity
        }
    }
}

/// Whether bodies of that type are compressed already.
fn is_compressed(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("video" | "audio", _)) => true,
        Some(("image", kind)) => !matches!(kind, "tiff" | "bmp" | "svg+xml"),
        Some(("application", kind)) => matches!(
            kind,
            "zip" | "gzip" | "zstd" | "x-7z-compressed" | "x-bzip2" | "x-xz"
        ),
        _ => false,
    }
}

impl Rules {
    /// What the rules mean.
    ///
    /// # Errors
    /// Everything that does not hold.
    pub fn resolve(&self, around: &Surroundings) -> Result<Policy, Vec<Fault>> {
        let mut faults = Vec::new();
        let by = self.way(around, &mut faults);
        let fits = |said: &Option<Spanned<Size>>, default: u64, faults: &mut Vec<Fault>| {
            let Some(said) = said else {
                return default.min(around.room);
            };
            let Size(bytes) = *said.get_ref();
            if bytes == 0 {
                faults.push(Fault::new(said, "nothing would fit", "write a size"));
            }
            if bytes > around.room {
                faults.push(Fault::new(
                    said,
                    format!(
                        "this does not fit into a record: with its headers it may have {}",
                        shown_size(around.room)
                    ),
                    "write less, or more as kafka.max_message",
                ));
            }
            bytes.clamp(1, around.room)
        };
        let whole = fits(&self.above, around.room, &mut faults);
        let chunk = fits(&self.chunk, CHUNK, &mut faults);
        if let (Some(said), false) = (&self.chunk, matches!(by, Some(Way::Chunks))) {
            faults.push(Fault::new(
                said,
                "nothing goes in chunks here",
                "leave it out, or write by = \"chunks\"",
            ));
        }
        let most = self.most(by, whole, chunk, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        Ok(Policy {
            compress_above: self
                .compress_above
                .as_ref()
                .map(|said| bytes(said.get_ref().0)),
            whole: bytes(whole),
            above: match by {
                None => Above::Refused,
                Some(Way::Chunks) => Above::Chunks(bytes(chunk)),
                Some(Way::Claim) => Above::Claim,
            },
            most,
        })
    }

    fn way(&self, around: &Surroundings, faults: &mut Vec<Fault>) -> Option<Way> {
        let by = self.by.as_ref()?;
        let way = match by.get_ref().as_str() {
            "claim" => Way::Claim,
            "chunks" => Way::Chunks,
            other => {
                faults.push(Fault::new(
                    by,
                    format!("unknown by \"{other}\""),
                    "known are: claim, chunks",
                ));
                return None;
            }
        };
        match (way, around.store) {
            (Way::Claim, None) => faults.push(Fault::new(
                by,
                "large bodies are to be stored, and it is not said where",
                "add [kafka.payload] with its folder",
            )),
            (Way::Claim, Some(Age::For(_))) if around.topic == Topic::Compacted => faults.push(Fault::new(
                by,
                "the topic keeps the last record of each key for ever, and what it refers to would expire",
                "write retention = \"forever\" in [kafka.payload], or cleanup_policy = \"delete\"",
            )),
            (Way::Chunks, _) if around.topic == Topic::Requests => faults.push(Fault::new(
                by,
                "a request is one record: services do not read it in chunks",
                "write by = \"claim\"",
            )),
            (Way::Chunks, _) if around.topic == Topic::Compacted => faults.push(Fault::new(
                by,
                "compaction keeps the last record of each key, and all chunks of a body have one key",
                "write by = \"claim\", or cleanup_policy = \"delete\"",
            )),
            _ => {}
        }
        Some(way)
    }

    fn most(&self, by: Option<Way>, whole: u64, chunk: u64, faults: &mut Vec<Fault>) -> u64 {
        let default = match by {
            None => whole,
            Some(Way::Chunks) => CHUNKED.max(whole),
            Some(Way::Claim) => CLAIMED.max(whole),
        };
        let Some(said) = &self.max else {
            return default;
        };
        let Size(most) = *said.get_ref();
        if by.is_none() {
            faults.push(Fault::new(
                said,
                "what does not fit into a record is refused here, so nothing gets as large",
                "leave it out, or write by = \"claim\"",
            ));
        } else if most < whole {
            faults.push(Fault::new(
                said,
                format!("bodies up to {} travel as they are", shown_size(whole)),
                "write more, or less as above",
            ));
        }
        let chunked = chunk.saturating_mul(MOST_CHUNKS.into());
        if matches!(by, Some(Way::Chunks)) && most > chunked {
            faults.push(Fault::new(
                said,
                format!(
                    "a body has at most {MOST_CHUNKS} chunks: {} at most",
                    shown_size(chunked)
                ),
                "write less, or larger chunks, or by = \"claim\"",
            ));
        }
        most
    }
}

#[derive(Clone, Copy)]
enum Way {
    Chunks,
    Claim,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str, topic: Topic) -> Result<Policy, Vec<String>> {
        let rules: Rules = toml::from_str(text).unwrap();
        let around = Surroundings {
            room: 1 << 20,
            store: Some(Age::For(std::time::Duration::from_secs(3600))),
            topic,
        };
        let faults = |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.message).collect();
        rules.resolve(&around).map_err(faults)
    }

    #[test]
    fn without_words_bodies_travel_as_they_are() {
        assert_eq!(resolve("", Topic::Compacted), Ok(Policy::plain(1 << 20)));
    }

    #[test]
    fn sizes_and_ways() {
        let policy = resolve(
            "compress_above = \"16 KiB\"\nabove = \"256 KiB\"\nby = \"claim\"\nmax = \"2 GiB\"",
            Topic::Requests,
        );
        let policy = policy.unwrap();
        assert_eq!(
            policy,
            Policy {
                compress_above: Some(16 << 10),
                whole: 256 << 10,
                above: Above::Claim,
                most: 2 << 30,
            }
        );
        let encoding = |length, media: &str| policy.encoding(length, Some(media));
        assert_eq!(encoding(Some(16 << 10), "text/plain"), Encoding::Identity);
        assert_eq!(encoding(None, "application/json; a=b"), Encoding::Zstd);
        assert_eq!(encoding(Some(1 << 30), "image/tiff"), Encoding::Zstd);
        assert_eq!(encoding(Some(1 << 30), "Image/JPEG"), Encoding::Identity);
        let chunks = resolve("by = \"chunks\"\nchunk = \"128 KiB\"", Topic::Deleted).unwrap();
        assert_eq!(chunks.above, Above::Chunks(128 << 10));
    }

    #[test]
    fn what_is_compacted_is_not_chunked_and_does_not_refer_to_what_expires() {
        assert_eq!(
            resolve("by = \"chunks\"", Topic::Compacted)
                .unwrap_err()
                .len(),
            1
        );
        assert_eq!(
            resolve("by = \"claim\"", Topic::Compacted)
                .unwrap_err()
                .len(),
            1
        );
    }
}
