//! A way into a body: a JSON pointer (RFC 6901), or a path of XPath's short form, `/order/line[2]/@no`. Pure.

use std::fmt;

use super::event::Name;

/// A way, from where one is. Empty for where one is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    text: Box<str>,
    steps: Box<[Step]>,
}

/// A step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    name: Box<str>,
    /// The namespace; any if none.
    space: Option<u16>,
    /// Which of several of one name, from 0.
    nth: Option<usize>,
    /// Which item, where it leads into a list.
    index: Option<usize>,
}

impl Step {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace, if it says one.
    #[must_use]
    pub fn space(&self) -> Option<u16> {
        self.space
    }

    pub(crate) fn nth(&self) -> Option<usize> {
        self.nth
    }

    pub(crate) fn index(&self) -> Option<usize> {
        self.index
    }

    /// Whether a name is meant.
    pub(crate) fn is(&self, name: &Name<'_>) -> bool {
        same(self.name.as_bytes(), name.local.as_bytes())
            && self.space.is_none_or(|space| space == name.space)
    }
}

/// Whether two names are the same, by their ends where these are all of them: names are too short for a call to pay.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>()) {
        (Some(head), Some(other)) if a.len() <= 16 => {
            head == other && a.last_chunk::<8>() == b.last_chunk::<8>()
        }
        (Some(_), Some(_)) => a == b,
        _ => match (a.first_chunk::<4>(), b.first_chunk::<4>()) {
            (Some(head), Some(other)) => {
                head == other && a.last_chunk::<4>() == b.last_chunk::<4>()
            }
            _ => a.iter().eq(b),
        },
    }
}

/// How a way is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// A JSON pointer: `~0` and `~1` stand for `~` and `/`.
    Pointer,
    /// `/a/b[2]/@c`; `p:a` where the prefix is known.
    Path,
}

impl Way {
    /// Reads a way. `space` tells the number of a prefix.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(
        text: &str,
        notation: Notation,
        mut space: impl FnMut(&str) -> Option<u16>,
    ) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return match text {
                "" => Ok(Self::default()),
                _ => Err(format!("wanted a way that begins with `/`, got \"{text}\"")),
            };
        };
        let steps = rest
            .split('/')
            .map(|part| match notation {
                Notation::Pointer => pointer(part),
                Notation::Path => path(part, &mut space),
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            text: text.into(),
            steps,
        })
    }

    /// The way through the JSON of a record: labels, and which occurrence of a table (from 0).
    pub(crate) fn of_labels(text: &str, labels: &[(&str, Option<usize>)]) -> Self {
        let mut steps = Vec::with_capacity(labels.len());
        for (label, occurrence) in labels {
            let step = |name: &str, index| Step {
                name: name.into(),
                space: None,
                nth: None,
                index,
            };
            steps.push(step(label, None));
            steps.extend(occurrence.map(|nth| step("", Some(nth))));
        }
        Self {
            text: text.into(),
            steps: steps.into(),
        }
    }

    /// The same, to the element instead of to its text.
    pub(crate) fn without_text(mut self) -> Self {
        if let Some((last, before)) = self.steps.split_last()
            && *last.name == *Name::TEXT
        {
            self.steps = before.into();
        }
        self
    }

    /// This way, and then that one; told as the second.
    pub(crate) fn within(mut self, before: &Self) -> Self {
        let steps = before.steps.iter().chain(&*self.steps).cloned();
        self.steps = steps.collect();
        self
    }

    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn pointer(part: &str) -> Result<Step, String> {
    let mut rest = part;
    while let Some((_, after)) = rest.split_once('~') {
        if !after.starts_with(['0', '1']) {
            return Err(format!("wanted `~0` or `~1` after a `~`, got \"{part}\""));
        }
        rest = after;
    }
    // RFC 6901 section 4: no zeros in front.
    let plain = part == "0" || !part.starts_with('0');
    let index = Some(part)
        .filter(|part| plain && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|part| part.parse().ok());
    Ok(Step {
        name: part.replace("~1", "/").replace("~0", "~").into(),
        space: None,
        nth: None,
        index,
    })
}

fn path(part: &str, space: &mut impl FnMut(&str) -> Option<u16>) -> Result<Step, String> {
    let wrong = || format!("wanted a name, `@name` or `name[2]` between slashes, got \"{part}\"");
    let (name, nth) = match part.split_once('[') {
        None => (part, None),
        Some((name, rest)) => {
            let number = rest
                .strip_suffix(']')
                .and_then(|rest| rest.parse::<usize>().ok());
            let nth = number.and_then(|number| number.checked_sub(1));
            (name, Some(nth.ok_or_else(wrong)?))
        }
    };
    let (at, name) = match name.strip_prefix('@') {
        Some(name) => ("@", name),
        None => ("", name),
    };
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    if local != Name::TEXT && !is_name(local) {
        return Err(wrong());
    }
    let space = match prefix {
        None => None,
        Some(prefix) => {
            let number = space(prefix);
            Some(number.ok_or_else(|| format!("no namespace has the prefix `{prefix}`"))?)
                .filter(|number| *number != Name::ANY)
        }
    };
    Ok(Step {
        name: format!("{at}{local}").into(),
        space,
        nth,
        index: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::same;

    proptest! {
        #[test]
        fn names_are_the_same_where_they_are(a in "[ab]{0,20}", at in 0usize..20) {
            prop_assert!(same(a.as_bytes(), a.clone().as_bytes()));
            let mut other = a.clone().into_bytes();
            if let Some(byte) = other.get_mut(at) {
                *byte = b'c';
            }
            prop_assert_eq!(same(a.as_bytes(), &other), at >= a.len());
            other.push(b'c');
            prop_assert!(!same(a.as_bytes(), &other));
        }
    }
}
