//! That evidence adds up: in any order, in any groups, and over the written form.

use proptest::prelude::*;
use uuid::Uuid;

use super::state::{Kept, RouteState, StateError, VERSION, VariantState};
use crate::compare::{Difference, DifferenceKind, NotComparable, Shown};
use crate::route::Side;

const KEPT: Kept = Kept {
    fields: 3,
    samples: 3,
};

/// What can be found about one answer.
#[derive(Debug, Clone)]
enum Step {
    Equal,
    Differ(Vec<(u8, u8)>),
    NotComparable,
    Failed,
    Noise(Vec<u8>),
}

fn step() -> impl Strategy<Value = (u8, u16, Step)> {
    let field = || 0..6_u8;
    let what = prop_oneof![
        Just(Step::Equal),
        prop::collection::vec((field(), 0..3_u8), 1..4).prop_map(Step::Differ),
        Just(Step::NotComparable),
        Just(Step::Failed),
        prop::collection::vec(field(), 0..2).prop_map(Step::Noise),
    ];
    (0..3_u8, any::<u16>(), what)
}

fn difference(field: u8, row: u8) -> Difference {
    let shown = |text: &str| Shown {
        value: Some(text.to_owned()),
        hex: None,
    };
    Difference {
        field: format!("T(*).F{field}"),
        path: format!("T({row}).F{field}"),
        kind: DifferenceKind::Value,
        offset: None,
        length: None,
        legacy: shown("1"),
        modern: shown("2"),
        masked: false,
    }
}

fn state(steps: &[(u8, u16, Step)]) -> RouteState {
    let mut state = RouteState::new("rules");
    for (variant, at, step) in steps {
        let at = u64::from(*at);
        if let Step::Noise(fields) = step {
            let mut names: Vec<String> = fields.iter().map(|field| format!("F{field}")).collect();
            names.dedup();
            state.noise.pair(&names, KEPT);
            continue;
        }
        let variant = state.variants.entry(format!("v{variant}")).or_default();
        variant.seen(at);
        match step {
            Step::Equal => variant.equal += 1,
            Step::Failed => variant.errors += 1,
            Step::NotComparable => {
                variant.not_comparable(&NotComparable::NotJson(Side::Modern), at);
            }
            Step::Differ(fields) => {
                variant.different += 1;
                let found = fields.iter().map(|(field, row)| difference(*field, *row));
                // Each gateway's requests have ids of their own.
                let id = Uuid::from_u128(u128::from(at));
                variant.differ(id, found.collect(), &[], at, KEPT);
            }
            Step::Noise(_) => {}
        }
    }
    state
}

fn merged(states: &[&RouteState]) -> RouteState {
    let mut all = RouteState::new("rules");
    for state in states {
        all.merge(state, KEPT).unwrap();
    }
    all
}

/// All differences that were counted, in fields or beyond the limit.
fn counted(state: &RouteState) -> u64 {
    let of = |variant: &VariantState| {
        let fields = variant.fields.values().map(|field| field.count);
        fields.sum::<u64>() + variant.more_fields
    };
    state.variants.values().map(of).sum()
}

proptest! {
    #[test]
    fn evidence_adds_up_in_any_order(
        one in prop::collection::vec(step(), 0..24),
        two in prop::collection::vec(step(), 0..24),
        three in prop::collection::vec(step(), 0..24),
    ) {
        let (one, two, three) = (state(&one), state(&two), state(&three));
        let all = merged(&[&one, &two, &three]);
        prop_assert_eq!(&all, &merged(&[&three, &one, &two]));
        prop_assert_eq!(&all, &merged(&[&one, &merged(&[&two, &three])]));
        prop_assert_eq!(&all, &merged(&[&merged(&[&one, &two]), &three]));
        prop_assert_eq!(counted(&all), counted(&one) + counted(&two) + counted(&three));
        for variant in all.variants.values() {
            prop_assert!(variant.fields.len() <= KEPT.fields);
            prop_assert!(variant.fields.values().all(|field| field.samples.len() <= KEPT.samples));
        }
        // Nothing is added twice by adding nothing.
        prop_assert_eq!(&all, &merged(&[&all, &RouteState::new("rules")]));
        prop_assert_eq!(&RouteState::from_bytes(&all.to_bytes().unwrap()).unwrap(), &all);
    }
}

#[test]
fn what_does_not_go_together_is_not_added() {
    let mut state = RouteState::new("rules");
    assert_eq!(
        state.merge(&RouteState::new("others"), KEPT),
        Err(StateError::OtherRules)
    );
    let later = RouteState {
        version: VERSION + 1,
        ..state.clone()
    };
    assert_eq!(state.merge(&later, KEPT), Err(StateError::Version(3)));
    assert_eq!(
        RouteState::from_bytes(br#"{"version":3,"unknown":[]}"#),
        Err(StateError::Version(3))
    );
    assert!(matches!(
        RouteState::from_bytes(b"{}"),
        Err(StateError::Unreadable(_))
    ));
}

/// Invariant: bytes of this version are read by every program that knows it.
#[test]
fn bytes_of_version_2_are_read() {
    let bytes = br#"{"version":2,"rules":"00ff","variants":{"all":{"equal":9,"different":1,"not_comparable":0,
        "view_behind":0,"errors":0,"error_codes":{},"not_comparable_reasons":{},"last_not_comparable":null,"asked_again":0,
        "first_seen":1000,"last_seen":2000,"fields":{"a":{"field":"a","count":1,"answers":1,"bytes_only":0,"left_out":0,
        "first_seen":2000,"last_seen":2000,"samples":[{"request_id":"00000000-0000-0000-0000-000000000007","at":2000,
        "path":"a","kind":"value","legacy":{"value":"1","hex":null},"modern":{"value":"2","hex":null},"masked":false,
        "text":"field a: legacy 1 modern 2"}]}},"more_fields":0,
        "legacy":{"answers":10,"errors":0,"latency":{"sum_us":100,"counts":{"10":10}}},
        "modern":{"answers":10,"errors":2,"latency":{"sum_us":90,"counts":{"9":10}}}}},
        "noise":{"asked":0,"differed":0,"failed":0,"fields":{},"more_fields":0},"dropped":{"queue_full":3}}"#;
    let state = RouteState::from_bytes(bytes).unwrap();
    let all = &state.variants["all"];
    assert_eq!((all.samples(), all.fields["a"].samples[0].at), (10, 2000));
    assert_eq!((all.modern.errors, all.modern.latency.count()), (2, 10));
    assert_eq!(state.dropped["queue_full"], 3);
}
