//! The group protocol without a network: every answer is checked where it is made.

use super::join::Answer;
use super::member::Joined;
use super::member::Subscription;
use super::*;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    group: Group,
    now: Instant,
    ids: u32,
}

type Waiting = oneshot::Receiver<Result<Joined, ResponseError>>;

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            group: Group::new(now),
            now,
            ids: 0,
        }
    }

    fn request(&mut self, member_id: &str, protocols: &[&str], instance_id: Option<&str>) -> Join {
        self.ids += 1;
        let metadata = |name: &&str| ((*name).to_owned(), Bytes::from_static(b"subscription"));
        Join {
            member_id: member_id.to_owned(),
            new_id: format!("member-{}", self.ids),
            id_required: false,
            protocol_type: "consumer".to_owned(),
            is: Subscription {
                client_id: "client".to_owned(),
                host: "/127.0.0.1".to_owned(),
                instance_id: instance_id.map(str::to_owned),
                session: 10 * SECOND,
                rebalance: 60 * SECOND,
                protocols: protocols.iter().map(metadata).collect(),
            },
            most: 10,
            gather: Duration::ZERO,
        }
    }

    fn join(&mut self, member_id: &str) -> Waiting {
        let request = self.request(member_id, &["range"], None);
        match self.group.join(request, self.now) {
            Answer::Join(Outcome::Later(waiting)) => waiting,
            other => panic!("{other:?}"),
        }
    }

    fn sync(
        &mut self,
        member_id: &str,
        generation: i32,
        assignments: &[(&str, &'static str)],
    ) -> Outcome<Synced> {
        let assignments = assignments
            .iter()
            .map(|(id, what)| ((*id).to_owned(), Bytes::from(*what)))
            .collect();
        let (instance_id, protocol_type, protocol) = (None, None, None);
        let sync = Sync {
            member_id,
            instance_id,
            generation,
            protocol_type,
            protocol,
            assignments,
        };
        self.group.sync(sync, self.now)
    }
}

fn joined(waiting: &mut Waiting) -> Joined {
    waiting.try_recv().unwrap().unwrap()
}

/// A stable group of two in generation 2; their ids.
fn pair(bench: &mut Bench) -> (String, String) {
    let first = joined(&mut bench.join("")).member_id;
    let mut second = bench.join("");
    assert!(
        second.try_recv().is_err(),
        "waits for the first to join again"
    );
    let beat = bench.group.heartbeat(&first, None, 1, bench.now);
    assert_eq!(beat, Err(ResponseError::RebalanceInProgress));
    let leader = joined(&mut bench.join(&first));
    let second = joined(&mut second);
    assert_eq!((leader.generation, second.generation), (2, 2));
    assert_eq!((leader.members.len(), second.members.len()), (2, 0));
    let Outcome::Later(mut waiting) = bench.sync(&second.member_id, 2, &[]) else {
        panic!("waits for the leader")
    };
    drop(bench.sync(&first, 2, &[(&first, "a"), (&second.member_id, "b")]));
    assert_eq!(waiting.try_recv().unwrap().unwrap().assignment, "b");
    assert_eq!(bench.group.phase, Phase::Stable);
    (first, second.member_id)
}

#[test]
fn two_members_share_and_one_leaves() {
    let mut bench = Bench::new();
    let (first, second) = pair(&mut bench);
    bench.group.leave(&first, None, bench.now).unwrap();
    let beat = bench.group.heartbeat(&second, None, 2, bench.now);
    assert_eq!(beat, Err(ResponseError::RebalanceInProgress));
    assert_eq!(joined(&mut bench.join(&second)).leader, second);
    bench.group.leave(&second, None, bench.now).unwrap();
    assert_eq!(
        (bench.group.phase, bench.group.is_empty()),
        (Phase::Empty, true)
    );
}

#[test]
fn a_silent_member_is_out_after_its_session() {
    let mut bench = Bench::new();
    let (first, second) = pair(&mut bench);
    bench.now += 9 * SECOND;
    bench.group.heartbeat(&first, None, 2, bench.now).unwrap();
    bench.now += 2 * SECOND;
    bench.group.tick(bench.now);
    assert_eq!(bench.group.phase, Phase::PreparingRebalance);
    let beat = bench.group.heartbeat(&second, None, 2, bench.now);
    assert_eq!(beat, Err(ResponseError::UnknownMemberId));
    assert_eq!(joined(&mut bench.join(&first)).members.len(), 1);
}

#[test]
fn who_does_not_join_again_in_time_is_not_waited_for() {
    let mut bench = Bench::new();
    let (first, second) = pair(&mut bench);
    let mut third = bench.join("");
    drop(bench.join(&first));
    for _ in 0..12 {
        bench.now += 5 * SECOND;
        bench.group.heartbeat(&second, None, 2, bench.now).ok();
        bench.group.tick(bench.now);
    }
    assert_eq!(joined(&mut third).generation, 3);
    assert!(!bench.group.members.contains_key(&second));
}

#[test]
fn a_leader_that_never_assigns_is_replaced() {
    let mut bench = Bench::new();
    let first = joined(&mut bench.join("")).member_id;
    let mut second = bench.join("");
    drop(bench.join(&first));
    let second = joined(&mut second).member_id;
    let Outcome::Later(mut waiting) = bench.sync(&second, 2, &[]) else {
        panic!()
    };
    for _ in 0..13 {
        bench.now += 5 * SECOND;
        bench.group.heartbeat(&first, None, 2, bench.now).ok();
        bench.group.tick(bench.now);
    }
    assert_eq!(
        waiting.try_recv().unwrap(),
        Err(ResponseError::RebalanceInProgress)
    );
    assert_eq!(joined(&mut bench.join(&second)).leader, second);
}

#[test]
fn a_commit_must_be_of_this_generation() {
    let mut bench = Bench::new();
    let (first, _) = pair(&mut bench);
    let now = bench.now;
    assert_eq!(bench.group.may_commit(&first, None, 2, now), Ok(()));
    assert_eq!(
        bench.group.may_commit(&first, None, 1, now),
        Err(ResponseError::IllegalGeneration)
    );
    assert_eq!(
        bench.group.may_commit("other", None, 2, now),
        Err(ResponseError::UnknownMemberId)
    );
    assert_eq!(
        bench.group.may_commit("", None, -1, now),
        Err(ResponseError::UnknownMemberId)
    );
    assert_eq!(Group::new(now).may_commit("", None, -1, now), Ok(()));
}

#[test]
fn the_assignor_all_have_is_chosen() {
    let mut bench = Bench::new();
    let request = bench.request("", &["sticky", "range"], None);
    let Answer::Join(Outcome::Later(mut first)) = bench.group.join(request, bench.now) else {
        panic!()
    };
    let first = joined(&mut first);
    assert_eq!(first.protocol, "sticky");
    let request = bench.request("", &["other"], None);
    let refused = bench.group.join(request, bench.now);
    assert!(matches!(
        refused,
        Answer::Join(Outcome::Now(Err(ResponseError::InconsistentGroupProtocol)))
    ));
    drop(bench.join(""));
    let request = bench.request(&first.member_id, &["sticky", "range"], None);
    let Answer::Join(Outcome::Later(mut again)) = bench.group.join(request, bench.now) else {
        panic!()
    };
    assert_eq!(joined(&mut again).protocol, "range");
}

#[test]
fn a_member_id_is_given_before_the_first_join() {
    let mut bench = Bench::new();
    let mut request = bench.request("", &["range"], None);
    request.id_required = true;
    let Answer::IdRequired(id) = bench.group.join(request, bench.now) else {
        panic!()
    };
    assert!(bench.group.members.is_empty() && !bench.group.is_empty());
    assert_eq!(joined(&mut bench.join(&id)).member_id, id);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_fences_its_old_self() {
    let mut bench = Bench::new();
    let request = bench.request("", &["range"], Some("node-1"));
    let Answer::Join(Outcome::Later(mut first)) = bench.group.join(request, bench.now) else {
        panic!()
    };
    let first = joined(&mut first);
    drop(bench.sync(&first.member_id, 1, &[(&first.member_id, "mine")]));
    let request = bench.request("", &["range"], Some("node-1"));
    let Answer::Join(Outcome::Now(Ok(again))) = bench.group.join(request, bench.now) else {
        panic!()
    };
    assert_eq!((again.generation, bench.group.phase), (1, Phase::Stable));
    assert_ne!(again.leader, again.member_id);
    let Outcome::Now(Ok(synced)) = bench.sync(&again.member_id, 1, &[]) else {
        panic!()
    };
    assert_eq!(synced.assignment, "mine");
    let old = bench
        .group
        .heartbeat(&first.member_id, Some("node-1"), 1, bench.now);
    assert_eq!(old, Err(ResponseError::FencedInstanceId));
}
