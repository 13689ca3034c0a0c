//! The members of one JSON object, handed out in the order of the layout.
//!
//! In: the text behind the object's `{`. Out: each member's value when its field's turn comes. As long as members come
//! in the order of the layout, which they do in what we write, nothing is looked up or kept; from the first that does
//! not, where each of the others stands is noted first. Names of no field, and names that are there twice, are left to
//! others.

use super::direct::Left;
use crate::json::Cursor;
use crate::layout::Layout;
use crate::layout::field::Field;
use crate::layout::program::Choice;

/// Fields with the text of their values.
pub(super) type Texts<'j> = Vec<(u32, &'j [u8])>;

pub(super) struct Members<'j> {
    json: Cursor<'j>,
    group: Option<u32>,
    first: bool,
    rest: Rest<'j>,
}

/// What is known of the members that were not handed out.
enum Rest<'j> {
    /// The next one is the next of the layout.
    Ordered,
    /// There are none.
    Ended,
    /// They stand there, by field; so many were taken.
    Apart { texts: Texts<'j>, taken: usize },
}

impl<'j> Members<'j> {
    /// Of a group, or of the record.
    pub(super) fn new(json: Cursor<'j>, group: Option<u32>) -> Members<'j> {
        Members {
            json,
            group,
            first: true,
            rest: Rest::Ordered,
        }
    }

    /// Of members that were found before.
    pub(super) fn of(texts: Texts<'j>) -> Members<'j> {
        Members {
            json: Cursor::new(b""),
            group: None,
            first: true,
            rest: Rest::Apart { texts, taken: 0 },
        }
    }

    /// Reads the value of a field, or that there is none.
    #[inline]
    pub(super) fn value(
        &mut self,
        layout: &Layout,
        field: &Field,
        read: impl FnOnce(Option<&mut Cursor<'j>>) -> Result<(), Left>,
    ) -> Result<(), Left> {
        if let Rest::Ordered = self.rest {
            if self.json.member(field.json_key(), self.first) {
                self.first = false;
                return read(Some(&mut self.json));
            }
            self.look(layout)?;
        }
        match self.take(field.id) {
            None => read(None),
            Some(text) => {
                let mut json = Cursor::new(text);
                read(Some(&mut json))?;
                json.is_at_end().then_some(()).ok_or(Left)
            }
        }
    }

    /// The values of the views of a place.
    pub(super) fn views(&mut self, layout: &Layout, choice: &Choice) -> Result<Texts<'j>, Left> {
        let mut found = Texts::new();
        for view in &choice.views {
            let Some(field) = layout.field(view.field).filter(|field| !field.hidden) else {
                continue;
            };
            let text = match self.rest {
                Rest::Ordered if self.json.member(field.json_key(), self.first) => {
                    self.first = false;
                    Some(self.json.skip().ok_or(Left)?)
                }
                Rest::Ordered => None,
                _ => self.take(view.field),
            };
            found.extend(text.map(|text| (view.field, text)));
        }
        Ok(found)
    }

    fn take(&mut self, field: u32) -> Option<&'j [u8]> {
        let Rest::Apart { texts, taken } = &mut self.rest else {
            return None;
        };
        let at = texts.binary_search_by_key(&field, |(id, _)| *id).ok()?;
        *taken = taken.saturating_add(1);
        texts.get(at).map(|(_, text)| *text)
    }

    /// Notes where all other members are, after one that is not in its place.
    #[cold]
    fn look(&mut self, layout: &Layout) -> Result<(), Left> {
        if self.json.is_before(b'}') {
            self.rest = Rest::Ended;
            return Ok(());
        }
        let mut texts = Texts::new();
        while !self.json.is_before(b'}') {
            let name = self.json.name(self.first).ok_or(Left)?;
            self.first = false;
            let found = layout.labels.find(&layout.fields, self.group, &name);
            let field = found.ok_or(Left)?.id;
            texts.push((field, self.json.skip().ok_or(Left)?));
        }
        texts.sort_unstable_by_key(|(field, _)| *field);
        if texts
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        {
            return Err(Left);
        }
        self.rest = Rest::Apart { texts, taken: 0 };
        Ok(())
    }

    /// The text behind the object, every member of which must have been handed out.
    pub(super) fn end(mut self) -> Result<Cursor<'j>, Left> {
        let all = match &self.rest {
            Rest::Ordered | Rest::Ended => true,
            Rest::Apart { texts, taken } => texts.len() == *taken,
        };
        (all && self.json.eat(b'}'))
            .then_some(self.json)
            .ok_or(Left)
    }
}
