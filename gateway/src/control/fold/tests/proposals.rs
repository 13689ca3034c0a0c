//! Proposals: nobody approves their own, nobody counts twice, and only what was approved is made by it.

use super::*;

impl Log {
    /// Says it in that person's name, by the first gateway.
    fn by(&mut self, who: &str, what: What) -> String {
        let mut command = self.command(1, "lots", what);
        command.who = who.to_owned();
        self.fold(&command.signed(&key(1)))
    }

    fn open(&self) -> Option<Open> {
        let group = self.fold.group("lots")?;
        group.proposal.as_deref().cloned()
    }
}

fn propose(to: Mode, approvals: u8) -> What {
    What::Propose {
        to,
        accept_loss: None,
        approvals,
        until: "2026-11-30T14:00:00Z".to_owned(),
        evidence: Some("1,000 of 1,000 equal".to_owned()),
    }
}

fn approve(proposal: &CommandId) -> What {
    What::Approve {
        proposal: proposal.clone(),
        name: "Beatrix Kiddo".to_owned(),
        meaning: "approval".to_owned(),
        authenticated: "2026-11-23T13:55:00Z".to_owned(),
        by: "token".to_owned(),
    }
}

fn made(to: Mode, proposal: &CommandId) -> What {
    What::Set {
        to,
        accept_loss: None,
        under: None,
        proposal: Some(proposal.clone()),
    }
}

#[test]
fn two_others_approve_and_then_it_is_made_once() {
    let mut log = Log::of(1);
    assert_eq!(log.by("anna", propose(Mode::Modern, 1)), "unknown_group");
    assert_eq!(log.by("anna", set(Mode::Shadow)), "version 1, shadow");
    for wrong in [0, MAX_APPROVALS + 1] {
        let said = log.by("anna", propose(Mode::Modern, wrong));
        assert_eq!(said, "approvals_out_of_range");
    }
    assert_eq!(
        log.by("anna", propose(Mode::Modern, 2)),
        "version 1, shadow"
    );
    let open = log.open().unwrap();
    assert_eq!((open.to, open.wanting()), (Mode::Modern, 2));
    assert_eq!(log.by("bea", propose(Mode::Legacy, 1)), "proposal_open");
    assert_eq!(log.by("anna", approve(&open.id)), "own_proposal");
    assert_eq!(log.by(" ANNA ", approve(&open.id)), "own_proposal");
    assert_eq!(log.by("bea", approve(&CommandId::random())), "not_proposed");
    assert_eq!(log.by("anna", made(Mode::Modern, &open.id)), "not_approved");
    assert_eq!(log.by("bea", approve(&open.id)), "version 1, shadow");
    assert_eq!(log.by("Bea", approve(&open.id)), "approved_already");
    assert_eq!(log.by("anna", made(Mode::Modern, &open.id)), "not_approved");
    assert_eq!(log.by("cleo", approve(&open.id)), "version 1, shadow");
    assert_eq!(log.by("dora", approve(&open.id)), "approved_by_enough");
    let signed = log.open().unwrap().approved;
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[0].name, "Beatrix Kiddo");
    assert_eq!(
        log.by("anna", made(Mode::Retired, &open.id)),
        "not_proposed"
    );
    assert_eq!(
        log.by("anna", made(Mode::Modern, &open.id)),
        "version 2, modern"
    );
    assert_eq!(log.open(), None);
    assert_eq!(log.by("anna", made(Mode::Modern, &open.id)), "not_proposed");
}

#[test]
fn a_change_of_the_group_or_a_no_ends_a_proposal() {
    let mut log = Log::of(1);
    assert_eq!(log.by("anna", set(Mode::Shadow)), "version 1, shadow");
    assert_eq!(
        log.by("anna", propose(Mode::Modern, 1)),
        "version 1, shadow"
    );
    let first = log.open().unwrap().id;
    assert_eq!(
        log.by(
            "bea",
            What::Reject {
                proposal: first.clone()
            }
        ),
        "version 1, shadow"
    );
    assert_eq!(log.open(), None);
    assert_eq!(log.by("bea", approve(&first)), "not_proposed");
    assert_eq!(
        log.by("bea", What::Reject { proposal: first }),
        "not_proposed"
    );
    assert_eq!(
        log.by("anna", propose(Mode::Modern, 1)),
        "version 1, shadow"
    );
    let second = log.open().unwrap().id;
    assert_eq!(log.by("cleo", set(Mode::Legacy)), "version 2, legacy");
    assert_eq!(log.open(), None);
    assert_eq!(log.by("bea", approve(&second)), "not_proposed");
    // An approval of what the group was before.
    assert_eq!(
        log.by("anna", propose(Mode::Shadow, 1)),
        "version 2, legacy"
    );
    let third = log.open().unwrap().id;
    let mut late = log.command(1, "lots", approve(&third));
    late.who = "bea".to_owned();
    late.expected = Some(1);
    assert_eq!(log.fold(&late.signed(&key(1))), "stale_version");
}

