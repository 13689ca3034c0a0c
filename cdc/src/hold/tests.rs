use super::*;

const RULES: Rules = Rules {
    max_deletes: Threshold::PerMille(50),
    max_bad: Threshold::PerMille(50),
    duplicate_keys: DuplicateKeys::HoldDeletes,
};

fn check(counts: Counts) -> String {
    let verdict = judge(
        &Evidence {
            counts,
            first_bad: Some("record 3".into()),
            ..Evidence::default()
        },
        &RULES,
    );
    let (word, reasons) = match verdict {
        Verdict::Apply => ("apply", Vec::new()),
        Verdict::HoldDeletes(reasons) => ("hold deletes", reasons),
        Verdict::Hold(reasons) => ("hold", reasons),
    };
    std::iter::once(word.to_owned())
        .chain(reasons.iter().map(ToString::to_string))
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn a_generation_without_fault_is_applied_with_its_deletes() {
    assert_eq!(
        check(Counts {
            records: 95,
            before: 100,
            missing: 5,
            ..Counts::default()
        }),
        "apply"
    );
    assert_eq!(
        check(Counts {
            records: 9,
            before: 10,
            missing: 1,
            ..Counts::default()
        }),
        "apply",
        "a small set may lose one"
    );
    assert_eq!(
        check(Counts {
            records: 10,
            ..Counts::default()
        }),
        "apply",
        "the first generation"
    );
}

#[test]
fn an_empty_generation_is_held() {
    assert_eq!(
        check(Counts {
            before: 3,
            missing: 3,
            ..Counts::default()
        }),
        "hold; the generation has no records; an unload that failed looks like this"
    );
}

#[test]
fn deletes_past_the_threshold_hold_the_generation() {
    assert_eq!(
        check(Counts {
            records: 94,
            before: 100,
            missing: 6,
            ..Counts::default()
        }),
        "hold; 6 of 100 records are missing, at most 5 may be (max_deletes)"
    );
}

#[test]
fn an_unreadable_or_duplicate_key_holds_only_the_deletes() {
    let counts = Counts {
        records: 100,
        before: 100,
        missing: 1,
        unreadable_keys: 1,
        duplicate_keys: 1,
        ..Counts::default()
    };
    assert_eq!(
        check(counts),
        "hold deletes; 1 record has a key that cannot be read, so a missing record may be one of them; \
         1 record has the key of another one, so a missing record may be one of them with a damaged key"
    );
    assert_eq!(
        check(Counts {
            missing: 0,
            ..counts
        }),
        "apply",
        "nothing is missing: nothing to hold"
    );
    assert_eq!(
        check(Counts {
            unreadable_keys: 0,
            duplicate_keys: 0,
            unreadable_bodies: 1,
            ..counts
        }),
        "apply",
        "an unreadable body keeps its own key"
    );
}

#[test]
fn a_wrong_copybook_is_one_hold_and_not_a_million_dead_letters() {
    assert_eq!(
        check(Counts {
            records: 1_000_000,
            before: 0,
            unreadable_bodies: 1_000_000,
            ..Counts::default()
        }),
        "hold; 1000000 of 1000000 records cannot be read, at most 50000 may be (max_bad); \
         is the record format, record length, code page or copybook wrong? first: record 3"
    );
}

#[test]
fn a_cut_file_and_a_wrong_trailer_are_held_with_every_reason() {
    let evidence = Evidence {
        counts: Counts {
            records: 50,
            before: 100,
            missing: 50,
            ..Counts::default()
        },
        framing: Some("cut".into()),
        controls: vec!["trailer says 100 records, 50 came".into()],
        first_bad: None,
    };
    let Verdict::Hold(reasons) = judge(&evidence, &RULES) else {
        panic!("held")
    };
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}

#[test]
fn thresholds_read_as_they_are_written() {
    assert_eq!(Threshold::PerMille(50).to_string(), "5 %");
    assert_eq!(Threshold::PerMille(5).to_string(), "0.5 %");
    assert_eq!(Threshold::Records(7).to_string(), "7");
    assert_eq!(
        Threshold::PerMille(50).allowed(u64::MAX),
        u64::MAX.div_ceil(1000)
    );
}
