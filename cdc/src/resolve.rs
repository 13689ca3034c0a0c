//! What a generation means, given the view before it: which records are new, changed, the same, unreadable, or missing.
//!
//! In: the generation's records sorted by key, the unreadable ones apart, and the committed view. Out: the generation's own image, the records carried over,
//! the missing ones, the dead letters, and how many of each. The images depend on nothing but the file and the view, so they have the same names
//! wherever and whenever they are made. Never decides whether a delete is done: that is `hold`.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::image::{Address, Cursor, Entry, Owned, Sorted, Sorter, Store, Tag, ViewReader};

/// How many records of each sort a generation has, against the view before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counts {
    /// Data records in the file, readable or not.
    pub records: u64,
    /// Keys the view before did not have.
    pub created: u64,
    /// Keys whose bytes changed.
    pub updated: u64,
    /// Keys whose bytes are the same.
    pub unchanged: u64,
    /// Keys of the view before that are missing.
    pub missing: u64,
    /// Records whose key could not be read.
    pub unreadable_keys: u64,
    /// Records whose key reads and whose body does not.
    pub unreadable_bodies: u64,
    /// Records with a later one of the same key in the same generation.
    pub duplicate_keys: u64,
    /// Records in the view before.
    pub before: u64,
}

impl Counts {
    /// Records that become dead letters.
    pub fn bad(&self) -> u64 {
        self.unreadable_keys + self.unreadable_bodies + self.duplicate_keys
    }
}

/// A generation, resolved: images in the store, and counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Readable records, one per key.
    pub(crate) image: Address,
    /// Records of the view before whose key has an unreadable body now; `None` when there are none.
    pub(crate) carried: Option<Address>,
    /// Records of the view before whose key is missing; `None` when there are none.
    pub(crate) missing: Option<Address>,
    /// Dead letters, by record number; `None` when there are none.
    pub(crate) dead: Option<Address>,
    pub(crate) counts: Counts,
}

/// Compares `records` (by key, then record number) with `before`. `unreadable` are the records whose key could not be read; `readable` says whether a
/// record's whole body decodes, and is asked only when its bytes are not those of the view before (they decoded then).
pub(crate) fn resolve(
    store: &Store,
    records: Sorted,
    unreadable: Sorter,
    before: ViewReader,
    readable: impl FnMut(&Entry<'_>) -> bool,
    progress: impl FnMut(u64) -> Result<()>,
) -> Result<Resolved> {
    let counts = Counts {
        records: unreadable.len(),
        unreadable_keys: unreadable.len(),
        before: before.entries(),
        ..Counts::default()
    };
    let mut resolver = Resolver {
        store,
        before,
        image: store.writer()?,
        carried: None,
        missing: None,
        dead: unreadable,
        counts,
        readable,
    };
    resolver.run(records, progress)?;
    resolver.finish()
}

/// The key of a dead letter in its image: its record number, so that they come in the order of the file.
pub(crate) fn dead_letter_key(record_no: u64) -> [u8; 8] {
    record_no.to_be_bytes()
}

struct Resolver<'a, F> {
    store: &'a Store,
    before: ViewReader,
    image: crate::image::ImageWriter,
    carried: Option<crate::image::ImageWriter>,
    missing: Option<crate::image::ImageWriter>,
    dead: Sorter,
    counts: Counts,
    readable: F,
}

impl<F: FnMut(&Entry<'_>) -> bool> Resolver<'_, F> {
    fn run(
        &mut self,
        mut records: Sorted,
        mut progress: impl FnMut(u64) -> Result<()>,
    ) -> Result<()> {
        self.before.advance()?;
        // The last record of a key governs, so one is held back until the next is known.
        let mut pending = Owned::new();
        let mut has_pending = false;
        while records.advance()? {
            let Some(entry) = records.current() else {
                break;
            };
            self.counts.records += 1;
            if self.counts.records.is_multiple_of(16_384) {
                progress(self.counts.records)?;
            }
            if has_pending {
                if pending.as_entry().key == entry.key {
                    self.counts.duplicate_keys += 1;
                    self.dead_letter(pending.as_entry(), Tag::DuplicateKey)?;
                } else {
                    self.settle(pending.as_entry())?;
                }
            }
            pending.set(entry);
            has_pending = true;
        }
        if has_pending {
            self.settle(pending.as_entry())?;
        }
        while self.before.current().is_some() {
            self.miss()?;
        }
        progress(self.counts.records)?;
        Ok(())
    }

    /// The record that governs its key.
    fn settle(&mut self, entry: Entry<'_>) -> Result<()> {
        while self.before.current().is_some_and(|old| old.key < entry.key) {
            self.miss()?;
        }
        let old = self.before.current().filter(|old| old.key == entry.key);
        let known = old.is_some();
        if old.is_some_and(|old| old.raw == entry.raw) {
            self.counts.unchanged += 1;
            self.image.push(entry)?;
        } else if (self.readable)(&entry) {
            if known {
                self.counts.updated += 1;
            } else {
                self.counts.created += 1;
            }
            self.image.push(entry)?;
        } else {
            self.counts.unreadable_bodies += 1;
            if let Some(old) = old {
                writer(&mut self.carried, self.store)?.push(old)?;
            }
            self.dead_letter(entry, Tag::UnreadableBody)?;
        }
        if known {
            self.before.advance()?;
        }
        Ok(())
    }

    /// The old record in hand has no successor.
    fn miss(&mut self) -> Result<()> {
        if let Some(old) = self.before.current() {
            self.counts.missing += 1;
            writer(&mut self.missing, self.store)?.push(old)?;
        }
        self.before.advance()?;
        Ok(())
    }

    fn dead_letter(&mut self, entry: Entry<'_>, tag: Tag) -> Result<()> {
        self.dead.push(Entry {
            key: &dead_letter_key(entry.record_no),
            tag,
            ..entry
        })
    }

    fn finish(self) -> Result<Resolved> {
        let mut dead = None;
        if self.dead.len() > 0 {
            let mut sorted = self.dead.finish()?;
            while sorted.advance()? {
                if let Some(entry) = sorted.current() {
                    writer(&mut dead, self.store)?.push(entry)?;
                }
            }
        }
        let finish = |writer: Option<crate::image::ImageWriter>| {
            writer.map(crate::image::ImageWriter::finish).transpose()
        };
        Ok(Resolved {
            image: self.image.finish()?,
            carried: finish(self.carried)?,
            missing: finish(self.missing)?,
            dead: finish(dead)?,
            counts: self.counts,
        })
    }
}

fn writer<'w>(
    slot: &'w mut Option<crate::image::ImageWriter>,
    store: &Store,
) -> Result<&'w mut crate::image::ImageWriter> {
    match slot {
        Some(writer) => Ok(writer),
        None => Ok(slot.insert(store.writer()?)),
    }
}
