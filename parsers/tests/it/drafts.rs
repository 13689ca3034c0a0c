//! Copybooks whose text has faults: what is told of their layout beside them, and that nothing is told twice over.

use parsers::copybook::{Draft, NoLibrary, TextOptions};
use parsers::{Copybook, CopybookText, Layout, LayoutOptions, Meaning};
use proptest::prelude::*;

use crate::{fixed, generate};

fn draft(text: &str) -> Result<Copybook, Box<Draft>> {
    let named = CopybookText {
        file: "test.cpy",
        text,
    };
    Copybook::parse_or_draft(named, &TextOptions::default(), &mut NoLibrary)
}

/// The faults of a text and a meaning, one a line with its line number.
fn told(lines: &str, meaning: &str) -> String {
    let meaning = Meaning::parse("test.meaning.toml", &format!("version = 1\n{meaning}")).unwrap();
    let draft = draft(&fixed(lines)).unwrap_err();
    let mut out = String::new();
    for fault in draft.check(Some(&meaning), &LayoutOptions::default()) {
        out += &format!("{}:{}: {fault}\n", fault.file(), fault.line());
    }
    out
}

#[test]
fn faults_of_the_layout_stand_between_those_of_the_text() {
    insta::assert_snapshot!(told(
        "01 R.
         05 A PIC 9(3) VALUE 'AB'.
         05 B PIC Q.
         05 C REDEFINES Z PIC X.
         05 N PIC S9(19)V9 COMP-5.
         05 T PIC X OCCURS 1 TO 5 DEPENDING ON M.
         05 D PIC 9 COMP-1.
         05 E PIC X VALUE.",
        "key = [\"F\"]\n[fields.A]\ndate = \"YYYYMMDD\"",
    ), @r"
test.cpy:2: VALUE of A: the field is numeric and 'AB' is no number
test.cpy:3: picture `Q`: `Q` is no picture symbol
test.cpy:4: REDEFINES Z: no field of that name before it at this level of the same group
test.cpy:5: COMP-5 items have at most 18 digits, got 20
test.cpy:6: DEPENDING ON: no field `M` in this copybook
test.cpy:7: COMP-1 items have no PICTURE
test.cpy:8: wanted a literal, found the period
test.meaning.toml:2: no field `F` in this copybook
test.meaning.toml:4: YYYYMMDD has 8 digits and the field 3
");
}

#[test]
fn what_may_follow_from_a_fault_of_the_text_is_not_told() {
    // A counter, a view, what stands between views, a group's usage and sign, what the meaning says of them.
    insta::assert_snapshot!(told(
        "01 R.
         05 N PIC 9(2.
         05 T PIC X OCCURS 1 TO 5 DEPENDING ON N.
         05 A PIC X(3).
         05 B PIC X(3) REDEFIMES A.
         05 C REDEFINES A PIC 9(3).
         05 G USAGE COMP-3 OCCURS TWICE.
         10 H PIC X.
         05 S PIC XX COMP-3 COMP-3 VALUE 'A'.
         05 I PIC X JUST JUST.
         10 J PIC X.",
        "key = [\"N\"]\n[fields.S]\ndate = \"yyyyMMdd\"\n[record_types.X]\nwhen = { N = 1 }\nview = [\"A\"]",
    ), @r"
test.cpy:2: picture `9(2`: wanted a repetition as in `9(5)`
test.cpy:5: wanted a clause or a period, found `REDEFIMES`
test.cpy:7: wanted a whole number, found `TWICE`
test.cpy:9: a second USAGE clause in one entry
test.cpy:10: I has a PICTURE and entries below it
test.cpy:10: a second JUSTIFIED clause in one entry
");
}

#[test]
fn names_are_not_missed_where_entries_are() {
    insta::assert_snapshot!(told(
        "01 R.
         O5 N PIC 9(2).
         05 T PIC X OCCURS 1 TO 5 DEPENDING ON N.
         05 C REDEFINES N PIC 9(3).
         05 D PIC 9 VALUE 'A'.",
        "key = [\"N\"]",
    ), @r"
test.cpy:2: wanted a level number, found `O5`
");
    insta::assert_snapshot!(told(
        "01 R.
         05 A B PIC X(3).
         05 C REDEFINES A-B PIC 9(3).",
        "",
    ), @r"
test.cpy:2: wanted a clause or a period, found `B`
");
    insta::assert_snapshot!(told(
        "01 R.
         05 A PIC Q 05 B PIC X.
         05 C REDEFINES B PIC 9(3).",
        "",
    ), @r"
test.cpy:2: picture `Q`: `Q` is no picture symbol
test.cpy:2: wanted a clause or a period, found `05`
");
}

/// Ways to spoil an entry without another meaning for what is left of it.
fn spoilt(line: &str, how: u8) -> String {
    match how {
        0 => line.replace("PIC ", "PIC Q"),
        1 => line.replace("PIC ", "PIC NONSENSE OF "),
        2 => line.replace('.', " NONSENSE."),
        3 => line.replace("TIMES", "DEPENDS"),
        4 => line.replace("REDEFINES", "REDEFINED"),
        5 => line.replacen("0", "O", 1),
        6 => line.replace("COMP", "COMPUTED"),
        7 => line.replace("OCCURS ", "OCCURS MANY "),
        _ => "       NONSENSE.".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The copybook has no fault but those put into its text, so there is nothing to tell of its layout.
    #[test]
    fn nothing_is_told_that_follows_from_a_fault(
        text in generate::copybook(),
        faults in prop::collection::vec((any::<prop::sample::Index>(), 0u8..9), 1..4),
    ) {
        let whole = draft(&text).ok();
        let layout = whole.map(|whole| Layout::compile(&whole, None, &LayoutOptions::default()));
        prop_assume!(matches!(layout, Some(Ok(_))));
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, how) in faults {
            let at = at.index(lines.len());
            lines[at] = spoilt(&lines[at], how);
        }
        let text = lines.join("\n") + "\n";
        if let Err(draft) = draft(&text) {
            let all = draft.check(None, &LayoutOptions::default());
            prop_assert_eq!(all, draft.faults(), "{}", text);
        }
    }
}
