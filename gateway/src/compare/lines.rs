//! Two texts, compared line by line. Pure.
//!
//! Lines that only one of them has in front of, between or behind the same lines do not move the others: the longest
//! common subsequence of lines is sought where the texts are short enough, and lines are compared by number where not.

use std::borrow::Cow;

use super::answer::{Answer, Difference, Shown};
use super::leniency::{Sort, Value};
use super::{Found, Rules};
use crate::route::Side;

/// The most pairs of lines that are looked at for a common subsequence.
const PAIRS: usize = 1 << 18;

/// What a line is called in rules and evidence.
pub(super) const LINE: &str = "(line)";

/// Compares two texts. Their encodings are not known: lines of the same bytes are the same, and rules are for UTF-8.
pub(super) fn compare(rules: &Rules, primary: &Answer, mirror: &Answer, found: &mut Found<'_>) {
    let (legacy, modern) = match primary.side {
        Side::Legacy => (primary, mirror),
        Side::Modern => (mirror, primary),
    };
    let (one, other) = (lines(legacy), lines(modern));
    let same = |one: &[u8], other: &[u8]| {
        one == other
            || match (value(one), value(other)) {
                (Some(one), Some(other)) => rules.allowed.same_line(&one, &other),
                _ => false,
            }
    };
    let together = one.iter().zip(&other);
    let front = together.take_while(|(one, other)| same(one, other)).count();
    let one = one.get(front..).unwrap_or_default();
    let other = other.get(front..).unwrap_or_default();
    let together = one.iter().rev().zip(other.iter().rev());
    let back = together.take_while(|(one, other)| same(one, other)).count();
    let until = |lines: usize| lines.saturating_sub(back);
    let one = one.get(..until(one.len())).unwrap_or_default();
    let other = other.get(..until(other.len())).unwrap_or_default();
    for (left, right) in aligned(one, other, same) {
        let at = left.or(right).unwrap_or(0);
        let number = front.saturating_add(at).saturating_add(1);
        found.add(|| Difference {
            field: LINE.to_owned(),
            ..Difference::between(
                Side::Legacy,
                shown(left.and_then(|at| one.get(at))),
                shown(right.and_then(|at| other.get(at))),
                format!("(line {number})"),
            )
        });
    }
}

/// The lines of a text, without what ends them.
fn lines(answer: &Answer) -> Vec<&[u8]> {
    answer.body.split(|byte| *byte == b'\n').collect()
}

fn value(line: &[u8]) -> Option<Value<'_>> {
    let text = std::str::from_utf8(line).ok()?;
    Some(Value {
        sort: Sort::Text,
        text: Cow::Borrowed(text),
    })
}

fn shown(line: Option<&&[u8]>) -> Shown {
    Shown {
        value: line.map(|line| Shown::value(&String::from_utf8_lossy(line))),
        hex: None,
    }
}

/// Lines that differ: pairs between two common lines in order, and the rest alone.
fn aligned(
    one: &[&[u8]],
    other: &[&[u8]],
    same: impl Fn(&[u8], &[u8]) -> bool,
) -> Vec<(Option<usize>, Option<usize>)> {
    let common = match one.len().checked_mul(other.len()) {
        Some(pairs) if pairs <= PAIRS => common(one, other, &same),
        _ => (0..one.len().min(other.len()))
            .filter(|at| matches!((one.get(*at), other.get(*at)), (Some(one), Some(other)) if same(one, other)))
            .map(|at| (at, at))
            .collect(),
    };
    let end = (one.len(), other.len());
    let (mut left, mut right) = (0, 0);
    let mut apart = Vec::new();
    for (one_end, other_end) in common.into_iter().chain([end]) {
        while left < one_end || right < other_end {
            apart.push((
                (left < one_end).then_some(left),
                (right < other_end).then_some(right),
            ));
            left = left.saturating_add(1).min(one_end);
            right = right.saturating_add(1).min(other_end);
        }
        left = one_end.saturating_add(1);
        right = other_end.saturating_add(1);
    }
    apart
}

/// The places of a longest common subsequence.
fn common(
    one: &[&[u8]],
    other: &[&[u8]],
    same: &impl Fn(&[u8], &[u8]) -> bool,
) -> Vec<(usize, usize)> {
    // longest[i][j]: of the lines from i and from j on.
    let width = other.len().saturating_add(1);
    let mut longest = vec![0_u32; one.len().saturating_add(1).saturating_mul(width)];
    let at = |i: usize, j: usize| i.saturating_mul(width).saturating_add(j);
    let mut equal = vec![false; longest.len()];
    for (i, left) in one.iter().enumerate().rev() {
        for (j, right) in other.iter().enumerate().rev() {
            let next = i.saturating_add(1);
            let here = same(left, right);
            let of = |place: usize| longest.get(place).copied().unwrap_or(0);
            let best = if here {
                of(at(next, j.saturating_add(1))).saturating_add(1)
            } else {
                of(at(next, j)).max(of(at(i, j.saturating_add(1))))
            };
            if let (Some(longest), Some(equal)) =
                (longest.get_mut(at(i, j)), equal.get_mut(at(i, j)))
            {
                *longest = best;
                *equal = here;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut found = Vec::new();
    while i < one.len() && j < other.len() {
        let of = |place: usize| longest.get(place).copied().unwrap_or(0);
        if equal.get(at(i, j)).copied().unwrap_or(false) {
            found.push((i, j));
            i = i.saturating_add(1);
            j = j.saturating_add(1);
        } else if of(at(i.saturating_add(1), j)) >= of(at(i, j.saturating_add(1))) {
            i = i.saturating_add(1);
        } else {
            j = j.saturating_add(1);
        }
    }
    found
}
