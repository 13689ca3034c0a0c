//! The layout as a flat program: what [`super::walk`] and [`super::encode`] run over each record.
//!
//! [`Op`]s are in the order of the record; groups, tables and choices hold the index of the op after them, so one slice
//! of ops is one body. [`build`](mod@build) makes it once; nothing is looked up by name afterwards.

mod build;

use super::field::{Field, to_usize};
use super::matching::{Initial, Match};
use super::names::Names;
pub(super) use super::resolve::Nulls;
use super::select::Rule;
use super::sql::Indicator;
use crate::codec::Codec;
use crate::codec::edit::Editor;
use crate::temporal::TemporalForm;
pub(super) use build::{Parts, build};

/// One step.
#[derive(Debug)]
pub(crate) enum Op {
    /// An elementary item: index into [`Program::leaves`].
    Leaf(u32),
    /// A column as long as its value: index into [`Program::leaves`].
    Varying(u32),
    /// A group begins; `end` is the op after its end.
    GroupStart { field: u32, end: u32 },
    /// It ends.
    GroupEnd { field: u32 },
    /// A table: index into [`Program::tables`]; the ops up to `end` are one occurrence.
    Array { table: u32, end: u32 },
    /// A place with several views: index into [`Program::choices`]; the ops up to `end` are their bodies.
    Choice { choice: u32, end: u32 },
    /// A field stands here (or did, just now) that something later looks at: index into [`Program::marked`].
    Mark { slot: u32, offset: u32 },
    /// Bytes of no field: slack (00), or what a view leaves of its area (blanks).
    Gap { offset: u32, len: u32, fill: u8 },
}

/// An elementary item.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) field: u32,
    /// Of the first occurrence.
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) codec: Codec,
    pub(crate) form: Form,
    pub(crate) nulls: Option<Box<Nulls>>,
    /// What it holds where nothing is given: its VALUE, blanks or zero.
    pub(crate) initial: Initial,
    pub(crate) hidden: bool,
    /// The byte that makes a column of an unloaded table null.
    pub(crate) null: Option<Box<Indicator>>,
    /// It is such a byte; `nulls` has its other value.
    pub(crate) indicator: bool,
}

impl Leaf {
    /// Whether fewer bytes than it has still mean something.
    pub(crate) fn may_be_cut(&self) -> bool {
        matches!((self.codec, &self.form), (Codec::Text { .. }, Form::Plain))
    }
}

/// What a table occurs.
#[derive(Debug)]
pub(crate) struct Occurrences {
    pub(crate) field: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// Bytes of an occurrence, with most occurrences of the tables in it.
    pub(crate) stride: u32,
    /// With fewest.
    pub(crate) least: u32,
    /// What counts it; `None` for a fixed number of occurrences.
    pub(crate) counter: Option<Counter>,
    /// What it lacks moves what follows.
    pub(crate) moves: bool,
    /// What it lacks is there all the same: bytes of no field.
    pub(crate) keeps: bool,
    /// Something in it moves or is marked.
    pub(crate) inner: bool,
}

/// The field that counts a table.
#[derive(Debug)]
pub(crate) struct Counter {
    pub(crate) field: u32,
    /// Where it has no fixed place: its mark.
    pub(crate) slot: Option<u32>,
    /// What its contents count, where they are not the number.
    pub(crate) texts: Vec<(Match, u32)>,
}

/// What the meaning makes of the scalar.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Plain,
    Bytes,
    /// The value that an edited picture shows.
    Edited(Box<Editor>),
    Temporal(Box<TemporalForm>),
    Flag(Box<Flag>),
    /// By its level 88 entries.
    Names(Box<Names>),
}

/// A flag's values: those that hold, and the bytes written for it.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) yes: Vec<Match>,
    pub(crate) no: Vec<Match>,
    pub(crate) yes_bytes: Box<[u8]>,
    pub(crate) no_bytes: Box<[u8]>,
}

/// One place with several views (REDEFINES, or several 01s).
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) offset: u32,
    /// After the longest view, FILLERs among them.
    pub(crate) end: u32,
    pub(crate) views: Vec<View>,
    /// By the meaning's record types; without any, every view that decodes is shown.
    pub(crate) rules: Vec<Rule>,
    /// The record ends where the chosen view does.
    pub(crate) variable: bool,
    /// A field that chooses stands after it.
    pub(crate) late: bool,
    /// One stands even after the group that it is in.
    pub(crate) far: bool,
}

