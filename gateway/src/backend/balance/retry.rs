//! Whether a request that failed is sent again, to whom, and after what wait.
//!
//! The rule that nothing may bend: where something was sent, only what executing twice does no more than once is sent again. A
//! write never is.

use std::time::Duration;

use http::StatusCode;
use uuid::Uuid;

use super::budget;
use crate::error::{BackendErrorKind as Kind, Sent};
use crate::route::Effect;

/// What a backend allows beyond that rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How many more tries there are after the first; zero for none.
    pub tries: u32,
    /// The longest first wait before the same endpoint is asked again; twice that the next time.
    pub wait: Duration,
    /// The longest of all waits.
    pub longest: Duration,
    /// Answers that are treated as failures: 502, 503 or 504. Empty: every answer is one.
    pub statuses: Vec<StatusCode>,
    /// How many of all requests.
    pub budget: budget::Policy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tries: 1,
            wait: Duration::from_millis(25),
            longest: Duration::from_secs(1),
            statuses: Vec::new(),
            budget: budget::Policy::default(),
        }
    }
}

/// So often a request is sent once more of which an origin said that it did not look at it, beside what a policy allows: one that tells its
/// clients to go (GOAWAY), or takes fewer requests at once than it said, would else be an error for clients who did nothing wrong.
pub const UNSEEN: u32 = 5;

/// How often a request was sent in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// Those that count.
    counted: u32,
    /// Those that were certainly not looked at (RFC 9113 section 8.7), as far as they do not count.
    unseen: u32,
}

impl Tries {
    /// One more, that failed so.
    pub fn add(&mut self, failure: Failure) {
        if failure.is_unseen() && self.unseen < UNSEEN {
            self.unseen = self.unseen.saturating_add(1);
        } else {
            self.counted = self.counted.saturating_add(1);
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> u32 {
        self.counted.saturating_add(self.unseen)
    }
}

impl Failure {
    /// There was a connection, and nobody looked at what came on it.
    fn is_unseen(self) -> bool {
        self.how == How::Error(Kind::Broken) && self.sent == Sent::No
    }
}

/// How a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// In which way.
    pub how: How,
    /// Whether the request may have been executed.
    pub sent: Sent,
    /// Whether its body is still whole.
    pub body: Body,
}

/// In which way a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// No answer.
    Error(Kind),
    /// An answer with one of [`Policy::statuses`].
    Status,
}

/// Whether a request's body can be sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing of it is lost.
    Whole,
    /// It was a stream, and some of it was read.
    Gone,
}

/// What is done about a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the client hears of it.
    GiveUp,
    /// Another endpoint is asked, at once.
    Another,
    /// The same endpoint, or another, after this wait.
    Again(Duration),
}

/// Whether a request may be sent once more for all that executing it twice would do. Nothing else may make it so.
#[must_use]
pub fn is_safe(effect: Effect, sent: Sent) -> bool {
    match sent {
        Sent::No => true,
        Sent::Maybe => matches!(effect, Effect::Read | Effect::Idempotent),
    }
}

/// What to do after these tries, of which the last failed so; `another` says whether there is an endpoint that was not yet tried and may take
/// it. Does not look at the budget: [`costs`] says who has to.
#[must_use]
pub fn next(
    policy: &Policy,
    effect: Effect,
    failure: Failure,
    tries: Tries,
    another: bool,
    id: Uuid,
) -> Next {
    let spent = policy.tries == 0 || tries.counted > policy.tries;
    if spent || failure.body == Body::Gone || !is_safe(effect, failure.sent) {
        return Next::GiveUp;
    }
    let same_may_help = match failure.how {
        How::Error(Kind::Broken | Kind::Timeout) | How::Status => true,
        // It would refuse again, or answer as badly.
        How::Error(Kind::Unreachable | Kind::Overloaded | Kind::BadAnswer) => false,
        How::Error(
            Kind::Stale
            | Kind::Unavailable
            | Kind::CircuitOpen
            | Kind::LostReply
            | Kind::NotWritten
            | Kind::Unconfirmed
            | Kind::TooLarge
            | Kind::InFlight
            | Kind::OtherRequest
            | Kind::RequestBody(_),
        ) => return Next::GiveUp,
    };
    match (another, same_may_help) {
        (true, _) => Next::Another,
        (false, true) if tries.all() == 1 && failure.is_unseen() => Next::Again(Duration::ZERO),
        (false, true) => Next::Again(wait(policy, tries.all(), id)),
        (false, false) => Next::GiveUp,
    }
}

/// Whether a retry counts against the budget: one of which nothing was sent costs the backend nothing.
#[must_use]
pub fn costs(failure: Failure) -> bool {
    failure.sent == Sent::Maybe
}

