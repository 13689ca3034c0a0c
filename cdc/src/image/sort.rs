//! External merge sort with a bound on memory.
//!
//! In: entries in any order. Out: the same entries by (key, record number). What does not fit in memory goes to unnamed files in a directory of the
//! caller's, which vanish with the process, however it ends. Never drops an entry; entries with equal keys stay, in the order of their record numbers.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::image::block::{BlockBuilder, BlockReader, write_end};
use crate::image::entry::{Cursor, Entry, Tag};
use crate::image::merge::Merge;

/// Block size of a spilled run: one is in memory per run while merging.
const RUN_BLOCK: usize = 64 << 10;
/// Runs of one level that are merged to one of the next: 64 blocks are in memory at most per level.
const FAN_IN: usize = 64;

/// Where an entry stands in the arena. `prefix` is its key's first eight bytes, big endian: most comparisons end there.
#[derive(Debug, Clone, Copy)]
struct Slot {
    prefix: u64,
    start: usize,
    key_len: u32,
    raw_len: u32,
    record_no: u64,
    offset: u64,
    tag: Tag,
}

impl Slot {
    fn entry<'a>(&self, arena: &'a [u8]) -> Entry<'a> {
        // Slots are made by `Sorter::push` over the same arena, so the ranges are inside it.
        let at = |from: usize, len: u32| arena.get(from..from + len as usize).unwrap_or_default();
        let key = at(self.start, self.key_len);
        Entry {
            key,
            record_no: self.record_no,
            offset: self.offset,
            tag: self.tag,
            raw: at(self.start + key.len(), self.raw_len),
        }
    }
}

/// Takes entries, then gives them back sorted.
#[derive(Debug)]
pub(crate) struct Sorter {
    directory: PathBuf,
    limit: usize,
    arena: Vec<u8>,
    slots: Vec<Slot>,
    /// Spilled runs by level; a run of level n+1 was merged from `FAN_IN` runs of level n.
    levels: Vec<Vec<File>>,
    pushed: u64,
}

impl Sorter {
    /// A sorter that holds about `limit` bytes in memory and spills to `directory`.
    pub(crate) fn new(directory: &Path, limit: usize) -> Self {
        Self {
            directory: directory.to_owned(),
            limit,
            arena: Vec::new(),
            slots: Vec::new(),
            levels: Vec::new(),
            pushed: 0,
        }
    }

    /// How many entries were pushed.
    pub(crate) fn len(&self) -> u64 {
        self.pushed
    }

    pub(crate) fn push(&mut self, entry: Entry<'_>) -> Result<()> {
        let needed = entry.key.len() + entry.raw.len();
        let held = self.arena.len() + self.slots.len() * size_of::<Slot>();
        if held + needed + size_of::<Slot>() > self.limit && !self.slots.is_empty() {
            self.spill()?;
        }
        let too_long = |_| {
            Error::new(
                crate::error::ErrorKind::Io,
                format!("record {} is longer than 4 GB", entry.record_no),
            )
        };
        let mut prefix = [0; 8];
        for (to, from) in prefix.iter_mut().zip(entry.key) {
            *to = *from;
        }
        self.slots.push(Slot {
            prefix: u64::from_be_bytes(prefix),
            start: self.arena.len(),
            key_len: u32::try_from(entry.key.len()).map_err(too_long)?,
            raw_len: u32::try_from(entry.raw.len()).map_err(too_long)?,
            record_no: entry.record_no,
            offset: entry.offset,
            tag: entry.tag,
        });
        self.arena.extend_from_slice(entry.key);
        self.arena.extend_from_slice(entry.raw);
        self.pushed += 1;
        Ok(())
    }

    /// Everything that was pushed, in order.
    pub(crate) fn finish(mut self) -> Result<Sorted> {
        self.sort_slots();
        let mut sources = vec![Source::Memory(Memory {
            arena: self.arena,
            slots: self.slots,
            next: 0,
        })];
        for run in self.levels.into_iter().flatten() {
            sources.push(Source::Run(open_run(run, &self.directory)?));
        }
        Ok(Merge::new(sources))
    }

    fn sort_slots(&mut self) {
        let arena = &self.arena;
        self.slots.sort_unstable_by(|a, b| {
            a.prefix
                .cmp(&b.prefix)
                .then_with(|| a.entry(arena).key.cmp(b.entry(arena).key))
                .then(a.record_no.cmp(&b.record_no))
        });
    }

    fn spill(&mut self) -> Result<()> {
        self.sort_slots();
        let mut memory = Memory {
            arena: std::mem::take(&mut self.arena),
            slots: std::mem::take(&mut self.slots),
            next: 0,
        };
        let run = write_run(&mut memory, &self.directory)?;
        (self.arena, self.slots) = (memory.arena, memory.slots);
        self.arena.clear();
        self.slots.clear();
        self.add_run(0, run)
    }

