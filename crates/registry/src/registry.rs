//! What changes: registering, deleting, levels and modes. Each decision is made on the state, written to the topic, and only then
//! part of the state; one at a time.

use std::sync::{Arc, RwLock, RwLockReadGuard};

use event::confluent::{Guid, SchemaType};
use tokio::sync::Mutex;

use crate::compat::Level;
use crate::error::ApiError;
use crate::record::{Change, SchemaValue};
use crate::schema::{Reference, Text};
use crate::state::{Mode, See, State, Version};
use crate::store::Store;

/// How many versions there may be, of all subjects together.
const MAX_VERSIONS: usize = 20_000;
/// How many bytes all texts may have.
const MAX_BYTES: usize = 64 << 20;

/// A schema to be registered or looked up.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) kind: SchemaType,
    pub(crate) text: String,
    pub(crate) references: Vec<Reference>,
    /// With mode IMPORT: its number and its version.
    pub(crate) id: Option<u32>,
    pub(crate) version: Option<i32>,
}

/// Where a schema is.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) subject: String,
    pub(crate) version: i32,
    pub(crate) id: u32,
    pub(crate) guid: Guid,
    pub(crate) text: Text,
}

impl Registered {
    pub(crate) fn of(subject: &str, version: i32, found: &Version) -> Self {
        Self {
            subject: subject.to_owned(),
            version,
            id: found.id,
            guid: found.guid,
            text: found.text.clone(),
        }
    }
}

pub(crate) struct Registry {
    state: RwLock<State>,
    store: Mutex<Store>,
}

impl Registry {
    pub(crate) fn new(state: State, store: Store) -> Arc<Self> {
        Arc::new(Self {
            state: RwLock::new(state),
            store: Mutex::new(store),
        })
    }

    /// The state as it is. Not to be held across a wait.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        // A change that panicked half-way was not made: `State::apply` changes one map.
        self.state
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Decides on the state what changes, writes it, and takes it in.
    async fn change<T>(
        &self,
        decide: impl FnOnce(&State) -> Result<(Vec<Change>, T), ApiError> + Send,
    ) -> Result<T, ApiError> {
        let mut store = self.store.lock().await;
        if store.is_fenced() {
            return Err(ApiError::store(
                "another registry has taken over the topic: this one only reads what it knew",
            ));
        }
        if store.must_open() {
            let state = store
                .open()
                .await
                .map_err(|error| ApiError::store(error.to_string()))?;
            *self
                .state
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = state;
        }
        let (changes, answer) = decide(&self.state())?;
        store.append(&changes).await.map_err(|why| {
            ApiError::store(format!(
                "the change could not be written to the registry's topic: {why}"
            ))
        })?;
        let mut state = self
            .state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for change in changes {
            state.apply(change).map_err(ApiError::store)?;
        }
        Ok(answer)
    }

    /// Registers a schema under a subject; one that is there already is found.
    pub(crate) async fn register(
        &self,
        subject: &str,
        given: Given,
    ) -> Result<Registered, ApiError> {
        if let Some(found) = self.registered(subject, &given)? {
            return Ok(found);
        }
        self.change(|state| register(state, subject, given)).await
    }

    fn registered(&self, subject: &str, given: &Given) -> Result<Option<Registered>, ApiError> {
        let state = self.state();
        let (text, _) = state.parse(given.kind, &given.text, given.references.clone())?;
        Ok(find(&state, subject, text.guid(), See::Live))
    }

    /// Finds a schema under a subject.
    pub(crate) fn look_up(
        &self,
        subject: &str,
        given: Given,
        see: See,
    ) -> Result<Registered, ApiError> {
        let state = self.state();
        state.known_versions(subject, see)?;
        let (text, _) = state.parse(given.kind, &given.text, given.references)?;
        find(&state, subject, text.guid(), see).ok_or_else(|| ApiError::schema_not_found(None))
    }

    /// Deletes a subject: first softly, then for ever. Gives the versions.
    pub(crate) async fn delete_subject(
        &self,
        subject: &str,
        permanent: bool,
    ) -> Result<Vec<i32>, ApiError> {
        self.change(|state| {
            writable(state, subject)?;
            let all = state.known_versions(subject, See::All)?;
            let live = all.iter().any(|(_, version)| !version.deleted);
            if permanent && live {
                return Err(ApiError::new(404, 40405, format!("Subject '{subject}' was not deleted first before being permanently deleted")));
            }
            if !permanent && !live {
                return Err(ApiError::new(404, 40404, format!("Subject '{subject}' was soft deleted.Set permanent=true to delete permanently")));
            }
            let mut changes = Vec::new();
            let mut versions = Vec::new();
            for (number, version) in all {
                unreferenced(state, subject, number)?;
                if permanent || !version.deleted {
                    versions.push(number);
                    changes.push(deletion(subject, number, version, permanent));
                }
            }
            if permanent {
                changes.push(Change::Level(Some(subject.to_owned()), None));
                changes.push(Change::Mode(Some(subject.to_owned()), None));
            }
            Ok((changes, versions))
        })
        .await
    }

    /// Deletes one version of a subject; the last for `None`. Gives its number.
    pub(crate) async fn delete_version(
        &self,
        subject: &str,
        wanted: Option<i32>,
        permanent: bool,
    ) -> Result<i32, ApiError> {
        self.change(|state| {
            writable(state, subject)?;
            let (number, version) = state.version(subject, wanted, See::All)?;
            if permanent && !version.deleted {
                return Err(ApiError::new(404, 40407, format!("Subject '{subject}' Version {number} was not deleted first before being permanently deleted")));
            }
            if !permanent && version.deleted {
                return Err(ApiError::new(404, 40406, format!("Subject '{subject}' Version {number} was soft deleted.Set permanent=true to delete permanently")));
            }
            unreferenced(state, subject, number)?;
            Ok((vec![deletion(subject, number, version, permanent)], number))
        })
        .await
    }

