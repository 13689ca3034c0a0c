//! Files that a `routes.toml` names and whose contents are part of what it means: [`Beside`].

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    path: PathBuf,
    hash: [u8; 32],
    most: u64,
}

impl Beside {
    /// Reads a file of at most `most` bytes.
    ///
    /// # Errors
    /// It cannot be read, or is larger.
    pub(super) fn read(path: PathBuf, most: u64) -> Result<(Self, Vec<u8>), String> {
        let shown = path.display();
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes))
            .map_err(|error| format!("{shown} cannot be read: {error}"))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
            return Err(format!("{shown} has more than {most} bytes"));
        }
        let hash = Sha256::digest(&bytes).into();
        Ok((Self { path, hash, most }, bytes))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// As it is now; as it was if it cannot be read.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::read(self.path.clone(), self.most).map_or_else(|_| self.clone(), |(now, _)| now)
    }
}
