//! What a route says about comparing, compiled against the client's shape once, when the table is built.

use std::sync::Arc;

use http::{HeaderName, StatusCode};
use parsers::{Field, Layout};

use super::again::{NoiseRule, Recheck};
use super::allowed::Allowed;
use super::answer::Answer;
use super::failure::Failure;
use super::leniency::Leniency;
use super::list::{By, Lists};
use super::member::{Pattern, Segment};
use super::variant::{ALL, Variants};
use crate::route::Side;
use crate::route::shape::Shape;

/// What a route says about comparing. Without a word everything counts but headers.
#[derive(Debug, Default, Clone)]
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
    /// Fields whose values may differ somewhat.
    pub(super) allowed: Allowed,
    /// Lists whose order does not count.
    pub(super) lists: Lists,
    /// Headers that count.
    headers: Vec<HeaderName>,
    /// What legacy and modern say for the same.
    status: Vec<(StatusCode, StatusCode)>,
    /// Which answers are errors, beside their status.
    pub(super) failure: Option<Failure>,
    /// Which kinds of answers are told apart.
    variants: Option<Variants>,
    recheck: Option<Recheck>,
    noise: Option<NoiseRule>,
    digest: String,
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
            failure: Failure::of_meaning(shape),
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

    /// The same, with headers that count. Their values are compared as they stand.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<HeaderName>) -> Self {
        self.headers = headers;
        self
    }

    /// The same, with statuses of legacy and of modern that stand for the same.
    #[must_use]
    pub fn with_status(mut self, pairs: Vec<(StatusCode, StatusCode)>) -> Self {
        self.status = pairs;
        self
    }

    /// The same, with what says that an answer is an error.
    #[must_use]
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }

    /// The same, with kinds of answers that are told apart in the evidence.
    #[must_use]
    pub fn with_variants(mut self, variants: Variants) -> Self {
        self.variants = Some(variants);
        self
    }

    /// The same, with when sides are asked once more.
    #[must_use]
    pub fn with_again(mut self, recheck: Option<Recheck>, noise: Option<NoiseRule>) -> Self {
        self.recheck = recheck;
        self.noise = noise;
        self
    }

    /// The same, under a digest of all that is said: what was found by rules with another does not add up with what these find.
    #[must_use]
    pub fn with_digest(mut self, digest: String) -> Self {
        self.digest = digest;
        self
    }

    fn add(&mut self, text: &str, shape: &Shape) -> Result<(), String> {
        match shape {
            Shape::Opaque => {
                Err("an opaque answer has no fields: wanted json or a record".to_owned())
            }
            Shape::Json | Shape::Xml | Shape::Form => {
                self.members.push(member(text)?);
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

    /// Adds how values of a field may differ: a name as in `ignore`, `(header NAME)` for a header that counts, or
    /// `(line)` for the lines of a text. A group or member stands for all in it; of several rules for a field one is
    /// enough.
    ///
    /// # Errors
    /// The name names nothing, or a field of a kind of which the rule cannot speak.
    pub fn lenient(&mut self, text: &str, how: Leniency, shape: &Shape) -> Result<(), String> {
        self.allowed.add(text, how, shape, &self.headers)
    }

    /// Adds a list whose order does not count: an OCCURS of a record, an array of JSON.
    ///
    /// # Errors
    /// It is no list, or one whose elements cannot be told apart that way.
    pub fn unordered(&mut self, text: &str, by: &By, shape: &Shape) -> Result<(), String> {
        self.lists.add(text, by, shape)
    }

    /// The entries as they were written.
    #[must_use]
    pub fn ignore(&self) -> &[String] {
        &self.ignore
    }

    /// The variants that are declared, in the order of the file.
    #[must_use]
    pub fn variants(&self) -> &[Arc<str>] {
        self.variants.as_ref().map_or(&[], Variants::names)
    }

    /// The variant of an answer in the client's shape: a declared one, [`OTHER`](super::OTHER), or [`ALL`] where none is declared.
    #[must_use]
    pub fn variant(&self, answer: &Answer) -> &str {
        let variants = self.variants.as_ref();
        variants.map_or(ALL, |variants| &**variants.of(answer))
    }

    /// How a view that was behind is asked again.
    #[must_use]
    pub fn recheck(&self) -> Option<Recheck> {
        self.recheck
    }

    /// Whether it is learned in what legacy differs from itself.
    #[must_use]
    pub fn noise(&self) -> Option<NoiseRule> {
        self.noise
    }

    /// What stands for all that these rules say.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The headers that count.
    pub(super) fn headers(&self) -> &[HeaderName] {
        &self.headers
    }

    /// Whether what the side says first and what the other says then are the same status.
    pub(super) fn same_status(&self, first: Side, one: StatusCode, other: StatusCode) -> bool {
        let (legacy, modern) = match first {
            Side::Legacy => (one, other),
            Side::Modern => (other, one),
        };
        one == other || self.status.contains(&(legacy, modern))
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
        self.occurrences.iter().any(|ignored| is_in(path, ignored))
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

/// Members as a rule names them.
pub(super) fn member(text: &str) -> Result<Pattern, String> {
    Pattern::parse(text).ok_or_else(|| format!("wanted members such as `a.b[*].c`, got `{text}`"))
}

/// Whether a path is another, or below it.
pub(super) fn is_in(path: &str, around: &str) -> bool {
    path.strip_prefix(around)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(']))
}

/// Whether a field is another, or below it.
pub(super) fn under(layout: &Layout, field: &Field, wanted: u32) -> bool {
    let mut at = Some(field);
    while let Some(field) = at {
        if field.id() == wanted {
            return true;
        }
        at = field.parent_id().and_then(|id| layout.field(id));
    }
    false
}
