//! What must hold for any bytes at each of the crate's doors. Used by the fuzz targets and, over their corpora,
//! by the ordinary tests.

mod layouts;
mod made;

use std::sync::{Arc, LazyLock};

use self::layouts::{ALL, COPYBOOKS, LAYOUTS, PARENTS, compile};
use parsers::copybook::{NoLibrary, TextOptions};
use parsers::detect::{Sample, detect};
use parsers::hierarchy::{Assembler, Hierarchy, Tree};
use parsers::json::{Invalid, JsonOptions};
use parsers::{
    Copybook, CopybookText, Deframer, Edited, Framed, Framing, Layout, LayoutOptions, Meaning,
};

static HIERARCHY: LazyLock<Hierarchy> = LazyLock::new(|| {
    let layout = compile(Some(PARENTS)).expect("the meaning is right");
    Hierarchy::of(&layout).expect("it has parents")
});

const KEEP: JsonOptions = JsonOptions {
    invalid: Invalid::Keep,
    residue: parsers::json::ShowResidue::Raw,
};

/// Any record: kept faults and residue give it back; so do values where all of it decodes.
fn comes_back(layout: &Layout, record: &[u8]) {
    comes_back_of(layout, record, &"");
}

/// The same, with what the layout was made of for the message.
fn comes_back_of(layout: &Layout, record: &[u8], of: &dyn std::fmt::Debug) {
    let mut json = Vec::new();
    layout
        .write_json_with(record, &KEEP, &mut json)
        .expect("kept faults are no errors");
    let again = layout.read_json(&json);
    assert_eq!(
        again.as_deref(),
        Ok(record),
        "{} {of:#?}",
        String::from_utf8_lossy(&json)
    );
    let valid = layout.validate(record).is_ok();
    match layout.decode(record) {
        Ok(decoded) => {
            assert!(valid);
            assert_eq!(layout.encode(&decoded).as_deref(), Ok(record), "{of:#?}");
        }
        Err(_) => assert!(!valid),
    }
    let mut key = Vec::new();
    if layout.write_key(record, &mut key).is_err() {
        assert!(key.is_empty());
    }
    let _ = (
        layout.classify(record).is_ok(),
        layout.control_amount(record).is_ok(),
    );
}

/// Copybook text: a layout that gives records back, or faults with places.
pub(super) fn copybook(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let named = CopybookText {
        file: "any.cpy",
        text: &text,
    };
    match Copybook::parse_or_draft(named, &TextOptions::default(), &mut NoLibrary) {
        Ok(copybook) => {
            if let Ok(layout) = Layout::compile(&copybook, None, &LayoutOptions::default()) {
                let _ = layout.listing();
                if layout.max_len() <= 4096 {
                    comes_back(&layout, &vec![0xf1; layout.max_len()]);
                    comes_back(&layout, &vec![0x00; layout.min_len()]);
                }
            }
        }
        Err(draft) => {
            let faults = draft.check(None, &LayoutOptions::default());
            assert!(!draft.faults().is_empty() && faults.len() >= draft.faults().len());
            assert!(
                faults
                    .iter()
                    .all(|fault| fault.line() > 0 && fault.column() > 0)
            );
        }
    }
}

/// One entry with a picture: a layout that gives records back whether the picture is read as text or as its number, or
/// faults.
pub(super) fn picture(data: &[u8]) {
    let (shape, text) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(text);
    let usage = [
        "",
        " COMP",
        " COMP-3",
        " COMP-5",
        " NATIONAL",
        " SIGN LEADING SEPARATE",
        " BLANK WHEN ZERO",
        " JUSTIFIED",
    ];
    let usage = usage
        .get(usize::from(shape % 8))
        .copied()
        .unwrap_or_default();
    let text =
        format!("       01  R.\n           05  A  PIC {text}{usage}.\n           05  B  PIC X.\n");
    let Ok(copybook) = Copybook::parse(CopybookText {
        file: "any.cpy",
        text: &text,
    }) else {
        return;
    };
    for edited in [Edited::Text, Edited::Number] {
        let options = LayoutOptions {
            edited,
            ..LayoutOptions::default()
        };
        let Ok(layout) = Layout::compile(&copybook, None, &options) else {
            continue;
        };
        if layout.max_len() <= 512 {
            for byte in [0x00, 0x40, 0x4b, 0x60, 0xc1, 0xf0, 0xf1, 0xff] {
                comes_back(&layout, &vec![byte; layout.max_len()]);
            }
        }
    }
}

