//! Names of either side: pointers, paths and fields, as ways and as targets.

use parsers::{Field, FieldKind, Layout};
use toml::Spanned;

use super::{Compiler, End, Frame, notation};
use crate::mapping::program::{Format, Target};
use crate::mapping::way::{Notation, Way};
use crate::place;

/// One side of a section, or of a list within it.
#[derive(Debug, Clone)]
pub(super) enum Side<'l> {
    /// JSON, XML, a form or a query.
    Tree {
        notation: Notation,
        prefixes: Vec<(String, u16)>,
        /// Its values are texts, also those that are numbers.
        textual: bool,
        /// Members of members cannot be said.
        flat: bool,
    },
    /// A record, or the occurrences of one of its tables.
    Record {
        layout: &'l Layout,
        /// The table.
        base: Option<u32>,
        /// Where the record stands among those that were read.
        before: Way,
    },
}

/// What a name of the source leads to.
pub(super) struct Found<'l> {
    pub(super) way: Way,
    pub(super) field: Option<&'l Field>,
}

/// What a name of the target stands for, outermost first.
pub(super) struct Place<'l> {
    pub(super) steps: Vec<(Target, Option<&'l Field>)>,
}

/// Fields on the way to one, each perhaps with the occurrence that is meant, from 0.
type Labels<'l> = Vec<(&'l Field, Option<usize>)>;

impl<'l> Side<'l> {
    pub(super) fn of_record(layout: &'l Layout) -> Self {
        Self::Record {
            layout,
            base: None,
            before: Way::default(),
        }
    }

    /// The nth record of those that are read; where there may be several, one of them is what names begin at.
    pub(super) fn below(self, nth: usize, each: bool) -> Self {
        match self {
            Self::Record { layout, base, .. } if !each => Self::Record {
                layout,
                base,
                before: Way::of_labels("", &[(&nth.to_string(), None)]),
            },
            side => side,
        }
    }

    /// What names begin at within a list.
    pub(super) fn within(&self, table: Option<&Field>) -> Self {
        match self {
            Self::Tree { .. } => self.clone(),
            Self::Record { layout, .. } => Self::Record {
                layout,
                base: table.map(Field::id),
                before: Way::default(),
            },
        }
    }

    /// Whether its numbers come as texts.
    pub(super) fn is_textual(&self) -> bool {
        matches!(self, Self::Tree { textual: true, .. })
    }

    /// Which of several records it is.
    pub(super) fn record(&self) -> Option<Way> {
        match self {
            Self::Record { before, .. } if !before.steps().is_empty() => Some(before.clone()),
            _ => None,
        }
    }

    pub(super) fn layout(&self) -> Option<&'l Layout> {
        match self {
            Self::Tree { .. } => None,
            Self::Record { layout, .. } => Some(layout),
        }
    }
}

