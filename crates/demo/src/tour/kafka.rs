//! The Kafka the tour plays on: one that was given, or the embedded broker, which the tour may stop and start again.
//!
//! In: an address, or a folder. Out: `bootstrap`. The embedded broker keeps its bytes in the folder, so that it comes back
//! with everything it had.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker::{Broker, BrokerConfig, Storage};
use tokio::sync::Mutex;

use crate::error::{Error, Kind, Result};

/// A Kafka. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Kafka {
    bootstrap: String,
    own: Option<Arc<Own>>,
}

#[derive(Debug)]
struct Own {
    address: SocketAddr,
    directory: PathBuf,
    running: Mutex<Option<Broker>>,
}

impl Kafka {
    /// Somebody's: it is never stopped here.
    pub fn given(bootstrap: impl Into<String>) -> Kafka {
        Kafka {
            bootstrap: bootstrap.into(),
            own: None,
        }
    }

    /// The embedded broker, with its bytes in that folder. Blocks while it starts.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when it cannot listen there or the folder is in use.
    pub fn embedded(listen: SocketAddr, directory: &Path) -> Result<Kafka> {
        let broker = start(listen, directory)?;
        Ok(Kafka {
            bootstrap: broker.bootstrap(),
            own: Some(Arc::new(Own {
                address: broker.address(),
                directory: directory.to_owned(),
                running: Mutex::new(Some(broker)),
            })),
        })
    }

    /// Where clients find it.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Whether it is ours to stop.
    pub fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    /// Stops ours; somebody's goes on.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when the disk refused its last bytes.
    pub async fn stop(&self) -> Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        let Some(broker) = own.running.lock().await.take() else {
            return Ok(());
        };
        broker.shutdown().await.map_err(|error| {
            Error::new(Kind::Kafka, "the embedded broker did not end cleanly").because(error)
        })
    }

    /// Starts ours again where it was.
    ///
    /// # Errors
    /// As [`Kafka::embedded`].
    pub async fn start_again(&self) -> Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        let mut running = own.running.lock().await;
        if running.is_none() {
            let (address, directory) = (own.address, own.directory.clone());
            // Starting blocks.
            let started = tokio::task::spawn_blocking(move || start(address, &directory))
                .await
                .map_err(|error| {
                    Error::new(Kind::Kafka, "the start of the embedded broker broke off")
                        .because(error)
                })?;
            *running = Some(started?);
        }
        Ok(())
    }
}

fn start(listen: SocketAddr, directory: &Path) -> Result<Broker> {
    let config = BrokerConfig {
        listen,
        storage: Storage::Directory(directory.to_owned()),
        ..BrokerConfig::default()
    };
    Broker::start(config)
        .map_err(|error| Error::new(Kind::Kafka, "the embedded broker cannot start").because(error))
}
