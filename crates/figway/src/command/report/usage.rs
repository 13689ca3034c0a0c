//! What legacy says of its use: CSV as extracted from SMF, columns by their header. Every line that is wrong is named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::terminal::Terminal;

/// So many faults are told; more are counted.
const TOLD: usize = 20;

/// What the file says as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Usage {
    /// Its name.
    pub(super) file: String,
    /// The first hour in it, and the last.
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    /// The callers that stand for Figway.
    pub(super) figway: Vec<String>,
    /// Transactions that belong to no group, with their calls.
    pub(super) unmapped: Vec<(String, u64)>,
}

/// What it says of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupUsage {
    /// The transactions that belong to it.
    pub(super) transactions: BTreeSet<String>,
    /// Calls through Figway.
    pub(super) through: u64,
    /// Calls past it.
    pub(super) past: u64,
    /// Processor time of these, in seconds.
    pub(super) past_cpu_seconds: f64,
    /// Who calls past it, most calls first.
    pub(super) callers: Vec<Caller>,
}

/// Somebody who calls past Figway.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Caller {
    pub(super) caller: String,
    pub(super) transactions: BTreeSet<String>,
    pub(super) count: u64,
    pub(super) cpu_seconds: f64,
    /// The last hour in which it called.
    pub(super) last: String,
}

/// Faults of a file, with their lines and columns.
struct Faults<'f> {
    file: &'f str,
    told: Vec<String>,
    more: usize,
}

impl Faults<'_> {
    fn add(&mut self, line: usize, column: &str, what: impl std::fmt::Display) {
        if self.told.len() < TOLD {
            let file = self.file;
            self.told
                .push(format!("{file}, line {line}, column {column}: {what}"));
        } else {
            self.more += 1;
        }
    }

    fn end(self) -> anyhow::Result<()> {
        if self.told.is_empty() {
            return Ok(());
        }
        let more = match self.more {
            0 => String::new(),
            more => format!("\nand {more} more"),
        };
        bail!("{}{more}", self.told.join("\n"))
    }
}

/// The number of a line, and its fields.
type Row = (usize, Vec<String>);

/// A file of lines with named columns.
struct Table {
    /// The place of each wanted column.
    places: Vec<usize>,
    /// Each line's number and fields.
    lines: Vec<Row>,
}

impl Table {
    fn read(path: &Path, columns: &[&str], terminal: &Terminal) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(terminal.path(path))
            .with_context(|| format!("{shown} cannot be read"))?;
        let mut lines = parse(&text)
            .map_err(|(line, why)| anyhow::anyhow!("{shown}, line {line}: {why}"))?
            .into_iter();
        let Some((_, header)) = lines.next() else {
            bail!(
                "{shown} is empty; wanted the columns {}",
                columns.join(", ")
            );
        };
        let mut places = Vec::new();
        for column in columns {
            let named = |name: &String| name.trim().eq_ignore_ascii_case(column);
            let place = header.iter().position(named).with_context(|| {
                format!(
                    "{shown}, line 1: wanted a column {column}, got {}",
                    header.join(", ")
                )
            })?;
            places.push(place);
        }
        Ok(Self {
            places,
            lines: lines.collect(),
        })
    }

    /// The wanted columns of each line.
    fn rows(&self) -> impl Iterator<Item = (usize, Vec<&str>)> {
        self.lines.iter().map(|(number, fields)| {
            let field = |place: &usize| fields.get(*place).map_or("", |field| field.trim());
            (*number, self.places.iter().map(field).collect())
        })
    }
}

/// Reads what legacy says, and to which groups it belongs.
pub(super) fn read(
    usage: &Path,
    transactions: &Path,
    figway: &[String],
    terminal: &Terminal,
) -> anyhow::Result<(Usage, BTreeMap<String, GroupUsage>)> {
    let groups = groups(transactions, terminal)?;
    let columns = ["transaction", "caller", "count", "cpu", "hour"];
    let table = Table::read(usage, &columns, terminal)?;
    let name = usage.display().to_string();
    let mut faults = Faults {
        file: &name,
        told: Vec::new(),
        more: 0,
    };
    let mut of_file = Usage {
        file: name.clone(),
        figway: figway.to_vec(),
        ..Usage::default()
    };
    let mut of_groups: BTreeMap<String, (GroupUsage, BTreeMap<String, Caller>)> = BTreeMap::new();
    for (transaction, group) in &groups {
        let (group, _) = of_groups.entry(group.clone()).or_default();
        group.transactions.insert(transaction.clone());
    }
    let mut unmapped: BTreeMap<String, u64> = BTreeMap::new();
    for (line, row) in table.rows() {
        let [transaction, caller, count, cpu, hour] = row.as_slice() else {
            continue;
        };
        for (column, field) in [("transaction", transaction), ("caller", caller)] {
            if field.is_empty() {
                faults.add(line, column, "it is empty");
            }
        }
        let calls: Option<u64> = count.parse().ok();
        if calls.is_none() {
            faults.add(
                line,
                "count",
                format_args!("wanted a whole number, got {count:?}"),
            );
        }
        let seconds = cpu.parse().ok();
        let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
        if seconds.is_none() {
            faults.add(
                line,
                "cpu",
                format_args!("wanted seconds as 12.5, got {cpu:?}"),
            );
        }
        let when = hour_of(hour);
        if when.is_none() {
            faults.add(
                line,
                "hour",
                format_args!("wanted an hour as 2026-11-23T14, got {hour:?}"),
            );
        }
        let (Some(calls), Some(seconds), Some(when)) = (calls, seconds, when) else {
            continue;
        };
        if of_file.from.as_ref().is_none_or(|from| when < *from) {
            of_file.from = Some(when.clone());
        }
        of_file.to = of_file.to.take().max(Some(when.clone()));
        let Some(group) = groups.get(&transaction.to_ascii_uppercase()) else {
            let count = unmapped.entry((*transaction).to_owned()).or_default();
            *count = count.saturating_add(calls);
            continue;
        };
        let (group, callers) = of_groups.entry(group.clone()).or_default();
        if figway.iter().any(|name| name.eq_ignore_ascii_case(caller)) {
            group.through = group.through.saturating_add(calls);
            continue;
        }
        group.past = group.past.saturating_add(calls);
        group.past_cpu_seconds += seconds;
        let known = callers.entry((*caller).to_owned()).or_default();
        (*caller).clone_into(&mut known.caller);
        known.transactions.insert((*transaction).to_owned());
        known.count = known.count.saturating_add(calls);
        known.cpu_seconds += seconds;
        if when > known.last {
            known.last = when;
        }
    }
    faults.end()?;
    of_file.unmapped = unmapped.into_iter().collect();
    let of_groups = of_groups.into_iter().map(|(name, (mut group, callers))| {
        group.callers = callers.into_values().collect();
        group
            .callers
            .sort_by(|one, other| (other.count, &one.caller).cmp(&(one.count, &other.caller)));
        (name, group)
    });
    Ok((of_file, of_groups.collect()))
}

