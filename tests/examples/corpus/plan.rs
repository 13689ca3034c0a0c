//! How a data set's files divide into records, by the peer's options.
//!
//! In: [`Options`], the layout, and what the record length is. Out: a [`Plan`]: our [`Framing`] and what the peer
//! adds to it. The peer reads in one of two ways: plain fixed-length records or lines, strictly; or, as soon as one of
//! many options is set, records one after the other, leniently.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use parsers::frame::{
    Blocks, Framing, LengthRule, LineEnd, Lines, Partial, RecordFormat, Skip, Word, WordCounts,
    WordOrder, WordRest,
};
use parsers::{Field, Layout};

use super::expression::Expression;
use super::json::Json;
use super::names;
use super::options::Options;

/// The peer's record formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Fixed,
    FixedBlock,
    Variable,
    VariableBlock,
    /// `D`: lines, read strictly.
    Lines,
    /// `D2`: lines, read leniently.
    LenientLines,
}

/// How files are read.
#[derive(Debug)]
pub struct Plan {
    pub framing: Framing,
    /// Records divide where the layout says that one ends, whatever its tables' counts.
    pub by_layout: bool,
    /// Lines as Unicode text: bytes that are none become U+FFFD before the record is read.
    pub unicode: bool,
    /// Set where lines are read leniently.
    pub lines: Option<LongLines>,
    /// A file must be a multiple of this.
    pub multiple: Option<usize>,
}

/// What the peer makes of lines that are longer than a record.
#[derive(Debug, Clone, Copy)]
pub struct LongLines {
    /// Bytes of a record.
    pub record: usize,
    /// The rest is a record again; else it is passed over.
    pub split: bool,
    /// Shorter and longer records than these are passed over.
    pub least: usize,
    pub most: usize,
}

/// Options that make the peer read records one after the other.
fn lenient(options: &Options, format: Format, basic_lines: bool) -> Result<bool> {
    let positive =
        |name: &str| Ok::<bool, anyhow::Error>(options.number::<u32>(name)?.unwrap_or(0) > 0);
    Ok(options.text("record_length_field").is_some()
        || matches!(
            format,
            Format::FixedBlock | Format::Variable | Format::VariableBlock | Format::LenientLines
        )
        || options.flag("generate_record_id", false)
        || options.text("segment_id_root").is_some()
        || options.text("segment_id_level0").is_some()
        || positive("file_start_offset")?
        || positive("file_end_offset")?
        || options.text("record_extractor").is_some()
        || (moving(options) && !basic_lines)
        || options
            .text("record_header_name")
            .or(options.text("file_header_field"))
            .is_some()
        || options
            .text("record_trailer_name")
            .or(options.text("file_trailer_field"))
            .is_some()
        || options.starting("segment-children").next().is_some()
        || options.starting("segment_children").next().is_some())
}

/// Whether what follows a table moves with its count.
pub fn moving(options: &Options) -> bool {
    let policy = options
        .text("variable_size_occurs")
        .unwrap_or("false")
        .to_lowercase();
    !["false", "max_size"].contains(&policy.as_str())
}

fn format(options: &Options) -> Result<Format> {
    let Some(text) = options.text("record_format") else {
        let sequence = options.flag("is_xcom", options.flag("is_record_sequence", false));
        return Ok(if sequence {
            Format::Variable
        } else if options.flag("is_text", false) {
            Format::Lines
        } else {
            Format::Fixed
        });
    };
    Ok(match text.to_uppercase().as_str() {
        "F" => Format::Fixed,
        "FB" => Format::FixedBlock,
        "V" => Format::Variable,
        "VB" => Format::VariableBlock,
        "D" | "T" => Format::Lines,
        "D2" => Format::LenientLines,
        other => bail!("option record_format: {other} is no record format"),
    })
}

