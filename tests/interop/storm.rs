//! Services, gateways and Kafka killed (`kill -9`) under load, on Apache Kafka.

use kafka::KafkaConfig;
use tests::storm::{self, Programs, Settings};
use tokio::runtime::Runtime;

use crate::broker;

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

#[test]
fn services_and_gateways_killed_under_load_lose_and_double_nothing() {
    let bootstrap = broker::running();
    let kafka = KafkaConfig::at(bootstrap.as_str());
    let settings = Settings::or_told(1000, 30).unwrap();
    let surviving = storm::survive(&kafka, PROGRAMS, &settings);
    let report = Runtime::new().unwrap().block_on(surviving).unwrap();
    println!("{report}");
    assert!(report.services_killed >= 3 && report.gateways_killed >= 1);
    // However little time the machine has: who refuses all loses nothing either.
    assert!(report.writes.done * 10 > report.writes.all() && report.reads > 0);
}

async fn kafka_is_to(action: &'static str) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(|| broker::kafka(action)).await??;
    Ok(())
}

#[test]
fn kafka_killed_under_load_is_done_without_and_found_again() {
    let bootstrap = broker::restarting();
    let kafka = KafkaConfig::at(bootstrap.as_str());
    let settings = Settings::or_told(200, 15).unwrap();
    let surviving = storm::survive_outage(
        &kafka,
        PROGRAMS,
        &settings,
        async || kafka_is_to("kill").await,
        async || kafka_is_to("start").await,
    );
    let surviving = Runtime::new().unwrap().block_on(surviving);
    let (report, took) = surviving.unwrap();
    println!("{report}; writes of all keys done {took:.1?} after it was back");
    // Reads were promised an answer: legacy gave it.
    assert!(report.fallbacks > 0 && report.writes.refused > 0);
}
