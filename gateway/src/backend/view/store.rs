//! The rows of a view, its indexes and where it stands in the topic, in one embedded database (redb): all change in one transaction.
//!
//! Blocking; reading a row takes some microseconds, what a transaction of the disk takes goes to writes alone. A file that cannot be read
//! is thrown away: everything in it is in the topic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use bytes::Bytes;
use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, TableDefinition, WriteTransaction,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::index::Definition;
use super::key::Key;
use super::list::{Page, Scan};

/// The [`Key`] of a row to a mark (`STATE` or `UNREADABLE`) and the state's JSON.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
/// An entry of an index to how many bytes of it stand before the row's key.
const ENTRIES: TableDefinition<'_, &[u8], u32> = TableDefinition::new("entries");
/// The keys of rows that cannot be read: what lists they belong to is not known.
const UNREADABLE_ROWS: TableDefinition<'_, &[u8], ()> = TableDefinition::new("unreadable");
/// Partition to where it stands, as [`Place`] writes it.
const PLACES: TableDefinition<'_, i32, &[u8]> = TableDefinition::new("places");
/// What the store is about.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");
const FORM: (&str, &str) = ("form", "2");
const DEFINITION: &str = "definition";
const FILLED: &str = "filled";
const FOLLOWED: &str = "followed";

const STATE: u8 = 1;
const UNREADABLE: u8 = 0;
/// What the database may keep in memory, in bytes: the inner pages of five million rows and many of the outer ones. What else is read is
/// in the system's own cache.
const CACHE: usize = 192 << 20;

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
    /// None is gone. In the order of the keys, so that neighbours are written together.
    pub(super) rows: BTreeMap<Key, Option<Row>>,
    /// Where partitions stand then.
    pub(super) places: BTreeMap<i32, Place>,
    /// Whether everything has been read once.
    pub(super) filled: bool,
    /// When the store last had all of the topic, milliseconds since 1970; as before where none is said.
    pub(super) followed_ms: Option<i64>,
    /// Whether it must outlast the machine at once. What does not is read again from the topic after a crash.
    pub(super) durable: bool,
}

