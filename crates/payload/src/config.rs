//! `[kafka.payload]`: where large bodies are stored, for how long, and what they are encrypted with.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ops::Setting;
use ops::config::Source;
use serde::Deserialize;
use toml::Spanned;

use crate::header::KeyId;
use crate::units::{Age, shown};

/// The table. Places in the file are kept for [`Config::faults`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder; a relative one is meant from the configuration's.
    pub folder: Option<Spanned<PathBuf>>,
    /// Or a bucket: `s3://NAME/PREFIX`, `gs://…`, `az://…`; in programs built with the feature `bucket`.
    pub bucket: Option<Spanned<String>>,
    /// Where the bucket is, if not at the cloud's own place: `https://HOST`.
    pub endpoint: Option<Spanned<String>>,
    /// The longest that any topic keeps records that refer to objects; 7 days (Kafka's own default) if none.
    pub retention: Option<Spanned<Age>>,
    /// How old objects get that are written with this table; a day more than `retention` if none.
    pub expire_after: Option<Spanned<Age>>,
    /// The id of the key that is written with; nothing is encrypted if none.
    pub key: Option<Spanned<String>>,
    /// All keys that are read with: ids, and references to 64 hexadecimal digits.
    #[serde(default)]
    pub keys: BTreeMap<Spanned<String>, Spanned<Setting>>,
}

/// What is wrong with a table, and where in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the file; of the table as a whole if none.
    pub at: Option<Range<usize>>,
    /// What.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Whether the line holds a secret and is not to be shown.
    pub secret: bool,
}

impl Fault {
    pub(crate) fn new<T>(
        at: &Spanned<T>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            at: Some(at.span()),
            message: message.into(),
            help: help.into(),
            secret: false,
        }
    }

    /// As a person reads it: at its place in the text, or at that of its table.
    #[must_use]
    pub fn told(self, text: &Source, table: Range<usize>) -> ops::config::Fault {
        let at = self.at.unwrap_or(table);
        if self.secret {
            let before = text.text().get(..at.start).unwrap_or_default();
            let place = format!("{}:{}", text.name(), before.matches('\n').count() + 1);
            return ops::config::Fault::of_file(place, self.message).help(self.help);
        }
        text.fault(at, self.message).help(self.help)
    }
}

/// How addresses of buckets begin.
const SCHEMES: [&str; 3] = ["s3://", "gs://", "az://"];
/// How long Kafka keeps records unless someone says otherwise.
const RETENTION: Duration = Duration::from_secs(7 * 86_400);
/// How much longer objects are there than records that refer to them, at least: what is read late is not to find nothing.
const MARGIN: Duration = Duration::from_secs(86_400);

