//! The commands as they are typed, against a gateway in this process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway::Gateway;
use gateway::admin::view::Parked;
use gateway::back::ParkedWrite;
use gateway::config::Resolved;
use ops::shutdown::Shutdown;

use super::*;

#[test]
fn modes_as_they_are_typed() {
    let parse = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse_mode(&words)
            .map(typed)
            .map_err(|error| error.to_string())
    };
    assert_eq!(parse(&["canary", "10"]), Ok("canary:10".to_owned()));
    assert_eq!(parse(&["canary:10"]), Ok("canary:10".to_owned()));
    assert_eq!(parse(&["canary:10%"]), Ok("canary:10".to_owned()));
    assert_eq!(parse(&["modern"]), Ok("modern".to_owned()));
    assert!(parse(&["canary"]).is_err());
    assert!(parse(&["canary:101"]).is_err());
    assert!(parse(&["modern", "10"]).is_err());
}

#[test]
fn names_go_into_paths_whole() {
    assert_eq!(segment("lots/é 1"), "lots%2F%C3%A9%201");
}

#[test]
fn what_is_not_known_to_be_nothing_is_no_dash() {
    use gateway::control::command::{Count, Loss};
    let lacks = |writes, count| show::lacks(Loss { writes, count });
    assert_eq!(lacks(0, Count::Exact), "-");
    assert_eq!(lacks(0, Count::AtLeast), "at least 0 writes");
    assert_eq!(lacks(2, Count::Exact), "2 writes");
}

#[test]
fn a_refused_loss_names_the_option_that_accepts_it() {
    let refused = |code: &str| {
        let problem = gateway::admin::view::Problem {
            status: 409,
            code: code.to_owned(),
            title: "accept the loss to go back".to_owned(),
        };
        advised(ClientError::Refused { problem }).to_string()
    };
    assert_eq!(
        refused("loss_not_accepted"),
        "accept the loss to go back, with --accept-loss"
    );
    assert_eq!(refused("retired"), "accept the loss to go back");
}

#[test]
fn a_text_of_the_log_steers_no_terminal() {
    assert_eq!(
        history::plain("a\u{1b}[2Jb\nc\td"),
        "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d"
    );
}

const FILE: &str = r#"# who answers what
version = 1
revision = 1

[listen]
http = "127.0.0.1:0"

[admin]
listen = "127.0.0.1:0"
token = "file:token"

[control]
store = "file"
directory = "control"

[backends.erp]
http = "http://127.0.0.1:9"

[backends.lots]
http = "http://127.0.0.1:9"

[groups.lots]
mode = "legacy"   # to begin with

[[routes]]
name = "lot"
match = { method = "GET", path = "/lots/{lot}" }
group = "lots"
legacy = "erp"
modern = "lots"
canary_key = { path = "lot" }

[[routes]]
name = "rest"
match = { path = "/{*rest}" }
legacy = "erp"
"#;

/// A gateway, and a folder to type commands in.
struct Stage {
    folder: tempfile::TempDir,
    admin: String,
    gateway: Gateway,
    shutdown: Shutdown,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "a token for a test\n").unwrap();
        let path = folder.path().join("routes.toml");
        let text = FILE.replace("file:token", &format!("file:{}", token.display()));
        std::fs::write(&path, text).unwrap();
        let runtime = super::super::runtime().unwrap();
        let shutdown = Shutdown::new();
        let resolved = Resolved::read(&path).unwrap();
        let started = Gateway::start(resolved, gateway::Options::default(), &shutdown);
        let gateway = runtime.block_on(started).unwrap();
        let admin = format!("http://{}", gateway.admin().unwrap());
        Self {
            folder,
            admin,
            gateway,
            shutdown,
            runtime,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Types `figway routes …`; the exit code and what was written.
    fn type_in(&self, words: &[&str]) -> (u8, String, String) {
        let token = self.path("token");
        let token = token.to_str().unwrap();
        let mut all = vec![
            "routes",
            words[0],
            "--admin",
            &self.admin,
            "--token-file",
            token,
        ];
        all.extend(&words[1..]);
        let (terminal, written) = Terminal::captured(self.folder.path());
        let code = crate::run(all, terminal);
        let (out, err) = written.texts();
        (code, out, err)
    }

    fn end(self) {
        assert!(
            self.runtime
                .block_on(self.shutdown.drain(Duration::from_secs(10)))
        );
    }
}

