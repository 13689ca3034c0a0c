//! A bucket of Amazon S3 or what speaks like it, Google Cloud Storage, or Azure Blob Storage: below a prefix the same names as in a
//! folder.
//!
//! An object appears with its last part, as a whole. Parts of one that was given up are removed where that is still possible; a rule of
//! the bucket for uploads that are not complete removes the others.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};

use super::{KEPT, note, noted};
use crate::error::{Error, Kind};
use crate::name::{ObjectName, Term};
use crate::units::Age;

/// What is sent at a time; S3 takes no less than 5 MiB, and at most 10,000 of them.
const PART: usize = 8 << 20;

/// What in the environment is for the stores: credentials, regions, endpoints, by the names that their own tools have.
const PREFIXES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

pub(crate) struct Upload {
    store: Arc<dyn ObjectStore>,
    at: Path,
    gathered: BytesMut,
    /// Once there is more than a part.
    parts: Option<Box<dyn MultipartUpload>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

pub(crate) struct Download(BoxStream<'static, object_store::Result<Bytes>>);

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}

/// What went wrong.
fn failed(what: &'static str) -> impl Fn(object_store::Error) -> Error {
    move |error| match error {
        object_store::Error::NotFound { .. } => Error::new(
            Kind::Missing,
            "the object is not in the store: it has expired, or the store is another",
        ),
        error => Error::new(
            Kind::Store,
            format!("the bucket of large payloads cannot be {what}"),
        )
        .because(error),
    }
}

impl Bucket {
    /// That of an address: `s3://bucket/prefix`, `gs://…`, `az://…`. Credentials come from the environment.
    pub(super) fn open(address: &str, endpoint: Option<&str>) -> Result<Self, Error> {
        let known =
            |(name, _): &(String, String)| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let options = std::env::vars().filter(known);
        let options = options.map(|(name, value)| (name.to_ascii_lowercase(), value));
        Self::with(address, endpoint, options.collect())
    }

    fn with(
        address: &str,
        endpoint: Option<&str>,
        mut options: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        let unusable = |error| {
            Error::new(Kind::Config, "the bucket of large payloads cannot be used").because(error)
        };
        // What speaks TLS below takes the one of the process. One that is there already is ring as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let url = url::Url::parse(address).map_err(|error| {
            Error::new(Kind::Config, "the bucket has no address").because(error)
        })?;
        if let Some(endpoint) = endpoint {
            let plain = endpoint.starts_with("http://");
            options.push(("endpoint".to_owned(), endpoint.to_owned()));
            options.push(("allow_http".to_owned(), plain.to_string()));
        }
        let (store, prefix) = object_store::parse_url_opts(&url, options).map_err(unusable)?;
        Ok(Self {
            store: store.into(),
            prefix,
        })
    }

    fn path(&self, name: &ObjectName) -> Path {
        let term = self.prefix.clone().join(name.term().to_string());
        term.join(name.fan()).join(name.digits())
    }

    pub(super) fn create(&self, name: &ObjectName) -> Upload {
        Upload {
            store: Arc::clone(&self.store),
            at: self.path(name),
            gathered: BytesMut::new(),
            parts: None,
        }
    }

    pub(super) async fn open_object(&self, name: &ObjectName) -> Result<Download, Error> {
        let found = self.store.get(&self.path(name)).await;
        Ok(Download(found.map_err(failed("read"))?.into_stream()))
    }

    pub(super) async fn sweep(&self, own: Age, now: Timestamp) -> Result<u64, Error> {
        let swept = failed("swept");
        let unsaid = self.longest(own).await.map_err(&swept)?;
        let terms = self.store.list_with_delimiter(Some(&self.prefix)).await;
        let mut objects = 0;
        for folder in terms.map_err(&swept)?.common_prefixes {
            // What is not ours is left alone.
            let term = folder.parts().next_back();
            let term = term.and_then(|term| Term::parse(term.as_ref()));
            if !term.is_some_and(|term| term.is_over(unsaid, now)) {
                continue;
            }
            let old = self
                .store
                .list(Some(&folder))
                .map_ok(|about| about.location);
            let mut removed = self.store.delete_stream(old.boxed());
            while let Some(one) = removed.next().await {
                match one {
                    Ok(_) => objects += 1,
                    // Others sweep the same bucket.
                    Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(swept(error)),
                }
            }
        }
        Ok(objects)
    }

    /// The longest that anyone keeps objects, once this program's own is noted.
    async fn longest(&self, own: Age) -> object_store::Result<Age> {
        let notes = self.prefix.clone().join(KEPT);
        let (mut longest, mut is_noted) = (own, false);
        let mut found = self.store.list(Some(&notes));
        while let Some(about) = found.try_next().await? {
            let name = about.location.filename().unwrap_or_default();
            is_noted |= name == note(own);
            longest = longest.max(noted(name));
        }
        if !is_noted {
            let at = notes.join(note(own));
            self.store.put(&at, PutPayload::new()).await?;
        }
        Ok(longest)
    }
}

impl Upload {
    pub(super) async fn write(&mut self, data: &Bytes) -> Result<(), Error> {
        self.gathered.extend_from_slice(data);
        if self.gathered.len() >= PART {
            self.send().await?;
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Error> {
        let part = PutPayload::from(self.gathered.split().freeze());
        if self.parts.is_none() {
            let begun = self.store.put_multipart(&self.at).await;
            self.parts = Some(begun.map_err(failed("written"))?);
        }
        if let Some(parts) = &mut self.parts {
            parts.put_part(part).await.map_err(failed("written"))?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), Error> {
        let written = failed("written");
        if self.parts.is_none() {
            let whole = PutPayload::from(self.gathered.split().freeze());
            self.store.put(&self.at, whole).await.map_err(written)?;
            return Ok(());
        }
        if !self.gathered.is_empty() {
            self.send().await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await.map_err(written)?;
        }
        self.parts = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn(async move { parts.abort().await }));
        }
    }
}

impl Download {
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.try_next().await.map_err(failed("read"))
    }
}

#[cfg(test)]
mod tests;
