//! Which elements of two lists belong together where their order does not count. Pure.

use std::collections::{HashMap, VecDeque};

/// Places in the first and the second list; one of them is missing where an element is alone.
pub(super) type Paired = Vec<(Option<usize>, Option<usize>)>;

/// By keys: the first element of a key belongs to the first of the same key, the second to the second.
pub(super) fn by_key(one: &[Option<String>], other: &[Option<String>]) -> Paired {
    let mut waiting: HashMap<&Option<String>, VecDeque<usize>> = HashMap::new();
    for (place, key) in other.iter().enumerate() {
        waiting.entry(key).or_default().push_back(place);
    }
    let mut paired: Paired = Vec::with_capacity(one.len().max(other.len()));
    for (place, key) in one.iter().enumerate() {
        let partner = waiting.get_mut(key).and_then(VecDeque::pop_front);
        paired.push((Some(place), partner));
    }
    let mut alone: Vec<usize> = waiting.into_values().flatten().collect();
    alone.sort_unstable();
    paired.extend(alone.into_iter().map(|place| (None, Some(place))));
    paired
}

/// By value: as many elements as possible get a partner that is the same. What is left belongs together in order, so
/// that a person sees in what it differs. `same` gives none when it was asked too often.
///
/// Being the same need not be transitive (a tolerance is not), so taking the first that fits could leave others without
/// a partner: a maximum matching is sought along augmenting paths (Kuhn 1955; Hopcroft and Karp 1973, theorem 1).
pub(super) fn by_value(
    one: usize,
    other: usize,
    mut same: impl FnMut(usize, usize) -> Option<bool>,
) -> Option<Paired> {
    let mut known: HashMap<(usize, usize), bool> = HashMap::new();
    let mut of_one: Vec<Option<usize>> = vec![None; one];
    let mut of_other: Vec<Option<usize>> = vec![None; other];
    for start in 0..one {
        let Some(path) = augmenting(start, &of_other, |left, right| {
            if let Some(known) = known.get(&(left, right)) {
                return Some(*known);
            }
            let answer = same(left, right)?;
            known.insert((left, right), answer);
            Some(answer)
        })?
        else {
            continue;
        };
        for (left, right) in path {
            if let (Some(of_one), Some(of_other)) = (of_one.get_mut(left), of_other.get_mut(right))
            {
                *of_one = Some(right);
                *of_other = Some(left);
            }
        }
    }
    let mut alone = (0..other).filter(|place| matches!(of_other.get(*place), Some(None)));
    let mut paired: Paired = Vec::with_capacity(one.max(other));
    for (place, partner) in of_one.iter().enumerate() {
        paired.push((Some(place), partner.or_else(|| alone.next())));
    }
    paired.extend(alone.map(|place| (None, Some(place))));
    Some(paired)
}

/// Pairs to be made so that `start` gets a partner and nobody loses one; none if there are none.
#[allow(
    clippy::option_option,
    reason = "outside: the asking has an end; inside: there is such a path"
)]
fn augmenting(
    start: usize,
    of_other: &[Option<usize>],
    mut same: impl FnMut(usize, usize) -> Option<bool>,
) -> Option<Option<Vec<(usize, usize)>>> {
    // From which of the first list each of the second was reached.
    let mut from: Vec<Option<usize>> = vec![None; of_other.len()];
    let mut next = VecDeque::from([start]);
    while let Some(left) = next.pop_front() {
        // Most lists are in the same order: the same place is tried first.
        let places =
            std::iter::once(left).chain((0..of_other.len()).filter(|right| *right != left));
        for right in places {
            let Some(reached) = from.get_mut(right) else {
                continue;
            };
            if reached.is_some() || !same(left, right)? {
                continue;
            }
            *reached = Some(left);
            match of_other.get(right).copied().flatten() {
                Some(taken) => next.push_back(taken),
                None => return Some(Some(traced(start, right, &from, of_other))),
            }
        }
    }
    Some(None)
}

/// The path back from a free element of the second list.
fn traced(
    start: usize,
    end: usize,
    from: &[Option<usize>],
    of_other: &[Option<usize>],
) -> Vec<(usize, usize)> {
    let mut path = Vec::new();
    let mut right = end;
    while let Some(left) = from.get(right).copied().flatten() {
        path.push((left, right));
        if left == start {
            break;
        }
        // The partner that it gives up.
        match of_other.iter().position(|taken| *taken == Some(left)) {
            Some(given_up) => right = given_up,
            None => break,
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_partner_is_given_up_for_another_where_both_then_have_one() {
        let (one, other) = ([10, 15], [12, 6]);
        let near = |left: usize, right: usize| {
            let apart: i32 = one[left] - other[right];
            Some(apart.abs() <= 5)
        };
        let paired = by_value(2, 2, near).unwrap();
        assert_eq!(paired, [(Some(0), Some(1)), (Some(1), Some(0))]);
    }

    #[test]
    fn elements_without_a_partner_are_paired_in_order_and_the_rest_is_alone() {
        let (one, other) = ([1, 2, 3], [3, 9, 1, 8]);
        let paired = by_value(3, 4, |left, right| Some(one[left] == other[right])).unwrap();
        assert_eq!(
            paired,
            [
                (Some(0), Some(2)),
                (Some(1), Some(1)),
                (Some(2), Some(0)),
                (None, Some(3))
            ]
        );
        let key = |text: &str| Some(text.to_owned());
        let paired = by_key(
            &[key("a"), key("b"), None, key("a")],
            &[None, key("a"), key("c")],
        );
        assert_eq!(
            paired,
            [
                (Some(0), Some(1)),
                (Some(1), None),
                (Some(2), Some(0)),
                (Some(3), None),
                (None, Some(2))
            ]
        );
    }

    #[test]
    fn the_asking_has_an_end() {
        let mut left = 10;
        let paired = by_value(100, 100, |_, _| {
            left -= 1;
            (left > 0).then_some(false)
        });
        assert_eq!(paired, None);
    }

    proptest! {
        /// Against trying every way, on lists short enough for that.
        #[test]
        fn as_many_get_a_partner_as_can(edges in prop::collection::vec(any::<bool>(), 25)) {
            let same = |left: usize, right: usize| edges[left * 5 + right];
            let paired = by_value(5, 5, |left, right| Some(same(left, right))).unwrap();
            let found = paired.iter().filter(|pair| matches!(pair, (Some(left), Some(right)) if same(*left, *right))).count();
            fn most(left: usize, taken: &mut [bool; 5], same: &dyn Fn(usize, usize) -> bool) -> usize {
                if left == 5 {
                    return 0;
                }
                let mut best = most(left + 1, taken, same);
                for right in 0..5 {
                    if !taken[right] && same(left, right) {
                        taken[right] = true;
                        best = best.max(1 + most(left + 1, taken, same));
                        taken[right] = false;
                    }
                }
                best
            }
            prop_assert_eq!(found, most(0, &mut [false; 5], &same));
            let mut seen: Vec<_> = paired.iter().filter_map(|pair| pair.1).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, [0, 1, 2, 3, 4]);
        }
    }
}
