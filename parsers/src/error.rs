//! What can be wrong: with a copybook or its meaning ([`CopybookError`]), with a field of a record ([`FieldError`]).
//!
//! Both carry their place and a `kind()` that callers decide by. Messages are lower case, without a full stop, and
//! say what was wanted and what came. (Faults of record formats are [`crate::frame::FrameError`].)

use std::fmt;
use std::sync::Arc;

/// A place in a text: 1-based line and column, and a length in characters for a caret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Which file of a copybook: 0 for the one given, higher numbers for those it copies.
    pub file: u16,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Column in characters, from 1; 0 when the whole line is meant.
    pub column: u32,
    /// Length in characters.
    pub len: u32,
}

/// What kind of fault a copybook, a meaning or the pair of them has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CopybookErrorKind {
    /// The text is not what the grammar wants.
    Syntax,
    /// The text is right COBOL that this version does not read yet.
    NotSupported,
    /// Entries contradict each other (a level, a REDEFINES, a DEPENDING ON, a size) or are larger than they can be.
    Structure,
    /// The meaning file is wrong in itself (an unknown key, a wrong type).
    Meaning,
    /// A member that COPY or INCLUDE names cannot be had.
    Library,
    /// A name or path that is not in the copybook, or that several fields answer to.
    Path,
}

/// One fault of a copybook or of its meaning file, with its place.
///
/// `Display` is the message alone; [`file`](Self::file), [`line`](Self::line), [`column`](Self::column) and
/// [`len`](Self::len) are for a caret under the text, [`help`](Self::help) says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopybookError {
    kind: CopybookErrorKind,
    file: Arc<str>,
    span: Span,
    message: String,
    help: Option<String>,
}

impl CopybookError {
    pub(crate) fn new(
        kind: CopybookErrorKind,
        file: &Arc<str>,
        span: Span,
        message: impl Into<String>,
    ) -> CopybookError {
        CopybookError {
            kind,
            file: Arc::clone(file),
            span,
            message: message.into(),
            help: None,
        }
    }

    #[must_use]
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> CopybookError {
        self.help = Some(help.into());
        self
    }

    /// Gives a fault of a copied member that member's name; faults are made with the name of the copybook itself.
    #[must_use]
    pub(crate) fn in_its_file(mut self, files: &[Arc<str>]) -> CopybookError {
        let number = std::mem::take(&mut self.span.file);
        if let (true, Some(file)) = (number > 0, files.get(usize::from(number))) {
            self.file = Arc::clone(file);
        }
        self
    }

    /// In the order of the text: the copybook's own faults first, then those of each member.
    pub(crate) fn order(&self) -> (u16, u32, u32) {
        (self.span.file, self.span.line, self.span.column)
    }

    /// The kind of fault.
    pub fn kind(&self) -> CopybookErrorKind {
        self.kind
    }

    /// The file's name, as it was given to `parse`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line, from 1.
    pub fn line(&self) -> u32 {
        self.span.line
    }

    /// Column in characters, from 1.
    pub fn column(&self) -> u32 {
        self.span.column
    }

    /// How many characters a caret should cover, at least 1.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a length of text to underline, not of a collection"
    )]
    pub fn len(&self) -> u32 {
        self.span.len.max(1)
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for CopybookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CopybookError {}

/// What kind of fault a field of a record has; each decides alone whether a record can still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldErrorKind {
    /// The record ends before the field does.
    Short,
    /// A digit, a zone or a nibble that is none.
    Digit,
    /// A sign that is none, or a minus sign in an unsigned field.
    Sign,
    /// A number of blanks or low-values only, and the meaning does not say that this is null.
    Blank,
    /// A number that the field, a counter or `Decimal` cannot hold.
    Range,
    /// Digits that are no date or time of the form the meaning names.
    Date,
    /// A value that is neither of a flag's two, or that has no name where only level 88 names will do.
    Flag,
    /// An OCCURS DEPENDING ON counter outside its bounds, or one that disagrees with its table.
    Count,
    /// No record type of the meaning fits the record, or the value given is of another type.
    RecordType,
    /// A character that the code page does not have.
    Character,
    /// A text longer than its field.
    Length,
    /// A value of another type than the field's, or null where no null is defined.
    Type,
    /// A member that the layout does not have, or one that is missing.
    Member,
    /// Text that is not the JSON wanted.
    Json,
}

