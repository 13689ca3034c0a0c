//! All that a registry knows, folded from its topic's records; and what is asked of it. Pure: no clock, no Kafka.

use std::collections::{BTreeMap, BTreeSet};

use event::confluent::{Guid, SchemaType};

use crate::compat::Level;
use crate::error::ApiError;
use crate::record::{Change, SchemaValue};
use crate::schema::{Parsed, Reference, Resolved, Text};

/// How deep schemas may refer to others.
const REFERENCES: usize = 20;

/// A version of a subject.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: u32,
    pub(crate) guid: Guid,
    pub(crate) text: Text,
    pub(crate) deleted: bool,
}

/// Which versions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum See {
    /// Those that are not deleted.
    Live,
    /// All that can still be had.
    All,
    /// Only those that are deleted.
    Deleted,
}

impl See {
    pub(crate) fn shows(self, deleted: bool) -> bool {
        match self {
            Self::Live => !deleted,
            Self::All => true,
            Self::Deleted => deleted,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    subjects: BTreeMap<String, BTreeMap<i32, Version>>,
    levels: BTreeMap<Option<String>, Level>,
    modes: BTreeMap<Option<String>, Mode>,
    /// The highest number ever given out.
    last_id: u32,
    /// Bytes of all texts.
    bytes: usize,
}

/// What may be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    ReadWrite,
    ReadOnly,
    /// With numbers and versions that the client gives.
    Import,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "READWRITE",
            Self::ReadOnly => "READONLY",
            Self::Import => "IMPORT",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::ReadWrite, Self::ReadOnly, Self::Import]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

impl State {
    /// Takes a change in.
    ///
    /// # Errors
    /// When it says something that this version does not know.
    pub(crate) fn apply(&mut self, change: Change) -> Result<(), String> {
        match change {
            Change::Schema(subject, version, Some(value)) => self.put(subject, version, value)?,
            Change::Schema(subject, version, None) => {
                if let Some(versions) = self.subjects.get_mut(&subject) {
                    if let Some(gone) = versions.remove(&version) {
                        self.bytes = self.bytes.saturating_sub(gone.text.text.len());
                    }
                    if versions.is_empty() {
                        self.subjects.remove(&subject);
                    }
                }
            }
            Change::Level(subject, Some(name)) => {
                let level = Level::from_name(&name);
                let level = level.ok_or_else(|| format!("unknown level {name}"))?;
                self.levels.insert(subject, level);
            }
            Change::Level(subject, None) => drop(self.levels.remove(&subject)),
            Change::Mode(subject, Some(name)) => {
                let mode = Mode::from_name(&name).ok_or_else(|| format!("unknown mode {name}"))?;
                self.modes.insert(subject, mode);
            }
            Change::Mode(subject, None) => drop(self.modes.remove(&subject)),
            Change::Nothing => {}
        }
        Ok(())
    }

    fn put(&mut self, subject: String, version: i32, value: SchemaValue) -> Result<(), String> {
        let kind = value
            .kind()
            .ok_or_else(|| format!("unknown kind of schema {:?}", value.schema_type))?;
        let text = Text {
            kind,
            text: value.schema,
            references: value.references,
        };
        self.last_id = self.last_id.max(value.id);
        self.bytes = self.bytes.saturating_add(text.text.len());
        let found = Version {
            id: value.id,
            guid: text.guid(),
            text,
            deleted: value.deleted,
        };
        let before = self
            .subjects
            .entry(subject)
            .or_default()
            .insert(version, found);
        if let Some(before) = before {
            self.bytes = self.bytes.saturating_sub(before.text.text.len());
        }
        Ok(())
    }

    /// Bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn next_id(&self) -> u32 {
        self.last_id.saturating_add(1)
    }

    /// Subjects with a version that is to be seen.
    pub(crate) fn subjects(&self, see: See) -> impl Iterator<Item = &str> {
        self.subjects
            .iter()
            .filter(move |(_, versions)| match see {
                See::Deleted => versions.values().all(|version| version.deleted),
                see => versions.values().any(|version| see.shows(version.deleted)),
            })
            .map(|(subject, _)| subject.as_str())
    }

    /// The versions of a subject, lowest first.
    pub(crate) fn versions(
        &self,
        subject: &str,
        see: See,
    ) -> impl DoubleEndedIterator<Item = (i32, &Version)> {
        self.subjects
            .get(subject)
            .into_iter()
            .flatten()
            .filter(move |(_, version)| see.shows(version.deleted))
            .map(|(number, version)| (*number, version))
    }

    /// The versions of a subject that is known.
    pub(crate) fn known_versions(
        &self,
        subject: &str,
        see: See,
    ) -> Result<Vec<(i32, &Version)>, ApiError> {
        let found: Vec<_> = self.versions(subject, see).collect();
        if found.is_empty() {
            return Err(ApiError::subject_not_found(subject));
        }
        Ok(found)
    }

