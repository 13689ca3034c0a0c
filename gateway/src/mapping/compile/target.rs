//! What is written, in the order in which it is: a tree of names while rules are read, a flat list afterwards.

use super::super::program::{Each, Op, Put, Target};

/// A name of the target, with what is written under it.
pub(super) struct Branch {
    target: Target,
    /// The field's number; of anything but a record, none.
    order: Option<u32>,
    what: What,
}

pub(super) enum What {
    /// Others.
    Group(Vec<Branch>),
    /// A value.
    Put(Put),
    /// The items of a list: objects, or with `Each::plain` one value each.
    List(Each, Vec<Branch>),
}

impl Branch {
    pub(super) fn new(target: Target, order: Option<u32>, what: What) -> Self {
        Self {
            target,
            order,
            what,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.target.local
    }

    /// Puts it among its brothers: groups of one name are one, rules for one value are tried in turn.
    pub(super) fn join(self, among: &mut Vec<Self>) {
        let same = among.iter_mut().find(|other| {
            other.target == self.target
                && matches!(
                    (&other.what, &self.what),
                    (What::Group(_), What::Group(_)) | (What::Put(_), What::Put(_))
                )
        });
        match (same, self) {
            (
                Some(Self {
                    what: What::Group(there),
                    ..
                }),
                Self {
                    what: What::Group(more),
                    ..
                },
            ) => {
                for branch in more {
                    branch.join(there);
                }
            }
            (
                Some(Self {
                    what: What::Put(there),
                    ..
                }),
                Self {
                    what: What::Put(more),
                    ..
                },
            ) => there.rules.extend(more.rules),
            (_, new) => among.push(new),
        }
    }
}

/// Attributes stand before all else, and a record's fields in its own order; otherwise as they were written.
fn rank(branch: &Branch) -> (bool, u32) {
    let element = !branch.target.local.starts_with('@');
    (element, branch.order.unwrap_or(0))
}

/// The operations that write it.
pub(super) fn emit(mut branches: Vec<Branch>, ops: &mut Vec<Op>) {
    branches.sort_by_key(rank);
    for branch in branches {
        match branch.what {
            What::Group(members) => {
                ops.push(Op::Open(branch.target));
                emit(members, ops);
                ops.push(Op::Close);
            }
            What::Put(mut put) => {
                put.target = branch.target;
                ops.push(Op::Put(Box::new(put)));
            }
            What::List(mut each, members) => {
                each.target = branch.target;
                let at = ops.len();
                ops.push(Op::Each(Box::new(each)));
                emit(members, ops);
                let end = ops.len();
                if let Some(Op::Each(each)) = ops.get_mut(at) {
                    each.end = end;
                }
            }
        }
    }
}
