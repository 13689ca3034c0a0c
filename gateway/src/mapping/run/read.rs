//! A body read as the form that the mapping says, and whether all of it was.

use parsers::json::{Invalid, JsonOptions, ShowResidue};
use parsers::{FieldErrorKind, FieldPath, Layout};

use super::Around;
use crate::mapping::event::{Name, Reader, Unreadable};
use crate::mapping::fields::Fields;
use crate::mapping::form::FormReader;
use crate::mapping::json::JsonReader;
use crate::mapping::program::{Format, Part, Program, Test};
use crate::mapping::tree::{At, Document, Tree};
use crate::mapping::xml::XmlReader;
use crate::route::key::field_text;
use crate::transcode::{TranscodeError, TranscodeErrorKind};

/// Values only: what is in no field stays behind.
const VALUES: JsonOptions = JsonOptions {
    invalid: Invalid::Fail,
    residue: ShowResidue::Omit,
};

/// Records of one message; more are refused.
const RECORDS: usize = 100_000;

impl Program {
    /// Reads a body, and lets `then` have it with the place where ways begin.
    pub(super) fn read<T>(
        &self,
        body: &[u8],
        around: &Around<'_>,
        then: impl FnOnce(&Tree<'_>, At) -> Result<T, TranscodeError>,
    ) -> Result<T, TranscodeError> {
        match &self.from {
            // A request that has no body may still have a path.
            Format::Json if body.is_empty() => then(&Tree::empty(), 0),
            Format::Json => {
                let tree = JsonReader::new(body)
                    .and_then(|mut reader| Tree::read(&mut reader, Document::Plain))
                    .map_err(|error| unreadable(TranscodeErrorKind::NotJson, "JSON", error))?;
                then(&tree, 0)
            }
            Format::Xml => then(&self.xml(body)?, 0),
            Format::Soap(_) => {
                let tree = self.xml(body)?;
                let scope = self.envelope(&tree)?;
                then(&tree, scope)
            }
            Format::Form => then(&form(body)?, 0),
            Format::Query => then(&form(around.query.unwrap_or_default().as_bytes())?, 0),
            Format::Record(layout) => {
                let fits = body.len() <= layout.max_len();
                if let Some(fields) = fits.then(|| Fields::read(layout, body)).flatten() {
                    return then(&ours(&mut fields.events())?, 0);
                }
                let mut json = Vec::with_capacity(body.len().saturating_mul(3));
                values(layout, body, &mut json)?;
                then(&own(&json)?, 0)
            }
            Format::Records(parts) => {
                let json = records(parts, body)?;
                then(&own(&json)?, 0)
            }
        }
    }

    fn xml<'a>(&'a self, body: &'a [u8]) -> Result<Tree<'a>, TranscodeError> {
        XmlReader::new(body, &self.spaces)
            .and_then(|mut reader| Tree::read(&mut reader, Document::Xml))
            .map_err(|error| unreadable(TranscodeErrorKind::NotXml, "XML", error))
    }

    /// The body of a SOAP envelope. Its header is whoever's it concerns.
    fn envelope(&self, tree: &Tree<'_>) -> Result<At, TranscodeError> {
        let soap = |at: At, local: &str| {
            tree.name(at)
                .is_some_and(|name| name.local == local && self.is_soap(name))
        };
        let wanted = || {
            TranscodeError::of_mapping(
                TranscodeErrorKind::NotXml,
                "wanted an envelope of SOAP 1.1 or 1.2",
            )
        };
        let envelope = tree
            .within(0)
            .find(|at| soap(*at, "Envelope"))
            .ok_or_else(wanted)?;
        let mut body = None;
        for part in tree.within(envelope) {
            if soap(part, "Body") {
                body = Some(part);
            } else {
                tree.forgive(part);
            }
        }
        let body = body.ok_or_else(wanted)?;
        let fault = tree.within(body).any(|at| soap(at, "Fault"));
        if fault && !self.takes_faults {
            return Err(TranscodeError::of_mapping(
                TranscodeErrorKind::Fault,
                "the answer is a SOAP fault",
            ));
        }
        Ok(body)
    }

    fn is_soap(&self, name: &Name<'_>) -> bool {
        use crate::mapping::xml::{SOAP_1_1, SOAP_1_2};
        matches!(self.spaces.uri(name.space), Some(SOAP_1_1 | SOAP_1_2))
    }

    /// Whether nothing of a message is left that no rule reads.
    pub(super) fn all_read(&self, tree: &Tree<'_>, scope: At) -> Result<(), TranscodeError> {
        if matches!(self.from, Format::Record(_) | Format::Records(_)) {
            return Ok(());
        }
        for way in &self.ignored {
            if let Some(at) = tree.find(scope, way) {
                tree.forgive(at);
            }
        }
        let Some(way) = tree.unread(scope) else {
            return Ok(());
        };
        // Names that are the mapping's own may be told; others are the message's.
        let mut pointer = String::new();
        for at in way.iter().skip(1) {
            let Some(name) = tree.name(*at) else { break };
            let place = way.iter().position(|other| other == at).unwrap_or(0);
            let around = place.checked_sub(1).and_then(|place| way.get(place));
            if name.local.is_empty() {
                let nth = around.and_then(|around| tree.within(*around).position(|one| one == *at));
                pointer.push_str(&format!("/{}", nth.unwrap_or(0)));
            } else if self.knows(&name.local) {
                pointer.push_str(&format!("/{}", name.local));
            } else {
                break;
            }
        }
        let reason = "something in here is read by no rule of the mapping";
        Err(TranscodeError::mapping(reason).at(pointer))
    }
}

fn form(text: &[u8]) -> Result<Tree<'_>, TranscodeError> {
    Tree::read(&mut FormReader::new(text), Document::Plain)
        .map_err(|error| unreadable(TranscodeErrorKind::NotForm, "a form", error))
}

