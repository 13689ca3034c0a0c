//! Record formats: files to records and back, and what wrong ones are told.

use parsers::frame::{explain, write_record};
use parsers::{Deframer, RecordFormat};

use super::{ebcdic, hex, to_hex};

/// Records, or the error with its help.
fn read(format: RecordFormat, file: &[u8], chunk: usize) -> Result<Vec<(u64, Vec<u8>)>, String> {
    let mut deframer = Deframer::new(format);
    let mut records = Vec::new();
    let shown = |error: parsers::FrameError| {
        format!(
            "{error}{}",
            error
                .help()
                .map(|help| format!("\n  help: {help}"))
                .unwrap_or_default()
        )
    };
    for chunk in file.chunks(chunk.max(1)) {
        deframer.push(chunk);
        while let Some(record) = deframer.next().map_err(shown)? {
            assert_eq!(record.record_no, records.len() as u64);
            records.push((record.offset, record.bytes.to_vec()));
        }
    }
    deframer.finish().map_err(shown)?;
    Ok(records)
}

fn shown(format: RecordFormat, file: &[u8]) -> String {
    match read(format, file, 1000) {
        Ok(records) => records
            .iter()
            .map(|(at, bytes)| format!("@{at} {}\n", to_hex(bytes)))
            .collect(),
        Err(error) => error,
    }
}

