//! An image on disk: sorted records of one generation, immutable, named by the SHA-256 of its content.
//!
//! In: entries in strictly rising key order. Out: a file that is either whole and synced under its final name, or not there; and a reader that can start
//! at any key. Never changes a file that has its final name.
//!
//! The file, all numbers little endian: magic `FIGWIMG\n`, version u32, zero u32; blocks (see `block`); a block head of zeros; the index: per block its
//! offset u64, first key's length u32 and first key; the foot: index offset u64, index length u64, CRC-32C of the index u32, blocks u32, entries u64,
//! SHA-256 of everything before the index, magic. A reader that does not know the version stops.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind, Result};
use crate::image::block::{BlockBuilder, BlockReader, write_end};
use crate::image::entry::{Cursor, Entry};

const MAGIC: [u8; 8] = *b"FIGWIMG\n";
const VERSION: u32 = 1;
const HEADER: usize = 16;
const FOOT: usize = 8 + 8 + 4 + 4 + 8 + 32 + 8;
const IMAGE_BLOCK: usize = 128 << 10;

/// The name of an image: the SHA-256 of its content, as 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

impl Address {
    pub(crate) fn of(hash: &[u8; 32]) -> Self {
        Self(crate::hex(hash))
    }

    /// The 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // It becomes a file name: nothing but hex digits may pass.
        if text.len() == 64
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            Ok(Self(text))
        } else {
            Err(format!("an image address is 64 hex digits, not `{text}`"))
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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

/// Where an image is kept.
pub(crate) fn path_of(directory: &Path, address: &Address) -> PathBuf {
    directory.join(format!("{address}.img"))
}

/// Reads an image forward from any key.
#[derive(Debug)]
pub(crate) struct ImageReader {
    blocks: BlockReader<BufReader<File>>,
    /// (first key, offset) of each block.
    index: Vec<(Box<[u8]>, u64)>,
    entries: u64,
    place: String,
    /// The first entry at or after the key `seek` was asked for is already in hand.
    primed: bool,
}

impl ImageReader {
    /// Opens the image and checks header, foot and index; blocks are checked as they are read.
    pub(crate) fn open(directory: &Path, address: &Address) -> Result<Self> {
        let path = path_of(directory, address);
        let mut file = File::open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::new(
                ErrorKind::ImageLost,
                format!("image {} is not there", path.display()),
            )
            .with_source(error),
            _ => Error::io("open the image", &path, error),
        })?;
        let place = format!("image {}", path.display());
        let index = read_index(&mut file, address, &place)?;
        let mut reader = BufReader::with_capacity(16 << 10, file);
        reader
            .seek(SeekFrom::Start(HEADER as u64))
            .map_err(|error| Error::io("read the image", &path, error))?;
        Ok(Self {
            blocks: BlockReader::new(reader, place.clone()),
            index: index.blocks,
            entries: index.entries,
            place,
            primed: false,
        })
    }

    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Moves so that the next entry is the first whose key is greater than `key`.
    pub(crate) fn seek_after(&mut self, key: &[u8]) -> Result<()> {
        let block = self
            .index
            .partition_point(|(first, _)| first.as_ref() <= key)
            .saturating_sub(1);
        let Some((_, offset)) = self.index.get(block) else {
            return Ok(());
        };
        self.blocks
            .input_mut()
            .seek(SeekFrom::Start(*offset))
            .map_err(|error| {
                Error::new(ErrorKind::Io, format!("could not read {}", self.place))
                    .with_source(error)
            })?;
        self.blocks.restart();
        while self.blocks.advance()? {
            if self.blocks.current().is_some_and(|entry| entry.key > key) {
                break;
            }
        }
        self.primed = true;
        Ok(())
    }
}

impl Cursor for ImageReader {
    fn current(&self) -> Option<Entry<'_>> {
        if self.primed {
            None
        } else {
            self.blocks.current()
        }
    }

    fn advance(&mut self) -> Result<bool> {
        if self.primed {
            self.primed = false;
            return Ok(self.blocks.current().is_some());
        }
        self.blocks.advance()
    }
}

struct Index {
    blocks: Vec<(Box<[u8]>, u64)>,
    entries: u64,
}

