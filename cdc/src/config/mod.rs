//! What `capture.toml` means: the program's own types, which cannot be wrong.
//!
//! In: the file, and the copybooks it names. Out: a [`CaptureConfig`], or every fault with its line. The one resolver: `check` and start both use it.

mod copybook;
mod file;
mod framing;
mod read;
#[cfg(test)]
mod tests;
mod units;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event::{Decimals, JsonOptions};
use kafka::KafkaConfig;
use kafka::registry::RegistryConfig;
use ops::config::{Faults, Source};
use parsers::{Framing, Layout};

use crate::batch::BatchLimits;
use crate::echo::EchoField;
use crate::hold::Rules;
use crate::source::discover::Pattern;

/// Everything a capture worker is told.
#[derive(Debug, Clone)]
pub struct CaptureConfig {
    kafka: Arc<KafkaConfig>,
    sources: Vec<Arc<SourceConfig>>,
}

impl CaptureConfig {
    /// Reads and resolves a `capture.toml`. Paths in it count from its own folder.
    ///
    /// # Errors
    /// Every fault of the file and of the copybooks it names.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        let source = Source::read(path)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Self::resolve(&source, folder)
    }

    /// Resolves the text of a `capture.toml`; relative paths count from `folder`.
    ///
    /// # Errors
    /// Every fault of the text and of the copybooks it names.
    pub fn resolve(source: &Source, folder: &Path) -> Result<Self, Faults> {
        read::resolve(source, folder)
    }

    /// The same configuration on another Kafka.
    #[must_use]
    pub fn with_kafka(mut self, kafka: KafkaConfig) -> Self {
        self.kafka = Arc::new(kafka);
        for source in &mut self.sources {
            let mut changed = SourceConfig::clone(source);
            changed.kafka = Arc::clone(&self.kafka);
            *source = Arc::new(changed);
        }
        self
    }

    /// Where and how to reach Kafka.
    pub fn kafka(&self) -> &KafkaConfig {
        &self.kafka
    }

    /// The sources, in the order of the file.
    pub fn sources(&self) -> &[Arc<SourceConfig>] {
        &self.sources
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&Arc<SourceConfig>> {
        self.sources.iter().find(|source| source.name() == name)
    }
}

/// How a source's records look in Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Connect's JSON.
    Json(JsonOptions),
    /// Avro whose schema is registered.
    Avro,
    /// Protobuf whose schema is registered.
    Protobuf,
    /// JSON whose JSON Schema is registered.
    JsonSchema(Decimals),
}

/// One source: a data set that comes as one file per generation.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    name: String,
    prefix: String,
    kafka: Arc<KafkaConfig>,
    state_directory: PathBuf,
    directory: PathBuf,
    pattern: Pattern,
    layout: Arc<Layout>,
    fingerprint: String,
    framing: Framing,
    code_page: String,
    topic: String,
    dead_letter_topic: String,
    generations_topic: String,
    partitions: i32,
    replication: Option<i16>,
    cleanup_policy: String,
    format: Format,
    registry: Option<Arc<RegistryConfig>>,
    rules: Rules,
    echo_field: Option<EchoField>,
    batch: BatchLimits,
    payload: payload::Policy,
    sort_memory: usize,
    poll: Duration,
    settle: Duration,
}

impl SourceConfig {
    /// Its name: the data set's in events, and part of its transactional id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its topics' names begin with: `source.name` of every event.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where and how to reach Kafka.
    pub fn kafka(&self) -> &KafkaConfig {
        &self.kafka
    }

    /// Where images are kept and sorts are spilled; each source has a folder of its own there.
    pub fn state_directory(&self) -> &Path {
        &self.state_directory
    }

    /// Where its generations appear.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Which files there are generations.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// How its records read.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The layout's fingerprint in hex.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// How its files divide into records.
    pub fn framing(&self) -> &Framing {
        &self.framing
    }

    /// The name of its code page.
    pub fn code_page(&self) -> &str {
        &self.code_page
    }

    /// The data topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic of its dead letters.
    pub fn dead_letter_topic(&self) -> &str {
        &self.dead_letter_topic
    }

    /// The topic of generation markers.
    pub fn generations_topic(&self) -> &str {
        &self.generations_topic
    }

    /// Partitions of the data topic.
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    /// Copies of its topics, if the configuration says.
    pub fn replication(&self) -> Option<i16> {
        self.replication
    }

    /// How Kafka tidies the data topic: `compact` keeps the last event of every key for ever, so that a new reader finds the whole data set.
    pub fn cleanup_policy(&self) -> &str {
        &self.cleanup_policy
    }

    /// How its records look in Kafka.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Where its schemas are registered, for the formats that need it.
    pub fn registry(&self) -> Option<&RegistryConfig> {
        self.registry.as_deref()
    }

    /// When a generation is held.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Where legacy keeps the id of a write that the gateway gave back to it.
    pub(crate) fn echo_field(&self) -> Option<&EchoField> {
        self.echo_field.as_ref()
    }

    /// When a batch closes.
    pub fn batch(&self) -> BatchLimits {
        self.batch
    }

    /// Which way events travel, by their size.
    pub fn payload(&self) -> payload::Policy {
        self.payload
    }

    /// Bytes of memory for a sort.
    pub fn sort_memory(&self) -> usize {
        self.sort_memory
    }

    /// How often to look for the next generation.
    pub fn poll(&self) -> Duration {
        self.poll
    }

    /// How long a file must stay as it is before it is read.
    pub fn settle(&self) -> Duration {
        self.settle
    }
}
