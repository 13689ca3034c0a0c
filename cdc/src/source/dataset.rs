//! One generation of a data set, from its file to its meaning: read, sorted, compared with the view before.
//!
//! In: a file and the committed view. Out: images in the store, counts, and everything the hold rules ask about. Blocking; no transaction is open while it
//! runs. Reads the file once, from front to back, and fails with [`ErrorKind::FileChanged`] when it does not stay as it is meanwhile.

use std::fs::File;
use std::io::Read;

use parsers::{Deframer, FrameError};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::checkpoint::{ControlTotal, FileId, Origin};
use crate::config::SourceConfig;
use crate::control::Controls;
use crate::decode::{BadRecord, Reader};
use crate::error::{Error, ErrorKind, Result};
use crate::hold::Evidence;
use crate::image::{Entry, Sorter, Store, Tag, View, ViewReader};
use crate::observe::{Event, Observer, Phase};
use crate::resolve::{Resolved, dead_letter_key, resolve};
use crate::source::discover::{Found, Stamp};

/// How much of the file is read at once.
const CHUNK: usize = 256 << 10;

/// A generation, understood.
#[derive(Debug)]
pub(crate) struct Evaluated {
    pub(crate) origin: Origin,
    pub(crate) resolved: Resolved,
    pub(crate) evidence: Evidence,
    pub(crate) controls: Vec<ControlTotal>,
    pub(crate) business_date: Option<String>,
}

/// Who asked, and how to stop.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) observer: Observer,
    pub(crate) cancel: CancellationToken,
}

impl Task {
    /// Fails when the work is no longer wanted.
    fn go_on(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            Err(Error::new(
                ErrorKind::Cancelled,
                "the worker is shutting down",
            ))
        } else {
            Ok(())
        }
    }
}

/// Reads a generation and compares it with `before`.
pub(crate) fn evaluate(
    config: &SourceConfig,
    store: &Store,
    found: &Found,
    before: Option<&View>,
    task: &Task,
) -> Result<Evaluated> {
    // Opened first: when an image is missing there is no need to read a large file.
    let before = ViewReader::open(store, before)?;
    let scan = Scan::of(config, store, found, task)?;
    let reader = Reader::new(config.layout());
    let mut first_bad = scan.first_bad;
    let total = scan.sorted.len();
    let resolved = resolve(
        store,
        scan.sorted.finish()?,
        scan.unreadable,
        before,
        |entry| match reader.body_fault(entry.raw) {
            None => true,
            Some(bad) => {
                first_bad.get_or_insert_with(|| {
                    format!("record {}: {}", entry.record_no, bad.without_contents())
                });
                false
            }
        },
        |done| {
            task.observer.tell(Event::Progress {
                source: config.name(),
                generation: &found.name,
                phase: Phase::Comparing,
                done,
                total,
            });
            task.go_on()
        },
    )?;
    let evidence = Evidence {
        counts: resolved.counts,
        framing: scan.framing,
        controls: scan.controls.disagreements(),
        first_bad,
    };
    Ok(Evaluated {
        origin: Origin {
            generation: found.name.clone(),
            file: scan.file,
        },
        controls: scan.controls.control_totals(),
        business_date: scan.controls.business_date(),
        resolved,
        evidence,
    })
}

/// What one pass over the file gives.
struct Scan {
    sorted: Sorter,
    unreadable: Sorter,
    controls: Controls,
    framing: Option<String>,
    first_bad: Option<String>,
    file: FileId,
}

impl Scan {
    fn of(config: &SourceConfig, store: &Store, found: &Found, task: &Task) -> Result<Self> {
        let failed = |error| Error::io("read", &found.path, error);
        let changed = || {
            Error::new(ErrorKind::FileChanged, format!("{} changed while it was read", found.path.display()))
                .with_help("write generations under a name ending in .part and rename them when they are complete")
        };
        let mut file = File::open(&found.path).map_err(failed)?;
        let before = Stamp::from(&file.metadata().map_err(failed)?).map_err(failed)?;
        let mut records = Records {
            layout: Reader::new(config.layout()),
            key: Vec::new(),
            sorted: store.sorter(config.sort_memory()),
            // Bad records are few, or the generation is held: a small part of the memory does.
            unreadable: store.sorter(config.sort_memory() / 8),
            controls: Controls::new(config),
            first_bad: None,
        };
        let mut deframer = Deframer::new(config.framing().clone());
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let mut done = 0;
        let mut framing = None;
        loop {
            task.go_on()?;
            let len = file.read(&mut chunk).map_err(failed)?;
            let bytes = chunk.get(..len).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            hash.update(bytes);
            done += len as u64;
            // After a framing error nothing more can be told apart; the rest is read for its hash only.
            if framing.is_none() {
                deframer.push(bytes);
                framing = records.take(&mut deframer)?;
            }
            task.observer.tell(Event::Progress {
                source: config.name(),
                generation: &found.name,
                phase: Phase::Reading,
                done,
                total: before.size,
            });
        }
        if framing.is_none() {
            framing = match deframer.finish() {
                // A last record without an end, where the format has such.
                Ok(()) => records.take(&mut deframer)?,
                Err(error) => Some(in_words(&error)),
            };
        }
        // By name and by handle: a file renamed over this one, and a file written on.
        let after = Stamp::from(&file.metadata().map_err(failed)?).map_err(failed)?;
        if after != before || Stamp::of(&found.path)? != before || done != before.size {
            return Err(changed());
        }
        let hash: [u8; 32] = hash.finalize().into();
        Ok(Self {
            sorted: records.sorted,
            unreadable: records.unreadable,
            controls: records.controls,
            framing,
            first_bad: records.first_bad,
            file: FileId {
                size: before.size,
                modified_ms: before.modified_ms(),
                sha256: crate::hex(&hash),
            },
        })
    }
}

/// Where records go as they come out of the file.
struct Records<'a> {
    layout: Reader<'a>,
    key: Vec<u8>,
    sorted: Sorter,
    unreadable: Sorter,
    controls: Controls,
    first_bad: Option<String>,
}

impl Records<'_> {
    /// Takes every record that is complete. Gives the deframer's error, if it met one.
    fn take(&mut self, deframer: &mut Deframer) -> Result<Option<String>> {
        loop {
            match deframer.next() {
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(in_words(&error))),
                Ok(Some(record)) => {
                    let (record_no, offset, raw) =
                        (record.record_no + 1, record.offset, record.bytes);
                    if self.controls.take(record_no, raw) {
                        continue;
                    }
                    self.key.clear();
                    match self.layout.write_key(raw, &mut self.key) {
                        Ok(()) => self.sorted.push(Entry {
                            key: &self.key,
                            record_no,
                            offset,
                            tag: Tag::Plain,
                            raw,
                        })?,
                        Err(bad) => self.bad(record_no, offset, raw, &bad)?,
                    }
                }
            }
        }
    }

    fn bad(&mut self, record_no: u64, offset: u64, raw: &[u8], bad: &BadRecord) -> Result<()> {
        self.first_bad
            .get_or_insert_with(|| format!("record {record_no}: {}", bad.without_contents()));
        self.unreadable.push(Entry {
            key: &dead_letter_key(record_no),
            record_no,
            offset,
            tag: Tag::UnreadableKey,
            raw,
        })
    }
}

/// What a person is told; never the bytes that were taken for a length, which may be contents.
fn in_words(error: &FrameError) -> String {
    let message = error.without_bytes();
    match error.help() {
        None => message,
        Some(help) => format!("{message} ({help})"),
    }
}
