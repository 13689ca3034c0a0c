//! How control is set up, and why it cannot start.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::anchor::Anchors;
use super::{CopyError, FileError, JournalError, KeyError};
use crate::back::hold::Holds;
use crate::config::{ControlStore, Resolved};
use crate::route::Group;

/// How control is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the log is.
    pub store: Store,
    /// A folder of this gateway's own: the local copy of the fold, the break-glass journal, and the log itself with
    /// [`Store::File`]. Made when it is missing.
    pub directory: PathBuf,
    /// The instance name, as the log shows it.
    pub gateway: String,
    /// How long a start waits for the log before it goes on without.
    pub patience: Duration,
    /// How long a proposal may take from the call to its own entry read back.
    pub deadline: Duration,
    /// How long writes under way are waited for when a group of writes changes sides, while new ones are held.
    pub hold: Duration,
    /// How old what is known of the log may be before groups go by their `when_stale`; for ever if none.
    pub max_age: Option<Duration>,
    /// Where anchors go, if they do.
    pub anchors: Option<Anchors>,
    /// Where writes are held.
    pub holds: Arc<Holds>,
    /// True once no gateway before this one, whose folder this is now, begins a request any more: until then nothing is proposed, so that no
    /// request begins in a mode that has been left. None where there was none.
    pub clear: Option<watch::Receiver<bool>>,
}

impl Settings {
    /// As a resolved file says, for a gateway of that instance name.
    #[must_use]
    pub fn of(resolved: &Resolved, gateway: impl Into<String>) -> Self {
        let store = match &resolved.control.store {
            ControlStore::File => Store::File,
            ControlStore::Kafka { topic } => Store::Kafka {
                config: resolved.kafka.clone().unwrap_or_default(),
                topic: topic.clone(),
            },
        };
        Self {
            hold: resolved.control.hold,
            max_age: resolved.control.max_age,
            anchors: resolved.control.anchors.clone(),
            ..Self::new(store, &resolved.control.directory, gateway)
        }
    }

    /// The defaults with that store and folder: 3 s of patience, 10 s for a proposal, 2 s for writes under way.
    #[must_use]
    pub fn new(store: Store, directory: impl Into<PathBuf>, gateway: impl Into<String>) -> Self {
        Self {
            store,
            directory: directory.into(),
            gateway: gateway.into(),
            patience: Duration::from_secs(3),
            deadline: Duration::from_secs(10),
            hold: Duration::from_secs(2),
            max_age: None,
            anchors: None,
            holds: Arc::default(),
            clear: None,
        }
    }
}

/// Where the log is.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file in the directory, for one gateway without Kafka.
    File,
    /// A topic with one partition; made when it is missing, checked when it is there.
    Kafka {
        /// How to reach Kafka.
        config: ::kafka::KafkaConfig,
        /// The topic, [`CONTROL_TOPIC`] unless the file says otherwise.
        topic: String,
    },
}

/// The topic of the control log where none is named.
pub const CONTROL_TOPIC: &str = "figway.control";

/// What the table says of groups, and which revision of the file it is from.
#[derive(Debug, Clone)]
pub struct Groups {
    /// All of them.
    pub groups: Arc<[Arc<Group>]>,
    /// `revision` of the file.
    pub revision: u64,
}

impl Groups {
    /// Those of a resolved file.
    #[must_use]
    pub fn of(resolved: &Resolved) -> Self {
        Self {
            groups: resolved.table.groups().into(),
            revision: resolved.revision,
        }
    }
}

/// Why control cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder.
    #[error("control directory {path} cannot be made")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file that holds the log.
    #[error(transparent)]
    File(#[from] FileError),
    /// The topic that holds the log has a setting that loses history, or the settings of Kafka cannot be used.
    #[error("the control log cannot be used: {why}")]
    Unusable {
        /// Why, and what changes it.
        why: String,
    },
    /// The journal of overrides.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key that signs.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The local copy is damaged, and there is no log to fold anew from.
    #[error(
        "the local copy of the control state cannot be used and the control log is out of reach: bring the log back, or move the copy away to begin with the modes of routes.toml"
    )]
    Copy(#[source] CopyError),
}
