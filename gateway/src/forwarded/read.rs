//! What those before us said, read from the one nearest to us.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use super::{ClientFrom, Element, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PORT, FORWARDED_PROTO};

/// More hops than this are nobody's network.
const MOST: usize = 64;

/// What one hop said of the one before it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) address: Option<IpAddr>,
    pub(super) proto: Option<String>,
    pub(super) host: Option<Vec<u8>>,
    pub(super) port: Option<u16>,
}

/// All they said; the nearest is last.
pub(super) struct Chain<'a> {
    kind: Kind<'a>,
    /// How many were taken from the right.
    taken: usize,
}

enum Kind<'a> {
    X(X<'a>),
    Forwarded(Vec<Element>),
}

/// The lists of the fields, which are as long as one another only if every hop wrote all of them.
struct X<'a> {
    addresses: Vec<&'a [u8]>,
    protos: Vec<&'a [u8]>,
    hosts: Vec<&'a [u8]>,
    ports: Vec<&'a [u8]>,
}

impl<'a> Chain<'a> {
    pub(super) fn of(headers: &'a HeaderMap, from: ClientFrom) -> Self {
        let kind = match from {
            ClientFrom::XForwarded => {
                let addresses = members(headers, &FORWARDED_FOR);
                // What the others say is said of these.
                let beside = |name| match addresses.is_empty() {
                    true => Vec::new(),
                    false => members(headers, name),
                };
                Kind::X(X {
                    protos: beside(&FORWARDED_PROTO),
                    hosts: beside(&FORWARDED_HOST),
                    ports: beside(&FORWARDED_PORT),
                    addresses,
                })
            }
            ClientFrom::Forwarded => {
                let fields = headers.get_all(FORWARDED).iter();
                let read = super::elements(fields.map(http::HeaderValue::as_bytes));
                Kind::Forwarded(read.unwrap_or_default())
            }
        };
        Self { kind, taken: 0 }
    }

    /// What the next one to the left said.
    pub(super) fn before(&mut self) -> Option<Said> {
        let place = self.taken;
        if place >= MOST {
            return None;
        }
        self.taken += 1;
        match &mut self.kind {
            Kind::X(x) => {
                let address = x.addresses.iter().rev().nth(place)?;
                let text = |list: &[&[u8]]| -> Option<Vec<u8>> {
                    // One that is shorter was not written by all: its first stands for those too.
                    let nth = place.min(list.len().checked_sub(1)?);
                    list.iter().rev().nth(nth).map(|text| text.to_vec())
                };
                let string = |list: &[&[u8]]| String::from_utf8(text(list)?).ok();
                Some(Said {
                    address: node(address),
                    proto: string(&x.protos)
                        .map(|proto| proto.to_ascii_lowercase())
                        .filter(|proto| matches!(proto.as_str(), "http" | "https")),
                    host: text(&x.hosts).filter(|host| is_host(host)),
                    port: string(&x.ports).and_then(|port| port.parse().ok()),
                })
            }
            Kind::Forwarded(elements) => {
                let element = elements.iter().rev().nth(place)?;
                let proto = element.proto.clone();
                Some(Said {
                    address: element.address,
                    proto: proto.filter(|proto| matches!(proto.as_str(), "http" | "https")),
                    host: element.host.clone().filter(|host| is_host(host)),
                    port: None,
                })
            }
        }
    }
}

/// What comes from a quoted string could be anything.
fn is_host(host: &[u8]) -> bool {
    h1::valid_host(host)
}

/// The members of a list over all its fields; only the nearest hops.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a [u8]> {
    let fields = headers.get_all(name).iter();
    let all: Vec<_> = fields
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .collect();
    let far = all.len().saturating_sub(MOST);
    all.get(far..).map(<[_]>::to_vec).unwrap_or_default()
}

/// An address with or without a port, an IPv6 one with or without brackets. Words that hide one (`unknown`, `_secret`) are none.
pub(super) fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        if !after.is_empty() && !is_port(after.strip_prefix(':')?) {
            return None;
        }
        let address: Ipv6Addr = address.parse().ok()?;
        return Some(IpAddr::V6(address).to_canonical());
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, port) = text.rsplit_once(':')?;
    if !is_port(port) {
        return None;
    }
    address.parse().ok().map(IpAddr::V4)
}

/// A number, or a word that hides it (RFC 7239 section 6.3).
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
        || text.strip_prefix('_').is_some_and(|word| {
            let fits =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            !word.is_empty() && word.bytes().all(fits)
        })
}