#[test]
fn backends_are_listed_with_their_endpoints() {
    let stage = Stage::begin();
    let (code, out, err) = stage.type_in(&["backends"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let rows: Vec<Vec<&str>> = out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[1..],
        [
            [
                "erp",
                "http",
                "127.0.0.1:9",
                "unchecked",
                "0",
                "0",
                "0",
                "-",
                "-"
            ],
            [
                "lots",
                "http",
                "127.0.0.1:9",
                "unchecked",
                "0",
                "0",
                "0",
                "-",
                "-"
            ],
        ]
    );
    stage.end();
}

#[test]
fn parked_writes_are_listed_with_what_can_be_done_about_them() {
    let one = |offset, key: &str, reason: &str, detail: &str, wanted| ParkedWrite {
        partition: 3,
        offset,
        id: Some("018f0000-0000-7000-8000-000000000001".to_owned()),
        route: Some("lot-posting".to_owned()),
        key: key.to_owned(),
        reason: reason.to_owned(),
        detail: detail.to_owned(),
        since_ms: 1_795_293_530_793,
        wanted,
    };
    let said = |parked| {
        let (mut terminal, written) = Terminal::captured(Path::new(""));
        let parked = Parked {
            group: "lots".to_owned(),
            parked,
        };
        parked::show(&parked, &mut terminal).unwrap();
        drop(terminal);
        written.texts().0
    };
    assert_eq!(said(Vec::new()), "no write of group lots is parked\n");
    let list = said(vec![
        one(
            7,
            "L1",
            "conflict",
            "legacy answered 409",
            Some(Wanted::Retry),
        ),
        one(9, "L\u{1b}1", "in_doubt", "", None),
    ]);
    let rows: Vec<Vec<&str>> = list
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    let at = "2026-11-21T20:38:50Z";
    let id = "018f0000-0000-7000-8000-000000000001";
    assert_eq!(
        rows,
        [
            vec![
                "WRITE", "KEY", "ROUTE", "REASON", "SINCE", "REQUEST", "WANTED"
            ],
            vec![
                "3:7",
                "L1",
                "lot-posting",
                "conflict: legacy answered 409",
                at,
                id,
                "retry"
            ],
            vec!["3:9", "L\\u{1b}1", "lot-posting", "in doubt", at, id, "-"],
        ]
    );
}

#[test]
fn a_parked_write_is_named_by_its_place() {
    let stage = Stage::begin();
    let (code, _, err) = stage.type_in(&["parked", "lots"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("the writes of group \"lots\" do not go back to legacy"),
        "{err}"
    );
    let (code, _, err) = stage.type_in(&["skip", "lots", "3-7", "--why", "x"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("wanted PARTITION:OFFSET such as 3:1207"),
        "{err}"
    );
    stage.end();
}

#[test]
fn a_group_is_flipped_shown_exported_and_rolled_back() {
    let stage = Stage::begin();
    let (code, out, err) = stage.type_in(&[
        "set",
        "lots",
        "canary",
        "10",
        "--by",
        "anna",
        "--why",
        "evidence of two weeks",
        "--change",
        "CHG0042",
    ]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with("lots: canary:10, version 2; entry "),
        "{out}"
    );

    let (code, out, _) = stage.type_in(&["list"]);
    assert_eq!(code, 0);
    let lots = out
        .lines()
        .find(|line| line.trim_start().starts_with("lots"))
        .unwrap();
    for word in ["canary:10", "anna", "evidence of two weeks", "CHG0042"] {
        assert!(lots.contains(word), "{lots}");
    }

    let (code, out, _) = stage.type_in(&["explain", "GET", "/lots/L1"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("lot takes it: group lots is in mode canary:10, version 2"),
        "{out}"
    );
    assert!(
        out.contains("the path is not") || out.contains("matches too, but another"),
        "{out}"
    );

    let (code, _, err) = stage.type_in(&[
        "set", "lots", "modern", "--by", "bea", "--why", "late", "--expect", "1",
    ]);
    assert_eq!(code, 1);
    assert!(err.contains("the group is at version 2"), "{err}");

    let (code, out, _) = stage.type_in(&["export"]);
    assert_eq!(code, 0);
    assert_eq!(out, "routes.toml: revision 2, changed lots\n");
    let text = std::fs::read_to_string(stage.path("routes.toml")).unwrap();
    assert!(
        text.contains("mode = { canary = 10 }   # to begin with"),
        "{text}"
    );
    assert!(text.contains("revision = 2"), "{text}");

    let (code, out, _) = stage.type_in(&[
        "rollback",
        "lots",
        "--by",
        "anna",
        "--why",
        "too many errors",
    ]);
    assert_eq!(code, 0);
    assert!(out.starts_with("lots: legacy, version 3"), "{out}");

    let (code, out, _) = stage.type_in(&["history", "--verify"]);
    assert_eq!(code, 0);
    assert!(out.contains("rollback to version 1"), "{out}");
    assert!(out.contains("chain verified: "), "{out}");
    stage.end();
}

#[test]
fn a_file_is_applied_group_by_group() {
    let stage = Stage::begin();
    let text = FILE.replace("mode = \"legacy\"", "mode = \"modern\"");
    std::fs::write(stage.path("other.toml"), text).unwrap();
    let words = ["apply", "other.toml", "--by", "anna", "--why", "the plan"];
    let (code, out, err) = stage.type_in(&words);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "lots: modern, version 2\nrest: as it is\n");
    let (_, out, _) = stage.type_in(&["list", "--json"]);
    let listed: Routes = serde_json::from_str(&out).unwrap();
    let lots = listed
        .groups
        .iter()
        .find(|group| group.name == "lots")
        .unwrap();
    assert_eq!(lots.mode, Mode::Modern);
    let table = stage.gateway.app().snapshot();
    let group = table.table().group_named("lots").unwrap();
    assert_eq!(table.mode(group), Mode::Modern, "the data plane has it");
    stage.end();
}

#[test]
fn without_gateway_or_token_it_says_what_is_missing() {
    let (terminal, written) = Terminal::captured(Path::new("/"));
    let code = crate::run(
        ["routes", "list", "--token-file", "/nowhere/token"],
        terminal,
    );
    assert_eq!(code, 1);
    let (_, err) = written.texts();
    assert!(err.contains("FIGWAY_ADMIN_TOKEN"), "{err}");
    let stage = Stage::begin();
    std::fs::write(stage.path("token"), "some other token").unwrap();
    let (code, _, err) = stage.type_in(&["list"]);
    assert_eq!(code, 1);
    assert!(err.contains("with an admin token"), "{err}");
    stage.end();
}
