//! How a request says where its reply goes, and how a reply says what it is: our headers, or those of a service that knows others. Pure.

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderValue, StatusCode};
use bytes::Bytes;
use kafka::Incoming;
use kafka::reply::{self as name, HeaderForm, plain_text};
use uuid::Uuid;

use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::{Payload, Response};

/// The form of a backend's requests and replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// On request and reply: what the reply is found by.
    pub correlation_id: String,
    /// On a request: the topic of its reply.
    pub reply_topic: String,
    /// On a request: the partition of its reply.
    pub reply_partition: String,
    /// How the correlation id is written. Replies are found by either.
    pub correlation: Correlation,
    /// On a reply: the status as in HTTP, three digits.
    pub status: String,
    /// The status of a reply that says none; without one such a reply is no answer.
    pub default_status: Option<StatusCode>,
}

/// How a correlation id is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correlation {
    /// 16 raw bytes.
    Binary,
    /// The text of a UUID in lower case.
    Text,
}

impl Form {
    /// As that form has it: a Spring service need say no status.
    #[must_use]
    pub fn of(form: HeaderForm) -> Self {
        Self {
            correlation_id: form.correlation_id().to_owned(),
            reply_topic: form.reply_topic().to_owned(),
            reply_partition: form.reply_partition().to_owned(),
            correlation: Correlation::Binary,
            status: name::STATUS.to_owned(),
            default_status: match form {
                HeaderForm::Figway => None,
                HeaderForm::Spring => Some(StatusCode::OK),
            },
        }
    }

    /// The headers of a request that say where its reply goes, in the order in which `ReplyingKafkaTemplate` writes them.
    pub(super) fn address(
        &self,
        topic: &str,
        partition: i32,
        correlation: [u8; 16],
    ) -> [(String, Bytes); 3] {
        [
            (
                self.reply_topic.clone(),
                Bytes::copy_from_slice(topic.as_bytes()),
            ),
            (
                self.reply_partition.clone(),
                name::encode_partition(partition),
            ),
            (
                self.correlation_id.clone(),
                match self.correlation {
                    Correlation::Binary => Bytes::copy_from_slice(&correlation),
                    Correlation::Text => Bytes::from(Uuid::from_bytes(correlation).to_string()),
                },
            ),
        ]
    }

    /// What a reply is found by, however it is written; none where it cannot be one of ours.
    pub(crate) fn correlation_of(&self, reply: &Incoming) -> Option<[u8; 16]> {
        let bytes = reply.header(&self.correlation_id)?;
        match bytes.try_into() {
            Ok(raw) => Some(raw),
            Err(_) => Uuid::try_parse_ascii(bytes).ok().map(Uuid::into_bytes),
        }
    }

    /// A reply as an answer. Of its headers the media type goes on, ours or Spring's.
    ///
    /// # Errors
    /// It says no status, or something that is none, or a media type that no header can hold.
    pub(crate) fn response(&self, reply: Incoming) -> Result<Response, BackendError> {
        let bad =
            |what: &'static str| BackendError::new(Kind::BadAnswer, Sent::Maybe).because(what);
        let status = match reply.header(&self.status) {
            Some(said) => status(said).ok_or_else(|| bad("the reply's status is none"))?,
            None => self
                .default_status
                .ok_or_else(|| bad("the reply has no status"))?,
        };
        let content_type = reply
            .header(name::CONTENT_TYPE)
            .or_else(|| reply.header(name::spring::CONTENT_TYPE));
        let content_type = content_type
            .map(|bytes| plain_text(bytes).and_then(|text| HeaderValue::from_str(text).ok()))
            .map(|value| value.ok_or_else(|| bad("the reply's content type is none")))
            .transpose()?;
        let (mut parts, ()) = ::http::Response::new(()).into_parts();
        parts.status = status;
        if let Some(content_type) = content_type {
            parts.headers.insert(CONTENT_TYPE, content_type);
        }
        Ok(Response {
            parts,
            payload: Payload::bytes(reply.value.unwrap_or_default()),
            spelling: h1::Spelling::default(),
            side: None,
        })
    }
}

