//! Asks the other side what the client already knows, and notes how the answers differ.
//!
//! In: [`Job`]s from the queue. Out: a finding each, in the [`Evidence`]. At most as many are under way as the
//! limits say. A read that is repeated may meet data that has changed since: that shows as a difference, but where the other side
//! is a view. There the two are compared again after a while, a bounded number of times, and a view that then agrees was
//! behind. On routes that ask for it a few requests go to legacy twice, to learn in what it differs from itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Job;
use super::pair::{Judged, Keep, Pair, Reply};
use crate::backend::Call;
use crate::compare::{NoiseRule, Noisy, Recheck, Verdict};
use crate::evidence::{AskedAgain, Evidence, Finding, Found, Sides};
use crate::exchange::Taken;
use crate::metrics::Metrics;
use crate::route::Side;

/// What the workers may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Mirrored requests under way at once.
    pub at_once: usize,
    /// Those that wait until a view may have caught up.
    pub waiting: usize,
    /// How long those that are under way, or wait, may go on when the gateway ends.
    pub drain: Duration,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            at_once: 32,
            waiting: 256,
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
    fn note(
        &self,
        taken: &Taken,
        variant: &str,
        judged: Judged,
        asked_again: AskedAgain,
        sides: Sides,
    ) {
        let Judged { finding, left_out } = judged;
        let route = &taken.route.name;
        tracing::debug!(%route, id = %taken.id, finding = finding.as_str(), "mirrored");
        self.metrics.mirrored(route, finding.as_str());
        let found = Found {
            request: taken.id,
            rules: taken.route.compare.digest(),
            variant,
            finding,
            left_out,
            asked_again,
            sides,
        };
        self.evidence.found(route, found, SystemTime::now());
    }

    /// The gateway ends before the other side was asked or has answered.
    fn no_time(&self, taken: &Taken) {
        let route = &taken.route.name;
        self.metrics.mirrored(route, "dropped");
        self.evidence
            .dropped(route, taken.route.compare.digest(), "no_time");
    }
}

/// What all jobs share.
#[derive(Debug, Clone)]
struct Shared {
    seen: Seen,
    room: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    budget: Arc<Budget>,
    stop: CancellationToken,
    give_up: CancellationToken,
}

