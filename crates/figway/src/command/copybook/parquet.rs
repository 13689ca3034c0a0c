//! Records to one Parquet file (feature `arrow`).
//!
//! In: records as [`hand_over`] put them, in order. Out: the file's bytes as they come about. Memory is bounded by one
//! row group.

use anyhow::Context;
use parsers::Layout;
use parsers::schema::Invalid;
use parsers::schema::arrow::{Arrow, Parquet};

/// Appends a record for [`Sheet::take`]: its length, and its bytes.
pub(super) fn hand_over(record: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&record.len().to_le_bytes());
    out.extend_from_slice(record);
}

/// A Parquet file on its way.
pub(super) struct Sheet<'c> {
    layout: &'c Layout,
    parquet: Parquet<Vec<u8>>,
}

impl<'c> Sheet<'c> {
    pub(super) fn new(layout: &'c Layout, invalid: Invalid) -> anyhow::Result<Sheet<'c>> {
        let parquet = Parquet::new(&Arrow::new(layout, invalid), Vec::new())?;
        Ok(Sheet { layout, parquet })
    }

    /// Takes records, and appends what is written of the file meanwhile.
    pub(super) fn take(&mut self, records: &[u8], out: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut rest = records;
        while let Some((len, tail)) = rest.split_first_chunk() {
            let (record, tail) = tail
                .split_at_checked(usize::from_le_bytes(*len))
                .context("a record lost its end between threads")?;
            self.parquet.push(self.layout, record)?;
            rest = tail;
        }
        out.append(self.parquet.inner_mut());
        Ok(())
    }

    /// The rest of the file.
    pub(super) fn end(self) -> anyhow::Result<Vec<u8>> {
        Ok(self.parquet.finish()?)
    }
}
