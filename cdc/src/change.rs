//! The changes between two views, in key order: a pure merge, the same every time, from any key on.
//!
//! In: the view before and the view after. Out: created, updated and deleted records with their bytes before and after. Records whose bytes are equal give
//! nothing. Never reads more than forward, and never decodes.

use crate::error::Result;
use crate::image::{Cursor, Entry, Store, View, ViewReader};

/// One difference between two views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    /// The canonical key.
    pub(crate) key: &'a [u8],
    /// The record in the view before; `None` when it is new.
    pub(crate) before: Option<Entry<'a>>,
    /// The record in the view after; `None` when it is deleted. Never both `None`.
    pub(crate) after: Option<Entry<'a>>,
}

/// Which of the two cursors the change in hand came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Neither,
    Before,
    After,
    Both,
}

/// Reads the changes from one view to another.
#[derive(Debug)]
pub(crate) struct Changes {
    before: ViewReader,
    after: ViewReader,
    in_hand: Side,
}

impl Changes {
    /// The changes whose key is greater than `last_key`, or all.
    pub(crate) fn open(
        store: &Store,
        before: Option<&View>,
        after: &View,
        last_key: Option<&[u8]>,
    ) -> Result<Self> {
        let mut before = ViewReader::open(store, before)?;
        let mut after = ViewReader::open(store, Some(after))?;
        if let Some(key) = last_key {
            before.seek_after(key)?;
            after.seek_after(key)?;
        }
        before.advance()?;
        after.advance()?;
        Ok(Self {
            before,
            after,
            in_hand: Side::Neither,
        })
    }

    /// The next change. Dropping it does not lose it: it was taken.
    pub(crate) fn next(&mut self) -> Result<Option<Change<'_>>> {
        loop {
            if matches!(self.in_hand, Side::Before | Side::Both) {
                self.before.advance()?;
            }
            if matches!(self.in_hand, Side::After | Side::Both) {
                self.after.advance()?;
            }
            self.in_hand = match (self.before.current(), self.after.current()) {
                (None, None) => Side::Neither,
                (Some(_), None) => Side::Before,
                (None, Some(_)) => Side::After,
                (Some(old), Some(new)) => match old.key.cmp(new.key) {
                    std::cmp::Ordering::Less => Side::Before,
                    std::cmp::Ordering::Greater => Side::After,
                    std::cmp::Ordering::Equal => {
                        self.in_hand = Side::Both;
                        if old.raw == new.raw {
                            continue;
                        }
                        Side::Both
                    }
                },
            };
            break;
        }
        let before = self
            .before
            .current()
            .filter(|_| matches!(self.in_hand, Side::Before | Side::Both));
        let after = self
            .after
            .current()
            .filter(|_| matches!(self.in_hand, Side::After | Side::Both));
        Ok(after.or(before).map(|entry| Change {
            key: entry.key,
            before,
            after,
        }))
    }
}
