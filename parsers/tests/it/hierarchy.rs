//! Records put together parent to child and taken apart again: the same records in the same order, whatever that is;
//! what cannot stand where it stands is said, with its place. And headers and trailers, held against the records.

use std::sync::Arc;

use parsers::hierarchy::{Assembler, Hierarchy, HierarchyErrorKind, Tree};
use parsers::{Balance, Framed, JsonOptions, Layout, json, schema};
use proptest::prelude::*;

use crate::{faults, fixed, json_schema, layout, try_layout};

/// A ward's unload: patients with admissions, which have tests and doses, and with allergies.
const WARD: &str = "01 SEGMENT.\n05 SEG PIC X(2).\n05 BODY.\n10 KEY PIC X(4).\n10 NOTE PIC X(6).\n\
     05 TEST-BODY REDEFINES BODY.\n10 VALUE-MG PIC S9(5) COMP-3.\n10 FILLER PIC X(7).";

const RULES: &str = r#"
[record_types.patient]
when = { SEG = "PA" }
view = "BODY"
[record_types.admission]
when = { SEG = "AD" }
view = "BODY"
parent = "patient"
list = "admissions"
[record_types.test]
when = { SEG = "TE" }
view = "TEST-BODY"
parent = "admission"
[record_types.dose]
when = { SEG = "DO" }
view = "TEST-BODY"
parent = "admission"
list = "doses"
[record_types.allergy]
when = { SEG = "AL" }
view = "BODY"
parent = "patient"
list = "allergies"
[record_types.note]
when = { SEG = "NO" }
view = "BODY"
"#;

fn ward() -> (Arc<Layout>, Hierarchy) {
    let layout = layout(WARD, RULES);
    let hierarchy = Hierarchy::of(&layout).unwrap();
    (layout, hierarchy)
}

fn record(layout: &Layout, seg: &str, number: u32) -> Vec<u8> {
    if seg == "ZZ" {
        let mut unknown = record(layout, "AD", number);
        unknown[..2].fill(0xe9);
        return unknown;
    }
    let json = match seg {
        "TE" | "DO" => format!("{{\"SEG\":\"{seg}\",\"TEST-BODY\":{{\"VALUE-MG\":{number}}}}}"),
        _ => format!("{{\"SEG\":\"{seg}\",\"BODY\":{{\"KEY\":\"K{number}\",\"NOTE\":\"N\"}}}}"),
    };
    layout.read_json(json.as_bytes()).unwrap()
}

fn assemble(hierarchy: &Hierarchy, records: &[Vec<u8>]) -> Result<Vec<Tree>, String> {
    let mut assembler = Assembler::new(hierarchy);
    let (mut trees, mut offset) = (Vec::new(), 0);
    for (number, bytes) in records.iter().enumerate() {
        let framed = Framed {
            bytes,
            offset,
            record_no: number as u64,
        };
        trees.extend(assembler.push(framed).map_err(|error| error.to_string())?);
        offset += bytes.len() as u64;
    }
    trees.extend(assembler.finish());
    Ok(trees)
}

