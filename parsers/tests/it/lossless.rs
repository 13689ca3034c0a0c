//! Faults that were found: records that did not come back, each named after what went wrong.

use parsers::json::{Invalid, JsonOptions};
use parsers::{Layout, LayoutOptions};

use crate::{hex, try_layout_with};

const KEEP: JsonOptions = JsonOptions {
    invalid: Invalid::Keep,
    residue: parsers::json::ShowResidue::Raw,
};

/// The JSON of a record, which gives the record back.
fn comes_back(layout: &Layout, record: &[u8]) -> String {
    let mut json = Vec::new();
    layout.write_json_with(record, &KEEP, &mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    let again = layout.read_json(json.as_bytes());
    assert_eq!(again.as_deref(), Ok(record), "{json}");
    json
}

fn options(words: &str) -> LayoutOptions {
    let mut options = LayoutOptions::default();
    options.set_all(words).unwrap();
    options
}

#[test]
fn a_column_that_a_policy_reads_as_null_keeps_its_null_byte() {
    let load = "LOAD DATA INTO TABLE P.A (C POSITION(1:4) DECIMAL NULLIF(5)='?')";
    let layout = try_layout_with(load, None, &options("invalid_numbers = null")).unwrap();
    for row in [
        "0000000000",
        "000000006F",
        "00000000FF",
        "0000000C6F",
        "00000000",
    ] {
        comes_back(&layout, &hex(row));
    }
}

#[test]
fn a_null_byte_of_two_columns_is_kept_once() {
    let load = "LOAD DATA INTO TABLE P.A (C POSITION(1:2) DECIMAL NULLIF(5)='?', \
        D POSITION(3:4) DECIMAL NULLIF(5)='?')";
    let layout = try_layout_with(load, None, &LayoutOptions::default()).unwrap();
    let json = comes_back(&layout, &[0x00; 5]);
    assert_eq!(json.matches("FILLER-1").count(), 1, "{json}");
}
