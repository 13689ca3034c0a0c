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