/// Db2 LOAD statements: a layout that gives rows back, or faults with places.
pub(super) fn syspunch(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = match parsers::syspunch::is_load_statement(&text) {
        true => text.into_owned(),
        false => format!("LOAD INTO TABLE T ({text}"),
    };
    match Copybook::parse(CopybookText {
        file: "any.punch",
        text: &text,
    }) {
        Ok(copybook) => {
            if let Ok(layout) = Layout::compile(&copybook, None, &LayoutOptions::default()) {
                let _ = layout.listing();
                // A statement may say a row of a gigabyte, and reading one back makes it: that tries the machine, not the code.
                if layout.max_len() > 1 << 20 {
                    return;
                }
                let least = layout.min_len().min(4096);
                for byte in [0x00, 0x01, 0xf1, 0xff] {
                    comes_back(&layout, &vec![byte; least]);
                    comes_back(&layout, &vec![byte; least / 2]);
                }
                if layout.max_len() <= 4096 {
                    comes_back(&layout, &vec![0x40; layout.max_len()]);
                }
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| fault.line() > 0));
        }
    }
}

/// Up to the first newline, as text; and what is behind it.
fn first_line(data: &[u8]) -> (String, &[u8]) {
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (line, rest) = data.split_at(end);
    let rest = rest.split_first().map_or(&[][..], |(_, rest)| rest);
    (String::from_utf8_lossy(line).into_owned(), rest)
}

/// Files: the same records or the same error, however they are cut into chunks. The first line is the framing in words.
pub(super) fn framing(data: &[u8]) {
    let (words, rest) = first_line(data);
    let [chunk, file @ ..] = rest else {
        return;
    };
    let layout = LAYOUTS.first();
    let Ok(framing) = Framing::parse(&words, layout) else {
        return;
    };
    let read = |size: usize| {
        let mut deframer = Deframer::new(framing.clone());
        let mut records = Vec::new();
        for chunk in file.chunks(size.max(1)) {
            deframer.push(chunk);
            loop {
                match deframer.next() {
                    Ok(Some(record)) => records.push((record.offset, record.bytes.to_vec())),
                    Ok(None) => break,
                    Err(error) => return (records, Err((error.kind(), error.offset()))),
                }
            }
        }
        let end = deframer
            .finish()
            .map_err(|error| (error.kind(), error.offset()));
        (records, end)
    };
    assert_eq!(read(usize::MAX), read(usize::from(*chunk)), "{words}");
    let _ = parsers::frame::explain(framing.format, file);
    let size = u64::try_from(file.len()).ok();
    let layouts: &[Arc<Layout>] = if chunk % 2 == 0 { &*LAYOUTS } else { &[] };
    let detected = detect(Sample { bytes: file, size }, layouts);
    assert!(!detected.verdict().is_empty());
    assert!(detected.is_sound() <= detected.best().is_some());
}

/// Records of every layout; and, where a first line ends with `|` and a copybook's number, of that copybook under the
/// layout options that stand before it in words.
pub(super) fn decode(data: &[u8]) {
    for layout in ALL.iter() {
        comes_back(layout, data);
    }
    let (line, record) = first_line(data);
    let Some((words, number)) = line.rsplit_once('|') else {
        return;
    };
    let mut options = LayoutOptions::default();
    let copybook = number
        .trim()
        .parse()
        .ok()
        .and_then(|at: usize| COPYBOOKS.get(at));
    let (Some((copybook, meaning)), true) = (copybook, options.set_all(words).is_ok()) else {
        return;
    };
    for meaning in [None, meaning.as_ref()] {
        if let Ok(layout) = Layout::compile(copybook, meaning, &options) {
            comes_back_of(&layout, record, &words);
        }
    }
}

/// A copybook, a meaning, options and records, all made of the bytes: every record comes back. Says whether there was a
/// layout.
pub(crate) fn made(data: &[u8]) -> bool {
    let mut dice = made::Dice::new(data);
    let made = made::made(&mut dice);
    let Some(layout) = made.layout() else {
        return false;
    };
    if layout.max_len() > 4096 {
        return false;
    }
    for _ in 0..20 {
        let record = made::record(&mut dice, &layout);
        comes_back_of(&layout, &record, &made);
        if dice.is_over() {
            break;
        }
    }
    true
}

