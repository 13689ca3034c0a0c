//! Fixed or free: which reading makes more of the lines begin with something that begins a line of COBOL.

use super::line::{Form, cut};

/// How a text without a directive is to be read.
pub(super) fn form(text: &str, tab: usize) -> Form {
    let (mut fixed, mut free) = (0usize, 0usize);
    let (mut long, mut crossing) = (0usize, 0usize);
    for raw in text.split('\n') {
        let raw = raw.trim_end();
        let line = cut(1, raw, Form::FIXED, tab);
        let begins = usize::from(begins_line(raw));
        if matches!(line.indicator, '*' | '/') || raw.trim_start().starts_with('*') {
            continue;
        }
        free = free.saturating_add(begins);
        if matches!(line.indicator, ' ' | 'D' | 'd') {
            fixed = fixed.saturating_add(usize::from(begins_line(&line.area)));
        }
        // A word that stands in columns 72 and 73, in a line longer than a card: there is no right end.
        if raw.len() > 80 && line.beyond {
            long = long.saturating_add(1);
            let words = raw.get(71..73).unwrap_or_default();
            let crosses =
                words.len() == 2 && words.chars().all(|c| c.is_alphanumeric() || c == '-');
            crossing = crossing.saturating_add(usize::from(crosses));
        }
    }
    if free > fixed {
        Form::Free
    } else if crossing.saturating_mul(2) > long {
        Form::VARIABLE
    } else {
        Form::FIXED
    }
}

/// A level number and a word or period, or a word that begins a statement or header of the data division.
fn begins_line(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else {
        return false;
    };
    let level = first.len() <= 2 && first.bytes().all(|b| b.is_ascii_digit());
    let next = words.next();
    if level {
        return next.is_none_or(|next| !next.bytes().all(|b| b.is_ascii_digit()));
    }
    let first = first.trim_end_matches('.').to_ascii_uppercase();
    matches!(
        first.as_str(),
        "COPY"
            | "REPLACE"
            | "EXEC"
            | "FD"
            | "SD"
            | "SELECT"
            | "DATA"
            | "FILE"
            | "PROCEDURE"
            | "WORKING-STORAGE"
            | "LINKAGE"
            | "LOCAL-STORAGE"
            | "IDENTIFICATION"
            | "ID"
            | "ENVIRONMENT"
            | "SPECIAL-NAMES"
            | "PROGRAM-ID"
    )
}
