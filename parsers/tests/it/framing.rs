//! Every way a file divides into records: what is written is read back, however the file comes in chunks; whatever
//! comes gives records or an error, in bounded memory.

use std::sync::Arc;

use parsers::frame::{
    Blocks, EmptyLine, Framer, LengthRule, LineEnd, Lines, LongLine, Pad, Partial, Skip, Word,
    WordCounts, WordOrder, WordRest,
};
use parsers::{Deframer, Framing, Layout, RecordFormat};
use proptest::prelude::*;

use crate::layout;

type Records = Vec<(u64, Vec<u8>)>;

/// Reads a file in chunks. The most bytes the deframer held between chunks comes with the records.
fn read(framing: &Framing, file: &[u8], chunk: usize) -> (Records, usize, Option<String>) {
    let mut deframer = Deframer::new(framing.clone());
    let (mut records, mut held) = (Vec::new(), 0);
    let end = |deframer: &mut Deframer, records: &mut Records| loop {
        match deframer.next() {
            Ok(Some(record)) => {
                assert_eq!(record.record_no, records.len() as u64);
                records.push((record.offset, record.bytes.to_vec()));
            }
            Ok(None) => return None,
            Err(error) => return Some(error.to_string()),
        }
    };
    for chunk in file.chunks(chunk.max(1)) {
        deframer.push(chunk);
        if let Some(error) = end(&mut deframer, &mut records) {
            return (records, held, Some(error));
        }
        held = held.max(deframer.held());
    }
    let finished = deframer.finish().err().map(|error| error.to_string());
    let error = finished.or_else(|| end(&mut deframer, &mut records));
    (records, held, error)
}

fn lengths() -> Arc<Layout> {
    layout(
        "01 R.\n05 KIND PIC X.\n05 LEN PIC 9(3).\n05 HALF PIC S9(4) COMP.\n05 BODY PIC X(60).",
        "",
    )
}

fn word() -> impl Strategy<Value = Word> {
    let order = prop_oneof![Just(WordOrder::Big), Just(WordOrder::Little)];
    let counts = prop_oneof![Just(WordCounts::All), Just(WordCounts::Data)];
    (order, counts, -3i32..3).prop_map(|(order, counts, adjust)| Word {
        order,
        counts,
        // A length of 0 is no word's.
        adjust: if counts == WordCounts::Data {
            adjust.min(0)
        } else {
            adjust
        },
        rest: WordRest::Strict,
    })
}

fn lines() -> impl Strategy<Value = Lines> {
    let end = prop_oneof![
        Just(LineEnd::Any),
        Just(LineEnd::Lf),
        Just(LineEnd::CrLf),
        Just(LineEnd::Cr),
        Just(LineEnd::Nel),
        Just(LineEnd::EbcdicLf),
    ];
    end.prop_map(|end| Lines {
        end,
        empty: EmptyLine::Keep,
        ..Lines::default()
    })
}

fn records(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), len), 0..20)
}

fn skip() -> impl Strategy<Value = Skip> {
    prop_oneof![
        3 => Just(Skip::default()),
        1 => (0u32..5, 0u32..5).prop_map(|(start, end)| Skip { start, end }),
    ]
}

