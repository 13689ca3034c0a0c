//! Asking GnuCOBOL: one program for many records, which moves a value into each field and shows where it is.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::copybook::{Node, Record, Value};

/// Called with a record and a field; shows the field's offset, length and bytes.
const PROBE: &str = r#"
#include <stdio.h>
#include <libcob.h>
int fwprobe(unsigned char *record, unsigned char *field)
{
    int i, size = cob_get_param_size(2);
    printf("%ld %d ", (long)(field - record), size);
    for (i = 0; i < size; i++) printf("%02X", field[i]);
    printf("\n");
    return 0;
}
"#;

/// A field that is asked about: the names and subscripts from the outermost group to it.
pub(super) struct Question<'a> {
    pub(super) record: usize,
    pub(super) node: &'a Node,
    /// Groups around it, outermost first, then itself; with the occurrence of those that are tables.
    pub(super) path: Vec<(&'a Node, Option<u32>)>,
}

/// What GnuCOBOL says of a field.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) offset: i64,
    pub(super) bytes: Vec<u8>,
}

impl Question<'_> {
    /// As a path of ours: `GROUP.TABLE(2).FIELD`.
    pub(super) fn path(&self) -> String {
        let parts: Vec<String> = self
            .path
            .iter()
            .map(|(node, at)| match at {
                Some(at) => format!("{}({at})", node.name),
                None => node.name.clone(),
            })
            .collect();
        parts.join(".")
    }

    /// As COBOL refers to it.
    fn reference(&self) -> String {
        let at: Vec<u32> = self.path.iter().filter_map(|(_, at)| *at).collect();
        reference(&self.node.name, &at)
    }
}

/// Every field of a record, at one occurrence of each table it is in; the record itself comes last.
pub(super) fn questions(index: usize, record: &Record) -> Vec<Question<'_>> {
    let mut found = Vec::new();
    for child in &record.root.children {
        ask(index, record, child, &[], &mut found);
    }
    for entry in &record.renames {
        found.push(Question {
            record: index,
            node: entry,
            path: vec![(entry, None)],
        });
    }
    found.push(Question {
        record: index,
        node: &record.root,
        path: Vec::new(),
    });
    found
}

