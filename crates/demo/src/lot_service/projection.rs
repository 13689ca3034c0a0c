//! Keeps the service's [`State`] up to date with what legacy's data sets say.
//!
//! In: the captured topics `pharma.lot` and `pharma.material`, from their beginning, committed records only. Out: the state
//! behind a lock, and the moment at which everything that was there at the start is in it. A topic that is not there yet and a
//! Kafka that is away are waited for: the state stays as it was. The service's own events are not followed but restored, by
//! [`super::LotService`], when it is given partitions.

use std::sync::{Arc, Mutex, PoisonError};

use kafka::{Follow, Follower, Incoming, KafkaConfig};
use ops::shutdown::Shutdown;
use tokio::sync::watch;

use super::State;
use crate::error::{Error, Kind, Result};

const TOPICS: [&str; 2] = ["pharma.lot", "pharma.material"];

/// The state and what feeds it. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Projection {
    state: Arc<Mutex<State>>,
    /// How many of the topics have given all they had at the start.
    caught_up: watch::Receiver<usize>,
}

impl Projection {
    /// Begins to follow the topics. They need not be there yet.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when the configuration is not usable.
    pub fn start(kafka: &KafkaConfig, shutdown: &Shutdown) -> Result<Projection> {
        let state = Arc::new(Mutex::new(State::default()));
        let (caught, caught_up) = watch::channel(0);
        let caught = Arc::new(caught);
        for topic in TOPICS {
            let follower = Follower::start(kafka, Follow::committed(topic)).map_err(|error| {
                Error::new(Kind::Kafka, format!("could not follow {topic}")).because(error)
            })?;
            let follow = follow(topic, follower, Arc::clone(&state), Arc::clone(&caught));
            let ending = shutdown.clone();
            shutdown.spawn(async move {
                tokio::select! {
                    () = follow => {}
                    () = ending.begun() => {}
                }
            });
        }
        Ok(Projection { state, caught_up })
    }

    /// Waits until everything that was in the topics at the start is in the state.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when a topic can no longer be followed.
    pub async fn caught_up(&self) -> Result<()> {
        self.caught_up
            .clone()
            .wait_for(|topics| *topics >= TOPICS.len())
            .await
            .map(|_| ())
            .map_err(|error| {
                Error::new(Kind::Kafka, "the lot service lost its topics").because(error)
            })
    }

    /// Looks at the state, or changes it.
    pub fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        // A panic while the lock was held leaves the state between two records, never inside one.
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn follow(
    topic: &'static str,
    mut follower: Follower,
    state: Arc<Mutex<State>>,
    caught: Arc<watch::Sender<usize>>,
) {
    let mut told = false;
    loop {
        let step = match follower.next().await {
            Ok(step) => step,
            Err(error) => {
                tracing::error!(topic, error = %error, "the lot service cannot follow a topic");
                return;
            }
        };
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            for record in &step.records {
                if let Err(error) = take(&mut state, topic, record) {
                    tracing::warn!(topic, offset = record.offset, error = %error, "left out a record");
                }
            }
        }
        if step.caught_up && !told {
            told = true;
            caught.send_modify(|topics| *topics += 1);
        }
    }
}

fn take(state: &mut State, topic: &str, record: &Incoming) -> Result<()> {
    let value = record.value.as_deref();
    match &record.key {
        // Not about a lot or a material.
        None => Ok(()),
        Some(key) if topic == "pharma.lot" => state.captured_lot(key, value),
        Some(key) => state.captured_material(key, value),
    }
}
