//! What a plan says of counts: waits for what is not known, goes on by what is sure, and goes back by what is surely wrong.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::control::fold::{Events, Since};
use crate::evidence::totals::RouteTotals;
use crate::mode::Percent;
use crate::route::rollout::{Promote, RollBack, Samples};

fn plan() -> Rollout {
    Rollout {
        steps: vec![1, 50, 100]
            .into_iter()
            .map(|step: u8| Percent::try_from(step).unwrap())
            .collect(),
        promote: Promote::Propose,
        roll_back: RollBack::ByItself,
        soak: Duration::from_secs(60),
        samples: Samples {
            all: 3_000,
            variant: 20,
            answers: 100,
        },
        matching: 999_000,
        errors: 5_000,
        latency: Some(1_500),
        only_in: None,
        freeze: None,
        events: Vec::new(),
    }
}

fn pairs(equal: u64, different: u64) -> VariantTotals {
    let side = |each: u64| {
        let mut side = SideState {
            answers: equal + different,
            ..SideState::default()
        };
        for _ in 0..equal + different {
            side.latency.add(Duration::from_millis(each));
        }
        side
    };
    VariantTotals {
        equal,
        different,
        legacy: side(20),
        modern: side(10),
        ..VariantTotals::default()
    }
}

fn totals(variants: &[(&str, VariantTotals)]) -> Totals {
    let variants: BTreeMap<String, VariantTotals> = variants
        .iter()
        .map(|(name, totals)| ((*name).to_owned(), totals.clone()))
        .collect();
    let route = RouteTotals {
        variants,
        ..RouteTotals::default()
    };
    Totals {
        routes: [("lot".to_owned(), route)].into_iter().collect(),
        ..Totals::default()
    }
}

fn known(mode: Mode) -> GroupState {
    GroupState {
        mode,
        version: 2,
        since: Since {
            offset: 1,
            at: "2026-11-23T14:00:00Z".to_owned(),
            by: "anna".to_owned(),
            why: "to see".to_owned(),
            change: None,
        },
        seed: None,
        before: VecDeque::new(),
        hold: None,
        proposal: None,
        events: Events::new(),
    }
}

/// After two minutes.
fn look(plan: &Rollout, mode: Mode, since: &Totals) -> Judgement {
    judge(&Look {
        plan,
        compares: mode == Mode::Shadow,
        known: &known(mode),
        since,
        before: &Totals::default(),
        lasted: Duration::from_secs(120),
        parked: None,
        now: Timestamp::UNIX_EPOCH,
    })
}

