//! One partition: its log, its producers, and the fetches that wait for it to move.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use kafka_protocol::ResponseError;
use tokio::sync::Notify;

use crate::error::Result;
use crate::log::Log;
use crate::log::batch::{self, Header, Marker};
use crate::log::medium::Source;
use crate::log::record::{self, Records};
use crate::producer_state::{Producers, Verdict};
use crate::setting::TopicSettings;

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    ReadUncommitted,
    ReadCommitted,
}

impl Isolation {
    pub(crate) fn from_wire(level: i8) -> Self {
        if level == 1 {
            Self::ReadCommitted
        } else {
            Self::ReadUncommitted
        }
    }
}

/// Why a batch was not taken: the code for the client and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ResponseError,
    pub(crate) why: String,
}

impl Refusal {
    pub(crate) fn new(code: ResponseError, why: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
        }
    }
}

impl From<ResponseError> for Refusal {
    fn from(code: ResponseError) -> Self {
        Self {
            code,
            why: code.to_string(),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// Milliseconds since 1970 when the broker set it, else -1.
    pub(crate) append_time: i64,
}

/// One partition.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) log: Log,
    pub(crate) producers: Producers,
    /// Compaction has been over everything before this offset.
    pub(crate) cleaned_to: i64,
    waiting: Vec<Weak<Notify>>,
}

impl Partition {
    /// Opens the partition in `directory`, or an empty one in memory. `start` is its first offset if it was moved.
    pub(crate) fn open(directory: Option<PathBuf>, start: i64) -> Result<Self> {
        let mut producers = Producers::default();
        let log = Log::open(directory, start, &mut |header, marker| {
            producers.note(header, marker);
        })?;
        producers.delete_before(log.start());
        Ok(Self {
            log,
            producers,
            cleaned_to: 0,
            waiting: Vec::new(),
        })
    }

    /// The first offset a `read_committed` reader may not see yet.
    pub(crate) fn last_stable(&self) -> i64 {
        self.producers
            .first_open()
            .map_or(self.log.end(), |first| first.max(self.log.start()))
    }

    /// The first offset a reader may not see.
    pub(crate) fn limit(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadUncommitted => self.log.end(),
            Isolation::ReadCommitted => self.last_stable(),
        }
    }

    /// Appends a producer's batch, whose checksum the caller has checked.
    pub(crate) fn append(
        &mut self,
        batch: &[u8],
        settings: &TopicSettings,
        now_ms: i64,
    ) -> Result<Appended, Refusal> {
        let header = Header::read(batch)
            .map_err(|fault| Refusal::new(ResponseError::InvalidRecord, fault.to_string()))?;
        check_against_settings(&header, batch, settings, now_ms)?;
        if let Verdict::Duplicate(sent) = self.producers.judge(&header)? {
            return Ok(Appended {
                base_offset: sent.base_offset,
                append_time: sent.timestamp,
            });
        }
        let mut batch = batch.to_vec();
        if settings.log_append_time {
            batch::stamp(&mut batch, header.attributes, now_ms);
        }
        let header = self.write(&mut batch, settings, None)?;
        let append_time = if settings.log_append_time { now_ms } else { -1 };
        Ok(Appended {
            base_offset: header.base_offset,
            append_time,
        })
    }

    /// Ends a producer's transaction in this partition.
    pub(crate) fn append_marker(
        &mut self,
        producer_id: i64,
        epoch: i16,
        marker: Marker,
        settings: &TopicSettings,
        now_ms: i64,
    ) -> Result<(), Refusal> {
        let mut batch = batch::marker(producer_id, epoch, marker, now_ms);
        self.write(&mut batch, settings, Some(marker)).map(drop)
    }

    fn write(
        &mut self,
        batch: &mut [u8],
        settings: &TopicSettings,
        marker: Option<Marker>,
    ) -> Result<Header, Refusal> {
        let header = self.log.append(batch, settings.roll()).map_err(|error| {
            tracing::error!(directory = ?self.log.directory(), error = %error, "cannot write a log; the write was refused");
            Refusal::new(ResponseError::KafkaStorageError, format!("cannot write the log: {error}"))
        })?;
        self.producers.note(&header, marker);
        self.wake();
        Ok(header)
    }

    /// Moves the first readable offset forward.
    pub(crate) fn delete_before(&mut self, start: i64) -> io::Result<()> {
        self.log.delete_before(start)?;
        self.producers.delete_before(self.log.start());
        self.wake();
        Ok(())
    }

    /// Has `notify` told when something is appended.
    pub(crate) fn wait(&mut self, notify: &Arc<Notify>) {
        let this = Arc::as_ptr(notify);
        self.waiting
            .retain(|waiting| waiting.strong_count() > 0 && !std::ptr::eq(waiting.as_ptr(), this));
        self.waiting.push(Arc::downgrade(notify));
    }

    /// Tells everyone who waits.
    pub(crate) fn wake(&mut self) {
        for waiting in self.waiting.drain(..) {
            if let Some(notify) = waiting.upgrade() {
                notify.notify_one();
            }
        }
    }

    /// Something to force to the disk what was appended last.
    pub(crate) fn tail(&self) -> io::Result<Option<Source>> {
        self.log.tail()
    }
}

fn check_against_settings(
    header: &Header,
    batch: &[u8],
    settings: &TopicSettings,
    now_ms: i64,
) -> Result<(), Refusal> {
    if header.len > settings.max_message_bytes {
        let most = settings.max_message_bytes;
        let why = format!(
            "the batch has {} bytes, max.message.bytes of the topic is {most}",
            header.len
        );
        return Err(Refusal::new(ResponseError::MessageTooLarge, why));
    }
    if u64::try_from(header.len).unwrap_or(u64::MAX) > settings.segment_bytes {
        let why = format!(
            "the batch has {} bytes, segment.bytes is {}",
            header.len, settings.segment_bytes
        );
        return Err(Refusal::new(ResponseError::RecordListTooLarge, why));
    }
    if !settings.log_append_time
        && header.max_timestamp > now_ms.saturating_add(settings.timestamp_after_ms)
    {
        let why = format!(
            "timestamp {} is too far in the future (message.timestamp.after.max.ms)",
            header.max_timestamp
        );
        return Err(Refusal::new(ResponseError::InvalidTimestamp, why));
    }
    if !settings.log_append_time
        && header.base_timestamp < now_ms.saturating_sub(settings.timestamp_before_ms)
    {
        let why = format!(
            "timestamp {} is too far in the past (message.timestamp.before.max.ms)",
            header.base_timestamp
        );
        return Err(Refusal::new(ResponseError::InvalidTimestamp, why));
    }
    if settings.compact {
        let invalid = |why: String| Refusal::new(ResponseError::InvalidRecord, why);
        let payload = record::payload(header, batch).map_err(|fault| invalid(fault.to_string()))?;
        for record in Records::new(&payload) {
            if record
                .map_err(|fault| invalid(fault.to_string()))?
                .key
                .is_none()
            {
                return Err(invalid(
                    "a record of a compacted topic needs a key".to_owned(),
                ));
            }
        }
    }
    Ok(())
}
