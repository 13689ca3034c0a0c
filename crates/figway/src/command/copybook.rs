//! `figway copybook layout | schema | diff | decode | encode | detect`: copybooks and the records they describe, without
//! Kafka.

mod convert;
mod detect;
mod diff;
mod kept;
#[cfg(feature = "arrow")]
mod parquet;
mod schema;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use copylib::Files;
use ops::config::Faults;
use parsers::batch::{self, Batch, Workers};
use parsers::copybook::TextOptions;
use parsers::frame::{Framer, FramingSpec};
use parsers::hierarchy::{Assembler, Hierarchy, HierarchyError, Tree};
use parsers::{
    Balance, CodePage, Deframer, FrameError, Framed, Framing, Imbalance, Layout, LayoutOptions,
};

use self::convert::Converter;
use self::kept::Kept;
use crate::args;
use crate::files::{Input, Output};
use crate::terminal::Terminal;

/// Bytes read at once: large enough that the system call costs nothing, small enough to stay in cache.
const CHUNK: usize = 256 * 1024;
/// Bytes of a file's beginning that tell its record format.
const HEAD: usize = 4096;
/// A record of 32 KB becomes less than this, whatever its fields.
const LONGEST_LINE: u64 = 64 << 20;
/// A record with all that stands below it.
const LONGEST_TREE: u64 = 512 << 20;

pub(crate) fn run(args: args::Copybook, terminal: &mut Terminal) -> anyhow::Result<u8> {
    match args {
        args::Copybook::Layout { copybook } => {
            let layout = read(&copybook, terminal)?;
            write!(terminal.out(), "{}", layout.listing())?;
            Ok(crate::HELD)
        }
        args::Copybook::Decode {
            copybook,
            format,
            data,
            to,
            schema,
            output,
            lenient,
            flat,
            no_control,
        } => {
            let layout = read(&copybook, terminal)?;
            let framing = framing(&format, &layout)?;
            let checks = Checks::new(&layout, flat || to != args::Target::Json, no_control);
            let converter = Converter::new(layout, to, &schema, lenient, terminal)?;
            let output = output.as_deref();
            decode(&converter, framing, checks, &data, output, terminal)
        }
        args::Copybook::Diff(args) => diff::run(args, terminal),
        args::Copybook::Schema {
            copybook,
            format,
            schema,
            lenient,
            flat,
            output,
        } => {
            let layout = read(&copybook, terminal)?;
            let shape = schema::Shape { lenient, flat };
            let output = output.as_deref();
            schema::run(&layout, format, &schema, shape, output, terminal)
        }
        args::Copybook::Detect {
            data,
            copybook,
            meaning,
            include,
            source_format,
            decimal_comma,
            code_page,
            layout,
            json,
        } => {
            let copybook = copybook.map(|copybook| args::CopybookArgs {
                copybook,
                meaning,
                include,
                source_format,
                decimal_comma,
                code_page,
                layout,
            });
            detect::run(&data, copybook, json, terminal)
        }
        args::Copybook::Encode {
            copybook,
            format,
            json,
            output,
            flat,
            no_control,
        } => {
            let layout = read(&copybook, terminal)?;
            let framing = framing(&format, &layout)?;
            let checks = Checks::new(&layout, flat, no_control);
            encode(&layout, framing, checks, &json, output.as_deref(), terminal)
        }
    }
}

/// The layout of a copybook and its meaning, or every fault in them.
fn read(args: &args::CopybookArgs, terminal: &Terminal) -> anyhow::Result<Arc<Layout>> {
    let code_page = CodePage::from_name(&args.code_page)?;
    let directories = args.include.iter().map(|path| terminal.path(path));
    let book = copylib::read(&Files {
        copybook: &terminal.path(&args.copybook),
        meaning: args
            .meaning
            .as_ref()
            .map(|path| terminal.path(path))
            .as_deref(),
        directories: &directories.collect::<Vec<_>>(),
        text: TextOptions {
            format: args.source_format,
            decimal_comma: args.decimal_comma,
            ..TextOptions::default()
        },
    })
    .map_err(Faults::from)?;
    let mut options = LayoutOptions {
        code_page,
        ..LayoutOptions::default()
    };
    for words in &args.layout {
        options.set_all(words).context("--layout")?;
    }
    Ok(book.layout(&options)?)
}

