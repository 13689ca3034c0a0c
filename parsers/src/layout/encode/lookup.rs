//! The values of a group, looked up one field after the other.
//!
//! In: names, most often in the order of the values. Out: values. However many there are, and in whatever order, each
//! takes a step or two.

use std::collections::HashMap;

use crate::value::{Group, Value};

/// So many are found by looking at each.
const FEW: usize = 8;

pub(super) struct Lookup<'v> {
    values: Option<&'v Group>,
    /// The value after the last that was found.
    next: usize,
    /// All of them, once one was not in its place.
    by_name: Option<HashMap<&'v str, &'v Value>>,
}

impl<'v> Lookup<'v> {
    pub(super) fn new(values: Option<&'v Group>) -> Lookup<'v> {
        Lookup {
            values,
            next: 0,
            by_name: None,
        }
    }

    pub(super) fn get(&mut self, name: &str) -> Option<&'v Value> {
        let values = self.values?;
        if let Some((other, value)) = values.at(self.next)
            && other == name
        {
            self.next = self.next.saturating_add(1);
            return Some(value);
        }
        if values.len() <= FEW {
            return values.get(name);
        }
        // The first of a name, as `get` has it.
        let by_name = self.by_name.get_or_insert_with(|| {
            let mut all = HashMap::with_capacity(values.len());
            for (name, value) in values.iter() {
                all.entry(name).or_insert(value);
            }
            all
        });
        by_name.get(name).copied()
    }
}
