//! How much is taken on: rates and requests under way, of the whole gateway and of a route. What is too much is refused at once, so that
//! what was accepted is answered as fast as ever.
//!
//! In: a request whose route is known, before its body is read. Out: a [`Pass`] to be kept until its answer is over, or a
//! [`GatewayError`] with the time after which to try again. Each gateway counts for itself.

mod gcra;
mod places;
mod rates;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

pub use self::gcra::Rate;
use self::places::{Place, Places};
use self::rates::One;
pub(crate) use self::rates::Rates;
use crate::error::GatewayError;

/// How much is taken on; the default is without bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spec {
    /// How much is under way at once.
    pub places: Option<PlacesSpec>,
    /// How much within a time.
    pub rates: Vec<RateSpec>,
}

impl Spec {
    /// Whether there are no bounds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_none() && self.rates.is_empty()
    }
}

impl fmt::Display for Spec {
    /// `20 requests under way; 10 per second, 600 at once of each x-api-key`; nothing where there are no bounds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.places.map(|places| match places.queue {
            0 => format!("{} requests under way", places.requests),
            queue => format!("{} requests under way and {queue} waiting", places.requests),
        });
        let rates = self.rates.iter().map(|one| {
            let of = match &one.of {
                Of::All => "in all".to_owned(),
                Of::Client => "of each client".to_owned(),
                Of::Key => "of each key".to_owned(),
                Of::Header(name) => format!("of each {name}"),
            };
            format!("{} {of}", one.rate)
        });
        let told: Vec<_> = places.into_iter().chain(rates).collect();
        f.write_str(&told.join("; "))
    }
}

/// How much is under way at once, bodies of answers included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacesSpec {
    /// Requests.
    pub requests: usize,
    /// How many more may wait.
    pub queue: usize,
    /// How long each may.
    pub wait: Duration,
}

/// How much within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSpec {
    /// Of whom.
    pub of: Of,
    /// How much.
    pub rate: Rate,
}

/// Whose requests count together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// Everybody's.
    All,
    /// One client's: its address; for IPv6 its network of 64 bits, which is what one subscriber has.
    Client,
    /// Those with one key, as the route finds it.
    Key,
    /// Those with one value of this field.
    Header(HeaderName),
}

/// A request that asks to be taken on.
#[derive(Debug, Clone, Copy)]
pub struct Asks<'a> {
    /// Who.
    pub client: Option<IpAddr>,
    /// The key, where one was found.
    pub key: Option<&'a [u8]>,
    /// The request's fields.
    pub headers: &'a HeaderMap,
}

/// The bounds in force, and how far they are used up.
#[derive(Debug)]
pub struct Gate {
    spec: Spec,
    places: Option<Places>,
    rates: Vec<Counted>,
}

/// A rate, and of whom.
#[derive(Debug)]
enum Counted {
    All(One),
    Client(Rates),
    Key(Rates),
    Header(HeaderName, Rates),
}

impl Counted {
    fn new(spec: &RateSpec) -> Self {
        match &spec.of {
            Of::All => Self::All(One::new(spec.rate)),
            Of::Client => Self::Client(Rates::new(spec.rate)),
            Of::Key => Self::Key(Rates::new(spec.rate)),
            Of::Header(name) => Self::Header(name.clone(), Rates::new(spec.rate)),
        }
    }

    fn admit(&self, asks: Asks<'_>, now: Instant) -> Result<(), Duration> {
        match self {
            Self::All(one) => one.admit(now),
            Self::Client(rates) => rates.admit(&client(asks.client), now),
            Self::Key(rates) => rates.admit(asks.key.unwrap_or_default(), now),
            Self::Header(name, rates) => {
                let value = asks.headers.get(name);
                let value = value.map(HeaderValue::as_bytes);
                rates.admit(value.unwrap_or_default(), now)
            }
        }
    }
}

/// A place that is held until this is dropped.
#[derive(Debug)]
pub struct Pass {
    _place: Option<Place>,
}

