//! Encrypted objects: segments of AES-256-GCM, so that an object of any size is written and read with the memory of one. Push style; no I/O.
//!
//! ```text
//! object   = head segment* last
//! head     = "FGWP" 0x01 length-of-id(u8) key-id segment-size(u32 BE) salt(32)
//! key      = HKDF-SHA256(secret key, salt, info = "figway payload 1")
//! segment  = AES-256-GCM(key, nonce, segment-size bytes, aad = head), tag behind it
//! nonce    = 0x000000 number-from-0(u64 BE) 0x00; 0x01 at its end in the last segment, which may be shorter, also empty
//! ```
//!
//! A key of its own for each object, from a random salt, lets a key be used for any number of objects: no nonce comes twice under one
//! key. A segment that is moved, left out, doubled or altered, and an object that ends early, do not open.

use bytes::{Bytes, BytesMut};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::error::{Error, Kind};
use crate::header::KeyId;
use crate::key::{Key, Keys};
use crate::name::random;

const MAGIC: &[u8] = b"FGWP\x01";
const INFO: &[u8] = b"figway payload 1";
const SALT: usize = 32;
const TAG: usize = 16;
/// What is encrypted at a time.
pub(crate) const SEGMENT: usize = 256 << 10;
/// The largest segment that is read, whoever wrote it.
const LARGEST: usize = 4 << 20;

/// Makes an object of what is pushed.
pub(crate) struct Sealer {
    cipher: Cipher,
    /// Still to be given out.
    head: Option<Bytes>,
    buffer: Vec<u8>,
}

/// Makes what was pushed of an object.
pub(crate) struct Opener {
    keys: Keys,
    wanted: KeyId,
    /// Once the head has come.
    cipher: Option<(Cipher, usize)>,
    buffer: BytesMut,
}

struct Cipher {
    key: LessSafeKey,
    head: Bytes,
    number: u64,
}

#[derive(Clone, Copy)]
enum Segment {
    Inner,
    Last,
}

impl Cipher {
    fn new(key: &Key, head: Bytes, salt: &[u8]) -> Result<Self, Error> {
        let unusable = |_| Error::new(Kind::Config, "the payload key cannot be used");
        let derived = Salt::new(HKDF_SHA256, salt).extract(&key.bytes);
        let derived = derived.expand(&[INFO], &AES_256_GCM).map_err(unusable)?;
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::from(derived)),
            head,
            number: 0,
        })
    }

    fn nonce(&mut self, segment: Segment) -> Nonce {
        let mut nonce = [0; 12];
        if let Some(place) = nonce.get_mut(3..11) {
            place.copy_from_slice(&self.number.to_be_bytes());
        }
        if let (Some(last), Segment::Last) = (nonce.last_mut(), segment) {
            *last = 1;
        }
        self.number += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, mut plain: Vec<u8>, segment: Segment) -> Result<Bytes, Error> {
        let nonce = self.nonce(segment);
        let sealed = self
            .key
            .seal_in_place_append_tag(nonce, Aad::from(&self.head), &mut plain);
        sealed.map_err(|_| Error::new(Kind::Store, "a segment cannot be encrypted"))?;
        Ok(plain.into())
    }

    fn open(&mut self, mut sealed: BytesMut, segment: Segment) -> Result<Bytes, Error> {
        let nonce = self.nonce(segment);
        let opened = self
            .key
            .open_in_place(nonce, Aad::from(&self.head), &mut sealed);
        let length = opened
            .map_err(|_| Error::altered("a segment of the object does not open"))?
            .len();
        sealed.truncate(length);
        Ok(sealed.freeze())
    }
}

impl Sealer {
    pub(crate) fn new(key: &Key) -> Result<Self, Error> {
        let salt: [u8; SALT] = random()?;
        let id = key.id.as_str().as_bytes();
        let mut head = Vec::with_capacity(MAGIC.len() + 5 + id.len() + SALT);
        head.extend_from_slice(MAGIC);
        head.push(u8::try_from(id.len()).unwrap_or(u8::MAX)); // at most 64, by its type
        head.extend_from_slice(id);
        head.extend_from_slice(&u32::try_from(SEGMENT).unwrap_or(u32::MAX).to_be_bytes());
        head.extend_from_slice(&salt);
        let head = Bytes::from(head);
        Ok(Self {
            cipher: Cipher::new(key, head.clone(), &salt)?,
            head: Some(head),
            buffer: Vec::new(),
        })
    }

    /// Takes what fits into a segment. A full one is given out when more comes.
    pub(crate) fn push(&mut self, data: &mut Bytes) -> Result<Option<Bytes>, Error> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        let room = SEGMENT - self.buffer.len();
        if room == 0 {
            let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(SEGMENT + TAG));
            return self.cipher.seal(full, Segment::Inner).map(Some);
        }
        self.buffer.reserve_exact(SEGMENT + TAG - self.buffer.len());
        let taken = data.split_to(room.min(data.len()));
        self.buffer.extend_from_slice(&taken);
        Ok(None)
    }

    /// What is left: the head if nothing was pushed, and the last segment.
    pub(crate) fn finish(mut self) -> Result<[Bytes; 2], Error> {
        let head = self.head.take().unwrap_or_default();
        Ok([head, self.cipher.seal(self.buffer, Segment::Last)?])
    }
}

impl Opener {
    /// Of an object that a record says to be encrypted with that key.
    pub(crate) fn new(keys: &Keys, wanted: &KeyId) -> Result<Self, Error> {
        keys.get(wanted)?;
        Ok(Self {
            keys: keys.clone(),
            wanted: wanted.clone(),
            cipher: None,
            buffer: BytesMut::new(),
        })
    }

    pub(crate) fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// The next segment, once it is clear that it is not the last.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.head()?;
        match &mut self.cipher {
            Some((cipher, size)) if self.buffer.len() > *size + TAG => {
                let sealed = self.buffer.split_to(*size + TAG);
                cipher.open(sealed, Segment::Inner).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The last segment: nothing comes any more.
    pub(crate) fn last(&mut self) -> Result<Bytes, Error> {
        let sealed = std::mem::take(&mut self.buffer);
        match &mut self.cipher {
            Some((cipher, _)) => cipher.open(sealed, Segment::Last),
            None => Err(Error::altered("the object ends in its head")),
        }
    }

    fn head(&mut self) -> Result<(), Error> {
        if self.cipher.is_some() {
            return Ok(());
        }
        let Some(id_length) = self.buffer.get(MAGIC.len()) else {
            return Ok(());
        };
        let id_end = MAGIC.len() + 1 + usize::from(*id_length);
        let (size_end, end) = (id_end + 4, id_end + 4 + SALT);
        if self.buffer.len() < end {
            return Ok(());
        }
        let head = self.buffer.split_to(end).freeze();
        let altered = || Error::altered("the head of the object is none");
        let part = |range: std::ops::Range<usize>| head.get(range).ok_or_else(altered);
        if !head.starts_with(MAGIC) {
            return Err(altered());
        }
        // The record names the key, and who writes objects does not choose another.
        if part(MAGIC.len() + 1..id_end)? != self.wanted.as_str().as_bytes() {
            return Err(Error::altered(
                "the object is encrypted with another key than its record says",
            ));
        }
        let size = part(id_end..size_end)?.try_into().map_err(|_| altered())?;
        let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
        if !(1..=LARGEST).contains(&size) {
            return Err(altered());
        }
        let key = self.keys.get(&self.wanted)?;
        let cipher = Cipher::new(key, head.clone(), part(size_end..end)?)?;
        self.cipher = Some((cipher, size));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
