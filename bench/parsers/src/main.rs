//! How many MB of records a CPU-second turns into JSON and Avro, and back, beside what the machine could do at all.
//!
//! Three shapes: many zoned and text fields (200 B), many packed ones (138 B), RDWs with an OCCURS DEPENDING ON. Each
//! figure is the best of several: other work on the machine only ever makes it slower. The last column is how much
//! faster two threads are than one, by CPU time: wall time on a shared machine tells nothing.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement for people"
)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use parsers::batch::{self, Batch, Workers};
use parsers::frame::write_record;
use parsers::json::{JsonOptions, ShowResidue};
use parsers::schema::{Avro, AvroOptions};
use parsers::{
    Copybook, CopybookText, Decimal, Deframer, FrameError, Framed, Group, Layout, LayoutOptions,
    Meaning, Record, RecordFormat, Value,
};
use rustix::time::{ClockId, clock_gettime};

fn layout(entries: &str) -> Arc<Layout> {
    let text: String = entries
        .lines()
        .map(|line| format!("       {}\n", line.trim_start()))
        .collect();
    let copybook = Copybook::parse(CopybookText {
        file: "rate.cpy",
        text: &text,
    })
    .unwrap();
    let meaning = Meaning::parse("rate.meaning.toml", "version = 1\nkey = [\"ID\"]\n").unwrap();
    Layout::compile(&copybook, Some(&meaning), &LayoutOptions::default()).unwrap()
}

/// 20 fields of text and zoned numbers, 200 bytes.
fn display_heavy() -> Arc<Layout> {
    let mut text =
        "01 R.\n05 ID PIC 9(10).\n05 NAME PIC X(30).\n05 STREET PIC X(30).\n05 CITY PIC X(20).\n"
            .to_owned();
    for n in 1..=5 {
        writeln!(text, "05 AMOUNT-{n} PIC S9(9)V99.\n05 CODE-{n} PIC X(4).").unwrap();
    }
    text += "05 OPENED PIC 9(8).\n05 COUNTRY PIC X(2).\n05 STATUS PIC X.\n05 RATE PIC 9(3)V9(4).\n05 NOTE PIC X(17).\n";
    layout(&text)
}

/// 22 packed numbers and a key, 138 bytes.
fn packed_heavy() -> Arc<Layout> {
    let mut text = "01 R.\n05 ID PIC X(10).\n".to_owned();
    for n in 1..=16 {
        writeln!(text, "05 AMOUNT-{n} PIC S9(9)V99 COMP-3.").unwrap();
    }
    for n in 1..=6 {
        writeln!(text, "05 COUNT-{n} PIC S9(5) COMP-3.").unwrap();
    }
    text += "05 TOTAL PIC S9(13)V99 COMP-3.\n05 DAY-1 PIC 9(7) COMP-3.\n05 STATE-1 PIC X(2).\n";
    layout(&text)
}

/// A header and 0 to 20 occurrences of 21 bytes.
fn odo() -> Arc<Layout> {
    layout(
        "01 R.\n05 ID PIC X(12).\n05 N PIC 9(3) COMP-3.\n05 MADE-ON PIC 9(8).\n05 PLANT PIC X(4).\n\
         05 T OCCURS 0 TO 20 TIMES DEPENDING ON N.\n10 TEST PIC X(6).\n10 RESULT PIC S9(7)V9(4) COMP-3.\n\
         10 UNIT PIC X(4).\n10 DONE-BY PIC 9(4).\n10 OK PIC X.",
    )
}

