//! `Forwarded` as RFC 7239 section 4 writes it: elements of pairs, values bare or quoted.

use std::fmt;
use std::net::IpAddr;

use super::read::node;

/// What one hop said of the one before it. Parameters that nobody here needs are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// `for`, where it is an address and not a word that hides one.
    pub address: Option<IpAddr>,
    /// `host`.
    pub host: Option<Vec<u8>>,
    /// `proto`, in lower case.
    pub proto: Option<String>,
}

/// The most pairs of one element: four are registered (RFC 7239 section 9), and each is held against those before it.
const PAIRS: usize = 16;

/// The elements of all fields in their order; none at all where any of them cannot be read, since what stands behind a quote that is not
/// closed could have been anybody's.
#[must_use]
pub fn elements<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Element>> {
    let mut out = Vec::new();
    for field in fields {
        let mut rest = field;
        loop {
            let (element, after) = element(rest)?;
            // Empty members of a list mean nothing (RFC 9110 section 5.6.1).
            out.extend(element);
            match after.split_first() {
                None => break,
                Some((b',', after)) => rest = after,
                Some(_) => return None,
            }
        }
    }
    Some(out)
}

/// One element, and what stands behind it: a comma and more, or nothing.
fn element(text: &[u8]) -> Option<(Option<Element>, &[u8])> {
    let mut element = Element::default();
    let mut named = Vec::new();
    let mut rest = text;
    loop {
        rest = blank(rest);
        let (name, after) = token(rest);
        if name.is_empty() {
            rest = after;
        } else {
            let after = after.strip_prefix(b"=")?;
            let (value, after) = value(after)?;
            // Each may stand once in an element (section 4).
            let name = name.to_ascii_lowercase();
            if named.len() >= PAIRS || named.contains(&name) {
                return None;
            }
            put(&mut element, &name, value)?;
            named.push(name);
            rest = blank(after);
        }
        match rest.split_first() {
            Some((b';', after)) => rest = after,
            Some((b',', _)) | None => return Some(((!named.is_empty()).then_some(element), rest)),
            Some(_) => return None,
        }
    }
}

fn put(element: &mut Element, name: &[u8], value: Vec<u8>) -> Option<()> {
    match name {
        b"for" => element.address = node(&value),
        b"host" => element.host = Some(value),
        b"proto" => {
            let proto = String::from_utf8(value).ok()?;
            element.proto = Some(proto.to_ascii_lowercase());
        }
        _ => {}
    }
    Some(())
}

fn blank(text: &[u8]) -> &[u8] {
    let blanks = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    text.get(blanks..).unwrap_or_default()
}

fn token(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| is_token(**byte)).count();
    text.split_at_checked(length).unwrap_or((text, b""))
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A token or a quoted string (RFC 9110 section 5.6.4), without quotes and escapes.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let (value, rest) = token(text);
        return (!value.is_empty()).then(|| (value.to_vec(), rest));
    };
    let mut out = Vec::new();
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (byte, after) = rest.split_first()?;
                out.push(*byte);
                rest = after;
            }
            byte => out.push(*byte),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(IpAddr::V4(address)) => write!(f, "for={address}")?,
            // Brackets and colons are not for tokens (section 6).
            Some(IpAddr::V6(address)) => write!(f, "for=\"[{address}]\"")?,
            // Somebody who is nobody's business, in a word of the RFC (section 6.2).
            None => f.write_str("for=unknown")?,
        }
        if let Some(host) = &self.host {
            f.write_str(";host=")?;
            quoted(host, f)?;
        }
        if let Some(proto) = &self.proto {
            f.write_str(";proto=")?;
            quoted(proto.as_bytes(), f)?;
        }
        Ok(())
    }
}

/// As a token where it is one. What is not ASCII stands for no host, and is left out.
fn quoted(value: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let bare = !value.is_empty() && value.iter().all(|byte| is_token(*byte));
    if !bare {
        f.write_str("\"")?;
    }
    for byte in value.iter().filter(|byte| (b' '..0x7f).contains(*byte)) {
        if matches!(byte, b'"' | b'\\') {
            f.write_str("\\")?;
        }
        write!(f, "{}", char::from(*byte))?;
    }
    if !bare {
        f.write_str("\"")?;
    }
    Ok(())
}
