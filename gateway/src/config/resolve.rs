//! From the file's types to the program's, with every fault on the way.
//!
//! Read in this order: here (the tables that stand once), [`backend`], [`upstream`], [`copybook`], [`route`], [`group`].

mod admin;
mod answer;
mod approving;
mod back;
mod backend;
mod body;
mod calendar;
mod compare;
mod condition;
mod control;
mod copybook;
mod delivery;
mod edge;
mod error_form;
mod field;
mod group;
mod idempotency;
mod identity;
mod issuer;
mod kafka;
mod kept;
mod key;
mod leg;
mod mapping;
mod read_again;
mod rewrite;
mod rollout;
mod route;
mod rule;
mod sight;
mod tls;
mod token;
mod unused;
mod upstream;
mod variant;
mod view;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::kafka::KafkaConfig;
use ::kafka::registry::RegistryConfig;
use ops::Setting;
use ops::config::{Fault, Faults, Source as Text, near_help};
use parsers::Layout;
use toml::Spanned;

use crate::config::file::{self, File, in_order};
use crate::config::{Beside, Listen, NamedBackend, Resolved, units};
use crate::listen::http::HalfClosed;
use crate::mapping::Mapping;
use crate::route::token::Tokens;
use crate::route::{BackendId, Calendar, Table};

const HTTP: &str = "127.0.0.1:8080";
const MAX_BODY: usize = 16 << 20;
const DRAIN: Duration = Duration::from_secs(10);
const DRAIN_IDLE: Duration = Duration::from_secs(1);
/// Kafka's own limit on a topic's name.
const LONGEST_TOPIC: usize = 249;

pub(super) fn resolve(text: &Text, path: &Path) -> Result<Resolved, Faults> {
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
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut resolver = Resolver {
        text,
        folder,
        faults,
        max_body: MAX_BODY,
        has_kafka: file.kafka.is_some(),
        has_max_age: file.control.max_age.is_some(),
        kafka: KafkaConfig::default(),
        registry: None,
        copybooks: BTreeMap::new(),
        mappings: BTreeMap::new(),
        backends: Vec::new(),
        backend_ids: BTreeMap::new(),
        calendars: BTreeMap::new(),
        hours: BTreeMap::new(),
        tokens: BTreeMap::new(),
        files: Vec::new(),
        status: Arc::default(),
        later: false,
        kept: BTreeMap::new(),
        compared: None,
    };
    let listen = resolver.listen(&file.listen);
    resolver.status = resolver.status_path(&file.listen);
    let mut edge = resolver.edge(&file);
    resolver.max_body = listen.max_body;
    let admin = file
        .admin
        .as_ref()
        .map(|admin| resolver.admin(admin, &listen));
    let control = resolver.control(&file.control);
    let kafka = file.kafka.as_ref().map(|kafka| resolver.brokers(kafka));
    resolver.kafka = kafka.clone().unwrap_or_default();
    resolver.registry = resolver.registry(&file);
    for (name, copybook) in in_order(&file.copybooks) {
        let layout = resolver.copybook(copybook);
        resolver.copybooks.insert(name.get_ref().clone(), layout);
    }
    for (name, mapping) in in_order(&file.mappings) {
        let mapping = resolver.mapping(mapping).map(Arc::new);
        resolver.mappings.insert(name.get_ref().clone(), mapping);
    }
    for (name, calendar) in in_order(&file.calendars) {
        let calendar = resolver.calendar(name, calendar).map(Arc::new);
        resolver.calendars.insert(name.get_ref().clone(), calendar);
    }
    for (name, tokens) in in_order(&file.tokens) {
        let tokens = resolver.tokens(name, tokens).map(Arc::new);
        resolver.tokens.insert(name.get_ref().clone(), tokens);
    }
    for (name, backend) in in_order(&file.backends) {
        let spec = resolver.backend(name, backend);
        let id = spec.map(|spec| {
            resolver.backends.push(NamedBackend {
                name: name.get_ref().as_str().into(),
                spec,
            });
            BackendId(resolver.backends.len() - 1)
        });
        resolver.backend_ids.insert(name.get_ref().clone(), id);
        if let Some(calendar) = &backend.calendar
            && let Some(calendar) = resolver.calendar_named(calendar)
            && let Some(id) = id
        {
            resolver.hours.insert(id, calendar);
        }
    }
    if file.routes.is_empty() {
        resolver.faults.push(
            Fault::of_file(text.name(), "has no [[routes]]")
                .help("each endpoint that clients call is one [[routes]]"),
        );
    }
    let (entries, groups) = resolver.routes(&file);
    resolver.outcomes(&file);
    edge.outcomes = resolver.later.then(|| Arc::clone(&resolver.status));
    let backends = std::mem::take(&mut resolver.backends);
    let files = std::mem::take(&mut resolver.files);
    let mappings = std::mem::take(&mut resolver.mappings);
    let mappings = mappings
        .into_iter()
        .filter_map(|(name, mapping)| Some((name, mapping?)));
    resolver.faults.into_result(Resolved {
        text: text.clone(),
        path: path.to_owned(),
        revision: file.revision.map_or(1, Spanned::into_inner),
        listen,
        edge: Arc::new(edge),
        admin,
        kafka,
        control,
        backends,
        files,
        mappings: mappings.collect(),
        table: Arc::new(Table::new(entries, groups)),
    })
}

