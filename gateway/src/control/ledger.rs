//! How many writes legacy lacks: each write that modern accepted, by group; `tally` keeps the counts over a restart.
//!
//! The data plane counts ([`WriteLedger::record`]), control asks when somebody wants to go back. Bounded by the number of groups.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::command::{Count, Loss};

/// The counters. All clones of the `Arc` are one.
#[derive(Debug, Default)]
pub struct WriteLedger {
    groups: RwLock<BTreeMap<Arc<str>, Account>>,
}

#[derive(Debug)]
struct Account {
    writes: AtomicU64,
    count: Count,
}

impl WriteLedger {
    /// Modern accepted a write of that group.
    pub fn record(&self, group: &Arc<str>) {
        {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(account) = groups.get(group) {
                account.writes.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        self.with(Arc::clone(group), |account| {
            account.writes.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// What was counted since legacy last answered all of the group.
    #[must_use]
    pub fn lacking(&self, group: &str) -> Loss {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(group).map_or(
            Loss {
                writes: 0,
                count: Count::Exact,
            },
            |account| Loss {
                writes: account.writes.load(Ordering::Relaxed),
                count: account.count,
            },
        )
    }

    /// By group, those that have any.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups
            .iter()
            .map(|(name, account)| (name.to_string(), account.writes.load(Ordering::Relaxed)))
            .filter(|(_, writes)| *writes > 0)
            .collect()
    }

    /// The gateway before this one has had writes accepted since it gave its counts over.
    pub(crate) fn add(&self, group: &str, writes: u64) {
        self.with(group.into(), |account| {
            let counted = account.writes.get_mut();
            *counted = counted.saturating_add(writes);
        });
    }

    /// Adds what a run before had counted; there may have been more.
    pub(crate) fn restore(&self, counts: &BTreeMap<String, u64>) {
        for (group, writes) in counts {
            self.with(group.as_str().into(), |account| {
                *account.writes.get_mut() += writes;
                account.count = Count::AtLeast;
            });
        }
    }

    /// Modern answered in that group before this gateway began: what it counts is not all.
    pub(crate) fn began_before(&self, group: &str) {
        self.with(group.into(), |account| account.count = Count::AtLeast);
    }

    /// Legacy answers all of the group again, and so many writes were accepted as lost: they are in the log now. What modern
    /// accepted after they were counted stays, and is part of what the next one to go back is told.
    pub(crate) fn settle(&self, group: &str, accepted: u64) {
        self.with(group.into(), |account| {
            let writes = account.writes.get_mut();
            *writes = writes.saturating_sub(accepted);
            account.count = Count::Exact;
        });
    }

    fn with(&self, group: Arc<str>, f: impl FnOnce(&mut Account)) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        f(groups.entry(group).or_insert_with(Account::new));
    }
}

impl Account {
    fn new() -> Self {
        Self {
            writes: AtomicU64::new(0),
            count: Count::Exact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_counted_by_group() {
        let ledger = WriteLedger::default();
        let lots: Arc<str> = "lots".into();
        ledger.began_before("lots");
        ledger.record(&lots);
        ledger.record(&lots);
        assert_eq!(ledger.lacking("lots").to_string(), "at least 2 writes");
        assert_eq!(ledger.lacking("orders").to_string(), "0 writes");
        ledger.settle("lots", 2);
        ledger.record(&lots);
        assert_eq!(ledger.lacking("lots").to_string(), "1 write");
    }

    #[test]
    fn a_write_accepted_while_a_rollback_was_under_way_is_not_forgotten() {
        let ledger = WriteLedger::default();
        let lots: Arc<str> = "lots".into();
        ledger.record(&lots);
        let accepted = ledger.lacking("lots").writes;
        ledger.record(&lots);
        ledger.settle("lots", accepted);
        assert_eq!(ledger.lacking("lots").to_string(), "1 write");
    }
}
