//! Data files to records.
//!
//! In: a file of a case and a [`Plan`]. Out: its records, each with its number and how long the peer says it is.
//! Compressed files are told by the ends of their names, as the peer tells them.

use std::io::Read as _;

use anyhow::{Context, Result, anyhow, bail, ensure};
use parsers::{Deframer, Layout};

use super::fault::Fault;
use super::plan::{LongLines, Plan};

/// One record of a file.
#[derive(Debug)]
pub struct Framed {
    pub bytes: Vec<u8>,
    /// Its number in the file, from 0.
    pub number: u64,
    /// The bytes that stand around it and count as the record's.
    pub before: Vec<u8>,
    pub after: Vec<u8>,
    /// Bytes of the line end that follows it, where records are lines.
    pub end: usize,
}

impl Framed {
    /// The record with what counts as its own.
    pub fn whole(&self) -> Vec<u8> {
        [self.before.as_slice(), &self.bytes, &self.after].concat()
    }
}

/// The bytes of a file as the peer sees them.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match name.rsplit('.').next().unwrap_or_default() {
        "gz" => {
            let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice());
            reader
                .read_to_end(&mut out)
                .with_context(|| name.to_owned())?;
        }
        "bz2" => super::bzip2::unpack(&bytes, &mut out).with_context(|| name.to_owned())?,
        packed @ ("xz" | "zst" | "lz4" | "snappy") => {
            bail!("{name}: no decompressor for .{packed}")
        }
        _ => return Ok(bytes),
    }
    Ok(out)
}

/// The records of a file.
pub fn records(plan: &Plan, layout: &Layout, bytes: &[u8]) -> Result<Vec<Framed>> {
    if let Some(multiple) = plan.multiple
        && !bytes.len().is_multiple_of(multiple)
    {
        let len = bytes.len();
        return Err(anyhow!(
            "{len} bytes are no multiple of the record length {multiple}"
        ))
        .context(Fault::Cut);
    }
    if plan.by_layout {
        return by_layout(plan, layout, bytes);
    }
    let mut deframer = Deframer::new(plan.framing.clone());
    deframer.push(bytes);
    let mut found = Vec::new();
    while let Some(record) = deframer.next()? {
        found.push(framed(plan, bytes, &record));
    }
    deframer.finish()?;
    while let Some(record) = deframer.next()? {
        found.push(framed(plan, bytes, &record));
    }
    if let Some(lines) = &plan.lines {
        let whole = std::mem::take(&mut found);
        for line in whole {
            cut(lines, line, &mut found);
        }
        for (number, record) in found.iter_mut().enumerate() {
            record.number = u64::try_from(number)?;
        }
    }
    Ok(found)
}

fn framed(plan: &Plan, file: &[u8], record: &parsers::Framed<'_>) -> Framed {
    let skip = plan.framing.record;
    let start = usize::try_from(record.offset).unwrap_or(usize::MAX);
    let end = start.saturating_add(record.bytes.len());
    let part = |from: usize, to: usize| {
        file.get(from..to.min(file.len()))
            .unwrap_or_default()
            .to_vec()
    };
    let bytes = if plan.unicode {
        String::from_utf8_lossy(record.bytes)
            .into_owned()
            .into_bytes()
    } else {
        record.bytes.to_vec()
    };
    Framed {
        bytes,
        number: record.record_no,
        before: part(start.saturating_sub(skip.start as usize), start),
        after: part(end, end.saturating_add(skip.end as usize)),
        end: match file.get(end..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([]) | None => 0,
            Some(_) => 1,
        },
    }
}

/// A line as the peer reads it through a window: of a record and two bytes where the rest of a long line is a record
/// again, of twice as much where it is passed over. What fills the window without an end is a record's length.
fn cut(lines: &LongLines, line: Framed, out: &mut Vec<Framed>) {
    let LongLines {
        record,
        split,
        least,
        most,
    } = *lines;
    let window = if split { record + 2 } else { 2 * record + 2 };
    let fits = |bytes: &[u8]| match line.end {
        0 => bytes.len() <= record,
        end => bytes.len() + end <= window,
    };
    let mut push = |bytes: Vec<u8>| {
        if (least..=most).contains(&bytes.len()) {
            out.push(Framed {
                bytes,
                number: 0,
                before: line.before.clone(),
                after: line.after.clone(),
                end: line.end,
            });
        }
    };
    let mut rest = line.bytes.as_slice();
    while !fits(rest) {
        let (front, more) = rest.split_at(record.min(rest.len()));
        push(front.to_vec());
        if !split || front.is_empty() {
            return;
        }
        rest = more;
    }
    push(rest.to_vec());
}

/// Records one after the other, each as long as its counts say.
fn by_layout(plan: &Plan, layout: &Layout, bytes: &[u8]) -> Result<Vec<Framed>> {
    let skip = plan.framing.file;
    let end = bytes.len().saturating_sub(skip.end as usize);
    let mut rest = bytes.get(skip.start as usize..end).unwrap_or_default();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let len = layout
            .record_len(rest)
            .with_context(|| format!("record {}", found.len() + 1))?
            .min(rest.len());
        ensure!(len > 0, "a record of no bytes");
        let (record, more) = rest.split_at(len);
        found.push(Framed {
            bytes: record.to_vec(),
            number: u64::try_from(found.len())?,
            before: Vec::new(),
            after: Vec::new(),
            end: 0,
        });
        rest = more;
    }
    Ok(found)
}
