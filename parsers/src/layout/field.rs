//! One line of the layout: a field with its place, form and meaning. What a compiler listing shows, and more.

use crate::copybook::{Condition, Picture, Usage};

/// What a field holds, with its meaning applied: what a schema needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Other fields.
    Group,
    /// Characters, at most `chars` of them.
    Text {
        /// Bytes of the field.
        chars: u32,
    },
    /// A number of zoned, packed or binary usage.
    Number {
        /// Digits of the picture.
        digits: u16,
        /// Digits that the bytes can hold, which a record may use: more than the picture's for binary fields and for
        /// packed ones with an even number of digits. A schema must have room for these.
        storage_digits: u16,
        /// Digits right of the decimal point; negative: zeros that follow.
        scale: i32,
        /// Has a sign.
        signed: bool,
    },
    /// COMP-1 (4 bytes).
    FloatShort,
    /// COMP-2 (8 bytes).
    FloatLong,
    /// A date, by the meaning.
    Date,
    /// A time of day, by the meaning.
    Time {
        /// Decimal places of the second that its form can tell, 0 to 9.
        places: u8,
    },
    /// A day and a time of day without a zone, by the meaning.
    Timestamp {
        /// Decimal places of the second that its form can tell, 0 to 9.
        places: u8,
    },
    /// A flag, by the meaning.
    Flag,
    /// Bytes, by the meaning.
    Bytes,
}

/// How often a field occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldOccurs {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// Bytes from one occurrence to the next.
    pub stride: u32,
    /// The field that holds the count (OCCURS DEPENDING ON): its [`Field::id`].
    pub depending_on: Option<u32>,
}

/// Whose data a field is; free text of the meaning file, for masking and for those who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pii(pub(crate) String);

impl Pii {
    /// The class as the meaning file names it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A field of a layout: elementary, group or FILLER.
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts of one item, each with its own accessor"
)]
#[derive(Debug, Clone)]
pub struct Field {
    pub(crate) id: u32,
    pub(crate) parent: Option<u32>,
    /// One past the last field below this one.
    pub(crate) end: u32,
    pub(crate) depth: u16,
    pub(crate) level: u8,
    pub(crate) name: String,
    pub(crate) filler: bool,
    /// A FILLER without a named field below it: only bytes.
    pub(crate) hidden: bool,
    pub(crate) label: String,
    pub(crate) path: String,
    pub(crate) picture: Option<Picture>,
    pub(crate) usage: Option<Usage>,
    pub(crate) kind: FieldKind,
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) occurs: Option<FieldOccurs>,
    pub(crate) redefines: Option<u32>,
    pub(crate) redefined: bool,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) names: Vec<String>,
    pub(crate) only_named: bool,
    pub(crate) nullable: bool,
    pub(crate) pii: Option<Pii>,
    pub(crate) description: Option<String>,
    /// The type of a column of an unloaded Db2 table.
    pub(crate) sql: Option<Box<str>>,
    /// It has no more bytes than its length says, and what follows moves.
    pub(crate) moving: bool,
    /// `,"NAME":` for the JSON writer.
    pub(crate) json_key: Box<[u8]>,
    /// The same with zeros behind it; nothing where it is longer.
    pub(crate) json_key_block: Option<[u8; 32]>,
}

impl Field {
    /// Its number in [`crate::Layout::fields`].
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The number of the group it is in.
    pub fn parent_id(&self) -> Option<u32> {
        self.parent
    }

    /// Level number.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// How many groups are around it.
    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// The COBOL name in upper case; `FILLER-n` for the n-th nameless item.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name in JSON and Kafka: the business name where the meaning gives one, else the COBOL name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The COBOL names from below the record down to this one: `ADDRESS.CITY`. Where a group has two members of one
    /// name, the second is `NAME-2` here and in [`label`](Self::label).
    pub fn path(&self) -> &str {
        &self.path
    }

    /// True for FILLER and nameless items.
    pub fn is_filler(&self) -> bool {
        self.filler
    }

    /// True for items that no output shows: FILLERs without a named field below them.
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// The PICTURE of an elementary item that has one.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// The usage of an elementary item, inherited or its own.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The type of a column of an unloaded Db2 table: `DECIMAL(9,2)`, `VARCHAR(40)`.
    pub fn sql_type(&self) -> Option<&str> {
        self.sql.as_deref()
    }

    /// What it holds.
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// Offset in the record in bytes, from 0; in a table, of the first occurrence.
    pub fn offset(&self) -> usize {
        to_usize(self.offset)
    }

    /// Bytes of one occurrence; for a group around an OCCURS DEPENDING ON, with the most occurrences.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a size in bytes; no field is empty"
    )]
    pub fn len(&self) -> usize {
        to_usize(self.len)
    }

    /// Its OCCURS.
    pub fn occurs(&self) -> Option<FieldOccurs> {
        self.occurs
    }

    /// The number of the field whose storage it redefines: the first one at that place.
    pub fn redefines(&self) -> Option<u32> {
        self.redefines
    }

    /// True when it is one of several views of the same bytes (itself redefining or redefined), and so may be absent
    /// from a record.
    pub fn is_variant(&self) -> bool {
        self.redefined || self.redefines.is_some()
    }

    /// True when the meaning defines bytes of it that stand for no value.
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// Level 88 entries.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The level 88 names that stand for its values, where [`crate::Conditions`] asks for them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// True when every value is one of [`names`](Self::names).
    pub fn is_enum(&self) -> bool {
        self.only_named
    }

    /// The meaning's class of personal data.
    pub fn pii(&self) -> Option<&Pii> {
        self.pii.as_ref()
    }

    /// The meaning's description.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// True when it has an OCCURS.
    #[inline]
    pub fn is_table(&self) -> bool {
        self.occurs.is_some()
    }

    /// `,"NAME":`.
    #[inline]
    pub(crate) fn json_key(&self) -> &[u8] {
        &self.json_key
    }

    /// The key with zeros behind it, where it has room: a copy of fixed length needs no call.
    #[inline]
    pub(crate) fn json_key_block(&self) -> Option<&[u8; 32]> {
        self.json_key_block.as_ref()
    }

    /// Sets the name in outputs, and the JSON text that goes with it.
    pub(crate) fn set_label(&mut self, label: String) {
        let mut key = b",\"".to_vec();
        crate::json::push_escaped(&label, &mut key);
        key.extend_from_slice(b"\":");
        let mut block = [0; 32];
        let start = block.get_mut(..key.len());
        self.json_key_block = start
            .map(|start| start.copy_from_slice(&key))
            .map(|()| block);
        self.json_key = key.into_boxed_slice();
        self.label = label;
    }
}

/// Offsets and lengths are below 2^31.
pub(crate) fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
