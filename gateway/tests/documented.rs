//! What the guides say of the gateway is all there is: each key that `routes.toml` may have, and each metric.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gateway::mapping::{Around, Layouts, Made, Mapping, Program};
use gateway::route::PathParams;
use ops::config::Source;
use parsers::{Copybook, CopybookText, Layout, LayoutOptions};

/// Where the keys of each of the file's tables are told: guide and heading.
const TOLD: &[(&str, &[(&str, &str)])] = &[
    ("File", &[(GATEWAY, "The rest of the file")]),
    ("Listen", &[(GATEWAY, "`[listen]`")]),
    (
        "Forwarding",
        &[(OPERATOR, "What backends are told of clients")],
    ),
    ("AccessLog", &[(OPERATOR, "Finding a request again")]),
    ("Limits", &[(OPERATOR, "How much is taken on")]),
    ("Rate", &[(OPERATOR, "How much is taken on")]),
    ("OfHeader", &[(OPERATOR, "How much is taken on")]),
    ("Certificate", &[(OPERATOR, "The gateway/TLS")]),
    ("ListenTls", &[(OPERATOR, "The gateway/TLS")]),
    ("BackendTls", &[(OPERATOR, "The gateway/TLS")]),
    ("Admin", &[(GATEWAY, "The rest of the file")]),
    ("Person", PEOPLE),
    ("AdminTls", PEOPLE),
    ("AdminOidc", PEOPLE),
    ("AdminSession", PEOPLE),
    ("AdminLimits", PEOPLE),
    ("AdminRate", PEOPLE),
    ("Control", &[(GATEWAY, "The rest of the file")]),
    ("Anchors", &[(GATEWAY, "The rest of the file")]),
    ("Copybook", &[(GATEWAY, "The rest of the file")]),
    ("Group", &[(GATEWAY, "The rest of the file")]),
    ("WriteBack", &[(GATEWAY, "Writes that go back to legacy")]),
    ("AskLegacy", &[(GATEWAY, "Writes that go back to legacy")]),
    ("Canary", &[(GATEWAY, "The rest of the file")]),
    (
        "Backend",
        &[
            (GATEWAY, "Backends"),
            (
                GATEWAY,
                "Several endpoints, and what is done when one fails",
            ),
        ],
    ),
    ("KafkaBackend", SERVICES),
    ("HeaderNames", SERVICES),
    ("Idempotency", &[(GATEWAY, "Requests that come again")]),
    ("Client", &[(GATEWAY, "Requests that come again")]),
    ("Callback", &[(GATEWAY, "Answers that come later")]),
    ("Later", &[(GATEWAY, "Answers that come later")]),
    ("View", VIEWS),
    ("NumberField", VIEWS),
    ("List", VIEWS),
    ("Eject", ENDPOINTS),
    ("Breaker", ENDPOINTS),
    ("Retry", ENDPOINTS),
    ("Check", ENDPOINTS),
    ("Identity", ENDPOINTS),
    (
        "Route",
        &[
            (GATEWAY, "What a route can say"),
            (OPERATOR, "How much is taken on"),
        ],
    ),
    ("Mapping", &[(GATEWAY, "The rest of the file")]),
    ("Leg", &[(GATEWAY, "What a route can say")]),
    ("RecordShape", &[(GATEWAY, "What a route can say")]),
    ("CanaryKey", &[(GATEWAY, "What a route can say")]),
    ("Mirror", &[(GATEWAY, "What a route can say")]),
    ("ReadYourWrites", &[(GATEWAY, "What a route can say")]),
    ("Errors", &[(GATEWAY, "What a route can say")]),
    ("Compare", COMPARING),
    ("SameStatus", COMPARING),
    ("ErrorWhen", COMPARING),
    ("CompareField", COMPARING),
    ("Unordered", COMPARING),
    ("Variants", COMPARING),
    ("Recheck", COMPARING),
    ("Noise", COMPARING),
    ("Match", MATCHES),
    ("Body", MATCHES),
    ("Path", MATCHES),
    ("Text", MATCHES),
    ("Tls", MATCHES),
    ("Time", MATCHES),
    ("Calendar", &[(GATEWAY, "Closed at night")]),
    ("WhenClosed", &[(GATEWAY, "Closed at night")]),
    ("Tokens", &[(GATEWAY, "Tokens")]),
    ("Redirect", &[(GATEWAY, "Answers of the gateway itself")]),
    ("Answer", &[(GATEWAY, "Answers of the gateway itself")]),
    ("HeaderEdits", &[(GATEWAY, "Rewriting")]),
];
const GATEWAY: &str = "gateway-guide.md";
const OPERATOR: &str = "operator-guide.md";
const ENDPOINTS: &[(&str, &str)] = &[(
    GATEWAY,
    "Several endpoints, and what is done when one fails",
)];
const SERVICES: &[(&str, &str)] = &[(GATEWAY, "Services behind Kafka")];
const VIEWS: &[(&str, &str)] = &[(GATEWAY, "Views")];
const PEOPLE: &[(&str, &str)] = &[(OPERATOR, "Who may do what")];
const COMPARING: &[(&str, &str)] = &[(GATEWAY, "Comparing")];
const MATCHES: &[(&str, &str)] = &[(GATEWAY, "Which requests a route takes")];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The tables of the file, each with its keys, as the types that read them say.
fn keys() -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    for file in [
        "file.rs",
        "file/admin.rs",
        "file/back.rs",
        "file/compare.rs",
        "file/edge.rs",
        "file/kafka_backend.rs",
        "file/kept.rs",
        "file/matching.rs",
        "file/tls.rs",
        "file/view.rs",
    ] {
        let text = fs::read_to_string(here("src/config").join(file)).unwrap();
        let mut table: Option<(String, Vec<String>)> = None;
        let mut renamed = None;
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once(" struct ")
                && rest.ends_with(" {")
            {
                table = Some((rest.trim_end_matches(" {").to_owned(), Vec::new()));
            } else if line == "}" {
                tables.extend(table.take());
            } else if let Some((_, name)) = line.split_once("rename = \"") {
                renamed = name.split('"').next().map(str::to_owned);
            } else if let (Some((_, keys)), Some((_, field))) = (&mut table, line.split_once(") "))
                && let Some((name, _)) = field.split_once(": ")
                && line.starts_with("    pub(")
            {
                keys.push(renamed.take().unwrap_or_else(|| name.to_owned()));
            }
        }
    }
    tables
}

