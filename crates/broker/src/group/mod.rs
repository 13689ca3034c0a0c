//! A consumer group by the classic protocol: who is in it, which generation, who waits for what.
//!
//! In: the requests of members and the passing of time. Out: answers, now or when the group has been formed.
//! Offsets are not here: the catalog keeps them. Rules: `GroupCoordinator` of Kafka 3, KIP-345 (static
//! members), KIP-394 (a member id before the first join).

mod join;
pub(crate) mod member;
mod rebalance;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Instant;

use bytes::Bytes;
pub(crate) use join::{Answer as JoinAnswer, Join};
use kafka_protocol::ResponseError;
use member::{Member, Outcome, Synced, tell};
use tokio::sync::oneshot;

/// Where a group is between two generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Empty,
    /// Waiting for all members to join.
    PreparingRebalance,
    /// Waiting for the leader's assignments.
    CompletingRebalance,
    Stable,
}

impl Phase {
    /// As Kafka's tools show it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// One group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) phase: Phase,
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    leader: String,
    pub(crate) members: BTreeMap<String, Member>,
    /// Member ids given out and not used yet, with the time they are good for.
    pending: BTreeMap<String, Instant>,
    /// Until when the current phase may take.
    deadline: Instant,
    /// Until when a new group waits for more members, whoever has come.
    gathering: Option<Instant>,
    arrivals: u64,
    /// When it last became empty, milliseconds since 1970; set by who expires offsets.
    pub(crate) empty_since_ms: Option<i64>,
}

