//! What holds for a field of any usage and picture, by any dialect and any policy: bytes come back, values come back,
//! nothing panics.

use std::sync::Arc;

use parsers::json::{Invalid, JsonOptions};
use parsers::{Copybook, CopybookText, Decimal, FieldKind, Group, Layout, LayoutOptions, Value};
use proptest::prelude::*;

use super::fixed;
use super::generate::byte;

/// A layout of copybook lines with options in words; `None` where the dialect refuses the copybook.
pub(super) fn layout_of(lines: &str, words: &str) -> Option<Arc<Layout>> {
    let text = fixed(lines);
    let copybook = Copybook::parse(CopybookText {
        file: "test.cpy",
        text: &text,
    })
    .unwrap_or_else(|faults| panic!("{lines}: {faults:?}"));
    let mut options = LayoutOptions::default();
    let mut rest = Vec::new();
    for word in words.split(';').filter(|word| !word.trim().is_empty()) {
        match word.trim().strip_prefix("code_page = ") {
            Some(page) => options.code_page = page.parse().unwrap(),
            None => rest.push(word),
        }
    }
    options.set_all(&rest.join(";")).unwrap();
    Layout::compile(&copybook, None, &options).ok()
}

fn keep() -> JsonOptions {
    JsonOptions {
        invalid: Invalid::Keep,
        ..JsonOptions::default()
    }
}

/// A number's picture: signed or not, digits, decimal places; negative places are P.
fn picture(most: u32) -> impl Strategy<Value = String> {
    (any::<bool>(), 1..=most, -3i32..=10).prop_map(|(signed, digits, scale)| {
        let s = if signed { "S" } else { "" };
        let places = u32::try_from(scale.max(0)).unwrap();
        match (digits.saturating_sub(places), places) {
            (whole, 0) if scale < 0 && digits <= 15 => {
                format!("{s}9({whole}){}", "P".repeat(scale.unsigned_abs() as usize))
            }
            (whole, 0) => format!("{s}9({whole})"),
            (0, _) if digits <= 15 => {
                format!("{s}V{}9({digits})", "P".repeat((places - digits) as usize))
            }
            (0, _) => format!("{s}V9({digits})"),
            (whole, places) => format!("{s}9({whole})V9({places})"),
        }
    })
}

const EDITED: &[&str] = &[
    "ZZ,ZZ9.99-",
    "+9(5)",
    "$$,$$9.99CR",
    "***,**9.99",
    "-(5)9",
    "99/99/9999",
    "9B9B9",
    "ZZZZ",
    "$***.**",
    "+++,+++.++",
    "ZZ9.99DB",
    "9(3)V99 BLANK WHEN ZERO",
    "ZZ9 BLANK WHEN ZERO",
    "X(3)BX(2)",
    "XX/XX/XX",
    "A(3)0A",
    "+9.9(5)E+99",
    "-9(3)V9E-99",
    "ZZ9PP",
    "Z(15)9.99-",
    "N(3)BN",
    "NN/NN",
    "ZZ9.99- USAGE NATIONAL",
    "$$,$$9.99 USAGE NATIONAL",
    "+9.9(5)E+99 USAGE NATIONAL",
    "9(4) USAGE NATIONAL BLANK WHEN ZERO",
];

