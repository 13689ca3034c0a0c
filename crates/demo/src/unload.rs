//! The nightly unload: a generation of a data set as an EBCDIC file, sound or spoilt.
//!
//! In: the company, a generation, a fault. Out: the file's bytes, record by record, so that any size takes the memory of one
//! record; a thin shell puts them into a file under its data set's name, at once and whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parsers::frame::Framer;
use parsers::{Date, Decimal, Group, Layout, Record as Values, RecordFormat, Value};

use crate::company::{Company, DataSet};
use crate::content::Content;
use crate::date::Day;
use crate::error::{Error, Kind, Result};
use crate::fault::Fault;

/// One generation to write.
#[derive(Debug, Clone)]
pub struct Unload {
    company: Company,
    set: DataSet,
    generation: u32,
    fault: Option<Fault>,
    layout: Arc<Layout>,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Records without the trailer.
    pub records: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// How often progress is told.
const EVERY: u64 = 4096;

impl Unload {
    /// That generation of that data set.
    ///
    /// # Errors
    /// [`Kind::Config`] when the copybook does not resolve.
    pub fn new(
        company: Company,
        set: DataSet,
        generation: u32,
        fault: Option<Fault>,
    ) -> Result<Unload> {
        Ok(Unload {
            company,
            set,
            generation,
            fault,
            layout: set.layout()?,
        })
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        self.set.file_name(self.generation)
    }

    /// Writes it into the folder: first as `NAME.part`, then renamed, so that nobody reads half of it.
    ///
    /// # Errors
    /// [`Kind::Io`] when the file cannot be written.
    pub fn write_into(
        &self,
        folder: &Path,
        progress: impl FnMut(u64),
    ) -> Result<(PathBuf, Written)> {
        let path = folder.join(self.file_name());
        let part = folder.join(format!("{}.part", self.file_name()));
        let file = File::create(&part).map_err(Error::io("create", &part))?;
        let mut file = BufWriter::with_capacity(1 << 16, file);
        let mut written = self.write(&mut file, progress)?;
        let file = file
            .into_inner()
            .map_err(|error| Error::io("write", &part)(error.into_error()))?;
        if self.fault == Some(Fault::Cut) {
            // In the middle of a record: the trailer and the half of a record before it are gone.
            written.bytes = written.bytes.saturating_sub(self.trailer_and_a_half()?);
            file.set_len(written.bytes)
                .map_err(Error::io("cut", &part))?;
        }
        std::fs::rename(&part, &path).map_err(Error::io("rename to", &path))?;
        Ok((path, written))
    }

    /// Writes its bytes, whole: [`Fault::Cut`] is done by [`Unload::write_into`]. `progress` is told how many records are done.
    ///
    /// # Errors
    /// [`Kind::Io`] when `to` fails, [`Kind::Encode`] when a record does not fit its copybook.
    pub fn write(&self, to: &mut impl Write, mut progress: impl FnMut(u64)) -> Result<Written> {
        let mut written = Written::default();
        if self.fault == Some(Fault::Empty) {
            return Ok(written);
        }
        let mut framing = Framing::new(self.framer());
        let mut total = 0_i128;
        for (record, number) in self.company.records(self.set, self.generation).zip(0..) {
            if self.fault.is_some_and(|fault| fault.drops(number)) {
                continue;
            }
            total += record.control;
            let mut bytes = self.encode(&record.content)?;
            if let Some(spot) = self.fault.and_then(|fault| fault.spot(self.set, number))
                && let Some(byte) = bytes.get_mut(spot.offset)
            {
                *byte = spot.byte;
            }
            written.bytes += framing.put(&bytes, to)?;
            written.records += 1;
            if written.records.is_multiple_of(EVERY) {
                progress(written.records);
            }
        }
        let counted = written.records + u64::from(self.fault == Some(Fault::WrongTrailer));
        let trailer = self.encode(&trailer(
            self.set,
            self.company.business_day(self.generation),
            counted,
            total,
        ))?;
        written.bytes += framing.put(&trailer, to)?;
        written.bytes += framing.finish(to)?;
        progress(written.records);
        Ok(written)
    }

    fn framer(&self) -> Option<Framer> {
        match (self.set.record_format(), self.fault) {
            (RecordFormat::Vb, Some(Fault::WrongFormat)) => None,
            (_, Some(Fault::WrongFormat)) => Some(Framer::new(RecordFormat::V)),
            (format, _) => Some(Framer::new(format)),
        }
    }

