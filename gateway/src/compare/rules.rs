//! What a route says about comparing, compiled against the client's shape once, when the table is built.

use parsers::{Field, Layout};

use super::member::{Pattern, Segment};
use crate::route::shape::Shape;

/// What a route says about comparing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Fields that are not compared, as they were written: copybook paths or dotted JSON members.
    ignore: Vec<String>,
    /// For a record: by the number of the field, whether it is left out with all its occurrences.
    fields: Vec<bool>,
    /// For a record: occurrences that are left out, with subscripts.
    occurrences: Vec<String>,
    /// For a record: whether bytes of no field are left out.
    fillers: Fillers,
    /// For JSON: members that are left out.
    members: Vec<Pattern>,
    /// For JSON: members that are personal data by the copybook of one of the route's sides.
    masked: Vec<Pattern>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Fillers {
    #[default]
    Compare,
    Ignore,
}

/// An entry of `ignore` that names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRule {
    /// Which one, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Rules {
    /// Compiles `ignore` against the shape that clients get. `layouts` are those of the route's sides, for masking.
    ///
    /// For a record an entry is a copybook path, with subscripts for one occurrence or without for all; a group
    /// stands for all in it; `FILLER` stands for all bytes of no field. For JSON it is member names parted by dots,
    /// `[3]` or `[*]` for elements, `*` for any member; a member stands for all in it.
    ///
    /// # Errors
    /// Every entry that names nothing.
    pub fn new(
        ignore: &[String],
        shape: &Shape,
        layouts: &[&Layout],
    ) -> Result<Self, Vec<BadRule>> {
        let mut rules = Self {
            ignore: ignore.to_vec(),
            ..Self::default()
        };
        let mut faults = Vec::new();
        for (index, text) in ignore.iter().enumerate() {
            if let Err(reason) = rules.add(text, shape) {
                faults.push(BadRule { index, reason });
            }
        }
        if matches!(shape, Shape::Json) {
            let private = layouts.iter().flat_map(|layout| {
                let fields = layout.fields().filter(|field| field.pii().is_some());
                fields.map(|field| Pattern::of_field(layout, field))
            });
            rules.masked = private.collect();
        }
        if faults.is_empty() {
            Ok(rules)
        } else {
            Err(faults)
        }
    }

    /// The same, with more members that are personal data.
    #[must_use]
    pub fn masking<'m>(mut self, members: impl Iterator<Item = &'m String>) -> Self {
        self.masked
            .extend(members.filter_map(|member| Pattern::parse(member)));
        self
    }

    fn add(&mut self, text: &str, shape: &Shape) -> Result<(), String> {
        match shape {
            Shape::Opaque => {
                Err("an opaque answer has no fields: wanted json or a record".to_owned())
            }
            Shape::Json | Shape::Xml | Shape::Form => {
                let pattern = Pattern::parse(text)
                    .ok_or_else(|| format!("wanted members such as `a.b[*].c`, got `{text}`"))?;
                self.members.push(pattern);
                Ok(())
            }
            Shape::Record(layout) => self.add_field(text, layout),
        }
    }

    fn add_field(&mut self, text: &str, layout: &Layout) -> Result<(), String> {
        if text.trim().eq_ignore_ascii_case("filler") {
            self.fillers = Fillers::Ignore;
            return Ok(());
        }
        let path = layout.resolve(text).map_err(|error| error.to_string())?;
        if path.as_str().contains('(') {
            self.occurrences.push(path.as_str().to_owned());
            return Ok(());
        }
        let wanted = layout.field_of(&path).id();
        self.fields.resize(layout.fields().count(), false);
        for (field, ignored) in layout.fields().zip(&mut self.fields) {
            *ignored |= under(layout, field, wanted);
        }
        Ok(())
    }

    /// The entries as they were written.
    #[must_use]
    pub fn ignore(&self) -> &[String] {
        &self.ignore
    }

    /// Whether a field is left out wherever it occurs.
    pub(super) fn ignores_field(&self, field: &Field) -> bool {
        let id = usize::try_from(field.id()).unwrap_or(usize::MAX);
        self.fields.get(id).copied().unwrap_or(false)
    }

    /// Whether bytes of no field are left out.
    pub(super) fn ignores_fillers(&self) -> bool {
        self.fillers == Fillers::Ignore
    }

    /// Whether the occurrence of this path is left out; only asked for fields in tables.
    pub(super) fn ignores_occurrence(&self, path: &str) -> bool {
        self.occurrences.iter().any(|ignored| {
            path.strip_prefix(ignored.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Whether a JSON member is, or is in, one that is left out.
    pub(super) fn ignores_member(&self, at: &[Segment<'_>]) -> bool {
        self.members.iter().any(|pattern| pattern.covers(at))
    }

    /// Whether a JSON member is, or is in, personal data.
    pub(super) fn masks_member(&self, at: &[Segment<'_>]) -> bool {
        self.masked.iter().any(|pattern| pattern.covers(at))
    }
}

/// Whether a field is another, or below it.
fn under(layout: &Layout, field: &Field, wanted: u32) -> bool {
    let mut at = Some(field);
    while let Some(field) = at {
        if field.id() == wanted {
            return true;
        }
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    false
}
