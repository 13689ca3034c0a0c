//! SQL TYPE IS: host variables that have no COBOL type, and the entries Db2 puts in their place.
//!
//! Db2 for z/OS, Application Programming and SQL Guide, "Host variables in COBOL" (LOB, locator, file reference, ROWID,
//! BINARY and VARBINARY variables). The length of a LOB is a fullword, of a VARBINARY or ROWID a halfword.

use nom::Parser;
use nom::combinator::{cut, opt};

use super::Usage;
use super::ast::{Item, Named};
use super::clause::Clause;
use super::combinator::{Input, Message, Parsed, fail, stop, word};
use super::picture::{self, Symbols};
use super::token::Kind;
use crate::error::Span;

/// What a host variable is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SqlType {
    /// BINARY(n).
    Binary(u32),
    /// VARBINARY(n) and, with 40, ROWID.
    Varying(u32),
    /// BLOB(n), CLOB(n), and XML as one of them.
    Lob(u32),
    /// DBCLOB(n): n double-byte characters.
    DoubleByteLob(u32),
    /// A locator: a fullword.
    Locator,
    /// A file reference: lengths, options and a name of 255 bytes.
    File,
}

/// `[USAGE [IS]] SQL [TYPE] IS type`.
pub(super) fn sql_type(input: Input<'_>) -> Parsed<'_, Clause> {
    let (rest, _) = opt((word(&["USAGE"]), opt(word(&["IS"])))).parse(input)?;
    let (rest, token) = word(&["SQL"])(rest)?;
    let (rest, _) = (opt(word(&["TYPE"])), opt(word(&["IS"]))).parse(rest)?;
    let (rest, xml) = opt((word(&["XML"]), cut(word(&["AS"])))).parse(rest)?;
    let Some((named, after)) = rest.split_first() else {
        return stop(rest, "an SQL type");
    };
    let clause = |after, found| Ok((after, Clause::Sql(found, token.span)));
    match named.word().unwrap_or_default() {
        "BLOB-LOCATOR" | "CLOB-LOCATOR" | "DBCLOB-LOCATOR" => clause(after, SqlType::Locator),
        "BLOB-FILE" | "CLOB-FILE" | "DBCLOB-FILE" => clause(after, SqlType::File),
        "RESULT-SET-LOCATOR" => {
            let (after, _) = opt(word(&["VARYING"])).parse(after)?;
            clause(after, SqlType::Locator)
        }
        "TABLE" => {
            // TABLE LIKE name AS LOCATOR
            let (after, _) = cut((
                word(&["LIKE"]),
                super::combinator::name,
                word(&["AS"]),
                word(&["LOCATOR"]),
            ))
            .parse(after)?;
            clause(after, SqlType::Locator)
        }
        "ROWID" => clause(after, SqlType::Varying(40)),
        "BINARY" => cut(length)
            .parse(after)
            .and_then(|(after, n)| clause(after, SqlType::Binary(n))),
        "VARBINARY" => cut(length)
            .parse(after)
            .and_then(|(after, n)| clause(after, SqlType::Varying(n))),
        "BLOB" | "CLOB" => cut(length)
            .parse(after)
            .and_then(|(after, n)| clause(after, SqlType::Lob(n))),
        "DBCLOB" => cut(length)
            .parse(after)
            .and_then(|(after, n)| clause(after, SqlType::DoubleByteLob(n))),
        other => {
            let message = if xml.is_some() {
                "BLOB, CLOB or DBCLOB".to_owned()
            } else {
                format!("an SQL type such as `CLOB(1M)` instead of `{other}`")
            };
            fail(rest, Message::Instead(message), None)
        }
    }
}

/// `(n)`, with K, M or G behind the number.
fn length(input: Input<'_>) -> Parsed<'_, u32> {
    let (Some((open, rest)), wanted) = (input.split_first(), "a length such as `(100)`") else {
        return stop(input, "a length such as `(100)`");
    };
    let Some((number, after)) = rest.split_first().filter(|_| open.kind == Kind::Open) else {
        return stop(input, wanted);
    };
    let written = number.word().unwrap_or_default();
    let (digits, shift) = match written.chars().last() {
        Some('K') => (written.trim_end_matches('K'), 10),
        Some('M') => (written.trim_end_matches('M'), 20),
        Some('G') => (written.trim_end_matches('G'), 30),
        _ => (written, 0),
    };
    let length = digits.parse::<u32>().ok().and_then(|length| {
        length
            .checked_shl(shift)
            .filter(|_| length > 0 && length.leading_zeros() >= shift)
    });
    match (length, after.split_first()) {
        (Some(length), Some((close, after))) if close.kind == Kind::Close => Ok((after, length)),
        _ => stop(rest, wanted),
    }
}

impl SqlType {
    /// Turns `item` into what Db2 makes of it.
    pub(super) fn expand(self, item: &mut Item) {
        let fullword = ("S9(9)", Usage::Native);
        let halfword = ("S9(4)", Usage::Native);
        let below: Vec<(&str, String, Usage)> = match self {
            SqlType::Binary(length) => {
                set(item, &format!("X({length})"), Usage::Display);
                return;
            }
            SqlType::Locator => {
                set(item, "S9(9)", Usage::Binary);
                return;
            }
            SqlType::Varying(length) => vec![
                ("LEN", halfword.0.to_owned(), halfword.1),
                ("TEXT", format!("X({length})"), Usage::Display),
            ],
            SqlType::Lob(length) => vec![
                ("LENGTH", fullword.0.to_owned(), fullword.1),
                ("DATA", format!("X({length})"), Usage::Display),
            ],
            SqlType::DoubleByteLob(length) => vec![
                ("LENGTH", fullword.0.to_owned(), fullword.1),
                ("DATA", format!("G({length})"), Usage::DoubleByte),
            ],
            SqlType::File => vec![
                ("NAME-LENGTH", fullword.0.to_owned(), fullword.1),
                ("DATA-LENGTH", fullword.0.to_owned(), fullword.1),
                ("FILE-OPTION", fullword.0.to_owned(), fullword.1),
                ("NAME", "X(255)".to_owned(), Usage::Display),
            ],
        };
        for (name, picture, usage) in below {
            let mut part = Item::new(49, item.span);
            part.name = item.name.as_ref().map(|named| Named {
                name: format!("{}-{name}", named.name),
                span: named.span,
            });
            set(&mut part, &picture, usage);
            item.children.push(part);
        }
    }
}

fn set(item: &mut Item, text: &str, usage: Usage) {
    let span: Span = item.span;
    item.usage = Some((usage, span));
    item.picture = picture::parse(text, &Symbols::default())
        .ok()
        .map(|picture| (picture, span));
}
