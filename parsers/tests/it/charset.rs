//! Code pages: round trips over every page, and the tables against `iconv` and the JDK, which have their own.

use std::io::Write as _;
use std::process::{Command, Stdio};

use parsers::CodePage;

/// Pages whose every byte is one character, so that any bytes at all come back.
fn single() -> impl Iterator<Item = CodePage> {
    CodePage::ALL
        .iter()
        .copied()
        .filter(|page| page.is_single_byte())
}

#[test]
fn every_byte_comes_back_or_is_told() {
    for page in single() {
        for byte in 0..=255 {
            let character = page.decode(byte);
            let told = page.is_canonical(&[byte]);
            if character == '\u{fffd}' {
                assert_eq!(told, Err(0), "{page} {byte:02X}");
            } else {
                let back = page.encode(character) == Some(byte);
                assert_eq!(told, Ok(back), "{page} {byte:02X}");
            }
        }
        for (byte, character) in [(page.blank(), ' '), (page.encode('0').unwrap(), '0')] {
            assert_eq!(page.decode(byte), character, "{page}");
            assert_eq!(page.encode(character), Some(byte), "{page}");
        }
    }
    assert_eq!(CodePage::Cp037.encode('€'), None);
    assert_eq!(CodePage::Cp1140.encode('€'), Some(0x9f));
    assert_eq!(CodePage::Cp1140.encode('¤'), None);
    assert_eq!(CodePage::Iso8859_1.decode(0x80), '\u{80}');
    assert_eq!(CodePage::Windows1252.decode(0x80), '€');
    assert_eq!(CodePage::UsAscii.decode(0x80), '\u{fffd}');
}

#[test]
fn names() {
    for (name, page) in [
        ("cp037", CodePage::Cp037),
        ("37", CodePage::Cp037),
        ("IBM-037", CodePage::Cp037),
        ("ibm1140", CodePage::Cp1140),
        ("CCSID 1047", CodePage::Cp1047),
        ("cp_500", CodePage::Cp500),
        ("cp1252", CodePage::Windows1252),
        ("1208", CodePage::Utf8),
        ("Latin1", CodePage::Iso8859_1),
        ("ISO-8859-1", CodePage::Iso8859_1),
        ("US-ASCII", CodePage::UsAscii),
        ("sjis", CodePage::ShiftJis),
        ("x-sjis", CodePage::ShiftJis),
    ] {
        assert_eq!(CodePage::from_name(name), Ok(page), "{name}");
    }
    for page in CodePage::ALL {
        assert_eq!(page.name().parse(), Ok(*page));
        if let Some(ccsid) = page.ccsid() {
            assert_eq!(CodePage::from_ccsid(ccsid), Some(*page));
        }
    }
    insta::assert_snapshot!(CodePage::from_name("ebcdic").unwrap_err(), @"unknown code page `ebcdic`: wanted a number of IBM's such as 037, 273, 1047 or 1140 (also written cp037, ibm-037, CCSID 37) or a charset such as utf-8, windows-1252 or shift_jis");
}

/// The tables came from ICU; glibc's are another source. Skipped where there is no `iconv`.
#[test]
fn tables_equal_iconv() {
    for (page, name) in [
        (CodePage::Cp037, "IBM037"),
        (CodePage::Cp500, "IBM500"),
        (CodePage::Cp1047, "IBM1047"),
        (CodePage::Cp1140, "IBM1140"),
    ] {
        let started = Command::new("iconv")
            .args(["-f", name, "-t", "UTF-8"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            println!("iconv not found: not run");
            return;
        };
        let bytes: Vec<u8> = (0..=255).collect();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            println!("iconv does not know {name}: not compared");
            continue;
        }
        let ours: String = bytes.iter().map(|byte| page.decode(*byte)).collect();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), ours, "{page}");
    }
}
