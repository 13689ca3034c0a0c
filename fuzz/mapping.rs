//! What must hold for any message that a mapping reads: JSON, XML, SOAP, forms and records against fixed programs. Used by a fuzz target
//! and, over its corpus, by the ordinary tests.

use std::sync::LazyLock;

use gateway::mapping::{Around, Layouts, Made, Mapping, Program};
use ops::config::Source;
use parsers::{Copybook, CopybookText, Layout, LayoutOptions};

const COPYBOOK: &str = "
       01  R.
           05  KIND          PIC X.
               88  BOOK      VALUE 'B'.
               88  UNDO      VALUE 'U'.
           05  AMOUNT        PIC S9(5)V99 COMP-3.
           05  DAY-ON        PIC 9(6).
           05  TAG-COUNT     PIC 9.
           05  TAG           PIC X(3) OCCURS 2.
           05  N             PIC 9.
           05  T OCCURS 0 TO 3 TIMES DEPENDING ON N.
               10  T1        PIC X(2).
               10  T2        PIC 9(3) COMP.
";

const RULES: &str = r#"
  { from = "KIND", to = "/rKIND", codes = "88" },
  { from = "AMOUNT", to = "/rAMOUNT" },
  { from = "DAY-ON", to = "/rDAY", date = { from = "FROM", to = "TO", pivot = 70 } },
  { from = "TAG", to = "/rTAG", count = "TAG-COUNT", fields = [] },
  { from = "T", to = "/rT", fields = [{ from = "T1", to = "/a" }, { from = "T2", to = "/b" }] },
"#;

/// The rules from the record to a form, or turned round, below a first step.
fn rules(to_record: bool, below: &str) -> String {
    let text = RULES.replace("/r", &format!("{below}/"));
    if !to_record {
        return text
            .replace("FROM", "YYMMDD")
            .replace("\"TO\"", "\"DD.MM.YYYY\"");
    }
    let text = text
        .replace("FROM", "DD.MM.YYYY")
        .replace("\"TO\"", "\"YYMMDD\"");
    let turned = text
        .replace("{ from = ", "{ TURN = ")
        .replace(", to = ", ", from = ");
    turned.replace("{ TURN = ", "{ to = ")
}

fn mapping(form: &str, below: &str) -> Mapping {
    let text = format!(
        "version = 1\n[request]\nfrom = \"{form}\"\nto = \"record:R\"\nfields = [{}]\n[response]\nfrom = \"record:R\"\nto = \"{form}\"\nfields = [{}]\n",
        rules(true, below),
        rules(false, below)
    );
    read(&text)
}

fn read(text: &str) -> Mapping {
    let copybook = Copybook::parse(CopybookText {
        file: "fuzz.cpy",
        text: COPYBOOK,
    })
    .expect("the copybook is right");
    let layout = Layout::compile(&copybook, None, &LayoutOptions::default()).expect("it is");
    let layouts: Layouts = [("R".to_owned(), Some(layout))].into();
    match Mapping::parse(&Source::new("fuzz.mapping.toml", text), &layouts) {
        Ok(mapping) => mapping,
        Err(faults) => panic!("the mapping is right: {faults}"),
    }
}

/// A form has no tables.
const FORM: &str = r#"
version = 1
[request]
from = "form"
to = "record:R"
unmapped = ["T", "N"]
fields = [
  { from = "/kind", to = "KIND", codes = { b = "B" }, otherwise = "U" },
  { from = "/amount", to = "AMOUNT", default = 0 },
  { from = "/day", to = "DAY-ON" },
  { from = "/tag", to = "TAG", count = "TAG-COUNT" },
]
[response]
from = "record:R"
to = "form"
unmapped = ["T", "N"]
fields = [
  { from = "KIND", to = "/kind", codes = { B = "b" }, otherwise = "u" },
  { from = "AMOUNT", to = "/amount" },
  { from = "DAY-ON", to = "/day" },
  { from = "TAG", to = "/tag", count = "TAG-COUNT" },
]
"#;

static MAPPINGS: LazyLock<[Mapping; 5]> = LazyLock::new(|| {
    [
        mapping("json", ""),
        mapping("xml", "/r"),
        mapping("soap", "/r/x"),
        mapping("soap12", "/r"),
        read(FORM),
    ]
});

/// The first byte says which mapping, and from which end.
pub(super) fn mapping_of(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let which = usize::from(*first) % MAPPINGS.len();
    let Some(Mapping {
        request: Some(there),
        response: Some(back),
        ..
    }) = MAPPINGS.get(which)
    else {
        return;
    };
    // What came through once comes through again, and is the same from then on.
    let record = match first & 0x80 {
        0 => run(there, body),
        _ => run(back, body).and_then(|message| run(there, &message)),
    };
    let Some(record) = record else { return };
    let message = run(back, &record).expect("a record that we made can be told");
    let again = run(there, &message).expect("what we tell can be read");
    assert_eq!(again, record, "{}", String::from_utf8_lossy(&message));
}

fn run(program: &Program, body: &[u8]) -> Option<Vec<u8>> {
    match program.run(body, &Around::default()) {
        Ok(Made::Body(made)) => Some(made),
        Ok(Made::Query(_)) => None,
        Err(error) => {
            assert!(!error.reason().is_empty());
            None
        }
    }
}
