//! HTTP/2 behind, HTTP/1.1 in front or HTTP/2: the gateway is the client, the origin is frames of this suite's own.

mod answers;
mod ends;
mod frames;
mod requests;
mod tunnels;

use crate::case::{Case, GET, Wants, h2_origin};
use crate::h2::frame::*;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(requests::cases());
    cases.extend(answers::cases());
    cases.extend(frames::cases());
    cases.extend(ends::cases());
    cases.extend(tunnels::cases());
    cases
}

/// Settings without any.
fn plain() -> Vec<u8> {
    settings(&[])
}

/// A plain request has come on the first stream of a connection.
fn asked(section: &'static str, name: &str) -> Case {
    h2_origin(section, name)
        .client(GET)
        .greets(plain())
        .behind(1, Wants::Asks(":method", "GET"))
}

/// A plain answer.
fn ok(stream: u32) -> Vec<u8> {
    [
        headers(stream, 0, &[(":status", "200"), ("content-length", "2")]),
        data(stream, END_STREAM, b"ok"),
    ]
    .concat()
}

impl Case {
    /// A plain answer is given, and comes to the client.
    fn answers(self, stream: u32) -> Self {
        self.says(ok(stream)).status(200).body("ok")
    }

    /// The same, to a client of HTTP/2.
    fn answers_both(self, stream: u32) -> Self {
        self.says(ok(stream))
            .wants(stream, Wants::Status(200))
            .wants(stream, Wants::Body(b"ok".to_vec()))
    }
}
