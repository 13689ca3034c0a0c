//! The name someone may have meant: in a configuration, of whatever kind.

/// `did you mean "lots"?`, or the names there are, if they are few; nothing where neither helps.
#[must_use]
pub fn near_help<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(name, names.clone()) {
        return Some(format!("did you mean \"{near}\"?"));
    }
    let mut known: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    known.sort_unstable();
    (!known.is_empty() && known.len() <= 8).then(|| format!("there are: {}", known.join(", ")))
}

/// The nearest by edit distance, within a third of the length (short names are all alike).
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).min(4);
    names
        .map(|other| (distance(name, other), other))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, other)| other)
}

/// How many letters to change, add, drop or swap with their neighbour (optimal string alignment), without regard to case,
/// of the first 64.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<char> {
        text.chars()
            .take(64)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let (a, b) = (letters(a), letters(b));
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let changed = at(&row, j) + usize::from(x != y);
            let mut best = changed.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_meant_and_few_names_are_told() {
        let names = ["lots", "materials"];
        let help = |name| near_help(name, names.into_iter());
        assert_eq!(help("lost").as_deref(), Some(r#"did you mean "lots"?"#));
        assert_eq!(
            help("orders").as_deref(),
            Some(r#"there are: "lots", "materials""#)
        );
        assert_eq!(help("LOTS").as_deref(), Some(r#"did you mean "lots"?"#));
        assert_eq!(help("lot").as_deref(), Some(r#"did you mean "lots"?"#));
        assert_eq!(
            help("materails").as_deref(),
            Some(r#"did you mean "materials"?"#)
        );
        assert_eq!(near_help("x", std::iter::empty()), None);
    }
}