    fn trailer_and_a_half(&self) -> Result<u64> {
        let trailer = self.encode(&trailer(
            self.set,
            self.company.business_day(self.generation),
            0,
            0,
        ))?;
        let bytes = trailer.len() + self.layout.min_len() / 2;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    fn encode(&self, content: &Content) -> Result<Vec<u8>> {
        encode(&self.layout, self.set, content)
    }
}

/// The record of that content.
pub(crate) fn encode(layout: &Layout, set: DataSet, content: &Content) -> Result<Vec<u8>> {
    let Value::Group(values) = value(content) else {
        return Err(Error::new(Kind::Encode, "a record is a group"));
    };
    layout.encode(&Values::from(values)).map_err(|error| {
        Error::new(
            Kind::Encode,
            format!("a record does not fit {}", set.name()),
        )
        .because(error)
    })
}

/// Writes records that are bytes already, each with what it adds to the control total, as a sound generation with its trailer.
/// First as `NAME.part`, then renamed.
pub(crate) fn write_data_set(
    folder: &Path,
    set: DataSet,
    generation: u32,
    day: Day,
    layout: &Layout,
    records: impl Iterator<Item = Result<(Vec<u8>, i128)>>,
) -> Result<(PathBuf, Written)> {
    let path = folder.join(set.file_name(generation));
    let part = folder.join(format!("{}.part", set.file_name(generation)));
    let file = File::create(&part).map_err(Error::io("create", &part))?;
    let mut file = BufWriter::with_capacity(1 << 16, file);
    let mut framing = Framing::new(Some(Framer::new(set.record_format())));
    let (mut written, mut total) = (Written::default(), 0_i128);
    for record in records {
        let (bytes, control) = record?;
        total += control;
        written.bytes += framing.put(&bytes, &mut file)?;
        written.records += 1;
    }
    let trailer = encode(layout, set, &trailer(set, day, written.records, total))?;
    written.bytes += framing.put(&trailer, &mut file)?;
    written.bytes += framing.finish(&mut file)?;
    file.flush().map_err(Error::io("write", &part))?;
    std::fs::rename(&part, &path).map_err(Error::io("rename to", &path))?;
    Ok((path, written))
}

/// Puts records into the file.
struct Framing {
    /// None: as FTP leaves variable-length records without `site rdw`, with nothing between them.
    framer: Option<Framer>,
    framed: Vec<u8>,
}

impl Framing {
    fn new(framer: Option<Framer>) -> Framing {
        Framing {
            framer,
            framed: Vec::new(),
        }
    }

    fn put(&mut self, record: &[u8], to: &mut impl Write) -> Result<u64> {
        match &mut self.framer {
            None => self.framed.extend_from_slice(record),
            Some(framer) => framer.write(record, &mut self.framed).map_err(|error| {
                Error::new(Kind::Encode, "a record does not fit its record format").because(error)
            })?,
        }
        self.send(to)
    }

    fn finish(&mut self, to: &mut impl Write) -> Result<u64> {
        if let Some(framer) = &mut self.framer {
            framer.finish(&mut self.framed);
        }
        self.send(to)
    }

    fn send(&mut self, to: &mut impl Write) -> Result<u64> {
        let failed = |error| Error::new(Kind::Io, "could not write the data set").because(error);
        to.write_all(&self.framed)
            .map_err(|error: std::io::Error| failed(error))?;
        let bytes = u64::try_from(self.framed.len()).unwrap_or(u64::MAX);
        self.framed.clear();
        Ok(bytes)
    }
}

/// The last record: business date, number of records, control total.
fn trailer(set: DataSet, day: Day, count: u64, total: i128) -> Content {
    let body = |scale| {
        Content::Group(vec![
            ("TRL-BUSINESS-DATE", Content::Date(Some(day))),
            ("TRL-RECORD-COUNT", Content::whole(count)),
            ("TRL-CONTROL-TOTAL", Content::decimal(total, scale)),
        ])
    };
    Content::Group(match set {
        DataSet::Material => vec![
            ("MAT-RECORD-TYPE", Content::text("T")),
            ("MAT-TRAILER", body(2)),
        ],
        DataSet::Order => vec![("record_type", Content::text("T")), ("trailer", body(2))],
        DataSet::Lot => {
            let key = Content::Group(vec![
                ("LOT-NUMBER", Content::text("999999999999")),
                ("LOT-RECORD-TYPE", Content::text("Z")),
                ("LOT-SEQUENCE", Content::whole(0)),
            ]);
            vec![
                ("LOT-KEY", key),
                ("LOT-RESULT-COUNT", Content::whole(0)),
                ("LOT-TRAILER", body(3)),
                ("LOT-RESULT", Content::List(Vec::new())),
            ]
        }
    })
}

/// The encoder's form of a content. Views that do not hold are left out.
fn value(content: &Content) -> Value {
    match content {
        Content::Text(text) | Content::Maybe(Some(text)) => Value::Text(text.clone()),
        Content::Whole(number) => Value::Number(Decimal {
            unscaled: *number,
            scale: 0,
        }),
        Content::Decimal { unscaled, scale } => Value::Number(Decimal {
            unscaled: *unscaled,
            scale: i32::try_from(*scale).unwrap_or(0),
        }),
        Content::Float(float) => Value::Float(*float),
        Content::Date(day) => day.and_then(date).map_or(Value::Null, Value::Date),
        Content::Maybe(None) | Content::Absent => Value::Null,
        Content::Flag(flag) => Value::Flag(*flag),
        Content::List(items) => Value::Array(items.iter().map(value).collect()),
        Content::Group(members) => {
            let mut group = Group::new();
            for (name, content) in members
                .iter()
                .filter(|(_, content)| *content != Content::Absent)
            {
                group.set(*name, value(content));
            }
            Value::Group(group)
        }
    }
}

fn date(day: Day) -> Option<Date> {
    let (year, month, day) = day.civil();
    Date::new(
        u16::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    )
}
