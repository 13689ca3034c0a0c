//! The words for [`LayoutOptions`]: what people write in `capture.toml`, in `routes.toml` and on the command line.
//!
//! In: keys and words, one by one (a table's members) or as one text (`dialect = mf; odo = maximum`). Out: options, or
//! what is wrong with which key. [`LayoutOptions`]' `Display` gives the text back. The record's code page is no word:
//! it stands beside the copybook everywhere.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::options::{
    BadCount, BinarySizes, Conditions, Controls, Decimals, Dialect, DisplayNumbers, Edited, Endian,
    Fill, Fillers, Floats, InvalidNumber, InvalidText, LayoutOptions, LowValueText, NativeOrder,
    Nel, Odo, Overpunch, Oversize, RecordChoice, Short, SignPolicy, Trim, Trunc, UnknownCharacter,
    WriteNull,
};
use crate::charset::CodePage;

/// What is wrong with which option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LayoutOptionError {
    key: String,
    message: String,
}

impl LayoutOptionError {
    fn new(key: &str, message: impl Into<String>) -> LayoutOptionError {
        LayoutOptionError {
            key: key.to_owned(),
            message: message.into(),
        }
    }

    /// The key that it is about, as written.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Options as a configuration file has them: a text, or a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "wanted options of a layout, as text \"dialect = mf; odo = maximum\" or as a table"
)]
pub enum LayoutWords {
    /// `key = word; key = word`.
    Text(String),
    /// A word to a key; to `code_pages` and `counts` a table.
    Table(BTreeMap<String, LayoutWord>),
}

/// What stands beside one key.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum LayoutWord {
    /// A word.
    Text(String),
    /// Code pages by path of a field.
    Words(BTreeMap<String, String>),
    /// What each text counts, by path of a counter.
    Counts(BTreeMap<String, BTreeMap<String, u32>>),
}

impl LayoutWords {
    /// Sets what they say.
    ///
    /// # Errors
    /// As [`LayoutOptions::set`].
    pub fn apply(&self, options: &mut LayoutOptions) -> Result<(), LayoutOptionError> {
        let table = match self {
            LayoutWords::Text(text) => return options.set_all(text),
            LayoutWords::Table(table) => table,
        };
        for (key, word) in table {
            match (word, plain(key).as_str()) {
                (LayoutWord::Text(word), _) => options.set(key, word)?,
                (LayoutWord::Words(pages), "code_pages") => {
                    for (path, page) in pages {
                        options.page_of(key, path, page)?;
                    }
                }
                (LayoutWord::Counts(counts), "counts") => {
                    for (path, texts) in counts {
                        let texts = texts.iter().map(|(text, count)| (text.clone(), *count));
                        options.counts.push((path.clone(), texts.collect()));
                    }
                }
                // An empty table may be either.
                (LayoutWord::Words(words), "counts") if words.is_empty() => {}
                _ => return Err(LayoutOptionError::new(key, format!("{key}: wanted a word"))),
            }
        }
        Ok(())
    }
}

fn plain(key: &str) -> String {
    key.trim().replace('-', "_")
}

/// One line for each option that is a choice between words: its key, its place, its words. The first is the default.
macro_rules! choices {
    ($($key:literal $($place:ident).+ : $($word:literal $value:expr),+;)*) => {
        const CHOICES: &[&str] = &[$($key),*];

        /// Sets one; gives back the words that there are where it is none of them.
        fn choose(options: &mut LayoutOptions, key: &str, word: &str) -> Result<(), Option<&'static [&'static str]>> {
            match key {
                $($key => {
                    options.$($place).+ = match word {
                        $($word => $value,)+
                        _ => return Err(Some(&[$($word),+])),
                    };
                    Ok(())
                })*
                _ => Err(None),
            }
        }

        /// The word of each that is not the default.
        fn chosen(options: &LayoutOptions) -> Vec<(&'static str, &'static str)> {
            let plain = LayoutOptions::default();
            let mut found = Vec::new();
            $(
                if options.$($place).+ != plain.$($place).+ {
                    let words = [$(($word, $value)),+];
                    let word = words.iter().find(|(_, value)| *value == options.$($place).+);
                    found.extend(word.map(|(word, _)| ($key, *word)));
                }
            )*
            found
        }
    };
}

