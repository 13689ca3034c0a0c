//! Whether a name stands twice among the members of an object: readers disagree on which of the two counts, so neither does. Pure.
//!
//! Few names are compared one with each other. Of more a mark each is noted first, of which two names seldom have the same; only then the names
//! themselves are looked at: they are hashed, with a hash that is quick and that someone could find collisions of, and where there are many sorted.

use std::collections::HashSet;

use fnv::FnvBuildHasher;

/// So many names are compared one with each other.
const FEW: usize = 8;
/// So many are hashed.
const SOME: usize = 256;
/// How many marks there are: a power of two.
const MARKS: usize = 1 << 14;

/// Whether one of so many names is there twice.
pub(super) fn stands_twice<'n>(names: impl Iterator<Item = &'n str> + Clone, count: usize) -> bool {
    if count <= FEW {
        let mut rest = names;
        while let Some(name) = rest.next() {
            if rest.clone().any(|other| other == name) {
                return true;
            }
        }
        return false;
    }
    let mut marks = [0_u64; MARKS / 64];
    let near = |name: &str| {
        let mark = mark(name);
        let Some(word) = marks.get_mut(mark / 64 % (MARKS / 64)) else {
            return true;
        };
        let bit = 1 << (mark % 64);
        let taken = *word & bit != 0;
        *word |= bit;
        taken
    };
    if !names.clone().any(near) {
        return false;
    }
    exactly(names, count)
}

/// A number that names seldom share.
fn mark(name: &str) -> usize {
    let bytes = name.as_bytes();
    let (head, tail) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(head), Some(tail)) => (
                u64::from(u32::from_le_bytes(*head)),
                u64::from(u32::from_le_bytes(*tail)),
            ),
            _ => {
                let all = bytes
                    .iter()
                    .fold(0, |all, byte| all << 8 | u64::from(*byte));
                (all, 0)
            }
        },
    };
    // Multiplied by odd numbers of which half of the bits are set: the golden ratio's, and that of SplitMix64.
    let mixed = head
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(tail.rotate_left(32).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    usize::try_from((mixed ^ (mixed >> 32)) >> 16 & 0xffff).unwrap_or(0)
}

/// By the names themselves.
fn exactly<'n>(names: impl Iterator<Item = &'n str>, count: usize) -> bool {
    if count <= SOME {
        let mut seen = HashSet::with_capacity_and_hasher(count, FnvBuildHasher::default());
        return !names.into_iter().all(|name| seen.insert(name));
    }
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn twice(names: &[String]) -> bool {
        stands_twice(names.iter().map(|name| &**name), names.len())
    }

    #[test]
    fn names_of_one_mark_are_told_apart() {
        // The same ends.
        let name = |n: usize| format!("beginning{n:03}theending");
        for count in [20, 300] {
            let mut names: Vec<String> = (0..count).map(name).collect();
            assert!(names.iter().all(|name| mark(name) == mark(&names[0])));
            assert!(!twice(&names));
            names.push(name(7));
            assert!(twice(&names));
        }
    }

    #[test]
    fn fields_seldom_share_a_mark() {
        let marks: HashSet<usize> = (0..250)
            .map(|n| mark(&format!("field{n}")) % MARKS)
            .collect();
        assert!(marks.len() > 240, "{}", marks.len());
    }

    proptest! {
        #[test]
        fn it_says_what_a_set_says(names in prop::collection::vec("[ab]{0,3}|[a-c]{7,9}|name[0-9]{1,3}", 0..400)) {
            let set: HashSet<&String> = names.iter().collect();
            prop_assert_eq!(twice(&names), set.len() < names.len());
        }
    }
}
