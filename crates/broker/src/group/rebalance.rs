//! From one generation to the next: who is waited for, which assignor is chosen, who leads.

use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;

use super::member::{Joined, Member, tell};
use super::{Group, Phase};

impl Group {
    pub(super) fn prepare_rebalance(&mut self, now: Instant) {
        for member in self.members.values_mut() {
            if member.syncing.is_some() {
                member.seen(now);
                tell(
                    member.syncing.take(),
                    Err(ResponseError::RebalanceInProgress),
                );
            }
            member.synced = false;
        }
        self.phase = Phase::PreparingRebalance;
        let longest = self
            .members
            .values()
            .map(|member| member.is.rebalance)
            .max()
            .unwrap_or(Duration::ZERO);
        self.deadline = now + longest;
        self.try_complete(now);
    }

    /// Forms the generation when everyone is there.
    pub(super) fn try_complete(&mut self, now: Instant) {
        let all =
            self.members.values().all(|member| member.joining.is_some()) && self.pending.is_empty();
        if self.phase == Phase::PreparingRebalance && all && self.gathering.is_none() {
            self.complete_join(now);
        }
    }

    pub(super) fn complete_join(&mut self, now: Instant) {
        self.gathering = None;
        self.generation += 1;
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            self.protocol = String::new();
            self.leader = String::new();
            return;
        }
        self.phase = Phase::CompletingRebalance;
        self.protocol = self.vote();
        let joined = |id: &String| {
            self.members
                .get(id)
                .is_some_and(|member| member.joining.is_some())
        };
        if !joined(&self.leader) {
            let first = self
                .members
                .iter()
                .filter(|(id, _)| joined(id))
                .min_by_key(|(_, member)| member.order);
            self.leader = first.map(|(id, _)| id.clone()).unwrap_or_default();
        }
        let longest = self
            .members
            .values()
            .map(|member| member.is.rebalance)
            .max()
            .unwrap_or(Duration::ZERO);
        self.deadline = now + longest;
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let answer = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.seen(now);
                member.synced = false;
                tell(member.joining.take(), Ok(answer));
            }
        }
    }

    /// The assignor most members like best of those all of them have.
    pub(super) fn vote(&self) -> String {
        let has =
            |member: &Member, name: &str| member.is.protocols.iter().any(|(has, _)| has == name);
        let mut votes: Vec<(&str, usize)> = Vec::new();
        for member in self.members.values() {
            let mut liked = member.is.protocols.iter().map(|(name, _)| name.as_str());
            let vote = liked.find(|name| self.members.values().all(|other| has(other, name)));
            match votes.iter_mut().find(|(name, _)| Some(*name) == vote) {
                Some((_, count)) => *count += 1,
                None => votes.extend(vote.map(|name| (name, 1))),
            }
        }
        votes
            .iter()
            .max_by_key(|(_, count)| *count)
            .map(|(name, _)| (*name).to_owned())
            .unwrap_or_default()
    }

    /// What the member is told of the current generation.
    pub(super) fn joined(&self, member_id: &str) -> Joined {
        let describe = |(id, member): (&String, &Member)| {
            (
                id.clone(),
                member.is.instance_id.clone(),
                member.metadata(&self.protocol),
            )
        };
        let is_leader = member_id == self.leader;
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            member_id: member_id.to_owned(),
            members: if is_leader {
                self.members.iter().map(describe).collect()
            } else {
                Vec::new()
            },
        }
    }
}
