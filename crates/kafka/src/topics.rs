//! Topics: created on purpose with the settings they need, and checked when they are there already.

mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigEntry, ConfigResource, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

pub use self::spec::TopicSpec;
use self::spec::{MAX_MESSAGE, RETENTION};
use crate::blocking::{Deadline, blocking};
use crate::log::ClientLog;
use crate::producer::creation;
use crate::reader::{Client, Isolation};
use crate::security::authorise;
use crate::{Error, KafkaConfig, Kind};

/// Between two questions for the settings of a topic that a broker has not heard of yet.
const PAUSE: Duration = Duration::from_millis(50);

/// Creates and checks topics.
#[derive(Clone, Debug)]
pub struct Topics {
    config: KafkaConfig,
}

impl Topics {
    /// An administrator; connects with each call.
    #[must_use]
    pub fn new(config: &KafkaConfig) -> Self {
        Self {
            config: config.clone(),
        }
    }

    /// Creates the topics that are missing and checks those that are there. All faults of all topics are in the error.
    ///
    /// # Errors
    /// [`Kind::Topic`] when a topic has another setting than wanted or cannot be created; the message names topic, setting,
    /// what was wanted, what there is, and the command that changes it. [`Kind::Unreachable`] without a broker.
    pub async fn ensure(&self, specs: &[TopicSpec]) -> Result<(), Error> {
        let known = self
            .partitions_of(specs.iter().map(|spec| spec.name.clone()))
            .await?;
        let missing: Vec<&TopicSpec> = specs
            .iter()
            .filter(|spec| !known.contains_key(&spec.name))
            .collect();
        let mut faults = Vec::new();
        if !missing.is_empty() {
            faults.extend(self.create(&missing).await?);
        }
        if faults.is_empty() {
            if !missing.is_empty() {
                self.wait_for(&missing).await?;
            }
            faults.extend(self.check(specs, &known).await?);
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::new(Kind::Topic, faults.join("; ")))
        }
    }

    /// How many partitions each topic of the cluster has.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] without a broker.
    pub async fn partitions(&self) -> Result<BTreeMap<String, i32>, Error> {
        let config = self.config.clone();
        blocking(move || Client::new(&config, Isolation::Uncommitted)?.topics()).await
    }

    /// How many partitions each of those topics has; one that does not exist is left out.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] without a broker.
    pub async fn partitions_of(
        &self,
        topics: impl IntoIterator<Item = String>,
    ) -> Result<BTreeMap<String, i32>, Error> {
        let config = self.config.clone();
        let topics: Vec<String> = topics.into_iter().collect();
        blocking(move || {
            // A cluster may have thousands of topics: only those in question are asked for.
            let client = Client::new(&config, Isolation::Uncommitted)?;
            let mut known = BTreeMap::new();
            for topic in topics {
                if let Some(count) = client.partitions(&topic)? {
                    known.insert(topic, count);
                }
            }
            Ok(known)
        })
        .await
    }

    /// The settings of a topic, those of its own and those of the broker alike; empty where the broker says none.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] without a broker, [`Kind::Topic`] where they may not be read or there is no such topic.
    pub async fn settings(&self, topic: &str) -> Result<BTreeMap<String, String>, Error> {
        let described = self.describe(&[topic]).await?;
        let mut settings = BTreeMap::new();
        for resource in described {
            let resource = resource.map_err(|code| {
                let why = format!("settings of topic {topic} cannot be read: {code}");
                Error::new(Kind::Topic, why)
            })?;
            let said = |entry: ConfigEntry| Some((entry.name, entry.value?));
            settings.extend(resource.entries.into_iter().filter_map(said));
        }
        Ok(settings)
    }

    async fn create(&self, missing: &[&TopicSpec]) -> Result<Vec<String>, Error> {
        let made: Vec<_> = missing.iter().map(|spec| spec.made()).collect();
        let new = missing.iter().zip(&made).map(|(spec, settings)| {
            let copies = spec.replication.or(self.config.replication).unwrap_or(-1);
            let mut topic = NewTopic::new(
                &spec.name,
                spec.partitions.unwrap_or(-1),
                TopicReplication::Fixed(copies.into()),
            );
            for (setting, value) in settings {
                topic = topic.set(setting, value);
            }
            topic
        });
        let new: Vec<_> = new.collect();
        let results = self
            .admin()?
            .create_topics(&new, &self.options())
            .await
            .map_err(|error| self.failed("topics cannot be created", error))?;
        let mut faults = Vec::new();
        for result in results {
            match result {
                Ok(name) => tracing::info!(topic = name, "created"),
                // Another worker was faster: what it made is checked as any other.
                Err((_, Code::TopicAlreadyExists)) => {}
                Err((name, code)) => faults.push(cannot_create(&name, code)),
            }
        }
        Ok(faults)
    }

    async fn check(
        &self,
        specs: &[TopicSpec],
        known: &BTreeMap<String, i32>,
    ) -> Result<Vec<String>, Error> {
        let mut faults = Vec::new();
        for spec in specs {
            if let (Some(wanted), Some(found)) = (spec.partitions, known.get(&spec.name))
                && wanted != *found
            {
                faults.push(self.wrong_partitions(&spec.name, wanted, *found));
            }
        }
        let with_settings: Vec<&TopicSpec> = specs
            .iter()
            .filter(|spec| !spec.config.is_empty() || spec.kept_at_most.is_some())
            .collect();
        if with_settings.is_empty() {
            return Ok(faults);
        }
        let names: Vec<&str> = with_settings.iter().map(|spec| &*spec.name).collect();
        let described = self.describe(&names).await?;
        for (spec, resource) in with_settings.iter().zip(described) {
            match resource {
                Ok(resource) => faults.extend(self.wrong_settings(spec, &resource)),
                Err(code) => faults.push(format!(
                    "settings of topic {} cannot be read: {code}",
                    spec.name
                )),
            }
        }
        Ok(faults)
    }

    /// The settings of each of those topics, in their order.
    async fn describe(&self, topics: &[&str]) -> Result<Vec<Result<ConfigResource, Code>>, Error> {
        let resources: Vec<_> = topics
            .iter()
            .map(|topic| ResourceSpecifier::Topic(topic))
            .collect();
        let deadline = Deadline::after(self.config.timeout);
        loop {
            let described = self
                .admin()?
                .describe_configs(&resources, &self.options())
                .await;
            let described = described
                .map_err(|error| self.failed("settings of topics cannot be read", error))?;
            // Every topic has settings. The broker asked has not heard of one without: in KRaft the controller creates a
            // topic, and brokers learn of it a moment later.
            let unheard_of = described
                .iter()
                .any(|resource| matches!(resource, Ok(found) if found.entries.is_empty()));
            if !unheard_of || deadline.passed() {
                return Ok(described);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn wrong_settings(&self, spec: &TopicSpec, found: &ConfigResource) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(most) = spec.kept_at_most {
            let said = found
                .get(RETENTION)
                .and_then(|entry| entry.value.as_deref());
            let kept = said.and_then(|said| said.parse().ok());
            let kept = kept.map(Duration::from_millis);
            if kept.is_none_or(|kept| kept > most) {
                faults.push(format!(
                    "topic {topic} has {RETENTION}={said} and its records refer to objects that are kept for {most}: raise \
                     `retention` in [kafka.payload], or `kafka-configs.sh --bootstrap-server {broker} --alter --entity-type \
                     topics --entity-name {topic} --add-config {RETENTION}={most}`",
                    topic = spec.name,
                    said = said.unwrap_or("(nothing)"),
                    broker = self.config.bootstrap,
                    most = most.as_millis(),
                ));
            }
        }
        for (setting, wanted) in &spec.config {
            let found = found.get(setting).and_then(|entry| entry.value.as_deref());
            if found.is_none_or(|found| !serves(setting, wanted, found)) {
                faults.push(format!(
                    "topic {topic} has {setting}={found} and needs {wanted}: `kafka-configs.sh --bootstrap-server {broker} \
                     --alter --entity-type topics --entity-name {topic} --add-config {setting}={value}`",
                    topic = spec.name,
                    found = found.unwrap_or("(nothing)"),
                    broker = self.config.bootstrap,
                    // kafka-configs.sh wants a list in brackets
                    value = if wanted.contains(',') { format!("[{wanted}]") } else { wanted.clone() },
                ));
            }
        }
        faults
    }

    fn wrong_partitions(&self, topic: &str, wanted: i32, found: i32) -> String {
        let fix = if found < wanted {
            format!(
                "`kafka-topics.sh --bootstrap-server {} --alter --topic {topic} --partitions {wanted}` (keys then move \
                 between partitions), or configure {found}",
                self.config.bootstrap
            )
        } else {
            format!("configure {found}, or make the topic anew")
        };
        format!("topic {topic} has {found} partitions and needs {wanted}: {fix}")
    }

    /// Until each new topic is known with all its leaders: a producer that asks too early waits needlessly.
    async fn wait_for(&self, specs: &[&TopicSpec]) -> Result<(), Error> {
        let config = self.config.clone();
        let names: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
        blocking(move || {
            let deadline = Deadline::after(config.timeout);
            let client = Client::new(&config, Isolation::Uncommitted)?;
            for name in &names {
                while !matches!(client.partitions_and_leaders(name)?, Some((1.., true))) {
                    if deadline.passed() {
                        let message = format!("topic {name} was created and has no leader yet");
                        return Err(Error::new(Kind::Retriable, message));
                    }
                    client.pause();
                }
            }
            Ok(())
        })
        .await
    }

    /// A client for one task: nobody serves the events of one that lies idle.
    fn admin(&self) -> Result<AdminClient<ClientLog>, Error> {
        let admin: AdminClient<ClientLog> = self
            .config
            .client()?
            .create_with_context(ClientLog::new(&self.config))
            .map_err(creation)?;
        authorise(self.config.tokens().as_ref(), admin.inner())?;
        Ok(admin)
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(self.config.timeout))
            .operation_timeout(Some(self.config.timeout))
    }

    fn failed(&self, what: &str, error: KafkaError) -> Error {
        Error::new(
            Kind::Retriable,
            format!("{what} by kafka at {}", self.config.bootstrap),
        )
        .caused_by(error)
    }
}

