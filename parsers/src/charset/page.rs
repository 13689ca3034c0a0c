//! Which code pages there are, and what each is made of.

use std::sync::OnceLock;

use super::double::Double;
use super::double_tables;
use super::foreign::Foreign;
use super::single::{self, Source};
use super::subset::Subset;
use crate::layout::options::Endian;

/// Which of the two families: EBCDIC pads with 40 and has digits F0 to F9, the others 20 and 30 to 39.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ebcdic,
    Ascii,
}

/// What a page's tables are built from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spec {
    /// A table of 256 characters.
    Single(Side, &'static Source),
    /// A charset of the ASCII side.
    Foreign(Foreign),
    /// Single bytes, and pairs between shift codes.
    Mixed(&'static Source, Part),
    /// Pairs only.
    Double(Part),
    Utf16(Endian),
    Subset(Subset),
}

/// A double-byte table, read from the blob once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    offset: usize,
    cell: &'static OnceLock<Double>,
}

impl Part {
    pub(super) fn double(self) -> &'static Double {
        self.cell.get_or_init(|| Double::at(self.offset))
    }
}

macro_rules! parts {
    ($($name:ident)*) => {
        mod part {
            use super::{Double, OnceLock, Part, double_tables};

            $(pub(super) const $name: Part = {
                static CELL: OnceLock<Double> = OnceLock::new();
                Part { offset: double_tables::$name, cell: &CELL }
            };)*
        }
    };
}

parts! { CP300 CP834 CP835 CP837 CP4930 CP4933 CP9027 CP16684 }

macro_rules! pages {
    ($($(#[$default:meta])? $variant:ident = $ccsid:literal, $name:literal, $about:literal: $spec:expr;)*) => {
        /// A code page: how the bytes of text are characters.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum CodePage {
            $(
                #[doc = concat!("`", $name, "`: ", $about, ".")]
                $(#[$default])?
                $variant,
            )*
        }

        impl CodePage {
            /// Every code page there is.
            pub const ALL: &[CodePage] = &[$(CodePage::$variant),*];

            /// The name used in messages, listings and the `source` block: `cp037`, `utf-8`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(CodePage::$variant => $name,)*
                }
            }

            /// What it is for: `Germany, Austria`.
            pub const fn about(self) -> &'static str {
                match self {
                    $(CodePage::$variant => $about,)*
                }
            }

            /// IBM's number of it (CCSID), where it has one.
            pub const fn ccsid(self) -> Option<u16> {
                let number = match self {
                    $(CodePage::$variant => $ccsid,)*
                };
                if number == 0 { None } else { Some(number) }
            }

            pub(super) const fn spec(self) -> Spec {
                match self {
                    $(CodePage::$variant => $spec,)*
                }
            }
        }
    };
}

const fn ebcdic(source: &'static Source) -> Spec {
    Spec::Single(Side::Ebcdic, source)
}

const fn mixed(source: &'static Source, part: Part) -> Spec {
    Spec::Mixed(source, part)
}

const fn pc(source: &'static Source) -> Spec {
    Spec::Single(Side::Ascii, source)
}

const fn web(encoding: &'static encoding_rs::Encoding) -> Spec {
    Spec::Foreign(Foreign::Web(encoding))
}

const fn iso(encoding: &'static encoding_rs::Encoding) -> Spec {
    Spec::Foreign(Foreign::Iso(encoding))
}

