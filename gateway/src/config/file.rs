//! What `routes.toml` may say: the file's own types, read by serde and turned into program types in `resolve`.

mod admin;
mod back;
mod compare;
mod edge;
mod kafka_backend;
mod kept;
mod matching;
mod rollout;
mod tls;
mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use parsers::LayoutWords;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

pub(super) use self::admin::{Admin, AdminLimits, AdminOidc, AdminRate, AdminSession, AdminTls};
pub(super) use self::back::{AskLegacy, WriteBack};
pub(super) use self::compare::{
    Compare, CompareField, ErrorWhen, Noise, Recheck, SameStatus, Unordered, Variants,
};
pub(super) use self::edge::{AccessLog, Forwarding, Limits, Rate};
pub(super) use self::kafka_backend::KafkaBackend;
pub(super) use self::kept::{Callback, Client, Idempotency, Later};
pub(super) use self::matching::{
    Answer, Body, Calendar, FlagOr, HeaderEdits, Match, OneOrMany, Path, Redirect, Text, Time, Tls,
    Tokens, WhenClosed,
};
pub(super) use self::rollout::Rollout;
pub(super) use self::tls::{BackendTls, Certificate, ListenTls};
pub(super) use self::view::{NumberField, View};

/// A table whose keys are names of the user's; `in_order` gives them as written.
pub(super) type Named<T> = BTreeMap<Spanned<String>, T>;

