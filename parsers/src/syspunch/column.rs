//! One column of a LOAD statement: name, POSITION, type, NULLIF.
//!
//! In: tokens. Out: a [`Column`] as written. Db2 13 Utility Guide, LOAD, "field-specification".

use super::cards::Kind;
use super::kind::Type;
use super::reader::{Place, Read, Reader};
use super::statement::Encoding;
use crate::copybook::Literal;
use crate::error::Span;

/// A field specification.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) position: Position,
    pub(super) kind: Type,
    pub(super) null_if: Option<(Place, Literal)>,
}

/// Where a column begins, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Position {
    /// `*`, `*+n`, or no POSITION: so many bytes after the column before it.
    Next(u32),
    /// `start` or `start:end`.
    At {
        start: u32,
        end: Option<u32>,
        span: Span,
    },
}

const TYPES: &[&str] = &[
    "CHAR",
    "CHARACTER",
    "VARCHAR",
    "GRAPHIC",
    "VARGRAPHIC",
    "SMALLINT",
    "INTEGER",
    "INT",
    "BIGINT",
    "BINARY",
    "VARBINARY",
    "DECIMAL",
    "DEC",
    "NUMERIC",
    "FLOAT",
    "REAL",
    "DOUBLE",
    "DECFLOAT",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "ROWID",
    "BLOB",
    "CLOB",
    "DBCLOB",
    "XML",
];

/// Whether a word begins a type.
pub(super) fn is_type(word: &str) -> bool {
    TYPES.contains(&word)
}

impl Reader<'_> {
    /// A column; `None` for one that the record has nothing of.
    pub(super) fn column(&mut self, encoding: &Encoding) -> Read<Option<Column>> {
        if self.token().is("POSITION") && self.ahead(1).is_sign('(') {
            return Err(self.wanted("the name of a column"));
        }
        let (name, span) = self.name("the name of a column")?;
        let mut position = None;
        let mut kind: Option<Type> = None;
        let mut null_if = None;
        let mut constant = false;
        loop {
            let token = self.token();
            let Kind::Word(word) = &token.kind else { break };
            match word.as_str() {
                "POSITION" => {
                    self.next();
                    let found = self.position()?;
                    if position.replace(found).is_some() {
                        return Err(self.syntax(token.span, format!("{name} has two POSITIONs")));
                    }
                }
                "NULLIF" => {
                    self.next();
                    null_if = Some(self.condition()?);
                }
                // What LOAD puts in the table in place of what the record has: the record has it all the same.
                "DEFAULTIF" | "CONSTANTIF" => {
                    self.next();
                    self.condition()?;
                }
                "CONSTANT" => {
                    self.next();
                    self.skip_group();
                    constant = true;
                }
                word if is_type(word) => {
                    if kind.is_some() {
                        return Err(self.syntax(token.span, format!("{name} has two types")));
                    }
                    kind = Some(self.kind(encoding)?);
                }
                "POSTION" | "POS" => return Err(self.wanted("POSITION")),
                _ => return Err(self.wanted("POSITION, a type, NULLIF, `,` or `)`")),
            }
        }
        let position_given = position.is_some();
        match kind {
            None if constant && !position_given => Ok(None),
            None => Err(self
                .syntax(span, format!("{name} has no type"))
                .with_help("UNLOAD and DSNTIAUL write a type for each column, such as CHAR(8)")),
            Some(kind) => Ok(Some(Column {
                name,
                span,
                position: position.unwrap_or(Position::Next(0)),
                kind,
                null_if,
            })),
        }
    }

    /// `(start:end)`, `(start)`, `(*)`, `(*+n)`.
    fn position(&mut self) -> Read<Position> {
        self.want_sign('(')?;
        let span = self.token().span;
        let position = if self.sign('*') {
            match self.sign('+') {
                true => Position::Next(self.number("how many bytes to skip")?),
                false => Position::Next(0),
            }
        } else {
            let (start, end) = self.positions()?;
            let len = self.token().span.column.saturating_sub(span.column).max(1);
            Position::At {
                start,
                end,
                span: Span { len, ..span },
            }
        };
        self.want_sign(')')?;
        Ok(position)
    }
}