/// The store was not usable.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// Another process has it.
    #[error("the store is in use")]
    InUse,
    /// Another has begun to fill it: whoever is told this is to leave it alone.
    #[error("the store is filled by another")]
    Replaced,
    /// The folder or the file refuses.
    #[error("the store at {path} cannot be used")]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// What it is about cannot be written.
    #[error("the store cannot say what it is about")]
    Definition {
        #[source]
        source: Box<serde_json::Error>,
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

/// Leave to write to a store; the one given last is the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pen(u64);

/// An open store.
#[derive(Debug)]
pub(super) struct Store {
    /// The tables as the last transaction left them. Before the database: what is read of it must be closed first.
    seen: ArcSwap<Seen>,
    database: Database,
    definition: Definition,
    /// The number of the last [`Pen`].
    pen: AtomicU64,
    /// Behind the database: it says that this is closed.
    closed: DropGuard,
}

/// What readers see.
struct Seen {
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
    entries: ReadOnlyTable<&'static [u8], u32>,
    unreadable: ReadOnlyTable<&'static [u8], ()>,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

impl Seen {
    fn of(database: &Database) -> Result<Self, StoreError> {
        let read = database.begin_read()?;
        Ok(Self {
            rows: read.open_table(ROWS)?,
            entries: read.open_table(ENTRIES)?,
            unreadable: read.open_table(UNREADABLE_ROWS)?,
        })
    }

    fn row(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let row = self.rows.get(key)?;
        Ok(row.map(|row| Row::read(row.value())))
    }
}

impl Row {
    fn read(bytes: &[u8]) -> Self {
        match bytes.split_first() {
            Some((&STATE, json)) => Self::State(Bytes::copy_from_slice(json)),
            _ => Self::Unreadable,
        }
    }
}

impl Store {
    /// Opens the store at `path` as it is; none when there is none, or none that can be read: such a file is removed.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        let database = match Database::builder().set_cache_size(CACHE).open(path) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(StoreError::InUse),
            Err(error) => {
                tracing::warn!(path = %path.display(), error = %error, "the store of a view cannot be read and is built anew");
                remove(path)?;
                return Ok(None);
            }
        };
        match about(&database) {
            Ok(Some(definition)) => Self::with(database, definition).map(Some),
            Ok(None) => {
                drop(database);
                remove(path)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A new and empty store at `path`, where there is none.
    pub(super) fn create(path: &Path, definition: &Definition) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(io)?;
        }
        let database = match Database::builder().set_cache_size(CACHE).create(path) {
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(StoreError::InUse),
            database => database?,
        };
        empty(&database, definition)?;
        Self::with(database, definition.clone())
    }

    fn with(database: Database, definition: Definition) -> Result<Self, StoreError> {
        Ok(Self {
            seen: ArcSwap::from_pointee(Seen::of(&database)?),
            database,
            definition,
            pen: AtomicU64::new(0),
            closed: CancellationToken::new().drop_guard(),
        })
    }

    /// What it holds.
    pub(super) fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Cancelled when nobody has the store open any more.
    pub(super) fn closed(&self) -> CancellationToken {
        self.closed.token().clone()
    }

    /// Stores how old partitions are, and makes everything outlast a crash: another process is to go on with it.
    pub(super) fn seal(&self, ages: &BTreeMap<i32, Option<i64>>) -> Result<(), StoreError> {
        let pen = self.pen();
        let (mut places, _) = self.places()?;
        for (partition, place) in &mut places {
            if let Some(as_of_ms) = ages.get(partition) {
                place.as_of_ms = *as_of_ms;
            }
        }
        let write = Write {
            places,
            durable: true,
            ..Write::default()
        };
        self.write(pen, &write)
    }

    /// Leave to write; whoever had it before has it no longer.
    pub(super) fn pen(&self) -> Pen {
        Pen(self.pen.fetch_add(1, Ordering::SeqCst).wrapping_add(1))
    }

    /// Forgets everything.
    pub(super) fn clear(&self, pen: Pen) -> Result<(), StoreError> {
        let write = self.begin(pen)?;
        write.delete_table(ROWS)?;
        write.delete_table(ENTRIES)?;
        write.delete_table(UNREADABLE_ROWS)?;
        write.delete_table(PLACES)?;
        write.delete_table(ABOUT)?;
        lay(&write, &self.definition)?;
        write.commit()?;
        self.seen.store(Seen::of(&self.database)?.into());
        Ok(())
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
        let filled = read.open_table(ABOUT)?.get(FILLED)?.is_some();
        Ok((places, filled))
    }

    /// When the store last had all of the topic.
    pub(super) fn followed_ms(&self) -> Result<Option<i64>, StoreError> {
        let read = self.database.begin_read()?;
        let followed = read.open_table(ABOUT)?.get(FOLLOWED)?;
        Ok(followed.and_then(|followed| followed.value().parse().ok()))
    }

    /// The row of a key.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.seen.load().row(&key.0)
    }

    /// A page of a list, of one moment. [`Page::Unknown`] while any row cannot be read: it might belong there.
    pub(super) fn page(&self, scan: &Scan) -> Result<Page, StoreError> {
        let seen = self.seen.load_full();
        if !seen.unreadable.is_empty()? {
            return Ok(Page::Unknown);
        }
        let mut sources = Vec::new();
        for range in &scan.ranges {
            let found = match &range.to {
                Some(to) => seen.entries.range::<&[u8]>(&range.from[..]..&to[..])?,
                None => seen.entries.range::<&[u8]>(&range.from[..]..)?,
            };
            sources.push(found.map(|entry| {
                let (entry, length) = entry?;
                Ok((entry.value().to_vec(), length.value()))
            }));
        }
        scan.read(sources, |key| match seen.row(key)? {
            Some(Row::State(json)) => Ok(Some(json)),
            Some(Row::Unreadable) | None => Ok(None),
        })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> Result<u64, StoreError> {
        Ok(self.seen.load().rows.len()?)
    }

    /// All of it or nothing.
    pub(super) fn write(&self, pen: Pen, change: &Write) -> Result<(), StoreError> {
        let mut write = self.begin(pen)?;
        match change.durable {
            true => {
                write.set_durability(Durability::Immediate)?;
                // Else a store whose process was killed is read from end to end before it opens.
                write.set_quick_repair(true);
            }
            false => write.set_durability(Durability::None)?,
        }
        fill(&write, change, &self.definition)?;
        write.commit()?;
        self.seen.store(Seen::of(&self.database)?.into());
        Ok(())
    }

    fn begin(&self, pen: Pen) -> Result<WriteTransaction, StoreError> {
        let write = self.database.begin_write()?;
        // Looked at with the transaction in hand: there is one at a time.
        match pen.0 == self.pen.load(Ordering::SeqCst) {
            true => Ok(write),
            false => Err(StoreError::Replaced),
        }
    }
}

/// Throws a store's file away.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    std::fs::remove_file(path).map_err(|source| StoreError::Io {
        path: path.to_owned(),
        source,
    })
}

