//! Where objects are: a folder, or a bucket of an object store.
//!
//! An object is written once, under a name nobody else has, and is there as a whole or not at all. It is never changed; what removes it is
//! its age.

#[cfg(feature = "bucket")]
mod bucket;
mod folder;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::Error;
use crate::name::{Day, ObjectName};

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

    /// Removes the days that ended so long ago, and what was begun a day ago and never finished. How many objects that were.
    pub(crate) async fn sweep(
        &self,
        older_than: Option<Duration>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        match self {
            Self::Folder(folder) => folder.sweep(older_than, now).await,
            #[cfg(feature = "bucket")]
            Self::Bucket(bucket) => match older_than {
                Some(age) => bucket.sweep(age, now).await,
                None => Ok(0),
            },
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

/// Whether all objects of a day are older than that.
fn is_over(day: Day, older_than: Duration, now: Timestamp) -> bool {
    let due = day.end().and_then(|end| end.checked_add(older_than).ok());
    due.is_some_and(|due| due <= now)
}
