//! A body that rules want to see before it is known whose request it is.

use std::net::IpAddr;
use std::time::Duration;

use http::header::EXPECT;
use tokio::time::timeout_at;

use super::App;
use crate::clock::Moment;
use crate::error::{BodyFault, GatewayError};
use crate::message::Request;
use crate::route::{Asked, Body, Choice, NoRoute, select};
use crate::snapshot::Snapshot;

/// How long a body may take to come: the default of routes, none of which is known yet.
const SOON: Duration = Duration::from_secs(30);

impl App {
    /// What a request takes by its body too. Of one that is larger than any rule reads, what came goes before the rest of it. Dropped half-way,
    /// nobody was asked.
    pub(super) async fn read(
        &self,
        snapshot: &Snapshot,
        request: &mut Request,
        limit: usize,
        client: Option<IpAddr>,
        now: &Moment,
    ) -> Result<Result<Choice, NoRoute>, GatewayError> {
        let payload = std::mem::take(&mut request.payload);
        let peeked = timeout_at(request.received + SOON, payload.peek(limit))
            .await
            .map_err(|_| GatewayError::BodyLate)?;
        let (payload, seen) = peeked.map_err(|error| BodyFault::from(&error))?;
        request.payload = payload;
        // The client was told to go on (RFC 9110 section 10.1.1).
        request.parts.headers.remove(EXPECT);
        let mut asked = Asked::new(&request.parts, request.peer.as_deref(), self.at(now));
        asked.client = client;
        asked.body = seen.as_deref().map_or(Body::TooLarge, Body::Whole);
        Ok(select(snapshot.table(), &asked))
    }
}