impl Gate {
    /// Nothing is used yet.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self {
            places: spec.places.map(Places::new),
            rates: spec.rates.iter().map(Counted::new).collect(),
            spec,
        }
    }

    /// What it was made of.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Whether it looks at the route's key.
    #[must_use]
    pub fn wants_key(&self) -> bool {
        let mut rates = self.rates.iter();
        rates.any(|rate| matches!(rate, Counted::Key(_)))
    }

    /// Takes a request on that asks `now`. Waits for a place where there is none: then it says whether it did. Dropped half-way it counts in the
    /// rates.
    ///
    /// # Errors
    /// It is too much.
    pub async fn admit(
        &self,
        asks: Asks<'_>,
        now: Instant,
    ) -> Result<(Pass, Waited), GatewayError> {
        for rate in &self.rates {
            rate.admit(asks, now)
                .map_err(|retry_after| GatewayError::TooOften { retry_after })?;
        }
        let Some(places) = &self.places else {
            return Ok((Pass { _place: None }, Waited::No));
        };
        let (place, waited) = match places.free() {
            Some(place) => (place, Waited::No),
            // Boxed, since few have to: every request would keep room for it.
            None => {
                let place = Box::pin(places.wait()).await;
                (place.ok_or(GatewayError::Busy)?, Waited::Yes)
            }
        };
        let pass = Pass {
            _place: Some(place),
        };
        Ok((pass, waited))
    }
}

/// Whether a request had to wait for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// There was one.
    No,
    /// There was one in time.
    Yes,
}

/// What stands for the client with that address.
pub(crate) fn client_key(client: IpAddr) -> [u8; 9] {
    self::client(Some(client))
}

/// What stands for a client.
fn client(client: Option<IpAddr>) -> [u8; 9] {
    let mut out = [0; 9];
    match client {
        Some(IpAddr::V4(address)) => {
            let (kind, rest) = out.split_at_mut(1);
            kind.fill(4);
            if let Some(rest) = rest.get_mut(..4) {
                rest.copy_from_slice(&address.octets());
            }
        }
        Some(IpAddr::V6(address)) => {
            let (kind, rest) = out.split_at_mut(1);
            kind.fill(6);
            rest.copy_from_slice(address.octets().get(..8).unwrap_or(&[0; 8]));
        }
        None => {}
    }
    out
}

/// Nanoseconds from some moment before all requests.
fn nanos(since: Instant, now: Instant) -> u64 {
    let passed = now.saturating_duration_since(since);
    let seconds = passed.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(passed.subsec_nanos().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks<'a>(headers: &'a HeaderMap, client: &str) -> Asks<'a> {
        Asks {
            client: client.parse().ok(),
            key: None,
            headers,
        }
    }

    fn rate(of: Of, requests: u32, burst: u32) -> Spec {
        Spec {
            places: None,
            rates: vec![RateSpec {
                of,
                rate: Rate::new(requests, Duration::from_secs(1), burst).unwrap(),
            }],
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_client_has_a_rate_of_its_own() {
        let none = HeaderMap::new();
        let gate = Gate::new(rate(Of::Client, 10, 2));
        let admit = |client| gate.admit(asks(&none, client), Instant::now());
        assert!(admit("203.0.113.1").await.is_ok());
        assert!(admit("203.0.113.1").await.is_ok());
        let Err(GatewayError::TooOften { retry_after }) = admit("203.0.113.1").await else {
            panic!("a third at once")
        };
        assert_eq!(retry_after, Duration::from_millis(100));
        assert!(admit("203.0.113.2").await.is_ok());
        // One subscriber, many addresses.
        assert!(admit("2001:db8::1").await.is_ok());
        assert!(admit("2001:db8::2").await.is_ok());
        assert!(admit("2001:db8::3").await.is_err());
        assert!(admit("2001:db8:0:1::3").await.is_ok());
        tokio::time::advance(retry_after).await;
        assert!(admit("203.0.113.1").await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_its_time_or_is_refused_at_once() {
        let none = HeaderMap::new();
        let gate = Gate::new(Spec {
            places: Some(PlacesSpec {
                requests: 1,
                queue: 1,
                wait: Duration::from_secs(1),
            }),
            rates: Vec::new(),
        });
        let admit = || gate.admit(asks(&none, "203.0.113.1"), Instant::now());
        let first = admit().await.unwrap();
        let begun = Instant::now();
        let (second, third) = tokio::join!(admit(), async {
            let third = admit().await;
            assert_eq!(begun.elapsed(), Duration::ZERO, "it waited all the same");
            third
        });
        assert!(matches!(second, Err(GatewayError::Busy)), "waited in vain");
        assert!(matches!(third, Err(GatewayError::Busy)), "no room to wait");
        let begun = Instant::now();
        let (waited, ()) = tokio::join!(admit(), async {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert_eq!(waited.unwrap().1, Waited::Yes);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
