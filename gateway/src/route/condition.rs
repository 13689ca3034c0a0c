//! What a rule wants besides host, path and method: [`Condition`], and the [`Text`] that a value must be. Pure.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use ipnet::IpNet;

use crate::route::asked::Asked;
use crate::route::body::{BodyRule, Judged};
use crate::route::calendar::Calendar;
use crate::route::key::cookies;
use crate::route::pattern::{LARGEST_REGEX, too_large, whole};
use crate::route::table::parameters;
use crate::route::token::{Tokens, Unverified};

/// Something a request must be, besides its host, path and method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A header; one of several values is enough.
    Header(HeaderName, Text),
    /// A parameter of the query, decoded; one of several is enough.
    Query(String, Text),
    /// A cookie; one of several is enough.
    Cookie(String, Text),
    /// The client's address is in one of these networks.
    Client(Vec<IpNet>),
    /// The connection has TLS, and it is this.
    Tls(TlsRule),
    /// It is such a time.
    Time(TimeRule),
    /// A verified token says this.
    Claim(Claim),
    /// The body is so.
    Body(BodyRule),
}

/// What the client's TLS must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsRule {
    /// There is none.
    None,
    /// There is, whatever it is.
    Any,
    /// The name that the client asked for (SNI).
    ServerName(Text),
    /// The client showed a certificate, or none.
    Certificate(Presence),
    /// The subject of the client's certificate, as RFC 4514 writes it.
    Subject(Text),
    /// One of its names: DNS, URI, e-mail.
    Name(Text),
    /// Its SHA-256 is one of these.
    Fingerprint(Vec<[u8; 32]>),
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Present,
    /// It is not.
    Absent,
}

/// Inside or outside of a calendar's open hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRule {
    /// Which.
    pub calendar: Arc<Calendar>,
    /// Whether it must be open.
    pub open: bool,
}

/// A claim of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who signs such tokens, and where they stand in a request.
    pub tokens: Arc<Tokens>,
    /// Names from the outermost object inwards.
    pub path: Vec<String>,
    /// What it must be; of a list one member is enough.
    pub value: Text,
}

/// What a text must be.
#[derive(Debug, Clone)]
pub enum Text {
    /// This.
    Exact(Box<str>),
    /// Something that begins with this.
    Prefix(Box<str>),
    /// Something that the whole of this expression matches.
    Regex(Box<str>, Arc<regex::bytes::Regex>),
    /// Anything, but there.
    Present,
    /// Not there at all.
    Absent,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b))
            | (Self::Prefix(a), Self::Prefix(b))
            | (Self::Regex(a, _), Self::Regex(b, _)) => a == b,
            (Self::Present, Self::Present) | (Self::Absent, Self::Absent) => true,
            _ => false,
        }
    }
}

impl Eq for Text {}

/// An expression for the whole of a text.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn pattern(text: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(&whole(text)?)
        .size_limit(LARGEST_REGEX)
        .build()
        .map_err(|error| too_large(text, &error))
}

impl Text {
    /// An expression for the whole text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn regex(text: &str) -> Result<Self, String> {
        let regex = regex::bytes::RegexBuilder::new(&whole(text)?)
            .size_limit(LARGEST_REGEX)
            .build()
            .map_err(|error| too_large(text, &error))?;
        Ok(Self::Regex(text.into(), Arc::new(regex)))
    }

    /// Whether one of the values is meant; of none, whether none is.
    pub(crate) fn holds<V: AsRef<[u8]>>(&self, mut values: impl Iterator<Item = V>) -> bool {
        match self {
            Self::Exact(text) => values.any(|value| value.as_ref() == text.as_bytes()),
            Self::Prefix(text) => values.any(|value| value.as_ref().starts_with(text.as_bytes())),
            Self::Regex(_, regex) => values.any(|value| regex.is_match(value.as_ref())),
            Self::Present => values.next().is_some(),
            Self::Absent => values.next().is_none(),
        }
    }

    /// What is wrong with `what`, as `the header x-tran`, where it does not hold.
    pub(crate) fn unmet(&self, what: &str) -> String {
        match self {
            Self::Exact(text) => format!("{what} is not {text}"),
            Self::Prefix(text) => format!("{what} does not begin with {text}"),
            Self::Regex(text, _) => format!("{what} does not match ~{text}"),
            Self::Present => format!("{what} is missing"),
            Self::Absent => format!("{what} is there"),
        }
    }

    /// `=value`, `=prefix…`, `~expression`, nothing, or ` absent`, after a name.
    pub(crate) fn after(&self, assigned: &'static str) -> impl fmt::Display {
        fmt::from_fn(move |f| match self {
            Self::Exact(text) => write!(f, "{assigned}{text}"),
            Self::Prefix(text) => write!(f, "{assigned}{text}…"),
            Self::Regex(text, _) => write!(f, "{assigned}~{text}"),
            Self::Present => Ok(()),
            Self::Absent => f.write_str(" absent"),
        })
    }
}