    fn add_run(&mut self, level: usize, run: File) -> Result<()> {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        let Some(runs) = self.levels.get_mut(level) else {
            return Ok(());
        };
        runs.push(run);
        if runs.len() < FAN_IN {
            return Ok(());
        }
        let full = std::mem::take(runs);
        let opened = full
            .into_iter()
            .map(|run| open_run(run, &self.directory))
            .collect::<Result<Vec<_>>>()?;
        let merged = write_run(&mut Merge::new(opened), &self.directory)?;
        self.add_run(level + 1, merged)
    }
}

/// Entries by (key, record number).
pub(crate) type Sorted = Merge<Source>;

/// One sorted part: what is still in memory, or a run on disk.
#[derive(Debug)]
pub(crate) enum Source {
    Memory(Memory),
    Run(BlockReader<BufReader<File>>),
}

impl Cursor for Source {
    fn current(&self) -> Option<Entry<'_>> {
        match self {
            Self::Memory(memory) => memory.current(),
            Self::Run(run) => run.current(),
        }
    }

    fn advance(&mut self) -> Result<bool> {
        match self {
            Self::Memory(memory) => memory.advance(),
            Self::Run(run) => run.advance(),
        }
    }
}

/// The sorted entries that never left memory. `next` is one past the entry in hand.
#[derive(Debug)]
pub(crate) struct Memory {
    arena: Vec<u8>,
    slots: Vec<Slot>,
    next: usize,
}

impl Cursor for Memory {
    fn current(&self) -> Option<Entry<'_>> {
        let slot = self.slots.get(self.next.checked_sub(1)?)?;
        Some(slot.entry(&self.arena))
    }

    fn advance(&mut self) -> Result<bool> {
        self.next = (self.next + 1).min(self.slots.len() + 1);
        Ok(self.next <= self.slots.len())
    }
}

fn write_run(entries: &mut impl Cursor, directory: &Path) -> Result<File> {
    let failed = |error| Error::io("spill a sort to", directory, error);
    let file = tempfile::tempfile_in(directory).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut block = BlockBuilder::new(RUN_BLOCK);
    while entries.advance()? {
        let Some(entry) = entries.current() else {
            break;
        };
        if block.push(entry)? {
            block.write_to(&mut out).map_err(failed)?;
        }
    }
    if !block.is_empty() {
        block.write_to(&mut out).map_err(failed)?;
    }
    write_end(&mut out).map_err(failed)?;
    out.flush().map_err(failed)?;
    out.into_inner().map_err(|error| failed(error.into_error()))
}

fn open_run(mut run: File, directory: &Path) -> Result<BlockReader<BufReader<File>>> {
    run.seek(SeekFrom::Start(0))
        .map_err(|error| Error::io("read back a sort from", directory, error))?;
    // The reader of blocks asks for whole blocks: a small buffer only serves their heads.
    Ok(BlockReader::new(
        BufReader::with_capacity(4 << 10, run),
        format!("a spilled sort in {}", directory.display()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sort(keys: &[Vec<u8>], limit: usize) -> Vec<(Vec<u8>, u64, Vec<u8>)> {
        let directory = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(directory.path(), limit);
        for (number, key) in keys.iter().enumerate() {
            let raw = [key.as_slice(), &number.to_le_bytes()].concat();
            let number = number as u64;
            sorter
                .push(Entry {
                    key,
                    record_no: number,
                    offset: number * 10,
                    tag: Tag::Plain,
                    raw: &raw,
                })
                .unwrap();
        }
        assert_eq!(sorter.len(), keys.len() as u64);
        let mut sorted = sorter.finish().unwrap();
        let mut all = Vec::new();
        while sorted.advance().unwrap() {
            let entry = sorted.current().unwrap();
            assert_eq!(entry.offset, entry.record_no * 10);
            all.push((entry.key.to_vec(), entry.record_no, entry.raw.to_vec()));
        }
        assert!(!sorted.advance().unwrap());
        all
    }

    fn expected(keys: &[Vec<u8>]) -> Vec<(Vec<u8>, u64, Vec<u8>)> {
        let mut all: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(number, key)| {
                (
                    key.clone(),
                    number as u64,
                    [key.as_slice(), &number.to_le_bytes()].concat(),
                )
            })
            .collect();
        all.sort();
        all
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_a_plain_sort_whatever_the_memory(
            keys in proptest::collection::vec(proptest::collection::vec(0..4u8, 0..12), 0..200),
            limit in 1usize..20_000,
        ) {
            prop_assert_eq!(sort(&keys, limit), expected(&keys));
        }
    }

    #[test]
    fn more_runs_than_are_merged_at_once_still_sort() {
        let keys: Vec<_> = (0..300u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) % 100).to_be_bytes().to_vec())
            .collect();
        assert_eq!(sort(&keys, 1), expected(&keys)); // one entry per run: 300 runs, four of them merged before the end
    }
}
