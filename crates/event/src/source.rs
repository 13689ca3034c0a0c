//! The `source` block of our events: where a change was found.
//!
//! The common part has the names, types and order that all Debezium connectors share, so that their tools read it; then
//! come the positions of a data set. The connector's name is ours: sinks switch on `connector`, so we claim no other's.

use std::sync::Arc;

use crate::{Datum, Error, Field, Schema};

/// What `source.connector` says.
pub const CONNECTOR: &str = "figway-dataset";
/// The name of the block's schema.
pub const SCHEMA_NAME: &str = "io.figway.connector.dataset.Source";

/// What `source.snapshot` says: whether a record is part of a first load, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// Somewhere in the middle of a snapshot.
    True,
    /// First record of the whole snapshot.
    First,
    /// First record of this data set.
    FirstInDataCollection,
    /// Last record of this data set.
    LastInDataCollection,
    /// Last record of the whole snapshot; wins over the others when a data set has one record.
    Last,
    /// Not part of a snapshot: a change.
    False,
    /// Part of an incremental snapshot.
    Incremental,
}

impl Snapshot {
    const ALL: [Self; 7] = [
        Self::True,
        Self::First,
        Self::FirstInDataCollection,
        Self::LastInDataCollection,
        Self::Last,
        Self::False,
        Self::Incremental,
    ];

    /// The text in the event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::First => "first",
            Self::FirstInDataCollection => "first_in_data_collection",
            Self::LastInDataCollection => "last_in_data_collection",
            Self::Last => "last",
            Self::False => "false",
            Self::Incremental => "incremental",
        }
    }
}

/// The fields that every Debezium connector's source block begins with (`AbstractSourceInfo.schemaBuilder`).
fn common_fields() -> Result<Vec<Field>, Error> {
    let snapshot = Schema::string()
        .named("io.debezium.data.Enum")
        .version(1)
        .parameter("allowed", Snapshot::ALL.map(Snapshot::as_str).join(","))
        .optional()
        .with_default(Snapshot::False.as_str().into())?;
    Ok(vec![
        Field::new("version", Schema::string()),
        Field::new("connector", Schema::string()),
        Field::new("name", Schema::string()),
        Field::new("ts_ms", Schema::int64()),
        Field::new("snapshot", snapshot),
        Field::new("db", Schema::string()),
        Field::new("sequence", Schema::string().optional()),
        Field::new("ts_us", Schema::int64().optional()),
        Field::new("ts_ns", Schema::int64().optional()),
    ])
}

/// The schema of our source block: the common part, then `dataset`, `generation`, `record_no`, `file_offset`, `layout`
/// and `code_page`.
///
/// # Errors
/// Never in practice: the schema is a constant.
pub fn schema() -> Result<Arc<Schema>, Error> {
    let mut fields = common_fields()?;
    fields.extend([
        Field::new("dataset", Schema::string()),
        Field::new("generation", Schema::string()),
        Field::new("record_no", Schema::int64().optional()),
        Field::new("file_offset", Schema::int64().optional()),
        Field::new("layout", Schema::string()),
        Field::new("code_page", Schema::string()),
    ]);
    Ok(Arc::new(
        Schema::structure(fields)?.named(SCHEMA_NAME).version(1),
    ))
}

/// What stays the same for all records of one generation of a data set. The texts are shared, so a record costs
/// no copy of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceBlock {
    /// The version of this program.
    pub version: Arc<str>,
    /// The topic prefix: `source.name`.
    pub name: Arc<str>,
    /// The system the data comes from; empty when there is nothing to say.
    pub db: Arc<str>,
    /// The data set's name.
    pub dataset: Arc<str>,
    /// The generation's name.
    pub generation: Arc<str>,
    /// Fingerprint of the layout the records were read with, in hex.
    pub layout: Arc<str>,
    /// The code page the records were read with (`cp037`).
    pub code_page: Arc<str>,
}

/// What differs from record to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// When the change happened at the source, as well as that is known (a generation's time), in nanoseconds since
    /// 1970-01-01T00:00:00Z.
    pub ts_ns: i64,
    /// Whether this is part of a first load.
    pub snapshot: Snapshot,
    /// Debezium's `sequence`: positions as a JSON array in a text, for consumers that order by them.
    pub sequence: Option<Arc<str>>,
    /// The record's number in the generation, from 1; none for a record that is no longer there.
    pub record_no: Option<i64>,
    /// The offset of the record's first byte in the file; none for a record that is no longer there.
    pub file_offset: Option<i64>,
}

impl SourceBlock {
    /// The block of one record: fits [`schema`].
    #[must_use]
    pub fn at(&self, position: &Position) -> Datum {
        let (ts_ms, ts_us, ts_ns) = clock_fields(position.ts_ns);
        Datum::Struct(vec![
            Datum::String(Arc::clone(&self.version)),
            CONNECTOR_TEXT.with(Datum::clone),
            Datum::String(Arc::clone(&self.name)),
            ts_ms,
            SNAPSHOT_TEXTS.with(|texts| snapshot_text(texts, position.snapshot)),
            Datum::String(Arc::clone(&self.db)),
            position.sequence.clone().into(),
            ts_us,
            ts_ns,
            Datum::String(Arc::clone(&self.dataset)),
            Datum::String(Arc::clone(&self.generation)),
            position.record_no.into(),
            position.file_offset.into(),
            Datum::String(Arc::clone(&self.layout)),
            Datum::String(Arc::clone(&self.code_page)),
        ])
    }
}

thread_local! {
    // Constant texts, made once: a text of a datum is shared.
    static CONNECTOR_TEXT: Datum = CONNECTOR.into();
    static SNAPSHOT_TEXTS: [Datum; 7] = Snapshot::ALL.map(|snapshot| snapshot.as_str().into());
}

fn snapshot_text(texts: &[Datum; 7], snapshot: Snapshot) -> Datum {
    let known = Snapshot::ALL
        .iter()
        .zip(texts)
        .find(|(one, _)| **one == snapshot);
    known.map_or_else(|| snapshot.as_str().into(), |(_, text)| text.clone())
}

/// Milli-, micro- and nanoseconds of one moment, each rounded down.
pub(crate) fn clock_fields(ts_ns: i64) -> (Datum, Datum, Datum) {
    (
        ts_ns.div_euclid(1_000_000).into(),
        ts_ns.div_euclid(1_000).into(),
        ts_ns.into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_fits_its_schema() {
        let block = SourceBlock {
            version: "0.1.0".into(),
            name: "legacy".into(),
            db: "".into(),
            dataset: "LOTS".into(),
            generation: "G0001V00".into(),
            layout: "00ff".into(),
            code_page: "cp037".into(),
        };
        let position = Position {
            ts_ns: -1,
            snapshot: Snapshot::Last,
            sequence: None,
            record_no: Some(1),
            file_offset: None,
        };
        let datum = block.at(&position);
        schema().unwrap().check(&datum).unwrap();
        let Datum::Struct(values) = datum else {
            panic!("a struct")
        };
        assert_eq!(
            values[3..9],
            [
                Datum::Int(-1),
                "last".into(),
                "".into(),
                Datum::Null,
                Datum::Int(-1),
                Datum::Int(-1)
            ]
        );
    }
}
