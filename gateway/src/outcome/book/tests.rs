use proptest::prelude::*;

use super::*;

fn claim(by: u128, at_ms: i64) -> Claim {
    Claim {
        by: Uuid::from_u128(by),
        route: "r".to_owned(),
        at_ms,
        deadline_ms: at_ms + 1_000,
        keep_until_ms: at_ms + 100_000,
        secret: u64::try_from(by).unwrap(),
        fingerprint: Some(1),
        owner: None,
        callback: None,
        group: None,
        request: None,
        later: false,
    }
}

const ID: Uuid = Uuid::from_u128(99);

/// How many outcomes are to be told.
fn to_call(book: &Book, now_ms: i64) -> usize {
    let mut named = 0;
    book.to_call(now_ms, |_, _| named += 1);
    named
}

/// Whether it may go.
fn goes(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Go { .. })
}

fn place(offset: i64) -> Place {
    Place {
        partition: 0,
        offset,
    }
}

#[test]
fn the_first_goes_and_others_hear_how_it_is() {
    let mut book = Book::new(9);
    assert!(goes(&book.accepted(ID, claim(1, 0))));
    // One more attempt of the same.
    assert!(goes(&book.accepted(ID, claim(1, 1))));
    assert!(matches!(
        book.accepted(ID, claim(2, 10)),
        Verdict::Pending(_)
    ));
    let other = Claim {
        fingerprint: Some(2),
        ..claim(3, 10)
    };
    assert_eq!(book.accepted(ID, other.clone()), Verdict::Other);
    let strangers = Claim {
        owner: Some(5),
        ..claim(3, 10)
    };
    assert_eq!(book.accepted(ID, strangers), Verdict::Other);
    assert!(book.answered(ID, place(7)));
    // A second reply to the same is none.
    assert!(!book.answered(ID, place(8)));
    let Verdict::Done(_, there) = book.accepted(ID, claim(2, 20)) else {
        panic!("wanted the answer");
    };
    assert_eq!(there, place(7));
    assert_eq!(book.accepted(ID, other), Verdict::Other);
    assert!(matches!(book.known(ID, 99_999), Known::Done(..)));
    assert!(matches!(book.known(ID, 101_000), Known::Expired(_)));
    // As if it had never been, but the service may still know the first.
    let Verdict::Go { request, secret } = book.accepted(ID, claim(4, 101_000)) else {
        panic!("its answer is no longer kept");
    };
    assert!(request != ID && secret == 4);
    book.released(ID, Uuid::from_u128(4));
    let Verdict::Go { request: again, .. } = book.accepted(ID, claim(5, 101_001)) else {
        panic!("it was not sent");
    };
    assert!(again != ID && again != request);
}

#[test]
fn one_that_nobody_answered_may_be_sent_again_and_keeps_its_address() {
    let mut book = Book::new(9);
    book.accepted(ID, claim(1, 0));
    assert!(matches!(book.known(ID, 10_999), Known::Pending(_)));
    assert!(matches!(book.known(ID, 11_000), Known::Failed(_)));
    assert!(matches!(
        book.accepted(ID, claim(2, 10_999)),
        Verdict::Pending(_)
    ));
    let went = book.accepted(ID, claim(2, 11_000));
    let (request, secret) = (ID, 1);
    assert_eq!(went, Verdict::Go { request, secret });
    let Known::Pending(entry) = book.known(ID, 3_500) else {
        panic!("wanted it under way");
    };
    assert_eq!((entry.by, entry.secret), (Uuid::from_u128(2), 1));
    // The answer to the first is the answer.
    assert!(book.answered(ID, place(4)));
}

#[test]
fn one_that_was_not_sent_is_as_if_it_had_not_come() {
    let mut book = Book::new(9);
    book.accepted(ID, claim(1, 0));
    book.released(ID, Uuid::from_u128(2));
    assert!(matches!(book.known(ID, 1), Known::Pending(_)));
    book.released(ID, Uuid::from_u128(1));
    assert_eq!(book.known(ID, 1), Known::Nothing);
    assert!(goes(&book.accepted(ID, claim(2, 1))));
    book.answered(ID, place(1));
    book.released(ID, Uuid::from_u128(2));
    assert!(matches!(book.known(ID, 2), Known::Done(..)));
}

