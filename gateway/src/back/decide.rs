//! What comes of one try to have legacy execute a write: `judge_answer` and its like, and what is done with one of which nobody knows. Pure.

use std::time::Duration;

use http::StatusCode;
use uuid::Uuid;

use crate::error::{BackendErrorKind, GatewayError, Sent};
use crate::route::Effect;
use crate::route::back::InDoubt;

/// The first wait before a write is sent again.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Why a write is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Legacy answered that it does not take it.
    Conflict(String),
    /// Legacy may have executed it, and did not say so.
    InDoubt,
    /// It cannot be brought into legacy's form, or not be read at all.
    Unreadable(String),
    /// The group has no such route (any more), or it has no legacy side.
    NoRoute,
    /// An earlier write of its key is parked.
    Behind,
}

impl Reason {
    /// A stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::InDoubt => "in_doubt",
            Self::Unreadable(_) => "unreadable",
            Self::NoRoute => "no_route",
            Self::Behind => "behind",
        }
    }

    /// More about it, where there is more. Quotes nothing of the write.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Conflict(why) | Self::Unreadable(why) => why,
            Self::InDoubt | Self::NoRoute | Self::Behind => "",
        }
    }

    /// The reason of that word.
    #[must_use]
    pub fn of(code: &str, detail: &str) -> Option<Self> {
        Some(match code {
            "conflict" => Self::Conflict(detail.to_owned()),
            "in_doubt" => Self::InDoubt,
            "unreadable" => Self::Unreadable(detail.to_owned()),
            "no_route" => Self::NoRoute,
            "behind" => Self::Behind,
            _ => return None,
        })
    }
}

/// What a try says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Legacy has it.
    Applied,
    /// Legacy has not looked at it, or may get it as often as one likes: once more.
    Again,
    /// Legacy has been sent it and may have executed it.
    Doubt,
    /// It waits for a person.
    Park(Reason),
}

/// What an answer says. `accepted` is what the route makes of its body.
pub fn judge_answer(
    status: StatusCode,
    effect: Effect,
    accepted: impl FnOnce() -> Result<(), String>,
) -> Verdict {
    let unknown = || match effect {
        Effect::Read | Effect::Idempotent => Verdict::Again,
        Effect::Write => Verdict::Doubt,
    };
    match status.as_u16() {
        // It was too much, or too early; or we are not let in, which is no write's fault.
        401 | 403 | 407 | 408 | 421 | 425 | 429 | 503 => Verdict::Again,
        status if status >= 500 => unknown(),
        status if status >= 400 => {
            Verdict::Park(Reason::Conflict(format!("legacy answered {status}")))
        }
        // Somebody else is to be asked (RFC 9110 section 15.4); 303 is how some say that it is done.
        status @ (300..=302 | 304..=399) => {
            Verdict::Park(Reason::Conflict(format!("legacy answered {status}")))
        }
        _ => match accepted() {
            Ok(()) => Verdict::Applied,
            Err(why) => Verdict::Park(Reason::Conflict(why)),
        },
    }
}

/// What it says that there is no answer.
#[must_use]
pub fn judge_error(error: &GatewayError, effect: Effect) -> Verdict {
    match error {
        GatewayError::Status { status, .. } => judge_answer(*status, effect, || Ok(())),
        GatewayError::Undecodable(why) => Verdict::Park(Reason::Unreadable(why.to_string())),
        GatewayError::Malformed(why) => Verdict::Park(Reason::Unreadable((*why).to_owned())),
        GatewayError::NoLeg { .. } => Verdict::Park(Reason::NoRoute),
        GatewayError::Backend { error, .. }
            if error.sent() == Sent::No
                && !matches!(error.kind(), BackendErrorKind::RequestBody(_)) =>
        {
            Verdict::Again
        }
        _ => match (error.sent(), effect) {
            (Sent::No, _) | (_, Effect::Read | Effect::Idempotent) => Verdict::Again,
            (Sent::Maybe, Effect::Write) => Verdict::Doubt,
        },
    }
}

/// What is done with a write of which nobody knows whether legacy executed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubted {
    /// It is sent again: once or twice is the same.
    Send,
    /// Legacy is asked whether it has it.
    Ask,
    /// A person decides.
    Park,
}

