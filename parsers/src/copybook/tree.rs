//! Entries to a tree, by level number.
//!
//! In: entries in the order of the text. Out: the outermost items with the others below them. A higher level number
//! than the entry before goes under it, the same or a lower one goes beside or above, as compilers do; levels need
//! not be equal among brothers.

use std::sync::Arc;

use super::ast::Item;
use super::grammar::Entry;
use crate::error::{CopybookError, CopybookErrorKind};

/// Hangs entries under each other.
pub(super) fn build(
    file: &Arc<str>,
    entries: Vec<Entry>,
    faults: &mut Vec<CopybookError>,
) -> Vec<Item> {
    let mut roots = Vec::new();
    // The open entries, outermost first; each is under the one before it.
    let mut open: Vec<Item> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Data(item) => {
                // 77 stands alone, like 01.
                let level = if item.level == 77 { 1 } else { item.level };
                while open
                    .last()
                    .is_some_and(|last| last.level >= level || last.level == 77)
                {
                    close(&mut open, &mut roots);
                }
                open.push(*item);
            }
            Entry::Condition(condition) => match open.last_mut() {
                Some(item) => item.conditions.push(condition),
                None => faults.push(CopybookError::new(
                    CopybookErrorKind::Structure,
                    file,
                    condition.name.span,
                    format!(
                        "condition-name {} has no field above it",
                        condition.name.name
                    ),
                )),
            },
            Entry::Renames(renames) => match open.first_mut() {
                Some(root) => root.renames.push(renames),
                None => faults.push(CopybookError::new(
                    CopybookErrorKind::Structure,
                    file,
                    renames.name.span,
                    format!("level 66 {} has no record above it", renames.name()),
                )),
            },
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    if roots.is_empty() && faults.is_empty() {
        faults.push(
            CopybookError::new(
                CopybookErrorKind::Structure,
                file,
                crate::error::Span {
                    file: 0,
                    line: 1,
                    column: 1,
                    len: 1,
                },
                "no data description entry: wanted at least one such as `01 NAME.`",
            )
            .with_help("fixed form reads columns 8 to 72; a `*` in column 7 makes a comment"),
        );
    }
    for root in &mut roots {
        check(file, root, faults);
    }
    roots
}

fn close(open: &mut Vec<Item>, roots: &mut Vec<Item>) {
    if let Some(item) = open.pop() {
        match open.last_mut() {
            Some(parent) => parent.children.push(item),
            None => roots.push(item),
        }
    }
}

/// What an entry may have depends on whether others are below it. Depth is bounded by the 49 levels.
fn check(file: &Arc<str>, item: &mut Item, faults: &mut Vec<CopybookError>) {
    let shown = item.name().unwrap_or("FILLER");
    let mut told = false;
    let mut fault = |span, message: String, help: &str| {
        told = true;
        faults.push(
            CopybookError::new(CopybookErrorKind::Structure, file, span, message).with_help(help),
        );
    };
    if !item.children.is_empty() {
        if let Some((_, span)) = &item.picture {
            let message = format!("{shown} has a PICTURE and entries below it");
            fault(
                *span,
                message,
                "a group has no PICTURE; check the level numbers of the entries below",
            );
        }
    } else if !item.broken
        && item.picture.is_none()
        && !item.usage().is_some_and(super::Usage::has_no_picture)
    {
        let message = format!("{shown} has neither a PICTURE nor entries below it");
        fault(
            item.span,
            message,
            "give it a PICTURE, or give the entries below it a higher level number",
        );
    }
    item.broken |= told;
    for child in &mut item.children {
        check(file, child, faults);
    }
}
