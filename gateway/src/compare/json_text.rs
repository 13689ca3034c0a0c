//! Taking a JSON text apart where it stands: what a value is, its members or elements, the value at a place. Pure.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::leniency::{Sort, Value};
use super::member::{Pattern, Segment};

/// The value at a place, as text; none where there is none, or an object, an array or null.
pub(super) fn scalar(body: &[u8], at: &Pattern) -> Option<String> {
    let raw = serde_json::from_slice::<&RawValue>(body).ok()?.get();
    value_at(raw, &at.segments()?).map(|value| value.text.into_owned())
}

/// The same of the text of a value, which is looked into only as far as the way leads.
pub(super) fn value_at<'j>(json: &'j str, way: &[Segment<'_>]) -> Option<Value<'j>> {
    let mut at = json;
    for segment in way {
        at = match segment {
            Segment::Name(name) => {
                let members = members(at).ok()?;
                let mut named = members.into_iter().filter(|(given, _)| given == name);
                named.next()?.1.get()
            }
            Segment::Index(index) => elements(at).ok()?.get(*index)?.get(),
        };
    }
    plain_value(at).filter(|value| value.sort != Sort::Word || value.text != "null")
}

/// A text, a number or a word; none of an object or array.
pub(super) fn plain_value(json: &str) -> Option<Value<'_>> {
    let (sort, text) = match Kind::of(json) {
        Kind::Object | Kind::Array => return None,
        Kind::Text => (Sort::Text, plain(json)?),
        Kind::Number => (Sort::Number, Cow::Borrowed(json)),
        Kind::Word => (Sort::Word, Cow::Borrowed(json)),
    };
    Some(Value { sort, text })
}

/// What a value is, by its first character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    Text,
    Number,
    /// `true`, `false`, `null`.
    Word,
}

impl Kind {
    pub(super) fn of(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::Text,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            _ => Self::Word,
        }
    }
}

pub(super) fn plain(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Name<'_>>(json)
        .ok()
        .map(|Name(text)| text)
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

pub(super) type Member<'j> = (Cow<'j, str>, &'j RawValue);

pub(super) fn elements(json: &str) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_str(json)
}

/// The members of an object, sorted by name.
pub(super) fn members(json: &str) -> serde_json::Result<Vec<Member<'_>>> {
    let Members(mut members) = serde_json::from_str(json)?;
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(members)
}

struct Members<'j>(Vec<Member<'j>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, _>()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
