//! One line. Whatever a client sent, it stays one, and is ASCII.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::HeaderValue;
use http::{Uri, Version};

use super::{Entry, Format, Query};
use crate::control::time;
use crate::outcome::ticket;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(super) fn write(entry: &Entry, took: Duration, out: &mut String) {
    match entry.log.spec.format {
        Format::Json => json(entry, took, out),
        Format::Combined => combined(entry, out),
    }
    out.push('\n');
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

fn json(entry: &Entry, took: Duration, out: &mut String) {
    let head = &entry.head;
    let end = entry.end();
    let since = head.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = time::rfc3339(head.at);
    let seconds = seconds.trim_end_matches('Z');
    out.push_str("{\"time\":\"");
    put(
        out,
        format_args!("{seconds}.{:03}Z\"", since.subsec_millis()),
    );
    if let Some(client) = head.client {
        put(out, format_args!(",\"client\":\"{client}\""));
    }
    if let Some(asked) = &head.asked {
        member(out, "method", asked.method.as_str().as_bytes());
    }
    if let Some(host) = &head.host {
        member(out, "host", host.as_bytes());
    }
    if let Some(asked) = &head.asked {
        let target = target(&asked.target, entry.log.spec.query);
        member(out, "target", target.as_bytes());
        member(out, "protocol", version(asked.version).as_bytes());
    }
    if let Some(tls) = head.tls {
        member(out, "tls", tls.as_bytes());
    }
    put(
        out,
        format_args!(",\"status\":{},\"bytes\":{}", end.status, entry.bytes),
    );
    if let Some(first) = end.first {
        put(out, format_args!(",\"first_ms\":{}", Millis(first)));
    }
    put(out, format_args!(",\"total_ms\":{}", Millis(took)));
    if entry.cut() {
        out.push_str(",\"cut\":true");
    }
    if let Some(why) = &entry.why {
        member(out, "why", why.as_bytes());
    }
    if let Some(outcome) = &entry.outcome {
        if let Some(route) = &outcome.route {
            member(out, "route", route.as_bytes());
        }
        if let Some(group) = &outcome.group {
            member(out, "group", group.as_bytes());
        }
        if let Some(mode) = outcome.mode {
            put(out, format_args!(",\"mode\":\"{mode}\""));
        }
        let answered = outcome.answered.map_or("gateway", |side| side.as_str());
        member(out, "answered", answered.as_bytes());
        if let Some(error) = outcome.error {
            member(out, "error", error.as_bytes());
        }
    }
    if let Some(left) = &entry.left {
        member(out, "route", left.route.as_bytes());
        member(out, "group", left.group.as_bytes());
        put(out, format_args!(",\"mode\":\"{}\"", left.mode));
        if let Some(asked) = left.asked {
            member(out, "asked", asked.as_str().as_bytes());
        }
    }
    put(out, format_args!(",\"request_id\":\"{}\"", entry.id));
    if let Some(trace) = &entry.trace {
        put(out, format_args!(",\"trace_id\":\"{trace}\""));
    }
    if !referer(entry).is_empty() {
        member(out, "referer", referer(entry));
    }
    if let Some(agent) = &head.agent {
        member(out, "agent", agent.as_bytes());
    }
    out.push('}');
}

fn combined(entry: &Entry, out: &mut String) {
    let head = &entry.head;
    match head.client {
        Some(client) => put(out, format_args!("{client}")),
        None => out.push('-'),
    }
    out.push_str(" - - [");
    day(head.at, out);
    out.push_str(" +0000] \"");
    match &head.asked {
        Some(asked) => {
            escaped(out, asked.method.as_str().as_bytes());
            out.push(' ');
            let target = target(&asked.target, entry.log.spec.query);
            escaped(out, target.as_bytes());
            put(out, format_args!(" {}", version(asked.version)));
        }
        None => out.push('-'),
    }
    let status = entry.end().status;
    put(out, format_args!("\" {status} {} \"", entry.bytes));
    dashed(out, referer(entry));
    out.push_str("\" \"");
    let agent = head.agent.as_ref().map(HeaderValue::as_bytes);
    dashed(out, agent.unwrap_or_default());
    out.push('"');
}

/// `22/Nov/2026:13:05:00`.
fn day(moment: SystemTime, out: &mut String) {
    let text = time::rfc3339(moment);
    // YYYY-MM-DDTHH:MM:SSZ
    let mut parts = text.trim_end_matches('Z').splitn(3, '-');
    let (year, month, rest) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|month| month.parse::<usize>().ok());
    let month = month.and_then(|month| MONTHS.get(month.checked_sub(1)?));
    if let (Some(year), Some(month), Some((day, time))) =
        (year, month, rest.and_then(|rest| rest.split_once('T')))
    {
        put(out, format_args!("{day}/{month}/{year}:{time}"));
    }
}

fn dashed(out: &mut String, text: &[u8]) {
    if text.is_empty() {
        out.push('-');
    } else {
        escaped(out, text);
    }
}

/// What is not plain as `\xHH`, as those do who invented the format.
fn escaped(out: &mut String, text: &[u8]) {
    for byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=b'~' => out.push(char::from(*byte)),
            other => put(out, format_args!("\\x{other:02x}")),
        }
    }
}

fn member(out: &mut String, name: &str, value: &[u8]) {
    put(out, format_args!(",\"{name}\":\""));
    for byte in value {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=b'~' => out.push(char::from(*byte)),
            // A byte above is a letter of Latin-1, as HTTP once had it.
            other => put(out, format_args!("\\u{other:04x}")),
        }
    }
    out.push('"');
}

/// Milliseconds with microseconds behind the point.
struct Millis(Duration);

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = self.0.as_micros();
        write!(f, "{}.{:03}", micros / 1000, micros % 1000)
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _never = out.write_fmt(text);
}
