//! What must hold of every plan, whatever the mode, the effect, the key and the form of the route.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::compare::Rules;
use crate::route::shape::{ErrorForm, Shape, Shapes};
use crate::route::{BackSync, BackendId, GroupId, MirrorPolicy, Rewrite, Sides, WhenClosed};

/// The sides a route has.
#[derive(Debug, Clone, Copy)]
pub(in crate::mode) enum Form {
    Both,
    Legacy,
    Modern,
}

fn leg(side: Side) -> Option<Arc<Leg>> {
    let shapes = Shapes {
        request: Shape::Opaque,
        response: Shape::Opaque,
    };
    Some(Arc::new(Leg {
        side,
        backend: BackendId(0),
        path: None,
        shapes,
        mapping: None,
        rewrite: Rewrite::default(),
        delivery: crate::route::Delivery::default(),
        hours: None,
    }))
}

pub(in crate::mode) fn route(
    form: Form,
    effect: Effect,
    fallback: Fallback,
    mirror: MirrorPolicy,
) -> Route {
    Route {
        name: "lot".into(),
        group: GroupId(0),
        effect,
        client: Shapes {
            request: Shape::Opaque,
            response: Shape::Opaque,
        },
        legacy: leg(Side::Legacy).filter(|_| !matches!(form, Form::Modern)),
        modern: leg(Side::Modern).filter(|_| !matches!(form, Form::Legacy)),
        canary_key: None,
        mirror,
        fallback,
        timeout: Duration::from_secs(1),
        max_body: 1,
        max_streamed: None,
        errors: Arc::new(ErrorForm::Problem),
        when_closed: WhenClosed::default(),
        written: None,
        compare: Arc::new(Rules::default()),
        back: None,
        idempotency: None,
    }
}

pub(in crate::mode) fn group(name: &str) -> Group {
    Group {
        name: name.into(),
        back_sync: Some(BackSync::None),
        seed: Mode::Legacy,
        writes: true,
        sides: Sides {
            legacy: true,
            modern: true,
        },
        keyed: true,
        when_stale: crate::route::WhenStale::AsItWas,
        approving: crate::route::Approving::default(),
        rollout: None,
    }
}

fn percent() -> impl Strategy<Value = Percent> {
    prop_oneof![
        1 => Just(Percent::NONE),
        1 => Just(Percent::ALL),
        6 => (0u8..=100).prop_map(|number| Percent::try_from(number).unwrap()),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        Just(Mode::Legacy),
        Just(Mode::Shadow),
        percent().prop_map(|percent| Mode::Canary { percent }),
        Just(Mode::Modern),
        Just(Mode::Retired),
    ]
}

fn any_route() -> impl Strategy<Value = Route> {
    let form = prop_oneof![Just(Form::Both), Just(Form::Legacy), Just(Form::Modern)];
    let effect = prop_oneof![
        Just(Effect::Read),
        Just(Effect::Idempotent),
        Just(Effect::Write)
    ];
    let fallback = prop_oneof![Just(Fallback::None), Just(Fallback::Legacy)];
    let mirror = (percent(), any::<bool>(), any::<bool>()).prop_map(|(sample, always, writes)| {
        MirrorPolicy {
            sample,
            always,
            writes,
        }
    });
    (form, effect, fallback, mirror)
        .prop_map(|(form, effect, fallback, mirror)| route(form, effect, fallback, mirror))
}

/// A plan as sides, to compare.
fn sides(plan: &Result<Plan, NoLeg>) -> Result<[Option<Side>; 3], NoLeg> {
    let side = |leg: Option<&Arc<Leg>>| leg.map(|leg| leg.side);
    match plan {
        Ok(plan) => Ok([
            Some(plan.primary().side),
            side(plan.mirror()),
            side(plan.fallback()),
        ]),
        Err(missing) => Err(*missing),
    }
}