fn said(judgement: &Judgement) -> String {
    let lines = judgement.conditions.iter();
    let lines = lines.map(|one| format!("{}: {:?}, {}", one.name, one.met, one.told));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn enough_equal_pairs_of_every_variant_let_a_group_go_on() {
    let since = totals(&[("released", pairs(4_000, 0)), ("recalled", pairs(25, 0))]);
    let judgement = look(&plan(), Mode::Shadow, &since);
    insta::assert_snapshot!(said(&judgement), @"
    soak: Yes, 120 s of 60 s
    samples: Yes, 4025 of 3000 pairs compared
    variants: Yes, each of 2 variants at least 20 times
    match: Yes, 100.00 %, at least 99.93 %, wanted 99.90 %
    errors: Yes, modern failed 0 of 4025, legacy 0 of 4025
    latency: Yes, 99 of 100 within 10.2 ms of modern, 20.5 ms of legacy
    ");
    assert_eq!(judgement.standing(), Standing::Ready);
}

#[test]
fn a_rare_variant_is_not_hidden_by_the_many() {
    // It has not come often enough.
    let since = totals(&[("released", pairs(4_000, 0)), ("recalled", pairs(3, 0))]);
    let judgement = look(&plan(), Mode::Shadow, &since);
    assert_eq!(judgement.standing(), Standing::Waits);
    assert!(
        judgement.told().contains("lot recalled 3"),
        "{}",
        judgement.told()
    );
    // It has, and differs: 6 of 100,006 pairs are within the bound, 6 of the variant's 30 are not.
    let since = totals(&[("released", pairs(100_000, 0)), ("recalled", pairs(24, 6))]);
    let judgement = look(&plan(), Mode::Shadow, &since);
    assert_eq!(judgement.standing(), Standing::Fails);
    insta::assert_snapshot!(judgement.wrong(), @"match: lot recalled differs in 6 of 30");
}

#[test]
fn what_is_not_sure_is_waited_for() {
    let mut judged = Vec::new();
    for (equal, different) in [(0, 0), (2_999, 0), (3_000, 0), (2_998, 2), (9_950, 50)] {
        let since = totals(&[("all", pairs(equal, different))]);
        judged.push(look(&plan(), Mode::Shadow, &since).standing());
    }
    let expected = [
        Standing::Waits,
        Standing::Waits,
        Standing::Ready,
        Standing::Waits,
        Standing::Fails,
    ];
    assert_eq!(judged, expected);
}

/// Clients got answers of both sides.
fn live(legacy: (u64, u64, u64), modern: (u64, u64, u64)) -> Totals {
    let side = |(answers, errors, each): (u64, u64, u64)| {
        let mut side = SideState {
            answers,
            errors,
            ..SideState::default()
        };
        for _ in 0..answers {
            side.latency.add(Duration::from_millis(each));
        }
        side
    };
    let route = RouteTotals {
        legacy: side(legacy),
        modern: side(modern),
        ..RouteTotals::default()
    };
    Totals {
        routes: [("lot".to_owned(), route)].into_iter().collect(),
        ..Totals::default()
    }
}

#[test]
fn a_canary_is_held_against_legacy() {
    let canary = Mode::Canary {
        percent: Percent::try_from(50).unwrap(),
    };
    let judged = |legacy, modern| look(&plan(), canary, &live(legacy, modern));
    assert_eq!(
        judged((2_000, 0, 20), (2_000, 0, 10)).standing(),
        Standing::Ready
    );
    // Too few.
    assert_eq!(
        judged((2_000, 0, 20), (99, 0, 10)).standing(),
        Standing::Waits
    );
    // As bad as legacy is no fault of modern.
    assert_eq!(
        judged((20_000, 1_000, 20), (20_000, 1_000, 10)).standing(),
        Standing::Ready
    );
    let worse = judged((2_000, 0, 20), (2_000, 60, 10));
    assert_eq!(worse.standing(), Standing::Fails);
    insta::assert_snapshot!(worse.wrong(), @"errors: modern failed 60 of 2000, legacy 0 of 2000");
    // One of a hundred says little.
    assert_eq!(
        judged((2_000, 0, 20), (120, 1, 10)).standing(),
        Standing::Waits
    );
    let slower = judged((2_000, 0, 20), (2_000, 0, 40));
    assert_eq!(slower.standing(), Standing::Fails);
    assert!(
        slower.wrong().starts_with("latency: "),
        "{}",
        slower.wrong()
    );
    assert_eq!(
        judged((2_000, 0, 20), (500, 0, 40)).standing(),
        Standing::Waits
    );
    // One that broke off is no reason to go back.
    assert_eq!(
        judged((2_000, 0, 20), (35, 1, 10)).standing(),
        Standing::Waits
    );
    // Modern alone, without anything to hold times against.
    let alone = look(&plan(), Mode::Modern, &live((0, 0, 0), (2_000, 0, 40)));
    assert_eq!(alone.standing(), Standing::Ready);
}

#[test]
fn modern_alone_is_held_against_what_legacy_did_before() {
    let plan = plan();
    let group = known(Mode::Modern);
    let before = live((20_000, 200, 20), (0, 0, 0));
    let judged = |errors| {
        let since = live((0, 0, 0), (20_000, errors, 10));
        let judgement = judge(&Look {
            plan: &plan,
            compares: false,
            known: &group,
            since: &since,
            before: &before,
            lasted: Duration::from_secs(120),
            parked: None,
            now: Timestamp::UNIX_EPOCH,
        });
        judgement.standing()
    };
    assert_eq!(judged(200), Standing::Ready);
    assert_eq!(judged(1_000), Standing::Fails);
    // Without anything to hold it against it fails where it fails more often than not.
    let alone =
        |errors| look(&plan, Mode::Modern, &live((0, 0, 0), (1_000, errors, 10))).standing();
    assert_eq!((alone(100), alone(900)), (Standing::Waits, Standing::Fails));
}

#[test]
fn events_parked_writes_and_time_are_waited_for() {
    let since = totals(&[("all", pairs(4_000, 0))]);
    let plan = Rollout {
        events: vec!["month-end".into()],
        ..plan()
    };
    let group = known(Mode::Shadow);
    let early = Look {
        plan: &plan,
        compares: true,
        known: &group,
        since: &since,
        before: &Totals::default(),
        lasted: Duration::from_secs(59),
        parked: Some(2),
        now: Timestamp::UNIX_EPOCH,
    };
    let waiting = judge(&early);
    let names: Vec<&str> = waiting
        .conditions
        .iter()
        .filter(|one| one.met == Met::NotYet)
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["soak", "events", "write_back"]);
    let mut after = group.clone();
    let since_then = after.since.clone();
    after.events.insert("month-end".to_owned(), since_then);
    let late = Look {
        known: &after,
        lasted: Duration::from_secs(60),
        parked: Some(0),
        ..early
    };
    assert_eq!(judge(&late).standing(), Standing::Ready);
}

proptest! {
    /// More of what is equal never makes it worse, and more of what differs never better.
    #[test]
    fn it_follows_the_evidence(equal in 0_u64..6_000, different in 0_u64..200, more in 1_u64..2_000) {
        let rank = |standing| match standing {
            Standing::Fails => 0,
            Standing::Waits => 1,
            Standing::Ready => 2,
        };
        let plan = Rollout { latency: None, ..plan() };
        let judged = |equal, different| {
            let mut variant = VariantTotals { equal, different, ..VariantTotals::default() };
            variant.modern.answers = equal + different;
            rank(look(&plan, Mode::Shadow, &totals(&[("all", variant)])).standing())
        };
        prop_assert!(judged(equal + more, different) >= judged(equal, different));
        // Once there are enough of them.
        if equal + different >= 3_000 {
            prop_assert!(judged(equal, different + more) <= judged(equal, different));
        }
    }
}
