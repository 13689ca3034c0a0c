//! Chance without a clock: the same seed, subject and number always throw the same dice.
//!
//! In: a seed and what is being decided about. Out: numbers, picks and odds. Never: a source of entropy, never for keys
//! or passwords.

/// A stream of numbers that depends only on what it was made from (`SplitMix64`, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice for one subject (a data set's name, a column) and one number (the row).
    pub fn new(seed: u64, subject: &str, number: u64) -> Dice {
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in subject.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Dice {
            state: mix(state ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03)),
        }
    }

    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low).saturating_add(1);
        let offset = self.roll() % span.max(1);
        low.wrapping_add_unsigned(offset)
    }

    /// True in `percent` of 100 throws.
    pub fn odds(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let count = u64::try_from(choices.len()).unwrap_or(u64::MAX).max(1);
        let index = usize::try_from(self.roll() % count).unwrap_or(0);
        *choices
            .get(index)
            .expect("dice pick from a list that is not empty")
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_gets_the_same_answer() {
        let throw = |seed, subject, number| Dice::new(seed, subject, number).roll();
        assert_eq!(throw(1, "lot", 7), throw(1, "lot", 7));
        assert_ne!(throw(1, "lot", 7), throw(2, "lot", 7));
        assert_ne!(throw(1, "lot", 7), throw(1, "order", 7));
        assert_ne!(throw(1, "lot", 7), throw(1, "lot", 8));
    }

    #[test]
    fn numbers_stay_between_their_bounds() {
        let mut dice = Dice::new(3, "bounds", 0);
        let thrown: Vec<i64> = (0..1000).map(|_| dice.between(-2, 2)).collect();
        assert!(thrown.iter().all(|n| (-2..=2).contains(n)));
        assert!((-2..=2).all(|n| thrown.contains(&n)));
    }
}
