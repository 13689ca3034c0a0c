//! What we tell people to type, typed: the guides' commands, and those the running demo prints.
//!
//! Needs `bash`, `curl`, `kcat` and `python3`; without them a test says so and passes.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FIGWAY: &str = env!("CARGO_BIN_EXE_figway");

fn tools_are_here() -> bool {
    let missing = ["kcat", "bash", "curl", "python3"]
        .into_iter()
        .find(|tool| {
            let version = if *tool == "kcat" { "-V" } else { "--version" };
            Command::new(tool).arg(version).output().is_err()
        });
    if let Some(tool) = missing {
        println!("{tool} not found: not run");
    }
    missing.is_none()
}

/// Runs a script that ends at the first command that fails, and takes its background jobs with it.
fn run(script: &str, folder: &Path) -> Output {
    let script = format!("set -em\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}");
    let binaries = Path::new(FIGWAY).parent().unwrap().display().to_string();
    let path = format!("{binaries}:{}", std::env::var("PATH").unwrap_or_default());
    Command::new("bash")
        .args(["-c", &script])
        .env("PATH", path)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn check(output: &Output, wanted: &[&str]) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for part in wanted {
        assert!(
            stdout.contains(part),
            "`{part}` is not in:\n{stdout}\n{stderr}"
        );
    }
}

#[test]
fn the_user_guide_works_as_printed() {
    if !tools_are_here() {
        return;
    }
    let guide = include_str!("../../../docs/user-guide.md");
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect();
    // The first one builds and enters a folder.
    let script = blocks.get(1..).unwrap().concat();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let script = script.replace("127.0.0.1:9092", &format!("127.0.0.1:{port}"));
    let folder = tempfile::tempdir().unwrap();
    let guide_folder = folder.path().join("var/guide");
    std::fs::create_dir_all(&guide_folder).unwrap();
    let output = run(&script, &guide_folder);
    check(
        &output,
        &[
            "STOCK-RECORD 37 bytes, code page cp037",
            r#""name":"Ibuprofène Ph.Eur.","STK-PRICE":41.90,"STK-EXPIRES-ON":"2027-06-30""#,
            "capture.toml: no fault found",
            r#""STK-PRICE":43.10"#,
            r#"{"STK-NUMBER":100003} NULL"#,
            "figway-dlq-field-hex=FA0000035C",
            "exit code 1",
            "figway cdc release stock STOCK.G0004V00 --choice skip",
            "released as skip",
        ],
    );
    assert!(!guide_folder.exists(), "the guide cleans up behind itself");
}

#[test]
fn the_gateway_guide_works_as_printed() {
    if !tools_are_here() {
        return;
    }
    let guide = include_str!("../../../docs/gateway-guide.md");
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect();
    // The first one builds and enters a folder.
    let mut script = blocks.get(1..).unwrap().concat();
    for port in ["9180", "9181", "8180", "8181"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let free = listener.local_addr().unwrap().port().to_string();
        script = script.replace(port, &free);
    }
    let folder = tempfile::tempdir().unwrap();
    let guide_folder = folder.path().join("var/route");
    std::fs::create_dir_all(&guide_folder).unwrap();
    let output = run(&script, &guide_folder);
    check(
        &output,
        &[
            "routes.toml: no fault found",
            "exit code 2",
            "lots: shadow, version 2",
            "field price: legacy 12.35 modern 12.34",
            "canary:50",
            "lots: modern, version 4",
            "rollback to version 3",
            "chain verified: 6 entries",
        ],
    );
    assert!(!guide_folder.exists(), "the guide cleans up behind itself");
}

#[test]
fn what_the_demo_prints_works_as_printed() {
    if !tools_are_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(FIGWAY)
        .args(["demo", "--scale", "200", "--dir", "a folder"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut commands = String::new();
    for line in BufReader::new(demo.stdout.as_mut().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("Capture runs on") {
            break;
        }
        if line.starts_with('#') || !commands.is_empty() {
            commands.push_str(&line);
            commands.push('\n');
        }
    }
    let output = run(&commands, folder.path());
    let ended = Command::new("kill")
        .args(["-INT", &demo.id().to_string()])
        .status()
        .unwrap();
    let status = demo.wait().unwrap();
    check(
        &output,
        &[
            r#""LOTI-REGION":"CICSPRD1""#,
            r#""LOTI-REGION":"LOTSVC""#,
            r#""LOTU-POSTED":"Y""#,
            r#""LOTU-POSTED":"B""#,
            r#"{"LOT-KEY":{"LOT-NUMBER":"L26"#,
            "lot-inquiry",
            "enough for today",
            "topic \"pharma.material\"",
            r#""op":"u""#,
            "NULL",
            "PHARMA.ORDER.G0002V00",
            "the file ends inside a record",
            "PHARMA.ORDER.G0003V00: released as skip",
        ],
    );
    assert!(ended.success() && status.success(), "{status}");
}
