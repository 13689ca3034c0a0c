//! What is known of every source, read from Kafka alone: whether the worker runs here, elsewhere or not at all makes no difference.
//!
//! In: a configuration. Out: where each source stands, what it holds and why, and the command that releases it. Fences nobody.

use std::time::{Duration, SystemTime};

use kafka::CheckpointStore;

use crate::checkpoint::{Emitted, Position, Trouble};
use crate::config::{CaptureConfig, SourceConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::hold::Reason;
use crate::pipeline::choices;
use crate::release::{Choice, Decision, Release};
use crate::resolve::Counts;
use crate::sink::checkpoint_key;
use crate::source::discover::millis;

/// Where one source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// The source's name.
    pub source: String,
    /// Its data topic.
    pub topic: String,
    /// What it does.
    pub state: State,
    /// The last generation that is done with.
    pub generation: Option<String>,
    /// What that generation meant.
    pub counts: Option<Counts>,
    /// Everything sent since the source began, dead letters included.
    pub totals: Emitted,
    /// What waits for a person.
    pub held: Vec<Held>,
    /// What keeps the worker from going on.
    pub trouble: Option<Trouble>,
    /// How old the truth is that the topic shows; `None` before the first time nothing newer was there.
    pub age: Option<Duration>,
    /// How long ago the worker wrote its last checkpoint or marker; a running one does at least each second.
    pub last_seen: Option<Duration>,
}

/// What a source does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No worker ever ran it.
    New,
    /// Nothing newer was there at the last look.
    Current,
    /// A generation is being sent.
    Sending {
        /// Its name.
        generation: String,
        /// Records sent of it so far.
        sent: u64,
    },
    /// A person must decide.
    Held,
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The generation.
    pub generation: String,
    /// The whole generation, or only its deletes.
    pub what: What,
    /// Why.
    pub reasons: Vec<Reason>,
    /// For how long.
    pub since: Duration,
    /// What a person may choose.
    pub choices: &'static [Choice],
    /// A release that is on its way: written, not yet acted on.
    pub released: Option<Choice>,
    /// What a release must name.
    id: String,
}

/// How much of a generation is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// All of it.
    Generation,
    /// So many deletes.
    Deletes(u64),
}

