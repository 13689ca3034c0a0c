//! How a member comes into a group or back into it.

use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use tokio::sync::oneshot;

use super::member::{Joined, Member, Outcome, Subscription, tell};
use super::{Group, Phase};

/// A request to join.
#[derive(Debug)]
pub(crate) struct Join {
    /// Empty for one never seen.
    pub(crate) member_id: String,
    /// The id a new member gets.
    pub(crate) new_id: String,
    /// Whether a new member must first be told its id and ask again (KIP-394).
    pub(crate) id_required: bool,
    pub(crate) protocol_type: String,
    pub(crate) is: Subscription,
    /// Members a group may have.
    pub(crate) most: usize,
    /// How long a new group waits for more members.
    pub(crate) gather: Duration,
}

/// What a join comes to before the group is formed.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The member is to ask again with this id.
    IdRequired(String),
    Join(Outcome<Joined>),
}

impl From<ResponseError> for Answer {
    fn from(error: ResponseError) -> Self {
        Self::Join(error.into())
    }
}

impl Group {
    /// Lets a member join, or tells it why not.
    pub(crate) fn join(&mut self, join: Join, now: Instant) -> Answer {
        if !self.supports(&join) {
            return ResponseError::InconsistentGroupProtocol.into();
        }
        if join.member_id.is_empty() {
            return self.join_new(join, now);
        }
        if let Some(instance_id) = &join.is.instance_id {
            match self.static_member(instance_id) {
                None => return ResponseError::UnknownMemberId.into(),
                Some(current) if *current != join.member_id => {
                    return ResponseError::FencedInstanceId.into();
                }
                Some(_) => {}
            }
        }
        if self.pending.remove(&join.member_id).is_some() {
            let id = join.member_id.clone();
            return self.add(id, join, now);
        }
        self.join_again(join, now)
    }

    /// Whether the new member and those there have an assignor in common.
    fn supports(&self, join: &Join) -> bool {
        let offered = &join.is.protocols;
        if offered.is_empty() || join.protocol_type.is_empty() {
            return false;
        }
        let others = || {
            self.members
                .iter()
                .filter(|(id, _)| **id != join.member_id)
                .map(|(_, member)| member)
        };
        let has =
            |member: &Member, name: &str| member.is.protocols.iter().any(|(has, _)| has == name);
        others().next().is_none()
            || join.protocol_type == self.protocol_type
                && offered
                    .iter()
                    .any(|(name, _)| others().all(|member| has(member, name)))
    }

    fn join_new(&mut self, join: Join, now: Instant) -> Answer {
        if let Some(old) = join
            .is
            .instance_id
            .as_ref()
            .and_then(|id| self.static_member(id))
            .cloned()
        {
            return self.replace_static(&old, join, now);
        }
        if self.members.len() + self.pending.len() >= join.most {
            return ResponseError::GroupMaxSizeReached.into();
        }
        let id = join.new_id.clone();
        if join.id_required && join.is.instance_id.is_none() {
            self.pending.insert(id.clone(), now + join.is.session);
            return Answer::IdRequired(id);
        }
        self.add(id, join, now)
    }

    fn add(&mut self, id: String, join: Join, now: Instant) -> Answer {
        self.arrivals += 1;
        self.protocol_type = join.protocol_type;
        if self.phase == Phase::Empty && !join.gather.is_zero() {
            self.gathering = Some(now + join.gather);
        }
        let mut member = Member::new(join.is, self.arrivals, now);
        let (reply, later) = oneshot::channel();
        member.joining = Some(reply);
        self.members.insert(id, member);
        self.rebalance(now);
        Answer::Join(Outcome::Later(later))
    }

    fn rebalance(&mut self, now: Instant) {
        if self.phase == Phase::PreparingRebalance {
            self.try_complete(now);
        } else {
            self.prepare_rebalance(now);
        }
    }

    /// A static member came back under a new member id: without a rebalance when nothing has changed (KIP-345).
    fn replace_static(&mut self, old: &str, join: Join, now: Instant) -> Answer {
        let Some(mut member) = self.members.remove(old) else {
            return ResponseError::UnknownMemberId.into();
        };
        member.dismiss(ResponseError::FencedInstanceId);
        let unchanged = member.is.protocols == join.is.protocols;
        member.is = join.is;
        member.seen(now);
        let id = join.new_id;
        let was_leader = self.leader == old;
        if was_leader {
            self.leader.clone_from(&id);
        }
        self.members.insert(id.clone(), member);
        if self.phase == Phase::Stable && unchanged {
            let mut joined = self.joined(&id);
            if was_leader {
                // It must not assign anew: as a follower it fetches what it had.
                old.clone_into(&mut joined.leader);
                joined.members.clear();
            }
            return Answer::Join(Outcome::Now(Ok(joined)));
        }
        self.wait_to_join(&id, now)
    }

    fn join_again(&mut self, join: Join, now: Instant) -> Answer {
        let (phase, is_leader) = (self.phase, self.leader == join.member_id);
        let Some(member) = self.members.get_mut(&join.member_id) else {
            return ResponseError::UnknownMemberId.into();
        };
        let unchanged = member.is.protocols == join.is.protocols;
        member.is = join.is;
        member.seen(now);
        let repeats = match phase {
            // The answer to its join was lost.
            Phase::CompletingRebalance => unchanged,
            // A leader that joins again wants new assignments, a follower with nothing new does not.
            Phase::Stable => unchanged && !is_leader,
            Phase::PreparingRebalance => false,
            Phase::Empty => return ResponseError::UnknownMemberId.into(),
        };
        if repeats {
            return Answer::Join(Outcome::Now(Ok(self.joined(&join.member_id))));
        }
        self.protocol_type = join.protocol_type;
        self.wait_to_join(&join.member_id, now)
    }

    fn wait_to_join(&mut self, id: &str, now: Instant) -> Answer {
        let (reply, later) = oneshot::channel();
        if let Some(member) = self.members.get_mut(id) {
            // A join sent twice: only the last one is answered with the generation.
            tell(
                member.joining.replace(reply),
                Err(ResponseError::UnknownMemberId),
            );
        }
        self.rebalance(now);
        Answer::Join(Outcome::Later(later))
    }
}