/// The faults so far, and what was found of the tables that routes name.
struct Resolver<'a> {
    text: &'a Text,
    folder: &'a Path,
    faults: Faults,
    /// Of the listener: what a route's own must not exceed by default.
    max_body: usize,
    has_kafka: bool,
    /// Whether the control state can be too old.
    has_max_age: bool,
    /// As the file has it, or as it would be.
    kafka: KafkaConfig,
    registry: Option<Arc<RegistryConfig>>,
    /// None for one that has faults of its own, which were told.
    copybooks: BTreeMap<String, Option<Arc<Layout>>>,
    /// As `copybooks`.
    mappings: BTreeMap<String, Option<Arc<Mapping>>>,
    backends: Vec<NamedBackend>,
    /// As `copybooks`.
    backend_ids: BTreeMap<String, Option<BackendId>>,
    /// As `copybooks`.
    calendars: BTreeMap<String, Option<Arc<Calendar>>>,
    /// The backends that have one.
    hours: BTreeMap<BackendId, Arc<Calendar>>,
    /// As `copybooks`.
    tokens: BTreeMap<String, Option<Arc<Tokens>>>,
    /// What was read besides the file itself and its copybooks.
    files: Vec<Beside>,
    /// The path below which outcomes are asked for, and whether any route has them asked for.
    status: Arc<str>,
    later: bool,
    /// For how long answers of which backends are kept.
    kept: BTreeMap<BackendId, Duration>,
    /// By route, what the file says of comparing; read when it is first asked for.
    compared: Option<BTreeMap<String, String>>,
}

