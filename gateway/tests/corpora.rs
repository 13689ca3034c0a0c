//! The corpora of the fuzz targets for bodies, fields, headers in front and routes, replayed and changed a little.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../fuzz/bodies.rs"]
mod bodies;
#[path = "../../fuzz/forwarded.rs"]
mod forwarded;
#[path = "../../fuzz/mapping.rs"]
mod mapping;
#[path = "../../fuzz/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "shared with tests that read a corpus themselves")]
#[path = "../../fuzz/replay.rs"]
mod replay;
#[path = "../../fuzz/routes.rs"]
mod routes;

/// As many changed inputs as any property test has.
fn replay(target: &str, check: fn(&[u8])) {
    replay::replay(target, &[], 256, check);
}

#[test]
fn compare() {
    replay("compare", bodies::compare);
}

#[test]
fn forwarded() {
    replay("forwarded", forwarded::forwarded);
}

#[test]
fn proxy() {
    replay("proxy", proxy::proxy);
}

#[test]
fn transcode() {
    replay("transcode", bodies::transcode);
}

#[test]
fn routes() {
    replay("routes", routes::routes);
}

#[test]
fn mapping() {
    replay("mapping", mapping::mapping_of);
}