/// How the file is cut, by the words given; a copybook of one length is FB if there are none, any other VB.
pub(super) fn framing(args: &args::FormatArgs, layout: &Arc<Layout>) -> anyhow::Result<Framing> {
    let one_length = layout.min_len() == layout.max_len();
    let default = if one_length || args.record_length.is_some() {
        "FB"
    } else {
        "VB"
    };
    let mut spec: FramingSpec = args.record_format.as_deref().unwrap_or(default).parse()?;
    match args.record_length {
        Some(length) => spec.set("record_length", &length.to_string())?,
        // LRECL of a fixed-length data set is that of its longest record.
        None if spec.is_fixed() && spec.record_length().is_none() && !one_length => {
            spec.set("record_length", &layout.max_len().to_string())?;
        }
        None => {}
    }
    Ok(spec.resolve(Some(layout))?)
}

/// What the meaning says of the file as a whole.
struct Checks {
    /// Which records stand below which, where they are to be put together.
    hierarchy: Option<Hierarchy>,
    /// What header and trailer say.
    balance: Option<Balance>,
}

impl Checks {
    fn new(layout: &Arc<Layout>, flat: bool, no_control: bool) -> Checks {
        Checks {
            hierarchy: Hierarchy::of(layout).filter(|_| !flat),
            balance: Balance::new(layout).filter(|_| !no_control),
        }
    }
}

/// Everything that is not as header and trailer say, as one error.
fn balanced<'f>(file: &Path, faults: impl Iterator<Item = &'f Imbalance>) -> anyhow::Result<()> {
    let faults: Vec<String> = faults.map(ToString::to_string).collect();
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{}, {}", file.display(), faults.join("\n  and "))
}

fn decode(
    converter: &Converter,
    framing: Framing,
    checks: Checks,
    data: &Path,
    output: Option<&Path>,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let mut input = Input::open(data, terminal)?;
    let mut output = Output::create(output, terminal)?;
    let kept = converter
        .is_lenient()
        .then(|| Kept::new(converter.layout()));
    output.write(converter.head())?;
    let format = framing.format;
    let mut deframer = Deframer::new(framing);
    let mut chunk = vec![0; CHUNK];
    let mut head = Vec::new();
    let mut ended = false;
    let Checks {
        hierarchy,
        mut balance,
    } = checks;
    let mut assembler = hierarchy.as_ref().map(Assembler::new);
    let mut tree_bytes = Vec::new();
    let mut push_tree = |tree: Option<Tree>, batch: &mut Batch| {
        if let Some(tree) = tree {
            let (record_no, offset) = tree.place().unwrap_or_default();
            tree_bytes.clear();
            tree.push_to(&mut tree_bytes);
            batch.push(Framed {
                bytes: &tree_bytes,
                offset,
                record_no,
            });
        }
    };
    let mut fill = |batch: &mut Batch| -> anyhow::Result<bool> {
        loop {
            while let Some(record) = deframer.next().map_err(|error| unframed(data, &error))? {
                if let Some(balance) = &mut balance {
                    balance.take(record.record_no, Some(record.offset), record.bytes);
                }
                match &mut assembler {
                    None => batch.push(record),
                    Some(assembler) => {
                        let tree = assembler.push(record);
                        push_tree(tree.with_context(|| data.display().to_string())?, batch);
                    }
                }
                if batch.is_full() {
                    return Ok(true);
                }
            }
            if ended {
                push_tree(assembler.as_mut().and_then(Assembler::finish), batch);
                return Ok(false);
            }
            let read = input.read(&mut chunk)?;
            if head.is_empty() {
                head.extend(chunk.iter().take(read.min(HEAD)));
            }
            deframer.push(chunk.get(..read).unwrap_or_default());
            if read == 0 {
                ended = true;
                deframer.finish().map_err(|error| unframed(data, &error))?;
            }
        }
    };
    let mut parts = Vec::new();
    let mut sink = converter.sink()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let failed = batch::convert(
        Workers::new(threads),
        &mut fill,
        &|record: Framed<'_>, out: &mut Vec<u8>| match &hierarchy {
            None => {
                converter.write(record.bytes, out)?;
                if let Some(kept) = &kept {
                    kept.look(record);
                }
                Ok::<(), anyhow::Error>(())
            }
            Some(hierarchy) => {
                let tree = Tree::from_bytes(record.bytes);
                let tree = tree.context("a tree lost its way between threads")?;
                converter.write_tree(hierarchy, &tree, out)?;
                if let Some(kept) = &kept {
                    tree.framed().for_each(|record| kept.look(record));
                }
                Ok(())
            }
        },
        &mut |part: &[u8], records| {
            parts.clear();
            output.write(sink.part(part, records, &mut parts)?)
        },
    )?;
    if let Some(failed) = failed {
        // A record format that is not the file's shows in fields that do not decode.
        let other = parsers::frame::explain(format, &head)
            .map_or_else(String::new, |other| format!(" ({other})"));
        // Of records that were put together, the error says which.
        let place = match failed.error.downcast_ref::<HierarchyError>() {
            Some(_) => format!("{}{other}", data.display()),
            None => format!(
                "{}, record {} at byte {}{other}",
                data.display(),
                // People count records from 1.
                failed.record_no.saturating_add(1),
                failed.offset
            ),
        };
        return Err(failed.error.context(place));
    }
    if let Some(balance) = balance {
        balanced(data, balance.faults().iter())?;
    }
    output.write(&sink.end()?)?;
    if let Some(kept) = kept {
        output.note(kept.report(&data.display().to_string()));
    }
    output.finish(deframer.records(), "decoded")
}

