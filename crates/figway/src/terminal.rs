//! Where a command writes, and what it may assume of the reader.
//!
//! Commands get a [`Terminal`] and touch neither standard output nor the working folder themselves, so
//! that tests run them in process, side by side.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Standard output, standard error, the working folder, and whether a person is watching.
pub struct Terminal {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    folder: PathBuf,
    colours: bool,
    interactive: bool,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal")
            .field("folder", &self.folder)
            .field("interactive", &self.interactive)
            .finish_non_exhaustive()
    }
}

impl Terminal {
    /// The process's own.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            out: Box::new(io::BufWriter::with_capacity(64 * 1024, io::stdout())),
            err: Box::new(io::stderr()),
            folder: PathBuf::new(),
            colours: ops::telemetry::colours(),
            interactive: io::stderr().is_terminal(),
        }
    }

    /// One that keeps what is written, for a command run in process with `folder` as its working folder.
    #[must_use]
    pub fn captured(folder: &Path) -> (Self, Written) {
        let written = Written::default();
        let terminal = Self {
            out: Box::new(Kept(Arc::clone(&written.out))),
            err: Box::new(Kept(Arc::clone(&written.err))),
            folder: folder.to_owned(),
            colours: false,
            interactive: false,
        };
        (terminal, written)
    }

    /// A path the user gave, seen from the working folder.
    #[must_use]
    pub fn path(&self, given: &Path) -> PathBuf {
        self.folder.join(given)
    }

    /// Whether a person is watching standard error: only then are progress bars drawn.
    #[must_use]
    pub fn interactive(&self) -> bool {
        self.interactive
    }

    /// Whether colours may be written.
    #[must_use]
    pub fn colours(&self) -> bool {
        self.colours
    }

    /// Standard output, buffered.
    pub fn out(&mut self) -> &mut (dyn Write + Send) {
        &mut *self.out
    }

    /// A line to standard output.
    ///
    /// # Errors
    /// The reader has gone, or the disk behind it is full.
    pub fn say(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// A line to standard error, at once. If that cannot be written there is nobody to tell.
    pub fn note(&mut self, line: impl std::fmt::Display) {
        self.out.flush().ok();
        writeln!(self.err, "{line}").ok();
    }

    /// Hands what is buffered to the reader.
    ///
    /// # Errors
    /// As [`Terminal::say`].
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What was written to a captured [`Terminal`].
#[derive(Debug, Default, Clone)]
pub struct Written {
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
}

impl Written {
    /// Standard output and standard error so far, as text.
    #[must_use]
    pub fn texts(&self) -> (String, String) {
        (text(&self.out), text(&self.err))
    }
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
