//! All a broker knows, behind one lock: topics with their partitions, groups, and the catalog.
//!
//! Requests are plain functions from this and the time to an answer. Nothing here waits, and nothing here is
//! large work: reading for a fetch and compacting happen on copies, without the lock.

use std::collections::HashMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use kafka_protocol::ResponseError;
use uuid::Uuid;

use crate::catalog::{Catalog, Entry, TopicEntry};
use crate::clock::Now;
use crate::config::{BrokerConfig, Storage, Sync};
use crate::error::{Error, Result};
use crate::group::Group;
use crate::partition::{Partition, Refusal};
use crate::setting::{self, Overrides, TopicSettings};

/// The id of the one node.
pub(crate) const NODE: i32 = 1;

/// A topic at work.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) settings: TopicSettings,
    pub(crate) partitions: Vec<Partition>,
}

/// All a broker knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: BrokerConfig,
    pub(crate) catalog: Catalog,
    pub(crate) topics: HashMap<String, Topic>,
    pub(crate) groups: HashMap<String, Group>,
    /// Set when the broker is dropped: whatever still runs changes nothing any more.
    pub(crate) closed: bool,
    directory: Option<PathBuf>,
}

/// An id nobody else has: 128 bits from the hasher keys the standard library seeds from the system.
pub(crate) fn random_id() -> Uuid {
    let half = || u128::from(RandomState::new().hash_one(0));
    Uuid::from_u128(half() << 64 | half())
}

impl State {
    /// Opens what the directory holds, or an empty state in memory.
    pub(crate) fn open(config: BrokerConfig) -> Result<Self> {
        setting::check(&config.topic_defaults).map_err(Error::Config)?;
        let directory = match &config.storage {
            Storage::Memory => None,
            Storage::Directory(directory) => Some(directory.clone()),
        };
        let cluster_id = random_id().simple().to_string().chars().take(22).collect();
        let catalog = Catalog::open(directory.as_deref(), config.sync, cluster_id)?;
        let (topics, groups) = (HashMap::new(), HashMap::new());
        let mut state = Self {
            config,
            catalog,
            topics,
            groups,
            closed: false,
            directory,
        };
        let entries = state.catalog.image().topics.clone();
        for (name, entry) in &entries {
            let settings = TopicSettings::resolve(&entry.settings, &state.config.topic_defaults);
            let partitions =
                (0..entry.partitions).map(|partition| state.open_partition(name, entry, partition));
            let partitions = partitions.collect::<Result<Vec<_>>>()?;
            state.topics.insert(
                name.clone(),
                Topic {
                    settings,
                    partitions,
                },
            );
        }
        Ok(state)
    }

    fn topic_directory(&self, name: &str, id: Uuid) -> Option<PathBuf> {
        // The id keeps a topic apart from a deleted one of the same name; the name is for people.
        let short: String = name.chars().take(200).collect();
        self.directory.as_ref().map(|directory| {
            directory
                .join("topics")
                .join(format!("{short}.{}", id.simple()))
        })
    }

    fn open_partition(&self, name: &str, entry: &TopicEntry, partition: i32) -> Result<Partition> {
        let directory = self
            .topic_directory(name, entry.id)
            .map(|topic| topic.join(partition.to_string()));
        Partition::open(
            directory,
            entry.starts.get(&partition).copied().unwrap_or(0),
        )
    }

    /// The topic's settings and one of its partitions.
    pub(crate) fn partition(
        &mut self,
        topic: &str,
        partition: i32,
    ) -> Result<(&TopicSettings, &mut Partition), ResponseError> {
        let unknown = ResponseError::UnknownTopicOrPartition;
        let topic = self.topics.get_mut(topic).ok_or(unknown)?;
        let at = usize::try_from(partition).map_err(|_| unknown)?;
        Ok((
            &topic.settings,
            topic.partitions.get_mut(at).ok_or(unknown)?,
        ))
    }

    /// Partitions of all topics together.
    pub(crate) fn partition_count(&self) -> usize {
        self.topics
            .values()
            .map(|topic| topic.partitions.len())
            .sum()
    }

