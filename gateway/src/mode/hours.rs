//! What closed backends mean for a plan: [`opening`]. Pure: the time is an argument.
//!
//! In: a plan, and the hours of the backends in it. Out: an [`Opening`]: the plan without whom is closed, a wait, or a refusal.
//! Never asks the other system for what changes data.

use std::sync::Arc;
use std::time::Duration;

use super::plan::{Plan, ReadOnly};
use crate::clock::At;
use crate::route::{Fixed, Leg, Route, Side};

/// What becomes of a plan at some time.
#[derive(Debug, Clone)]
pub enum Opening {
    /// It can be carried out.
    Open(Plan),
    /// It can be carried out after this time.
    Wait(Plan, Duration),
    /// Its backend is closed.
    Closed {
        /// Whose backend.
        side: Side,
        /// How long it will be, if that is known.
        opens_in: Option<Duration>,
        /// What the route's clients are told; an error where none is given.
        answer: Option<Arc<Fixed>>,
    },
}

/// What becomes of a plan of `route` at `at`. A mirror or fallback that is closed is left out; a primary that is closed gives way to
/// the fallback, then to the view, then is waited for, as the route says.
#[must_use]
pub fn opening(mut plan: Plan, route: &Route, at: At<'_>) -> Opening {
    let open = |leg: &Leg| {
        let hours = leg.hours.as_ref();
        hours.is_none_or(|hours| hours.is_open(at.time()))
    };
    plan.mirror = plan.mirror.filter(|mirror| open(&mirror.0));
    plan.fallback = plan.fallback.filter(|fallback| open(&fallback.0));
    if open(&plan.primary) {
        return Opening::Open(plan);
    }
    if let Some(fallback) = plan.fallback.take() {
        return Opening::Open(Plan::instead(fallback));
    }
    let at = at.time();
    let side = plan.primary.side;
    let when = &route.when_closed;
    if side == Side::Legacy
        && let Some(view) = ReadOnly::view(route).filter(|view| open(&view.0))
    {
        return Opening::Open(Plan::instead(view));
    }
    let opens = plan
        .primary
        .hours
        .as_ref()
        .and_then(|hours| hours.opens_after(at));
    let opens_in = opens.and_then(|opens| Duration::try_from(opens.duration_since(at)).ok());
    match (opens_in, when.hold) {
        (Some(opens_in), Some(hold)) if opens_in <= hold => Opening::Wait(plan, opens_in),
        _ => Opening::Closed {
            side,
            opens_in,
            answer: when.answer.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode::plan::tests::{Form, group, route};
    use crate::mode::{Mode, Percent, plan};
    use crate::route::calendar::Weekly;
    use crate::route::{Calendar, Effect, Fallback, MirrorPolicy, WhenClosed};

    fn hours() -> Option<Arc<Calendar>> {
        Some(Arc::new(Calendar {
            name: "day".into(),
            zone: jiff::tz::TimeZone::UTC,
            open: vec![Weekly::parse("daily 06:00-22:00").unwrap()],
            also: Vec::new(),
            closed: Vec::new(),
        }))
    }

    /// What becomes of a request of a route with closed hours on legacy.
    fn at(time: &str, effect: Effect, mode: Mode, when_closed: WhenClosed) -> String {
        let mirror = MirrorPolicy {
            sample: Percent::ALL,
            always: true,
            writes: true,
        };
        let fallback = if effect == Effect::Read {
            Fallback::Legacy
        } else {
            Fallback::None
        };
        let mut route = route(Form::Both, effect, fallback, mirror);
        let legacy = Arc::get_mut(route.legacy.as_mut().unwrap()).unwrap();
        legacy.hours = hours();
        route.when_closed = when_closed;
        let plan = plan(&route, &group("lots"), mode, None, uuid::Uuid::nil()).unwrap();
        let time: jiff::Timestamp = time.parse().unwrap();
        match opening(plan, &route, time.into()) {
            Opening::Open(plan) => format!(
                "{}{}{}",
                plan.primary().side.as_str(),
                plan.mirror().map_or("", |_| " +mirror"),
                plan.fallback().map_or("", |_| " +fallback"),
            ),
            Opening::Wait(plan, time) => format!("{} in {time:?}", plan.primary().side.as_str()),
            Opening::Closed { side, opens_in, .. } => {
                format!("{} closed, {opens_in:?}", side.as_str())
            }
        }
    }

    #[test]
    fn a_closed_backend_is_not_asked() {
        let (day, night) = ("2026-11-22T12:00:00Z", "2026-11-22T05:59:30Z");
        let refuse = WhenClosed::default;
        let view = || WhenClosed {
            view: true,
            ..WhenClosed::default()
        };
        let hold = |seconds| WhenClosed {
            hold: Some(Duration::from_secs(seconds)),
            ..WhenClosed::default()
        };
        use Effect::{Read, Write};
        assert_eq!(at(day, Read, Mode::Shadow, refuse()), "legacy +mirror");
        assert_eq!(
            at(night, Read, Mode::Legacy, refuse()),
            "legacy closed, Some(30s)"
        );
        assert_eq!(at(night, Read, Mode::Legacy, view()), "modern");
        assert_eq!(
            at(night, Write, Mode::Legacy, view()),
            "legacy closed, Some(30s)"
        );
        assert_eq!(at(night, Write, Mode::Legacy, hold(30)), "legacy in 30s");
        assert_eq!(
            at(night, Write, Mode::Legacy, hold(29)),
            "legacy closed, Some(30s)"
        );
        assert_eq!(
            at(day, Read, Mode::Modern, refuse()),
            "modern +mirror +fallback"
        );
        assert_eq!(at(night, Read, Mode::Modern, refuse()), "modern");
    }
}
