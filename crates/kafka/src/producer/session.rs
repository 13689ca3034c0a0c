//! One producer's transactions, blocking: begin, send, wait, commit, and what each failure leaves behind.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use bytes::Bytes;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::Outgoing;
use super::classify::{self, creation, fenced, left_behind, permanent, unreachable};
use super::delivery::{Deliveries, Round};
use crate::blocking::Deadline;
use crate::security::authorise;
use crate::{Error, KafkaConfig, Kind, Tails};

/// A producer between `init_transactions` and its end.
pub(super) struct Session {
    producer: ThreadedProducer<Deliveries>,
    id: String,
    bootstrap: String,
    /// The longest a commit may take, and the broker's patience with it.
    timeout: Duration,
    /// Held through a transaction; says after which fault the producer cannot be used any more.
    gate: Mutex<Option<Broken>>,
}

/// After which fault a producer is of no use.
#[derive(Clone, Copy)]
struct Broken(Kind);

impl Session {
    /// Makes the producer and fences all others with that id.
    pub(super) fn open(config: &KafkaConfig, id: String, timeout: Duration) -> Result<Self, Error> {
        let mut client = config.producer()?;
        client.set("transactional.id", &id);
        client.set(
            "transaction.timeout.ms",
            config.transaction_timeout.as_millis().to_string(),
        );
        let producer: ThreadedProducer<Deliveries> = client
            .create_with_context(Deliveries::new(config))
            .map_err(creation)?;
        authorise(config.tokens().as_ref(), producer.client())?;
        let session = Self {
            producer,
            id,
            bootstrap: config.bootstrap.clone(),
            timeout: config.transaction_timeout,
            gate: Mutex::new(None),
        };
        session.init(timeout)?;
        Ok(session)
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is known to be of no use; while a transaction goes on it is not.
    pub(super) fn is_broken(&self) -> bool {
        match self.gate.try_lock() {
            Ok(gate) => gate.is_some(),
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Poisoned(gate)) => gate.into_inner().is_some(),
        }
    }

