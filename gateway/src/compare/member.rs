//! Places in a JSON text: dotted members with elements, and patterns of them.

use std::fmt;

use parsers::{Field, Layout};

use crate::place;

/// One step into a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// A member of an object.
    Name(&'a str),
    /// An element of an array, from 0.
    Index(usize),
}

/// A place: `items[1].price`; the text itself is `(body)`.
pub(super) struct Path<'a>(pub(super) &'a [Segment<'a>]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, f, false)
    }
}

/// A place whatever the element: `items[*].price`.
pub(super) struct General<'a>(pub(super) &'a [Segment<'a>]);

impl fmt::Display for General<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, f, true)
    }
}

/// Names come from bodies: each is cut.
const NAME_SHOWN: usize = 64;

fn write(path: &[Segment<'_>], f: &mut fmt::Formatter<'_>, general: bool) -> fmt::Result {
    use fmt::Write as _;
    if path.is_empty() {
        return f.write_str("(body)");
    }
    for (index, segment) in path.iter().enumerate() {
        match segment {
            Segment::Name(name) => {
                if index > 0 {
                    f.write_char('.')?;
                }
                name.chars()
                    .take(NAME_SHOWN)
                    .try_for_each(|character| f.write_char(character))?;
            }
            Segment::Index(_) if general => f.write_str("[*]")?,
            Segment::Index(element) => write!(f, "[{element}]")?,
        }
    }
    Ok(())
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            match step {
                Step::Name(name) => write!(f, "{dot}{name}")?,
                Step::AnyName => write!(f, "{dot}*")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::AnyIndex => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// Places as a rule names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    AnyName,
    Index(usize),
    AnyIndex,
}

impl Pattern {
    /// `a.b[*].c`, `a[2]`, `*.b`, `[*].b` for a text that is an array.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for (position, part) in text.trim().split('.').enumerate() {
            let (name, mut rest) = match part.find('[') {
                Some(at) => part.split_at_checked(at)?,
                None => (part, ""),
            };
            match name {
                "" if position == 0 && !rest.is_empty() => {}
                "" => return None,
                "*" => steps.push(Step::AnyName),
                name => steps.push(Step::Name(name.to_owned())),
            }
            while !rest.is_empty() {
                let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
                steps.push(match index {
                    "*" => Step::AnyIndex,
                    number => Step::Index(number.parse().ok()?),
                });
                rest = after;
            }
        }
        Some(Self(steps))
    }

    /// Where a field of a record is in its JSON, under its business name.
    pub(super) fn of_field(layout: &Layout, field: &Field) -> Self {
        let mut steps = Vec::new();
        for field in place::chain(layout, field) {
            steps.push(Step::Name(field.label().to_owned()));
            if field.is_table() {
                steps.push(Step::AnyIndex);
            }
        }
        Self(steps)
    }

    /// Whether it stands for one place.
    pub(super) fn is_single(&self) -> bool {
        self.0
            .iter()
            .all(|step| matches!(step, Step::Name(_) | Step::Index(_)))
    }

    /// The steps to the one place it stands for; none where it stands for several.
    pub(super) fn segments(&self) -> Option<Vec<Segment<'_>>> {
        let mut segments = Vec::with_capacity(self.0.len());
        for step in &self.0 {
            segments.push(match step {
                Step::Name(name) => Segment::Name(name),
                Step::Index(index) => Segment::Index(*index),
                Step::AnyName | Step::AnyIndex => return None,
            });
        }
        Some(segments)
    }

    /// Whether it names this place.
    pub(super) fn is(&self, at: &[Segment<'_>]) -> bool {
        self.0.len() == at.len() && self.covers(at)
    }

    /// Whether it names this place or one around it.
    pub(super) fn covers(&self, at: &[Segment<'_>]) -> bool {
        self.0.len() <= at.len()
            && self
                .0
                .iter()
                .zip(at)
                .all(|(step, segment)| match (step, segment) {
                    (Step::Name(wanted), Segment::Name(name)) => wanted == name,
                    (Step::AnyName, Segment::Name(_)) | (Step::AnyIndex, Segment::Index(_)) => true,
                    (Step::Index(wanted), Segment::Index(index)) => wanted == index,
                    (Step::Name(_) | Step::AnyName, Segment::Index(_))
                    | (Step::Index(_) | Step::AnyIndex, Segment::Name(_)) => false,
                })
    }
}
