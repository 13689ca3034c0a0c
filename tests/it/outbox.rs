//! The example service with a database of its own, on SQLite.

use broker::{Broker, BrokerConfig};
use kafka::KafkaConfig;

#[tokio::test(flavor = "multi_thread")]
async fn with_sqlite_a_killed_service_loses_and_doubles_nothing_in_database_and_topic() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("stock.db").display());
    let kafka = KafkaConfig::at(broker.bootstrap());
    tests::outbox::survives_kills(&kafka, &database)
        .await
        .unwrap();
}
