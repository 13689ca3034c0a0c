//! Writes an image: first under a temporary name, then, whole and synced, under its own.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind, Result};
use crate::image::Address;
use crate::image::block::{BlockBuilder, write_end};
use crate::image::entry::Entry;
use crate::image::file::{FOOT, HEADER, MAGIC, VERSION, path_of};

/// Block size of an image: what is read to get at one record.
const IMAGE_BLOCK: usize = 128 << 10;

/// Passes bytes on and hashes them.
struct Hashing {
    out: BufWriter<NamedTempFile>,
    hash: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Writes an image under a temporary name; [`ImageWriter::finish`] gives it its own.
pub(crate) struct ImageWriter {
    directory: PathBuf,
    out: Hashing,
    block: BlockBuilder,
    index: Vec<u8>,
    blocks: u32,
    written: u64,
    entries: u64,
    last_key: Vec<u8>,
}

impl fmt::Debug for ImageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageWriter")
            .field("directory", &self.directory)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl ImageWriter {
    /// An image to be kept in `directory`, written first in `scratch` on the same file system.
    pub(crate) fn create(directory: &Path, scratch: &Path) -> Result<Self> {
        let failed = |error| Error::io("write an image in", scratch, error);
        let file = tempfile::Builder::new()
            .prefix("image-")
            .suffix(".tmp")
            .tempfile_in(scratch)
            .map_err(failed)?;
        let mut out = Hashing {
            out: BufWriter::with_capacity(1 << 20, file),
            hash: Sha256::new(),
        };
        out.write_all(&MAGIC)
            .and_then(|()| out.write_all(&VERSION.to_le_bytes()))
            .and_then(|()| out.write_all(&[0; 4]))
            .map_err(failed)?;
        Ok(Self {
            directory: directory.to_owned(),
            out,
            block: BlockBuilder::new(IMAGE_BLOCK),
            index: Vec::new(),
            blocks: 0,
            written: HEADER as u64,
            entries: 0,
            last_key: Vec::new(),
        })
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::io("write an image in", &self.directory, error)
    }

    pub(crate) fn push(&mut self, entry: Entry<'_>) -> Result<()> {
        if self.entries > 0 && entry.key <= self.last_key.as_slice() {
            return Err(Error::new(
                ErrorKind::Internal,
                "an image was given its keys out of order",
            ));
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(entry.key);
        if self.block.is_empty() {
            self.index.extend_from_slice(&self.written.to_le_bytes());
            let len = u32::try_from(entry.key.len())
                .map_err(|_| Error::new(ErrorKind::Io, "a key is longer than 4 GB"))?;
            self.index.extend_from_slice(&len.to_le_bytes());
            self.index.extend_from_slice(entry.key);
            self.blocks += 1;
        }
        self.entries += 1;
        if self.block.push(entry)? {
            self.written += self
                .block
                .write_to(&mut self.out)
                .map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Syncs the file and gives it its final name; when this returns the image survives a power cut.
    pub(crate) fn finish(mut self) -> Result<Address> {
        if !self.block.is_empty() {
            self.written += self
                .block
                .write_to(&mut self.out)
                .map_err(|error| self.failed(error))?;
        }
        write_end(&mut self.out).map_err(|error| self.failed(error))?;
        let index_offset = self.written + crate::image::block::BLOCK_HEAD as u64;
        let hash: [u8; 32] = std::mem::take(&mut self.out.hash).finalize().into();
        let mut foot = Vec::with_capacity(FOOT);
        foot.extend_from_slice(&index_offset.to_le_bytes());
        foot.extend_from_slice(&(self.index.len() as u64).to_le_bytes());
        foot.extend_from_slice(&crc32c::crc32c(&self.index).to_le_bytes());
        foot.extend_from_slice(&self.blocks.to_le_bytes());
        foot.extend_from_slice(&self.entries.to_le_bytes());
        foot.extend_from_slice(&hash);
        foot.extend_from_slice(&MAGIC);
        let directory = self.directory.clone();
        let failed = |error| Error::io("write an image in", &directory, error);
        let out = &mut self.out.out;
        out.write_all(&self.index)
            .and_then(|()| out.write_all(&foot))
            .and_then(|()| out.flush())
            .map_err(failed)?;
        let file = self
            .out
            .out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        let address = Address::of(&hash);
        file.persist(path_of(&directory, &address))
            .map_err(|error| failed(error.error))?;
        // The name is only safe once the directory is.
        File::open(&directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
        Ok(address)
    }
}
