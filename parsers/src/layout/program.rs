//! The layout as a flat program: what [`super::walk`] and [`super::encode`] run over each record.
//!
//! In: fields, forms, meaning. Out: [`Op`]s in the order of the record; groups, tables and choices hold the index of
//! the op after them, so one slice of ops is one body. Built once; nothing is looked up by name afterwards.

use super::extent::{Ends, Extent, ViewLength, members, total};
use super::field::{Field, to_usize};
use super::matching::{self, Match};
use super::resolve::{Meant, Nulls};
use super::select::Rule;
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
    /// A group begins; `end` is the op after its end.
    GroupStart { field: u32, end: u32 },
    /// It ends.
    GroupEnd { field: u32 },
    /// A table: the ops up to `end` are one occurrence.
    Array { field: u32, end: u32 },
    /// A place with several views: index into [`Program::choices`]; the ops up to `end` are their bodies.
    Choice { choice: u32, end: u32 },
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
}

/// One view of a place.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) field: u32,
    /// Its ops.
    pub(crate) body: (u32, u32),
    /// Offset after it, without the occurrences of a table of varying length.
    pub(crate) fixed_end: u32,
    /// Nothing in it can fail to decode, given bytes up to `fixed_end`.
    pub(crate) sure: bool,
}

/// The whole.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) ops: Vec<Op>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) choices: Vec<Choice>,
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

struct Builder<'a> {
    fields: &'a [Field],
    storage: &'a Storage,
    meant: &'a [Meant],
    page: CodePage,
    ends: Ends<'a>,
    program: Program,
}

/// Builds the program.
pub(super) fn build(
    fields: &[Field],
    storage: &Storage,
    meant: &[Meant],
    page: CodePage,
    length: ViewLength,
    collapsed: bool,
    rules: &dyn Fn(&[u32]) -> Vec<Rule>,
) -> Program {
    let ends = Ends { fields, length };
    let mut builder = Builder {
        fields,
        storage,
        meant,
        page,
        ends,
        program: Program::default(),
    };
    builder.program.leaf_of = vec![None; fields.len()];
    let parent = collapsed.then_some(0);
    builder.body(parent, rules);
    let roots = members(fields, parent).collect::<Vec<u32>>();
    let ends = &builder.ends;
    let end = |extent| ends.end(&roots, extent);
    let (fixed_end, min_len, max_len) = (end(Extent::Fixed), end(Extent::Least), end(Extent::Most));
    Program {
        fixed_end,
        min_len,
        max_len,
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
    fn body(&mut self, parent: Option<u32>, rules: &dyn Fn(&[u32]) -> Vec<Rule>) {
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
                next = self.choice(offset, &views, rules);
            } else {
                self.item(*id, rules);
                next = offset.saturating_add(total(self.fields, *id));
            }
        }
        // With a table of varying length the group has no slack: the table is its end.
        if let Some(end) = group_end
            && !ids.iter().any(|id| self.ends.varies(*id))
        {
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

    fn item(&mut self, id: u32, rules: &dyn Fn(&[u32]) -> Vec<Rule>) {
        let Some(field) = self.field(id) else { return };
        let (group, table, hidden) = (field.usage.is_none(), field.occurs.is_some(), field.hidden);
        let array = self.here();
        if table {
            self.program.ops.push(Op::Array { field: id, end: 0 });
        }
        if !group {
            self.leaf(id);
        } else {
            let start = self.here();
            if !hidden {
                self.program.ops.push(Op::GroupStart { field: id, end: 0 });
            }
            self.body(Some(id), rules);
            if !hidden {
                self.program.ops.push(Op::GroupEnd { field: id });
                let after = self.here();
                if let Some(Op::GroupStart { end, .. }) = self.program.ops.get_mut(to_usize(start))
                {
                    *end = after;
                }
            }
        }
        let after = self.here();
        if let Some(Op::Array { end, .. }) =
            self.program.ops.get_mut(to_usize(array)).filter(|_| table)
        {
            *end = after;
        }
    }

    fn leaf(&mut self, id: u32) {
        let Some(field) = self.fields.get(to_usize(id)) else {
            return;
        };
        let Some(form) = self
            .storage
            .forms
            .get(to_usize(id))
            .and_then(Option::as_ref)
        else {
            return;
        };
        let len = field.len();
        let value = form
            .value
            .as_ref()
            .and_then(|(literal, _)| matching::bytes_of(literal, form.codec, len, self.page).ok());
        let meant = self.meant.get(to_usize(id));
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
            nulls: meant.and_then(|meant| meant.nulls.clone()).map(Box::new),
            initial: value
                .unwrap_or_else(|| matching::initial(form.codec, len))
                .into_boxed_slice(),
            hidden: field.hidden,
        };
        let index = u32::try_from(self.program.leaves.len()).unwrap_or(u32::MAX);
        if let Some(slot) = self.program.leaf_of.get_mut(to_usize(id)) {
            *slot = Some(index);
        }
        self.program.leaves.push(leaf);
        self.program.ops.push(Op::Leaf(index));
    }

    /// A place with several views; returns the offset after the longest.
    fn choice(&mut self, offset: u32, views: &[u32], rules: &dyn Fn(&[u32]) -> Vec<Rule>) -> u32 {
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
        let at = self.here();
        self.program.ops.push(Op::Choice { choice: 0, end: 0 });
        let mut built = Vec::new();
        for id in &shown {
            let start = self.here();
            self.item(*id, rules);
            if !variable {
                let end = offset.saturating_add(total(self.fields, *id));
                self.gap(end, area_end, self.page.blank());
            }
            let body = (start, self.here());
            built.push(View {
                field: *id,
                body,
                fixed_end: self.ends.end(&[*id], Extent::Fixed),
                sure: self.sure(body),
            });
        }
        let choice = u32::try_from(self.program.choices.len()).unwrap_or(u32::MAX);
        self.program.choices.push(Choice {
            offset,
            end: area_end,
            views: built,
            rules: rules(&shown),
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
            Op::GroupStart { .. } | Op::GroupEnd { .. } | Op::Gap { .. } => true,
            Op::Array { field, .. } => self
                .field(*field)
                .and_then(|field| field.occurs)
                .is_some_and(|occurs| occurs.depending_on.is_none()),
            Op::Choice { .. } => false,
        })
    }
}
