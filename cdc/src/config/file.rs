//! What `capture.toml` may say: the file's own types, read by serde and turned into program types in `resolve`.

use std::path::PathBuf;

use parsers::LayoutWords;
use serde::Deserialize;
use toml::Spanned;

use crate::hold::DuplicateKeys;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: Spanned<u32>,
    /// What topic names begin with.
    pub(super) prefix: Option<Spanned<String>>,
    pub(super) kafka: Spanned<kafka::KafkaConfig>,
    /// Where the schemas of `avro`, `protobuf` and `json-registered` are.
    pub(super) registry: Option<kafka::registry::RegistryConfig>,
    #[serde(default)]
    pub(super) state: State,
    #[serde(default)]
    pub(super) source: Vec<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// Where images are kept and sorts are spilled.
    #[serde(default = "state_directory")]
    pub(super) directory: PathBuf,
}

impl Default for State {
    fn default() -> Self {
        Self {
            directory: state_directory(),
        }
    }
}

fn state_directory() -> PathBuf {
    "figway-state".into()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) name: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) directory: PathBuf,
    pub(super) pattern: Spanned<String>,
    pub(super) copybook: Spanned<PathBuf>,
    pub(super) meaning: Option<Spanned<PathBuf>>,
    /// Where COPY finds its members, after the copybook's own folder.
    pub(super) copy_directories: Option<Vec<PathBuf>>,
    /// `auto`, `fixed`, `free` or columns.
    pub(super) source_format: Option<Spanned<String>>,
    /// DECIMAL-POINT IS COMMA.
    #[serde(default)]
    pub(super) decimal_comma: bool,
    /// A string, or a table with `format` and what departs from its custom.
    pub(super) record_format: Spanned<toml::Value>,
    pub(super) record_length: Option<Spanned<usize>>,
    pub(super) code_page: Spanned<String>,
    /// Compiler rules and what is done about odd data, in the words of `parsers::LayoutOptions`.
    pub(super) layout: Option<Spanned<LayoutWords>>,
    pub(super) format: Option<Spanned<String>>,
    /// How decimals are written: `numeric` (JSON numbers, the default without schema) or `base64` (Connect's default).
    pub(super) decimals: Option<Spanned<String>>,
    pub(super) topic: Option<Topic>,
    pub(super) max_deletes: Option<Spanned<Limit>>,
    pub(super) max_bad: Option<Spanned<Limit>>,
    pub(super) duplicate_keys: Option<DuplicateKeys>,
    /// Where legacy keeps the id of a write that the gateway gave back to it.
    pub(super) echo_field: Option<Spanned<String>>,
    pub(super) poll: Option<Spanned<String>>,
    pub(super) settle: Option<Spanned<String>>,
    pub(super) sort_memory_mb: Option<Spanned<usize>>,
    pub(super) batch: Option<Batch>,
    /// Which way events travel, by their size.
    pub(super) payload: Option<Spanned<payload::Rules>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    pub(super) name: Option<Spanned<String>>,
    pub(super) partitions: Option<Spanned<i32>>,
    pub(super) replication: Option<Spanned<i32>>,
    pub(super) cleanup_policy: Option<Spanned<String>>,
}

/// `"5%"` or a number of records.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Limit {
    Records(u64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    pub(super) records: Option<Spanned<usize>>,
    pub(super) bytes: Option<Spanned<usize>>,
    pub(super) time: Option<Spanned<String>>,
}
