//! The company's files, read back: what a stranger with the copybook finds in them.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::process::Command;

use demo::company::{Company, DataSet, Scale};
use demo::expect;
use demo::fault::Fault;
use demo::unload::Unload;
use parsers::{Deframer, FrameError};

const COMPANY: Company = Company {
    seed: 42,
    scale: Scale::SMALL,
};

fn file(set: DataSet, generation: u32, fault: Option<Fault>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = Unload::new(COMPANY, set, generation, fault)
        .unwrap()
        .write(&mut bytes, |_| ())
        .unwrap();
    assert_eq!(written.bytes, bytes.len() as u64);
    bytes
}

fn records(set: DataSet, file: &[u8]) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut deframer = Deframer::new(set.record_format());
    let mut records = Vec::new();
    for chunk in file.chunks(1000) {
        deframer.push(chunk);
        while let Some(framed) = deframer.next()? {
            records.push(framed.bytes.to_vec());
        }
    }
    deframer.finish()?;
    Ok(records)
}

#[test]
fn every_record_decodes_encodes_and_is_as_long_as_its_copybook_says() {
    for set in DataSet::ALL {
        let layout = set.layout().unwrap();
        for generation in 1..4 {
            let records = records(set, &file(set, generation, None)).unwrap();
            assert_eq!(
                records.len(),
                COMPANY.records(set, generation).count() + 1,
                "{set:?}: the trailer is one more"
            );
            for record in &records {
                assert!((layout.min_len()..=layout.max_len()).contains(&record.len()));
                let values = layout.decode(record).unwrap();
                assert!(values.residue.is_empty(), "{set:?}: {:?}", values.residue);
                assert_eq!(&layout.encode(&values).unwrap(), record);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for set in DataSet::ALL {
        assert_eq!(file(set, 2, None), file(set, 2, None));
        let other = Company {
            seed: 43,
            ..COMPANY
        };
        let mut bytes = Vec::new();
        Unload::new(other, set, 2, None)
            .unwrap()
            .write(&mut bytes, |_| ())
            .unwrap();
        assert_ne!(bytes, file(set, 2, None));
    }
}

#[test]
fn a_record_has_the_bytes_that_the_copybook_and_the_code_page_say() {
    let first = COMPANY.records(DataSet::Order, 1).next().unwrap();
    let said = expect::record(&first);
    for part in [
        r#""order_number":7000000001"#,
        r#""name":"Löwen-Apotheke Köln""#,
        r#""placed_on":20744,"placed_at":160803,"requested_on":20764,"shipped_on":null"#,
        r#""total":10591956.16,"discount_percent":0.00,"line_count":3"#,
    ] {
        assert!(said.contains(part), "{said}");
    }
    // The bytes by hand from the copybook and the code page's table, not by the encoder.
    let bytes = records(DataSet::Order, &file(DataSet::Order, 1, None))
        .unwrap()
        .remove(0);
    let check = |range: std::ops::Range<usize>, wanted: &str| {
        let hex: String = bytes[range]
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        assert_eq!(hex, wanted.replace(' ', ""));
    };
    check(0..1, "D6");
    check(1..11, "F7 F0 F0 F0 F0 F0 F0 F0 F0 F1");
    check(
        19..39,
        "D3 CC A6 85 95 60 C1 97 96 A3 88 85 92 85 40 D2 CC 93 95 40",
    );
    check(98..106, "F2 F0 F2 F6 F1 F0 F1 F8"); // 20744 is 2026-10-18
    check(112..116, "12 61 10 7C"); // 20764 is 2026-11-07
    check(116..120, "00 00 00 0C");
    check(123..130, "00 01 05 91 95 61 6C");
    check(130..135, "F0 F0 F0 F0 C0");
    check(135..137, "F0 F3");
    check(137..153, "00 0A C6 C7 F0 F0 F0 F0 F0 F5 F4 40 00 02 75 8C");
}

#[test]
fn faults_are_where_they_are_said_to_be() {
    for set in DataSet::ALL {
        let layout = set.layout().unwrap();
        for (fault, spot) in [
            (Fault::DamagedBody { every: 7 }, set.number()),
            (Fault::DamagedKey { every: 7 }, set.key_number()),
        ] {
            let all = records(set, &file(set, 1, Some(fault))).unwrap();
            for (n, record) in all.iter().take(all.len() - 1).enumerate() {
                let error = layout.decode(record).err();
                assert_eq!(
                    error.is_some(),
                    n % 7 == 0,
                    "{set:?} {fault:?} {n}: {error:?}"
                );
                if let Some(error) = error {
                    assert_eq!(error.path(), spot.field);
                    assert_eq!(error.offset(), Some(spot.offset));
                    let keyed = layout.write_key(record, &mut Vec::new()).is_ok();
                    assert_eq!(keyed, fault == Fault::DamagedBody { every: 7 });
                }
            }
        }
    }
}

#[test]
fn broken_files_do_not_divide_into_records() {
    let folder = tempfile::tempdir().unwrap();
    for set in DataSet::ALL {
        let unload = Unload::new(COMPANY, set, 1, Some(Fault::Cut)).unwrap();
        let (path, written) = unload.write_into(folder.path(), |_| ()).unwrap();
        assert!(path.ends_with(set.file_name(1)));
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(written.bytes, bytes.len() as u64);
        records(set, &bytes).unwrap_err();
        assert!(file(set, 1, Some(Fault::Empty)).is_empty());
        let wrong = records(set, &file(set, 1, Some(Fault::WrongFormat)));
        let layout = set.layout().unwrap();
        let reads =
            wrong.is_ok_and(|records| records.iter().all(|record| layout.decode(record).is_ok()));
        assert!(
            !reads,
            "{set:?}: the wrong format reads as if it were right"
        );
    }
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().ends_with(".part")),
        "{left:?}"
    );
}

#[test]
fn a_large_data_set_is_told_of_on_its_way_and_has_the_size_it_must() {
    // The same call with 1,000,000 orders is what speed and memory are measured with: nothing of it is kept.
    let company = Company {
        seed: 7,
        scale: Scale::of_orders(20_000),
    };
    let mut told = Vec::new();
    let unload = Unload::new(company, DataSet::Order, 1, None).unwrap();
    let written = unload
        .write(&mut std::io::sink(), |done| told.push(done))
        .unwrap();
    assert_eq!((written.records, written.bytes), (20_000, 20_001 * 300));
    assert_eq!(told, [4096, 8192, 12_288, 16_384, 20_000]);
}

#[test]
fn sizes_and_offsets_are_those_gnucobol_computes() {
    let folder = tempfile::tempdir().unwrap();
    for set in DataSet::ALL {
        let layout = set.layout().unwrap();
        std::fs::write(folder.path().join("BOOK.cpy"), set.copybook()).unwrap();
        // Not the record itself: 3.1's LENGTH of a group around an OCCURS DEPENDING ON is not a size of that group.
        let root = layout.name();
        let named = || {
            layout
                .fields()
                .filter(|field| !field.is_filler() && field.name() != root)
        };
        let mut program = String::from(
            "       IDENTIFICATION DIVISION.\n       PROGRAM-ID. OFFSETS.\n       DATA DIVISION.\n       WORKING-STORAGE SECTION.\n       01  P-AREA.\n           05  P POINTER.\n           05  N REDEFINES P PIC S9(18) COMP-5.\n       01  B PIC S9(18) COMP-5.\n       01  D PIC 9(9).\n       01  L PIC 9(9).\n       COPY \"BOOK.cpy\".\n       PROCEDURE DIVISION.\n",
        );
        program.push_str(&format!(
            "           SET P TO ADDRESS OF {root}\n           MOVE N TO B.\n"
        ));
        if set == DataSet::Lot {
            program.push_str("           MOVE 40 TO LOT-RESULT-COUNT.\n");
        }
        let mut ours = Vec::new();
        for field in named() {
            // A field below a table needs a subscript per table; all of ours are one table deep at most.
            let in_table = field.occurs().is_some()
                || field.parent_id().is_some_and(|parent| {
                    layout
                        .fields()
                        .any(|f| f.id() == parent && f.occurs().is_some())
                });
            let name = if in_table {
                format!("{} (1)", field.name())
            } else {
                field.name().to_owned()
            };
            program.push_str(&format!(
                "           SET P TO ADDRESS OF {name}\n           COMPUTE D = N - B\n           MOVE LENGTH OF {name}\n             TO L\n           DISPLAY \"{}\" \" \" D \" \" L.\n",
                field.name()
            ));
            ours.push(format!(
                "{} {:09} {:09}",
                field.name(),
                field.offset(),
                field.len()
            ));
        }
        program.push_str("           STOP RUN.\n");
        std::fs::write(folder.path().join("OFFSETS.cob"), program).unwrap();
        let compiled = Command::new("cobc")
            .args(["-x", "-std=ibm", "OFFSETS.cob", "-o", "offsets"])
            .current_dir(folder.path())
            .output();
        let Ok(compiled) = compiled else {
            println!("cobc not found: not run");
            return;
        };
        assert!(
            compiled.status.success(),
            "{}",
            String::from_utf8_lossy(&compiled.stderr)
        );
        let output = Command::new(folder.path().join("offsets"))
            .output()
            .unwrap();
        let theirs: Vec<String> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        assert_eq!(ours, theirs, "{set:?}");
        assert!(ours.len() > 25);
    }
}
