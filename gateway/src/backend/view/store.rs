//! The rows of a view and where they stand in the topic, in one embedded database (redb): both change in one transaction.
//!
//! Blocking. A file that cannot be read is thrown away: everything in it is in the topic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use redb::{
    Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, TableDefinition,
    WriteTransaction,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Canonical key to a mark (`STATE` or `UNREADABLE`) and the state's JSON.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
/// Partition to where it stands, as [`Place`] writes it.
const PLACES: TableDefinition<'_, i32, &[u8]> = TableDefinition::new("places");
/// What the store is about.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");
const FORM: (&str, &str) = ("form", "1");

const FILE: &str = "view.redb";
const STATE: u8 = 1;
const UNREADABLE: u8 = 0;
/// What the database may keep in memory.
const CACHE: usize = 16 << 20;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// The record's state, as JSON.
    State(Bytes),
    /// Its last record could not be read.
    Unreadable,
}

/// Where a partition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Everything before this is in the store.
    pub(super) next: i64,
    /// The last record that was taken, and a fingerprint by which it is known again: a topic that was made anew has another there.
    pub(super) last: Option<(i64, u64)>,
    /// How old the partition's truth is.
    pub(super) as_of_ms: Option<i64>,
}

impl Place {
    fn write(self) -> [u8; 32] {
        let (last, fingerprint) = self.last.unwrap_or((-1, 0));
        let mut out = [0; 32];
        let fields = [
            self.next.to_be_bytes(),
            last.to_be_bytes(),
            fingerprint.to_be_bytes(),
            self.as_of_ms.unwrap_or(i64::MIN).to_be_bytes(),
        ];
        for (to, from) in out.chunks_exact_mut(8).zip(fields) {
            to.copy_from_slice(&from);
        }
        out
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = bytes.chunks_exact(8).map(|field| field.try_into().ok());
        let mut field = || fields.next().flatten().map(i64::from_be_bytes);
        let (next, last) = (field()?, field()?);
        let fingerprint = u64::from_be_bytes(field()?.to_be_bytes());
        let as_of_ms = field()?;
        Some(Self {
            next,
            last: (last >= 0).then_some((last, fingerprint)),
            as_of_ms: (as_of_ms != i64::MIN).then_some(as_of_ms),
        })
    }
}

/// What one transaction changes.
#[derive(Debug, Default)]
pub(super) struct Write {
    /// Rows by canonical key; none is gone.
    pub(super) rows: BTreeMap<Vec<u8>, Option<Row>>,
    /// Where partitions stand then.
    pub(super) places: BTreeMap<i32, Place>,
    /// Whether everything has been read once.
    pub(super) filled: bool,
    /// Whether it must outlast the machine at once. What does not is read again from the topic after a crash.
    pub(super) durable: bool,
}

/// The store was not usable.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// Someone else has it: the view that is replaced by a reload, most likely.
    #[error("the store is in use")]
    InUse,
    /// The folder or the file refuses.
    #[error("the store at {path} cannot be used")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The database does.
    #[error("the store failed")]
    Database(#[source] Box<redb::Error>),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// An open store.
#[derive(Debug)]
pub(super) struct Store {
    database: Database,
    /// Behind the database: it says that this is closed.
    closed: DropGuard,
}

impl Store {
    /// Opens the store of that topic, empty when it is new, damaged or another topic's.
    pub(super) fn open(directory: &Path, topic: &str) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        let io = |source| StoreError::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(io)?;
        let database = match Database::builder().set_cache_size(CACHE).create(&path) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(StoreError::InUse),
            Err(error) => {
                tracing::warn!(topic, error = %error, "the store of a view cannot be read and is built anew");
                std::fs::remove_file(&path).map_err(io)?;
                Database::builder().set_cache_size(CACHE).create(&path)?
            }
        };
        let store = Self {
            database,
            closed: CancellationToken::new().drop_guard(),
        };
        if !store.is_about(topic)? {
            store.clear(topic)?;
        }
        Ok(store)
    }

    /// Cancelled when nobody has the store open any more.
    pub(super) fn closed(&self) -> CancellationToken {
        self.closed.token().clone()
    }

    /// Stores how old partitions are, and makes everything outlast a crash: another process is to go on with it.
    pub(super) fn seal(&self, ages: &BTreeMap<i32, Option<i64>>) -> Result<(), StoreError> {
        let (mut places, _) = self.places()?;
        for (partition, place) in &mut places {
            if let Some(as_of_ms) = ages.get(partition) {
                place.as_of_ms = *as_of_ms;
            }
        }
        self.write(&Write {
            places,
            durable: true,
            ..Write::default()
        })
    }

    /// Throws the file away.
    pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
        let path = directory.join(FILE);
        std::fs::remove_file(&path).map_err(|source| StoreError::Io { path, source })
    }

    fn is_about(&self, topic: &str) -> Result<bool, StoreError> {
        let read = self.database.begin_read()?;
        let about = match read.open_table(ABOUT) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(false),
            about => about?,
        };
        let is = |name, wanted: &str| -> Result<bool, StoreError> {
            Ok(about
                .get(name)?
                .is_some_and(|found| found.value() == wanted))
        };
        Ok(is(FORM.0, FORM.1)? && is("topic", topic)?)
    }

    /// Forgets everything.
    pub(super) fn clear(&self, topic: &str) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.delete_table(ROWS)?;
        write.delete_table(PLACES)?;
        write.delete_table(ABOUT)?;
        {
            write.open_table(ROWS)?;
            write.open_table(PLACES)?;
            let mut about = write.open_table(ABOUT)?;
            about.insert(FORM.0, FORM.1)?;
            about.insert("topic", topic)?;
        }
        Ok(write.commit()?)
    }

    /// Where each partition stands, and whether everything had been read once.
    pub(super) fn places(&self) -> Result<(BTreeMap<i32, Place>, bool), StoreError> {
        let read = self.database.begin_read()?;
        let mut places = BTreeMap::new();
        for entry in read.open_table(PLACES)?.iter()? {
            let (partition, place) = entry?;
            if let Some(place) = Place::read(place.value()) {
                places.insert(partition.value(), place);
            }
        }
        let filled = read.open_table(ABOUT)?.get("filled")?.is_some();
        Ok((places, filled))
    }

    /// The row under a canonical key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let read = self.database.begin_read()?;
        let row = read.open_table(ROWS)?.get(key)?;
        Ok(row.map(|row| match row.value().split_first() {
            Some((&STATE, json)) => Row::State(Bytes::copy_from_slice(json)),
            _ => Row::Unreadable,
        }))
    }

    /// All of it or nothing.
    pub(super) fn write(&self, change: &Write) -> Result<(), StoreError> {
        let mut write = self.database.begin_write()?;
        let durability = match change.durable {
            true => Durability::Immediate,
            false => Durability::None,
        };
        write.set_durability(durability)?;
        fill(&write, change)?;
        Ok(write.commit()?)
    }
}