fn unframed(data: &Path, error: &FrameError) -> anyhow::Error {
    let help = error
        .help()
        .map_or_else(String::new, |help| format!("\n  help: {help}"));
    anyhow!("{}, {error}{help}", data.display())
}

/// A text without its byte order mark, U+FEFF in UTF-8, which editors on Windows put in front.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

fn encode(
    layout: &Layout,
    framing: Framing,
    mut checks: Checks,
    json: &Path,
    output: Option<&Path>,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let mut input = BufReader::with_capacity(CHUNK, Input::open(json, terminal)?);
    let mut output = Output::create(output, terminal)?;
    let longest_record = framing.longest;
    let mut framer = Framer::new(framing);
    let (mut line, mut bytes) = (Vec::new(), Vec::new());
    let (mut number, mut records) = (0_u64, 0_u64);
    let longest = match &checks.hierarchy {
        Some(_) => LONGEST_TREE,
        None => LONGEST_LINE,
    };
    loop {
        line.clear();
        if (&mut input).take(longest).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        if u64::try_from(line.len()).is_ok_and(|len| len == longest) {
            bail!(
                "{}, line {number}: longer than {} MiB, which no record's JSON is",
                json.display(),
                longest >> 20
            );
        }
        let line = match number {
            1 => without_mark(&line),
            _ => &line,
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = || format!("{}, line {number}", json.display());
        let mut write = |record: &[u8]| -> anyhow::Result<()> {
            if let Some(balance) = &mut checks.balance {
                balance.take(records, None, record);
            }
            framer.write(record, &mut bytes).with_context(place)?;
            records += 1;
            output.write(&bytes)?;
            bytes.clear();
            Ok(())
        };
        match &checks.hierarchy {
            None => write(
                &layout
                    .read_json_within(line, longest_record)
                    .with_context(place)?,
            )?,
            Some(hierarchy) => {
                let tree = hierarchy.read_json(line).with_context(place)?;
                tree.records().try_for_each(&mut write)?;
            }
        }
    }
    if let Some(balance) = checks.balance {
        // Part of a data set may be written; what it says of itself must hold.
        let faults = balance.faults();
        let missing = |fault: &&Imbalance| !matches!(fault, Imbalance::Missing { .. });
        balanced(json, faults.iter().filter(missing))?;
    }
    framer.finish(&mut bytes);
    output.write(&bytes)?;
    output.finish(records, "encoded")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_byte_order_mark_in_front_of_json_is_skipped() {
        assert_eq!(super::without_mark(b"\xEF\xBB\xBF{}\n"), b"{}\n");
        assert_eq!(super::without_mark(b"{}\n"), b"{}\n");
    }
}
