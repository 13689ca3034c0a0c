//! One gateway in the place of another, while clients are served: the listening sockets and the folder go from one process to the next over a
//! socket in that folder; and the sockets that a service manager keeps.
//!
//! In: a folder in which a gateway may run. Out: all that has one owner, or nothing. Two phases: the old one lends its folder and gives copies of
//! its sockets, and goes on accepting; the new one opens everything and says that it is ready; only when it says that it accepts does the old
//! one begin to end, and if it dies before, the old one takes the folder back. Two never write in one folder: its locks say whose it is.

mod offer;
mod take;
mod wire;

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

pub(crate) use self::offer::{Ends, offer};
pub(crate) use self::take::{Heir, Taken, ask};

/// The socket's name in a gateway's folder.
const NAME: &str = "takeover.sock";

/// All of a gateway that has one owner, beside its sockets.
pub(crate) trait Estate: Send + Sync + 'static {
    /// What was lent, and can be taken back.
    type Lent: Send;
    /// What is left when it is another's.
    type Gone: Gone;

    /// Gives it up, so that another process can open it; requests are served on.
    ///
    /// # Errors
    /// Not now: why. Nothing has changed then.
    fn lend(&self) -> impl Future<Output = Result<Self::Lent, String>> + Send;

    /// Has it back, as soon as the other process does not hold it any more.
    fn take_back(&self, lent: Self::Lent) -> impl Future<Output = ()> + Send;

    /// It is another's for good.
    fn gone(&self, lent: Self::Lent) -> Self::Gone;
}

/// What a gateway still does that was taken over from.
pub(crate) trait Gone: Send + 'static {
    /// Writes accepted since this was asked before, by group.
    fn wrote(&mut self) -> Vec<(String, u64)>;
}

/// Held by whoever may begin a request; dropped when it does no more.
#[derive(Debug, Clone)]
pub struct Silent {
    _held: Option<mpsc::Sender<Infallible>>,
}

/// Comes when all who may begin a request do no more.
#[derive(Debug)]
pub(crate) struct Silence(mpsc::Receiver<Infallible>);

impl Silent {
    /// One, and what comes when it and its clones are gone.
    pub(crate) fn new() -> (Self, Silence) {
        let (silent, silence) = mpsc::channel(1);
        let silent = Self {
            _held: Some(silent),
        };
        (silent, Silence(silence))
    }

    /// One for which nobody waits.
    #[must_use]
    pub fn unheard() -> Self {
        Self { _held: None }
    }
}

impl Silence {
    pub(crate) async fn come(mut self) {
        // Nothing is ever sent.
        let _none = self.0.recv().await;
    }
}

/// Sockets that somebody else opened, until they are used.
#[derive(Debug, Default)]
pub struct Inherited(Mutex<Vec<(Option<String>, TcpListener)>>);

impl Inherited {
    /// Those of a service manager, which are known by their addresses.
    #[must_use]
    pub fn of(listeners: Vec<TcpListener>) -> Self {
        let listeners = listeners.into_iter().map(|listener| (None, listener));
        Self(Mutex::new(listeners.collect()))
    }

    /// Those of a gateway, each with its name.
    pub(crate) fn named(listeners: Vec<(Option<String>, TcpListener)>) -> Self {
        Self(Mutex::new(listeners))
    }

    /// Takes these too, before its own; one that is there twice is one.
    pub(crate) fn prefer(&self, others: Self) {
        let others = others
            .0
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |listener: &TcpListener| listener.local_addr().ok();
        let theirs: Vec<_> = others.iter().map(|(_, listener)| at(listener)).collect();
        all.retain(|(_, listener)| !theirs.contains(&at(listener)));
        all.splice(..0, others);
    }

    /// The one that has this name, or this address; it does not block.
    pub(crate) fn take(&self, name: &str, address: SocketAddr) -> Option<TcpListener> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|(known, listener)| match known {
            // What the file says now counts, and not what the one before was told.
            Some(known) => {
                known == name
                    && listener
                        .local_addr()
                        .is_ok_and(|at| address.port() == 0 || at == address)
            }
            None => listener.local_addr().is_ok_and(|at| at == address),
        })?;
        let (_, listener) = all.swap_remove(place);
        listener.set_nonblocking(true).ok()?;
        Some(listener)
    }

    /// Where those listen that nobody wanted.
    #[must_use]
    pub fn left(&self) -> Vec<SocketAddr> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = all.iter().map(|(_, listener)| listener.local_addr());
        addresses.filter_map(Result::ok).collect()
    }
}
