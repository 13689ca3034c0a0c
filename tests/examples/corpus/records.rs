//! Data files to the JSON records that the peer gives for them.
//!
//! In: a compiled [`Book`], options and files. Out: one [`Json`] object a record, in order: segments told by their
//! id, hierarchies put together, the peer's columns added.

use anyhow::{Context, Result};

use super::book::Book;
use super::bytes::base64;
use super::fault::Fault;
use super::files::{self, Framed};
use super::hierarchy;
use super::json::Json;
use super::options::Options;
use super::plan::Plan;
use super::segments::{Levels, Segments};
use super::show::{Look, Shower};
use super::tree::{self, Node, Value};

/// What is needed to show records.
pub struct Records<'r> {
    pub book: &'r Book,
    pub look: Look,
    pub segments: Segments,
    plan: Plan,
    ids: bool,
    whole_bytes: bool,
}

/// A record with its fields and segment id.
pub struct Read {
    pub framed: Framed,
    pub nodes: Vec<Node>,
    pub id: String,
}

impl<'r> Records<'r> {
    pub fn new(book: &'r Book, options: &Options) -> Result<Records<'r>> {
        Ok(Records {
            plan: Plan::of(options, &book.layout, book.header, book.trailer)
                .context(Fault::Option)?,
            look: Look::of(options, book.page)?,
            segments: Segments::of(options).context(Fault::Segments)?,
            ids: options.flag("generate_record_id", false),
            whole_bytes: options.flag("generate_record_bytes", false),
            book,
        })
    }

    /// The records of each file.
    pub fn all(&self, data: Vec<(String, Vec<u8>)>) -> Result<Vec<Vec<Json>>> {
        let mut all = Vec::new();
        for (number, (name, bytes)) in data.into_iter().enumerate() {
            let mut out = Vec::new();
            let bytes = files::unpack(&name, bytes)?;
            let framed = files::records(&self.plan, &self.book.layout, &bytes)
                .with_context(|| name.clone())?;
            let read = framed.into_iter().map(|framed| self.read(framed));
            let read = read.collect::<Result<Vec<_>>>()?;
            if self.book.is_hierarchical() {
                hierarchy::rows(self, &read, number, &mut out)?;
            } else {
                self.rows(&read, number, &mut out)?;
            }
            all.push(out);
        }
        Ok(all)
    }

    fn read(&self, framed: Framed) -> Result<Read> {
        let nodes = tree::read(&self.book.layout, &framed.bytes, self.look.zero_blanks)
            .with_context(|| format!("record {}", framed.number + 1))?;
        let id = match &self.segments.field {
            Some(field) => {
                let path = super::names::resolve(&self.book.layout, field)?;
                let field = self.book.layout.field_of(&path).id();
                id_of(Node::find(&nodes, field))
            }
            None => String::new(),
        };
        Ok(Read { framed, nodes, id })
    }

    fn rows(&self, read: &[Read], file: usize, out: &mut Vec<Json>) -> Result<()> {
        let mut levels = Levels::new(&self.segments, file);
        for record in read {
            let number = record.framed.number;
            let ids = levels.next(&record.id, number);
            let reached = ids.first().is_none_or(Option::is_some);
            let filter = self.segments.filter.as_ref();
            if !reached || filter.is_some_and(|ids| !ids.contains(&record.id)) {
                continue;
            }
            let whole = record.framed.whole();
            let mut columns = self.columns(file, number, whole.len());
            if self.whole_bytes {
                columns.push(("Record_Bytes".to_owned(), Json::Text(base64(&whole))));
            }
            for (level, id) in ids.into_iter().enumerate() {
                columns.extend(id.map(|id| (format!("Seg_Id{level}"), Json::Text(id))));
            }
            let known = self.segments.redefine(&record.id).unwrap_or_default();
            let mut shower = Shower::new(&self.look, &self.book.layout, Some(known));
            columns.extend(shower.record(&self.book.items, &record.nodes)?);
            out.push(Json::Object(columns));
        }
        Ok(())
    }

    /// The columns in front of a record.
    pub fn columns(&self, file: usize, record: u64, len: usize) -> Vec<(String, Json)> {
        let column = |name: &str, value: String| (name.to_owned(), Json::Number(value));
        if !self.ids {
            return Vec::new();
        }
        vec![
            column("File_Id", file.to_string()),
            column("Record_Id", record.to_string()),
            column("Record_Byte_Length", len.to_string()),
        ]
    }
}

/// A segment id is compared as text.
fn id_of(node: Option<&Node>) -> String {
    match node.map(|node| &node.value) {
        Some(Value::Leaf(Json::Text(text) | Json::Number(text))) => text.trim().to_owned(),
        _ => String::new(),
    }
}
