//! Several sorted sequences read as one.
//!
//! In: cursors, each in order. Out: all their entries in order of (key, record number, place among the cursors). Holds one entry per cursor.

use std::cmp::Ordering;

use crate::error::Result;
use crate::image::entry::{Cursor, Entry};

/// A k-way merge over a binary heap of cursors.
#[derive(Debug)]
pub(crate) struct Merge<C> {
    cursors: Vec<C>,
    /// Numbers of the cursors that have an entry in hand; the least is first, children of `n` are `2n+1` and `2n+2`.
    heap: Vec<usize>,
    started: bool,
}

impl<C: Cursor> Merge<C> {
    /// Nothing is read before the first `advance`.
    pub(crate) fn new(cursors: Vec<C>) -> Self {
        Self {
            heap: Vec::with_capacity(cursors.len()),
            cursors,
            started: false,
        }
    }

    pub(crate) fn cursors_mut(&mut self) -> &mut [C] {
        &mut self.cursors
    }

    /// Starts over after the cursors were moved; nothing is in hand until the next `advance`.
    pub(crate) fn restart(&mut self) {
        self.heap.clear();
        self.started = false;
    }

    fn entry(&self, cursor: usize) -> Option<Entry<'_>> {
        self.cursors.get(cursor).and_then(Cursor::current)
    }

    fn less(&self, left: usize, right: usize) -> bool {
        match (self.entry(left), self.entry(right)) {
            (Some(a), Some(b)) => {
                a.key
                    .cmp(b.key)
                    .then(a.record_no.cmp(&b.record_no))
                    .then(left.cmp(&right))
                    == Ordering::Less
            }
            (Some(_), None) => true,
            _ => false,
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if let (Some(child_cursor), Some(least_cursor)) =
                    (self.heap.get(child), self.heap.get(least))
                    && self.less(*child_cursor, *least_cursor)
                {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}

impl<C: Cursor> Cursor for Merge<C> {
    fn current(&self) -> Option<Entry<'_>> {
        self.heap.first().and_then(|cursor| self.entry(*cursor))
    }

    fn advance(&mut self) -> Result<bool> {
        if self.started {
            let Some(&first) = self.heap.first() else {
                return Ok(false);
            };
            let more = match self.cursors.get_mut(first) {
                Some(cursor) => cursor.advance()?,
                None => false,
            };
            if !more {
                self.heap.swap_remove(0);
            }
            self.sift_down(0);
        } else {
            self.started = true;
            for (number, cursor) in self.cursors.iter_mut().enumerate() {
                if cursor.advance()? {
                    self.heap.push(number);
                }
            }
            for at in (0..self.heap.len() / 2).rev() {
                self.sift_down(at);
            }
        }
        Ok(!self.heap.is_empty())
    }
}
