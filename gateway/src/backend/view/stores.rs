//! The stores of views on this machine: where their files are, who has them open, and how one takes the place of another. The only place
//! where a store's file is opened, made, moved or removed.
//!
//! A view's folder has `view.redb`, which answers, and while another is being filled beside it `next.redb`. The next one takes the first
//! one's place by being renamed, once it is filled and that will outlast a crash; whatever happens before, the first one is there. Within
//! a process a store is open once, however many views hold it: the one that replaces another at a reload goes on with what it finds.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::index::Definition;
use super::life::Life;
use super::store::{Store, StoreError, remove};

/// What answers.
const CURRENT: &str = "view.redb";
/// What is being filled.
const NEXT: &str = "next.redb";
/// A copy that is not whole yet.
const COPY: &str = "copy.redb";

/// All that are open in this process.
#[derive(Debug, Default)]
pub struct Stores {
    open: Mutex<HashMap<PathBuf, Folder>>,
}

/// What is open of a view's folder.
#[derive(Debug, Default)]
struct Folder {
    /// Whoever opened it last: others have no say in it any more.
    owner: u64,
    current: Weak<Store>,
    next: Weak<Store>,
    /// What the current one is shown by.
    serving: Weak<Life>,
}

/// A view's folder, as long as nobody else takes it.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    stores: Arc<Stores>,
    directory: PathBuf,
    owner: u64,
}

/// What was found in a folder.
#[derive(Debug)]
pub(super) struct Found {
    /// What answers, perhaps by an older definition.
    pub(super) current: Arc<Store>,
    /// What is to take its place.
    pub(super) next: Option<Arc<Store>>,
}

impl Stores {
    fn open(&self) -> MutexGuard<'_, HashMap<PathBuf, Folder>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What answers from a folder, for whoever is about to take it: it goes on answering meanwhile.
    pub(super) fn serving(&self, directory: &Path) -> Option<Arc<Life>> {
        self.open().get(directory)?.serving.upgrade()
    }

    /// Takes a folder from whoever has it.
    pub(super) fn own(self: &Arc<Self>, directory: &Path) -> Owned {
        let mut open = self.open();
        let folder = open.entry(directory.to_owned()).or_default();
        folder.owner = folder.owner.wrapping_add(1);
        Owned {
            stores: Arc::clone(self),
            directory: directory.to_owned(),
            owner: folder.owner,
        }
    }

    /// Puts a copy in the place of the store that answers, for another process. The open one has no name from then on. It must be sealed, and
    /// nobody may write to it meanwhile; nothing else of the folder may be open.
    pub(super) fn leave(&self, directory: &Path) -> Result<(), StoreError> {
        let (path, copy) = (directory.join(CURRENT), directory.join(COPY));
        let io = |source| StoreError::Io {
            path: path.clone(),
            source,
        };
        if let Err(error) = std::fs::copy(&path, &copy) {
            // What there is of it would only take room.
            let _gone = std::fs::remove_file(&copy);
            return Err(io(error));
        }
        // Whoever opens the folder next in this process finds the copy.
        let mut open = self.open();
        std::fs::rename(&copy, &path).map_err(io)?;
        let folder = open.entry(directory.to_owned()).or_default();
        folder.owner = folder.owner.wrapping_add(1);
        (folder.current, folder.next) = (Weak::new(), Weak::new());
        Ok(())
    }
}

impl Owned {
    /// Does something with the folder, unless another has it by now.
    fn with<T>(
        &self,
        act: impl FnOnce(&mut Folder) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut open = self.stores.open();
        let folder = open.entry(self.directory.clone()).or_default();
        match folder.owner == self.owner {
            true => act(folder),
            false => Err(StoreError::Replaced),
        }
    }

