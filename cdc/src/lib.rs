//! Change capture: legacy records to Kafka topics, exactly once.
