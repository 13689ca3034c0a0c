//! What a layout depends on besides copybook and meaning: compiler rules, code pages, and what is done about data that
//! is not as the copybook says.
//!
//! In: nothing. Out: plain values that [`crate::Layout::compile`] takes. The defaults are strict and lossless: what
//! does not decode is an error, nothing is trimmed but padding, nothing is cut on writing.

mod policy;

use crate::charset::CodePage;
use crate::temporal::Date;
pub use policy::{
    BadCount, Controls, Decimals, DisplayNumbers, Fill, InvalidNumber, InvalidText, LowValueText,
    Nel, Numbers, Oversize, Short, SignPolicy, TextPolicy, Trim, UnknownCharacter, WriteNull,
};

/// Compiler rules for sizes, alignment, byte order and signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// IBM Enterprise COBOL for z/OS: big endian, binary items of 2, 4 or 8 bytes, hexadecimal floating point.
    #[default]
    Ibm,
    /// Micro Focus: COMP of 1 to 8 bytes big endian, COMP-5 in the machine's order, IEEE floats.
    Mf,
    /// GnuCOBOL with its default configuration: COMP of 1, 2, 4 or 8 bytes big endian, the rest as the machine has it.
    GnuCobol,
}

/// Which 01 a layout is of, where a copybook has several. The meaning's `record` wins over it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RecordChoice {
    /// The first.
    #[default]
    First,
    /// The one of this name.
    Named(String),
    /// All of them, as the records of one data set: alternatives at the same place, chosen by record types.
    All,
    /// All of them one after the other in one record, with 01s that redefine another at the other's place: as
    /// WORKING-STORAGE that is written out in one piece.
    Sequence,
    /// Those of these names, one after the other as in [`Sequence`](Self::Sequence).
    Of(Vec<String>),
}

/// Where the bytes after an OCCURS DEPENDING ON table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Odo {
    /// After its last occurrence: what follows moves with the count, as compiled code has it.
    #[default]
    Moving,
    /// After the most occurrences it can have, whatever the count: records padded to full length.
    Maximum,
}

/// The form of COMP-1 and COMP-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Floats {
    /// [`Hfp`](Self::Hfp) for IBM, IEEE in the order of [`LayoutOptions::native`] for the others.
    #[default]
    ByDialect,
    /// IBM hexadecimal floating point, big endian.
    Hfp,
    /// The same, bytes reversed.
    HfpLittle,
    /// IEEE 754 binary32 and binary64, big endian (Enterprise COBOL with FLOAT(IEEE), Java, AIX).
    Ieee,
    /// The same, little endian.
    IeeeLittle,
}

/// The order of bytes in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Endian {
    /// Most significant first.
    #[default]
    Big,
    /// Least significant first.
    Little,
}

/// The order of bytes in COMP-5, BINARY-LONG, INDEX and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NativeOrder {
    /// Big endian for IBM, little endian (x86, ARM) for the others.
    #[default]
    ByDialect,
    /// This order.
    Is(Endian),
}

/// Bytes of a binary item by the digits of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BinarySizes {
    /// 2-4-8 for IBM, 1 to 8 for Micro Focus, 1-2-4-8 for GnuCOBOL.
    #[default]
    ByDialect,
    /// 2 to 4 digits, 4 to 9, 8 to 18.
    TwoFourEight,
    /// As [`TwoFourEight`](Self::TwoFourEight), with 1 byte to 2 digits.
    OneTwoFourEight,
    /// The fewest bytes that hold the digits (Micro Focus NOIBMCOMP).
    Fewest,
    /// As [`TwoFourEight`](Self::TwoFourEight), and beyond 18 digits, which Enterprise COBOL does not take, the fewest
    /// bytes that hold the digits with a sign. For files that other tools wrote.
    TwoFourEightMore,
}

/// What a COMP item can hold (compiler option TRUNC, Programming Guide "TRUNC"). Reading takes whatever is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trunc {
    /// The digits of its picture; more is too large to write.
    #[default]
    Std,
    /// As [`Std`](Self::Std): the compiler takes it that data keeps to its picture.
    Opt,
    /// Whatever its bytes can, as COMP-5.
    Bin,
}

/// How the sign of a DISPLAY number without SIGN SEPARATE is written where the text is ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overpunch {
    /// [`Translated`](Self::Translated) for IBM, [`Ascii`](Self::Ascii) for the others; zones where text is EBCDIC.
    #[default]
    ByDialect,
    /// What EBCDIC zones become when a file is translated: `{ A`-`I` plus, `} J`-`R` minus.
    Translated,
    /// As Micro Focus and GnuCOBOL have it: plain digits plus, `p`-`y` minus.
    Ascii,
}

/// What a numeric-edited field is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edited {
    /// Its characters. The default, because every one of them then comes back as it was: a record may hold
    /// characters that no MOVE to the picture gives.
    #[default]
    Text,
    /// The number that they show, as MOVE to a numeric item takes it (Language Reference, "MOVE statement",
    /// de-editing); written by the picture's editing. Characters that editing would not give are residue.
    Number,
}

/// What the FILLERs of a record are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fillers {
    /// Bytes of no name: kept as residue where they are not blank or their VALUE.
    #[default]
    Hidden,
    /// Fields like others, named `FILLER-n`.
    Shown,
}

/// What a layout depends on besides copybook and meaning.
#[derive(Debug, Clone, Default)]
pub struct LayoutOptions {
    /// Code page of text.
    pub code_page: CodePage,
    /// Code pages of single fields, by path (`ADDRESS.CITY`, qualified as far as needed); a group's is that of
    /// everything below it.
    pub pages: Vec<(String, CodePage)>,
    /// Compiler rules.
    pub dialect: Dialect,
    /// Which 01.
    pub record: RecordChoice,
    /// The day whose rules of the meaning hold; without one, those after its last change.
    pub day: Option<Date>,
    /// What follows a table of varying length.
    pub odo: Odo,
    /// Counters of OCCURS DEPENDING ON that hold text: by the counter's path, what each text counts; by the path of a
    /// table, what it counts for that table only.
    pub counts: Vec<(String, Vec<(String, u32)>)>,
    /// COMP-1 and COMP-2.
    pub floats: Floats,
    /// Range of COMP.
    pub truncate: Trunc,
    /// Sizes of COMP.
    pub binary_sizes: BinarySizes,
    /// Byte order of COMP-5 and other native binaries.
    pub native: NativeOrder,
    /// Signs of DISPLAY numbers in ASCII.
    pub overpunch: Overpunch,
    /// Byte order of national (UTF-16) text.
    pub utf16: Endian,
    /// Numeric-edited fields.
    pub edited: Edited,
    /// Numbers that are not as they should be.
    pub numbers: Numbers,
    /// Text.
    pub text: TextPolicy,
    /// FILLERs.
    pub fillers: Fillers,
    /// Records that end early.
    pub short: Short,
    /// Counters that do not count.
    pub bad_count: BadCount,
    /// Fields with level 88 entries.
    pub conditions: Conditions,
}

/// How fields with level 88 entries look, numbers among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conditions {
    /// As the values in the record.
    #[default]
    Values,
    /// As text: the name of the entry that holds, the value where none does. Entries of one value come before those of
    /// several and of ranges.
    Names,
    /// As the name of the entry that holds; a value for which none does is an error. Schemas list the names.
    Enums,
}
