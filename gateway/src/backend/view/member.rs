//! Members of a row's JSON by their paths: one to be looked at, or some to be shown. Pure.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Names from the outermost object inwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemberPath(pub Vec<String>);

impl fmt::Display for MemberPath {
    /// `LOT-KEY.LOT-NUMBER`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl MemberPath {
    /// Whether it is that member or one inside it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// What stands there; none where nothing does. Of two members of one name the last counts.
    pub(super) fn find<'j>(&self, json: &'j str) -> Option<&'j str> {
        let mut at = json;
        for name in &self.0 {
            at = one(at, name)?;
        }
        Some(at)
    }
}

fn one<'j>(json: &'j str, name: &str) -> Option<&'j str> {
    let mut found = None;
    each(json, |given, value| {
        if given == name {
            found = Some(value);
        }
    })?;
    found
}

/// Calls `take` with each member of an object; none when it is no object.
fn each<'j>(json: &'j str, take: impl FnMut(&str, &'j str)) -> Option<()> {
    struct Reader<F>(F);
    impl<'j, F: FnMut(&str, &'j str)> Visitor<'j> for Reader<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'j>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key::<Name<'j>>()? {
                let value: &'j RawValue = map.next_value()?;
                (self.0)(&name.0, value.get());
            }
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(())
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_map(Reader(take)).ok()
}

#[derive(Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

/// What of a row may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    All,
    /// These members, with all that is in them.
    Only(Vec<MemberPath>),
}

impl Shown {
    /// Whether a member is shown, with all that is in it.
    #[must_use]
    pub fn shows(&self, path: &MemberPath) -> bool {
        match self {
            Self::All => true,
            Self::Only(paths) => paths.iter().any(|shown| path.is_within(shown)),
        }
    }

    /// What either shows.
    #[must_use]
    pub(super) fn or(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(mut paths), Self::Only(more)) => {
                paths.extend(more.iter().cloned());
                Self::Only(paths)
            }
            _ => Self::All,
        }
    }

    /// Appends the row without what is not shown. A row that is no object is either shown whole or not at all: `null`.
    pub(super) fn write(&self, json: &str, out: &mut Vec<u8>) {
        match self {
            Self::All => out.extend_from_slice(json.as_bytes()),
            Self::Only(paths) => {
                let paths: Vec<&[String]> = paths.iter().map(|path| &*path.0).collect();
                write(json, &paths, out);
            }
        }
    }
}

fn write(json: &str, paths: &[&[String]], out: &mut Vec<u8>) {
    let begin = out.len();
    out.push(b'{');
    let mut first = true;
    let read = each(json, |name, value| {
        let inside: Vec<&[String]> = paths
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(head, _)| *head == name)
            .map(|(_, rest)| rest)
            .collect();
        let whole = inside.iter().any(|rest| rest.is_empty());
        let is_object = value.starts_with('{');
        // What lies inside an array has no path of its own.
        if inside.is_empty() || !(whole || is_object) {
            return;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        out.push(b':');
        match whole {
            true => out.extend_from_slice(value.as_bytes()),
            false => write(value, &inside, out),
        }
    });
    match read {
        Some(()) => out.push(b'}'),
        None => {
            out.truncate(begin);
            out.extend_from_slice(b"null");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> MemberPath {
        MemberPath(text.split('.').map(str::to_owned).collect())
    }

    const ROW: &str = r#"{"KEY":{"LOT":"L1","SEQ":0},"QTY": 1.50 ,"LIST":[{"A":1}],"_raw":{"QTY":"00"},"\u0041":2}"#;

    #[test]
    fn a_member_by_its_path() {
        let find = |text: &str| path(text).find(ROW);
        assert_eq!(find("KEY.LOT"), Some("\"L1\""));
        assert_eq!(find("QTY"), Some("1.50"));
        assert_eq!(find("A"), Some("2"));
        assert_eq!(find("KEY"), Some(r#"{"LOT":"L1","SEQ":0}"#));
        assert_eq!(
            (find("QTY.X"), find("LIST.A"), find("NO"), find("KEY.NO")),
            (None, None, None, None)
        );
        assert_eq!(path("A").find("[1]"), None);
    }

    #[test]
    fn only_what_may_be_seen_is_written() {
        let show = |paths: &[&str]| {
            let mut out = Vec::new();
            Shown::Only(paths.iter().map(|text| path(text)).collect()).write(ROW, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            show(&["KEY.LOT", "QTY"]),
            r#"{"KEY":{"LOT":"L1"},"QTY":1.50}"#
        );
        assert_eq!(show(&["KEY", "KEY.SEQ"]), r#"{"KEY":{"LOT":"L1","SEQ":0}}"#);
        assert_eq!(show(&["LIST"]), r#"{"LIST":[{"A":1}]}"#);
        // Inside an array, inside a number, not there, and nothing at all.
        assert_eq!(show(&["LIST.A", "QTY.X", "NO"]), "{}");
        assert_eq!(show(&[]), "{}");
        let mut out = Vec::new();
        Shown::Only(Vec::new()).write("7", &mut out);
        assert_eq!(out, b"null");
    }

    #[test]
    fn two_roles_see_what_either_sees() {
        let one = Shown::Only(vec![path("A")]);
        let both = one.clone().or(&Shown::Only(vec![path("B.C")]));
        assert!(both.shows(&path("A.X")) && both.shows(&path("B.C")) && !both.shows(&path("B")));
        assert_eq!(one.or(&Shown::All), Shown::All);
    }
}
