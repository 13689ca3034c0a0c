//! The layout as a flat program: what [`super::walk`] and [`super::encode`] run over each record.
//!
//! In: fields, forms, meaning. Out: [`Op`]s in the order of the record; groups, tables and choices hold the index of
//! the op after them, so one slice of ops is one body. Built once; nothing is looked up by name afterwards.

use super::extent::{Ends, Extent, ViewLength, members, total};
use super::field::{Field, to_usize};
use super::matching::{self, Match};
use super::moving::Moving;
use super::names::Names;
use super::options::Odo;
use super::resolve::Meant;
pub(super) use super::resolve::Nulls;
use super::select::Rule;
use super::sql::{Indicator, Null};
use super::storage::Storage;
use crate::charset::CodePage;
use crate::codec::Codec;
use crate::codec::edit::Editor;
use crate::temporal::TemporalForm;

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
    pub(crate) initial: Box<[u8]>,
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
    /// Fields without a fixed place that something looks at besides their value.
    pub(crate) marked: Vec<u32>,
    /// Fields that count tables, in order.
    counters: Vec<u32>,
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
        slot(&self.marked, field)
    }

    /// Whether a field counts a table.
    pub(crate) fn counts(&self, field: u32) -> bool {
        self.counters.binary_search(&field).is_ok()
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

fn slot(marked: &[u32], field: u32) -> Option<u32> {
    let found = marked.iter().position(|marked| *marked == field)?;
    u32::try_from(found).ok()
}

/// What a program is made of.
pub(super) struct Parts<'a> {
    pub(super) fields: &'a [Field],
    pub(super) storage: &'a Storage,
    pub(super) meant: &'a [Meant],
    pub(super) page: CodePage,
    pub(super) length: ViewLength,
    pub(super) odo: Odo,
    /// The 01 is no group of the output.
    pub(super) collapsed: bool,
    /// What the texts of counters count.
    pub(super) counts: &'a [(u32, Vec<(Match, u32)>)],
    /// What makes columns null, by field.
    pub(super) nulls: &'a [(u32, Null)],
    /// Fields that rules test.
    pub(super) tested: &'a [u32],
    /// The rules of a choice between some views.
    pub(super) rules: &'a dyn Fn(&[u32]) -> Vec<Rule>,
}

struct Builder<'a> {
    parts: &'a Parts<'a>,
    fields: &'a [Field],
    ends: Ends<'a>,
    program: Program,
}

/// Builds the program.
pub(super) fn build(parts: &Parts<'_>) -> Program {
    let fields = parts.fields;
    let moving = Moving {
        fields,
        odo: parts.odo,
    };
    let ends = Ends {
        moving,
        length: parts.length,
    };
    let mut builder = Builder {
        parts,
        fields,
        ends,
        program: Program::default(),
    };
    builder.program.leaf_of = vec![None; fields.len()];
    let counters = fields.iter().filter_map(|field| field.occurs?.depending_on);
    let counters = counters.collect::<std::collections::BTreeSet<u32>>();
    let movable = moving.movable();
    let moved = |id: &u32| movable.get(to_usize(*id)).is_some_and(|moved| *moved);
    let mut marked: Vec<u32> = counters
        .iter()
        .copied()
        .filter(|id| moved(id) || moving.in_table(*id))
        .chain(parts.tested.iter().copied().filter(moved))
        .collect();
    marked.sort_unstable();
    marked.dedup();
    builder.program.marked = marked;
    let parent = parts.collapsed.then_some(0);
    builder.body(parent);
    let roots = members(fields, parent).collect::<Vec<u32>>();
    let ends = &builder.ends;
    let end = |extent| ends.end(&roots, extent);
    let (fixed_end, min_len, max_len) = (end(Extent::Fixed), ends.least(&roots), end(Extent::Most));
    let moves = builder.program.tables.iter().any(|table| table.moves)
        || fields.iter().any(|field| field.moving);
    Program {
        fixed_end,
        min_len,
        max_len,
        moving: moves,
        counters: counters.into_iter().collect(),
        movable: if moves { movable } else { Vec::new() },
        ..builder.program
    }
}

