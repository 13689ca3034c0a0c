//! Detection finds the way a file was written, whichever it was, and ends on any bytes.

use std::sync::Arc;

use parsers::detect::{Finding, Fit, Sample, Side, detect};
use parsers::frame::{Framer, LineEnd, Word, WordCounts, WordOrder};
use parsers::{CodePage, Framing, Layout, LayoutOptions, RecordFormat};
use proptest::prelude::*;

use crate::{layout, layout_with};

/// Doses of a patient: from 12 to 100 bytes.
fn plan() -> Arc<Layout> {
    layout(
        "01 PLAN.\n05 PATIENT PIC X(6).\n05 WARD PIC X(4).\n05 DOSES PIC 9(2).\n\
         05 DOSE OCCURS 0 TO 8 DEPENDING ON DOSES.\n10 DRUG PIC X(8).\n10 MG PIC S9(5) COMP-3.",
        "",
    )
}

/// A vial: always 24 bytes.
fn vial() -> Arc<Layout> {
    layout(
        "01 VIAL.\n05 LOT PIC X(8).\n05 NAME PIC X(11).\n05 STOCK PIC S9(9) COMP-3.",
        "",
    )
}

fn plan_record(doses: usize, seed: u32) -> Vec<u8> {
    let drugs: Vec<String> = (0..doses)
        .map(|dose| format!("{{\"DRUG\":\"DRUG{dose}\",\"MG\":{}}}", seed % 1000 + 1))
        .collect();
    let json = format!(
        "{{\"PATIENT\":\"P{:05}\",\"WARD\":\"ICU1\",\"DOSES\":{doses},\"DOSE\":[{}]}}",
        seed % 100_000,
        drugs.join(",")
    );
    plan().read_json(json.as_bytes()).unwrap()
}

fn vial_record(seed: u32) -> Vec<u8> {
    let json = format!(
        "{{\"LOT\":\"L{:07}\",\"NAME\":\"IBUPROFEN\",\"STOCK\":{}}}",
        seed % 10_000_000,
        seed % 1_000_000_000
    );
    vial().read_json(json.as_bytes()).unwrap()
}

fn write(framing: &Framing, records: &[Vec<u8>]) -> Vec<u8> {
    let mut framer = Framer::new(framing.clone()).block_size(120);
    let mut file = Vec::new();
    for record in records {
        framer.write(record, &mut file).unwrap();
    }
    framer.finish(&mut file);
    file
}

fn whole(bytes: &[u8]) -> Sample<'_> {
    Sample {
        bytes,
        size: Some(bytes.len() as u64),
    }
}

