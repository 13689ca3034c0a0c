//! Two JSON texts, compared by value: members by name, elements by place, numbers as exact decimals.
//!
//! Nothing is read into a float and no tree is built: objects and arrays are taken apart level by level, and only
//! where their texts differ. Absent and null are different.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::value::RawValue;

use super::answer::{Answer, Difference, NotComparable, Shown};
use super::json_text::{Kind, Member, elements, members, plain, plain_value, value_at};
use super::list::{self, ASKED, Telling};
use super::member::{General, Path, Pattern, Segment};
use super::pairing::{self, Paired};
use super::{Found, Rules, number};
use crate::route::Side;

/// Levels that are looked into. Each costs one more reading of what is in it.
const DEEPEST: usize = 64;

/// Compares two JSON bodies.
pub(super) fn compare(
    rules: &Rules,
    primary: &Answer,
    mirror: &Answer,
    found: &mut Found<'_>,
) -> Result<(), NotComparable> {
    let one = text(primary)?;
    let other = text(mirror)?;
    let mut asked = 0;
    let mut pair = Pair {
        rules,
        first: primary.side,
        asked: &mut asked,
        found,
    };
    pair.value(one, other, &At::Top).map_err(|no| match no {
        No::TooDeep => NotComparable::TooDeep(primary.side),
        No::TooLong => NotComparable::TooLong,
    })
}

fn text(answer: &Answer) -> Result<&str, NotComparable> {
    serde_json::from_slice::<&RawValue>(&answer.body)
        .map(RawValue::get)
        .map_err(|_| NotComparable::NotJson(answer.side))
}

/// Why two texts cannot be compared.
enum No {
    TooDeep,
    TooLong,
}

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

struct Pair<'r, 'f> {
    rules: &'r Rules,
    first: Side,
    /// How many elements of lists were held against each other.
    asked: &'r mut usize,
    found: &'r mut Found<'f>,
}

impl Pair<'_, '_> {
    /// Two values of one place, each the text of a valid JSON value.
    fn value(&mut self, one: &str, other: &str, at: &At<'_>) -> Result<(), No> {
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
            (Kind::Number, Kind::Number) if number::same(one, other) => Ok(()),
            (Kind::Text, Kind::Text) if same_text(one, other) => Ok(()),
            _ if self.may_differ(one, other, at) => Ok(()),
            _ => {
                self.different(Some(one), Some(other), at);
                Ok(())
            }
        }
    }

    /// Both sorted by name. Of a name that is there several times, the first meets the first.
    fn objects(&mut self, one: &[Member<'_>], other: &[Member<'_>], at: &At<'_>) -> Result<(), No> {
        let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
        loop {
            if self.found.is_enough() {
                return Ok(());
            }
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

    fn arrays(&mut self, one: &[&RawValue], other: &[&RawValue], at: &At<'_>) -> Result<(), No> {
        if self.rules.lists.has_arrays() {
            let segments = at.segments();
            if let Some(telling) = self.rules.lists.of_array(&segments) {
                return self.unordered(one, other, telling, at);
            }
        }
        for index in 0..one.len().max(other.len()) {
            if self.found.is_enough() {
                return Ok(());
            }
            let at = at.inner(Segment::Index(index));
            match (one.get(index), other.get(index)) {
                (Some(one), Some(other)) => self.value(one.get(), other.get(), &at)?,
                (one, other) => self.different(one.map(|v| v.get()), other.map(|v| v.get()), &at),
            }
        }
        Ok(())
    }

    /// Elements whose order does not count; each is shown where legacy has it, or modern if legacy has not.
    fn unordered(
        &mut self,
        one: &[&RawValue],
        other: &[&RawValue],
        telling: &Telling<Pattern>,
        at: &At<'_>,
    ) -> Result<(), No> {
        let paired = match telling {
            Telling::Keys(keys) => {
                let of = |elements: &[&RawValue]| -> Vec<Option<String>> {
                    let key = |element: &&RawValue| self.key(element.get(), keys, at);
                    elements.iter().map(key).collect()
                };
                pairing::by_key(&of(one), &of(other))
            }
            Telling::Value => self.by_value(one, other, at)?,
        };
        for (left, right) in paired {
            if self.found.is_enough() {
                return Ok(());
            }
            let shown = match self.first {
                Side::Legacy => left.or(right),
                Side::Modern => right.or(left),
            };
            let at = at.inner(Segment::Index(shown.unwrap_or(0)));
            let one = left
                .and_then(|left| one.get(left))
                .map(|element| element.get());
            let other = right
                .and_then(|right| other.get(right))
                .map(|element| element.get());
            match (one, other) {
                (Some(one), Some(other)) => self.value(one, other, &at)?,
                (one, other) => self.different(one, other, &at),
            }
        }
        Ok(())
    }

    /// What tells an element from others, as the rules for its members have it; none where it lacks a member.
    fn key(&self, element: &str, keys: &[Pattern], at: &At<'_>) -> Option<String> {
        let mut key = String::new();
        for member in keys {
            let way = member.segments()?;
            let value = value_at(element, &way)?;
            let mut place = at.segments();
            place.push(Segment::Index(0));
            place.extend(way);
            key.push_str(&list::normal(self.rules.allowed.of_member(&place), &value));
            key.push('\u{1f}');
        }
        Some(key)
    }

    fn by_value(
        &mut self,
        one: &[&RawValue],
        other: &[&RawValue],
        at: &At<'_>,
    ) -> Result<Paired, No> {
        let mut failed = None;
        let paired = pairing::by_value(one.len(), other.len(), |left, right| {
            *self.asked = self.asked.saturating_add(1);
            if *self.asked > ASKED {
                return None;
            }
            let (one, other) = (one.get(left)?.get(), other.get(right)?.get());
            let mut found = Found::only_whether(self.found.noisy);
            let mut pair = Pair {
                rules: self.rules,
                first: self.first,
                asked: self.asked,
                found: &mut found,
            };
            match pair.value(one, other, &at.inner(Segment::Index(left))) {
                Ok(()) => Some(!found.is_enough()),
                Err(no) => {
                    failed = Some(no);
                    None
                }
            }
        });
        paired.ok_or(failed.unwrap_or(No::TooLong))
    }

    /// Whether two values that differ count as the same.
    fn may_differ(&self, one: &str, other: &str, at: &At<'_>) -> bool {
        if !self.rules.allowed.is_any() {
            return false;
        }
        let (Some(one), Some(other)) = (plain_value(one), plain_value(other)) else {
            return false;
        };
        let segments = at.segments();
        let mut rules = self.rules.allowed.of_member(&segments);
        rules.any(|how| how.equal(&one, &other))
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

fn deeper<'a, 'b>(at: &'a At<'b>) -> Result<&'a At<'b>, No> {
    if at.depth() < DEEPEST {
        Ok(at)
    } else {
        Err(No::TooDeep)
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

fn same_text(one: &str, other: &str) -> bool {
    match (plain(one), plain(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}
