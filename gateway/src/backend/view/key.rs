//! Keys in one form, whoever wrote them: the members of a JSON object in the order of their names, numbers without needless digits. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::config::KeyMember;
use crate::route::params::{PathParams, PathPart, PathTemplate};

/// A row's key as the store has it: short whatever the members are, since each page that is read on the way to a row holds many of them.
/// The first half of SHA-256 of the canonical form; that two keys share it is not to be expected before 2^64 rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(pub(super) [u8; 16]);

impl Key {
    fn of(canonical: &str) -> Self {
        let digest = Sha256::digest(canonical);
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// What a key is made of, for each request.
#[derive(Debug)]
pub(super) struct Template(Vec<(String, KeyMember)>);

impl Template {
    pub(super) fn new(members: Vec<(String, KeyMember)>) -> Self {
        Self(members)
    }

    /// Whether a request with these parameters asks for one row, and not for a list of them.
    pub(super) fn is_of_one(&self, params: &PathParams) -> bool {
        let mut wanted = self.0.iter().flat_map(|(_, member)| member.parameters());
        wanted.all(|name| params.raw(name).is_some())
    }

    /// The key that a request asks for; none when a parameter cannot be such a member.
    pub(super) fn key(&self, params: &PathParams) -> Option<Key> {
        Some(Key::of(&self.canonical(params)?))
    }

    fn canonical(&self, params: &PathParams) -> Option<String> {
        let mut members = BTreeMap::new();
        for (name, member) in &self.0 {
            let value = match member {
                KeyMember::Text(template) => text(&fill(template, params)?),
                KeyMember::NumberOf(template) => integer(&fill(template, params)?)?,
                KeyMember::Number(number) => number.to_string(),
                KeyMember::Flag(flag) => flag.to_string(),
            };
            members.insert(name.clone(), value);
        }
        Some(write(&members))
    }
}

fn fill(template: &PathTemplate, params: &PathParams) -> Option<String> {
    let mut text = String::new();
    for part in &template.0 {
        match part {
            PathPart::Literal(literal) => text.push_str(literal),
            PathPart::Parameter(name) => text.push_str(&params.get(name)?),
        }
    }
    Some(text)
}

/// The key of a record: a JSON object, or one in the `payload` beside its `schema`. None when it is neither.
pub(super) fn of_record(json: &[u8]) -> Option<Key> {
    Some(Key::of(&canonical(json)?))
}

fn canonical(json: &[u8]) -> Option<String> {
    let mut object: BTreeMap<String, &RawValue> = serde_json::from_slice(json).ok()?;
    if object.len() == 2
        && object.contains_key("schema")
        && let Some(payload) = object.get("payload")
    {
        object = serde_json::from_str(payload.get()).ok()?;
    }
    let mut members = BTreeMap::new();
    for (name, value) in object {
        members.insert(name, member(value.get())?);
    }
    Some(write(&members))
}

fn member(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => {
            let value = String::deserialize(&mut serde_json::Deserializer::from_str(raw)).ok()?;
            Some(text(&value))
        }
        b'{' | b'[' => {
            let value: serde_json::Value = serde_json::from_str(raw).ok()?;
            Some(value.to_string())
        }
        b'-' | b'0'..=b'9' => Some(number(raw)),
        _ => Some(raw.to_owned()),
    }
}

fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Without zeros at the end of a fraction; with an exponent as it stands.
fn number(raw: &str) -> String {
    let plain = match raw.split_once('.') {
        Some((_, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            raw.trim_end_matches('0').trim_end_matches('.')
        }
        _ => raw,
    };
    if plain == "-0" { "0" } else { plain }.to_owned()
}

/// A whole number as JSON writes it; none for any other text.
fn integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
}

fn write(members: &BTreeMap<String, String>) -> String {
    let mut out = String::from("{");
    for (name, value) in members {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&text(name));
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(json: &str) -> String {
        canonical(json.as_bytes()).unwrap_or("none".to_owned())
    }

    #[test]
    fn order_spaces_schemas_and_zeros_do_not_matter() {
        let wanted = r#"{"LOT":"L\"1","SEQ":0,"T":"H"}"#;
        assert_eq!(key(r#"{"T":"H", "SEQ": 0.00, "LOT":"L\u00221"}"#), wanted);
        assert_eq!(
            key(r#"{"schema":{"type":"struct"},"payload":{"SEQ":-0,"LOT":"L\"1","T":"H"}}"#),
            wanted
        );
        // Digits that no float holds.
        assert_eq!(
            key(r#"{"N":12345678901234567890.5}"#),
            r#"{"N":12345678901234567890.5}"#
        );
        assert_eq!(
            key(r#"{"N":1e2,"B":true,"X":null}"#),
            r#"{"B":true,"N":1e2,"X":null}"#
        );
        assert_eq!(
            (key("7"), key("{"), key("\u{0}")),
            ("none".into(), "none".into(), "none".into())
        );
    }

    #[test]
    fn a_request_makes_the_same_key() {
        let template = |text| PathTemplate::parse(text).unwrap();
        let template = Template::new(vec![
            ("SEQ".to_owned(), KeyMember::NumberOf(template("{seq}"))),
            ("LOT".to_owned(), KeyMember::Text(template("L{lot}"))),
            ("T".to_owned(), KeyMember::Text(template("H"))),
            ("N".to_owned(), KeyMember::Number(-3)),
            ("F".to_owned(), KeyMember::Flag(true)),
        ]);
        let params = |seq: &str| {
            let pairs = [("lot", "7%20a"), ("seq", seq)];
            PathParams::new(pairs.map(|(name, value)| (name.into(), value.into())))
        };
        let made = template.canonical(&params("007")).unwrap();
        assert_eq!(made, r#"{"F":true,"LOT":"L7 a","N":-3,"SEQ":7,"T":"H"}"#);
        assert_eq!(key(&made), made);
        assert_eq!(template.key(&params("007")), of_record(made.as_bytes()));
        assert_eq!(template.key(&params("7a")), None);
        assert!(template.is_of_one(&params("7a")) && !template.is_of_one(&PathParams::default()));
        assert_eq!(template.key(&PathParams::default()), None);
    }
}