proptest! {
    /// A route is not built by the resolver here: what the file refuses must not be planned either.
    #[test]
    fn no_plan_breaks_a_rule(
        route in any_route(),
        mode in mode(),
        key in prop::option::of(prop::collection::vec(any::<u8>(), 1..20)),
        id in any::<u128>(),
    ) {
        let (group, id) = (group("lots"), Uuid::from_u128(id));
        let plan = || plan(&route, &group, mode, key.as_deref(), id);
        let planned = sides(&plan());
        prop_assert_eq!(&planned, &sides(&plan()), "the same question, another answer");
        let Ok([Some(primary), mirror, fallback]) = planned else {
            let missing = planned.unwrap_err();
            prop_assert!(route.leg(missing.side).is_none());
            return Ok(());
        };
        match mode {
            Mode::Legacy | Mode::Shadow => prop_assert_eq!(primary, Side::Legacy),
            Mode::Modern | Mode::Retired => prop_assert_eq!(primary, Side::Modern),
            Mode::Canary { .. } if key.is_none() => prop_assert_eq!(primary, Side::Legacy),
            Mode::Canary { percent } => {
                let inside = in_canary("lots", key.as_deref().unwrap(), percent);
                prop_assert_eq!(primary == Side::Modern, inside);
            }
        }
        if mode == Mode::Retired {
            prop_assert_eq!([mirror, fallback], [None, None]);
        }
        if mode == Mode::Legacy {
            prop_assert_eq!([mirror, fallback], [None, None]);
        }
        prop_assert_ne!(mirror, Some(primary));
        prop_assert!(mirror.is_none() || route.mirror.sample != Percent::NONE, "a sample of nothing");
        if route.effect.changes_data() {
            prop_assert_eq!(fallback, None);
            // Legacy would execute it; modern acts dry, if the route says so.
            prop_assert_ne!(mirror, Some(Side::Legacy));
            prop_assert!(mirror.is_none() || route.mirror.writes);
        }
        if mirror.is_some() && mode != Mode::Shadow {
            prop_assert!(route.mirror.always);
        }
        if fallback.is_some() {
            prop_assert_eq!(fallback, Some(Side::Legacy));
            prop_assert_eq!(primary, Side::Modern);
            prop_assert_eq!(route.fallback, Fallback::Legacy);
        }
    }

    /// What the mode and the policy ask for is planned, not only what they forbid is not.
    #[test]
    fn what_is_asked_for_is_planned(id in any::<u128>(), key in prop::collection::vec(any::<u8>(), 1..20)) {
        let all = MirrorPolicy { sample: Percent::ALL, always: true, writes: false };
        let route = route(Form::Both, Effect::Read, Fallback::Legacy, all);
        let (legacy, modern) = (Some(Side::Legacy), Some(Side::Modern));
        let whole = Mode::Canary { percent: Percent::ALL };
        let none = Mode::Canary { percent: Percent::NONE };
        for (mode, wanted) in [
            (Mode::Legacy, [legacy, None, None]),
            (Mode::Shadow, [legacy, modern, None]),
            (none, [legacy, modern, None]),
            (whole, [modern, legacy, legacy]),
            (Mode::Modern, [modern, legacy, legacy]),
            (Mode::Retired, [modern, None, None]),
        ] {
            let plan = plan(&route, &group("g"), mode, Some(&key), Uuid::from_u128(id));
            prop_assert_eq!(sides(&plan), Ok(wanted));
        }
    }

    /// Raising the percentage only adds keys, none at 0 and all at 100.
    #[test]
    fn a_canary_only_grows(name in "\\PC{0,10}", key in prop::collection::vec(any::<u8>(), 0..30)) {
        let inside: Vec<bool> = (0..=100)
            .map(|number| in_canary(&name, &key, Percent::try_from(number).unwrap()))
            .collect();
        prop_assert!(!inside[0] && inside[100]);
        prop_assert!(inside.is_sorted());
    }

    /// A key that is not looked for does not change the plan.
    #[test]
    fn a_key_that_is_not_wanted_does_not_matter(
        mut route in any_route(),
        mode in mode(),
        keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..8), 2..5),
        id in any::<u128>(),
    ) {
        route.canary_key = Some(crate::route::KeySource::Path("lot".into()));
        if !wants_key(&route, mode) {
            let plan = |key: Option<&[u8]>| sides(&plan(&route, &group("g"), mode, key, Uuid::from_u128(id)));
            for key in &keys {
                prop_assert_eq!(plan(Some(key)), plan(None));
            }
        }
    }
}

