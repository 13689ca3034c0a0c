//! Reads of what was written before: which routes write it, and which of a view read it.

use super::Resolver;
use crate::config::BackendSpec;
use crate::config::file;
use crate::route::{Action, Effect, Entry, Written};

impl Resolver<'_> {
    /// How clients read again what a route writes. `None` only when there is a fault.
    pub(super) fn written(
        &mut self,
        route: &file::Route,
        effect: Effect,
    ) -> Option<Option<Written>> {
        let Some(said) = &route.read_your_writes else {
            return Some(None);
        };
        if !effect.changes_data() {
            self.fault_with_help(
                said,
                "the route changes nothing that could be read again",
                "it belongs to the route that writes",
            );
            return None;
        }
        if route.legacy.is_none() {
            self.fault(
                said,
                "what legacy has not written no view of its data will show: the route has no legacy side",
            );
            return None;
        }
        let name = match (said.get_ref().token, &said.get_ref().view) {
            (true, None) => return Some(Some(Written::Token)),
            (false, Some(name)) => name,
            _ => {
                self.fault_with_help(
                    said,
                    "wanted one of token and view",
                    "token = true where clients send back the field Figway-Version, else view = \"BACKEND\"",
                );
                return None;
            }
        };
        if route.canary_key.is_none() {
            self.fault_with_help(
                said,
                "it is not said which key is written",
                "add canary_key = { path = \"lot\" } or one of its like, here and to the routes that read",
            );
            return None;
        }
        let id = self.backend_id(name)?;
        match self.backends.get_mut(id.0).map(|backend| &mut backend.spec) {
            Some(BackendSpec::View(view)) => view.remembers = true,
            _ => {
                self.fault(name, format!("\"{}\" is no view", name.get_ref()));
                return None;
            }
        }
        Some(Some(Written::Key(id)))
    }

    /// Routes that read one row of a view that remembers keys must say which it is.
    pub(super) fn readers(&mut self, file: &file::File, entries: &[Entry]) {
        for route in &file.routes {
            let resolved = entries.iter().find_map(|entry| match &entry.action {
                Action::Route(resolved) if *resolved.name == **route.name.get_ref() => {
                    Some((resolved, &entry.rule))
                }
                _ => None,
            });
            let Some((resolved, rule)) = resolved else {
                continue;
            };
            let of_one = resolved.modern.as_ref().is_some_and(|leg| {
                let view = self
                    .backends
                    .get(leg.backend.0)
                    .map(|backend| &backend.spec);
                let given = |name: &str| rule.path.parameters().any(|given| **given == *name);
                matches!(view, Some(BackendSpec::View(view)) if view.remembers
                    && view.key.iter().all(|(_, member)| member.parameters().all(given)))
            });
            if of_one && resolved.canary_key.is_none() {
                self.fault_with_help(
                    &route.name,
                    "its view remembers which keys are written, and it is not said which key this route reads",
                    "add canary_key, with the same value as in the route that writes",
                );
            }
        }
    }
}
