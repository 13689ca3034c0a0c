//! Two JSON texts, compared by value: members by name, elements by place, numbers as exact decimals.
//!
//! Nothing is read into a float and no tree is built: objects and arrays are taken apart level by level, and only
//! where their texts differ. Absent and null are different.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::answer::{Answer, Difference, NotComparable, Shown};
use super::member::{General, Path, Segment};
use super::{Found, Rules};
use crate::route::Side;

/// Levels that are looked into. Each costs one more reading of what is in it.
const DEEPEST: usize = 64;

/// Compares two JSON bodies.
pub(super) fn compare(
    rules: &Rules,
    primary: &Answer,
    mirror: &Answer,
    found: &mut Found,
) -> Result<(), NotComparable> {
    let one = text(primary)?;
    let other = text(mirror)?;
    let mut pair = Pair {
        rules,
        first: primary.side,
        found,
    };
    pair.value(one, other, &At::Top)
        .map_err(|TooDeep| NotComparable::TooDeep(primary.side))
}

fn text(answer: &Answer) -> Result<&str, NotComparable> {
    serde_json::from_slice::<&RawValue>(&answer.body)
        .map(RawValue::get)
        .map_err(|_| NotComparable::NotJson(answer.side))
}

struct TooDeep;

/// A place; put together only for a difference.
enum At<'a> {
    Top,
    In(&'a At<'a>, Segment<'a>, usize),
}

impl<'a> At<'a> {
    fn depth(&self) -> usize {
        match self {
            Self::Top => 0,
            Self::In(_, _, depth) => *depth,
        }
    }

    fn inner(&'a self, segment: Segment<'a>) -> At<'a> {
        At::In(self, segment, self.depth().saturating_add(1))
    }

    fn segments(&self) -> Vec<Segment<'a>> {
        let mut found = Vec::with_capacity(self.depth());
        let mut at = self;
        while let At::In(around, segment, _) = at {
            found.push(*segment);
            at = around;
        }
        found.reverse();
        found
    }
}

struct Pair<'r> {
    rules: &'r Rules,
    first: Side,
    found: &'r mut Found,
}

impl Pair<'_> {
    /// Two values of one place, each the text of a valid JSON value.
    fn value(&mut self, one: &str, other: &str, at: &At<'_>) -> Result<(), TooDeep> {
        if one == other {
            return Ok(());
        }
        match (Kind::of(one), Kind::of(other)) {
            (Kind::Object, Kind::Object) => {
                let (Ok(one), Ok(other)) = (members(one), members(other)) else {
                    self.different(Some(one), Some(other), at);
                    return Ok(());
                };
                self.objects(&one, &other, deeper(at)?)
            }
            (Kind::Array, Kind::Array) => {
                let (Ok(one), Ok(other)) = (elements(one), elements(other)) else {
                    self.different(Some(one), Some(other), at);
                    return Ok(());
                };
                self.arrays(&one, &other, deeper(at)?)
            }
            (Kind::Number, Kind::Number) if same_number(one, other) => Ok(()),
            (Kind::Text, Kind::Text) if same_text(one, other) => Ok(()),
            _ => {
                self.different(Some(one), Some(other), at);
                Ok(())
            }
        }
    }

    /// Both sorted by name. Of a name that is there several times, the first meets the first.
    fn objects(
        &mut self,
        one: &[Member<'_>],
        other: &[Member<'_>],
        at: &At<'_>,
    ) -> Result<(), TooDeep> {
        let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.cmp(other),
            };
            let one = if order.is_le() { left.next() } else { None };
            let other = if order.is_ge() { right.next() } else { None };
            let Some((name, _)) = one.or(other) else {
                return Ok(());
            };
            let at = at.inner(Segment::Name(name));
            match (one, other) {
                (Some((_, one)), Some((_, other))) => self.value(one.get(), other.get(), &at)?,
                (one, other) => {
                    self.different(one.map(|(_, v)| v.get()), other.map(|(_, v)| v.get()), &at);
                }
            }
        }
    }

    fn arrays(
        &mut self,
        one: &[&RawValue],
        other: &[&RawValue],
        at: &At<'_>,
    ) -> Result<(), TooDeep> {
        for index in 0..one.len().max(other.len()) {
            let at = at.inner(Segment::Index(index));
            match (one.get(index), other.get(index)) {
                (Some(one), Some(other)) => self.value(one.get(), other.get(), &at)?,
                (one, other) => self.different(one.map(|v| v.get()), other.map(|v| v.get()), &at),
            }
        }
        Ok(())
    }

    fn different(&mut self, one: Option<&str>, other: Option<&str>, at: &At<'_>) {
        let segments = at.segments();
        if self.rules.ignores_member(&segments) {
            return;
        }
        let (rules, first) = (self.rules, self.first);
        self.found.add(|| {
            let path = Path(&segments).to_string();
            let mut difference = Difference {
                field: General(&segments).to_string(),
                ..Difference::between(first, shown(one), shown(other), path)
            };
            if rules.masks_member(&segments) {
                difference.mask();
            }
            difference
        });
    }
}

fn deeper<'a, 'b>(at: &'a At<'b>) -> Result<&'a At<'b>, TooDeep> {
    if at.depth() < DEEPEST {
        Ok(at)
    } else {
        Err(TooDeep)
    }
}

/// What a value is, by its first character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    Text,
    Number,
    /// `true`, `false`, `null`.
    Word,
}

impl Kind {
    fn of(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::Text,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            _ => Self::Word,
        }
    }
}

/// A value as it is shown: objects and arrays only by their kind, since members in them may be personal data.
fn shown(json: Option<&str>) -> Shown {
    let value = json.map(|json| match Kind::of(json) {
        Kind::Object => "{...}".to_owned(),
        Kind::Array => "[...]".to_owned(),
        Kind::Text => Shown::value(&plain(json).unwrap_or(Cow::Borrowed(json))),
        Kind::Number | Kind::Word => Shown::value(json),
    });
    Shown { value, hex: None }
}

fn plain(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Name<'_>>(json)
        .ok()
        .map(|Name(text)| text)
}

fn same_text(one: &str, other: &str) -> bool {
    match (plain(one), plain(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

type Member<'j> = (Cow<'j, str>, &'j RawValue);

fn elements(json: &str) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_str(json)
}

/// The members of an object, sorted by name.
fn members(json: &str) -> serde_json::Result<Vec<Member<'_>>> {
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

/// Whether two JSON numbers are the same decimal: `1.0`, `1.00`, `10e-1`.
fn same_number(one: &str, other: &str) -> bool {
    match (Exact::of(one), Exact::of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// A decimal of any size: sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq, Eq)]
struct Exact {
    negative: bool,
    digits: Vec<u8>,
    power: i64,
}

impl Exact {
    /// None for a power of ten beyond 64 bits, which no two texts are likely to write in two ways.
    fn of(json: &str) -> Option<Self> {
        let (mantissa, power) = match json.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
            None => (json, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|digit| *digit == b'0')
            .collect();
        let mut power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        while digits.pop_if(|digit| *digit == b'0').is_some() {
            power = power.checked_add(1)?;
        }
        // Zero has no sign and no power.
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits,
                power: 0,
            });
        }
        Some(Self {
            negative,
            digits,
            power,
        })
    }
}
