//! How many connections each client has at once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use prometheus_client::metrics::counter::Counter;

/// All clients and their connections.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    /// Who stands for many.
    exempt: Vec<IpNet>,
    refused: Counter,
    seats: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection of a client, until it is dropped.
#[derive(Debug)]
pub struct Seat(Option<(Arc<Crowd>, IpAddr)>);

impl Crowd {
    /// So many each, but for those; `refused` counts connections that were too many.
    #[must_use]
    pub fn new(most: usize, exempt: Vec<IpNet>, refused: Counter) -> Self {
        Self {
            most,
            exempt,
            refused,
            seats: Mutex::default(),
        }
    }

    /// None where the client has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, client: IpAddr) -> Option<Seat> {
        let client = client.to_canonical();
        let household = household(client);
        if self.exempt.iter().any(|network| network.contains(&client)) {
            return Some(Seat(None));
        }
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = seats.entry(household).or_default();
        if *taken >= self.most {
            drop(seats);
            self.refused.inc();
            return None;
        }
        *taken += 1;
        Some(Seat(Some((Arc::clone(self), household))))
    }
}

/// Whom an address stands for: of IPv6 the network of 64 bits that one customer has at least (RFC 6177), in which an address costs
/// nothing.
fn household(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(client) => Ipv6Addr::from_bits(client.to_bits() >> 64 << 64).into(),
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((crowd, client)) = &self.0 else {
            return;
        };
        let mut seats = crowd.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = seats.get_mut(client) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                seats.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_seats_and_who_stands_for_many_has_no_end() {
        let refused = Counter::default();
        let exempt = vec!["10.0.0.0/8".parse().unwrap()];
        let crowd = Arc::new(Crowd::new(1, exempt, refused.clone()));
        let enter = |client: &str| crowd.enter(client.parse().unwrap());
        let one = enter("203.0.113.1");
        assert!(one.is_some());
        assert!(enter("::ffff:203.0.113.1").is_none());
        assert!(enter("203.0.113.2").is_some());
        let many: Vec<_> = (0..9).map(|_| enter("10.1.1.1")).collect();
        assert!(many.iter().all(Option::is_some));
        drop(one);
        assert!(enter("203.0.113.1").is_some());
        let six = enter("2001:db8:1:2::1");
        assert!(enter("2001:db8:1:2:f::9").is_none(), "the same network");
        assert!(enter("2001:db8:1:3::1").is_some());
        drop(six);
        assert_eq!(refused.get(), 2);
        assert!(crowd.seats.lock().unwrap().is_empty(), "nobody is left");
    }
}
