//! Who sees what of a view: fields by role, rows by claims. Pure.
//!
//! In: the head of a request. Out: [`Seeing`], or why its client sees nothing. The client is whom a verified token names; what it does not
//! say is not believed.

use jiff::Timestamp;
use std::sync::Arc;

use http::request::Parts;

use super::index::IndexField;
use super::member::{MemberPath, Shown};
use crate::route::token::Tokens;

/// More values of claims that rules look at are not followed.
const MOST_VALUES: usize = 64;

/// What a view shows to whom. Shows all of it to all where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Who signs the tokens; none where nothing is asked of anybody.
    pub tokens: Option<Arc<Tokens>>,
    /// The claim that names roles, from the outermost inwards.
    pub role: Vec<String>,
    /// What each role is shown; where there is none, everybody is shown all.
    pub roles: Vec<(String, Shown)>,
    /// Fields that must have a value of that claim.
    pub rule: Vec<(IndexField, Vec<String>)>,
}

/// What one client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seeing {
    /// Of each row.
    pub(super) shown: Shown,
    /// The values that the fields of the rules may have, as entries of an index have them. One that is empty where there are no rules.
    pub(super) rows: Vec<Vec<u8>>,
}

/// Why somebody sees nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It is not known who asks.
    Nobody,
    /// It is, and that one may not.
    Denied,
}

impl Sight {
    /// The fields that rules look at.
    #[must_use]
    pub fn rule_fields(&self) -> Vec<IndexField> {
        self.rule.iter().map(|(field, _)| field.clone()).collect()
    }

    /// What whoever sent this head sees.
    pub(super) fn of(&self, parts: &Parts, now: Timestamp) -> Result<Seeing, Unseen> {
        let Some(tokens) = &self.tokens else {
            return Ok(Seeing {
                shown: Shown::All,
                rows: vec![Vec::new()],
            });
        };
        let claims = tokens.verified(parts, now).map_err(|_| Unseen::Nobody)?;
        let mut shown = self.roles.is_empty().then_some(Shown::All);
        for role in claims.values(&self.role) {
            let of_role = self.roles.iter().find(|(name, _)| name.as_bytes() == role);
            if let Some((_, more)) = of_role {
                shown = Some(match shown {
                    None => more.clone(),
                    Some(shown) => shown.or(more),
                });
            }
        }
        let mut rows = vec![Vec::new()];
        for (field, claim) in &self.rule {
            let mut values: Vec<Vec<u8>> = claims
                .values(claim)
                .filter_map(|value| {
                    let mut out = Vec::new();
                    let value = String::from_utf8(value).ok()?;
                    field.form.of_text(&value, &mut out).then_some(out)
                })
                .collect();
            values.sort_unstable();
            values.dedup();
            if values.is_empty() || rows.len().saturating_mul(values.len()) > MOST_VALUES {
                return Err(Unseen::Denied);
            }
            let with = |row: &Vec<u8>, value: &Vec<u8>| [&row[..], &value[..]].concat();
            rows = rows
                .iter()
                .flat_map(|row| values.iter().map(move |value| with(row, value)))
                .collect();
        }
        Ok(Seeing {
            shown: shown.ok_or(Unseen::Denied)?,
            rows,
        })
    }

    /// Whether a client that sees this sees that row at all.
    pub(super) fn admits(&self, seeing: &Seeing, json: &str) -> bool {
        if self.rule.is_empty() {
            return true;
        }
        let mut has = Vec::new();
        for (field, _) in &self.rule {
            field.form.of_json(field.path.find(json), &mut has);
        }
        seeing.rows.contains(&has)
    }
}

impl Seeing {
    /// Whether a list by these fields tells nothing that is not shown.
    pub(super) fn may_list_by(&self, mut fields: impl Iterator<Item = MemberPath>) -> bool {
        fields.all(|path| self.shown.shows(&path))
    }
}
