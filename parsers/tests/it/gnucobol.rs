//! Random copybooks, judged by GnuCOBOL: offsets, sizes, and the bytes that a MOVE leaves in each field.
//!
//! `FIGWAY_DIFFERENTIAL_CASES` asks for more records than the usual 300, `FIGWAY_DIFFERENTIAL_SEED` for others.
//! `docs/gnucobol-differences.md` says where the two differ on purpose; such copybooks are not generated.

mod compare;
mod copybook;
mod fields;
mod judge;
mod random;
mod views;

use std::path::Path;
use std::process::Command;

use parsers::layout::options::{Dialect, Odo};

use copybook::{Generator, Record};
use random::Random;

/// A way to compile, and what to draw from.
pub(super) struct Setting {
    name: &'static str,
    flags: &'static [&'static str],
    dialect: Dialect,
    odo: Odo,
    usages: &'static [&'static str],
    sync: bool,
    /// OCCURS DEPENDING ON anywhere.
    tables_vary: bool,
    /// One inside another.
    tables_nest: bool,
}

const EVERY_USAGE: &[&str] = &[
    "DISPLAY",
    "DISPLAY",
    "DISPLAY",
    "COMP",
    "BINARY",
    "COMP-4",
    "COMP-5",
    "COMP-3",
    "PACKED-DECIMAL",
    "COMP-6",
    "COMP-X",
    "COMP-1",
    "COMP-2",
    "BINARY-CHAR",
    "BINARY-SHORT",
    "BINARY-LONG",
    "BINARY-DOUBLE",
    "INDEX",
    "POINTER",
];

const SETTINGS: &[Setting] = &[
    Setting {
        name: "default",
        flags: &["-flarger-redefines-ok"],
        dialect: Dialect::GnuCobol,
        odo: Odo::Maximum,
        usages: EVERY_USAGE,
        sync: true,
        tables_vary: false,
        tables_nest: false,
    },
    Setting {
        name: "ibm",
        flags: &["-std=ibm"],
        dialect: Dialect::Ibm,
        odo: Odo::Maximum,
        usages: &[
            "DISPLAY", "COMP", "BINARY", "COMP-4", "COMP-5", "COMP-3", "COMP-1", "COMP-2", "INDEX",
        ],
        sync: true,
        tables_vary: false,
        tables_nest: false,
    },
    Setting {
        name: "mf",
        flags: &["-std=mf", "-flarger-redefines-ok"],
        dialect: Dialect::Mf,
        odo: Odo::Maximum,
        usages: &[
            "DISPLAY", "COMP", "BINARY", "COMP-4", "COMP-5", "COMP-3", "COMP-X", "COMP-1",
            "COMP-2", "INDEX", "POINTER",
        ],
        sync: false,
        tables_vary: false,
        tables_nest: false,
    },
    Setting {
        name: "sliding tables",
        flags: &["-fodoslide", "-flarger-redefines-ok"],
        dialect: Dialect::GnuCobol,
        odo: Odo::Moving,
        usages: EVERY_USAGE,
        sync: false,
        tables_vary: true,
        tables_nest: true,
    },
    Setting {
        name: "mf, sliding tables",
        flags: &["-std=mf", "-fodoslide", "-flarger-redefines-ok"],
        dialect: Dialect::Mf,
        odo: Odo::Moving,
        usages: &["DISPLAY", "COMP", "COMP-5", "COMP-3", "COMP-X", "COMP-2"],
        sync: false,
        tables_vary: true,
        tables_nest: true,
    },
];

/// The most records in one program: compiling costs more than running.
const BATCH: usize = 300;
/// What a run without wishes does.
const CASES: usize = 300;

fn wish(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap())
}

#[test]
fn layouts_are_gnucobols() {
    if Command::new("cobc").arg("--version").output().is_err() {
        println!("not run: cobc is not there");
        return;
    }
    let cases = wish("FIGWAY_DIFFERENTIAL_CASES", CASES as u64) as usize;
    let seed = wish("FIGWAY_DIFFERENTIAL_SEED", 1);
    let mut random = Random::new(seed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gnucobol-{seed}"));
    std::fs::create_dir_all(&folder).unwrap();
    let (mut done, mut fields, mut wrong) = (0, 0, Vec::new());
    // Every setting has its turn, also in a short run.
    let most = cases.div_ceil(SETTINGS.len()).clamp(1, BATCH);
    for batch in 0..cases.div_ceil(most) {
        let setting = &SETTINGS[batch % SETTINGS.len()];
        let records: Vec<Record> = (0..most.min(cases - done))
            .map(|index| {
                let record = Generator::record(&mut random, setting, index);
                views::one_of_each(record, setting, &mut random)
            })
            .collect();
        done += records.len();
        let questions: Vec<_> = records
            .iter()
            .enumerate()
            .flat_map(|(index, record)| judge::questions(index, record))
            .collect();
        fields += questions.len();
        match judge::answers(&folder, setting.flags, &records, &questions) {
            Ok(answers) => {
                for (index, record) in records.iter().enumerate() {
                    let mine = questions.iter().zip(&answers);
                    let mine: Vec<_> = mine.filter(|(asked, _)| asked.record == index).collect();
                    let found = compare::record(setting, record, &mine);
                    if !found.is_empty() {
                        wrong.push(format!(
                            "{}:\n{}{}",
                            setting.name,
                            record.text(),
                            found.join("\n")
                        ));
                    }
                }
            }
            Err(said) => wrong.push(format!("{}: {said}", setting.name)),
        }
    }
    println!(
        "{done} records, {fields} fields, seed {seed}: {} differ",
        wrong.len()
    );
    wrong.sort_by_key(String::len);
    wrong.truncate(12);
    assert!(wrong.is_empty(), "seed {seed}\n{}", wrong.join("\n\n"));
}
