//! Services, gateways and Kafka killed (`kill -9`) under load, on the embedded broker.

use std::path::Path;
use std::time::Duration;

use broker::{Broker, BrokerConfig};
use kafka::KafkaConfig;
use tests::killed::Process;
use tests::storm::{self, Programs, Settings};

use crate::kill::BROKER;

const PROGRAMS: Programs = Programs {
    gateway: "storm::gateway_process",
    service: "storm::service_process",
};

/// Not a test of its own: a gateway that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the storm"]
async fn gateway_process() {
    storm::gateway().await.unwrap();
}

/// Not a test of its own: an instance of the service that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the storm"]
async fn service_process() {
    storm::service().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_and_gateways_killed_under_load_lose_and_double_nothing() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let settings = Settings::or_told(200, 9).unwrap();
    let report = storm::survive(&kafka, PROGRAMS, &settings).await.unwrap();
    println!("{report}");
    assert!(report.services_killed >= 3 && report.gateways_killed >= 1);
    // However little time the machine has: who refuses all loses nothing either.
    assert!(report.writes.done * 10 > report.writes.all() && report.reads > 0);
}

/// A broker in a process of its own, and where it listens.
async fn broker(folder: &Path, listen: &str) -> (Process, String) {
    let told = format!("{}|{listen}", folder.display());
    let mut process = Process::start("kill::broker_process", BROKER, &told).unwrap();
    let said = process.hear(Duration::from_secs(60)).await.unwrap();
    let address = said.strip_prefix("listening ").unwrap().to_owned();
    (process, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_killed_under_load_is_done_without_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, address) = broker(folder.path(), "127.0.0.1:0").await;
    let kafka = KafkaConfig::at(&address);
    let settings = Settings::or_told(200, 12).unwrap();
    let mut again = None;
    let (report, took) = storm::survive_outage(
        &kafka,
        PROGRAMS,
        &settings,
        async || process.kill().await,
        async || {
            again = Some(broker(folder.path(), &address).await);
            Ok(())
        },
    )
    .await
    .unwrap();
    println!("{report}; writes of all keys done {took:.1?} after it was back");
    // Reads were promised an answer: legacy gave it.
    assert!(report.fallbacks > 0 && report.writes.refused > 0);
}