fn fill(write: &WriteTransaction, change: &Write) -> Result<(), StoreError> {
    let mut rows = write.open_table(ROWS)?;
    let mut value = Vec::new();
    for (key, row) in &change.rows {
        value.clear();
        match row {
            Some(Row::State(json)) => {
                value.push(STATE);
                value.extend_from_slice(json);
                rows.insert(&key[..], &value[..])?;
            }
            Some(Row::Unreadable) => {
                rows.insert(&key[..], &[UNREADABLE][..])?;
            }
            None => {
                rows.remove(&key[..])?;
            }
        }
    }
    let mut places = write.open_table(PLACES)?;
    for (partition, place) in &change.places {
        places.insert(partition, &place.write()[..])?;
    }
    if change.filled {
        write.open_table(ABOUT)?.insert("filled", "yes")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(json: &'static str) -> Option<Row> {
        Some(Row::State(Bytes::from_static(json.as_bytes())))
    }

    #[test]
    fn rows_and_places_come_back_together_and_another_topic_starts_empty() {
        let directory = tempfile::tempdir().unwrap();
        let place = Place {
            next: 7,
            last: Some((5, u64::MAX)),
            as_of_ms: None,
        };
        let open = |topic| Store::open(directory.path(), topic).unwrap();
        let store = open("t");
        assert_eq!(store.places().unwrap(), (BTreeMap::new(), false));
        let rows = [
            (b"a".to_vec(), put("1")),
            (b"b".to_vec(), Some(Row::Unreadable)),
            (b"c".to_vec(), put("3")),
        ];
        store
            .write(&Write {
                rows: rows.into(),
                places: [(2, place)].into(),
                filled: true,
                durable: true,
            })
            .unwrap();
        assert!(matches!(
            Store::open(directory.path(), "t"),
            Err(StoreError::InUse)
        ));
        let gone = Write {
            rows: [(b"c".to_vec(), None)].into(),
            durable: true,
            ..Write::default()
        };
        store.write(&gone).unwrap();
        drop(store);

        let store = open("t");
        assert_eq!(store.places().unwrap(), ([(2, place)].into(), true));
        assert_eq!(store.get(b"a").unwrap(), put("1"));
        assert_eq!(store.get(b"b").unwrap(), Some(Row::Unreadable));
        assert_eq!(store.get(b"c").unwrap(), None);
        drop(store);

        let store = open("other");
        assert_eq!(store.places().unwrap(), (BTreeMap::new(), false));
        assert_eq!(store.get(b"a").unwrap(), None);
    }

    #[test]
    fn a_store_of_another_form_starts_empty() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), "t").unwrap();
        let filled = Write {
            rows: [(b"a".to_vec(), put("1"))].into(),
            filled: true,
            durable: true,
            ..Write::default()
        };
        store.write(&filled).unwrap();
        let write = store.database.begin_write().unwrap();
        write
            .open_table(ABOUT)
            .unwrap()
            .insert(FORM.0, "2")
            .unwrap();
        write.commit().unwrap();
        drop(store);
        let store = Store::open(directory.path(), "t").unwrap();
        assert_eq!(store.places().unwrap(), (BTreeMap::new(), false));
        assert_eq!(store.get(b"a").unwrap(), None);
        assert!(store.is_about("t").unwrap());
    }

    #[test]
    fn a_file_that_is_no_store_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("view.redb"), b"nothing of ours").unwrap();
        let store = Store::open(directory.path(), "t").unwrap();
        assert_eq!(store.get(b"a").unwrap(), None);
    }
}
