//! Another layout: nothing is compared across it, and every choice leads on.

use cdc::{Capture, Choice, Event, Mode, Observer, Reason, State};
use kafka::{CheckpointKey, CheckpointStore};
use ops::shutdown::Shutdown;
use serde_json::{Value, json};

use super::rig::{COPYBOOK, Lot, MEANING, Rig, json as parsed, layout, name};

/// The copybook grown from 12 to 15 bytes.
const GROWN: &str = "           05  LOT-PLACE PIC X(3).\n";

/// Another fingerprint of the same 12 bytes.
const RENAMED: &str = "version = 1\nkey = [\"LOT-ID\"]\n[fields.\"LOT-NAME\"]\ndescription = \"what it is called\"\nname = \"label\"\n";

async fn begun() -> Rig {
    let rig = Rig::new();
    rig.lots(
        1,
        &[
            ("A1", 1, "one"),
            ("B2", 2, "two"),
            ("C3", 3, "three"),
            ("D4", 4, "four"),
        ],
    );
    rig.once().await;
    rig
}

fn grow(rig: &Rig) {
    std::fs::write(
        rig.folder.path().join("LOT.cpy"),
        format!("{COPYBOOK}{GROWN}"),
    )
    .unwrap();
}

fn meaning(rig: &Rig, text: &str) {
    std::fs::write(rig.folder.path().join("LOT.meaning.toml"), text).unwrap();
}

/// A generation in the grown form.
fn grown_lots(rig: &Rig, generation: u32, lots: &[Lot]) {
    let layout = layout(&format!("{COPYBOOK}{GROWN}"), MEANING);
    let record = |(id, quantity, name): &Lot| {
        let json = json!({"LOT-ID": id, "LOT-QTY": quantity, "LOT-NAME": name, "LOT-PLACE": "X"});
        layout.read_json(json.to_string().as_bytes()).unwrap()
    };
    rig.write(
        generation,
        &lots.iter().flat_map(record).collect::<Vec<_>>(),
    );
}

