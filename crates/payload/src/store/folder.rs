//! A folder: `until-YYYYMMDD/hh/NAME`, `tmp` for what is not finished, and `kept` for notes of how long programs keep objects.
//!
//! All who write and read objects need the same folder: on one machine, or on a file system that they share and that keeps `fsync` and
//! `rename` (NFS does).

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{KEPT, note, noted};
use crate::error::{Error, Kind};
use crate::name::{ObjectName, Term};
use crate::units::Age;

/// What is not finished yet.
const UNFINISHED: &str = "tmp";
/// What is not finished after so long never will be.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);
/// What is read at a time.
const PIECE: usize = 256 << 10;

#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Upload {
    file: Option<File>,
    unfinished: PathBuf,
    finished: PathBuf,
    root: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Download(File);

fn store(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |error| {
        Error::new(
            Kind::Store,
            format!("the folder of large payloads cannot be {what}"),
        )
        .because(error)
    }
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn path(&self, name: &ObjectName) -> PathBuf {
        let term = self.root.join(name.term().to_string());
        term.join(name.fan()).join(name.digits())
    }

    pub(super) async fn create(&self, name: &ObjectName) -> Result<Upload, Error> {
        let written = store("written");
        let beside = self.root.join(UNFINISHED);
        directory(&beside).await.map_err(&written)?;
        let unfinished = beside.join(name.digits());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&unfinished).await.map_err(&written)?;
        file.set_max_buf_size(PIECE);
        Ok(Upload {
            file: Some(file),
            unfinished,
            finished: self.path(name),
            root: self.root.clone(),
        })
    }

    pub(super) async fn open(&self, name: &ObjectName) -> Result<Download, Error> {
        match File::open(self.path(name)).await {
            Ok(mut file) => {
                file.set_max_buf_size(PIECE);
                Ok(Download(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Without the folder itself it is the store that is missing, which somebody may mount again.
                fs::metadata(&self.root).await.map_err(store("read"))?;
                Err(Error::new(
                    Kind::Missing,
                    "the object is not in the store: it has expired, or the store is another",
                ))
            }
            Err(error) => Err(store("read")(error)),
        }
    }

    pub(super) async fn sweep(&self, own: Age, now: Timestamp) -> Result<u64, Error> {
        let root = self.root.clone();
        let sweeping = tokio::task::spawn_blocking(move || sweep(&root, own, now));
        match sweeping.await {
            Ok(swept) => swept.map_err(store("swept")),
            Err(error) => Err(Error::new(Kind::Store, "the sweep did not end").because(error)),
        }
    }
}

impl Upload {
    pub(super) async fn write(&mut self, data: &Bytes) -> Result<(), Error> {
        let file = self.file.as_mut().ok_or_else(ended)?;
        file.write_all(data).await.map_err(store("written"))
    }

    pub(super) async fn finish(mut self) -> Result<(), Error> {
        let written = store("written");
        let mut file = self.file.take().ok_or_else(ended)?;
        file.flush().await.map_err(&written)?;
        file.sync_all().await.map_err(&written)?;
        drop(file);
        let fan = self.finished.parent().unwrap_or(&self.root).to_owned();
        let term = fan.parent().unwrap_or(&self.root).to_owned();
        directory(&fan).await.map_err(&written)?;
        fs::rename(&self.unfinished, &self.finished)
            .await
            .map_err(&written)?;
        // Entries of folders are kept by syncing the folders.
        for folder in [&fan, &term, &self.root] {
            let opened = File::open(folder).await.map_err(&written)?;
            opened.sync_all().await.map_err(&written)?;
        }
        Ok(())
    }
}

fn ended() -> Error {
    Error::new(Kind::Store, "the object was given up")
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // One that stays is swept later.
            drop(std::fs::remove_file(&self.unfinished));
        }
    }
}

impl Download {
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = self.0.read_buf(&mut piece).await.map_err(store("read"))?;
        Ok((read > 0).then(|| piece.freeze()))
    }
}

/// Makes a folder with those above it, for the owner alone.
async fn directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path).await
}

fn sweep(root: &Path, own: Age, now: Timestamp) -> io::Result<u64> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        // Nothing was ever written.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let unsaid = longest(&root.join(KEPT), own)?;
    let mut swept = 0;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if name == OsStr::new(UNFINISHED) {
            abandoned(&entry.path(), now)?;
            continue;
        }
        // What is not ours is left alone.
        let term = name.to_str().and_then(Term::parse);
        if term.is_some_and(|term| term.is_over(unsaid, now)) {
            swept += remove_all(&entry.path())?;
        }
    }
    Ok(swept)
}

/// The longest that anyone keeps objects, once this program's own is noted.
fn longest(notes: &Path, own: Age) -> io::Result<Age> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    there(builder.create(notes))?;
    let (mut longest, mut is_noted) = (own, false);
    for entry in std::fs::read_dir(notes)? {
        let name = entry?.file_name();
        is_noted |= name == OsStr::new(&note(own));
        longest = longest.max(name.to_str().map_or(Age::Forever, noted));
    }
    if !is_noted {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        there(options.open(notes.join(note(own))).map(drop))?;
        std::fs::File::open(notes)?.sync_all()?;
    }
    Ok(longest)
}

/// Others note the same.
fn there(made: io::Result<()>) -> io::Result<()> {
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn abandoned(folder: &Path, now: Timestamp) -> io::Result<()> {
    let now = SystemTime::from(now);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let written = entry.metadata().and_then(|about| about.modified());
        let age = written.map(|written| now.duration_since(written).unwrap_or_default());
        if age.is_ok_and(|age| age > ABANDONED) {
            gone(std::fs::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

/// Others sweep the same folder: what one finds gone another has removed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn remove_all(term: &Path) -> io::Result<u64> {
    let mut objects = 0;
    for fan in std::fs::read_dir(term)? {
        let fan = fan?.path();
        if fan.is_dir() {
            objects += std::fs::read_dir(&fan)
                .map(|objects| objects.fold(0, |count, _| count + 1))
                .unwrap_or(0);
        }
    }
    gone(std::fs::remove_dir_all(term))?;
    Ok(objects)
}