impl CodePage {
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

pages! {
    #[default] Cp037 = 37, "cp037", "USA, Canada, Brazil, the Netherlands, Portugal, Australia": ebcdic(&single::CP037);
    Cp273 = 273, "cp273", "Germany, Austria": ebcdic(&single::CP273);
    Cp274 = 274, "cp274", "Belgium, before 500": ebcdic(&single::CP274);
    Cp275 = 275, "cp275", "Brazil, before 037": ebcdic(&single::CP275);
    Cp277 = 277, "cp277", "Denmark, Norway": ebcdic(&single::CP277);
    Cp278 = 278, "cp278", "Finland, Sweden": ebcdic(&single::CP278);
    Cp280 = 280, "cp280", "Italy": ebcdic(&single::CP280);
    Cp284 = 284, "cp284", "Spain, Latin America": ebcdic(&single::CP284);
    Cp285 = 285, "cp285", "United Kingdom": ebcdic(&single::CP285);
    Cp290 = 290, "cp290", "Japanese Katakana": ebcdic(&single::CP290);
    Cp297 = 297, "cp297", "France": ebcdic(&single::CP297);
    Cp420 = 420, "cp420", "Arabic": ebcdic(&single::CP420);
    Cp424 = 424, "cp424", "Hebrew": ebcdic(&single::CP424);
    Cp500 = 500, "cp500", "international Latin-1": ebcdic(&single::CP500);
    Cp838 = 838, "cp838", "Thai": ebcdic(&single::CP838);
    Cp870 = 870, "cp870", "Latin-2: Poland, Czechia, Hungary, ...": ebcdic(&single::CP870);
    Cp871 = 871, "cp871", "Iceland": ebcdic(&single::CP871);
    Cp875 = 875, "cp875", "Greek": ebcdic(&single::CP875);
    Cp880 = 880, "cp880", "Cyrillic, before 1025": ebcdic(&single::CP880);
    Cp905 = 905, "cp905", "Latin-3: Turkish before 1026, Maltese, Esperanto": ebcdic(&single::CP905);
    Cp918 = 918, "cp918", "Urdu": ebcdic(&single::CP918);
    Cp924 = 924, "cp924", "Latin-9 of z/OS UNIX: 1047 with the euro sign": ebcdic(&single::CP924);
    Cp1025 = 1025, "cp1025", "Cyrillic: Russian, Bulgarian, Serbian, ...": ebcdic(&single::CP1025);
    Cp1026 = 1026, "cp1026", "Turkish": ebcdic(&single::CP1026);
    Cp1047 = 1047, "cp1047", "Latin-1 of z/OS UNIX": ebcdic(&single::CP1047);
    Cp1097 = 1097, "cp1097", "Farsi": ebcdic(&single::CP1097);
    Cp1112 = 1112, "cp1112", "Baltic: Latvian, Lithuanian": ebcdic(&single::CP1112);
    Cp1122 = 1122, "cp1122", "Estonian": ebcdic(&single::CP1122);
    Cp1123 = 1123, "cp1123", "Ukrainian": ebcdic(&single::CP1123);
    Cp1130 = 1130, "cp1130", "Vietnamese": ebcdic(&single::CP1130);
    Cp1132 = 1132, "cp1132", "Lao": ebcdic(&single::CP1132);
    Cp1137 = 1137, "cp1137", "Devanagari": ebcdic(&single::CP1137);
    Cp1140 = 1140, "cp1140", "037 with the euro sign": ebcdic(&single::CP1140);
    Cp1141 = 1141, "cp1141", "273 with the euro sign": ebcdic(&single::CP1141);
    Cp1142 = 1142, "cp1142", "277 with the euro sign": ebcdic(&single::CP1142);
    Cp1143 = 1143, "cp1143", "278 with the euro sign": ebcdic(&single::CP1143);
    Cp1144 = 1144, "cp1144", "280 with the euro sign": ebcdic(&single::CP1144);
    Cp1145 = 1145, "cp1145", "284 with the euro sign": ebcdic(&single::CP1145);
    Cp1146 = 1146, "cp1146", "285 with the euro sign": ebcdic(&single::CP1146);
    Cp1147 = 1147, "cp1147", "297 with the euro sign": ebcdic(&single::CP1147);
    Cp1148 = 1148, "cp1148", "500 with the euro sign": ebcdic(&single::CP1148);
    Cp1149 = 1149, "cp1149", "871 with the euro sign": ebcdic(&single::CP1149);
    Cp1153 = 1153, "cp1153", "870 with the euro sign": ebcdic(&single::CP1153);
    Cp1154 = 1154, "cp1154", "1025 with the euro sign": ebcdic(&single::CP1154);
    Cp1155 = 1155, "cp1155", "1026 with the euro sign": ebcdic(&single::CP1155);
    Cp1156 = 1156, "cp1156", "1112 with the euro sign": ebcdic(&single::CP1156);
    Cp1157 = 1157, "cp1157", "1122 with the euro sign": ebcdic(&single::CP1157);
    Cp1158 = 1158, "cp1158", "1123 with the euro sign": ebcdic(&single::CP1158);
    Cp1160 = 1160, "cp1160", "838 with the euro sign": ebcdic(&single::CP1160);
    Cp1164 = 1164, "cp1164", "1130 with the euro sign": ebcdic(&single::CP1164);
    Cp930 = 930, "cp930", "Japanese, Katakana first (also 5026), with double bytes between shift codes": mixed(&single::CP930, part::CP300);
    Cp933 = 933, "cp933", "Korean, with double bytes between shift codes": mixed(&single::CP933, part::CP834);
    Cp935 = 935, "cp935", "simplified Chinese, with double bytes between shift codes": mixed(&single::CP935, part::CP837);
    Cp937 = 937, "cp937", "traditional Chinese, with double bytes between shift codes": mixed(&single::CP937, part::CP835);
    Cp939 = 939, "cp939", "Japanese, Latin first (also 5035), with double bytes between shift codes": mixed(&single::CP939, part::CP300);
    Cp1364 = 1364, "cp1364", "Korean, all of KS X 1001 and the euro sign, with double bytes between shift codes": mixed(&single::CP1364, part::CP4930);
    Cp1371 = 1371, "cp1371", "937 with the euro sign, with double bytes between shift codes": mixed(&single::CP1371, part::CP9027);
    Cp1388 = 1388, "cp1388", "simplified Chinese, GBK, with double bytes between shift codes": mixed(&single::CP1388, part::CP4933);
    Cp1390 = 1390, "cp1390", "930 with the euro sign and JIS X 0213, with double bytes between shift codes": mixed(&single::CP1390, part::CP16684);
    Cp1399 = 1399, "cp1399", "939 with the euro sign and JIS X 0213, with double bytes between shift codes": mixed(&single::CP1399, part::CP16684);
    Cp300 = 300, "cp300", "the double bytes of 930 and 939 alone": Spec::Double(part::CP300);
    Cp834 = 834, "cp834", "the double bytes of 933 alone": Spec::Double(part::CP834);
    Cp835 = 835, "cp835", "the double bytes of 937 alone": Spec::Double(part::CP835);
    Cp837 = 837, "cp837", "the double bytes of 935 alone": Spec::Double(part::CP837);
    Cp4930 = 4930, "cp4930", "the double bytes of 1364 alone": Spec::Double(part::CP4930);
    Cp4933 = 4933, "cp4933", "the double bytes of 1388 alone": Spec::Double(part::CP4933);
    Cp9027 = 9027, "cp9027", "the double bytes of 1371 alone": Spec::Double(part::CP9027);
    Cp16684 = 16684, "cp16684", "the double bytes of 1390 and 1399 alone": Spec::Double(part::CP16684);
    Utf16Be = 1200, "utf-16be", "Unicode in two or four bytes, big endian": Spec::Utf16(Endian::Big);
    Utf16Le = 1202, "utf-16le", "Unicode in two or four bytes, little endian": Spec::Utf16(Endian::Little);
    Common = 0, "common", "what the EBCDIC pages of Latin alphabets share, anything else a blank": Spec::Subset(Subset::Common);
    CommonExtended = 0, "common_extended", "the same, with control codes": Spec::Subset(Subset::CommonExtended);
    Cp037Extended = 0, "cp037_extended", "037 with the control codes that ASCII has": Spec::Subset(Subset::Cp037Extended);
    Cp437 = 437, "cp437", "PC, USA": pc(&single::CP437);
    Cp850 = 850, "cp850", "PC, Latin-1": pc(&single::CP850);
    Cp852 = 852, "cp852", "PC, Latin-2": pc(&single::CP852);
    Cp858 = 858, "cp858", "850 with the euro sign": pc(&single::CP858);
    UsAscii = 367, "us-ascii", "the 128 characters of ASCII": Spec::Foreign(Foreign::Ascii);
    Iso8859_1 = 819, "iso-8859-1", "Latin-1: the first 256 characters of Unicode": iso(encoding_rs::WINDOWS_1252);
    Iso8859_2 = 912, "iso-8859-2", "Latin-2": web(encoding_rs::ISO_8859_2);
    Iso8859_3 = 913, "iso-8859-3", "Latin-3": web(encoding_rs::ISO_8859_3);
    Iso8859_4 = 914, "iso-8859-4", "Latin-4": web(encoding_rs::ISO_8859_4);
    Iso8859_5 = 915, "iso-8859-5", "Cyrillic": web(encoding_rs::ISO_8859_5);
    Iso8859_6 = 1089, "iso-8859-6", "Arabic": web(encoding_rs::ISO_8859_6);
    Iso8859_7 = 813, "iso-8859-7", "Greek": web(encoding_rs::ISO_8859_7);
    Iso8859_8 = 916, "iso-8859-8", "Hebrew": web(encoding_rs::ISO_8859_8);
    Iso8859_9 = 920, "iso-8859-9", "Latin-5, Turkish": iso(encoding_rs::WINDOWS_1254);
    Iso8859_10 = 919, "iso-8859-10", "Latin-6, Nordic": web(encoding_rs::ISO_8859_10);
    Iso8859_11 = 0, "iso-8859-11", "Thai": iso(encoding_rs::WINDOWS_874);
    Iso8859_13 = 921, "iso-8859-13", "Latin-7, Baltic": web(encoding_rs::ISO_8859_13);
    Iso8859_14 = 0, "iso-8859-14", "Latin-8, Celtic": web(encoding_rs::ISO_8859_14);
    Iso8859_15 = 923, "iso-8859-15", "Latin-9": web(encoding_rs::ISO_8859_15);
    Iso8859_16 = 0, "iso-8859-16", "Latin-10": web(encoding_rs::ISO_8859_16);
    Utf8 = 1208, "utf-8", "Unicode in one to four bytes": web(encoding_rs::UTF_8);
    ShiftJis = 943, "shift_jis", "Japanese, as Windows has it (932)": web(encoding_rs::SHIFT_JIS);
    EucJp = 954, "euc-jp", "Japanese on UNIX": web(encoding_rs::EUC_JP);
    Gbk = 1386, "gbk", "simplified Chinese": web(encoding_rs::GBK);
    Gb18030 = 1392, "gb18030", "simplified Chinese, all of Unicode": web(encoding_rs::GB18030);
    Big5 = 950, "big5", "traditional Chinese": web(encoding_rs::BIG5);
    EucKr = 949, "euc-kr", "Korean, as Windows has it": web(encoding_rs::EUC_KR);
    Koi8R = 878, "koi8-r", "Russian on UNIX": web(encoding_rs::KOI8_R);
    Koi8U = 1168, "koi8-u", "Ukrainian on UNIX": web(encoding_rs::KOI8_U);
    Cp866 = 866, "cp866", "PC, Cyrillic": web(encoding_rs::IBM866);
    Windows874 = 874, "windows-874", "Thai": web(encoding_rs::WINDOWS_874);
    Windows1250 = 1250, "windows-1250", "Latin-2": web(encoding_rs::WINDOWS_1250);
    Windows1251 = 1251, "windows-1251", "Cyrillic": web(encoding_rs::WINDOWS_1251);
    Windows1252 = 1252, "windows-1252", "Latin-1": web(encoding_rs::WINDOWS_1252);
    Windows1253 = 1253, "windows-1253", "Greek": web(encoding_rs::WINDOWS_1253);
    Windows1254 = 1254, "windows-1254", "Turkish": web(encoding_rs::WINDOWS_1254);
    Windows1255 = 1255, "windows-1255", "Hebrew": web(encoding_rs::WINDOWS_1255);
    Windows1256 = 1256, "windows-1256", "Arabic": web(encoding_rs::WINDOWS_1256);
    Windows1257 = 1257, "windows-1257", "Baltic": web(encoding_rs::WINDOWS_1257);
    Windows1258 = 1258, "windows-1258", "Vietnamese": web(encoding_rs::WINDOWS_1258);
}
