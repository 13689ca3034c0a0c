//! What a mapping costs for a record of 1,000 bytes, half of it text, a quarter packed, a quarter a table: beside what the same costs by
//! the copybook's own names alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench")]

use std::fmt::Write as _;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use gateway::mapping::{Around, Layouts, Made, Mapping, Program};
use ops::config::Source;
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions};

fn main() {
    divan::main();
}

struct Case {
    mapping: Mapping,
    layout: Arc<Layout>,
    json: String,
    record: Vec<u8>,
}

fn run(program: &Option<Program>, body: &[u8]) -> Vec<u8> {
    match program.as_ref().unwrap().run(body, &Around::default()) {
        Ok(Made::Body(body)) => body,
        other => panic!("{other:?}"),
    }
}

/// 25 texts of 20, 30 packed fields of 8, a table of 10 times 26.
fn case() -> Case {
    let mut copybook = "       01 R.\n".to_owned();
    let mut rules = [String::new(), String::new()];
    let mut json = "{".to_owned();
    let mut rule = |field: &str, pointer: &str, more: [&str; 2]| {
        writeln!(
            rules[0],
            "{{ from = \"{pointer}\", to = \"{field}\"{} }},",
            more[0]
        )
        .unwrap();
        writeln!(
            rules[1],
            "{{ from = \"{field}\", to = \"{pointer}\"{} }},",
            more[1]
        )
        .unwrap();
    };
    for n in 0..25 {
        writeln!(copybook, "           05 T-{n} PIC X(20).").unwrap();
        rule(&format!("T-{n}"), &format!("/text{n}"), ["", ""]);
        write!(json, "\"text{n}\":\"SOME TEXT OF {n}\",").unwrap();
    }
    for n in 0..30 {
        writeln!(copybook, "           05 P-{n} PIC S9(13)V99 COMP-3.").unwrap();
        rule(&format!("P-{n}"), &format!("/amount{n}"), ["", ""]);
        write!(json, "\"amount{n}\":-12345{n}.05,").unwrap();
    }
    writeln!(copybook, "           05 L OCCURS 10 TIMES.\n              10 M PIC X(20).\n              10 Q PIC 9(6).").unwrap();
    let inner = [
        ", fields = [{ from = \"/material\", to = \"M\" }, { from = \"/quantity\", to = \"Q\" }]",
        ", fields = [{ from = \"M\", to = \"/material\" }, { from = \"Q\", to = \"/quantity\" }]",
    ];
    rule("L", "/lines", inner);
    let line = "{\"material\":\"STEEL 4711\",\"quantity\":123456}";
    write!(json, "\"lines\":[{}]}}", [line; 10].join(",")).unwrap();
    let copybook = Copybook::parse(CopybookText {
        file: "r.cpy",
        text: &copybook,
    });
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    let layout = Layout::compile(&copybook.unwrap(), None, &options).unwrap();
    let text = format!(
        "version = 1\n[request]\nfrom = \"json\"\nto = \"record:R\"\nfields = [\n{}]\n[response]\nfrom = \"record:R\"\nto = \"json\"\nfields = [\n{}]\n",
        rules[0], rules[1]
    );
    let layouts: Layouts = [("R".to_owned(), Some(Arc::clone(&layout)))].into();
    let mapping = Mapping::parse(&Source::new("r.mapping.toml", text), &layouts);
    let mapping = mapping.unwrap_or_else(|faults| panic!("{faults}"));
    let record = run(&mapping.request, json.as_bytes());
    assert_eq!(run(&mapping.response, &record), json.as_bytes());
    Case {
        mapping,
        layout,
        json,
        record,
    }
}

#[divan::bench]
fn json_to_record(bencher: Bencher<'_, '_>) {
    let case = case();
    bencher
        .counter(BytesCount::new(case.record.len()))
        .bench_local(|| run(&case.mapping.request, case.json.as_bytes()));
}

#[divan::bench]
fn record_to_json(bencher: Bencher<'_, '_>) {
    let case = case();
    bencher
        .counter(BytesCount::new(case.record.len()))
        .bench_local(|| run(&case.mapping.response, &case.record));
}

#[divan::bench]
fn json_to_record_by_its_own_names(bencher: Bencher<'_, '_>) {
    let case = case();
    let mut json = Vec::new();
    case.layout.write_json(&case.record, &mut json).unwrap();
    bencher
        .counter(BytesCount::new(case.record.len()))
        .bench_local(|| case.layout.read_json(&json).unwrap());
}

#[divan::bench]
fn record_to_json_by_its_own_names(bencher: Bencher<'_, '_>) {
    let case = case();
    bencher
        .counter(BytesCount::new(case.record.len()))
        .bench_local(|| {
            let mut json = Vec::new();
            case.layout.write_json(&case.record, &mut json).unwrap();
            json
        });
}
