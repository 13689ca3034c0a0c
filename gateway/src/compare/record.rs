//! Two records of one layout, compared field by field, and byte by byte where no field is.
//!
//! Every byte that differs belongs to some difference: to a field that either record has, or else to a FILLER, to
//! slack, or to what lies beyond the layout. A field that does not decode is shown by its bytes.

use std::ops::Range;

use parsers::{Field, FieldKind, Layout};

use super::answer::{Answer, Difference, DifferenceKind, NotComparable, Shown};
use super::list::{self, Moved};
use super::places::{Entry, Places, State};
use super::record_value::value;
use super::{Found, Rules};
use crate::place;

/// Compares two record bodies.
pub(super) fn compare(
    rules: &Rules,
    layout: &Layout,
    primary: &Answer,
    mirror: &Answer,
    found: &mut Found<'_>,
) -> Result<(), NotComparable> {
    let bodies = [&primary.body, &mirror.body];
    let ([one, other], moved) =
        list::aligned(rules, layout, primary.side, bodies).ok_or(NotComparable::TooLong)?;
    let with = |answer: &Answer, body| Answer {
        side: answer.side,
        status: answer.status,
        headers: http::HeaderMap::new(),
        body,
    };
    let (primary, mirror) = (&with(primary, one), &with(mirror, other));
    let mut pair = Pair {
        rules,
        layout,
        primary,
        mirror,
        moved,
        hidden: layout.fields().filter(|field| field.is_hidden()).collect(),
        found,
    };
    let one = Places::of(layout, &primary.body);
    let other = Places::of(layout, &mirror.body);
    pair.fields(&one, &other);
    Ok(())
}

/// Bytes of both records that no field has.
#[derive(Debug, Clone, Copy)]
struct Gap {
    starts: [usize; 2],
    /// Where they begin with most occurrences of every table.
    place: usize,
    len: usize,
    /// Nothing comes after them.
    last: bool,
}

impl Gap {
    /// Where each record has `run`, a part of the places of this gap.
    fn of(&self, run: &Range<usize>) -> [Range<usize>; 2] {
        self.starts.map(|start| {
            let start = start.saturating_add(run.start.saturating_sub(self.place));
            start..start.saturating_add(run.len())
        })
    }
}

struct Pair<'p, 'f> {
    rules: &'p Rules,
    layout: &'p Layout,
    /// With the occurrences of unordered tables in one order.
    primary: &'p Answer,
    mirror: &'p Answer,
    moved: Vec<Moved>,
    /// The FILLERs of the layout.
    hidden: Vec<&'p Field>,
    found: &'p mut Found<'f>,
}