/// The status of every source of the configuration.
///
/// # Errors
/// Kafka cannot be reached, or a checkpoint cannot be read.
pub async fn status(config: &CaptureConfig) -> Result<Vec<SourceStatus>> {
    let store = CheckpointStore::new(config.kafka());
    let checkpoints = match store.look().await {
        Ok(checkpoints) => checkpoints,
        // Nobody ever ran anything.
        Err(error) if error.kind() == kafka::Kind::Topic => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let now_ms = millis(SystemTime::now());
    let mut all = Vec::new();
    for source in config.sources() {
        let key = checkpoint_key(source.topic());
        let found = checkpoints
            .iter()
            .find(|(found, _)| *found == key)
            .map(|(_, checkpoint)| checkpoint);
        let mut status = match found {
            None => SourceStatus::new(source),
            Some(checkpoint) => SourceStatus::of(
                source,
                &Position::from_json(&checkpoint.position)?,
                checkpoint.ts_ms,
                now_ms,
            ),
        };
        if !status.held.is_empty() {
            let releases = releases(&store, source.topic()).await?;
            for held in &mut status.held {
                held.released = releases
                    .iter()
                    .find(|release| release.hold == held.id)
                    .map(|release| release.choice);
            }
        }
        all.push(status);
    }
    Ok(all)
}

/// Writes a person's decision about what a source holds of `generation`. The worker acts on it when it runs; the hold stays until then.
///
/// # Errors
/// Nothing of that generation is held, the hold cannot be released so, nobody or nothing is named, or Kafka cannot be reached.
pub async fn release(
    config: &CaptureConfig,
    source: &str,
    generation: &str,
    decision: &Decision,
) -> Result<()> {
    let refused =
        |message: String, help: String| Err(Error::new(ErrorKind::Config, message).with_help(help));
    if decision.who.trim().is_empty() || decision.why.trim().is_empty() {
        return refused(
            "a release says who decided and why".into(),
            "give both: they stay with the data".into(),
        );
    }
    let names = || {
        config
            .sources()
            .iter()
            .map(|source| source.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let all = status(config).await?;
    let Some(status) = all.into_iter().find(|status| status.source == source) else {
        return refused(
            format!("there is no source `{source}`"),
            format!("the sources are: {}", names()),
        );
    };
    let Some(held) = status
        .held
        .iter()
        .find(|held| held.generation == generation)
    else {
        let what = status
            .held
            .iter()
            .map(|held| held.generation.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let what = if what.is_empty() {
            "nothing is held".to_owned()
        } else {
            format!("held is: {what}")
        };
        return refused(
            format!("generation {generation} of {source} is not held"),
            what,
        );
    };
    if !held.choices.contains(&decision.choice) {
        let may = held
            .choices
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        return refused(
            format!(
                "generation {generation} cannot be released with `{}`",
                decision.choice
            ),
            format!("it can with: {may}"),
        );
    }
    let now_ms = millis(SystemTime::now());
    let id = format!("{}-{now_ms}-{}", held.id, std::process::id());
    let release = Release::new(id, held.id.clone(), generation.to_owned(), decision, now_ms);
    let value = serde_json::to_value(&release).map_err(|error| {
        Error::new(ErrorKind::Internal, "a release has no JSON form").with_source(error)
    })?;
    CheckpointStore::new(config.kafka())
        .write_release(&checkpoint_key(&status.topic), generation, Some(&value))
        .await?;
    Ok(())
}

async fn releases(store: &CheckpointStore, topic: &str) -> Result<Vec<Release>> {
    let found = store.releases(&checkpoint_key(topic)).await?.poll().await?;
    Ok(found
        .into_iter()
        .filter_map(|release| serde_json::from_value(release.value?).ok())
        .collect())
}

impl SourceStatus {
    fn new(source: &SourceConfig) -> Self {
        Self {
            source: source.name().to_owned(),
            topic: source.topic().to_owned(),
            state: State::New,
            generation: None,
            counts: None,
            totals: Emitted::default(),
            held: Vec::new(),
            trouble: None,
            age: None,
            last_seen: None,
        }
    }

    fn of(source: &SourceConfig, position: &Position, seen_ms: i64, now_ms: i64) -> Self {
        let since =
            |ms: i64| Duration::from_millis(u64::try_from(now_ms.saturating_sub(ms)).unwrap_or(0));
        let mut held = Vec::new();
        if let Some(hold) = &position.hold {
            held.push(Held {
                generation: hold.generation.clone(),
                what: What::Generation,
                reasons: hold.reasons.clone(),
                since: since(hold.since_ms),
                choices: choices(&hold.reasons),
                released: None,
                id: hold.id.clone(),
            });
        }
        if let Some(committed) = &position.committed
            && let Some(deletes) = &committed.held_deletes
        {
            held.push(Held {
                generation: committed.origin.generation.clone(),
                what: What::Deletes(deletes.records),
                reasons: deletes.reasons.clone(),
                since: since(deletes.since_ms),
                choices: &[Choice::Apply, Choice::WithoutDeletes],
                released: None,
                id: deletes.id.clone(),
            });
        }
        let state = match &position.work {
            _ if !held.is_empty() => State::Held,
            Some(work) => State::Sending {
                generation: work.generation.clone(),
                sent: work.emitted.total(),
            },
            None => State::Current,
        };
        Self {
            state,
            generation: position
                .finished
                .as_ref()
                .map(|finished| finished.generation.clone()),
            counts: position.finished.as_ref().map(|finished| finished.counts),
            totals: position.totals,
            held,
            trouble: position.trouble.clone(),
            age: position.as_of_ms.map(since),
            last_seen: Some(since(seen_ms)),
            ..Self::new(source)
        }
    }
}
