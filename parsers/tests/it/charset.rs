//! Code pages: round trips over every page, shifts, names. `charset_sources` compares the tables with others' ones.

use parsers::CodePage;
use proptest::prelude::*;

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

fn any_page() -> impl Strategy<Value = CodePage> {
    prop::sample::select(CodePage::ALL)
}

/// Bytes that are often text of a double-byte page: shifts, pairs, single ones.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..4),
        2 => Just(vec![0x0e]),
        2 => Just(vec![0x0f]),
        6 => (0x40..=0x6f_u8, 0x40..=0xfe_u8).prop_map(|(lead, trail)| vec![lead, trail]),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    /// What `is_canonical` says of bytes is so, and bad bytes are at the place it names.
    #[test]
    fn bytes_come_back_where_it_is_said(page in any_page(), bytes in any_bytes()) {
        let mut text = String::new();
        let decoded = page.decode_to(&bytes, &mut text);
        let told = page.is_canonical(&bytes);
        let mut lossy = String::from("before ");
        page.decode_lossy_to(&bytes, &mut lossy);
        match decoded {
            Ok(()) => {
                prop_assert_eq!(&lossy, &format!("before {text}"));
                let mut again = Vec::new();
                let encoded = page.encode_to(&text, &mut again);
                prop_assert_eq!(told, Ok(encoded.is_ok() && again == bytes));
            }
            Err(at) => {
                prop_assert!(at < bytes.len(), "{} of {}", at, bytes.len());
                prop_assert_eq!(told, Err(at));
                prop_assert!(lossy.contains(char::REPLACEMENT_CHARACTER));
                let mut before = String::new();
                let start = bytes.get(..at).unwrap();
                prop_assert_eq!(page.decode_to(start, &mut before), Ok(()));
            }
        }
    }

    /// Text that a page has comes back from its bytes, which are canonical.
    #[test]
    fn text_comes_back(page in any_page(), bytes in any_bytes(), other in ".{0,6}") {
        let mut text = String::new();
        page.decode_lossy_to(&bytes, &mut text);
        let mut source = text.replace('\u{fffd}', "");
        source.push_str(&other);
        let mut encoded = Vec::new();
        match page.encode_to(&source, &mut encoded) {
            Ok(()) => {
                let mut again = String::new();
                prop_assert_eq!(page.decode_to(&encoded, &mut again), Ok(()));
                prop_assert_eq!(again, source);
                prop_assert_eq!(page.is_canonical(&encoded), Ok(true));
            }
            Err(character) => prop_assert!(source.contains(character)),
        }
    }
}

/// Decodes, and says whether the bytes come back.
fn show(page: CodePage, hex: &str) -> String {
    let bytes: Vec<u8> = hex
        .split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    let mut text = String::new();
    match page.decode_to(&bytes, &mut text) {
        Ok(()) => format!("{text} {}", page.is_canonical(&bytes) == Ok(true)),
        Err(at) => format!("{text} bad at {at}"),
    }
}

#[test]
fn shifts_of_mixed_text() {
    let page = CodePage::Cp939;
    let check = |hex: &str, shown: &str| assert_eq!(show(page, hex), shown, "{hex}");
    check("C1 0E 45 62 45 66 0F C2", "A日本B true");
    // Shifts that change nothing, or none at the end: text, but not these bytes.
    check("0F C1", "A false");
    check("0E 0F C1", "A false");
    check("0E 45 62 0E 45 66 0F", "日本 false");
    check("0E 45 62 0F 0E 45 66 0F", "日本 false");
    check("0E 45 62 45 66", "日本 false");
    // Half a pair, a pair that is none, a control code among pairs.
    check("0E 45 0F", " bad at 1");
    check("0E 45 62 FE", "日 bad at 3");
    check("0E 45 62 FE FE 0F", "日 bad at 3");
    check("0E 25 45 62 0F", " bad at 1");
    assert_eq!(page.double_byte(), Some(CodePage::Cp300));
    assert_eq!(show(CodePage::Cp300, "45 62 40 40"), "日\u{3000} true");
    assert_eq!(CodePage::Cp300.padding(), [0x40, 0x40]);
    let mut bytes = Vec::new();
    assert_eq!(page.encode_to("A日€", &mut bytes), Err('€'));
    assert_eq!(bytes, [0xc1, 0x0e, 0x45, 0x62, 0x0f]);
}

/// A shift where the second byte of a pair should be is a shift: what follows it is read as it is, not half a pair off.
#[test]
fn half_a_pair_before_a_shift_is_one_bad_byte() {
    let lossy = |bytes: &[u8]| {
        let mut text = String::new();
        CodePage::Cp939.decode_lossy_to(bytes, &mut text);
        text
    };
    assert_eq!(lossy(&[0x0e, 0x45, 0x0f, 0xc1, 0xc2]), "\u{fffd}AB");
    assert_eq!(
        lossy(&[0x0e, 0x45, 0x0e, 0x45, 0x62, 0x45, 0x66, 0x0f, 0xc1]),
        "\u{fffd}日本A"
    );
    assert_eq!(lossy(&[0x0e, 0x45, 0x62, 0x45, 0x0f, 0xc1]), "日\u{fffd}A");
    assert_eq!(lossy(&[0x0e, 0x45]), "\u{fffd}");
}

#[test]
fn subsets_read_what_they_do_not_know_as_blanks() {
    assert_eq!(show(CodePage::Common, "C1 42 F1"), "A 1 false");
    assert_eq!(show(CodePage::Common, "C1 40 F1"), "A 1 true");
    assert_eq!(show(CodePage::Common, "CA 00"), "-  false");
    assert_eq!(show(CodePage::CommonExtended, "00 C1"), "\0A true");
    assert_eq!(show(CodePage::Cp037Extended, "42 C1 20"), "âA  false");
}
