//! A backend: exactly one of `http`, `kafka` and `view`.

use std::sync::Arc;

use kafka::KafkaConfig;
use kafka::registry::RegistryConfig;
use toml::Spanned;

use super::Resolver;
use crate::config::BackendSpec;
use crate::config::file;

/// More of anything at once is a mistake: each takes memory and a file or a place in a queue.
const MOST: usize = 100_000;

impl Resolver<'_> {
    /// The brokers, with what of TLS and SASL does not hold.
    pub(super) fn brokers(&mut self, brokers: &Spanned<KafkaConfig>) -> KafkaConfig {
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

    /// Where the schemas of topics are.
    pub(super) fn registry(&mut self, file: &file::File) -> Option<Arc<RegistryConfig>> {
        let registry = file.registry.as_ref()?;
        if let Some(word) = registry.get_ref().of_writers() {
            self.fault_with_help(
                registry,
                format!("`{word}` says how schemas are registered, and a gateway registers none"),
                "it belongs to who captures",
            );
        }
        if file.backends.values().all(|backend| backend.view.is_none()) {
            self.fault_with_help(
                registry,
                "no schema is asked for: there is no view",
                "views read topics whose schemas are registered",
            );
        }
        Some(Arc::new(
            registry.get_ref().clone().relative_to(self.folder),
        ))
    }

    /// `None` only when there is a fault.
    pub(super) fn backend(
        &mut self,
        name: &Spanned<String>,
        backend: &file::Backend,
    ) -> Option<BackendSpec> {
        let is_http = backend.http.is_some() || backend.endpoints.is_some();
        match (is_http, &backend.kafka, &backend.view) {
            (true, None, None) => self
                .upstream(backend)
                .map(|spec| BackendSpec::Http(Box::new(spec))),
            (false, Some(kafka), None) => {
                self.only_http(backend);
                Some(self.kafka(kafka))
            }
            (false, None, Some(view)) => {
                self.only_http(backend);
                self.view(view)
            }
            (false, None, None) => {
                self.fault_with_help(
                    name,
                    format!("backend \"{}\" does not say what it is", name.get_ref()),
                    "write http = \"http://host:port\", kafka = { … } or view = { … }",
                );
                None
            }
            _ => {
                self.fault(
                    name,
                    format!(
                        "backend \"{}\" is several things: wanted one of http, kafka and view",
                        name.get_ref()
                    ),
                );
                None
            }
        }
    }

    pub(super) fn needs_kafka<T>(&mut self, at: &Spanned<T>) {
        if !self.has_kafka {
            self.fault_with_help(
                at,
                "this backend needs Kafka, and there is no [kafka]",
                "add [kafka] with bootstrap = \"host:port\"",
            );
        }
    }

    pub(super) fn count(&mut self, value: Option<&Spanned<usize>>, default: usize) -> usize {
        let Some(value) = value else { return default };
        if !(1..=MOST).contains(value.get_ref()) {
            self.fault(
                value,
                format!("wanted a number from 1 to {MOST}, got {}", value.get_ref()),
            );
        }
        *value.get_ref()
    }
}
