//! What a record of the topic does to its row: Debezium's envelope as JSON, bare or in the `payload` beside its `schema`. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What becomes of the row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect<'a> {
    /// It is this JSON now, as it stood in the envelope.
    Put(&'a str),
    /// It is gone.
    Delete,
    /// It cannot be known.
    Unreadable,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    op: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
}

/// Reads a record's value; none is a tombstone.
pub(super) fn effect(value: Option<&[u8]>) -> Effect<'_> {
    let Some(value) = value else {
        return Effect::Delete;
    };
    let Ok(text) = str::from_utf8(value) else {
        return Effect::Unreadable;
    };
    let wrapped: Option<Wrapped<'_>> = serde_json::from_str(text).ok();
    let text = match wrapped {
        Some(Wrapped {
            payload: Some(payload),
            schema: Some(_),
        }) => payload.get(),
        _ => text,
    };
    match serde_json::from_str::<Option<Envelope<'_>>>(text) {
        // A tombstone as the JSON converter writes it with schemas.
        Ok(None) => Effect::Delete,
        Ok(Some(Envelope {
            op: Some(op),
            after,
        })) => match (&*op, after) {
            ("d", _) => Effect::Delete,
            ("c" | "u" | "r", Some(after)) => Effect::Put(after.get()),
            _ => Effect::Unreadable,
        },
        Ok(Some(Envelope { op: None, .. })) | Err(_) => Effect::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_operation_does() {
        let of = |json: &'static str| effect(Some(json.as_bytes()));
        assert_eq!(
            of(r#"{"before":null,"after":{"N": 1.50},"op":"c"}"#),
            Effect::Put(r#"{"N": 1.50}"#)
        );
        assert_eq!(
            of(r#"{"schema":{"x":1},"payload":{"op":"u","after":{"A":"b"},"source":{}}}"#),
            Effect::Put(r#"{"A":"b"}"#)
        );
        assert_eq!(of(r#"{"op":"r","after":{}}"#), Effect::Put("{}"));
        assert_eq!(of(r#"{"op":"d","before":{},"after":null}"#), Effect::Delete);
        assert_eq!(of(r#"{"schema":null,"payload":null}"#), Effect::Unreadable);
        assert_eq!(of(r#"{"schema":{},"payload":{"op":"d"}}"#), Effect::Delete);
        assert_eq!(effect(None), Effect::Delete);
        for bad in [
            r#"{"after":{}}"#,
            r#"{"op":"u","after":null}"#,
            r#"{"op":"x","after":{}}"#,
            "[]",
            "{",
        ] {
            assert_eq!(of(bad), Effect::Unreadable, "{bad}");
        }
        assert_eq!(effect(Some(b"\xff")), Effect::Unreadable);
    }
}
