//! What is known of requests whose outcomes are kept: a bounded table, and what each record of the topic does to it. Pure.
//!
//! Every gateway puts the same records into its book in the same order of each partition, and a request's records are all in one: so all
//! of them come to the same verdict on who may execute a request. The time is that of the records, never that of who reads them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::entry::{Callback, Claim};

/// A service's transaction that was begun before a deadline may take so long to be seen after it.
const COMMIT_MS: i64 = 10_000;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// What is kept in memory of a request: never its body, nor that of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As in [`Claim::by`].
    pub by: Uuid,
    /// Under which id its service knows it: its own, until its answer is no longer kept and the id is used anew.
    pub request: Uuid,
    /// The route it took.
    pub route: Arc<str>,
    /// When it was taken on.
    pub at_ms: i64,
    /// After that nobody executes it.
    pub deadline_ms: i64,
    /// Until then its answer is given.
    pub keep_until_ms: i64,
    /// As in [`Claim::secret`].
    pub secret: u64,
    /// As in [`Claim::fingerprint`].
    pub fingerprint: Option<u128>,
    /// As in [`Claim::owner`].
    pub owner: Option<u128>,
    /// Where its answer stands, once there is one.
    pub done: Option<Place>,
    /// Who is still to be told.
    pub callback: Option<Box<Calling>>,
    /// The group whose way back waits for it.
    pub group: Option<Arc<str>>,
    /// What was known before this claim: it is so again when the claim is given back.
    before: Option<Box<Entry>>,
    /// Whether it is not given back, whatever is said of its claim: another may have been sent under it.
    stays: bool,
    /// Its place in the order in which requests came.
    turn: u64,
}

/// How far somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calling {
    /// Who.
    pub whom: Callback,
    /// Which gateway does so, until when.
    pub lease: Option<(Uuid, i64)>,
    /// How often that has failed.
    pub tries: u32,
}

/// What becomes of a request that wants to be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may go: nobody else may.
    Go {
        /// Under which id the service is to know it: that of an earlier try of it, so that the service recognises it.
        request: Uuid,
        /// Under which it is found: that of an earlier try, too.
        secret: u64,
    },
    /// The same request is under way.
    Pending(Entry),
    /// It was answered; the answer stands there.
    Done(Entry, Place),
    /// Another request had the same key.
    Other,
}

/// What is known of a request at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// It may still be executed.
    Pending(Entry),
    /// It was answered.
    Done(Entry, Place),
    /// Its deadline has passed, and no answer came.
    Failed(Entry),
    /// It was, and how it ended is no longer told.
    Expired(Entry),
}

/// The table.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct Book {
    entries: HashMap<Uuid, Entry>,
    /// In the order in which they came; each id once.
    order: BTreeMap<u64, Uuid>,
    next: u64,
    /// Whose requests have another id than their own.
    others: HashMap<Uuid, Uuid>,
    /// Those that have somebody to be told.
    calls: HashSet<Uuid>,
    routes: HashMap<String, Arc<str>>,
    most: usize,
}

impl Claim {
    /// Whether it is sent although another claim is in force.
    #[must_use]
    pub fn sends_again(&self, verdict: &Verdict) -> bool {
        self.later && matches!(verdict, Verdict::Pending(_))
    }
}

impl Entry {
    fn of(claim: Claim, request: Uuid, route: Arc<str>, turn: u64) -> Self {
        Self {
            by: claim.by,
            request,
            route,
            at_ms: claim.at_ms,
            deadline_ms: claim.deadline_ms,
            keep_until_ms: claim.keep_until_ms,
            secret: claim.secret,
            fingerprint: claim.fingerprint,
            owner: claim.owner,
            done: None,
            callback: claim.callback.map(|whom| {
                Box::new(Calling {
                    whom,
                    lease: None,
                    tries: 0,
                })
            }),
            group: claim.group.as_deref().map(Arc::from),
            before: None,
            stays: false,
            turn,
        }
    }

    /// As it is kept under a later claim. One step back is enough: what was before this one counts no more, since this one may have been sent.
    fn under_another(mut self) -> Box<Self> {
        self.stays |= self.before.take().is_some();
        Box::new(self)
    }

    /// When its id is free for another request: never while it may be executed, however short its answer is kept.
    fn ends_ms(&self) -> i64 {
        match self.done {
            Some(_) => self.keep_until_ms,
            None => (self.keep_until_ms).max(self.deadline_ms.saturating_add(COMMIT_MS)),
        }
    }

