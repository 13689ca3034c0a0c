//! Where objects are: a folder, or a bucket of an object store.
//!
//! An object is written once, under a name nobody else has, and is there as a whole or not at all. It is never changed; what removes it is
//! the end of its term, which is in its name: not what the program was told that happens to sweep.
//!
//! Objects of before have no term. They are kept as long as the longest that any program of the store keeps its own: each notes that in
//! the store before it removes anything.

#[cfg(feature = "bucket")]
mod bucket;
mod folder;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::Error;
use crate::name::ObjectName;
use crate::units::Age;

/// A store.
#[derive(Debug)]
pub(crate) enum Store {
    Folder(folder::Folder),
    #[cfg(feature = "bucket")]
    Bucket(bucket::Bucket),
}

/// An object on its way into a store. Dropped before it is finished it is no object; what was written is removed, at the latest
/// when it is swept.
#[derive(Debug)]
pub(crate) enum Upload {
    Folder(folder::Upload),
    #[cfg(feature = "bucket")]
    Bucket(bucket::Upload),
}

/// An object that is read.
#[derive(Debug)]
pub(crate) enum Download {
    Folder(folder::Download),
    #[cfg(feature = "bucket")]
    Bucket(bucket::Download),
}

impl Store {
    pub(crate) fn folder(root: &Path) -> Self {
        Self::Folder(folder::Folder::new(root))
    }

    /// That of an address, at that endpoint where it is not the cloud's own.
    #[cfg(feature = "bucket")]
    pub(crate) fn bucket(address: &str, endpoint: Option<&str>) -> Result<Self, Error> {
        bucket::Bucket::open(address, endpoint).map(Self::Bucket)
    }

    #[cfg(not(feature = "bucket"))]
    pub(crate) fn bucket(_: &str, _: Option<&str>) -> Result<Self, Error> {
        Err(Error::new(
            crate::error::Kind::Config,
            "this program was built without buckets",
        ))
    }

    /// Begins an object.
    pub(crate) async fn create(&self, name: &ObjectName) -> Result<Upload, Error> {
        match self {
            Self::Folder(folder) => folder.create(name).await.map(Upload::Folder),
            #[cfg(feature = "bucket")]
            Self::Bucket(bucket) => Ok(Upload::Bucket(bucket.create(name))),
        }
    }

    /// Opens an object. Its absence is an error of its own kind.
    pub(crate) async fn open(&self, name: &ObjectName) -> Result<Download, Error> {
        match self {
            Self::Folder(folder) => folder.open(name).await.map(Download::Folder),
            #[cfg(feature = "bucket")]
            Self::Bucket(bucket) => bucket.open_object(name).await.map(Download::Bucket),
        }
    }

    /// Removes what is over, and what was begun a day ago and never finished; `own` is how long this program keeps its objects. How many
    /// objects that were.
    pub(crate) async fn sweep(&self, own: Age, now: Timestamp) -> Result<u64, Error> {
        match self {
            Self::Folder(folder) => folder.sweep(own, now).await,
            #[cfg(feature = "bucket")]
            Self::Bucket(bucket) => bucket.sweep(own, now).await,
        }
    }
}

impl Upload {
    pub(crate) async fn write(&mut self, data: &Bytes) -> Result<(), Error> {
        match self {
            Self::Folder(upload) => upload.write(data).await,
            #[cfg(feature = "bucket")]
            Self::Bucket(upload) => upload.write(data).await,
        }
    }

    /// Once this returns the object is there, and stays over a loss of power.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        match self {
            Self::Folder(upload) => upload.finish().await,
            #[cfg(feature = "bucket")]
            Self::Bucket(upload) => upload.finish().await,
        }
    }
}

impl Download {
    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Folder(download) => download.next().await,
            #[cfg(feature = "bucket")]
            Self::Bucket(download) => download.next().await,
        }
    }
}

/// Where programs note how long they keep objects.
const KEPT: &str = "kept";
/// The note of a program that keeps them for ever.
const FOREVER: &str = "forever";

/// What a program that keeps objects so long notes: `forever`, or seconds.
fn note(age: Age) -> String {
    match age {
        Age::Forever => FOREVER.to_owned(),
        Age::For(age) => age.as_secs().to_string(),
    }
}

/// What a note says. One that cannot be read is of a version to come, and may mean any time.
fn noted(note: &str) -> Age {
    let seconds = note.parse().map(Duration::from_secs);
    seconds.map_or(Age::Forever, Age::For)
}
