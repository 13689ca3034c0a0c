//! Parquet files of records.

use std::io::Write;

use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::{Arrow, Rows};
use crate::error::FieldError;
use crate::layout::Layout;

/// Records in one batch: enough for encodings to pay, little enough to hold.
const BATCH: usize = 8192;
/// Bytes of records in one batch, where records are long. A digit may become sixteen bytes of a decimal.
const BATCH_BYTES: usize = 4 << 20;
/// Bytes of a row group, about: it is held until it is whole.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Why no Parquet was written.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// The record does not decode.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Arrow refuses the columns.
    #[error("the columns are no Arrow batch")]
    Arrow(#[from] ArrowError),
    /// The file could not be written.
    #[error("the Parquet file cannot be written")]
    Write(#[from] parquet::errors::ParquetError),
}

/// Writes one Parquet file, compressed with Snappy. Memory is bounded by one row group of some 64 MiB and one batch of
/// rows.
pub struct Parquet<W: Write + Send> {
    writer: ArrowWriter<W>,
    rows: Rows,
    /// Bytes of the records in `rows`.
    bytes: usize,
}

impl<W: Write + Send> std::fmt::Debug for Parquet<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parquet")
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> Parquet<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(arrow: &Arrow, to: W) -> Result<Parquet<W>, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .set_created_by("figway".to_owned())
            .build();
        Ok(Parquet {
            writer: ArrowWriter::try_new(to, arrow.schema(), Some(properties))?,
            rows: arrow.rows(),
            bytes: 0,
        })
    }

    /// Appends a record of the layout.
    ///
    /// # Errors
    /// The record's, which is then not in the file, and the writer's.
    pub fn push(&mut self, layout: &Layout, record: &[u8]) -> Result<(), ParquetError> {
        self.rows.push(layout, record)?;
        self.bytes = self.bytes.saturating_add(record.len());
        if self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.bytes = 0;
            self.writer.write(&self.rows.finish()?)?;
        }
        Ok(())
    }

    /// The caller's writer, to take from it what is written so far.
    pub fn inner_mut(&mut self) -> &mut W {
        self.writer.inner_mut()
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if !self.rows.is_empty() {
            self.writer.write(&self.rows.finish()?)?;
        }
        Ok(self.writer.into_inner()?)
    }
}
