//! Program text to text words: what COPY and REPLACE compare and replace.
//!
//! In: a stretch of program text. Out: [`Piece`]s that together are all of it, blanks included. Enterprise COBOL
//! Language Reference, "Text words" under "COPY statement".

use std::ops::Range;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Blanks, line ends, and commas and semicolons before one.
    Space,
    /// Letters, digits, hyphens and what else stands in names.
    Word,
    /// A literal with its quotation marks.
    Literal,
    /// `==`.
    Pseudo,
    /// Any other character, alone.
    Symbol,
}

/// A text word or the blanks between two.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Splits `text`.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut start = 0usize;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let (kind, len) = piece(rest);
        let end = start.saturating_add(len.max(1));
        found.push(Piece {
            kind,
            range: start..end,
        });
        start = end;
    }
    found
}

fn piece(rest: &str) -> (Kind, usize) {
    let until = |end: &dyn Fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
    let Some(first) = rest.chars().next() else {
        return (Kind::Space, 0);
    };
    let after = rest.get(first.len_utf8()..).unwrap_or_default();
    match first {
        _ if first.is_whitespace() => (Kind::Space, until(&|c| !c.is_whitespace())),
        ',' | ';' if after.chars().next().is_none_or(char::is_whitespace) => (Kind::Space, 1),
        '\'' | '"' => (Kind::Literal, literal(rest, first)),
        '=' if after.starts_with('=') => (Kind::Pseudo, 2),
        _ if is_word(first) => (Kind::Word, until(&|c| !is_word(c))),
        _ => (Kind::Symbol, first.len_utf8()),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '#' | '@' | '$')
}

/// A literal ends with its quotation mark, a doubled one aside, or with its line.
fn literal(rest: &str, quote: char) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((offset, character)) = characters.next() {
        if character == '\n' {
            return offset;
        }
        if character == quote {
            if characters.next_if(|(_, next)| *next == quote).is_some() {
                continue;
            }
            return offset.saturating_add(1);
        }
    }
    rest.len()
}

/// A walk over the pieces of a text.
pub(super) struct Walk<'t> {
    text: &'t str,
    pieces: &'t [Piece],
    pub(super) at: usize,
}

impl<'t> Walk<'t> {
    pub(super) fn new(text: &'t str, pieces: &'t [Piece]) -> Walk<'t> {
        Walk {
            text,
            pieces,
            at: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<(&'t Piece, &'t str)> {
        let piece = self.pieces.get(self.at)?;
        Some((piece, self.text.get(piece.range.clone())?))
    }

    pub(super) fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn skip_space(&mut self) {
        while self
            .peek()
            .is_some_and(|(piece, _)| piece.kind == Kind::Space)
        {
            self.advance();
        }
    }

    /// Offset in the text of the next piece.
    pub(super) fn offset(&self) -> usize {
        self.pieces
            .get(self.at)
            .map_or(self.text.len(), |piece| piece.range.start)
    }

    /// The next word behind blanks, if it is one of these; taken.
    pub(super) fn take_word(&mut self, words: &[&str]) -> bool {
        let before = self.at;
        self.skip_space();
        let found = self.peek().is_some_and(|(piece, text)| {
            piece.kind == Kind::Word && words.iter().any(|word| text.eq_ignore_ascii_case(word))
        });
        if found {
            self.advance();
        } else {
            self.at = before;
        }
        found
    }

    /// A period that ends a statement: blanks or the end follow; taken with the blanks before it.
    pub(super) fn take_period(&mut self) -> bool {
        let before = self.at;
        self.skip_space();
        if self.at_period() {
            self.advance();
            return true;
        }
        self.at = before;
        false
    }

    pub(super) fn at_period(&self) -> bool {
        let next = self.pieces.get(self.at.saturating_add(1));
        self.peek().is_some_and(|(_, text)| text == ".")
            && next.is_none_or(|next| next.kind == Kind::Space)
    }

    /// What stands together without a blank, up to a period that ends the statement; a literal stands alone and is
    /// given without its quotation marks.
    pub(super) fn name(&mut self) -> Option<(Range<usize>, String)> {
        self.skip_space();
        let (piece, text) = self.peek()?;
        if piece.kind == Kind::Literal {
            let range = piece.range.clone();
            self.advance();
            return Some((range, text.trim_matches(['\'', '"']).to_owned()));
        }
        let start = piece.range.start;
        let mut end = start;
        while let Some((piece, _)) = self.peek() {
            if piece.kind == Kind::Space || self.at_period() {
                break;
            }
            end = piece.range.end;
            self.advance();
        }
        let name = self.text.get(start..end).filter(|name| !name.is_empty())?;
        Some((start..end, name.to_owned()))
    }
}