fn words() -> impl Strategy<Value = Framing> {
    let order = prop_oneof![Just(WordOrder::Big), Just(WordOrder::Little)];
    let counts = prop_oneof![Just(WordCounts::All), Just(WordCounts::Data)];
    let format = prop_oneof![
        Just(RecordFormat::V),
        Just(RecordFormat::Vb),
        Just(RecordFormat::Vbs)
    ];
    (format, order, counts).prop_map(|(format, order, counts)| {
        let word = match format {
            // Spanned records are z/OS's alone.
            RecordFormat::Vbs => Word::default(),
            _ => Word {
                order,
                counts,
                ..Word::default()
            },
        };
        let mut framing = Framing::new(format);
        framing.rdw = word;
        if format == RecordFormat::Vb {
            framing.bdw = word;
        }
        framing
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_found(framing in words(), plans in prop::collection::vec((0usize..9, any::<u32>()), 3..40)) {
        let records: Vec<Vec<u8>> = plans.iter().map(|(doses, seed)| plan_record(*doses, *seed)).collect();
        let file = write(&framing, &records);
        let detected = detect(whole(&file), &[plan()]);
        let best = detected.best().unwrap();
        let spanned = detected.candidates.iter().any(|candidate| candidate.framing.format == RecordFormat::Vbs && candidate.fit == Fit::Fits);
        // Without a record that spans blocks, VBS is VB.
        let wanted = match framing.format {
            RecordFormat::Vbs if !spanned => Framing::new(RecordFormat::Vb),
            _ => framing,
        };
        prop_assert_eq!(best.framing.to_string(), wanted.to_string());
        prop_assert_eq!(best.records, records.len() as u64);
        prop_assert_eq!(best.decoded, best.tried);
        prop_assert!(detected.is_sound());
    }

    #[test]
    fn records_of_one_length_are_found(seeds in prop::collection::vec(any::<u32>(), 2..40), cut in 1usize..24) {
        let records: Vec<Vec<u8>> = seeds.iter().map(|seed| vial_record(*seed)).collect();
        let mut file = records.concat();
        let detected = detect(whole(&file), &[vial()]);
        prop_assert_eq!(detected.best().unwrap().framing.to_string(), "F(24)");
        prop_assert!(detected.is_sound());
        // The first part of a large file says as much.
        let part = Sample { bytes: &file[..file.len() - cut], size: Some(file.len() as u64) };
        prop_assert_eq!(detect(part, &[vial()]).best().unwrap().framing.to_string(), "F(24)");
        if seeds.len() > 2 {
            file.truncate(file.len() - cut);
            let detected = detect(whole(&file), &[vial()]);
            prop_assert_eq!(detected.best().map(|best| best.fit), Some(Fit::Cut));
            prop_assert!(detected.findings.iter().any(|finding| matches!(finding, Finding::Truncated(_))));
            prop_assert!(!detected.is_sound());
        }
    }

    #[test]
    fn stripped_words_are_missed(plans in prop::collection::vec((0usize..9, any::<u32>()), 3..40)) {
        let records: Vec<Vec<u8>> = plans.iter().map(|(doses, seed)| plan_record(*doses, *seed)).collect();
        let one_length = records.iter().all(|record| record.len() == records[0].len());
        prop_assume!(!one_length);
        let detected = detect(whole(&records.concat()), &[plan()]);
        let found = Finding::RdwStripped { records: records.len() as u64, sure: true };
        prop_assert!(detected.findings.contains(&found), "{:?}", detected);
        prop_assert!(!detected.is_sound());
    }

    #[test]
    fn line_ends_behind_binary_records_are_seen(seeds in prop::collection::vec(any::<u32>(), 2..40), end in 0usize..5) {
        let ends: [&[u8]; 5] = [b"\r\n", b"\n", &[0x15], &[0x25], &[0x0d, 0x25]];
        let file: Vec<u8> = seeds.iter().flat_map(|seed| [vial_record(*seed), ends[end].to_vec()].concat()).collect();
        let detected = detect(whole(&file), &[vial()]);
        let best = detected.best().unwrap();
        prop_assert_eq!(best.records, seeds.len() as u64);
        prop_assert_eq!(best.decoded, best.records);
        let found = Finding::LineEndsInserted { bytes: ends[end].to_vec() };
        prop_assert!(detected.findings.contains(&found));
    }

    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..3000), more in any::<bool>(), with in any::<bool>()) {
        let size = Some(bytes.len() as u64 + u64::from(more) * 100);
        let layouts = if with { vec![plan(), vial()] } else { Vec::new() };
        let detected = detect(Sample { bytes: &bytes, size }, &layouts);
        for candidate in &detected.candidates {
            prop_assert!(candidate.decoded <= candidate.tried);
            prop_assert!(candidate.tried <= candidate.records);
        }
        prop_assert!(!detected.verdict().is_empty());
    }
}

#[test]
fn translated_packed_fields_are_destroyed() {
    let ascii: Vec<u8> = (0..=255)
        .map(|byte| CodePage::Cp037.decode(byte) as u32 as u8)
        .collect();
    let file: Vec<u8> = (1..50)
        .flat_map(|seed| vial_record(seed * 7919))
        .map(|byte| ascii[usize::from(byte)])
        .collect();
    let text = "       01 VIAL.\n       05 LOT PIC X(8).\n       05 NAME PIC X(11).\n       05 STOCK PIC S9(9) COMP-3.\n";
    let copybook = parsers::Copybook::parse(parsers::CopybookText { file: "v", text }).unwrap();
    let layouts: Vec<Arc<Layout>> = [CodePage::Cp037, CodePage::Iso8859_1]
        .into_iter()
        .map(|code_page| {
            let options = LayoutOptions {
                code_page,
                ..LayoutOptions::default()
            };
            Layout::compile(&copybook, None, &options).unwrap()
        })
        .collect();
    let detected = detect(whole(&file), &layouts);
    assert_eq!(detected.side, Side::Ascii);
    assert_eq!(detected.best().map(|best| best.framing.to_string()), None);
    assert!(
        matches!(
            detected.findings.as_slice(),
            [Finding::PackedTranslated { .. }]
        ),
        "{detected:?}"
    );
}

