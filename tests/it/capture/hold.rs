//! What holds a generation, or its deletes, and what each release does.

use cdc::{Choice, ErrorKind, State, What};

use super::rig::{Lot, Rig, TOPIC, json, name};

const BEFORE: [Lot; 4] = [
    ("A1", 1, "one"),
    ("B2", 2, "two"),
    ("C3", 3, "three"),
    ("D4", 4, "four"),
];

/// A rig whose first generation is committed.
async fn begun() -> Rig {
    let rig = Rig::new();
    rig.lots(1, &BEFORE);
    rig.once().await;
    rig
}

/// The reasons of the only hold, as a person reads them.
async fn held(rig: &Rig) -> String {
    let status = rig.status().await;
    assert_eq!(status.state, State::Held);
    let [held] = status.held.as_slice() else {
        panic!("one hold, got {:?}", status.held)
    };
    held.reasons
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_generation_deletes_nothing() {
    let rig = begun().await;
    rig.write(2, b"");
    rig.lots(3, &[("A1", 9, "one")]);
    rig.once().await;
    assert_eq!(
        held(&rig).await,
        "the generation has no records; an unload that failed looks like this"
    );
    assert_eq!(
        rig.fold().await.len(),
        4,
        "later generations wait behind it"
    );
    assert_eq!(rig.status().await.held[0].choices[0], Choice::Apply);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_file_deletes_nothing_and_goes_on_once_it_is_replaced() {
    let rig = begun().await;
    let whole = rig.bytes(&[
        ("A1", 1, "one"),
        ("B2", 2, "two"),
        ("C3", 3, "three"),
        ("D4", 5, "four"),
    ]);
    rig.write(2, &whole[..30]);
    rig.once().await;
    let reason = held(&rig).await;
    assert!(
        reason.contains("24") && reason.contains("12"),
        "names the place and what was wanted: {reason}"
    );
    let error = rig.release(2, Choice::Apply).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        format!("generation {} cannot be released with `apply`", name(2))
    );
    assert_eq!(error.help(), Some("it can with: without-deletes, skip"));
    rig.write(2, &whole);
    rig.once().await;
    assert_eq!(rig.since(4).await, ["u D4 4→5"]);
    assert_eq!(rig.status().await.state, State::Current);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_deletes_are_applied_only_when_a_person_says_so() {
    let rig = begun().await;
    rig.lots(2, &[("A1", 9, "one"), ("E5", 5, "five")]);
    rig.once().await;
    assert_eq!(
        held(&rig).await,
        "3 of 4 records are missing, at most 1 may be (max_deletes)"
    );
    assert_eq!(rig.seen().await.len(), 4);
    rig.release(2, Choice::Apply).await.unwrap();
    assert_eq!(
        rig.status().await.held[0].released,
        Some(Choice::Apply),
        "on its way"
    );
    rig.once().await;
    assert_eq!(
        rig.since(4).await,
        ["u A1 1→9", "d B2 2", "d C3 3", "d D4 4", "c E5 5"]
    );
    // Once: a restart does not act on it again, and the next such generation is held again.
    rig.lots(3, &[("F6", 6, "six")]);
    rig.once().await;
    assert_eq!(
        held(&rig).await,
        "2 of 2 records are missing, at most 1 may be (max_deletes)"
    );
    assert_eq!(rig.seen().await.len(), 9);
    let end = rig.read("plant.generations").await;
    let end = json(end.last().unwrap().value.as_ref());
    assert_eq!(end["release"]["who"], "anna");
    assert_eq!(end["release"]["why"], "CHG0042");
}

#[tokio::test(flavor = "multi_thread")]
async fn released_without_deletes_the_missing_records_stay() {
    let rig = begun().await;
    rig.lots(2, &[("A1", 9, "one"), ("E5", 5, "five")]);
    rig.once().await;
    rig.release(2, Choice::WithoutDeletes).await.unwrap();
    rig.once().await;
    assert_eq!(rig.since(4).await, ["u A1 1→9", "c E5 5"]);
    assert_eq!(rig.fold().await.len(), 5);
    assert_eq!(
        rig.status().await.state,
        State::Current,
        "the person said they are no deletes"
    );
    // They are compared with the next generation as all others.
    rig.lots(
        3,
        &[
            ("A1", 9, "one"),
            ("B2", 7, "two"),
            ("C3", 3, "three"),
            ("D4", 4, "four"),
        ],
    );
    rig.once().await;
    assert_eq!(rig.since(6).await, ["u B2 2→7", "d E5 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_generation_leaves_no_trace_but_its_marker() {
    let rig = begun().await;
    rig.write(2, b"");
    rig.once().await;
    rig.release(2, Choice::Skip).await.unwrap();
    rig.lots(
        3,
        &[
            ("A1", 1, "one"),
            ("B2", 2, "two"),
            ("C3", 8, "three"),
            ("D4", 4, "four"),
        ],
    );
    rig.once().await;
    assert_eq!(rig.since(4).await, ["u C3 3→8"]);
    let outcomes: Vec<_> = rig
        .read("plant.generations")
        .await
        .iter()
        .map(|end| json(end.value.as_ref())["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["applied", "skipped", "applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_key_holds_the_deletes_of_its_generation_and_nothing_else() {
    let rig = Rig::with("max_bad = 2\nmax_deletes = 2");
    // A key that may be unreadable: packed.
    std::fs::write(
        rig.folder.path().join("LOT.meaning.toml"),
        "version = 1\nkey = [\"LOT-QTY\"]\n",
    )
    .unwrap();
    let key = |record: &Option<Vec<u8>>| json(record.as_ref())["LOT-QTY"].as_i64().unwrap();
    let ops = |records: Vec<kafka::Incoming>| -> Vec<String> {
        let live = records.iter().filter(|record| record.value.is_some());
        live.map(|record| {
            format!(
                "{} {}",
                json(record.value.as_ref())["op"].as_str().unwrap(),
                key(&record.key)
            )
        })
        .collect()
    };
    rig.lots(1, &[("A", 1, "one"), ("B", 2, "two"), ("C", 3, "three")]);
    rig.once().await;
    let mut bytes = rig.bytes(&[("A", 1, "ONE"), ("B", 2, "two"), ("D", 4, "four")]);
    bytes[12 + 4] = 0xFF;
    rig.write(2, &bytes);
    rig.once().await;
    assert_eq!(
        ops(rig.read(TOPIC).await).split_off(3),
        ["u 1", "c 4"],
        "creates and updates flow"
    );
    let status = rig.status().await;
    assert_eq!(status.held[0].what, What::Deletes(2));
    assert_eq!(
        held(&rig).await,
        "1 record has a key that cannot be read, so a missing record may be one of them"
    );
    let [letter] = <[_; 1]>::try_from(rig.dead_letters().await).unwrap();
    assert_eq!(letter["figway-dlq-field"], "LOT-QTY");
    assert!(rig.read("plant.lots.dlq").await[0].key.is_none());

    // A person says that they are gone.
    rig.release(2, Choice::Apply).await.unwrap();
    rig.once().await;
    assert_eq!(ops(rig.read(TOPIC).await).split_off(5), ["d 2", "d 3"]);
    let end = json(rig.read("plant.generations").await[2].value.as_ref());
    assert_eq!(
        (end["kind"].as_str(), end["emitted"]["deleted"].as_u64()),
        (Some("held-deletes"), Some(2))
    );
    assert_eq!(rig.status().await.state, State::Current);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_generation_without_fault_decides_held_deletes_by_itself() {
    let rig = Rig::new();
    rig.lots(1, &BEFORE);
    rig.once().await;
    // B2's key was overwritten with A1's: a duplicate, and B2 looks deleted.
    rig.lots(
        2,
        &[
            ("A1", 1, "one"),
            ("A1", 2, "two"),
            ("C3", 3, "three"),
            ("D4", 4, "four"),
        ],
    );
    rig.once().await;
    assert!(held(&rig).await.contains("has the key of another one"));
    assert_eq!(rig.since(4).await, ["u A1 1→2"]);
    assert_eq!(
        rig.dead_letters().await[0]["figway-dlq-kind"],
        "duplicate-key"
    );
    rig.lots(3, &[("A1", 1, "one"), ("B2", 2, "two"), ("C3", 3, "three")]);
    rig.once().await;
    assert_eq!(
        rig.since(5).await,
        ["u A1 2→1", "d D4 4"],
        "B2 was never deleted"
    );
    assert_eq!(rig.status().await.state, State::Current);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_copybook_is_one_clear_hold() {
    let rig = Rig::new();
    // Text where packed numbers should be: a file that was translated on the way.
    rig.write(1, &[b'A'; 12 * 50]);
    rig.once().await;
    let reason = held(&rig).await;
    assert!(
        reason.starts_with("50 of 50 records cannot be read, at most 3 may be (max_bad); is the record format, record length, code page or copybook wrong?"),
        "{reason}"
    );
    assert!(rig.seen().await.is_empty() && rig.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_refused_when_nothing_is_held_so() {
    let rig = begun().await;
    let error = rig.release(1, Choice::Apply).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("generation {} of lots is not held", name(1))
    );
    assert_eq!(error.help(), Some("nothing is held"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_does_not_reach_a_file_that_took_the_held_ones_place() {
    let rig = begun().await;
    rig.write(2, b"");
    rig.once().await;
    rig.release(2, Choice::Apply).await.unwrap();
    // Before the worker sees the release the file is replaced, by one that is wrong in another way.
    rig.lots(2, &[("A1", 9, "one")]);
    rig.once().await;
    assert_eq!(
        rig.seen().await.len(),
        4,
        "nobody said that these three may be deleted"
    );
    assert_eq!(
        held(&rig).await,
        "3 of 4 records are missing, at most 1 may be (max_deletes)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_image_is_made_again_from_its_file() {
    let rig = begun().await;
    std::fs::remove_dir_all(rig.state()).unwrap();
    rig.lots(
        2,
        &[
            ("A1", 1, "one"),
            ("B2", 2, "two"),
            ("C3", 3, "three"),
            ("D4", 5, "four"),
        ],
    );
    rig.once().await;
    assert_eq!(rig.since(4).await, ["u D4 4→5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_image_whose_file_is_gone_holds_until_a_stated_snapshot() {
    let rig = begun().await;
    std::fs::remove_dir_all(rig.state()).unwrap();
    std::fs::remove_file(rig.data(1)).unwrap();
    rig.lots(2, &[("A1", 1, "one"), ("E5", 5, "five")]);
    rig.once().await;
    let reason = held(&rig).await;
    assert!(reason.contains("its file is no longer there"), "{reason}");
    rig.release(2, Choice::Resnapshot).await.unwrap();
    rig.once().await;
    assert_eq!(rig.since(4).await, ["r A1 1", "r E5 5"]);
    rig.lots(3, &[("A1", 2, "one"), ("E5", 5, "five")]);
    rig.once().await;
    assert_eq!(rig.since(6).await, ["u A1 1→2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_layout_stops_the_source_until_a_person_says_what_it_means() {
    let rig = begun().await;
    // The quantity gets a business name: the records mean the same.
    std::fs::write(
        rig.folder.path().join("LOT.meaning.toml"),
        "version = 1\nkey = [\"LOT-ID\"]\n[fields.\"LOT-NAME\"]\ndescription = \"what it is called\"\nname = \"label\"\n",
    )
    .unwrap();
    rig.lots(
        2,
        &[
            ("A1", 9, "one"),
            ("B2", 2, "two"),
            ("C3", 3, "three"),
            ("D4", 4, "four"),
        ],
    );
    rig.once().await;
    assert!(held(&rig).await.starts_with("the layout changed from "));
    assert_eq!(rig.seen().await.len(), 4);
    rig.release(1, Choice::Apply).await.unwrap();
    rig.once().await;
    assert_eq!(rig.since(4).await, ["u A1 1→9"]);
    let event = json(rig.read(TOPIC).await[4].value.as_ref());
    assert_eq!(
        event["before"]["label"], "one",
        "the old bytes, read with the new layout"
    );
}