impl Condition {
    /// Whether a request is so.
    pub(crate) fn holds(&self, asked: &Asked<'_>) -> bool {
        let headers = &asked.parts.headers;
        match self {
            Self::Header(name, text) => text.holds(headers.get_all(name).iter()),
            Self::Query(name, text) => {
                let query = asked.parts.uri.query().unwrap_or_default();
                text.holds(
                    parameters(query)
                        .filter_map(|(given, value)| (*given == *name.as_bytes()).then_some(value)),
                )
            }
            Self::Cookie(name, text) => text.holds(
                cookies(headers).filter_map(|(given, value)| (given == name).then_some(value)),
            ),
            Self::Client(networks) => asked
                .client
                .is_some_and(|client| networks.iter().any(|network| network.contains(&client))),
            Self::Tls(rule) => rule.holds(asked),
            Self::Time(rule) => rule.calendar.is_open(asked.at.time()) == rule.open,
            Self::Claim(claim) => match &*asked.claims(&claim.tokens) {
                Ok(claims) => claim.value.holds(claims.values(&claim.path)),
                Err(_) => false,
            },
            // Who refuses a body takes it from those that are tried later.
            Self::Body(rule) => !matches!(rule.judge(&asked.body), Judged::Not(_)),
        }
    }

    /// Why a request is not so, in words that say what the rule wants and never what the request had.
    pub(crate) fn unmet(&self, asked: &Asked<'_>) -> String {
        match self {
            Self::Header(name, text) => text.unmet(&format!("the header {name}")),
            Self::Query(name, text) => text.unmet(&format!("the query parameter {name}")),
            Self::Cookie(name, text) => text.unmet(&format!("the cookie {name}")),
            Self::Client(networks) => match asked.client {
                None => format!(
                    "it is not known whether the client is in {}",
                    list(networks)
                ),
                Some(_) => format!("the client is not in {}", list(networks)),
            },
            Self::Tls(rule) => rule.unmet(asked),
            Self::Time(TimeRule { calendar, open }) => format!(
                "it is {} the hours of {}",
                if *open { "outside of" } else { "within" },
                calendar.name()
            ),
            Self::Claim(claim) => match &*asked.claims(&claim.tokens) {
                Ok(_) => claim
                    .value
                    .unmet(&format!("the claim {}", claim.path.join("."))),
                Err(Unverified::Missing) => format!("there is no token of {}", claim.tokens.name()),
                Err(fault) => format!("the token is none of {}: {fault}", claim.tokens.name()),
            },
            Self::Body(rule) => match rule.judge(&asked.body) {
                Judged::Not(reason) => reason,
                Judged::Holds | Judged::Refused(_) => "the body is another".to_owned(),
            },
        }
    }

    /// A value that is wanted as it is and can be looked up: of which kind and name, and the value.
    pub(crate) fn exact(&self) -> Option<(Place<'_>, &str)> {
        match self {
            Self::Header(name, Text::Exact(text)) => Some((Place::Header(name), text)),
            Self::Query(name, Text::Exact(text)) => Some((Place::Query(name), text)),
            Self::Cookie(name, Text::Exact(text)) => Some((Place::Cookie(name), text)),
            _ => None,
        }
    }
}

