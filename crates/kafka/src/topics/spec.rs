//! What a topic must be like.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::KafkaConfig;

pub(super) const MAX_MESSAGE: &str = "max.message.bytes";
pub(super) const RETENTION: &str = "retention.ms";

/// A topic as we need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// The name.
    pub name: String,
    /// How many partitions; the broker's default, or whatever there is, when none is given.
    pub partitions: Option<i32>,
    /// How many copies when it is created; that of the configuration or the broker when none is given. Not checked later.
    pub replication: Option<i16>,
    /// Settings by Kafka's names; each is set on creation and checked on an existing topic.
    pub config: BTreeMap<String, String>,
    /// Settings that are set on creation and left to the operator afterwards.
    pub initial: BTreeMap<String, String>,
    /// How long records may be kept at most: set on creation, and checked on an existing topic, which may keep them for less.
    pub kept_at_most: Option<Duration>,
}

impl TopicSpec {
    /// A topic with that many partitions and the broker's settings.
    pub fn new(name: impl Into<String>, partitions: Option<i32>) -> Self {
        Self {
            name: name.into(),
            partitions,
            replication: None,
            config: BTreeMap::new(),
            initial: BTreeMap::new(),
            kept_at_most: None,
        }
    }

    /// A topic for records as large as the configuration allows, as we create it. One that is there with a smaller limit may
    /// do for what it gets; where it does not, the record that is too large is named.
    pub fn data(name: impl Into<String>, partitions: Option<i32>, config: &KafkaConfig) -> Self {
        // The setting counts a batch, whose header is 61 bytes and whose records have theirs.
        let bytes = config.max_message.saturating_add(64 << 10);
        Self::new(name, partitions).initially(MAX_MESSAGE, bytes.to_string())
    }

    /// The same with one more setting that is only set on creation.
    #[must_use]
    pub fn initially(mut self, setting: &str, value: impl Into<String>) -> Self {
        self.initial.insert(setting.to_owned(), value.into());
        self
    }

    /// The same whose records may refer to objects of that store: they are not kept for longer than its table says.
    #[must_use]
    pub fn refers_to(mut self, store: Option<&payload::Config>) -> Self {
        if let Some(payload::Age::For(most)) = store.map(payload::Config::retention) {
            self.kept_at_most = Some(most);
        }
        self
    }

    /// The same with one more setting.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Into<String>) -> Self {
        self.config.insert(setting.to_owned(), value.into());
        self
    }

    /// The settings that it is created with, each once.
    pub(super) fn made(&self) -> BTreeMap<&str, String> {
        let said = self.initial.iter().chain(&self.config);
        let mut settings: BTreeMap<&str, String> = said
            .map(|(setting, value)| (setting.as_str(), value.clone()))
            .collect();
        if let Some(most) = self.kept_at_most {
            let most = most.as_millis();
            let said = settings.get(RETENTION);
            let fits = said.and_then(|said| said.parse().ok());
            if fits.is_none_or(|said: u128| said > most) {
                settings.insert(RETENTION, most.to_string());
            }
        }
        settings
    }
}
