//! A body on its way into the store: measured, hashed, compressed, encrypted, written; with the memory of a segment.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use ring::digest::{Context, SHA256};

use crate::compress::Deflater;
use crate::count::Count;
use crate::error::{Error, Kind};
use crate::header::{Encoding, Form, KeyId, Manifest, Place};
use crate::inner::Inner;
use crate::name::ObjectName;
use crate::seal::Sealer;
use crate::store::Upload;

/// What is written at a time.
const PIECE: usize = 256 << 10;

/// Writes one object. Nothing refers to it before [`Writer::finish`] has returned; dropped before that, it is no object.
pub struct Writer {
    name: ObjectName,
    upload: Upload,
    encoding: Encoding,
    deflater: Option<Deflater>,
    seal: Seal,
    key: Option<KeyId>,
    digest: Context,
    length: u64,
    most: u64,
}

/// What becomes of the bytes before they are written.
enum Seal {
    Encrypted(Box<Sealer>),
    /// Gathered into pieces, so that small frames make no small writes.
    Plain(BytesMut),
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("encoding", &self.encoding)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) async fn new(
        inner: &Arc<Inner>,
        encoding: Encoding,
        most: u64,
    ) -> Result<Self, Error> {
        let name = ObjectName::new(inner.expire_after, Timestamp::now())?;
        let key = inner.keys.writing();
        Ok(Self {
            upload: inner.store.create(&name).await?,
            deflater: match encoding {
                Encoding::Identity => None,
                Encoding::Zstd => Some(Deflater::new()?),
            },
            seal: match key {
                Some(key) => Seal::Encrypted(Box::new(Sealer::new(key)?)),
                None => Seal::Plain(BytesMut::new()),
            },
            key: key.map(|key| key.id.clone()),
            name,
            encoding,
            digest: Context::new(&SHA256),
            length: 0,
            most,
        })
    }

    /// Takes the next bytes of the body; waits while the store does. Dropped half-way the object can only be given up.
    ///
    /// # Errors
    /// More than allowed came, or the store failed.
    pub async fn write(&mut self, data: Bytes) -> Result<(), Error> {
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.length = self.length.saturating_add(length);
        if self.length > self.most {
            let message = format!("the body is larger than {} bytes", self.most);
            return Err(Error::new(Kind::TooLarge, message));
        }
        self.digest.update(&data);
        let data = match &mut self.deflater {
            Some(deflater) => deflater.push(&data)?,
            None => data,
        };
        self.put(data).await
    }

    async fn put(&mut self, mut data: Bytes) -> Result<(), Error> {
        while !data.is_empty() {
            let ready = match &mut self.seal {
                Seal::Encrypted(sealer) => sealer.push(&mut data)?,
                Seal::Plain(gathered) => {
                    let taken = data.split_to(data.len().min(PIECE - gathered.len()));
                    gathered.extend_from_slice(&taken);
                    (gathered.len() == PIECE)
                        .then(|| std::mem::replace(gathered, BytesMut::with_capacity(PIECE)))
                        .map(BytesMut::freeze)
                }
            };
            if let Some(ready) = ready {
                Count::NotWritten.unless_done(self.upload.write(&ready).await)?;
            }
        }
        Ok(())
    }

    /// Ends the object. What it returns may be sent: the object is there, and stays over a loss of power.
    ///
    /// # Errors
    /// The store failed; there is no object.
    pub async fn finish(self) -> Result<Form, Error> {
        let length = self.length;
        let form = self.ended().await?;
        Count::Written.add(1);
        Count::WrittenBytes.add(length);
        Ok(form)
    }

    async fn ended(mut self) -> Result<Form, Error> {
        if let Some(deflater) = self.deflater.take() {
            let rest = deflater.finish()?;
            self.put(rest).await?;
        }
        let rest = match self.seal {
            Seal::Encrypted(sealer) => sealer.finish()?,
            Seal::Plain(gathered) => [gathered.freeze(), Bytes::new()],
        };
        for part in rest.iter().filter(|part| !part.is_empty()) {
            Count::NotWritten.unless_done(self.upload.write(part).await)?;
        }
        Count::NotWritten.unless_done(self.upload.finish().await)?;
        Ok(Form {
            manifest: Manifest {
                encoding: self.encoding,
                length: self.length,
                sha256: crate::digest_of(self.digest),
            },
            place: Place::Object {
                name: self.name,
                key: self.key,
            },
        })
    }
}