fn read_index(file: &mut File, address: &Address, place: &str) -> Result<Index> {
    let damaged = |what: &str| Error::new(ErrorKind::ImageDamaged, format!("{place}: {what}"));
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged("it is cut"),
        _ => Error::new(ErrorKind::Io, format!("could not read {place}")).with_source(error),
    };
    let mut header = [0; HEADER];
    file.read_exact(&mut header).map_err(io)?;
    let (magic, rest) = header.split_at(8);
    if magic != MAGIC {
        return Err(damaged("it does not begin as an image does"));
    }
    let version = number::<4>(rest).map_or(0, u32::from_le_bytes);
    if version != VERSION {
        return Err(Error::new(
            ErrorKind::UnknownVersion,
            format!("{place} has version {version}; this program knows version {VERSION}"),
        )
        .with_help("run the version of figway that wrote it, or a later one"));
    }
    let len = file.seek(SeekFrom::End(0)).map_err(io)?;
    let foot_at = len
        .checked_sub(FOOT as u64)
        .ok_or_else(|| damaged("it is cut"))?;
    file.seek(SeekFrom::Start(foot_at)).map_err(io)?;
    let mut foot = [0; FOOT];
    file.read_exact(&mut foot).map_err(io)?;
    let (fields, tail) = foot.split_at(FOOT - 40);
    let (hash, magic) = tail.split_at(32);
    if magic != MAGIC {
        return Err(damaged("it does not end as an image does"));
    }
    if crate::hex(hash) != address.as_str() {
        return Err(damaged("its content is not what its name says"));
    }
    let mut fields = Fields(fields);
    let (index_offset, index_len) = (fields.u64(), fields.u64());
    let (sum, blocks, entries) = (fields.u32(), fields.u32(), fields.u64());
    if index_offset.checked_add(index_len) != Some(foot_at) {
        return Err(damaged("its index is not where its foot says"));
    }
    let mut bytes =
        vec![0; usize::try_from(index_len).map_err(|_| damaged("its index is too large"))?];
    file.seek(SeekFrom::Start(index_offset)).map_err(io)?;
    file.read_exact(&mut bytes).map_err(io)?;
    if crc32c::crc32c(&bytes) != sum {
        return Err(damaged("its index's checksum is wrong"));
    }
    let mut rest = bytes.as_slice();
    let mut index = Vec::with_capacity(blocks as usize);
    while !rest.is_empty() {
        let mut fields = Fields(rest);
        let offset = fields.u64();
        let key_len = fields.u32() as usize;
        let (key, after) = fields
            .0
            .split_at_checked(key_len)
            .ok_or_else(|| damaged("its index is cut"))?;
        index.push((key.into(), offset));
        rest = after;
    }
    Ok(Index {
        blocks: index,
        entries,
    })
}

fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk::<N>().copied()
}

/// Reads numbers from the front of bytes whose checksum was verified; missing bytes read as zero and show up as a wrong key length.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.0 = rest;
                *bytes
            }
            None => [0; N],
        }
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::entry::Tag;

    fn write(directory: &Path, keys: &[String]) -> Address {
        let mut writer = ImageWriter::create(directory, directory).unwrap();
        for (number, key) in keys.iter().enumerate() {
            let raw = vec![b'r'; 700];
            writer
                .push(Entry {
                    key: key.as_bytes(),
                    record_no: number as u64,
                    offset: 0,
                    tag: Tag::Plain,
                    raw: &raw,
                })
                .unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(reader: &mut ImageReader) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        while reader.advance()? {
            keys.push(String::from_utf8_lossy(reader.current().unwrap().key).into_owned());
        }
        Ok(keys)
    }

    fn keys(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{:05}", n * 2)).collect()
    }

    #[test]
    fn an_image_reads_back_from_any_key() {
        let directory = tempfile::tempdir().unwrap();
        let keys = keys(1000); // several blocks
        let address = write(directory.path(), &keys);
        assert_eq!(
            address,
            write(directory.path(), &keys),
            "the same content has the same name"
        );
        let mut reader = ImageReader::open(directory.path(), &address).unwrap();
        assert_eq!(reader.entries(), 1000);
        assert_eq!(read(&mut reader).unwrap(), keys);
        for key in [
            "", "00000", "00001", "00002", "00900", "01777", "01998", "02000", "9",
        ] {
            reader.seek_after(key.as_bytes()).unwrap();
            assert!(reader.current().is_none());
            let rest: Vec<_> = keys.iter().filter(|k| k.as_str() > key).cloned().collect();
            assert_eq!(read(&mut reader).unwrap(), rest, "after {key:?}");
        }
    }

    #[test]
    fn an_empty_image_is_an_image() {
        let directory = tempfile::tempdir().unwrap();
        let address = write(directory.path(), &[]);
        let mut reader = ImageReader::open(directory.path(), &address).unwrap();
        reader.seek_after(b"x").unwrap();
        assert!(!reader.advance().unwrap());
    }

    #[test]
    fn a_damaged_image_is_never_read_as_a_whole_one() {
        let directory = tempfile::tempdir().unwrap();
        let keys = keys(400);
        let address = write(directory.path(), &keys);
        let path = path_of(directory.path(), &address);
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len())
            .step_by(997)
            .chain(good.len() - 200..good.len())
        {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            let outcome = ImageReader::open(directory.path(), &address)
                .and_then(|mut reader| read(&mut reader));
            // Only the numbers nobody relies on (the reserved word) may be flipped unnoticed.
            assert!(
                outcome.is_err() || outcome.is_ok_and(|read| read == keys),
                "bit flipped at {at}"
            );
            std::fs::write(&path, &good[..at]).unwrap();
            let outcome = ImageReader::open(directory.path(), &address)
                .and_then(|mut reader| read(&mut reader));
            assert_eq!(
                outcome.unwrap_err().kind(),
                ErrorKind::ImageDamaged,
                "cut at {at}"
            );
        }
    }

    #[test]
    fn an_image_of_an_unknown_version_stops_the_reader() {
        let directory = tempfile::tempdir().unwrap();
        let address = write(directory.path(), &keys(1));
        let path = path_of(directory.path(), &address);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[8] = 2;
        std::fs::write(&path, bytes).unwrap();
        let error = ImageReader::open(directory.path(), &address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownVersion);
        assert!(
            error
                .to_string()
                .ends_with("has version 2; this program knows version 1"),
            "{error}"
        );
    }

    #[test]
    fn an_address_is_hex_and_nothing_else() {
        assert!(Address::try_from("../../etc/passwd".to_owned()).is_err());
        assert!(Address::try_from("a".repeat(64)).is_ok());
    }
}
