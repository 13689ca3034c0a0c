//! Edited pictures against what GnuCOBOL's MOVE and DISPLAY make of numbers.
//!
//! `edited/moves.tsv` is made by `edited/generate.py` with `cobc`: picture, number, characters, options.

use std::sync::Arc;

use parsers::copybook::{NoLibrary, TextOptions};
use parsers::{CodePage, Copybook, CopybookText, Edited, Layout, LayoutOptions};

const MOVES: &str = include_str!("edited/moves.tsv");

/// Where the Language Reference differs from GnuCOBOL 3.1: simple insertion characters among suppressed digits are
/// suppressed with them ("Zero suppression and replacement editing"), and a fixed sign shows the number's sign
/// whatever is after it ("Fixed insertion editing").
const BY_THE_MANUAL: &str = "\
Z/ZZ/Z9\t0\t      0\t
Z/ZZ/Z9\t123\t   1/23\t
Z/ZZ/Z9\t1234\t  12/34\t
Z0Z9\t1\t   1\t
Z0Z9\t12\t  12\t
ZZ/99\t5\t   05\t
ZZ/99\t1200\t12/00\t
-$ZZ9.99\t1.5\t $  1.50\t
-$ZZ9.99\t-12\t-$ 12.00\t
+$$$9.99\t-0.05\t-  $0.05\t
+$$$9.99\t123.45\t+$123.45\t
";

fn layout(picture: &str, flags: &str) -> Arc<Layout> {
    let blank = if flags == "blank" {
        " BLANK WHEN ZERO"
    } else {
        ""
    };
    let text = format!("       01  R.\n           05  F PIC {picture}{blank}.\n");
    let copybook = Copybook::parse_with(
        CopybookText {
            file: "edited.cpy",
            text: &text,
        },
        &TextOptions {
            decimal_comma: flags == "comma",
            ..TextOptions::default()
        },
        &mut NoLibrary,
    )
    .unwrap();
    let options = LayoutOptions {
        edited: Edited::Number,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, None, &options).unwrap()
}

#[test]
fn numbers_are_edited_and_read_back_as_gnucobol_has_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in MOVES.lines().chain(BY_THE_MANUAL.lines()) {
        let [picture, number, shown, flags] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        seen += 1;
        let layout = layout(picture, flags);
        let bytes = match layout.read_json(format!("{{\"F\":{number}}}").as_bytes()) {
            Ok(bytes) => bytes,
            Err(error) => {
                wrong.push(format!("{picture} {number}: wanted `{shown}`, got {error}"));
                continue;
            }
        };
        let mut text = String::new();
        CodePage::Cp037.decode_to(&bytes, &mut text).unwrap();
        let mut json = Vec::new();
        let done = layout.write_json(&bytes, &mut json);
        let json = String::from_utf8(json).unwrap();
        let value = json.trim_start_matches("{\"F\":").trim_end_matches('}');
        let read = value.parse::<parsers::Decimal>();
        let same =
            done.is_ok() && read.is_ok_and(|read| read.compare(number.parse().unwrap()).is_eq());
        if text != shown || !same {
            wrong.push(format!(
                "{picture} {number}: wanted `{shown}`, got `{text}`, read back as {json}"
            ));
        }
    }
    assert!(seen > 1000, "{seen} cases");
    assert!(
        wrong.is_empty(),
        "{} of {seen}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
