//! A full disk under capture: one clear error, nothing sent, and all of it sent once there is room.
//!
//! The disk is a small tmpfs in a mount namespace of the child's own, which needs no privileges where user namespaces are
//! allowed; elsewhere the test says that it did not run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use broker::{Broker, BrokerConfig};

const FIGWAY: &str = env!("CARGO_BIN_EXE_figway");
/// Less than a sorted copy of the data set takes.
const SMALL_DISK: &str = "mount -t tmpfs -o size=256k tmpfs state && exec \"$@\"";

fn namespaces_are_allowed() -> bool {
    let probe = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /mnt",
        ])
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_is_one_clear_error_and_loses_nothing() {
    if !namespaces_are_allowed() {
        println!("no unprivileged mount namespaces: not run");
        return;
    }
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), &broker.bootstrap());

    let small = [
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        SMALL_DISK,
        "sh",
        FIGWAY,
    ];
    let full = run(
        Command::new("unshare")
            .args(small)
            .args(["cdc", "run", "--once"]),
        folder.path(),
    );
    assert_eq!(full.status.code(), Some(1));
    let said = String::from_utf8(full.stderr).unwrap();
    // What was being written when the disk was full depends on the size of blocks; where it is and what to do does not.
    let place = said
        .find(" in ")
        .map_or("", |at| said.get(at..).unwrap_or(""));
    assert!(said.starts_with("lots: ended\nerror: could not "), "{said}");
    assert!(place.contains("state/plant.lots"), "{said}");
    assert!(said.contains(": the file system is full\n"), "{said}");
    let help = said.lines().find(|line| line.starts_with("  help:"));
    insta::assert_snapshot!(help.unwrap(), @"  help: free some space there, or point [state] directory in capture.toml at a larger file system; capture goes on by itself");

    let enough = run(
        Command::new(FIGWAY).args(["cdc", "run", "--once"]),
        folder.path(),
    );
    assert_eq!(enough.status.code(), Some(0));
    let said = String::from_utf8(enough.stderr).unwrap();
    insta::assert_snapshot!(said, @"lots LOT.G0001V00: 20,000 r, 0 c, 0 u, 0 d, 0 dead letters");
}

/// A data set of 20,000 records of 64 bytes, its copybook and its configuration.
fn prepare(folder: &Path, bootstrap: &str) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    std::fs::create_dir(folder.join("data")).unwrap();
    std::fs::create_dir(folder.join("state")).unwrap();
    write("LOT.cpy", b"       01  LOT.\n           05  LOT-NO    PIC 9(8).\n           05  LOT-TEXT  PIC X(56).\n");
    write("LOT.meaning.toml", b"version = 1\nkey = [\"LOT-NO\"]\n");
    let capture = format!(
        "version = 1\nprefix = \"plant\"\n[kafka]\nbootstrap = \"{bootstrap}\"\n[state]\ndirectory = \"state\"\n[[source]]\n\
         name = \"lots\"\nkind = \"dataset\"\ndirectory = \"data\"\npattern = \"LOT.G????V00\"\ncopybook = \"LOT.cpy\"\n\
         record_format = \"FB\"\nrecord_length = 64\ncode_page = \"cp037\"\nsettle = \"0s\"\n"
    );
    write("capture.toml", capture.as_bytes());
    let mut records = Vec::new();
    for number in 0..20_000 {
        // Digits in EBCDIC are F0 to F9.
        records.extend(format!("{number:08}").bytes().map(|digit| digit | 0xF0));
        records.extend([0x40; 56]);
    }
    write("data/LOT.G0001V00", &records);
}

fn run(command: &mut Command, folder: &Path) -> Output {
    command
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}