/// What stands in a guide below a heading, up to the next of its rank or above; `A/B` is heading B below heading A.
fn section(guide: &str, heading: &str) -> String {
    let mut text = fs::read_to_string(here("../docs").join(guide)).unwrap();
    for part in heading.split('/') {
        text = below(&text, part).unwrap_or_else(|| panic!("{guide} has no heading \"{part}\""));
    }
    text
}

fn below(text: &str, heading: &str) -> Option<String> {
    let mut found: Option<(usize, String)> = None;
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        let rank = line.bytes().take_while(|byte| *byte == b'#').count();
        let rank = if fenced { 0 } else { rank };
        match &mut found {
            None if rank > 0 && line.trim_start_matches('#').trim() == heading => {
                found = Some((rank, String::new()));
            }
            Some((of, _)) if (1..=*of).contains(&rank) => break,
            Some((_, section)) => {
                section.push_str(line);
                section.push('\n');
            }
            None => {}
        }
    }
    Some(found?.1)
}

/// The words of what is set as code.
fn words(section: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (place, part) in section.split("```").enumerate() {
        let code: Vec<&str> = if place % 2 == 1 {
            vec![part]
        } else {
            part.split('`').skip(1).step_by(2).collect()
        };
        let breaks = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        words.extend(code.iter().flat_map(|code| code.split(breaks)));
    }
    words
}

#[test]
fn every_key_of_the_file_is_in_the_guides() {
    let tables = keys();
    assert!(tables.len() > 30, "{tables:?}");
    let mut lacking = Vec::new();
    for (table, keys) in &tables {
        let Some((_, places)) = TOLD.iter().find(|(name, _)| name == table) else {
            panic!("say in this test where the keys of {table} are told");
        };
        let sections: Vec<String> = places
            .iter()
            .map(|(guide, heading)| section(guide, heading))
            .collect();
        let words: Vec<&str> = sections.iter().flat_map(|text| words(text)).collect();
        for key in keys {
            if !words.contains(&key.as_str()) {
                lacking.push(format!("{key} of {table}: wanted in {places:?}"));
            }
        }
    }
    assert!(lacking.is_empty(), "not told:\n{}", lacking.join("\n"));
    for (table, _) in TOLD {
        assert!(tables.contains_key(*table), "there is no {table} any more");
    }
}