/// Whether what was found will do. Settings that are lists (`cleanup.policy`) have no order; a size may be larger.
fn serves(setting: &str, wanted: &str, found: &str) -> bool {
    if setting == MAX_MESSAGE {
        return matches!((wanted.parse::<u64>(), found.parse::<u64>()), (Ok(wanted), Ok(found)) if found >= wanted);
    }
    let set = |text: &'_ str| {
        let parts = text.split(',').map(|part| part.trim().to_owned());
        parts.collect::<BTreeSet<_>>()
    };
    set(wanted) == set(found)
}

fn cannot_create(name: &str, code: Code) -> String {
    match code {
        Code::InvalidReplicationFactor => {
            format!(
                "topic {name} cannot be created: the cluster has not as many brokers as `replication` in [kafka] asks for"
            )
        }
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            format!(
                "topic {name} cannot be created: the broker does not let us; have it created or grant Create"
            )
        }
        Code::InvalidTopic => {
            format!("topic {name} cannot be created: that is no name for a topic")
        }
        code => format!("topic {name} cannot be created: {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_no_order() {
        assert!(serves(
            "cleanup.policy",
            "compact,delete",
            "delete, compact"
        ));
        assert!(!serves("cleanup.policy", "compact", "compact,delete"));
    }

    #[test]
    fn a_topic_may_take_larger_records_than_we_send() {
        let spec = TopicSpec::data("t", None, &KafkaConfig::default());
        assert_eq!(spec.initial[MAX_MESSAGE], "16842752");
        assert!(serves(MAX_MESSAGE, "16842752", "33554432"));
        assert!(!serves(MAX_MESSAGE, "16842752", "1048588"));
    }
}
