//! A body on its way out of the store: read, decrypted, decompressed, measured and hashed; with the memory of a segment.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ring::digest::{Context, SHA256};

use crate::compress::Inflater;
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::header::{Encoding, KeyId, Manifest};
use crate::inner::Inner;
use crate::name::ObjectName;
use crate::seal::Opener;
use crate::store::Download;

/// Reads one object. What it gives is held to the record's length as it comes, and its last bytes come only once the digest is right:
/// whoever got all of them got what was sent.
pub struct Reader {
    download: Option<Download>,
    opener: Option<Opener>,
    inflater: Option<Inflater>,
    checked: Checked,
    /// Read, and not given out before what follows it is read as well.
    held: Option<Bytes>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("manifest", &self.checked.manifest)
            .finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) async fn open(
        inner: &Arc<Inner>,
        manifest: Manifest,
        name: &ObjectName,
        key: Option<&KeyId>,
    ) -> Result<Self, Error> {
        let opener = key.map(|key| Opener::new(&inner.keys, key)).transpose()?;
        let mut reader = Self {
            download: Some(inner.store.open(name).await?),
            opener,
            inflater: match manifest.encoding {
                Encoding::Identity => None,
                Encoding::Zstd => Some(Inflater::new()?),
            },
            checked: Checked::new(manifest),
            held: None,
        };
        // Whoever is given a reader knows that there is something to be read.
        reader.held = reader.checked().await?;
        if reader.held.is_none() {
            reader.count();
        }
        Ok(reader)
    }

    /// All of it came.
    fn count(&self) {
        Count::Read.add(1);
        Count::ReadBytes.add(self.checked.manifest.length);
    }

    /// What the record says of the body.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        self.checked.manifest
    }

    /// The next bytes; none once all of them came and are what was sent. Not to be called again after an error. Dropped half-way bytes
    /// are lost: the reader is then of no use.
    ///
    /// # Errors
    /// What is there is not what the record says, or the store failed.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.held.is_none() {
            return Ok(None);
        }
        let next = Count::NotRead.unless_done(self.checked().await)?;
        if next.is_none() {
            self.count();
        }
        Ok(std::mem::replace(&mut self.held, next))
    }

    /// All of it.
    ///
    /// # Errors
    /// As [`Reader::next`], or it is larger than `limit` bytes.
    pub async fn whole(mut self, limit: u64) -> Result<Bytes, Error> {
        within(&self.checked.manifest, limit)?;
        let mut whole = BytesMut::new();
        while let Some(data) = self.next().await? {
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    async fn checked(&mut self) -> Result<Option<Bytes>, Error> {
        match self.decompressed().await? {
            Some(data) => self.checked.take(data).map(Some),
            None => self.checked.end().map(|()| None),
        }
    }

    async fn decompressed(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(inflater) = &mut self.inflater
                && let Some(data) = inflater.next()?
            {
                return Ok(Some(data));
            }
            let data = self.decrypted().await?;
            match (&mut self.inflater, data) {
                (None, data) => return Ok(data),
                (Some(inflater), Some(data)) => inflater.push(data)?,
                (Some(inflater), None) if inflater.has_ended() => return Ok(None),
                (Some(_), None) => return Err(Error::altered("the compressed body has no end")),
            }
        }
    }

    async fn decrypted(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(opener) = &mut self.opener
                && let Some(data) = opener.next()?
            {
                return Ok(Some(data));
            }
            let Some(download) = &mut self.download else {
                return Ok(None);
            };
            let data = download.next().await?;
            match (&mut self.opener, data) {
                (Some(opener), Some(data)) => opener.push(&data),
                (Some(opener), None) => {
                    self.download = None;
                    let last = opener.last()?;
                    return Ok((!last.is_empty()).then_some(last));
                }
                (None, Some(data)) => return Ok(Some(data)),
                (None, None) => self.download = None,
            }
        }
    }
}

/// Whether a body fits.
pub(crate) fn within(manifest: &Manifest, limit: u64) -> Result<(), Error> {
    if manifest.length > limit {
        let message = format!(
            "the body has {} bytes, and at most {limit} are taken",
            manifest.length
        );
        return Err(Error::new(Kind::TooLarge, message));
    }
    Ok(())
}

/// Holds a body to what is said of it.
pub(crate) struct Checked {
    manifest: Manifest,
    left: u64,
    digest: Option<Context>,
}

impl Checked {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self {
            left: manifest.length,
            digest: Some(Context::new(&SHA256)),
            manifest,
        }
    }

    pub(crate) fn take(&mut self, data: Bytes) -> Result<Bytes, Error> {
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let left = self.left.checked_sub(length);
        self.left =
            left.ok_or_else(|| Error::altered("the body is longer than its record says"))?;
        if let Some(digest) = &mut self.digest {
            digest.update(&data);
        }
        Ok(data)
    }

    pub(crate) fn end(&mut self) -> Result<(), Error> {
        if self.left > 0 {
            return Err(Error::altered("the body is shorter than its record says"));
        }
        match self.digest.take().map(crate::digest_of) {
            Some(found) if found != self.manifest.sha256 => Err(Error::altered(
                "the digest of the body is not that of its record",
            )),
            _ => Ok(()),
        }
    }
}
