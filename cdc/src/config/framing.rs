//! How a source's files divide into records: `record_format` and `record_length` of `capture.toml`, held against the
//! copybook.
//!
//! In: a string (`"FB"`, `"VB; rdw_order = little"`) or a table with a `format` and the same keys, and the layout. Out:
//! a [`Framing`]; every fault goes to the resolver.

use std::sync::Arc;

use parsers::frame::{FramingSpec, FramingSpecError};
use parsers::{Framing, Layout, RecordFormat};
use toml::{Spanned, Value};

use super::file::Source;
use super::read::Resolver;

impl Resolver<'_> {
    /// What `record_format` says, before the copybook is known.
    pub(super) fn framing_spec(&mut self, written: &Spanned<Value>) -> Option<FramingSpec> {
        spec(written.get_ref())
            .map_err(|message| self.fault(written, message))
            .ok()
    }

    /// The framing of a source's files.
    pub(super) fn framing(
        &mut self,
        mut spec: FramingSpec,
        source: &Source,
        layout: &Arc<Layout>,
    ) -> Option<Framing> {
        let length = source.record_length.as_ref();
        if let Some(length) = length.filter(|_| spec.is_fixed())
            && let Err(error) = spec.set("record_length", &length.get_ref().to_string())
        {
            self.fault(length, error.to_string());
            return None;
        }
        let framing = match spec.resolve(Some(layout)) {
            Ok(framing) => framing,
            Err(error) => {
                self.fault(&source.record_format, error.to_string());
                return None;
            }
        };
        let (min, max) = (layout.min_len(), layout.max_len());
        match framing.format {
            RecordFormat::F { len } | RecordFormat::Fb { len } => {
                let skipped = framing.record.start.saturating_add(framing.record.end);
                let data = usize::try_from(len.saturating_sub(skipped)).unwrap_or(usize::MAX);
                if !(min..=max).contains(&data) || data == 0 {
                    let wanted = if min == max {
                        max.to_string()
                    } else {
                        format!("{min} to {max}")
                    };
                    let message = format!(
                        "records are said to have {data} bytes, and those of this copybook have {wanted}"
                    );
                    let help = "use the data set's LRECL, and the copybook it was written with";
                    match length {
                        Some(length) => self.fault_with_help(length, message, help),
                        None => self.fault_with_help(&source.record_format, message, help),
                    }
                    return None;
                }
            }
            RecordFormat::V | RecordFormat::Vb => {
                // LRECL counts the four bytes of the record descriptor word.
                if let Some(length) = length.filter(|length| *length.get_ref() < max + 4) {
                    let longest = max + 4;
                    self.fault(length, format!("records of this copybook have up to {longest} bytes with their descriptor word"));
                }
            }
            _ => {
                if let Some(length) = length {
                    self.fault_with_help(
                        length,
                        format!("{} has no record length", framing.format),
                        "record_length goes with F, FB, V and VB",
                    );
                }
            }
        }
        Some(framing)
    }
}

/// A string, or a table of the same words.
fn spec(written: &Value) -> Result<FramingSpec, String> {
    let words = |error: FramingSpecError| error.to_string();
    let table = match written {
        Value::String(text) => return text.parse().map_err(words),
        Value::Table(table) => table,
        _ => return Err("wanted a string or a table".to_owned()),
    };
    let Some(Value::String(format)) = table.get("format") else {
        return Err(
            "wanted `format`, such as { format = \"VB\", rdw_order = \"little\" }".to_owned(),
        );
    };
    let mut spec = FramingSpec::of_format(format).map_err(words)?;
    for (key, value) in table.iter().filter(|(key, _)| *key != "format") {
        match value {
            Value::String(text) => spec.set(key, text).map_err(words)?,
            Value::Integer(number) => spec.set(key, &number.to_string()).map_err(words)?,
            Value::Table(lengths) if key == "lengths" => {
                for (value, len) in lengths {
                    let len = len
                        .as_integer()
                        .and_then(|len| u32::try_from(len).ok())
                        .filter(|len| *len > 0);
                    let Some(len) = len else {
                        return Err(format!("lengths: wanted a number of bytes for `{value}`"));
                    };
                    spec.length_of(value, len);
                }
            }
            _ => return Err(format!("{key}: wanted a string or a whole number")),
        }
    }
    Ok(spec)
}