/// Framings without skips, and records that they can hold.
fn plain() -> impl Strategy<Value = (Framing, Vec<Vec<u8>>)> {
    let words = || (word(), word());
    let with = |format: RecordFormat, (rdw, bdw): (Word, Word)| {
        let mut framing = Framing::new(format);
        (framing.rdw, framing.bdw) = (rdw, bdw);
        framing
    };
    let fixed = (1u32..50, prop::option::of(Just(Blocks::Word)), word()).prop_flat_map(
        |(len, blocks, bdw)| {
            let mut framing = Framing::new(RecordFormat::Fb { len });
            (framing.blocks, framing.bdw) = (blocks, bdw);
            (Just(framing), records(len as usize..len as usize + 1))
        },
    );
    let variable = prop_oneof![Just(RecordFormat::V), Just(RecordFormat::Vb)];
    let spanned = prop_oneof![Just(RecordFormat::Vs), Just(RecordFormat::Vbs)];
    let said = |framing: Framing, records: Vec<Vec<u8>>, head: fn(usize) -> Vec<u8>| {
        let records = records
            .into_iter()
            .map(|body| [head(body.len()), body].concat())
            .collect();
        (framing, records)
    };
    prop_oneof![
        fixed,
        (variable, words(), records(1..60)).prop_map(move |(f, w, r)| (with(f, w), r)),
        (spanned, words(), records(1..900)).prop_map(move |(f, w, r)| (with(f, w), r)),
        (Just(RecordFormat::Vbs), records(0..900)).prop_map(|(f, r)| (Framing::new(f), r)),
        (Just(RecordFormat::Vb), records(0..60)).prop_map(|(f, r)| (Framing::new(f), r)),
        (words(), records(1..60))
            .prop_map(move |(w, r)| (with(RecordFormat::U { block: None }, w), r)),
        (5u32..50).prop_flat_map(|len| (
            Just(Framing::new(RecordFormat::U { block: Some(len) })),
            records(len as usize..len as usize + 1)
        )),
        (lines(), records(0..60)).prop_map(|(lines, mut records)| {
            for record in &mut records {
                record.retain(|byte| !matches!(byte, b'\n' | b'\r' | 0x15 | 0x25));
            }
            let mut framing = Framing::new(RecordFormat::Text);
            framing.lines = lines;
            (framing, records)
        }),
        (lines(), prop::collection::vec("[a-c ]{9}", 0..20)).prop_map(|(lines, records)| {
            let mut framing = Framing::new(RecordFormat::Text);
            framing.lines = Lines {
                pad: Some(Pad { len: 9, byte: b' ' }),
                ..lines
            };
            (
                framing,
                records.into_iter().map(String::into_bytes).collect(),
            )
        }),
        (1u32..40, lines()).prop_flat_map(|(len, lines)| {
            let mut framing = Framing::new(RecordFormat::Text);
            framing.lines = Lines {
                fixed: Some(len),
                ..lines
            };
            (Just(framing), records(len as usize..len as usize + 1))
        }),
        records(0..60).prop_map(move |records| {
            let rule =
                LengthRule::expression("(LEN - 4) * 2 / 2 + HALF - HALF+6", &lengths()).unwrap();
            said(Framing::by_length(rule), records, |body| {
                let digits = format!("{:03}", body + 4);
                let digits = digits.bytes().map(|digit| 0xf0 | (digit & 15));
                [vec![0xc1], digits.collect(), vec![0, 7]].concat()
            })
        }),
        prop::collection::vec(any::<bool>(), 0..20).prop_map(|kinds| {
            let map = vec![("A".to_owned(), 4)];
            let rule = LengthRule::by_value("KIND", map, Some(9), &lengths()).unwrap();
            let records = kinds
                .into_iter()
                .map(|a| if a { vec![0xc1; 4] } else { vec![0xc2; 9] })
                .collect();
            (Framing::by_length(rule), records)
        }),
    ]
}

fn framed() -> impl Strategy<Value = (Framing, Vec<Vec<u8>>)> {
    (plain(), skip(), skip(), any::<bool>()).prop_map(
        |((mut framing, records), file, record, keep)| {
            framing.file = file;
            if keep {
                framing.partial = Partial::Keep;
            }
            // A fixed length counts what is skipped; what is skipped is zeros, which the rules for lines do not mind.
            framing.record = record;
            let around = record.start + record.end;
            match &mut framing.format {
                RecordFormat::F { len } | RecordFormat::Fb { len } => *len += around,
                RecordFormat::U { block: Some(len) } => *len += around,
                RecordFormat::Text => {
                    if let Some(pad) = &mut framing.lines.pad {
                        pad.len += around;
                    }
                    framing.lines.fixed = framing.lines.fixed.map(|len| len + around);
                }
                _ => {}
            }
            (framing, records)
        },
    )
}