/// A record with plausible values, different for each number.
fn record(layout: &Layout, number: u32) -> Vec<u8> {
    fn fill(layout: &Layout, group: Option<&parsers::Field>, seed: &mut u32) -> Group {
        let mut values = Group::new();
        for field in layout.members(group) {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let random = *seed >> 8;
            let one = |seed: &mut u32| match field.kind() {
                parsers::FieldKind::Group => Value::Group(fill(layout, Some(field), seed)),
                parsers::FieldKind::Text { chars } => {
                    let most = (chars as usize).min(24);
                    let words = format!("FIGWAY {random:08X} LIMITED COMPANY");
                    Value::Text(
                        words
                            .chars()
                            .take(most * 2 / 3 + 1)
                            .collect::<String>()
                            .trim_end()
                            .to_owned(),
                    )
                }
                parsers::FieldKind::Number {
                    digits,
                    scale,
                    signed,
                    ..
                } => {
                    let limit = 10i128.pow(u32::from(digits.min(9)));
                    let sign = if signed && random.is_multiple_of(4) {
                        -1
                    } else {
                        1
                    };
                    Value::Number(Decimal::new(
                        sign * (i128::from(random) * 37 % limit),
                        scale,
                    ))
                }
                _ => Value::Null,
            };
            match (field.name(), field.occurs()) {
                ("N", _) => {}
                (_, None) => values.set(field.label(), one(seed)),
                (_, Some(occurs)) => {
                    let items: Vec<Value> =
                        (0..random % (occurs.max + 1)).map(|_| one(seed)).collect();
                    values.set("N", Value::Number(Decimal::new(items.len() as i128, 0)));
                    values.set(field.label(), Value::Array(items));
                }
            }
        }
        values
    }
    layout
        .encode(&Record::from(fill(layout, None, &mut (number + 1))))
        .unwrap()
}

/// Seconds of CPU this thread has had: other work on the machine then matters less. To the nanosecond; what stands
/// below `/proc` for a running thread is only as new as the last tick of the scheduler.
fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn best(bytes: usize, mut run: impl FnMut()) -> f64 {
    let mut best = 0f64;
    for _ in 0..9 {
        let start = cpu_seconds();
        run();
        best = best.max(bytes as f64 / 1e6 / (cpu_seconds() - start));
    }
    best
}

/// Bytes of each file, at least.
const FILE: usize = 48 << 20;

fn main() {
    let shapes = [
        (
            "DISPLAY, 200 B",
            display_heavy(),
            RecordFormat::Fb { len: 200 },
        ),
        (
            "COMP-3, 138 B",
            packed_heavy(),
            RecordFormat::Fb { len: 138 },
        ),
        ("RDW and ODO", odo(), RecordFormat::V),
    ];
    println!(
        "{:<16}{:>8}{:>12}{:>8}{:>8}{:>11}{:>11}{:>16}{:>16}{:>11}",
        "MB/CPU-s",
        "JSON",
        "no residue",
        "Avro",
        "key",
        "JSON back",
        "translate",
        "JSON/translate",
        "Avro/translate",
        "2 threads"
    );
    for (name, layout, format) in &shapes {
        let mut some = Vec::new();
        for number in 0..20_000 {
            write_record(*format, &record(layout, number), &mut some).unwrap();
        }
        // Large enough that starting threads and first touching memory do not count.
        let file = some.repeat(FILE.div_ceil(some.len()));
        let measured = Measured::of(layout, *format, &file);
        println!(
            "{name:<16}{:>8.0}{:>12.0}{:>8.0}{:>8.0}{:>11.0}{:>11.0}{:>16.2}{:>16.2}{:>11.2}",
            measured.json,
            measured.plain,
            measured.avro,
            measured.key,
            measured.back,
            measured.bound,
            measured.json / measured.bound,
            measured.avro / measured.bound,
            measured.two_threads,
        );
    }
}

struct Measured {
    json: f64,
    plain: f64,
    avro: f64,
    key: f64,
    back: f64,
    bound: f64,
    two_threads: f64,
}

