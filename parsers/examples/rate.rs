//! How many MB of records a CPU-second become JSON, on one core, beside what the machine could do at all:
//! `cargo run --release -p parsers --example rate`.
//!
//! Three shapes: many zoned and text fields (200 B), many packed ones (138 B), RDWs with an OCCURS DEPENDING ON.
//! Each is measured several times and the best is shown: other work on the machine only ever makes it slower.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement for people"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use parsers::frame::write_record;
use parsers::json::{JsonOptions, ShowResidue};
use parsers::{
    Copybook, CopybookText, Decimal, Deframer, Group, Layout, LayoutOptions, Meaning, Record,
    RecordFormat, Value,
};

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

/// Seconds of CPU this thread has had, where the system says so: other work on the machine then matters less.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<u64>().ok()? as f64 / 1e9)
}

fn best(bytes: usize, mut run: impl FnMut()) -> f64 {
    let mut best = 0f64;
    for _ in 0..9 {
        let (start, cpu) = (Instant::now(), cpu_seconds());
        run();
        let wall = start.elapsed().as_secs_f64();
        let seconds = cpu
            .and_then(|cpu| Some(cpu_seconds()? - cpu))
            .filter(|cpu| *cpu > 0.0)
            .unwrap_or(wall);
        best = best.max(bytes as f64 / 1e6 / seconds);
    }
    best
}

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
        "{:<16}{:>10}{:>12}{:>12}{:>12}{:>12}",
        "MB/s", "JSON", "no residue", "key", "JSON back", "translate"
    );
    for (name, layout, format) in &shapes {
        let mut file = Vec::new();
        for number in 0..20_000 {
            write_record(*format, &record(layout, number), &mut file).unwrap();
        }
        let run = |each: &mut dyn FnMut(&[u8])| {
            let mut deframer = Deframer::new(*format);
            for chunk in file.chunks(1 << 16) {
                deframer.push(chunk);
                while let Some(record) = deframer.next().unwrap() {
                    each(record.bytes);
                }
            }
            deframer.finish().unwrap();
        };
        let mut out = Vec::with_capacity(1 << 20);
        let mut to_json = |options: JsonOptions| {
            best(file.len(), || {
                run(&mut |record| {
                    if out.len() > 1 << 19 {
                        black_box(&out);
                        out.clear();
                    }
                    layout.write_json_with(record, &options, &mut out).unwrap();
                    out.push(b'\n');
                });
            })
        };
        let json = to_json(JsonOptions::default());
        let plain = to_json(JsonOptions {
            residue: ShowResidue::Omit,
            ..JsonOptions::default()
        });
        let key = best(file.len(), || {
            let mut key = Vec::new();
            run(&mut |record| {
                key.clear();
                layout.write_key(record, &mut key).unwrap();
                black_box(&key);
            });
        });
        let mut lines = Vec::new();
        run(&mut |record| {
            let mut json = Vec::new();
            layout.write_json(record, &mut json).unwrap();
            lines.push(json);
        });
        let lines: Vec<_> = lines.into_iter().take(4000).collect();
        let back = lines
            .iter()
            .map(|line| layout.read_json(line).unwrap().len())
            .sum();
        let back = best(back, || {
            for line in &lines {
                black_box(layout.read_json(line).unwrap());
            }
        });
        let page = layout.code_page();
        let table: Vec<u8> = (0..=255)
            .map(|byte| u8::try_from(page.decode(byte)).unwrap_or(b'?'))
            .collect();
        let mut translated = vec![0; file.len()];
        let bound = best(file.len(), || {
            for (to, from) in translated.iter_mut().zip(&file) {
                *to = table.get(usize::from(*from)).copied().unwrap_or(0);
            }
            black_box(&translated);
        });
        println!("{name:<16}{json:>10.0}{plain:>12.0}{key:>12.0}{back:>12.0}{bound:>12.0}");
    }
}