/// What stands between fences of TOML.
fn examples(section: &str) -> Vec<String> {
    let parts = section.split("```toml\n").skip(1);
    parts
        .filter_map(|rest| rest.split("```").next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_example_in_the_guides_has_keys_that_there_are() {
    let guide = fs::read_to_string(here("../docs").join(GATEWAY)).unwrap();
    let shown = [
        examples(&guide),
        examples(&section(OPERATOR, "The gateway")),
    ]
    .concat();
    assert!(shown.len() >= 8, "{shown:?}");
    let folder = Path::new("/nowhere/routes.toml");
    for example in shown {
        let source = Source::new("routes.toml", format!("version = 1\n{example}"));
        // Files and other tables that it names are not there; that is told only once the text has been read.
        let Err(faults) = gateway::config::Resolved::of(&source, folder) else {
            continue;
        };
        let faults = faults.to_string();
        for unread in [
            "unknown field",
            "missing field",
            "invalid type",
            "duplicate",
        ] {
            assert!(!faults.contains(unread), "{faults}\nin\n{example}");
        }
    }
}

/// What stands between fences of one kind.
fn fenced<'t>(section: &'t str, kind: &str) -> Vec<&'t str> {
    let opening = format!("```{kind}\n");
    let parts = section.split(&opening).skip(1);
    parts
        .filter_map(|rest| rest.split_once("```").map(|(text, _)| text))
        .collect()
}

#[test]
fn the_examples_of_mappings_do_what_is_said_of_them() {
    let section = section(GATEWAY, "Mapping");
    let compiled = |text: &str| {
        let copybook = CopybookText {
            file: "r.cpy",
            text,
        };
        let copybook = Copybook::parse(copybook).unwrap();
        Layout::compile(&copybook, None, &LayoutOptions::default()).unwrap()
    };
    let header = "       01  H.\n           05  KIND PIC X.\n           05  ID PIC X(8).\n";
    let detail = "       01  D.\n           05  KIND PIC X.\n           05  MATERIAL PIC X(6).\n";
    let layouts: Layouts = [
        ("USAGE", compiled(fenced(&section, "cobol")[0])),
        ("HEADER", compiled(header)),
        ("DETAIL", compiled(detail)),
    ]
    .into_iter()
    .map(|(name, layout)| (name.to_owned(), Some(layout)))
    .collect();
    let mappings: Vec<Mapping> = fenced(&section, "toml mapping")
        .into_iter()
        .map(|text| Mapping::parse(&Source::new("guide", text), &layouts))
        .map(|mapping| mapping.unwrap_or_else(|faults| panic!("{faults}")))
        .collect();
    let params = PathParams::new([(Arc::from("lot"), "L-17".into())]);
    let around = Around {
        params: Some(&params),
        ..Around::default()
    };
    let there_and_back = |mapping: &Mapping, json: &str| {
        let made = |program: &Option<Program>, body: &[u8]| match program
            .as_ref()
            .unwrap()
            .run(body, &around)
        {
            Ok(Made::Body(body)) => body,
            other => panic!("{other:?}"),
        };
        let record = made(&mapping.request, json.as_bytes());
        String::from_utf8(made(&mapping.response, &record)).unwrap()
    };
    let json = fenced(&section, "json");
    assert_eq!(there_and_back(&mappings[0], json[0]), json[1].trim());
    let several = r#"{"id":"O-1","lines":[{"material":"A"},{"material":"B"}]}"#;
    assert_eq!(there_and_back(&mappings[1], several), several);
}

#[test]
fn every_key_of_a_mapping_is_in_the_guide() {
    let text = fs::read_to_string(here("src/mapping/file.rs")).unwrap();
    let told = section(GATEWAY, "Mapping");
    let words = words(&told);
    let mut renamed = None;
    let mut seen = 0;
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("rename = \"") {
            renamed = name.split('"').next();
        } else if let Some((_, field)) = line.split_once("    pub(super) ")
            && let Some((name, _)) = field.split_once(": ")
        {
            let name = renamed.take().unwrap_or(name);
            assert!(words.contains(&name), "{name} is not in the guide");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

/// All of the crate's sources but their tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(path).unwrap();
            let (code, _tests) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            found.push(code.to_owned());
        }
    }
}

#[test]
fn every_metric_is_in_the_operator_guide() {
    let mut texts = Vec::new();
    sources(&here("src"), &mut texts);
    let mut names: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.split("\"figway_").skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() > 25, "{names:?}");
    let told = section(OPERATOR, "The gateway/Watching it");
    let words = words(&told);
    let is_told = |name: &str| {
        ["", "_total", "_seconds"]
            .iter()
            .any(|end| words.contains(&format!("figway_{name}{end}").as_str()))
    };
    names.retain(|name| !is_told(name));
    assert!(names.is_empty(), "not in the operator guide: {names:?}");
}
