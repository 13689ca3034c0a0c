//! An image on disk: sorted records of one generation, immutable, named by the SHA-256 of its content.
//!
//! In: entries in strictly rising key order (`write`). Out: a file that is either whole and synced under its final name, or not there; and a reader that can start
//! at any key (`read`). Never changes a file that has its final name.
//!
//! The file, all numbers little endian: magic `FIGWIMG\n`, version u32, zero u32; blocks (see `block`); a block head of zeros; the index: per block its
//! offset u64, first key's length u32 and first key; the foot: index offset u64, index length u64, CRC-32C of the index u32, blocks u32, entries u64,
//! SHA-256 of everything before the index, magic. A reader that does not know the version stops.

use std::path::{Path, PathBuf};

use crate::image::Address;

pub(super) const MAGIC: [u8; 8] = *b"FIGWIMG\n";
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER: usize = 16;
pub(super) const FOOT: usize = 8 + 8 + 4 + 4 + 8 + 32 + 8;

/// Where an image is kept.
pub(crate) fn path_of(directory: &Path, address: &Address) -> PathBuf {
    directory.join(format!("{address}.img"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Result};
    use crate::image::entry::{Cursor, Entry, Tag};
    use crate::image::{ImageReader, ImageWriter};

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
}
