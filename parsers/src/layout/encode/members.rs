//! The members of one object, handed out in the order of the layout.
//!
//! In: what stands behind the object's beginning. Out: each member's value when its field's turn comes. As long as members come
//! in the order of the layout, which they do in what we write, nothing is looked up or kept; from the first that does
//! not, where each of the others stands is noted first. Names of no field, and names that are there twice, are left to
//! others.

use super::direct::Left;
use super::source::Source;
use crate::layout::Layout;
use crate::layout::field::Field;
use crate::layout::program::Choice;

/// Fields with their values, not read yet.
pub(super) type Parts<S> = Vec<(u32, <S as Source>::Part)>;

pub(super) struct Members<S: Source> {
    source: S,
    group: Option<u32>,
    first: bool,
    rest: Rest<S>,
}

/// What is known of the members that were not handed out.
enum Rest<S: Source> {
    /// The next one is the next of the layout.
    Ordered,
    /// There are none.
    Ended,
    /// They stand there, by field; so many were taken.
    Apart { parts: Parts<S>, taken: usize },
}

impl<S: Source> Members<S> {
    /// Of a group, or of the record.
    pub(super) fn new(source: S, group: Option<u32>) -> Members<S> {
        Members {
            source,
            group,
            first: true,
            rest: Rest::Ordered,
        }
    }

    /// Of members that were found before.
    pub(super) fn of(parts: Parts<S>) -> Members<S> {
        Members {
            source: S::default(),
            group: None,
            first: true,
            rest: Rest::Apart { parts, taken: 0 },
        }
    }

    /// Reads the value of a field, or that there is none.
    #[inline]
    pub(super) fn value(
        &mut self,
        layout: &Layout,
        field: &Field,
        read: impl FnOnce(Option<&mut S>) -> Result<(), Left>,
    ) -> Result<(), Left> {
        if let Rest::Ordered = self.rest {
            if self.source.member(field, self.first) {
                self.first = false;
                return read(Some(&mut self.source));
            }
            self.look(layout)?;
        }
        match self.take(field.id) {
            None => read(None),
            Some(part) => {
                let mut source = S::of(part);
                read(Some(&mut source))?;
                source.is_at_end().then_some(()).ok_or(Left)
            }
        }
    }

    /// The values of the views of a place.
    pub(super) fn views(&mut self, layout: &Layout, choice: &Choice) -> Result<Parts<S>, Left> {
        let mut found = Parts::<S>::new();
        for view in &choice.views {
            let Some(field) = layout.field(view.field).filter(|field| !field.hidden) else {
                continue;
            };
            let part = match self.rest {
                Rest::Ordered if self.source.member(field, self.first) => {
                    self.first = false;
                    Some(self.source.skip().ok_or(Left)?)
                }
                Rest::Ordered => None,
                _ => self.take(view.field),
            };
            found.extend(part.map(|part| (view.field, part)));
        }
        Ok(found)
    }

    fn take(&mut self, field: u32) -> Option<S::Part> {
        let Rest::Apart { parts, taken } = &mut self.rest else {
            return None;
        };
        let at = parts.binary_search_by_key(&field, |(id, _)| *id).ok()?;
        *taken = taken.saturating_add(1);
        parts.get(at).map(|(_, part)| *part)
    }

    /// Notes where all other members are, after one that is not in its place.
    #[cold]
    fn look(&mut self, layout: &Layout) -> Result<(), Left> {
        let mut parts = Parts::<S>::new();
        while !{ self.source }.object_ends() {
            let field = self.source.next_member(layout, self.group, self.first);
            self.first = false;
            parts.push((field.ok_or(Left)?, self.source.skip().ok_or(Left)?));
        }
        if parts.is_empty() {
            self.rest = Rest::Ended;
            return Ok(());
        }
        parts.sort_unstable_by_key(|(field, _)| *field);
        if parts
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        {
            return Err(Left);
        }
        self.rest = Rest::Apart { parts, taken: 0 };
        Ok(())
    }

    /// What stands behind the object, every member of which must have been handed out.
    pub(super) fn end(mut self) -> Result<S, Left> {
        let all = match &self.rest {
            Rest::Ordered | Rest::Ended => true,
            Rest::Apart { parts, taken } => parts.len() == *taken,
        };
        (all && self.source.object_ends())
            .then_some(self.source)
            .ok_or(Left)
    }
}
