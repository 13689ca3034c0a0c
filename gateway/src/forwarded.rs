//! Who asked, from where and how, in the fields by which proxies tell one another: `Via`, `X-Forwarded-*`, `Forwarded` (RFC 7239).
//!
//! In: a request's fields and the [`Hop`] it came over. Out: the [`Client`], as far as those who are trusted vouch for it, and the
//! fields as whoever is behind us gets them, by a [`Policy`]. Pure; never refuses a request: what cannot be read says nothing.

mod element;
mod read;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use http::header::{Entry, FORWARDED, HeaderName, HeaderValue, VIA};
use http::{HeaderMap, Version};
use ipnet::IpNet;

pub use self::element::{Element, elements};
use self::read::{Chain, Said};
use crate::message::AddressText;

/// Addresses of those before us, the client's first.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Whom each of them was asked for.
pub const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Whether each of them was asked over TLS: `http` or `https`.
pub const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// On which port each of them was asked.
pub const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// What is done about a field that is a list of all hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Ours stands behind what came.
    Append,
    /// As [`Append`](Self::Append) where there is one already; else there is none.
    Extend,
    /// It holds one member, ours: the client as we know it.
    Replace,
    /// It is taken off.
    Drop,
    /// It goes on as it came.
    Pass,
}

/// Which field is read to find the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientFrom {
    /// `X-Forwarded-For` and the fields of its kind.
    #[default]
    XForwarded,
    /// `Forwarded`.
    Forwarded,
}

/// Who is believed, and what is sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whose fields are believed. Where any are named, fields of all others are taken off first; where none are, nobody's are
    /// believed and everybody's are kept, as they would be without us.
    pub trusted: Vec<IpNet>,
    /// Which field is read.
    pub client_from: ClientFrom,
    /// `Via`; RFC 9110 section 7.6.3 wants it appended.
    pub via: Treatment,
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    pub x_forwarded: Treatment,
    /// `X-Forwarded-Port`.
    pub x_forwarded_port: Treatment,
    /// `Forwarded`.
    pub forwarded: Treatment,
}

impl Default for Policy {
    /// What a backend got before, it still gets: it finds the client where it was, and us behind it.
    fn default() -> Self {
        Self {
            trusted: Vec::new(),
            client_from: ClientFrom::default(),
            via: Treatment::Append,
            x_forwarded: Treatment::Append,
            x_forwarded_port: Treatment::Extend,
            forwarded: Treatment::Extend,
        }
    }
}

/// How a request came to us.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// From whom; none where the gateway itself asks.
    pub from: Option<IpAddr>,
    /// Our own address there.
    pub to: Option<SocketAddr>,
    /// Through TLS or not.
    pub scheme: Scheme,
    /// Whom it asked for.
    pub host: Option<&'a HeaderValue>,
    /// What it spoke.
    pub version: Version,
}

/// Whether somebody was asked through TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In plain text.
    Http,
    /// Through TLS.
    Https,
}

