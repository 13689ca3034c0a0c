//! What the layout options come to: sizes, byte orders and forms, with nothing left to "as the dialect has it".
//!
//! In: [`LayoutOptions`]. Out: [`Rules`], asked by the storage pass. Enterprise COBOL Language Reference, "USAGE
//! clause"; Micro Focus "IBMCOMP"; GnuCOBOL configuration files, `binary-size`.

use super::options::{
    BinarySizes, Dialect, Edited, Endian, Floats, LayoutOptions, NativeOrder, Overpunch,
    TextPolicy, Trunc,
};
use crate::charset::CodePage;
use crate::codec::{Chars, Float, Zones};
use crate::copybook::Usage;

/// The options, settled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) dialect: Dialect,
    pub(crate) page: CodePage,
    pub(crate) text: TextPolicy,
    pub(crate) edited: Edited,
    /// COMP as COMP-5.
    pub(crate) native_comp: bool,
    /// Byte order of COMP-5.
    pub(crate) order: Endian,
    pub(crate) float: Float,
    pub(crate) utf16: Endian,
    pub(crate) sizes: BinarySizes,
    overpunch: Overpunch,
}

impl LayoutOptions {
    pub(crate) fn rules(&self) -> Rules {
        let ibm = self.dialect == Dialect::Ibm;
        let order = match self.native {
            NativeOrder::Is(order) => order,
            NativeOrder::ByDialect if ibm => Endian::Big,
            NativeOrder::ByDialect => Endian::Little,
        };
        Rules {
            dialect: self.dialect,
            page: self.code_page,
            text: self.text,
            edited: self.edited,
            native_comp: self.truncate == Trunc::Bin,
            order,
            float: match self.floats {
                Floats::ByDialect if ibm => Float::Hfp(Endian::Big),
                Floats::ByDialect => Float::Ieee(order),
                Floats::Hfp => Float::Hfp(Endian::Big),
                Floats::HfpLittle => Float::Hfp(Endian::Little),
                Floats::Ieee => Float::Ieee(Endian::Big),
                Floats::IeeeLittle => Float::Ieee(Endian::Little),
            },
            utf16: self.utf16,
            sizes: match (self.binary_sizes, self.dialect) {
                (BinarySizes::ByDialect, Dialect::Ibm) => BinarySizes::TwoFourEight,
                (BinarySizes::ByDialect, Dialect::Mf) => BinarySizes::Fewest,
                (BinarySizes::ByDialect, Dialect::GnuCobol) => BinarySizes::OneTwoFourEight,
                (sizes, _) => sizes,
            },
            overpunch: match (self.overpunch, ibm) {
                (Overpunch::ByDialect, true) => Overpunch::Translated,
                (Overpunch::ByDialect, false) => Overpunch::Ascii,
                (overpunch, _) => overpunch,
            },
        }
    }
}

impl Rules {
    /// Digits and signs of DISPLAY numbers in a code page.
    pub(crate) fn zones(&self, page: CodePage) -> Zones {
        match (page.is_ebcdic(), self.overpunch) {
            (true, _) => Zones::Ebcdic,
            (false, Overpunch::Ascii) => Zones::Ascii,
            (false, _) => Zones::Translated,
        }
    }

    /// Text of the record's page.
    pub(crate) fn chars(&self) -> Chars {
        Chars::new(self.page, &self.text, false)
    }

    /// Bytes of a binary item with a picture; `None` where the dialect has none so large.
    pub(crate) fn binary_size(&self, usage: Usage, digits: u16, signed: bool) -> Option<u32> {
        let sizes = match usage {
            Usage::CompX | Usage::CompN => BinarySizes::Fewest,
            // 1 byte to 2 digits, else as COMP of z/OS: Cobrix's own rule, whose usage this is.
            Usage::BinaryLittle
                if matches!(
                    self.sizes,
                    BinarySizes::TwoFourEight | BinarySizes::TwoFourEightMore
                ) =>
            {
                BinarySizes::OneTwoFourEight
            }
            _ => self.sizes,
        };
        if self.sizes == BinarySizes::TwoFourEightMore && (19..=37).contains(&digits) {
            return Some(fewest(digits, true));
        }
        // Beyond 18 digits (Enterprise COBOL has none; GnuCOBOL 3.2 to 38): 16 bytes.
        if (19..=38).contains(&digits) {
            return (self.dialect != Dialect::Ibm).then_some(16);
        }
        if digits == 0 || digits > 38 {
            return None;
        }
        Some(match (sizes, digits) {
            (BinarySizes::Fewest, _) => fewest(digits, signed),
            (BinarySizes::OneTwoFourEight, 1..=2) => 1,
            (_, 1..=4) => 2,
            (_, 5..=9) => 4,
            _ => 8,
        })
    }

    /// Bytes of an item without a picture.
    pub(crate) fn size_without_picture(&self, usage: Usage) -> Option<u32> {
        let ibm = self.dialect == Dialect::Ibm;
        let address = if ibm { 4 } else { 8 };
        Some(match usage {
            Usage::FloatShort | Usage::Index | Usage::Pointer32 | Usage::BinaryLong { .. } => 4,
            Usage::FloatLong | Usage::ProcedurePointer | Usage::BinaryDouble { .. } => 8,
            Usage::Pointer | Usage::FunctionPointer | Usage::ObjectReference => address,
            Usage::BinaryChar { .. } => 1,
            Usage::BinaryShort { .. } => 2,
            _ => return None,
        })
    }
}

/// The fewest bytes that hold so many nines.
fn fewest(digits: u16, signed: bool) -> u32 {
    let nines = 10i128
        .checked_pow(u32::from(digits))
        .unwrap_or(i128::MAX)
        .saturating_sub(1);
    (1..=16usize)
        .find(|bytes| {
            crate::codec::binary::range(*bytes, signed).is_some_and(|(_, most)| nines <= most)
        })
        .and_then(|bytes| u32::try_from(bytes).ok())
        .unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `cobc -t` listings of `-std=ibm`, `-std=mf` and the default (GnuCOBOL 3.1.2).
    #[test]
    fn sizes_of_binary_items() {
        let mut shown = Vec::new();
        for dialect in [Dialect::Ibm, Dialect::Mf, Dialect::GnuCobol] {
            let rules = LayoutOptions {
                dialect,
                ..LayoutOptions::default()
            }
            .rules();
            for (usage, signed) in [
                (Usage::Binary, true),
                (Usage::Binary, false),
                (Usage::CompX, false),
            ] {
                let sizes: String = (1..=18)
                    .filter_map(|digits| rules.binary_size(usage, digits, signed))
                    .map(|size| size.to_string())
                    .collect();
                shown.push(format!(
                    "{dialect:?} {} {}: {sizes}",
                    usage.name(),
                    if signed { "signed" } else { "unsigned" }
                ));
            }
        }
        insta::assert_snapshot!(shown.join("\n"), @"
Ibm COMP signed: 222244444888888888
Ibm COMP unsigned: 222244444888888888
Ibm COMP-X unsigned: 112233344555667788
Mf COMP signed: 112233444556667788
Mf COMP unsigned: 112233344555667788
Mf COMP-X unsigned: 112233344555667788
GnuCobol COMP signed: 112244444888888888
GnuCobol COMP unsigned: 112244444888888888
GnuCobol COMP-X unsigned: 112233344555667788
");
    }
}
