//! Comparing two answers in the client's shape. Pure: bytes in, a [`Verdict`] out.
//!
//! What a client would notice is compared: the status, and the body as JSON by value, as a record by copybook down to
//! its last byte, or as opaque bytes. Where the two sides speak different shapes, the other side's answer has been
//! transcoded into the client's first ([`crate::transcode`]). Two bodies of the same bytes are equal without a look
//! inside. Headers are not compared.

mod answer;
mod json;
mod member;
mod places;
mod record;
mod rules;
#[cfg(test)]
mod tests;

use http::header::HeaderValue;

use crate::route::shape::Shape;
pub use answer::{
    Answer, Difference, DifferenceKind, Differences, MOST, NotComparable, Shown, Verdict,
};
pub use rules::{BadRule, Rules};

/// Holds the mirror's answer against the one the client got. `shape` is the client's, `rules` are compiled for it.
#[must_use]
pub fn compare(rules: &Rules, shape: &Shape, primary: &Answer, mirror: &Answer) -> Verdict {
    let mut found = Found::default();
    if primary.status != mirror.status {
        let one = status(primary);
        let other = status(mirror);
        found.add(|| Difference::between(primary.side, one, other, "(status)".to_owned()));
        // An error and a success have nothing in common to compare.
        if primary.status.is_success() != mirror.status.is_success() {
            return found.verdict();
        }
    }
    if primary.body == mirror.body && same_coding(primary, mirror) {
        return found.verdict();
    }
    for answer in [primary, mirror] {
        if is_encoded(answer) {
            return Verdict::NotComparable(NotComparable::Encoded(answer.side));
        }
    }
    let done = match shape {
        Shape::Opaque => {
            opaque(primary, mirror, &mut found);
            Ok(())
        }
        Shape::Json => json::compare(rules, primary, mirror, &mut found),
        Shape::Xml | Shape::Form => {
            let [one, other] = [primary, mirror].map(|answer| shown(shape, answer));
            let pair = one.and_then(|one| Ok((one, other?)));
            pair.and_then(|(one, other)| json::compare(rules, &one, &other, &mut found))
        }
        Shape::Record(layout) => {
            record::compare(rules, layout, primary, mirror, &mut found);
            Ok(())
        }
    };
    match done {
        Ok(()) => found.verdict(),
        Err(reason) => Verdict::NotComparable(reason),
    }
}

/// Differences as they are found: the first ones are kept, the rest counted.
#[derive(Default)]
struct Found {
    fields: Vec<Difference>,
    more: usize,
}

impl Found {
    /// Adds one; it is only put together if there is room for it.
    fn add(&mut self, difference: impl FnOnce() -> Difference) {
        if self.fields.len() < MOST {
            self.fields.push(difference());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn verdict(self) -> Verdict {
        if self.fields.is_empty() {
            Verdict::Equal
        } else {
            Verdict::Different(Differences {
                fields: self.fields,
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

fn coding(answer: &Answer) -> Option<&[u8]> {
    let coding = answer
        .content_encoding
        .as_ref()
        .map(HeaderValue::as_bytes)?;
    (!coding.eq_ignore_ascii_case(b"identity")).then_some(coding)
}

fn is_encoded(answer: &Answer) -> bool {
    coding(answer).is_some()
}

fn same_coding(a: &Answer, b: &Answer) -> bool {
    coding(a) == coding(b)
}

/// Bytes that are not looked into: the first place where they part.
fn opaque(primary: &Answer, mirror: &Answer, found: &mut Found) {
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

/// An answer in XML or a form as JSON, which is compared by value.
fn shown(shape: &Shape, answer: &Answer) -> Result<Answer, NotComparable> {
    let body = crate::mapping::as_json(shape, &answer.body);
    let body = body.ok_or(NotComparable::NotJson(answer.side))?;
    Ok(Answer {
        body: body.into(),
        ..answer.clone()
    })
}