impl FieldErrorKind {
    /// A short stable name for metrics and dead letters.
    pub const fn name(self) -> &'static str {
        match self {
            FieldErrorKind::Short => "short",
            FieldErrorKind::Digit => "digit",
            FieldErrorKind::Sign => "sign",
            FieldErrorKind::Blank => "blank",
            FieldErrorKind::Range => "range",
            FieldErrorKind::Date => "date",
            FieldErrorKind::Flag => "flag",
            FieldErrorKind::Count => "count",
            FieldErrorKind::RecordType => "record-type",
            FieldErrorKind::Character => "character",
            FieldErrorKind::Length => "length",
            FieldErrorKind::Type => "type",
            FieldErrorKind::Member => "member",
            FieldErrorKind::Json => "json",
        }
    }
}

/// Why one field of one record does not decode or encode.
///
/// It carries no record number; whoever counts records adds it. `Display` names the field, its offset and the bytes:
/// `field LOT-QTY at byte 43 (0x4040): ...`. The bytes are record contents: a log takes [`kind`](Self::kind) and
/// [`path`](Self::path) only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError(Box<Detail>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Detail {
    kind: FieldErrorKind,
    path: String,
    offset: Option<usize>,
    length: usize,
    bytes: Vec<u8>,
    message: String,
}

/// The reason of a field that a record has no room for.
pub(crate) fn ends_early(end: usize, wanted: usize) -> String {
    let bytes = if wanted == 1 { "byte" } else { "bytes" };
    format!("the record ends at byte {end}: wanted {wanted} {bytes} here")
}

/// A dead letter header has no use for more.
const BYTES_KEPT: usize = 32;

impl FieldError {
    /// A fault at a place in a record; `bytes` are the field's, of which the first 32 are kept.
    pub(crate) fn at(
        kind: FieldErrorKind,
        path: impl Into<String>,
        offset: usize,
        bytes: &[u8],
        message: impl Into<String>,
    ) -> FieldError {
        FieldError(Box::new(Detail {
            kind,
            path: path.into(),
            offset: Some(offset),
            length: bytes.len(),
            bytes: bytes.iter().take(BYTES_KEPT).copied().collect(),
            message: message.into(),
        }))
    }

    /// A fault of a value that has no bytes yet.
    pub(crate) fn of_value(
        kind: FieldErrorKind,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> FieldError {
        FieldError(Box::new(Detail {
            kind,
            path: path.into(),
            offset: None,
            length: 0,
            bytes: Vec::new(),
            message: message.into(),
        }))
    }

    /// The kind of fault.
    pub fn kind(&self) -> FieldErrorKind {
        self.0.kind
    }

    /// The field's path with subscripts, `LOT.RESULT(2).VALUE`; empty when the record as a whole is meant.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Byte offset in the record, from 0; `None` while encoding.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// Length of the field in bytes.
    pub fn length(&self) -> usize {
        self.0.length
    }

    /// The first 32 bytes of the field in hexadecimal.
    pub fn hex(&self) -> String {
        crate::json::hex(&self.0.bytes)
    }

    /// The reason alone, without place and bytes.
    pub fn reason(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            f.write_str("record")?;
        } else {
            write!(f, "field {}", self.0.path)?;
        }
        if let Some(offset) = self.0.offset {
            write!(f, " at byte {offset}")?;
        }
        if !self.0.bytes.is_empty() {
            let more = if self.0.length > BYTES_KEPT {
                "..."
            } else {
                ""
            };
            write!(f, " (0x{}{more})", self.hex())?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl std::error::Error for FieldError {}
