//! Lists: what a request asks for, where that stands in an index, and the page that comes of it. Pure but for the entries it is given.
//!
//! `?FIELD=value` wants rows with that value, `from` and `to` (both included) a range of the field that comes next in the index,
//! `limit` so many rows, `after` what follows the page that gave this cursor. A cursor says behind which entry the next page begins, so
//! it stays good while rows come and go: each row that is there all the time is listed once. It is good for the same question only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::index::{Index, IndexField};
use super::member::Shown;
use super::order::after_all;
use super::store::StoreError;

/// The form of cursors.
const CURSOR: u8 = 1;
/// The bytes by which a cursor is known to be of the same question.
const QUESTION: usize = 8;
/// No cursor is longer, in characters.
const LONGEST_CURSOR: usize = 8 << 10;
/// A page ends behind the row with which it has so many bytes.
const PAGE_BYTES: usize = 4 << 20;

/// How many rows a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Where the request does not say.
    pub usual: usize,
    /// At most.
    pub most: usize,
}

/// The members of a list's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The rows.
    pub items: String,
    /// The cursor of the next page, which the last one does not have.
    pub next: String,
    /// How many rows the page has, where anybody wants to know.
    pub count: Option<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            items: "items".to_owned(),
            next: "next".to_owned(),
            count: None,
        }
    }
}

impl Names {
    /// A page as JSON; none where a row is no text.
    pub(super) fn write(
        &self,
        rows: &[Bytes],
        next: Option<&str>,
        shown: &Shown,
    ) -> Option<Vec<u8>> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut out = Vec::new();
        out.push(b'{');
        if let Some(count) = &self.count {
            out.extend_from_slice(format!("{}:{},", quoted(count), rows.len()).as_bytes());
        }
        out.extend_from_slice(quoted(&self.items).as_bytes());
        out.extend_from_slice(b":[");
        for (place, row) in rows.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            shown.write(str::from_utf8(row).ok()?, &mut out);
        }
        out.push(b']');
        if let Some(next) = next {
            out.extend_from_slice(format!(",{}:{}", quoted(&self.next), quoted(next)).as_bytes());
        }
        out.push(b'}');
        Some(out)
    }
}

/// What is wrong with a request for a list. None of the texts holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    #[error(
        "no list has the parameter \"{0}\"; wanted names of fields, or index, from, to, limit, after"
    )]
    Parameter(String),
    #[error("the parameter \"{0}\" is there twice")]
    Twice(String),
    #[error("there is no list \"{0}\"")]
    Index(String),
    #[error("no list begins with just these fields: {0}")]
    Fields(String),
    #[error("the value of \"{0}\" is none that its field can have")]
    Value(String),
    #[error("from and to need a field behind those that are given")]
    Range,
    #[error("limit wants a whole number from 1 to {0}")]
    Limit(usize),
    #[error("after is no cursor of this list: ask again without it")]
    Cursor,
}

/// The parameters of a request, as they were sent.
#[derive(Debug, Default)]
pub(super) struct Wish {
    index: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    after: Option<String>,
    fields: Vec<(String, String)>,
}

impl Wish {
    /// Of these names and values. Fields may be in the path too.
    pub(super) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Unclear> {
        let mut wish = Self::default();
        for (name, value) in pairs {
            let place = match &*name {
                "index" => &mut wish.index,
                "from" => &mut wish.from,
                "to" => &mut wish.to,
                "limit" => &mut wish.limit,
                "after" => &mut wish.after,
                _ => {
                    let same = |(other, _): &(String, String)| other.eq_ignore_ascii_case(&name);
                    if wish.fields.iter().any(same) {
                        return Err(Unclear::Twice(name));
                    }
                    wish.fields.push((name, value));
                    continue;
                }
            };
            if place.replace(value).is_some() {
                return Err(Unclear::Twice(name));
            }
        }
        Ok(wish)
    }

