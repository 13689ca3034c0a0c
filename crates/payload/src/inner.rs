//! The store with its keys, as programs hold it; and what removes old objects.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Config;
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::header::{Encoding, Form, Place};
use crate::key::{Key, Keys};
use crate::read::Reader;
use crate::store::Store;
use crate::units::Age;
use crate::write::Writer;

/// Between two sweeps. Objects go by days, so that it need not be often.
const SWEEPS: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    /// How long objects of this program are there.
    pub(crate) expire_after: Age,
}

impl Inner {
    async fn sweep(&self, now: Timestamp) -> Result<u64, Error> {
        let swept = Count::NotSwept.unless_done(self.store.sweep(self.expire_after, now).await)?;
        Count::Swept.add(swept);
        Ok(swept)
    }
}

/// The store of large bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Payloads(Arc<Inner>);

impl Payloads {
    /// The store of that table. Inside a runtime old objects are removed now and then, for as long as a clone lives; programs that share
    /// a store all do so, which does no harm.
    ///
    /// # Errors
    /// A key cannot be had, or the table has faults.
    pub fn open(config: &Config) -> Result<Self, Error> {
        if let Some(fault) = config.faults().into_iter().next() {
            return Err(Error::new(Kind::Config, fault.message));
        }
        let writing = config.key.as_ref().and_then(|key| {
            let named = config.named_keys().into_keys();
            named.into_iter().find(|id| id.as_str() == key.get_ref())
        });
        let store = match (&config.folder, &config.bucket) {
            (Some(folder), _) => Store::folder(folder.get_ref()),
            (None, Some(bucket)) => {
                let endpoint = config.endpoint.as_ref();
                let endpoint = endpoint.map(|endpoint| endpoint.get_ref().as_str());
                Store::bucket(bucket.get_ref(), endpoint)?
            }
            (None, None) => return Err(Error::new(Kind::Config, "there is no store")),
        };
        let inner = Arc::new(Inner {
            store,
            keys: Keys::read(&config.named_keys(), writing.as_ref())?,
            expire_after: config.expire_after(),
        });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(sweeps(Arc::downgrade(&inner))));
        }
        Ok(Self(inner))
    }

    /// Begins an object for a body of at most `most` bytes.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn writer(&self, encoding: Encoding, most: u64) -> Result<Writer, Error> {
        Count::NotWritten.unless_done(Writer::new(&self.0, encoding, most).await)
    }

    /// Opens the object that a record refers to. Its first bytes are read, so that an object that is not there is known now.
    ///
    /// # Errors
    /// See [`Kind`]; also of a form that refers to none.
    pub async fn open_object(&self, form: &Form) -> Result<Reader, Error> {
        match &form.place {
            Place::Object { name, key } => {
                let opened = Reader::open(&self.0, form.manifest, name, key.as_ref()).await;
                Count::NotRead.unless_done(opened)
            }
            Place::Here | Place::Chunk(_) => Err(Error::new(
                Kind::Malformed,
                "the record refers to no object",
            )),
        }
    }

    /// Removes what is not needed any more, as those said who wrote it. How many objects that were.
    ///
    /// # Errors
    /// The store cannot be read or written; what was removed is.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, Error> {
        self.0.sweep(now).await
    }

    /// The id of the key that objects are written with.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        let key: Option<&Key> = self.0.keys.writing();
        key.map(|key| key.id.as_str())
    }
}

async fn sweeps(inner: Weak<Inner>) {
    loop {
        let Some(inner) = inner.upgrade() else {
            return;
        };
        let swept = inner.sweep(Timestamp::now()).await;
        drop(inner);
        match swept {
            Ok(0) => {}
            Ok(objects) => tracing::info!(objects, "large payloads have expired"),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "large payloads cannot be swept, trying on");
            }
        }
        tokio::time::sleep(SWEEPS).await;
    }
}