/// Every record of the file, through a deframer as a reader would have it.
fn each_record(format: RecordFormat, file: &[u8], each: &mut dyn FnMut(parsers::Framed<'_>)) {
    let mut deframer = Deframer::new(format);
    for chunk in file.chunks(1 << 16) {
        deframer.push(chunk);
        while let Some(record) = deframer.next().unwrap() {
            each(record);
        }
    }
    deframer.finish().unwrap();
}

impl Measured {
    fn of(layout: &Layout, format: RecordFormat, file: &[u8]) -> Measured {
        let run = |each: &mut dyn FnMut(&[u8])| {
            each_record(format, file, &mut |record| each(record.bytes));
        };
        let mut out = Vec::with_capacity(1 << 20);
        let mut through = |convert: &dyn Fn(&[u8], &mut Vec<u8>)| {
            best(file.len(), || {
                run(&mut |record| {
                    if out.len() > 1 << 19 {
                        black_box(&out);
                        out.clear();
                    }
                    convert(record, &mut out);
                });
            })
        };
        let mut to_json = |options: JsonOptions| {
            through(&|record, out| {
                layout.write_json_with(record, &options, out).unwrap();
                out.push(b'\n');
            })
        };
        let json = to_json(JsonOptions::default());
        let plain = to_json(JsonOptions {
            residue: ShowResidue::Omit,
            ..JsonOptions::default()
        });
        let avro = Avro::new(layout, &AvroOptions::default());
        let avro = through(&|record, out| avro.write(layout, record, out).unwrap());
        let key = best(file.len(), || {
            let mut key = Vec::new();
            run(&mut |record| {
                key.clear();
                layout.write_key(record, &mut key).unwrap();
                black_box(&key);
            });
        });
        Measured {
            json,
            plain,
            avro,
            key,
            back: back(layout, &run),
            bound: bound(layout, file),
            two_threads: two_threads(layout, format, file),
        }
    }
}

/// JSON to records, in MB of records.
fn back(layout: &Layout, run: &dyn Fn(&mut dyn FnMut(&[u8]))) -> f64 {
    let mut lines = Vec::new();
    run(&mut |record| {
        if lines.len() < 4000 {
            let mut json = Vec::new();
            layout.write_json(record, &mut json).unwrap();
            lines.push(json);
        }
    });
    let bytes = lines
        .iter()
        .map(|line| layout.read_json(line).unwrap().len())
        .sum();
    best(bytes, || {
        for line in &lines {
            black_box(layout.read_json(line).unwrap());
        }
    })
}

/// A 256-byte table over every byte: what turning EBCDIC into ASCII costs if nothing else is done.
fn bound(layout: &Layout, file: &[u8]) -> f64 {
    let page = layout.code_page();
    let table: Vec<u8> = (0..=255)
        .map(|byte| u8::try_from(page.decode(byte)).unwrap_or(b'?'))
        .collect();
    let mut translated = vec![0; file.len()];
    best(file.len(), || {
        for (to, from) in translated.iter_mut().zip(file) {
            *to = table.get(usize::from(*from)).copied().unwrap_or(0);
        }
        black_box(&translated);
    })
}

/// How much faster two threads convert the whole file than one does everything, with two cores and nothing else on
/// them: the CPU time of one over that of the busiest thread, or over half of all of theirs.
fn two_threads(layout: &Layout, format: RecordFormat, file: &[u8]) -> f64 {
    let (mut alone, mut together) = (0.0, 0.0);
    for _ in 0..9 {
        let (one, ..) = converted(layout, format, file, 1);
        let (mine, theirs) = converted(layout, format, file, 2);
        let all = mine + theirs.iter().sum::<f64>();
        let busiest = theirs.into_iter().fold(mine, f64::max);
        alone += one;
        together += busiest.max(all / 2.0);
    }
    alone / together
}

/// CPU seconds of this thread and of each that converted.
fn converted(
    layout: &Layout,
    format: RecordFormat,
    file: &[u8],
    threads: usize,
) -> (f64, Vec<f64>) {
    let mut theirs = HashMap::new();
    let mut deframer = Deframer::new(format);
    let mut chunks = file.chunks(1 << 16);
    let mut fill = |batch: &mut Batch| {
        loop {
            while let Some(record) = deframer.next()? {
                batch.push(record);
                if batch.is_full() {
                    return Ok(true);
                }
            }
            match chunks.next() {
                Some(chunk) => deframer.push(chunk),
                None => return Ok::<bool, FrameError>(false),
            }
        }
    };
    let before = cpu_seconds();
    let mut looking = 0.0;
    let failed = batch::convert(
        Workers::new(threads),
        &mut fill,
        &|record: Framed<'_>, out: &mut Vec<u8>| layout.write_json(record.bytes, out),
        &mut |part: &[u8], _| {
            black_box(part);
            // The last part comes when its thread has nothing more to do, and is still there.
            let start = cpu_seconds();
            others(&mut theirs);
            looking += cpu_seconds() - start;
            Ok(())
        },
    );
    assert!(failed.unwrap().is_none());
    let mine = cpu_seconds() - before - looking;
    (mine, theirs.into_values().collect())
}

/// CPU seconds of every thread of the process but this one.
fn others(seconds: &mut HashMap<OsString, f64>) {
    let me = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    for task in std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let spent = text
            .split_whitespace()
            .next()
            .and_then(|ns| ns.parse::<u64>().ok());
        if let (Some(ns), false) = (spent, me.file_name() == Some(&task.file_name())) {
            seconds.insert(task.file_name(), ns as f64 / 1e9);
        }
    }
}
