//! Whether a changed table may take the place of the one that runs: a mode changes through the control log, and never because
//! the file gives a group another name, moves a route to another group, or begins a group where modern answers. Pure.
//!
//! In: both tables, the modes in force, how many writes legacy lacks. Out: every reason not to take the new one up.

use std::collections::HashMap;
use std::sync::Arc;

use super::command::{Count, Loss};
use super::state::State;
use crate::mode::Mode;
use crate::route::{BackSync, Group, Route, Table};

/// Why a changed file is not taken up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// A route would be in another mode, and the control log would know nothing of it.
    #[error(
        "route {route:?} moves from group {from:?} in mode {before} to group {to:?} in mode {after}: the file alone changes no mode; bring both to one mode first (`figway routes set`), or let the file begin a new group in the mode in force"
    )]
    Moves {
        /// The route, by its new name.
        route: Arc<str>,
        /// Its group in the running table.
        from: Arc<str>,
        /// The mode in force.
        before: Mode,
        /// Its group in the file.
        to: Arc<str>,
        /// The mode that one has or would begin in.
        after: Mode,
    },
    /// Writes that legacy lacks are counted by group.
    #[error(
        "route {route:?} moves from group {from:?} to group {to:?}, and legacy lacks {lacking} of {from:?}: the count would be forgotten; set group {from:?} to legacy first and accept their loss"
    )]
    Forgets {
        /// The route, by its new name.
        route: Arc<str>,
        /// Its group in the running table.
        from: Arc<str>,
        /// Its group in the file.
        to: Arc<str>,
        /// What legacy lacks.
        lacking: Loss,
    },
    /// Writes are on their way back to legacy, and nobody would bring them there any more.
    #[error(
        "the writes of group {group:?} would not go back to legacy any more, and legacy lacks {lacking}: wait until it has them, or skip what is parked"
    )]
    Strands {
        /// The group.
        group: Arc<str>,
        /// What legacy lacks.
        lacking: Loss,
    },
    /// Modern would accept writes, and nobody has accepted that legacy does not get them.
    #[error(
        "group {group:?} is new, changes data and would begin in mode {mode}: let the file begin it in legacy, then flip it (`figway routes set`)"
    )]
    Begins {
        /// The group.
        group: Arc<str>,
        /// The mode the file gives it.
        mode: Mode,
    },
    /// The log has not yet got the mode of the running table: that of the file would be in force without it.
    #[error(
        "group {group:?} changes data and goes from mode {before} to {after} in the file, and the control log does not know the group yet: take that back until the log is in reach"
    )]
    Unlogged {
        /// The group.
        group: Arc<str>,
        /// The mode in force.
        before: Mode,
        /// The mode the file gives it.
        after: Mode,
    },
}

/// Every reason not to put `new` in the place of `old`. `lacking` is what legacy lacks of a group now.
///
/// A route is known again by its name, or, where it has another, by what it matches.
pub(crate) fn check(
    old: &Table,
    new: &Table,
    state: &State,
    lacking: impl Fn(&str) -> Loss,
) -> Vec<NotTaken> {
    let mut found = Vec::new();
    for group in old.groups() {
        found.extend(strands(group, new.group_named(&group.name), &lacking));
    }
    for group in new.groups() {
        found.extend(begins(old.group_named(&group.name), group, state));
    }
    let of = |table: &'_ Table| -> Vec<(String, Arc<Route>)> {
        let entries = table.entries().iter();
        entries
            .filter_map(|entry| Some((entry.rule.identity(), Arc::clone(entry.route()?))))
            .collect()
    };
    let before = of(old);
    let named: HashMap<&str, _> = before
        .iter()
        .map(|(_, route)| (&*route.name, route))
        .collect();
    let matching: HashMap<&str, _> = before
        .iter()
        .map(|(rule, route)| (&**rule, route))
        .collect();
    for (rule, route) in of(new) {
        let before = named.get(&*route.name).or_else(|| matching.get(&*rule));
        let from = before.and_then(|before| old.group(before.group));
        let to = new.group(route.group);
        if let (Some(from), Some(to)) = (from, to) {
            found.extend(moves(&route.name, from, to, state, &lacking));
        }
    }
    found
}

/// Whether writes of a group would stay on their way.
fn strands(
    old: &Group,
    new: Option<&Arc<Group>>,
    lacking: &impl Fn(&str) -> Loss,
) -> Option<NotTaken> {
    let durable = |group: &Group| group.back_sync == Some(BackSync::Durable);
    if !durable(old) || new.is_some_and(|new| durable(new)) {
        return None;
    }
    let lacking = lacking(&old.name);
    let nothing = lacking.writes == 0 && lacking.count == Count::Exact;
    (!nothing).then(|| NotTaken::Strands {
        group: Arc::clone(&old.name),
        lacking,
    })
}

/// Whether a group that the log never saw would be where the file alone may not bring it.
fn begins(old: Option<&Arc<Group>>, group: &Group, state: &State) -> Option<NotTaken> {
    if state.group(&group.name).is_some() || !group.writes {
        return None;
    }
    match old {
        Some(old) if old.seed != group.seed && state.override_of(&group.name).is_none() => {
            Some(NotTaken::Unlogged {
                group: Arc::clone(&group.name),
                before: old.seed,
                after: group.seed,
            })
        }
        None if group.sides.legacy && group.seed.lets_modern_answer() => Some(NotTaken::Begins {
            group: Arc::clone(&group.name),
            mode: group.seed,
        }),
        Some(_) | None => None,
    }
}

fn moves(
    route: &Arc<str>,
    from: &Group,
    to: &Group,
    state: &State,
    lacking: &impl Fn(&str) -> Loss,
) -> Option<NotTaken> {
    if from.name == to.name {
        return None;
    }
    let (before, after) = (state.mode(from), state.mode(to));
    let (route, from_name, to_name) = (
        Arc::clone(route),
        Arc::clone(&from.name),
        Arc::clone(&to.name),
    );
    if before != after {
        return Some(NotTaken::Moves {
            route,
            from: from_name,
            before,
            to: to_name,
            after,
        });
    }
    let lacking = lacking(&from.name);
    let nothing = lacking.writes == 0 && lacking.count == Count::Exact;
    let counted = (from.writes || to.writes) && before.lets_modern_answer();
    (counted && !nothing).then_some(NotTaken::Forgets {
        route,
        from: from_name,
        to: to_name,
        lacking,
    })
}

#[cfg(test)]
mod tests;
