//! An embedded single-node Kafka broker for the demo and the tests.
