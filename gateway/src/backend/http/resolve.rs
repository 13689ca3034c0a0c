//! Names of endpoints to addresses, again and again while the backend is in use.
//!
//! In: the endpoints of the file. Out: the members of the [`Fleet`], changed when the addresses are. A name that cannot be looked up
//! keeps the addresses it had: those who answer DNS may be away longer than those who answer requests.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::endpoint::Endpoint;
use super::fleet::Fleet;
use super::member::Member;
use crate::config::{Addresses, HttpSpec};
use crate::tls::Connector;

/// How long one lookup may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Not more often than this, whoever asks.
const SELDOM: Duration = Duration::from_secs(1);

/// Whoever knows addresses: the system, or a test.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of a name, in the order in which they should be tried.
    fn lookup(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// The system: its hosts file, its DNS.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Lookup for System {
    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// Where one member of a fleet is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// As in the file.
    pub(super) authority: Authority,
    /// In the order in which they are tried; at least one.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Place {
    /// The same endpoint by the same addresses, in whatever order they were given this time.
    fn is(&self, other: &Self) -> bool {
        let sorted = |place: &Self| {
            let mut addresses = place.addresses.clone();
            addresses.sort_unstable();
            addresses
        };
        self.authority == other.authority && sorted(self) == sorted(other)
    }
}

/// The host of an authority without brackets, and its port.
pub(super) fn host_and_port(authority: &Authority) -> (&str, u16) {
    let host = authority.host();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    (host, authority.port_u16().unwrap_or(80))
}

/// The address that an authority is, where it is no name.
pub(crate) fn literal(authority: &Authority) -> Option<SocketAddr> {
    let (host, port) = host_and_port(authority);
    Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, port))
}

/// Where the members are, of what was found for each endpoint. An address that two endpoints share is one member.
pub(super) fn places(found: &[(Authority, Vec<SocketAddr>)], addresses: Addresses) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (authority, found) in found {
        let each: Vec<Vec<SocketAddr>> = match addresses {
            Addresses::First => vec![found.clone()],
            Addresses::All => {
                let mut found = found.clone();
                found.sort_unstable();
                found.into_iter().map(|address| vec![address]).collect()
            }
        };
        for addresses in each {
            let known = places.iter().any(|place| place.addresses == addresses);
            if !addresses.is_empty() && !known {
                places.push(Place {
                    authority: authority.clone(),
                    addresses,
                });
            }
        }
    }
    places
}

/// What a person calls it.
fn name(place: &Place, addresses: Addresses) -> Arc<str> {
    match (addresses, place.addresses.first()) {
        (Addresses::All, Some(address)) if literal(&place.authority).is_none() => {
            format!("{} at {address}", place.authority).into()
        }
        _ => place.authority.as_str().into(),
    }
}

/// Gives a fleet its members; those that are where they were stay as they are, with their connections and all that is known of them.
pub(super) fn settle(
    fleet: &Fleet<Endpoint>,
    spec: &HttpSpec,
    tls: Option<&Arc<Connector>>,
    places: &[Place],
) {
    let old = fleet.members();
    let same = |place: &Place| {
        old.iter()
            .find(|member| member.origin.place.is(place))
            .cloned()
    };
    let members: Vec<_> = places
        .iter()
        .map(|place| {
            same(place).unwrap_or_else(|| {
                let name = name(place, spec.addresses);
                Arc::new(Member::new(name, Endpoint::new(place.clone(), spec, tls)))
            })
        })
        .collect();
    let kept = members.len() == old.len()
        && members
            .iter()
            .zip(old.iter())
            .all(|(new, old)| Arc::ptr_eq(new, old));
    if !kept {
        fleet.change(members);
    }
}

/// Looks names up, until it is dropped.
pub(super) struct Resolver<L> {
    pub(super) fleet: Arc<Fleet<Endpoint>>,
    pub(super) spec: Arc<HttpSpec>,
    /// What makes connections private.
    pub(super) tls: Option<Arc<Connector>>,
    pub(super) lookup: L,
    /// Told once the first lookup is over, whatever came of it.
    pub(super) ready: watch::Sender<bool>,
    /// Told when somebody could not be reached: it may have moved.
    pub(super) again: Arc<Notify>,
}

impl<L> fmt::Debug for Resolver<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("fleet", &self.fleet)
            .finish_non_exhaustive()
    }
}

