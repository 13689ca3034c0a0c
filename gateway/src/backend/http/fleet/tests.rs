//! The fleet over scripted endpoints: they fail in every way one can, and keep a ledger of what they executed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::message::{Interim, Peer};
use crate::route::Effect;
use crate::route::params::PathParams;

const DEADLINE: Duration = Duration::from_secs(10);

/// What an endpoint does with one request.
#[derive(Debug, Clone, Copy)]
enum Step {
    Answer(u16),
    Unsent(Kind),
    /// Fails after something was sent; whether it was executed all the same.
    Sent(Kind, bool),
    Hang,
}

#[derive(Debug, Default)]
struct Ledger {
    asked: Vec<usize>,
    executed: Vec<usize>,
}

struct Scripted {
    place: usize,
    /// Whether it has a connection of whoever asks.
    owns: AtomicBool,
    full: AtomicBool,
    steps: Mutex<VecDeque<Step>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Speak for Scripted {
    async fn send(&self, ask: &mut Ask) -> Result<Response, Failed> {
        let step = lock(&self.steps).pop_front().unwrap_or(Step::Answer(200));
        lock(&self.ledger).asked.push(self.place);
        let whole = matches!(ask.payload, Payload::Empty | Payload::Whole { .. });
        let left = |sent| match (sent, whole) {
            (Sent::Maybe, false) => BodyLeft::Gone,
            _ => BodyLeft::Whole,
        };
        let failed = |kind, sent| Failed {
            error: BackendError::new(kind, sent),
            body: left(sent),
        };
        match step {
            Step::Answer(status) => {
                let mut ledger = lock(&self.ledger);
                ledger.executed.push(self.place);
                Ok(Response::of(
                    StatusCode::from_u16(status).unwrap(),
                    "text/plain",
                    self.place.to_string(),
                ))
            }
            Step::Unsent(kind) => Err(failed(kind, Sent::No)),
            Step::Sent(kind, executed) => {
                if executed {
                    lock(&self.ledger).executed.push(self.place);
                }
                Err(failed(kind, Sent::Maybe))
            }
            Step::Hang => {
                lock(&self.ledger).executed.push(self.place);
                std::future::pending().await
            }
        }
    }

    fn load(&self) -> usize {
        0
    }

    fn room(&self) -> Room {
        if self.full.load(Ordering::Relaxed) {
            Room::Full
        } else {
            Room::Free
        }
    }

    fn owns(&self, _ask: &Ask) -> bool {
        self.owns.load(Ordering::Relaxed)
    }
}

struct Rig {
    fleet: Fleet<Scripted>,
    ledger: Arc<Mutex<Ledger>>,
}

fn rig(policy: Policy, endpoints: &[&[Step]]) -> Rig {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let fleet = Fleet::new("erp".into(), policy);
    let members = endpoints.iter().enumerate().map(|(place, steps)| {
        let origin = Scripted {
            place,
            owns: AtomicBool::new(false),
            full: AtomicBool::new(false),
            steps: Mutex::new(steps.iter().copied().collect()),
            ledger: Arc::clone(&ledger),
        };
        Arc::new(Member::new(place.to_string().into(), origin))
    });
    fleet.change(members.collect());
    Rig { fleet, ledger }
}

fn ask(effect: Effect) -> Box<Ask> {
    let (parts, ()) = http::Request::get("/").body(()).unwrap().into_parts();
    Box::new(Ask {
        parts,
        payload: Payload::bytes("body"),
        id: Uuid::nil(),
        deadline: Instant::now() + DEADLINE,
        effect,
        shadow: false,
        route: "r".into(),
        params: PathParams::default(),
        key: None,
        delivery: crate::route::Delivery::default(),
        attempt: Attempt::First,
        peer: None,
        client: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
        back: None,
        promise: None,
    })
}

impl Rig {
    /// The status, or the kind of error.
    async fn call(&self, effect: Effect) -> Result<u16, Kind> {
        let answered = crate::backend::call(self, ask(effect)).await;
        answered
            .map(|response| response.parts.status.as_u16())
            .map_err(|error| error.kind())
    }

    fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut lock(&self.ledger).asked)
    }

    fn states(&self) -> Vec<&'static str> {
        let endpoints = self.fleet.shown().endpoints;
        endpoints.iter().map(|endpoint| endpoint.state).collect()
    }
}

impl crate::backend::Call for Rig {
    async fn call(&self, ask: Box<Ask>) -> Result<Response, BackendError> {
        self.fleet.call(ask).await
    }
}

const REFUSED: Step = Step::Unsent(Kind::Unreachable);
const BROKEN: Step = Step::Sent(Kind::Broken, true);

#[tokio::test(start_paused = true)]
async fn requests_go_round_and_a_refused_one_goes_to_the_next() {
    let rig = rig(Policy::default(), &[&[], &[REFUSED], &[]]);
    for _ in 0..4 {
        assert_eq!(rig.call(Effect::Write).await, Ok(200));
    }
    assert_eq!(rig.asked(), [0, 1, 2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn who_is_known_at_an_endpoint_asks_there_as_long_as_it_is_well() {
    let policy = Policy {
        eject: Some(outlier::Policy {
            failures: 1,
            ..outlier::Policy::default()
        }),
        ..Policy::default()
    };
    let rig = rig(policy, &[&[], &[], &[REFUSED]]);
    let members = rig.fleet.members();
    let owns = |place: usize, owns| {
        let owner = &members[place].origin.owns;
        owner.store(owns, Ordering::Relaxed);
    };
    let address = "127.0.0.1:1".parse().unwrap();
    let peer = Arc::new(Peer {
        address,
        local: address,
        tls: None,
    });
    let asks = async |times: usize| {
        for _ in 0..times {
            let mut known = ask(Effect::Write);
            known.peer = Some(Arc::clone(&peer));
            crate::backend::call(&rig, known).await.unwrap();
        }
        rig.asked()
    };
    owns(1, true);
    assert_eq!(asks(4).await, [1, 1, 1, 1]);
    owns(1, false);
    owns(2, true);
    assert_eq!(asks(1).await.first(), Some(&2));
    // Left alone now, as it refused: the client is asked elsewhere who it is.
    assert!(!asks(4).await.contains(&2));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_broke_is_not_sent_to_another() {
    let rig = rig(Policy::default(), &[&[BROKEN], &[]]);
    assert_eq!(rig.call(Effect::Write).await, Err(Kind::Broken));
    assert_eq!(rig.asked(), [0]);
    assert_eq!(rig.call(Effect::Write).await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_answer_says_unavailable_goes_to_another_if_the_file_says_so() {
    let policy = Policy {
        retry: retry::Policy {
            statuses: vec![StatusCode::SERVICE_UNAVAILABLE],
            ..retry::Policy::default()
        },
        ..Policy::default()
    };
    let rig = rig(policy, &[&[Step::Answer(503); 2], &[Step::Answer(503); 2]]);
    // All say so: the last answer is the client's.
    assert_eq!(rig.call(Effect::Read).await, Ok(503));
    assert_eq!(rig.asked(), [0, 1]);
    assert_eq!(rig.call(Effect::Write).await, Ok(503));
    assert_eq!(rig.asked(), [1]);
}

/// Reads that were answered 503 are asked again, after a wait of up to that long.
fn again_after(wait: Duration) -> Policy {
    Policy {
        retry: retry::Policy {
            statuses: vec![StatusCode::SERVICE_UNAVAILABLE],
            wait,
            longest: wait,
            ..retry::Policy::default()
        },
        ..Policy::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_for_comparison_is_not_asked_again() {
    let rig = rig(again_after(Duration::ZERO), &[&[Step::Answer(503)], &[]]);
    let mut copy = ask(Effect::Read);
    copy.shadow = true;
    let answered = crate::backend::call(&rig, copy).await.unwrap();
    assert_eq!(answered.parts.status, 503);
    assert_eq!(rig.asked(), [0]);
    assert_eq!(rig.call(Effect::Read).await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_to_ask_again_after_the_deadline() {
    let begun = Instant::now();
    for _ in 0..20 {
        // How long the wait is depends on the request.
        let rig = rig(again_after(DEADLINE * 50), &[&[Step::Answer(503)]]);
        let mut read = ask(Effect::Read);
        read.id = Uuid::new_v4();
        let answered = crate::backend::call(&rig, read).await.unwrap();
        let waited = begun.elapsed() > Duration::ZERO;
        assert_eq!((answered.parts.status.as_u16(), waited), (503, false));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_stands_where_asking_again_brought_none() {
    let policy = Policy {
        retry: retry::Policy {
            statuses: vec![StatusCode::SERVICE_UNAVAILABLE],
            tries: 2,
            ..retry::Policy::default()
        },
        ..Policy::default()
    };
    let rig = rig(policy, &[&[Step::Answer(503)], &[REFUSED], &[REFUSED]]);
    assert_eq!(rig.call(Effect::Read).await, Ok(503));
    assert_eq!(rig.asked(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_in_a_row_is_left_alone_and_comes_back() {
    let policy = Policy {
        eject: Some(outlier::Policy {
            failures: 2,
            pause: Duration::from_secs(10),
            ..outlier::Policy::default()
        }),
        ..Policy::default()
    };
    let rig = rig(policy, &[&[REFUSED, REFUSED], &[]]);
    for _ in 0..2 {
        assert_eq!(rig.call(Effect::Write).await, Ok(200));
    }
    assert_eq!(rig.asked(), [0, 1, 1]);
    rig.call(Effect::Write).await.unwrap();
    assert_eq!(rig.asked(), [0, 1]);
    assert_eq!(rig.states(), ["ejected", "unchecked"]);
    for _ in 0..4 {
        rig.call(Effect::Write).await.unwrap();
    }
    assert_eq!(rig.asked(), [1, 1, 1, 1]);
    tokio::time::advance(Duration::from_secs(10)).await;
    for _ in 0..2 {
        rig.call(Effect::Write).await.unwrap();
    }
    let mut asked = rig.asked();
    asked.sort_unstable();
    assert_eq!(asked, [0, 1]);
    assert_eq!(rig.states(), ["unchecked", "unchecked"]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_answers_is_left_alone_although_its_requests_are_given_up_from_outside()
 {
    let hangs = || rig(policy_of_one_failure(), &[&[Step::Hang], &[]]);
    let rig = hangs();
    assert_eq!(rig.call(Effect::Write).await, Err(Kind::Timeout));
    assert_eq!(rig.states(), ["ejected", "unchecked"]);
    // A client that goes away says nothing about it.
    let rig = hangs();
    let gone = tokio::time::timeout(Duration::from_secs(1), rig.call(Effect::Write)).await;
    assert!(gone.is_err());
    assert_eq!(rig.states(), ["unchecked", "unchecked"]);
}

fn policy_of_one_failure() -> Policy {
    Policy {
        eject: Some(outlier::Policy {
            failures: 1,
            ..outlier::Policy::default()
        }),
        ..Policy::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_fails_is_left_alone_and_tried_again() {
    let policy = Policy {
        breaker: Some(breaker::Policy {
            percent: 50,
            requests: 4,
            within: Duration::from_secs(10),
            pause: Duration::from_secs(5),
            trials: 1,
        }),
        ..Policy::default()
    };
    let rig = rig(policy, &[&[BROKEN; 4]]);
    for _ in 0..4 {
        assert_eq!(rig.call(Effect::Write).await, Err(Kind::Broken));
    }
    let refused = rig.fleet.call(ask(Effect::Write)).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.sent()),
        (Kind::CircuitOpen, Sent::No)
    );
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(5)));
    assert_eq!(rig.asked().len(), 4);
    assert_eq!(rig.fleet.shown().breaker, Some("open"));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(rig.call(Effect::Write).await, Ok(200));
    assert_eq!(rig.fleet.shown().breaker, Some("closed"));
}

#[tokio::test(start_paused = true)]
async fn retries_stop_where_their_budget_does() {
    let policy = Policy {
        retry: retry::Policy {
            budget: crate::backend::balance::budget::Policy {
                percent: 10,
                per_second: 0,
            },
            ..retry::Policy::default()
        },
        ..Policy::default()
    };
    let steps = [BROKEN; 200];
    let rig = rig(policy, &[&steps]);
    for _ in 0..100 {
        assert_eq!(rig.call(Effect::Read).await, Err(Kind::Broken));
    }
    assert_eq!(rig.asked().len(), 110);
    let shown = rig.fleet.shown();
    assert_eq!((shown.retried, shown.over_budget), (10, 90));
}

#[tokio::test(start_paused = true)]
async fn nobody_to_ask_is_said_at_once() {
    let rig = rig(Policy::default(), &[]);
    assert_eq!(rig.call(Effect::Write).await, Err(Kind::Unreachable));
}

fn step() -> impl Strategy<Value = Step> {
    let kind = || proptest::sample::select(Kind::OF_BACKENDS.as_slice());
    prop_oneof![
        2 => proptest::sample::select(vec![200, 404, 500, 503]).prop_map(Step::Answer),
        3 => kind().prop_map(Step::Unsent),
        4 => (kind(), any::<bool>()).prop_map(|(kind, executed)| Step::Sent(kind, executed)),
        1 => Just(Step::Hang),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_write_is_executed_twice_and_nobody_is_asked_too_often(
        effect in prop_oneof![Just(Effect::Read), Just(Effect::Idempotent), Just(Effect::Write)],
        endpoints in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..5),
        tries in 0_u32..4,
        statuses: bool,
        streaming: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (answered, ledger) = runtime.block_on(async {
            let policy = Policy {
                retry: retry::Policy {
                    tries,
                    statuses: if statuses { vec![StatusCode::SERVICE_UNAVAILABLE] } else { Vec::new() },
                    ..retry::Policy::default()
                },
                ..Policy::default()
            };
            let endpoints: Vec<&[Step]> = endpoints.iter().map(Vec::as_slice).collect();
            let rig = rig(policy, &endpoints);
            let mut ask = ask(effect);
            if streaming {
                let body = http_body_util::Full::new(bytes::Bytes::from_static(b"body"));
                let body = http_body_util::BodyExt::map_err(body, |never| match never {});
                ask.payload = Payload::Stream(Box::pin(body));
            }
            let answered = crate::backend::call(&rig, ask).await;
            drop(rig.fleet);
            (answered, Arc::into_inner(rig.ledger).unwrap().into_inner().unwrap())
        });
        // What nobody looked at does not count, as long as it is not too often.
        let unseen = if tries == 0 { 0 } else { retry::UNSEEN };
        prop_assert!(ledger.asked.len() <= (1 + tries + unseen) as usize, "{ledger:?}");
        if effect == Effect::Write {
            prop_assert!(ledger.executed.len() <= 1, "a write was executed twice: {ledger:?}");
        }
        match answered {
            // One that was not good enough stands where those asked after it gave none.
            Ok(answer) if answer.parts.status == StatusCode::SERVICE_UNAVAILABLE => {
                prop_assert!(!ledger.executed.is_empty());
            }
            Ok(_) => prop_assert_eq!(ledger.executed.last(), ledger.asked.last()),
            // Who reads that nothing was sent will send it again.
            Err(error) if error.sent() == Sent::No && effect == Effect::Write => {
                prop_assert_eq!(ledger.executed.len(), 0);
            }
            Err(_) => {}
        }
    }
}

#[tokio::test]
async fn who_waited_for_one_that_is_full_does_not_wait_for_the_next() {
    let busy: &[Step] = &[Step::Unsent(Kind::Overloaded)];
    let rig = rig(Policy::default(), &[busy, &[]]);
    for member in rig.fleet.members().iter() {
        member.origin.full.store(true, Ordering::Relaxed);
    }
    assert_eq!(rig.call(Effect::Write).await, Err(Kind::Overloaded));
    assert_eq!(lock(&rig.ledger).asked, [0]);
}

#[tokio::test]
async fn who_waited_for_one_that_is_full_goes_to_the_next_that_has_room_meanwhile() {
    let busy: &[Step] = &[Step::Unsent(Kind::Overloaded)];
    let rig = rig(Policy::default(), &[busy, &[]]);
    assert_eq!(rig.call(Effect::Write).await, Ok(200));
    assert_eq!(lock(&rig.ledger).asked, [0, 1]);
}