    /// Which of these lists is meant: the one that is named, or the first that begins with the fields that are given.
    pub(super) fn index<'i>(
        &self,
        indexes: impl Iterator<Item = &'i Index> + Clone,
    ) -> Result<&'i Index, Unclear> {
        let known = |name: &str| {
            indexes
                .clone()
                .flat_map(|index| &index.fields)
                .any(|field| field.name.eq_ignore_ascii_case(name))
        };
        if let Some((name, _)) = self.fields.iter().find(|(name, _)| !known(name)) {
            return Err(Unclear::Parameter(name.clone()));
        }
        if let Some(name) = &self.index {
            let named = indexes.clone().find(|index| index.name == *name);
            let named = named.ok_or_else(|| Unclear::Index(name.clone()))?;
            return match self.begins(named) {
                true => Ok(named),
                false => Err(self.no_such()),
            };
        }
        let ranged = self.from.is_some() || self.to.is_some();
        let mut fit = indexes.filter(|index| self.begins(index));
        fit.find(|index| !ranged || index.fields.len() > self.fields.len())
            .ok_or_else(|| self.no_such())
    }

    fn begins(&self, index: &Index) -> bool {
        let first = index.fields.get(..self.fields.len());
        first.is_some_and(|first| first.iter().all(|field| self.value(field).is_some()))
    }

    fn value(&self, field: &IndexField) -> Option<&str> {
        let given = self.fields.iter();
        let mut given = given.filter(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        given.next().map(|(_, value)| &**value)
    }

    fn no_such(&self) -> Unclear {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| &**name).collect();
        Unclear::Fields(names.join(", "))
    }

    /// Where the page stands in the index of that number. `seen` has the values of the fields of rules that rows may have, in their
    /// order: one empty one where there are no rules.
    pub(super) fn scan(
        &self,
        index: &Index,
        number: u16,
        seen: &[Vec<u8>],
        limits: Limits,
    ) -> Result<Scan, Unclear> {
        let mut from = Vec::new();
        for field in index.fields.iter().take(self.fields.len()) {
            let value = self.value(field).unwrap_or_default();
            if !field.form.of_text(value, &mut from) {
                return Err(Unclear::Value(field.name.clone()));
            }
        }
        let mut to = after_all(&from);
        if self.from.is_some() || self.to.is_some() {
            let field = index.fields.get(self.fields.len()).ok_or(Unclear::Range)?;
            let equal = from.clone();
            // What is nothing, or odd, is in no range.
            from.push(field.form.tag());
            to = after_all(&from);
            if let Some(value) = &self.from {
                from.clone_from(&equal);
                if !field.form.of_text(value, &mut from) {
                    return Err(Unclear::Value("from".to_owned()));
                }
            }
            if let Some(value) = &self.to {
                let mut last = equal;
                if !field.form.of_text(value, &mut last) {
                    return Err(Unclear::Value("to".to_owned()));
                }
                to = after_all(&last);
            }
        }
        let limit = match &self.limit {
            None => limits.usual,
            Some(limit) => limit
                .parse()
                .ok()
                .filter(|limit| (1..=limits.most).contains(limit))
                .ok_or(Unclear::Limit(limits.most))?,
        };
        let question = question(index, &from, to.as_deref());
        if let Some(after) = &self.after {
            let behind = opened(after, question).ok_or(Unclear::Cursor)?;
            if behind < from || to.as_ref().is_some_and(|to| behind >= *to) {
                return Err(Unclear::Cursor);
            }
            // The first that can come behind it.
            from = behind;
            from.push(0);
        }
        let ranges = seen.iter().map(|seen| {
            let mut before = number.to_be_bytes().to_vec();
            before.extend_from_slice(seen);
            Range {
                from: [&before[..], &from[..]].concat(),
                to: match &to {
                    Some(to) => Some([&before[..], &to[..]].concat()),
                    None => after_all(&before),
                },
                before: before.len(),
            }
        });
        Ok(Scan {
            ranges: ranges.filter(|range| !range.is_empty()).collect(),
            limit,
            question,
        })
    }
}

/// By which a cursor is known again: the list, and which part of it.
fn question(index: &Index, from: &[u8], to: Option<&[u8]>) -> [u8; QUESTION] {
    let mut hash = Sha256::new();
    for field in &index.fields {
        hash.update(field.path.to_string());
        hash.update([0]);
        hash.update(field.form.to_string());
        hash.update([0]);
    }
    for part in [Some(from), to] {
        let part = part.unwrap_or_default();
        hash.update(u64::try_from(part.len()).unwrap_or(0).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// A cursor's entry; none if it is no cursor of this question.
fn opened(cursor: &str, question: [u8; QUESTION]) -> Option<Vec<u8>> {
    if cursor.len() > LONGEST_CURSOR {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let rest = bytes.strip_prefix(&[CURSOR])?;
    rest.strip_prefix(&question).map(<[u8]>::to_vec)
}

/// Entries that follow each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The first.
    pub(super) from: Vec<u8>,
    /// Before this one; to the end where there is none.
    pub(super) to: Option<Vec<u8>>,
    /// How many bytes stand before the fields of the index.
    before: usize,
}

impl Range {
    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| self.from >= *to)
    }
}

/// Where a page stands in the entries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Merged into one order.
    pub(super) ranges: Vec<Range>,
    limit: usize,
    question: [u8; QUESTION],
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// These rows, and a cursor if there are more.
    Rows {
        /// As JSON.
        rows: Vec<Bytes>,
        /// For what follows.
        next: Option<String>,
    },
    /// It cannot be said which rows belong there.
    Unknown,
}

impl Scan {
    /// The page: entries of the ranges, each in its order, merged by what stands behind the fields of rules.
    pub(super) fn read<I>(
        &self,
        mut ranges: Vec<I>,
        row: impl Fn(&[u8]) -> Result<Option<Bytes>, StoreError>,
    ) -> Result<Page, StoreError>
    where
        I: Iterator<Item = Result<(Vec<u8>, u32), StoreError>>,
    {
        let mut heads = BinaryHeap::new();
        let mut pull = |place: usize, heads: &mut BinaryHeap<_>| -> Result<(), StoreError> {
            if let Some(entry) = ranges.get_mut(place).and_then(Iterator::next) {
                let (entry, length) = entry?;
                let before = self.ranges.get(place).map_or(0, |range| range.before);
                let behind = entry.get(before..).unwrap_or_default().to_vec();
                let key = usize::try_from(length).unwrap_or(usize::MAX);
                heads.push(Reverse((behind, place, key.saturating_sub(before))));
            }
            Ok(())
        };
        for place in 0..self.ranges.len() {
            pull(place, &mut heads)?;
        }
        let mut rows = Vec::new();
        let mut bytes: usize = 0;
        let mut last = None;
        while let Some(Reverse((behind, place, key))) = heads.pop() {
            if rows.len() >= self.limit || bytes >= PAGE_BYTES {
                return Ok(Page::Rows {
                    rows,
                    next: last.map(|last: Vec<u8>| self.cursor(&last)),
                });
            }
            // Entries and rows are of one transaction: there is a row, and it can be read.
            if let Some(row) = row(behind.get(key..).unwrap_or_default())? {
                bytes = bytes.saturating_add(row.len());
                rows.push(row);
            }
            last = Some(behind);
            pull(place, &mut heads)?;
        }
        Ok(Page::Rows { rows, next: None })
    }

    fn cursor(&self, behind: &[u8]) -> String {
        let bytes = [&[CURSOR][..], &self.question, behind].concat();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}
