//! Comparing two answers in the client's shape. Pure: bytes in, a [`Verdict`] out.
//!
//! What a client would notice is compared: the status, and the body as JSON, XML or a form by value, as a record by
//! copybook down to its last byte, a text line by line, or as opaque bytes; of the headers those that the route names. Where the
//! two sides speak different shapes, the other side's answer has been transcoded or mapped into the client's first
//! ([`crate::transcode`]). Two bodies of the same bytes are equal without a look inside. An error held against a success
//! is one difference. What may differ and still be equal is said by the route's [`Rules`], which never make values different.

mod again;
mod allowed;
mod answer;
mod failure;
mod json;
mod json_text;
mod leniency;
mod lines;
mod list;
mod member;
mod moment;
mod number;
mod pairing;
mod places;
mod record;
mod record_value;
mod rules;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;
mod told;
mod variant;

use std::borrow::Cow;

use http::HeaderName;
use http::header::{AUTHORIZATION, PROXY_AUTHENTICATE, SET_COOKIE, WWW_AUTHENTICATE};

use self::leniency::{Sort, Value};
use crate::route::shape::Shape;
pub use again::{NoiseRule, Noisy, Recheck};
pub use answer::{
    Answer, Difference, DifferenceKind, Differences, MOST, NotComparable, Shown, Verdict,
};
pub use failure::{Codes, Failure};
pub use leniency::{Case, Leniency, Numbers, Trim};
pub use list::By;
pub use moment::TimeRule;
pub use rules::{BadRule, Rules};
pub use variant::{ALL, OTHER, Variants};

/// Holds the mirror's answer against the one the client got. `shape` is the client's, `rules` are compiled for it.
#[must_use]
pub fn compare(rules: &Rules, shape: &Shape, primary: &Answer, mirror: &Answer) -> Verdict {
    compare_but(rules, shape, primary, mirror, &Noisy::new()).verdict
}

/// What comparing gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What counts.
    pub verdict: Verdict,
    /// Fields that differ and do not count, as noise.
    pub left_out: Vec<String>,
}

/// The same, but that differences in fields that are `noisy` do not count.
#[must_use]
pub fn compare_but(
    rules: &Rules,
    shape: &Shape,
    primary: &Answer,
    mirror: &Answer,
    noisy: &Noisy,
) -> Compared {
    let mut found = Found::leaving_out(noisy);
    let verdict = match both(rules, shape, primary, mirror, &mut found) {
        // What is known to differ is more than that the rest is not known.
        Err(reason) if found.fields.is_empty() => Verdict::NotComparable(reason),
        Ok(()) | Err(_) => found.verdict(),
    };
    Compared {
        verdict,
        left_out: found.left_out.into_iter().collect(),
    }
}

fn both(
    rules: &Rules,
    shape: &Shape,
    primary: &Answer,
    mirror: &Answer,
    found: &mut Found<'_>,
) -> Result<(), NotComparable> {
    if !rules.same_status(primary.side, primary.status, mirror.status) {
        let one = status(primary);
        let other = status(mirror);
        found.add(|| Difference::between(primary.side, one, other, "(status)".to_owned()));
        // An error and a success have nothing in common to compare.
        if primary.status.is_success() != mirror.status.is_success() {
            return Ok(());
        }
    }
    if primary.body == mirror.body && primary.coding() == mirror.coding() {
        headers(rules, primary, mirror, found);
        return Ok(());
    }
    bodies(rules, shape, primary, mirror, found)
}

/// Bodies that are not the same bytes, and the headers that count.
fn bodies(
    rules: &Rules,
    shape: &Shape,
    primary: &Answer,
    mirror: &Answer,
    found: &mut Found<'_>,
) -> Result<(), NotComparable> {
    for answer in [primary, mirror] {
        if answer.coding().is_some() {
            return Err(NotComparable::Encoded(answer.side));
        }
    }
    let (one, other) = (readable(shape, primary), readable(shape, mirror));
    if let Some(failure) = &rules.failure
        && let (Ok(one), Ok(other)) = (&one, &other)
        && let (Some(fails), Some(other_fails)) = (failure.is_in(one), failure.is_in(other))
        && fails != other_fails
    {
        let private = failure.member().is_some_and(|at| rules.masks_member(&at));
        found.add(|| {
            let mut difference = failure.between(one, other);
            if private {
                difference.mask();
            }
            difference
        });
        return Ok(());
    }
    headers(rules, primary, mirror, found);
    let (one, other) = (&*one?, &*other?);
    match shape {
        Shape::Opaque if one.is_text() && other.is_text() => {
            lines::compare(rules, one, other, found);
        }
        Shape::Opaque => opaque(one, other, found),
        Shape::Json | Shape::Xml | Shape::Form => json::compare(rules, one, other, found)?,
        Shape::Record(layout) => record::compare(rules, layout, one, other, found)?,
    }
    Ok(())
}

