//! The bytes of one segment: a file, or memory in tests, behind one interface of positioned reads and appends.
//!
//! A reader takes a [`Source`] and keeps reading the same bytes whatever happens to the segment afterwards:
//! a file replaced or removed lives on behind its open handle.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Where a segment's bytes are.
#[derive(Debug)]
pub(crate) enum Medium {
    /// `file` is open while the segment is the active one; older segments are opened when read.
    File {
        path: PathBuf,
        file: Option<Arc<File>>,
    },
    /// In memory.
    Memory(Arc<RwLock<Vec<u8>>>),
}

/// Something to read a segment's bytes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    File(Arc<File>),
    Memory(Arc<RwLock<Vec<u8>>>),
}

impl Medium {
    pub(crate) fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    pub(crate) fn file(path: PathBuf) -> Self {
        Self::File { path, file: None }
    }

    /// Opens the file for appending, creating it and its directory when missing.
    fn writable(&mut self) -> io::Result<Source> {
        match self {
            Self::Memory(bytes) => Ok(Source::Memory(Arc::clone(bytes))),
            Self::File {
                file: Some(file), ..
            } => Ok(Source::File(Arc::clone(file))),
            Self::File { path, file } => {
                let open = || {
                    OpenOptions::new()
                        .read(true)
                        .write(true)
                        .create(true)
                        .truncate(false)
                        .open(&*path)
                };
                let opened = match open() {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                        open()?
                    }
                    other => other?,
                };
                let opened = Arc::new(opened);
                *file = Some(Arc::clone(&opened));
                Ok(Source::File(opened))
            }
        }
    }

    /// A handle to read from; a segment never written has none.
    pub(crate) fn source(&self) -> io::Result<Option<Source>> {
        match self {
            Self::Memory(bytes) => Ok(Some(Source::Memory(Arc::clone(bytes)))),
            Self::File {
                file: Some(file), ..
            } => Ok(Some(Source::File(Arc::clone(file)))),
            Self::File { path, file: None } => match File::open(path) {
                Ok(file) => Ok(Some(Source::File(Arc::new(file)))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Makes the segment exist, so that its name keeps the offset it starts at.
    pub(crate) fn create(&mut self) -> io::Result<()> {
        self.writable().map(drop)
    }

    /// Writes `bytes` at `len`, the end of what is there. When that fails nothing is left behind.
    pub(crate) fn append(&mut self, len: u64, bytes: &[u8]) -> io::Result<()> {
        match self.writable()? {
            Source::Memory(memory) => {
                memory.write().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
                Ok(())
            }
            Source::File(file) => file.write_all_at(bytes, len).inspect_err(|_| {
                // A full disk may have taken a part; cutting a file needs no room.
                if let Err(error) = file.set_len(len) {
                    tracing::error!(error = %error, "cannot cut a failed write off a log; the next start will");
                }
            }),
        }
    }

    pub(crate) fn truncate(&mut self, len: u64) -> io::Result<()> {
        match self.writable()? {
            Source::Memory(memory) => {
                let len = usize::try_from(len).map_err(io::Error::other)?;
                memory
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .truncate(len);
                Ok(())
            }
            Source::File(file) => file.set_len(len),
        }
    }

    /// Forces the bytes to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.source()?.map_or(Ok(()), |source| source.sync())
    }

    /// Gives the file another name, in the place of what has it now.
    pub(crate) fn rename(&mut self, to: PathBuf) -> io::Result<()> {
        if let Self::File { path, .. } = self {
            fs::rename(&*path, &to)?;
            *path = to;
        }
        Ok(())
    }

    /// Lets go of the open file; reads open it again.
    pub(crate) fn close(&mut self) {
        if let Self::File { file, .. } = self {
            *file = None;
        }
    }

    /// Removes the file, if there is one.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => *bytes = Arc::default(),
            Self::File { path, file } => {
                *file = None;
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

impl Source {
    /// Fills `buffer` from `position`; fails when there are not as many bytes.
    pub(crate) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(buffer, position),
            Self::Memory(memory) => {
                let memory = memory.read().unwrap_or_else(PoisonError::into_inner);
                let start = usize::try_from(position).map_err(io::Error::other)?;
                let end = start
                    .checked_add(buffer.len())
                    .ok_or(io::ErrorKind::UnexpectedEof)?;
                buffer.copy_from_slice(memory.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }

    /// Forces the bytes to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync_data(),
            Self::Memory(_) => Ok(()),
        }
    }
}
