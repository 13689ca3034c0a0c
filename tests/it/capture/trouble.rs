//! What goes wrong around capture: each thing is told once, clearly, with what to do; a service goes on by itself when it is mended.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use cdc::{Capture, CaptureConfig, ErrorKind, Event, Mode, Observer, Phase, Reason};
use kafka::{KafkaConfig, TopicSpec, Topics};
use ops::shutdown::Shutdown;

use super::rig::{Rig, TOPIC, write_whole};

/// The error of the only source, with its causes and its help.
async fn failure(rig: &Rig) -> (ErrorKind, String) {
    let error = rig.try_once().await.remove(0).outcome.unwrap_err();
    (
        error.kind(),
        format!(
            "{}\nhelp: {}",
            error.chain(),
            error.help().unwrap_or("none")
        ),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_broker_is_named_with_what_to_do() {
    let rig = Rig::new();
    // A port that was free a moment ago and is nobody's.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let kafka = KafkaConfig {
        timeout: Duration::from_secs(1),
        ..KafkaConfig::at(nobody.to_string())
    };
    let config = rig.config().with_kafka(kafka);
    let error = Capture::from_config(config)
        .run(&Shutdown::new(), Mode::Once, Observer::nobody())
        .await
        .remove(0)
        .outcome
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Kafka);
    assert!(
        error
            .to_string()
            .starts_with(&format!("no kafka broker answered at {nobody} within 1s")),
        "{error}"
    );
    assert!(
        error.to_string().contains("figway broker"),
        "says what to do: {error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_directory_ends_a_single_run_and_a_service_waits_for_it() {
    let rig = Rig::new();
    let data = rig.folder.path().join("data");
    std::fs::remove_dir(&data).unwrap();
    let (kind, text) = failure(&rig).await;
    assert_eq!(kind, ErrorKind::Missing);
    let data_shown = data.display().to_string();
    assert_eq!(
        text.replace(&data_shown, "DATA"),
        "could not list the directory DATA: it is not there: No such file or directory (os error 2)\n\
         help: check the path in capture.toml and that the file system is mounted"
    );

    let (tell, told) = sync_channel(100);
    let observer = Observer::new(move |event| {
        let word = match event {
            Event::Trouble { error, .. } => error.to_string(),
            Event::Finished { generation, .. } => generation.to_owned(),
            _ => return,
        };
        tell.send(word).ok();
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
    let hear = || {
        let next = told.recv_timeout(Duration::from_secs(30)).unwrap();
        next.replace(&data_shown, "DATA")
    };
    assert_eq!(
        tokio::task::block_in_place(hear),
        "could not list the directory DATA: it is not there"
    );
    let again = tokio::task::block_in_place(hear);
    assert_eq!(
        again, "could not list the directory DATA: it is not there",
        "it tries again"
    );
    let trouble = rig.status().await.trouble.unwrap();
    assert_eq!(trouble.kind, "missing");
    assert!(
        trouble.message.contains("check the path in capture.toml"),
        "{}",
        trouble.message
    );
    std::fs::create_dir(&data).unwrap();
    rig.lots(1, &[("A1", 1, "one")]);
    while tokio::task::block_in_place(hear) != "LOT.G0001V00" {}
    shutdown.begin();
    let position = service.await.unwrap().remove(0).outcome.unwrap();
    assert_eq!(position.trouble, None);
    assert_eq!(rig.fold().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_still_written_is_not_read() {
    let rig = Rig::with("settle = \"300ms\"").without("settle = \"20ms\"");
    let path = rig.data(1);
    std::fs::write(&path, rig.bytes(&[("A1", 1, "one")])).unwrap();
    let (stop, stopped) = sync_channel::<()>(0);
    let record = rig.record(("B2", 2, "two"));
    let writer = std::thread::spawn(move || {
        // A job that writes a record now and then; each time another size.
        while stopped.recv_timeout(Duration::from_millis(10)).is_err() {
            let mut file = std::fs::File::options().append(true).open(&path).unwrap();
            std::io::Write::write_all(&mut file, &record).unwrap();
        }
    });
    let (kind, text) = failure(&rig).await;
    assert_eq!(kind, ErrorKind::FileChanged);
    assert!(
        text.contains("LOT.G0001V00 is still being written") && text.contains("rename"),
        "{text}"
    );
    assert!(rig.seen().await.is_empty());
    stop.send(()).unwrap();
    writer.join().ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_as_it_must_be_is_an_error_that_names_the_fix() {
    let rig = Rig::new();
    let spec = TopicSpec::new(TOPIC, Some(5)).with("cleanup.policy", "delete");
    Topics::new(&rig.kafka()).ensure(&[spec]).await.unwrap();
    let (kind, text) = failure(&rig).await;
    assert_eq!(kind, ErrorKind::KafkaRefused);
    assert!(
        text.contains("topic plant.lots has 5 partitions and needs 1"),
        "{text}"
    );
    assert!(
        text.contains("cleanup.policy=delete and needs compact")
            && text.contains("kafka-configs.sh"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_topic_that_is_shorter_than_the_checkpoint_stops_the_source() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 1, "one"), ("B2", 2, "two")]);
    rig.once().await;
    // As after a failover to a copy that is behind.
    let admin: rdkafka::admin::AdminClient<_> = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", rig.broker.bootstrap())
        .create()
        .unwrap();
    admin
        .delete_topics(&[TOPIC], &rdkafka::admin::AdminOptions::new())
        .await
        .unwrap();
    let (kind, text) = failure(&rig).await;
    assert_eq!(kind, ErrorKind::Truncated);
    assert!(
        text.contains("topic plant.lots partition 0 should reach offset 2"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_are_shown_of_bad_records_has_no_contents() {
    let rig = Rig::new();
    let mut bytes = rig.bytes(&[("SECR", 1, "SECRE"); 40]);
    for record in bytes.chunks_mut(12) {
        record[6] = 0xFE;
    }
    rig.write(1, &bytes);
    rig.once().await;
    let shown = format!("{:?}", rig.status().await);
    assert!(shown.contains("LOT-QTY"), "names the field: {shown}");
    let ebcdic: String = rig.record(("SECR", 1, "SECRE"))[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for secret in ["SECR", "FE", "fe ", ebcdic.as_str()] {
        let reasons = rig.status().await.held[0]
            .reasons
            .iter()
            .map(ToString::to_string)
            .collect::<String>();
        assert!(!reasons.contains(secret), "{secret} in {reasons}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_s_end_does_not_end_another() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 1, "one")]);
    let second = rig
        .config_text()
        .split_once("[[source]]")
        .unwrap()
        .1
        .replace("\"lots\"", "\"more\"")
        .replace("\"data\"", "\"nowhere\"");
    let path = rig.folder.path().join("capture.toml");
    std::fs::write(&path, format!("{}\n[[source]]{second}", rig.config_text())).unwrap();
    let config = CaptureConfig::read(&path).unwrap();
    let ended = Capture::from_config(config)
        .run(&Shutdown::new(), Mode::Once, Observer::nobody())
        .await;
    let outcomes: Vec<_> = ended
        .iter()
        .map(|ended| (ended.source.as_str(), ended.outcome.is_ok()))
        .collect();
    assert_eq!(outcomes, [("lots", true), ("more", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_comes_too_late_is_not_captured_and_not_silent() {
    let rig = Rig::new();
    rig.lots(2, &[("A1", 1, "one")]);
    rig.once().await;
    assert_eq!(rig.status().await.trouble, None);
    // Written now, with a name before the last one's.
    std::fs::write(rig.data(1), rig.bytes(&[("B2", 2, "two")])).unwrap();
    let fresh = rig.once().await.as_of_ms;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(
        rig.once().await.as_of_ms,
        fresh,
        "the topic is not as the folder is now"
    );
    assert_eq!(rig.fold().await.len(), 1);
    let trouble = rig.status().await.trouble.unwrap();
    assert_eq!(trouble.kind, "late-generation");
    assert!(
        trouble.message.starts_with(
            "generation LOT.G0001V00 appeared or changed after generation LOT.G0002V00 was captured"
        ),
        "{}",
        trouble.message
    );
    std::fs::remove_file(rig.data(1)).unwrap();
    assert!(rig.once().await.as_of_ms > fresh);
    assert_eq!(rig.status().await.trouble, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_read_is_not_captured() {
    let more = |rig: &Rig| {
        let (path, record) = (rig.data(1), rig.record(("B2", 2, "two")));
        move || {
            let mut file = std::fs::File::options().append(true).open(&path).unwrap();
            std::io::Write::write_all(&mut file, &record).unwrap();
        }
    };
    let other = |rig: &Rig| {
        let (path, record) = (rig.data(1), rig.record(("A1", 7, "one")));
        move || write_whole(&path, &record)
    };
    let rig = Rig::new();
    changes_while_it_is_read(&rig, more(&rig)).await;
    let rig = Rig::new();
    changes_while_it_is_read(&rig, other(&rig)).await;
}

/// Makes `change` when the first bytes of the only generation are read.
async fn changes_while_it_is_read(rig: &Rig, change: impl Fn() + Send + Sync + 'static) {
    rig.lots(1, &[("A1", 1, "one")]);
    let once = std::sync::Once::new();
    let observer = Observer::new(move |event| {
        if let Event::Progress {
            phase: Phase::Reading,
            ..
        } = event
        {
            once.call_once(&change);
        }
    });
    let error = Capture::from_config(rig.config())
        .run(&Shutdown::new(), Mode::Once, observer)
        .await
        .remove(0)
        .outcome
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileChanged);
    assert!(rig.seen().await.is_empty());
}

/// Flips a bit in the middle of every image.
fn damage_images(rig: &Rig) {
    for image in std::fs::read_dir(rig.state().join("plant.lots/images")).unwrap() {
        let path = image.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_image_is_made_again_from_its_file_in_the_same_run() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 1, "one"), ("B2", 2, "two"), ("C3", 3, "three")]);
    rig.once().await;
    damage_images(&rig);
    rig.lots(2, &[("A1", 1, "one"), ("B2", 5, "two"), ("C3", 3, "three")]);
    rig.once().await;
    assert_eq!(rig.since(3).await, ["u B2 2→5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_image_whose_file_is_gone_is_held_as_lost() {
    let rig = Rig::new();
    rig.lots(1, &[("A1", 1, "one"), ("B2", 2, "two")]);
    rig.once().await;
    damage_images(&rig);
    std::fs::remove_file(rig.data(1)).unwrap();
    rig.lots(2, &[("A1", 1, "one")]);
    rig.once().await;
    let held = rig.status().await.held;
    assert!(
        matches!(held[0].reasons.as_slice(), [Reason::ImageLost { .. }]),
        "{held:?}"
    );
    assert_eq!(rig.seen().await.len(), 2, "nothing is guessed");
}
