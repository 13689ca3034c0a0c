//! Invariant 12: the legacy path needs no Kafka.
