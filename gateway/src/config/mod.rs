//! What `routes.toml` means: the program's own types, which cannot be wrong.
//!
//! In: the file, and the copybooks and certificates it names. Out: a [`Resolved`], or every fault with its line. The one resolver: `check`,
//! start and reload use it. Contacts nobody; connecting to what is described here is the [`app`](crate)'s.

mod beside;
mod file;
mod resolve;
#[cfg(test)]
mod tests;
mod units;
mod upstream;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use kafka::KafkaConfig;
use kafka::registry::RegistryConfig;
use ops::Setting;
use ops::config::{Faults, Source};

pub use self::beside::Beside;
pub(crate) use self::file::Either;
use crate::backend::view::{self, Index};
use crate::control::anchor::Anchors;
use crate::edge::Edge;
use crate::identity::{LimitSpec, OidcSpec, Person, SessionSpec};
use crate::listen::{self, http::HalfClosed};
use crate::mapping::Mapping;
use crate::route::{PathTemplate, Table};
use crate::tls::{self, Notice, ServerSpec};
pub use upstream::{
    Addresses, Attribute, CheckSpec, Connections, Credentials, HttpSpec, Identity, Protocol,
    ProxyProtocol,
};

/// Everything a gateway is told.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Where it came from, as it was given.
    pub path: PathBuf,
    /// The file's text, by which a reload sees whether anything changed.
    pub text: Source,
    /// Later changes of modes in the file count only with a higher one.
    pub revision: u64,
    /// Where clients connect.
    pub listen: Listen,
    /// What holds for all clients.
    pub edge: Arc<Edge>,
    /// The admin API, if it is wanted.
    pub admin: Option<Admin>,
    /// How to reach Kafka, if anything needs it.
    pub kafka: Option<KafkaConfig>,
    /// Where the state of routes is kept.
    pub control: Control,
    /// The backends, in the order of the file: [`BackendId`](crate::route::BackendId) is the place in it.
    pub backends: Vec<NamedBackend>,
    /// What was read besides the file and its copybooks: keys of tokens, texts of answers.
    pub files: Vec<Beside>,
    /// The mappings by name, in the order of the file.
    pub mappings: Vec<(String, Arc<Mapping>)>,
    /// The routes and their groups.
    pub table: Arc<Table>,
}

/// Where clients connect, and what holds for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// HTTP/1.x and HTTP/2 with prior knowledge, in plain text.
    pub http: Option<SocketAddr>,
    /// The same through TLS. One of the two is there.
    pub https: Option<Https>,
    /// From where a connection begins with a PROXY protocol header, which is believed.
    pub proxies: Vec<IpNet>,
    /// What a connection may take of room and time.
    pub limits: listen::http::Limits,
    /// How many connections a client may have at once, unless it is trusted; as many as there are if none.
    pub per_client: Option<usize>,
    /// After which silence the system asks whether a client is there; never if none.
    pub keepalive: Option<Duration>,
    /// The largest body that is gathered for any route that does not say otherwise, in bytes.
    pub max_body: usize,
    /// How long requests under way have to end at shutdown.
    pub drain: Duration,
    /// How long connections on which nothing is asked are kept within that.
    pub drain_idle: Duration,
    /// What it means that a client closes its side while it is answered.
    pub half_closed: HalfClosed,
}

/// Where clients connect through TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Https {
    /// HTTP/1.x and HTTP/2, as agreed on in the handshake.
    pub address: SocketAddr,
    /// How they are met.
    pub tls: ServerSpec,
}

/// The admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// A loopback address, unless `reach` says otherwise.
    pub listen: SocketAddr,
    /// From where it may be asked.
    pub reach: Reach,
    /// How connections are met; in plain text if none.
    pub tls: Option<ServerSpec>,
    /// A reference to the token that all share, never the token itself.
    pub token: Option<Setting>,
    /// Those who have a token or a certificate of their own.
    pub people: Vec<Person>,
    /// The issuer whose people are known too.
    pub oidc: Option<OidcSpec>,
    /// How long sessions of browsers last.
    pub session: SessionSpec,
    /// How often people may be wrong, and ask.
    pub limits: LimitSpec,
}

/// From where the admin API may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// This machine.
    #[default]
    Loopback,
    /// Wherever its address is; through TLS only.
    Network,
}

/// Where the state of routes is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// What holds the log.
    pub store: ControlStore,
    /// The local copy of the fold, the journal of break-glass, the stores of views; the log itself with
    /// [`ControlStore::File`].
    pub directory: PathBuf,
    /// How long writes under way are waited for when a group of writes changes sides.
    pub hold: Duration,
    /// How old what is known of the log may be before groups go by their `when_stale`; for ever if none.
    pub max_age: Option<Duration>,
    /// Where anchors of the log go, if they do.
    pub anchors: Option<Anchors>,
}

/// What holds the control log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlStore {
    /// One partition of a topic; several gateways share it.
    Kafka {
        /// The topic.
        topic: String,
    },
    /// A local file, for one gateway without Kafka.
    File,
}

/// A backend under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBackend {
    /// Unique.
    pub name: Arc<str>,
    /// What it is. Equal specifications on reload are the same live backend.
    pub spec: BackendSpec,
}

