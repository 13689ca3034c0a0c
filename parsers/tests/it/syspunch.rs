//! Db2 LOAD statements: what UNLOAD and DSNTIAUL write, the rows beside them and back, and what is told of faults.

use std::sync::{Arc, LazyLock};

use parsers::json::{Invalid, JsonOptions, ShowResidue};
use parsers::{FieldKind, Layout};
use proptest::prelude::*;

use super::{ebcdic, faults, hex, to_hex, try_layout};

const KEEP: JsonOptions = JsonOptions {
    invalid: Invalid::Keep,
    residue: ShowResidue::Raw,
};

fn load(text: &str) -> Arc<Layout> {
    try_layout(text, None).unwrap_or_else(|_| panic!("{}", faults(text, None)))
}

/// JSON of a row, checked to give the same bytes back, whether all of it decodes or not.
fn json(layout: &Layout, row: &[u8]) -> String {
    let mut out = Vec::new();
    layout.write_json_with(row, &KEEP, &mut out).unwrap();
    let text = String::from_utf8(out.clone()).unwrap();
    assert_eq!(
        to_hex(&layout.read_json(&out).unwrap()),
        to_hex(row),
        "{text}"
    );
    match layout.decode(row) {
        Ok(decoded) => assert_eq!(to_hex(&layout.encode(&decoded).unwrap()), to_hex(row)),
        Err(error) => return format!("{text} {error}"),
    }
    text
}

fn row(parts: &[&str]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| match part.strip_prefix('\'') {
            Some(text) => ebcdic(text),
            None => hex(part),
        })
        .collect()
}

/// As UNLOAD writes it: a header of the table's OBID, each null byte before its column, VARCHAR padded.
const UNLOAD: &str = r#"
TEMPLATE U1465856
     DSN('PHARMA.UNL.QUALITY.LOT')
     DISP(OLD,KEEP,KEEP)
LOAD DATA INDDN U1465856 LOG NO  RESUME YES
 EBCDIC  CCSID(00037,00000,00000)
 INTO TABLE
 "PHARMA"."LOT               "
 WHEN(00001:00002) = X'0006'
 ( "LOT_ID            "
   POSITION(  00003:00010) CHAR(00008)
 , "PRODUCT_NAME      "
   POSITION(  00011:00022) VARCHAR
 , "QTY               "
   POSITION(  00024:00028) DECIMAL PACKED
         NULLIF(00023)=X'FF'
 , "POTENCY           "
   POSITION(  00029:00036) FLOAT(53)
 , "VIALS             "
   POSITION(  00037:00040) INTEGER
 , "LINE_NO           "
   POSITION(  00042:00043) SMALLINT
         NULLIF(00041)=X'FF'
 , "SERIAL            "
   POSITION(  00044:00051) BIGINT
 , "RELEASED          "
   POSITION(  00053:00062) DATE EXTERNAL
         NULLIF(00052)=X'FF'
 , "CHANGED_AT        "
   POSITION(  00063:00088) TIMESTAMP EXTERNAL
 , "SEAL              "
   POSITION(  00089:00092) BINARY(00004)
 )
"#;

fn unloaded(name: &str, qty: &str, line: &str, day: &str) -> Vec<u8> {
    row(&[
        "0006",
        "'LOT00042",
        name,
        qty,
        "4110000000000000",
        "00000078",
        line,
        "000000000000002A",
        day,
        "'2026-11-22-08.30.00.000000",
        "CAFEBABE",
    ])
}

