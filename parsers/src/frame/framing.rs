//! Everything about how a file divides into records: its format, and how this file departs from the format's custom.
//!
//! Plain values; [`super::Deframer`] and [`super::Framer`] act on them. Sources: z/OS DFSMS "Using Data Sets" (record
//! formats, descriptor words, spanned records), FTP and Connect:Direct for what transfers make of them.

use std::fmt;
use std::sync::Arc;

use super::length::LengthRule;

/// How records lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordFormat {
    /// Fixed length.
    F {
        /// Bytes of a record (LRECL).
        len: u32,
    },
    /// Fixed length, blocked: in a file the same as F, unless [`Framing::blocks`] says otherwise.
    Fb {
        /// Bytes of a record (LRECL).
        len: u32,
    },
    /// Variable length: each record has an RDW in front; no BDWs (as FTP with RDW sends it).
    V,
    /// Variable length, blocked: each block has a BDW in front, each record an RDW.
    Vb,
    /// Variable length, spanned: each segment of a record has a descriptor word in front; no BDWs.
    Vs,
    /// Variable length, blocked and spanned: BDWs before blocks, and a record may go on in the next block.
    Vbs,
    /// Undefined length: a block is a record.
    U {
        /// Bytes of a block; the last one may be shorter. `None`: each block has a BDW in front.
        block: Option<u32>,
    },
    /// Text: a record is a line ([`Framing::lines`]).
    Text,
    /// Each record says its length itself ([`Framing::length`]).
    Length,
}

impl fmt::Display for RecordFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordFormat::F { len } => write!(f, "F({len})"),
            RecordFormat::Fb { len } => write!(f, "FB({len})"),
            RecordFormat::V => f.write_str("V"),
            RecordFormat::Vb => f.write_str("VB"),
            RecordFormat::Vs => f.write_str("VS"),
            RecordFormat::Vbs => f.write_str("VBS"),
            RecordFormat::U { block: Some(len) } => write!(f, "U({len})"),
            RecordFormat::U { block: None } => f.write_str("U"),
            RecordFormat::Text => f.write_str("TEXT"),
            RecordFormat::Length => f.write_str("LENGTH"),
        }
    }
}

/// Which end of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WordOrder {
    /// The high byte, as every mainframe writes it.
    #[default]
    Big,
    /// The low byte.
    Little,
}

/// What the length in a descriptor word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WordCounts {
    /// The word itself too, as on z/OS.
    #[default]
    All,
    /// Only what follows the word.
    Data,
}

/// What the two bytes of a descriptor word that hold no length must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WordRest {
    /// As z/OS has them: zeros and, in spanned formats, the segment's place.
    #[default]
    Strict,
    /// Anything; and if the first two bytes are zero, the length is in the other two.
    Free,
}

/// How a descriptor word (RDW, BDW) is read. The default is z/OS's: big endian, counting itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Word {
    /// Byte order of the length.
    pub order: WordOrder,
    /// Whether the length counts the word.
    pub counts: WordCounts,
    /// Added to the length found, on top of `counts`.
    pub adjust: i32,
    /// What the other two bytes must be.
    pub rest: WordRest,
}

/// Blocks of a fixed-length (FB) file that can be seen in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blocks {
    /// Each block has a BDW in front.
    Word,
    /// Blocks of so many bytes; where that is no multiple of the record length, the last record of each is short.
    Of(u32),
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LineEnd {
    /// LF, with or without a CR before it: X'0A' or X'0D0A'.
    #[default]
    Any,
    /// LF alone; a CR before it is part of the line.
    Lf,
    /// CR and LF together; either alone is part of the line.
    CrLf,
    /// CR: X'0D'.
    Cr,
    /// EBCDIC NEL: X'15', what z/OS UNIX files have.
    Nel,
    /// EBCDIC LF: X'25'.
    EbcdicLf,
}

