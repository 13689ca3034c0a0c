//! Fields, forms and meaning to a [`Program`].
//!
//! In: [`Parts`]. Out: the program, with slack as gaps, marks where something is looked at later and the views of each
//! place one after the other. Never reads a record.

mod choice;

use super::{Counter, Form, Leaf, Nulls, Occurrences, Op, Program};
use crate::charset::CodePage;
use crate::layout::extent::{Ends, Extent, ViewLength, areas, members, total};
use crate::layout::field::{Field, to_usize};
use crate::layout::matching::{self, Match};
use crate::layout::moving::Moving;
use crate::layout::options::Odo;
use crate::layout::resolve::Meant;
use crate::layout::select::Rule;
use crate::layout::sql::{Indicator, Null};
use crate::layout::storage::Storage;
use crate::layout::value_clause;

/// What a program is made of.
pub(in crate::layout) struct Parts<'a> {
    pub(in crate::layout) fields: &'a [Field],
    pub(in crate::layout) storage: &'a Storage,
    pub(in crate::layout) meant: &'a [Meant],
    pub(in crate::layout) page: CodePage,
    pub(in crate::layout) length: ViewLength,
    pub(in crate::layout) odo: Odo,
    /// The 01 is no group of the output.
    pub(in crate::layout) collapsed: bool,
    /// What the texts of counters count.
    pub(in crate::layout) counts: &'a [(u32, Vec<(Match, u32)>)],
    /// What makes columns null, by field.
    pub(in crate::layout) nulls: &'a [(u32, Null)],
    /// Fields that rules test.
    pub(in crate::layout) tested: &'a [u32],
    /// The rules of a choice between some views.
    pub(in crate::layout) rules: &'a dyn Fn(&[u32]) -> Vec<Rule>,
}

struct Builder<'a> {
    parts: &'a Parts<'a>,
    fields: &'a [Field],
    ends: Ends<'a>,
    program: Program,
}

/// Builds the program.
pub(in crate::layout) fn build(parts: &Parts<'_>) -> Program {
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
    let views = builder
        .program
        .choices
        .iter()
        .flat_map(|choice| &choice.views);
    let views = views.map(|view| view.field);
    let mut pivots: Vec<u32> = views.chain(parts.tested.iter().copied()).collect();
    pivots.extend(&counters);
    pivots.sort_unstable();
    pivots.dedup();
    let in_view = |id: &u32| {
        let get = |id: u32| fields.get(to_usize(id));
        let mut around = std::iter::successors(get(*id), |field| get(field.parent?));
        around.any(Field::is_variant)
    };
    Program {
        fixed_end,
        min_len,
        max_len,
        pivots,
        counts_in_views: counters.iter().any(in_view),
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
        for views in areas(self.fields, &ids) {
            let Some(id) = views.first() else { continue };
            let Some(field) = self.field(*id) else {
                continue;
            };
            let (offset, redefined) = (field.offset, field.redefined);
            self.gap(next, offset, 0x00);
            if redefined {
                next = self.choice(offset, views);
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
            value_clause::initial(literal, form.codec, len, self.parts.page).ok()
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
            initial: matching::Initial::new(value, form.codec, len),
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
}
