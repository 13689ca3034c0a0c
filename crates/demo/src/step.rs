//! What the tour tells while it plays and when it is over.
//!
//! The tour decides and checks; who shows it (a table, a progress bar, a test) implements [`Observer`].

/// One figure of a step: `records`, `8,412`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it counts.
    pub name: &'static str,
    /// The number as people read it.
    pub value: String,
}

/// Whether what a step looked for was so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything held.
    Held,
    /// What did not hold, one line each; bounded.
    Failed(Vec<String>),
}

/// One step of the tour, after it was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A few words.
    pub title: &'static str,
    /// What it did and what it looked at, one or two sentences.
    pub detail: String,
    /// How much and how fast.
    pub figures: Vec<Figure>,
    /// Whether it held.
    pub outcome: Outcome,
}

impl Step {
    /// Whether everything the step looked for was so.
    pub fn held(&self) -> bool {
        self.outcome == Outcome::Held
    }
}

/// Who watches the tour. Calls come from the task that plays it, one at a time, and should return at once.
pub trait Observer: Send {
    /// A step begins.
    fn began(&mut self, title: &'static str);
    /// Something of the step is done: `done` of `total` (0 = not known) `what`.
    fn advanced(&mut self, what: &'static str, done: u64, total: u64);
    /// A step is over.
    fn ended(&mut self, step: &Step);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn began(&mut self, _title: &'static str) {}
    fn advanced(&mut self, _what: &'static str, _done: u64, _total: u64) {}
    fn ended(&mut self, _step: &Step) {}
}

/// A whole number with thousands set apart: `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        let check = |number, text: &str| assert_eq!(grouped(number), text);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(12_345_678, "12,345,678");
    }
}
