//! Groups: which routes flip together, the mode the file seeds them with, and whether they may be in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use super::Resolver;
use super::rollout::Planned;
use crate::config::file::{self, Canary, Either, File, in_order};
use crate::mode::{Mode, Percent};
use crate::route::back::BackPolicy;
use crate::route::{BackSync, Effect, Group, GroupId, Sides, WhenStale};

/// What a group says whose writes go back to legacy.
const DURABLE: &str = "durable";

/// A group before it is known what its routes are.
pub(super) struct Draft<'f> {
    at: &'f Spanned<String>,
    mode: Option<&'f Spanned<Either<Canary>>>,
    back_sync: Option<&'f Spanned<String>>,
    when_stale: Option<&'f Spanned<String>>,
    write_back: Option<&'f Spanned<file::WriteBack>>,
    /// What it says of itself, if it is written as a group.
    said: Option<&'f file::Group>,
    /// How its writes go back to legacy, if they do.
    policy: Option<Arc<BackPolicy>>,
    routes: Vec<(&'f file::Route, Effect)>,
}

/// The groups of a file: those written first, then those of single routes.
#[derive(Default)]
pub(super) struct Drafts<'f> {
    drafts: Vec<Draft<'f>>,
    ids: BTreeMap<&'f str, GroupId>,
    written: usize,
}

impl<'f> Drafts<'f> {
    pub(super) fn of(file: &'f File) -> Self {
        let mut drafts = Self::default();
        for (name, group) in in_order(&file.groups) {
            let id = drafts.add(name, group.mode.as_ref(), group.back_sync.as_ref());
            if let Some(draft) = drafts.drafts.get_mut(id.0) {
                draft.write_back = group.write_back.as_ref();
                draft.when_stale = group.when_stale.as_ref();
                draft.said = Some(group);
            }
        }
        drafts.written = drafts.drafts.len();
        drafts
    }

    fn add(
        &mut self,
        at: &'f Spanned<String>,
        mode: Option<&'f Spanned<Either<Canary>>>,
        back_sync: Option<&'f Spanned<String>>,
    ) -> GroupId {
        let id = GroupId(self.drafts.len());
        self.ids.insert(at.get_ref(), id);
        self.drafts.push(Draft {
            at,
            mode,
            back_sync,
            when_stale: None,
            write_back: None,
            said: None,
            policy: None,
            routes: Vec::new(),
        });
        id
    }

    fn written(&self, name: &str) -> Option<GroupId> {
        let id = self.ids.get(name).copied()?;
        (id.0 < self.written).then_some(id)
    }

    /// Its name, and how its writes go back to legacy, if they do.
    pub(super) fn back(&self, id: GroupId) -> Option<(&'f str, Option<Arc<BackPolicy>>)> {
        let draft = self.drafts.get(id.0)?;
        Some((draft.at.get_ref(), draft.policy.clone()))
    }
}

