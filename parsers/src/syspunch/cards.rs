//! The cards of a job to words: without columns 73 to 80, comments and job control.
//!
//! In: lines of up to 80 columns, or longer ones as an editor has them. Out: [`Token`]s with their places. Db2 13
//! Utility Guide, "Control statement coding rules": columns 1 to 72 count, a construct may go on in the next card, two
//! hyphens begin a comment.

use std::sync::Arc;

use crate::error::{CopybookError, CopybookErrorKind, Span};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, an unquoted name or a number, in upper case.
    Word(String),
    /// A name in `"`, without trailing blanks.
    Name(String),
    /// Characters in `'`.
    Text(String),
    /// `X'..'`.
    Hex(Vec<u8>),
    /// Any other character.
    Sign(char),
    /// Always the last.
    End,
}

/// A word of the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if own == word)
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    /// For messages: the token as the reader sees it.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Name(name) => format!("the name \"{name}\""),
            Kind::Text(text) => format!("the text '{text}'"),
            Kind::Hex(bytes) => format!("X'{}'", crate::json::hex(bytes)),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end of the statement".to_owned(),
        }
    }
}

/// Columns that count.
const CARD: usize = 72;

/// One line as a card: what counts of it.
fn card(line: &str) -> &str {
    let line = line.trim_end_matches(['\r', '\n']);
    // Job control around the statement is none of it.
    if line.starts_with("//") || line.starts_with("/*") || line.starts_with("/&") {
        return "";
    }
    let (Some((edge, _)), count) = (line.char_indices().nth(CARD), line.chars().count()) else {
        return line;
    };
    let numbers = line.get(edge..).unwrap_or_default();
    let sequence = numbers
        .chars()
        .all(|character| character == ' ' || character.is_ascii_digit());
    if count <= 80 && sequence {
        line.get(..edge).unwrap_or(line)
    } else {
        line
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '#' | '@' | '$')
}

/// Whether the first statement is a LOAD, past TEMPLATE and other statements that define data sets.
pub(super) fn is_load(text: &str) -> bool {
    let mut words = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(card)
        .map(|line| line.split_once("--").map_or(line, |(before, _)| before))
        .flat_map(|line| line.split(|character| !is_word(character)))
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return false;
    };
    const BEFORE: [&str; 5] = ["TEMPLATE", "LISTDEF", "OPTIONS", "EXEC", "QUIESCE"];
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let mut load = is(first, "LOAD");
    if !load && !BEFORE.iter().any(|word| is(first, word)) {
        return false;
    }
    let mut into = false;
    for word in words {
        if load && into && is(word, "TABLE") {
            return true;
        }
        into = is(word, "INTO");
        load |= is(word, "LOAD");
    }
    false
}

struct Lexer<'a> {
    file: &'a Arc<str>,
    tokens: Vec<Token>,
    faults: &'a mut Vec<CopybookError>,
    /// A quotation mark that the next card closes: the mark, what stands so far, where it began, whether after X.
    open: Option<Open>,
}

struct Open {
    mark: char,
    text: String,
    span: Span,
    hex: bool,
}

/// Splits the text into tokens; always ends with [`Kind::End`].
pub(super) fn split(file: &Arc<str>, text: &str, faults: &mut Vec<CopybookError>) -> Vec<Token> {
    let mut lexer = Lexer {
        file,
        tokens: Vec::new(),
        faults,
        open: None,
    };
    let mut last = Span {
        line: 1,
        column: 1,
        len: 1,
        ..Span::default()
    };
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line_number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        let line = card(line);
        if !line.is_empty() {
            last = Span {
                line: line_number,
                column: number(line.trim_end().chars().count()).max(1),
                ..last
            };
        }
        lexer.line(line_number, line);
    }
    if let Some(open) = lexer.open.take() {
        lexer.not_closed(&open);
    }
    lexer.tokens.push(Token {
        kind: Kind::End,
        span: last,
    });
    lexer.tokens
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Lexer<'_> {
    fn line(&mut self, line: u32, text: &str) {
        let mut rest = text.char_indices().enumerate().peekable();
        while let Some((at, (_, character))) = rest.next() {
            let place = Span {
                file: 0,
                line,
                column: number(at).saturating_add(1),
                len: 1,
            };
            if let Some(open) = &mut self.open {
                let doubled = rest.peek().is_some_and(|(_, (_, next))| *next == open.mark);
                if character != open.mark {
                    open.text.push(character);
                } else if doubled {
                    open.text.push(character);
                    rest.next();
                } else if let Some(open) = self.open.take() {
                    self.close(open, place);
                }
                continue;
            }
            match character {
                '"' | '\'' => self.begin(character, place, false),
                '-' if rest.peek().is_some_and(|(_, (_, next))| *next == '-') => return,
                'x' | 'X' if rest.peek().is_some_and(|(_, (_, next))| *next == '\'') => {
                    rest.next();
                    self.begin('\'', place, true);
                }
                character if is_word(character) => {
                    let mut word = character.to_uppercase().collect::<String>();
                    let mut len = 1u32;
                    while let Some((_, (_, next))) = rest.next_if(|(_, (_, next))| is_word(*next)) {
                        word.extend(next.to_uppercase());
                        len = len.saturating_add(1);
                    }
                    self.tokens.push(Token {
                        kind: Kind::Word(word),
                        span: Span { len, ..place },
                    });
                }
                character if character.is_whitespace() => {}
                character => self.tokens.push(Token {
                    kind: Kind::Sign(character),
                    span: place,
                }),
            }
        }
        // Only a card that is full goes on in the next one.
        let full = text.chars().count() >= CARD.saturating_sub(1);
        if let Some(open) = self.open.take_if(|_| !full) {
            self.not_closed(&open);
        }
    }

    fn begin(&mut self, mark: char, span: Span, hex: bool) {
        self.open = Some(Open {
            mark,
            text: String::new(),
            span,
            hex,
        });
    }

    fn close(&mut self, open: Open, end: Span) {
        let len = if end.line == open.span.line {
            end.column
                .saturating_sub(open.span.column)
                .saturating_add(1)
        } else {
            1
        };
        let span = Span { len, ..open.span };
        let kind = match (open.mark, open.hex) {
            ('"', _) => Kind::Name(open.text.trim_end().to_owned()),
            (_, false) => Kind::Text(open.text),
            (_, true) => match hex(&open.text) {
                Some(bytes) => Kind::Hex(bytes),
                None => {
                    let message = format!(
                        "wanted pairs of hexadecimal digits in X'..', found '{}'",
                        open.text
                    );
                    self.fault(span, message);
                    Kind::Hex(Vec::new())
                }
            },
        };
        self.tokens.push(Token { kind, span });
    }

    fn not_closed(&mut self, open: &Open) {
        self.fault(open.span, format!("no closing {} on this line", open.mark));
    }

    fn fault(&mut self, span: Span, message: String) {
        self.faults.push(CopybookError::new(
            CopybookErrorKind::Syntax,
            self.file,
            span,
            message,
        ));
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| (high << 4) | low).collect();
    (odd.is_empty() && !digits.is_empty()).then_some(bytes)
}
