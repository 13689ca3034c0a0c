//! The local copy of the fold: what lets a gateway start while the log is out of reach. `fold.json` in `control.directory`.
//!
//! In: a fold and when it was last known to be all of the log. Out: the same, or that there is none, or that the file is
//! damaged. Written beside and renamed, so it is the old one or the new one. Never a source of truth: the log is. Blocking.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::command::{FOLD, UNSIGNED};
use super::fold::Fold;
use super::hash::ChainHash;

const VERSION: u64 = 1;
const NAME: &str = "fold.json";

/// A copy that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copy {
    /// The fold.
    pub(crate) fold: Fold,
    /// When it was last known to be all that the log says.
    pub(crate) current_at: SystemTime,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    v: u64,
    fold_version: u64,
    current_at: u64,
    /// Of the text of `fold`.
    hash: ChainHash,
    #[serde(borrow)]
    fold: &'a RawValue,
}

/// Why the copy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The disk.
    #[error("local copy {path} of the control state cannot be {what}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Read or written.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Not what was written, or of another version.
    #[error("local copy {path} of the control state is of no use: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// Reads the copy; none if there never was one.
///
/// # Errors
/// It cannot be read, or is not what was written.
pub(crate) fn load(directory: &Path) -> Result<Option<Copy>, CopyError> {
    let path = directory.join(NAME);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(CopyError::Io {
                path,
                what: "read",
                source,
            });
        }
    };
    parse(&text)
        .map(Some)
        .map_err(|why| CopyError::Damaged { path, why })
}

fn parse(text: &[u8]) -> Result<Copy, String> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u64,
        fold_version: u64,
    }
    let said = |error: serde_json::Error| error.to_string();
    let versioned: Versioned = serde_json::from_slice(text).map_err(said)?;
    let known = (UNSIGNED..=FOLD).contains(&versioned.fold_version);
    if versioned.v != VERSION || !known {
        return Err(format!(
            "it has version {} and fold version {}, this Figway reads version {VERSION} and fold versions up to {FOLD}",
            versioned.v, versioned.fold_version
        ));
    }
    let written: Written<'_> = serde_json::from_slice(text).map_err(said)?;
    if ChainHash::of(written.fold.get().as_bytes()) != written.hash {
        return Err("its hash does not fit what is in it".to_owned());
    }
    let current_at = UNIX_EPOCH
        .checked_add(Duration::from_secs(written.current_at))
        .ok_or("its time cannot be")?;
    let fold: Fold = serde_json::from_str(written.fold.get()).map_err(said)?;
    if versioned.fold_version == UNSIGNED && !fold.fits_first_version() {
        return Err("it has more in it than its fold version knows".to_owned());
    }
    Ok(Copy { fold, current_at })
}

/// Replaces the copy; it is on the disk when this returns.
///
/// # Errors
/// The disk does not take it; the old copy is still there.
pub(crate) fn save(directory: &Path, copy: &Copy) -> Result<(), CopyError> {
    let path = directory.join(NAME);
    write(directory, &path, copy).map_err(|source| CopyError::Io {
        path,
        what: "written",
        source,
    })
}

fn write(directory: &Path, path: &Path, copy: &Copy) -> io::Result<()> {
    let fold = serde_json::value::to_raw_value(&copy.fold)?;
    let written = Written {
        v: VERSION,
        fold_version: FOLD,
        current_at: copy
            .current_at
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO)
            .as_secs(),
        hash: ChainHash::of(fold.get().as_bytes()),
        fold: &fold,
    };
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(&written)?)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests;
