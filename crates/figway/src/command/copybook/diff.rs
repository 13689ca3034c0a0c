//! `figway copybook diff`: two versions of a copybook, for a person and for CI.

use parsers::diff::{self, Change, Diff, DiffOptions, Format, Obstacle, Verdict};
use parsers::schema::protobuf::Numbers;
use serde_json::{Value, json};

use super::{read, schema};
use crate::args::{Compatibility, CopybookArgs, Diff as Args, DiffFormat};
use crate::terminal::Terminal;

pub(super) fn run(args: Args, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let numbers = match &args.numbers {
        Some(path) => schema::kept(path, terminal)?,
        None => Numbers::default(),
    };
    let version = |copybook, meaning| CopybookArgs {
        copybook,
        meaning,
        include: args.include.clone(),
        source_format: args.source_format,
        decimal_comma: args.decimal_comma,
        // Both are read with the same one: it makes no difference.
        code_page: "cp037".to_owned(),
        layout: args.layout.clone(),
    };
    let old = read(&version(args.old, args.old_meaning), terminal)?;
    let new = read(&version(args.new, args.new_meaning), terminal)?;
    let name = args.name;
    let found = diff::diff(&old, &new, &DiffOptions { name, numbers });
    let wanted = match args.compatibility {
        Compatibility::Backward => diff::Compatibility::Backward,
        Compatibility::Forward => diff::Compatibility::Forward,
        Compatibility::Full => diff::Compatibility::Full,
    };
    let formats: Vec<Format> = args.formats.iter().map(|format| of(*format)).collect();
    let holds = found
        .verdicts
        .iter()
        .filter(|verdict| formats.is_empty() || formats.contains(&verdict.format))
        .all(|verdict| verdict.is(wanted));
    let text = if args.json {
        serde_json::to_string_pretty(&as_json(&found, holds))? + "\n"
    } else {
        as_text(&found)
    };
    write!(terminal.out(), "{text}")?;
    Ok(if holds { crate::HELD } else { crate::FAILED })
}

fn of(format: DiffFormat) -> Format {
    match format {
        DiffFormat::Records => Format::Records,
        DiffFormat::Json => Format::Json,
        DiffFormat::JsonSchema => Format::JsonSchema,
        DiffFormat::Avro => Format::Avro,
        DiffFormat::Protobuf => Format::Protobuf,
    }
}

fn path(change: &Change) -> &str {
    if change.path.is_empty() {
        "(record)"
    } else {
        &change.path
    }
}

fn as_text(diff: &Diff) -> String {
    let mut out = String::new();
    let changes = || diff.changes.iter();
    let width = changes().map(|change| path(change).chars().count()).max();
    let width = width.unwrap_or(0);
    for change in changes() {
        out += &format!("{:width$}  {}\n", path(change), change.what);
    }
    if diff.changes.is_empty() {
        out += "no field changed\n";
    }
    out += "\nFORMAT       NEW READS OLD  OLD READS NEW\n";
    let word = |obstacles: &[Obstacle]| if obstacles.is_empty() { "yes" } else { "no" };
    for verdict in &diff.verdicts {
        let (backward, forward) = (word(&verdict.backward), word(&verdict.forward));
        out += &format!("{:12} {backward:14} {forward}\n", verdict.format);
    }
    for verdict in &diff.verdicts {
        for (reads, obstacles) in directions(verdict) {
            if !obstacles.is_empty() {
                out += &format!("\n{}, {reads}:\n", verdict.format);
            }
            for obstacle in obstacles {
                out += &format!("  {obstacle}\n");
            }
        }
    }
    out
}

fn directions(verdict: &Verdict) -> [(&'static str, &[Obstacle]); 2] {
    [
        ("new reads old", &verdict.backward),
        ("old reads new", &verdict.forward),
    ]
}

fn as_json(diff: &Diff, holds: bool) -> Value {
    let changes: Vec<Value> = diff
        .changes
        .iter()
        .map(|change| {
            json!({
                "path": change.path,
                "change": change.what.word(),
                "text": change.what.to_string(),
            })
        })
        .collect();
    let one = |obstacles: &[Obstacle]| {
        let obstacles: Vec<Value> = obstacles
            .iter()
            .map(|obstacle| json!({"path": obstacle.path, "reason": obstacle.reason}))
            .collect();
        json!({"compatible": obstacles.is_empty(), "obstacles": obstacles})
    };
    let formats: serde_json::Map<String, Value> = diff
        .verdicts
        .iter()
        .map(|verdict| {
            let (backward, forward) = (one(&verdict.backward), one(&verdict.forward));
            let both = json!({"backward": backward, "forward": forward});
            (verdict.format.to_string(), both)
        })
        .collect();
    json!({"compatible": holds, "changes": changes, "formats": formats})
}
