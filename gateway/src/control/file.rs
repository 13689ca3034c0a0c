//! The control log as a local file, for one gateway without Kafka: `control.log`, one JSON line per entry.
//!
//! In: an entry's bytes. Out: its offset, once it is on the disk. Read whole when it is opened; a last line that is cut (a
//! crash while writing: it was never acknowledged) is dropped with a warning, any other damage is an error that names the
//! line. The file is locked: two gateways never share one. Blocking; call it where that is allowed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::hash::ChainHash;

/// The form of a line.
const VERSION: u64 = 1;
/// How long to wait for the lock.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether it is free.
const LOOK: Duration = Duration::from_millis(20);

/// An open log.
#[derive(Debug)]
pub(crate) struct FileLog {
    path: PathBuf,
    /// None while another gateway has it.
    file: Option<File>,
    next: u64,
    hash: ChainHash,
    /// Whole lines, bytes; what stands behind them is a line that failed half-way.
    length: u64,
}

/// An entry read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its offset.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    v: u64,
    offset: u64,
    hash: ChainHash,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("control log {path} cannot be {what}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Which of the two.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Another gateway has it.
    #[error(
        "control log {path} is in use by another gateway: give each its own `control.directory`, or share one log with `store = \"kafka\"`"
    )]
    Locked {
        /// Which file.
        path: PathBuf,
    },
    /// A line is not what was written.
    #[error("control log {path}, line {line}: {why}: restore the file from a copy")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
}

