//! What a layout depends on besides copybook and meaning: compiler rules, code pages, and what is done about data that
//! is not as the copybook says.
//!
//! In: nothing. Out: plain values that [`crate::Layout::compile`] takes. The defaults are strict and lossless: what
//! does not decode is an error, nothing is trimmed but padding, nothing is cut on writing.

use crate::charset::CodePage;
use crate::temporal::Date;

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

/// What stands for a number of nothing but one fill character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fill {
    /// It is an error.
    #[default]
    Error,
    /// It is null.
    Null,
    /// It is zero.
    Zero,
}

/// What becomes of a number that does not decode otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidNumber {
    /// It is an error.
    #[default]
    Error,
    /// It is null, its bytes are residue.
    Null,
}

/// Which signs a number may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignPolicy {
    /// Every sign code of the machine (A C E F plus, B D minus), in the sign position only; none below zero where the
    /// picture has no S.
    #[default]
    Strict,
    /// As [`Strict`](Self::Strict) with the preferred codes C, D and F only; a DISPLAY number without S has plain
    /// digits only.
    Preferred,
    /// Also a minus sign in a packed field without S, and in DISPLAY numbers overpunches in any position, the last
    /// one counting.
    Lenient,
}

/// How freely a DISPLAY number may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DisplayNumbers {
    /// Digits and a sign where the picture has them; leading blanks count as zeros.
    #[default]
    Exact,
    /// As people and reports write them: blanks and low-values anywhere are passed over, a `+` or `-` may stand
    /// anywhere. The digits that are left are the number's last.
    Spaced,
    /// As [`Spaced`](Self::Spaced), and a `.` or `,` is a decimal point that wins over the picture's V.
    Explicit,
}

/// What is written for a value that its field cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Oversize {
    /// Nothing: it is an error.
    #[default]
    Error,
    /// As MOVE does: of a number the digits that fit left of its decimal point, of a text its front (the end of a
    /// JUSTIFIED one). A number without S loses its minus sign.
    Truncate,
    /// What is written for null.
    Null,
}

/// What is written for a number with more decimal places than its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimals {
    /// Nothing: it is an error.
    #[default]
    Error,
    /// As MOVE does: the places that fit.
    Truncate,
    /// As ROUNDED does: the nearest, half away from zero.
    Round,
}

/// What is written for null where the meaning gives the field no null convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteNull {
    /// Nothing: it is an error.
    #[default]
    Error,
    /// What the field has at the start: its VALUE, blanks or zero.
    Initial,
    /// Nothing but blanks.
    Spaces,
    /// Nothing but 00.
    LowValues,
    /// As MOVE ZERO.
    Zero,
}

/// What is done about numbers that are not as their picture says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// A DISPLAY or packed number of blanks.
    pub spaces: Fill,
    /// A DISPLAY or packed number of 00s (binary ones are zero anyway).
    pub low_values: Fill,
    /// A DISPLAY or packed number of FFs.
    pub high_values: Fill,
    /// Any other that does not decode.
    pub invalid: InvalidNumber,
    /// Signs.
    pub sign: SignPolicy,
    /// DISPLAY numbers.
    pub display: DisplayNumbers,
    /// Writing one that is too large, or below zero where there is no S.
    pub oversize: Oversize,
    /// Writing one with more decimal places than the field.
    pub decimals: Decimals,
    /// Writing null.
    pub null: WriteNull,
}

/// What blanks around a text are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trim {
    /// Padding: blanks on the right, of a JUSTIFIED field on the left.
    #[default]
    Padding,
    /// Blanks and control characters on both sides.
    Both,
    /// On the left only.
    Left,
    /// On the right only.
    Right,
    /// Nothing.
    None,
}

/// What stands for a text of nothing but low-values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LowValueText {
    /// The text of so many U+0000.
    #[default]
    Keep,
    /// Null.
    Null,
}

/// What becomes of bytes that are no character of the field's code page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidText {
    /// They are an error.
    #[default]
    Error,
    /// U+FFFD for each (of UTF-8 and the like for as many bytes as could have begun one); the field's bytes are residue.
    Replace,
    /// A blank each; the field's bytes are residue.
    Blank,
    /// The field is null; its bytes are residue.
    Null,
}

/// What becomes of control characters (U+0000 to U+001F, U+007F to U+009F) in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Controls {
    /// They stay.
    #[default]
    Keep,
    /// A blank each; the field's bytes are residue.
    Blank,
    /// U+0000 to U+001F go (in text of an ASCII-side charset before it is decoded); the field's bytes are residue.
    Drop,
}

/// Which character EBCDIC 15 and 25 are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nel {
    /// 15 is NEL (U+0085), 25 is LF (U+000A), as IBM's tables have it.
    #[default]
    Nel,
    /// The other way about, as z/OS UNIX has it.
    Lf,
}

/// What becomes of fields that the end of a record cuts, or that lie beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Short {
    /// They are errors.
    #[default]
    Error,
    /// Text holds what there is of it (nothing where it begins at the very end, which [`LowValueText::Null`] makes null
    /// too); all else is null. Tables keep their occurrences, up to a million of which may be missing in a record: of more
    /// it is an error. For lines whose
    /// trailing blanks were stripped, and records whose last field is as long as the record.
    Cut,
}

/// What a table of varying length has whose counter holds no count within its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadCount {
    /// It is an error: nothing after it has a place.
    #[default]
    Error,
    /// The most occurrences that it can have.
    Most,
}

/// What is done about text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextPolicy {
    /// Blanks around it.
    pub trim: Trim,
    /// Nothing but 00.
    pub low_values: LowValueText,
    /// Bytes that are no characters.
    pub invalid: InvalidText,
    /// Control characters.
    pub controls: Controls,
    /// New lines.
    pub nel: Nel,
    /// Writing one that is too long.
    pub oversize: Oversize,
    /// Writing a character that the page does not have.
    pub unknown: UnknownCharacter,
    /// Writing null.
    pub null: WriteNull,
}

/// What is written for a character that the code page does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownCharacter {
    /// Nothing: it is an error.
    #[default]
    Error,
    /// The page's substitute character (EBCDIC 3F, ASCII 1A).
    Substitute,
    /// A blank.
    Blank,
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
