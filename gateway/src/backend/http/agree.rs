//! Which HTTP an origin is spoken to: what the file says, or what TLS agrees on.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::http::header::UPGRADE;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::h2::{Free, asks_websocket};
use super::origin::{Origin, no_time};
use super::{dial, head};
use crate::backend::Ask;
use crate::config;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::tls::{Offer, Protocol};

/// How long it is taken as known that an origin speaks no HTTP/2.
const KNOWN: Duration = Duration::from_secs(600);

/// How a request goes to an origin.
#[derive(Debug)]
pub(super) enum Way {
    /// On a connection of HTTP/1.1: this one, which is new, or one of the pool.
    Http1(Option<Connection>),
    /// On a stream.
    Http2(Free),
}

/// Until when an origin is known to speak no HTTP/2.
#[derive(Debug, Default)]
pub(super) struct Learnt(Mutex<Option<Instant>>);

impl Learnt {
    fn only_http1(&self, now: Instant) -> bool {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| now < until)
    }

    fn learn(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + KNOWN);
    }
}

impl Origin {
    /// How this request goes, to an origin that does not speak HTTP/1.1 alone. Dropped half-way, nothing was sent.
    ///
    /// # Errors
    /// It cannot be reached, or does not speak what it must.
    pub(super) async fn way(&self, ask: &mut Ask, deadline: Instant) -> Result<Way, BackendError> {
        let config = &self.config;
        if config.protocol == config::Protocol::Http2 {
            return self.stream(deadline, Offer::Http2).await;
        }
        let alone = config.tls.is_none()
            || config.proxy_protocol.is_some()
            || self.learnt.only_http1(Instant::now());
        if alone || self.needs_http1(ask) {
            return Ok(Way::Http1(None));
        }
        match self.stream(deadline, Offer::Either).await? {
            // There it is surely taken, or refused by the origin itself.
            Way::Http2(free) if asks_websocket(ask) && !free.takes_tunnels() => {
                Ok(Way::Http1(None))
            }
            way => Ok(way),
        }
    }

    /// Whether a request asks for what there is over HTTP/1.1 only: another protocol than a WebSocket's (RFC 9113 section 8.6), or that its
    /// connection be authenticated.
    fn needs_http1(&self, ask: &Ask) -> bool {
        let headers = &ask.parts.headers;
        (headers.contains_key(UPGRADE) && !asks_websocket(ask))
            || head::authenticates_connection(headers)
            || self.owns(ask)
    }

    /// A stream of a connection that lives, or of a fresh one; a fresh connection of HTTP/1.1 where that is what is agreed on.
    async fn stream(&self, deadline: Instant, offer: Offer) -> Result<Way, BackendError> {
        if let Some(free) = self.proven(deadline).await {
            return Ok(Way::Http2(free));
        }
        let began = Instant::now();
        let making = timeout_at(deadline, self.links.making.lock()).await;
        let mut failed = making.map_err(|_| no_time())?;
        if let Some(free) = self.proven(deadline).await {
            return Ok(Way::Http2(free));
        }
        if offer == Offer::Either && self.learnt.only_http1(Instant::now()) {
            return Ok(Way::Http1(None));
        }
        // Whoever waited for it in vain would wait as long for the next, and whoever comes behind that.
        if failed.is_some_and(|failed| failed >= began) {
            return Err(BackendError::new(Kind::Unreachable, Sent::No)
                .because("it could not be met for another request just now"));
        }
        let met = self.meet(deadline, offer).await;
        *failed = met.is_err().then(Instant::now);
        met
    }

    /// A stream of a connection that is not dead, as far as can be known.
    async fn proven(&self, deadline: Instant) -> Option<Free> {
        while let Some(free) = self.links.free() {
            if free.is_proven(deadline).await {
                return Some(free);
            }
        }
        None
    }

    /// A stream of a fresh connection, or such a connection.
    async fn meet(&self, deadline: Instant, offer: Offer) -> Result<Way, BackendError> {
        let dialled = timeout_at(deadline, dial::dial(&self.config, None, None, offer)).await;
        let (wire, spoken) = dialled.map_err(|_| no_time())??;
        if spoken == Protocol::Http1 {
            self.learnt.learn(Instant::now());
            return Ok(Way::Http1(Some(Connection::new(wire))));
        }
        let idle = self.config.idle;
        let added = timeout_at(deadline, self.links.add(wire, idle)).await;
        added.map_err(|_| no_time())??;
        self.links.free().map(Way::Http2).ok_or_else(|| {
            BackendError::new(Kind::Unreachable, Sent::No).because("it takes no request at all")
        })
    }
}
