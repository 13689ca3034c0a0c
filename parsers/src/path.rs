//! Names of fields: `CUSTOMER.ADDRESS(2).CITY`.
//!
//! In: what a person writes. Out: a [`FieldPath`] of one field of one layout, found once when a configuration is
//! loaded and never again per record.

use std::fmt;
use std::sync::Arc;

use crate::layout::Field;

/// A field of a layout, with subscripts where they were written. Only the layout that made it understands it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldPath {
    pub(crate) field: u32,
    /// From 1, one for each table the field is in (outermost first), or none at all.
    pub(crate) subscripts: Vec<u32>,
    text: Arc<str>,
}

impl FieldPath {
    pub(crate) fn new(field: u32, subscripts: Vec<u32>, text: &str) -> FieldPath {
        FieldPath {
            field,
            subscripts,
            text: Arc::from(text),
        }
    }

    /// The whole path, from below the record, with subscripts if they were given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a path names no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Not `NAME.NAME(2).NAME`.
    #[error("wanted a path such as A.B(2).C, got `{0}`")]
    Syntax(String),
    /// No field answers to it.
    #[error("no field `{path}` in this copybook{}", near(.similar))]
    Unknown {
        /// The path asked for.
        path: String,
        /// A name that looks like it.
        similar: Option<String>,
    },
    /// Several fields answer to it.
    #[error("`{path}` could be {}: write more of the path", .candidates.join(" or "))]
    Ambiguous {
        /// The path asked for.
        path: String,
        /// The whole paths that answer to it, at most four.
        candidates: Vec<String>,
    },
    /// Subscripts that do not go with the field's tables.
    #[error("{0}")]
    Subscript(String),
}

fn near(similar: &Option<String>) -> String {
    similar
        .as_ref()
        .map(|name| format!(" (is it `{name}`?)"))
        .unwrap_or_default()
}

/// A path as written: names with their subscripts.
fn parts(text: &str) -> Option<Vec<(String, Vec<u32>)>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let end = rest.find(['.', '(']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let mut subscripts = Vec::new();
        rest = after;
        if let Some(inner) = rest.strip_prefix('(') {
            let (list, after) = inner.split_once(')')?;
            for number in list.split([',', ' ']).filter(|number| !number.is_empty()) {
                subscripts.push(number.parse().ok().filter(|number| *number > 0)?);
            }
            rest = after;
        }
        if name.trim().is_empty() {
            return None;
        }
        parts.push((name.trim().to_uppercase(), subscripts));
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// Finds the field a path names. The last name is the field's, the names before it are some of its groups in order
/// (COBOL's qualification), the record's own among them if wanted.
pub(crate) fn resolve(fields: &[Field], text: &str) -> Result<FieldPath, PathError> {
    resolve_among(fields, fields.iter(), text)
}

/// As [`resolve`], where it is known already which fields have the last name of the path.
pub(crate) fn resolve_among<'f>(
    fields: &'f [Field],
    candidates: impl Iterator<Item = &'f Field> + Clone,
    text: &str,
) -> Result<FieldPath, PathError> {
    let parts = parts(text).ok_or_else(|| PathError::Syntax(text.chars().take(120).collect()))?;
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    let joined = names.join(".");
    // An exact whole path wins; it is also the only name of a brother with a name that is there twice.
    let exact: Vec<&Field> = candidates
        .clone()
        .filter(|field| field.path() == joined)
        .collect();
    let found: Vec<&Field> = match exact.as_slice() {
        [_] => exact,
        _ => candidates
            .filter(|field| answers(fields, field, &names))
            .collect(),
    };
    let field = match found.as_slice() {
        [] => {
            let last = names.last().copied().unwrap_or_default();
            return Err(PathError::Unknown {
                path: text.to_owned(),
                similar: similar(fields, last),
            });
        }
        [field] => *field,
        several => {
            return Err(PathError::Ambiguous {
                path: text.to_owned(),
                candidates: several
                    .iter()
                    .take(4)
                    .map(|field| field.path().to_owned())
                    .collect(),
            });
        }
    };
    let subscripts: Vec<u32> = parts
        .iter()
        .flat_map(|(_, subscripts)| subscripts.iter().copied())
        .collect();
    let bounds: Vec<u32> = tables(fields, field)
        .iter()
        .map(|occurs| occurs.1)
        .collect();
    if !subscripts.is_empty() {
        if subscripts.len() != bounds.len() {
            return Err(PathError::Subscript(format!(
                "`{text}` has {} subscripts: wanted {}, one for each OCCURS it is in, or none",
                subscripts.len(),
                bounds.len()
            )));
        }
        if let Some((subscript, bound)) = subscripts
            .iter()
            .zip(&bounds)
            .find(|(subscript, bound)| subscript > bound)
        {
            return Err(PathError::Subscript(format!(
                "`{text}`: subscript {subscript} of a table of {bound}"
            )));
        }
    }
    let text = with_subscripts(fields, field, &subscripts);
    Ok(FieldPath::new(field.id(), subscripts, &text))
}

