//! USAGE: how an item is stored, by the name that compilers give it.
//!
//! In: the words of a USAGE clause. Out: [`Usage`]. Knows no sizes: those depend on the picture and the dialect.

/// USAGE, by storage form. Sizes, byte order and boundaries follow from the picture and the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Usage {
    /// DISPLAY: one byte a character.
    #[default]
    Display,
    /// BINARY, COMP, COMP-4: big endian, limited to its picture (TRUNC(STD)).
    Binary,
    /// COMP-5: big endian on z/OS, in the machine's order elsewhere; limited by its bytes only.
    Native,
    /// COMP-X (Micro Focus): big endian, as few bytes as the digits of its picture need, or as many as its Xs;
    /// unsigned unless the picture has an S.
    CompX,
    /// COMP-N (GnuCOBOL, ACUCOBOL): COMP-X in the machine's byte order.
    CompN,
    /// COMP-9: COMP with the low byte first (a name that Cobrix gave it).
    BinaryLittle,
    /// PACKED-DECIMAL, COMP-3.
    Packed,
    /// COMP-6 (ACUCOBOL, GnuCOBOL), COMP-3U: packed without a sign nibble.
    PackedNoSign,
    /// COMP-1, FLOAT-SHORT: floating point of 4 bytes, on z/OS hexadecimal.
    FloatShort,
    /// COMP-2, FLOAT-LONG: floating point of 8 bytes, on z/OS hexadecimal.
    FloatLong,
    /// FLOAT-EXTENDED, FLOAT-BINARY-128, FLOAT-DECIMAL-..: forms that no data file on z/OS has.
    FloatExtended,
    /// NATIONAL: UTF-16, big endian on z/OS.
    National,
    /// DISPLAY-1: two bytes a character of a double-byte code page, without shift codes.
    DoubleByte,
    /// UTF-8 (Enterprise COBOL 6.3 on).
    Utf8,
    /// INDEX: 4 bytes, an occurrence as a displacement.
    Index,
    /// POINTER: an address of 4 bytes, 8 with LP(64).
    Pointer,
    /// POINTER-32: an address of 4 bytes always.
    Pointer32,
    /// PROCEDURE-POINTER: 8 bytes.
    ProcedurePointer,
    /// FUNCTION-POINTER: 4 bytes, 8 with LP(64).
    FunctionPointer,
    /// OBJECT REFERENCE: 4 bytes.
    ObjectReference,
    /// BINARY-CHAR: 1 byte, without a picture. `SIGNED` unless the word UNSIGNED follows.
    BinaryChar {
        /// Not UNSIGNED.
        signed: bool,
    },
    /// BINARY-SHORT: 2 bytes.
    BinaryShort {
        /// Not UNSIGNED.
        signed: bool,
    },
    /// BINARY-LONG, BINARY-INT: 4 bytes.
    BinaryLong {
        /// Not UNSIGNED.
        signed: bool,
    },
    /// BINARY-DOUBLE, BINARY-LONG-LONG: 8 bytes.
    BinaryDouble {
        /// Not UNSIGNED.
        signed: bool,
    },
}

impl Usage {
    /// As a compiler listing says it.
    pub const fn name(self) -> &'static str {
        match self {
            Usage::Display => "DISPLAY",
            Usage::Binary => "COMP",
            Usage::Native => "COMP-5",
            Usage::CompX => "COMP-X",
            Usage::CompN => "COMP-N",
            Usage::BinaryLittle => "COMP-9",
            Usage::Packed => "COMP-3",
            Usage::PackedNoSign => "COMP-6",
            Usage::FloatShort => "COMP-1",
            Usage::FloatLong => "COMP-2",
            Usage::FloatExtended => "FLOAT-EXTENDED",
            Usage::National => "NATIONAL",
            Usage::DoubleByte => "DISPLAY-1",
            Usage::Utf8 => "UTF-8",
            Usage::Index => "INDEX",
            Usage::Pointer => "POINTER",
            Usage::Pointer32 => "POINTER-32",
            Usage::ProcedurePointer => "PROCEDURE-POINTER",
            Usage::FunctionPointer => "FUNCTION-POINTER",
            Usage::ObjectReference => "OBJECT REFERENCE",
            Usage::BinaryChar { signed: true } => "BINARY-CHAR",
            Usage::BinaryChar { signed: false } => "BINARY-CHAR UNSIGNED",
            Usage::BinaryShort { signed: true } => "BINARY-SHORT",
            Usage::BinaryShort { signed: false } => "BINARY-SHORT UNSIGNED",
            Usage::BinaryLong { signed: true } => "BINARY-LONG",
            Usage::BinaryLong { signed: false } => "BINARY-LONG UNSIGNED",
            Usage::BinaryDouble { signed: true } => "BINARY-DOUBLE",
            Usage::BinaryDouble { signed: false } => "BINARY-DOUBLE UNSIGNED",
        }
    }

    /// Whether items of this usage have no PICTURE: their size follows from the usage alone.
    pub const fn has_no_picture(self) -> bool {
        !matches!(
            self,
            Usage::Display
                | Usage::Binary
                | Usage::Native
                | Usage::CompX
                | Usage::CompN
                | Usage::BinaryLittle
                | Usage::Packed
                | Usage::PackedNoSign
                | Usage::National
                | Usage::DoubleByte
                | Usage::Utf8
        )
    }
}
