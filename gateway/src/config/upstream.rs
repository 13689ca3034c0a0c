//! An HTTP backend as the file describes it. Plain data: two that are equal are the same live backend after a reload.

use std::time::Duration;

use http::StatusCode;
use http::header::HeaderName;
use http::uri::{Authority, PathAndQuery};
use ops::Setting;

use crate::backend::balance::{health, outlier};
use crate::backend::http::Policy;
use crate::keepalive;
use crate::tls::ClientSpec;

/// Servers to forward to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSpec {
    /// Host and port of each, 1 to 64; port 80 where none is said.
    pub endpoints: Vec<Authority>,
    /// How they are met; none where in plain text.
    pub tls: Option<ClientSpec>,
    /// What several addresses of one name are.
    pub addresses: Addresses,
    /// How often names are looked up again.
    pub lookup: Duration,
    /// How its connections are used.
    pub connections: Connections,
    /// Who is asked, and what is done when that fails.
    pub policy: Policy,
    /// How endpoints are checked; not at all if none.
    pub check: Option<CheckSpec>,
    /// Who we are to it.
    pub identity: Identity,
}

/// How connections to one endpoint are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// How long one may take to come about.
    pub connect_timeout: Duration,
    /// How long the head of an answer may take once the request has been sent; as long as the route allows if none.
    pub first_byte: Option<Duration>,
    /// How long a body may stand still, either way.
    pub body_idle: Duration,
    /// How long an exchange may take in all, both bodies included; for ever if none.
    pub total: Option<Duration>,
    /// How long nothing may go through a WebSocket or another tunnel before it is closed; for ever if none.
    pub tunnel_idle: Option<Duration>,
    /// After which silence the system asks whether the server is there; never if none.
    pub keepalive: Option<Duration>,
    /// How long a connection is kept without use; should be below the server's own.
    pub idle: Duration,
    /// How long a request waits for a connection where all are in use.
    pub queue: Duration,
    /// The most connections at once to each endpoint.
    pub most: usize,
    /// What it speaks.
    pub protocol: Protocol,
    /// Whether the server is told the client's address before anything else.
    pub proxy_protocol: Option<ProxyProtocol>,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            first_byte: None,
            body_idle: Duration::from_secs(60),
            total: None,
            // Nobody who works leaves one alone for a day; what is left of clients that vanished must not stay.
            tunnel_idle: Some(Duration::from_secs(24 * 3600)),
            keepalive: Some(keepalive::USUAL),
            // Below the keep-alive of most servers (nginx 75 s, Apache 5 s to 60 s, CICS 0 to minutes).
            idle: Duration::from_secs(30),
            // Whoever waits for longer is served better by being told to come back.
            queue: Duration::from_secs(2),
            most: 256,
            protocol: Protocol::default(),
            proxy_protocol: None,
        }
    }
}

/// What several addresses of one name are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Addresses {
    /// Ways to the same endpoint: the first that answers is used.
    #[default]
    First,
    /// An endpoint each.
    All,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// HTTP/1.1, or what older servers answer to it.
    #[default]
    Http1,
    /// HTTP/2; over plain TCP without asking before (RFC 9113 section 3.3).
    Http2,
    /// HTTP/2 where TLS agrees on it, else HTTP/1.1, as for what only that can do.
    Auto,
}

/// A version of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// One line of text.
    V1,
    /// Binary.
    V2,
}

/// How endpoints are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSpec {
    /// What is asked for, with GET.
    pub path: PathAndQuery,
    /// The `Host` it is asked with; the endpoint's own if none.
    pub host: Option<Authority>,
    /// How often.
    pub every: Duration,
    /// How long an answer may take, body included.
    pub timeout: Duration,
    /// The answers that are well; any 2xx or 3xx if empty.
    pub statuses: Vec<StatusCode>,
    /// How many it takes.
    pub policy: health::Policy,
}

/// Who we are to a backend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// What takes the place of the client's credentials; they pass if none.
    pub credentials: Option<Credentials>,
    /// Headers that say who the client is. One that the client sent under such a name never passes.
    pub headers: Vec<(HeaderName, Attribute)>,
}

/// Credentials of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Name and password (RFC 7617).
    Basic {
        /// The name; without a colon.
        user: String,
        /// A reference to the password.
        password: Setting,
    },
    /// A token (RFC 6750).
    Bearer(Setting),
}

/// What is known of a client from its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// Its address, without the port.
    Address,
    /// The subject of its certificate, as RFC 4514 writes it.
    Subject,
    /// The first further name of its certificate.
    Name,
    /// The SHA-256 of its certificate, in hex.
    Fingerprint,
    /// The serial number of its certificate, in hex.
    Serial,
}

impl Attribute {
    /// As they are written in the file.
    pub const ALL: [(&'static str, Self); 5] = [
        ("address", Self::Address),
        ("certificate.subject", Self::Subject),
        ("certificate.name", Self::Name),
        ("certificate.fingerprint", Self::Fingerprint),
        ("certificate.serial", Self::Serial),
    ];
}

impl HttpSpec {
    /// One endpoint, and otherwise what holds where a file says nothing.
    #[must_use]
    pub fn at(endpoint: Authority) -> Self {
        Self::of(vec![endpoint])
    }

    /// Several endpoints, and otherwise what holds where a file says nothing: they are asked in turn, and one that fails in a row is
    /// left alone for a while.
    #[must_use]
    pub fn of(endpoints: Vec<Authority>) -> Self {
        Self {
            endpoints,
            tls: None,
            addresses: Addresses::default(),
            lookup: Duration::from_secs(30),
            connections: Connections::default(),
            policy: Policy {
                eject: Some(outlier::Policy::default()),
                ..Policy::default()
            },
            check: None,
            identity: Identity::default(),
        }
    }
}
