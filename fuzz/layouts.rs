//! The layouts that the checks are made with: one with everything in it, its meanings, and others beside it.

use std::sync::{Arc, LazyLock};

use parsers::{Copybook, CopybookText, Layout, LayoutOptions, Meaning};

/// A layout with every usage, views with and without rules, tables and a counted one.
pub(super) const COPYBOOK: &str = "\
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

pub(super) const MEANING: &str = "\
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

/// Records below others, told by the first byte.
pub(super) const PARENTS: &str = "\
version = 1
[record_types.lot]
when = { KIND = \"A\" }
[record_types.test]
when = { KIND = \"B\" }
parent = \"lot\"
list = \"tests\"
[record_types.value]
when = { KIND = \"C\" }
parent = \"test\"
[record_types.note]
when = { KIND = [\"D\", \"E\"] }
parent = \"lot\"
[record_types.other]
when = { KIND = \"F\" }
";

pub(super) fn compile(meaning: Option<&str>) -> Option<Arc<Layout>> {
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

pub(super) static LAYOUTS: LazyLock<[Arc<Layout>; 2]> = LazyLock::new(|| {
    [None, Some(MEANING)]
        .map(|meaning| compile(meaning).expect("the copybook and its meaning are right"))
});

/// Copybooks with meanings: the one with everything in it, and the others.
pub(super) static COPYBOOKS: LazyLock<Vec<(Copybook, Option<Meaning>)>> = LazyLock::new(|| {
    let first = std::iter::once((COPYBOOK, ""));
    let made = first.chain(OTHERS).map(|(text, rest)| {
        let copybook = Copybook::parse(CopybookText {
            file: "fuzz.cpy",
            text,
        });
        let toml = format!("version = 1\n{rest}");
        let meaning = (!rest.is_empty()).then(|| Meaning::parse("fuzz.toml", &toml));
        let meaning = meaning.transpose().expect("it is right");
        (copybook.expect("it is right"), meaning)
    });
    made.collect()
});

/// All of them under the default options.
pub(super) static ALL: LazyLock<Vec<Arc<Layout>>> = LazyLock::new(|| {
    let others = COPYBOOKS.iter().skip(1).map(|(copybook, meaning)| {
        Layout::compile(copybook, meaning.as_ref(), &LayoutOptions::default())
            .expect("copybook and meaning fit")
    });
    LAYOUTS.iter().cloned().chain(others).collect()
});

/// What single shapes want that stand in each other's way in one copybook.
const OTHERS: [(&str, &str); 11] = [
    // A table in a table, both counted, and an edited field.
    (
        "       01  R.\n           05  N  PIC 9.\n           05  A OCCURS 0 TO 3 DEPENDING ON N.\n               10  M PIC 9.\n               10  B OCCURS 1 TO 4 DEPENDING ON M PIC S9(3) COMP-3.\n           05  C  PIC ZZ9.99-.\n           05  D  PIC X(3).\n",
        "",
    ),
    // The rarer usages.
    (
        "       01  R.\n           05  A  PIC N(3).\n           05  B  PIC U(2).\n           05  C  PIC X(4) JUSTIFIED.\n           05  D  PIC 9(4) COMP-6.\n           05  E  PIC 9(5) COMP-X.\n           05  F  PIC SVPP99.\n           05  G  POINTER.\n           05  H  PIC 9(3)PPP COMP-3.\n           05  I  PIC +9.9(2)E+99.\n",
        "",
    ),
    // Rows of one table, and of two in one file.
    (
        "LOAD DATA INDDN SYSREC EBCDIC CCSID(37,0,0) INTO TABLE P.T (A POSITION(1:4) INTEGER, B POSITION(5) VARCHAR, I POSITION(*) CHAR(1), C POSITION(*) VARCHAR NULLIF(I)=X'FF', D POSITION(*) DECIMAL(5,2), E POSITION(*) CHAR(3))",
        "",
    ),
    (
        "LOAD DATA INTO TABLE P.A WHEN(1:1)=X'01' (A POSITION(2:5) CHAR(4), B POSITION(6:13) VARCHAR NULLIF(14)='?', C POSITION(15:18) DECIMAL NULLIF(19)='?') INTO TABLE P.B WHEN(1:1)=X'02' (D POSITION(2) VARCHAR)",
        "",
    ),
    // Tables without a name, counted: by a field, by a field of one of them.
    (
        "       01  R.\n           05  C  PIC 9.\n           05  FILLER OCCURS 1 TO 3 DEPENDING ON C.\n               10  FILLER  PIC X.\n               10  A  PIC S9(3) COMP-3.\n           05  B  PIC X(2).\n           05  FILLER OCCURS 0 TO 4 DEPENDING ON C PIC 9(2).\n",
        "",
    ),
    // A counter in a view; a table whose place is redefined.
    (
        "       01  R.\n           05  A.\n               10  C  PIC 9(2).\n               10  D  PIC 9.\n           05  B REDEFINES A PIC X(3).\n           05  T OCCURS 0 TO 3 DEPENDING ON C.\n               10  T1  PIC 9(2).\n               10  T2 REDEFINES T1 PIC S9(3) COMP-3.\n           05  E  PIC X(4).\n           05  F REDEFINES E.\n               10  F1 OCCURS 1 TO 4 DEPENDING ON D PIC X.\n",
        "",
    ),
    // Counters that may be null, before and between what they count.
    (
        "       01  R.\n           05  C  PIC S9(3) COMP-3.\n           05  T OCCURS 0 TO 3 DEPENDING ON C PIC X.\n           05  D  PIC 9.\n           05  U OCCURS 0 TO 2 DEPENDING ON D.\n               10  U1  PIC 9(2).\n           05  Z  PIC X.\n",
        "[fields]\nC = { null = \"zeros\" }\nD = { null = [\"spaces\", \"1\"] }\n",
    ),
    // Groups of one name, tables of one name.
    (
        "       01  R.\n           05  A.\n               10  X  PIC 9(2).\n               10  T OCCURS 2 PIC S9 COMP-3.\n           05  A.\n               10  X  PIC 9(2).\n               10  T OCCURS 2 PIC S9 COMP-3.\n           05  FILLER.\n               10  X  PIC X.\n           05  X  PIC X.\n",
        "",
    ),
    // Views that a later field chooses, in a table and at the end of the record; one of them null.
    (
        "       01  R.\n           05  T OCCURS 2.\n               10  A  PIC X(3).\n               10  B REDEFINES A PIC S9(5) COMP-3.\n               10  K  PIC X.\n           05  Q  PIC X.\n           05  L.\n               10  V  PIC X(2).\n               10  W REDEFINES V.\n                   15  W1  PIC 9(3).\n                   15  W2  PIC N(2).\n",
        "[redefines.A]\nA = { K = \"A\" }\nB = { K = [\"B\", \"C\"] }\n[redefines.V]\nW = { Q = \"W\" }\nelse = \"V\"\n[fields]\nA = { null = \"spaces\" }\nB = { null = \"zeros\" }\nQ = { null = \"low-values\" }\n",
    ),
    // Views without rules, all of which may be null.
    (
        "       01  R.\n           05  A  PIC S9(3) COMP-3.\n           05  B REDEFINES A PIC S9(3) SIGN LEADING.\n           05  Z  PIC X.\n           05  G.\n               10  D  PIC X(8).\n               10  E REDEFINES D PIC 9(8).\n               10  F REDEFINES D PIC X(2).\n",
        "[fields]\nA = { null = \"zeros\" }\nD = { null = [\"spaces\", \"low-values\"] }\nE = { date = \"YYYYMMDD\", null = \"99991231\" }\n",
    ),
    // Dates, times, flags, names.
    (
        "       01  R.\n           05  A  PIC 9(8).\n           05  B  PIC S9(7) COMP-3.\n           05  C  PIC X(26).\n           05  D  PIC X(8).\n           05  E  PIC X.\n               88  IS-Y  VALUE 'Y' 'J'.\n               88  IS-N  VALUE 'N'.\n           05  F  PIC 9(3).\n               88  FEW  VALUE 1 THRU 5.\n               88  ONE  VALUE 1.\n           05  G  PIC 9(6).\n           05  H  PIC X(4).\n",
        "[fields]\nA = { date = \"YYYYMMDD\", null = [\"zeros\", \"99991231\"] }\nB = { date = \"CYYMMDD\", null = \"zeros\" }\nC = { timestamp = \"YYYY-MM-DD-HH.MM.SS.FFFFFF\", null = \"spaces\" }\nD = { timestamp = \"STCK\", null = \"low-values\" }\nG = { time = \"HHMMSS\" }\nH = { binary = true }\n",
    ),
];