impl Resolver<'_> {
    fn fault<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.faults.push(self.text.fault(at.span(), message));
    }

    fn fault_with_help<T>(
        &mut self,
        at: &Spanned<T>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults
            .push(self.text.fault(at.span(), message).help(help));
    }

    /// A fault of a line that is not shown: faults of a reload are logged, and a secret must not be.
    fn secret<T>(&mut self, at: &Spanned<T>, message: &str, help: &str) {
        let before = self.text.text().get(..at.span().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let place = format!("{}:{line}", self.text.name());
        self.faults.push(Fault::of_file(place, message).help(help));
    }

    /// A name that nothing has, with the one that may have been meant.
    fn unknown<'n>(
        &mut self,
        at: &Spanned<String>,
        what: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) {
        let name = at.get_ref();
        let fault = self
            .text
            .fault(at.span(), format!("there is no {what} \"{name}\""));
        let none = names.clone().next().is_none();
        self.faults.push(match near_help(name, names) {
            Some(help) => fault.help(help),
            None if none => fault.help(format!("add [{what}s.{name}]")),
            None => fault,
        });
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

    /// One of a few words.
    fn word<T: Copy>(
        &mut self,
        value: &Spanned<String>,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = value.get_ref();
        let found = words.iter().find(|(word, _)| word == text);
        if found.is_none() {
            let known: Vec<_> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            self.fault(
                value,
                format!("unknown {what} \"{text}\"; known are: {}", known.join(", ")),
            );
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A topic's name, by Kafka's own rule.
    fn topic(&mut self, name: &Spanned<String>) -> String {
        let text = name.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty()
            || text.len() > LONGEST_TOPIC
            || !text.chars().all(fits)
            || matches!(text.as_str(), "." | "..")
        {
            self.fault_with_help(
                name,
                format!("\"{text}\" cannot be the name of a topic"),
                format!("letters, digits, `.`, `_` and `-`, at most {LONGEST_TOPIC}"),
            );
        }
        text.clone()
    }

    /// A file beside this one; a change of it is a change of the configuration.
    fn beside(&mut self, path: &Spanned<PathBuf>, most: u64) -> Option<Vec<u8>> {
        let whole = self.folder.join(path.get_ref());
        match Beside::read(whole, most) {
            Ok((beside, bytes)) => {
                self.files.push(beside);
                Some(bytes)
            }
            Err(message) => {
                self.fault(path, message);
                None
            }
        }
    }

    fn address(&mut self, value: Option<&Spanned<String>>, default: &str) -> Option<SocketAddr> {
        let text = value.map_or(default, |value| value.get_ref());
        let address = text.parse().ok();
        if let (None, Some(value)) = (address, value) {
            self.fault_with_help(
                value,
                format!("wanted an address and a port, got \"{text}\""),
                format!("such as \"{default}\"; 0.0.0.0 is every IPv4 address of this machine"),
            );
        }
        address
    }

    fn listen(&mut self, listen: &file::Listen) -> Listen {
        let off = listen.http.as_ref().filter(|http| http.get_ref() == "off");
        let http = match off {
            Some(_) => None,
            None => Some(
                self.address(listen.http.as_ref(), HTTP)
                    .unwrap_or_else(nowhere),
            ),
        };
        if let (Some(off), None) = (off, &listen.https) {
            self.fault_with_help(
                off,
                "clients have nowhere to connect to",
                "plain http may be off where there is https = \"0.0.0.0:8443\"",
            );
        }
        Listen {
            http,
            https: self.https(listen, http),
            proxies: self.proxies(&listen.proxy_protocol),
            limits: self.connection_limits(listen),
            per_client: self.per_client(listen),
            keepalive: self.keepalive(listen.tcp_keepalive.as_ref()),
            max_body: self.parsed(listen.max_body.as_ref(), MAX_BODY, units::size),
            drain: self.parsed(listen.drain.as_ref(), DRAIN, units::duration),
            drain_idle: self.parsed(listen.drain_idle.as_ref(), DRAIN_IDLE, units::duration),
            half_closed: listen
                .half_closed
                .as_ref()
                .and_then(|word| {
                    let known = [
                        ("cancel", HalfClosed::Cancel),
                        ("answer", HalfClosed::Answer),
                    ];
                    self.word(word, "half_closed", &known)
                })
                .unwrap_or_default(),
        }
    }

    /// A reference to a secret, which must not stand in the file itself.
    fn reference(&mut self, setting: &Spanned<Setting>, what: &str) -> Setting {
        match setting.get_ref() {
            Setting::Plain(_) => {
                self.secret(
                    setting,
                    &format!("the {what} stands in the file"),
                    &format!("write \"env:NAME\" or \"file:PATH\", and the {what} there"),
                );
                setting.get_ref().clone()
            }
            // Secrets of a file are beside it, wherever the gateway was started.
            Setting::File(path) => Setting::File(self.folder.join(path).display().to_string()),
            Setting::Environment(_) => setting.get_ref().clone(),
        }
    }
}

/// Whether who listens on one of them cannot listen on the other.
fn same_port(address: SocketAddr, taken: SocketAddr) -> bool {
    address.port() == taken.port()
        && address.port() != 0
        && (address.ip() == taken.ip() || taken.ip().is_unspecified())
}

/// Stands for an address that has a fault, which was told.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
