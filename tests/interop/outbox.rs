//! The example service with a database of its own, on PostgreSQL and Apache Kafka.
//!
//! `FIGWAY_POSTGRES` is the URL of an empty database that `postgres.sh` has started.

use std::env;

use kafka::KafkaConfig;

#[tokio::test(flavor = "multi_thread")]
async fn with_postgresql_a_killed_service_loses_and_doubles_nothing_in_database_and_topic() {
    let database = env::var("FIGWAY_POSTGRES").expect("FIGWAY_POSTGRES names no PostgreSQL");
    let kafka = env::var("FIGWAY_KAFKA").expect("FIGWAY_KAFKA names no Kafka");
    tests::outbox::survives_kills(&KafkaConfig::at(kafka), &database)
        .await
        .unwrap();
}
