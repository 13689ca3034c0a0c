//! The control log, whichever store holds it: entries are appended, and followed for as long as the gateway runs.
//!
//! In: bytes of entries. Out: [`Event`]s in the order of the log. Knows nothing of what is in an entry.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::file::{Entry, FileError, FileLog};
use super::fold::Stop;
use super::kafka::KafkaStore;
use super::lock;

/// How many events may wait for the one who folds them.
pub(super) const EVENTS: usize = 256;

/// What happens to a log that is followed.
#[derive(Debug)]
pub(crate) enum Event {
    /// The next entry.
    Entry(Entry),
    /// All entries that there were when the log was asked then have been delivered. Comes again and again while the log is in reach.
    CaughtUp(Instant),
    /// The log does not answer; it is tried on.
    Lost(String),
    /// The log is there and cannot be used until a person changes something; it is tried on.
    Unusable(String),
    /// The log is not the one that was followed; nothing more will come.
    Stop(Stop),
}

/// An open log.
#[derive(Debug, Clone)]
pub(crate) enum Log {
    File(FileStore),
    Kafka(KafkaStore),
}

/// Why an entry may not be in the log.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// It is not there.
    NotWritten(String),
    /// It may be there: whoever waits for it to come back will see.
    Unknown,
}

/// Why history cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("history cannot be read: {why}")]
pub struct ReadError {
    pub(crate) why: String,
}

impl Log {
    /// As it is written in configuration.
    pub(crate) fn store(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Kafka(_) => "kafka",
        }
    }

    /// Whether other gateways may write to it.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Kafka(_) => true,
        }
    }

    /// Has it said soon whether all entries there are have been delivered.
    pub(crate) fn ask(&self) {
        match self {
            // It says so with each entry.
            Self::File(_) => {}
            Self::Kafka(store) => store.ask(),
        }
    }

    /// Appends an entry; it is safe when this returns. Dropped half-way the entry is written all the same.
    pub(crate) async fn append(&self, bytes: Vec<u8>) -> Result<(), AppendError> {
        match self {
            Self::File(store) => store.append(bytes).await,
            Self::Kafka(store) => store.append(bytes).await,
        }
    }

    /// Gives up what of it is in the gateway's folder.
    pub(crate) fn close(&self) {
        match self {
            Self::File(store) => lock(&store.file).close(),
            Self::Kafka(_) => {}
        }
    }

    /// Takes that up again, and delivers what came meanwhile. Blocking.
    pub(crate) fn reopen(&self) -> Result<(), FileError> {
        match self {
            Self::File(store) => store.reopen(),
            Self::Kafka(_) => Ok(()),
        }
    }

    /// Every entry there is now, in order, to `take`, which is given back. For history: asked rarely.
    pub(crate) async fn for_each<T: Take>(&self, take: T) -> Result<T, ReadError> {
        match self {
            Self::File(store) => store.for_each(take).await,
            Self::Kafka(store) => store.for_each(take).await,
        }
    }
}

/// Whoever is given entries.
pub(crate) trait Take: Send + 'static {
    /// The next entry.
    fn take(&mut self, entry: Entry);
}

/// The log as a local file.
#[derive(Debug, Clone)]
pub(crate) struct FileStore {
    file: Arc<Mutex<FileLog>>,
    events: mpsc::Sender<Event>,
}

impl FileStore {
    /// Opens the file and delivers what is in it, then each entry as it is appended.
    pub(crate) async fn open(path: &Path) -> Result<(Self, mpsc::Receiver<Event>), FileError> {
        let path = path.to_owned();
        let opened = run(move || FileLog::open(&path)).await;
        let (file, entries) = opened?;
        let (events, receiver) = mpsc::channel(EVENTS);
        let sender = events.clone();
        tokio::spawn(async move {
            for entry in entries {
                if sender.send(Event::Entry(entry)).await.is_err() {
                    return;
                }
            }
            // Nobody follows any more: nobody wants to know.
            sender.send(Event::CaughtUp(Instant::now())).await.ok();
        });
        let store = Self {
            file: Arc::new(Mutex::new(file)),
            events,
        };
        Ok((store, receiver))
    }

    async fn append(&self, bytes: Vec<u8>) -> Result<(), AppendError> {
        let (file, events) = (Arc::clone(&self.file), self.events.clone());
        run(move || {
            let mut file = lock(&file);
            let offset = file
                .append(&bytes)
                .map_err(|error| AppendError::NotWritten(chain(&error)))?;
            // Under the lock: entries are delivered in the order they stand.
            events
                .blocking_send(Event::Entry(Entry { offset, bytes }))
                .ok();
            Ok(())
        })
        .await
    }

    fn reopen(&self) -> Result<(), FileError> {
        let mut file = lock(&self.file);
        let known = file.next();
        let events = match file.reopen()? {
            Some(entries) => entries.into_iter().map(Event::Entry).collect(),
            None => vec![Event::Stop(Stop::Cut {
                end: file.next(),
                folded: known.saturating_sub(1),
            })],
        };
        // Under the lock, as for appended ones. Where nobody follows any more, nobody wants to know.
        for event in events {
            self.events.blocking_send(event).ok();
        }
        Ok(())
    }

    async fn for_each<T: Take>(&self, mut take: T) -> Result<T, ReadError> {
        let file = Arc::clone(&self.file);
        run(move || {
            let read = lock(&file).for_each(|entry| take.take(entry));
            match read {
                Ok(()) => Ok(take),
                Err(error) => Err(ReadError { why: chain(&error) }),
            }
        })
        .await
    }
}

/// Runs what blocks where that is allowed, to its end.
pub(crate) async fn run<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(f).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