    /// The version of that number; the last one for `None`.
    pub(crate) fn version(
        &self,
        subject: &str,
        wanted: Option<i32>,
        see: See,
    ) -> Result<(i32, &Version), ApiError> {
        let found = self.known_versions(subject, see)?;
        let last = found.last().copied();
        let of_number = |wanted| found.iter().find(|(number, _)| *number == wanted).copied();
        match wanted {
            None => last.ok_or_else(|| ApiError::subject_not_found(subject)),
            Some(wanted) => of_number(wanted).ok_or_else(|| ApiError::version_not_found(wanted)),
        }
    }

    /// Everywhere: subject, version, and what is there.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, i32, &Version)> {
        self.subjects.iter().flat_map(|(subject, versions)| {
            let versions = versions.iter();
            versions.map(move |(number, version)| (subject.as_str(), *number, version))
        })
    }

    /// A version that has that schema, anywhere: the same schema has one number.
    pub(crate) fn by_guid(&self, guid: Guid) -> Option<&Version> {
        self.all()
            .find(|(.., version)| version.guid == guid)
            .map(|(.., version)| version)
    }

    pub(crate) fn by_id(&self, id: u32) -> Option<&Version> {
        self.all()
            .find(|(.., version)| version.id == id)
            .map(|(.., version)| version)
    }

    /// Numbers of schemas that refer to that version and are not deleted.
    pub(crate) fn referring(&self, subject: &str, version: i32) -> BTreeSet<u32> {
        let refers = |text: &Text| {
            let mut references = text.references.iter();
            references.any(|known| known.subject == subject && known.version == version)
        };
        self.all()
            .filter(|(.., found)| !found.deleted && refers(&found.text))
            .map(|(.., found)| found.id)
            .collect()
    }

    /// The level of a subject, or of all.
    pub(crate) fn level(&self, subject: Option<&str>) -> Option<Level> {
        self.levels.get(&subject.map(str::to_owned)).copied()
    }

    pub(crate) fn level_in_force(&self, subject: &str) -> Level {
        self.level(Some(subject))
            .or_else(|| self.level(None))
            .unwrap_or_default()
    }

    pub(crate) fn mode(&self, subject: Option<&str>) -> Option<Mode> {
        self.modes.get(&subject.map(str::to_owned)).copied()
    }

    pub(crate) fn mode_in_force(&self, subject: &str) -> Mode {
        self.mode(Some(subject))
            .or_else(|| self.mode(None))
            .unwrap_or_default()
    }

    /// The schemas that these refer to, each behind those that it needs itself.
    pub(crate) fn resolve(&self, references: &[Reference]) -> Result<Vec<Resolved>, String> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        self.resolve_into(references, 0, &mut seen, &mut found)?;
        Ok(found)
    }

    fn resolve_into(
        &self,
        references: &[Reference],
        depth: usize,
        seen: &mut BTreeSet<String>,
        found: &mut Vec<Resolved>,
    ) -> Result<(), String> {
        if depth > REFERENCES {
            return Err(format!("wanted at most {REFERENCES} levels of references"));
        }
        for reference in references {
            let (subject, number) = (&reference.subject, reference.version);
            let wanted = (number >= 0).then_some(number);
            let version = self.version(subject, wanted, See::All).map_err(|_| {
                format!("No schema reference found for subject \"{subject}\" and version {number}")
            })?;
            if !seen.insert(reference.name.clone()) {
                continue;
            }
            let text = &version.1.text;
            self.resolve_into(&text.references, depth.saturating_add(1), seen, found)?;
            found.push(Resolved {
                name: reference.name.clone(),
                text: text.text.clone(),
            });
        }
        Ok(())
    }

    /// Reads a schema with what it refers to, and puts it into the form that is kept.
    pub(crate) fn parse(
        &self,
        kind: SchemaType,
        text: &str,
        references: Vec<Reference>,
    ) -> Result<(Text, Parsed), ApiError> {
        let invalid = |why: String| ApiError::invalid_schema(text, &why);
        let resolved = self.resolve(&references).map_err(invalid)?;
        let parsed = Parsed::parse(kind, text, &resolved).map_err(invalid)?;
        let text = Text {
            kind,
            text: parsed.kept(text),
            references,
        };
        Ok((text, parsed))
    }

    /// What of `new` is in the way of those versions, at that level.
    pub(crate) fn incompatible(
        &self,
        new: &Parsed,
        versions: &[(i32, &Version)],
        level: Level,
    ) -> Result<Vec<String>, ApiError> {
        for (number, version) in versions.iter().rev() {
            let text = &version.text;
            let (_, old) = self.parse(text.kind, &text.text, text.references.clone())?;
            let mut found = Vec::new();
            if level.backward() {
                let differences = new.reads(&old);
                found.extend(
                    differences
                        .iter()
                        .map(|one| crate::error::message(one, "new", "old")),
                );
            }
            if level.forward() {
                let differences = old.reads(new);
                found.extend(
                    differences
                        .iter()
                        .map(|one| crate::error::message(one, "old", "new")),
                );
            }
            if !found.is_empty() {
                found.push(format!("{{oldSchemaVersion: {number}}}"));
                found.push(format!("{{oldSchema: '{}'}}", text.text));
                found.push(format!("{{compatibility: '{level}'}}"));
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }
}
