use std::path::Path;

use futures_util::FutureExt as _;
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

/// Without the backend that the table names.
fn app() -> App {
    let source = Source::new("routes.toml", ROUTES.to_owned());
    let resolved = Resolved::of(&source, Path::new("routes.toml")).unwrap();
    let metrics = Arc::<Metrics>::default();
    let name: Arc<str> = "lots".into();
    let snapshot = Snapshot::new(
        resolved.table,
        Vec::new().into(),
        Arc::new(State::default()),
    )
    .with_tallies(metrics.tallies([&name], []));
    let (mirrors, _jobs) = Queue::new(mirror::Limits::default());
    App::new(snapshot, mirrors, Arc::default(), metrics, Arc::default())
}

fn request() -> Request {
    Request {
        id: Uuid::nil(),
        parts: http::Request::new(()).into_parts().0,
        payload: Payload::Empty,
        received: Instant::now(),
        peer: None,
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
    }
}

/// It is made, and copied, for each request: what only some of them need is in boxes.
#[test]
fn a_request_on_its_way_holds_little() {
    let app = app();
    let answering = app.answer(request());
    let size = size_of_val(&answering);
    assert!(size <= 3 << 10, "{size} bytes");
}

/// One mutex of the process would be waited for by all threads.
#[test]
fn a_request_is_answered_while_somebody_reads_the_evidence() {
    let app = Arc::new(app());
    let asked = |app: &App| {
        let mut request = request();
        request.parts.uri = "http://h/lots".parse().unwrap();
        let answer = app.answer(request).now_or_never();
        assert_eq!(answer.unwrap().parts.status, 502, "there is no backend");
    };
    asked(&app);
    let reading = app.evidence().lock();
    let (done, came) = std::sync::mpsc::channel();
    let asking = Arc::clone(&app);
    std::thread::spawn(move || {
        asked(&asking);
        done.send(()).unwrap();
    });
    let answered = came.recv_timeout(Duration::from_secs(20));
    drop(reading);
    assert_eq!(answered, Ok(()));
    let report = app.evidence().report(Some("lots"));
    assert_eq!(report.routes[0].answers.gateway, 2);
}