fn unreadable(kind: TranscodeErrorKind, what: &str, error: Unreadable) -> TranscodeError {
    let Unreadable { offset, reason } = error;
    TranscodeError::of_mapping(kind, format!("wanted {what}: {reason}, at byte {offset}"))
}

/// JSON that we wrote ourselves.
fn own(json: &[u8]) -> Result<Tree<'_>, TranscodeError> {
    let mut reader = JsonReader::new(json).map_err(no_record)?;
    ours(&mut reader)
}

/// What a record of ours tells.
fn ours<'a>(reader: &mut impl Reader<'a>) -> Result<Tree<'a>, TranscodeError> {
    Tree::read(reader, Document::Ours).map_err(no_record)
}

fn no_record(error: Unreadable) -> TranscodeError {
    unreadable(TranscodeErrorKind::Undecodable, "a record", error)
}

fn values(layout: &Layout, record: &[u8], json: &mut Vec<u8>) -> Result<(), TranscodeError> {
    if record.len() > layout.max_len() {
        return Err(TranscodeError::length(layout, record.len()));
    }
    layout
        .write_json_with(record, &VALUES, json)
        .map_err(|error| match error.kind() {
            FieldErrorKind::Short => TranscodeError::length_at(layout, &error, record.len()),
            _ => TranscodeError::undecodable(layout, &error),
        })
}

/// All records of a message as one object: each part under its number, those of which there may be several as a list.
fn records(parts: &[Part], body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let wrong = |reason: &str| TranscodeError::of_mapping(TranscodeErrorKind::Undecodable, reason);
    let mut found: Vec<Vec<Vec<u8>>> = vec![Vec::new(); parts.len()];
    let mut rest = body;
    let mut count = 0;
    while !rest.is_empty() {
        count += 1;
        if count > RECORDS {
            return Err(wrong("too many records"));
        }
        let part = parts
            .iter()
            .zip(&mut found)
            .find(|(part, found)| (part.each.is_some() || found.is_empty()) && tells(part, rest));
        let Some((part, found)) = part else {
            return Err(wrong(
                "a record that is none of the mapping's, or one too many",
            ));
        };
        let layout = &part.layout;
        let length = layout
            .record_len(rest)
            .map_err(|error| TranscodeError::undecodable(layout, &error))?;
        if length == 0 || length > rest.len() {
            return Err(TranscodeError::length(layout, rest.len()));
        }
        let (record, after) = rest.split_at(length);
        let mut json = Vec::with_capacity(length.saturating_mul(3));
        values(layout, record, &mut json)?;
        found.push(json);
        rest = after;
    }
    let mut json = b"{".to_vec();
    for (nth, (part, found)) in parts.iter().zip(found).enumerate() {
        if found.is_empty() && part.each.is_none() {
            if part.optional {
                continue;
            }
            let name = part.layout.name();
            return Err(wrong(&format!("there is no record {name}")));
        }
        if json.len() > 1 {
            json.push(b',');
        }
        json.extend_from_slice(format!("\"{nth}\":").as_bytes());
        let list = part.each.is_some();
        if list {
            json.push(b'[');
        }
        json.extend(found.join(&b","[..]));
        if list {
            json.push(b']');
        }
    }
    json.push(b'}');
    Ok(json)
}

/// Whether what comes next is a record of that part.
fn tells(part: &Part, bytes: &[u8]) -> bool {
    let Some((path, test)) = &part.tells else {
        return true;
    };
    field_is(&part.layout, path, bytes, test)
}

fn field_is(layout: &Layout, path: &FieldPath, bytes: &[u8], test: &Test) -> bool {
    test.holds(field_text(layout, path, bytes).as_deref())
}
