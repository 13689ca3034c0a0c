//! Bodies that are at hand: compressed, cut into chunks, and had again. Pure.

use bytes::{Bytes, BytesMut};
use ring::digest::{SHA256, digest};

use crate::compress::{Deflater, Inflater};
use crate::error::Error;
use crate::header::{Chunk, Encoding, Form, MOST_CHUNKS, Manifest, Place};
use crate::name::random;
use crate::read::{Checked, within};

/// What is to travel: a value, and the headers that say how to read it; none where it is the body itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The record's value.
    pub value: Bytes,
    /// The form of the body.
    pub form: Option<Form>,
}

impl Packed {
    /// The body itself.
    #[must_use]
    pub fn plain(value: Bytes) -> Self {
        Self { value, form: None }
    }

    /// A record that refers to an object. Its value is the object's name, so that nobody takes it for a tombstone or an empty body.
    #[must_use]
    pub fn claim(form: Form) -> Self {
        let value = match &form.place {
            Place::Object { name, .. } => Bytes::from(name.to_string()),
            Place::Here | Place::Chunk(_) => Bytes::new(),
        };
        Self {
            value,
            form: Some(form),
        }
    }

    /// The body compressed, where that makes it smaller.
    ///
    /// # Errors
    /// Memory is short.
    pub fn compressed(body: Bytes) -> Result<Self, Error> {
        let value = deflate(&body)?;
        if value.len() >= body.len() {
            return Ok(Self::plain(body));
        }
        let manifest = Manifest {
            encoding: Encoding::Zstd,
            ..manifest(&body)
        };
        Ok(Self {
            value,
            form: Some(Form {
                manifest,
                place: Place::Here,
            }),
        })
    }

    /// The body in chunks of at most so many bytes, compressed before where that makes it smaller; one alone where it fits.
    ///
    /// # Errors
    /// They would be too many; there are no random numbers.
    pub fn chunks(body: &Bytes, encoding: Encoding, size: usize) -> Result<Vec<Self>, Error> {
        let packed = match encoding {
            Encoding::Identity => Self::plain(body.clone()),
            Encoding::Zstd => Self::compressed(body.clone())?,
        };
        let size = size.max(1);
        if packed.value.len() <= size {
            return Ok(vec![packed]);
        }
        let count = u32::try_from(packed.value.len().div_ceil(size)).unwrap_or(u32::MAX);
        if count > MOST_CHUNKS {
            let message =
                format!("the body would make {count} chunks, and at most {MOST_CHUNKS} go");
            return Err(Error::new(crate::Kind::TooLarge, message));
        }
        let manifest = packed
            .form
            .map_or_else(|| manifest(body), |form| form.manifest);
        let set = random()?;
        let mut rest = packed.value;
        let chunks = (0..count).map(|index| Self {
            value: rest.split_to(size.min(rest.len())),
            form: Some(Form {
                manifest,
                place: Place::Chunk(Chunk { set, index, count }),
            }),
        });
        Ok(chunks.collect())
    }
}

/// What a body is that travels as it is.
#[must_use]
pub fn manifest(body: &[u8]) -> Manifest {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, body).as_ref());
    Manifest {
        encoding: Encoding::Identity,
        length: u64::try_from(body.len()).unwrap_or(u64::MAX),
        sha256,
    }
}

/// The body whose bytes are all at hand, held to what is said of it.
///
/// # Errors
/// It is larger than `limit`, or not what is said.
pub fn decode(manifest: Manifest, bytes: Bytes, limit: u64) -> Result<Bytes, Error> {
    within(&manifest, limit)?;
    let mut checked = Checked::new(manifest);
    let body = match manifest.encoding {
        Encoding::Identity => checked.take(bytes)?,
        Encoding::Zstd => {
            let mut inflater = Inflater::new()?;
            inflater.push(bytes)?;
            let mut body = BytesMut::new();
            while let Some(data) = inflater.next()? {
                body.extend_from_slice(&checked.take(data)?);
            }
            if !inflater.has_ended() {
                return Err(Error::altered("the compressed body has no end"));
            }
            body.freeze()
        }
    };
    checked.end()?;
    Ok(body)
}

fn deflate(body: &[u8]) -> Result<Bytes, Error> {
    let mut deflater = Deflater::new()?;
    let mut all = BytesMut::from(&deflater.push(body)?[..]);
    all.extend_from_slice(&deflater.finish()?);
    Ok(all.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn what_gets_smaller_is_compressed_and_what_does_not_stays() {
        let body = Bytes::from(b"LOT-0001 ".repeat(1_000));
        let packed = Packed::compressed(body.clone()).unwrap();
        assert!(packed.value.len() < body.len() / 10);
        let manifest = packed.form.unwrap().manifest;
        assert_eq!(decode(manifest, packed.value, 9_000).unwrap(), body);
        let small = Packed::compressed(Bytes::from_static(b"LOT")).unwrap();
        assert_eq!(small, Packed::plain(Bytes::from_static(b"LOT")));
    }

    #[test]
    fn a_body_that_is_not_what_is_said_is_refused() {
        let body = Bytes::from(b"LOT-0001 ".repeat(1_000));
        let packed = Packed::compressed(body.clone()).unwrap();
        let said = packed.form.unwrap().manifest;
        let kind = |manifest, bytes: &Bytes, limit| {
            decode(manifest, bytes.clone(), limit).unwrap_err().kind()
        };
        assert_eq!(kind(said, &packed.value, 8_999), Kind::TooLarge);
        for length in [8_999, 9_001] {
            let manifest = Manifest { length, ..said };
            assert_eq!(kind(manifest, &packed.value, 10_000), Kind::Altered);
        }
        let other = Manifest {
            sha256: [0; 32],
            ..said
        };
        assert_eq!(kind(other, &packed.value, 10_000), Kind::Altered);
        let cut = packed.value.slice(..packed.value.len() - 1);
        assert_eq!(kind(said, &cut, 10_000), Kind::Altered);
        // A bomb: a thousand bytes that say they are few, and are a gigabyte.
        let bomb = deflate(&vec![0; 64 << 20]).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(kind(said, &bomb, 10_000), Kind::Altered);
        let plain = Manifest {
            encoding: Encoding::Identity,
            ..said
        };
        assert_eq!(kind(plain, &packed.value, 10_000), Kind::Altered);
        assert_eq!(decode(plain, body.clone(), 10_000).unwrap(), body);
    }

    #[test]
    fn chunks_are_as_many_as_it_takes() {
        let body = Bytes::from((0..=255).cycle().take(1_000).collect::<Vec<u8>>());
        let chunks = Packed::chunks(&body, Encoding::Identity, 300).unwrap();
        let lengths: Vec<_> = chunks.iter().map(|chunk| chunk.value.len()).collect();
        assert_eq!(lengths, [300, 300, 300, 100]);
        let alone = Packed::chunks(&body, Encoding::Identity, 1_000).unwrap();
        assert_eq!(alone, [Packed::plain(body.clone())]);
        // Compressed it fits into one.
        let alone = Packed::chunks(&body, Encoding::Zstd, 400).unwrap();
        assert_eq!(alone.len(), 1);
        let many = Packed::chunks(&vec![0; 10_001].into(), Encoding::Identity, 1);
        assert_eq!(many.unwrap_err().kind(), Kind::TooLarge);
    }
}
