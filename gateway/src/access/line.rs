//! One line. Whatever a client sent, it stays one, and is ASCII.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::HeaderValue;
use http::{Uri, Version};

use super::put::{escaped, formatted, id, millis, number, plain, thousandths};
use super::{Entry, Format, Query};
use crate::control::time;
use crate::message::AddressText;
use crate::mode::Mode;
use crate::outcome::ticket;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(super) fn write(entry: &Entry, took: Duration, out: &mut Vec<u8>) {
    match entry.log.spec.format {
        Format::Json => json(entry, took, out),
        Format::Combined => combined(entry, out),
    }
    out.push(b'\n');
}

/// The target as it may be written. Of the address of an outcome only up to its id: the rest is a secret.
fn target(uri: &Uri, query: Query) -> &str {
    let path = uri.path();
    let last = path.rsplit('/').next().unwrap_or_default();
    if let Some(public) = ticket::shown(last) {
        let end = path.len() - last.len() + public.len();
        return path.get(..end).unwrap_or_default();
    }
    let path = match query {
        Query::Hidden => uri.path(),
        Query::Written => uri.path_and_query().map_or("", |path| path.as_str()),
    };
    if path.is_empty() { "/" } else { path }
}

/// A page's address without what may have been typed there.
fn referer(entry: &Entry) -> &[u8] {
    let referer = entry.head.referer.as_ref().map(HeaderValue::as_bytes);
    let referer = referer.unwrap_or_default();
    match entry.log.spec.query {
        Query::Written => referer,
        Query::Hidden => referer.split(|byte| *byte == b'?').next().unwrap_or(b""),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

fn json(entry: &Entry, took: Duration, out: &mut Vec<u8>) {
    let head = &entry.head;
    let end = entry.end();
    let since = head.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    plain(out, "{\"time\":\"");
    let [seconds @ .., _] = time::digits(head.at);
    out.extend_from_slice(&seconds);
    out.push(b'.');
    thousandths(out, since.subsec_millis());
    plain(out, "Z\"");
    if let Some(client) = head.client {
        plain(out, ",\"client\":\"");
        out.extend_from_slice(AddressText::of(client).as_bytes());
        out.push(b'"');
    }
    if let Some(asked) = &head.asked {
        member(out, ",\"method\":\"", asked.method.as_str().as_bytes());
    }
    if let Some(host) = &head.host {
        member(out, ",\"host\":\"", host.as_bytes());
    }
    if let Some(asked) = &head.asked {
        let target = target(&asked.target, entry.log.spec.query);
        member(out, ",\"target\":\"", target.as_bytes());
        plain(out, ",\"protocol\":\"");
        plain(out, version(asked.version));
        out.push(b'"');
    }
    if let Some(tls) = head.tls {
        member(out, ",\"tls\":\"", tls.as_bytes());
    }
    plain(out, ",\"status\":");
    number(out, end.status.into());
    plain(out, ",\"bytes\":");
    number(out, entry.bytes);
    if let Some(first) = end.first {
        plain(out, ",\"first_ms\":");
        millis(out, first);
    }
    plain(out, ",\"total_ms\":");
    millis(out, took);
    if entry.cut() {
        plain(out, ",\"cut\":true");
    }
    if let Some(why) = &entry.why {
        member(out, ",\"why\":\"", why.as_bytes());
    }
    if let Some(outcome) = &entry.outcome {
        if let Some(route) = &outcome.route {
            member(out, ",\"route\":\"", route.as_bytes());
        }
        if let Some(group) = &outcome.group {
            member(out, ",\"group\":\"", group.as_bytes());
        }
        if let Some(mode) = outcome.mode {
            in_mode(out, mode);
        }
        plain(out, ",\"answered\":\"");
        let answered = outcome.answered.map_or("gateway", |side| side.as_str());
        plain(out, answered);
        out.push(b'"');
        if let Some(error) = outcome.error {
            member(out, ",\"error\":\"", error.as_bytes());
        }
    }
    if let Some(left) = &entry.left {
        member(out, ",\"route\":\"", left.route.as_bytes());
        member(out, ",\"group\":\"", left.group.as_bytes());
        in_mode(out, left.mode);
        if let Some(asked) = left.asked {
            member(out, ",\"asked\":\"", asked.as_str().as_bytes());
        }
    }
    plain(out, ",\"request_id\":\"");
    id(out, entry.id);
    out.push(b'"');
    if let Some(trace) = &entry.trace {
        plain(out, ",\"trace_id\":\"");
        plain(out, trace.as_str());
        out.push(b'"');
    }
    if !referer(entry).is_empty() {
        member(out, ",\"referer\":\"", referer(entry));
    }
    if let Some(agent) = &head.agent {
        member(out, ",\"agent\":\"", agent.as_bytes());
    }
    out.push(b'}');
}

fn in_mode(out: &mut Vec<u8>, mode: Mode) {
    plain(out, ",\"mode\":\"");
    plain(out, mode.word());
    if let Mode::Canary { percent } = mode {
        out.push(b' ');
        number(out, percent.get().into());
        plain(out, " %");
    }
    out.push(b'"');
}

fn combined(entry: &Entry, out: &mut Vec<u8>) {
    let head = &entry.head;
    match head.client {
        Some(client) => out.extend_from_slice(AddressText::of(client).as_bytes()),
        None => out.push(b'-'),
    }
    plain(out, " - - [");
    day(head.at, out);
    plain(out, " +0000] \"");
    match &head.asked {
        Some(asked) => {
            in_hex(out, asked.method.as_str().as_bytes());
            out.push(b' ');
            let target = target(&asked.target, entry.log.spec.query);
            in_hex(out, target.as_bytes());
            out.push(b' ');
            plain(out, version(asked.version));
        }
        None => out.push(b'-'),
    }
    plain(out, "\" ");
    number(out, entry.end().status.into());
    out.push(b' ');
    number(out, entry.bytes);
    plain(out, " \"");
    dashed(out, referer(entry));
    plain(out, "\" \"");
    let agent = head.agent.as_ref().map(HeaderValue::as_bytes);
    dashed(out, agent.unwrap_or_default());
    out.push(b'"');
}

/// `22/Nov/2026:13:05:00`.
fn day(moment: SystemTime, out: &mut Vec<u8>) {
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, _, time @ .., _] = time::digits(moment);
    let month = usize::from(m1 - b'0') * 10 + usize::from(m2 - b'0');
    let month = month.checked_sub(1).and_then(|month| MONTHS.get(month));
    out.extend_from_slice(&[d1, d2, b'/']);
    plain(out, month.copied().unwrap_or_default());
    out.extend_from_slice(&[b'/', y1, y2, y3, y4, b':']);
    out.extend_from_slice(&time);
}

fn dashed(out: &mut Vec<u8>, text: &[u8]) {
    if text.is_empty() {
        out.push(b'-');
    } else {
        in_hex(out, text);
    }
}

/// What is not plain as `\xHH`, as those do who invented the format.
fn in_hex(out: &mut Vec<u8>, text: &[u8]) {
    escaped(out, text, |out, other| {
        formatted(out, format_args!("\\x{other:02x}"));
    });
}

/// `begun` is all before the value: `,"name":"`.
fn member(out: &mut Vec<u8>, begun: &str, value: &[u8]) {
    plain(out, begun);
    // A byte above is a letter of Latin-1, as HTTP once had it.
    escaped(out, value, |out, other| {
        formatted(out, format_args!("\\u{other:04x}"));
    });
    out.push(b'"');
}