/// Clauses of an elementary item of every usage, with sizes around their limits.
fn clauses() -> impl Strategy<Value = String> {
    let sign = prop::sample::select(vec![
        "",
        "SIGN LEADING",
        "SIGN TRAILING",
        "SIGN LEADING SEPARATE",
        "SIGN TRAILING SEPARATE",
    ]);
    let binary = prop::sample::select(vec![
        "COMP", "COMP-4", "BINARY", "COMP-5", "COMP-X", "COMP-9",
    ]);
    let bare = prop::sample::select(vec![
        "COMP-1",
        "COMP-2",
        "INDEX",
        "POINTER",
        "BINARY-CHAR",
        "BINARY-SHORT UNSIGNED",
        "BINARY-LONG",
        "BINARY-DOUBLE UNSIGNED",
        "PROCEDURE-POINTER",
        "FUNCTION-POINTER",
        "POINTER-32",
    ]);
    prop_oneof![
        2 => (1u32..9).prop_map(|len| format!("PIC X({len})")),
        1 => (1u32..9).prop_map(|len| format!("PIC A({len}) JUSTIFIED RIGHT")),
        2 => (1u32..6, any::<bool>()).prop_map(|(len, right)| format!("PIC N({len}){}", if right { " JUSTIFIED RIGHT" } else { "" })),
        2 => (1u32..6).prop_map(|len| format!("PIC G({len}) DISPLAY-1")),
        1 => (1u32..4).prop_map(|len| format!("PIC U({len})")),
        3 => (picture(38), sign).prop_map(|(picture, sign)| {
            format!("PIC {picture} {}", if picture.starts_with('S') { sign } else { "" })
        }),
        3 => picture(38).prop_map(|picture| format!("PIC {picture} COMP-3")),
        1 => picture(38).prop_map(|picture| format!("PIC {} COMP-6", picture.trim_start_matches('S'))),
        3 => (picture(20), binary).prop_map(|(picture, usage)| format!("PIC {picture} {usage}")),
        2 => bare.prop_map(str::to_owned),
        2 => prop::sample::select(EDITED.to_vec()).prop_map(|picture| format!("PIC {picture}")),
        1 => (picture(18), any::<bool>()).prop_map(|(picture, leading)| {
            let sign = match (picture.starts_with('S'), leading) {
                (false, _) => "",
                (true, true) => "SIGN LEADING SEPARATE",
                (true, false) => "SIGN TRAILING SEPARATE",
            };
            format!("PIC {picture} USAGE NATIONAL {sign}")
        }),
    ]
}

const CHOICES: &[&[&str]] = &[
    &["", "dialect = mf", "dialect = gnucobol"],
    &[
        "",
        "",
        "code_page = cp1047",
        "code_page = cp939",
        "code_page = cp930",
        "code_page = cp1388",
        "code_page = common",
        "code_page = windows-1252",
        "code_page = ascii",
        "code_page = shift_jis",
        "code_page = utf-8",
        "code_page = gb18030",
    ],
    &["", "edited = number"],
    &["", "utf16 = little"],
    &[
        "",
        "floats = ieee",
        "floats = ieee-little",
        "floats = hfp-little",
    ],
    &["", "truncate = bin"],
    &["", "native_order = little"],
    &["", "overpunch = ascii", "overpunch = translated"],
    &["", "number_spaces = null", "number_spaces = zero"],
    &["", "number_low_values = null", "number_low_values = zero"],
    &["", "number_high_values = null"],
    &["", "invalid_numbers = null"],
    &["", "signs = preferred", "signs = lenient"],
    &["", "display_numbers = spaced", "display_numbers = explicit"],
    &[
        "",
        "trim = both",
        "trim = none",
        "trim = left",
        "trim = right",
    ],
    &["", "low_value_text = null"],
    &[
        "",
        "invalid_text = replace",
        "invalid_text = blank",
        "invalid_text = null",
    ],
    &["", "controls = blank", "controls = drop"],
    &["", "new_line = lf"],
    &["", "null_numbers = initial; null_text = spaces"],
];

/// Options in words; half of the time all but a few are the default.
fn words() -> impl Strategy<Value = String> {
    let each: Vec<_> = CHOICES
        .iter()
        .map(|words| prop_oneof![2 => Just(""), 1 => prop::sample::select(words.to_vec())])
        .collect();
    each.prop_map(|words| {
        let said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        said.join("; ")
    })
}

