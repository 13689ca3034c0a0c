//! Today's modes written back into the text of a `routes.toml`: comments, order and everything else stay. Pure.
//!
//! In: the text, the modes in force by group, the revision that has counted. Out: the text with those modes and a higher
//! revision, or, if it says so already, nothing. The log stays what decides: a file that is exported and read again
//! changes nothing.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value};

use crate::mode::Mode;

/// A file that is up to date again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The new text.
    pub text: String,
    /// Its revision.
    pub revision: i64,
    /// The groups whose mode changed, in the order of their names.
    pub changed: Vec<String>,
}

/// Why a text cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It is no TOML.
    #[error("the file is no TOML")]
    Toml(#[from] toml_edit::TomlError),
    /// It is no routes.toml.
    #[error("the file is no routes.toml: {what} is not what it must be")]
    Form {
        /// What.
        what: &'static str,
    },
}

/// Brings the text up to date with the modes in force. None if there is nothing to change.
///
/// # Errors
/// The text is no `routes.toml`.
pub fn export(
    text: &str,
    modes: &BTreeMap<String, Mode>,
    revision: u64,
) -> Result<Option<Exported>, ExportError> {
    let mut file: DocumentMut = text.parse()?;
    let mut changed = Vec::new();
    let own = own_groups(&file);
    for (group, mode) in modes {
        let place = if let Some(route) = own.get(group) {
            route_at(&mut file, *route)
        } else {
            group_at(&mut file, group)?
        };
        if let Some(place) = place
            && put(place, *mode)
        {
            changed.push(group.clone());
        }
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let known = i64::try_from(revision).map_err(|_| ExportError::Form { what: "revision" })?;
    let written = match file.get("revision") {
        None => 0,
        Some(item) => item
            .as_integer()
            .ok_or(ExportError::Form { what: "revision" })?,
    };
    let next = written.max(known).saturating_add(1);
    set(file.as_table_mut(), "revision", next.into());
    Ok(Some(Exported {
        text: file.to_string(),
        revision: next,
        changed,
    }))
}

/// Routes that are a group of their own name: their place among the routes.
fn own_groups(file: &DocumentMut) -> BTreeMap<String, usize> {
    let mut own = BTreeMap::new();
    let mut add = |place: usize, route: &dyn TableLike| {
        let name = route.get("name").and_then(Item::as_str);
        if let (Some(name), None) = (name, route.get("group")) {
            own.insert(name.to_owned(), place);
        }
    };
    match file.get("routes") {
        Some(Item::ArrayOfTables(routes)) => {
            for (place, route) in routes.iter().enumerate() {
                add(place, route);
            }
        }
        Some(Item::Value(Value::Array(routes))) => {
            let tables = routes.iter().enumerate();
            for (place, route) in tables {
                if let Some(route) = route.as_inline_table() {
                    add(place, route);
                }
            }
        }
        _ => {}
    }
    own
}

fn route_at(file: &mut DocumentMut, place: usize) -> Option<&mut dyn TableLike> {
    match file.get_mut("routes")? {
        Item::ArrayOfTables(routes) => {
            let route = routes.get_mut(place)?;
            Some(route)
        }
        Item::Value(Value::Array(routes)) => {
            let route = routes.get_mut(place)?.as_inline_table_mut()?;
            Some(route)
        }
        _ => None,
    }
}

/// None for a group that the file does not have: another file's gateway may be asked.
fn group_at<'f>(
    file: &'f mut DocumentMut,
    group: &str,
) -> Result<Option<&'f mut dyn TableLike>, ExportError> {
    let Some(groups) = file.get_mut("groups") else {
        return Ok(None);
    };
    let what = ExportError::Form { what: "groups" };
    let groups = groups.as_table_like_mut().ok_or(what)?;
    match groups.get_mut(group) {
        None => Ok(None),
        Some(found) => found
            .as_table_like_mut()
            .map(Some)
            .ok_or(ExportError::Form { what: "a group" }),
    }
}

/// Whether the mode there was another.
fn put(place: &mut dyn TableLike, mode: Mode) -> bool {
    let written = match place.get("mode") {
        None => Some(Mode::Legacy),
        Some(item) => read(item),
    };
    if written == Some(mode) {
        return false;
    }
    let value = match mode {
        Mode::Legacy => "legacy".into(),
        Mode::Shadow => "shadow".into(),
        Mode::Modern => "modern".into(),
        Mode::Retired => "retired".into(),
        Mode::Canary { percent } => {
            let mut canary = InlineTable::new();
            canary.insert("canary", i64::from(percent.get()).into());
            Value::InlineTable(canary)
        }
    };
    set(place, "mode", value);
    true
}

fn read(item: &Item) -> Option<Mode> {
    if let Some(canary) = item.as_table_like() {
        let percent = canary.get("canary")?.as_integer()?;
        let percent = u8::try_from(percent).ok()?.try_into().ok()?;
        return Some(Mode::Canary { percent });
    }
    match item.as_str()? {
        "legacy" => Some(Mode::Legacy),
        "shadow" => Some(Mode::Shadow),
        "modern" => Some(Mode::Modern),
        "retired" => Some(Mode::Retired),
        _ => None,
    }
}

/// Puts a value in the place of another, between the same blanks and comments.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(other) => *other = Item::Value(value),
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"# Our routes
version = 1
revision = 3   # raised with every change of a mode

[groups.lots]  # the lots
mode = { canary = 10 } # since May
back_sync = "none"

[groups.plants]
back_sync = "none"

[[routes]]
name = "lot"
match = { path = "/lots/{lot}" }
group = "lots"

# orders go with nobody
[[routes]]
name = "order"
mode = "legacy"
"#;

    fn modes(modes: &[(&str, Mode)]) -> BTreeMap<String, Mode> {
        let modes = modes.iter();
        modes
            .map(|(group, mode)| ((*group).to_owned(), *mode))
            .collect()
    }

    #[test]
    fn comments_stay_and_the_revision_rises() {
        let today = modes(&[
            ("lots", Mode::Modern),
            (
                "order",
                Mode::Canary {
                    percent: 5.try_into().unwrap(),
                },
            ),
            ("plants", Mode::Legacy),
            ("another file's", Mode::Modern),
        ]);
        let exported = export(FILE, &today, 3).unwrap().unwrap();
        assert_eq!(exported.changed, ["lots", "order"]);
        insta::assert_snapshot!(exported.text, @r#"
        # Our routes
        version = 1
        revision = 4   # raised with every change of a mode

        [groups.lots]  # the lots
        mode = "modern" # since May
        back_sync = "none"

        [groups.plants]
        back_sync = "none"

        [[routes]]
        name = "lot"
        match = { path = "/lots/{lot}" }
        group = "lots"

        # orders go with nobody
        [[routes]]
        name = "order"
        mode = { canary = 5 }
        "#);
    }

    #[test]
    fn what_is_so_already_is_left_alone() {
        let today = modes(&[
            (
                "lots",
                Mode::Canary {
                    percent: 10.try_into().unwrap(),
                },
            ),
            ("order", Mode::Legacy),
            ("plants", Mode::Legacy),
        ]);
        assert_eq!(export(FILE, &today, 9).unwrap(), None);
    }

    #[test]
    fn a_revision_that_counted_is_passed() {
        let today = modes(&[("order", Mode::Shadow)]);
        assert_eq!(export(FILE, &today, 9).unwrap().unwrap().revision, 10);
        assert!(export("revision = ", &today, 9).is_err());
        assert!(export("groups = 3", &today, 9).is_err());
    }
}