    /// Sets the level of a subject, or of all; without one takes it back and gives the one there was.
    pub(crate) async fn set_level(
        &self,
        subject: Option<&str>,
        level: Option<Level>,
    ) -> Result<Option<Level>, ApiError> {
        self.change(|state| {
            if let Some(subject) = subject {
                writable(state, subject)?;
            }
            let before = state.level(subject);
            let name = level.map(|level| level.as_str().to_owned());
            Ok((
                vec![Change::Level(subject.map(str::to_owned), name)],
                before,
            ))
        })
        .await
    }

    /// Sets the mode of a subject, or of all; without one takes it back and gives the one there was.
    pub(crate) async fn set_mode(
        &self,
        subject: Option<&str>,
        mode: Option<Mode>,
        force: bool,
    ) -> Result<Option<Mode>, ApiError> {
        self.change(|state| {
            let filled = match subject {
                Some(subject) => state.versions(subject, See::Live).next().is_some(),
                None => state.subjects(See::Live).next().is_some(),
            };
            if mode == Some(Mode::Import) && filled && !force {
                return Err(ApiError::not_permitted(
                    "Cannot import since found existing subjects",
                ));
            }
            let before = state.mode(subject);
            let name = mode.map(|mode| mode.as_str().to_owned());
            Ok((vec![Change::Mode(subject.map(str::to_owned), name)], before))
        })
        .await
    }
}

fn find(state: &State, subject: &str, guid: Guid, see: See) -> Option<Registered> {
    state
        .versions(subject, see)
        .rev()
        .find(|(_, version)| version.guid == guid)
        .map(|(number, version)| Registered::of(subject, number, version))
}

fn writable(state: &State, subject: &str) -> Result<(), ApiError> {
    match state.mode_in_force(subject) {
        Mode::ReadOnly => Err(ApiError::not_permitted(format!(
            "Subject {subject} is in read-only mode"
        ))),
        Mode::ReadWrite | Mode::Import => Ok(()),
    }
}

fn unreferenced(state: &State, subject: &str, version: i32) -> Result<(), ApiError> {
    if state.referring(subject, version).is_empty() {
        return Ok(());
    }
    Err(ApiError::new(
        422,
        42206,
        format!(
            "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
        ),
    ))
}

fn deletion(subject: &str, number: i32, version: &Version, permanent: bool) -> Change {
    let value = SchemaValue {
        deleted: true,
        ..value(subject, number, version.id, &version.text)
    };
    Change::Schema(subject.to_owned(), number, (!permanent).then_some(value))
}

fn value(subject: &str, version: i32, id: u32, text: &Text) -> SchemaValue {
    let kind = (text.kind != SchemaType::Avro).then(|| text.kind.as_str().to_owned());
    SchemaValue {
        subject: subject.to_owned(),
        version,
        id,
        schema_type: kind,
        references: text.references.clone(),
        schema: text.text.clone(),
        deleted: false,
    }
}

fn register(
    state: &State,
    subject: &str,
    given: Given,
) -> Result<(Vec<Change>, Registered), ApiError> {
    writable(state, subject)?;
    let import = state.mode_in_force(subject) == Mode::Import;
    if !import && given.id.is_some() {
        return Err(ApiError::not_permitted(format!(
            "Subject {subject} is not in import mode"
        )));
    }
    if import && given.id.is_none() {
        return Err(ApiError::not_permitted(format!(
            "Subject {subject} is in import mode: give the schema's id and version"
        )));
    }
    let (text, parsed) = state.parse(given.kind, &given.text, given.references)?;
    let guid = text.guid();
    // Another may have come between.
    if let Some(found) = find(state, subject, guid, See::Live) {
        return Ok((Vec::new(), found));
    }
    if state.all().count() >= MAX_VERSIONS
        || state.bytes().saturating_add(text.text.len()) > MAX_BYTES
    {
        return Err(ApiError::store(format!(
            "this registry is for development: it holds at most {MAX_VERSIONS} versions and {MAX_BYTES} bytes of schemas"
        )));
    }
    let level = state.level_in_force(subject);
    let live: Vec<_> = state.versions(subject, See::Live).collect();
    if level != Level::None && !import {
        let first = if level.transitive() {
            0
        } else {
            live.len().saturating_sub(1)
        };
        let found = state.incompatible(&parsed, live.get(first..).unwrap_or_default(), level)?;
        if !found.is_empty() {
            return Err(ApiError::incompatible(subject, &found));
        }
    }
    let last = state.versions(subject, See::All).next_back();
    let next = last.map_or(1, |(number, _)| number.saturating_add(1));
    let version = given
        .version
        .filter(|version| import && *version > 0)
        .unwrap_or(next);
    let id = match (given.id, state.by_guid(guid)) {
        (Some(id), known) => {
            let other = state.by_id(id).is_some_and(|found| found.guid != guid);
            if other || known.is_some_and(|known| known.id != id) {
                return Err(ApiError::not_permitted(format!(
                    "Overwrite new schema with id {id} is not permitted."
                )));
            }
            id
        }
        (None, Some(known)) => known.id,
        (None, None) => state.next_id(),
    };
    let registered = Registered {
        subject: subject.to_owned(),
        version,
        id,
        guid,
        text,
    };
    let value = value(subject, version, id, &registered.text);
    Ok((
        vec![Change::Schema(subject.to_owned(), version, Some(value))],
        registered,
    ))
}
