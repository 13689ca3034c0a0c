//! VALUE clauses that do not fit their field: compilers warn and cut.

use crate::{ebcdic, fixed, layout, to_hex, try_layout};
use parsers::Record;

#[test]
fn a_value_longer_than_its_field_is_cut_as_compilers_do() {
    let layout = layout(
        "01 R.
           05 K PIC X(2) VALUE 'It''s'.
           05 JR PIC X(2) JUSTIFIED RIGHT VALUE 'ABC'.
           05 J PIC 9(2) VALUE 123.
           05 P PIC S9(3)V9 COMP-3 VALUE -12345.678.
           05 B PIC S9(4) COMP VALUE 123456.
           05 N PIC 9(4) COMP-5 VALUE 65537.
           05 U PIC 9(2) VALUE -7.
           05 H PIC X(2) VALUE X'C1C2C3'.",
        "",
    );
    let bytes = layout.encode(&Record::default()).unwrap();
    let mut wanted = ebcdic("ItAB23");
    wanted.extend([0x03, 0x45, 0x6D]);
    wanted.extend(3456_u16.to_be_bytes());
    wanted.extend(1_u16.to_be_bytes());
    wanted.extend(ebcdic("07"));
    wanted.extend([0xC1, 0xC2]);
    assert_eq!(to_hex(&bytes), to_hex(&wanted));
}

#[test]
fn a_value_of_another_kind_than_its_field_is_still_refused() {
    assert!(try_layout(&fixed("01 R.\n  05 J PIC 9(2) VALUE 'AB'."), None).is_err());
}
