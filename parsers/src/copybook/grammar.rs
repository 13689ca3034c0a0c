//! Tokens to entries: `level name clauses .`, one after the other, going on after each fault.
//!
//! In: tokens. Out: [`Entry`]s in the order of the text. Does not look at how levels nest (that is [`super::tree`]).

use std::sync::Arc;

use super::ast::{Condition, Item, Renames};
use super::clause::{self, Clause, Input, Message, Wanted};
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

/// Parses all entries; faults go to `faults`.
pub(super) fn entries(
    file: &Arc<str>,
    tokens: &[Token],
    faults: &mut Vec<CopybookError>,
) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut rest: Input<'_> = tokens;
    while let Some(token) = rest.first() {
        if token.kind == Kind::End {
            break;
        }
        if token.kind == Kind::Period {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if let Some(after) = listing_control(rest) {
            rest = after;
            continue;
        }
        let (after, entry) = one(file, rest, faults);
        found.extend(entry);
        // An entry always takes its level number at least; this guards the loop all the same.
        rest = if after.len() < rest.len() {
            after
        } else {
            rest.get(1..).unwrap_or_default()
        };
    }
    found
}

/// EJECT, SKIP1..3 and TITLE only shape the compiler's listing.
fn listing_control(input: Input<'_>) -> Option<Input<'_>> {
    match (
        input.first()?.word()?,
        input.get(1).map(|token| &token.kind),
    ) {
        ("EJECT" | "SKIP1" | "SKIP2" | "SKIP3", _) => input.get(1..),
        ("TITLE", Some(Kind::Literal(..))) => input.get(2..),
        _ => None,
    }
}

fn one<'t>(
    file: &Arc<str>,
    input: Input<'t>,
    faults: &mut Vec<CopybookError>,
) -> (Input<'t>, Option<Entry>) {
    let span = input.first().map_or_else(Span::default, |token| token.span);
    let first = input.first().and_then(Token::word).unwrap_or_default();
    if matches!(first, "COPY" | "REPLACE" | "EXEC" | "++INCLUDE" | "-INC") {
        faults.push(
            CopybookError::new(
                CopybookErrorKind::NotSupported,
                file,
                span,
                format!("{first} statements are not supported yet"),
            )
            .with_help("give the text with them expanded, as in the compiler's listing"),
        );
        return (recover(input.get(1..).unwrap_or_default()), None);
    }
    let (rest, level) = match clause::level(input) {
        Ok(found) => found,
        Err(error) => {
            fault(file, input, &error, faults);
            return (recover(input), None);
        }
    };
    let result = match level {
        88 => condition(rest),
        66 => renames(rest),
        1..=49 | 77 => data(file, rest, level, span, faults),
        _ => {
            faults.push(CopybookError::new(
                CopybookErrorKind::Syntax,
                file,
                span,
                format!("level {level:02}: wanted 01 to 49, 66, 77 or 88"),
            ));
            return (recover(rest), None);
        }
    };
    match result {
        Ok((rest, entry)) => (period(file, rest, faults), Some(entry)),
        Err(error) => {
            let at = fault(file, input, &error, faults);
            (recover(at), None)
        }
    }
}

fn condition(input: Input<'_>) -> clause::Parsed<'_, Entry> {
    let (rest, name) = required(clause::name(input))?;
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

fn renames(input: Input<'_>) -> clause::Parsed<'_, Entry> {
    let (rest, name) = required(clause::name(input))?;
    let (rest, (from, to)) = required(clause::renames(rest))?;
    Ok((rest, Entry::Renames(Renames { name, from, to })))
}

fn required<T>(parsed: clause::Parsed<'_, T>) -> clause::Parsed<'_, T> {
    parsed.map_err(|error| match error {
        nom::Err::Error(wanted) => nom::Err::Failure(wanted),
        other => other,
    })
}

fn data<'t>(
    file: &Arc<str>,
    input: Input<'t>,
    level: u8,
    span: Span,
    faults: &mut Vec<CopybookError>,
) -> clause::Parsed<'t, Entry> {
    let (mut rest, name) = match clause::name(input) {
        Ok((rest, name)) => (rest, Some(name)),
        Err(nom::Err::Failure(wanted)) => return Err(nom::Err::Failure(wanted)),
        Err(_) => match clause::word(&["FILLER"])(input) {
            Ok((rest, _)) => (rest, None),
            Err(_) => (input, None),
        },
    };
    let mut item = Item {
        level,
        span: name.as_ref().map_or(span, |name| name.span),
        name,
        picture: None,
        usage: None,
        sign: None,
        occurs: None,
        redefines: None,
        value: None,
        synchronized: None,
        justified: None,
        blank_when_zero: None,
        byte_length: None,
        conditions: Vec::new(),
        renames: Vec::new(),
        children: Vec::new(),
    };
    loop {
        match rest.first() {
            None => break,
            Some(token) if matches!(token.kind, Kind::Period | Kind::End) => break,
            Some(token) if token.first && begins_entry(rest) => break,
            Some(_) => {
                let (after, clause) = required(clause::clause(rest))?;
                apply(file, &mut item, clause, faults);
                rest = after;
            }
        }
    }
    Ok((rest, Entry::Data(Box::new(item))))
}

/// Puts a clause into its item; a second one of its kind is a fault.
fn apply(file: &Arc<str>, item: &mut Item, clause: Clause, faults: &mut Vec<CopybookError>) {
    let (name, span) = clause.named();
    let second = match clause {
        Clause::Redefines(named) => item.redefines.replace(named).is_some(),
        Clause::Picture(picture, span) => item.picture.replace((picture, span)).is_some(),
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
        Clause::Other(..) => false,
    };
    if second {
        let message = format!("a second {name} clause in one entry");
        faults.push(
            CopybookError::new(CopybookErrorKind::Syntax, file, span, message)
                .with_help("is the period missing between two entries?"),
        );
    }
}

/// Whether the tokens look like the beginning of an entry: `05 NAME`, at the beginning of a line.
fn begins_entry(input: Input<'_>) -> bool {
    clause::level(input).is_ok()
        && input.get(1).is_some_and(|next| {
            next.word().is_some() && clause::level(input.get(1..).unwrap_or_default()).is_err()
        })
}

/// Takes the period, or says that it is missing and goes on.
fn period<'t>(file: &Arc<str>, input: Input<'t>, faults: &mut Vec<CopybookError>) -> Input<'t> {
    match input.first() {
        Some(token) if token.kind == Kind::Period => input.get(1..).unwrap_or_default(),
        Some(token) if token.first && begins_entry(input) => {
            let message = format!("wanted a period before this entry, found {}", token.shown());
            faults.push(
                CopybookError::new(CopybookErrorKind::Syntax, file, token.span, message)
                    .with_help("end the entry above with a period; columns 73 to 80 are not read"),
            );
            input
        }
        Some(token) => {
            let wanted = if token.kind == Kind::End {
                "a period"
            } else {
                "a clause or a period"
            };
            let message = format!("wanted {wanted}, found {}", token.shown());
            faults.push(
                CopybookError::new(CopybookErrorKind::Syntax, file, token.span, message)
                    .with_help("every entry ends with a period; columns 73 to 80 are not read"),
            );
            recover(input)
        }
        None => input,
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
