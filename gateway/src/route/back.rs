//! How legacy gets the writes that modern accepted: what the file says of it. Plain data.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use kafka::writeback::Sent;

use crate::route::PathTemplate;
use crate::route::body::{Body, BodyRule, Judged};

/// A route whose writes go back to legacy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Its group.
    pub group: Arc<str>,
    /// What holds for all routes of the group.
    pub policy: Arc<BackPolicy>,
    /// What legacy's answer says when it took a write, in the shape that clients see; a status below 400 alone where none is given.
    pub accepted_when: Option<BodyRule>,
}

/// How a group's writes go back to legacy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackPolicy {
    /// What becomes of a write that legacy was sent and did not answer.
    pub in_doubt: InDoubt,
    /// What becomes of later writes of a key of which one is parked.
    pub after_parked: AfterParked,
    /// The field under which legacy gets the request's id, beside `Figway-Request-Id`.
    pub marker: Option<HeaderName>,
    /// Fields of the head that clients sent and legacy is to get.
    pub fields: Vec<HeaderName>,
    /// How long a change back to legacy waits for the last of them.
    pub deadline: Duration,
    /// How many writes of different keys legacy is sent at once, per partition.
    pub at_once: usize,
    /// The longest wait between two tries.
    pub longest_wait: Duration,
    /// How many partitions the topic gets when it is made here.
    pub partitions: i32,
}

impl Default for BackPolicy {
    fn default() -> Self {
        Self {
            in_doubt: InDoubt::Park,
            after_parked: AfterParked::Wait,
            marker: None,
            fields: Vec::new(),
            deadline: Duration::from_secs(30),
            at_once: 16,
            longest_wait: Duration::from_secs(30),
            partitions: 8,
        }
    }
}

/// What becomes of a write that legacy may have executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InDoubt {
    /// A person decides.
    Park,
    /// It is sent again: legacy knows by its number that it did it.
    Again,
    /// Legacy is asked, at this path of the route's legacy backend: 2xx says that it has it, 404 that it has not.
    Ask(PathTemplate),
}

/// What becomes of later writes of a key of which one is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterParked {
    /// They wait behind it.
    Wait,
    /// They go on without it.
    GoOn,
}

impl Back {
    /// What a client's request is to legacy later; without its body, which may still be on its way.
    #[must_use]
    pub fn sent(&self, parts: &Parts) -> Sent {
        let field = |name: &HeaderName| {
            let value = parts.headers.get(name)?;
            Some(Bytes::copy_from_slice(value.as_bytes()))
        };
        let fields = self.policy.fields.iter();
        let path = parts.uri.path_and_query();
        Sent {
            group: Arc::clone(&self.group),
            method: parts.method.as_str().to_owned(),
            path: path.map_or("/", |path| path.as_str()).to_owned(),
            content_type: field(&CONTENT_TYPE),
            fields: fields
                .filter_map(|name| Some((name.as_str().to_owned(), field(name)?)))
                .collect(),
            body: None,
        }
    }

    /// Whether an answer below 400 says that the write was taken; if not, why, in words that quote nothing.
    ///
    /// # Errors
    /// The answer says something else, or cannot be read.
    pub fn accepts(&self, answer: &[u8]) -> Result<(), String> {
        let Some(rule) = &self.accepted_when else {
            return Ok(());
        };
        match rule.judge(&Body::Whole(answer)) {
            Judged::Holds => Ok(()),
            Judged::Not(why) => Err(why),
            Judged::Refused(_) => Err("the answer cannot be read".to_owned()),
        }
    }
}
