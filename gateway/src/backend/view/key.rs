//! Keys in one form, whoever wrote them: the members of a JSON object in the order of their names, numbers without needless digits. Pure.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
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
pub(super) struct Template(Vec<Member>);

/// A member of a key.
#[derive(Debug)]
struct Member {
    /// What stands before its value: `{"LOT":` of the first, `,"SEQ":` of the others.
    lead: String,
    value: KeyMember,
}

impl Template {
    pub(super) fn new(mut members: Vec<(String, KeyMember)>) -> Self {
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        let members = members.into_iter().enumerate();
        let members = members.map(|(place, (name, value))| {
            let mut lead = String::from(if place == 0 { "{" } else { "," });
            text(&name, &mut lead);
            lead.push(':');
            Member { lead, value }
        });
        Self(members.collect())
    }

    /// Whether a request with these parameters asks for one row, and not for a list of them.
    pub(super) fn is_of_one(&self, params: &PathParams) -> bool {
        let mut wanted = self.0.iter().flat_map(|member| member.value.parameters());
        wanted.all(|name| params.raw(name).is_some())
    }

    /// The key that a request asks for; none when a parameter cannot be such a member.
    pub(super) fn key(&self, params: &PathParams) -> Option<Key> {
        Some(Key::of(&self.canonical(params)?))
    }

    fn canonical(&self, params: &PathParams) -> Option<String> {
        let mut out = String::with_capacity(ROOM);
        for member in &self.0 {
            out.push_str(&member.lead);
            match &member.value {
                KeyMember::Text(template) => text(&fill(template, params)?, &mut out),
                KeyMember::NumberOf(template) => integer(&fill(template, params)?, &mut out)?,
                KeyMember::Number(number) => out.push_str(itoa::Buffer::new().format(*number)),
                KeyMember::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            }
        }
        out.push_str(if self.0.is_empty() { "{}" } else { "}" });
        Some(out)
    }
}

/// Enough for most keys.
const ROOM: usize = 128;

/// One parameter alone, as most are, is not copied.
fn fill<'p>(template: &PathTemplate, params: &'p PathParams) -> Option<Cow<'p, str>> {
    if let [PathPart::Parameter(name)] = template.0.as_slice() {
        return params.get(name);
    }
    let mut text = String::new();
    for part in &template.0 {
        match part {
            PathPart::Literal(literal) => text.push_str(literal),
            PathPart::Parameter(name) => text.push_str(&params.get(name)?),
        }
    }
    Some(text.into())
}

/// The key of a record: a JSON object, or one in the `payload` beside its `schema`. None when it is neither.
pub(super) fn of_record(json: &[u8]) -> Option<Key> {
    Some(Key::of(&canonical(json)?))
}

/// The members of an object in their order, values unread.
struct Object<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

impl<'j> Deserialize<'j> for Object<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'j> Visitor<'j> for Members {
            type Value = Object<'j>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Object<'j>, A::Error> {
                let mut members = Vec::with_capacity(4);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A name that is borrowed where it can be.
#[derive(Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

fn canonical(json: &[u8]) -> Option<String> {
    let Object(mut members) = serde_json::from_slice(json).ok()?;
    let named = |wanted: &str| members.iter().find(|(name, _)| name == wanted);
    if let (2, Some(_), Some((_, payload))) = (members.len(), named("schema"), named("payload")) {
        Object(members) = serde_json::from_str(payload.get()).ok()?;
    }
    // Of two members of one name the last counts.
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut out = String::with_capacity(ROOM);
    out.push('{');
    for (place, (name, value)) in members.iter().enumerate() {
        let next = members.get(place + 1);
        if next.is_some_and(|(next, _)| next == name) {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        text(name, &mut out);
        out.push(':');
        member(value.get(), &mut out)?;
    }
    out.push('}');
    Some(out)
}

fn member(raw: &str, out: &mut String) -> Option<()> {
    match raw.as_bytes().first()? {
        // Nothing in it is written in two ways.
        b'"' if !raw.contains('\\') => out.push_str(raw),
        b'"' => {
            let value = String::deserialize(&mut serde_json::Deserializer::from_str(raw)).ok()?;
            text(&value, out);
        }
        b'{' | b'[' => {
            let value: serde_json::Value = serde_json::from_str(raw).ok()?;
            out.push_str(&value.to_string());
        }
        b'-' | b'0'..=b'9' => out.push_str(number(raw)),
        _ => out.push_str(raw),
    }
    Some(())
}

/// In quotes, as `serde_json` writes it.
fn text(value: &str, out: &mut String) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if value.bytes().all(plain) {
        out.push('"');
        out.push_str(value);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(value).to_string());
    }
}

/// Without zeros at the end of a fraction; with an exponent as it stands.
fn number(raw: &str) -> &str {
    let plain = match raw.split_once('.') {
        Some((_, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            raw.trim_end_matches('0').trim_end_matches('.')
        }
        _ => raw,
    };
    if plain == "-0" { "0" } else { plain }
}

/// A whole number as JSON writes it; none for any other text.
fn integer(text: &str, out: &mut String) -> Option<()> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => out.push('0'),
        digits => {
            out.push_str(sign);
            out.push_str(digits);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn escaped(text: &str) -> String {
        let units = text.encode_utf16();
        units.map(|unit| format!("\\u{unit:04x}")).collect()
    }

    proptest! {
        /// Stores on disk have hashes of this form: it is not to change with the code that makes it.
        #[test]
        fn the_form_is_that_of_values_in_the_order_of_their_names(
            members in prop::collection::vec((".{0,6}", prop_oneof![
                ".{0,6}".prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                any::<bool>().prop_map(Value::from),
                Just(Value::Null),
                prop::collection::vec(any::<i8>(), 0..3).prop_map(Value::from),
            ]), 0..5),
            escape in any::<bool>(),
        ) {
            let written: Vec<String> = members.iter().map(|(name, value)| match value {
                Value::String(value) if escape => format!(r#""{}": "{}""#, escaped(name), escaped(value)),
                value => format!("{} :{value}", Value::from(name.as_str())),
            }).collect();
            let by_name: BTreeMap<&String, &Value> = members.iter().map(|(name, value)| (name, value)).collect();
            let wanted: Vec<String> = by_name.iter().map(|(name, value)| {
                format!("{}:{value}", Value::from(name.as_str()))
            }).collect();
            prop_assert_eq!(key(&format!("{{{}}}", written.join(" ,"))), format!("{{{}}}", wanted.join(",")));
        }
    }

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