impl Compiler<'_> {
    pub(super) fn side<'l>(&self, frame: &Frame<'_>, format: &'l Format, end: End) -> Side<'l> {
        let prefixes = frame.prefixes.iter();
        let prefixes = prefixes.map(|(prefix, number)| ((*prefix).to_owned(), *number));
        match format {
            Format::Record(layout) => Side::of_record(layout),
            _ => Side::Tree {
                notation: notation(format),
                prefixes: prefixes.collect(),
                textual: !matches!(format, Format::Json | Format::Records(_)),
                flat: end == End::Target && matches!(format, Format::Form | Format::Query),
            },
        }
    }

    /// Where a name of the source leads.
    pub(super) fn way<'l>(&mut self, at: &Spanned<String>, side: &Side<'l>) -> Option<Found<'l>> {
        let text = at.get_ref();
        match side {
            Side::Tree {
                notation, prefixes, ..
            } => {
                let space = |prefix: &str| {
                    let mut known = prefixes.iter();
                    let known = known.find(|(known, _)| known == prefix);
                    known.map(|(_, number)| *number)
                };
                let way = Way::parse(text, *notation, space);
                let way = way.map_err(|message| self.fault(at, message)).ok()?;
                // What an element has is its text, also where that is empty.
                let way = match *notation {
                    Notation::Path => way.without_text(),
                    Notation::Pointer => way,
                };
                Some(Found { way, field: None })
            }
            Side::Record {
                layout,
                base,
                before,
            } => {
                let (field, labels) = self.labels(at, layout, *base)?;
                let labels: Vec<(&str, Option<usize>)> = labels
                    .iter()
                    .map(|(field, nth)| (field.label(), *nth))
                    .collect();
                let way = Way::of_labels(&format!("/{}", text.to_uppercase()), &labels);
                Some(Found {
                    way: way.within(before),
                    field: Some(field),
                })
            }
        }
    }

    /// What is to be written under a name of the target.
    pub(super) fn place<'l>(&mut self, at: &Spanned<String>, side: &Side<'l>) -> Option<Place<'l>> {
        let text = at.get_ref();
        match side {
            Side::Tree {
                notation,
                prefixes,
                flat,
                ..
            } => {
                let mut known = prefixes.iter().map(|(prefix, _)| prefix.as_str());
                let steps = targets(text, *notation, |prefix| known.any(|one| one == prefix))
                    .map_err(|message| self.fault(at, message))
                    .ok()?;
                if steps.is_empty() || (*flat && steps.len() > 1) {
                    let wanted = if *flat { "/name" } else { "/name/name" };
                    self.fault(at, format!("wanted {wanted}, got \"{text}\""));
                    return None;
                }
                let steps = steps.into_iter().map(|target| (target, None)).collect();
                Some(Place { steps })
            }
            Side::Record { layout, base, .. } => {
                let (_, labels) = self.labels(at, layout, *base)?;
                if labels.iter().any(|(_, nth)| nth.is_some()) {
                    self.fault(at, "one occurrence alone cannot be written: name the table, and give it fields");
                    return None;
                }
                let steps = labels
                    .into_iter()
                    .map(|(field, _)| (Target::of_field(field), Some(field)))
                    .collect();
                Some(Place { steps })
            }
        }
    }

    /// The fields on the way to a field, from a table of it on, with the occurrences that are named.
    fn labels<'l>(
        &mut self,
        at: &Spanned<String>,
        layout: &'l Layout,
        base: Option<u32>,
    ) -> Option<(&'l Field, Labels<'l>)> {
        let text = at.get_ref();
        let table = base.and_then(|id| layout.field(id));
        let within = table.map(|table| layout.resolve(&format!("{}.{text}", table.path())));
        let path = match within {
            Some(Ok(path)) => path,
            _ => layout
                .resolve(text)
                .map_err(|error| self.fault(at, error.to_string()))
                .ok()?,
        };
        let field = layout.field_of(&path);
        if field.level() == 66 || field.is_hidden() {
            self.fault(at, format!("{path} has no value of its own"));
            return None;
        }
        let chain = place::chain(layout, field);
        let mut labels = Vec::with_capacity(chain.len());
        let mut inside = table.is_none();
        for (part, step) in path.as_str().split('.').zip(&chain) {
            let nth = part.split_once('(').and_then(|(_, rest)| {
                let number = rest.strip_suffix(')')?.parse::<usize>().ok()?;
                number.checked_sub(1)
            });
            if inside {
                labels.push((*step, nth));
                if step.is_table() && nth.is_none() && step.id() != field.id() {
                    self.fault_with_help(
                        at,
                        format!("{path} occurs several times"),
                        format!("name the table {}, and give it fields = [...]", step.name()),
                    );
                    return None;
                }
            }
            inside |= table.is_some_and(|table| table.id() == step.id());
        }
        match (table, inside && (!labels.is_empty() || table.is_none())) {
            (_, true) => Some((field, labels)),
            (Some(table), false) if table.id() == field.id() => Some((field, Vec::new())),
            (table, false) => {
                let table = table.map_or("the record", |table| table.name());
                self.fault(at, format!("{path} is not in {table}"));
                None
            }
        }
    }
}

/// The names on the way to a place that is written.
fn targets(
    text: &str,
    notation: Notation,
    mut known: impl FnMut(&str) -> bool,
) -> Result<Vec<Target>, String> {
    // What is wrong with a way is wrong with a place.
    let way = Way::parse(text, notation, |prefix| known(prefix).then_some(0))?;
    let Some(rest) = text.strip_prefix('/') else {
        return Ok(Vec::new());
    };
    let mut targets = Vec::with_capacity(way.steps().len());
    for (step, part) in way.steps().iter().zip(rest.split('/')) {
        if notation == Notation::Pointer {
            targets.push(Target::new(step.name(), None));
            continue;
        }
        if step.nth().is_some() {
            return Err(format!(
                "\"{part}\" is one of several: name what is repeated, and give it fields"
            ));
        }
        let bare = part.strip_prefix('@').unwrap_or(part);
        let prefix = bare.split_once(':').map(|(prefix, _)| prefix);
        targets.push(Target::new(step.name(), prefix));
    }
    let attribute = |target: &Target| target.local.starts_with('@') || *target.local == *"#text";
    let before_last = targets.split_last().map(|(_, before)| before);
    if before_last.is_some_and(|before| before.iter().any(attribute)) {
        return Err("nothing can be within an attribute".to_owned());
    }
    Ok(targets)
}

/// Whether a field holds one value.
pub(super) fn is_single(field: &Field) -> bool {
    field.kind() != FieldKind::Group
}
