//! Small charts as inline SVG, made on the server: colours come from the style sheet by class, no script draws anything. Pure.

use std::fmt::Write as _;

use askama::filters::HtmlSafe;

use super::text;
use super::trend::Answered;
use crate::metrics::Times;

/// An SVG made of numbers and fixed words only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Svg(String);

impl std::fmt::Display for Svg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Nothing from outside is in it.
impl HtmlSafe for Svg {}

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 24.0;

/// The share that modern answered, interval by interval; a gap where nobody asked. None without any request.
pub(super) fn share_line(intervals: &[Answered]) -> Option<Svg> {
    let asked = |one: &&Answered| one.all() > 0;
    let last = intervals.iter().rev().find(asked)?;
    let step = WIDTH / float(intervals.len().saturating_sub(1).max(1));
    let mut path = String::new();
    let mut pen_is_down = false;
    for (place, one) in intervals.iter().enumerate() {
        if one.all() == 0 {
            pen_is_down = false;
            continue;
        }
        let (x, y) = (float(place) * step, height(rate(one.modern, one.all())));
        let pen = if pen_is_down { 'L' } else { 'M' };
        // Writing into a string cannot fail. A point alone is a dot: its line goes nowhere.
        write!(path, "{pen}{x:.1} {y:.1}").ok();
        if !pen_is_down {
            write!(path, "l0.1 0").ok();
        }
        pen_is_down = true;
    }
    let now = text::share(last.modern, last.all()).unwrap_or_default();
    Some(Svg(format!(
        "<svg class=\"spark\" viewBox=\"-1 -1 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"share of new over time, lately {now} %\"><path class=\"spark-base\" d=\"M0 {HEIGHT}H{WIDTH}\"/><path class=\"spark-line\" d=\"{path}\"/></svg>",
        w = WIDTH + 2.0,
        h = HEIGHT + 2.0,
    )))
}

fn height(rate: f64) -> f64 {
    HEIGHT - rate * HEIGHT
}

/// How long legacy and modern took, bucket beside bucket; none where neither took any time.
pub(super) fn times(legacy: &Times, modern: &Times) -> Option<Svg> {
    const BAR: f64 = 9.0;
    const SLOT: f64 = 24.0;
    const TALL: f64 = 72.0;
    const LEFT: f64 = 2.0;
    if legacy.count() == 0 && modern.count() == 0 {
        return None;
    }
    // Only buckets between the first and the last that hold anything, and one more on each side.
    let used = |one: &Times| -> Vec<bool> { one.buckets.iter().map(|(_, n)| *n > 0).collect() };
    let both: Vec<bool> = used(legacy)
        .into_iter()
        .zip(used(modern))
        .map(|(a, b)| a || b)
        .collect();
    let first = both.iter().position(|used| *used)?.saturating_sub(1);
    let last = both
        .iter()
        .rposition(|used| *used)?
        .saturating_add(1)
        .min(both.len().saturating_sub(1));
    let part = |one: &Times, n: u64| rate(n, one.count().max(1));
    let most = [legacy, modern]
        .into_iter()
        .flat_map(|one| one.buckets.iter().map(move |(_, n)| part(one, *n)))
        .fold(0.01_f64, f64::max);
    let mut bars = String::new();
    let mut x = LEFT;
    let pairs = legacy.buckets.iter().zip(&modern.buckets);
    for ((bound, old), (_, new)) in pairs.take(last + 1).skip(first) {
        for (class, left, one, n) in [
            ("bar-legacy", x, legacy, *old),
            ("bar-modern", x + BAR + 1.0, modern, *new),
        ] {
            let tall = part(one, n) / most * TALL;
            let tall = if n > 0 { tall.max(1.0) } else { 0.0 };
            write!(bars, "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{BAR}\" height=\"{tall:.1}\"/>", TALL - tall).ok();
        }
        write!(
            bars,
            "<text class=\"scale\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + BAR,
            TALL + 13.0,
            bucket(*bound)
        )
        .ok();
        x += SLOT;
    }
    let wide = x + 8.0;
    Some(Svg(format!(
        "<svg class=\"times\" viewBox=\"0 0 {wide:.0} {tall:.0}\" width=\"{wide:.0}\" height=\"{tall:.0}\" aria-hidden=\"true\"><path class=\"spark-base\" d=\"M0 {TALL}H{wide:.0}\"/>{bars}</svg>",
        tall = TALL + 18.0,
    )))
}

/// The end of a bucket in as few characters as say it, in milliseconds or seconds.
fn bucket(seconds: f64) -> String {
    let millis = seconds * 1_000.0;
    if seconds > 1e6 {
        "+".to_owned()
    } else if millis < 1.0 {
        format!("{millis:.1}")
    } else if millis < 1_000.0 {
        format!("{millis:.0}").replace("1000", "1s")
    } else {
        format!("{seconds:.0}s")
    }
}

fn rate(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { wide(part) / wide(of) }
}

/// Counts above 2^53 lose their last digits, which no chart shows.
#[allow(
    clippy::cast_precision_loss,
    reason = "a count as a length on a screen"
)]
fn wide(count: u64) -> f64 {
    count as f64
}

fn float(place: usize) -> f64 {
    wide(u64::try_from(place).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_nobody_asked() {
        let answered = |legacy, modern| Answered { legacy, modern };
        assert_eq!(share_line(&[]), None);
        assert_eq!(share_line(&[answered(0, 0)]), None);
        let line = share_line(&[
            answered(1, 0),
            answered(0, 0),
            answered(0, 3),
            answered(1, 1),
        ]);
        let svg = line.unwrap().to_string();
        let path = "d=\"M0.0 24.0l0.1 0M80.0 0.0l0.1 0L120.0 12.0\"";
        assert!(svg.contains(path) && svg.contains("lately 50 %"), "{svg}");
    }

    #[test]
    fn times_stand_beside_each_other() {
        let times_of = |counts: [u64; 3]| Times {
            sum: 1.0,
            buckets: [0.001, 0.01, f64::MAX].into_iter().zip(counts).collect(),
        };
        assert_eq!(times(&times_of([0; 3]), &times_of([0; 3])), None);
        let svg = times(&times_of([1, 3, 0]), &times_of([0, 0, 2])).unwrap().0;
        assert_eq!(svg.matches("<rect").count(), 6);
        assert!(svg.contains(">+</text>"), "{svg}");
    }
}
