//! Tokens one after the other, and the small things that all of a statement is made of: names, positions, conditions.
//!
//! In: tokens. Out: what was asked for, or a fault at the token that is something else. Knows no statement.

use std::sync::Arc;

use super::cards::{Kind, Token};
use crate::copybook::Literal;
use crate::error::{CopybookError, CopybookErrorKind, Span};

/// Bytes of the record that a condition tests.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// `(start:end)`, from 1.
    At { start: u32, end: u32, span: Span },
    /// A column.
    Named { name: String, span: Span },
}

impl Place {
    pub(super) fn span(&self) -> Span {
        match self {
            Place::At { span, .. } | Place::Named { span, .. } => *span,
        }
    }
}

/// A reader of tokens. A fault that ends what is being read is an `Err`; the reader is then where it was found.
pub(super) struct Reader<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    /// Parentheses that are open here.
    pub(super) depth: usize,
    pub(super) faults: &'a mut Vec<CopybookError>,
}

pub(super) type Read<T> = Result<T, CopybookError>;

impl<'a> Reader<'a> {
    /// The token here; the last one again at the end.
    pub(super) fn token(&self) -> &'a Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> &'a Token {
        static END: Token = Token {
            kind: Kind::End,
            span: Span {
                file: 0,
                line: 1,
                column: 1,
                len: 1,
            },
        };
        self.tokens
            .get(self.at.saturating_add(count))
            .or(self.tokens.last())
            .unwrap_or(&END)
    }

    pub(super) fn next(&mut self) -> &'a Token {
        let token = self.token();
        self.at = self.at.saturating_add(1).min(self.tokens.len());
        match token.kind {
            Kind::Sign('(') => self.depth = self.depth.saturating_add(1),
            Kind::Sign(')') => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        token
    }

    pub(super) fn ended(&self) -> bool {
        self.token().kind == Kind::End
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let found = self.token().is(word);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn sign(&mut self, sign: char) -> bool {
        let found = self.token().is_sign(sign);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn want_sign(&mut self, sign: char) -> Read<()> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.wanted(&format!("`{sign}`"))),
        }
    }

    /// A fault at this token.
    pub(super) fn wanted(&self, what: &str) -> CopybookError {
        let token = self.token();
        self.syntax(
            token.span,
            format!("wanted {what}, found {}", token.shown()),
        )
    }

    pub(super) fn syntax(&self, span: Span, message: impl Into<String>) -> CopybookError {
        CopybookError::new(CopybookErrorKind::Syntax, self.file, span, message)
    }

    pub(super) fn not_supported(&self, span: Span, message: impl Into<String>) -> CopybookError {
        CopybookError::new(CopybookErrorKind::NotSupported, self.file, span, message)
    }

    /// A whole number.
    pub(super) fn number(&mut self, what: &str) -> Read<u32> {
        let number = match &self.token().kind {
            Kind::Word(word) => word.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return Err(self.wanted(what));
        };
        self.next();
        Ok(number)
    }

    /// A name, quoted or not; in upper case, as names are found whatever their case.
    pub(super) fn name(&mut self, what: &str) -> Read<(String, Span)> {
        let token = self.token();
        let name = match &token.kind {
            Kind::Word(name) => name.clone(),
            Kind::Name(name) if !name.is_empty() => name.to_uppercase(),
            _ => return Err(self.wanted(what)),
        };
        self.next();
        Ok((name, token.span))
    }

    /// `(start:end)`, `(start)`, a name, or a name in parentheses.
    pub(super) fn place(&mut self) -> Read<Place> {
        let open = self.token().span;
        if !self.sign('(') {
            let (name, span) = self.name("`(start:end)` or the name of a column")?;
            return Ok(Place::Named { name, span });
        }
        let digits = matches!(&self.token().kind, Kind::Word(word) if word.bytes().all(|b| b.is_ascii_digit()));
        let place = if digits {
            let (start, end) = self.positions()?;
            let end = end.unwrap_or(start);
            let span = Span {
                len: self.token().span.column.saturating_sub(open.column).max(1),
                ..open
            };
            Place::At { start, end, span }
        } else {
            let (name, span) = self.name("a position or the name of a column")?;
            Place::Named { name, span }
        };
        self.want_sign(')')?;
        Ok(place)
    }

    /// `start` or `start:end`, from 1.
    pub(super) fn positions(&mut self) -> Read<(u32, Option<u32>)> {
        let first = self.token().span;
        let start = self.number("a position")?;
        if start == 0 {
            return Err(self.syntax(first, "positions begin with 1"));
        }
        if !(self.sign(':') || self.sign('-')) {
            return Ok((start, None));
        }
        let second = self.token().span;
        let end = self.number("the last position")?;
        if end < start {
            return Err(self.syntax(second, format!("position {end} is before {start}")));
        }
        Ok((start, Some(end)))
    }

    /// `place = constant`.
    pub(super) fn condition(&mut self) -> Read<(Place, Literal)> {
        let place = self.place()?;
        let sign = self.token();
        if !self.sign('=') {
            return Err(match sign.kind {
                Kind::Sign(_) | Kind::Word(_) => self.not_supported(
                    sign.span,
                    format!("a condition with {}: only `=` is supported", sign.shown()),
                ),
                _ => self.wanted("`=`"),
            });
        }
        let token = self.token();
        let literal = match &token.kind {
            Kind::Text(text) if !text.is_empty() => Literal::Text(text.clone()),
            Kind::Hex(bytes) => Literal::Hex(bytes.clone()),
            _ => return Err(self.wanted("'text' or X'..'")),
        };
        self.next();
        Ok((place, literal))
    }

    /// Past a group in parentheses, if there is one.
    pub(super) fn skip_group(&mut self) {
        if !self.token().is_sign('(') {
            return;
        }
        let mut depth = 0usize;
        while !self.ended() {
            let token = self.next();
            if token.is_sign('(') {
                depth = depth.saturating_add(1);
            } else if token.is_sign(')') {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return;
                }
            }
        }
    }
}
