//! Answers that are kept: given later, or given again; and where they are kept.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use payload::Age;
use toml::Spanned;

use super::Resolver;
use crate::config::file::{self, File, in_order};
use crate::config::{BackendSpec, OutcomesSpec, units};
use crate::outcome::Callback;
use crate::route::callback::Allowed;
use crate::route::{BackendId, CallbackRule, Later};

/// Below which path clients ask for outcomes.
const STATUS: &str = "/figway/outcomes";
/// How long a service has for a request nobody waits for.
const WITHIN: Duration = Duration::from_secs(3600);
/// How long answers are kept.
pub(super) const KEEP: Duration = Duration::from_secs(24 * 3600);
/// When clients are told to ask.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Resolver<'_> {
    /// The path below which outcomes are asked for.
    pub(super) fn status_path(&mut self, listen: &file::Listen) -> Arc<str> {
        let Some(said) = &listen.outcomes else {
            return STATUS.into();
        };
        let text = said.get_ref();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if !text.starts_with('/') || text.ends_with('/') || !text.bytes().all(fits) {
            self.fault_with_help(
                said,
                format!("\"{text}\" is no path to ask for outcomes below"),
                format!("such as \"{STATUS}\": letters, digits and -._~ between slashes, none at the end"),
            );
        }
        text.as_str().into()
    }

    /// How answers are given later; `None` only when there is a fault.
    pub(super) fn later(&mut self, said: Option<&Spanned<file::Later>>) -> Option<Arc<Later>> {
        let words = said.map(Spanned::get_ref);
        let before = self.faults.len();
        let within = words.and_then(|said| said.within.as_ref());
        let keep = words.and_then(|said| said.keep.as_ref());
        let later = Later {
            status: Arc::clone(&self.status),
            within: self.parsed(within, WITHIN, units::duration),
            keep: self.parsed(keep, KEEP, units::duration),
            retry_after: self.parsed(
                words.and_then(|said| said.retry_after.as_ref()),
                RETRY_AFTER,
                units::duration,
            ),
            callback: words
                .and_then(|said| said.callback.as_ref())
                .and_then(|said| self.callback(said)),
        };
        if let Some(keep) = keep {
            self.outlived(keep, later.keep);
        }
        if later.keep < later.within
            && let Some(said) = keep.or(within)
        {
            self.fault(
                said,
                format!(
                    "the service has {} s for a request, and its answer would be kept for {} s only",
                    later.within.as_secs(),
                    later.keep.as_secs()
                ),
            );
        }
        (self.faults.len() == before).then(|| Arc::new(later))
    }

    /// Large bodies are kept in a store, and must be there as long as answers that refer to them are given.
    pub(super) fn outlived(&mut self, at: &Spanned<String>, keep: Duration) {
        let store = self.kafka.payload.as_deref();
        if let Some(Age::For(retention)) = store.map(|store| store.retention())
            && retention < keep
        {
            self.fault_with_help(
                at,
                format!(
                    "answers would be kept for {} h, and their large bodies for {} h",
                    keep.as_secs() / 3600,
                    retention.as_secs() / 3600
                ),
                "raise retention of [kafka.payload]",
            );
        }
    }

    /// Who is called; `None` only when there is a fault.
    fn callback(&mut self, said: &Spanned<file::Callback>) -> Option<CallbackRule> {
        let words = said.get_ref();
        match (&words.backend, &words.header, &words.backends[..]) {
            (Some(backend), None, []) => {
                let allowed = self.called(backend)?;
                let path = words.path.as_ref().map_or("/", |path| path.get_ref());
                let fits = path.starts_with('/') && path.parse::<PathAndQuery>().is_ok();
                if let (Some(said), false) = (&words.path, fits) {
                    self.fault(
                        said,
                        format!("wanted a path that begins with `/`, got \"{path}\""),
                    );
                    return None;
                }
                Some(CallbackRule::To(Callback {
                    backend: allowed.backend.to_string(),
                    path: path.to_owned(),
                }))
            }
            (None, Some(header), backends) if !backends.is_empty() => {
                if let Some(path) = &words.path {
                    self.fault(path, "the path is in the URL that requests send");
                    return None;
                }
                let header = self.header_name(header)?;
                let allowed: Vec<Allowed> =
                    backends.iter().filter_map(|one| self.called(one)).collect();
                let whole = allowed.len() == backends.len();
                whole.then_some(CallbackRule::Asked { header, allowed })
            }
            _ => {
                self.fault_with_help(
                    said,
                    "it is not said who may be called",
                    "{ backend = \"…\", path = \"/…\" }, or { header = \"Callback-Url\", backends = [\"…\"] }",
                );
                None
            }
        }
    }

    /// A backend that is called.
    fn called(&mut self, name: &Spanned<String>) -> Option<Allowed> {
        let id = self.backend_id(name)?;
        let spec = self.backends.get(id.0).map(|backend| &backend.spec);
        let Some(BackendSpec::Http(spec)) = spec else {
            self.fault(
                name,
                format!(
                    "\"{}\" is no http backend: nobody can be called there",
                    name.get_ref()
                ),
            );
            return None;
        };
        Some(Allowed {
            backend: name.get_ref().as_str().into(),
            tls: spec.tls.is_some(),
            endpoints: spec.endpoints.clone(),
        })
    }

    /// A backend's answers are kept for so long.
    pub(super) fn keeps(&mut self, backend: BackendId, keep: Duration) {
        let longest = self.kept.entry(backend).or_default();
        *longest = keep.max(*longest);
    }

    /// The topics in which it is kept what became of requests, once it is known who needs one.
    pub(super) fn outcomes(&mut self, file: &File) {
        for (name, backend) in in_order(&file.backends) {
            let Some(kafka) = &backend.kafka else {
                continue;
            };
            let kafka = kafka.get_ref();
            let said = kafka.outcomes.as_ref();
            let topic = match said {
                Some(said) => self.topic(said),
                None => kafka::reply::outcomes_of(kafka.requests.get_ref()),
            };
            let taken = [&kafka.requests, &kafka.replies];
            if let Some(said) = said
                && taken.iter().any(|taken| taken.get_ref() == said.get_ref())
            {
                self.fault(
                    said,
                    "outcomes need a topic of their own, and this one is for requests or replies",
                );
            }
            let id = self.backend_ids.get(name.get_ref()).copied().flatten();
            let Some(id) = id else { continue };
            let Some(keep) = self.kept.get(&id).copied() else {
                if let Some(said) = said
                    && self.faults.is_empty()
                {
                    self.fault_with_help(
                        said,
                        "no route keeps answers of this backend",
                        "this goes with delivery = \"async\" or idempotency",
                    );
                }
                continue;
            };
            if let Some(named) = self.backends.get_mut(id.0)
                && let BackendSpec::Kafka(spec) = &mut named.spec
            {
                spec.outcomes = Some(OutcomesSpec { topic, keep });
            }
        }
    }
}