/// Records (between bytes FF) put together parent to child, and JSON of trees: what goes in comes back.
pub(super) fn trees(data: &[u8]) {
    let flat = |tree: &Tree| -> Vec<Vec<u8>> { tree.records().map(<[u8]>::to_vec).collect() };
    let back = |tree: &Tree| {
        let mut json = Vec::new();
        HIERARCHY
            .write_json(tree, &KEEP, &mut json)
            .expect("kept faults are no errors");
        let again = HIERARCHY.read_json(&json).map(|tree| flat(&tree));
        assert_eq!(again, Ok(flat(tree)), "{}", String::from_utf8_lossy(&json));
    };
    if let Ok(tree) = HIERARCHY.read_json(data) {
        back(&tree);
    }
    let mut assembler = Assembler::new(&HIERARCHY).limit(4096);
    let (mut records, mut offset) = (Vec::new(), 0);
    let mut trees = Vec::new();
    for (record_no, bytes) in (0..).zip(data.split(|byte| *byte == 0xff)) {
        let framed = Framed {
            bytes,
            offset,
            record_no,
        };
        match assembler.push(framed) {
            Ok(tree) => trees.extend(tree),
            Err(error) => {
                assert_eq!(error.record_no(), Some(record_no));
                break;
            }
        }
        records.push(bytes.to_vec());
        offset += u64::try_from(bytes.len()).expect("it fits") + 1;
    }
    trees.extend(assembler.finish());
    assert_eq!(trees.iter().flat_map(flat).collect::<Vec<_>>(), records);
    trees.iter().for_each(back);
}

/// JSON: a record that its own JSON gives back, or an error; and the same one whether the text is read straight to bytes
/// or, for an empty `_raw` in it, by way of its values.
pub(super) fn json(data: &[u8]) {
    let other = with_residue(data);
    for layout in ALL.iter() {
        let read = layout.read_json(data);
        if let Some(other) = &other {
            let by_values = layout.read_json(other);
            match (&read, &by_values) {
                // Where in the text it is wrong is not the same.
                (Err(read), Err(by_values)) if read.kind() == by_values.kind() => {}
                // There may be one already.
                _ if data.windows(2).any(|part| part == b"_r" || part == b"\\u") => {}
                _ => assert_eq!(read, by_values, "{}", String::from_utf8_lossy(data)),
            }
        }
        if let Ok(record) = read {
            comes_back(layout, &record);
        }
    }
}

/// The object with an empty `_raw` as its last member.
fn with_residue(json: &[u8]) -> Option<Vec<u8>> {
    let end = json.iter().rposition(|byte| *byte == b'}')?;
    let (front, behind) = json.split_at(end);
    let mut text = front.to_vec();
    if text.trim_ascii_end().last() != Some(&b'{') {
        text.push(b',');
    }
    text.extend_from_slice(b"\"_raw\":{}");
    text.extend_from_slice(behind);
    Some(text)
}

/// Meaning files: a layout that gives records back, whatever the options, or faults.
pub(super) fn meaning(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (copybook, _) = &COPYBOOKS[0];
    match Meaning::parse("any.toml", &text) {
        Ok(meaning) => {
            for words in WORDS {
                let mut options = LayoutOptions::default();
                options.set_all(words).expect("they are options");
                let Ok(layout) = Layout::compile(copybook, Some(&meaning), &options) else {
                    continue;
                };
                for byte in [0x00, 0x40, 0xf1] {
                    comes_back_of(&layout, &vec![byte; layout.max_len()], &words);
                    comes_back_of(&layout, &vec![byte; layout.min_len()], &words);
                }
                let mut record = vec![0xf1; layout.max_len() - 10];
                record[..3].copy_from_slice(&[0xc2, 0x00, 0x4c]);
                comes_back_of(&layout, &record, &words);
            }
        }
        Err(faults) => assert!(!faults.is_empty()),
    }
}

/// Options that meet a meaning.
const WORDS: [&str; 5] = [
    "",
    "number_spaces = null; number_low_values = zero; invalid_numbers = null",
    "short_records = cut; invalid_counts = most; low_value_text = null; fillers = shown",
    "odo = maximum; conditions = names; edited = number; trim = both",
    "signs = preferred; invalid_numbers = null; invalid_counts = most; conditions = enums",
];
