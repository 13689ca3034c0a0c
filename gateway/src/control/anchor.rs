//! Anchors: what the chain came to at a moment, signed, in a file outside of the log. Who changes the log cannot change them.
//!
//! In: where the log stands, every so often. Out: a line of JSON appended to the file and synced, whenever the log has moved on. The file is only
//! ever appended to; put it where nobody who can write to Kafka can write, or collect it from there.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::command::{Position, Signature};
use super::key::{GatewayKey, PublicKey};
use super::log::run as blocking;
use super::{Shared, rfc3339};

/// The form of a line.
const VERSION: u64 = 1;

/// Where anchors go, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchors {
    /// The file; made if it is missing.
    pub file: PathBuf,
    /// How often, as long as the log moves on.
    pub every: Duration,
}

/// What the chain came to at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    v: u64,
    /// When, RFC 3339, by the gateway's clock.
    pub at: String,
    /// The instance name of the gateway that says so.
    pub gateway: String,
    /// The last entry it had folded, and the chain's hash there.
    pub position: Position,
    /// Its key.
    pub key: PublicKey,
    /// Over all the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
}

impl Anchor {
    fn new(gateway: &str, position: Position, key: &GatewayKey) -> Self {
        let mut anchor = Self {
            v: VERSION,
            at: rfc3339(SystemTime::now()),
            gateway: gateway.to_owned(),
            position,
            key: key.public(),
            signature: None,
        };
        anchor.signature = Some(key.sign(&anchor.signed_bytes()));
        anchor
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let unsigned = Self {
            signature: None,
            ..self.clone()
        };
        let mut bytes = b"anchor\0".to_vec();
        bytes.extend(serde_json::to_vec(&unsigned).unwrap_or_default());
        bytes
    }

    /// Reads a line.
    ///
    /// # Errors
    /// It is none, or its key has not signed it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let anchor: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if anchor.v != VERSION {
            return Err(format!(
                "it has version {}, this Figway reads version {VERSION}",
                anchor.v
            ));
        }
        let signature = anchor.signature.as_ref();
        let signed = signature.is_some_and(|by| anchor.key.has_signed(&anchor.signed_bytes(), by));
        if signed {
            Ok(anchor)
        } else {
            Err("its signature does not fit it".to_owned())
        }
    }
}

/// Until control ends.
pub(super) async fn run(shared: Arc<Shared>, anchors: Anchors) {
    let mut last = None;
    let mut well = true;
    loop {
        let position = shared.state.borrow().position();
        if let Some(position) = position.filter(|position| last != Some(*position)) {
            let anchor = Anchor::new(&shared.settings.gateway, position, &shared.key);
            let file = anchors.file.clone();
            match blocking(move || append(&file, &anchor)).await {
                Ok(()) => {
                    last = Some(position);
                    well = true;
                }
                Err(error) if well => {
                    tracing::error!(file = %anchors.file.display(), %error, "an anchor of the control log cannot be written");
                    well = false;
                }
                Err(_) => {}
            }
        }
        tokio::time::sleep(anchors.every).await;
    }
}

fn append(file: &Path, anchor: &Anchor) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(anchor)?;
    line.push(b'\n');
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(file)?;
    // Behind a line that was cut off: what follows it is whole.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        line.insert(0, b'\n');
    }
    // In one piece: several gateways may append to one file.
    file.write_all(&line)?;
    file.sync_data()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::key::tests::key;
    use super::*;

    /// One of the gateway of that number.
    pub(in crate::control) fn anchor(number: u8, position: Position) -> Anchor {
        Anchor::new(&format!("gw-{number}"), position, &key(number))
    }

    #[test]
    fn an_anchor_is_read_only_as_it_was_written() {
        let position = Position {
            offset: 7,
            hash: "ab".repeat(32).parse().unwrap(),
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("anchors.jsonl");
        append(&file, &anchor(1, position)).unwrap();
        // Cut off, as where the disk was full.
        let mut torn = OpenOptions::new().append(true).open(&file).unwrap();
        torn.write_all(b"{\"v\":1").unwrap();
        append(&file, &anchor(2, position)).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let read: Vec<_> = text
            .lines()
            .filter_map(|line| Anchor::parse(line).ok())
            .collect();
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[1].gateway.as_str(), read[1].position),
            ("gw-2", position)
        );
        let changed = text
            .lines()
            .next()
            .unwrap()
            .replace("\"offset\":7", "\"offset\":6");
        assert_eq!(
            Anchor::parse(&changed).unwrap_err(),
            "its signature does not fit it"
        );
        assert!(Anchor::parse("{}").is_err());
    }
}