async fn held_for_layout(rig: &Rig) -> bool {
    let held = rig.status().await.held;
    matches!(held[0].reasons.first(), Some(Reason::LayoutChanged { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_grew_goes_on_with_the_next_generation() {
    let rig = begun().await;
    grow(&rig);
    grown_lots(&rig, 2, &[("A1", 9, "one"), ("E5", 5, "five")]);
    rig.once().await;
    assert!(held_for_layout(&rig).await);
    rig.release(1, Choice::Resnapshot).await.unwrap();
    rig.once().await;
    assert_eq!(rig.since(4).await, ["r A1 9", "r E5 5"]);
    assert_eq!(rig.status().await.state, State::Current);
    let end = rig.read("plant.generations").await;
    let end = parsed(end.last().unwrap().value.as_ref());
    assert_eq!(end["generation"], name(2).as_str());
    assert_eq!(end["release"]["choice"], "resnapshot");
    grown_lots(&rig, 3, &[("A1", 9, "one"), ("E5", 6, "five")]);
    rig.once().await;
    assert_eq!(rig.since(6).await, ["u E5 5→6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_grew_waits_for_the_generation_that_has_it() {
    let rig = begun().await;
    grow(&rig);
    rig.once().await;
    rig.release(1, Choice::Resnapshot).await.unwrap();
    let fresh = rig.once().await.as_of_ms;
    let status = rig.status().await;
    assert_eq!(
        (status.held.as_slice(), rig.seen().await.len()),
        ([].as_slice(), 4)
    );
    let trouble = status.trouble.unwrap();
    assert_eq!(trouble.kind, "snapshot-due");
    assert!(
        trouble.message.contains("deleted by hand"),
        "{}",
        trouble.message
    );
    // Two generations of the old form, then the new one.
    rig.lots(2, &[("A1", 7, "one")]);
    rig.once().await;
    assert!(matches!(
        rig.status().await.held[0].reasons.as_slice(),
        [Reason::Framing { .. } | Reason::TooManyBad { .. }, ..]
    ));
    rig.lots(3, &[("A1", 8, "one")]);
    grown_lots(&rig, 4, &[("A1", 9, "one")]);
    let position = rig.once().await;
    assert_eq!(rig.since(4).await, ["r A1 9"]);
    assert_eq!(rig.status().await.trouble, None);
    assert!(position.as_of_ms > fresh);
    let outcomes: Vec<_> = rig
        .read("plant.generations")
        .await
        .iter()
        .map(|end| parsed(end.value.as_ref())["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["applied", "skipped", "skipped", "applied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_generation_is_sent_anew_when_it_reads_under_the_new_layout() {
    let rig = begun().await;
    meaning(&rig, RENAMED);
    rig.once().await;
    rig.release(1, Choice::Resnapshot).await.unwrap();
    rig.once().await;
    assert_eq!(rig.since(4).await, ["r A1 1", "r B2 2", "r C3 3", "r D4 4"]);
    rig.once().await;
    assert_eq!(rig.seen().await.len(), 8, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_is_refused_for_a_record_that_grew_and_resnapshot_still_leads_on() {
    let rig = begun().await;
    grow(&rig);
    grown_lots(&rig, 2, &[("A1", 9, "one")]);
    rig.once().await;
    rig.release(1, Choice::Apply).await.unwrap();
    rig.once().await;
    rig.once().await;
    assert!(held_for_layout(&rig).await);
    assert_eq!(rig.seen().await.len(), 4);
    let error = rig.release(1, Choice::Skip).await.unwrap_err();
    assert_eq!(error.help(), Some("it can with: apply, resnapshot"));
    rig.release(1, Choice::Resnapshot).await.unwrap();
    rig.once().await;
    assert_eq!(rig.since(4).await, ["r A1 9"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skip_in_a_service_leads_to_no_comparison_across_layouts() {
    let rig = begun().await;
    grow(&rig);
    // Of the old form still: it cannot be read, and a person leaves it out.
    rig.lots(2, &[("A1", 1, "one")]);
    let (tell, mut told) = tokio::sync::mpsc::channel(100);
    let observer = Observer::new(move |event| {
        let word = match event {
            Event::Held { reasons, .. } => format!("{:?}", reasons[0]),
            Event::Finished { generation, .. } => generation.to_owned(),
            _ => return,
        };
        tell.try_send(word).ok();
    });
    let shutdown = Shutdown::new();
    let service = tokio::spawn({
        let (config, shutdown) = (rig.config(), shutdown.clone());
        async move {
            Capture::from_config(config)
                .run(&shutdown, Mode::Forever, observer)
                .await
        }
    });
    let until = async |generation: u32, choice: Choice| {
        while rig.release(generation, choice).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    assert!(told.recv().await.unwrap().starts_with("LayoutChanged"));
    until(1, Choice::Resnapshot).await;
    assert!(!told.recv().await.unwrap().starts_with("LayoutChanged"));
    until(2, Choice::Skip).await;
    grown_lots(&rig, 3, &[("A1", 1, "one"), ("B2", 2, "two")]);
    while told.recv().await.unwrap() != name(3) {}
    shutdown.begin();
    service.await.unwrap().remove(0).outcome.unwrap();
    assert_eq!(rig.since(4).await, ["r A1 1", "r B2 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_generation_held_for_the_wrong_copybook_is_judged_anew_with_the_right_one() {
    let rig = Rig::new();
    grown_lots(&rig, 1, &[("A1", 1, "one")]);
    rig.once().await;
    assert_eq!(rig.status().await.state, State::Held);
    grow(&rig);
    rig.once().await;
    assert_eq!(rig.since(0).await, ["r A1 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_acted_on_is_not_acted_on_again_when_it_was_not_cleared() {
    let rig = begun().await;
    let (store, key) = (
        CheckpointStore::new(&rig.kafka()),
        CheckpointKey::new("plant.lots", "0"),
    );
    meaning(&rig, RENAMED);
    rig.once().await;
    rig.release(1, Choice::Apply).await.unwrap();
    let first: Value = store
        .releases(&key)
        .await
        .unwrap()
        .poll()
        .await
        .unwrap()
        .remove(0)
        .value
        .unwrap();
    rig.once().await;
    assert_eq!(rig.status().await.state, State::Current);
    meaning(&rig, MEANING);
    rig.once().await;
    rig.release(1, Choice::Apply).await.unwrap();
    rig.once().await;
    // The same hold as the first, with its release there again.
    meaning(&rig, RENAMED);
    rig.once().await;
    store
        .write_release(&key, &name(1), Some(&first))
        .await
        .unwrap();
    rig.once().await;
    assert!(held_for_layout(&rig).await);
    assert!(
        rig.status().await.held[0].released.is_some(),
        "it is of this hold"
    );
    rig.release(1, Choice::Apply).await.unwrap();
    rig.once().await;
    assert_eq!(rig.status().await.state, State::Current);
}
