//! Chunks put together again: in any order, between those of other bodies, bounded in bytes and time. Pure.
//!
//! Whoever reads a topic of chunks reads it committed: chunks of an aborted transaction are then never seen, and what was sent anew has a
//! set of its own. A set of which something is missing ends by its age, or when others need its room.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::body::decode;
use crate::error::Error;
use crate::header::{Chunk, Manifest};
use crate::read::within;

/// How much is kept of what is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The largest body, in bytes.
    pub body: u64,
    /// All chunks that wait, in bytes. The oldest set goes when there is more.
    pub bytes: usize,
    /// For how long a set waits for its next chunk, in milliseconds.
    pub patience_ms: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 64 << 20,
            bytes: 256 << 20,
            patience_ms: 60_000,
        }
    }
}

/// Sets of chunks that are not complete.
#[derive(Debug)]
pub struct Assembler {
    bounds: Bounds,
    sets: BTreeMap<[u8; 16], Set>,
    bytes: usize,
    given_up: u64,
}

#[derive(Debug)]
struct Set {
    manifest: Manifest,
    count: u32,
    chunks: BTreeMap<u32, Bytes>,
    bytes: usize,
    touched_ms: i64,
}

impl Assembler {
    /// With nothing in it.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            sets: BTreeMap::new(),
            bytes: 0,
            given_up: 0,
        }
    }

    /// Takes a chunk; the body, where it was the last that was missing. One that came before is dropped.
    ///
    /// # Errors
    /// The body is larger than allowed, its chunks contradict each other, or it is not what they say. Its set is forgotten; chunks of it
    /// that still come are a set that never gets complete.
    pub fn push(
        &mut self,
        chunk: Chunk,
        manifest: Manifest,
        value: Bytes,
        now_ms: i64,
    ) -> Result<Option<Bytes>, Error> {
        self.expire(now_ms);
        within(&manifest, self.bounds.body)?;
        let set = self.sets.entry(chunk.set).or_insert_with(|| Set {
            manifest,
            count: chunk.count,
            chunks: BTreeMap::new(),
            bytes: 0,
            touched_ms: now_ms,
        });
        if (set.manifest, set.count) != (manifest, chunk.count) {
            self.forget(chunk.set);
            return Err(Error::altered("two chunks of a body contradict each other"));
        }
        set.touched_ms = now_ms;
        if !set.chunks.contains_key(&chunk.index) {
            set.bytes += value.len();
            self.bytes += value.len();
            set.chunks.insert(chunk.index, value);
        }
        let complete = u32::try_from(set.chunks.len()).is_ok_and(|have| have == set.count);
        // What is encoded may be larger than what is not, by little.
        let most = usize::try_from(manifest.length).unwrap_or(usize::MAX);
        if set.bytes > most.saturating_add(most / 8).saturating_add(1 << 10) {
            self.forget(chunk.set);
            return Err(Error::altered("the chunks of a body are too much"));
        }
        if !complete {
            self.make_room(chunk.set);
            return Ok(None);
        }
        let Some(set) = self.forget(chunk.set) else {
            return Ok(None);
        };
        let mut whole = BytesMut::with_capacity(set.bytes);
        for chunk in set.chunks.values() {
            whole.extend_from_slice(chunk);
        }
        decode(manifest, whole.freeze(), self.bounds.body).map(Some)
    }

    /// Forgets sets whose next chunk did not come in time.
    pub fn expire(&mut self, now_ms: i64) {
        let due = now_ms.saturating_sub(self.bounds.patience_ms);
        let late: Vec<_> = self
            .sets
            .iter()
            .filter(|(_, set)| set.touched_ms < due)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.forget(id);
            self.given_up += 1;
        }
    }

    /// How many sets are not complete.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.sets.len()
    }

    /// How many sets were given up since it was made, for their age or for room.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    fn forget(&mut self, id: [u8; 16]) -> Option<Set> {
        let set = self.sets.remove(&id)?;
        self.bytes -= set.bytes;
        Some(set)
    }

    fn make_room(&mut self, but: [u8; 16]) {
        while self.bytes > self.bounds.bytes {
            let others = self.sets.iter().filter(|(id, _)| **id != but);
            let oldest = others.min_by_key(|(_, set)| set.touched_ms);
            let Some(id) = oldest.map(|(id, _)| *id) else {
                return; // One body alone has its own bound.
            };
            self.forget(id);
            self.given_up += 1;
        }
    }
}

#[cfg(test)]
mod tests;