#[test]
fn a_retry_that_was_not_sent_leaves_what_was_known_before_it() {
    let mut book = Book::new(9);
    let whom = Callback {
        backend: "b".to_owned(),
        path: "/".to_owned(),
    };
    let first = Claim {
        callback: Some(whom),
        ..claim(1, 0)
    };
    book.accepted(ID, first);
    let before = book.known(ID, 20_000);
    assert!(matches!(&before, Known::Failed(entry) if entry.secret == 1));
    assert!(goes(&book.accepted(ID, claim(2, 20_000))));
    assert_eq!(to_call(&book, 20_001), 0);
    book.released(ID, Uuid::from_u128(2));
    // The first may have been executed: legacy does not do it, its address is one still, and its receiver is told.
    assert_eq!(book.known(ID, 20_001), before);
    assert_eq!(to_call(&book, 20_001), 1);
    // Two more, of which the first may have been sent: what is said of that late changes nothing.
    assert!(goes(&book.accepted(ID, claim(3, 20_002))));
    assert!(goes(&book.accepted(ID, claim(4, 40_000))));
    book.released(ID, Uuid::from_u128(4));
    book.released(ID, Uuid::from_u128(3));
    assert!(matches!(book.known(ID, 40_001), Known::Failed(entry) if entry.secret == 1));
    // Its age is what it was.
    let mut small = Book::new(2);
    let other = Uuid::from_u128(5);
    small.accepted(ID, claim(1, 0));
    small.accepted(other, claim(2, 1));
    small.accepted(ID, claim(3, 20_000));
    small.released(ID, Uuid::from_u128(3));
    small.accepted(Uuid::from_u128(6), claim(4, 20_001));
    assert_eq!(small.known(ID, 20_001), Known::Nothing);
    assert!(matches!(small.known(other, 20_001), Known::Failed(_)));
}

#[test]
fn a_key_is_not_free_while_its_request_may_be_executed() {
    let mut book = Book::new(9);
    let short = |by, at| Claim {
        keep_until_ms: at + 1_000,
        ..claim(by, at)
    };
    let other = |at| Claim {
        fingerprint: Some(2),
        ..short(2, at)
    };
    book.accepted(ID, short(1, 0));
    // Its answer would not be given any more, but it may still come.
    for at in [1_000, 10_999] {
        assert!(matches!(
            book.accepted(ID, short(2, at)),
            Verdict::Pending(_)
        ));
        assert_eq!(book.accepted(ID, other(at)), Verdict::Other);
        assert!(matches!(book.known(ID, at), Known::Pending(_)));
    }
    let mut answered = book.clone();
    assert!(answered.answered(ID, place(7)));
    assert!(matches!(answered.known(ID, 1_000), Known::Expired(_)));
    assert!(matches!(book.known(ID, 11_000), Known::Expired(_)));
    for mut book in [book, answered] {
        let went = book.accepted(ID, other(11_000));
        assert!(matches!(went, Verdict::Go { request, .. } if request != ID));
    }
}

#[test]
fn what_was_sent_once_more_is_not_given_back_by_who_sent_it_first() {
    let mut book = Book::new(9);
    let later = |by, at| Claim {
        later: true,
        ..claim(by, at)
    };
    book.accepted(ID, later(1, 0));
    let mut alone = book.clone();
    let again = book.accepted(ID, later(2, 10));
    assert!(matches!(again, Verdict::Pending(_)));
    for one in [1, 2, 1] {
        book.released(ID, Uuid::from_u128(one));
        assert!(matches!(book.known(ID, 20), Known::Pending(entry) if entry.secret == 1));
    }
    // One whose client waits is told that it is under way, and is not sent.
    assert!(matches!(
        alone.accepted(ID, claim(2, 10)),
        Verdict::Pending(_)
    ));
    alone.released(ID, Uuid::from_u128(1));
    assert_eq!(alone.known(ID, 20), Known::Nothing);
}

#[test]
fn a_reply_is_that_of_its_request_and_not_of_the_next_under_its_key() {
    let mut book = Book::new(9);
    book.accepted(ID, claim(1, 0));
    let Verdict::Go { request, .. } = book.accepted(ID, claim(2, 100_000)) else {
        panic!("the key is free");
    };
    // The first one's, late.
    assert!(!book.answered(ID, place(1)));
    assert_eq!((book.done(ID), book.refused(ID)), (None, None));
    assert!(matches!(book.known(ID, 100_000), Known::Pending(_)));
    assert!(book.answered(request, place(2)));
    assert_eq!(book.done(request), Some(place(2)));
    // A service that knows another request under the id has executed nothing.
    let other = Uuid::from_u128(5);
    book.accepted(other, claim(3, 0));
    assert_eq!(book.refused(other), Some(Uuid::from_u128(3)));
    assert_eq!(book.known(other, 1), Known::Nothing);
    assert_eq!(book.refused(request), None);
}

#[test]
fn gateways_come_to_the_same_whenever_they_were_started() {
    let (mut old, mut new) = (Book::new(9), Book::new(9));
    old.accepted(ID, claim(1, 0));
    // The topic has forgotten the first; who has not makes out another id, and says so in its claim.
    let mut later = claim(2, 300_000);
    later.request = Some(old.request_of(ID, &later));
    let went = old.accepted(ID, later.clone());
    assert!(matches!(went, Verdict::Go { request, .. } if request != ID));
    assert_eq!(went, new.accepted(ID, later));
    // It was not answered; whoever sends it again sends the same.
    let again = claim(3, 320_000);
    assert_eq!(old.request_of(ID, &again), new.request_of(ID, &again));
    assert_eq!(old.accepted(ID, again.clone()), new.accepted(ID, again));
}

