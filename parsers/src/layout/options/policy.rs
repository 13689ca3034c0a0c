//! What is done about data that is not as the copybook says, and about values that their field cannot hold.

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