impl<'p> Pair<'p, '_> {
    /// Where what stands here stood before tables were put in order.
    fn original(&self, place: usize) -> usize {
        let moved = self.moved.iter();
        moved.fold(place, |place, moved| moved.original(place))
    }

    /// Both sorted by place. Bytes between fields are compared on the way.
    fn fields(&mut self, one: &Places<'_>, other: &Places<'_>) {
        let (mut left, mut right) = (one.entries.iter(), other.entries.iter());
        let (mut first, mut second) = (left.next(), right.next());
        // What is compared already: in each record, and with most occurrences.
        let (mut done, mut covered) = ([0, 0], 0);
        // Fields of an occurrence that only one record has were the last.
        let mut apart = false;
        while let Some(least) = [first, second].into_iter().flatten().min() {
            let entry = *least;
            let own = |side: Option<&Entry>| {
                side.filter(|own| (own.place, own.field) == (entry.place, entry.field))
                    .copied()
            };
            let pair = [own(first), own(second)];
            if pair[0].is_some() {
                first = left.next();
            }
            if pair[1].is_some() {
                second = right.next();
            }
            let starts = [one.start(&entry), other.start(&entry)];
            let len = pair.iter().flatten().map(|own| own.len).max().unwrap_or(0);
            match starts {
                [Ok(start), Ok(start_of_other)] => {
                    let before = [
                        start.saturating_sub(done[0]),
                        start_of_other.saturating_sub(done[1]),
                    ];
                    let len = before[0].min(before[1]);
                    self.between(&Gap {
                        starts: [
                            start.saturating_sub(len),
                            start_of_other.saturating_sub(len),
                        ],
                        place: entry.place.saturating_sub(len),
                        len,
                        last: false,
                    });
                    apart = false;
                }
                [Err(occurrence), _] | [_, Err(occurrence)] if !apart => {
                    let len = occurrence.saturating_sub(covered);
                    self.between(&Gap {
                        starts: done,
                        place: covered,
                        len,
                        last: false,
                    });
                    done = done.map(|done| done.saturating_add(len));
                    apart = true;
                }
                _ => {}
            }
            for (done, start) in done.iter_mut().zip(&starts) {
                if let Ok(start) = start {
                    *done = (*done).max(start.saturating_add(len));
                }
            }
            covered = covered.max(entry.place.saturating_add(len));
            self.field(pair, &entry, starts.map(Result::ok), len);
        }
        let [primary, mirror] = [&self.primary.body, &self.mirror.body].map(|body| body.len());
        self.between(&Gap {
            starts: done,
            place: covered,
            len: primary
                .saturating_sub(done[0])
                .max(mirror.saturating_sub(done[1])),
            last: true,
        });
    }

    fn field(
        &mut self,
        [one, other]: [Option<Entry>; 2],
        entry: &Entry,
        starts: [Option<usize>; 2],
        len: usize,
    ) {
        let places = starts.map(|start| start.map(|start| start..start.saturating_add(len)));
        let [left, right] = &places;
        let bytes = [
            left.as_ref().map(|place| part(&self.primary.body, place)),
            right.as_ref().map(|place| part(&self.mirror.body, place)),
        ]
        .map(Option::unwrap_or_default);
        // Of a view that only one record has, what chose it differs as well, and is a field.
        if bytes.first() == bytes.last() {
            return;
        }
        let start = starts.into_iter().flatten().next();
        let Some(field) = self.layout.field(entry.field) else {
            return;
        };
        if self.rules.ignores_field(field) {
            return;
        }
        let now = place::path(self.layout, field, entry.place);
        let mut path = place::path(self.layout, field, self.original(entry.place));
        if path.contains('(') && self.rules.ignores_occurrence(&path) {
            return;
        }
        if self.rules.allowed.is_any() && self.may_differ([one, other], field, &now, &path) {
            return;
        }
        // A table whose count is not known is meant as a whole.
        if field.is_table()
            && field.kind() == FieldKind::Group
            && let Some((whole, _)) = path.rsplit_once('(')
        {
            path = whole.to_owned();
        }
        let (layout, first) = (self.layout, self.primary.side);
        let start = start.map(|start| self.original(start));
        self.found.add(|| {
            let [left, right] = bytes;
            let left = show(layout, &self.primary.body, one, left, &now);
            let right = show(layout, &self.mirror.body, other, right, &now);
            let same_value = one.is_some()
                && other.is_some()
                && left.value.is_some()
                && left.value == right.value;
            let mut difference = Difference {
                field: place::pattern(layout, field),
                kind: if same_value {
                    DifferenceKind::Bytes
                } else {
                    DifferenceKind::Value
                },
                offset: start,
                length: Some(len),
                ..Difference::between(first, left, right, path)
            };
            if place::is_private(layout, field) {
                difference.mask();
            }
            difference
        });
    }

    /// Whether both records have the field, and what they have counts as the same.
    fn may_differ(&self, own: [Option<Entry>; 2], field: &Field, now: &str, path: &str) -> bool {
        let decodes =
            |entry: Option<Entry>| entry.is_some_and(|entry| entry.state == State::Decodes);
        if !own.into_iter().all(decodes) {
            return false;
        }
        let mut rules = self
            .rules
            .allowed
            .of_field(self.layout, field, path)
            .peekable();
        if rules.peek().is_none() {
            return false;
        }
        let values =
            [&self.primary.body, &self.mirror.body].map(|body| value(self.layout, body, now));
        match values {
            [Some(one), Some(other)] => rules.any(|how| how.equal(&one, &other)),
            _ => false,
        }
    }

    /// Bytes that no field has: each run that differs, cut where a FILLER ends.
    fn between(&mut self, gap: &Gap) {
        if gap.len == 0 || self.rules.ignores_fillers() {
            return;
        }
        let all = gap.place..gap.place.saturating_add(gap.len);
        let [own, others] = gap.of(&all);
        if part(&self.primary.body, &own) == part(&self.mirror.body, &others) {
            return;
        }
        let mut at = all.start;
        while let Some(first) = self.differs_at(gap, at..all.end) {
            let filler = self.filler_at(first, &all, gap.last);
            let run = match &filler {
                Some((_, run)) => run.start..run.end.min(all.end),
                None => first..all.end,
            };
            at = run.end.max(first.saturating_add(1));
            self.filler(filler.map(|(field, _)| field), &run, gap);
        }
    }

    /// The first place where the records differ; the end of one counts.
    fn differs_at(&self, gap: &Gap, mut within: Range<usize>) -> Option<usize> {
        within.find(|at| {
            let [own, others] = gap.of(&(*at..*at));
            self.primary.body.get(own.start) != self.mirror.body.get(others.start)
        })
    }

    /// The FILLER of a byte that no field has. Of several views of these bytes it is not known which one holds:
    /// the largest FILLER that goes between the fields is the likeliest.
    fn filler_at(
        &self,
        place: usize,
        between: &Range<usize>,
        last: bool,
    ) -> Option<(&'p Field, Range<usize>)> {
        let hidden = self.hidden.iter().filter_map(|field| {
            let place = place::occurrence_at(self.layout, field, place)?;
            Some((*field, place))
        });
        hidden
            .filter(|(_, place)| place.start >= between.start && (last || place.end <= between.end))
            .max_by_key(|(_, place)| place.len())
    }

    fn filler(&mut self, field: Option<&Field>, run: &Range<usize>, gap: &Gap) {
        if field.is_some_and(|field| self.rules.ignores_field(field)) {
            return;
        }
        let [own, others] = gap.of(run);
        let start = self.original(own.start);
        let path = match field {
            Some(field) => place::path(self.layout, field, self.original(run.start)),
            None => format!("@{start}"),
        };
        if path.contains('(') && self.rules.ignores_occurrence(&path) {
            return;
        }
        let (layout, primary, mirror) = (self.layout, self.primary, self.mirror);
        self.found.add(|| {
            let hex = |answer: &Answer, place: &Range<usize>| Shown {
                value: None,
                hex: Some(part(&answer.body, place))
                    .filter(|bytes| !bytes.is_empty())
                    .map(Shown::hex),
            };
            let mut difference = Difference {
                kind: DifferenceKind::Bytes,
                offset: Some(start),
                length: Some(run.len()),
                ..Difference::between(primary.side, hex(primary, &own), hex(mirror, &others), path)
            };
            if let Some(field) = field {
                difference.field = place::pattern(layout, field);
                if place::is_private(layout, field) {
                    difference.mask();
                }
            } else {
                difference.field = "(bytes of no field)".to_owned();
            }
            difference
        });
    }
}

/// The bytes of a place, as far as the record goes.
pub(super) fn part<'r>(record: &'r [u8], place: &Range<usize>) -> &'r [u8] {
    record
        .get(place.start..place.end.min(record.len()))
        .unwrap_or_default()
}

/// One side of a field that differs.
fn show(layout: &Layout, record: &[u8], entry: Option<Entry>, bytes: &[u8], path: &str) -> Shown {
    let value = entry
        .filter(|entry| entry.state == State::Decodes)
        .and_then(|_| value(layout, record, path));
    Shown {
        value: value.map(|value| Shown::value(&value.text)),
        hex: Some(bytes)
            .filter(|bytes| !bytes.is_empty())
            .map(Shown::hex),
    }
}
