//! What a mode means for one request: [`plan`]. Pure: the same arguments give the same plan, on every gateway, for ever.
//!
//! In: the route, its group, the mode and the key. Out: a [`Plan`], which can be made nowhere else. What must never
//! happen cannot be said: a fallback is a [`ReadOnly`], which exists for reads only; a mirror is a [`Mirrored`], which
//! exists for the other side only, and for legacy only if nothing there changes.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::mode::{Mode, Percent};
use crate::route::{Effect, Fallback, Group, Leg, Route, Side};

/// Who is asked for one request.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) primary: Arc<Leg>,
    pub(super) mirror: Option<Mirrored>,
    pub(super) fallback: Option<ReadOnly>,
}

impl Plan {
    /// This one alone, in the place of one that is closed.
    pub(super) fn instead(leg: ReadOnly) -> Self {
        Self {
            primary: leg.0,
            mirror: None,
            fallback: None,
        }
    }

    /// Who answers the client.
    #[must_use]
    pub fn primary(&self) -> &Arc<Leg> {
        &self.primary
    }

    /// Who is asked as well, afterwards, for comparison only.
    #[must_use]
    pub fn mirror(&self) -> Option<&Arc<Leg>> {
        self.mirror.as_ref().map(|mirrored| &mirrored.0)
    }

    /// Who answers if the primary fails; the request changes nothing anywhere.
    #[must_use]
    pub fn fallback(&self) -> Option<&Arc<Leg>> {
        self.fallback.as_ref().map(|leg| &leg.0)
    }
}

/// A side that is asked in the place of one that failed or is closed. Made for reads only.
#[derive(Debug, Clone)]
pub(super) struct ReadOnly(pub(super) Arc<Leg>);

impl ReadOnly {
    /// The view on the modern side, where the route lets it stand for legacy's closed hours.
    pub(super) fn view(route: &Route) -> Option<Self> {
        let may = route.effect == Effect::Read && route.when_closed.view;
        route.modern.clone().filter(|_| may).map(Self)
    }

    fn of(route: &Route) -> Option<Self> {
        match (route.effect, route.fallback) {
            (Effect::Read, Fallback::Legacy) => route.legacy.clone().map(Self),
            (Effect::Idempotent | Effect::Write, _) | (_, Fallback::None) => None,
        }
    }
}

/// The side that does not answer, asked for comparison, and marked as shadow.
#[derive(Debug, Clone)]
pub(super) struct Mirrored(pub(super) Arc<Leg>);

impl Mirrored {
    /// The other side of `primary`. Legacy knows no dry run, so that what changes data is never mirrored there, whatever
    /// the route says; to modern it is where the route asks for it by name.
    fn of(route: &Route, primary: &Leg) -> Option<Self> {
        let (leg, may) = match primary.side {
            Side::Legacy => (
                route.modern.as_ref(),
                !route.effect.changes_data() || route.mirror.writes,
            ),
            Side::Modern => (route.legacy.as_ref(), !route.effect.changes_data()),
        };
        leg.filter(|leg| may && leg.side != primary.side)
            .map(|leg| Self(Arc::clone(leg)))
    }
}

/// The mode wants a side that the route does not have. The other side is not asked in its place: who owns the data is
/// not for a request to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the route has no {} side, which mode {mode} asks", side.as_str())]
pub struct NoLeg {
    /// The side that is missing.
    pub side: Side,
    /// The mode that asks it.
    pub mode: Mode,
}

/// Who answers a request of `route` while its group is in `mode`. `key` is what the route's canary key gave, if
/// anything ([`wants_key`] says when it is needed); `id` is the request's, by which a mirror without key is sampled.
///
/// # Errors
/// The mode wants a side that the route does not have.
pub fn plan(
    route: &Route,
    group: &Group,
    mode: Mode,
    key: Option<&[u8]>,
    id: Uuid,
) -> Result<Plan, NoLeg> {
    let side = match mode {
        Mode::Legacy | Mode::Shadow => Side::Legacy,
        Mode::Canary { percent } => match key {
            Some(key) if in_canary(&group.name, key, percent) => Side::Modern,
            Some(_) | None => Side::Legacy,
        },
        Mode::Modern | Mode::Retired => Side::Modern,
    };
    let primary = route.leg(side).ok_or(NoLeg { side, mode })?;
    let mirrors = match mode {
        Mode::Legacy | Mode::Retired => false,
        Mode::Shadow => true,
        Mode::Canary { .. } | Mode::Modern => route.mirror.always,
    };
    let mirror = Mirrored::of(route, primary)
        .filter(|_| mirrors && in_sample(&group.name, key, id, route.mirror.sample));
    let fallback = match (mode, side) {
        (Mode::Canary { .. } | Mode::Modern, Side::Modern) => ReadOnly::of(route),
        (Mode::Legacy | Mode::Shadow | Mode::Retired, _) | (_, Side::Legacy) => None,
    };
    Ok(Plan {
        primary: Arc::clone(primary),
        mirror,
        fallback,
    })
}

/// Whether [`plan`] looks at the key in that mode. Where it does not, a body need not be gathered for it.
#[must_use]
pub fn wants_key(route: &Route, mode: Mode) -> bool {
    let sampled = route.mirror.sample != Percent::ALL && route.mirror.sample != Percent::NONE;
    route.canary_key.is_some()
        && match mode {
            Mode::Legacy | Mode::Retired => false,
            Mode::Shadow => sampled,
            Mode::Modern => sampled && route.mirror.always,
            Mode::Canary { .. } => true,
        }
}

/// Whether a key of a group is among the first `percent` of all keys. Raising `percent` only adds keys.
#[must_use]
pub fn in_canary(group: &str, key: &[u8], percent: Percent) -> bool {
    place("figway canary 1", group, key) < percent.get()
}

/// Mirroring picks other keys than the canary does, so that a sample of a canary is not all or nothing.
fn in_sample(group: &str, key: Option<&[u8]>, id: Uuid, percent: Percent) -> bool {
    match percent {
        Percent::ALL => true,
        Percent::NONE => false,
        _ => place("figway mirror 1", group, key.unwrap_or(id.as_bytes())) < percent.get(),
    }
}

/// A hundredth of all keys, 0 to 99. Every part is preceded by its length, so that no two triples are the same bytes.
/// Never changes: a key that changed sides would meet another system's data.
fn place(purpose: &str, group: &str, key: &[u8]) -> u8 {
    let mut hash = Sha256::new();
    for part in [purpose.as_bytes(), group.as_bytes(), key] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    let number = u128::from(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
    // The number as a fraction of 2^64, in hundredths, rounded down.
    u8::try_from((number * 100) >> 64).unwrap_or(99)
}

#[cfg(test)]
pub(super) mod tests;