choices! {
    "dialect" dialect: "ibm" Dialect::Ibm, "mf" Dialect::Mf, "gnucobol" Dialect::GnuCobol;
    "records" record: "first" RecordChoice::First, "all" RecordChoice::All, "sequence" RecordChoice::Sequence;
    "odo" odo: "moving" Odo::Moving, "maximum" Odo::Maximum;
    "floats" floats: "by-dialect" Floats::ByDialect, "hfp" Floats::Hfp, "hfp-little" Floats::HfpLittle,
        "ieee" Floats::Ieee, "ieee-little" Floats::IeeeLittle;
    "truncate" truncate: "std" Trunc::Std, "opt" Trunc::Opt, "bin" Trunc::Bin;
    "binary_sizes" binary_sizes: "by-dialect" BinarySizes::ByDialect, "2-4-8" BinarySizes::TwoFourEight,
        "1-2-4-8" BinarySizes::OneTwoFourEight, "fewest" BinarySizes::Fewest, "2-4-8-more" BinarySizes::TwoFourEightMore;
    "native_order" native: "by-dialect" NativeOrder::ByDialect, "big" NativeOrder::Is(Endian::Big),
        "little" NativeOrder::Is(Endian::Little);
    "overpunch" overpunch: "by-dialect" Overpunch::ByDialect, "translated" Overpunch::Translated, "ascii" Overpunch::Ascii;
    "utf16" utf16: "big" Endian::Big, "little" Endian::Little;
    "edited" edited: "text" Edited::Text, "number" Edited::Number;
    "fillers" fillers: "hidden" Fillers::Hidden, "shown" Fillers::Shown;
    "conditions" conditions: "values" Conditions::Values, "names" Conditions::Names, "enums" Conditions::Enums;
    "number_spaces" numbers.spaces: "error" Fill::Error, "null" Fill::Null, "zero" Fill::Zero;
    "number_low_values" numbers.low_values: "error" Fill::Error, "null" Fill::Null, "zero" Fill::Zero;
    "number_high_values" numbers.high_values: "error" Fill::Error, "null" Fill::Null, "zero" Fill::Zero;
    "invalid_numbers" numbers.invalid: "error" InvalidNumber::Error, "null" InvalidNumber::Null;
    "signs" numbers.sign: "strict" SignPolicy::Strict, "preferred" SignPolicy::Preferred, "lenient" SignPolicy::Lenient;
    "display_numbers" numbers.display: "exact" DisplayNumbers::Exact, "spaced" DisplayNumbers::Spaced,
        "explicit" DisplayNumbers::Explicit;
    "large_numbers" numbers.oversize: "error" Oversize::Error, "truncate" Oversize::Truncate, "null" Oversize::Null;
    "extra_decimals" numbers.decimals: "error" Decimals::Error, "truncate" Decimals::Truncate, "round" Decimals::Round;
    "null_numbers" numbers.null: "error" WriteNull::Error, "initial" WriteNull::Initial, "spaces" WriteNull::Spaces,
        "low-values" WriteNull::LowValues, "zero" WriteNull::Zero;
    "trim" text.trim: "padding" Trim::Padding, "both" Trim::Both, "left" Trim::Left, "right" Trim::Right, "none" Trim::None;
    "low_value_text" text.low_values: "keep" LowValueText::Keep, "null" LowValueText::Null;
    "invalid_text" text.invalid: "error" InvalidText::Error, "replace" InvalidText::Replace, "blank" InvalidText::Blank,
        "null" InvalidText::Null;
    "controls" text.controls: "keep" Controls::Keep, "blank" Controls::Blank, "drop" Controls::Drop;
    "new_line" text.nel: "nel" Nel::Nel, "lf" Nel::Lf;
    "long_text" text.oversize: "error" Oversize::Error, "truncate" Oversize::Truncate, "null" Oversize::Null;
    "unknown_characters" text.unknown: "error" UnknownCharacter::Error, "substitute" UnknownCharacter::Substitute,
        "blank" UnknownCharacter::Blank;
    "null_text" text.null: "error" WriteNull::Error, "initial" WriteNull::Initial, "spaces" WriteNull::Spaces,
        "low-values" WriteNull::LowValues, "zero" WriteNull::Zero;
    "short_records" short: "error" Short::Error, "cut" Short::Cut;
    "invalid_counts" bad_count: "error" BadCount::Error, "most" BadCount::Most;
}

/// Keys that are no choice between words.
const OTHERS: &[&str] = &["record", "day", "code_pages", "counts"];