impl FileLog {
    /// Opens the log, makes it if there is none, and reads what is in it.
    ///
    /// # Errors
    /// Another gateway has it, it cannot be read, or a line is damaged.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Entry>), FileError> {
        let io = |what| {
            move |source| FileError::Io {
                path: path.to_owned(),
                what,
                source,
            }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io("opened"))?;
        if !locked(&file).map_err(io("locked"))? {
            return Err(FileError::Locked {
                path: path.to_owned(),
            });
        }
        // A file is there after a power cut only if its folder knows it.
        let folder = path.parent().unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io("written"))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io("read"))?;
        let mut log = Self {
            path: path.to_owned(),
            file: Some(file),
            next: 0,
            hash: ChainHash::NOTHING,
            length: 0,
        };
        let mut entries = Vec::new();
        let mut lines = content.split_inclusive(|byte| *byte == b'\n').zip(1..);
        for (line, number) in &mut lines {
            let Some(whole) = line.strip_suffix(b"\n") else {
                tracing::warn!(path = %path.display(), line = number, bytes = line.len(), "dropped a line cut while it was written");
                log.cut().map_err(io("written"))?;
                break;
            };
            let entry = log.check(whole).map_err(|why| FileError::Damaged {
                path: path.to_owned(),
                line: number,
                why,
            })?;
            log.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
            entries.push(entry);
        }
        Ok((log, entries))
    }

    /// Writes an entry; it is on the disk when this returns. After an error nothing of it is there.
    ///
    /// # Errors
    /// The entry is not one line of JSON, or the disk does not take it.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<u64, FileError> {
        let path = self.path.clone();
        let io = |source| FileError::Io {
            path: path.clone(),
            what: "written",
            source,
        };
        let invalid = |error| io(io::Error::new(io::ErrorKind::InvalidData, error));
        if bytes.contains(&b'\n') {
            let why = "an entry is one line";
            return Err(io(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        let entry: &RawValue = serde_json::from_slice(bytes).map_err(invalid)?;
        let (offset, hash) = (self.next, self.hash.next(self.next, bytes));
        let mut line = serde_json::to_vec(&Line {
            v: VERSION,
            offset,
            hash,
            entry,
        })
        .map_err(|error| io(io::Error::other(error)))?;
        line.push(b'\n');
        // What an earlier failure left behind, and could not take back, must not come before this line.
        self.cut().map_err(io)?;
        let written = self.open_file().map_err(io).and_then(|file| {
            file.write_all(&line)
                .and_then(|()| file.sync_data())
                .map_err(io)
        });
        if let Err(error) = written {
            if let Err(error) = self.cut() {
                tracing::warn!(path = %self.path.display(), %error, "half a line stays until the next entry");
            }
            return Err(error);
        }
        self.next += 1;
        self.hash = hash;
        self.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok(offset)
    }

    /// Every entry that is on the disk, in order. Asked rarely: it reads the file.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub(crate) fn for_each(&self, mut f: impl FnMut(Entry)) -> Result<(), FileError> {
        let io = |source| FileError::Io {
            path: self.path.clone(),
            what: "read",
            source,
        };
        let file = File::open(&self.path).map_err(io)?;
        let mut lines = BufReader::new(file.take(self.length));
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            line.clear();
            number += 1;
            if lines.read_until(b'\n', &mut line).map_err(io)? == 0 {
                return Ok(());
            }
            let read: Line<'_> =
                serde_json::from_slice(&line).map_err(|error| FileError::Damaged {
                    path: self.path.clone(),
                    line: number,
                    why: error.to_string(),
                })?;
            f(Entry {
                offset: read.offset,
                bytes: read.entry.get().as_bytes().to_vec(),
            });
        }
    }

    /// The offset of the next entry.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Gives the file up to another gateway. What is in it can still be read, as far as it is known.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Opens the file again and gives the entries that came meanwhile; none if the log ends before what was known of it.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub(crate) fn reopen(&mut self) -> Result<Option<Vec<Entry>>, FileError> {
        self.close();
        let (fresh, mut entries) = Self::open(&self.path)?;
        let known = self.next;
        *self = fresh;
        entries.retain(|entry| entry.offset >= known);
        Ok((self.next >= known).then_some(entries))
    }

    fn open_file(&mut self) -> io::Result<&mut File> {
        let gone = || io::Error::other("it is with the gateway that takes over from this one");
        self.file.as_mut().ok_or_else(gone)
    }

    /// Makes the file end with its last whole line.
    fn cut(&mut self) -> io::Result<()> {
        let length = self.length;
        let file = self.open_file()?;
        if file.seek(SeekFrom::End(0))? > length {
            file.set_len(length)?;
            file.sync_data()?;
        }
        Ok(())
    }

    /// One line, against the chain so far.
    fn check(&mut self, line: &[u8]) -> Result<Entry, String> {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if line.v != VERSION {
            return Err(format!(
                "it has version {}, this Figway reads version {VERSION}",
                line.v
            ));
        }
        if line.offset != self.next {
            return Err(format!(
                "wanted offset {}, got offset {}",
                self.next, line.offset
            ));
        }
        let bytes = line.entry.get().as_bytes();
        let hash = self.hash.next(line.offset, bytes);
        if hash != line.hash {
            return Err("its hash does not fit its bytes and the lines before it".to_owned());
        }
        self.next += 1;
        self.hash = hash;
        Ok(Entry {
            offset: line.offset,
            bytes: bytes.to_vec(),
        })
    }
}

/// Every whole line of the file as it is now, in order; no lock is taken, so that a gateway may write on. The chain that the lines themselves state is not
/// looked at.
///
/// # Errors
/// The file cannot be read, or a line is not one.
pub(crate) fn read(path: &Path, mut f: impl FnMut(Entry)) -> Result<(), FileError> {
    let content = std::fs::read(path).map_err(|source| FileError::Io {
        path: path.to_owned(),
        what: "read",
        source,
    })?;
    for (line, number) in content.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let Some(whole) = line.strip_suffix(b"\n") else {
            // Being written, or cut while it was: nobody was told that it is there.
            break;
        };
        let read: Line<'_> = serde_json::from_slice(whole).map_err(|error| FileError::Damaged {
            path: path.to_owned(),
            line: number,
            why: error.to_string(),
        })?;
        f(Entry {
            offset: read.offset,
            bytes: read.entry.get().as_bytes().to_vec(),
        });
    }
    Ok(())
}

/// Whether the lock is ours. A gateway that is just ending, or a child just being born with its files, gets a moment.
pub(super) fn locked(file: &File) -> io::Result<bool> {
    let patience = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                std::thread::park_timeout(LOOK);
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