/// Bytes of records: digits, blanks, characters of both worlds, fills, anything.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(vec![
        0x20u8, 0x2e, 0x2c, 0x2d, 0x2b, 0x7b, 0x7d, 0x41, 0x4a, 0x70, 0x79, 0x0e, 0x0f, 0x15, 0x25,
        0x40, 0x4b, 0x6b, 0x60, 0x4e, 0x5b, 0x5c, 0x61, 0xc3, 0xd9, 0xc2, 0xc4, 0x81, 0x85, 0x9f,
        0xa0, 0x44, 0x42,
    ]);
    let mixed = prop_oneof![4 => byte(), 4 => 0x30u8..=0x39, 3 => odd];
    prop_oneof![
        8 => prop::collection::vec(mixed, 200),
        1 => prop::collection::vec(0x30u8..=0x39, 200),
        1 => prop::collection::vec(0xf0u8..=0xf9, 200),
        1 => prop::collection::vec(any::<u8>(), 200),
        1 => prop::sample::select(vec![0x00u8, 0x20, 0x40, 0xff, 0x0e]).prop_map(|byte| vec![byte; 200]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 4))]

    /// Whatever decodes encodes to the same bytes, through values and through JSON; what does not is kept with its
    /// bytes, and then everything comes back.
    #[test]
    fn any_bytes_of_any_field_come_back(
        fields in prop::collection::vec((clauses(), 1u32..3), 1..4),
        words in words(),
        bytes in bytes(),
        cut in 0usize..8,
    ) {
        let lines: String = fields.iter().enumerate().map(|(index, (clauses, times))| {
            let occurs = if *times > 1 { format!("\nOCCURS {times} TIMES") } else { String::new() };
            format!("\n05 F{index} {clauses}{occurs}.")
        }).collect();
        let Some(layout) = layout_of(&format!("01 R.{lines}"), &words) else { return Ok(()) };
        let len = layout.max_len().min(bytes.len()).saturating_sub(if cut == 7 { 1 } else { 0 });
        let record = &bytes[..len];
        let mut json = Vec::new();
        let written = layout.write_json(record, &mut json);
        match layout.decode(record) {
            Ok(decoded) => {
                let again = layout.encode(&decoded);
                prop_assert_eq!(again.as_deref(), Ok(record), "{}; {}: {:?}", lines, words, decoded);
                prop_assert_eq!(written, Ok(()));
                let again = layout.read_json(&json);
                prop_assert_eq!(again.as_deref(), Ok(record), "{}; {}: {}", lines, words, String::from_utf8_lossy(&json));
            }
            Err(error) => {
                prop_assert_eq!(written.as_ref(), Err(&error));
                prop_assert!(error.path().starts_with('F') && error.offset().is_some() && !error.reason().is_empty());
            }
        }
        json.clear();
        layout.write_json_with(record, &keep(), &mut json).unwrap();
        let again = layout.read_json(&json);
        prop_assert_eq!(again.as_deref(), Ok(record), "{}; {}: {}", lines, words, String::from_utf8_lossy(&json));
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
    }

    /// A value that fits its field comes back, and its bytes are the preferred ones: nothing is left over.
    #[test]
    fn any_value_that_fits_comes_back(
        clauses in clauses(),
        words in words(),
        number in -(10i128.pow(37))..10i128.pow(37),
        keep_digits in 0u32..38,
        float in -1e30..1e30f64,
        text in "[A-Z0-9 ]{0,8}",
    ) {
        let Some(layout) = layout_of(&format!("01 R.\n05 F {clauses}."), &words) else { return Ok(()) };
        let field = layout.fields().find(|field| field.name() == "F").unwrap();
        let value = match field.kind() {
            FieldKind::Number { digits, scale, signed, .. } => {
                let mut limit = 10i128.pow(u32::from(digits).min(keep_digits + 1));
                // COMP-5 and COMP-X of a picture hold what their bytes do, which is less for some sizes.
                if clauses.contains("COMP-X") || clauses.contains("BINARY-CHAR") { limit = limit.min(100); }
                let number = number % limit;
                Value::Number(Decimal::new(if signed { number } else { number.abs() }, scale))
            }
            FieldKind::FloatShort => Value::Float(f64::from(f32::from_bits(((float as f32).to_bits()) & 0xffff_ff00))),
            FieldKind::FloatLong if clauses.contains("PIC") => return Ok(()),
            FieldKind::FloatLong => Value::Float(float),
            FieldKind::Text { chars } if !clauses.contains("BN") && !clauses.contains('/') && !clauses.contains("0A") && !clauses.contains("BX") => {
                let most = usize::try_from(chars).unwrap();
                let wide = clauses.contains("PIC G");
                let text: String = text.chars().filter(|_| !wide).take(most).collect();
                Value::Text(text.trim().to_owned())
            }
            _ => return Ok(()),
        };
        let mut values = Group::new();
        values.set("F", value.clone());
        let bytes = layout.encode_values(&values);
        prop_assert!(bytes.is_ok(), "{}; {}: {:?}: {:?}", clauses, words, value, bytes);
        let bytes = bytes.unwrap();
        prop_assert_eq!(bytes.len(), layout.max_len());
        let read = layout.decode(&bytes);
        prop_assert!(read.is_ok(), "{}; {}: {:?}: {:?}: {:?}", clauses, words, value, bytes, read);
        let read = read.unwrap();
        let back = read.values.get("F").unwrap();
        let zero = |value: &Value| matches!(value, Value::Number(number) if number.to_i128() == Some(0));
        match (back, &value) {
            (Value::Number(back), Value::Number(value)) => prop_assert!(back.compare(*value).is_eq(), "{} {}: {} {}", clauses, words, back, value),
            // Blanks for zero where the picture has them, and the policy makes those null.
            (Value::Null, value) if zero(value) || *value == Value::Text(String::new()) => {}
            (Value::Text(back), Value::Text(value)) => prop_assert_eq!(back.trim(), value, "{} {}", clauses, words),
            (back, value) => prop_assert_eq!(back, value, "{} {}", clauses, words),
        }
        if !zero(&value) && value != Value::Text(String::new()) {
            prop_assert!(read.residue.is_empty(), "{} {}: {:?} {:?}", clauses, words, value, read);
        }
    }
}

