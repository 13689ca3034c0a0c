//! A schema registry for development: Confluent's REST API over a compacted topic.
//!
//! In: HTTP/1.1 requests of any client of Confluent's schema registry. Out: its answers; records in the topic. One process, one
//! writer: opening the topic fences the registry before it, which then only reads. Restarted, it reads the topic back. No access
//! control, no TLS, one context, no rules: for development, for tests and for the demo, never for production.
//!
//! A request goes `api` (what was asked) to `registry` (what follows) over `state` (all that is known, pure) and `store` (the topic).
//! What schemas mean is in [`mod@avro`], `proto` and `json_schema`, each with its rules of compatibility.

mod api;
mod avro;
mod compat;
mod error;
mod json_schema;
mod proto;
mod record;
mod registry;
mod schema;
mod state;
mod store;

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;

use axum::Router;
use kafka::KafkaConfig;
use tokio::net::TcpListener;

pub use store::StoreError;

/// The topic that Confluent's registry uses, and this one unless told otherwise.
pub const TOPIC: &str = "_schemas";

/// Why a registry cannot be.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The topic.
    #[error("the registry cannot be opened")]
    Store(#[from] StoreError),
    /// The socket.
    #[error("the registry cannot listen at {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// A registry that listens.
#[derive(Debug)]
pub struct SchemaRegistry {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

impl SchemaRegistry {
    /// Takes over the topic, which is made if it is not there, reads it, and listens. Port 0 takes a free one.
    ///
    /// # Errors
    /// Kafka cannot be reached, the topic has a record that is not understood, or the address is taken.
    pub async fn open(
        kafka: &KafkaConfig,
        topic: &str,
        listen: SocketAddr,
    ) -> Result<Self, RegistryError> {
        let refused = |source| RegistryError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let mut store = store::Store::new(kafka.clone(), topic);
        let state = store.open().await?;
        tracing::info!(topic, %address, "schema registry for development");
        Ok(Self {
            listener,
            address,
            router: api::router(registry::Registry::new(state, store)),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers until `end`, then ends what is under way.
    ///
    /// # Errors
    /// The socket fails.
    pub async fn serve(
        self,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        axum::serve(self.listener, self.router)
            .with_graceful_shutdown(end)
            .into_future()
            .await
    }
}
