//! A backend that speaks HTTP/1.1: one request on a connection of its own pool at a time.
//!
//! In: an [`Ask`]; out: the answer as it came, without the fields that are between us and the origin. A reused connection that
//! turns out to be dead before a byte was written is replaced by a fresh one; whatever may have been read is never sent
//! again from here.

mod answer;
mod connection;
mod dial;
mod exchange;
mod head;
mod origin;
mod pool;
mod sending;
mod tunnel;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use ::http::uri::Authority;

use self::origin::Origin;
use super::{Ask, Call};
use crate::config::HttpSpec;
use crate::error::BackendError;
use crate::message::Response;

/// Where an upstream is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Host and port; port 80 where none is said.
    pub authority: Authority,
    /// How long a connection may take to be made, name lookup included.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept. Keep it below the origin's own keep-alive time.
    pub idle: Duration,
    /// How long a body may stand still, either way, before the connection is given up.
    pub body_idle: Duration,
    /// How many connections at most; further requests wait for one until their deadline.
    pub max_connections: usize,
}

/// How long a body may stand still where nothing else is said.
const BODY_IDLE: Duration = Duration::from_secs(60);

impl From<&HttpSpec> for Config {
    fn from(spec: &HttpSpec) -> Self {
        Self {
            authority: spec.authority.clone(),
            connect_timeout: spec.connect_timeout,
            idle: spec.idle,
            body_idle: BODY_IDLE,
            max_connections: spec.max_connections,
        }
    }
}

/// An HTTP backend. Dropping it closes the connections nobody uses; those in use end with their answers.
#[derive(Debug)]
pub struct Upstream {
    origin: Origin,
}

impl Upstream {
    /// Connects to nobody yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            origin: Origin::new(Arc::new(config)),
        }
    }
}

impl Call for Upstream {
    /// Dropped half-way it closes the connection it used.
    async fn call(&self, mut ask: Ask) -> Result<Response, BackendError> {
        let answered = self.origin.send(&mut ask).await;
        answered.map_err(|failed| failed.error)
    }
}
