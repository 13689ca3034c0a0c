//! `figway copybook decode --to parquet`, read back by the parquet crate.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::path::Path;

use figway::terminal::Terminal;

const COPYBOOK: &str = "       01  LOT.
           05  LOT-ID            PIC X(4).
           05  QTY               PIC S9(5)V99 COMP-3.
           05  MADE-ON           PIC 9(8).
           05  TEST-COUNT        PIC 9.
           05  TEST OCCURS 0 TO 3 DEPENDING ON TEST-COUNT.
               10  CODE-OF       PIC X(3).
";
const MEANING: &str = "version = 1\nfields.MADE-ON = { date = \"YYYYMMDD\", null = \"zeros\" }\n";

/// Runs a command in a folder; gives its exit code and what it said on standard error.
fn run(command: &str, folder: &Path) -> (u8, String) {
    let (terminal, written) = Terminal::captured(folder);
    let code = figway::run(
        command.split(' ').map(str::to_owned).collect::<Vec<_>>(),
        terminal,
    );
    (code, written.texts().1)
}

/// A folder with a copybook and records `00000`, `00001`, ... of it in `lots.dat`.
fn lots(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("LOT.cpy"), COPYBOOK).unwrap();
    std::fs::write(at("LOT.meaning.toml"), MEANING).unwrap();
    let mut json = String::new();
    for number in 0..count {
        let made = if number % 2 == 0 {
            "null"
        } else {
            "\"2026-11-22\""
        };
        let tests = [r#"{"CODE-OF":"ASH"}"#, r#"{"CODE-OF":"PH"}"#];
        let tests = tests.get(..number % 3).unwrap();
        writeln!(
            json,
            r#"{{"LOT-ID":"L{}","QTY":-{number}.50,"MADE-ON":{made},"TEST-COUNT":{},"TEST":[{}]}}"#,
            number % 1000,
            tests.len(),
            tests.join(",")
        )
        .unwrap();
    }
    std::fs::write(at("lots.jsonl"), json).unwrap();
    let (code, said) = run(
        "copybook encode LOT.cpy lots.jsonl -o lots.dat",
        folder.path(),
    );
    assert_eq!(code, 0, "{said}");
    folder
}

#[cfg(feature = "arrow")]
mod with {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    fn rows(file: &Path) -> Vec<String> {
        let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| row.unwrap().to_string()).collect()
    }

    #[test]
    fn records_are_rows_in_their_order() {
        // More than a batch of rows and several batches of bytes.
        let folder = lots(30_000);
        let (code, said) = run(
            "copybook decode LOT.cpy lots.dat --to parquet -o lots.parquet",
            folder.path(),
        );
        assert_eq!((code, said.trim()), (0, "30,000 records decoded"));
        let rows = rows(&folder.path().join("lots.parquet"));
        assert_eq!(rows.len(), 30_000);
        for (number, row) in rows.iter().enumerate() {
            assert!(row.contains(&format!("QTY: -{number}.50")), "{row}");
        }
        insta::assert_snapshot!(rows.get(29_998..).unwrap().join("\n"), @r#"
{LOT-ID: "L998", QTY: -29998.50, MADE-ON: null, TEST-COUNT: 1, TEST: [{CODE-OF: "ASH"}]}
{LOT-ID: "L999", QTY: -29999.50, MADE-ON: 2026-11-22, TEST-COUNT: 2, TEST: [{CODE-OF: "ASH"}, {CODE-OF: "PH"}]}
"#);
    }

    #[test]
    fn a_record_that_does_not_decode_is_named_as_for_json() {
        let folder = lots(5);
        let data = folder.path().join("lots.dat");
        let mut bytes = std::fs::read(&data).unwrap();
        // BDW, RDW, LOT-ID, then QTY of the first record.
        bytes[12] = 0xFA;
        std::fs::write(&data, bytes).unwrap();
        let to = |words: &str| {
            run(
                &format!("copybook decode LOT.cpy lots.dat {words}"),
                folder.path(),
            )
        };
        let (code, said) = to("--to parquet -o lots.parquet");
        assert_eq!(
            (code, &said),
            (
                to("--to json -o lots.json").0,
                &to("--to json -o lots.json").1
            )
        );
        assert!(code != 0 && said.contains("record 1 at byte "), "{said}");
        assert!(!folder.path().join("lots.parquet").exists());

        let (code, said) = to("--to parquet --lenient -o lots.parquet");
        assert_eq!(code, 0, "{said}");
        assert!(
            said.contains("1 field of 1 record did not decode"),
            "{said}"
        );
        let rows = rows(&folder.path().join("lots.parquet"));
        assert_eq!(rows.len(), 5);
        assert!(rows.first().unwrap().contains("QTY: null"), "{rows:?}");
    }
}

#[cfg(not(feature = "arrow"))]
#[test]
fn without_the_feature_it_says_how_to_have_it() {
    let folder = lots(1);
    let (code, said) = run(
        "copybook decode LOT.cpy lots.dat --to parquet -o lots.parquet",
        folder.path(),
    );
    assert_ne!(code, 0);
    assert!(
        said.contains("this figway was built without Parquet: build with `--features arrow`"),
        "{said}"
    );
    assert!(!folder.path().join("lots.parquet").exists());
}
