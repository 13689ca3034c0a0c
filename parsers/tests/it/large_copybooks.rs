//! Copybooks of very many entries: the work grows with the entries, not with their square. Each of these took minutes
//! while it did.

use std::fmt::Write as _;
use std::sync::Arc;

use parsers::schema::{Avro, AvroOptions};
use parsers::{Layout, LayoutOptions};

const ENTRIES: usize = 20_000;

fn copybook(mut entry: impl FnMut(usize, &mut String)) -> String {
    let mut text = String::from("       01 R.\n");
    for at in 0..ENTRIES {
        entry(at, &mut text);
    }
    text
}

fn compiled(text: &str, options: &LayoutOptions) -> Arc<Layout> {
    crate::try_layout_with(text, None, options).unwrap()
}

fn fields(text: &str) -> usize {
    let layout = compiled(text, &LayoutOptions::default());
    layout.fields().count()
}

#[test]
fn many_fields_compile_in_time() {
    let text = copybook(|at, text| writeln!(text, "       05 F{at} PIC X.").unwrap());
    assert_eq!(fields(&text), ENTRIES + 1);
}

#[test]
fn many_fields_of_one_name_compile_in_time() {
    let text = copybook(|_, text| text.push_str("       05 F PIC X.\n"));
    let layout = compiled(&text, &LayoutOptions::default());
    let last = layout.fields().last().unwrap();
    assert_eq!(last.label(), format!("F-{ENTRIES}"));
    assert!(
        Avro::new(&layout, &AvroOptions::default())
            .schema()
            .contains(&format!("F_{ENTRIES}"))
    );
}

#[test]
fn many_fillers_compile_in_time() {
    let text = copybook(|_, text| text.push_str("       05 FILLER PIC X.\n"));
    assert_eq!(fields(&text), ENTRIES + 1);
}

#[test]
fn many_views_of_one_area_compile_in_time() {
    let text = copybook(|at, text| match at {
        0 => text.push_str("       05 F0 PIC X.\n"),
        _ => writeln!(text, "       05 F{at} REDEFINES F0 PIC X.").unwrap(),
    });
    assert_eq!(fields(&text), ENTRIES + 1);
    // Each view redefines the one before it.
    let text = copybook(|at, text| match at.checked_sub(1) {
        None => text.push_str("       05 F0 PIC X.\n"),
        Some(last) => writeln!(text, "       05 F{at} REDEFINES F{last} PIC X.").unwrap(),
    });
    assert_eq!(fields(&text), ENTRIES + 1);
}

#[test]
fn many_areas_of_two_views_compile_in_time() {
    let text = copybook(|at, text| match at % 2 {
        0 => writeln!(text, "       05 F{at} PIC X.").unwrap(),
        _ => writeln!(text, "       05 F{at} REDEFINES F{} PIC X.", at - 1).unwrap(),
    });
    assert_eq!(fields(&text), ENTRIES + 1);
}

#[test]
fn many_counted_tables_compile_in_time() {
    let text = copybook(|at, text| match at % 2 {
        0 => writeln!(text, "       05 F{at} PIC 9.").unwrap(),
        _ => writeln!(
            text,
            "       05 F{at} PIC X OCCURS 0 TO 9 DEPENDING ON F{}.",
            at - 1
        )
        .unwrap(),
    });
    assert_eq!(fields(&text), ENTRIES + 1);
}

#[test]
fn many_conditions_of_one_field_compile_in_time() {
    let mut text = String::from("       01 R.\n       05 F PIC 9(9).\n");
    for at in 0..ENTRIES {
        writeln!(text, "       88 C{at} VALUE {at}.").unwrap();
    }
    let options = LayoutOptions {
        conditions: parsers::Conditions::Names,
        ..LayoutOptions::default()
    };
    let layout = compiled(&text, &options);
    assert_eq!(layout.fields().count(), 2);
}
