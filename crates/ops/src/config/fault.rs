//! One thing wrong with a file a person wrote, and the list of them.
//!
//! In: a message and a place. Out: the text a person reads, with the line and a caret, as compilers print it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// One thing wrong with a file: where, what, and how to mend it.
#[derive(Debug, Clone)]
pub struct Fault {
    file: Arc<str>,
    /// The text the span points into; `None` when the fault is about the file as a whole.
    place: Option<(Arc<str>, Range<usize>)>,
    message: String,
    help: Option<String>,
}

impl Fault {
    /// A fault of a file as a whole: it is missing, unreadable, or something it should say is not there.
    #[must_use]
    pub fn of_file(file: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: None,
            message: message.into(),
            help: None,
        }
    }

    /// A fault at bytes `span` of `text`. A span outside the text, or inside a character, is moved to the nearest that fits.
    pub(super) fn at_span(
        file: Arc<str>,
        text: Arc<str>,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        // A caret past the last character of the file stands right behind it, not on an empty line below.
        let end_of_text = text.trim_end_matches(['\n', '\r']).len();
        let start = floor_char(&text, span.start.min(end_of_text));
        let end = floor_char(&text, span.end.clamp(start, text.len()));
        Self {
            file,
            place: Some((text, start..end)),
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The file the fault is in.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line and column of the place, both from 1; the column counts characters. None if the fault is about the file as a whole.
    #[must_use]
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let (text, span) = self.place.as_ref()?;
        let before = text.get(..span.start)?;
        let line = before.matches('\n').count() + 1;
        let begun = before.rsplit('\n').next().unwrap_or(before);
        Some((line, begun.chars().count() + 1))
    }

    /// The fault as a person reads it, with colours when `renderer` has them.
    fn render(&self, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(&*self.message);
        let mut group = match &self.place {
            Some((text, span)) => title.element(
                Snippet::source(&**text)
                    .path(&*self.file)
                    .annotation(AnnotationKind::Primary.span(span.clone())),
            ),
            None => Group::with_title(title).element(Origin::path(&*self.file)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(&**help));
        }
        renderer.render(&[group])
    }
}

/// Every fault found, in the order found; never empty once it is returned as an error.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Fault>) {
        self.0.extend(others);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The faults, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// `value` if there is no fault, else the faults.
    ///
    /// # Errors
    /// The faults themselves.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// The text for a terminal that shows colours.
    #[must_use]
    pub fn coloured(&self) -> String {
        self.join(&Renderer::styled())
    }

    fn join(&self, renderer: &Renderer) -> String {
        let texts: Vec<_> = self.0.iter().map(|fault| fault.render(renderer)).collect();
        texts.join("\n\n")
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.join(&Renderer::plain()))
    }
}

impl std::error::Error for Faults {}

/// The byte span of `len` characters from `column` of `line`, both from 1; a place that is not there gives the end of what is.
pub(super) fn span_of(text: &str, line: usize, column: usize, len: usize) -> Range<usize> {
    let start_of_line = match line.checked_sub(2) {
        None => 0,
        Some(nth) => text
            .match_indices('\n')
            .nth(nth)
            .map_or(text.len(), |(at, _)| at + 1),
    };
    let rest = text.get(start_of_line..).unwrap_or("");
    let rest = rest.lines().next().unwrap_or("");
    let at = |nth: usize| {
        rest.char_indices()
            .nth(nth)
            .map_or(rest.len(), |(at, _)| at)
    };
    let first = column.saturating_sub(1);
    start_of_line + at(first)..start_of_line + at(first.saturating_add(len))
}

fn floor_char(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_column_of_characters() {
        let at =
            |span| Fault::at_span("f".into(), "a = 1\né = x\n".into(), span, "m").line_and_column();
        assert_eq!(at(0..1), Some((1, 1)));
        assert_eq!(at(11..12), Some((2, 5)));
        assert_eq!(Fault::of_file("f", "m").line_and_column(), None);
    }
}