/// Whether text is EBCDIC.
pub fn is_ebcdic(options: &Options) -> Result<bool> {
    let lines = matches!(format(options)?, Format::Lines | Format::LenientLines);
    match options
        .text("encoding")
        .unwrap_or_default()
        .to_lowercase()
        .as_str()
    {
        "" => Ok(!lines),
        "ebcdic" => Ok(true),
        "ascii" => Ok(false),
        other => bail!("option encoding: wanted EBCDIC or ASCII, got {other}"),
    }
}

impl Plan {
    /// `header` and `trailer` are the bytes of records that options name as the file's own.
    pub fn of(
        options: &Options,
        layout: &Arc<Layout>,
        header: usize,
        trailer: usize,
    ) -> Result<Plan> {
        let format = format(options)?;
        let partial = options.flag("allow_partial_records", false);
        let basic_lines = format == Format::Lines && !partial;
        let lenient =
            lenient(options, format, basic_lines)? || (format == Format::Lines && partial);
        let lines = matches!(format, Format::Lines | Format::LenientLines)
            || options.flag("is_text", false);
        let skip = Skip {
            start: options.number("record_start_offset")?.unwrap_or(0),
            end: options.number("record_end_offset")?.unwrap_or(0),
        };
        let given: Option<u32> = options.number("record_length")?;
        let length = given.unwrap_or(u32::try_from(layout.max_len())?);
        ensure!(length > 0, "option record_length: wanted at least 1");
        let whole = length.saturating_add(skip.start).saturating_add(skip.end);
        let fixed = RecordFormat::F { len: whole };
        let mut plan = Plan {
            framing: Framing::new(fixed),
            by_layout: false,
            unicode: false,
            lines: None,
            multiple: None,
        };
        let rule = rule(options, layout)?;
        if lines {
            plan.framing = Framing::new(RecordFormat::Text);
            plan.lines(options, lenient, partial, layout.max_len());
        } else if let Some(rule) =
            rule.filter(|_| matches!(format, Format::Fixed | Format::Variable))
        {
            plan.framing = Framing::by_length(rule);
        } else {
            match format {
                Format::FixedBlock => plan.fixed_blocks(options, length)?,
                Format::VariableBlock => plan.framing = Framing::new(RecordFormat::Vb),
                Format::Variable => plan.framing = Framing::new(RecordFormat::V),
                _ if moving(options) && varies(layout) && !padded(options) => plan.by_layout = true,
                _ if lenient => plan.framing = Framing::new(RecordFormat::F { len: length }),
                _ if options.flag("debug_ignore_file_size", false) => {}
                _ => plan.multiple = usize::try_from(whole).ok(),
            }
        }
        plan.framing.partial = if (lenient && format != Format::VariableBlock) || lines {
            Partial::Keep
        } else {
            Partial::Error
        };
        plan.framing.rdw = word(options, "rdw")?;
        plan.framing.bdw = word(options, "bdw")?;
        plan.framing.record = skip;
        plan.framing.file = Skip {
            start: options
                .number("file_start_offset")?
                .unwrap_or(0)
                .max(u32::try_from(header)?),
            end: options
                .number("file_end_offset")?
                .unwrap_or(0)
                .max(u32::try_from(trailer)?),
        };
        let least: u32 = options.number("minimum_record_length")?.unwrap_or(1);
        let most: u32 = options.number("maximum_record_length")?.unwrap_or(u32::MAX);
        if let Some(lines) = &mut plan.lines {
            lines.least = usize::try_from(least)?;
            lines.most = usize::try_from(most)?;
        } else if lenient || lines {
            plan.framing.minimum = least;
            plan.framing.maximum = most;
        }
        Ok(plan)
    }

    fn lines(&mut self, options: &Options, lenient: bool, partial: bool, record: usize) {
        let charset = options
            .text("ascii_charset")
            .unwrap_or("utf-8")
            .to_lowercase();
        self.unicode = !lenient && ["utf-8", "utf8"].contains(&charset.as_str());
        self.framing.lines = Lines {
            end: LineEnd::Any,
            ..Lines::default()
        };
        if lenient {
            self.lines = Some(LongLines {
                record,
                split: partial,
                least: 1,
                most: usize::MAX,
            });
        }
    }

