//! Reference format: the lines of a file to one stream of program text that knows its place.
//!
//! In: the text of a file and its [`SourceFormat`]. Out: [`Source`]: the program text alone, comments, directives and
//! listing controls gone, continued words and literals joined; each line begins with a newline. Enterprise COBOL
//! Language Reference, "Reference format" and "Compiler-directing statements".

mod detect;
mod line;

use std::sync::Arc;

use super::options::{Debugging, SourceFormat, TextOptions};
use super::source::Source;
use crate::error::{CopybookError, CopybookErrorKind, Span};
use line::{Form, Line, cut};

/// A file to read: its number and its name in messages.
pub(super) struct File<'a> {
    pub(super) number: u16,
    pub(super) name: &'a Arc<str>,
    pub(super) text: &'a str,
}

/// The program text of a file. Faults of reference format are kept with it.
pub(super) fn read(file: &File<'_>, options: &TextOptions) -> Source {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let tab = usize::from(options.tab.max(1));
    let mut reader = Reader {
        file,
        form: match options.format {
            SourceFormat::Auto => detect::form(text, tab),
            SourceFormat::Fixed => Form::FIXED,
            SourceFormat::Free => Form::Free,
            SourceFormat::Columns(columns) => Form::Fixed(columns),
        },
        tab,
        debugging: options.debugging,
        source: Source::default(),
        begun: false,
    };
    for (index, raw) in text.split('\n').enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        // 0x1A: the end-of-file mark some transfers leave behind.
        let raw = raw.trim_end_matches(['\r', '\u{1a}']);
        if !raw.trim().is_empty() {
            reader.line(number, raw);
        }
    }
    reader.source
}

struct Reader<'a> {
    file: &'a File<'a>,
    form: Form,
    tab: usize,
    debugging: Debugging,
    source: Source,
    /// Whether program text was met: CBL and PROCESS statements stand before it.
    begun: bool,
}

