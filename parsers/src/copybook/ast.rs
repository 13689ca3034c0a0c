//! The entries of a copybook as written: no offsets, no defaults filled in.

use super::{Picture, Usage};
use crate::error::Span;
use crate::syspunch::SqlColumn;

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
    pub(crate) byte_length: Option<(u32, Span)>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) renames: Vec<Renames>,
    /// A column of a Db2 LOAD statement, which has a type of its own instead of the clauses above.
    pub(crate) sql: Option<Box<SqlColumn>>,
    pub(crate) children: Vec<Item>,
    /// The entry has a fault that was told: its form, and what its storage follows from, are not known.
    pub(crate) broken: bool,
}

impl Item {
    /// An entry without clauses.
    pub(crate) fn new(level: u8, span: Span) -> Item {
        Item {
            level,
            name: None,
            span,
            picture: None,
            usage: None,
            sign: None,
            occurs: None,
            redefines: None,
            value: None,
            synchronized: None,
            justified: None,
            blank_when_zero: None,
            byte_length: None,
            conditions: Vec::new(),
            renames: Vec::new(),
            sql: None,
            children: Vec::new(),
            broken: false,
        }
    }

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

    /// The bytes that `BYTE-LENGTH` gives a `PIC U` item.
    pub fn byte_length(&self) -> Option<u32> {
        self.byte_length.map(|(bytes, _)| bytes)
    }

    /// The level 66 entries of this record. They have no storage of their own.
    pub fn renames(&self) -> &[Renames] {
        &self.renames
    }

    /// The entries below this one.
    pub fn children(&self) -> &[Item] {
        &self.children
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
    pub(crate) keys: Vec<(Order, Named)>,
    pub(crate) indexes: Vec<Named>,
    pub(crate) span: Span,
}

/// How a key of a table orders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// ASCENDING KEY.
    Ascending,
    /// DESCENDING KEY.
    Descending,
}

impl Occurs {
    /// The name after DEPENDING ON, possibly qualified (`COUNT OF HEADER`, as `HEADER.COUNT`).
    pub fn depending_on(&self) -> Option<&str> {
        self.depending.as_ref().map(|named| named.name.as_str())
    }

    /// The names after ASCENDING or DESCENDING KEY, the most significant first.
    pub fn keys(&self) -> impl Iterator<Item = (Order, &str)> {
        self.keys
            .iter()
            .map(|(order, named)| (*order, named.name.as_str()))
    }

    /// The names after INDEXED BY; they have no storage in the record.
    pub fn indexes(&self) -> impl Iterator<Item = &str> {
        self.indexes.iter().map(|named| named.name.as_str())
    }
}

/// A level 66 entry: another name for an item, or for all that stands from one item to another.
#[derive(Debug, Clone)]
pub struct Renames {
    pub(crate) name: Named,
    pub(crate) from: Named,
    pub(crate) to: Option<Named>,
}

impl Renames {
    /// The new name, in upper case.
    pub fn name(&self) -> &str {
        &self.name.name
    }

    /// What it renames, or the first of it; possibly qualified (`A OF B`, as `B.A`).
    pub fn from(&self) -> &str {
        &self.from.name
    }

    /// After THRU: the last of what it renames.
    pub fn to(&self) -> Option<&str> {
        self.to.as_ref().map(|named| named.name.as_str())
    }

    /// Where the new name stands.
    pub fn span(&self) -> Span {
        self.name.span
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
    pub(crate) when_false: Option<Literal>,
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

    /// After WHEN SET TO FALSE: the value that `SET condition TO FALSE` moves.
    pub fn when_false(&self) -> Option<&Literal> {
        self.when_false.as_ref()
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
