//! The entries of a copybook as written: no offsets, no defaults filled in.

use crate::copybook::Picture;
use crate::error::Span;

/// A name in the text, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// As written, in upper case.
    pub(crate) name: String,
    pub(crate) span: Span,
}

/// One data description entry with the entries below it.
#[derive(Debug, Clone)]
pub struct Item {
    pub(crate) level: u8,
    pub(crate) name: Option<Named>,
    pub(crate) span: Span,
    pub(crate) picture: Option<(Picture, Span)>,
    pub(crate) usage: Option<(Usage, Span)>,
    pub(crate) sign: Option<(Sign, Span)>,
    pub(crate) occurs: Option<Occurs>,
    pub(crate) redefines: Option<Named>,
    pub(crate) value: Option<(Literal, Span)>,
    pub(crate) synchronized: Option<Span>,
    pub(crate) justified: Option<Span>,
    pub(crate) blank_when_zero: Option<Span>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) renames: Vec<(Named, String)>,
    pub(crate) children: Vec<Item>,
}

impl Item {
    /// Level number: 1 to 49, or 77.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The name in upper case; `None` for FILLER and nameless entries.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|named| named.name.as_str())
    }

    /// Where the entry begins.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The PICTURE clause.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref().map(|(picture, _)| picture)
    }

    /// The entry's own USAGE clause (not one inherited from a group).
    pub fn usage(&self) -> Option<Usage> {
        self.usage.map(|(usage, _)| usage)
    }

    /// The OCCURS clause.
    pub fn occurs(&self) -> Option<&Occurs> {
        self.occurs.as_ref()
    }

    /// The name after REDEFINES.
    pub fn redefines(&self) -> Option<&str> {
        self.redefines.as_ref().map(|named| named.name.as_str())
    }

    /// The level 88 entries right under this one.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The level 66 entries of this record: new name and what they rename, as text. They have no storage.
    pub fn renames(&self) -> impl Iterator<Item = (&str, &str)> {
        self.renames
            .iter()
            .map(|(named, text)| (named.name.as_str(), text.as_str()))
    }

    /// The entries below this one.
    pub fn children(&self) -> &[Item] {
        &self.children
    }
}

/// USAGE, by storage form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Usage {
    /// DISPLAY: one byte a character.
    #[default]
    Display,
    /// BINARY, COMP, COMP-4: big endian, limited to its picture (TRUNC(STD)).
    Binary,
    /// COMP-5: big endian on z/OS, limited by its bytes only.
    Native,
    /// PACKED-DECIMAL, COMP-3.
    Packed,
    /// COMP-1: IBM hexadecimal floating point, 4 bytes.
    FloatShort,
    /// COMP-2: IBM hexadecimal floating point, 8 bytes.
    FloatLong,
}

impl Usage {
    /// As a compiler listing says it.
    pub const fn name(self) -> &'static str {
        match self {
            Usage::Display => "DISPLAY",
            Usage::Binary => "COMP",
            Usage::Native => "COMP-5",
            Usage::Packed => "COMP-3",
            Usage::FloatShort => "COMP-1",
            Usage::FloatLong => "COMP-2",
        }
    }
}

/// SIGN clause; without one the sign is trailing and overpunched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sign {
    /// LEADING; otherwise TRAILING.
    pub leading: bool,
    /// SEPARATE CHARACTER: a byte of its own holding + or -.
    pub separate: bool,
}

/// OCCURS clause.
#[derive(Debug, Clone)]
pub struct Occurs {
    /// Fewest occurrences; equal to `max` without DEPENDING ON.
    pub min: u32,
    /// Most occurrences: what storage is reserved for.
    pub max: u32,
    pub(crate) depending: Option<Named>,
    pub(crate) span: Span,
}

impl Occurs {
    /// The name after DEPENDING ON, possibly qualified (`COUNT OF HEADER`, as `HEADER.COUNT`).
    pub fn depending_on(&self) -> Option<&str> {
        self.depending.as_ref().map(|named| named.name.as_str())
    }
}

/// A literal of a VALUE clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`.
    Text(String),
    /// `-12.5`, as written.
    Number(String),
    /// `X'C1C2'`.
    Hex(Vec<u8>),
    /// ZERO, SPACES, ...
    Figurative(Figurative),
    /// ALL 'literal': repeated to the field's length.
    All(String),
}

/// Figurative constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figurative {
    /// ZERO, ZEROS, ZEROES.
    Zero,
    /// SPACE, SPACES.
    Space,
    /// HIGH-VALUE, HIGH-VALUES: X'FF'.
    HighValue,
    /// LOW-VALUE, LOW-VALUES, NULL, NULLS: X'00'.
    LowValue,
    /// QUOTE, QUOTES.
    Quote,
}

/// A level 88 entry.
#[derive(Debug, Clone)]
pub struct Condition {
    pub(crate) name: Named,
    pub(crate) values: Vec<Range>,
}

impl Condition {
    /// The condition-name, in upper case.
    pub fn name(&self) -> &str {
        &self.name.name
    }

    /// Its values; the condition holds for any of them.
    pub fn values(&self) -> &[Range] {
        &self.values
    }
}

/// One value or a range of a level 88 entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The value, or the first of the range.
    pub from: Literal,
    /// After THRU.
    pub to: Option<Literal>,
}
