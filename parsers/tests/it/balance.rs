//! Counts of headers and trailers held against the records of a file.

use parsers::Balance;

use super::{ebcdic, layout};

const FILE: &str = "01 R.
    05 KIND   PIC X.
    05 N      PIC 9(3).";

/// What is wrong with a file of two data records whose trailer states `count`.
fn faults(count_of: &str, count: &str) -> Vec<String> {
    let meaning = format!(
        "[header]\nwhen = {{ KIND = \"H\" }}\n[trailer]\nwhen = {{ KIND = \"T\" }}\ncount = \"N\"\n{count_of}"
    );
    let layout = layout(FILE, &meaning);
    let mut balance = Balance::new(&layout).unwrap();
    for (no, record) in (0..).zip(["H000", "D001", "D002", &format!("T{count}")]) {
        balance.take(no, None, &ebcdic(record));
    }
    balance.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn a_count_of_all_counts_header_and_trailer_too() {
    let all = "count_of = \"all\"\n";
    assert!(faults(all, "004").is_empty());
    assert_eq!(
        faults(all, "002"),
        ["the trailer says 2 records with header and trailer, and there are 4"]
    );
    for details in ["", "count_of = \"details\"\n"] {
        assert!(faults(details, "002").is_empty());
        assert_eq!(
            faults(details, "004"),
            ["the trailer says 4 records, and there are 2"]
        );
    }
}

#[test]
fn a_field_that_does_not_decode_left_the_total_without_its_record() {
    let text = "01 R.\n05 KIND PIC X.\n05 BODY.\n10 AMOUNT PIC 9(3).\n10 OTHER PIC 9(3).\n05 TAIL REDEFINES BODY.\n10 SUM-OF PIC 9(6).";
    let meaning = "[record_types.D]\nwhen = { KIND = \"D\" }\nview = \"BODY\"\n\
                   [record_types.N]\nwhen = { KIND = \"N\" }\nview = \"TAIL\"\n\
                   [trailer]\nwhen = { KIND = \"T\" }\ntotal = { field = \"SUM-OF\", of = \"AMOUNT\" }\n";
    let layout = layout(text, meaning);
    let amount = |record: &str| layout.control_amount(&ebcdic(record));
    assert_eq!(amount("D012345").unwrap().unwrap().to_string(), "12");
    // What stands beside it is not its business.
    assert_eq!(amount("D012XYZ").unwrap().unwrap().to_string(), "12");
    assert!(amount("DXYZ345").is_err());
    // A record without the field adds nothing.
    assert_eq!(amount("N000012").unwrap().unwrap().to_string(), "0");
}
