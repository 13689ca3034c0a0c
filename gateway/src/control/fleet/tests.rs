//! Who is there, and how far a hold has come.

use std::time::Duration;

use tokio::time::Instant;

use super::super::key::tests::key;
use super::*;

fn word(number: u8, held: &[&CommandId], silent: &[&CommandId]) -> Word {
    let all = |ids: &[&CommandId]| ids.iter().map(|id| (*id).clone()).collect();
    Word {
        v: VERSION,
        run: Uuid::from_u128(u128::from(number)),
        count: 1,
        gateway: format!("gw-{number}"),
        key: key(number).public(),
        version: "1".to_owned(),
        at: "2026-11-23T14:00:00Z".to_owned(),
        position: None,
        revision: 1,
        held: all(held),
        silent: all(silent),
        leaves: false,
    }
}

/// A fleet whose gateway hears itself.
fn hearing() -> Fleet {
    let fleet = Fleet::new(true);
    fleet.listens();
    own(&fleet, &[], 0);
    fleet
}

fn own(fleet: &Fleet, held: &[&CommandId], written_ms: i64) {
    let word = Word {
        count: fleet.next(),
        ..word(9, held, &[])
    };
    fleet.heard_itself(word, written_ms);
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_word_is_read_only_as_it_was_signed() {
    let said = word(1, &[], &[]);
    let bytes = written(&said, &key(1)).unwrap();
    assert_eq!(read(&bytes), Some(said.clone()));
    let other = written(&said, &key(2)).unwrap();
    assert_eq!(read(&other), None, "of another key");
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(read(text.replace("gw-1", "gw-2").as_bytes()), None);
    assert_eq!(read(b"{}"), None);
}

#[tokio::test(start_paused = true)]
async fn a_hold_waits_for_all_that_are_there_and_for_nobody_else() {
    let (fleet, hold) = (hearing(), CommandId::random());
    fleet.heard(word(1, &[], &[]), true, 0);
    fleet.heard(word(2, &[&hold], &[]), true, 0);
    fleet.heard(word(3, &[], &[]), true, 0);
    let standing = fleet.standing("me", &hold).unwrap();
    assert_eq!(standing.missing, names(&["gw-1", "gw-3", "me"]));
    assert_eq!(standing.busy, names(&["gw-2"]));
    fleet.holds(&hold);
    fleet.is_silent(&hold);
    // It has not heard yet whoever spoke before it.
    assert!(fleet.standing("me", &hold).unwrap().missing.contains("me"));
    own(&fleet, &[&hold], 0);
    fleet.heard(word(1, &[&hold], &[&hold]), true, 0);
    let missing = || {
        let standing = fleet.standing("me", &hold);
        standing.is_some_and(|standing| standing.missing.is_empty())
    };
    let waiting = fleet.until(Instant::now() + Duration::from_secs(20), missing);
    let began = Instant::now();
    let alive = async {
        loop {
            tokio::time::sleep(BEAT).await;
            own(&fleet, &[&hold], 0);
            fleet.heard(word(1, &[&hold], &[&hold]), true, 0);
            fleet.heard(word(2, &[&hold], &[]), true, 0);
        }
    };
    tokio::select! {
        so = waiting => assert!(so),
        () = alive => {}
    }
    // Nobody hears of the third any more.
    assert!(began.elapsed() >= LEASE && began.elapsed() < LEASE + BEAT * 2);
    let standing = fleet.standing("me", &hold).unwrap();
    assert_eq!(standing.confirmed, names(&["gw-1", "gw-2", "me"]));
    assert_eq!(standing.busy, names(&["gw-2"]));
    // Whether it leaves is believed of those that the log knows.
    let leaving = Word {
        leaves: true,
        ..word(2, &[&hold], &[])
    };
    fleet.heard(leaving.clone(), false, 0);
    assert!(!fleet.standing("me", &hold).unwrap().busy.is_empty());
    fleet.heard(leaving, true, 0);
    assert!(fleet.standing("me", &hold).unwrap().busy.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_word_of_one_key_does_not_stand_for_the_gateway_of_another() {
    let (fleet, hold) = (hearing(), CommandId::random());
    fleet.heard(word(1, &[], &[]), true, 0);
    let under_its_run = Word {
        run: word(1, &[], &[]).run,
        ..word(2, &[&hold], &[&hold])
    };
    fleet.heard(under_its_run, true, 0);
    let standing = fleet.standing("me", &hold).unwrap();
    assert!(standing.missing.contains("gw-1"));
}

#[tokio::test(start_paused = true)]
async fn who_spoke_last_long_before_it_began_to_listen_is_not_there() {
    let fleet = Fleet::new(true);
    let before = fleet.next();
    fleet.listens();
    fleet.heard(word(1, &[], &[]), true, 1_000);
    fleet.heard(word(2, &[], &[]), true, 8_000);
    assert_eq!(fleet.others().len(), 2);
    // A word of its own from before it listened says nothing of what came since.
    let old = Word {
        count: before,
        ..word(9, &[], &[])
    };
    fleet.heard_itself(old, 500);
    assert!(!fleet.is_known(Instant::now()).await);
    own(&fleet, &[], 9_000);
    assert!(fleet.is_known(Instant::now()).await);
    let there = fleet.others().into_iter().map(|heard| heard.word.gateway);
    assert_eq!(there.collect::<Vec<_>>(), ["gw-2"]);
}

#[tokio::test(start_paused = true)]
async fn silence_of_the_topic_is_nobodys_absence() {
    let (fleet, hold) = (hearing(), CommandId::random());
    fleet.heard(word(1, &[], &[]), true, 0);
    tokio::time::sleep(LEASE * 2).await;
    assert!(fleet.others().is_empty());
    assert_eq!(
        fleet.standing("me", &hold),
        None,
        "it does not hear itself either"
    );
    // The topic is back; the other one's word comes a little later.
    own(&fleet, &[], 0);
    assert_eq!(fleet.standing("me", &hold), None);
    let began = Instant::now();
    let alive = async {
        loop {
            tokio::time::sleep(BEAT).await;
            own(&fleet, &[], 0);
            fleet.heard(word(1, &[], &[]), true, 0);
        }
    };
    tokio::select! {
        known = fleet.is_known(Instant::now() + LEASE * 2) => assert!(known),
        () = alive => {}
    }
    assert!(began.elapsed() >= LEASE);
    assert!(
        fleet
            .standing("me", &hold)
            .unwrap()
            .missing
            .contains("gw-1")
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_so_in_time_is_told() {
    let fleet = Fleet::new(true);
    assert!(
        !fleet
            .is_known(Instant::now() + Duration::from_secs(1))
            .await
    );
    assert!(Fleet::new(false).is_known(Instant::now()).await);
    let never = fleet.until(Instant::now() + Duration::from_secs(5), || false);
    assert!(!never.await);
}
