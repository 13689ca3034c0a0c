//! What was decided on this gateway alone, while the log was out of reach: `break-glass.jsonl` in `control.directory`.
//!
//! In: overrides, and later what became of them in the log. Out: those still in force, after a restart too. A line is on the
//! disk before the override counts. The file is locked: two gateways never share one, and whoever has it open owns the whole folder. The file is
//! small and kept: it is this gateway's own history. Blocking.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::command::CommandId;
use super::file::locked;
use super::state::Override;
use crate::mode::Mode;

const VERSION: u64 = 1;
const NAME: &str = "break-glass.jsonl";
/// How many overrides may wait for the log at a time.
pub(crate) const MAX_PENDING: usize = 1_000;

/// The open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// None while another gateway has the folder.
    file: Option<File>,
    length: u64,
    pending: BTreeMap<String, Override>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    v: u64,
    note: Note,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Note {
    Made {
        id: CommandId,
        group: String,
        mode: Mode,
        expected: u64,
        at: String,
        by: String,
        why: String,
        change: Option<String>,
    },
    Merged {
        id: CommandId,
        offset: u64,
        outcome: String,
    },
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk.
    #[error("break-glass journal {path} cannot be {what}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Read or written.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Another gateway has it.
    #[error(
        "break-glass journal {path} is in use by another gateway: give each its own `control.directory`"
    )]
    Locked {
        /// Which file.
        path: PathBuf,
    },
    /// It was given up to another gateway.
    #[error("break-glass journal {path} is with the gateway that takes over from this one")]
    Lent {
        /// Which file.
        path: PathBuf,
    },
    /// A line is not what was written.
    #[error(
        "break-glass journal {path}, line {line}: {why}: restore the file, or move it away to forget its overrides"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
}

impl Journal {
    /// Opens the journal and finds the overrides that the log has not yet got.
    pub(crate) fn open(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(NAME);
        let io = |what| {
            let path = path.clone();
            move |source| JournalError::Io { path, what, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(io("opened"))?;
        if !locked(&file).map_err(io("locked"))? {
            return Err(JournalError::Locked { path });
        }
        File::open(directory)
            .and_then(|folder| folder.sync_all())
            .map_err(io("written"))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io("read"))?;
        let mut length = 0;
        let mut pending = BTreeMap::new();
        for (line, number) in content.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            let Some(whole) = line.strip_suffix(b"\n") else {
                tracing::warn!(path = %path.display(), line = number, "dropped a line cut while it was written");
                file.set_len(length).map_err(io("written"))?;
                break;
            };
            let note = read(whole).map_err(|why| JournalError::Damaged {
                path: path.clone(),
                line: number,
                why,
            })?;
            take(&mut pending, note);
            length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        }
        Ok(Self {
            path,
            file: Some(file),
            length,
            pending,
        })
    }

    /// Whether the folder is this gateway's: only then may anything in it be written.
    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Gives the folder up. What is pending stays known.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Overrides that the log has not yet got, by group.
    pub(crate) fn pending(&self) -> &BTreeMap<String, Override> {
        &self.pending
    }

    /// Keeps an override; it is on the disk when this returns.
    pub(crate) fn add(&mut self, group: &str, made: &Override) -> Result<(), JournalError> {
        self.write(Note::Made {
            id: made.id.clone(),
            group: group.to_owned(),
            mode: made.mode,
            expected: made.expected,
            at: made.at.clone(),
            by: made.by.clone(),
            why: made.why.clone(),
            change: made.change.clone(),
        })
    }

    /// The log has it: what came of it is there for all to see.
    pub(crate) fn merged(
        &mut self,
        id: &CommandId,
        offset: u64,
        outcome: &str,
    ) -> Result<(), JournalError> {
        self.write(Note::Merged {
            id: id.clone(),
            offset,
            outcome: outcome.to_owned(),
        })
    }

    fn write(&mut self, note: Note) -> Result<(), JournalError> {
        let io = |source| JournalError::Io {
            path: self.path.clone(),
            what: "written",
            source,
        };
        let line = Line { v: VERSION, note };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| io(io::Error::other(error)))?;
        bytes.push(b'\n');
        let Some(file) = &mut self.file else {
            return Err(JournalError::Lent {
                path: self.path.clone(),
            });
        };
        // A line that failed half-way before is taken back first.
        file.set_len(self.length)
            .and_then(|()| file.write_all(&bytes))
            .and_then(|()| file.sync_data())
            .map_err(|source| JournalError::Io {
                path: self.path.clone(),
                what: "written",
                source,
            })?;
        self.length += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        take(&mut self.pending, line.note);
        Ok(())
    }
}

fn read(line: &[u8]) -> Result<Note, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if line.v == VERSION {
        Ok(line.note)
    } else {
        Err(format!(
            "it has version {}, this Figway reads version {VERSION}",
            line.v
        ))
    }
}

fn take(pending: &mut BTreeMap<String, Override>, note: Note) {
    match note {
        Note::Made {
            id,
            group,
            mode,
            expected,
            at,
            by,
            why,
            change,
        } => {
            let made = Override {
                id,
                mode,
                expected,
                at,
                by,
                why,
                change,
            };
            pending.insert(group, made);
        }
        Note::Merged { id, .. } => pending.retain(|_, made| made.id != id),
    }
}

#[cfg(test)]
mod tests;
