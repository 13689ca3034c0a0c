//! Reads an image: header, foot and index at once, blocks as they are needed.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::image::Address;
use crate::image::block::BlockReader;
use crate::image::entry::{Cursor, Entry};
use crate::image::file::{FOOT, HEADER, MAGIC, VERSION, path_of};

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