/// Where a value stands in a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place<'c> {
    Header(&'c HeaderName),
    Query(&'c str),
    Cookie(&'c str),
}

impl TlsRule {
    fn holds(&self, asked: &Asked<'_>) -> bool {
        let tls = asked.peer.and_then(|peer| peer.tls.as_ref());
        let Some(tls) = tls else {
            return *self == Self::None;
        };
        let certificate = tls.certificate.as_ref();
        match self {
            Self::None => false,
            Self::Any => true,
            Self::ServerName(text) => {
                text.holds(tls.server_name.iter().map(|name| name.as_bytes()))
            }
            Self::Certificate(Presence::Present) => certificate.is_some(),
            Self::Certificate(Presence::Absent) => certificate.is_none(),
            Self::Subject(text) => text.holds(certificate.iter().map(|one| one.subject.as_bytes())),
            Self::Name(text) => text.holds(certificate.iter().flat_map(|one| &one.names)),
            Self::Fingerprint(wanted) => {
                certificate.is_some_and(|one| wanted.contains(&one.fingerprint))
            }
        }
    }

    fn unmet(&self, asked: &Asked<'_>) -> String {
        let tls = asked.peer.and_then(|peer| peer.tls.as_ref());
        match self {
            Self::None => "the connection has TLS".to_owned(),
            _ if tls.is_none() => "the connection has no TLS".to_owned(),
            Self::Any => "the connection has no TLS".to_owned(),
            Self::ServerName(text) => text.unmet("the server name of TLS"),
            Self::Certificate(Presence::Present) => "the client shows no certificate".to_owned(),
            Self::Certificate(Presence::Absent) => "the client shows a certificate".to_owned(),
            Self::Subject(text) => text.unmet("the subject of the client's certificate"),
            Self::Name(text) => text.unmet("the name of the client's certificate"),
            Self::Fingerprint(_) => "the client's certificate is another".to_owned(),
        }
    }
}

/// A SHA-256 in hexadecimal digits, perhaps with colons between.
#[must_use]
pub fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: String = text.chars().filter(|letter| *letter != ':').collect();
    let plain = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = (0..digits.len())
        .step_by(2)
        .filter_map(|at| digits.get(at..at + 2));
    let bytes: Vec<u8> = pairs
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    bytes.try_into().ok().filter(|_| plain)
}

fn list(networks: &[IpNet]) -> String {
    let networks: Vec<_> = networks.iter().map(IpNet::to_string).collect();
    networks.join(", ")
}

impl Condition {
    /// What is wanted of the body.
    pub(crate) fn of_body(&self) -> Option<&BodyRule> {
        match self {
            Self::Body(rule) => Some(rule),
            _ => None,
        }
    }
}

impl fmt::Display for Condition {
    /// `x-tran: LOTI`, `?page=1`, `cookie seat=a…`, `from 10.0.0.0/8`, `tls`, `in office-hours`, `claim role=clerk`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name, text) => write!(f, "{name}{}", text.after(": ")),
            Self::Query(name, text) => write!(f, "?{name}{}", text.after("=")),
            Self::Cookie(name, text) => write!(f, "cookie {name}{}", text.after("=")),
            Self::Client(networks) => write!(f, "from {}", list(networks)),
            Self::Tls(TlsRule::None) => f.write_str("without tls"),
            Self::Tls(TlsRule::Any) => f.write_str("tls"),
            Self::Tls(TlsRule::ServerName(text)) => write!(f, "tls server{}", text.after("=")),
            Self::Tls(TlsRule::Certificate(Presence::Present)) => f.write_str("certificate"),
            Self::Tls(TlsRule::Certificate(Presence::Absent)) => f.write_str("certificate absent"),
            Self::Tls(TlsRule::Subject(text)) => write!(f, "certificate{}", text.after("=")),
            Self::Tls(TlsRule::Name(text)) => write!(f, "certificate name{}", text.after("=")),
            Self::Tls(TlsRule::Fingerprint(wanted)) => {
                write!(f, "certificate of {} fingerprints", wanted.len())
            }
            Self::Time(TimeRule { calendar, open }) => {
                let word = if *open { "in" } else { "outside" };
                write!(f, "{word} {}", calendar.name())
            }
            Self::Body(rule) => rule.fmt(f),
            Self::Claim(claim) => {
                write!(
                    f,
                    "claim {}{}",
                    claim.path.join("."),
                    claim.value.after("=")
                )
            }
        }
    }
}