impl Reader<'_> {
    fn line(&mut self, number: u32, raw: &str) {
        if is_include(raw) {
            // Written from column 1, whatever the form of the text around it.
            self.close_literal();
            self.source.text.push('\n');
            let place = Span {
                file: self.file.number,
                line: number,
                column: 1,
                len: 0,
            };
            self.source.push(place, raw);
            return;
        }
        if self.directive(number, raw) || (!self.begun && is_process(raw)) {
            return;
        }
        let mut line = cut(number, raw, self.form, self.tab);
        line.drop_margin();
        let comment = match line.indicator {
            '*' | '/' => true,
            'D' | 'd' => self.debugging == Debugging::Comments,
            _ => false,
        };
        let starred = line.is_starred() && !self.wants_picture();
        if comment || starred || line.is_listing_control() {
            return;
        }
        if line.beyond {
            self.source.beyond.insert((self.file.number, number));
        }
        if line.area.trim().is_empty() {
            return;
        }
        self.begun = true;
        match line.indicator {
            '-' => self.continued(&line),
            ' ' | 'D' | 'd' => self.fresh(&line),
            other => {
                let place = self.place(&line, line.indicator_column, 1);
                let Form::Fixed(columns) = self.form else {
                    return;
                };
                let message = format!(
                    "column {} holds `{other}`: wanted a blank, `*`, `/`, `-` or `D`",
                    columns.indicator
                );
                let help = format!(
                    "in fixed form columns 1 to {} are a sequence number and the text begins in column {}; \
                     indent the line if this text is in free form",
                    columns.indicator.saturating_sub(1),
                    columns.start
                );
                self.fault(place, message, help);
            }
        }
    }

    /// Whether the text so far ends where a picture must follow, which may begin with `*`.
    fn wants_picture(&self) -> bool {
        let mut words = self.source.text.split_ascii_whitespace();
        let is = |word: Option<&str>, wanted: &[&str]| {
            word.is_some_and(|word| wanted.iter().any(|w| word.eq_ignore_ascii_case(w)))
        };
        is(words.next_back(), &["PIC", "PICTURE", "IS"])
    }

    /// `>>SOURCE FORMAT IS FREE`, `$SET SOURCEFORMAT"FREE"` and the other directives, none of which is text.
    fn directive(&mut self, number: u32, raw: &str) -> bool {
        let mut start = raw.trim_start();
        let digits = |c: char| c.is_ascii_digit();
        if !start.starts_with(">>") && !start.starts_with('$') {
            // Behind a sequence number.
            start = raw
                .get(6..)
                .filter(|_| raw.starts_with(digits))
                .map_or("", str::trim_start);
        }
        let Some(directive) = start.strip_prefix(">>").or_else(|| start.strip_prefix('$')) else {
            return false;
        };
        let upper = directive.to_ascii_uppercase();
        let mut words = upper
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter(|word| !word.is_empty());
        match words.next() {
            Some("SOURCE") => self.switch(words.next_back()),
            Some("SET") if upper.contains("SOURCEFORMAT") => self.switch(words.next_back()),
            Some(word @ ("IF" | "ELSE" | "ELIF" | "END-IF" | "EVALUATE" | "WHEN")) => {
                let before = raw.chars().count().saturating_sub(start.chars().count());
                let place = Span {
                    file: self.file.number,
                    line: number,
                    column: u32::try_from(before).unwrap_or(0).saturating_add(1),
                    len: u32::try_from(start.trim_end().chars().count()).unwrap_or(1),
                };
                let fault = CopybookError::new(
                    CopybookErrorKind::NotSupported,
                    self.file.name,
                    place,
                    format!("conditional compilation ({word}) is not supported"),
                );
                let fault = fault.with_help("give the text as it is after the compiler chose");
                self.source.faults.push((self.source.text.len(), fault));
            }
            Some(_) => {}
            None => return false,
        }
        true
    }

    fn switch(&mut self, word: Option<&str>) {
        self.form = match word {
            Some("FREE") => Form::Free,
            Some("FIXED") => Form::FIXED,
            Some("VARIABLE") => Form::VARIABLE,
            _ => self.form,
        };
    }

    /// An ordinary line: what came before must have closed its literal.
    fn fresh(&mut self, line: &Line) {
        self.close_literal();
        // The end of a line separates words.
        self.source.text.push('\n');
        let kept = without_inline_comment(&line.area, None);
        self.source.push(self.place(line, line.column, 0), kept);
        self.pad_open_literal(line);
    }

    fn close_literal(&mut self) {
        let Some((offset, quote)) = open_literal(&self.source.text) else {
            return;
        };
        let span = self
            .source
            .span(offset, self.source.text.len().saturating_sub(offset));
        let help = match self.form {
            Form::Fixed(columns) => format!(
                "close it with {quote} before column {}, or continue it with `-` in column {} of the next line",
                columns.end.saturating_add(1),
                columns.indicator
            ),
            Form::Free => format!("close it with {quote} on its own line"),
        };
        let fault = CopybookError::new(
            CopybookErrorKind::Syntax,
            self.file.name,
            span,
            "this literal has no end",
        );
        self.source.faults.push((offset, fault.with_help(help)));
        self.source.text.push(quote);
    }

    /// A continuation line: its first nonblank character follows the last one of the line before.
    fn continued(&mut self, line: &Line) {
        let blanks = line.area.chars().take_while(|c| c.is_whitespace()).count();
        let text = line.area.trim_start();
        let column = line
            .column
            .saturating_add(u32::try_from(blanks).unwrap_or(0));
        if let Some((_, quote)) = open_literal(&self.source.text) {
            // The literal goes on after the quotation mark of the continuation line.
            if let Some(rest) = text.strip_prefix(quote) {
                let kept = without_inline_comment(rest, Some(quote));
                self.source
                    .push(self.place(line, column.saturating_add(1), 0), kept);
                self.pad_open_literal(line);
                return;
            }
            let place = self.place(line, column, 1);
            let message =
                format!("a literal is being continued: wanted {quote} as the first character");
            let fault =
                CopybookError::new(CopybookErrorKind::Syntax, self.file.name, place, message);
            self.source.faults.push((self.source.text.len(), fault));
        }
        let trimmed = self.source.text.trim_end().len();
        self.source.truncate(trimmed);
        let kept = without_inline_comment(text, None);
        self.source.push(self.place(line, column, 0), kept);
        self.pad_open_literal(line);
    }

    /// A literal that is open at the end of a line reaches to the last column, blanks included.
    fn pad_open_literal(&mut self, line: &Line) {
        let Form::Fixed(columns) = self.form else {
            return;
        };
        if open_literal(&self.source.text).is_some() && columns.end <= MOST_PADDED {
            for _ in line.last_column..usize::from(columns.end) {
                self.source.text.push(' ');
            }
        }
    }

    fn place(&self, line: &Line, column: u32, len: u32) -> Span {
        Span {
            file: self.file.number,
            line: line.number,
            column,
            len,
        }
    }

    fn fault(&mut self, place: Span, message: String, help: String) {
        let fault = CopybookError::new(CopybookErrorKind::Syntax, self.file.name, place, message);
        self.source
            .faults
            .push((self.source.text.len(), fault.with_help(help)));
    }
}

/// Lines without a right end (variable form) have no blanks to fill up to it.
const MOST_PADDED: u16 = 512;

/// CBL and PROCESS statements give options to the compiler; they may begin in column 1 or behind a sequence number.
fn is_process(raw: &str) -> bool {
    let numbered = raw
        .get(..6)
        .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
    let text = raw.get(6..).filter(|_| numbered).unwrap_or(raw);
    let mut words = text.split_whitespace();
    words.next().is_some_and(|word| {
        word.eq_ignore_ascii_case("CBL") || word.eq_ignore_ascii_case("PROCESS")
    }) && words.next() != Some(".")
}

/// `-INC MEMBER` of Librarian and `++INCLUDE MEMBER` of Panvalet.
fn is_include(raw: &str) -> bool {
    let first = raw.split_whitespace().next().unwrap_or_default();
    raw.starts_with(['-', '+'])
        && (first.eq_ignore_ascii_case("-INC") || first.eq_ignore_ascii_case("++INCLUDE"))
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