#[test]
fn about_as_many_keys_as_said_are_in_a_canary_and_another_group_has_others() {
    let keys: Vec<String> = (0..20_000)
        .map(|number| format!("LOT{number:06}"))
        .collect();
    let mut both = 0;
    for number in [1u8, 10, 50, 90] {
        let percent = Percent::try_from(number).unwrap();
        let inside = |group: &str| {
            let hits = keys
                .iter()
                .filter(|key| in_canary(group, key.as_bytes(), percent));
            hits.count()
        };
        for group in ["lots", "materials"] {
            let (count, expected) = (inside(group), usize::from(number) * 200);
            // Four standard deviations of a binomial distribution are below 283 of 20,000.
            assert!(count.abs_diff(expected) < 283, "{number} %: {count}");
        }
        if number == 10 {
            let in_both = |key: &&String| {
                in_canary("lots", key.as_bytes(), percent)
                    && in_canary("materials", key.as_bytes(), percent)
            };
            both = keys.iter().filter(in_both).count();
        }
    }
    assert!(
        (100..300).contains(&both),
        "one group's canary tells another's: {both}"
    );
}

/// Gateways of different builds must agree, and a key must not move with an upgrade.
#[test]
fn the_place_of_a_key_never_changes() {
    let places: Vec<u8> = ["LOT000001", "LOT000002", "12", "ä"]
        .iter()
        .map(|key| place("figway canary 1", "lots", key.as_bytes()))
        .collect();
    assert_eq!(places, PLACES);
}

/// The canary is the places from 0 on: who is in at 49 % is the key of place 48, never the ones at the other end.
#[test]
fn a_canary_takes_the_first_places_not_the_last() {
    for (key, place) in ["LOT000001", "LOT000002", "12", "ä"]
        .into_iter()
        .zip(PLACES)
    {
        for percent in 0..=100 {
            let inside = in_canary("lots", key.as_bytes(), Percent::try_from(percent).unwrap());
            assert_eq!(inside, place < percent, "{key} at {percent} %");
        }
    }
}

/// The first eight bytes of SHA-256 over three parts, each after its length in eight bytes, as hundredths of 2^64;
/// worked out by another program.
const PLACES: [u8; 4] = [48, 54, 62, 99];

#[test]
fn what_is_sampled_is_shared_by_all_requests_of_a_key() {
    let half = MirrorPolicy {
        sample: Percent::try_from(50).unwrap(),
        always: false,
        writes: false,
    };
    let route = route(Form::Both, Effect::Read, Fallback::None, half);
    let mirrored = |key: Option<&[u8]>, id: u128| {
        let plan = plan(
            &route,
            &group("lots"),
            Mode::Shadow,
            key,
            Uuid::from_u128(id),
        );
        plan.unwrap().mirror().is_some()
    };
    let of_keys = (0..2000u32)
        .filter(|number| {
            let key = number.to_be_bytes();
            let first = mirrored(Some(&key), 1);
            assert_eq!(first, mirrored(Some(&key), 2));
            first
        })
        .count();
    let of_requests = (0..2000).filter(|id| mirrored(None, *id)).count();
    for count in [of_keys, of_requests] {
        assert!((900..1100).contains(&count), "{count}");
    }
}
