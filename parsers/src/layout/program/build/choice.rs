//! A place with several views: their ops one after the other, and the rules that choose.
//!
//! In: the fields that share an area. Out: one op and its bodies.

use super::Builder;
use crate::layout::extent::{Extent, total};
use crate::layout::field::to_usize;
use crate::layout::program::{Choice, Form, Op, View};

impl Builder<'_> {
    /// A place with several views; returns the offset after the longest.
    pub(super) fn choice(&mut self, offset: u32, views: &[u32]) -> u32 {
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
        let variable = self.ends.variable(views);
        // What is tested in a view must be found before a view is chosen.
        let inside = |id: &u32| {
            let before = shown.partition_point(|view| view <= id);
            let view = before.checked_sub(1).and_then(|at| shown.get(at));
            view.and_then(|view| self.field(*view))
                .is_some_and(|view| (view.id..view.end).contains(id))
        };
        let first = shown.first().copied().unwrap_or(0);
        let marked = &self.program.marked;
        let marked = marked.get(marked.partition_point(|id| *id < first)..);
        let after = shown.last().and_then(|view| self.field(*view));
        let after = after.map_or(0, |view| view.end);
        let marked: Vec<u32> = marked
            .unwrap_or_default()
            .iter()
            .copied()
            .take_while(|id| *id < after)
            .filter(inside)
            .collect();
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
        let late = tests.clone().any(|test| test.field >= end);
        let parent = views.first().and_then(|view| self.field(*view)?.parent);
        let around = parent.and_then(|parent| self.field(parent));
        let around = around.map_or(u32::MAX, |parent| parent.end);
        let far = tests.any(|test| test.field >= around);
        self.program.choices.push(Choice {
            offset,
            end: area_end,
            views: built,
            rules,
            late,
            far,
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
