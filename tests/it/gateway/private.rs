//! Invariant 11: what is in requests and answers reaches no log and no metric.

use std::process::Stdio;

use tests::gateway::client;
use tests::gateway::rig::Rig;
use tests::gateway::stand::{Answer, Stand};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

/// Nothing else in the test says this.
const MARKER: &str = "S3CR3TM4RK";

const COPYBOOK: &str = "       01  REQ.
           05  REQ-LOT    PIC X(12).
           05  REQ-COUNT  PIC 9(4).
";

fn routes(legacy: &str, modern: &str, gone: &str) -> String {
    format!(
        r#"
[copybooks.REQ]
file = "REQ.cpy"
[backends.old]
http = "{legacy}"
[backends.new]
http = "{modern}"
[backends.gone]
http = "{gone}"
[[routes]]
name = "shadowed"
match = {{ path = "/shadowed/{{lot}}" }}
effect = "read"
mode = "shadow"
request = "json"
response = "json"
legacy = "old"
modern = "new"
canary_key = {{ field = "lot" }}
[[routes]]
name = "falls-back"
match = {{ path = "/falls-back/{{lot}}" }}
effect = "read"
mode = "modern"
legacy = "old"
modern = "gone"
fallback = "legacy"
canary_key = {{ path = "lot" }}
[[routes]]
name = "dead"
match = {{ path = "/dead/{{lot}}" }}
legacy = "gone"
[[routes]]
name = "record"
match = {{ path = "/record" }}
effect = "read"
mode = "modern"
request = {{ record = "REQ" }}
response = {{ record = "REQ" }}
legacy = "old"
modern = {{ backend = "new", request = "json", response = "json" }}
canary_key = {{ field = "REQ-LOT" }}
"#
    )
}

/// The gateway as its own process, as operators run it, at the given level of detail, over everything that can be logged about.
async fn logged_at(level: &str) -> (String, String) {
    let answer = |side: &'static str| {
        move |_| async move { Answer::json(format!("{{\"lot\":\"{MARKER}\",\"by\":\"{side}\"}}")) }
    };
    let legacy = Stand::start(answer("legacy")).await;
    let modern = Stand::start(answer("modern")).await;
    let gone = {
        let gone = Stand::start(|_| async { Answer::Hang }).await;
        gone.url()
    };
    // Only its folder and its configuration are wanted; the gateway of this rig ends at once.
    let text = routes(&legacy.url(), &modern.url(), &gone);
    let mut rig = Rig::with(&text, &[("REQ.cpy", COPYBOOK)]).await.unwrap();
    rig.stop().await.unwrap();

    let mut process = Command::new(figway())
        .args(["serve", "routes.toml"])
        .current_dir(rig.folder())
        .env("FIGWAY_LOG", level)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stderr = process.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut address = async || {
        let line = said.next_line().await.unwrap().unwrap();
        let rest = line.split_once("http://").unwrap().1;
        let end = rest.find([';', ' ']).unwrap_or(rest.len());
        rest.get(..end).unwrap().parse().unwrap()
    };
    let clients = address().await;
    let admin = address().await;

    let secret = [("authorization", MARKER), ("cookie", MARKER)];
    let json = format!("{{\"lot\":\"{MARKER}\"}}");
    let typed = [("content-type", "application/json"), ("x-key", MARKER)];
    let broken = format!("{{\"lot\":\"{MARKER}");
    for _ in 0..3 {
        for (target, headers, body) in [
            (
                format!("/shadowed/{MARKER}?q={MARKER}"),
                &typed[..],
                json.clone(),
            ),
            (format!("/shadowed/{MARKER}"), &typed[..], broken.clone()),
            (format!("/falls-back/{MARKER}"), &secret[..], json.clone()),
            (
                format!("/dead/{MARKER}?q={MARKER}"),
                &secret[..],
                json.clone(),
            ),
            (format!("/nowhere/{MARKER}"), &secret[..], json.clone()),
            (
                "/record".to_owned(),
                &secret[..],
                format!("{MARKER}  {MARKER}"),
            ),
        ] {
            client::ask(clients, "POST", &target, headers, body)
                .await
                .unwrap();
        }
    }
    // The mirrors end with the process at the latest; one that differs is the interesting one.
    let metrics = loop {
        let evidence = client::ask(
            admin,
            "GET",
            "/v1/evidence",
            &[(
                "authorization",
                &format!("Bearer {}", tests::gateway::rig::TOKEN),
            )],
            "",
        )
        .await
        .unwrap();
        let evidence: serde_json::Value = serde_json::from_slice(&evidence.body).unwrap();
        let shadowed = evidence["routes"]
            .as_array()
            .and_then(|routes| routes.iter().find(|route| route["route"] == "shadowed"));
        if shadowed.is_some_and(|route| route["different"].as_u64() >= Some(3)) {
            break client::get(admin, "/metrics").await.unwrap().text();
        }
        tokio::task::yield_now().await;
    };
    let id = process.id().unwrap().to_string();
    let asked = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .unwrap();
    assert!(asked.success() && process.wait().await.unwrap().success());
    (log.await.unwrap(), metrics)
}

/// The program itself: built with the workspace's tests, two folders above this test's own binary.
fn figway() -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(2).unwrap().join("figway");
    assert!(
        built.exists(),
        "{} is not built: cargo build, or cargo test --workspace",
        built.display()
    );
    // `cargo test -p tests` does not build it again; what an old program does not log proves nothing.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap();
    let at = std::fs::metadata(&built).unwrap().modified().unwrap();
    for sources in ["gateway/src", "crates/figway/src", "crates/kafka/src"] {
        let newest = newest(&root.join(sources));
        assert!(
            newest <= at,
            "{} is older than {sources}: cargo build first",
            built.display()
        );
    }
    built
}

/// When a file below that folder was last written.
fn newest(folder: &std::path::Path) -> std::time::SystemTime {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.metadata().unwrap() {
            data if data.is_dir() => newest(&entry.path()),
            data => data.modified().unwrap(),
        })
        .max()
        .unwrap_or(std::time::SystemTime::UNIX_EPOCH)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_in_bodies_headers_keys_and_targets_is_in_no_log_and_no_metric() {
    for level in [
        "info",
        "debug",
        "info,gateway=trace,kafka=trace,figway=trace",
    ] {
        let (log, metrics) = logged_at(level).await;
        assert!(
            log.contains("could not answer a request"),
            "the log says what went wrong, at {level}:\n{log}"
        );
        assert!(metrics.contains("figway_requests_total"), "{metrics}");
        for (what, text) in [("log", &log), ("metrics", &metrics)] {
            assert!(
                !text.contains(MARKER),
                "the {what} at {level} has it:\n{text}"
            );
        }
    }
}