impl Scheme {
    /// As fields say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Policy {
    /// Whether what that address says of those before it is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The client: the first from the right whom nobody has to vouch for. None where there is nobody on the other side.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, hop: Hop<'_>) -> Option<IpAddr> {
        Some(self.found(headers, hop.from?).address)
    }

    fn found(&self, headers: &HeaderMap, from: IpAddr) -> Client {
        let mut client = Client::itself(from);
        let from = client.address;
        if !self.trusts(from) {
            return client;
        }
        let mut chain = Chain::of(headers, self.client_from);
        while let Some(said) = chain.before() {
            // Whoever is hidden stays so: the one who vouches for it is all that is known.
            let Some(address) = said.address else { break };
            client.address = address;
            client.said = Some(said);
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    /// Finds the client, and makes the fields say what those behind us are to know.
    pub fn apply(&self, headers: &mut HeaderMap, hop: Hop<'_>) -> Option<IpAddr> {
        // Most requests come from those who say nothing of others: one look over a few names costs less than looking each of these up.
        let said = headers.keys().any(is_said);
        let client = hop.from.map(|from| match said {
            true => self.found(headers, from),
            false => Client::itself(from),
        });
        let believed = self.trusted.is_empty() || hop.from.is_some_and(|from| self.trusts(from));
        if said && !believed {
            for name in [
                &FORWARDED_FOR,
                &FORWARDED_HOST,
                &FORWARDED_PROTO,
                &FORWARDED_PORT,
                &FORWARDED,
            ] {
                headers.remove(name);
            }
        }
        treat(self.via, headers, VIA, |_| Some(via(hop.version)));
        self.x_forwarded(headers, hop, client.as_ref(), said);
        if self.forwarded == Treatment::Extend && !said {
            return client.map(|client| client.address);
        }
        treat(self.forwarded, headers, FORWARDED, |replaced| {
            let client = client.as_ref();
            let seen = seen(hop, client, replaced);
            HeaderValue::try_from(seen.element().to_string()).ok()
        });
        client.map(|client| client.address)
    }

    /// `said` is whether any of these fields came.
    fn x_forwarded(
        &self,
        headers: &mut HeaderMap,
        hop: Hop<'_>,
        client: Option<&Client>,
        said: bool,
    ) {
        treat(self.x_forwarded, headers, FORWARDED_FOR, |replaced| {
            seen(hop, client, replaced).address.and_then(address)
        });
        treat(
            self.x_forwarded,
            headers,
            FORWARDED_PROTO,
            |replaced| match seen(hop, client, replaced).proto {
                "http" => Some(HeaderValue::from_static("http")),
                "https" => Some(HeaderValue::from_static("https")),
                other => HeaderValue::from_str(other).ok(),
            },
        );
        treat(self.x_forwarded, headers, FORWARDED_HOST, |replaced| {
            let said = client.and_then(|client| client.said.as_ref()?.host.as_deref());
            match said.filter(|_| replaced == Replaced::Yes) {
                Some(said) => HeaderValue::from_bytes(said).ok(),
                None => hop.host.cloned(),
            }
        });
        if self.x_forwarded_port == Treatment::Extend && !said {
            return;
        }
        treat(
            self.x_forwarded_port,
            headers,
            FORWARDED_PORT,
            |replaced| match client.and_then(|client| client.said.as_ref()?.port) {
                Some(port) if replaced == Replaced::Yes => Some(HeaderValue::from(port)),
                _ => hop.to.map(|to| HeaderValue::from(to.port())),
            },
        );
    }
}

/// Who asks, and what the one who vouches for it said of how it did; nothing where we see it ourselves.
struct Client {
    address: IpAddr,
    said: Option<Said>,
}

impl Client {
    /// Nobody speaks for it.
    fn itself(from: IpAddr) -> Self {
        Self {
            address: from.to_canonical(),
            said: None,
        }
    }
}

/// Whether a field says who asked before the one who asks us.
fn is_said(name: &HeaderName) -> bool {
    *name == FORWARDED || name.as_str().starts_with("x-forwarded-")
}

/// Whether a member of ours stands for all that came before us, or only for the last hop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replaced {
    Yes,
    No,
}

/// What is told of a hop.
struct Seen<'a> {
    address: Option<IpAddr>,
    proto: &'a str,
    host: Option<&'a [u8]>,
}

impl Seen<'_> {
    fn element(&self) -> Element {
        Element {
            address: self.address,
            host: self.host.map(<[u8]>::to_vec),
            proto: Some(self.proto.to_owned()),
        }
    }
}

fn seen<'a>(hop: Hop<'a>, client: Option<&'a Client>, replaced: Replaced) -> Seen<'a> {
    let mut seen = Seen {
        address: hop.from.map(|from| from.to_canonical()),
        proto: hop.scheme.as_str(),
        host: hop.host.map(HeaderValue::as_bytes),
    };
    if let (Replaced::Yes, Some(client)) = (replaced, client) {
        seen.address = Some(client.address);
        if let Some(said) = &client.said {
            seen.proto = said.proto.as_deref().unwrap_or(seen.proto);
            seen.host = said.host.as_deref().or(seen.host);
        }
    }
    seen
}

fn treat(
    treatment: Treatment,
    headers: &mut HeaderMap,
    name: HeaderName,
    ours: impl FnOnce(Replaced) -> Option<HeaderValue>,
) {
    match treatment {
        Treatment::Pass => {}
        Treatment::Drop => {
            headers.remove(name);
        }
        Treatment::Extend if !headers.contains_key(&name) => {}
        Treatment::Append | Treatment::Extend => {
            if let Some(ours) = ours(Replaced::No) {
                append(headers, name, ours);
            }
        }
        Treatment::Replace => match ours(Replaced::Yes) {
            Some(ours) => {
                headers.insert(name, ours);
            }
            None => {
                headers.remove(name);
            }
        },
    }
}

/// One member more at the end of a list, as a field of its own where there was none.
fn append(headers: &mut HeaderMap, name: HeaderName, member: HeaderValue) {
    match headers.entry(name) {
        Entry::Vacant(vacant) => {
            vacant.insert(member);
        }
        Entry::Occupied(mut occupied) => {
            let list = occupied
                .iter()
                .chain([&member])
                .map(HeaderValue::as_bytes)
                .collect::<Vec<_>>()
                .join(&b", "[..]);
            if let Ok(list) = HeaderValue::from_bytes(&list) {
                occupied.insert(list);
            }
        }
    }
}

fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_2 => "2.0 figway",
        Version::HTTP_10 => "1.0 figway",
        _ => "1.1 figway",
    })
}

fn address(from: IpAddr) -> Option<HeaderValue> {
    let text = AddressText::of(from.to_canonical());
    HeaderValue::from_bytes(text.as_bytes()).ok()
}
