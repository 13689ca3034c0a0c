//! What the headers of a dead letter say: where it comes from, and why it is one. Pure.
//!
//! Key, value and headers of the request stay as they were; these come behind them.

use bytes::Bytes;

/// Whose names and bytes the headers of dead letters have, so that tools that know them can show them and send them again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeadLetterHeaders {
    /// Ours: `figway-dlq-topic`, `-partition`, `-offset`, `-kind`, `-reason`, all texts.
    #[default]
    Figway,
    /// Kafka Connect's (`org.apache.kafka.connect.runtime.errors`): `__connect.errors.topic` and so on, all texts. The connector is
    /// the group, the task the instance; a body that did not decode is of the stage `VALUE_CONVERTER`, all else of `TASK_PUT`.
    Connect,
    /// Spring's (`org.springframework.kafka.listener.DeadLetterPublishingRecoverer`): `kafka_dlt-original-topic` and so on, numbers
    /// big endian. Spring's own topic is called `<requests>-dlt`: name it in [`crate::ServiceConfig::dead_letters`].
    Spring,
}

/// Where a dead letter comes from, and why it is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// When the request was written, in milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) timestamp_ms: Option<i64>,
    pub(crate) group: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) reason: &'a str,
}

/// The headers that say so.
pub(crate) fn headers(form: DeadLetterHeaders, origin: &Origin<'_>) -> Vec<(String, Bytes)> {
    match form {
        DeadLetterHeaders::Figway => figway(origin),
        DeadLetterHeaders::Connect => connect(origin),
        DeadLetterHeaders::Spring => spring(origin),
    }
}

fn text(value: impl Into<String>) -> Bytes {
    Bytes::from(value.into())
}

/// What stands where others name the class of an exception.
fn class(origin: &Origin<'_>) -> String {
    format!("figway.service.{}", origin.kind)
}

fn figway(origin: &Origin<'_>) -> Vec<(String, Bytes)> {
    let named = [
        ("topic", text(origin.topic)),
        ("partition", text(origin.partition.to_string())),
        ("offset", text(origin.offset.to_string())),
        ("kind", text(origin.kind)),
        ("reason", text(origin.reason)),
    ];
    let named = named.into_iter();
    named
        .map(|(name, value)| (format!("figway-dlq-{name}"), value))
        .collect()
}

fn connect(origin: &Origin<'_>) -> Vec<(String, Bytes)> {
    let stage = match origin.kind {
        "undecodable" => "VALUE_CONVERTER",
        _ => "TASK_PUT",
    };
    let named = [
        ("topic", text(origin.topic)),
        ("partition", text(origin.partition.to_string())),
        ("offset", text(origin.offset.to_string())),
        ("connector.name", text(origin.group)),
        ("task.id", text(origin.instance)),
        ("stage", text(stage)),
        ("class.name", text("figway.service")),
        ("exception.class.name", text(class(origin))),
        ("exception.message", text(origin.reason)),
        // There is no stack: readers want the header.
        ("exception.stacktrace", text(origin.reason)),
    ];
    let named = named.into_iter();
    named
        .map(|(name, value)| (format!("__connect.errors.{name}"), value))
        .collect()
}

fn spring(origin: &Origin<'_>) -> Vec<(String, Bytes)> {
    let long = |value: i64| Bytes::copy_from_slice(&value.to_be_bytes());
    let partition = Bytes::copy_from_slice(&origin.partition.to_be_bytes());
    let mut named = vec![
        ("original-topic", text(origin.topic)),
        ("original-partition", partition),
        ("original-offset", long(origin.offset)),
    ];
    if let Some(timestamp) = origin.timestamp_ms {
        named.push(("original-timestamp", long(timestamp)));
        named.push(("original-timestamp-type", text("CreateTime")));
    }
    named.extend([
        ("original-consumer-group", text(origin.group)),
        ("exception-fqcn", text(class(origin))),
        ("exception-message", text(origin.reason)),
        ("exception-stacktrace", text(origin.reason)),
    ]);
    let named = named.into_iter();
    named
        .map(|(name, value)| (format!("kafka_dlt-{name}"), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(form: DeadLetterHeaders) -> String {
        let origin = Origin {
            topic: "lot.requests",
            partition: 2,
            offset: 4_300,
            timestamp_ms: Some(1_795_293_530_793),
            group: "lots",
            instance: "a",
            kind: "rejected",
            reason: "no such lot",
        };
        let headers = headers(form, &origin);
        let shown = headers
            .iter()
            .map(|(name, value)| match str::from_utf8(value) {
                Ok(text) if !text.contains('\0') => format!("{name}: {text}"),
                _ => format!("{name}: {:02x?}", &value[..]),
            });
        shown.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_form_has_its_names_and_its_bytes() {
        insta::assert_snapshot!(shown(DeadLetterHeaders::Figway), @r"
        figway-dlq-topic: lot.requests
        figway-dlq-partition: 2
        figway-dlq-offset: 4300
        figway-dlq-kind: rejected
        figway-dlq-reason: no such lot
        ");
        insta::assert_snapshot!(shown(DeadLetterHeaders::Connect), @r"
        __connect.errors.topic: lot.requests
        __connect.errors.partition: 2
        __connect.errors.offset: 4300
        __connect.errors.connector.name: lots
        __connect.errors.task.id: a
        __connect.errors.stage: TASK_PUT
        __connect.errors.class.name: figway.service
        __connect.errors.exception.class.name: figway.service.rejected
        __connect.errors.exception.message: no such lot
        __connect.errors.exception.stacktrace: no such lot
        ");
        insta::assert_snapshot!(shown(DeadLetterHeaders::Spring), @r"
        kafka_dlt-original-topic: lot.requests
        kafka_dlt-original-partition: [00, 00, 00, 02]
        kafka_dlt-original-offset: [00, 00, 00, 00, 00, 00, 10, cc]
        kafka_dlt-original-timestamp: [00, 00, 01, a1, ff, d5, 4a, a9]
        kafka_dlt-original-timestamp-type: CreateTime
        kafka_dlt-original-consumer-group: lots
        kafka_dlt-exception-fqcn: figway.service.rejected
        kafka_dlt-exception-message: no such lot
        kafka_dlt-exception-stacktrace: no such lot
        ");
    }
}
