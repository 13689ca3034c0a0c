//! Where the peer's answer is wrong and stays so: `docs/corpus-deviations.md`.
//!
//! In: that file, of which one line a deviation counts: "- case `NAME`: `DIFFERENCE`", both with `*` for any text,
//! under a heading that names the rule. Out: the rule for a case that differs just so. At most 15 rules.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// One case, or some, under a rule.
#[derive(Debug)]
struct Entry {
    rule: String,
    case: String,
    difference: String,
}

/// What is known to differ.
#[derive(Debug, Default)]
pub struct Deviations {
    entries: Vec<Entry>,
}

/// More rules than this are a sign that it is not the peer who is wrong.
const MOST: usize = 15;

impl Deviations {
    /// # Errors
    /// The file cannot be read, or has too many rules.
    pub fn read(path: &Path) -> Result<Deviations> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let (mut rule, mut rules) = (String::new(), 0);
        let mut entries = Vec::new();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                rule = heading.to_owned();
                rules += 1;
            }
            if let Some(rest) = line.strip_prefix("- case ") {
                let parts: Vec<&str> = rest.split('`').collect();
                let [_, case, _, difference, _] = parts.as_slice() else {
                    anyhow::bail!(
                        "{}: wanted - case `NAME`: `DIFFERENCE`, got {line}",
                        path.display()
                    );
                };
                entries.push(Entry {
                    rule: rule.clone(),
                    case: (*case).to_owned(),
                    difference: (*difference).to_owned(),
                });
            }
        }
        ensure!(
            rules <= MOST,
            "{} has {rules} rules: at most {MOST}",
            path.display()
        );
        Ok(Deviations { entries })
    }

    /// The rule by which a case differs so. A case is named with the folders above it as far as the entry has them.
    pub fn rule(&self, case: &Path, difference: &str) -> Option<&str> {
        let case = case.to_string_lossy();
        let named = |entry: &&Entry| {
            entry.case == "*"
                || case
                    .strip_suffix(entry.case.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        self.entries
            .iter()
            .filter(named)
            .find(|entry| fits(&entry.difference, difference))
            .map(|entry| entry.rule.as_str())
    }
}

/// Whether a text is the pattern's, in which `*` is any text.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| fits(after, &rest[at..]))
        }),
    }
}