    fn gate(&self) -> MutexGuard<'_, Option<Broken>> {
        // A panic under the lock was the caller's `last`: the transaction it left open is found by `begin`.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn producer(&self) -> &ThreadedProducer<Deliveries> {
        &self.producer
    }

    pub(super) fn deliveries(&self) -> &Deliveries {
        self.producer.client().context()
    }

    fn init(&self, timeout: Duration) -> Result<(), Error> {
        let deadline = Deadline::after(timeout);
        loop {
            let error = match self.producer.init_transactions(deadline.remaining()) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && !deadline.passed() =>
                {
                    continue;
                }
                Err(error) => error,
            };
            if let Some(reason) = self.deliveries().log.reason()
                && !self.is_fatal()
            {
                return Err(unreachable(&self.bootstrap, timeout, Some(&reason)).caused_by(error));
            }
            return Err(classify::opening(&self.id, timeout, error));
        }
    }

    /// See [`super::TransactionalProducer::commit`].
    pub(super) fn commit<F>(&self, batch: &[Outgoing], last: F) -> Result<Tails, Error>
    where
        F: FnOnce(&Tails) -> Outgoing,
    {
        self.guarded(|| {
            self.transact(|round, deadline| {
                let tails = self.write(round, batch, deadline)?;
                let last = last(&tails);
                self.write(round, std::slice::from_ref(&last), deadline)
            })
        })
    }

    /// One transaction at a time, and none after an error that ended the producer.
    pub(super) fn guarded(
        &self,
        transaction: impl FnOnce() -> Result<Tails, Error>,
    ) -> Result<Tails, Error> {
        let mut gate = self.gate();
        if let Some(Broken(kind)) = *gate {
            return Err(Error::new(
                kind,
                format!(
                    "producer {} cannot be used after an earlier error: open a new one",
                    self.id
                ),
            ));
        }
        let result = transaction();
        if let Err(error) = &result
            && !matches!(
                error.kind(),
                Kind::Retriable | Kind::Rejected | Kind::Rebalanced
            )
        {
            *gate = Some(Broken(error.kind()));
        }
        result
    }

    /// Begins a transaction, lets `write` fill it, and commits; aborts when it could not be filled.
    pub(super) fn transact(
        &self,
        write: impl FnOnce(&mut Round, Deadline) -> Result<Tails, (String, KafkaError)>,
    ) -> Result<Tails, Error> {
        let deadline = Deadline::after(self.timeout);
        if let Err(error) = self.producer.begin_transaction() {
            return Err(self.nothing_visible("a transaction could not be begun", error));
        }
        let mut round = self.deliveries().begin();
        let tails = match write(&mut round, deadline) {
            Ok(tails) => tails,
            Err((what, error)) => return Err(self.nothing_visible(&what, error)),
        };
        self.end(deadline)?;
        Ok(tails)
    }

    /// Hands all records to librdkafka and waits until each is acknowledged. Ends of all written in this round.
    fn write(
        &self,
        round: &mut Round,
        records: &[Outgoing],
        deadline: Deadline,
    ) -> Result<Tails, (String, KafkaError)> {
        for record in records {
            self.send(round, record, deadline)?;
        }
        self.deliveries().wait(round, deadline)
    }

    pub(super) fn send(
        &self,
        round: &mut Round,
        record: &Outgoing,
        deadline: Deadline,
    ) -> Result<(), (String, KafkaError)> {
        let mut next = BaseRecord {
            topic: &record.topic,
            partition: record.partition,
            payload: record.value.as_deref(),
            key: record.key.as_deref(),
            timestamp: record.timestamp_ms,
            headers: headers(&record.headers),
            delivery_opaque: round.opaque(&record.topic),
        };
        loop {
            match self.producer.send(next) {
                Ok(()) => {
                    round.sent();
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if !deadline.passed() =>
                {
                    self.deliveries().wait_for_room(round);
                    next = back;
                }
                Err((error, _)) => {
                    let bytes = size(record);
                    return Err((
                        format!(
                            "a record of {bytes} bytes for topic {} was not taken",
                            record.topic
                        ),
                        error,
                    ));
                }
            }
        }
    }

    /// Until librdkafka, too, has put the last acknowledgement away. `commit_transaction` of rdkafka flushes, and a flush that
    /// does not succeed at once polls for a full 100 ms whatever happens meanwhile: five times the length of a commit.
    fn settle(&self, deadline: Deadline) {
        while self.producer.flush(Duration::ZERO).is_err() && !deadline.passed() {
            std::thread::park_timeout(Duration::from_micros(50));
        }
    }

    /// Commits. From here on an error may leave the outcome open.
    fn end(&self, deadline: Deadline) -> Result<(), Error> {
        self.settle(deadline);
        loop {
            // A call that ran out of time is resumed by the next one.
            let patience = deadline.remaining().max(Duration::from_secs(1));
            let error = match self.producer.commit_transaction(patience) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) => error,
                Err(KafkaError::Flush(_)) if !deadline.passed() => continue,
                Err(error) => return Err(self.unknown(error)),
            };
            if error.txn_requires_abort() && !error.is_fatal() {
                // The coordinator agrees to an abort only if it has not committed.
                return match self.abort() {
                    Ok(()) => Err(Error::new(
                        Kind::Retriable,
                        "the transaction was not committed and was aborted",
                    )
                    .caused_by(error)),
                    Err(_) => Err(self.unknown(KafkaError::Transaction(error))),
                };
            }
            if error.is_fatal() || !error.is_retriable() || deadline.passed() {
                return Err(self.unknown(KafkaError::Transaction(error)));
            }
        }
    }

    /// An error before the commit was sent: aborts, and says whether this producer can go on.
    fn nothing_visible(&self, what: &str, error: KafkaError) -> Error {
        if self.is_fatal() {
            return self.fatal(what, error);
        }
        let kind = if error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId) {
            // Another member of the group goes by this one's instance name (KIP-345).
            Kind::Fenced
        } else if permanent(&error) {
            Kind::Rejected
        } else if left_behind(&error) {
            Kind::Rebalanced
        } else {
            Kind::Retriable
        };
        let away = match kind {
            Kind::Rejected | Kind::Rebalanced | Kind::Fenced => String::new(),
            _ => self.away(),
        };
        match self.abort() {
            Ok(()) => {
                let message = format!("{what}; the transaction was aborted{away}");
                Error::new(kind, message).caused_by(error)
            }
            Err(_) if self.is_fatal() => self.fatal(what, error),
            Err(abort) => {
                let message = format!(
                    "{what}; the transaction could not be aborted, nothing of it is visible{away}"
                );
                Error::new(Kind::Fatal, message).caused_by(abort)
            }
        }
    }

    /// Says so when the broker is away.
    fn away(&self) -> String {
        let reason = self.deliveries().log.reason();
        reason.map_or_else(String::new, |reason| {
            format!("; kafka at {} is away ({reason})", self.bootstrap)
        })
    }

    fn fatal(&self, what: &str, error: KafkaError) -> Error {
        if self.is_fenced() {
            return self.fenced(error);
        }
        let why = self
            .producer
            .client()
            .fatal_error()
            .map_or_else(String::new, |(_, why)| format!(": {why}"));
        Error::new(
            Kind::Fatal,
            format!("{what}, and the producer cannot go on{why}"),
        )
        .caused_by(error)
    }

    fn unknown(&self, error: KafkaError) -> Error {
        if self.is_fenced() {
            return self.fenced(error);
        }
        let message = format!(
            "the commit was sent and no clear answer came: the batch may be visible or not, and the checkpoint says \
             which{}",
            self.away()
        );
        Error::new(Kind::UnknownOutcome, message).caused_by(error)
    }

    fn fenced(&self, error: KafkaError) -> Error {
        let message = format!(
            "another producer has taken over transactional id {}, or a transaction took longer than transaction_timeout \
             ({}s) and the broker ended it",
            self.id,
            self.timeout.as_secs()
        );
        Error::new(Kind::Fenced, message).caused_by(error)
    }

    fn abort(&self) -> Result<(), KafkaError> {
        let deadline = Deadline::after(self.timeout);
        loop {
            match self
                .producer
                .abort_transaction(deadline.remaining().max(Duration::from_secs(1)))
            {
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && !error.is_fatal() && !deadline.passed() => {}
                result => return result,
            }
        }
    }

    fn is_fatal(&self) -> bool {
        self.producer.client().fatal_error().is_some()
    }

    fn is_fenced(&self) -> bool {
        self.producer
            .client()
            .fatal_error()
            .is_some_and(|(code, _)| fenced(code))
    }
}

pub(crate) fn headers(headers: &[(String, Bytes)]) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let mut owned = OwnedHeaders::new_with_capacity(headers.len());
    for (key, value) in headers {
        owned = owned.insert(Header {
            key,
            value: Some(&value[..]),
        });
    }
    Some(owned)
}

fn size(record: &Outgoing) -> usize {
    let headers: usize = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    record.key.as_ref().map_or(0, Bytes::len)
        + record.value.as_ref().map_or(0, Bytes::len)
        + headers
}
