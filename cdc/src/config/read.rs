//! From the file's types to the program's, with every fault on the way.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event::{Decimals, JsonOptions, Schemas};
use kafka::KafkaConfig;
use kafka::registry::RegistryConfig;
use ops::config::{Fault, Faults, Source as Text};
use payload::{Policy, Surroundings};
use toml::Spanned;

use crate::batch::BatchLimits;
use crate::config::file::{Batch, File, Limit, Source};
use crate::config::{CaptureConfig, Format, SourceConfig, units};
use crate::hold::{DuplicateKeys, Rules, Threshold};
use crate::source::discover::Pattern;

/// Used when the file names no prefix.
const PREFIX: &str = "figway";
/// 5 %.
const SHARE: Threshold = Threshold::PerMille(50);
const SORT_MEMORY_MB: usize = 32;
const SECOND: Duration = Duration::from_secs(1);
/// What a record needs besides its value.
const BESIDES: u32 = 64 << 10;
/// A topic's name is at most 249 characters, and `.dlq` follows ours.
const LONGEST_NAME: usize = 200;

pub(super) fn resolve(text: &Text, folder: &Path) -> Result<CaptureConfig, Faults> {
    let file: File = text.toml()?;
    let mut faults = Faults::default();
    if *file.version.get_ref() != 1 {
        faults.push(text.fault(
            file.version.span(),
            format!(
                "version is {}; this program knows version 1",
                file.version.get_ref()
            ),
        ));
        return Err(faults);
    }
    let mut resolver = Resolver {
        text,
        folder,
        faults,
    };
    let prefix = match &file.prefix {
        Some(prefix) => resolver.name(prefix, "a prefix"),
        None => PREFIX.to_owned(),
    };
    let kafka = Arc::new(resolver.brokers(&file.kafka));
    let registry = file
        .registry
        .map(|registry| Arc::new(registry.relative_to(folder)));
    let shared = Shared {
        prefix: &prefix,
        kafka: &kafka,
        registry: registry.as_ref(),
        state: &folder.join(&file.state.directory),
    };
    let mut sources = Vec::new();
    let (mut names, mut topics) = (HashSet::new(), HashSet::new());
    for source in &file.source {
        if !names.insert(source.name.get_ref().clone()) {
            resolver.fault(
                &source.name,
                format!("two sources have the name `{}`", source.name.get_ref()),
            );
            continue;
        }
        let Some(resolved) = resolver.source(source, &shared) else {
            continue;
        };
        if !topics.insert(resolved.topic.clone()) {
            resolver.fault(
                &source.name,
                format!("two sources write to topic `{}`", resolved.topic),
            );
        }
        sources.push(Arc::new(resolved));
    }
    if file.source.is_empty() {
        resolver.faults.push(
            Fault::of_file(text.name(), "has no [[source]]")
                .help("each data set to capture is one [[source]]"),
        );
    }
    resolver
        .faults
        .into_result(CaptureConfig { kafka, sources })
}

/// What all sources have in common.
struct Shared<'a> {
    prefix: &'a str,
    kafka: &'a Arc<KafkaConfig>,
    registry: Option<&'a Arc<RegistryConfig>>,
    state: &'a Path,
}

pub(super) struct Resolver<'a> {
    pub(super) text: &'a Text,
    pub(super) folder: &'a Path,
    pub(super) faults: Faults,
}

