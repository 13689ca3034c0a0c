//! A request on its way, and what is known of it when its client does not wait for the end: an outage with impatient clients must not look
//! like less traffic.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::access::{Entry, Left};
use crate::exchange::Taken;
use crate::mode::Mode;
use crate::route::{Group, Side};

/// A request whose route is known. Dropped before it is [`over`](Self::over) it counts as given up, and its line in the access log says how
/// far it had come.
pub(super) struct UnderWay<'a> {
    pub(super) taken: Taken,
    pub(super) group: Arc<Group>,
    pub(super) mode: Mode,
    /// Who is being asked first; none before that.
    pub(super) asked: Option<Side>,
    entry: &'a mut Option<Box<Entry>>,
    over: bool,
}

impl<'a> UnderWay<'a> {
    pub(super) fn new(
        taken: Taken,
        group: Arc<Group>,
        mode: Mode,
        entry: &'a mut Option<Box<Entry>>,
    ) -> Self {
        Self {
            taken,
            group,
            mode,
            asked: None,
            entry,
            over: false,
        }
    }

    /// There is an answer.
    pub(super) fn over(&mut self) {
        self.over = true;
    }
}

impl Deref for UnderWay<'_> {
    type Target = Taken;

    fn deref(&self) -> &Taken {
        &self.taken
    }
}

impl DerefMut for UnderWay<'_> {
    fn deref_mut(&mut self) -> &mut Taken {
        &mut self.taken
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.taken.counts.left();
        if let Some(entry) = self.entry {
            entry.left(Left {
                route: Arc::clone(&self.taken.route.name),
                group: Arc::clone(&self.group.name),
                mode: self.mode,
                asked: self.asked,
            });
        }
    }
}
