//! Where commands read from and write to: files, devices, standard input and output, each named in its errors.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::figures::grouped;
use crate::terminal::Terminal;

/// Bytes gathered before they are written.
const CHUNK: usize = 256 * 1024;

/// A file or standard input, named in its errors.
pub(crate) struct Input {
    reader: Box<dyn Read>,
    name: String,
}

impl Input {
    pub(crate) fn open(path: &Path, terminal: &Terminal) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let reader: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(
                File::open(terminal.path(path))
                    .with_context(|| format!("{name} cannot be opened"))?,
            )
        };
        Ok(Self { reader, name })
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // The name is what a person needs; the kind stays for whoever decides by it.
        self.reader
            .read(into)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.name)))
    }
}

/// Where a result goes.
pub(crate) struct Output<'t> {
    terminal: &'t mut Terminal,
    target: Target,
    buffer: Vec<u8>,
}

enum Target {
    /// Standard output.
    Terminal,
    /// A file that appears under its name only when it is whole.
    Named(tempfile::NamedTempFile, PathBuf),
    /// Something that is no regular file (a pipe, a device): it is written to, never replaced.
    Through(File, PathBuf),
}

impl<'t> Output<'t> {
    /// Standard output when no path is given.
    pub(crate) fn create(path: Option<&Path>, terminal: &'t mut Terminal) -> anyhow::Result<Self> {
        let target = match path {
            None => Target::Terminal,
            Some(given) => Target::at(&terminal.path(given))
                .with_context(|| format!("{} cannot be written", given.display()))?,
        };
        Ok(Self {
            terminal,
            target,
            buffer: Vec::with_capacity(CHUNK),
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.empty()
        } else {
            Ok(())
        }
    }

    fn empty(&mut self) -> anyhow::Result<()> {
        let (written, path) = match &mut self.target {
            Target::Terminal => {
                self.terminal.out().write_all(&self.buffer)?;
                self.buffer.clear();
                return Ok(());
            }
            Target::Named(file, path) => (file.write_all(&self.buffer), path),
            Target::Through(file, path) => (file.write_all(&self.buffer), path),
        };
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        self.buffer.clear();
        Ok(())
    }

    /// Says something beside the result; of nothing to say, nothing.
    pub(crate) fn note(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.terminal.note(text);
        }
    }

    /// Gives the file its name, and says how many records it holds.
    pub(crate) fn finish(self, records: u64, done: &str) -> anyhow::Result<u8> {
        let named = !matches!(self.target, Target::Terminal);
        let terminal = self.finish_quietly()?;
        if named {
            terminal.note(format_args!("{} records {done}", grouped(records)));
        }
        Ok(crate::HELD)
    }

    /// Gives the file its name.
    pub(crate) fn finish_quietly(mut self) -> anyhow::Result<&'t mut Terminal> {
        self.empty()?;
        if let Target::Named(file, path) = self.target {
            file.persist(&path)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(self.terminal)
    }
}

impl Target {
    fn at(path: &Path) -> io::Result<Self> {
        // Behind a symbolic link it is the file that is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            let file = File::options().write(true).open(&path)?;
            return Ok(Self::Through(file, path));
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // The usual permissions, less the umask: it is a result for others to read, not a secret.
        let usual = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        let file = tempfile::Builder::new()
            .permissions(usual)
            .tempfile_in(folder)?;
        Ok(Self::Named(file, path))
    }
}
