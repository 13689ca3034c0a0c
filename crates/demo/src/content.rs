//! What a record says, by COBOL name, before anyone has made bytes or JSON of it.
//!
//! In: the company's own structs. Out: one tree from which both the record (through the encoder) and the expectation (JSON
//! in the topic) are made. Never reads a record.

use crate::date::Day;

/// One field's content, or a group's.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Characters without trailing blanks.
    Text(String),
    /// A whole number that fits an integer.
    Whole(i128),
    /// `unscaled` / 10^`scale`: money, quantities, and whole numbers too wide for an integer. The scale is the picture's.
    Decimal {
        /// The digits, as if there were no decimal point.
        unscaled: i128,
        /// Digits after the point.
        scale: u32,
    },
    /// A floating-point number that both sides hold exactly (few bits).
    Float(f64),
    /// A day, or the record's way of saying "none".
    Date(Option<Day>),
    /// A text that the record may hold as "none" (blanks).
    Maybe(Option<String>),
    /// A flag.
    Flag(bool),
    /// A group: names as in the copybook, in its order.
    Group(Vec<(&'static str, Content)>),
    /// A view that does not hold in this record (REDEFINES).
    Absent,
    /// A table (OCCURS).
    List(Vec<Content>),
}

impl Content {
    /// Text.
    pub fn text(text: impl Into<String>) -> Content {
        Content::Text(text.into())
    }

    /// A whole number.
    pub fn whole(number: impl Into<i128>) -> Content {
        Content::Whole(number.into())
    }

    /// A decimal with `scale` digits after the point.
    pub fn decimal(unscaled: impl Into<i128>, scale: u32) -> Content {
        Content::Decimal {
            unscaled: unscaled.into(),
            scale,
        }
    }

    /// The member of that name, when this is a group that has it.
    pub fn member(&self, name: &str) -> Option<&Content> {
        match self {
            Content::Group(members) => members
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, content)| content),
            _ => None,
        }
    }
}
