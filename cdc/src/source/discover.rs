//! Which generations a folder holds, and whether a file stays as it is.
//!
//! In: a folder and a pattern on file names. Out: the generations in name order, and stamps that differ when a file was written or replaced. Never opens
//! a file.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};

/// A pattern on file names: `*` stands for any characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern for names in one folder.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.contains('/') {
            return Err(format!(
                "a pattern is a file name with `*` and `?` in it, not a path: `{text}`"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether a whole file name fits.
    pub fn fits(&self, name: &str) -> bool {
        // The classic two-pointer match: on a mismatch, let the last `*` take one more character.
        let (pattern, name): (Vec<char>, Vec<char>) =
            (self.0.chars().collect(), name.chars().collect());
        let (mut p, mut n) = (0, 0);
        let mut star = None;
        while n < name.len() {
            match (pattern.get(p), name.get(n)) {
                (Some('*'), _) => {
                    star = Some((p, n));
                    p += 1;
                }
                (Some('?'), _) => (p, n) = (p + 1, n + 1),
                (Some(a), Some(b)) if a == b => (p, n) = (p + 1, n + 1),
                _ => match star {
                    Some((at, taken)) => {
                        star = Some((at, taken + 1));
                        (p, n) = (at + 1, taken + 1);
                    }
                    None => return false,
                },
            }
        }
        pattern
            .get(p..)
            .is_some_and(|rest| rest.iter().all(|c| *c == '*'))
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the file system says of a file; differs when the file was written to or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    inode: u64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let metadata =
            std::fs::metadata(path).map_err(|error| Error::io("look at", path, error))?;
        Self::from(&metadata).map_err(|error| Error::io("look at", path, error))
    }

    pub(crate) fn from(metadata: &std::fs::Metadata) -> std::io::Result<Self> {
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified()?,
            inode: metadata.ino(),
        })
    }

    /// Milliseconds since 1970, 0 for times before.
    pub(crate) fn modified_ms(&self) -> i64 {
        millis(self.modified)
    }

    /// Whether nobody wrote to the file for `settle` before `now`. A time in the future is a clock that disagrees: then only watching helps.
    pub(crate) fn settled(&self, now: SystemTime, settle: Duration) -> bool {
        now.duration_since(self.modified)
            .is_ok_and(|age| age >= settle)
    }
}

/// Milliseconds from 1970 to `time`, 0 for times before.
pub(crate) fn millis(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A file that is a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The file's name: the generation's.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
}

/// Every generation in the folder, by name. Names that begin with a dot or end in `.part` or `.tmp` are files on their way.
pub(crate) fn generations(directory: &Path, pattern: &Pattern) -> Result<Vec<Found>> {
    let failed = |error| Error::io("list the directory", directory, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if name.starts_with('.')
            || name.ends_with(".part")
            || name.ends_with(".tmp")
            || !pattern.fits(&name)
        {
            continue;
        }
        let path = entry.path();
        // It may be renamed between the listing and this; then the next look finds it.
        let Ok(metadata) = std::fs::metadata(&path) else {
            continue;
        };
        if metadata.is_file() {
            let stamp =
                Stamp::from(&metadata).map_err(|error| Error::io("look at", &path, error))?;
            found.push(Found { name, path, stamp });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_names() {
        let fits = |pattern: &str, name: &str| Pattern::new(pattern).unwrap().fits(name);
        assert!(fits("PHARMA.LOT.G????V??", "PHARMA.LOT.G0001V00"));
        assert!(!fits("PHARMA.LOT.G????V??", "PHARMA.LOT.G0001V001"));
        assert!(fits("*.bin", "a.b.bin"));
        assert!(!fits("*.bin", "a.bin.gz"));
        assert!(fits("*a*b*", "xxaayyb"));
        assert!(!fits("*a*b", "xxaayy"));
        assert!(fits("*", "x"));
        assert!(!fits("a", "b"));
        assert!(Pattern::new("in/*.bin").is_err());
    }

    #[test]
    fn files_on_their_way_are_no_generations() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "G0002V00",
            "G0001V00",
            ".G0003V00",
            "G0004V00.part",
            "G0005V00.tmp",
            "OTHER",
        ] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("G0006V00")).unwrap();
        let names: Vec<_> = generations(folder.path(), &Pattern::new("G*").unwrap())
            .unwrap()
            .into_iter()
            .map(|found| found.name)
            .collect();
        assert_eq!(names, ["G0001V00", "G0002V00"]);
    }

    #[test]
    fn a_missing_folder_is_named_with_what_to_do() {
        let error =
            generations(Path::new("/nowhere/unloads"), &Pattern::new("*").unwrap()).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Missing);
        assert_eq!(
            error.to_string(),
            "could not list the directory /nowhere/unloads: it is not there"
        );
        assert!(error.help().is_some());
    }
}
