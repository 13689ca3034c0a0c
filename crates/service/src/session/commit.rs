//! The end of a batch: one transaction of all it leaves behind; and what is done about records that are refused.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use kafka::{Consumed, Kind, Outgoing};
use tokio::time::Instant;

use super::{End, Session};
use crate::count::Count;
use crate::decide::now_ms;
use crate::decode;
use crate::handler::Handler;
use crate::outcome::{Asked, Dead, Done};

/// How often a transaction that was aborted for a passing reason is tried again.
const TRIES: u32 = 5;
/// Why what was done is not committed.
const LATE: &str = "a request's deadline passed before it was committed";
/// Before the first of them; longer before each.
const PAUSE: Duration = Duration::from_millis(20);

/// Commits it all; where something of it is refused for good, one by one. What is past its deadline is not committed any more, nor what
/// is behind it: whoever asked counts on that nothing of it happens now. The handler believes that it did, so everything begins anew.
pub(super) async fn all<H: Handler>(
    session: &mut Session<H>,
    mut done: Vec<Done>,
) -> Result<(), End> {
    let (now, all) = (now_ms(), done.len());
    let mut late = HashSet::new();
    done.retain(|one| {
        let partition = one.raw.partition;
        if one.is_late(now) {
            late.insert(partition);
        }
        !late.contains(&partition)
    });
    if done.len() < all {
        tracing::warn!(
            group = session.shared.config.group,
            requests = all - done.len(),
            "requests were handled and not committed before their deadline"
        );
    }
    if !done.is_empty() {
        match write(session, &done).await? {
            Written::Yes => {}
            Written::Refused(error) => each(session, done, error).await?,
        }
    }
    match late.is_empty() {
        true => Ok(()),
        false => Err(End::Forget(LATE)),
    }
}

enum Written {
    Yes,
    /// A record or its topic is refused, now and later; nothing was written.
    Refused(kafka::Error),
}

async fn write<H: Handler>(session: &mut Session<H>, done: &[Done]) -> Result<Written, End> {
    let Some(membership) = session.membership.clone() else {
        return Ok(Written::Yes); // No partition, no records.
    };
    let (mut next, mut beside) = (BTreeMap::new(), BTreeMap::new());
    for one in done {
        let partition = one.raw.partition;
        let end = match one.raw.level {
            0 => next.entry(partition).or_insert(0),
            level => {
                let topic = session.shared.config.retry_topic(level);
                beside.entry((topic, partition)).or_insert(0)
            }
        };
        *end = one.raw.offset.saturating_add(1).max(*end);
    }
    let consumed = Consumed {
        topic: session.shared.config.requests.clone(),
        next,
        beside,
        membership,
    };
    let mut tries = 0;
    loop {
        let now = now_ms();
        if done.iter().any(|one| one.is_late(now)) {
            return Err(End::Forget(LATE));
        }
        let records: Vec<Outgoing> = done.iter().flat_map(|one| one.records.clone()).collect();
        let begun = Instant::now();
        let result = session
            .producer
            .commit_consumed(records, consumed.clone())
            .await;
        let Err(error) = result else {
            session.places.extend(consumed.beside);
            for count in done.iter().flat_map(|one| &one.counts) {
                session.shared.counts.add(*count, 1);
            }
            return Ok(Written::Yes);
        };
        session.shared.counts.add(Count::Aborted, 1);
        match error.kind() {
            Kind::Rejected => return Ok(Written::Refused(error)),
            Kind::Retriable if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE * tries).await;
            }
            // The broker ends a transaction that takes too long, which looks the same as a successor of the same name.
            Kind::Fenced
                if begun.elapsed() > session.shared.config.kafka.transaction_timeout / 2 =>
            {
                return Err(End::Again(error));
            }
            _ => return Err(error.into()),
        }
    }
}

/// Commits one by one. A request whose records are refused becomes a dead letter, and then everything begins anew: the handler
/// believes that the request was answered.
async fn each<H: Handler>(
    session: &mut Session<H>,
    done: Vec<Done>,
    first: kafka::Error,
) -> Result<(), End> {
    let alone = done.len() == 1;
    let mut refused = None;
    for one in done {
        let error = if alone {
            None
        } else {
            match write(session, std::slice::from_ref(&one)).await? {
                Written::Yes => continue,
                Written::Refused(error) => Some(error),
            }
        };
        bury(session, one).await?;
        refused = error.or(refused);
    }
    match refused {
        Some(error) => Err(End::Again(error)),
        None if alone => Err(End::Again(first)),
        // All were written alone: together they were too much.
        None => Ok(()),
    }
}

/// Makes a dead letter of a request whose records are refused, with as much as is not refused as well.
async fn bury<H: Handler>(session: &mut Session<H>, one: Done) -> Result<(), End> {
    let reason = "what the service wrote for it was refused";
    let to = session.shared.names.reply_to(&one.raw).ok().flatten();
    let asked = decode::request(&one.raw)
        .ok()
        .map(|request| Asked::from(&request));
    let mut last = None;
    for (to, whole) in [(to.as_ref(), true), (None, true), (None, false)] {
        let mut raw = one.raw.clone();
        if !whole {
            // Too large, most likely: its place in the topic of requests is in the headers.
            raw.value = None;
            raw.headers.clear();
        }
        let dead = Dead::new("refused", 500, reason);
        let dead = session
            .shared
            .names
            .dead(raw, to, asked.as_ref(), dead, now_ms());
        match write(session, &[dead]).await? {
            Written::Yes => return Ok(()),
            Written::Refused(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(End::Over(
            crate::Error::new(crate::ErrorKind::Config, "dead letters cannot be written")
                .caused_by(error),
        )),
        None => Ok(()),
    }
}