fn ask<'a>(
    index: usize,
    record: &'a Record,
    node: &'a Node,
    around: &[(&'a Node, Option<u32>)],
    found: &mut Vec<Question<'a>>,
) {
    let at = node.occurs.as_ref().map(|(_, most, counter)| {
        let count = counter.as_ref().and_then(|counter| {
            let count = record.counts.iter().find(|(name, _)| name == counter);
            count.map(|(_, count)| *count)
        });
        let last = count.unwrap_or(*most);
        // The last but one of long tables, or the only one: never beyond the count.
        match last {
            // GnuCOBOL 3.1 finds later occurrences as if the tables in them had the most.
            _ if node.nests() => 1,
            3.. => last - 1,
            _ => last,
        }
    });
    let mut path = around.to_vec();
    path.push((node, at));
    found.push(Question {
        record: index,
        node,
        path: path.clone(),
    });
    for child in &node.children {
        ask(index, record, child, &path, found);
    }
}

fn program(records: &[Record], questions: &[Question<'_>]) -> String {
    let mut text = String::from(
        "       IDENTIFICATION DIVISION.\n       PROGRAM-ID. T.\n       DATA DIVISION.\n       WORKING-STORAGE SECTION.\n",
    );
    for record in records {
        text.push_str(&record.text().replacen("           01", "       01", 1));
    }
    text.push_str("       PROCEDURE DIVISION.\n");
    let mut current = usize::MAX;
    for question in questions {
        let record = &records[question.record];
        let root = &record.root.name;
        if current != question.record {
            current = question.record;
            let _ = writeln!(text, "       P{current}.");
            // GnuCOBOL 3.1 ends at INITIALIZE of national items; the storage begins initialized.
            if record.counts.is_empty() && !record.root.any(Node::national) {
                let _ = writeln!(text, "           INITIALIZE {root} WITH FILLER");
            }
            for (counter, count) in &record.counts {
                let _ = writeln!(text, "           MOVE {count} TO {counter}");
            }
            let mut items = Vec::new();
            if !record.counts.is_empty() {
                leaves(record, &record.root, &[], &mut items);
            }
            for item in items {
                let _ = writeln!(text, "           INITIALIZE {item}");
            }
        }
        let reference = question.reference();
        match &question.node.value {
            Value::Number(value) | Value::Float(value) | Value::Edited(value) => {
                let _ = writeln!(text, "           MOVE {value}\n             TO {reference}");
            }
            Value::Text(value) => {
                let _ = writeln!(
                    text,
                    "           MOVE '{value}'\n             TO {reference}"
                );
            }
            Value::None => {}
        }
        let _ = writeln!(
            text,
            "           CALL STATIC \"fwprobe\" USING {root}\n             {reference}."
        );
    }
    text.push_str("           STOP RUN.\n");
    text
}

/// Every elementary item below a group, at every occurrence that is there. GnuCOBOL's own INITIALIZE of a group misses
/// what tables inside it move, and writes beyond it.
fn leaves(record: &Record, node: &Node, at: &[u32], found: &mut Vec<String>) {
    let count = |counter: &String| record.counts.iter().find(|(name, _)| name == counter);
    let occurrences = match &node.occurs {
        None => vec![at.to_vec()],
        Some((_, most, counter)) => {
            let count = counter.as_ref().and_then(count);
            let count = count.map_or(*most, |(_, count)| *count);
            let with = |last| at.iter().copied().chain([last]).collect();
            (1..=count).map(with).collect()
        }
    };
    for at in occurrences {
        for child in node
            .children
            .iter()
            .filter(|child| child.redefines.is_none())
        {
            leaves(record, child, &at, found);
        }
        if node.children.is_empty() && count(&node.name).is_none() && !node.national() {
            found.push(reference(&node.name, &at));
        }
    }
}

fn reference(name: &str, at: &[u32]) -> String {
    if at.is_empty() {
        return name.to_owned();
    }
    let at: Vec<String> = at.iter().map(u32::to_string).collect();
    format!("{name}({})", at.join(" "))
}

/// Compiles and runs; `Err` is what the compiler says.
pub(super) fn answers(
    folder: &Path,
    flags: &[&str],
    records: &[Record],
    questions: &[Question<'_>],
) -> Result<Vec<Answer>, String> {
    std::fs::write(folder.join("t.cob"), program(records, questions)).unwrap();
    std::fs::write(folder.join("probe.c"), PROBE).unwrap();
    let compiled = Command::new("cobc")
        .current_dir(folder)
        .args(["-x", "-w", "-o", "t"])
        .args(flags)
        .args(["t.cob", "probe.c"])
        .output()
        .unwrap();
    if !compiled.status.success() {
        let said = String::from_utf8_lossy(&compiled.stderr);
        return Err(said.lines().take(5).collect::<Vec<_>>().join("\n"));
    }
    let run = Command::new(folder.join("t")).output().unwrap();
    let shown = String::from_utf8_lossy(&run.stdout).into_owned();
    let answers: Vec<Answer> = shown.lines().filter_map(answer).collect();
    if answers.len() != questions.len() {
        let said = String::from_utf8_lossy(&run.stderr);
        return Err(format!(
            "{} answers to {} questions; {said}",
            answers.len(),
            questions.len()
        ));
    }
    Ok(answers)
}

fn answer(line: &str) -> Option<Answer> {
    let mut words = line.split_whitespace();
    let offset = words.next()?.parse().ok()?;
    let size: usize = words.next()?.parse().ok()?;
    let bytes = super::super::hex(words.next().unwrap_or_default());
    (bytes.len() == size).then_some(Answer { offset, bytes })
}