/// What a backend is. Plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendSpec {
    /// Servers to forward to.
    Http(Box<HttpSpec>),
    /// A service that answers from a topic.
    Kafka(Box<KafkaSpec>),
    /// A captured topic, looked up by key.
    View(Box<ViewSpec>),
}

impl BackendSpec {
    /// As it is called in the file.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Kafka(_) => "kafka",
            Self::View(_) => "view",
        }
    }
}

/// A service that answers from a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSpec {
    /// The topic of requests.
    pub requests: String,
    /// The topic of replies.
    pub replies: String,
    /// Which headers requests and replies have.
    pub form: crate::backend::kafka::Form,
    /// The most requests without a reply at once.
    pub max_in_flight: usize,
    /// Which way bodies travel, by their size.
    pub payload: payload::Policy,
    /// Where it is kept what became of requests, if a route needs that.
    pub outcomes: Option<OutcomesSpec>,
}

/// Where it is kept what became of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomesSpec {
    /// The topic.
    pub topic: String,
    /// The longest that any route keeps an answer.
    pub keep: Duration,
}

/// A captured topic, looked up by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewSpec {
    /// The topic.
    pub topic: String,
    /// Where its schemas are, if they are registered.
    pub registry: Option<Arc<RegistryConfig>>,
    /// The members of the record's key, in the order of the file.
    pub key: Vec<(String, KeyMember)>,
    /// How old what it knows may be; older is no answer.
    pub max_staleness: Duration,
    /// By what it can be listed, in the order of the file.
    pub indexes: Vec<Index>,
    /// How long lists are.
    pub limits: view::Limits,
    /// What the members of a list's answer are called.
    pub names: view::Names,
    /// Who sees what.
    pub sight: view::Sight,
    /// Whether a route tells it which keys are written.
    pub remembers: bool,
}

/// A member of a view's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMember {
    /// A text, made of parameters of the route's path.
    Text(PathTemplate),
    /// A whole number, made of parameters of the route's path; a text that is none finds nothing.
    NumberOf(PathTemplate),
    /// This number.
    Number(i64),
    /// This flag.
    Flag(bool),
}

impl KeyMember {
    /// The names of parameters it is made of.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let template = match self {
            Self::Text(template) | Self::NumberOf(template) => Some(template),
            Self::Number(_) | Self::Flag(_) => None,
        };
        template.into_iter().flat_map(PathTemplate::parameters)
    }
}

/// Whether a text is a `routes.toml`, and not a `capture.toml`: by its tables, since either may have any name.
#[must_use]
pub fn is_of_routes(source: &Source) -> bool {
    const TABLES: [&str; 10] = [
        "routes",
        "mappings",
        "calendars",
        "tokens",
        "groups",
        "backends",
        "copybooks",
        "control",
        "listen",
        "admin",
    ];
    // By lines, so that it is known also of a text that is not TOML.
    source.text().lines().any(|line| {
        let name = line.trim_start().trim_start_matches('[');
        name.len() < line.trim_start().len()
            && TABLES.iter().any(|table| {
                name.strip_prefix(table)
                    .is_some_and(|rest| rest.starts_with([']', '.']))
            })
    })
}

impl Resolved {
    /// Reads and resolves a `routes.toml`. Paths in it count from its own folder.
    ///
    /// # Errors
    /// Every fault of the file and of the copybooks it names.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        Self::of(&Source::read(path)?, path)
    }

    /// Resolves the text of the `routes.toml` at `path`, which is not read.
    ///
    /// # Errors
    /// Every fault of the text and of the copybooks it names.
    pub fn of(source: &Source, path: &Path) -> Result<Self, Faults> {
        resolve::resolve(source, path)
    }

    /// Our certificates that a person should look at, at that moment. Reads their files.
    #[must_use]
    pub fn notices(&self, now: SystemTime) -> Vec<Notice> {
        let https = self.listen.https.iter().flat_map(|https| &https.tls.pairs);
        let admin = self.admin.iter().filter_map(|admin| admin.tls.as_ref());
        let admin = admin.flat_map(|tls| &tls.pairs);
        let behind = self.backends.iter().filter_map(|named| match &named.spec {
            BackendSpec::Http(spec) => spec.tls.as_ref()?.pair.as_ref(),
            BackendSpec::Kafka(_) | BackendSpec::View(_) => None,
        });
        let read: Vec<_> = https
            .chain(admin)
            .chain(behind)
            .filter_map(|pair| Some((pair, tls::probe::pair(pair).ok()?)))
            .collect();
        let looked_at = read
            .iter()
            .map(|(pair, certificate)| (pair.certificate.as_path(), certificate));
        let mut notices = tls::notices(looked_at, now);
        // One may be shown to clients and to backends.
        notices.dedup();
        notices
    }

    /// The same on another Kafka, whatever the file says.
    #[must_use]
    pub fn with_kafka(mut self, kafka: KafkaConfig) -> Self {
        self.kafka = Some(kafka);
        self
    }

    /// The same with Kafka's brokers at `bootstrap`; what else the file says of Kafka stays.
    #[must_use]
    pub fn with_bootstrap(mut self, bootstrap: impl Into<String>) -> Self {
        self.kafka = Some(KafkaConfig {
            bootstrap: bootstrap.into(),
            ..self.kafka.unwrap_or_default()
        });
        self
    }
}
