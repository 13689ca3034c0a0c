//! What is on disk: one broker at a time, torn tails cut, damage said.

use std::fs;
use std::path::{Path, PathBuf};

use broker::{Broker, BrokerConfig, Kind, Storage};

use crate::batch::{NOBODY, batch};
use crate::client::Client;

const KEEP: &[(&str, &str)] = &[
    ("message.timestamp.after.max.ms", "9223372036854775807"),
    ("segment.bytes", "400"),
];

fn start(directory: &Path) -> Result<Broker, broker::Error> {
    let storage = Storage::Directory(directory.to_owned());
    Broker::start(BrokerConfig {
        storage,
        ..BrokerConfig::default()
    })
}

/// Files of the topic's only partition, oldest first.
fn segments(directory: &Path) -> Vec<PathBuf> {
    let topic = fs::read_dir(directory.join("topics"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut files: Vec<PathBuf> = fs::read_dir(topic.join("0"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

fn write(directory: &Path, count: i64) {
    let broker = start(directory).unwrap();
    let mut client = Client::connect(&broker);
    client.create("t", KEEP);
    for offset in 0..count {
        assert_eq!(
            client
                .produce("t", None, &batch(NOBODY, &["some value"]))
                .base_offset,
            offset
        );
    }
}

#[test]
fn a_directory_has_one_broker_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(directory.path()).unwrap();
    assert_eq!(start(directory.path()).unwrap_err().kind(), Kind::Locked);
    drop(first);
    start(directory.path()).unwrap();
}

#[test]
fn a_torn_tail_is_cut_at_every_byte() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 7);
    let last = segments(directory.path()).pop().unwrap();
    let whole = fs::read(&last).unwrap();
    let size = batch(NOBODY, &["some value"]).len();
    let before = 7 - whole.len() / size;
    for cut in 0..=whole.len() {
        let mut torn = whole[..cut].to_vec();
        // What a disk may hold behind the tear.
        torn.extend_from_slice(&[0xab; 13]);
        fs::write(&last, &torn).unwrap();
        let broker = start(directory.path()).unwrap();
        let mut client = Client::connect(&broker);
        let kept = i64::try_from(before + cut / size).unwrap();
        assert_eq!(
            client.fetch("t", kept, 0).high_watermark,
            kept,
            "cut at {cut}"
        );
        assert_eq!(
            client
                .produce("t", None, &batch(NOBODY, &["some value"]))
                .base_offset,
            kept
        );
        drop(broker);
        // Back to what it was; a segment begun meanwhile goes.
        for file in segments(directory.path())
            .into_iter()
            .filter(|file| *file > last)
        {
            fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn damage_in_a_closed_segment_is_said_and_nothing_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 12);
    let first = segments(directory.path()).remove(0);
    let mut damaged = fs::read(&first).unwrap();
    damaged.truncate(damaged.len() - 3);
    fs::write(&first, &damaged).unwrap();
    let error = start(directory.path()).unwrap_err();
    assert_eq!(error.kind(), Kind::Damaged);
    assert!(error.to_string().contains("is damaged at byte"), "{error}");
    assert_eq!(fs::read(&first).unwrap(), damaged);
}

#[test]
fn an_address_in_use_is_said() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let again = BrokerConfig {
        listen: broker.address(),
        ..BrokerConfig::default()
    };
    let error = Broker::start(again).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (
            Kind::Listen,
            format!("cannot listen on {}", broker.address())
        )
    );
}

#[test]
fn a_wrong_configuration_is_said() {
    let mut config = BrokerConfig::default();
    config
        .topic_defaults
        .insert("retention.ms".to_owned(), "soon".to_owned());
    assert_eq!(Broker::start(config).unwrap_err().kind(), Kind::Config);
    let config = BrokerConfig {
        advertised: Some("nowhere".to_owned()),
        ..BrokerConfig::default()
    };
    assert_eq!(Broker::start(config).unwrap_err().kind(), Kind::Config);
}

#[tokio::test]
async fn a_broker_starts_and_stops_where_blocking_is_forbidden() {
    let directory = tempfile::tempdir().unwrap();
    let broker = start(directory.path()).unwrap();
    let taken = BrokerConfig {
        listen: broker.address(),
        ..BrokerConfig::default()
    };
    assert_eq!(Broker::start(taken).unwrap_err().kind(), Kind::Listen);
    broker.shutdown().await.unwrap();
    drop(start(directory.path()).unwrap());
    start(directory.path()).unwrap().shutdown().await.unwrap();
}

#[test]
fn a_silent_connection_is_closed() {
    let limits = broker::Limits {
        idle_timeout: std::time::Duration::from_millis(20),
        ..broker::Limits::default()
    };
    let broker = Broker::start(BrokerConfig {
        limits,
        ..BrokerConfig::default()
    })
    .unwrap();
    assert_eq!(Client::connect(&broker).receive_raw(), None);
}
