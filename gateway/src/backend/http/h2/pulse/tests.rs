use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// What a server of gRPC counts with the settings it has by itself: C core's `ping_abuse_policy`, Go's `handlePing` and Java's
/// `KeepAliveEnforcer` agree but for the last time, which only C and Go set anew by a ping that came too soon.
struct Server {
    last: Option<Instant>,
    strikes: u32,
}

impl Server {
    fn speaks(&mut self) {
        self.last = None;
        self.strikes = 0;
    }

    fn pinged(&mut self, open: usize, now: Instant) {
        let apart = if open > 0 { 300 } else { 7200 } * SECOND;
        if self.last.is_some_and(|last| now < last + apart) {
            self.strikes += 1;
        }
        self.last = Some(now);
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask,
    Speak,
    GiveUp(Why),
    Close,
    Prove,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Ask),
        Just(Step::Speak),
        Just(Step::GiveUp(Why::Late)),
        Just(Step::GiveUp(Why::Left)),
        Just(Step::Close),
        Just(Step::Prove),
        (0_u64..3000).prop_map(Step::Wait),
        (0_u64..600_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn no_server_of_grpc_counts_a_ping_against_us(steps in prop::collection::vec(step(), 0..60)) {
        let mut now = Instant::now();
        let mut pulse = Pulse::new(now);
        let mut server = Server { last: None, strikes: 0 };
        let mut asked = Vec::new();
        for step in steps {
            let mut until = now;
            match step {
                Step::Ask => {
                    pulse.asks(now);
                    asked.push(now);
                }
                Step::Speak => {
                    server.speaks();
                    pulse.hears(now);
                    pulse.spoke();
                }
                Step::GiveUp(why) => {
                    if let Some(asked) = asked.pop() {
                        pulse.gives_up(asked, why, now);
                        pulse.closes();
                    }
                }
                Step::Close => {
                    if asked.pop().is_some() {
                        pulse.answered();
                        pulse.closes();
                    }
                }
                Step::Prove => {
                    pulse.prove(5 * SECOND, now);
                }
                Step::Wait(long) => until = now + Duration::from_millis(long),
            }
            loop {
                match pulse.next(now) {
                    Act::Ping => {
                        pulse.pings(now);
                        server.pinged(asked.len(), now);
                        now += Duration::from_millis(1);
                        pulse.hears(now);
                        pulse.echoed();
                    }
                    Act::Rest(Some(then)) if then <= until => {
                        prop_assert!(then > now, "it rests until it is time");
                        now = then;
                    }
                    Act::Rest(_) | Act::Forget => break,
                    Act::End => prop_assert!(false, "the echo had come"),
                }
            }
            now = now.max(until);
            prop_assert_eq!(server.strikes, 0);
        }
    }
}

#[test]
fn a_call_that_hears_nothing_is_asked_about_once() {
    let began = Instant::now();
    let mut pulse = Pulse::new(began);
    pulse.asks(began);
    assert_eq!(pulse.next(began), Act::Rest(Some(began + SOON)));
    let now = began + SOON;
    assert_eq!(pulse.next(now), Act::Ping);
    pulse.pings(now);
    assert_eq!(pulse.next(now), Act::Rest(Some(now + PROOF)));
    pulse.hears(now);
    pulse.echoed();
    assert_eq!(pulse.next(now), Act::Rest(None));
    assert_eq!(pulse.next(now + 24 * 3600 * SECOND), Act::Rest(None));
}

#[test]
fn what_comes_of_something_else_ends_no_wait() {
    let began = Instant::now();
    let mut pulse = Pulse::new(began);
    pulse.asks(began);
    // The origin agrees to our settings.
    let heard = began + SOON / 2;
    pulse.hears(heard);
    assert_eq!(pulse.next(began + SOON), Act::Rest(Some(heard + SOON)));
    pulse.answered();
    pulse.hears(heard);
    assert_eq!(pulse.next(heard + SOON), Act::Rest(None));
}

#[test]
fn one_that_answers_no_ping_is_doubted_and_then_given_up() {
    let began = Instant::now();
    let mut pulse = Pulse::new(began);
    pulse.asks(began);
    let pinged = began + SOON;
    pulse.pings(pinged);
    let until = Some(pinged + PONG);
    assert_eq!(pulse.next(pinged + PROOF), Act::Rest(until));
    assert!(pulse.is_doubted());
    // It is slow, but lives.
    let heard = pinged + PROOF * 2;
    pulse.hears(heard);
    assert!(!pulse.is_doubted());
    assert_eq!(pulse.next(pinged + PONG), Act::Rest(Some(heard + PONG)));
    assert_eq!(pulse.next(heard + PONG), Act::End);
}

#[test]
fn whoever_leaves_after_a_silence_says_something_against_it() {
    let began = Instant::now();
    let left = |why, after, heard: Option<Duration>| {
        let mut pulse = Pulse::new(began);
        pulse.asks(began);
        if let Some(heard) = heard {
            pulse.hears(began + heard);
        }
        pulse.gives_up(began, why, began + after);
        pulse.is_doubted()
    };
    assert!(left(Why::Left, SOON, None));
    assert!(!left(Why::Left, SOON / 2, None), "too soon to tell");
    assert!(left(Why::Late, SOON / 2, None));
    assert!(left(Why::Late, SOON, Some(SOON / 9)), "a word at first");
    let heard = Some(SOON * 2 / 3);
    assert!(!left(Why::Late, SOON, heard), "others were answered");
    assert!(!left(Why::Left, SOON, Some(SOON / 9)), "too soon to tell");
}

#[test]
fn a_silent_connection_is_asked_where_that_is_free_and_left_where_nobody_waits() {
    let began = Instant::now();
    let mut pulse = Pulse::new(began);
    let mut now = began + 4 * SECOND;
    assert_eq!(pulse.prove(5 * SECOND, now), Proof::Lives);
    now += SECOND;
    assert_eq!(pulse.prove(5 * SECOND, now), Proof::Asked);
    assert_eq!(pulse.next(now), Act::Ping);
    pulse.pings(now);
    pulse.hears(now);
    pulse.echoed();
    // Whoever wanted it has left, and the origin has said nothing since.
    now += 5 * SECOND;
    pulse.asks(now);
    assert_eq!(pulse.prove(5 * SECOND, now), Proof::Busy);
    pulse.closes();
    assert_eq!(pulse.prove(5 * SECOND, now), Proof::Unknown);
    assert_eq!(pulse.next(now), Act::Forget);
}
