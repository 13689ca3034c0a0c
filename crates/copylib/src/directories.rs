//! The directories COPY finds its members in.
//!
//! In: directories, in the order they are searched, and a member's name as a program writes it. Out: the member's text.
//! Never opens anything outside those directories by name: a name with `..` or a root in it is refused, whatever it
//! points at. (A symbolic link inside a directory is its owner's word and is followed.)

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use ops::config::Source;
use parsers::copybook::{Library, LibraryText};

/// What members are called in files, most usual first. The name alone is tried before these.
const EXTENSIONS: &[&str] = &["cpy", "cbl", "cob", "copy", "inc"];

/// A copybook is text that people wrote: more than this is some other file.
pub(crate) const MOST_BYTES: u64 = 16 << 20;

/// Directories to search, and the members that were read from them.
#[derive(Debug)]
pub(crate) struct Directories {
    directories: Vec<PathBuf>,
    pub(crate) read: Vec<Source>,
}

impl Directories {
    pub(crate) fn new(directories: Vec<PathBuf>) -> Directories {
        Directories {
            directories,
            read: Vec::new(),
        }
    }
}

impl Library for Directories {
    /// `NAME`, `NAME.cpy` and so on in each directory, whatever the case of letters; `COPY NAME OF LIB` looks in those
    /// called LIB and in the LIB of each.
    fn find(&mut self, name: &str, library: Option<&str>) -> Result<Option<LibraryText>, String> {
        let name = within(name)?;
        let library = library.map(within).transpose()?;
        for directory in &self.directories {
            let found = match &library {
                None => member(directory, &name)?,
                Some(library) => {
                    let named = directory
                        .file_name()
                        .is_some_and(|last| last.eq_ignore_ascii_case(library.as_os_str()));
                    let here = if named {
                        member(directory, &name)?
                    } else {
                        None
                    };
                    match (here, same_name(directory, library)?) {
                        (None, Some(below)) => member(&below, &name)?,
                        (here, _) => here,
                    }
                }
            };
            let Some(path) = found else { continue };
            let text = read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let file = path.display().to_string();
            if !self.read.iter().any(|source| source.name() == file) {
                self.read.push(Source::new(file.as_str(), text.as_str()));
            }
            return Ok(Some(LibraryText { file, text }));
        }
        Ok(None)
    }
}

/// The text of a copybook. Comments of old ones are often in an 8-bit code page: what is not UTF-8 is read as
/// Latin-1, in which every byte is a character and columns stay what they were.
pub(crate) fn read(path: &Path) -> std::io::Result<String> {
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MOST_BYTES) {
        let message = format!("larger than {} MiB, so it is no copybook", MOST_BYTES >> 20);
        return Err(std::io::Error::other(message));
    }
    String::from_utf8(bytes).or_else(|bad| {
        let bytes = bad.as_bytes();
        if is_ebcdic(bytes) {
            let message = "it is EBCDIC: transfer it as text, not as binary";
            return Err(std::io::Error::other(message));
        }
        Ok(bytes.iter().copied().map(char::from).collect())
    })
}

/// Text that was never translated: its blanks are 40, and it has hardly a byte that ends lines elsewhere.
fn is_ebcdic(bytes: &[u8]) -> bool {
    let count = |wanted: u8| bytes.iter().filter(|byte| **byte == wanted).count();
    count(0x40) > bytes.len() / 8 && count(b'\n') <= bytes.len() / 200
}

/// A name as a path that stays below where it starts. `COPY 'sales/order.cpy'` names a directory too.
fn within(name: &str) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let plain = |part| matches!(part, Component::Normal(_));
    if name.is_empty() || name.contains(['\\', '\0']) || !path.components().all(plain) {
        return Err("wanted a name below an include directory, without `..` or a root".to_owned());
    }
    Ok(path.to_owned())
}

/// The file of a member: its name as it is written, then with each extension; letters in either case.
fn member(directory: &Path, name: &Path) -> Result<Option<PathBuf>, String> {
    if let Some(found) = same_name(directory, name)?.filter(|found| found.is_file()) {
        return Ok(Some(found));
    }
    for extension in EXTENSIONS {
        let mut with = name.as_os_str().to_owned();
        with.push(".");
        with.push(extension);
        if let Some(found) = same_name(directory, Path::new(&with))?.filter(|found| found.is_file())
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What is in the directory under that name, whatever the case of its letters; of several the exact one, else the
/// first in order.
fn same_name(directory: &Path, name: &Path) -> Result<Option<PathBuf>, String> {
    let exact = directory.join(name);
    if exact.exists() {
        return Ok(Some(exact));
    }
    let mut at = directory.to_owned();
    for part in name.components() {
        let entries = match std::fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", at.display())),
        };
        let mut same: Vec<_> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.file_name())
            .filter(|found| found.eq_ignore_ascii_case(part.as_os_str()))
            .collect();
        same.sort();
        match same.into_iter().next() {
            Some(found) => at.push(found),
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}
