use super::super::options::{Numbers, TextPolicy};
use super::*;

fn set(text: &str) -> String {
    let mut options = LayoutOptions::default();
    match options.set_all(text) {
        Ok(()) => options.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_word_of_every_option_comes_back() {
    for key in CHOICES {
        let Err(Some(words)) = choose(&mut LayoutOptions::default(), key, "?") else {
            panic!("{key}");
        };
        for (index, word) in words.iter().enumerate() {
            let text = format!("{key} = {word}");
            assert_eq!(set(&text), if index == 0 { "" } else { &text });
            assert_eq!(
                set(&text.replace('_', "-")),
                if index == 0 { "" } else { &text }
            );
        }
    }
    let all = "dialect = mf; odo = maximum; trim = both; record = LOT; day = 2026-11-22; \
               code_pages = A.B=cp500; code_pages = C=cp939; counts = N: ONE=1 TWO=2";
    assert_eq!(set(all), all);
    assert_eq!(set("record =  HEAD   ITEM "), "record = HEAD ITEM");
    assert_eq!(
        set("code_pages = A.B=cp500, C=cp939;;"),
        "code_pages = A.B=cp500; code_pages = C=cp939"
    );
}

/// What each member holds. Written without `..`: one that is new is missing here until it is named, and then
/// needs a word.
fn members(options: &LayoutOptions) -> Vec<(&'static str, String)> {
    let LayoutOptions {
        code_page: _, // stands beside the copybook
        pages,
        dialect,
        record,
        day,
        odo,
        counts,
        floats,
        truncate,
        binary_sizes,
        native,
        overpunch,
        utf16,
        edited,
        numbers,
        text,
        fillers,
        short,
        bad_count,
        conditions,
    } = options;
    let Numbers {
        spaces,
        low_values,
        high_values,
        invalid,
        sign,
        display,
        oversize,
        decimals,
        null,
    } = numbers;
    let TextPolicy {
        trim,
        low_values: low_value_text,
        invalid: invalid_text,
        controls,
        nel,
        oversize: long_text,
        unknown,
        null: null_text,
    } = text;
    macro_rules! shown {
        ($($member:ident)*) => { vec![$((stringify!($member), format!("{:?}", $member))),*] };
    }
    shown!(pages dialect record day odo counts floats truncate binary_sizes native overpunch utf16 edited fillers
        short bad_count conditions spaces low_values high_values invalid sign display oversize decimals null trim
        low_value_text invalid_text controls nel long_text unknown null_text)
}

#[test]
fn every_member_has_a_word() {
    let plain = members(&LayoutOptions::default());
    let mut reached = std::collections::BTreeSet::new();
    let mut texts = vec![
        "record = LOT".to_owned(),
        "day = 2026-11-22".to_owned(),
        "code_pages = A=cp500".to_owned(),
        "counts = N: ONE=1".to_owned(),
    ];
    for key in CHOICES {
        let Err(Some([_, word, ..])) = choose(&mut LayoutOptions::default(), key, "?") else {
            panic!("{key} has no second word");
        };
        texts.push(format!("{key} = {word}"));
    }
    for text in texts {
        let mut options = LayoutOptions::default();
        options.set_all(&text).unwrap();
        let changed: Vec<_> = members(&options)
            .into_iter()
            .zip(&plain)
            .filter(|(now, before)| now != *before)
            .map(|((name, _), _)| name)
            .collect();
        assert_eq!(changed.len(), 1, "{text} sets {changed:?}");
        reached.extend(changed);
    }
    let all: std::collections::BTreeSet<_> = plain.iter().map(|(name, _)| *name).collect();
    assert_eq!(reached, all);
}

#[test]
fn what_is_no_word_is_told_with_those_that_are() {
    let shown = [
        "dialekt = mf",
        "dialect = vs",
        "dialect",
        "day = monday",
        "code_page = cp500",
        "code_pages = A",
        "code_pages = A=cp999999",
        "counts = N 1",
        "record =",
    ]
    .map(set);
    insta::assert_snapshot!(shown.join("\n"), @r"
unknown option `dialekt` (is it `dialect`?): wanted one of dialect, records, odo, floats, truncate, binary_sizes, native_order, overpunch, utf16, edited, fillers, conditions, number_spaces, number_low_values, number_high_values, invalid_numbers, signs, display_numbers, large_numbers, extra_decimals, null_numbers, trim, low_value_text, invalid_text, controls, new_line, long_text, unknown_characters, null_text, short_records, invalid_counts, record, day, code_pages, counts
dialect: wanted ibm or mf or gnucobol, got `vs`
wanted `key = word`, got `dialect`
day: wanted a day as YYYY-MM-DD, got `monday`
the code page of the record is said beside its copybook, those of single fields by `code_pages`
code_pages: wanted PATH=PAGE, several with blanks between, got `A`
code_pages: unknown code page `cp999999`: wanted a number of IBM's such as 037, 273, 1047 or 1140 (also written cp037, ibm-037, CCSID 37) or a charset such as utf-8, windows-1252 or shift_jis
counts: wanted PATH: TEXT=NUMBER, several with blanks between, got `N 1`
record: wanted the name of an 01, or several with blanks between, got ``
");
}

#[test]
fn a_table_says_the_same() {
    let table = "dialect = \"gnucobol\"\ncode_pages = { \"A.B\" = \"cp500\" }\ncounts = { N = { ONE = 1 } }";
    let read = |text: &str| {
        let words: LayoutWords = toml::from_str(text).unwrap();
        let mut options = LayoutOptions::default();
        match words.apply(&mut options) {
            Ok(()) => options.to_string(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(
        read(table),
        "dialect = gnucobol; code_pages = A.B=cp500; counts = N: ONE=1"
    );
    assert_eq!(read("trim = { A = \"both\" }"), "trim: wanted a word");
}
