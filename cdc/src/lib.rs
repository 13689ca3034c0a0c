//! Change capture: legacy records to Kafka topics, exactly once.
//!
//! In: `capture.toml` and the data sets it names, one file per generation. Out: Debezium change events, dead letters, markers and checkpoints in Kafka, each
//! batch in one transaction. Reads generations and writes Kafka and its own state folder; changes nothing else, and never emits a delete for a record it
//! failed to read.
//!
//! Read `pipeline` first, then `resolve`, `hold` and `image`. [`Capture`] runs, [`status`] and [`release`] are for people.

mod app;
mod batch;
mod change;
mod checkpoint;
mod config;
mod control;
mod decode;
mod echo;
mod encode;
mod error;
mod hold;
mod image;
mod large;
mod marker;
#[cfg(test)]
mod model;
mod observe;
mod pipeline;
mod release;
mod resolve;
mod sink;
mod source;
mod status;
mod wire;

pub use app::{Capture, Ended, Mode};
pub use batch::BatchLimits;
pub use checkpoint::{
    Acted, Committed, ControlTotal, Emitted, FileId, Finished, HeldDeletes, Hold, Kind, Origin,
    Place, Position, Trouble, Work,
};
pub use config::{CaptureConfig, Format, SourceConfig};
pub use error::{Error, ErrorKind, Reaction, Result};
pub use hold::{DuplicateKeys, Reason, Rules, Threshold};
pub use image::{Address, View};
pub use marker::{Activity, PROGRESS_TOPIC};
pub use observe::{Event, Observer, Phase};
pub use release::{Choice, Decision};
pub use resolve::Counts;
pub use source::discover::Pattern;
pub use status::{Held, SourceStatus, State, What, release, status};

/// Lower-case hex digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)])
        .collect()
}

/// The bytes of hex digits, if they are.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text
        .bytes()
        .map(|byte| char::from(byte).to_digit(16))
        .collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| {
        pairs
            .iter()
            .filter_map(|[high, low]| u8::try_from(high << 4 | low).ok())
            .collect()
    })
}
