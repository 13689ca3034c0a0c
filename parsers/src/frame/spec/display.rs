//! A [`Framing`] as the text that gives it back: only what departs from custom.

use std::fmt;

use super::words::{COUNTS, EMPTY_LINES, LINE_ENDS, LONG_LINES, ORDERS, PARTIALS, RESTS};
use crate::frame::framing::{Blocks, Framing, RecordFormat, Word};

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let custom = Framing::new(self.format);
        match (&self.length, self.format) {
            (Some(rule), RecordFormat::Length) => write!(f, "LENGTH({rule})")?,
            _ => write!(f, "{}", self.format)?,
        }
        match self.blocks {
            None => {}
            Some(Blocks::Word) => f.write_str("; blocks = bdw")?,
            Some(Blocks::Of(size)) => write!(f, "; blocks = {size}")?,
        }
        for (name, word) in [("rdw", self.rdw), ("bdw", self.bdw)] {
            write_word(f, name, word)?;
        }
        let lines = self.lines;
        write_choice(f, "line_end", LINE_ENDS, lines.end)?;
        if let Some(len) = lines.fixed {
            write!(f, "; line_length = {len}")?;
        }
        write_choice(f, "long_lines", LONG_LINES, lines.long)?;
        write_choice(f, "empty_lines", EMPTY_LINES, lines.empty)?;
        if let Some(pad) = lines.pad {
            write!(f, "; pad_lines = {}", pad.len)?;
        }
        for (key, value, usual) in [
            ("skip_file_start", self.file.start, 0),
            ("skip_file_end", self.file.end, 0),
            ("skip_record_start", self.record.start, 0),
            ("skip_record_end", self.record.end, 0),
            ("largest_record", self.longest, custom.longest),
            ("minimum_record", self.minimum, custom.minimum),
            ("maximum_record", self.maximum, custom.maximum),
        ] {
            if value != usual {
                write!(f, "; {key} = {value}")?;
            }
        }
        write_choice(f, "partial_record", PARTIALS, self.partial)
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, name: &str, word: Word) -> fmt::Result {
    write_choice(f, &format!("{name}_order"), ORDERS, word.order)?;
    write_choice(f, &format!("{name}_counts"), COUNTS, word.counts)?;
    if word.adjust != 0 {
        write!(f, "; {name}_adjust = {}", word.adjust)?;
    }
    write_choice(f, &format!("{name}_rest"), RESTS, word.rest)
}

/// Writes a choice that is not the usual one.
fn write_choice<T: Copy + PartialEq + Default>(
    f: &mut fmt::Formatter<'_>,
    key: &str,
    choices: &[(&str, T)],
    value: T,
) -> fmt::Result {
    match choices.iter().find(|(_, choice)| *choice == value) {
        Some((word, _)) if value != T::default() => write!(f, "; {key} = {word}"),
        _ => Ok(()),
    }
}