#[test]
fn lines_are_told_from_records() {
    let lines = "LOT 4711 IBUPROFEN 400\nLOT 4712 HEPARIN\nLOT 4713 INSULIN\n";
    let detected = detect(whole(lines.as_bytes()), &[]);
    assert_eq!(detected.best().unwrap().framing.to_string(), "TEXT");
    let mut nel = Vec::new();
    for line in lines.lines() {
        CodePage::Cp037.encode_to(line, &mut nel).unwrap();
        nel.extend_from_slice(LineEnd::Nel.bytes());
    }
    let detected = detect(whole(&nel), &[]);
    assert_eq!(
        detected.best().unwrap().framing.to_string(),
        "TEXT; line_end = nel"
    );
    assert_eq!(detected.side, Side::Ebcdic);
}

/// Any four bytes are descriptor words to who takes them loosely enough.
#[test]
fn a_plain_format_is_preferred_to_one_that_assumes_more() {
    let options = LayoutOptions {
        code_page: CodePage::from_name("ascii").unwrap(),
        ..LayoutOptions::default()
    };
    let line = layout_with("01 R.\n05 T PIC X(5).", "", &options);
    let file = vec![b'a'; 300_000];
    let sample = Sample {
        bytes: &file,
        size: Some(17_000_000),
    };
    let found = detect(sample, std::slice::from_ref(&line));
    assert_eq!(found.best().unwrap().framing.to_string(), "F(5)");
    // The other one fits too, and is shown behind it.
    let fits: Vec<String> = found
        .candidates
        .iter()
        .filter(|candidate| candidate.fit == Fit::Fits)
        .map(|candidate| candidate.framing.to_string())
        .collect();
    assert!(
        fits.iter().any(|fit| fit.contains("rdw_rest = free")),
        "{fits:?}"
    );
}

#[test]
fn a_length_in_a_field_of_the_record_is_found() {
    // How many bytes there are, how many stand behind the field, and how many from it on.
    let text = "01 PLAN.\n05 KIND PIC X(2).\n05 LL PIC 9(4) COMP.\n05 DOSES PIC 9(2).\n\
         05 DOSE OCCURS 0 TO 8 DEPENDING ON DOSES.\n10 DRUG PIC X(8).\n10 MG PIC S9(5) COMP-3.";
    for (counted, wanted) in [(0usize, "LL"), (4, "LL + 4"), (2, "LL + 2")] {
        let layout = layout(text, "");
        let record = |doses: usize| {
            let drugs: Vec<String> = (0..doses)
                .map(|dose| format!("{{\"DRUG\":\"DRUG{dose}\",\"MG\":{dose}}}"))
                .collect();
            let json = format!(
                "{{\"KIND\":\"PL\",\"LL\":{},\"DOSES\":{doses},\"DOSE\":[{}]}}",
                6 + 11 * doses - counted,
                drugs.join(",")
            );
            layout.read_json(json.as_bytes()).unwrap()
        };
        let file: Vec<u8> = [1, 3, 0, 8, 2].into_iter().flat_map(record).collect();
        let found = detect(whole(&file), std::slice::from_ref(&layout));
        let best = found.best().unwrap();
        assert_eq!(best.framing.format, RecordFormat::Length);
        assert_eq!(best.framing.length.as_ref().unwrap().to_string(), wanted);
        assert_eq!((best.fit, best.records), (Fit::Fits, 5));
        assert!(found.is_sound(), "{:?}", found.findings);
    }
}

#[test]
fn a_number_that_is_no_length_is_none() {
    let layout = plan();
    let file: Vec<u8> = [1, 3, 0, 8, 2]
        .into_iter()
        .flat_map(|doses| plan_record(doses, 7))
        .collect();
    let found = detect(whole(&file), std::slice::from_ref(&layout));
    let lengths =
        |candidate: &&parsers::detect::Candidate| candidate.framing.format == RecordFormat::Length;
    assert!(found.candidates.iter().find(lengths).is_none());
}