/// What a store holds; none where it is of another form.
fn about(database: &Database) -> Result<Option<Definition>, StoreError> {
    let read = database.begin_read()?;
    let about = match read.open_table(ABOUT) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        about => about?,
    };
    if about.get(FORM.0)?.is_none_or(|form| form.value() != FORM.1) {
        return Ok(None);
    }
    let definition = about.get(DEFINITION)?;
    Ok(definition.and_then(|definition| serde_json::from_str(definition.value()).ok()))
}

fn empty(database: &Database, definition: &Definition) -> Result<(), StoreError> {
    let write = database.begin_write()?;
    lay(&write, definition)?;
    Ok(write.commit()?)
}

fn lay(write: &WriteTransaction, definition: &Definition) -> Result<(), StoreError> {
    write.open_table(ROWS)?;
    write.open_table(ENTRIES)?;
    write.open_table(UNREADABLE_ROWS)?;
    write.open_table(PLACES)?;
    let mut about = write.open_table(ABOUT)?;
    about.insert(FORM.0, FORM.1)?;
    let definition = serde_json::to_string(definition).map_err(|error| StoreError::Definition {
        source: Box::new(error),
    })?;
    about.insert(DEFINITION, &*definition)?;
    Ok(())
}

fn fill(
    write: &WriteTransaction,
    change: &Write,
    definition: &Definition,
) -> Result<(), StoreError> {
    let mut rows = write.open_table(ROWS)?;
    let mut entries = write.open_table(ENTRIES)?;
    let mut unreadable = write.open_table(UNREADABLE_ROWS)?;
    let mut value = Vec::new();
    for (key, row) in &change.rows {
        value.clear();
        match row {
            Some(Row::State(json)) => {
                value.push(STATE);
                value.extend_from_slice(json);
            }
            Some(Row::Unreadable) => value.push(UNREADABLE),
            None => {}
        }
        let before = match value.is_empty() {
            true => rows.remove(&key.0[..])?,
            false => rows.insert(&key.0[..], &value[..])?,
        };
        let before = before.map(|before| Row::read(before.value()));
        if before == Some(Row::Unreadable) {
            unreadable.remove(&key.0[..])?;
        }
        if *row == Some(Row::Unreadable) {
            unreadable.insert(&key.0[..], ())?;
        }
        if before == *row {
            continue;
        }
        for (entry, _) in of_row(definition, key, before.as_ref()) {
            entries.remove(&entry[..])?;
        }
        for (entry, length) in of_row(definition, key, row.as_ref()) {
            entries.insert(&entry[..], length)?;
        }
    }
    let mut places = write.open_table(PLACES)?;
    for (partition, place) in &change.places {
        places.insert(partition, &place.write()[..])?;
    }
    if change.filled || change.followed_ms.is_some() {
        let mut about = write.open_table(ABOUT)?;
        if change.filled {
            about.insert(FILLED, "yes")?;
        }
        if let Some(followed) = change.followed_ms {
            about.insert(FOLLOWED, &*followed.to_string())?;
        }
    }
    Ok(())
}

fn of_row(definition: &Definition, key: &Key, row: Option<&Row>) -> Vec<(Vec<u8>, u32)> {
    match row {
        Some(Row::State(json)) => str::from_utf8(json)
            .map(|json| definition.entries(&key.0, json))
            .unwrap_or_default(),
        Some(Row::Unreadable) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