#[test]
fn the_oldest_makes_room() {
    let mut book = Book::new(2);
    let ids: Vec<Uuid> = (0..4).map(Uuid::from_u128).collect();
    for (id, by) in ids.iter().zip(10..) {
        book.accepted(*id, claim(by, 0));
    }
    assert_eq!(book.count(), 2);
    assert_eq!(book.known(ids[1], 0), Known::Nothing);
    // Sent again it is the youngest.
    book.accepted(ids[2], claim(20, 15_000));
    book.accepted(ids[0], claim(21, 15_000));
    assert_eq!(book.known(ids[3], 15_000), Known::Nothing);
    assert!(matches!(book.known(ids[2], 15_000), Known::Pending(_)));
}

#[test]
fn one_gateway_tells_an_outcome_until_its_time_is_up() {
    let mut book = Book::new(9);
    let whom = Callback {
        backend: "b".to_owned(),
        path: "/".to_owned(),
    };
    let with = Claim {
        callback: Some(whom),
        ..claim(1, 0)
    };
    book.accepted(ID, with);
    let holder = |book: &Book| match book.known(ID, 0) {
        Known::Done(entry, _) => entry.callback.unwrap().lease.unwrap().0,
        known => panic!("{known:?}"),
    };
    assert_eq!(to_call(&book, 10_999), 0);
    // That there is no answer is an outcome too.
    assert_eq!(to_call(&book, 11_000), 1);
    book.answered(ID, place(0));
    assert_eq!(to_call(&book, 0), 1);
    assert_eq!(to_call(&book, 100_000), 0);
    let (one, two) = (Uuid::from_u128(5), Uuid::from_u128(6));
    assert!(book.calling(ID, one, (10, 100), 0));
    assert!(!book.calling(ID, two, (20, 110), 0));
    assert_eq!(holder(&book), one);
    assert!(book.calling(ID, one, (30, 120), 1));
    assert_eq!(to_call(&book, 119), 0);
    assert_eq!((to_call(&book, 120), book.tries(ID)), (1, Some(1)));
    assert!(book.calling(ID, two, (120, 200), 1));
    book.called(ID);
    assert_eq!((to_call(&book, 999), book.tries(ID)), (0, None));
    assert!(!book.calling(ID, one, (999, 1_000), 2));
}

#[test]
fn a_group_waits_for_what_may_be_executed() {
    let mut book = Book::new(9);
    let of = |group: &str, by| Claim {
        group: Some(group.to_owned()),
        ..claim(by, 0)
    };
    book.accepted(ID, of("lots", 1));
    book.accepted(Uuid::from_u128(5), of("other", 2));
    assert!(book.under_way("lots", 10_999));
    assert!(!book.under_way("lots", 11_000));
    book.answered(ID, place(0));
    assert!(!book.under_way("lots", 10));
    assert!(book.under_way("other", 10));
}

/// What can come of one request.
#[derive(Debug, Clone)]
enum Step {
    Claim { by: u128, body: u128 },
    Reply,
    Release(u128),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_u128, 1..3_u128).prop_map(|(by, body)| Step::Claim { by, body }),
        1 => Just(Step::Reply),
        1 => (1..4_u128).prop_map(Step::Release),
    ]
}

proptest! {
    /// Whatever comes in whatever order: while a claim may be executed nobody else goes, and what was answered is never executed again while
    /// it is kept. All who read the same come to the same.
    #[test]
    fn no_two_go_at_once(steps in prop::collection::vec((step(), 0..1_500_i64), 1..60)) {
        let (mut book, mut twin) = (Book::new(100), Book::new(100));
        let (mut now, mut holder, mut answered) = (0, None::<(u128, i64)>, None::<(i64, i64)>);
        for (nth, (step, passed)) in steps.into_iter().enumerate() {
            now += passed;
            match step {
                Step::Claim { by, body } => {
                    let claim = Claim { fingerprint: Some(body), ..claim(by, now) };
                    let verdict = book.accepted(ID, claim.clone());
                    prop_assert_eq!(&verdict, &twin.accepted(ID, claim.clone()));
                    if let Some((offset, until)) = answered && now < until {
                        let known = match &verdict {
                            Verdict::Done(_, there) => there.offset == offset,
                            Verdict::Other => true,
                            Verdict::Go { .. } | Verdict::Pending(_) => false,
                        };
                        prop_assert!(known, "{verdict:?}");
                    } else if goes(&verdict) {
                        let free = holder.is_none_or(|(held, until)| held == by || now >= until);
                        prop_assert!(free, "{by} went while {holder:?} might be executed");
                        holder = Some((by, claim.deadline_ms + COMMIT_MS));
                        answered = None;
                    }
                }
                Step::Reply => {
                    let place = place(i64::try_from(nth).unwrap());
                    let counts = book.answered(ID, place);
                    prop_assert_eq!(counts, twin.answered(ID, place));
                    if counts {
                        let Known::Done(entry, _) = book.known(ID, i64::MIN) else {
                            panic!("it is answered");
                        };
                        answered = Some((place.offset, entry.keep_until_ms));
                        holder = None;
                    }
                }
                Step::Release(by) => {
                    book.released(ID, Uuid::from_u128(by));
                    twin.released(ID, Uuid::from_u128(by));
                    if holder.is_some_and(|(held, _)| held == by) {
                        holder = None;
                    }
                }
            }
        }
    }
}