fn answers(fields: &[Field], field: &Field, names: &[&str]) -> bool {
    let Some((last, groups)) = names.split_last() else {
        return false;
    };
    if field.name() != *last {
        return false;
    }
    let mut wanted = groups.iter().rev().peekable();
    let mut above = field.parent_id();
    while let (Some(name), Some(id)) = (wanted.peek(), above) {
        let Some(group) = fields.get(usize::try_from(id).unwrap_or(usize::MAX)) else {
            break;
        };
        if group.name() == **name {
            wanted.next();
        }
        above = group.parent_id();
    }
    wanted.peek().is_none()
}

/// The tables a field is in or is itself, outermost first: (field, most occurrences).
fn tables(fields: &[Field], field: &Field) -> Vec<(u32, u32)> {
    let mut tables = Vec::new();
    let mut at = Some(field.id());
    while let Some(field) = at.and_then(|id| fields.get(usize::try_from(id).ok()?)) {
        if let Some(occurs) = field.occurs() {
            tables.push((field.id(), occurs.max));
        }
        at = field.parent_id();
    }
    tables.reverse();
    tables
}

/// The path of a field with the subscripts of the tables it is in put where they belong.
pub(crate) fn with_subscripts(fields: &[Field], field: &Field, subscripts: &[u32]) -> String {
    if subscripts.is_empty() {
        return field.path().to_owned();
    }
    let mut names: Vec<String> = Vec::new();
    let mut left = subscripts.iter().rev();
    let mut at = fields.get(usize::try_from(field.id()).unwrap_or(usize::MAX));
    // The names as in the path: of two brothers of one name the second is told apart there alone.
    for name in field.path().rsplit('.') {
        let subscript = at
            .and_then(|field| field.occurs())
            .and_then(|_| left.next());
        names.push(match subscript {
            Some(subscript) => format!("{name}({subscript})"),
            None => name.to_owned(),
        });
        at = at
            .and_then(|field| field.parent_id())
            .and_then(|id| fields.get(usize::try_from(id).ok()?));
    }
    names.reverse();
    names.join(".")
}

/// The name of this copybook that is nearest to one that is not there, if it is near at all.
fn similar(fields: &[Field], name: &str) -> Option<String> {
    nearest(
        name,
        fields
            .iter()
            .filter(|field| !field.is_filler())
            .map(Field::name),
    )
}

/// The nearest of some names by edit distance, within a third of the length.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    // Short names are all alike.
    let most = name
        .chars()
        .count()
        .checked_div(3)
        .filter(|most| *most > 0)?
        .min(4);
    names
        .map(|other| (distance(name, other), other))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, other)| other.to_owned())
}

/// Levenshtein's distance; names are short (the longest a file can give is cut at 64).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = if x == *y {
                diagonal
            } else {
                diagonal.min(*above).min(left).saturating_add(1)
            };
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