impl LineEnd {
    /// The bytes a writer ends a line with.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::Any | LineEnd::Lf => b"\n",
            LineEnd::CrLf => b"\r\n",
            LineEnd::Cr => b"\r",
            LineEnd::Nel => &[0x15],
            LineEnd::EbcdicLf => &[0x25],
        }
    }
}

/// What becomes of a line longer than [`Framing::longest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LongLine {
    /// An error.
    #[default]
    Error,
    /// It is taken as several records.
    Split,
    /// What is too much is dropped.
    Cut,
}

/// What becomes of an empty line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EmptyLine {
    /// It is no record.
    #[default]
    Skip,
    /// It is an empty record.
    Keep,
}

/// What short lines are filled up with: editors and transfers take blanks off the ends of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pad {
    /// To so many bytes.
    pub len: u32,
    /// With this: the blank of the file's code page.
    pub byte: u8,
}

/// How lines are told apart in [`RecordFormat::Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Lines {
    /// What ends a line.
    pub end: LineEnd,
    /// Lines of exactly so many bytes, whatever these are, each followed by a line end or not.
    pub fixed: Option<u32>,
    /// What becomes of a line that is too long.
    pub long: LongLine,
    /// What becomes of an empty one.
    pub empty: EmptyLine,
    /// What a line that is too short is filled up with; a writer takes it off again.
    pub pad: Option<Pad>,
}

/// Bytes that are no data, at both ends of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Skip {
    /// At its start.
    pub start: u32,
    /// At its end.
    pub end: u32,
}

/// What becomes of a last record that the file has only part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Partial {
    /// An error: the file was cut.
    #[default]
    Error,
    /// What there is of it is a record, as long as it is known to be one: of a record whose descriptor word or length
    /// fields are cut nothing is kept.
    Keep,
    /// It is left out.
    Drop,
}

/// How a file divides into records. Made from a [`RecordFormat`], then changed where the file departs from custom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Framing {
    /// How records lie in the file.
    pub format: RecordFormat,
    /// How RDWs and segment descriptor words are read.
    pub rdw: Word,
    /// How BDWs are read.
    pub bdw: Word,
    /// FB: blocks that can be seen.
    pub blocks: Option<Blocks>,
    /// Text: what a line is.
    pub lines: Lines,
    /// Length: how a record says its own.
    pub length: Option<Arc<LengthRule>>,
    /// Bytes before the first record and after the last one.
    pub file: Skip,
    /// Bytes of each record before and after its data. Fixed lengths and descriptor words count them; the length that a
    /// [`LengthRule`] finds does not.
    pub record: Skip,
    /// The largest record there can be: where a length, a line or a spanned record says more, it is wrong. What a
    /// reader keeps in memory is bounded by this and the chunk.
    pub longest: u32,
    /// Records of fewer bytes are passed over.
    pub minimum: u32,
    /// Records of more bytes are passed over.
    pub maximum: u32,
    /// What becomes of a cut last record.
    pub partial: Partial,
}

impl Framing {
    /// The largest record a reader accepts unless it is told otherwise: 16 MiB.
    pub const LONGEST: u32 = 16 << 20;

    /// The format as it is by custom.
    pub fn new(format: RecordFormat) -> Framing {
        Framing {
            format,
            rdw: Word::default(),
            bdw: Word::default(),
            blocks: None,
            lines: Lines::default(),
            length: None,
            file: Skip::default(),
            record: Skip::default(),
            longest: Framing::LONGEST,
            minimum: 0,
            maximum: u32::MAX,
            partial: Partial::default(),
        }
    }

    /// Records that say their length.
    pub fn by_length(rule: LengthRule) -> Framing {
        Framing {
            length: Some(Arc::new(rule)),
            ..Framing::new(RecordFormat::Length)
        }
    }
}

impl From<RecordFormat> for Framing {
    fn from(format: RecordFormat) -> Framing {
        Framing::new(format)
    }
}
