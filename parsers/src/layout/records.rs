//! Which 01 levels of a copybook a layout is of, and whether the meaning holds on the day asked for.
//!
//! In: the copybook, what the options and the meaning say of records. Out: items, and whether they are alternatives in one
//! place; or faults.

use std::sync::Arc;

use super::RecordChoice;
use super::meaning::{Meaning, Rules};
use crate::copybook::{Copybook, Item};
use crate::error::{CopybookError, CopybookErrorKind, Span};
use crate::temporal::Date;

/// A day on which the meaning file does not hold.
pub(super) fn not_effective(meaning: &Meaning, day: Option<Date>) -> Option<CopybookError> {
    let day = day?;
    let (from, to) = meaning.effective();
    let message = match (from, to) {
        (Some(from), _) if day < from => format!("this meaning holds from {from}, not on {day}"),
        (_, Some(to)) if day > to => format!("this meaning holds until {to}, not on {day}"),
        _ => return None,
    };
    let span = Span {
        file: 0,
        line: 1,
        column: 1,
        len: 1,
    };
    Some(
        CopybookError::new(CopybookErrorKind::Meaning, &meaning.file, span, message)
            .with_help("see `effective` in the file"),
    )
}

/// The items a layout is of, and whether they are alternatives.
pub(super) fn chosen<'c>(
    copybook: &'c Copybook,
    rules: Option<&(&Arc<str>, Rules)>,
    choice: &RecordChoice,
    faults: &mut Vec<CopybookError>,
) -> Option<(Vec<&'c Item>, bool)> {
    let records: Vec<&Item> = copybook
        .items
        .iter()
        .filter(|item| item.level == 1)
        .collect();
    let find = |name: &str| {
        let wanted = records.iter().copied().find(|item| {
            item.name()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        });
        wanted.ok_or_else(|| {
            let names: Vec<&str> = records.iter().filter_map(|item| item.name()).collect();
            format!(
                "no record `{name}`: this copybook has {}",
                if names.is_empty() {
                    "no 01".to_owned()
                } else {
                    names.join(", ")
                }
            )
        })
    };
    if let Some((file, rules)) = rules.filter(|(_, rules)| !rules.records.is_empty()) {
        let mut items = Vec::new();
        for at in &rules.records {
            match find(&at.value) {
                Ok(item) => items.push(item),
                Err(message) => {
                    faults.push(CopybookError::new(
                        CopybookErrorKind::Path,
                        file,
                        at.span,
                        message,
                    ));
                }
            }
        }
        let several = items.len() > 1;
        return faults.is_empty().then_some((items, several));
    }
    let sequence = match choice {
        RecordChoice::Sequence => records.len() > 1,
        RecordChoice::Of(names) => names.len() > 1,
        RecordChoice::First | RecordChoice::All | RecordChoice::Named(_) => false,
    };
    if sequence && copybook.unload.is_some() {
        let message =
            "rows of the tables of a LOAD statement never stand one after the other in one record";
        let fault = no_record(copybook, message.to_owned());
        faults.push(fault.with_help("`record` names one of the tables, `records = all` means all"));
        return None;
    }
    match choice {
        RecordChoice::Named(name) => match find(name) {
            Ok(item) => Some((vec![item], false)),
            Err(message) => {
                faults.push(no_record(copybook, message));
                None
            }
        },
        RecordChoice::First if records.len() > 1 && copybook.unload.is_some() => {
            Some((records, true))
        }
        RecordChoice::All if records.len() > 1 => Some((records, true)),
        RecordChoice::Sequence if records.len() > 1 => Some((records, false)),
        RecordChoice::Of(names) => {
            let mut items = Vec::new();
            for name in names {
                match find(name) {
                    Ok(item) => items.push(item),
                    Err(message) => faults.push(no_record(copybook, message)),
                }
            }
            (faults.is_empty() && !items.is_empty()).then_some((items, false))
        }
        _ => match records.first() {
            Some(first) => Some((vec![first], false)),
            // Part of a record, to be copied under an 01: its items one after the other.
            None => {
                let parts: Vec<&Item> = copybook
                    .items
                    .iter()
                    .filter(|item| item.level != 77)
                    .collect();
                let parts = if parts.is_empty() {
                    copybook.items.iter().collect()
                } else {
                    parts
                };
                Some((parts, false))
            }
        },
    }
}

/// A record that is wanted and not there.
fn no_record(copybook: &Copybook, message: String) -> CopybookError {
    let span = Span {
        file: 0,
        line: 1,
        column: 1,
        len: 1,
    };
    CopybookError::new(CopybookErrorKind::Path, &copybook.file, span, message)
}

/// The name of records that have none together: that of the file.
pub(super) fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.split('.').next().unwrap_or(name);
    if stem.is_empty() {
        "RECORD".to_owned()
    } else {
        stem.to_uppercase()
    }
}