#[test]
fn what_happened_is_remembered_by_its_name() {
    let mut log = Log::of(1);
    let happened = |event: &str| What::Happened {
        event: event.to_owned(),
    };
    assert_eq!(log.by("anna", happened("month-end")), "unknown_group");
    assert_eq!(log.by("anna", set(Mode::Shadow)), "version 1, shadow");
    assert_eq!(log.by("anna", happened("month-end")), "version 1, shadow");
    assert_eq!(log.by("bea", happened("month-end")), "version 1, shadow");
    let events = &log.fold.group("lots").unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(events["month-end"].by, "bea");
    for number in 1..MAX_EVENTS {
        assert_eq!(
            log.by("anna", happened(&number.to_string())),
            "version 1, shadow"
        );
    }
    assert_eq!(log.by("anna", happened("one more")), "too_many_events");
    assert_eq!(log.by("anna", happened("month-end")), "version 1, shadow");
    // They stay on the way forward, and are gone with the way back.
    assert_eq!(log.by("anna", set(Mode::Modern)), "version 2, modern");
    assert_eq!(log.fold.group("lots").unwrap().events.len(), MAX_EVENTS);
    assert_eq!(log.by("anna", set(Mode::Legacy)), "version 3, legacy");
    assert_eq!(log.by("anna", happened("month-end")), "version 3, legacy");
    assert_eq!(log.by("anna", set(Mode::Shadow)), "version 4, shadow");
    assert!(log.fold.group("lots").unwrap().events.is_empty());
}

proptest! {
    // Signing is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_made_that_not_enough_others_have_approved(
        steps in proptest::collection::vec((0_u8..6, 0_usize..4, 1_u8..4), 0..80),
    ) {
        let people = ["anna", "bea", "cleo", "dora"];
        let mut log = Log::of(1);
        log.by("anna", set(Mode::Shadow));
        let mut other = log.fold.clone();
        // Who signed what is open now, as seen from outside.
        let mut signed: Option<(CommandId, usize, Vec<usize>, u8)> = None;
        for (kind, who, approvals) in steps {
            let id = signed.as_ref().map_or_else(CommandId::random, |(id, ..)| id.clone());
            let now = log.fold.group("lots").unwrap().mode;
            let to = if now == Mode::Shadow { Mode::Modern } else { Mode::Shadow };
            let what = match kind {
                0 => propose(to, approvals),
                1 | 2 => approve(&id),
                3 => made(to, &id),
                4 => What::Reject { proposal: id.clone() },
                _ => What::Happened { event: "month-end".to_owned() },
            };
            let mut command = log.command(1, "lots", what);
            command.who = people[who].to_owned();
            let command = command.signed(&key(1));
            let (offset, before) = (log.next, log.fold.group("lots").unwrap().clone());
            let counts = log.fold(&command).starts_with("version");
            other.fold(offset, &command.to_bytes()).unwrap();
            prop_assert_eq!(&log.fold, &other);
            // A gateway that starts from its local copy.
            other = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
            let after = log.fold.group("lots").unwrap();
            let expected = match (kind, &mut signed) {
                (0, open @ None) => {
                    *open = Some((command.id.clone(), who, Vec::new(), approvals));
                    true
                }
                (1 | 2, Some((_, by, names, needed))) => {
                    let may = who != *by && !names.contains(&who) && names.len() < usize::from(*needed);
                    if may {
                        names.push(who);
                    }
                    may
                }
                (3, Some((_, _, names, needed))) => names.len() >= usize::from(*needed),
                (4, Some(_)) => true,
                (5, _) => true,
                _ => false,
            };
            prop_assert_eq!(counts, expected);
            prop_assert_eq!(after.version != before.version, counts && kind == 3);
            if counts && matches!(kind, 3 | 4) {
                signed = None;
            }
            prop_assert_eq!(after.proposal.is_some(), signed.is_some());
        }
    }
}