/// By what it does, and by what the group says.
#[must_use]
pub fn doubted(effect: Effect, policy: &InDoubt) -> Doubted {
    match (effect, policy) {
        (Effect::Read | Effect::Idempotent, _) | (Effect::Write, InDoubt::Again) => Doubted::Send,
        (Effect::Write, InDoubt::Ask(_)) => Doubted::Ask,
        (Effect::Write, InDoubt::Park) => Doubted::Park,
    }
}

/// What the answer says to the question whether legacy has a write; none where it says neither.
#[must_use]
pub fn judge_check(status: StatusCode) -> Option<bool> {
    match status.as_u16() {
        200..300 => Some(true),
        404 | 410 => Some(false),
        _ => None,
    }
}

/// How long to wait before try number `tries` (from one): twice as long each time. Spread by the write's id, so that not all that failed
/// at one moment come again at one moment.
#[must_use]
pub fn wait(tries: u32, longest: Duration, id: Uuid) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let most = FIRST_WAIT.saturating_mul(1 << doublings).min(longest);
    let spread = u32::from(id.as_bytes().last().copied().unwrap_or(0)) + tries.wrapping_mul(83);
    // Between half of it and all of it.
    most / 2 + most.saturating_mul(spread % 256) / 512
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::BackendError;
    use crate::route::Side;

    fn answered(status: u16, effect: Effect) -> Verdict {
        judge_answer(StatusCode::from_u16(status).unwrap(), effect, || Ok(()))
    }

    #[test]
    fn answers_say_what_legacy_did() {
        let write = Effect::Write;
        assert_eq!(answered(200, write), Verdict::Applied);
        for status in [401, 429, 503] {
            assert_eq!(answered(status, write), Verdict::Again, "{status}");
        }
        let conflict = Reason::Conflict("legacy answered 409".to_owned());
        assert_eq!(answered(409, write), Verdict::Park(conflict));
        assert!(matches!(answered(302, write), Verdict::Park(_)));
        assert_eq!(answered(303, write), Verdict::Applied);
        assert_eq!(answered(500, write), Verdict::Doubt);
        assert_eq!(answered(500, Effect::Idempotent), Verdict::Again);
        let refused = judge_answer(StatusCode::OK, write, || Err("not it".to_owned()));
        assert_eq!(
            refused,
            Verdict::Park(Reason::Conflict("not it".to_owned()))
        );
    }

    #[test]
    fn no_answer_is_a_doubt_only_where_something_was_sent() {
        let error = |sent| {
            GatewayError::of(
                Side::Legacy,
                BackendError::new(BackendErrorKind::Broken, sent),
            )
        };
        let judged = |sent, effect| judge_error(&error(sent), effect);
        assert_eq!(judged(Sent::No, Effect::Write), Verdict::Again);
        assert_eq!(judged(Sent::Maybe, Effect::Write), Verdict::Doubt);
        assert_eq!(judged(Sent::Maybe, Effect::Idempotent), Verdict::Again);
    }

    #[test]
    fn what_is_in_doubt_is_decided_by_its_effect() {
        let ask = InDoubt::Ask(crate::route::PathTemplate::parse("/x/{request_id}").unwrap());
        assert_eq!(doubted(Effect::Idempotent, &InDoubt::Park), Doubted::Send);
        assert_eq!(doubted(Effect::Write, &InDoubt::Park), Doubted::Park);
        assert_eq!(doubted(Effect::Write, &InDoubt::Again), Doubted::Send);
        assert_eq!(doubted(Effect::Write, &ask), Doubted::Ask);
        assert_eq!(judge_check(StatusCode::OK), Some(true));
        assert_eq!(judge_check(StatusCode::NOT_FOUND), Some(false));
        assert_eq!(judge_check(StatusCode::BAD_GATEWAY), None);
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        let longest = Duration::from_secs(30);
        let at = |tries| wait(tries, longest, Uuid::nil());
        assert!(at(1) >= Duration::from_millis(50) && at(1) <= Duration::from_millis(100));
        assert!(at(5) > at(1) && at(1_000_000) <= longest);
        assert!(at(40) >= longest / 2);
    }

    #[test]
    fn reasons_read_back() {
        for reason in [
            Reason::Conflict("legacy answered 409".to_owned()),
            Reason::InDoubt,
            Reason::Unreadable("x".to_owned()),
            Reason::NoRoute,
            Reason::Behind,
        ] {
            assert_eq!(Reason::of(reason.code(), reason.detail()), Some(reason));
        }
        assert_eq!(Reason::of("other", ""), None);
    }
}
