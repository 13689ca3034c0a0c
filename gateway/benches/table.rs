//! What it costs to find the route of a request: a table of 10,000 routes against one of ten.
//!
//! `cargo bench -p gateway --bench table`

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use divan::{Bencher, black_box};
use gateway::config::Resolved;
use gateway::route::{Asked, Table, select};
use http::request::Parts;
use jiff::Timestamp;
use ops::config::Source;

fn main() {
    divan::main();
}

/// What tells the routes of a table apart.
#[derive(Debug, Clone, Copy)]
enum By {
    Path,
    Host,
    Header,
    Parameter,
}

const HOW: [By; 4] = [By::Path, By::Host, By::Header, By::Parameter];

fn table(by: By, routes: usize) -> Arc<Table> {
    let mut text = "version = 1\n[backends.b]\nhttp = \"http://b\"\n".to_owned();
    for number in 0..routes {
        let rule = match by {
            By::Path => format!("path = \"/service-{number}/lots\""),
            By::Host => format!("host = \"h{number}.example.com\", path = {{ prefix = \"/\" }}"),
            By::Header => format!("path = \"/cics\", headers = {{ x-tran = \"T{number}\" }}"),
            By::Parameter => format!("path = \"/{{region}}/service-{number}/{{lot}}\""),
        };
        writeln!(
            text,
            "[[routes]]\nname = \"r{number}\"\nmatch = {{ {rule} }}\nlegacy = \"b\""
        )
        .unwrap();
    }
    let source = Source::new("routes.toml", text);
    Resolved::of(&source, Path::new("routes.toml"))
        .unwrap()
        .table
}

fn request(by: By, number: usize) -> Parts {
    let (host, path, tran) = match by {
        By::Path => (
            "h.example.com".to_owned(),
            format!("/service-{number}/lots"),
            0,
        ),
        By::Host => (format!("h{number}.example.com"), "/a/b".to_owned(), 0),
        By::Header => ("h.example.com".to_owned(), "/cics".to_owned(), number),
        By::Parameter => (
            "h.example.com".to_owned(),
            format!("/eu/service-{number}/L1"),
            0,
        ),
    };
    let request = http::Request::get(path)
        .header("host", host)
        .header("user-agent", "bench")
        .header("accept", "*/*")
        .header("x-tran", format!("T{tran}"));
    request.body(()).unwrap().into_parts().0
}

/// The same request again and again, as in the comparison with other proxies.
#[divan::bench(args = HOW, consts = [10, 10_000])]
fn one_route<const ROUTES: usize>(bencher: Bencher<'_, '_>, by: By) {
    let (table, parts) = (table(by, ROUTES), request(by, ROUTES / 2));
    bencher.bench_local(|| {
        let asked = Asked::new(black_box(&parts), None, Timestamp::UNIX_EPOCH);
        select(&table, &asked).unwrap()
    });
}

/// A request for another route each time: what is looked up is not in the processor's cache.
#[divan::bench(args = HOW, consts = [10, 10_000])]
fn any_route<const ROUTES: usize>(bencher: Bencher<'_, '_>, by: By) {
    let table = table(by, ROUTES);
    let requests: Vec<Parts> = (0..ROUTES).map(|number| request(by, number)).collect();
    let mut next = 0;
    bencher.bench_local(|| {
        next = (next + 7919) % ROUTES;
        let asked = Asked::new(black_box(&requests[next]), None, Timestamp::UNIX_EPOCH);
        select(&table, &asked).unwrap()
    });
}
