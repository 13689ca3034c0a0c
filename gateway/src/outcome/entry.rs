//! What gateways write to a topic of outcomes, beside the replies that services write there. Pure.
//!
//! A record of ours has the request's id as its key (16 raw bytes), the header `figway-outcome` with the word of its kind, and as its
//! value a JSON object with a `version`. Everything else on the topic is a reply.

use bytes::Bytes;
use kafka::{Incoming, Outgoing, reply as name};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The form of the records.
const VERSION: u32 = 1;

/// A request that a gateway has taken on, as it is written before the request is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which request of a client it was: the same for each attempt of one gateway at it, another when the client sends it again.
    pub by: Uuid,
    /// The route it took.
    pub route: String,
    /// When it was taken on, in milliseconds since 1970, by the clock of the gateway that did.
    pub at_ms: i64,
    /// After that nobody executes it any more.
    pub deadline_ms: i64,
    /// Until then its answer is given.
    pub keep_until_ms: i64,
    /// What only those know who were told: part of the address under which the outcome is found.
    pub secret: u64,
    /// What its target and body come to, where it is executed once for its key.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex16")]
    pub fingerprint: Option<u128>,
    /// Whose it is, where clients are known: nobody else is told its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex16")]
    pub owner: Option<u128>,
    /// Who is told of its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Callback>,
    /// The group that goes back to legacy with this write, where it is one whose writes go back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Under which id its service knows it, as the gateway that took it on made out: one that was started after the topic forgot what was
    /// before comes to the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Uuid>,
    /// Whether its client is answered later. Where the same request is under way already it is then sent once more, and who sent it first
    /// cannot give the claim back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
}

/// Who is told of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The backend, by its name.
    pub backend: String,
    /// Path and query there.
    pub path: String,
}

/// What a record of ours says of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Said {
    /// It is taken on.
    Accepted(Box<Claim>),
    /// It was not sent after all: as if it had never come.
    Released {
        /// As in its claim.
        by: Uuid,
    },
    /// A gateway tells its outcome; nobody else does until then.
    Calling {
        /// Which gateway.
        by: Uuid,
        /// When that was said, in milliseconds since 1970.
        at_ms: i64,
        /// Until when.
        until_ms: i64,
        /// How often that has failed.
        tries: u32,
    },
    /// Its outcome was told, or nobody tries any more.
    Called {
        /// Whether the receiver took it.
        taken: bool,
    },
}

impl Said {
    fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Released { .. } => "released",
            Self::Calling { .. } => "calling",
            Self::Called { .. } => "called",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    said: T,
}

/// A record that a program of another version wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the record at offset {offset} of partition {partition} is of a version that this program does not know: run the newer program that wrote it"
)]
pub struct Strange {
    /// Where it stands.
    pub partition: i32,
    /// Where it stands in it.
    pub offset: i64,
}

/// What a record of a topic of outcomes is.
#[derive(Debug)]
pub enum Found {
    /// Ours.
    Said(Uuid, Said),
    /// A service's.
    Reply(Incoming),
}

/// The record that says so.
#[must_use]
pub fn record(topic: &str, partition: i32, id: Uuid, said: &Said) -> Outgoing {
    let value = serde_json::to_vec(&Versioned {
        version: VERSION,
        said,
    });
    let mut record = Outgoing::new(
        topic,
        Some(Bytes::copy_from_slice(id.as_bytes())),
        // Maps with text for keys, which JSON has a form for.
        value.ok().map(Bytes::from),
    );
    record.partition = Some(partition);
    let word = Bytes::from_static(said.word().as_bytes());
    record.headers.push((name::OUTCOME.to_owned(), word));
    record
}

/// What a record says.
///
/// # Errors
/// It is of ours, and of a version that is not known.
pub fn read(record: Incoming) -> Result<Found, Strange> {
    if record.header(name::OUTCOME).is_none() {
        return Ok(Found::Reply(record));
    }
    let strange = Strange {
        partition: record.partition,
        offset: record.offset,
    };
    let id = record.key.as_deref().map(Uuid::from_slice);
    let value = record.value.as_deref().unwrap_or_default();
    let said = serde_json::from_slice::<Versioned<Said>>(value);
    match (id, said) {
        (Some(Ok(id)), Ok(versioned)) if versioned.version == VERSION => {
            Ok(Found::Said(id, versioned.said))
        }
        _ => Err(strange),
    }
}

/// 16 bytes as 32 hexadecimal digits.
mod hex16 {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<u128>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_str(&format!("{value:032x}")),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<u128>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let parse = |text: String| u128::from_str_radix(&text, 16).map_err(Error::custom);
        text.map(parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            by: Uuid::from_u128(2),
            route: "lot-posting".to_owned(),
            at_ms: 1_000,
            deadline_ms: 2_000,
            keep_until_ms: 9_000,
            secret: 0xABCD,
            fingerprint: Some(7),
            owner: None,
            callback: Some(Callback {
                backend: "partner".to_owned(),
                path: "/hooks?x=1".to_owned(),
            }),
            group: None,
            request: None,
            later: false,
        }
    }

    fn back(out: Outgoing) -> Incoming {
        let headers = out.headers.iter();
        Incoming {
            partition: out.partition.unwrap(),
            offset: 5,
            timestamp_ms: out.timestamp_ms,
            key: out.key.map(|key| key.to_vec()),
            value: out.value.map(|value| value.to_vec()),
            headers: headers
                .map(|(name, value)| (name.clone(), value.to_vec()))
                .collect(),
        }
    }

    /// What other gateways, and later ones, read: a change of this is a new version.
    #[test]
    fn records_are_what_they_were() {
        let id = Uuid::from_u128(1);
        let text = |said: &Said| {
            let value = record("t", 3, id, said).value.unwrap();
            String::from_utf8(value.to_vec()).unwrap()
        };
        insta::assert_snapshot!(text(&Said::Accepted(Box::new(claim()))), @r#"{"version":1,"state":"accepted","by":"00000000-0000-0000-0000-000000000002","route":"lot-posting","at_ms":1000,"deadline_ms":2000,"keep_until_ms":9000,"secret":43981,"fingerprint":"00000000000000000000000000000007","callback":{"backend":"partner","path":"/hooks?x=1"}}"#);
        insta::assert_snapshot!(text(&Said::Released { by: id }), @r#"{"version":1,"state":"released","by":"00000000-0000-0000-0000-000000000001"}"#);
        insta::assert_snapshot!(text(&Said::Called { taken: true }), @r#"{"version":1,"state":"called","taken":true}"#);
    }

    #[test]
    fn records_come_back_as_they_went_and_strange_ones_are_named() {
        let id = Uuid::from_u128(1);
        let calling = Said::Calling {
            by: id,
            at_ms: 1,
            until_ms: 2,
            tries: 3,
        };
        for said in [
            Said::Accepted(Box::new(claim())),
            calling,
            Said::Released { by: id },
        ] {
            let Ok(Found::Said(found, read)) = read(back(record("t", 3, id, &said))) else {
                panic!("wanted ours");
            };
            assert_eq!((found, read), (id, said));
        }
        let mut other = back(record("t", 3, id, &Said::Called { taken: false }));
        other.value = Some(br#"{"version":2,"state":"called","taken":false}"#.to_vec());
        let strange = read(other.clone()).unwrap_err();
        assert_eq!((strange.partition, strange.offset), (3, 5));
        other.headers.clear();
        assert!(matches!(read(other), Ok(Found::Reply(_))));
    }
}