fn json(hierarchy: &Hierarchy, tree: &Tree) -> String {
    let mut out = Vec::new();
    hierarchy
        .write_json(tree, &JsonOptions::default(), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn file(segs: &[&str]) -> (Hierarchy, Vec<Vec<u8>>) {
    let (layout, hierarchy) = ward();
    let records = segs
        .iter()
        .enumerate()
        .map(|(number, seg)| record(&layout, seg, number as u32))
        .collect();
    (hierarchy, records)
}

#[test]
fn children_are_lists_in_their_parent() {
    let (hierarchy, records) = file(&["PA", "AD", "TE", "TE", "AD", "DO", "AL", "NO", "PA"]);
    let trees = assemble(&hierarchy, &records).unwrap();
    let lines: Vec<String> = trees.iter().map(|tree| json(&hierarchy, tree)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
{"SEG":"PA","BODY":{"KEY":"K0","NOTE":"N"},"admissions":[{"SEG":"AD","BODY":{"KEY":"K1","NOTE":"N"},"test":[{"SEG":"TE","TEST-BODY":{"VALUE-MG":2}},{"SEG":"TE","TEST-BODY":{"VALUE-MG":3}}],"doses":[]},{"SEG":"AD","BODY":{"KEY":"K4","NOTE":"N"},"test":[],"doses":[{"SEG":"DO","TEST-BODY":{"VALUE-MG":5}}]}],"allergies":[{"SEG":"AL","BODY":{"KEY":"K6","NOTE":"N"}}]}
{"SEG":"NO","BODY":{"KEY":"K7","NOTE":"N"}}
{"SEG":"PA","BODY":{"KEY":"K8","NOTE":"N"},"admissions":[],"allergies":[]}
"#);
}

#[test]
fn mixed_children_keep_their_order() {
    let (hierarchy, records) = file(&["PA", "AL", "AD", "DO", "TE", "DO", "AL"]);
    let trees = assemble(&hierarchy, &records).unwrap();
    let line = json(&hierarchy, &trees[0]);
    insta::assert_snapshot!(line, @r#"{"SEG":"PA","BODY":{"KEY":"K0","NOTE":"N"},"admissions":[{"SEG":"AD","BODY":{"KEY":"K2","NOTE":"N"},"test":[{"SEG":"TE","TEST-BODY":{"VALUE-MG":4}}],"doses":[{"SEG":"DO","TEST-BODY":{"VALUE-MG":3}},{"SEG":"DO","TEST-BODY":{"VALUE-MG":5}}],"_order":["doses","test","doses"]}],"allergies":[{"SEG":"AL","BODY":{"KEY":"K1","NOTE":"N"}},{"SEG":"AL","BODY":{"KEY":"K6","NOTE":"N"}}],"_order":["allergies","admissions","allergies"]}"#);
    let back = hierarchy.read_json(line.as_bytes()).unwrap();
    assert!(back.records().eq(records.iter().map(Vec::as_slice)));
}

#[test]
fn records_out_of_place_are_errors() {
    let broken = |segs: &[&str]| {
        let (hierarchy, records) = file(segs);
        assemble(&hierarchy, &records).unwrap_err()
    };
    insta::assert_snapshot!(broken(&["AD", "PA"]), @"record 1 at byte 0: wanted a record of type `patient` above this one of type `admission`, and there is none before it: the file was cut at its start, or sorted");
    insta::assert_snapshot!(broken(&["PA", "TE"]), @"record 2 at byte 12: wanted a record of type `admission` above this one of type `test`, and the last before it is of type `patient`");
    insta::assert_snapshot!(broken(&["PA", "AD", "AL", "TE"]), @"record 4 at byte 36: wanted a record of type `admission` above this one of type `test`, and the last before it is of type `allergy`");
    insta::assert_snapshot!(broken(&["NO", "AL"]), @"record 2 at byte 12: wanted a record of type `patient` above this one of type `allergy`, and the last before it is of type `note`");
    insta::assert_snapshot!(broken(&["PA", "ZZ"]), @"record 2 at byte 12: wanted a record of a type of the meaning (patient, admission, test, dose, allergy, note), and no rule of [record_types] holds");
}

#[test]
fn memory_is_bounded() {
    let (hierarchy, records) = file(&["PA", "AD", "TE", "TE", "TE", "PA", "AD"]);
    let mut assembler = Assembler::new(&hierarchy).limit(4 * (12 + 64));
    let mut error = None;
    for (number, bytes) in records.iter().enumerate() {
        let framed = Framed {
            bytes,
            offset: 12 * number as u64,
            record_no: number as u64,
        };
        if let Err(found) = assembler.push(framed) {
            error.get_or_insert(found);
        }
    }
    let error = error.unwrap();
    assert_eq!(error.kind(), HierarchyErrorKind::Large);
    assert_eq!(error.record_no(), Some(4));
    insta::assert_snapshot!(error.to_string(), @"record 5 at byte 48: the records below record 1 come to more than 304 bytes, the limit: are records of its own type missing?");
}

#[test]
fn edited_trees_are_held_to_the_rules() {
    let (_, hierarchy) = ward();
    let broken = |json: &str| {
        hierarchy
            .read_json(json.as_bytes())
            .unwrap_err()
            .to_string()
    };
    let patient = |lists: &str| {
        broken(&format!(
            "{{\"SEG\":\"PA\",\"BODY\":{{\"KEY\":\"K\",\"NOTE\":\"\"}}{lists}}}"
        ))
    };
    insta::assert_snapshot!(broken("{\"SEG\":\"AD\",\"BODY\":{}}"), @"a record of type `admission` stands below one of type `patient`: wanted it in the list `admissions` there");
    insta::assert_snapshot!(broken("{\"SEG\":\"QQ\",\"BODY\":{}}"), @"field BODY: no record type of the meaning fits: SEG = X'D8D8'");
    insta::assert_snapshot!(patient(",\"admissions\":[{\"SEG\":\"AL\",\"BODY\":{}}]"), @"admissions(1): wanted records of type `admission` in this list, got one of type `allergy`");
    insta::assert_snapshot!(patient(",\"admissions\":[{\"SEG\":\"AD\",\"BODY\":{},\"test\":[{\"SEG\":\"TE\",\"TEST-BODY\":{\"VALUE-MG\":\"x\"}}]}]"), @r#"admissions(1).test(1): field TEST-BODY.VALUE-MG: wanted a number of at most 38 digits, got `"x"`"#);
    insta::assert_snapshot!(patient(",\"admissions\":7"), @"admissions: wanted a list");
    insta::assert_snapshot!(patient(",\"test\":[]"), @"field SEGMENT: no field `test` here");
    insta::assert_snapshot!(patient(",\"allergies\":[{\"SEG\":\"AL\",\"BODY\":{}}],\"_order\":[]"), @"_order names 0 of `allergies`, and there are 1: take it out, or bring it up to the lists");
    insta::assert_snapshot!(patient(",\"_order\":[\"allergies\"]"), @"_order names more of `allergies` than the 0 there are: take it out, or bring it up to the lists");
}

#[test]
fn rules_that_contradict_themselves_are_faults() {
    let broken = |rules: &str| faults(&fixed(WARD), Some(&format!("version = 1\n{rules}")));
    insta::assert_snapshot!(broken("[record_types.a]\nwhen = { SEG = \"A\" }\nparent = \"b\"\n"), @r#"
test.meaning.toml:4:10: no record type `b` in [record_types]
  |parent = "b"
  |         ^^^
"#);
    insta::assert_snapshot!(broken("[record_types.a]\nwhen = { SEG = \"A\" }\nparent = \"b\"\n[record_types.b]\nwhen = { SEG = \"B\" }\nparent = \"a\"\n"), @r#"
test.meaning.toml:4:10: a would stand below itself
  |parent = "b"
  |         ^^^
test.meaning.toml:7:10: b would stand below itself
  |parent = "a"
  |         ^^^
"#);
    insta::assert_snapshot!(broken("[record_types.a]\nwhen = { SEG = \"A\" }\nlist = \"as\"\n"), @r#"
test.meaning.toml:4:8: `list` goes with `parent`: it is what the list is called there
  |list = "as"
  |       ^^^^
"#);
    insta::assert_snapshot!(broken("[record_types.b]\nwhen = { SEG = \"B\" }\n[record_types.a]\nwhen = { SEG = \"A\" }\nparent = \"b\"\nlist = \"BODY\"\n"), @r#"
test.meaning.toml:7:8: `BODY` is the name of something else in b: give the list another one with `list`
  |list = "BODY"
  |       ^^^^^^
"#);
}

#[test]
fn layouts_without_parents_have_no_hierarchy() {
    let flat = layout(WARD, "[record_types.a]\nwhen = { SEG = \"A\" }\n");
    assert!(Hierarchy::of(&flat).is_none());
    assert!(Balance::new(&flat).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Any records of the types, in any order: an error, or trees that flatten to the same records.
    #[test]
    fn assembling_then_flattening_is_the_identity(segs in prop::collection::vec(prop::sample::select(vec!["PA", "AD", "AD", "TE", "DO", "AL", "NO"]), 0..40)) {
        let (hierarchy, records) = file(&segs);
        let mut good = records;
        // Up to the first record that cannot stand where it stands.
        let trees = loop {
            match assemble(&hierarchy, &good) {
                Ok(trees) => break trees,
                Err(_) => { good.pop(); }
            }
        };
        let mut flat = Vec::new();
        for tree in &trees {
            let mut bytes = Vec::new();
            tree.push_to(&mut bytes);
            prop_assert_eq!(Tree::from_bytes(&bytes), Some(tree.clone()));
            let line = json(&hierarchy, tree);
            let back = hierarchy.read_json(line.as_bytes()).unwrap();
            prop_assert_eq!(back.len(), tree.len());
            prop_assert_eq!(json(&hierarchy, &back), line);
            flat.extend(back.records().map(<[u8]>::to_vec));
        }
        prop_assert_eq!(flat, good);
    }

    #[test]
    fn bytes_that_are_no_tree_are_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(tree) = Tree::from_bytes(&bytes) {
            let (_, hierarchy) = ward();
            let mut out = Vec::new();
            let _written = hierarchy.write_json(&tree, &JsonOptions::default(), &mut out);
        }
    }

    /// Counts and totals hold for the records they were made of, and for no others.
    #[test]
    fn a_record_lost_is_noticed(amounts in prop::collection::vec(1u32..9_999, 1..20), lost in any::<prop::sample::Index>()) {
        let (layout, records) = stock(&amounts);
        prop_assert_eq!(unbalanced(&layout, &records), Vec::<String>::new());
        let mut fewer = records;
        fewer.remove(lost.index(amounts.len()) + 1);
        prop_assert_eq!(unbalanced(&layout, &fewer).len(), 2);
    }
}

/// A header, vials with their prices, a trailer with their number and the sum.
fn stock(amounts: &[u32]) -> (Arc<Layout>, Vec<Vec<u8>>) {
    let layout = layout(
        "01 R.\n05 KIND PIC X.\n05 VIAL.\n10 PRICE PIC S9(7)V99 COMP-3.\n10 FILLER PIC X(4).\n\
         05 SUMS REDEFINES VIAL.\n10 HOW-MANY PIC 9(4).\n10 SUM-OF PIC S9(7)V99 COMP-3.",
        "[record_types.vial]\nwhen = { KIND = \"V\" }\nview = \"VIAL\"\n[record_types.head]\nwhen = { KIND = \"H\" }\nview = \"SUMS\"\n\
         [record_types.end]\nwhen = { KIND = \"T\" }\nview = \"SUMS\"\n[header]\nrecord_type = \"head\"\n[trailer]\nrecord_type = \"end\"\n\
         count = \"HOW-MANY\"\ntotal = { field = \"SUM-OF\", of = \"PRICE\" }\n",
    );
    let sum: u32 = amounts.iter().sum();
    let cents = |amount: u32| format!("{}.{:02}", amount / 100, amount % 100);
    let mut lines = vec!["{\"KIND\":\"H\",\"SUMS\":{}}".to_owned()];
    lines.extend(amounts.iter().map(|amount| {
        format!(
            "{{\"KIND\":\"V\",\"VIAL\":{{\"PRICE\":{}}}}}",
            cents(*amount)
        )
    }));
    lines.push(format!(
        "{{\"KIND\":\"T\",\"SUMS\":{{\"HOW-MANY\":{},\"SUM-OF\":{}}}}}",
        amounts.len(),
        cents(sum)
    ));
    let records = lines
        .iter()
        .map(|line| layout.read_json(line.as_bytes()).unwrap())
        .collect();
    (layout, records)
}

fn unbalanced(layout: &Arc<Layout>, records: &[Vec<u8>]) -> Vec<String> {
    let mut balance = Balance::new(layout).unwrap();
    for (number, record) in records.iter().enumerate() {
        balance.take(number as u64, Some(10 * number as u64), record);
    }
    balance.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn disagreements_name_both_numbers() {
    let (layout, records) = stock(&[1250, 199, 4000]);
    let of = |picked: &[usize]| {
        let records: Vec<Vec<u8>> = picked.iter().map(|at| records[*at].clone()).collect();
        unbalanced(&layout, &records).join("\n")
    };
    assert_eq!(of(&[0, 1, 2, 3, 4]), "");
    insta::assert_snapshot!(of(&[0, 1, 3, 4]), @"
the trailer says 3 records, and there are 2
the trailer says that VIAL.PRICE adds up to 54.49, and it adds up to 52.50
");
    insta::assert_snapshot!(of(&[0, 1, 2, 3]), @"there is no trailer: the file was cut, or is of another data set");
    insta::assert_snapshot!(of(&[1, 0, 2, 3, 4]), @"record 2 at byte 10 is a header, and a header is the first record");
    insta::assert_snapshot!(of(&[0, 1, 2, 4, 3]), @"record 5 at byte 40 stands behind the trailer");
    insta::assert_snapshot!(of(&[0, 1, 2, 3, 4, 4]), @"record 6 at byte 50 is a second trailer: are two data sets in one file?");
    insta::assert_snapshot!(of(&[]), @"
there is no header: the file was cut, or is of another data set
there is no trailer: the file was cut, or is of another data set
");
    let mut damaged = records.clone();
    damaged[2][5] = 0xff;
    insta::assert_snapshot!(unbalanced(&layout, &damaged).join("\n"), @"VIAL.PRICE cannot be added up: it cannot be read in every record (1 in which it cannot)");
    damaged = records;
    damaged[4][1] = 0x5c;
    insta::assert_snapshot!(unbalanced(&layout, &damaged).join("\n"), @"record 5 at byte 40 is a header or trailer and cannot be read: field SUMS.HOW-MANY at byte 1 (0x5CF0F0F3): wanted a digit (F0 to F9) as byte 1 of the field, got 5C");
}

/// The golden case of an IMS unload, with and without faults, against the schema of its lines.
#[test]
fn lines_of_trees_are_as_their_schema_says() {
    let case = format!(
        "{}/../golden/cases/hierarchy/ims-unload",
        env!("CARGO_MANIFEST_DIR")
    );
    let input = |name: &str| std::fs::read_to_string(format!("{case}/input.{name}")).unwrap();
    let layout = try_layout(&input("ward.cpy"), Some(&input("ward.meaning.toml"))).unwrap();
    let hierarchy = Hierarchy::of(&layout).unwrap();
    for (file, invalid) in [
        ("ward.dat.hex", json::Invalid::Fail),
        ("ward.dat.hex", json::Invalid::Keep),
        ("faults.dat.hex", json::Invalid::Keep),
    ] {
        let records: Vec<Vec<u8>> = input(file)
            .lines()
            // Without the RDW.
            .map(|line| crate::hex(line).split_off(4))
            .collect();
        let options = JsonOptions {
            invalid,
            ..JsonOptions::default()
        };
        let schema = schema::json_schema_of_trees(&hierarchy, &options);
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let trees = assemble(&hierarchy, &records).unwrap();
        assert!(trees.len() > 1);
        for tree in trees {
            let mut line = Vec::new();
            hierarchy.write_json(&tree, &options, &mut line).unwrap();
            let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
            json_schema::valid(&schema, &value).unwrap();
            // And it says something: a list of another's records is none.
            let mut wrong = value.clone();
            wrong["allergies"] = wrong["admissions"].take();
            let is_empty = wrong["allergies"].as_array().unwrap().is_empty();
            wrong["admissions"] = serde_json::json!([]);
            assert_eq!(json_schema::valid(&schema, &wrong).is_ok(), is_empty);
            for name in ["DOSE", "doses", "admission"] {
                let mut wrong = value.clone();
                wrong[name] = serde_json::json!([]);
                json_schema::valid(&schema, &wrong).unwrap_err();
            }
        }
    }
}
