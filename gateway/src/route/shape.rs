//! What a message looks like: [`Shape`], and the form errors take towards a client. Pure.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use parsers::Layout;

/// What is in a body.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Bytes we do not look into.
    Opaque,
    /// A JSON text (RFC 8259).
    Json,
    /// An XML document, perhaps in a SOAP envelope.
    Xml,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// One record in the layout of a copybook.
    Record(Arc<Layout>),
}

impl Shape {
    /// As it is written in configuration and messages.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Form => "form",
            Self::Record(_) => "record",
        }
    }

    /// Whether no bytes need to change between the two, where no mapping says otherwise.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Opaque, _)
            | (_, Self::Opaque)
            | (Self::Json, Self::Json)
            | (Self::Xml, Self::Xml)
            | (Self::Form, Self::Form) => true,
            (Self::Record(a), Self::Record(b)) => {
                Arc::ptr_eq(a, b) || a.fingerprint() == b.fingerprint()
            }
            (Self::Json | Self::Xml | Self::Form | Self::Record(_), _) => false,
        }
    }
}

/// What goes to someone and what comes back.
#[derive(Debug, Clone)]
pub struct Shapes {
    /// Requests.
    pub request: Shape,
    /// Responses.
    pub response: Shape,
}

/// How an error of ours looks to the clients of a route.
#[derive(Debug)]
pub enum ErrorForm {
    /// `application/problem+json` (RFC 9457), with the status that fits.
    Problem,
    /// Legacy's own form.
    Own {
        /// The status of every such answer; the one that fits if none is given.
        status: Option<StatusCode>,
        /// Its content type.
        content_type: http::HeaderValue,
        /// The body, with the places to fill in.
        body: ErrorBody,
    },
}

/// The body of an error in legacy's own form.
#[derive(Debug)]
pub enum ErrorBody {
    /// Text in which `{status}`, `{code}`, `{reason}` and `{request_id}` are filled in, JSON-escaped if the content type is JSON.
    Text(String),
    /// A record encoded beforehand for each code, so that an error cannot fail: code to bytes, and the rest.
    Record {
        /// By code, as `legacy_unreachable`.
        by_code: Vec<(&'static str, Bytes)>,
        /// For any other code.
        other: Bytes,
    },
}
