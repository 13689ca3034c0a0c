//! Groups: who must want a change before modern answers more.

use super::Resolver;
use crate::config::{file, units};
use crate::control::fold::MAX_APPROVALS;
use crate::route::Approving;

impl Resolver<'_> {
    pub(super) fn approving(&mut self, group: &file::Group) -> Approving {
        let usual = Approving::default();
        let needed = group.approvals.as_ref().map_or(0, |said| {
            let number = *said.get_ref();
            let needed = u8::try_from(number).ok();
            needed.filter(|needed| *needed <= MAX_APPROVALS).unwrap_or_else(|| {
                self.fault(
                    said,
                    format!("wanted how many others must approve, 0 to {MAX_APPROVALS}, got {number}"),
                );
                0
            })
        });
        Approving {
            needed,
            valid: self.parsed(group.proposal_valid.as_ref(), usual.valid, units::duration),
        }
    }
}
