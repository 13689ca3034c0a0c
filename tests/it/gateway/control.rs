//! Invariant 9: every change of a mode is an entry of the control log, whoever asked for it, and nothing else changes one.

use figway::terminal::Terminal;
use gateway::admin::view::Routes;
use gateway::control::Outcome;
use gateway::mode::{Mode, Percent};
use serde_json::Value;
use tests::gateway::client;
use tests::gateway::rig::{Rig, TOKEN};
use tests::gateway::stand::{Answer, Stand};

fn config(legacy: &Stand, modern: &Stand, revision: u64, mode: &str) -> String {
    format!(
        r#"
revision = {revision}
[backends.old]
http = "{}"
[backends.new]
http = "{}"
[groups.lots]
mode = {mode}
[[routes]]
name = "lot"
group = "lots"
match = {{ method = "GET", path = "/lots/{{lot}}" }}
legacy = "old"
modern = "new"
canary_key = {{ path = "lot" }}
"#,
        legacy.url(),
        modern.url()
    )
}

/// What came of each entry about a mode: version, mode, who.
async fn history(rig: &Rig) -> Vec<(u64, Mode, String)> {
    let page = rig.gateway().control().history(0, 1000).await.unwrap();
    page.entries
        .iter()
        .filter(|past| past.outcome != Outcome::Noted)
        .map(|past| {
            let entry: Value = serde_json::from_slice(&past.bytes).unwrap();
            let Outcome::Accepted { version, mode } = past.outcome else {
                panic!("{past:?}");
            };
            (version, mode, entry["who"].as_str().unwrap().to_owned())
        })
        .collect()
}

async fn mode(rig: &Rig) -> Mode {
    let routes: Routes = rig.admin().unwrap().get("/v1/routes").await.unwrap();
    routes.groups[0].mode
}

