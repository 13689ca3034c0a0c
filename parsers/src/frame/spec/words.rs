//! The keys of a framing, the words they take, and numbers.
//!
//! In: a key's value as written. Out: what it stands for, or which words would do.

use std::str::FromStr;

use super::FramingSpecError;
use crate::frame::framing::{
    EmptyLine, LineEnd, LongLine, Partial, WordCounts, WordOrder, WordRest,
};

/// Keys besides the format, for messages.
pub(super) const KEYS: &[&str] = &[
    "record_length",
    "blocks",
    "rdw_order",
    "rdw_counts",
    "rdw_adjust",
    "rdw_rest",
    "bdw_order",
    "bdw_counts",
    "bdw_adjust",
    "bdw_rest",
    "length",
    "length_field",
    "lengths",
    "line_end",
    "line_length",
    "long_lines",
    "empty_lines",
    "pad_lines",
    "skip_file_start",
    "skip_file_end",
    "skip_record_start",
    "skip_record_end",
    "largest_record",
    "minimum_record",
    "maximum_record",
    "partial_record",
];

pub(super) const ORDERS: &[(&str, WordOrder)] =
    &[("big", WordOrder::Big), ("little", WordOrder::Little)];
pub(super) const COUNTS: &[(&str, WordCounts)] =
    &[("all", WordCounts::All), ("data", WordCounts::Data)];
pub(super) const RESTS: &[(&str, WordRest)] =
    &[("zeros", WordRest::Strict), ("free", WordRest::Free)];
pub(super) const LINE_ENDS: &[(&str, LineEnd)] = &[
    ("any", LineEnd::Any),
    ("lf", LineEnd::Lf),
    ("crlf", LineEnd::CrLf),
    ("cr", LineEnd::Cr),
    ("nel", LineEnd::Nel),
    ("ebcdic-lf", LineEnd::EbcdicLf),
];
pub(super) const LONG_LINES: &[(&str, LongLine)] = &[
    ("error", LongLine::Error),
    ("split", LongLine::Split),
    ("cut", LongLine::Cut),
];
pub(super) const EMPTY_LINES: &[(&str, EmptyLine)] =
    &[("skip", EmptyLine::Skip), ("keep", EmptyLine::Keep)];
pub(super) const PARTIALS: &[(&str, Partial)] = &[
    ("error", Partial::Error),
    ("keep", Partial::Keep),
    ("drop", Partial::Drop),
];

pub(super) fn one_of<T: Copy>(
    key: &str,
    value: &str,
    choices: &[(&str, T)],
) -> Result<T, FramingSpecError> {
    match choices.iter().find(|(word, _)| *word == value) {
        Some((_, choice)) => Ok(*choice),
        None => {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let message = format!("{key}: wanted {}, got `{value}`", words.join(" or "));
            Err(FramingSpecError::new(key, message))
        }
    }
}

pub(super) fn number<T: FromStr>(key: &str, value: &str) -> Result<T, FramingSpecError> {
    value.parse().map_err(|_| {
        FramingSpecError::new(
            key,
            format!("{key}: wanted a number of bytes, got `{value}`"),
        )
    })
}

pub(super) fn at_least_one(key: &str, value: &str) -> Result<u32, FramingSpecError> {
    let number = number::<u32>(key, value)?;
    if number == 0 {
        let message = format!("{key}: wanted at least 1 byte");
        return Err(FramingSpecError::new(key, message));
    }
    Ok(number)
}
