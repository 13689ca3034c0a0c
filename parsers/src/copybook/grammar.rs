//! Tokens to entries: `level name clauses .`, one after the other, going on after each fault.
//!
//! In: tokens. Out: [`Entry`]s in the order of the text, and whether any is missing after a fault. Does not look at how
//! levels nest (that is [`super::tree`]).

use std::sync::Arc;

use super::ast::{Condition, Item, Renames};
use super::clause::{self, Clause};
use super::combinator::{Input, Message, Parsed, Wanted, level, name, word};
use super::picture::{self, BadPicture, Symbols};
use super::token::{Kind, Token};
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// One entry, not yet hung under another.
#[derive(Debug)]
pub(super) enum Entry {
    Data(Box<Item>),
    /// Level 88.
    Condition(Condition),
    /// Level 66.
    Renames(Renames),
}

/// What could be read.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) entries: Vec<Entry>,
    /// There are entries of which not even level and name could be read.
    pub(super) holes: bool,
}

/// Parses all entries; faults go to `faults`.
pub(super) fn entries(
    file: &Arc<str>,
    tokens: &[Token],
    symbols: &Symbols,
    faults: &mut Vec<CopybookError>,
) -> Entries {
    let mut found = Entries::default();
    let mut rest: Input<'_> = tokens;
    while let Some(token) = rest.first() {
        if token.kind == Kind::End {
            break;
        }
        if token.kind == Kind::Period {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if let Some(after) = file_entry(rest) {
            rest = after;
            continue;
        }
        let (after, entry) = one(file, rest, symbols, faults);
        found.holes |= entry.is_none();
        found.entries.extend(entry);
        // An entry always takes its level number at least; this guards the loop all the same.
        rest = if after.len() < rest.len() {
            after
        } else {
            rest.get(1..).unwrap_or_default()
        };
    }
    found
}

/// FD and SD entries, SELECT and its like describe files, not records; none of their clauses changes storage.
fn file_entry(input: Input<'_>) -> Option<Input<'_>> {
    let first = input.first()?.word()?;
    let header = matches!(
        first,
        "FILE-CONTROL" | "I-O-CONTROL" | "SPECIAL-NAMES" | "SOURCE-COMPUTER" | "OBJECT-COMPUTER"
    );
    if !header && !matches!(first, "FD" | "SD" | "RD" | "CD" | "SELECT") {
        return None;
    }
    let end = input
        .iter()
        .position(|token| matches!(token.kind, Kind::Period | Kind::End))?;
    input.get(end..)
}

fn one<'t>(
    file: &Arc<str>,
    input: Input<'t>,
    symbols: &Symbols,
    faults: &mut Vec<CopybookError>,
) -> (Input<'t>, Option<Entry>) {
    let span = input.first().map_or_else(Span::default, |token| token.span);
    let (rest, number) = match level(input) {
        Ok(found) => found,
        Err(error) => {
            fault(file, input, &error, faults);
            return (recover(input), None);
        }
    };
    let result = match number {
        88 => condition(rest),
        66 => renames(rest),
        1..=49 | 77 => return data(file, rest, number, span, symbols, faults),
        _ => {
            faults.push(CopybookError::new(
                CopybookErrorKind::Syntax,
                file,
                span,
                format!("level {number:02}: wanted 01 to 49, 66, 77 or 88"),
            ));
            return (recover(rest), None);
        }
    };
    match result {
        Ok((rest, entry)) => (period(file, rest, faults).0, Some(entry)),
        Err(error) => {
            let at = fault(file, input, &error, faults);
            (recover(at), None)
        }
    }
}

fn condition(input: Input<'_>) -> Parsed<'_, Entry> {
    let (rest, name) = required(name(input))?;
    match required(clause::clause(rest))? {
        (rest, Clause::Value(values, when_false, _)) => {
            let condition = Condition {
                name,
                values,
                when_false,
            };
            Ok((rest, Entry::Condition(condition)))
        }
        _ => Err(nom::Err::Failure(Wanted {
            left: rest.len(),
            message: Message::Instead("`VALUE`".to_owned()),
            help: None,
        })),
    }
}

fn renames(input: Input<'_>) -> Parsed<'_, Entry> {
    let (rest, name) = required(name(input))?;
    let (rest, (from, to)) = required(clause::renames(rest))?;
    Ok((rest, Entry::Renames(Renames { name, from, to })))
}

fn required<T>(parsed: Parsed<'_, T>) -> Parsed<'_, T> {
    parsed.map_err(|error| match error {
        nom::Err::Error(wanted) => nom::Err::Failure(wanted),
        other => other,
    })
}

fn data<'t>(
    file: &Arc<str>,
    input: Input<'t>,
    number: u8,
    span: Span,
    symbols: &Symbols,
    faults: &mut Vec<CopybookError>,
) -> (Input<'t>, Option<Entry>) {
    let (begun, name) = match name(input) {
        Ok((rest, name)) => (rest, Some(name)),
        Err(_) => match word(&["FILLER"])(input) {
            Ok((rest, _)) => (rest, None),
            Err(_) => (input, None),
        },
    };
    let mut rest = begun;
    let mut item = Item::new(number, name.as_ref().map_or(span, |name| name.span));
    item.name = name;
    let mut sql = None;
    loop {
        match rest.first() {
            None => break,
            Some(token) if matches!(token.kind, Kind::Period | Kind::End) => break,
            Some(token) if token.first && begins_entry(rest) => break,
            Some(_) => match required(clause::clause(rest)) {
                Ok((after, Clause::Sql(found, _))) => {
                    sql = Some(found);
                    rest = after;
                }
                Ok((after, clause)) => {
                    item.broken |= !apply(file, &mut item, clause, symbols, faults);
                    rest = after;
                }
                Err(error) => {
                    let at = fault(file, rest, &error, faults);
                    let after = recover(at);
                    item.broken = true;
                    // What stands where a name ends may be more of it: then its name is not known.
                    let filler = item.name.is_none() && begun.len() < input.len();
                    let named = filler || at.len() < begun.len();
                    let known = named && !hides_entry(at, after);
                    return (after, known.then(|| Entry::Data(Box::new(item))));
                }
            },
        }
    }
    if let Some(sql) = sql {
        sql.expand(&mut item);
    }
    let (after, complete) = period(file, rest, faults);
    item.broken |= !complete;
    let known = complete || !hides_entry(rest, after);
    (after, known.then(|| Entry::Data(Box::new(item))))
}

/// Whether one more entry may begin within the tokens that [`recover`] went past.
fn hides_entry(from: Input<'_>, after: Input<'_>) -> bool {
    let passed = from.len().saturating_sub(after.len());
    let passed = from.get(..passed).unwrap_or_default();
    (0..passed.len()).any(|at| {
        let rest = passed.get(at..).unwrap_or_default();
        level(rest).is_ok_and(|(rest, _)| {
            let counts = word(&["TO", "TIMES"])(rest).is_ok();
            !counts && name(rest).is_ok()
        })
    })
}

/// Puts a clause into its item; a second one of its kind is a fault. False where the item's storage is not known by it.
fn apply(
    file: &Arc<str>,
    item: &mut Item,
    clause: Clause,
    symbols: &Symbols,
    faults: &mut Vec<CopybookError>,
) -> bool {
    let (name, span) = clause.named();
    let mut known = true;
    let second = match clause {
        Clause::Redefines(named) => item.redefines.replace(named).is_some(),
        Clause::Picture(text, span) => match picture::parse(&text, symbols) {
            Ok(picture) => item.picture.replace((picture, span)).is_some(),
            Err(bad) => {
                faults.push(bad_picture(file, &text, span, bad));
                // Nothing else is missing in this entry.
                let stands_in = picture::parse("X", symbols).ok();
                item.picture = item
                    .picture
                    .take()
                    .or(stands_in.map(|picture| (picture, span)));
                known = false;
                false
            }
        },
        Clause::Usage(usage, span) => item.usage.replace((usage, span)).is_some(),
        Clause::Sign(sign, span) => item.sign.replace((sign, span)).is_some(),
        Clause::Occurs(occurs) => item.occurs.replace(occurs).is_some(),
        Clause::Value(ranges, _, span) => match <[_; 1]>::try_from(ranges) {
            Ok([range]) if range.to.is_none() => item.value.replace((range.from, span)).is_some(),
            _ => {
                faults.push(CopybookError::new(
                    CopybookErrorKind::Syntax,
                    file,
                    span,
                    "several values or a range: only level 88 has them",
                ));
                false
            }
        },
        Clause::Synchronized(span) => item.synchronized.replace(span).is_some(),
        Clause::Justified(span) => item.justified.replace(span).is_some(),
        Clause::BlankWhenZero(span) => item.blank_when_zero.replace(span).is_some(),
        Clause::ByteLength(bytes, span) => item.byte_length.replace((bytes, span)).is_some(),
        // Language Reference, "DYNAMIC LENGTH clause": the item refers to storage elsewhere, which its LIMIT bounds.
        Clause::Dynamic(span) => {
            let message = "DYNAMIC LENGTH: the item's text is not in the record, LIMIT or not";
            let help = "describe the bytes that the record has in its place, such as PIC X(20)";
            let kind = CopybookErrorKind::NotSupported;
            faults.push(CopybookError::new(kind, file, span, message).with_help(help));
            known = false;
            false
        }
        Clause::Sql(..) | Clause::Other(..) => false,
    };
    if second {
        let message = format!("a second {name} clause in one entry");
        faults.push(
            CopybookError::new(CopybookErrorKind::Syntax, file, span, message)
                .with_help("is the period missing between two entries?"),
        );
    }
    known && !second
}

fn bad_picture(file: &Arc<str>, text: &str, span: Span, bad: BadPicture) -> CopybookError {
    let count = |bytes: usize| {
        let characters = text.get(..bytes).unwrap_or(text).chars().count();
        u32::try_from(characters).unwrap_or(0)
    };
    let start = count(bad.at);
    let place = Span {
        column: span.column.saturating_add(start),
        len: count(bad.at.saturating_add(bad.len)).saturating_sub(start),
        ..span
    };
    // A picture that is continued on the next line is underlined on its first.
    let place = if bad.len > 0 && start.saturating_add(place.len) <= span.len {
        place
    } else {
        span
    };
    let message = match bad.kind {
        CopybookErrorKind::NotSupported => bad.message,
        _ => format!("picture `{text}`: {}", bad.message),
    };
    CopybookError::new(bad.kind, file, place, message)
}

/// Whether the tokens look like the beginning of an entry: `05 NAME`, at the beginning of a line.
fn begins_entry(input: Input<'_>) -> bool {
    level(input).is_ok()
        && input.get(1).is_some_and(|next| {
            next.word().is_some() && level(input.get(1..).unwrap_or_default()).is_err()
        })
}

/// Takes the period, or says that it is missing and goes on. False where the entry does not end here.
fn period<'t>(
    file: &Arc<str>,
    input: Input<'t>,
    faults: &mut Vec<CopybookError>,
) -> (Input<'t>, bool) {
    match input.first() {
        Some(token) if token.kind == Kind::Period => (input.get(1..).unwrap_or_default(), true),
        Some(token) if token.first && begins_entry(input) => {
            let message = format!("wanted a period before this entry, found {}", token.shown());
            faults.push(
                CopybookError::new(CopybookErrorKind::Syntax, file, token.span, message)
                    .with_help("end the entry above with a period; columns 73 to 80 are not read"),
            );
            (input, true)
        }
        // Compilers take the end of the text for the last period.
        Some(token) if token.kind == Kind::End => (input, true),
        Some(token) => {
            let message = format!("wanted a clause or a period, found {}", token.shown());
            faults.push(
                CopybookError::new(CopybookErrorKind::Syntax, file, token.span, message)
                    .with_help("every entry ends with a period; columns 73 to 80 are not read"),
            );
            (recover(input), false)
        }
        None => (input, true),
    }
}

/// After a fault: past the next period, or to the next line that begins an entry.
fn recover(input: Input<'_>) -> Input<'_> {
    let mut rest = input;
    let mut skipped = false;
    while let Some(token) = rest.first() {
        match token.kind {
            Kind::End => return rest,
            Kind::Period => return rest.get(1..).unwrap_or_default(),
            _ if skipped && token.first && begins_entry(rest) => return rest,
            _ => rest = rest.get(1..).unwrap_or_default(),
        }
        skipped = true;
    }
    rest
}

/// Records why a parser stopped; returns the tokens from there on.
fn fault<'t>(
    file: &Arc<str>,
    input: Input<'t>,
    error: &nom::Err<Wanted>,
    faults: &mut Vec<CopybookError>,
) -> Input<'t> {
    let wanted = match error {
        nom::Err::Error(wanted) | nom::Err::Failure(wanted) => wanted,
        nom::Err::Incomplete(_) => return input,
    };
    let at = input
        .get(input.len().saturating_sub(wanted.left)..)
        .unwrap_or_default();
    let Some(token) = at.first() else {
        return at;
    };
    let part = |offset: usize, len: usize| match len {
        0 => token.span,
        _ => Span {
            column: token
                .span
                .column
                .saturating_add(u32::try_from(offset).unwrap_or(0)),
            len: u32::try_from(len).unwrap_or(1),
            ..token.span
        },
    };
    let (kind, span, message) = match &wanted.message {
        Message::Instead(what) => (
            CopybookErrorKind::Syntax,
            token.span,
            format!("wanted {what}, found {}", token.shown()),
        ),
        Message::Whole(message, offset, len) => (
            CopybookErrorKind::Syntax,
            part(*offset, *len),
            message.clone(),
        ),
        Message::NotSupported(message, offset, len) => (
            CopybookErrorKind::NotSupported,
            part(*offset, *len),
            message.clone(),
        ),
    };
    let mut fault = CopybookError::new(kind, file, span, message);
    if let Some(help) = wanted.help {
        fault = fault.with_help(help);
    } else if token.beyond {
        fault = fault.with_help("this line goes on right of column 72, where nothing is read");
    }
    faults.push(fault);
    at
}