#[tokio::test(flavor = "multi_thread")]
async fn file_api_and_command_line_all_write_the_same_log() {
    let side = |name: &'static str| move |_| async move { Answer::json(name) };
    let (legacy, modern) = (
        Stand::start(side("legacy")).await,
        Stand::start(side("modern")).await,
    );
    let mut rig = Rig::start(&config(&legacy, &modern, 1, "\"legacy\""))
        .await
        .unwrap();
    let mut wanted = vec![(1, Mode::Legacy, "routes.toml".to_owned())];
    assert_eq!(history(&rig).await, wanted);

    // The API.
    let bearer = format!("Bearer {TOKEN}");
    let admin = rig.gateway().admin().unwrap();
    let got = client::ask(
        admin,
        "POST",
        "/v1/groups/lots/mode",
        &[
            ("authorization", &bearer),
            ("content-type", "application/json"),
        ],
        r#"{"mode":{"mode":"shadow"},"change":{"who":"anna","why":"to see"}}"#,
    )
    .await
    .unwrap();
    assert_eq!(got.status, 200, "{}", got.text());
    wanted.push((2, Mode::Shadow, "anna".to_owned()));
    assert_eq!(history(&rig).await, wanted);
    assert_eq!(mode(&rig).await, Mode::Shadow);

    // Without the token, nothing.
    let got = client::ask(
        admin,
        "POST",
        "/v1/groups/lots/mode",
        &[("content-type", "application/json")],
        r#"{"mode":{"mode":"modern"},"change":{"who":"eve","why":"to see"}}"#,
    )
    .await
    .unwrap();
    assert_eq!(got.status, 401, "{}", got.text());

    // The command line.
    let words: Vec<String> = [
        "routes",
        "set",
        "lots",
        "canary:10",
        "--why",
        "go",
        "--by",
        "bert",
        "--admin",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([
        rig.admin_url(),
        "--token-file".to_owned(),
        "token".to_owned(),
    ])
    .collect();
    let folder = rig.folder().to_owned();
    let code = tokio::task::spawn_blocking(move || {
        let (terminal, out) = Terminal::captured(&folder);
        let code = figway::run(words, terminal);
        (code, out)
    })
    .await
    .unwrap();
    assert_eq!(code.0, 0, "{:?}", code.1);
    let canary = Mode::Canary {
        percent: Percent::try_from(10).unwrap(),
    };
    wanted.push((3, canary, "bert".to_owned()));
    assert_eq!(history(&rig).await, wanted);

    // The file: the same revision changes nothing, in the running gateway as after a restart; a higher one does.
    rig.write(&config(&legacy, &modern, 1, "\"modern\""))
        .unwrap();
    rig.until("the reload", |gateway| {
        let metrics = gateway.app().metrics().encode().unwrap();
        metrics.contains("figway_reloads_total{result=\"installed\"} 1")
    })
    .await
    .unwrap();
    rig.again().await.unwrap();
    assert_eq!(mode(&rig).await, canary);
    rig.write(&config(&legacy, &modern, 2, "\"modern\""))
        .unwrap();
    rig.until("the file's mode", |gateway| {
        gateway
            .control()
            .state()
            .group("lots")
            .map(|group| group.mode)
            == Some(Mode::Modern)
    })
    .await
    .unwrap();
    wanted.push((4, Mode::Modern, "routes.toml".to_owned()));
    assert_eq!(history(&rig).await, wanted);
    assert_eq!(mode(&rig).await, Mode::Modern);
    assert_eq!(
        client::get(rig.address(), "/lots/1").await.unwrap().text(),
        "modern"
    );

    // And after one more restart everything is as the log says.
    rig.again().await.unwrap();
    assert_eq!(history(&rig).await, wanted);
    assert_eq!(mode(&rig).await, Mode::Modern);
}

/// What a `figway` command says in the rig's folder, and how it ends.
async fn typed(rig: &Rig, words: &str) -> (u8, String) {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let folder = rig.folder().to_owned();
    tokio::task::spawn_blocking(move || {
        let (terminal, out) = Terminal::captured(&folder);
        let code = figway::run(words, terminal);
        (code, out.texts().0)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_the_entry_that_was_changed_and_the_end_that_was_cut_off() {
    let side = |name: &'static str| move |_| async move { Answer::json(name) };
    let (legacy, modern) = (
        Stand::start(side("legacy")).await,
        Stand::start(side("modern")).await,
    );
    let control = "[control]\nstore = \"file\"\ndirectory = \"state\"\nanchors = { file = \"anchors.jsonl\", every = \"5ms\" }\n";
    let text = format!(
        "{control}{}",
        config(&legacy, &modern, 1, "\"legacy\"").replace("revision = 1", "")
    );
    let mut rig = Rig::start(&format!("revision = 1\n{text}")).await.unwrap();
    for mode in [Mode::Shadow, Mode::Modern] {
        rig.set("lots", mode).await.unwrap();
    }
    let anchors = rig.folder().join("anchors.jsonl");
    rig.until("the last entry is anchored", |gateway| {
        let last = gateway
            .control()
            .state()
            .position()
            .unwrap()
            .hash
            .to_string();
        std::fs::read_to_string(&anchors).is_ok_and(|text| text.contains(&last))
    })
    .await
    .unwrap();
    // While the gateway runs, and past it.
    let verify = "audit verify routes.toml --anchors anchors.jsonl";
    let (code, said) = typed(&rig, verify).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("4 entries, from ") && said.contains("nothing was changed"),
        "{said}"
    );
    rig.stop().await.unwrap();

    let log = rig.folder().join("state/control.log");
    let whole = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let other = lines[2].replace("tester", "nobody");
    assert_ne!(other, lines[2]);
    std::fs::write(&log, whole.replace(lines[2], &other)).unwrap();
    let (code, said) = typed(&rig, "audit verify routes.toml").await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("BROKEN at offset 2: its signature does not fit it"),
        "{said}"
    );

    std::fs::write(&log, whole.replace(&format!("{}\n", lines[3]), "")).unwrap();
    let (code, said) = typed(&rig, verify).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("its end was cut off"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_asks_for_approval_goes_forward_only_with_another_persons() {
    let side = |name: &'static str| move |_| async move { Answer::json(name) };
    let (legacy, modern) = (
        Stand::start(side("legacy")).await,
        Stand::start(side("modern")).await,
    );
    let text = config(&legacy, &modern, 1, "\"shadow\"")
        .replace("[groups.lots]", "[groups.lots]\napprovals = 1");
    let people = |name: &str, role: &str| {
        format!(
            "[[admin.people]]\nname = \"{name}\"\ntoken = \"file:{name}\"\nroles = [\"{role}\"]\n"
        )
    };
    let text = [
        text,
        people("anna", "operator"),
        people("bea", "approver"),
        people("cleo", "approver"),
    ]
    .concat();
    let files = [
        ("anna", "token of anna"),
        ("bea", "token of bea"),
        ("cleo", "token of cleo"),
    ];
    let mut rig = Rig::with(&text, &files).await.unwrap();
    let url = rig.admin_url();
    let as_one = |name: &str| format!("--admin {url} --token-file {name}");
    let (anna, bea, cleo) = (as_one("anna"), as_one("bea"), as_one("cleo"));

    // Nobody takes it there alone, by no way.
    let (code, said) = typed(&rig, &format!("routes set lots modern --why go {anna}")).await;
    assert_ne!(code, 0, "{said}");
    assert_eq!(mode(&rig).await, Mode::Shadow);

    let (code, said) = typed(
        &rig,
        &format!("proposals open lots modern --why go --change CHG-7 {anna}"),
    )
    .await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("waits for 1 of 1 approvals"), "{said}");
    let (code, said) = typed(&rig, &format!("proposals list --json {anna}")).await;
    assert_eq!(code, 0, "{said}");
    let listed: Value = serde_json::from_str(&said).unwrap();
    let id = listed["proposals"][0]["id"].as_str().unwrap().to_owned();
    let (code, _) = typed(
        &rig,
        &format!("proposals approve {id} --name Anna --why mine {anna}"),
    )
    .await;
    assert_ne!(code, 0, "an operator is no approver");
    let (code, said) = typed(&rig, &format!("proposals approve {id} --name Me --why shared --by bea --admin {url} --token-file token")).await;
    assert_ne!(code, 0, "the shared token is nobody: {said}");
    assert_eq!(mode(&rig).await, Mode::Shadow);
    let (code, said) = typed(
        &rig,
        &format!("proposals approve {id} --name Bea --meaning approval --why checked {bea}"),
    )
    .await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(mode(&rig).await, Mode::Modern);
    assert_eq!(
        client::get(rig.address(), "/lots/1").await.unwrap().text(),
        "modern"
    );

    // The way back asks nobody else; the way forward again does, also as a rollback.
    let (code, said) = typed(&rig, &format!("routes rollback lots --why no {anna}")).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(mode(&rig).await, Mode::Shadow);
    let (code, _) = typed(&rig, &format!("routes rollback lots --why yes {anna}")).await;
    assert_ne!(code, 0);
    assert_eq!(mode(&rig).await, Mode::Shadow);

    // One that is rejected, and all of it is in the log, for ever.
    typed(
        &rig,
        &format!("proposals open lots modern --why again {anna}"),
    )
    .await;
    let (_, said) = typed(&rig, &format!("proposals list --json {anna}")).await;
    let listed: Value = serde_json::from_str(&said).unwrap();
    let id = listed["proposals"][0]["id"].as_str().unwrap().to_owned();
    let (code, said) = typed(&rig, &format!("proposals reject {id} --why freeze {cleo}")).await;
    assert_eq!((code, said.trim()), (0, "nothing waits for approval"));
    rig.again().await.unwrap();
    let kinds: Vec<String> = rig
        .gateway()
        .control()
        .history(0, 1000)
        .await
        .unwrap()
        .entries
        .iter()
        .map(|past| {
            let entry: Value = serde_json::from_slice(&past.bytes).unwrap();
            let what = entry["what"]["kind"].as_str().unwrap();
            format!("{what} by {}", entry["who"].as_str().unwrap())
        })
        .filter(|kind| !kind.starts_with("enrol") && !kind.starts_with("seed"))
        .collect();
    assert_eq!(
        kinds,
        [
            "propose by anna",
            "approve by bea",
            "set by anna",
            "rollback by anna",
            "propose by anna",
            "reject by cleo"
        ]
    );
    let (code, said) = typed(&rig, "audit verify routes.toml").await;
    assert!(code == 0, "{said}");
}
