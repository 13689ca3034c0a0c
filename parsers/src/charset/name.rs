//! Code pages by name, as IBM, Java, ICU, glibc and the web write them.

use encoding_rs::Encoding;

use super::CodePage;
use super::foreign::Foreign;
use super::page::Spec;

/// A code page name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown code page `{name}`: wanted a number of IBM's such as 037, 273, 1047 or 1140 (also written cp037, ibm-037, CCSID 37) or a charset such as utf-8, windows-1252 or shift_jis"
)]
pub struct UnknownCodePage {
    name: String,
}

impl UnknownCodePage {
    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Names beside a page's own, its number and the web's labels. The web takes the first four for windows-1252.
const ALIASES: &[(&str, CodePage)] = &[
    ("latin1", CodePage::Iso8859_1),
    ("iso8859-1", CodePage::Iso8859_1),
    ("iso8859_1", CodePage::Iso8859_1),
    ("ascii", CodePage::UsAscii),
    ("utf8", CodePage::Utf8),
    ("cp932", CodePage::ShiftJis),
    ("ms932", CodePage::ShiftJis),
    ("cp936", CodePage::Gbk),
    ("cp949", CodePage::EucKr),
];

impl CodePage {
    /// The page of a name: `037`, `37`, `cp037`, `IBM-037`, `ibm037`, `CCSID 37`, `windows-1252`, `latin1`,
    /// `shift_jis`; case does not matter. `latin1` is ISO 8859-1 itself, not the web's windows-1252.
    ///
    /// # Errors
    /// [`UnknownCodePage`] for anything else.
    pub fn from_name(name: &str) -> Result<CodePage, UnknownCodePage> {
        let lower = name.trim().to_ascii_lowercase();
        let all = CodePage::ALL.iter().copied();
        all.clone()
            .find(|page| page.name() == lower)
            .or_else(|| {
                let alias = ALIASES.iter().find(|(alias, _)| *alias == lower);
                alias.map(|(_, page)| *page)
            })
            .or_else(|| {
                let digits = ["ccsid", "x-ibm", "ibm", "cp", "windows"]
                    .iter()
                    .find_map(|prefix| lower.strip_prefix(prefix))
                    .unwrap_or(&lower)
                    .trim_start_matches(['-', '_', ' ']);
                CodePage::from_ccsid(digits.parse().ok()?)
            })
            .or_else(|| {
                let wanted = Encoding::for_label(lower.as_bytes())?;
                all.clone().find(|page| {
                    matches!(page.spec(), Spec::Foreign(Foreign::Web(encoding)) if encoding == wanted)
                })
            })
            .ok_or_else(|| UnknownCodePage {
                name: name.to_owned(),
            })
    }

    /// The page of one of IBM's numbers (CCSID), as Db2 and MQ give them.
    pub fn from_ccsid(ccsid: u16) -> Option<CodePage> {
        // Japanese pages with fewer places for the user's own characters.
        let wanted = match ccsid {
            5026 => 930,
            5035 => 939,
            other => other,
        };
        let all = CodePage::ALL.iter().copied();
        let mut same = all.filter(|page| page.ccsid() == Some(wanted));
        same.next()
    }
}
