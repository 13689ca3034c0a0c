//! Avro object container files: many records behind one schema, as the tools that read `.avro` files want them.

use sha2::{Digest as _, Sha256};

use crate::schema::wire::long;

/// Bytes between blocks, which a reader looks for to find its place again.
const MARKER: usize = 16;

/// Writes the pieces of a container file: the head once, then blocks. Blocks are not compressed (codec `null`).
///
/// The marker is made of the schema, not of dice: the same records give the same file.
#[derive(Debug, Clone)]
pub struct Container {
    head: Vec<u8>,
    marker: [u8; MARKER],
}

impl Container {
    pub(super) fn new(schema: &str) -> Container {
        let mut marker = [0; MARKER];
        let digest = Sha256::digest(schema.as_bytes());
        for (to, from) in marker.iter_mut().zip(digest) {
            *to = from;
        }
        let mut head = b"Obj\x01".to_vec();
        // A map: one run of two entries, and the end.
        long(2, &mut head);
        for (name, value) in [("avro.schema", schema), ("avro.codec", "null")] {
            bytes(name.as_bytes(), &mut head);
            bytes(value.as_bytes(), &mut head);
        }
        head.push(0);
        head.extend_from_slice(&marker);
        Container { head, marker }
    }

    /// What the file begins with.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Appends a block of so many records, `data` one after the other. Some 16 KiB to 1 MiB make a good block.
    pub fn block(&self, records: usize, data: &[u8], out: &mut Vec<u8>) {
        long(length(records), out);
        bytes(data, out);
        out.extend_from_slice(&self.marker);
    }
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    long(length(bytes.len()), out);
    out.extend_from_slice(bytes);
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
