//! Segments put together: each root with its children, theirs with theirs.
//!
//! In: the records of a file. Out: one row a root segment, with the child segments as tables in their parents.
//! Records before the first root are passed over. What stands below what, `parsers::hierarchy` says; of files that are
//! in no hierarchic sequence, the peer's own rule: children are those up to the next record that has the id of one above.

use anyhow::{Context, Result};

use super::item::Item;
use super::json::Json;
use super::records::{Read, Records};
use super::show::Shower;
use super::tree::{Node, Value};

/// Appends the rows of a file.
pub fn rows(records: &Records<'_>, read: &[Read], file: usize, out: &mut Vec<Json>) -> Result<()> {
    let segments = records.book.segments();
    let root = segments
        .iter()
        .find(|item| item.parent.is_none())
        .context("no root segment")?;
    let is_root = |record: &Read| {
        let segment = records.segments.redefine(&record.id);
        segment.is_some_and(|name| name.eq_ignore_ascii_case(&root.name))
    };
    let is_known = |record: &Read| records.segments.redefine(&record.id).is_some();
    let parents = records
        .book
        .assembly
        .as_ref()
        .and_then(|assembly| assembly.parents(read, &is_known));
    let starts: Vec<usize> = (0..read.len()).filter(|at| is_root(&read[*at])).collect();
    for (row, start) in starts.iter().enumerate() {
        let end = starts.get(row + 1).copied().unwrap_or(read.len());
        let family = Family {
            records,
            segments: &segments,
            read: &read[*start..end],
            start: *start,
            parents: parents.as_deref(),
        };
        let len = family
            .read
            .iter()
            .map(|record| record.framed.whole().len())
            .sum();
        // The peer numbers a row when it has seen the next root.
        let mut columns = records.columns(file, u64::try_from(end)?, len);
        columns.extend(family.row()?);
        out.push(Json::Object(columns));
    }
    Ok(())
}

/// The records of one root.
struct Family<'f> {
    records: &'f Records<'f>,
    segments: &'f [&'f Item],
    read: &'f [Read],
    /// The root's number in the file.
    start: usize,
    /// For each record of the file the one it stands below.
    parents: Option<&'f [Option<usize>]>,
}

impl Family<'_> {
    fn shower(&self) -> Shower<'_> {
        Shower::new(&self.records.look, &self.records.book.layout, None)
    }

    fn row(&self) -> Result<Vec<(String, Json)>> {
        let nodes = &self.read[0].nodes;
        let mut columns = self.shower().record(&self.records.book.items, nodes)?;
        let root = self.segments.iter().find(|item| item.parent.is_none());
        if let Some(root) = root {
            let children = self.children(root, 0, &[self.read[0].id.as_str()])?;
            extend(&mut columns, &root.name, children);
        }
        Ok(columns)
    }

    /// The child segments of a segment whose record is number `at`, as columns.
    fn children(&self, parent: &Item, at: usize, above: &[&str]) -> Result<Vec<(String, Json)>> {
        let mut columns = Vec::new();
        let own = |item: &&&Item| {
            item.parent
                .as_ref()
                .is_some_and(|name| name.eq_ignore_ascii_case(&parent.name))
        };
        for child in self.segments.iter().filter(own) {
            let mut rows = Vec::new();
            for (index, record) in self.read.iter().enumerate().skip(at + 1) {
                let segment = self
                    .records
                    .segments
                    .redefine(&record.id)
                    .unwrap_or_default();
                let named = segment.eq_ignore_ascii_case(&child.name);
                let below = match self.parents {
                    Some(parents) => parents[self.start + index] == Some(self.start + at),
                    None => true,
                };
                if named && below {
                    let mut above = above.to_vec();
                    above.push(&record.id);
                    rows.push(self.segment(child, index, &above)?);
                } else if self.parents.is_none() && above.contains(&record.id.as_str()) {
                    break;
                }
            }
            columns.push((child.name.clone(), Json::Array(rows)));
        }
        Ok(columns)
    }

    fn segment(&self, item: &Item, at: usize, above: &[&str]) -> Result<Json> {
        let node = Node::find(&self.read[at].nodes, item.field);
        let mut members = match node.map(|node| &node.value) {
            Some(Value::Group(nodes)) => self.shower().members(&item.children, nodes)?,
            _ => Vec::new(),
        };
        members.extend(self.children(item, at, above)?);
        Ok(Json::Object(members))
    }
}

/// Adds columns to the object of a segment, wherever in the row it is.
fn extend(columns: &mut [(String, Json)], segment: &str, more: Vec<(String, Json)>) -> bool {
    let mut more = Some(more);
    for (name, value) in columns {
        let Json::Object(members) = value else {
            continue;
        };
        if name.eq_ignore_ascii_case(segment) {
            members.extend(more.take().unwrap_or_default());
            return true;
        }
        if extend(members, segment, more.clone().unwrap_or_default()) {
            return true;
        }
    }
    false
}
