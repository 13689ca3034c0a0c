//! Alphanumeric- and national-edited pictures: characters with blanks, zeros and slashes between.
//!
//! Language Reference, "PICTURE clause editing", simple insertion editing.

use crate::copybook::{Edit, EditSymbol};

/// What stands at each position: `None` for a character of the value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextEditor {
    places: Box<[(Option<char>, u32)]>,
}

impl TextEditor {
    pub(super) fn new(edit: &Edit) -> TextEditor {
        let place = |(symbol, count): &(EditSymbol, u32)| {
            let inserted = match symbol {
                EditSymbol::Blank => Some(' '),
                EditSymbol::Zero => Some('0'),
                EditSymbol::Slash => Some('/'),
                _ => None,
            };
            (inserted, *count)
        };
        TextEditor {
            places: edit.runs().iter().map(place).collect(),
        }
    }

    /// How many characters the value can have.
    pub(crate) fn chars(&self) -> u32 {
        let own = self
            .places
            .iter()
            .filter(|(inserted, _)| inserted.is_none());
        own.fold(0, |all, (_, count)| all.saturating_add(*count))
    }

    fn positions(&self) -> impl Iterator<Item = Option<char>> + '_ {
        self.places.iter().flat_map(|(inserted, count)| {
            std::iter::repeat_n(*inserted, usize::try_from(*count).unwrap_or(0))
        })
    }

    /// The characters that MOVE of a text gives; `None` where it is too long.
    pub(crate) fn format(&self, text: &str) -> Option<String> {
        let mut left = text.chars();
        let out = self
            .positions()
            .map(|inserted| inserted.unwrap_or_else(|| left.next().unwrap_or(' ')))
            .collect();
        left.next().is_none().then_some(out)
    }

    /// The text without what was inserted, whatever stands at those places, and without padding.
    pub(crate) fn parse(&self, text: &str) -> String {
        let own = self.positions().zip(text.chars());
        let mut out: String = own
            .filter(|(inserted, _)| inserted.is_none())
            .map(|(_, c)| c)
            .collect();
        out.truncate(out.trim_end_matches(' ').len());
        out
    }
}