impl Resolver<'_> {
    pub(super) fn fault<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.faults.push(self.text.fault(at.span(), message));
    }

    pub(super) fn fault_with_help<T>(
        &mut self,
        at: &Spanned<T>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults
            .push(self.text.fault(at.span(), message).help(help));
    }

    /// `parse` of a text that may be left out.
    fn parsed<T>(
        &mut self,
        value: Option<&Spanned<String>>,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let Some(value) = value else { return default };
        parse(value.get_ref()).unwrap_or_else(|message| {
            self.fault(value, message);
            default
        })
    }

    /// A name that becomes part of a topic's name, a transactional id and a folder.
    fn name(&mut self, name: &Spanned<String>, what: &str) -> String {
        let text = name.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty()
            || text.len() > LONGEST_NAME
            || !text.chars().all(fits)
            || text.starts_with('.')
        {
            self.fault_with_help(
                name,
                format!("`{text}` cannot be {what}"),
                format!("letters, digits, `.`, `_` and `-`, at most {LONGEST_NAME}, not beginning with a dot"),
            );
        }
        text.clone()
    }

    fn limit(&mut self, limit: Option<&Spanned<Limit>>) -> Threshold {
        let Some(limit) = limit else { return SHARE };
        match limit.get_ref() {
            Limit::Records(records) => Threshold::Records(*records),
            Limit::Text(text) => units::share(text).unwrap_or_else(|message| {
                self.fault(limit, message);
                SHARE
            }),
        }
    }

    fn at_least_one(
        &mut self,
        value: Option<&Spanned<usize>>,
        default: usize,
        what: &str,
    ) -> usize {
        let Some(value) = value else { return default };
        if *value.get_ref() == 0 {
            self.fault(value, format!("{what} must be at least 1"));
        }
        (*value.get_ref()).max(1)
    }

    /// The brokers, with what of TLS and SASL does not hold.
    fn brokers(&mut self, brokers: &Spanned<KafkaConfig>) -> KafkaConfig {
        let mut kafka = brokers.get_ref().clone();
        kafka.relative_to(self.folder);
        for fault in kafka.faults() {
            self.fault(brokers, fault);
        }
        let store = kafka.payload.iter().flat_map(|store| store.faults());
        let told = store.map(|fault| fault.told(self.text, brokers.span()));
        self.faults.extend(told);
        kafka
    }

    /// Every fault of one source; `None` only when there is one that leaves nothing to make.
    fn source(&mut self, source: &Source, shared: &Shared<'_>) -> Option<SourceConfig> {
        let prefix = shared.prefix;
        let name = self.name(&source.name, "the name of a source");
        if source.kind.get_ref() != "dataset" {
            self.fault(
                &source.kind,
                format!(
                    "unknown kind `{}`; known is: dataset",
                    source.kind.get_ref()
                ),
            );
        }
        let pattern = Pattern::new(source.pattern.get_ref())
            .map_err(|message| self.fault(&source.pattern, message))
            .ok();
        let format = self.format(source, shared.registry.is_some());
        let rules = Rules {
            max_deletes: self.limit(source.max_deletes.as_ref()),
            max_bad: self.limit(source.max_bad.as_ref()),
            duplicate_keys: source.duplicate_keys.unwrap_or(DuplicateKeys::HoldDeletes),
        };
        let batch = self.batch(source.batch.as_ref());
        let sort_memory_mb = self.at_least_one(
            source.sort_memory_mb.as_ref(),
            SORT_MEMORY_MB,
            "sort_memory_mb",
        );
        let poll = self.parsed(source.poll.as_ref(), SECOND, units::duration);
        let settle = self.parsed(source.settle.as_ref(), SECOND, units::duration);
        let (topic, partitions, replication) = self.topic(source, prefix, &name);
        let spec = self.framing_spec(&source.record_format);
        let cleanup_policy = source
            .topic
            .as_ref()
            .and_then(|topic| topic.cleanup_policy.as_ref());
        let cleanup_policy = self.parsed(
            cleanup_policy,
            "compact".to_owned(),
            |policy| match policy {
                "compact" | "delete" | "compact,delete" => Ok(policy.to_owned()),
                _ => Err(format!(
                    "unknown cleanup policy `{policy}`; known are: compact, delete, compact,delete"
                )),
            },
        );
        let payload = self.payload(source.payload.as_ref(), &cleanup_policy, shared.kafka);
        let layout = self.layout(source)?;
        let echo_field = self.echo_field(source, &layout);
        let framing = self.framing(spec?, source, &layout)?;
        Some(SourceConfig {
            dead_letter_topic: format!("{topic}.dlq"),
            generations_topic: format!("{prefix}.generations"),
            prefix: prefix.to_owned(),
            kafka: Arc::clone(shared.kafka),
            registry: shared.registry.cloned(),
            state_directory: shared.state.to_owned(),
            directory: self.folder.join(&source.directory),
            pattern: pattern?,
            fingerprint: crate::hex(&layout.fingerprint()),
            code_page: layout.code_page().name().to_owned(),
            sort_memory: sort_memory_mb.saturating_mul(1 << 20),
            name,
            layout,
            framing,
            topic,
            partitions,
            replication,
            cleanup_policy,
            format,
            rules,
            echo_field,
            batch,
            payload,
            poll,
            settle,
        })
    }

    /// Which way events travel.
    fn payload(
        &mut self,
        rules: Option<&Spanned<payload::Rules>>,
        cleanup_policy: &str,
        kafka: &KafkaConfig,
    ) -> Policy {
        let Some(rules) = rules else {
            // As it always was: what is too large is the broker's to say.
            return Policy::plain(usize::MAX);
        };
        let around = Surroundings {
            room: kafka.max_message.saturating_sub(BESIDES).into(),
            store: kafka.payload.as_deref().map(payload::Config::expire_after),
            topic: match cleanup_policy {
                "delete" => payload::Topic::Deleted,
                _ => payload::Topic::Compacted,
            },
        };
        rules.get_ref().resolve(&around).unwrap_or_else(|faults| {
            for fault in faults {
                self.faults.push(fault.told(self.text, rules.span()));
            }
            Policy::plain(0)
        })
    }

    fn format(&mut self, source: &Source, has_registry: bool) -> Format {
        let written = source.format.as_ref();
        let name = written.map_or("json", |format| format.get_ref().as_str());
        let schemas = match name {
            "json" | "json-registered" | "avro" | "protobuf" => Schemas::Disabled,
            "json-schema" => Schemas::Enabled,
            _ => {
                if let Some(format) = written {
                    let message = format!(
                        "unknown format `{name}`; known are: json, json-schema, avro, protobuf, json-registered"
                    );
                    self.fault(format, message);
                }
                Schemas::Disabled
            }
        };
        let registered = matches!(name, "json-registered" | "avro" | "protobuf");
        if let Some(format) = written.filter(|_| registered && !has_registry) {
            self.fault_with_help(
                format,
                format!("`{name}` needs a schema registry, and there is no [registry]"),
                "write `[registry]` with `url = \"http://localhost:8081\"`; `figway registry` runs one for development",
            );
        }
        // Without a schema beside it a reader cannot know the scale of Connect's base64 form.
        let readable = match (schemas, name) {
            (Schemas::Disabled, "json") => Decimals::Numeric,
            _ => Decimals::Base64,
        };
        if let Some(decimals) = source
            .decimals
            .as_ref()
            .filter(|_| matches!(name, "avro" | "protobuf"))
        {
            self.fault(
                decimals,
                format!("`{name}` has a form of its own for decimals"),
            );
        }
        let decimals = self.parsed(
            source.decimals.as_ref(),
            readable,
            |decimals| match decimals {
                "numeric" => Ok(Decimals::Numeric),
                "base64" => Ok(Decimals::Base64),
                _ => Err(format!(
                    "unknown form of decimals `{decimals}`; known are: numeric, base64"
                )),
            },
        );
        match name {
            "avro" => Format::Avro,
            "protobuf" => Format::Protobuf,
            "json-registered" => Format::JsonSchema(decimals),
            _ => Format::Json(JsonOptions { schemas, decimals }),
        }
    }

    fn batch(&mut self, batch: Option<&Batch>) -> BatchLimits {
        let limits = BatchLimits::default();
        let Some(batch) = batch else { return limits };
        BatchLimits {
            records: self.at_least_one(batch.records.as_ref(), limits.records, "batch.records"),
            bytes: self.at_least_one(batch.bytes.as_ref(), limits.bytes, "batch.bytes"),
            time: self.parsed(batch.time.as_ref(), limits.time, units::duration),
        }
    }

    fn topic(&mut self, source: &Source, prefix: &str, name: &str) -> (String, i32, Option<i16>) {
        let topic = source.topic.as_ref();
        let full = match topic.and_then(|topic| topic.name.as_ref()) {
            Some(name) => self.name(name, "the name of a topic"),
            None => format!("{prefix}.{name}"),
        };
        let partitions = match topic.and_then(|topic| topic.partitions.as_ref()) {
            Some(partitions) if *partitions.get_ref() < 1 => {
                self.fault(partitions, "a topic has at least 1 partition");
                1
            }
            Some(partitions) => *partitions.get_ref(),
            None => 1,
        };
        let replication =
            topic
                .and_then(|topic| topic.replication.as_ref())
                .and_then(|replication| {
                    let copies = i16::try_from(*replication.get_ref())
                        .ok()
                        .filter(|copies| *copies > 0);
                    if copies.is_none() {
                        self.fault(replication, "a topic has at least 1 copy");
                    }
                    copies
                });
        (full, partitions, replication)
    }
}
