//! Code pages against `iconv`, which has its own tables.

use std::io::Write as _;
use std::process::{Command, Stdio};

use parsers::CodePage;

#[test]
fn every_byte_comes_back() {
    for page in CodePage::ALL {
        for byte in 0..=255 {
            assert_eq!(
                page.encode(page.decode(byte)),
                Some(byte),
                "{page} {byte:02X}"
            );
        }
    }
    assert_eq!(CodePage::Cp037.encode('€'), None);
    assert_eq!(CodePage::Cp1140.encode('€'), Some(0x9f));
    assert_eq!(CodePage::Cp1140.encode('¤'), None);
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
    ] {
        assert_eq!(CodePage::from_name(name), Ok(page), "{name}");
        assert_eq!(page.name().parse(), Ok(page));
    }
    insta::assert_snapshot!(CodePage::from_name("latin1").unwrap_err(), @"unknown code page `latin1`: wanted one of 037, 500, 1047, 1140 (also written cp037, ibm-037, IBM037)");
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
