//! SDK for a Kafka-backed service.