#[test]
fn a_control_that_reads_as_a_blank_of_a_mixed_page_comes_back() {
    let layout = layout_of(
        "01 R.\n05 F PIC X(2).",
        "code_page = cp939; controls = blank",
    )
    .unwrap();
    let record = layout.decode(&[0x30, 0xc1]).unwrap();
    assert_eq!(record.values.get("F"), Some(&Value::from(" A")));
    assert_eq!(layout.encode(&record).unwrap(), [0x30, 0xc1]);
}

#[test]
fn national_numbers_are_digits_of_utf_16() {
    let shown = |clauses: &str, words: &str, cases: &[&str]| -> String {
        let layout = layout_of(&format!("01 R.\n05 F {clauses}."), words).unwrap();
        let each = cases.iter().map(|case| {
            let mut json = Vec::new();
            match layout.write_json(&super::hex(case), &mut json) {
                Ok(()) => format!("{case}: {}\n", String::from_utf8(json).unwrap()),
                Err(error) => format!("{case}: {error}\n"),
            }
        });
        each.collect()
    };
    insta::assert_snapshot!(shown("PIC S9(2)V9 USAGE NATIONAL SIGN TRAILING SEPARATE", "", &[
        "003100320033002D", "003000300030002B", "0020003200330020", "003100320041002D", "FF1100320033002D", "0020002000200020",
    ]), @r#"
003100320033002D: {"F":-12.3}
003000300030002B: {"F":0.0}
0020003200330020: field F at byte 0 (0x0020003200330020): wanted + (2B) or - (2D) as the separate sign, got 20
003100320041002D: field F at byte 0 (0x003100320041002D): wanted a digit (30 to 39) as character 3 of the field, got 41
FF1100320033002D: field F at byte 0 (0xFF1100320033002D): wanted a digit (0030 to 0039) as character 1 of the field, got FF11
0020002000200020: field F at byte 0 (0x0020002000200020): blanks where a number is wanted (`null = "spaces"` in the meaning makes that null, the layout option `number_spaces = null` all such numbers)
"#);
    insta::assert_snapshot!(shown("PIC 9(2) USAGE NATIONAL", "utf16 = little; number_spaces = null", &["31003200", "20002000", "20003200"]), @r#"
31003200: {"F":12}
20002000: {"F":null,"_raw":{"F":"20002000"}}
20003200: {"F":2,"_raw":{"F":"20003200"}}
"#);
    insta::assert_snapshot!(shown("PIC ZZ9.9- USAGE NATIONAL", "edited = number", &["002000310032002E0033002D"]), @r#"
002000310032002E0033002D: {"F":-12.3}
"#);
}