impl Resolver<'_> {
    /// The group of a route, which becomes one of its routes. `None` only when there is a fault.
    pub(super) fn group_of<'f>(
        &mut self,
        route: &'f file::Route,
        effect: Effect,
        drafts: &mut Drafts<'f>,
    ) -> Option<GroupId> {
        let id = match &route.group {
            Some(group) => {
                let stated = [
                    route.mode.as_ref().map(|mode| ("mode", mode.span())),
                    route
                        .back_sync
                        .as_ref()
                        .map(|sync| ("back_sync", sync.span())),
                    route
                        .when_stale
                        .as_ref()
                        .map(|stale| ("when_stale", stale.span())),
                ];
                for (what, span) in stated.into_iter().flatten() {
                    let fault = self.text.fault(
                        span,
                        format!(
                            "the route is in group \"{}\", which has the {what}",
                            group.get_ref()
                        ),
                    );
                    self.faults.push(fault.help(format!(
                        "write it in [groups.{}]: routes of a group flip together",
                        group.get_ref()
                    )));
                }
                let Some(id) = drafts.written(group.get_ref()) else {
                    let names: Vec<&str> = drafts
                        .drafts
                        .iter()
                        .take(drafts.written)
                        .map(|draft| draft.at.get_ref().as_str())
                        .collect();
                    if names.is_empty() {
                        self.fault_with_help(
                            group,
                            format!("there is no group \"{}\"", group.get_ref()),
                            format!("add [groups.{}], or leave `group` out: the route is then a group of its own", group.get_ref()),
                        );
                    } else {
                        self.unknown(group, "group", names.into_iter());
                    }
                    return None;
                };
                id
            }
            None if drafts.written(route.name.get_ref()).is_some() => {
                let name = route.name.get_ref();
                self.fault_with_help(
                    &route.name,
                    format!("the route names no group, and a group of its own name, \"{name}\", is there already"),
                    format!("write group = \"{name}\" if it belongs to it, else call one of them something else"),
                );
                return None;
            }
            None => drafts.add(&route.name, route.mode.as_ref(), route.back_sync.as_ref()),
        };
        if let Some(draft) = drafts.drafts.get_mut(id.0) {
            draft.when_stale = draft.when_stale.or(route.when_stale.as_ref());
            draft.routes.push((route, effect));
            let durable = draft
                .back_sync
                .is_some_and(|said| said.get_ref() == DURABLE);
            if durable && draft.policy.is_none() {
                draft.policy = Some(Arc::new(self.back_policy(draft.write_back)));
            }
        }
        Some(id)
    }

    pub(super) fn groups(&mut self, drafts: &Drafts<'_>) -> Vec<Group> {
        drafts
            .drafts
            .iter()
            .map(|draft| self.group(draft))
            .collect()
    }

    fn group(&mut self, draft: &Draft<'_>) -> Group {
        let routes = &draft.routes;
        let sides = Sides {
            legacy: routes.iter().all(|(route, _)| route.legacy.is_some()),
            modern: routes.iter().all(|(route, _)| route.modern.is_some()),
        };
        let writes = routes.iter().any(|(_, effect)| effect.changes_data());
        let back_sync = draft.back_sync.and_then(|value| self.back_sync(value));
        match (back_sync, draft.back_sync) {
            (Some(BackSync::Durable), Some(said)) => {
                self.back_holds(said, draft.at, routes);
                self.can_be_asked(draft.write_back, routes);
            }
            _ => self.back_unused(draft.write_back),
        }
        // A group that was never legacy's cannot begin there.
        let born_modern = sides.modern && !routes.iter().any(|(route, _)| route.legacy.is_some());
        let stated = draft.mode.map(|mode| (mode, self.mode(mode)));
        let seed = match stated {
            Some((_, Some(mode))) => mode,
            Some((_, None)) => Mode::Legacy,
            None if born_modern => Mode::Modern,
            None => Mode::Legacy,
        };
        if let (Some((at, Some(Mode::Retired))), Some(BackSync::Durable)) = (stated, back_sync) {
            self.fault_with_help(
                at,
                "the group's writes go back to legacy, which may not be called in mode retired",
                "write back_sync = \"none\": legacy gets nothing any more",
            );
        }
        if let Some((at, Some(mode))) = stated {
            self.mode_fits(at, mode, draft, back_sync.is_some(), born_modern);
        } else if draft.mode.is_none() && !born_modern {
            self.needs_legacy(draft.at, seed, draft);
        }
        let keyed = routes.iter().all(|(route, _)| route.canary_key.is_some());
        let approving = draft
            .said
            .map(|said| self.approving(said))
            .unwrap_or_default();
        let compared = routes.iter().any(|(route, effect)| {
            let mirror = route.mirror.as_ref();
            !effect.changes_data() || mirror.is_some_and(|mirror| mirror.get_ref().writes)
        });
        let planned = Planned {
            writes,
            compared,
            keyed,
            back_sync,
            approving,
            sides,
        };
        Group {
            name: Arc::from(draft.at.get_ref().as_str()),
            back_sync,
            seed,
            writes,
            sides,
            keyed,
            when_stale: self.when_stale(draft, writes, sides),
            approving,
            rollout: draft
                .said
                .and_then(|said| said.rollout.as_ref())
                .and_then(|said| self.rollout(said, &planned)),
        }
    }

    /// Reads go to legacy; who owns what is written is not for a gateway to decide that does not know.
    fn when_stale(&mut self, draft: &Draft<'_>, writes: bool, sides: Sides) -> WhenStale {
        let usual = if writes || !sides.legacy {
            WhenStale::AsItWas
        } else {
            WhenStale::Legacy
        };
        let Some(said) = draft.when_stale else {
            return usual;
        };
        if !self.has_max_age {
            self.fault_with_help(
                said,
                "it is not said how old the control state may be, so that it never is too old",
                "write max_age = \"10m\" into [control]",
            );
        }
        let words = [
            ("legacy", WhenStale::Legacy),
            ("as_it_was", WhenStale::AsItWas),
            ("refuse", WhenStale::Refuse),
        ];
        let found = self.word(said, "when_stale", &words);
        if found == Some(WhenStale::Legacy) && writes {
            self.fault_with_help(
                said,
                "the group changes data: a gateway that does not know who owns it would write into legacy while others write into modern",
                "write \"as_it_was\", or \"refuse\"",
            );
        } else if found == Some(WhenStale::Legacy) && !sides.legacy {
            self.fault(said, "a route of the group has no legacy side");
        }
        found.unwrap_or(usual)
    }

    /// Whether every route of a group can be in its mode.
    fn mode_fits(
        &mut self,
        at: &Spanned<Either<Canary>>,
        mode: Mode,
        draft: &Draft<'_>,
        synced: bool,
        born_modern: bool,
    ) {
        if matches!(mode, Mode::Legacy | Mode::Shadow | Mode::Canary { .. }) {
            self.needs_legacy(at, mode, draft);
        }
        if mode != Mode::Legacy
            && let Some((route, _)) = draft
                .routes
                .iter()
                .find(|(route, _)| route.modern.is_none())
        {
            self.fault_with_help(
                at,
                format!(
                    "mode {mode} asks modern, and route \"{}\" has no modern side",
                    route.name.get_ref()
                ),
                "add modern = … to the route, or leave the mode at \"legacy\"",
            );
        }
        if let Mode::Canary { .. } = mode
            && let Some((route, _)) = draft
                .routes
                .iter()
                .find(|(route, _)| route.canary_key.is_none())
        {
            self.fault_with_help(
                at,
                format!(
                    "a canary goes by a key, and route \"{}\" has no canary_key",
                    route.name.get_ref()
                ),
                "add canary_key = { header = \"…\" }, or { field = … }, { cookie = … }, { path = … }, { query = … }",
            );
        }
        let writing = draft
            .routes
            .iter()
            .find(|(_, effect)| effect.changes_data());
        if let Some((route, _)) = writing
            && mode.lets_modern_answer()
            && !synced
            && !born_modern
            && draft.back_sync.is_none()
        {
            self.fault_with_help(
                at,
                format!(
                    "mode {mode} lets the new service take what route \"{}\" writes, and it is not said how legacy learns of it",
                    route.name.get_ref()
                ),
                "write back_sync = \"durable\" beside the mode if legacy is to get it as well, \"none\" if it may lack it: a rollback then says how much it lacks",
            );
        }
    }

    fn needs_legacy<T>(&mut self, at: &Spanned<T>, mode: Mode, draft: &Draft<'_>) {
        // One with neither side was told of.
        let lacks = |route: &file::Route| route.legacy.is_none() && route.modern.is_some();
        if let Some((route, _)) = draft.routes.iter().find(|(route, _)| lacks(route)) {
            self.fault_with_help(
                at,
                format!(
                    "mode {mode} asks legacy, and route \"{}\" has no legacy side",
                    route.name.get_ref()
                ),
                "add legacy = … to the route, or put it into a group in mode \"modern\"",
            );
        }
    }

    fn mode(&mut self, value: &Spanned<Either<Canary>>) -> Option<Mode> {
        match value.get_ref() {
            Either::Word(word) => match word.as_str() {
                "legacy" => Some(Mode::Legacy),
                "shadow" => Some(Mode::Shadow),
                "modern" => Some(Mode::Modern),
                "retired" => Some(Mode::Retired),
                "canary" => {
                    self.fault(
                        value,
                        "a canary says how many percent: write { canary = 10 }",
                    );
                    None
                }
                _ => {
                    self.fault(
                        value,
                        format!("unknown mode \"{word}\"; known are: \"legacy\", \"shadow\", {{ canary = 10 }}, \"modern\", \"retired\""),
                    );
                    None
                }
            },
            Either::Table(Canary { canary }) => {
                let percent = self.percent(value, *canary)?;
                Some(Mode::Canary { percent })
            }
        }
    }

    /// A whole number of percent.
    pub(super) fn percent<T>(&mut self, at: &Spanned<T>, number: i64) -> Option<Percent> {
        let percent = u8::try_from(number)
            .ok()
            .and_then(|number| Percent::try_from(number).ok());
        if percent.is_none() {
            self.fault(
                at,
                format!("wanted a whole number of percent from 0 to 100, got {number}"),
            );
        }
        percent
    }

    fn back_sync(&mut self, value: &Spanned<String>) -> Option<BackSync> {
        match value.get_ref().as_str() {
            "none" => Some(BackSync::None),
            DURABLE => Some(BackSync::Durable),
            other => {
                self.fault(
                    value,
                    format!("unknown back_sync \"{other}\"; known are: \"none\", \"durable\""),
                );
                None
            }
        }
    }
}
