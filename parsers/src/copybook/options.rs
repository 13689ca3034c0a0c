//! How the text of a copybook is to be read, and where the members it copies come from.
//!
//! In: what a shop's compiler options and conventions say. Nothing here opens a file: a [`Library`] does, outside.

use std::fmt;
use std::str::FromStr;

/// How to read the text of a copybook or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOptions {
    /// Which columns hold what.
    pub format: SourceFormat,
    /// Columns between tab stops; 0 is taken for 1.
    pub tab: u8,
    /// Whether lines with D in the indicator column are text (WITH DEBUGGING MODE) or comments.
    pub debugging: Debugging,
    /// DECIMAL-POINT IS COMMA, as if SPECIAL-NAMES said so.
    pub decimal_comma: bool,
    /// CURRENCY SIGN clauses, as if SPECIAL-NAMES had them. `$` needs none.
    pub currency: Vec<CurrencySign>,
}

impl Default for TextOptions {
    fn default() -> TextOptions {
        TextOptions {
            format: SourceFormat::Auto,
            tab: 8,
            debugging: Debugging::Comments,
            decimal_comma: false,
            currency: Vec::new(),
        }
    }
}

/// Reference format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SourceFormat {
    /// Fixed or free, whichever makes more of the lines begin with an entry; fixed if both do.
    #[default]
    Auto,
    /// Indicator in column 7, text in 8 to 72.
    Fixed,
    /// Text in every column, `*>` comments.
    Free,
    /// Fixed form with other columns.
    Columns(Columns),
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceFormat::Auto => f.write_str("auto"),
            SourceFormat::Fixed => f.write_str("fixed"),
            SourceFormat::Free => f.write_str("free"),
            SourceFormat::Columns(Columns {
                indicator,
                start,
                end,
            }) => write!(f, "{indicator}:{start}-{end}"),
        }
    }
}

/// `auto`, `fixed`, `free`, or columns: `7:8-72` has the indicator in 7 and the text in 8 to 72; `8-100` has the
/// indicator right before the text.
impl FromStr for SourceFormat {
    type Err = BadSourceFormat;

    fn from_str(text: &str) -> Result<SourceFormat, BadSourceFormat> {
        match text {
            "auto" => return Ok(SourceFormat::Auto),
            "fixed" => return Ok(SourceFormat::Fixed),
            "free" => return Ok(SourceFormat::Free),
            _ => {}
        }
        let columns = || {
            let (indicator, area) = match text.split_once(':') {
                Some((indicator, area)) => (Some(indicator.parse::<u16>().ok()?), area),
                None => (None, text),
            };
            let (start, end) = area.split_once('-')?;
            let (start, end) = (start.parse::<u16>().ok()?, end.parse::<u16>().ok()?);
            let indicator = indicator.or_else(|| start.checked_sub(1))?;
            let sound = 0 < indicator && indicator < start && start <= end;
            sound.then_some(Columns {
                indicator,
                start,
                end,
            })
        };
        columns()
            .map(SourceFormat::Columns)
            .ok_or_else(|| BadSourceFormat(text.to_owned()))
    }
}

/// A text that names no reference format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSourceFormat(String);

impl fmt::Display for BadSourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wanted a source format (auto, fixed, free, or columns such as 7:8-72), got `{}`",
            self.0
        )
    }
}

impl std::error::Error for BadSourceFormat {}

/// Columns of fixed form, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Columns {
    /// Column of `*`, `/`, `-` and `D`.
    pub indicator: u16,
    /// First column of the text.
    pub start: u16,
    /// Last column of the text; what stands right of it is not read.
    pub end: u16,
}

impl Columns {
    /// Those of the standard: 7, 8 and 72.
    pub const STANDARD: Columns = Columns {
        indicator: 7,
        start: 8,
        end: 72,
    };
}

/// What lines with D in the indicator column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Debugging {
    /// Comments, as without WITH DEBUGGING MODE.
    #[default]
    Comments,
    /// Text.
    Text,
}

/// A CURRENCY SIGN clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencySign {
    /// The character that stands for it in pictures.
    pub symbol: char,
    /// What is printed: `EUR`. Usually the symbol itself.
    pub sign: String,
}

/// A member of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryText {
    /// The name to use in messages, such as its path.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Where COPY, `++INCLUDE`, `-INC` and EXEC SQL INCLUDE find their text.
pub trait Library {
    /// The member `name` (of `library`, after OF or IN), as it is written in the text, without quotation marks.
    /// `Ok(None)` if there is none of that name.
    ///
    /// # Errors
    /// Why a member that is there cannot be read, for a message.
    fn find(&mut self, name: &str, library: Option<&str>) -> Result<Option<LibraryText>, String>;
}

/// A library without members.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLibrary;

impl Library for NoLibrary {
    fn find(&mut self, _: &str, _: Option<&str>) -> Result<Option<LibraryText>, String> {
        Ok(None)
    }
}