    /// This answers from the folder.
    pub(super) fn serve(&self, life: &Arc<Life>) -> Result<(), StoreError> {
        self.with(|folder| {
            folder.serving = Arc::downgrade(life);
            Ok(())
        })
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    fn opened(&self, file: &str, known: &Weak<Store>) -> Result<Option<Arc<Store>>, StoreError> {
        match known.upgrade() {
            Some(store) => Ok(Some(store)),
            None => Ok(Store::open(&self.path(file))?.map(Arc::new)),
        }
    }

    fn discard(&self, file: &str) -> Result<(), StoreError> {
        let path = self.path(file);
        match path.exists() {
            true => remove(&path),
            false => Ok(()),
        }
    }

    /// Opens what is there. What is of another topic goes; what is of another definition answers until one of this definition, begun or
    /// gone on with beside it, takes its place.
    pub(super) fn find(&self, wanted: &Definition) -> Result<Found, StoreError> {
        self.with(|folder| {
            let mut current = self.opened(CURRENT, &folder.current)?;
            let mut next = self.opened(NEXT, &folder.next)?;
            if next
                .as_ref()
                .is_some_and(|next| next.definition() != wanted)
            {
                next = None;
                self.discard(NEXT)?;
            }
            let is_other = |store: &Arc<Store>| store.definition().topic != wanted.topic;
            if current.as_ref().is_some_and(is_other) {
                current = None;
                self.discard(CURRENT)?;
            }
            let current = match (current, next.take()) {
                (Some(current), found) => {
                    next = found;
                    current
                }
                (None, Some(found)) => {
                    self.rename()?;
                    found
                }
                (None, None) => Arc::new(Store::create(&self.path(CURRENT), wanted)?),
            };
            if next.is_none() && current.definition() != wanted {
                next = Some(Arc::new(Store::create(&self.path(NEXT), wanted)?));
            }
            folder.current = Arc::downgrade(&current);
            folder.next = next.as_ref().map(Arc::downgrade).unwrap_or_default();
            Ok(Found { current, next })
        })
    }

    /// An empty store beside the one that answers; the one that was being filled goes.
    pub(super) fn begin(&self, wanted: &Definition) -> Result<Arc<Store>, StoreError> {
        self.with(|folder| {
            self.discard(NEXT)?;
            let next = Arc::new(Store::create(&self.path(NEXT), wanted)?);
            folder.next = Arc::downgrade(&next);
            Ok(next)
        })
    }

    /// The next store takes the first one's place. It must be filled, and on the disk.
    pub(super) fn swap(&self, next: &Arc<Store>) -> Result<(), StoreError> {
        self.with(|folder| {
            self.rename()?;
            folder.current = Arc::downgrade(next);
            folder.next = Weak::new();
            Ok(())
        })
    }

    /// Throws away what answers, which cannot be read.
    pub(super) fn remove_current(&self) -> Result<(), StoreError> {
        self.with(|folder| {
            folder.current = Weak::new();
            self.discard(CURRENT)
        })
    }

    fn rename(&self) -> Result<(), StoreError> {
        let path = self.path(CURRENT);
        let io = |source| StoreError::Io {
            path: path.clone(),
            source,
        };
        std::fs::rename(self.path(NEXT), &path).map_err(io)?;
        // That it is renamed is on the disk when its folder is.
        File::open(&self.directory)
            .and_then(|folder| folder.sync_all())
            .map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::index::{Index, IndexField};
    use super::super::key;
    use super::super::member::MemberPath;
    use super::super::order::Form;
    use super::super::store::{Row, Write};
    use super::*;

    fn definition(topic: &str, field: &str) -> Definition {
        let field = IndexField {
            name: field.to_owned(),
            path: MemberPath(vec![field.to_owned()]),
            form: Form::Points,
        };
        Definition {
            topic: topic.to_owned(),
            rule: Vec::new(),
            indexes: vec![Index {
                name: "i".to_owned(),
                fields: vec![field],
            }],
        }
    }

    fn put(store: &Store, key: &str) {
        let pen = store.pen();
        let key = key::of_record(key.as_bytes()).unwrap();
        let row = Row::State("{}".into());
        let write = Write {
            rows: [(key, Some(row))].into(),
            durable: true,
            filled: true,
            followed_ms: None,
            places: BTreeMap::new(),
        };
        store.write(pen, &write).unwrap();
    }

    #[test]
    fn the_next_store_takes_the_place_of_the_first_and_a_crash_before_that_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (definition("t", "A"), definition("t", "B"));
        let open = |wanted| {
            let owned = Arc::new(Stores::default()).own(directory.path());
            let found = owned.find(wanted).unwrap();
            (owned, found)
        };
        let (owned, found) = open(&one);
        assert!(found.next.is_none());
        put(&found.current, r#"{"K":1}"#);
        drop((owned, found));

        // Of another definition: the first answers, another begins beside it.
        let (owned, found) = open(&two);
        assert_eq!(
            (found.current.definition(), found.current.len().unwrap()),
            (&one, 1)
        );
        let next = found.next.unwrap();
        put(&next, r#"{"K":1}"#);
        put(&next, r#"{"K":2}"#);
        drop((owned, next, found.current));

        // Killed here, it goes on with what it had.
        let (owned, found) = open(&two);
        assert_eq!(found.current.definition(), &one);
        let next = found.next.unwrap();
        assert_eq!(next.len().unwrap(), 2);
        owned.swap(&next).unwrap();
        assert_eq!(
            found.current.len().unwrap(),
            1,
            "who still reads the first can"
        );
        drop((owned, next, found.current));
        let (owned, found) = open(&two);
        assert_eq!(
            (found.current.definition(), found.current.len().unwrap()),
            (&two, 2)
        );
        assert!(found.next.is_none());

        // By command, and with a third definition while that is filled.
        let next = owned.begin(&two).unwrap();
        assert_eq!(next.len().unwrap(), 0);
        drop((owned, next, found));
        let (owned, found) = open(&one);
        assert_eq!(found.current.definition(), &two);
        assert_eq!(found.next.as_ref().unwrap().definition(), &one);
        drop((owned, found));

        // Another topic's is no use.
        let other = definition("u", "A");
        let (_owned, found) = open(&other);
        assert_eq!(
            (found.current.len().unwrap(), found.next.is_none()),
            (0, true)
        );
    }

    #[test]
    fn whoever_opens_it_last_has_it_and_both_read_the_same_store() {
        let directory = tempfile::tempdir().unwrap();
        let stores = Arc::new(Stores::default());
        let wanted = definition("t", "A");
        let first = stores.own(directory.path());
        let found = first.find(&wanted).unwrap();
        let pen = found.current.pen();
        let second = stores.own(directory.path());
        let again = second.find(&wanted).unwrap();
        assert!(Arc::ptr_eq(&found.current, &again.current));
        assert!(matches!(first.begin(&wanted), Err(StoreError::Replaced)));
        again.current.pen();
        let late = found.current.write(pen, &Write::default());
        assert!(matches!(late, Err(StoreError::Replaced)));
        // Another process.
        let other = Arc::new(Stores::default()).own(directory.path());
        assert!(matches!(other.find(&wanted), Err(StoreError::InUse)));
    }

    #[test]
    fn a_copy_takes_the_place_of_a_store_that_goes_on_without_a_name() {
        let directory = tempfile::tempdir().unwrap();
        let (ours, wanted) = (Arc::new(Stores::default()), definition("t", "A"));
        let found = ours.own(directory.path()).find(&wanted).unwrap();
        put(&found.current, r#"{"K":1}"#);
        found.current.seal(&BTreeMap::new()).unwrap();
        ours.leave(directory.path()).unwrap();
        // Both are open, and neither sees what is written to the other.
        let theirs = Arc::new(Stores::default());
        let next = theirs.own(directory.path()).find(&wanted).unwrap();
        put(&next.current, r#"{"K":2}"#);
        put(&next.current, r#"{"K":3}"#);
        put(&found.current, r#"{"K":4}"#);
        assert_eq!(next.current.len().unwrap(), 3);
        assert_eq!(found.current.len().unwrap(), 2);
        // Who opens it again in this process has the copy, once it is free.
        let again = ours.own(directory.path());
        assert!(matches!(again.find(&wanted), Err(StoreError::InUse)));
        drop((next, theirs));
        assert_eq!(again.find(&wanted).unwrap().current.len().unwrap(), 3);
    }

    #[test]
    fn a_file_that_is_no_store_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        for file in [CURRENT, NEXT] {
            std::fs::write(directory.path().join(file), b"nothing of ours").unwrap();
        }
        let owned = Arc::new(Stores::default()).own(directory.path());
        let found = owned.find(&definition("t", "A")).unwrap();
        assert_eq!(
            (found.current.len().unwrap(), found.next.is_none()),
            (0, true)
        );
    }
}
