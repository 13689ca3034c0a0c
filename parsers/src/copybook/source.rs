//! Columns, comments and continuation: fixed-form lines to one stream of characters that know their place.
//!
//! In: the text of a file. Out: [`Source`]: the program text area alone (columns 8 to 72), comments gone, continued
//! words and literals joined. Reference format: Enterprise COBOL Language Reference, "Reference format".

use std::sync::Arc;

use crate::error::{CopybookError, CopybookErrorKind, Span};

/// The text area of a copybook as one string, with the place of each stretch.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) text: String,
    /// (byte offset in `text` from which it holds, line, column), ascending. Within a stretch each character is one
    /// column further right.
    stretches: Vec<(usize, u32, u32)>,
    /// Lines that have text right of column 72 which the compiler would not read: for the help of a missing period.
    pub(super) beyond: Vec<u32>,
}

/// Last column of the text area (Area B).
const LAST_COLUMN: usize = 72;
const TAB: usize = 8;

impl Source {
    /// The place of `len` bytes at `offset`.
    pub(super) fn span(&self, offset: usize, len: usize) -> Span {
        let index = self
            .stretches
            .partition_point(|(from, ..)| *from <= offset)
            .saturating_sub(1);
        let Some((from, line, column)) = self.stretches.get(index).copied() else {
            return Span::default();
        };
        let count = |range: std::ops::Range<usize>| {
            let characters = self.text.get(range).map_or(0, |text| text.chars().count());
            u32::try_from(characters).unwrap_or(u32::MAX)
        };
        // A word continued on the next line is underlined on its first line only.
        let end = self
            .stretches
            .get(index.saturating_add(1))
            .map_or(self.text.len(), |next| next.0);
        let stop = offset.saturating_add(len).min(end).max(offset);
        Span {
            line,
            column: column.saturating_add(count(from..offset)),
            len: count(offset..stop).max(1),
        }
    }

    fn push(&mut self, line: u32, column: usize, text: &str) {
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        self.stretches.push((self.text.len(), line, column));
        self.text.push_str(text);
    }
}

/// One line cut into its areas. `area` begins at `column` (1-based) of the original line.
struct Line {
    number: u32,
    indicator: char,
    sequence_blank: bool,
    area: String,
    /// Original column, in characters of the file's line, of the first character of `area`.
    column: usize,
    beyond: bool,
}

/// Splits the text of a file into its program text. Faults of reference format go to `faults`.
pub(super) fn read(file: &Arc<str>, text: &str, faults: &mut Vec<CopybookError>) -> Source {
    let mut source = Source::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, raw) in text.split('\n').enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        // 0x1A: the end-of-file mark some transfers leave behind.
        let raw = raw.trim_end_matches(['\r', '\u{1a}']);
        if raw.trim().is_empty() {
            continue;
        }
        let line = cut(number, raw);
        if line.beyond {
            source.beyond.push(number);
        }
        add(file, &mut source, &line, faults);
    }
    source
}

fn cut(number: u32, raw: &str) -> Line {
    let mut line = Line {
        number,
        indicator: ' ',
        sequence_blank: true,
        area: String::new(),
        column: 8,
        beyond: false,
    };
    // `position` is the column with tabs expanded, which the areas are cut by; messages count characters.
    let mut position = 0usize;
    let mut started = false;
    for (count, character) in raw.chars().enumerate() {
        let (shown, width) = match character {
            '\t' => (
                ' ',
                TAB.saturating_sub(position.checked_rem(TAB).unwrap_or(0)),
            ),
            other => (other, 1),
        };
        for _ in 0..width {
            position = position.saturating_add(1);
            match position {
                0..=6 => line.sequence_blank &= shown == ' ',
                7 => line.indicator = shown,
                8..=LAST_COLUMN => {
                    if !started {
                        started = true;
                        line.column = count.saturating_add(1);
                    }
                    // An expanded tab counts as one character of the file.
                    if character != '\t' || !line.area.ends_with('\t') {
                        line.area.push(character);
                    }
                }
                _ => line.beyond |= shown != ' ',
            }
        }
    }
    line
}

