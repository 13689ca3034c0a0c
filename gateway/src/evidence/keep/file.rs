//! Evidence in a file of the gateway's folder, for one without Kafka: all records, written anew beside the old file and renamed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::control::Control;
use crate::control::log_run as run;
use crate::evidence::kept::Mark;
use crate::evidence::part::{Cleared, Key, Part, Said};
use crate::evidence::{Evidence, NotCleared};

/// Its name in the folder.
const NAME: &str = "evidence.json";
/// The form of the file; records have versions of their own.
const VERSION: u32 = 1;

/// All records by key.
pub(super) struct File {
    records: BTreeMap<String, Box<RawValue>>,
    /// What is there is not to be written over: this program does not know it.
    strange: bool,
    /// It was said that it cannot be written.
    told: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u32,
    records: BTreeMap<String, Box<RawValue>>,
}

impl File {
    /// Reads what an earlier run has left.
    pub(super) async fn open(control: &Control, evidence: &Arc<Evidence>) -> Self {
        let reading = control.clone();
        let read = run(move || reading.in_folder(read)).await;
        evidence.heard_lock().begins();
        let mut file = Self {
            records: BTreeMap::new(),
            strange: false,
            told: false,
        };
        // A folder that is another gateway's by now has nothing for this one.
        let found = read.unwrap_or(Ok(BTreeMap::new())).and_then(|records| {
            for (key, value) in &records {
                let said = Said::read(key.as_bytes(), Some(value.get().as_bytes()));
                evidence.hears(said.map_err(|error| error.to_string())?, None);
            }
            Ok(records)
        });
        match found {
            Ok(records) => {
                file.records = records;
                evidence.heard_lock().is_whole();
            }
            Err(why) => {
                tracing::error!(
                    file = NAME,
                    why,
                    "what earlier runs have found cannot be read, and is left as it is; evidence is in memory only: move the file away to have it kept"
                );
                evidence.heard_lock().stops(format!("{NAME}: {why}"));
                file.strange = true;
            }
        }
        file
    }

    pub(super) async fn write(
        &mut self,
        evidence: &Evidence,
        control: &Control,
        found: Vec<(Arc<str>, Part, Mark)>,
        done: Vec<Key>,
    ) {
        if self.strange || (found.is_empty() && done.is_empty()) {
            return;
        }
        for (_, part, _) in &found {
            match part.to_bytes(super::RECORD) {
                Ok(bytes) => self.put(&part.key(), &bytes),
                Err(error) => tracing::warn!(%error, "evidence is not kept"),
            }
        }
        for key in &done {
            self.records.remove(&key.to_text());
        }
        if self.save(control).await.is_err() {
            return;
        }
        for (name, _, mark) in &found {
            evidence.wrote(name, *mark);
        }
        for key in done {
            evidence.hears(Said::Gone(key), None);
        }
    }

    pub(super) async fn clear(
        &mut self,
        evidence: &Evidence,
        control: &Control,
        cleared: Cleared,
    ) -> Result<(), NotCleared> {
        let failed = |why: &dyn std::fmt::Display| NotCleared::NotWritten(why.to_string());
        if self.strange {
            return Err(failed(&format_args!("{NAME} is of another program")));
        }
        let bytes = cleared.to_bytes().map_err(|error| failed(&error))?;
        self.put(&cleared.key(), &bytes);
        self.save(control).await.map_err(|why| failed(&why))?;
        evidence.hears(Said::Cleared(cleared), None);
        Ok(())
    }

    fn put(&mut self, key: &Key, bytes: &[u8]) {
        if let Ok(value) = serde_json::from_slice(bytes) {
            self.records.insert(key.to_text(), value);
        }
    }

    async fn save(&mut self, control: &Control) -> Result<(), String> {
        #[derive(Serialize)]
        struct Writing<'a> {
            v: u32,
            records: &'a BTreeMap<String, Box<RawValue>>,
        }
        let text = serde_json::to_vec(&Writing {
            v: VERSION,
            records: &self.records,
        });
        let text = text.map_err(|error| error.to_string())?;
        let writing = control.clone();
        let wrote = run(move || writing.in_folder(|folder| write(folder, &text))).await;
        let wrote = match wrote {
            Some(wrote) => wrote.map_err(|error| error.to_string()),
            None => Err("the folder is another gateway's".to_owned()),
        };
        if let Err(why) = &wrote
            && !self.told
        {
            tracing::warn!(file = NAME, why, "evidence cannot be written down");
        }
        self.told = wrote.is_err();
        wrote
    }
}

fn read(folder: &Path) -> Result<BTreeMap<String, Box<RawValue>>, String> {
    let text = match std::fs::read(folder.join(NAME)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.to_string()),
    };
    let written: Written = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if written.v == VERSION {
        Ok(written.records)
    } else {
        Err(format!("wanted version {VERSION}, got {}", written.v))
    }
}

/// Beside and renamed: the old one or the new one.
fn write(folder: &Path, text: &[u8]) -> io::Result<()> {
    let beside = folder.join("evidence.json.new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, folder.join(NAME))
}
