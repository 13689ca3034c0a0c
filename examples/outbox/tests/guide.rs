//! The service guide's commands, typed. Needs `bash`, `curl` and `kcat`; without them the test says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use broker::{Broker, BrokerConfig};

#[test]
fn the_service_guide_works_as_printed() {
    for (tool, version) in [("bash", "--version"), ("curl", "--version"), ("kcat", "-V")] {
        if Command::new(tool).arg(version).output().is_err() {
            println!("{tool} not found: not run");
            return;
        }
    }
    let guide = include_str!("../../../docs/service-guide.md");
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect();
    // The first one builds, enters a folder, and starts the broker that is here already.
    let script = blocks.get(1..).unwrap().concat();
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let status = {
        // Free again at the end of this block.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let script = script
        .replace("127.0.0.1:9092", &broker.bootstrap())
        .replace("127.0.0.1:9300", &status);
    let script = format!("set -em\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}");
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("var/service");
    std::fs::create_dir_all(&inside).unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_example-outbox"));
    let binaries = binaries.parent().unwrap().display();
    let path = format!("{binaries}:{}", std::env::var("PATH").unwrap());
    let output = Command::new("timeout")
        .args(["120", "bash", "-c", &script])
        .env("PATH", path)
        .current_dir(&inside)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    let service = std::fs::read_to_string(inside.join("service.log")).unwrap_or_default();
    assert!(output.status.success(), "{said}\n{log}\n{service}");
    for part in [
        r#""left":97"#,
        "the JSON does not fit at line 1 column 32: wanted u32",
        r#"figway_service_requests_total{outcome="answered"}"#,
    ] {
        assert!(said.contains(part), "`{part}` is not in:\n{said}\n{log}");
    }
    assert!(!inside.exists(), "the guide cleans up behind itself");
}