/// Twice as long with each try, and between half and all of that, so that those who failed together do not come back together. The
/// request's id stands for chance.
fn wait(policy: &Policy, tries: u32, id: Uuid) -> Duration {
    let doubled = 1_u32.checked_shl(tries.saturating_sub(1));
    let most = policy
        .wait
        .saturating_mul(doubled.unwrap_or(u32::MAX))
        .min(policy.longest);
    // The last bytes of an id are random in every version that we make.
    let chance = id.as_bytes().last().copied().unwrap_or_default();
    let half = most / 2;
    half + half.saturating_mul(u32::from(chance)) / 255
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANOTHER: bool = true;
    const NO_OTHER: bool = false;

    fn failed(kind: Kind, sent: Sent) -> Failure {
        Failure {
            how: How::Error(kind),
            sent,
            body: Body::Whole,
        }
    }

    fn after(effect: Effect, failure: Failure, another: bool) -> Next {
        let mut tries = Tries::default();
        tries.add(failure);
        next(
            &Policy::default(),
            effect,
            failure,
            tries,
            another,
            Uuid::max(),
        )
    }

    #[test]
    fn what_was_not_looked_at_is_sent_again_beside_what_is_allowed_and_not_for_ever() {
        let unseen = failed(Kind::Broken, Sent::No);
        let count = |policy: &Policy| {
            let mut tries = Tries::default();
            loop {
                tries.add(unseen);
                let next = next(policy, Effect::Write, unseen, tries, NO_OTHER, Uuid::max());
                match next {
                    Next::GiveUp => return tries.all(),
                    Next::Again(wait) => assert_eq!(wait.is_zero(), tries.all() == 1),
                    Next::Another => panic!("there is no other"),
                }
            }
        };
        assert_eq!(count(&Policy::default()), UNSEEN + 2);
        let never = Policy {
            tries: 0,
            ..Policy::default()
        };
        assert_eq!(count(&never), 1);
        // What was seen counts as ever.
        let mut tries = Tries::default();
        tries.add(unseen);
        tries.add(failed(Kind::Broken, Sent::Maybe));
        tries.add(failed(Kind::Broken, Sent::Maybe));
        let decided = next(
            &Policy::default(),
            Effect::Read,
            unseen,
            tries,
            ANOTHER,
            Uuid::max(),
        );
        assert_eq!(decided, Next::GiveUp);
    }

    #[test]
    fn a_write_goes_to_another_endpoint_only_if_nothing_was_sent() {
        let refused = failed(Kind::Unreachable, Sent::No);
        assert_eq!(after(Effect::Write, refused, ANOTHER), Next::Another);
        assert_eq!(after(Effect::Write, refused, NO_OTHER), Next::GiveUp);
        let broken = failed(Kind::Broken, Sent::Maybe);
        assert_eq!(after(Effect::Write, broken, ANOTHER), Next::GiveUp);
        assert_eq!(after(Effect::Idempotent, broken, ANOTHER), Next::Another);
        let status = Failure {
            how: How::Status,
            ..broken
        };
        assert_eq!(after(Effect::Write, status, ANOTHER), Next::GiveUp);
        assert_eq!(after(Effect::Read, status, ANOTHER), Next::Another);
    }

    #[test]
    fn the_same_endpoint_is_asked_again_after_a_wait_where_that_may_help() {
        let broken = failed(Kind::Broken, Sent::Maybe);
        let wait = Duration::from_millis(25);
        assert_eq!(after(Effect::Read, broken, NO_OTHER), Next::Again(wait));
        for kind in [Kind::Unreachable, Kind::Overloaded, Kind::BadAnswer] {
            let failure = failed(kind, Sent::No);
            assert_eq!(after(Effect::Read, failure, NO_OTHER), Next::GiveUp);
        }
    }

    #[test]
    fn a_body_that_was_read_from_is_not_sent_again() {
        let gone = Failure {
            body: Body::Gone,
            ..failed(Kind::Broken, Sent::No)
        };
        assert_eq!(after(Effect::Read, gone, ANOTHER), Next::GiveUp);
    }

    #[test]
    fn waits_double_and_end_at_the_longest() {
        let policy = Policy {
            tries: 9,
            wait: Duration::from_millis(100),
            longest: Duration::from_millis(350),
            ..Policy::default()
        };
        let waits = |id| -> Vec<u128> {
            (1..=4)
                .map(|tries| wait(&policy, tries, id).as_millis())
                .collect()
        };
        assert_eq!(waits(Uuid::max()), [100, 200, 350, 350]);
        assert_eq!(waits(Uuid::nil()), [50, 100, 175, 175]);
    }

    proptest! {
        #[test]
        fn no_write_that_may_have_been_seen_is_ever_sent_again(
            kind in proptest::sample::select(Kind::OF_BACKENDS.as_slice()),
            status: bool,
            tries in 0_u32..10,
            allowed in 0_u32..10,
            another: bool,
        ) {
            let policy = Policy { tries: allowed, ..Policy::default() };
            let how = if status { How::Status } else { How::Error(kind) };
            let failure = Failure { how, sent: Sent::Maybe, body: Body::Whole };
            let tries = Tries { counted: tries, unseen: 0 };
            let decided = next(&policy, Effect::Write, failure, tries, another, Uuid::nil());
            prop_assert_eq!(decided, Next::GiveUp);
        }
    }
}