/// Takes jobs until `stop`, then what waits and is under way for as long as `work` allows. Dropped half-way, mirrored
/// requests that are under way may or may not be executed, and nothing is noted of them.
pub async fn run(mut jobs: mpsc::Receiver<Job>, seen: Seen, work: Work, stop: CancellationToken) {
    let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
    let shared = Shared {
        seen,
        room: semaphore(work.at_once.max(1)),
        waiting: semaphore(work.waiting),
        budget: Arc::default(),
        stop: stop.clone(),
        give_up: CancellationToken::new(),
    };
    let under_way = TaskTracker::new();
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
            next = next(&shared.room, &mut jobs) => {
                let Some((job, place)) = next else { break };
                let shared = shared.clone();
                under_way.spawn(async move { done(job, &shared, place).await });
            }
        }
    }
    under_way.close();
    let end = end.unwrap_or_else(|| Instant::now() + work.drain);
    if timeout_at(end, under_way.wait()).await.is_err() {
        shared.give_up.cancel();
        under_way.wait().await;
    }
    while let Ok(job) = jobs.try_recv() {
        shared.seen.no_time(&job.taken);
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

async fn done(job: Job, shared: &Shared, place: OwnedSemaphorePermit) {
    let taken = job.taken.clone();
    let backends = Arc::clone(job.snapshot.backends());
    let found = tokio::select! {
        biased;
        found = find(job, shared, place, &backends) => found,
        () = shared.give_up.cancelled() => {
            shared.seen.no_time(&taken);
            None
        }
    };
    let Some(again) = found else { return };
    // What was found is noted already.
    tokio::select! {
        biased;
        () = again.noise(shared, &backends) => {}
        () = shared.give_up.cancelled() => {}
    }
}

/// An exchange of which legacy is to be asked once more.
struct Again {
    pair: Pair,
    reply: Reply,
    rule: NoiseRule,
    _place: OwnedSemaphorePermit,
}

impl Again {
    async fn noise<B: Call>(self, shared: &Shared, backends: &[B]) {
        let Some(noise) = self.pair.noise(&self.reply, backends).await else {
            return;
        };
        let route = &self.pair.taken.route;
        let digest = route.compare.digest();
        let evidence = &shared.seen.evidence;
        evidence.noise(&route.name, digest, &noise, self.rule.leave_out);
    }
}

/// Asks the other side, compares and notes what was found. The copies' part of the budget goes back at the end.
async fn find<B: Call>(
    job: Job,
    shared: &Shared,
    place: OwnedSemaphorePermit,
    backends: &[B],
) -> Option<Again> {
    let route = Arc::clone(&job.taken.route);
    let rules = &route.compare;
    let noise = rules.noise().filter(|rule| {
        shared
            .budget
            .allows(rule, &route.name, job.taken.id.as_u128())
    });
    let keep = match rules.recheck().is_some() || noise.is_some() {
        true => Keep::Request,
        false => Keep::Nothing,
    };
    let noisy = match rules.noise().is_some_and(|rule| rule.leave_out.is_some()) {
        true => shared.seen.evidence.noisy(&route.name),
        false => Arc::default(),
    };
    let (pair, reply) = Pair::of(job, keep, backends).await;
    let judged = pair.judge(&reply, &noisy);
    let variant = rules.variant(pair.of_legacy(&reply));
    let again = rules.recheck().filter(|_| is_doubtful(&pair, &judged));
    if let Some(recheck) = again {
        drop(reply);
        let (judged, asked) = later(&pair, judged, recheck, &noisy, shared, place, backends).await;
        shared
            .seen
            .note(&pair.taken, variant, judged, asked, pair.sides);
        return None;
    }
    let asked = AskedAgain::No;
    shared
        .seen
        .note(&pair.taken, variant, judged, asked, pair.sides);
    let rule = noise.filter(|_| pair.is_read())?;
    Some(Again {
        pair,
        reply,
        rule,
        _place: place,
    })
}

/// Whether a view that had not caught up may be why the answers differ.
fn is_doubtful(pair: &Pair, judged: &Judged) -> bool {
    pair.is_read()
        && pair.mirror_side() == Side::Modern
        && matches!(
            judged.finding,
            Finding::Compared(Verdict::ViewBehind | Verdict::Different(_))
        )
}

/// Compares again after a while. What is behind or different still then stays so. While it waits it takes no place of those
/// that are under way; where too many wait already, or the gateway ends, it stays as it was.
async fn later<B: Call>(
    pair: &Pair,
    mut judged: Judged,
    recheck: Recheck,
    noisy: &Noisy,
    shared: &Shared,
    place: OwnedSemaphorePermit,
    backends: &[B],
) -> (Judged, AskedAgain) {
    let Ok(_waits) = Arc::clone(&shared.waiting).try_acquire_owned() else {
        return (judged, AskedAgain::No);
    };
    drop(place);
    let said_so = matches!(judged.finding, Finding::Compared(Verdict::ViewBehind));
    let mut asked = AskedAgain::No;
    for _ in 0..recheck.times {
        let waited = async {
            sleep_until(Instant::now() + recheck.after).await;
            Arc::clone(&shared.room).acquire_owned().await.ok()
        };
        let place = tokio::select! {
            biased;
            () = shared.stop.cancelled() => None,
            place = waited => place,
        };
        let Some(_place) = place else {
            return (judged, asked);
        };
        asked = AskedAgain::Yes;
        let reply = pair.mirror_again(backends).await;
        judged = pair.judge(&reply, noisy);
        if let Finding::Compared(Verdict::Different(_)) = judged.finding
            && let Some(anew) = pair.judge_anew(&reply, noisy, backends).await
        {
            judged = anew;
        }
        if let Finding::Compared(Verdict::Equal) = judged.finding {
            // A view that gave another answer without saying that it was behind was.
            if !said_so {
                judged.finding = Finding::Compared(Verdict::ViewBehind);
            }
            return (judged, asked);
        }
        if let Reply::None(Finding::Failed(_)) = reply {
            return (judged, asked);
        }
    }
    (judged, asked)
}

/// When legacy may be asked once more of which route. One entry for each route that has the rule.
#[derive(Debug, Default)]
struct Budget(Mutex<HashMap<Arc<str>, Instant>>);

impl Budget {
    fn allows(&self, rule: &NoiseRule, route: &Arc<str>, request: u128) -> bool {
        if request.checked_rem(100).unwrap_or(0) >= u128::from(rule.percent) {
            return false;
        }
        let now = Instant::now();
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match next.get_mut(route) {
            Some(next) if *next > now => false,
            Some(next) => {
                *next = now + rule.every;
                true
            }
            None => {
                next.insert(Arc::clone(route), now + rule.every);
                true
            }
        }
    }
}

#[cfg(test)]
mod again_tests;
#[cfg(test)]
mod tests;
