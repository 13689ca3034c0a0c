//! The journal file: entries one after the other, each with its length and checksum.
//!
//! Appended before a change is answered, read whole at start, rewritten when most of it is history. A tail
//! that is not whole was never acknowledged and is cut off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::entry::Entry;
use crate::config::Sync;
use crate::error::{Error, Result};
use crate::log::batch::bytes_at;

/// What the file begins with; the last byte is the version.
const MAGIC: [u8; 8] = *b"FIGBRKJ\x01";
const FRAME: usize = 8;
/// Below this a rewrite is not worth it.
const SMALL: u64 = 4 << 20;

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    len: u64,
    /// Length after the last rewrite.
    compact_len: u64,
    sync: Sync,
}

impl Journal {
    /// Opens or creates the journal and hands over what is in it.
    pub(crate) fn open(path: &Path, sync: Sync, replay: &mut dyn FnMut(Entry)) -> Result<Self> {
        let failed = |action| move |error| Error::storage(action, path, error);
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed("open"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read"))?;
        let total = len(&bytes);
        let at = if bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
            // New, or ended while being begun.
            file.write_all_at(&MAGIC, 0).map_err(failed("write"))?;
            len(&MAGIC)
        } else if bytes.starts_with(&MAGIC) {
            replay_all(path, &bytes, replay)?
        } else {
            let what =
                "wanted a journal of version 1, got something else or a newer version".to_owned();
            return Err(Error::Damaged {
                path: path.to_owned(),
                at: 0,
                what,
            });
        };
        if at < total {
            tracing::warn!(path = %path.display(), kept = at, cut = total - at, "cut a torn tail off the journal");
            file.set_len(at).map_err(failed("cut"))?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            len: at,
            compact_len: at,
            sync,
        })
    }

    /// Appends entries in one write. On error none of them is there.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for entry in entries {
            frame(entry, &mut bytes);
        }
        let written = self
            .file
            .write_all_at(&bytes, self.len)
            .and_then(|()| self.force());
        if let Err(error) = written {
            tracing::error!(path = %self.path.display(), error = %error, "cannot write the journal; the change was refused");
            if let Err(error) = self.file.set_len(self.len) {
                tracing::error!(path = %self.path.display(), error = %error, "cannot cut a failed write off the journal");
            }
            return Err(error);
        }
        self.len += len(&bytes);
        Ok(())
    }

    fn force(&self) -> io::Result<()> {
        match self.sync {
            Sync::Os => Ok(()),
            Sync::Fsync => self.file.sync_data(),
        }
    }

    /// Forces the journal to the disk.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Whether most of the file is history.
    pub(crate) fn wants_rewrite(&self) -> bool {
        self.len > SMALL.max(self.compact_len.saturating_mul(2))
    }

    /// Replaces the file by one with these entries only.
    pub(crate) fn rewrite(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut bytes = MAGIC.to_vec();
        for entry in entries {
            frame(entry, &mut bytes);
        }
        let new = self.path.with_extension("new");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&new)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        fs::rename(&new, &self.path)?;
        if let Some(directory) = self.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        self.file = file;
        self.len = len(&bytes);
        self.compact_len = self.len;
        Ok(())
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn frame(entry: &Entry, out: &mut Vec<u8>) {
    let bytes = entry.encode();
    out.extend_from_slice(
        &u32::try_from(bytes.len())
            .expect("bounded by a request frame")
            .to_be_bytes(),
    );
    out.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
    out.extend_from_slice(&bytes);
}

/// Replays whole entries; gives the length up to the first that is not whole.
fn replay_all(path: &Path, bytes: &[u8], replay: &mut dyn FnMut(Entry)) -> Result<u64> {
    let mut at = MAGIC.len();
    while let Some(size) = bytes_at(bytes, at).map(u32::from_be_bytes) {
        let Some(checksum) = bytes_at(bytes, at + 4).map(u32::from_be_bytes) else {
            break;
        };
        let start = at + FRAME;
        let end = usize::try_from(size)
            .ok()
            .and_then(|size| start.checked_add(size));
        let Some(body) = end.and_then(|end| bytes.get(start..end)) else {
            break;
        };
        if crc32c::crc32c(body) != checksum || body.is_empty() {
            break;
        }
        let entry = Entry::decode(body).ok_or_else(|| Error::Damaged {
            path: path.to_owned(),
            at: u64::try_from(at).unwrap_or(u64::MAX),
            what: "the entry is whole but not one this version knows".to_owned(),
        })?;
        replay(entry);
        at = start + body.len();
    }
    Ok(u64::try_from(at).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> (Journal, Vec<Entry>) {
        let mut seen = Vec::new();
        let journal = Journal::open(path, Sync::Os, &mut |entry| seen.push(entry)).unwrap();
        (journal, seen)
    }

    #[test]
    fn a_torn_tail_is_cut_at_every_byte() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let entries: Vec<Entry> = (0..3).map(|next| Entry::ProducerIds { next }).collect();
        let (mut journal, seen) = open(&path);
        assert!(seen.is_empty());
        journal.append(&entries).unwrap();
        let whole = fs::read(&path).unwrap();
        let size = (whole.len() - MAGIC.len()) / 3;
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let (mut journal, seen) = open(&path);
            assert_eq!(seen, entries[..cut.saturating_sub(MAGIC.len()) / size]);
            journal.append(&entries[2..]).unwrap();
            assert_eq!(open(&path).1.last(), Some(&entries[2]));
        }
    }

    #[test]
    fn a_newer_version_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        fs::write(&path, b"FIGBRKJ\x02whatever").unwrap();
        let error = Journal::open(&path, Sync::Os, &mut |_| ()).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Damaged);
        assert_eq!(fs::read(&path).unwrap(), b"FIGBRKJ\x02whatever");
    }

    #[test]
    fn a_rewrite_keeps_what_it_is_given() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let (mut journal, _) = open(&path);
        journal
            .append(&[
                Entry::ProducerIds { next: 1 },
                Entry::ProducerIds { next: 2 },
            ])
            .unwrap();
        journal.rewrite(&[Entry::ProducerIds { next: 2 }]).unwrap();
        journal.append(&[Entry::ProducerIds { next: 3 }]).unwrap();
        assert_eq!(
            open(&path).1,
            [
                Entry::ProducerIds { next: 2 },
                Entry::ProducerIds { next: 3 }
            ]
        );
    }
}