/// One view of a place.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) field: u32,
    /// Its ops.
    pub(crate) body: (u32, u32),
    /// Offset after it, without the occurrences of a table of varying length at its end.
    pub(crate) fixed_end: u32,
    /// Offset after it, where tables in it move its end; else its rest of the area is a gap among its ops.
    pub(crate) loose_end: Option<u32>,
    /// Nothing in it can fail to decode, given bytes up to `fixed_end`.
    pub(crate) sure: bool,
}

/// The whole.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) ops: Vec<Op>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) tables: Vec<Occurrences>,
    /// Fields without a fixed place that something looks at besides their value, in order.
    pub(crate) marked: Vec<u32>,
    /// Fields that count tables, in order.
    counters: Vec<u32>,
    /// Fields whose value says where or what others are, in order: counters, tested fields, elementary views.
    pub(super) pivots: Vec<u32>,
    /// A counter is in a view, which may not be shown.
    pub(crate) counts_in_views: bool,
    /// Some table moves what follows it.
    pub(crate) moving: bool,
    /// Fields whose place depends on counts; empty where nothing moves.
    movable: Vec<bool>,
    /// Leaf of each elementary field.
    pub(crate) leaf_of: Vec<Option<u32>>,
    /// Canonical length without tables of varying length and variable choices.
    pub(crate) fixed_end: u32,
    /// The shortest record that can decode.
    pub(crate) min_len: u32,
    /// With every table full and the longest views.
    pub(crate) max_len: u32,
}

impl Program {
    /// The mark of a field.
    pub(crate) fn slot(&self, field: u32) -> Option<u32> {
        u32::try_from(self.marked.binary_search(&field).ok()?).ok()
    }

    /// Whether a field counts a table.
    pub(crate) fn counts(&self, field: u32) -> bool {
        self.counters.binary_search(&field).is_ok()
    }

    /// Whether what a record holds decides where its fields are, or which.
    pub(crate) fn branches(&self) -> bool {
        !(self.choices.is_empty() && self.counters.is_empty() && !self.moving)
    }

    /// Whether the value of a field says where or what others are.
    pub(crate) fn is_pivot(&self, field: u32) -> bool {
        self.pivots.binary_search(&field).is_ok()
    }

    /// Whether anything has a mark.
    pub(crate) fn is_marked(&self) -> bool {
        !self.marked.is_empty()
    }

    /// Whether a field's place depends on counts.
    pub(crate) fn is_movable(&self, field: u32) -> bool {
        self.movable.get(to_usize(field)).copied().unwrap_or(false)
    }

    /// The leaf of an elementary field.
    pub(crate) fn leaf_of(&self, field: u32) -> Option<&Leaf> {
        let leaf = (*self.leaf_of.get(to_usize(field))?)?;
        self.leaves.get(to_usize(leaf))
    }

    /// The views that a record must have for a field to be in it, where the field can be read without what stands around
    /// it: it is in no table, and rules choose every view that it is in.
    pub(crate) fn views_around(&self, fields: &[Field], id: u32) -> Option<Vec<(u32, usize)>> {
        let get = |id: u32| fields.get(to_usize(id));
        let around = std::iter::successors(get(id), |field| field.parent.and_then(get));
        let mut variants = 0usize;
        for field in around {
            if field.is_table() {
                return None;
            }
            variants = variants.saturating_add(usize::from(field.is_variant()));
        }
        let views = self.views_of(fields, &[id]);
        (views.len() == variants).then_some(views)
    }

    /// The choices with rules that some fields are in, each with the index of their view.
    pub(crate) fn views_of(&self, fields: &[Field], ids: &[u32]) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        for (index, choice) in self
            .choices
            .iter()
            .enumerate()
            .filter(|(_, choice)| !choice.rules.is_empty())
        {
            for (view, held) in choice.views.iter().enumerate() {
                let Some(field) = fields.get(to_usize(held.field)) else {
                    continue;
                };
                let inside = ids.iter().any(|id| (field.id..field.end).contains(id));
                if inside && let Ok(index) = u32::try_from(index) {
                    found.push((index, view));
                }
            }
        }
        found
    }
}
