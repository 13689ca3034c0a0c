//! What speaks to one endpoint: the origin that requests go to, and another for checks, which must not wait behind them.

use std::sync::Arc;

use super::Config;
use super::fleet::Speak;
use super::origin::{Failed, Origin};
use super::resolve::Place;
use crate::backend::Ask;
use crate::backend::balance::choice::Room;
use crate::config::HttpSpec;
use crate::message::Response;
use crate::tls::Connector;

/// An endpoint at its place.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) place: Place,
    origin: Origin,
    /// Where endpoints are checked.
    pub(super) checked: Option<Origin>,
}

impl Endpoint {
    /// Connects to nobody yet.
    pub(super) fn new(place: Place, spec: &HttpSpec, tls: Option<&Arc<Connector>>) -> Self {
        let config = Config::new(&place, spec.connections, tls.cloned());
        let checked = spec.check.as_ref().map(|check| {
            Origin::new(Arc::new(Config {
                max_connections: 1,
                connect_timeout: check.timeout,
                ..config.clone()
            }))
        });
        Self {
            place,
            origin: Origin::new(Arc::new(config)),
            checked,
        }
    }
}

impl Speak for Endpoint {
    async fn send(&self, ask: &mut Ask) -> Result<Response, Failed> {
        self.origin.send(ask).await
    }

    fn load(&self) -> usize {
        self.origin.load()
    }

    fn room(&self) -> Room {
        self.origin.room()
    }

    fn owns(&self, ask: &Ask) -> bool {
        self.origin.owns(ask)
    }
}
