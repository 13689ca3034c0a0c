//! The folder of one source's images.
//!
//! In: the state directory and the source's name. Out: writers, readers and sorters that keep their files there. Never removes an image it was told to keep,
//! and never shows one that is not whole.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::image::{Address, Cursor, ImageReader, ImageWriter, Sorter};

/// Where a source keeps its images and spills its sorts.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    images: PathBuf,
    scratch: PathBuf,
}

impl Store {
    /// Makes the folders if they are not there yet.
    pub(crate) fn open(state: &Path, source: &str) -> Result<Self> {
        let root = state.join(source);
        let store = Self {
            images: root.join("images"),
            scratch: root.join("scratch"),
        };
        for folder in [&store.images, &store.scratch] {
            std::fs::create_dir_all(folder)
                .map_err(|error| Error::io("make the folder", folder, error))?;
        }
        Ok(store)
    }

    /// Removes what a killed process left half written. Only for the worker that holds the source.
    pub(crate) fn clear_scratch(&self) -> Result<()> {
        for path in files_of(&self.scratch)? {
            remove(&path)?;
        }
        Ok(())
    }

    pub(crate) fn writer(&self) -> Result<ImageWriter> {
        ImageWriter::create(&self.images, &self.scratch)
    }

    pub(crate) fn reader(&self, address: &Address) -> Result<ImageReader> {
        ImageReader::open(&self.images, address)
    }

    pub(crate) fn sorter(&self, memory: usize) -> Sorter {
        Sorter::new(&self.scratch, memory)
    }

    /// Reads an image to its end, for its checksums.
    pub(crate) fn check(&self, address: &Address) -> Result<()> {
        let mut reader = self.reader(address)?;
        while reader.advance()? {}
        Ok(())
    }

    /// Removes a damaged image, so that it is made anew.
    pub(crate) fn discard(&self, address: &Address) -> Result<()> {
        remove(&super::file::path_of(&self.images, address))
    }

    /// Removes every image that is not in `keep`.
    pub(crate) fn retain(&self, keep: &HashSet<&Address>) -> Result<()> {
        let keep: HashSet<PathBuf> = keep
            .iter()
            .map(|address| super::file::path_of(&self.images, address))
            .collect();
        for path in files_of(&self.images)? {
            if !keep.contains(&path) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("list the folder", folder, error);
    std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kept_stays() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path(), "lots").unwrap();
        let empty = store.writer().unwrap().finish().unwrap();
        assert!(store.reader(&empty).is_ok());
        let half = store.writer().unwrap();
        store.retain(&HashSet::from([&empty])).unwrap();
        assert!(store.reader(&empty).is_ok());
        store.clear_scratch().unwrap();
        drop(half);
        store.retain(&HashSet::new()).unwrap();
        assert_eq!(
            store.reader(&empty).unwrap_err().kind(),
            crate::ErrorKind::ImageLost
        );
        store.discard(&empty).unwrap();
    }
}
