//! Program text that knows its place: what stays of a copybook when columns, comments and copies are resolved.
//!
//! In: stretches of text with the file, line and column they come from. Out: one string, and the place of any part of
//! it. Never looks at what the text says.

use std::collections::HashSet;
use std::ops::Range;

use crate::error::{CopybookError, Span};

/// The text area of a copybook as one string, with the place of each stretch.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) text: String,
    /// Ascending by `from`.
    stretches: Vec<Stretch>,
    /// Lines (file, line) that have text right of the last column, which the compiler would not read: for the help of
    /// a missing period.
    pub(super) beyond: HashSet<(u16, u32)>,
    /// Faults of reference format with their offset in `text`: they count only where the text is used.
    pub(super) faults: Vec<(usize, CopybookError)>,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Byte offset in the text from which it holds.
    from: usize,
    /// Where its first character stands; `len` is 0 where each further character is one column further right, else
    /// all of the stretch stands for that many characters there.
    place: Span,
}

/// Longer stretches are cut, so that finding a column never counts far.
const LONGEST: usize = 256;

impl Source {
    /// An empty source for parts of `other`.
    pub(super) fn beside(other: &Source) -> Source {
        Source {
            beyond: other.beyond.clone(),
            ..Source::default()
        }
    }

    /// The place of `len` bytes at `offset`.
    pub(super) fn span(&self, offset: usize, len: usize) -> Span {
        let index = self
            .stretches
            .partition_point(|stretch| stretch.from <= offset)
            .saturating_sub(1);
        let Some(stretch) = self.stretches.get(index).copied() else {
            return Span::default();
        };
        if stretch.place.len > 0 {
            return stretch.place;
        }
        let count = |range: Range<usize>| {
            let characters = self.text.get(range).map_or(0, |text| text.chars().count());
            u32::try_from(characters).unwrap_or(u32::MAX)
        };
        // A word continued on the next line is underlined on its first line only.
        let ahead = self
            .stretches
            .get(index..)
            .unwrap_or_default()
            .iter()
            .skip(1);
        let mut end = self.text.len();
        for next in ahead {
            end = next.from;
            let goes_on = next.place.len == 0
                && (next.place.file, next.place.line) == (stretch.place.file, stretch.place.line);
            if !goes_on || end > offset.saturating_add(len) {
                break;
            }
            end = self.text.len();
        }
        let stop = offset.saturating_add(len).min(end).max(offset);
        Span {
            file: stretch.place.file,
            line: stretch.place.line,
            column: stretch
                .place
                .column
                .saturating_add(count(stretch.from..offset)),
            len: count(offset..stop).max(1),
        }
    }

    /// Text of one line; `place` is that of its first character.
    pub(super) fn push(&mut self, place: Span, text: &str) {
        let mut at = Span { len: 0, ..place };
        let mut rest = text;
        while !rest.is_empty() {
            let cut = rest
                .char_indices()
                .nth(LONGEST)
                .map_or(rest.len(), |(offset, _)| offset);
            let (part, after) = rest.split_at(cut);
            self.mark(at);
            self.text.push_str(part);
            let count = u32::try_from(part.chars().count()).unwrap_or(u32::MAX);
            at.column = at.column.saturating_add(count);
            rest = after;
        }
    }

    /// Text that stands for another one at `place`: the text of a replacement.
    pub(super) fn stand_in(&mut self, place: Span, text: &str) {
        self.mark(Span {
            len: place.len.max(1),
            ..place
        });
        self.text.push_str(text);
    }

    /// A part of another source, with its places and faults.
    pub(super) fn append(&mut self, other: &Source, range: Range<usize>) {
        let Some(text) = other.text.get(range.clone()) else {
            return;
        };
        let to = self.text.len();
        let moved = |offset: usize| offset.saturating_sub(range.start).saturating_add(to);
        let first = other
            .stretches
            .partition_point(|stretch| stretch.from <= range.start)
            .saturating_sub(1);
        for stretch in other.stretches.get(first..).unwrap_or_default() {
            if stretch.from >= range.end {
                break;
            }
            let from = stretch.from.max(range.start);
            let mut place = stretch.place;
            if place.len == 0 {
                let before = other.text.get(stretch.from..from).unwrap_or_default();
                let count = u32::try_from(before.chars().count()).unwrap_or(u32::MAX);
                place.column = place.column.saturating_add(count);
            }
            self.stretches.push(Stretch {
                from: moved(from),
                place,
            });
        }
        self.text.push_str(text);
        let faults = other.faults.iter();
        self.faults.extend(
            faults
                .filter(|(offset, _)| {
                    // A fault of the last line stands at the end.
                    range.contains(offset)
                        || (*offset == range.end && range.end == other.text.len())
                })
                .map(|(offset, fault)| (moved(*offset), fault.clone())),
        );
    }

    /// Takes away what stands after `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        while self.stretches.last().is_some_and(|last| last.from > len) {
            self.stretches.pop();
        }
    }

    fn mark(&mut self, place: Span) {
        self.stretches.push(Stretch {
            from: self.text.len(),
            place,
        });
    }
}