/// The entries of a table in the order of the file.
pub(super) fn in_order<T>(named: &Named<T>) -> Vec<(&Spanned<String>, &T)> {
    let mut entries: Vec<_> = named.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: Spanned<u32>,
    pub(super) revision: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) listen: Listen,
    pub(super) access_log: Option<Spanned<AccessLog>>,
    pub(super) limits: Option<Spanned<Limits>>,
    pub(super) admin: Option<Spanned<Admin>>,
    pub(super) kafka: Option<Spanned<kafka::KafkaConfig>>,
    /// Where the schemas of topics that views read are.
    pub(super) registry: Option<Spanned<kafka::registry::RegistryConfig>>,
    #[serde(default)]
    pub(super) control: Control,
    #[serde(default)]
    pub(super) copybooks: Named<Copybook>,
    #[serde(default)]
    pub(super) mappings: Named<Mapping>,
    #[serde(default)]
    pub(super) calendars: Named<Calendar>,
    #[serde(default)]
    pub(super) tokens: Named<Spanned<Tokens>>,
    #[serde(default)]
    pub(super) backends: Named<Backend>,
    #[serde(default)]
    pub(super) groups: Named<Group>,
    #[serde(default)]
    pub(super) routes: Vec<Route>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    /// An address, or `off`.
    pub(super) http: Option<Spanned<String>>,
    /// The networks of those whose forwarding fields are believed.
    #[serde(default)]
    pub(super) trusted: Vec<Spanned<String>>,
    pub(super) forwarding: Option<Spanned<Forwarding>>,
    pub(super) https: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) certificates: Vec<Spanned<Certificate>>,
    pub(super) tls: Option<Spanned<ListenTls>>,
    /// The networks whose connections begin with a PROXY protocol header.
    #[serde(default)]
    pub(super) proxy_protocol: Vec<Spanned<String>>,
    /// The name of a field.
    pub(super) request_id: Option<Spanned<String>>,
    pub(super) trace: Option<Spanned<String>>,
    pub(super) date: Option<Spanned<String>>,
    pub(super) max_connections: Option<Spanned<i64>>,
    pub(super) max_connections_per_client: Option<Spanned<i64>>,
    pub(super) max_head: Option<Spanned<String>>,
    pub(super) max_fields: Option<Spanned<i64>>,
    pub(super) head_timeout: Option<Spanned<String>>,
    /// A time, or `never`.
    pub(super) tcp_keepalive: Option<Spanned<String>>,
    pub(super) body_timeout: Option<Spanned<String>>,
    pub(super) max_body: Option<Spanned<String>>,
    pub(super) drain: Option<Spanned<String>>,
    pub(super) drain_idle: Option<Spanned<String>>,
    pub(super) half_closed: Option<Spanned<String>>,
    /// The path below which clients ask what became of requests.
    pub(super) outcomes: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Control {
    pub(super) store: Option<Spanned<String>>,
    pub(super) topic: Option<Spanned<String>>,
    pub(super) directory: Option<PathBuf>,
    pub(super) hold: Option<Spanned<String>>,
    pub(super) max_age: Option<Spanned<String>>,
    pub(super) anchors: Option<Anchors>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Anchors {
    pub(super) file: PathBuf,
    pub(super) every: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Copybook {
    pub(super) file: Spanned<PathBuf>,
    pub(super) meaning: Option<Spanned<PathBuf>>,
    /// Where COPY finds its members, after the copybook's own folder.
    pub(super) copy_directories: Option<Vec<PathBuf>>,
    /// `auto`, `fixed`, `free` or columns.
    pub(super) source_format: Option<Spanned<String>>,
    /// DECIMAL-POINT IS COMMA.
    #[serde(default)]
    pub(super) decimal_comma: bool,
    pub(super) code_page: Option<Spanned<String>>,
    /// Which 01, where the copybook has several.
    pub(super) record: Option<Spanned<String>>,
    /// Compiler rules and what is done about odd data, in the words of `parsers::LayoutOptions`.
    pub(super) layout: Option<Spanned<LayoutWords>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    pub(super) file: Spanned<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backend {
    pub(super) http: Option<Spanned<String>>,
    pub(super) endpoints: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) balance: Option<Spanned<String>>,
    pub(super) addresses: Option<Spanned<String>>,
    pub(super) lookup: Option<Spanned<String>>,
    pub(super) connect_timeout: Option<Spanned<String>>,
    pub(super) first_byte_timeout: Option<Spanned<String>>,
    pub(super) body_timeout: Option<Spanned<String>>,
    pub(super) total_timeout: Option<Spanned<String>>,
    /// A time, or `never`.
    pub(super) tunnel_timeout: Option<Spanned<String>>,
    /// A time, or `never`.
    pub(super) tcp_keepalive: Option<Spanned<String>>,
    pub(super) queue_timeout: Option<Spanned<String>>,
    pub(super) idle: Option<Spanned<String>>,
    pub(super) max_connections: Option<Spanned<usize>>,
    pub(super) protocol: Option<Spanned<String>>,
    pub(super) proxy_protocol: Option<Spanned<String>>,
    pub(super) eject: Option<Spanned<Either<Eject>>>,
    pub(super) breaker: Option<Spanned<Breaker>>,
    pub(super) retry: Option<Spanned<Either<Retry>>>,
    pub(super) check: Option<Spanned<Check>>,
    pub(super) identity: Option<Spanned<Identity>>,
    pub(super) tls: Option<Spanned<BackendTls>>,
    pub(super) kafka: Option<Spanned<KafkaBackend>>,
    pub(super) view: Option<Spanned<View>>,
    pub(super) calendar: Option<Spanned<String>>,
}

/// When an endpoint is left alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Eject {
    pub(super) failures: Option<Spanned<i64>>,
    pub(super) pause: Option<Spanned<String>>,
    pub(super) longest: Option<Spanned<String>>,
    pub(super) most: Option<Spanned<i64>>,
}

/// When a backend is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Breaker {
    pub(super) failures: Option<Spanned<i64>>,
    pub(super) requests: Option<Spanned<i64>>,
    pub(super) within: Option<Spanned<String>>,
    pub(super) pause: Option<Spanned<String>>,
    pub(super) trials: Option<Spanned<i64>>,
}

/// What is sent again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    pub(super) tries: Option<Spanned<i64>>,
    pub(super) wait: Option<Spanned<String>>,
    pub(super) longest: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) status: Vec<Spanned<i64>>,
    pub(super) budget: Option<Spanned<i64>>,
    pub(super) always: Option<Spanned<i64>>,
}

/// How endpoints are checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) path: Spanned<String>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) every: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) status: Vec<Spanned<i64>>,
    pub(super) fall: Option<Spanned<i64>>,
    pub(super) rise: Option<Spanned<i64>>,
}