#[test]
fn rows_of_unload() {
    let layout = load(UNLOAD);
    insta::assert_snapshot!(layout.listing(), @r"
NAME               PICTURE USAGE            OFFSET     HEX   LENGTH  OCCURS        REDEFINES
01 LOT             GROUP                         0  000000       92
  05 FILLER        bytes                         0  000000        2
  05 LOT_ID        CHAR(8)                       2  000002        8
  05 PRODUCT_NAME  VARCHAR(10)                  10  00000A       12
  05 FILLER        null byte                    22  000016        1
  05 QTY           DECIMAL(9)                   23  000017        5
  05 POTENCY       FLOAT(53)                    28  00001C        8
  05 VIALS         INTEGER                      36  000024        4
  05 FILLER        null byte                    40  000028        1
  05 LINE_NO       SMALLINT                     41  000029        2
  05 SERIAL        BIGINT                       43  00002B        8
  05 FILLER        null byte                    51  000033        1
  05 RELEASED      DATE EXTERNAL(10)            52  000034       10
  05 CHANGED_AT    TIMESTAMP EXTERNAL(26)       62  00003E       26
  05 SEAL          BINARY(4)                    88  000058        4
LOT 92 bytes, code page cp037
");
    let full = unloaded(
        "0006C993A497999600000000",
        "00000123456C",
        "000007",
        "00F2F0F2F660F1F160F2F2",
    );
    let none = unloaded(
        "000000000000000000000000",
        "FF0000000000",
        "FF0000",
        "FF00000000000000000000",
    );
    // Blanks as padding, junk under a null, a null byte that is neither.
    let odd = unloaded(
        "0001C14040404040404040C2",
        "FF000001234C",
        "400007",
        "FF40404040404040404040",
    );
    let damaged = unloaded(
        "0020C14040404040404040C2",
        "0000400000FF",
        "000007",
        "00F2F0F2F660F1F160F2F2",
    );
    let shown: Vec<String> = [full, none, odd, damaged]
        .iter()
        .map(|row| json(&layout, row))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
{"LOT_ID":"LOT00042","PRODUCT_NAME":"Ilupro","QTY":123456,"POTENCY":1,"VIALS":120,"LINE_NO":7,"SERIAL":42,"RELEASED":"2026-11-22","CHANGED_AT":"2026-11-22-08.30.00.000000","SEAL":"CAFEBABE"}
{"LOT_ID":"LOT00042","PRODUCT_NAME":"","QTY":null,"POTENCY":1,"VIALS":120,"LINE_NO":null,"SERIAL":42,"RELEASED":null,"CHANGED_AT":"2026-11-22-08.30.00.000000","SEAL":"CAFEBABE"}
{"LOT_ID":"LOT00042","PRODUCT_NAME":"A","QTY":null,"POTENCY":1,"VIALS":120,"LINE_NO":7,"SERIAL":42,"RELEASED":null,"CHANGED_AT":"2026-11-22-08.30.00.000000","SEAL":"CAFEBABE","_raw":{"PRODUCT_NAME":"0001C14040404040404040C2","QTY":"000001234C","FILLER-3":"40","RELEASED":"40404040404040404040"}}
{"LOT_ID":"LOT00042","PRODUCT_NAME":null,"QTY":null,"POTENCY":1,"VIALS":120,"LINE_NO":7,"SERIAL":42,"RELEASED":"2026-11-22","CHANGED_AT":"2026-11-22-08.30.00.000000","SEAL":"CAFEBABE","_raw":{"PRODUCT_NAME":"0020C14040404040404040C2","FILLER-2":"00","QTY":"00400000FF"},"_errors":{"PRODUCT_NAME":"a length of 32 bytes in a field with room for 10","QTY":"wanted two packed digits as byte 5 of the field, got FF"}} field PRODUCT_NAME at byte 10 (0x0020C14040404040404040C2): a length of 32 bytes in a field with room for 10
"#);
    let mut other = unloaded(
        "0000C18497889640404040",
        "00000123456C",
        "000007",
        "00F2F0F2F660F1F160F2F2",
    );
    other[1] = 7;
    insta::assert_snapshot!(json(&layout, &other), @r#"
{"LOT_ID":null,"_raw":{"@0":"0007D3D6E3F0F0F0F4F20000C1849788964040404000000123456C411000000000000000000078000007000000000000002A00F2F0F2F660F1F160F2F2F2F0F2F660F1F160F2F260F0F84BF3F04BF0F04BF0F0F0F0F0F0CAFEBABE"},"_errors":{"":"a row of another table than LOT: X'0007' at byte 0"}} record at byte 0 (0x0007D3D6E3F0F0F0F4F20000C1849788964040404000000123456C4110000000...): a row of another table than LOT: X'0007' at byte 0
"#);
}

#[test]
fn a_row_without_a_nullable_column_has_null() {
    let layout = load(UNLOAD);
    let row = layout.read_json(br#"{"LOT_ID":"A","QTY":1}"#).unwrap();
    assert_eq!(to_hex(&row[..2]), "0006");
    let mut out = Vec::new();
    layout.write_json(&row, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains(r#""QTY":1,"#) && text.contains(r#""RELEASED":null"#),
        "{text}"
    );
    let error = layout.read_json(br#"{"LOT_ID":null}"#).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r"
field LOT_ID: null, and the meaning gives this field no null
");
}

/// As DSNTIAUL writes it: the null byte `?` after its column, VARCHAR padded with low-values, no ends of positions.
const DSNTIAUL: &str = "
  LOAD DATA LOG NO INDDN SYSREC00 RESUME YES INTO TABLE
      PHARMA.RECALL
   (
   RECALL_NO                              POSITION(       1         )
   INTEGER                       ,
   LOT_ID                                 POSITION(       5         )
   CHAR(                      8) ,
   REASON                                 POSITION(      13         )
   VARCHAR
                 NULLIF(      25)='?',
   COST                                   POSITION(      26:      30)
   DECIMAL
                 NULLIF(      31)='?',
   OPENED                                 POSITION(      32         )
   DATE EXTERNAL(            10) ,
   NOTE                                   POSITION(      42         )
   VARCHAR
   )
";

/// Found by fuzzing: the first one's null byte was lost, and the second one's taken for it.
#[test]
fn of_two_columns_of_one_name_each_has_its_own_null_byte() {
    let layout = load(
        "LOAD DATA INTO TABLE T (
           P POSITION(2:6) DECIMAL PACKED NULLIF(1)=X'FF',
           P POSITION(8:9) SMALLINT NULLIF(7)=X'FF')",
    );
    assert_eq!(
        json(&layout, &row(&["FF", "0000000000", "00", "0005"])),
        r#"{"P":null,"P-2":5}"#
    );
    assert_eq!(
        json(&layout, &row(&["00", "000000012C", "FF", "0000"])),
        r#"{"P":12,"P-2":null}"#
    );
    // Neither null nor a number.
    json(&layout, &row(&["00", "0000000000", "00", "0005"]));
}

#[test]
fn rows_of_dsntiaul() {
    let layout = load(DSNTIAUL);
    insta::assert_snapshot!(layout.listing(), @r"
NAME            PICTURE USAGE       OFFSET     HEX   LENGTH  OCCURS        REDEFINES
01 RECALL       GROUP                    0  000000    32747
  05 RECALL_NO  INTEGER                  0  000000        4
  05 LOT_ID     CHAR(8)                  4  000004        8
  05 REASON     VARCHAR(10)             12  00000C       12
  05 FILLER     null byte               24  000018        1
  05 COST       DECIMAL(9)              25  000019        5
  05 FILLER     null byte               30  00001E        1
  05 OPENED     DATE EXTERNAL(10)       31  00001F       10
  05 NOTE       VARCHAR(32704)          41  000029    32706
RECALL 43 to 32747 bytes, code page cp037
");
    let start = ["00000011", "'LOT00042"];
    let row = |rest: &[&str]| row(&[&start[..], rest].concat());
    let rows = [
        row(&[
            "0004C3D6D3C400000000000000",
            "000001234C00",
            "'2026-11-22",
            "0002C8C9",
        ]),
        row(&[
            "0000000000000000000000006F",
            "00000000006F",
            "'2026-11-22",
            "0000",
        ]),
        // A record of fixed length, padded behind its last column.
        row(&[
            "0004C3D6D3C400000000000000",
            "000001234C00",
            "'2026-11-22",
            "0002C8C90000000000",
        ]),
    ];
    let shown: Vec<String> = rows.iter().map(|row| json(&layout, row)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
{"RECALL_NO":17,"LOT_ID":"LOT00042","REASON":"COLD","COST":1234,"OPENED":"2026-11-22","NOTE":"HI"}
{"RECALL_NO":17,"LOT_ID":"LOT00042","REASON":null,"COST":null,"OPENED":"2026-11-22","NOTE":""}
{"RECALL_NO":17,"LOT_ID":"LOT00042","REASON":"COLD","COST":1234,"OPENED":"2026-11-22","NOTE":"HI","_raw":{"@45":"0000000000"}}
"#);
}

/// UNLOAD NOPAD: what follows a VARCHAR has no fixed position.
const NOPAD: &str = "
LOAD DATA INDDN SYSREC EBCDIC CCSID(00273,00000,00000) FLOAT(IEEE)
 INTO TABLE PHARMA.BATCH WHEN(00001:00002)=X'000C' NUMRECS 3 IGNOREFIELDS YES
 (ID POSITION(00003:00006) CHAR(00004),
  NAME POSITION(00007) VARCHAR,
  DSN_NULL_IND_00003 POSITION(*) CHAR(1),
  NOTE POSITION(*) VARCHAR NULLIF(DSN_NULL_IND_00003)=X'FF',
  YIELD POSITION(*) FLOAT(53),
  DSN_NULL_IND_00005 POSITION(*) CHAR(1),
  QTY POSITION(*) DECIMAL PACKED(7,2) NULLIF(DSN_NULL_IND_00005)=X'FF',
  RAW POSITION(*) VARBINARY,
  TAIL POSITION(*) CHAR(00002))
";

#[test]
fn rows_without_padding() {
    let layout = load(NOPAD);
    let head = ["000C", "'B001"];
    let row = |rest: &[&str]| row(&[&head[..], rest].concat());
    let rows = [
        row(&[
            "0005C9A4C040C0",
            "000002C8C9",
            "3FF0000000000000",
            "001234567C",
            "0002FF00",
            "'ZZ",
        ]),
        row(&[
            "0000",
            "FF0000",
            "BFF8000000000000",
            "FF00000000",
            "0000",
            "'ZZ",
        ]),
        // More behind it; too short; a length beyond the record; a null that is not empty.
        row(&[
            "0000",
            "FF0000",
            "3FF0000000000000",
            "001234567C",
            "0000",
            "'ZZZZ",
        ]),
        row(&["0000", "FF0000", "3FF00000"]),
        row(&["0000", "001234C1"]),
        row(&["FFFFC1"]),
        row(&[
            "0000",
            "FF0002C1C2",
            "3FF0000000000000",
            "001234567A",
            "0000",
            "'ZZ",
        ]),
    ];
    let shown: Vec<String> = rows.iter().map(|row| json(&layout, row)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
{"ID":"B001","NAME":"Iuä ä","NOTE":"HI","YIELD":1,"QTY":12345.67,"RAW":"FF00","TAIL":"ZZ"}
{"ID":"B001","NAME":"","NOTE":null,"YIELD":-1.5,"QTY":null,"RAW":"","TAIL":"ZZ"}
{"ID":"B001","NAME":"","NOTE":null,"YIELD":1,"QTY":12345.67,"RAW":"","TAIL":"ZZ","_raw":{"@28":"E9E9"}}
{"ID":"B001","NAME":"","NOTE":null,"YIELD":null,"QTY":null,"RAW":null,"_raw":{"YIELD":"3FF00000","FILLER-3":"","QTY":"","RAW":"","@length":"0000000F"},"_errors":{"YIELD":"the record ends at byte 15: wanted 8 bytes here","FILLER-3":"the record ends at byte 15: wanted 1 byte here","QTY":"the record ends at byte 15: wanted 4 bytes here","RAW":"the record ends at byte 15"}} field YIELD at byte 11 (0x3FF00000): the record ends at byte 15: wanted 8 bytes here
{"ID":"B001","NAME":"","NOTE":null,"_raw":{"FILLER-2":"00","NOTE":"1234C1"},"_errors":{"NOTE":"the record ends at byte 12: wanted 4662 bytes here"}} field NOTE at byte 9 (0x1234C1): the record ends at byte 12: wanted 4662 bytes here
{"ID":"B001","NAME":null,"_raw":{"NAME":"FFFFC1"},"_errors":{"NAME":"a length of 65535 bytes in a column of at most 32704"}} field NAME at byte 6 (0xFFFFC1): a length of 65535 bytes in a column of at most 32704
{"ID":"B001","NAME":"","NOTE":null,"YIELD":1,"QTY":12345.67,"RAW":"","TAIL":"ZZ","_raw":{"NOTE":"0002C1C2","QTY":"1234567A"}}
"#);
    let tail = layout.resolve("TAIL").unwrap();
    assert!(layout.field_of(&tail).sql_type() == Some("CHAR(2)"));
    assert_eq!((layout.min_len(), layout.max_len() > 90_000), (28, true));
}

/// Two tables of one table space in one file.
const TWO: &str = "
LOAD DATA INDDN SYSREC EBCDIC CCSID(37,0,0)
 INTO TABLE P.LOT WHEN(1:2)=X'0003' (LOT_ID POSITION(3:6) CHAR(4), NAME POSITION(7) VARCHAR)
 INTO TABLE P.TEST WHEN(1:2)=X'0004'
 (TEST_ID POSITION(3:4) SMALLINT, LOT_ID POSITION(5:8) CHAR(4), QTY POSITION(9:11) DECIMAL)
";

#[test]
fn rows_of_several_tables() {
    let layout = load(TWO);
    let rows = [
        row(&["0003", "'L001", "0003C1C2C3"]),
        row(&["0004", "0007", "'L001", "01234C"]),
        row(&["0005", "0007", "'L001", "01234C"]),
    ];
    let shown: Vec<String> = rows
        .iter()
        .map(|row| format!("{:?} {}", layout.record_type(row), json(&layout, row)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
Some("LOT") {"LOT":{"LOT_ID":"L001","NAME":"ABC"}}
Some("TEST") {"TEST":{"TEST_ID":7,"LOT_ID":"L001","QTY":1234}}
None {"LOT":null,"_raw":{"LOT":"00050007D3F0F0F101234C"},"_errors":{"LOT":"no record type of the meaning fits: FILLER-1 = X'0005', FILLER-2 = X'0005'"}} field LOT at byte 0 (0x00050007D3F0F0F101234C): no record type of the meaning fits: FILLER-1 = X'0005', FILLER-2 = X'0005'
"#);
}

/// UNLOAD writes INTO TABLE again for each partition: one record, while a table of the same name with other columns is
/// another.
#[test]
fn partitions_are_one_table() {
    let part = |number: u32, columns: &str| {
        format!(" INTO TABLE \"P\".\"LOT\" PART {number} WHEN(1:2)=X'0003' ({columns})\n")
    };
    let columns = "LOT_ID POSITION(3:6) CHAR(4), QTY POSITION(7:8) SMALLINT";
    let statement = |parts: &[String]| format!("LOAD DATA INDDN A\n{}", parts.concat());
    let three: Vec<String> = (1..=3).map(|number| part(number, columns)).collect();
    let (one, all) = (load(&statement(&three[..1])), load(&statement(&three)));
    let record = row(&["0003", "'L001", "0007"]);
    let paths = |layout: &Layout| {
        layout
            .fields()
            .map(|field| field.path().to_owned())
            .collect()
    };
    let (ours, wanted): (Vec<String>, Vec<String>) = (paths(&all), paths(&one));
    assert_eq!(ours, wanted);
    assert_eq!(all.record_type(&record), one.record_type(&record));
    assert_eq!(json(&all, &record), json(&one, &record));
    insta::assert_snapshot!(json(&all, &record), @r#"
{"LOT_ID":"L001","QTY":7}
"#);
    let other = [
        part(1, columns),
        part(
            2,
            "LOT_ID POSITION(3:6) CHAR(4), QTY POSITION(7:10) INTEGER",
        ),
    ];
    let both = load(&statement(&other));
    let numbers: Vec<usize> = both
        .fields()
        .filter(|field| field.name() == "QTY")
        .map(parsers::Field::len)
        .collect();
    assert_eq!(numbers, [2, 4]);
}

#[test]
fn every_type() {
    let layout = load(
        "LOAD DATA INTO TABLE T (
 A CHAR(3), B CHAR(3) BIT, C CHAR MIXED (4), D GRAPHIC(2), E SMALLINT, F INTEGER EXTERNAL(6),
 G BIGINT, H DECIMAL PACKED(7,2), I DEC ZONED(5,1), J DECIMAL EXTERNAL(8,2), K FLOAT(21), L FLOAT,
 M FLOAT EXTERNAL(12), N DECFLOAT(34), O DECFLOAT EXTERNAL(10), P DATE EXTERNAL, Q TIME EXTERNAL(8),
 R TIMESTAMP WITH TIME ZONE EXTERNAL, S BINARY(2), T VARBINARY(5), U VARGRAPHIC(3), V ROWID(17),
 W CHAR(20) CLOBF PRESERVE WHITESPACE, X VARCHAR(9) STRIP TRAILING, Y CONSTANT(7), Z CHAR(1) DEFAULTIF A='?')"
            .replace("TABLE T (", "TABLE T EBCDIC CCSID(930,930,300) (")
            .as_str(),
    );
    insta::assert_snapshot!(layout.listing(), @r"
NAME    PICTURE USAGE                           OFFSET     HEX   LENGTH  OCCURS        REDEFINES
01 T    GROUP                                        0  000000      215
  05 A  CHAR(3)                                      0  000000        3
  05 B  CHAR BIT(3)                                  3  000003        3
  05 C  CHAR MIXED(4)                                6  000006        4
  05 D  GRAPHIC(2)                                  10  00000A        4
  05 E  SMALLINT                                    14  00000E        2
  05 F  INTEGER EXTERNAL(6)                         16  000010        6
  05 G  BIGINT                                      22  000016        8
  05 H  DECIMAL(7,2)                                30  00001E        4
  05 I  DECIMAL ZONED(5,1)                          34  000022        5
  05 J  DECIMAL EXTERNAL(8)                         39  000027        8
  05 K  FLOAT(21)                                   47  00002F        4
  05 L  FLOAT(53)                                   51  000033        8
  05 M  FLOAT EXTERNAL(12)                          59  00003B       12
  05 N  DECFLOAT(34)                                71  000047       16
  05 O  DECFLOAT EXTERNAL(10)                       87  000057       10
  05 P  DATE EXTERNAL(10)                           97  000061       10
  05 Q  TIME EXTERNAL(8)                           107  00006B        8
  05 R  TIMESTAMP WITH TIME ZONE EXTERNAL(32)      115  000073       32
  05 S  BINARY(2)                                  147  000093        2
  05 T  VARBINARY(5)                               149  000095        7
  05 U  VARGRAPHIC(3)                              156  00009C        8
  05 V  ROWID(17)                                  164  0000A4       19
  05 W  CHAR CLOBF(20)                             183  0000B7       20
  05 X  VARCHAR(9)                                 203  0000CB       11
  05 Z  CHAR(1)                                    214  0000D6        1
T 178 to 215 bytes, code page cp930
");
    let kinds: Vec<FieldKind> = layout.fields().map(|field| field.kind()).collect();
    assert!(kinds.contains(&FieldKind::FloatShort) && kinds.contains(&FieldKind::Bytes));
}

#[test]
fn faults_of_statements() {
    let shown = faults(
        r#"LOAD DATA INDDN SYSREC FORMAT DELIMITED CONTINUEIF(72:72)='X'
 EBCDIC CCSID(00037,00998,00000)
 INTO TABLE "P"."LOT" WHEN(1:2)=X'0003' OR A = 'B'
 ( LOT_ID POSITION(3:2) CHAR(4)
 , POSITION(7:8) SMALLINT
 , NOTHING POSITION(9:10)
 , N1 POSITION(11:13) SMALLINT
 , N2 POSITION(0) CHAR(2)
 , PHOTO POSITION(20) BLOB
 , BIG DECIMAL(32,2)
 , NAME POSITION(30:40) VARCHAR NULLIF(A_IND)=X'FF'
 , C1 POSITION(50:52) CHAR(3) NULLIF(49)=X'F'
 , C2 POSITION(52:53) CHAR(2) NULLIF(48)<>'?'
 , C3 POSITION(60:61) CHAR(2) NULLIF(48)='??'
 , C4 POSITION(70:71) CHRA(2)
 , C5 POSITION(80) VARCHAR
 , C6 POSITION(*) CHAR
 , "C7 POSITION(95) CHAR(1)
 )
 INTO TABLE P.EMPTY REPLACE
"#,
        None,
    );
    insta::assert_snapshot!(shown, @r#"
test.cpy:1:31: FORMAT DELIMITED: the records do not have their fields at positions
  |LOAD DATA INDDN SYSREC FORMAT DELIMITED CONTINUEIF(72:72)='X'
  |                              ^^^^^^^^^
  = help: unload without FORMAT, so that SYSPUNCH has POSITION for each column
test.cpy:1:41: CONTINUEIF: records that go on in the next one are not supported
  |LOAD DATA INDDN SYSREC FORMAT DELIMITED CONTINUEIF(72:72)='X'
  |                                        ^^^^^^^^^^
test.cpy:2:21: there is no code page for CCSID 998 yet
  | EBCDIC CCSID(00037,00998,00000)
  |                    ^^^^^
test.cpy:3:41: WHEN with OR is not supported
  | INTO TABLE "P"."LOT" WHEN(1:2)=X'0003' OR A = 'B'
  |                                        ^^
test.cpy:4:22: position 2 is before 3
  | ( LOT_ID POSITION(3:2) CHAR(4)
  |                     ^
test.cpy:5:4: wanted the name of a column, found `POSITION`
  | , POSITION(7:8) SMALLINT
  |   ^^^^^^^^
test.cpy:6:4: NOTHING has no type
  | , NOTHING POSITION(9:10)
  |   ^^^^^^^
  = help: UNLOAD and DSNTIAUL write a type for each column, such as CHAR(8)
test.cpy:7:23: N1 has 3 bytes and SMALLINT has 2
  | , N1 POSITION(11:13) SMALLINT
  |                      ^^^^^^^^
test.cpy:8:16: positions begin with 1
  | , N2 POSITION(0) CHAR(2)
  |               ^
test.cpy:9:23: BLOB: large objects in the record are not supported
  | , PHOTO POSITION(20) BLOB
  |                      ^^^^
  = help: leave the column out of the unload, or unload it to files of its own (BLOBF)
test.cpy:10:15: wanted at most 31 digits, as Db2 has it
  | , BIG DECIMAL(32,2)
  |              ^
test.cpy:11:40: NULLIF: no column A_IND
  | , NAME POSITION(30:40) VARCHAR NULLIF(A_IND)=X'FF'
  |                                       ^^^^^
test.cpy:12:37: NULLIF compares 1 bytes with 0
  | , C1 POSITION(50:52) CHAR(3) NULLIF(49)=X'F'
  |                                    ^^^
test.cpy:12:42: wanted pairs of hexadecimal digits in X'..', found 'F'
  | , C1 POSITION(50:52) CHAR(3) NULLIF(49)=X'F'
  |                                         ^^^^
test.cpy:13:41: a condition with `<`: only `=` is supported
  | , C2 POSITION(52:53) CHAR(2) NULLIF(48)<>'?'
  |                                        ^
test.cpy:14:37: NULLIF compares 1 bytes with 2
  | , C3 POSITION(60:61) CHAR(2) NULLIF(48)='??'
  |                                    ^^^
test.cpy:15:23: wanted POSITION, a type, NULLIF, `,` or `)`, found `CHRA`
  | , C4 POSITION(70:71) CHRA(2)
  |                      ^^^^
test.cpy:17:19: the length of C6 is not given
  | , C6 POSITION(*) CHAR
  |                  ^^^^
  = help: write POSITION(start:end), or the length after the type
test.cpy:18:4: no closing " on this line
  | , "C7 POSITION(95) CHAR(1)
  |   ^
test.cpy:19:2: wanted the name of a column, found `)`
  | )
  | ^
test.cpy:20:2: INTO TABLE EMPTY lists no columns
  | INTO TABLE P.EMPTY REPLACE
  | ^^^^^^^^^^^^^^^^^^
  = help: without them Db2 takes the table's own columns, which are not in this file
"#);
    insta::assert_snapshot!(faults("LOAD DATA INDDN SYSREC INTO TABLE X", None), @r"
test.cpy:1:24: INTO TABLE X lists no columns
  |LOAD DATA INDDN SYSREC INTO TABLE X
  |                       ^^^^^^^^^^^^
  = help: without them Db2 takes the table's own columns, which are not in this file
");
    let overlap =
        "LOAD DATA INTO TABLE X (A POSITION(1:4) CHAR, B POSITION(4:5) CHAR, C POSITION(9) VARCHAR,
 D POSITION(*) CHAR(1), E POSITION(90:91) CHAR, F POSITION(100:101) CHAR(2) NULLIF(4:4)='?')";
    insta::assert_snapshot!(faults(overlap, None), @r"
test.cpy:1:47: B begins at position 4, within A
  |LOAD DATA INTO TABLE X (A POSITION(1:4) CHAR, B POSITION(4:5) CHAR, C POSITION(9) VARCHAR,
  |                                              ^
test.cpy:2:25: E begins at position 90, within C
  | D POSITION(*) CHAR(1), E POSITION(90:91) CHAR, F POSITION(100:101) CHAR(2) NULLIF(4:4)='?')
  |                        ^
test.cpy:2:36: E has a fixed position, but C before it is as long as its value
  | D POSITION(*) CHAR(1), E POSITION(90:91) CHAR, F POSITION(100:101) CHAR(2) NULLIF(4:4)='?')
  |                                   ^^^^^
test.cpy:2:49: F begins at position 100, within C
  | D POSITION(*) CHAR(1), E POSITION(90:91) CHAR, F POSITION(100:101) CHAR(2) NULLIF(4:4)='?')
  |                                                ^
test.cpy:2:60: F has a fixed position, but C before it is as long as its value
  | D POSITION(*) CHAR(1), E POSITION(90:91) CHAR, F POSITION(100:101) CHAR(2) NULLIF(4:4)='?')
  |                                                           ^^^^^^^
test.cpy:2:83: NULLIF by a part of A is not supported
  | D POSITION(*) CHAR(1), E POSITION(90:91) CHAR, F POSITION(100:101) CHAR(2) NULLIF(4:4)='?')
  |                                                                                  ^^^^
");
}

#[test]
fn jobs_around_statements() {
    let mut job = String::from(
        "//LOAD     EXEC PGM=DSNUTILB,PARM='DSN'                                 00010000\n",
    );
    job.push_str("//SYSIN    DD   *\n");
    for (number, line) in DSNTIAUL.lines().filter(|line| !line.is_empty()).enumerate() {
        job.push_str(&format!("{line:<72}{:08}\n", (number + 2) * 10000));
    }
    job.push_str("/*\n//\n");
    assert_eq!(load(&job).listing(), load(DSNTIAUL).listing());
    let commented = DSNTIAUL.replace("INTO TABLE", "-- the table's name (below)\n INTO TABLE");
    assert_eq!(load(&commented).listing(), load(DSNTIAUL).listing());
    assert!(!parsers::syspunch::is_load_statement(
        "       01  LOAD.\n           05  INTO-TABLE PIC X.\n"
    ));
}

static LAYOUTS: LazyLock<[Arc<Layout>; 4]> =
    LazyLock::new(|| [UNLOAD, DSNTIAUL, NOPAD, TWO].map(load));

proptest! {
    #[test]
    fn any_row_comes_back(which in 0usize..4, bytes in prop::collection::vec(any::<u8>(), 0..140), header in any::<bool>()) {
        let layout = &LAYOUTS[which];
        let mut bytes = bytes;
        if header && bytes.len() > 2 {
            bytes[0] = 0;
            bytes[1] = [6, 0, 12, 3][which];
        }
        json(layout, &bytes);
    }

    #[test]
    fn nearly_right_rows_come_back(
        name in 0u8..9, note in 0u8..5, nulls in prop::array::uniform2(prop::sample::select(vec![0u8, 0xff, 0x40])),
        cut in 0usize..60, spoil in prop::option::of((0usize..60, any::<u8>())),
    ) {
        let layout = &LAYOUTS[2];
        let mut row = row(&["000C", "'B001"]);
        row.extend([0, name]);
        row.extend(std::iter::repeat_n(0xc1, name.into()));
        row.extend([nulls[0], 0, note]);
        row.extend(std::iter::repeat_n(0xc2, note.into()));
        row.extend(hex("3FF0000000000000"));
        row.push(nulls[1]);
        row.extend(hex("1234567C0002FF00E9E9"));
        if let Some((at, byte)) = spoil && at < row.len() {
            row[at] = byte;
        }
        row.truncate(row.len().saturating_sub(cut.saturating_sub(40)));
        json(layout, &row);
    }

    #[test]
    fn any_statement_is_read_or_refused(text in "(LOAD DATA INTO TABLE [A-C] |WHEN\\(1\\)=X'00' |\\(A POSITION\\(1\\) CHAR|, [B-E] (POSITION\\([1-9*](:1?[0-9])?\\) )?(CHAR|VARCHAR|DECIMAL|SMALLINT|GRAPHIC\\(2\\)|FLOAT)|\\([1-9]\\)| NULLIF\\([A-C1-9]\\)=(X'FF'|'\\?')|\\)|\n|'|\"){0,30}") {
        let text = format!("LOAD INTO TABLE Z {text}");
        if let Ok(layout) = try_layout(&text, None) && layout.max_len() < 1000 {
            json(&layout, &vec![0x00; layout.max_len()]);
            json(&layout, &vec![0xf1; layout.min_len()]);
            json(&layout, &[]);
        }
    }
}

#[test]
fn the_meaning_says_where_the_point_is() {
    let meaning = "version = 1\nkey = [\"LOT_ID\"]\n[fields]\nQTY = { scale = 3, name = \"quantity\" }\n\
        RELEASED = { date = \"YYYY-MM-DD\" }\nCHANGED_AT = { timestamp = \"YYYY-MM-DD-HH.MM.SS.FFFFFF\" }\n";
    let layout = try_layout(UNLOAD, Some(meaning)).unwrap();
    let row = unloaded(
        "0006C993A497999600000000",
        "00000123456C",
        "000007",
        "00F2F0F2F660F1F160F2F2",
    );
    let shown = json(&layout, &row);
    assert!(shown.contains(r#""quantity":123.456,"#), "{shown}");
    assert!(
        shown.contains(r#""CHANGED_AT":"2026-11-22T08:30:00"#),
        "{shown}"
    );
    let qty = layout.resolve("QTY").unwrap();
    assert_eq!(layout.field_of(&qty).sql_type(), Some("DECIMAL(9,3)"));
    let wrong = "version = 1\n[fields]\nQTY = { scale = 10 }\nVIALS = { scale = 2 }\n";
    insta::assert_snapshot!(faults(UNLOAD, Some(wrong)), @r"
test.meaning.toml:3:17: QTY has 9 digits
  |QTY = { scale = 10 }
  |                ^^
test.meaning.toml:4:19: `scale` is for DECIMAL columns of a LOAD statement
  |VIALS = { scale = 2 }
  |                  ^
");
}
