use std::path::Path;

use ops::config::Source;
use tokio::time::Instant;

use super::*;
use crate::config::Resolved;
use crate::control::State;
use crate::message::{Interim, Payload};
use crate::mirror;

const ROUTES: &str = r#"
version = 1
revision = 1
[listen]
http = "127.0.0.1:0"
[backends.old]
http = "http://127.0.0.1:1"
[[routes]]
name = "lots"
match = { path = "/lots" }
legacy = "old"
"#;

/// It is made, and copied, for each request: what only some of them need is in boxes.
#[test]
fn a_request_on_its_way_holds_little() {
    let source = Source::new("routes.toml", ROUTES.to_owned());
    let resolved = Resolved::of(&source, Path::new("routes.toml")).unwrap();
    let backends = Vec::new().into();
    let snapshot = Snapshot::new(resolved.table, backends, Arc::new(State::default()));
    let (mirrors, _jobs) = Queue::new(mirror::Limits::default());
    let app = App::new(
        snapshot,
        mirrors,
        Arc::default(),
        Arc::default(),
        Arc::default(),
    );
    let request = Request {
        id: Uuid::nil(),
        parts: http::Request::new(()).into_parts().0,
        payload: Payload::Empty,
        received: Instant::now(),
        peer: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
    };
    let answering = app.answer(request);
    let size = size_of_val(&answering);
    assert!(size <= 3 << 10, "{size} bytes");
}