#[test]
fn words_for_a_framing() {
    let layout = lengths();
    let answers: Vec<String> = [
        "fb",
        "FB(80); blocks = 800",
        "vb; rdw-order = little; rdw_counts = data; rdw_adjust = -4",
        "LENGTH(LEN+4); skip_record_start = 2; partial_record = keep",
        "LENGTH(LEN-4)",
        "LENGTH(KIND: A=10, B = 20 \"C D\"=30 *=15)",
        "TEXT; line_end = nel; long_lines = cut; largest_record = 80",
        "U(32760)",
        "TEXT; pad_lines = layout",
        "VBX",
        "F(80",
        "F(eighty)",
        "F(0)",
        "V(80)",
        "V; rdw_ordr = little",
        "V; rdw_order = middle",
        "V; rdw_order",
        "VB; blocks = 800",
        "VBS; rdw_rest = free",
        "LENGTH",
        "LENGTH(LEN +)",
        "LENGTH(LENGTHY)",
        "LENGTH(BODY(3))",
        "LENGTH(KIND: A)",
        "V; lengths = A=3",
        "V; minimum_record = 9; maximum_record = 8",
    ]
    .iter()
    .map(|text| match Framing::parse(text, Some(&layout)) {
        Ok(framing) => format!("{text} => {framing}"),
        Err(error) => format!("{text} => [{}] {error}", error.key()),
    })
    .collect();
    insta::assert_snapshot!(answers.join("\n"), @r#"
fb => FB(66)
FB(80); blocks = 800 => FB(80); blocks = 800
vb; rdw-order = little; rdw_counts = data; rdw_adjust = -4 => VB; rdw_order = little; rdw_counts = data; rdw_adjust = -4
LENGTH(LEN+4); skip_record_start = 2; partial_record = keep => LENGTH(LEN+4); skip_record_start = 2; partial_record = keep
LENGTH(LEN-4) => LENGTH(LEN-4)
LENGTH(KIND: A=10, B = 20 "C D"=30 *=15) => LENGTH(KIND: A=10 B=20 "C D"=30 *=15)
TEXT; line_end = nel; long_lines = cut; largest_record = 80 => TEXT; line_end = nel; long_lines = cut; largest_record = 80
U(32760) => U(32760)
TEXT; pad_lines = layout => TEXT; pad_lines = 66
VBX => [format] unknown record format `VBX`; known are: F, FB, V, VB, VS, VBS, U, TEXT, LENGTH
F(80 => [format] wanted `)` at the end of `F(80`
F(eighty) => [format] format: wanted a number of bytes, got `eighty`
F(0) => [format] format: wanted at least 1 byte
V(80) => [format] V takes nothing in brackets
V; rdw_ordr = little => [rdw_ordr] unknown key `rdw_ordr` (is it `rdw_order`?): wanted record_length, blocks, rdw_order, rdw_counts, rdw_adjust, rdw_rest, bdw_order, bdw_counts, bdw_adjust, bdw_rest, length, length_field, lengths, line_end, line_length, long_lines, empty_lines, pad_lines, skip_file_start, skip_file_end, skip_record_start, skip_record_end, largest_record, minimum_record, maximum_record, partial_record
V; rdw_order = middle => [rdw_order] rdw_order: wanted big or little, got `middle`
V; rdw_order => [rdw_order] wanted `key = value`, got `rdw_order`
VB; blocks = 800 => [blocks] blocks are said of FB only: U has a block size, the others BDWs
VBS; rdw_rest = free => [rdw_rest] spanned records have the segment's place there: wanted `zeros`
LENGTH => [length] wanted `length`, an expression over fields, or `length_field` with `lengths`
LENGTH(LEN +) => [length] wanted fields and whole numbers with + - * / and brackets, such as `LEN + 4`: the expression ends where a field or a whole number is wanted
LENGTH(LENGTHY) => [length] no field `LENGTHY` in this copybook
LENGTH(BODY(3)) => [length] `BODY(3)` has 1 subscripts: wanted 0, one for each OCCURS it is in, or none
LENGTH(KIND: A) => [lengths] wanted VALUE=LENGTH, got `A`
V; lengths = A=3 => [lengths] wanted `length_field` beside it
V; minimum_record = 9; maximum_record = 8 => [maximum_record] it is less than minimum_record: no record would be left
"#);
}

#[test]
fn the_largest_record_bounds_what_segments_add_up_to() {
    let mut framing = Framing::new(RecordFormat::Vs);
    framing.longest = 10;
    let segment = |code: u8, bytes: &[u8]| [&[0, 4 + bytes.len() as u8, code, 0], bytes].concat();
    let fits = [segment(1, b"123456"), segment(2, b"7890")].concat();
    let (records, _, error) = read(&framing, &fits, 3);
    assert_eq!((records, error), (vec![(4, b"1234567890".to_vec())], None));
    let [first, more, last] =
        [(1, b"1234"), (3, b"5678"), (2, b"90AB")].map(|(code, bytes)| segment(code, bytes));
    let (records, held, error) = read(&framing, &[first, more, last].concat(), 3);
    assert!(records.is_empty() && held < 32);
    insta::assert_snapshot!(error.unwrap_or_default(), @"record 1 at byte 20: a spanned record so far says 12 bytes: wanted at most 10");
}

#[test]
fn lengths_by_value_are_those_of_equal_numbers() {
    let layout = layout("01 R.\n05 KIND PIC 9V9.\n05 BODY PIC X(8).", "");
    let lengths = vec![
        ("1".to_owned(), 3),
        ("2.50".to_owned(), 4),
        ("07".to_owned(), 5),
    ];
    let rule = LengthRule::by_value("KIND", lengths, None, &layout).unwrap();
    let len = |digits: &str| rule.length(&crate::ebcdic(digits)).ok();
    assert_eq!(
        ["10", "25", "70", "11"].map(len),
        [Some(3), Some(4), Some(5), None]
    );
}

#[test]
fn records_whose_length_is_a_constant_end_with_the_file() {
    let layout = lengths();
    let read_as = |words: &str, file: &[u8]| {
        let framing = Framing::parse(words, Some(&layout)).unwrap();
        let (records, _, error) = read(&framing, file, 3);
        let records: Vec<Vec<u8>> = records.into_iter().map(|(_, record)| record).collect();
        (records, error)
    };
    let both = vec![b"AAAAA".to_vec(), b"BBBBB".to_vec()];
    for partial in ["error", "keep", "drop"] {
        let words = format!("LENGTH(5); partial_record = {partial}");
        assert_eq!(
            read_as(&words, b"AAAAABBBBB"),
            (both.clone(), None),
            "{words}"
        );
    }
    let (records, error) = read_as("LENGTH(5); partial_record = keep", b"AAAAABB");
    assert_eq!((records.len(), error), (2, None));
    let (records, error) = read_as("LENGTH(5)", b"AAAAABB");
    assert_eq!(records.len(), 1);
    assert_eq!(
        error.as_deref(),
        Some("record 2 at byte 5: the file ends inside a record: wanted 5 bytes by 5, got 2")
    );
}

#[test]
fn the_last_block_of_a_file_may_be_a_short_one() {
    let mut framing = Framing::new(RecordFormat::Fb { len: 4 });
    framing.blocks = Some(Blocks::Of(12));
    let (records, _, error) = read(&framing, b"AAAABBBBCCCCDDDD", 5);
    let records: Vec<Vec<u8>> = records.into_iter().map(|(_, record)| record).collect();
    assert_eq!(error, None);
    assert_eq!(records, [b"AAAA", b"BBBB", b"CCCC", b"DDDD"]);
    // Not so inside a record.
    let (records, _, error) = read(&framing, b"AAAABBBBCCCCDD", 5);
    assert_eq!(records.len(), 3);
    assert_eq!(
        error.as_deref(),
        Some("record 4 at byte 12: the file ends inside a record: wanted 4 bytes, got 2")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn framings_are_written_as_text((framing, _) in framed()) {
        let text = framing.to_string();
        prop_assert_eq!(Framing::parse(&text, Some(&lengths())).unwrap().to_string(), text);
    }

    #[test]
    fn what_is_written_is_read((framing, records) in framed(), chunk in 1usize..40, block in 72u16..400) {
        let mut file = Vec::new();
        let mut framer = Framer::new(framing.clone()).block_size(block);
        for record in &records {
            framer.write(record, &mut file).unwrap();
        }
        framer.finish(&mut file);
        let whole = read(&framing, &file, usize::MAX);
        prop_assert_eq!(&whole.2, &None);
        let parts = read(&framing, &file, chunk);
        prop_assert_eq!(&whole.0, &parts.0);
        prop_assert_eq!(&whole.2, &parts.2);
        let bytes: Vec<Vec<u8>> = whole.0.into_iter().map(|(_, bytes)| bytes).collect();
        prop_assert_eq!(bytes, records);
    }

    /// Whatever comes, in whatever chunks: the same records and the same error, and no more memory than a record.
    #[test]
    fn any_file_gives_records_or_an_error(
        (mut framing, _) in framed(),
        file in prop::collection::vec(prop_oneof![3 => any::<u8>(), 2 => 0u8..9, 1 => Just(b'\n'), 1 => Just(b'\r')], 0..600),
        chunk in 1usize..40,
        partial in prop_oneof![Just(Partial::Error), Just(Partial::Keep), Just(Partial::Drop)],
        long in prop_oneof![Just(LongLine::Error), Just(LongLine::Split), Just(LongLine::Cut)],
        longest in 20u32..80,
        minimum in 0u32..5,
        free in any::<bool>(),
    ) {
        framing.partial = partial;
        framing.lines.long = long;
        framing.longest = longest;
        framing.minimum = minimum;
        if free {
            framing.rdw.rest = WordRest::Free;
            framing.bdw.rest = WordRest::Free;
        }
        let whole = read(&framing, &file, usize::MAX);
        let parts = read(&framing, &file, chunk);
        prop_assert_eq!(&whole.0, &parts.0);
        prop_assert_eq!(&whole.2, &parts.2);
        // A record under way, a spanned one put together, a word, the trailer and a chunk.
        let bound = 2 * longest.max(60) as usize + 40 + chunk;
        prop_assert!(parts.1 <= bound, "held {} of at most {}", parts.1, bound);
    }
}
