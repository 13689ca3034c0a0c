//! The live backends, kept over a reload where nothing about them changed.

use std::sync::{Arc, Mutex, PoisonError};

use kafka::KafkaConfig;

use crate::backend::{Backend, Context};
use crate::config::{BackendSpec, NamedBackend, Resolved};
use crate::tls::watch::User;

/// The backends of the configuration that runs.
#[derive(Debug)]
pub(super) struct Kept {
    context: Context,
    open: Mutex<Vec<Open>>,
}

#[derive(Debug, Clone)]
struct Open {
    named: NamedBackend,
    kafka: Option<KafkaConfig>,
    backend: Arc<Backend>,
}

impl Kept {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            open: Mutex::default(),
        }
    }

    /// The backends of that configuration in its order; those that are as they were stay as they are. What is no longer named ends when
    /// the last request that sees it does.
    pub(super) fn take_up(&self, resolved: &Resolved) -> Arc<[Arc<Backend>]> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let next: Vec<_> = resolved
            .backends
            .iter()
            .map(|named| self.one(named, resolved.kafka.as_ref(), &open))
            .collect();
        let backends = next.iter().map(|open| Arc::clone(&open.backend)).collect();
        *open = next;
        backends
    }

    /// The backends that are spoken to with TLS, as the watch of certificates knows them.
    pub(super) fn with_tls(&self) -> Vec<User> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let user = |open: &Open| match (&open.named.spec, open.backend.connector()) {
            (BackendSpec::Http(spec), Some(connector)) => Some(User::Backend {
                name: Arc::clone(&open.named.name),
                spec: spec.tls.clone()?,
                connector: Arc::clone(connector),
            }),
            _ => None,
        };
        open.iter().filter_map(user).collect()
    }

    /// Leaves the stores of views to another process; views go on beside it.
    pub(super) async fn lend(&self) {
        for backend in self.open() {
            if let Backend::View(view) = &*backend {
                view.lend().await;
            }
        }
    }

    /// Has them back.
    pub(super) async fn take_back(&self) {
        for backend in self.open() {
            if let Backend::View(view) = &*backend {
                view.take_back().await;
            }
        }
    }

    /// Waits until what is in the stores of views is known, and services behind Kafka can be asked.
    pub(super) async fn ready(&self) {
        for backend in self.open() {
            match &*backend {
                Backend::View(view) => view.opened().await,
                Backend::Kafka(service) => service.available().await,
                Backend::Http(_) | Backend::Absent => {}
            }
        }
    }

    fn open(&self) -> Vec<Arc<Backend>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().map(|open| Arc::clone(&open.backend)).collect()
    }

    fn one(&self, named: &NamedBackend, kafka: Option<&KafkaConfig>, open: &[Open]) -> Open {
        // How Kafka is reached is part of what a backend behind it is.
        let kafka = match named.spec {
            BackendSpec::Http(_) => None,
            BackendSpec::Kafka(_) | BackendSpec::View(_) => kafka.cloned(),
        };
        let same = open
            .iter()
            .find(|open| open.named == *named && open.kafka == kafka);
        match same {
            Some(same) => same.clone(),
            None => Open {
                backend: Arc::new(Backend::open(
                    named,
                    &Context {
                        kafka: kafka.clone(),
                        ..self.context.clone()
                    },
                )),
                named: named.clone(),
                kafka,
            },
        }
    }
}