    /// Creates a topic that was checked.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        settings: Overrides,
    ) -> Result<Uuid, Refusal> {
        let id = random_id();
        let entry = Entry::Topic {
            name: name.to_owned(),
            id: id.into_bytes(),
            partitions,
            settings,
        };
        self.catalog
            .commit(vec![entry])
            .map_err(|error| storage(&error))?;
        self.topics.remove(name);
        self.follow_topic(name)?;
        tracing::info!(topic = name, partitions, "created a topic");
        Ok(id)
    }

    /// Changes settings or adds partitions; both were checked.
    pub(crate) fn change_topic(
        &mut self,
        name: &str,
        partitions: i32,
        settings: Overrides,
    ) -> Result<(), Refusal> {
        let Some(entry) = self.catalog.image().topics.get(name) else {
            return Err(ResponseError::UnknownTopicOrPartition.into());
        };
        let entry = Entry::Topic {
            name: name.to_owned(),
            id: entry.id.into_bytes(),
            partitions,
            settings,
        };
        self.catalog
            .commit(vec![entry])
            .map_err(|error| storage(&error))?;
        self.follow_topic(name)
    }

    /// Makes the topic at work what the catalog says.
    fn follow_topic(&mut self, name: &str) -> Result<(), Refusal> {
        let Some(entry) = self.catalog.image().topics.get(name).cloned() else {
            return Ok(());
        };
        let settings = TopicSettings::resolve(&entry.settings, &self.config.topic_defaults);
        let mut topic = self.topics.remove(name).unwrap_or(Topic {
            settings: settings.clone(),
            partitions: Vec::new(),
        });
        topic.settings = settings;
        let first = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        for partition in first..entry.partitions {
            match self.open_partition(name, &entry, partition) {
                Ok(partition) => topic.partitions.push(partition),
                Err(error) => {
                    tracing::error!(topic = name, partition, error = %error, "cannot open a partition");
                    self.topics.insert(name.to_owned(), topic);
                    return Err(Refusal::new(
                        ResponseError::KafkaStorageError,
                        error.to_string(),
                    ));
                }
            }
        }
        self.topics.insert(name.to_owned(), topic);
        Ok(())
    }

    /// Deletes a topic, its records and the offsets groups have committed for it.
    pub(crate) fn delete_topic(&mut self, name: &str) -> Result<(), Refusal> {
        let Some(entry) = self.catalog.image().topics.get(name).cloned() else {
            return Err(ResponseError::UnknownTopicOrPartition.into());
        };
        self.catalog
            .commit(vec![Entry::TopicDeleted {
                name: name.to_owned(),
            }])
            .map_err(|error| storage(&error))?;
        for partition in self
            .topics
            .remove(name)
            .into_iter()
            .flat_map(|topic| topic.partitions)
        {
            let mut partition = partition;
            partition.wake();
        }
        if let Some(directory) = self.topic_directory(name, entry.id) {
            remove_all(&directory);
        }
        tracing::info!(topic = name, "deleted a topic");
        Ok(())
    }

    /// Moves the first readable offset of a partition forward, for good.
    pub(crate) fn delete_records(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<i64, ResponseError> {
        let log = &self.partition(topic, partition)?.1.log;
        let offset = if offset == -1 { log.end() } else { offset };
        if offset < 0 || offset > log.end() {
            return Err(ResponseError::OffsetOutOfRange);
        }
        if offset > log.start() {
            let entry = Entry::LogStart {
                topic: topic.to_owned(),
                partition,
                offset,
            };
            self.catalog
                .commit(vec![entry])
                .map_err(|error| storage(&error).code)?;
        }
        let (_, there) = self.partition(topic, partition)?;
        there
            .delete_before(offset)
            .map_err(|error| storage(&error).code)?;
        Ok(there.log.start())
    }

    /// The group, created empty when it is not there yet.
    pub(crate) fn group(&mut self, id: &str, now: Now) -> Result<&mut Group, ResponseError> {
        if self.groups.len() >= self.config.limits.groups && !self.groups.contains_key(id) {
            self.groups.retain(|_, group| !group.is_empty());
            if self.groups.len() >= self.config.limits.groups {
                tracing::warn!(
                    group = id,
                    "more groups than the broker takes; one was refused"
                );
                return Err(ResponseError::CoordinatorNotAvailable);
            }
        }
        Ok(self
            .groups
            .entry(id.to_owned())
            .or_insert_with(|| Group::new(now.instant)))
    }

    /// Forces everything to the disk.
    pub(crate) fn flush(&self) -> io::Result<()> {
        for partition in self.topics.values().flat_map(|topic| &topic.partitions) {
            partition.tail()?.map_or(Ok(()), |tail| tail.sync())?;
        }
        self.catalog.flush()
    }

    /// Forces a partition to the disk when acknowledged writes must be there.
    pub(crate) fn force(&mut self, topic: &str, partition: i32) -> io::Result<()> {
        if self.config.sync == Sync::Os {
            return Ok(());
        }
        let tail = self
            .partition(topic, partition)
            .map_or(Ok(None), |(_, partition)| partition.tail())?;
        tail.map_or(Ok(()), |tail| tail.sync())
    }
}

/// What a client is told when the journal could not be written; the journal has logged why.
pub(crate) fn storage(error: &io::Error) -> Refusal {
    Refusal::new(
        ResponseError::KafkaStorageError,
        format!("cannot write to disk: {error}"),
    )
}

fn remove_all(directory: &Path) {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(directory = %directory.display(), error = %error, "cannot remove the files of a deleted topic");
        }
        _ => {}
    }
}