    fn fixed_blocks(&mut self, options: &Options, length: u32) -> Result<()> {
        self.framing = Framing::new(RecordFormat::Fb { len: length });
        let block: Option<i64> = options.number("block_length")?;
        let records: Option<i64> = options.number("records_per_block")?;
        ensure!(
            block.is_none() || records.is_none(),
            "block_length and records_per_block exclude each other"
        );
        self.framing.blocks = Some(match (block, records) {
            (Some(block), _) => {
                ensure!(
                    block > 0,
                    "option block_length: wanted at least 1, got {block}"
                );
                Blocks::Of(u32::try_from(block)?)
            }
            (_, Some(records)) => {
                ensure!(
                    records > 0,
                    "option records_per_block: wanted at least 1, got {records}"
                );
                Blocks::Of(u32::try_from(records)?.saturating_mul(length))
            }
            _ => Blocks::Word,
        });
        Ok(())
    }
}

/// Whether records are as long as the most occurrences, whatever the counts.
fn padded(options: &Options) -> bool {
    let policy = options.text("variable_size_occurs").unwrap_or_default();
    policy.eq_ignore_ascii_case("pad_record")
}

/// Whether a count decides how long a record is.
fn varies(layout: &Layout) -> bool {
    layout
        .fields()
        .filter_map(Field::occurs)
        .any(|occurs| occurs.depending_on.is_some())
}

/// RDWs and BDWs are little endian and do not count themselves unless options say otherwise.
fn word(options: &Options, name: &str) -> Result<Word> {
    let big = options.flag(&format!("is_{name}_big_endian"), false);
    let whole = name == "rdw" && options.flag("is_rdw_part_of_record_length", false);
    Ok(Word {
        order: if big {
            WordOrder::Big
        } else {
            WordOrder::Little
        },
        counts: if whole {
            WordCounts::All
        } else {
            WordCounts::Data
        },
        adjust: options.number(&format!("{name}_adjustment"))?.unwrap_or(0),
        rest: WordRest::Free,
    })
}

/// Options `record_length_field` and `record_length_map`.
fn rule(options: &Options, layout: &Arc<Layout>) -> Result<Option<LengthRule>> {
    let Some(field) = options
        .text("record_length_field")
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let adjustment: i64 = options.number("rdw_adjustment")?.unwrap_or(0);
    let mut lengths = Vec::new();
    let mut otherwise = None;
    if let Some(text) = options.text("record_length_map") {
        let Json::Object(members) = Json::parse(text).context("option record_length_map")? else {
            bail!("option record_length_map: wanted a JSON object")
        };
        for (value, length) in members {
            let length: i64 = match &length {
                Json::Number(text) | Json::Text(text) => text.parse()?,
                other => bail!("option record_length_map: wanted a length, got {other}"),
            };
            let length = u32::try_from(length.saturating_add(adjustment))?;
            if value == "_" {
                otherwise = Some(length);
            } else {
                lengths.push((value, length));
            }
        }
    }
    // Where the text is no field the peer takes it for an expression, and looks in no map.
    let known = names::path(layout, field);
    let mapped = !lengths.is_empty() || otherwise.is_some();
    let rule = if let Some(field) = known.filter(|_| mapped) {
        LengthRule::by_value(&field, lengths, otherwise, layout)?
    } else {
        LengthRule::expression(
            &format!("{} + {adjustment}", in_our_names(field, layout)?),
            layout,
        )?
    };
    Ok(Some(rule))
}

/// A field, or an expression over fields, with the names that the layout has.
fn in_our_names(text: &str, layout: &Layout) -> Result<String> {
    if let Some(path) = names::path(layout, text) {
        return Ok(path);
    }
    let mut out = text.to_owned();
    for name in Expression::parse(text)?.names() {
        let path = names::path(layout, name).with_context(|| format!("no field {name}"))?;
        out = out.replace(name, &path);
    }
    Ok(format!("({out})"))
}