impl LayoutOptions {
    /// Sets one option by its key; `-` and `_` are the same in it. `code_pages` takes `PATH=PAGE PATH=PAGE`, `counts`
    /// `PATH: TEXT=NUMBER TEXT=NUMBER`; both add to what is there.
    ///
    /// # Errors
    /// A key that is none, or a word it does not take.
    pub fn set(&mut self, key: &str, word: &str) -> Result<(), LayoutOptionError> {
        let name = plain(key);
        let word = word.trim();
        let wanted = |what: &str| {
            let message = format!("{}: wanted {what}, got `{word}`", key.trim());
            Err(LayoutOptionError::new(key, message))
        };
        match name.as_str() {
            "record" => {
                // No name has a blank in it.
                let mut names: Vec<String> = word.split_whitespace().map(str::to_owned).collect();
                self.record = match (names.pop(), names.is_empty()) {
                    (None, _) => {
                        return wanted("the name of an 01, or several with blanks between");
                    }
                    (Some(only), true) => RecordChoice::Named(only),
                    (Some(last), false) => {
                        names.push(last);
                        RecordChoice::Of(names)
                    }
                };
                Ok(())
            }
            "day" => match word.parse() {
                Ok(day) => {
                    self.day = Some(day);
                    Ok(())
                }
                Err(_) => wanted("a day as YYYY-MM-DD"),
            },
            "code_pages" => {
                for pair in word.split([' ', ',']).filter(|pair| !pair.is_empty()) {
                    let Some((path, page)) = pair.split_once('=') else {
                        return wanted("PATH=PAGE, several with blanks between");
                    };
                    self.page_of(key, path, page)?;
                }
                Ok(())
            }
            "counts" => match word.split_once(':').map(|(path, rest)| (path, texts(rest))) {
                Some((path, Some(texts))) if !texts.is_empty() => {
                    self.counts.push((path.trim().to_owned(), texts));
                    Ok(())
                }
                _ => wanted("PATH: TEXT=NUMBER, several with blanks between"),
            },
            "code_page" => Err(LayoutOptionError::new(
                key,
                "the code page of the record is said beside its copybook, those of single fields by `code_pages`",
            )),
            _ => match choose(self, &name, word) {
                Ok(()) => Ok(()),
                Err(Some(words)) => wanted(&words.join(" or ")),
                Err(None) => Err(unknown(key, &name)),
            },
        }
    }

    /// Sets what a text says: `key = word; key = word`.
    ///
    /// # Errors
    /// As [`set`](Self::set), and parts without `=`.
    pub fn set_all(&mut self, text: &str) -> Result<(), LayoutOptionError> {
        for part in text.split(';').map(str::trim) {
            if part.is_empty() {
                continue;
            }
            let Some((key, word)) = part.split_once('=') else {
                let message = format!("wanted `key = word`, got `{part}`");
                return Err(LayoutOptionError::new(part, message));
            };
            self.set(key.trim(), word)?;
        }
        Ok(())
    }

    fn page_of(&mut self, key: &str, path: &str, page: &str) -> Result<(), LayoutOptionError> {
        let page = CodePage::from_name(page.trim())
            .map_err(|error| LayoutOptionError::new(key, format!("{}: {error}", key.trim())))?;
        self.pages.push((path.trim().to_owned(), page));
        Ok(())
    }
}

/// `A=1 B=2`, with blanks between.
fn texts(text: &str) -> Option<Vec<(String, u32)>> {
    let mut found = Vec::new();
    for pair in text.split_whitespace() {
        let (text, number) = pair.split_once('=')?;
        found.push((text.to_owned(), number.parse().ok()?));
    }
    Some(found)
}

fn unknown(key: &str, name: &str) -> LayoutOptionError {
    let known = || CHOICES.iter().chain(OTHERS).copied();
    let near = crate::path::nearest(name, known())
        .map_or_else(String::new, |near| format!(" (is it `{near}`?)"));
    let names: Vec<&str> = known().collect();
    let message = format!(
        "unknown option `{}`{near}: wanted one of {}",
        key.trim(),
        names.join(", ")
    );
    LayoutOptionError::new(key, message)
}

/// `key = word; key = word` for everything that is not the default, but for the record's code page.
impl fmt::Display for LayoutOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = chosen(self)
            .into_iter()
            .map(|(key, word)| format!("{key} = {word}"))
            .collect();
        match &self.record {
            RecordChoice::Named(name) => parts.push(format!("record = {name}")),
            RecordChoice::Of(names) => parts.push(format!("record = {}", names.join(" "))),
            RecordChoice::First | RecordChoice::All | RecordChoice::Sequence => {}
        }
        parts.extend(self.day.map(|day| format!("day = {day}")));
        for (path, page) in &self.pages {
            parts.push(format!("code_pages = {path}={page}"));
        }
        for (path, texts) in &self.counts {
            let texts: Vec<String> = texts
                .iter()
                .map(|(text, count)| format!("{text}={count}"))
                .collect();
            parts.push(format!("counts = {path}: {}", texts.join(" ")));
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests;
