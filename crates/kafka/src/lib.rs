//! Kafka clients: topics, transactions, checkpoints, dead letters.
