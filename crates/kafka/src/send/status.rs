//! Whether a record that was given up may stand in its topic: librdkafka knows, and rdkafka does not pass it on.

#![allow(
    unsafe_code,
    reason = "rd_kafka_message_status has no safe counterpart in rdkafka"
)]

use rdkafka::bindings::{rd_kafka_message_status, rd_kafka_msg_status_t};
use rdkafka::message::BorrowedMessage;

/// Whether the broker can have written the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persisted {
    /// It was never sent, or the broker refused it.
    No,
    /// It was sent and no clear answer came.
    Perhaps,
}

/// What became of a record, asked in its delivery callback.
pub(super) fn of(message: &BorrowedMessage<'_>) -> Persisted {
    // SAFETY: the pointer is that of a message which lives as long as the borrow; the function only reads it.
    let status = unsafe { rd_kafka_message_status(message.ptr()) };
    match status {
        rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED => Persisted::No,
        rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED
        | rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_PERSISTED => Persisted::Perhaps,
    }
}