/// Who we are to a backend.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) user: Option<Spanned<String>>,
    pub(super) password: Option<Spanned<ops::Setting>>,
    pub(super) bearer: Option<Spanned<ops::Setting>>,
    #[serde(default)]
    pub(super) headers: Named<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) mode: Option<Spanned<Either<Canary>>>,
    pub(super) back_sync: Option<Spanned<String>>,
    pub(super) when_stale: Option<Spanned<String>>,
    pub(super) write_back: Option<Spanned<WriteBack>>,
    pub(super) approvals: Option<Spanned<i64>>,
    pub(super) proposal_valid: Option<Spanned<String>>,
    pub(super) rollout: Option<Spanned<Rollout>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Canary {
    pub(super) canary: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) name: Spanned<String>,
    #[serde(rename = "match")]
    pub(super) rule: Spanned<Match>,
    pub(super) effect: Option<Spanned<String>>,
    pub(super) group: Option<Spanned<String>>,
    pub(super) mode: Option<Spanned<Either<Canary>>>,
    pub(super) back_sync: Option<Spanned<String>>,
    pub(super) when_stale: Option<Spanned<String>>,
    pub(super) accepted_when: Option<Spanned<Body>>,
    pub(super) request: Option<Spanned<Either<RecordShape>>>,
    pub(super) response: Option<Spanned<Either<RecordShape>>>,
    pub(super) legacy: Option<Spanned<Either<Leg>>>,
    pub(super) modern: Option<Spanned<Either<Leg>>>,
    pub(super) canary_key: Option<Spanned<CanaryKey>>,
    pub(super) idempotency: Option<Spanned<Idempotency>>,
    pub(super) fallback: Option<Spanned<String>>,
    pub(super) mirror: Option<Spanned<Mirror>>,
    pub(super) read_your_writes: Option<Spanned<ReadYourWrites>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) max_body: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) ignore: Vec<Spanned<String>>,
    pub(super) compare: Option<Spanned<Compare>>,
    pub(super) errors: Option<Spanned<Errors>>,
    pub(super) request_headers: Option<HeaderEdits>,
    pub(super) response_headers: Option<HeaderEdits>,
    pub(super) when_closed: Option<Spanned<Either<WhenClosed>>>,
    pub(super) redirect: Option<Spanned<Either<Redirect>>>,
    pub(super) answer: Option<Spanned<Answer>>,
    pub(super) limits: Option<Spanned<Limits>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leg {
    pub(super) backend: Spanned<String>,
    /// `reply`, `forget` or `async`.
    pub(super) delivery: Option<Spanned<String>>,
    #[serde(rename = "async")]
    pub(super) later: Option<Spanned<Later>>,
    pub(super) accepted: Option<Spanned<i64>>,
    pub(super) mapping: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) request_headers: Option<HeaderEdits>,
    pub(super) response_headers: Option<HeaderEdits>,
    pub(super) request: Option<Spanned<Either<RecordShape>>>,
    pub(super) response: Option<Spanned<Either<RecordShape>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordShape {
    pub(super) record: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CanaryKey {
    pub(super) field: Option<Spanned<String>>,
    pub(super) header: Option<Spanned<String>>,
    pub(super) cookie: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) query: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mirror {
    pub(super) sample: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) always: bool,
    #[serde(default)]
    pub(super) writes: bool,
}

/// How clients of views read again what they have written: one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadYourWrites {
    #[serde(default)]
    pub(super) token: bool,
    pub(super) view: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Errors {
    pub(super) status: Option<Spanned<i64>>,
    pub(super) content_type: Option<Spanned<String>>,
    pub(super) text: Option<Spanned<String>>,
    pub(super) record: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) set: Named<Spanned<toml::Value>>,
}

/// A word, or a table that says more.
#[derive(Debug)]
pub(crate) enum Either<T> {
    Word(String),
    Table(T),
}

// By hand: serde's `untagged` would say "did not match any variant" for whatever is wrong inside, and lose the place.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Either<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Either<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word in quotes or a table")
            }
            fn visit_str<E>(self, word: &str) -> Result<Either<T>, E> {
                Ok(Either::Word(word.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Either<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Either::Table)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}
