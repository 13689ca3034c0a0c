//! Asks the other side what the client already knows, and notes how the answers differ.
//!
//! In: [`Job`]s from the queue. Out: a [`Finding`] each, in the [`Evidence`]. At most as many are under way as the
//! limits say. The other side is asked once, with the request's own id and `Figway-Shadow: true`; its answer is
//! brought into the client's shape and compared with the one the client got. A read that is repeated may meet data
//! that has changed since: that shows as a difference.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Job;
use crate::backend::{Attempt, Call};
use crate::compare::{self, Answer, NotComparable, Verdict};
use crate::error::{BackendErrorKind, GatewayError, rescue};
use crate::evidence::{Evidence, Finding};
use crate::exchange::{self, How, Taken};
use crate::message::{PayloadError, Response};
use crate::metrics::Metrics;
use crate::route::Side;
use crate::transcode::TranscodeError;

/// What the workers may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Mirrored requests under way at once.
    pub at_once: usize,
    /// How long those that are under way, or wait, may go on when the gateway ends.
    pub drain: Duration,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            at_once: 32,
            drain: Duration::from_secs(2),
        }
    }
}

/// Where findings go.
#[derive(Debug, Clone)]
pub struct Seen {
    /// With samples, for people.
    pub evidence: Arc<Evidence>,
    /// Only counted, for machines.
    pub metrics: Arc<Metrics>,
}

impl Seen {
    fn note(&self, taken: &Taken, finding: Finding) {
        let route = &taken.route.name;
        tracing::debug!(%route, id = %taken.id, finding = finding.as_str(), "mirrored");
        self.metrics.mirrored(route, finding.as_str());
        self.evidence
            .found(route, taken.id, finding, SystemTime::now());
    }
}

/// Takes jobs until `stop`, then what waits and is under way for as long as `work` allows. Dropped half-way, mirrored
/// requests that are under way may or may not be executed, and nothing is noted of them.
pub async fn run(mut jobs: mpsc::Receiver<Job>, seen: Seen, work: Work, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(
        work.at_once.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let under_way = TaskTracker::new();
    let give_up = CancellationToken::new();
    let mut end: Option<Instant> = None;
    loop {
        let late = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled(), if end.is_none() => {
                // No more come in; what waits is still taken.
                jobs.close();
                end = Some(Instant::now() + work.drain);
            }
            () = late => break,
            next = next(&room, &mut jobs) => {
                let Some((job, place)) = next else { break };
                let (seen, give_up) = (seen.clone(), give_up.clone());
                under_way.spawn(async move {
                    done(job, &seen, &give_up).await;
                    drop(place);
                });
            }
        }
    }
    under_way.close();
    let end = end.unwrap_or_else(|| Instant::now() + work.drain);
    if timeout_at(end, under_way.wait()).await.is_err() {
        give_up.cancel();
        under_way.wait().await;
    }
    while let Ok(job) = jobs.try_recv() {
        seen.note(&job.taken, NO_TIME);
    }
}

/// The next job, when there is room for it. Loses nothing when dropped.
async fn next(
    room: &Arc<Semaphore>,
    jobs: &mut mpsc::Receiver<Job>,
) -> Option<(Job, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    let job = jobs.recv().await?;
    Some((job, place))
}

/// The gateway ends before the other side was asked or has answered.
const NO_TIME: Finding = Finding::Dropped("no_time");

async fn done(job: Job, seen: &Seen, give_up: &CancellationToken) {
    let taken = job.taken.clone();
    let finding = tokio::select! {
        biased;
        finding = find(job) => finding,
        () = give_up.cancelled() => NO_TIME,
    };
    seen.note(&taken, finding);
}

/// Asks the other side and compares. The copies' part of the budget goes back at the end.
async fn find(job: Job) -> Finding {
    let backends = Arc::clone(job.snapshot.backends());
    ask(job, &backends).await
}

async fn ask<B: Call>(job: Job, backends: &[B]) -> Finding {
    let Job {
        taken,
        leg,
        request,
        request_body,
        answered,
        response,
        response_body,
        held: _held,
        ..
    } = job;
    let how = How {
        attempt: Attempt::First,
        shadow: true,
        deadline: Instant::now() + taken.route.timeout,
    };
    let primary = Answer::of(answered, response, response_body.data);
    let body = request_body.into();
    let ask = exchange::ask(&taken, request, body, how.deadline);
    match exchange::attempt(&leg, &taken, ask, how, backends).await {
        Ok(mirrored) => against(&taken, leg.side, &primary, mirrored, how.deadline).await,
        // What the client would have got is the route's own error.
        Err(error @ GatewayError::Status { status, .. }) if !status.is_server_error() => {
            let told = rescue(&error, &taken.route.errors, taken.id);
            against(&taken, leg.side, &primary, told, how.deadline).await
        }
        Err(error) => failed(leg.side, &error),
    }
}

/// Compares the client's answer with one that is still to be read.
async fn against(
    taken: &Taken,
    side: Side,
    primary: &Answer,
    mirrored: Response,
    deadline: Instant,
) -> Finding {
    let route = &taken.route;
    let Response { parts, payload, .. } = mirrored;
    let limit = route.max_body;
    let body = match timeout_at(deadline, payload.gather(limit)).await {
        Ok(Ok(whole)) => whole.data,
        Ok(Err(PayloadError::TooLarge { limit })) => {
            let reason = NotComparable::TooLarge { side, limit };
            return Finding::Compared(Verdict::NotComparable(reason));
        }
        Ok(Err(PayloadError::Broken(_))) => return Finding::Failed("broken"),
        Err(_) | Ok(Err(PayloadError::Late)) => return Finding::Failed("timeout"),
    };
    let mirror = Answer::of(side, parts, body);
    Finding::Compared(compare::compare(
        &route.compare,
        &route.client.response,
        primary,
        &mirror,
    ))
}

/// What it means that the other side gave no answer to compare.
fn failed(side: Side, error: &GatewayError) -> Finding {
    let untranslatable = |reason: &TranscodeError| {
        Finding::Compared(Verdict::NotComparable(NotComparable::Untranslatable {
            side,
            reason: reason.to_string(),
        }))
    };
    match error {
        GatewayError::Undecodable(reason) => untranslatable(reason),
        GatewayError::Backend { error, .. } if error.kind() == BackendErrorKind::Stale => {
            Finding::Compared(Verdict::ViewBehind)
        }
        GatewayError::Backend { error, .. } => match error.source() {
            Some(source) => match source.downcast_ref::<TranscodeError>() {
                Some(reason) => untranslatable(reason),
                None => Finding::Failed(error.kind().as_str()),
            },
            None => Finding::Failed(error.kind().as_str()),
        },
        other => Finding::Failed(other.code()),
    }
}

#[cfg(test)]
mod tests;
