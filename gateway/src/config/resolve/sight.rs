//! Who sees what of a view: fields by role, rows by claims.

use toml::Spanned;

use super::Resolver;
use super::view::Known;
use crate::backend::view::{MemberPath, Shown, Sight};
use crate::config::file::{self, in_order};

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn sight(
        &mut self,
        view: &Spanned<file::View>,
        known: Option<&Known>,
    ) -> Option<Sight> {
        let spec = view.get_ref();
        let first_rule = in_order(&spec.rule)
            .first()
            .map(|(name, _)| (*name).clone());
        let first_role = in_order(&spec.roles)
            .first()
            .map(|(name, _)| (*name).clone());
        let Some(at) = first_role.clone().or(first_rule) else {
            for word in [&spec.tokens, &spec.role].into_iter().flatten() {
                self.fault_with_help(
                    word,
                    "everybody sees all of this view, whoever they are",
                    "add roles = { NAME = [\"FIELD\"] } or where = { FIELD = \"claim:NAME\" }",
                );
            }
            return Some(Sight::default());
        };
        let tokens = self.tokens_named(spec.tokens.as_ref(), &at);
        let role = match (&spec.role, first_role) {
            (Some(role), Some(_)) => self.claim_path(role),
            (Some(role), None) => {
                self.fault(role, "there are no roles");
                None
            }
            (None, Some(first)) => {
                self.fault_with_help(
                    &first,
                    "it is not said which claim names the roles",
                    "add role = \"claim:roles\"",
                );
                None
            }
            (None, None) => Some(Vec::new()),
        };
        let known = known?;
        let mut roles = Vec::new();
        for (name, fields) in in_order(&spec.roles) {
            let shown = self.shown(fields, known);
            roles.extend(shown.map(|shown| (name.get_ref().clone(), shown)));
        }
        let mut rule = Vec::new();
        for (name, claim) in in_order(&spec.rule) {
            let field = self.field_of_rows(name, known);
            let claim = self.claim_path(claim);
            rule.extend(field.zip(claim));
        }
        let whole = roles.len() == spec.roles.len() && rule.len() == spec.rule.len();
        let sight = Sight {
            tokens: Some(tokens?),
            role: role?,
            roles,
            rule,
        };
        whole.then_some(sight)
    }

    fn shown(&mut self, fields: &Spanned<Vec<Spanned<String>>>, known: &Known) -> Option<Shown> {
        let all = fields.get_ref().iter().any(|field| field.get_ref() == "*");
        if all && fields.get_ref().len() == 1 {
            return Some(Shown::All);
        }
        let mut paths = Vec::new();
        for field in fields.get_ref() {
            if field.get_ref() == "*" {
                self.fault(field, "\"*\" is every field, and stands alone");
                return None;
            }
            let path = match &known.layout {
                // Tables are shown whole.
                Some(_) => self.shown_path(field, known)?,
                None => self.field_of_rows(field, known)?.path,
            };
            paths.push(path);
        }
        Some(Shown::Only(paths))
    }

    fn shown_path(&mut self, at: &Spanned<String>, known: &Known) -> Option<MemberPath> {
        let layout = known.layout.as_ref()?;
        let path = match layout.resolve(at.get_ref()) {
            Ok(path) => path,
            Err(error) => {
                self.fault(at, error.to_string());
                return None;
            }
        };
        let mut above: Vec<_> = std::iter::successors(Some(layout.field_of(&path)), |field| {
            field.parent_id().and_then(|id| layout.field(id))
        })
        .take(path.as_str().split('.').count())
        .collect();
        if above.iter().skip(1).any(|field| field.is_table()) {
            self.fault_with_help(
                at,
                format!("\"{}\" is a part of a table", at.get_ref()),
                "a table is shown whole, or not at all",
            );
            return None;
        }
        above.reverse();
        let labels = above.iter().map(|field| field.label().to_owned());
        Some(MemberPath(labels.collect()))
    }

    /// `claim:realm_access.roles`
    fn claim_path(&mut self, at: &Spanned<String>) -> Option<Vec<String>> {
        let path = at.get_ref().strip_prefix("claim:");
        let path: Option<Vec<String>> =
            path.map(|path| path.split('.').map(str::to_owned).collect());
        match path.filter(|path| path.iter().all(|name| !name.is_empty())) {
            Some(path) => Some(path),
            None => {
                self.fault_with_help(
                    at,
                    format!("wanted a claim of the token, got \"{}\"", at.get_ref()),
                    "write \"claim:NAME\", with dots where it lies in another: \"claim:realm_access.roles\"",
                );
                None
            }
        }
    }
}