/// Three digits, perhaps with a reason behind them, as `HttpStatus` of Spring has it: `404 NOT_FOUND`.
fn status(said: &[u8]) -> Option<StatusCode> {
    let digits = plain_text(said)?.split(' ').next()?;
    let status = StatusCode::from_bytes(digits.as_bytes()).ok()?;
    (!status.is_informational()).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Spring itself wrote; see the file.
    const RECORDED: &str = include_str!("../../../../tests/examples/spring/headers.txt");

    fn recorded(title: &str) -> Vec<(String, Vec<u8>)> {
        let begins = format!("# {title}: ");
        let lines = RECORDED
            .lines()
            .skip_while(|line| !line.starts_with(&begins));
        let headers: Vec<_> = lines
            .skip(1)
            .take_while(|line| !line.is_empty())
            .map(|line| {
                let (name, hex) = line.split_once(' ').unwrap();
                let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
                let bytes = hex.as_bytes().chunks(2).map(byte).collect();
                (name.to_owned(), bytes)
            })
            .collect();
        assert!(!headers.is_empty(), "nothing is recorded as {title}");
        headers
    }

    fn reply(headers: Vec<(String, Vec<u8>)>) -> Incoming {
        Incoming {
            partition: 3,
            offset: 0,
            timestamp_ms: None,
            key: None,
            value: Some(b"{}".to_vec()),
            headers,
        }
    }

    const ID: [u8; 16] = [
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96,
        0x87,
    ];

    fn written(form: &Form) -> Vec<(String, Vec<u8>)> {
        form.address("figway.replies", 3, ID)
            .map(|(name, value)| (name, value.to_vec()))
            .to_vec()
    }

    #[test]
    fn requests_have_the_bytes_that_spring_writes() {
        let mut form = Form::of(HeaderForm::Spring);
        assert_eq!(written(&form), recorded("request, as it is"));
        form.correlation = Correlation::Text;
        assert_eq!(written(&form), recorded("request, binaryCorrelation=false"));
        let own = Form {
            correlation_id: "my-correlation".to_owned(),
            reply_topic: "my-topic".to_owned(),
            reply_partition: "my-partition".to_owned(),
            ..Form::of(HeaderForm::Spring)
        };
        assert_eq!(written(&own), recorded("request, names of its own"));
    }

    #[test]
    fn replies_of_spring_are_found_and_read() {
        let form = Form::of(HeaderForm::Spring);
        for title in ["reply of a text", "reply of a text, correlation as text"] {
            let reply = reply(recorded(title));
            assert_eq!(form.correlation_of(&reply), Some(ID), "{title}");
            // It says neither.
            let response = form.response(reply).unwrap();
            assert_eq!(response.parts.status, 200);
            assert!(response.parts.headers.is_empty());
        }
        let form = Form {
            status: "http_statusCode".to_owned(),
            ..form
        };
        let reply = reply(recorded("reply of a message with headers"));
        assert_eq!(form.correlation_of(&reply), Some(ID));
        let response = form.response(reply).unwrap();
        assert_eq!(response.parts.status, 404);
        assert_eq!(response.parts.headers["content-type"], "application/json");
    }

    #[test]
    fn a_status_may_have_a_reason_and_quotes_and_must_be_one() {
        let read = |text: &str| status(text.as_bytes()).map(|status| status.as_u16());
        assert_eq!(read("404"), Some(404));
        assert_eq!(read("\"404\""), Some(404));
        assert_eq!(read("404 NOT_FOUND"), Some(404));
        for none in ["", "100", "40", "4040", "OK", "-200"] {
            assert_eq!(read(none), None, "{none}");
        }
        let ours = Form::of(HeaderForm::Figway);
        assert!(ours.response(reply(Vec::new())).is_err());
        let said = vec![("figway-status".to_owned(), b"soon".to_vec())];
        let spring = Form::of(HeaderForm::Spring);
        assert!(spring.response(reply(said)).is_err());
    }
}
