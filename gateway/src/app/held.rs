//! Requests that change data, of routes with two sides: none begins while its group changes from one to the other.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::timeout_at;

use super::ended::Ended;
use super::{App, first};
use crate::access::Entry;
use crate::clock::Moment;
use crate::error::GatewayError;
use crate::message::Request;
use crate::route::{Choice, NoRoute, Selected};
use crate::snapshot::Snapshot;

impl App {
    /// The same as for other requests once the group is not held, by the modes that are in force then. Dropped half-way, the write may be
    /// executed until its deadline.
    pub(super) async fn held_write(
        &self,
        mut snapshot: Arc<Snapshot>,
        mut selected: Selected,
        mut request: Box<Request>,
        client: Option<IpAddr>,
        now: &Moment,
        entry: &mut Option<Box<Entry>>,
    ) -> Ended {
        let under_way = loop {
            let deadline = request.received + selected.route.timeout;
            let group = Arc::clone(&selected.group.name);
            let Some(begun) = self.holds().begin(&group, deadline) else {
                let Ok(_place) = self.held.try_acquire() else {
                    return self.refused(
                        &GatewayError::Busy,
                        request.id,
                        request.received.elapsed(),
                    );
                };
                if timeout_at(deadline, self.holds().released(&group))
                    .await
                    .is_err()
                {
                    return self.refused(
                        &GatewayError::Busy,
                        request.id,
                        request.received.elapsed(),
                    );
                }
                continue;
            };
            // A group changes sides only while it is held: what is in force now is so until this request ends.
            let current = self.snapshot();
            if Arc::ptr_eq(&current, &snapshot) {
                break begun;
            }
            snapshot = current;
            let choice = match first(&snapshot, &request, client, self.at(now)) {
                Ok(Choice::Wanted { limit }) => self
                    .read(&snapshot, &mut request, limit, client, now)
                    .await
                    .unwrap_or(Err(NoRoute)),
                choice => choice,
            };
            match choice {
                Ok(Choice::Route(again))
                    if again.group.name == group && again.route.changes_sides() =>
                {
                    selected = again;
                    break begun;
                }
                Ok(Choice::Route(again)) if !again.route.changes_sides() => {
                    begun.heard();
                    return self
                        .routed(snapshot, again, request, client, now, entry)
                        .await;
                }
                Ok(Choice::Route(again)) => {
                    begun.heard();
                    selected = again;
                }
                // The configuration has changed under way: it is as if it came to one that is not there.
                Ok(_) | Err(_) => {
                    begun.heard();
                    return self.refused(
                        &GatewayError::NoRoute,
                        request.id,
                        request.received.elapsed(),
                    );
                }
            }
        };
        let ended = self
            .routed(snapshot, selected, request, client, now, entry)
            .await;
        if !ended.unheard {
            under_way.heard();
        }
        ended
    }
}
