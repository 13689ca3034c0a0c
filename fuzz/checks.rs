//! What must hold for any bytes at each of the crate's five doors. Used by the fuzz targets and, over their corpora,
//! by the ordinary tests.

use std::sync::{Arc, LazyLock};

use parsers::json::{Invalid, JsonOptions};
use parsers::{Copybook, CopybookText, Deframer, Layout, LayoutOptions, Meaning, RecordFormat};

/// A layout with every usage, views with and without rules, tables and a counted one.
const COPYBOOK: &str = "\
       01  R.
           05  KIND          PIC X.
               88  IS-A      VALUE 'A' 'C' THRU 'F'.
           05  N             PIC 9(2) COMP-3.
           05  TXT           PIC X(5).
           05  ZONED         PIC S9(3)V99.
           05  SEPARATED     PIC S9(3) SIGN LEADING SEPARATE.
           05  PACKED        PIC S9(6)V99 COMP-3.
           05  HALF          PIC S9(4) COMP.
           05  NATIVE-1      PIC 9(9) COMP-5.
           05  SHORT-FLOAT   COMP-1.
           05  LONG-FLOAT    COMP-2.
           05  FILLER        PIC X(2).
           05  TBL           OCCURS 2.
               10  T1        PIC 9.
               10  T2        PIC 9(3) COMP-3 OCCURS 2.
           05  V1            PIC X(6).
           05  V2 REDEFINES V1.
               10  V21       PIC 9(7) COMP-3.
               10  V22       PIC X.
           05  W1            PIC 9(3).
           05  W2 REDEFINES W1 PIC S9(4) COMP.
           05  TAIL          OCCURS 0 TO 9 TIMES DEPENDING ON N.
               10  TAIL-1    PIC X.
               10  TAIL-2    PIC 9.
";

const MEANING: &str = "\
version = 1
key = [\"KIND\", \"PACKED\"]
[record_types.a]
when = \"IS-A\"
view = \"V1\"
[record_types.b]
when = { KIND = \"B\" }
view = \"V2\"
[fields]
V21 = { date = \"CYYMMDD\", null = [\"zeros\", \"low-values\"] }
T1 = { flag = { true = 1, false = [0, 9] } }
TXT = { null = \"spaces\", name = \"text\" }
[trailer]
record_type = \"b\"
count = \"N\"
total = { field = \"HALF\", of = \"PACKED\" }
business_date = \"V21\"
";

fn compile(meaning: Option<&str>) -> Option<Arc<Layout>> {
    let copybook = Copybook::parse(CopybookText {
        file: "fuzz.cpy",
        text: COPYBOOK,
    })
    .ok()?;
    let meaning = meaning
        .map(|toml| Meaning::parse("fuzz.toml", toml))
        .transpose()
        .ok()?;
    Layout::compile(&copybook, meaning.as_ref(), &LayoutOptions::default()).ok()
}

static LAYOUTS: LazyLock<[Arc<Layout>; 2]> = LazyLock::new(|| {
    [None, Some(MEANING)]
        .map(|meaning| compile(meaning).expect("the copybook and its meaning are right"))
});

const KEEP: JsonOptions = JsonOptions {
    invalid: Invalid::Keep,
    residue: parsers::json::ShowResidue::Raw,
};

/// Any record: kept faults and residue give it back; so do values where all of it decodes.
fn comes_back(layout: &Layout, record: &[u8]) {
    let mut json = Vec::new();
    layout
        .write_json_with(record, &KEEP, &mut json)
        .expect("kept faults are no errors");
    let again = layout.read_json(&json);
    assert_eq!(
        again.as_deref(),
        Ok(record),
        "{}",
        String::from_utf8_lossy(&json)
    );
    let valid = layout.validate(record).is_ok();
    match layout.decode(record) {
        Ok(decoded) => {
            assert!(valid);
            assert_eq!(layout.encode(&decoded).as_deref(), Ok(record));
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
    match Copybook::parse(CopybookText {
        file: "any.cpy",
        text: &text,
    }) {
        Ok(copybook) => {
            if let Ok(layout) = Layout::compile(&copybook, None, &LayoutOptions::default()) {
                let _ = layout.listing();
                if layout.max_len() <= 4096 {
                    comes_back(&layout, &vec![0xf1; layout.max_len()]);
                    comes_back(&layout, &vec![0x00; layout.min_len()]);
                }
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(
                faults
                    .iter()
                    .all(|fault| fault.line() > 0 && fault.column() > 0)
            );
        }
    }
}

/// Files: the same records or the same error, however they are cut into chunks.
pub(super) fn framing(data: &[u8]) {
    let [format, chunk, file @ ..] = data else {
        return;
    };
    let format = match format % 4 {
        0 => RecordFormat::F {
            len: u32::from(*format),
        },
        1 => RecordFormat::Fb { len: 7 },
        2 => RecordFormat::V,
        _ => RecordFormat::Vb,
    };
    let read = |size: usize| {
        let mut deframer = Deframer::new(format);
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
    assert_eq!(read(usize::MAX), read(usize::from(*chunk)));
    let _ = parsers::frame::explain(format, file);
}

/// Records of a layout with everything in it.
pub(super) fn decode(data: &[u8]) {
    for layout in LAYOUTS.iter() {
        comes_back(layout, data);
    }
}

/// JSON: a record that its own JSON gives back, or an error.
pub(super) fn json(data: &[u8]) {
    for layout in LAYOUTS.iter() {
        if let Ok(record) = layout.read_json(data) {
            comes_back(layout, &record);
        }
    }
}

/// Meaning files: a layout that gives records back, or faults.
pub(super) fn meaning(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let copybook = Copybook::parse(CopybookText {
        file: "fuzz.cpy",
        text: COPYBOOK,
    })
    .expect("it is right");
    match Meaning::parse("any.toml", &text) {
        Ok(meaning) => {
            if let Ok(layout) =
                Layout::compile(&copybook, Some(&meaning), &LayoutOptions::default())
            {
                comes_back(&layout, &vec![0xf1; layout.max_len()]);
                comes_back(&layout, &vec![0x40; layout.min_len()]);
            }
        }
        Err(faults) => assert!(!faults.is_empty()),
    }
}