impl Builder<'_> {
    fn field(&self, id: u32) -> Option<&Field> {
        self.fields.get(to_usize(id))
    }

    fn here(&self) -> u32 {
        u32::try_from(self.program.ops.len()).unwrap_or(u32::MAX)
    }

    /// Everything right under a group, with the slack in between and at its end.
    fn body(&mut self, parent: Option<u32>) {
        let group = parent.and_then(|id| self.field(id));
        let mut next = group.map_or(0, |group| group.offset);
        let group_end = group.map(|group| group.offset.saturating_add(group.len));
        let ids = members(self.fields, parent).collect::<Vec<u32>>();
        for id in &ids {
            let Some(field) = self.field(*id) else {
                continue;
            };
            if field.redefines.is_some() {
                continue;
            }
            let (offset, redefined) = (field.offset, field.redefined);
            self.gap(next, offset, 0x00);
            if redefined {
                let views: Vec<u32> = ids
                    .iter()
                    .copied()
                    .filter(|view| {
                        *view == *id
                            || self
                                .field(*view)
                                .is_some_and(|field| field.redefines == Some(*id))
                    })
                    .collect();
                next = self.choice(offset, &views);
            } else {
                self.item(*id);
                next = offset.saturating_add(total(self.fields, *id));
            }
        }
        if let Some(end) = group_end {
            self.gap(next, end, 0x00);
        }
    }

    fn gap(&mut self, from: u32, to: u32, fill: u8) {
        if to > from {
            self.program.ops.push(Op::Gap {
                offset: from,
                len: to.saturating_sub(from),
                fill,
            });
        }
    }

    fn item(&mut self, id: u32) {
        let Some(field) = self.field(id) else { return };
        let (group, table, hidden) = (field.usage.is_none(), field.occurs.is_some(), field.hidden);
        let array = self.here();
        if table {
            if !group {
                self.mark(id);
            }
            self.program.ops.push(Op::Array { table: 0, end: 0 });
        }
        if !group {
            self.leaf(id);
            if !table {
                self.mark(id);
            }
        } else {
            let start = self.here();
            if !hidden {
                self.program.ops.push(Op::GroupStart { field: id, end: 0 });
            }
            self.mark(id);
            self.body(Some(id));
            if !hidden {
                self.program.ops.push(Op::GroupEnd { field: id });
                let after = self.here();
                if let Some(Op::GroupStart { end, .. }) = self.program.ops.get_mut(to_usize(start))
                {
                    *end = after;
                }
            }
        }
        if table {
            self.table(id, array);
        }
    }

    /// Where a field stands, if something wants to know.
    fn mark(&mut self, id: u32) {
        let offset = self.field(id).map_or(0, |field| field.offset);
        if let Some(slot) = self.program.slot(id) {
            self.program.ops.push(Op::Mark { slot, offset });
        }
    }

    /// Completes the op of a table, after those of an occurrence.
    fn table(&mut self, id: u32, at: u32) {
        let Some(field) = self.field(id) else { return };
        let Some(occurs) = field.occurs else { return };
        let moving = self.ends.moving;
        let counter = occurs.depending_on.map(|counter| Counter {
            field: counter,
            slot: self.program.slot(counter),
            texts: self
                .parts
                .counts
                .iter()
                .find(|(of, _)| *of == id)
                .or_else(|| self.parts.counts.iter().find(|(of, _)| *of == counter))
                .map(|(_, texts)| texts.clone())
                .unwrap_or_default(),
        });
        let marked = (id..field.end).any(|id| self.program.slot(id).is_some());
        let table = Occurrences {
            field: id,
            min: occurs.min,
            max: occurs.max,
            stride: occurs.stride,
            least: moving.least(id),
            keeps: counter.is_some() && !moving.varying(id),
            counter,
            moves: moving.moves(id),
            inner: marked || moving.inner(id),
        };
        let index = u32::try_from(self.program.tables.len()).unwrap_or(u32::MAX);
        self.program.tables.push(table);
        let after = self.here();
        // A mark may stand before the op.
        let ops = self.program.ops.get_mut(to_usize(at)..).unwrap_or_default();
        let op = ops.iter_mut().find(|op| matches!(op, Op::Array { .. }));
        if let Some(Op::Array { table, end }) = op {
            (*table, *end) = (index, after);
        }
    }

    fn leaf(&mut self, id: u32) {
        let Some(field) = self.fields.get(to_usize(id)) else {
            return;
        };
        let Some(form) = self
            .parts
            .storage
            .forms
            .get(to_usize(id))
            .and_then(Option::as_ref)
        else {
            return;
        };
        let len = field.len();
        let value = form.value.as_ref().and_then(|(literal, _)| {
            matching::bytes_of(literal, form.codec, len, self.parts.page).ok()
        });
        let meant = self.parts.meant.get(to_usize(id));
        let leaf = Leaf {
            field: id,
            offset: field.offset,
            len: field.len,
            codec: form.codec,
            form: match (meant.map(|meant| &meant.form), &form.edit) {
                (None | Some(Form::Plain), Some(edit)) => Form::Edited(edit.clone()),
                (None, None) => Form::Plain,
                (Some(meant), _) => meant.clone(),
            },
            nulls: meant
                .and_then(|meant| meant.nulls.clone())
                .or_else(|| self.nulls(id))
                .map(Box::new),
            null: self.null(id).map(Box::new),
            indicator: form.indicator,
            initial: value
                .unwrap_or_else(|| matching::initial(form.codec, len))
                .into_boxed_slice(),
            hidden: field.hidden,
        };
        let moving = field.moving;
        let index = u32::try_from(self.program.leaves.len()).unwrap_or(u32::MAX);
        if let Some(slot) = self.program.leaf_of.get_mut(to_usize(id)) {
            *slot = Some(index);
        }
        self.program.leaves.push(leaf);
        self.program.ops.push(if moving {
            Op::Varying(index)
        } else {
            Op::Leaf(index)
        });
    }

    /// The null byte of a column.
    fn null(&self, id: u32) -> Option<Indicator> {
        let found = self.parts.nulls.iter().find(|(field, _)| *field == id);
        match &found?.1 {
            Null::Byte(indicator) => Some(indicator.clone()),
            Null::Own(_) => None,
        }
    }

    /// The null value of a column, or of the null byte of one.
    fn nulls(&self, id: u32) -> Option<Nulls> {
        self.parts
            .nulls
            .iter()
            .find_map(|(field, null)| match null {
                Null::Own(nulls) if *field == id => Some(nulls.clone()),
                Null::Byte(indicator) if indicator.field == id => Some(Nulls {
                    matches: Vec::new(),
                    canonical: indicator.null.clone(),
                }),
                _ => None,
            })
    }

    /// A place with several views; returns the offset after the longest.
    fn choice(&mut self, offset: u32, views: &[u32]) -> u32 {
        let area_end = views
            .iter()
            .map(|view| offset.saturating_add(total(self.fields, *view)))
            .max()
            .unwrap_or(offset);
        // A FILLER shows nothing, so as a view of named fields it has no use.
        let hidden = |id: &u32| self.field(*id).is_some_and(|field| field.hidden);
        let mut shown: Vec<u32> = views.iter().copied().filter(|id| !hidden(id)).collect();
        if shown.is_empty() {
            shown.extend(views.first());
        }
        let variable = self.ends.variable(&shown);
        // What is tested in a view must be found before a view is chosen.
        let inside = |id: &u32| {
            let mut views = shown.iter().filter_map(|view| self.field(*view));
            views.any(|view| (view.id..view.end).contains(id))
        };
        let marked: Vec<u32> = self.program.marked.iter().copied().filter(inside).collect();
        marked.into_iter().for_each(|id| self.mark(id));
        let at = self.here();
        self.program.ops.push(Op::Choice { choice: 0, end: 0 });
        let mut built = Vec::new();
        for id in &shown {
            let start = self.here();
            self.item(*id);
            let end = offset.saturating_add(total(self.fields, *id));
            let loose = !variable && self.ends.moving.shrinks(*id);
            if !variable && !loose {
                self.gap(end, area_end, self.parts.page.blank());
            }
            let body = (start, self.here());
            built.push(View {
                field: *id,
                body,
                fixed_end: self.ends.end(&[*id], Extent::Fixed),
                loose_end: loose.then_some(end),
                sure: self.sure(body),
            });
        }
        let choice = u32::try_from(self.program.choices.len()).unwrap_or(u32::MAX);
        let rules = (self.parts.rules)(&shown);
        let end = views
            .iter()
            .filter_map(|view| self.field(*view))
            .map(|view| view.end);
        let end = end.max().unwrap_or(0);
        let mut tests = rules.iter().flat_map(|rule| &rule.tests);
        let late = tests.any(|test| test.field >= end);
        self.program.choices.push(Choice {
            offset,
            end: area_end,
            views: built,
            rules,
            late,
            variable,
        });
        let end = self.here();
        if let Some(op) = self.program.ops.get_mut(to_usize(at)) {
            *op = Op::Choice { choice, end };
        }
        area_end
    }

    fn sure(&self, body: (u32, u32)) -> bool {
        let ops = self
            .program
            .ops
            .get(to_usize(body.0)..to_usize(body.1))
            .unwrap_or_default();
        ops.iter().all(|op| match op {
            Op::Leaf(leaf) => self
                .program
                .leaves
                .get(to_usize(*leaf))
                .is_some_and(|leaf| {
                    leaf.hidden
                        || matches!(leaf.form, Form::Bytes)
                        || (matches!(leaf.form, Form::Plain) && leaf.codec.is_sure(leaf.len))
                }),
            Op::GroupStart { .. } | Op::GroupEnd { .. } | Op::Mark { .. } | Op::Gap { .. } => true,
            Op::Array { table, .. } => {
                let table = self.program.tables.get(to_usize(*table));
                table.is_some_and(|table| table.counter.is_none())
            }
            Op::Choice { .. } | Op::Varying(_) => false,
        })
    }
}