/// Which transaction belongs to which group, transactions in capitals.
fn groups(path: &Path, terminal: &Terminal) -> anyhow::Result<BTreeMap<String, String>> {
    let table = Table::read(path, &["transaction", "group"], terminal)?;
    let name = path.display().to_string();
    let mut faults = Faults {
        file: &name,
        told: Vec::new(),
        more: 0,
    };
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    for (line, row) in table.rows() {
        let [transaction, group] = row.as_slice() else {
            continue;
        };
        for (column, field) in [("transaction", transaction), ("group", group)] {
            if field.is_empty() {
                faults.add(line, column, "it is empty");
            }
        }
        let key = transaction.to_ascii_uppercase();
        if let Some(before) = groups.insert(key, (*group).to_owned())
            && before != **group
        {
            let what = format!("{transaction} belongs to {before} by a line before");
            faults.add(line, "group", what);
        }
    }
    faults.end()?;
    Ok(groups)
}

/// `2026-11-23T14`, from that or with a blank, and with or without minutes.
fn hour_of(text: &str) -> Option<String> {
    let (day, rest) = text.split_once(['T', ' '])?;
    let hour = rest.split(':').next()?;
    let mut parts = day.split('-');
    let number = |part: Option<&str>, length: usize, most: u32| {
        let part = part.filter(|part| part.len() == length)?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse()
            .ok()
            .filter(|number: &u32| digits && *number <= most)
    };
    number(parts.next(), 4, 9999)?;
    let month = number(parts.next(), 2, 12)?;
    let of_month = number(parts.next(), 2, 31)?;
    number(Some(hour), 2, 23)?;
    let whole = parts.next().is_none() && month > 0 && of_month > 0;
    whole.then(|| format!("{day}T{hour}"))
}

/// CSV (RFC 4180): fields in quotes may hold commas, quotes twice, and ends of lines. Lines without anything are left out.
fn parse(text: &str) -> Result<Vec<Row>, (usize, &'static str)> {
    let mut rows = Vec::new();
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut line, mut began) = (1, 1);
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    loop {
        let next = chars.next();
        if quoted {
            match next {
                Some('"') if chars.peek() == Some(&'"') => {
                    chars.next();
                    field.push('"');
                }
                Some('"') => quoted = false,
                Some(char) => {
                    line += usize::from(char == '\n');
                    field.push(char);
                }
                None => return Err((began, "a quote is not closed")),
            }
            continue;
        }
        match next {
            Some('"') if field.trim().is_empty() && !was_quoted => {
                field.clear();
                (quoted, was_quoted) = (true, true);
            }
            Some('"') => return Err((line, "a quote in the middle of a field")),
            Some(',') => {
                fields.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            Some('\r') if chars.peek() == Some(&'\n') => {}
            Some('\n') | None => {
                let empty = fields.is_empty() && field.trim().is_empty() && !was_quoted;
                fields.push(std::mem::take(&mut field));
                let row = std::mem::take(&mut fields);
                if !empty {
                    rows.push((began, row));
                }
                was_quoted = false;
                line += 1;
                began = line;
                if next.is_none() {
                    return Ok(rows);
                }
            }
            Some(char) => field.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_hold_what_separates_them() {
        let rows = parse("a,b\r\n\"x, \"\"y\"\"\nz\", 2\n\n,3").unwrap();
        let wanted = [
            (1, vec!["a", "b"]),
            (2, vec!["x, \"y\"\nz", " 2"]),
            (5, vec!["", "3"]),
        ];
        let rows: Vec<_> = rows
            .iter()
            .map(|(line, row)| (*line, row.iter().map(String::as_str).collect::<Vec<_>>()))
            .collect();
        assert_eq!(rows, wanted);
        assert_eq!(parse("a\n\"b"), Err((2, "a quote is not closed")));
        assert_eq!(
            parse("a\nb\"c"),
            Err((2, "a quote in the middle of a field"))
        );
    }

    #[test]
    fn an_hour_has_one_form() {
        for text in ["2026-11-23T14", "2026-11-23 14:00", "2026-11-23T14:59:59"] {
            assert_eq!(hour_of(text).unwrap(), "2026-11-23T14");
        }
        for text in [
            "",
            "2026-11-23",
            "2026-13-01T00",
            "2026-1-2T3",
            "23.11.2026 14",
            "2026-11-23T24",
        ] {
            assert_eq!(hour_of(text), None, "{text}");
        }
    }
}