impl Group {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Empty,
            generation: 0,
            protocol_type: String::new(),
            protocol: String::new(),
            leader: String::new(),
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            deadline: now,
            gathering: None,
            arrivals: 0,
            empty_since_ms: None,
        }
    }

    /// Whether nobody is in it or about to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    fn static_member(&self, instance_id: &str) -> Option<&String> {
        let is_it = |member: &Member| member.is.instance_id.as_deref() == Some(instance_id);
        self.members
            .iter()
            .find(|(_, member)| is_it(member))
            .map(|(id, _)| id)
    }

    /// The member, if it is one and still the one its instance id stands for.
    fn known(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<&mut Member, ResponseError> {
        if let Some(instance_id) = instance_id {
            match self.static_member(instance_id) {
                Some(current) if current != member_id => {
                    return Err(ResponseError::FencedInstanceId);
                }
                Some(_) => {}
                None => return Err(ResponseError::UnknownMemberId),
            }
        }
        self.members
            .get_mut(member_id)
            .ok_or(ResponseError::UnknownMemberId)
    }

    /// A sign of life; the error tells the member to join again.
    pub(crate) fn heartbeat(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        let (current, phase) = (self.generation, self.phase);
        let member = self.known(member_id, instance_id)?;
        if generation != current {
            return Err(ResponseError::IllegalGeneration);
        }
        member.seen(now);
        if phase == Phase::PreparingRebalance {
            Err(ResponseError::RebalanceInProgress)
        } else {
            Ok(())
        }
    }

    /// Whether a commit of offsets is of this generation. A commit without member and generation is
    /// one of a consumer that assigns itself, which only an empty group takes.
    pub(crate) fn may_commit(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        if generation < 0 && member_id.is_empty() && self.members.is_empty() {
            return Ok(());
        }
        let (current, phase) = (self.generation, self.phase);
        let member = self.known(member_id, instance_id)?;
        if generation != current {
            return Err(ResponseError::IllegalGeneration);
        }
        member.seen(now);
        if phase == Phase::CompletingRebalance {
            Err(ResponseError::RebalanceInProgress)
        } else {
            Ok(())
        }
    }

    /// Asks for the member's assignment; the leader brings everyone's.
    pub(crate) fn sync(&mut self, sync: Sync<'_>, now: Instant) -> Outcome<Synced> {
        let (current, phase) = (self.generation, self.phase);
        let answer = Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: Bytes::new(),
        };
        let member = match self.known(sync.member_id, sync.instance_id) {
            Ok(member) => member,
            Err(error) => return error.into(),
        };
        if sync.generation != current {
            return ResponseError::IllegalGeneration.into();
        }
        let differs = |asked: Option<&str>, is: &str| asked.is_some_and(|asked| asked != is);
        if differs(sync.protocol_type, &answer.protocol_type)
            || differs(sync.protocol, &answer.protocol)
        {
            return ResponseError::InconsistentGroupProtocol.into();
        }
        member.seen(now);
        match phase {
            Phase::Empty => ResponseError::UnknownMemberId.into(),
            Phase::PreparingRebalance => ResponseError::RebalanceInProgress.into(),
            Phase::Stable => {
                member.synced = true;
                Outcome::Now(Ok(Synced {
                    assignment: member.assignment.clone(),
                    ..answer
                }))
            }
            Phase::CompletingRebalance => {
                let (reply, later) = oneshot::channel();
                member.synced = true;
                member.syncing = Some(reply);
                if sync.member_id == self.leader {
                    self.assign(sync.assignments, &answer, now);
                }
                Outcome::Later(later)
            }
        }
    }

    fn assign(&mut self, assignments: Vec<(String, Bytes)>, answer: &Synced, now: Instant) {
        let mut assignments: BTreeMap<String, Bytes> = assignments.into_iter().collect();
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
            if member.syncing.is_some() {
                member.seen(now);
                let assignment = member.assignment.clone();
                let synced = Synced {
                    assignment,
                    ..answer.clone()
                };
                tell(member.syncing.take(), Ok(synced));
            }
        }
        self.phase = Phase::Stable;
    }

    /// Takes a member out.
    pub(crate) fn leave(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        now: Instant,
    ) -> Result<(), ResponseError> {
        // A static member may be named by its instance alone (KIP-345).
        let id = match instance_id {
            Some(instance_id) if member_id.is_empty() => self
                .static_member(instance_id)
                .cloned()
                .ok_or(ResponseError::UnknownMemberId)?,
            _ => member_id.to_owned(),
        };
        if self.pending.remove(&id).is_some() {
            self.try_complete(now);
            return Ok(());
        }
        self.known(&id, instance_id)?;
        self.remove(&id, now);
        Ok(())
    }

    fn remove(&mut self, id: &str, now: Instant) {
        if let Entry::Occupied(entry) = self.members.entry(id.to_owned()) {
            entry.remove().dismiss(ResponseError::UnknownMemberId);
        }
        match self.phase {
            Phase::Stable | Phase::CompletingRebalance => self.prepare_rebalance(now),
            Phase::PreparingRebalance => self.try_complete(now),
            Phase::Empty => {}
        }
    }

    /// Lets time pass: silent members go, and who is waited for too long is not waited for any more.
    pub(crate) fn tick(&mut self, now: Instant) {
        let before = self.pending.len();
        self.pending.retain(|_, until| *until > now);
        let expired: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| member.expired(now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &expired {
            tracing::info!(
                member = id,
                "a group member was silent for longer than its session timeout"
            );
            self.remove(id, now);
        }
        if before != self.pending.len() || self.gathering.is_some_and(|until| until <= now) {
            self.gathering = self.gathering.filter(|until| *until > now);
            self.try_complete(now);
        }
        if self.deadline > now {
            return;
        }
        match self.phase {
            Phase::PreparingRebalance => {
                self.pending.clear();
                self.members.retain(|_, member| {
                    member.joining.is_some() || member.is.instance_id.is_some()
                });
                self.complete_join(now);
            }
            Phase::CompletingRebalance => {
                let silent = self.members.iter().filter(|(_, member)| !member.synced);
                let silent: Vec<String> = silent.map(|(id, _)| id.clone()).collect();
                for id in &silent {
                    self.members.remove(id);
                }
                self.prepare_rebalance(now);
            }
            Phase::Empty | Phase::Stable => {}
        }
    }

    /// Answers everyone who waits, because the group is deleted or the broker goes down.
    pub(crate) fn dismiss(&mut self, error: ResponseError) {
        self.members
            .values_mut()
            .for_each(|member| member.dismiss(error));
    }
}

/// A request for an assignment.
#[derive(Debug)]
pub(crate) struct Sync<'a> {
    pub(crate) member_id: &'a str,
    pub(crate) instance_id: Option<&'a str>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<&'a str>,
    pub(crate) protocol: Option<&'a str>,
    pub(crate) assignments: Vec<(String, Bytes)>,
}