impl Config {
    /// A folder and nothing else.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(Spanned::new(0..0, path.into())),
            bucket: None,
            endpoint: None,
            retention: None,
            expire_after: None,
            key: None,
            keys: BTreeMap::new(),
        }
    }

    /// The same, encrypted with that key.
    #[must_use]
    pub fn encrypted(mut self, id: &str, key: Setting) -> Self {
        self.keys
            .insert(Spanned::new(0..0, id.to_owned()), Spanned::new(0..0, key));
        self.key = Some(Spanned::new(0..0, id.to_owned()));
        self
    }

    /// Relative paths are meant from that folder: the configuration's.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Some(path) = &mut self.folder {
            *path.get_mut() = folder.join(path.get_ref());
        }
    }

    /// How long records are kept that refer to objects.
    #[must_use]
    pub fn retention(&self) -> Age {
        let said = self.retention.as_ref().map(|said| *said.get_ref());
        said.unwrap_or(Age::For(RETENTION))
    }

    /// How old objects get that are written with this table.
    #[must_use]
    pub fn expire_after(&self) -> Age {
        match (&self.expire_after, self.retention()) {
            (Some(said), _) => *said.get_ref(),
            (None, Age::For(retention)) => Age::For(retention.saturating_add(MARGIN)),
            (None, Age::Forever) => Age::Forever,
        }
    }

    /// What does not hold.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.places(&mut faults);
        if let Some(said) = &self.expire_after {
            faults.extend(self.too_soon(said));
        }
        let mut ids = Vec::new();
        for (id, key) in &self.keys {
            match KeyId::parse(id.get_ref()) {
                Some(known) => ids.push(known),
                None => faults.push(Fault::new(
                    id,
                    format!("\"{}\" cannot be the id of a key", id.get_ref()),
                    "at most 64 letters and digits, dots, hyphens and underlines",
                )),
            }
            if matches!(key.get_ref(), Setting::Plain(_)) {
                faults.push(Fault {
                    at: Some(id.span()),
                    message: "a key is a secret: its value does not stand here".to_owned(),
                    help: "write \"env:NAME\" or \"file:PATH\"; `openssl rand -hex 32` makes a key"
                        .to_owned(),
                    secret: true,
                });
            }
        }
        if let Some(key) = &self.key {
            let known = ids.iter().any(|id| id.as_str() == key.get_ref());
            if !known {
                faults.push(Fault::new(
                    key,
                    format!("there is no key \"{}\"", key.get_ref()),
                    "add it to [kafka.payload.keys] as ID = \"env:NAME\" or \"file:PATH\"",
                ));
            }
        }
        faults
    }

    fn places(&self, faults: &mut Vec<Fault>) {
        match (&self.folder, &self.bucket) {
            (None, None) => faults.push(Fault {
                at: None,
                message: "it is not said where large bodies are stored".to_owned(),
                help: "add folder = \"PATH\"".to_owned(),
                secret: false,
            }),
            (Some(_), Some(bucket)) => faults.push(Fault::new(
                bucket,
                "large bodies are stored in one place, and there is a folder",
                "leave one of the two out",
            )),
            (Some(folder), None) if folder.get_ref().as_os_str().is_empty() => {
                faults.push(Fault::new(folder, "this is no folder", "write its path"));
            }
            (Some(_), None) => {}
            (None, Some(bucket)) => {
                let known = SCHEMES.iter().any(|known| {
                    let rest = bucket.get_ref().strip_prefix(known);
                    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
                });
                if !known {
                    faults.push(Fault::new(
                        bucket,
                        format!("\"{}\" is no address of a bucket", bucket.get_ref()),
                        "write s3://NAME/PREFIX, gs://NAME/PREFIX or az://NAME/PREFIX",
                    ));
                } else if cfg!(not(feature = "bucket")) {
                    faults.push(Fault::new(
                        bucket,
                        "this program was built without buckets",
                        "build it with --features bucket, or write folder = \"PATH\"",
                    ));
                }
            }
        }
        if let (Some(endpoint), None) = (&self.endpoint, &self.bucket) {
            faults.push(Fault::new(
                endpoint,
                "there is no bucket",
                "add bucket = \"s3://NAME/PREFIX\", or leave it out",
            ));
        }
    }

    fn too_soon(&self, said: &Spanned<Age>) -> Option<Fault> {
        let (least, shown_as) = match (self.retention(), said.get_ref()) {
            (_, Age::Forever) => return None,
            (Age::Forever, Age::For(_)) => {
                return Some(Fault::new(
                    said,
                    "objects would expire before the records that refer to them, which are kept for ever",
                    "leave expire_after out",
                ));
            }
            (Age::For(retention), Age::For(said)) if *said < retention.saturating_add(MARGIN) => {
                (retention.saturating_add(MARGIN), shown(retention))
            }
            (Age::For(_), Age::For(_)) => return None,
        };
        let least = shown(least);
        Some(Fault::new(
            said,
            format!(
                "objects would expire too soon: records that refer to them are kept for {shown_as}, and some are read late"
            ),
            format!("write \"{least}\" or more, or leave expire_after out"),
        ))
    }

    /// The keys by their ids; only those that are ids.
    pub(crate) fn named_keys(&self) -> BTreeMap<KeyId, Setting> {
        let keys = self.keys.iter();
        keys.filter_map(|(id, key)| Some((KeyId::parse(id.get_ref())?, key.get_ref().clone())))
            .collect()
    }
}
