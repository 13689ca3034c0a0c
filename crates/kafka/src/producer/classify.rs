//! What an error of librdkafka means to the caller.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::{Error, Kind};

/// No broker answered.
pub(crate) fn unreachable(bootstrap: &str, waited: Duration, reason: Option<&str>) -> Error {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let message = format!(
        "no kafka broker answered at {bootstrap} within {}s{reason}: start one (`figway broker` serves for a trial) or \
         correct `bootstrap` in [kafka]",
        waited.as_secs_f64()
    );
    Error::new(Kind::Unreachable, message)
}

/// librdkafka does not take the settings.
pub(crate) fn creation(error: KafkaError) -> Error {
    match error {
        KafkaError::ClientConfig(_, why, name, _) => {
            // The value is not shown: it may be a secret.
            Error::new(
                Kind::Config,
                format!("kafka property {name} cannot be set: {}", lower(&why)),
            )
        }
        KafkaError::ClientCreation(why) => Error::new(
            Kind::Config,
            format!(
                "no kafka client can be made of these settings: {}",
                lower(&why)
            ),
        ),
        other => Error::new(
            Kind::Config,
            "no kafka client can be made of these settings",
        )
        .caused_by(other),
    }
}

/// `init_transactions` failed, though a broker is there.
pub(super) fn opening(id: &str, waited: Duration, error: KafkaError) -> Error {
    let code = error.rdkafka_error_code();
    let (kind, message) = match code {
        Some(code) if fenced(code) => (
            Kind::Fenced,
            format!("another producer opened transactional id {id} at the same moment"),
        ),
        Some(Code::InvalidTransactionTimeout) => (
            Kind::Config,
            "transaction_timeout is longer than the broker's transaction.max.timeout.ms allows"
                .to_owned(),
        ),
        Some(Code::TransactionalIdAuthorizationFailed | Code::ClusterAuthorizationFailed) => (
            Kind::Rejected,
            format!("the broker does not let us write with transactional id {id}"),
        ),
        Some(Code::OperationTimedOut) => (
            Kind::Retriable,
            format!(
                "the broker did not open transactional id {id} within {}s",
                waited.as_secs_f64()
            ),
        ),
        _ => (
            Kind::Fatal,
            format!("transactional id {id} cannot be opened"),
        ),
    };
    Error::new(kind, message).caused_by(error)
}

/// Whether another producer with our id is the reason.
pub(crate) fn fenced(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch
    )
}

/// Whether the group has gone on without the member that sent offsets.
pub(super) fn left_behind(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(Code::IllegalGeneration | Code::UnknownMemberId | Code::RebalanceInProgress)
    )
}

/// Whether the same record would fail the same way again.
pub(crate) fn permanent(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::MessageSizeTooLarge
                | Code::InvalidMessageSize
                | Code::InvalidRecord
                | Code::InvalidTopic
                | Code::InvalidTimestamp
                | Code::PolicyViolation
                | Code::TopicAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::TransactionalIdAuthorizationFailed
                | Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::InvalidArgument
        )
    )
}

fn lower(text: &str) -> String {
    let mut letters = text.trim().trim_end_matches('.').chars();
    let first = letters
        .next()
        .map(|letter| letter.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