fn add(file: &Arc<str>, source: &mut Source, line: &Line, faults: &mut Vec<CopybookError>) {
    match line.indicator {
        '*' | '/' | '$' => {}
        // Debugging lines are comments unless the program says WITH DEBUGGING MODE; a copybook cannot.
        'D' | 'd' => {}
        '-' => continued(file, source, line, faults),
        ' ' => fresh(file, source, line, line.column, &line.area, faults),
        // Text that begins one column too far left; compilers differ, the meaning is clear.
        other if other.is_ascii_alphanumeric() && line.sequence_blank => {
            let area = format!("{other}{}", line.area);
            fresh(file, source, line, line.column.saturating_sub(1), &area, faults);
        }
        other => faults.push(
            CopybookError::new(
                CopybookErrorKind::Syntax,
                file,
                Span { line: line.number, column: 7, len: 1 },
                format!("column 7 holds `{other}`: wanted a blank, `*`, `/`, `-` or `D`"),
            )
            .with_help(
                "in fixed form columns 1 to 6 are a sequence number and the text begins in column 8; \
                 indent the line if this text is in free form",
            ),
        ),
    }
}

/// An ordinary line: what came before must have closed its literal.
fn fresh(
    file: &Arc<str>,
    source: &mut Source,
    line: &Line,
    column: usize,
    area: &str,
    faults: &mut Vec<CopybookError>,
) {
    if let Some((offset, quote)) = open_literal(&source.text) {
        let span = source.span(offset, source.text.len().saturating_sub(offset));
        faults.push(
            CopybookError::new(CopybookErrorKind::Syntax, file, span, "this literal has no end")
                .with_help(format!(
                    "close it with {quote} before column 73, or continue it with `-` in column 7 of the next line"
                )),
        );
        source.text.push(quote);
    }
    // The end of a line separates words.
    source.text.push('\n');
    let kept = without_inline_comment(area, None);
    source.push(line.number, column, kept);
    pad_open_literal(source, kept, column);
}

/// A continuation line: its first nonblank character follows the last one of the line before.
fn continued(file: &Arc<str>, source: &mut Source, line: &Line, faults: &mut Vec<CopybookError>) {
    let blanks = line.area.chars().take_while(|c| c.is_whitespace()).count();
    let text = line.area.trim_start();
    let column = line.column.saturating_add(blanks);
    if let Some((_, quote)) = open_literal(&source.text) {
        // The literal goes on after the quotation mark of the continuation line.
        if let Some(rest) = text.strip_prefix(quote) {
            let kept = without_inline_comment(rest, Some(quote));
            source.push(line.number, column.saturating_add(1), kept);
            pad_open_literal(source, kept, column.saturating_add(1));
            return;
        }
        faults.push(CopybookError::new(
            CopybookErrorKind::Syntax,
            file,
            Span {
                line: line.number,
                column: u32::try_from(column).unwrap_or(0),
                len: 1,
            },
            format!("a literal is being continued: wanted {quote} as the first character"),
        ));
    }
    let trimmed = source.text.trim_end().len();
    source.text.truncate(trimmed);
    let kept = without_inline_comment(text, None);
    source.push(line.number, column, kept);
    pad_open_literal(source, kept, column);
}

/// A literal that is open at the end of a line reaches to column 72, blanks included.
fn pad_open_literal(source: &mut Source, kept: &str, column: usize) {
    if open_literal(&source.text).is_some() {
        let last = column
            .saturating_add(kept.chars().count())
            .saturating_sub(1);
        for _ in last..LAST_COLUMN {
            source.text.push(' ');
        }
    }
}

/// Where the last line begins a literal that it does not end, and its quotation mark. A newline never stands inside
/// a literal, so only the text after the last one counts.
fn open_literal(text: &str) -> Option<(usize, char)> {
    let start = text.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let mut open = None;
    for (offset, character) in text.get(start..)?.char_indices() {
        match (open, character) {
            (None, '\'' | '"') => open = Some((start.saturating_add(offset), character)),
            (Some((_, quote)), _) if character == quote => open = None,
            _ => {}
        }
    }
    open
}

/// Cuts `*>` and what follows, unless it stands in a literal.
fn without_inline_comment(area: &str, mut open: Option<char>) -> &str {
    let mut before = ' ';
    for (offset, character) in area.char_indices() {
        match (open, character) {
            (None, '\'' | '"') => open = Some(character),
            (Some(quote), _) if character == quote => open = None,
            (None, '>') if before == '*' => {
                return area.get(..offset.saturating_sub(1)).unwrap_or(area);
            }
            _ => {}
        }
        before = character;
    }
    area
}