#[test]
fn records_of_each_format() {
    let f = RecordFormat::F { len: 3 };
    insta::assert_snapshot!(shown(f, &hex("C1C2C3 F1F2F3")), @"
@0 C1C2C3
@3 F1F2F3
");
    insta::assert_snapshot!(shown(RecordFormat::V, &hex("0007 0000 C1C2C3 0004 0000 0005 0000 F1")), @"
@4 C1C2C3
@11 
@15 F1
");
    insta::assert_snapshot!(shown(RecordFormat::Vb, &hex("0010 0000 0007 0000 C1C2C3 0005 0000 F1 0004 0000 000A 0000 0006 0000 F2F3")), @"
@8 C1C2C3
@15 F1
@28 F2F3
");
    insta::assert_snapshot!(shown(RecordFormat::Vb, &hex("80000010 0007 0000 C1C2C3 0005 0000 F1")), @"
@8 C1C2C3
@15 F1
");
    assert_eq!(shown(RecordFormat::Vb, &[]), "");
}

#[test]
fn files_of_another_format_are_explained() {
    let text = ebcdic("ABC COMPANY      0001");
    let v = hex("0007 0000 C1C2C3 0006 0000 F1F2");
    let vb = hex("0011 0000 0007 0000 C1C2C3 0006 0000 F1F2");
    let cases = [
        ("V, no RDWs", RecordFormat::V, text.clone()),
        ("VB, no BDWs", RecordFormat::Vb, v.clone()),
        ("V, later text", RecordFormat::V, [v.clone(), text].concat()),
        ("V, ASCII", RecordFormat::V, b"ABC COMPANY".to_vec()),
        ("V, little endian", RecordFormat::V, hex("0700 0000 C1C2C3")),
        ("V, spanned", RecordFormat::V, hex("0007 0100 C1C2C3")),
        ("V, cut", RecordFormat::V, hex("0009 0000 C1C2C3")),
        (
            "V, cut in the RDW",
            RecordFormat::V,
            hex("0005 0000 C1 0009"),
        ),
        (
            "VB, cut between records",
            RecordFormat::Vb,
            hex("0011 0000 0007 0000 C1C2C3"),
        ),
        (
            "VB, record past its block",
            RecordFormat::Vb,
            hex("000B 0000 0017 0000 C1C2C3"),
        ),
        ("F, cut", RecordFormat::F { len: 4 }, hex("C1C2C3C4 C1C2")),
        ("F of nothing", RecordFormat::F { len: 0 }, hex("C1")),
    ];
    let lines: Vec<String> = cases
        .iter()
        .map(|(name, format, file)| format!("{name}: {}", shown(*format, file)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
V, no RDWs: record 1 at byte 0: no RDW at byte 0: wanted a length of at least 4 in its first two bytes and zeros after it, found 0xC1C2C340
  help: these bytes are EBCDIC text: the RDWs were stripped in transfer; ask for the file with RDWs (FTP: quote site rdw), or read it as F if its records have one length
VB, no BDWs: record 1 at byte 4: no RDW at byte 4: wanted a length of at least 4 in its first two bytes (at most the 3 bytes left of its block) and zeros after it, found 0xC1C2C300
  help: the file has RDWs but no BDWs, as FTP sends it: try V
V, later text: record 3 at byte 13: no RDW at byte 13: wanted a length of at least 4 in its first two bytes and zeros after it, found 0xC1C2C340
  help: these bytes are EBCDIC text: a record length before this one is wrong, or the file was edited
V, ASCII: record 1 at byte 0: no RDW at byte 0: wanted a length of at least 4 in its first two bytes and zeros after it, found 0x41424320
  help: these bytes are ASCII text: the file was translated in transfer; ask for it in binary
V, little endian: record 1 at byte 0: the file ends inside a record: wanted 1792 bytes by its RDW, got 7
  help: the lengths look little endian, which no mainframe writes: what wrote this file?
V, spanned: record 1 at byte 0: the RDW at byte 0 is of a segment of a spanned record
  help: try VS
V, cut: record 1 at byte 0: the file ends inside a record: wanted 9 bytes by its RDW, got 7
V, cut in the RDW: record 2 at byte 5: the file ends inside a descriptor word: wanted 4 bytes, got 2
VB, cut between records: record 2 at byte 11: the file ends inside a block: wanted 6 more bytes, got none
VB, record past its block: record 1 at byte 4: no RDW at byte 4: wanted a length of at least 4 in its first two bytes (at most the 7 bytes left of its block) and zeros after it, found 0x00170000
  help: the file has RDWs but no BDWs, as FTP sends it: try V
F, cut: record 2 at byte 4: the file ends inside a record: wanted 4 bytes, got 2
  help: the file was cut, or its record length is another one
F of nothing: record 1 at byte 0: wanted a record length of at least 1
");
    let explained = [
        explain(RecordFormat::V, &vb),
        explain(RecordFormat::F { len: 8 }, &vb),
        explain(RecordFormat::F { len: 7 }, &v),
    ];
    insta::assert_debug_snapshot!(explained, @r#"
[
    Some(
        "the first RDW is the length of records with RDWs of their own: this looks like blocks, try VB",
    ),
    Some(
        "the file begins with a block descriptor word and a record descriptor word: try VB",
    ),
    Some(
        "the file begins with record descriptor words: try V",
    ),
]
"#);
    assert_eq!(explain(RecordFormat::Vb, &vb), None);
    assert_eq!(explain(RecordFormat::V, &v), None);
}

#[test]
fn an_error_stays() {
    let mut deframer = Deframer::new(RecordFormat::V);
    deframer.push(&hex("0000 0000"));
    let first = deframer.next().unwrap_err();
    deframer.push(&hex("0005 0000 C1"));
    assert_eq!(deframer.next().unwrap_err(), first);
    assert_eq!(deframer.finish().unwrap_err(), first);
}

#[test]
fn records_too_long_are_refused() {
    let mut out = Vec::new();
    let record = vec![0x40; 32_757];
    insta::assert_snapshot!(write_record(RecordFormat::V, &record, &mut out).unwrap_err(), @"record 1 at byte 0: a record of 32757 bytes: wanted at most 32,756");
    insta::assert_snapshot!(write_record(RecordFormat::Vb, &record, &mut out).unwrap_err(), @"record 1 at byte 0: a record of 32757 bytes: wanted at most 32752 for this block size");
    insta::assert_snapshot!(write_record(RecordFormat::F { len: 80 }, &record, &mut out).unwrap_err(), @"record 1 at byte 0: wanted a record of 80 bytes, got 32757");
    assert!(out.is_empty());
}

#[test]
fn a_block_of_more_than_32_kib_has_31_bits_of_length() {
    let record = [hex("4E24 0000"), vec![0xc1; 20_000]].concat();
    let block = [hex("80009C4C"), record.clone(), record].concat();
    let records = read(RecordFormat::Vb, &block, 4096).unwrap();
    let lengths: Vec<(u64, usize)> = records.iter().map(|(at, r)| (*at, r.len())).collect();
    assert_eq!(lengths, [(8, 20_000), (20_012, 20_000)]);
}

#[test]
fn an_rdw_ends_in_a_zero() {
    let told = shown(RecordFormat::V, &hex("0007 0001 C1C2C3"));
    assert!(told.contains(": no RDW at byte 0: "), "{told}");
    // In a segment descriptor word, too.
    let told = shown(RecordFormat::Vs, &hex("0007 0001 C1C2C3"));
    assert!(told.contains(": no RDW at byte 0: "), "{told}");
}