    /// Whether nobody executes it any more and its answer would be here.
    pub(super) fn is_over(&self, now_ms: i64) -> bool {
        now_ms >= self.deadline_ms.saturating_add(COMMIT_MS)
    }

    /// What becomes of a request of that claim where this one came before it; none where it may go.
    fn judge(&self, claim: &Claim) -> Option<Verdict> {
        if claim.at_ms >= self.ends_ms() {
            return None;
        }
        if claim.fingerprint != self.fingerprint || claim.owner != self.owner {
            return Some(Verdict::Other);
        }
        match self.done {
            Some(place) => Some(Verdict::Done(self.clone(), place)),
            None if claim.by == self.by || self.is_over(claim.at_ms) => None,
            None => Some(Verdict::Pending(self.clone())),
        }
    }
}

impl Book {
    /// An empty one that keeps at most so many requests: the oldest is forgotten for a new one.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
            others: HashMap::new(),
            calls: HashSet::new(),
            routes: HashMap::new(),
            most: most.max(1),
        }
    }

    /// How many requests it knows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// What would become of a claim if it came now; none where it might go.
    #[must_use]
    pub fn judge(&self, id: Uuid, claim: &Claim) -> Option<Verdict> {
        self.entries.get(&id).and_then(|entry| entry.judge(claim))
    }

    /// Under which id the service knows a request of that claim, if it goes.
    #[must_use]
    pub fn request_of(&self, id: Uuid, claim: &Claim) -> Uuid {
        match self.entries.get(&id) {
            Some(before) if claim.at_ms < before.ends_ms() => before.request,
            before => claim.request.unwrap_or_else(|| {
                // The service may well know the one before still.
                before.map_or(id, |before| next(before.request))
            }),
        }
    }

    /// A claim came.
    pub fn accepted(&mut self, id: Uuid, claim: Claim) -> Verdict {
        if let Some(verdict) = self.judge(id, &claim) {
            if claim.sends_again(&verdict)
                && let Some(entry) = self.entries.get_mut(&id)
            {
                entry.stays = true;
            }
            return verdict;
        }
        let request = self.request_of(id, &claim);
        let again = self
            .entries
            .get(&id)
            .filter(|before| claim.at_ms < before.ends_ms());
        // Who was told an address goes on finding it there.
        let again = again.map(|before| before.secret);
        let (by, route, turn) = (claim.by, self.route(&claim.route), self.next);
        self.next = turn.wrapping_add(1);
        let mut entry = Entry::of(claim, request, route, turn);
        entry.secret = again.unwrap_or(entry.secret);
        let secret = entry.secret;
        match self.remove(id) {
            Some(same) if same.by == by => (entry.before, entry.stays) = (same.before, same.stays),
            other => entry.before = other.map(Entry::under_another),
        }
        self.insert(id, entry);
        self.shrink();
        Verdict::Go { request, secret }
    }

    fn insert(&mut self, id: Uuid, entry: Entry) {
        if entry.callback.is_some() {
            self.calls.insert(id);
        }
        if entry.request != id {
            self.others.insert(entry.request, id);
        }
        self.order.insert(entry.turn, id);
        self.entries.insert(id, entry);
    }

    fn remove(&mut self, id: Uuid) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.calls.remove(&id);
        self.others.remove(&entry.request);
        self.order.remove(&entry.turn);
        Some(entry)
    }

    /// Which id's request it is: none of one that had the id before another.
    fn id_of(&self, request: Uuid) -> Option<Uuid> {
        let id = self.others.get(&request).copied().unwrap_or(request);
        let entry = self.entries.get(&id)?;
        (entry.request == request).then_some(id)
    }

    /// A reply to a request came. Whether it is the one that counts: the first.
    pub fn answered(&mut self, request: Uuid, place: Place) -> bool {
        let id = self.id_of(request);
        let Some(entry) = id.and_then(|id| self.entries.get_mut(&id)) else {
            return false;
        };
        if entry.done.is_some() {
            return false;
        }
        entry.done = Some(place);
        true
    }

    /// A request was not sent after all: as if it had not come, and what was known before is known
    /// again. One that is answered stays.
    pub fn released(&mut self, id: Uuid, by: Uuid) {
        let is_free = |entry: &&Entry| entry.by == by && entry.done.is_none() && !entry.stays;
        if self.entries.get(&id).filter(is_free).is_some() {
            self.undone(id);
        }
    }

    /// A service says that the request is not the one it knows under that id, so it has executed nothing for the claim that is in force. Who
    /// made that claim; none where there is none, or an answer.
    pub fn refused(&mut self, request: Uuid) -> Option<Uuid> {
        let id = self.id_of(request)?;
        let entry = self.entries.get(&id);
        let by = entry.filter(|entry| entry.done.is_none())?.by;
        self.undone(id);
        Some(by)
    }

    fn undone(&mut self, id: Uuid) {
        let Some(entry) = self.remove(id) else {
            return;
        };
        let Entry {
            request, before, ..
        } = entry;
        if let Some(mut before) = before {
            // That this id of the service's was used stays known.
            before.request = request;
            self.insert(id, *before);
        }
    }

    /// Where the answer to a request stands, if there is one.
    #[must_use]
    pub fn done(&self, request: Uuid) -> Option<Place> {
        let id = self.id_of(request)?;
        self.entries.get(&id)?.done
    }

    /// A gateway says that it tells an outcome. Whether it is the one who does.
    pub fn calling(
        &mut self,
        id: Uuid,
        by: Uuid,
        (at_ms, until_ms): (i64, i64),
        tries: u32,
    ) -> bool {
        let calling = self.entries.get_mut(&id);
        let Some(calling) = calling.and_then(|entry| entry.callback.as_mut()) else {
            return false;
        };
        let free = calling
            .lease
            .is_none_or(|(holder, until)| holder == by || until <= at_ms);
        if free {
            calling.lease = Some((by, until_ms));
            calling.tries = tries;
        }
        free
    }

    /// An outcome was told.
    pub fn called(&mut self, id: Uuid) {
        self.calls.remove(&id);
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.callback = None;
        }
    }

    /// Names the outcomes that are to be told and that nobody is telling at that time: answers, and that there is none.
    pub fn to_call(&self, now_ms: i64, mut take: impl FnMut(Uuid, &Callback)) {
        for id in &self.calls {
            let Some((entry, calling)) = self.entries.get(id).and_then(|entry| {
                let calling = entry.callback.as_deref()?;
                Some((entry, calling))
            }) else {
                continue;
            };
            let free = calling.lease.is_none_or(|(_, until)| until <= now_ms);
            let is_known = entry.done.is_some() || entry.is_over(now_ms);
            if free && is_known && now_ms < entry.keep_until_ms {
                take(*id, &calling.whom);
            }
        }
    }

    /// How often somebody was not told; none where nobody is to be told.
    #[must_use]
    pub fn tries(&self, id: Uuid) -> Option<u32> {
        let entry = self.entries.get(&id)?;
        Some(entry.callback.as_ref()?.tries)
    }

    /// What is known of a request.
    #[must_use]
    pub fn known(&self, id: Uuid, now_ms: i64) -> Known {
        let Some(entry) = self.entries.get(&id).cloned() else {
            return Known::Nothing;
        };
        match entry.done {
            _ if now_ms >= entry.ends_ms() => Known::Expired(entry),
            Some(place) => Known::Done(entry, place),
            None if entry.is_over(now_ms) => Known::Failed(entry),
            None => Known::Pending(entry),
        }
    }

    /// Whether writes of a group may be executed of which nothing is known yet.
    #[must_use]
    pub fn under_way(&self, group: &str, now_ms: i64) -> bool {
        self.entries.values().any(|entry| {
            entry.done.is_none() && !entry.is_over(now_ms) && entry.group.as_deref() == Some(group)
        })
    }

    fn shrink(&mut self) {
        while self.entries.len() > self.most {
            let Some((_, id)) = self.order.pop_first() else {
                return;
            };
            self.remove(id);
        }
    }

    /// One text for all requests of a route.
    fn route(&mut self, name: &str) -> Arc<str> {
        if let Some(route) = self.routes.get(name) {
            return Arc::clone(route);
        }
        let route: Arc<str> = name.into();
        self.routes.insert(name.to_owned(), Arc::clone(&route));
        route
    }
}

/// Another id for the next request under the same key: a function of the one before, so that all gateways come to the same.
fn next(request: Uuid) -> Uuid {
    let mut half = [0; 16];
    for (to, from) in half
        .iter_mut()
        .zip(Sha256::digest(request.as_bytes()).iter())
    {
        *to = *from;
    }
    Builder::from_custom_bytes(half).into_uuid()
}

#[cfg(test)]
mod tests;