/// Differences as they are found: the first ones are kept, the rest counted.
struct Found<'n> {
    fields: Vec<Difference>,
    more: usize,
    /// How many are kept.
    most: usize,
    noisy: &'n Noisy,
    left_out: Noisy,
}

impl<'n> Found<'n> {
    fn leaving_out(noisy: &'n Noisy) -> Self {
        Self {
            fields: Vec::new(),
            more: 0,
            most: MOST,
            noisy,
            left_out: Noisy::new(),
        }
    }

    /// Keeps none: only whether there is one that counts is asked.
    fn only_whether(noisy: &'n Noisy) -> Self {
        Self {
            most: 0,
            ..Self::leaving_out(noisy)
        }
    }

    /// Whether nothing more needs to be found.
    fn is_enough(&self) -> bool {
        self.most == 0 && self.more > 0
    }

    /// Adds one; it is only put together if there is room for it, or if it may be noise.
    fn add(&mut self, difference: impl FnOnce() -> Difference) {
        let room = self.fields.len() < self.most;
        if !room && self.noisy.is_empty() {
            self.more = self.more.saturating_add(1);
            return;
        }
        let difference = difference();
        if self.noisy.contains(&difference.field) {
            self.left_out.insert(difference.field);
        } else if room {
            self.fields.push(difference);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn verdict(&mut self) -> Verdict {
        if self.fields.is_empty() {
            Verdict::Equal
        } else {
            Verdict::Different(Differences {
                fields: std::mem::take(&mut self.fields),
                more: self.more,
            })
        }
    }
}

fn status(answer: &Answer) -> Shown {
    Shown {
        value: Some(answer.status.as_u16().to_string()),
        hex: None,
    }
}

/// What must not be shown of headers, whatever the route compares.
const SECRET: [HeaderName; 4] = [
    SET_COOKIE,
    AUTHORIZATION,
    WWW_AUTHENTICATE,
    PROXY_AUTHENTICATE,
];

/// The headers that count; of one that is there several times all values, in order.
fn headers(rules: &Rules, primary: &Answer, mirror: &Answer, found: &mut Found<'_>) {
    for name in rules.headers() {
        let value = |answer: &Answer| {
            let values = answer.headers.get_all(name).iter();
            let values: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (!values.is_empty()).then(|| values.join(", "))
        };
        let (one, other) = (value(primary), value(mirror));
        if one == other {
            continue;
        }
        if let (Some(one), Some(other)) = (&one, &other) {
            let [one, other] = [one, other].map(|text| Value {
                sort: Sort::Text,
                text: Cow::Borrowed(text),
            });
            if rules.allowed.same_header(name, &one, &other) {
                continue;
            }
        }
        let shown = |value: Option<String>| Shown {
            value: value.map(|value| Shown::value(&value)),
            hex: None,
        };
        found.add(|| {
            let place = format!("(header {name})");
            let mut difference = Difference::between(primary.side, shown(one), shown(other), place);
            if SECRET.contains(name) {
                difference.mask();
            }
            difference
        });
    }
}

/// Bytes that are not looked into: the first place where they part.
fn opaque(primary: &Answer, mirror: &Answer, found: &mut Found<'_>) {
    let first = primary
        .body
        .iter()
        .zip(&mirror.body)
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| primary.body.len().min(mirror.body.len()));
    let shown = |answer: &Answer| Shown {
        value: None,
        hex: answer
            .body
            .get(first..)
            .filter(|rest| !rest.is_empty())
            .map(Shown::hex),
    };
    found.add(|| Difference {
        offset: Some(first),
        ..Difference::between(
            primary.side,
            shown(primary),
            shown(mirror),
            "(body)".to_owned(),
        )
    });
}

/// An answer in XML or a form as JSON, which is compared by value; any other as it is.
fn readable<'a>(shape: &Shape, answer: &'a Answer) -> Result<Cow<'a, Answer>, NotComparable> {
    let no = match shape {
        Shape::Xml => NotComparable::NotXml(answer.side),
        Shape::Form => NotComparable::NotForm(answer.side),
        Shape::Opaque | Shape::Json | Shape::Record(_) => return Ok(Cow::Borrowed(answer)),
    };
    let body = crate::mapping::as_json(shape, &answer.body).ok_or(no)?;
    Ok(Cow::Owned(Answer {
        side: answer.side,
        status: answer.status,
        headers: http::HeaderMap::new(),
        body: body.into(),
    }))
}