impl<L: Lookup> Resolver<L> {
    /// Never ends by itself. Dropped half-way, the members stay as they are.
    pub(super) async fn run(self) {
        let endpoints = self.spec.endpoints.iter();
        let mut found: Vec<(Authority, Vec<SocketAddr>)> = endpoints
            .map(|authority| (authority.clone(), literal(authority).into_iter().collect()))
            .collect();
        loop {
            for (authority, addresses) in &mut found {
                if literal(authority).is_none() {
                    self.look_up(authority, addresses).await;
                }
            }
            settle(
                &self.fleet,
                &self.spec,
                self.tls.as_ref(),
                &places(&found, self.spec.addresses),
            );
            // Nobody may be waiting any more.
            self.ready.send_replace(true);
            let looked = Instant::now();
            let _woken = timeout(self.spec.lookup, self.again.notified()).await;
            tokio::time::sleep_until(looked + SELDOM).await;
        }
    }

    async fn look_up(&self, authority: &Authority, addresses: &mut Vec<SocketAddr>) {
        let (host, port) = host_and_port(authority);
        let looked = timeout(PATIENCE, self.lookup.lookup(host, port)).await;
        let (backend, endpoint) = (self.fleet.backend(), authority.as_str());
        match looked {
            Ok(Ok(found)) if !found.is_empty() => {
                if !addresses.is_empty() && !same(addresses, &found) {
                    tracing::info!(%backend, endpoint, "has other addresses now");
                }
                *addresses = found;
            }
            Ok(Ok(_)) => {
                tracing::warn!(%backend, endpoint, "the name has no address; those known stay");
            }
            Ok(Err(error)) => {
                tracing::warn!(%backend, endpoint, %error, "the name cannot be looked up; addresses known stay");
            }
            Err(_) => {
                tracing::warn!(%backend, endpoint, "looking the name up took too long; addresses known stay");
            }
        }
    }
}

fn same(one: &[SocketAddr], other: &[SocketAddr]) -> bool {
    one.len() == other.len() && one.iter().all(|address| other.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(endpoints: &[(&str, &[&str])]) -> Vec<(Authority, Vec<SocketAddr>)> {
        endpoints
            .iter()
            .map(|(authority, addresses)| {
                let addresses = addresses.iter().map(|address| address.parse().unwrap());
                (authority.parse().unwrap(), addresses.collect())
            })
            .collect()
    }

    fn shown(found: &[(Authority, Vec<SocketAddr>)], addresses: Addresses) -> Vec<String> {
        places(found, addresses)
            .iter()
            .map(|place| format!("{} -> {:?}", name(place, addresses), place.addresses))
            .collect()
    }

    #[test]
    fn addresses_of_a_name_are_ways_to_it_or_endpoints_each() {
        let found = found(&[
            ("erp:9080", &["10.0.0.2:9080", "10.0.0.1:9080"]),
            ("10.0.0.7:80", &["10.0.0.7:80"]),
            ("gone", &[]),
        ]);
        assert_eq!(
            shown(&found, Addresses::First),
            [
                "erp:9080 -> [10.0.0.2:9080, 10.0.0.1:9080]",
                "10.0.0.7:80 -> [10.0.0.7:80]"
            ]
        );
        assert_eq!(
            shown(&found, Addresses::All),
            [
                "erp:9080 at 10.0.0.1:9080 -> [10.0.0.1:9080]",
                "erp:9080 at 10.0.0.2:9080 -> [10.0.0.2:9080]",
                "10.0.0.7:80 -> [10.0.0.7:80]"
            ]
        );
    }

    #[test]
    fn an_address_under_two_names_is_asked_once() {
        let found = found(&[("a", &["10.0.0.1:80"]), ("b", &["10.0.0.1:80"])]);
        assert_eq!(places(&found, Addresses::All).len(), 1);
    }

    #[test]
    fn what_is_no_name_is_not_looked_up() {
        let literal = |text: &str| literal(&text.parse().unwrap()).map(|found| found.to_string());
        assert_eq!(literal("10.0.0.1:9080").unwrap(), "10.0.0.1:9080");
        assert_eq!(literal("[::1]").unwrap(), "[::1]:80");
        assert_eq!(literal("erp:9080"), None);
    }
}
