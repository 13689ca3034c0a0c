//! One connection to an origin: made by [`dial`], driven by a task of its own, back in the pool when its answer has been read.
//!
//! The driver puts the connection back, not the reader of the body: a body passes through untouched and unboxed.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::Config;
use super::pool::Pool;
use crate::error::{BackendError, BackendErrorKind as Kind, Sent};
use crate::message::Payload;

/// A connection that can take a request.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Payload>,
    pub(super) slot: Arc<Slot>,
}

impl Connection {
    /// The head of the answer is here; once its body is read (or there is none) the connection goes back to the pool.
    pub(super) fn park(self, place: OwnedSemaphorePermit) {
        let Self { sender, slot } = self;
        *slot.stage() = Stage::Answering {
            sender,
            _place: place,
        };
        slot.settle();
    }
}

/// What the driver of a connection and its user share.
#[derive(Debug)]
pub(super) struct Slot {
    stage: Mutex<Stage>,
    pool: Weak<Pool>,
    pulse: Pulse,
}

#[derive(Debug)]
enum Stage {
    /// Someone waits for the head of an answer on it.
    Busy,
    /// The head of the answer is out, its body not yet wholly read.
    Answering {
        sender: SendRequest<Payload>,
        /// Given back with the connection.
        _place: OwnedSemaphorePermit,
    },
    /// In the pool.
    Idle { since: Instant },
}

impl Slot {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn busy(&self) {
        *self.stage() = Stage::Busy;
    }

    /// Puts the connection into the pool if its answer has been read. Called by whoever comes last: the user that parks it, or the
    /// driver that finds it ready again.
    fn settle(self: &Arc<Self>) {
        let mut stage = self.stage();
        if !matches!(&*stage, Stage::Answering { sender, .. } if sender.is_ready()) {
            return;
        }
        let idle = Stage::Idle {
            since: Instant::now(),
        };
        let Stage::Answering {
            sender,
            _place: place,
        } = std::mem::replace(&mut *stage, idle)
        else {
            return;
        };
        drop(stage);
        if let Some(pool) = self.pool.upgrade() {
            pool.put(Connection {
                sender,
                slot: Arc::clone(self),
            });
        }
        // Only now: whoever waits for a place must find the connection.
        drop(place);
    }

    /// When to look again, or that the connection has outlived its use.
    fn look(self: &Arc<Self>, config: &Config, now: Instant) -> Look {
        let until = match &*self.stage() {
            Stage::Busy => now + config.idle.min(config.body_idle),
            Stage::Answering { .. } => self.pulse.last() + config.body_idle,
            Stage::Idle { since } => *since + config.idle,
        };
        if until > now {
            return Look::Again(until);
        }
        match &*self.stage() {
            Stage::Busy => return Look::Again(now + config.idle.min(config.body_idle)),
            Stage::Answering { .. } => return Look::End,
            Stage::Idle { .. } => {}
        }
        match self.pool.upgrade() {
            Some(pool) if !pool.remove(self) => Look::Again(now + config.idle),
            _ => Look::End,
        }
    }
}

enum Look {
    Again(Instant),
    End,
}

/// Makes a connection and starts its driver.
///
/// The driver is not tracked for shutdown: it ends with its last user, and what a client still reads is waited for at the client's side.
pub(super) async fn dial(
    config: &Arc<Config>,
    pool: &Arc<Pool>,
) -> Result<Connection, BackendError> {
    let unreachable = || BackendError::new(Kind::Unreachable, Sent::No);
    let host = config.authority.host();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = config.authority.port_u16().unwrap_or(80);
    let stream = timeout(config.connect_timeout, TcpStream::connect((host, port)))
        .await
        .map_err(|_| unreachable().because("connecting took too long"))?
        .map_err(|error| unreachable().because(error))?;
    stream
        .set_nodelay(true)
        .map_err(|error| unreachable().because(error))?;
    let slot = Arc::new(Slot {
        stage: Mutex::new(Stage::Busy),
        pool: Arc::downgrade(pool),
        pulse: Pulse::default(),
    });
    let io = TokioIo::new(Watched {
        stream,
        slot: Arc::clone(&slot),
    });
    let (sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(io)
        .await
        .map_err(|error| unreachable().because(error))?;
    tokio::spawn(drive(connection, Arc::clone(&slot), Arc::clone(config)));
    Ok(Connection { sender, slot })
}

/// Runs a connection to its end: closed by either side, unused for too long, or stuck in the middle of a body.
async fn drive(
    connection: http1::Connection<TokioIo<Watched>, Payload>,
    slot: Arc<Slot>,
    config: Arc<Config>,
) {
    let mut connection = connection;
    let timer = sleep_until(Instant::now() + config.idle.min(config.body_idle));
    let mut timer = pin!(timer);
    poll_fn(|context| {
        let ended = Pin::new(&mut connection).poll(context);
        slot.settle();
        // Whoever used it hears of the error; here it only ends.
        if ended.is_ready() {
            return Poll::Ready(());
        }
        expired(&slot, &config, timer.as_mut(), context)
    })
    .await;
}

fn expired(
    slot: &Arc<Slot>,
    config: &Config,
    mut timer: Pin<&mut Sleep>,
    context: &mut Context<'_>,
) -> Poll<()> {
    while timer.as_mut().poll(context).is_ready() {
        match slot.look(config, Instant::now()) {
            Look::Again(until) => timer.as_mut().reset(until),
            Look::End => return Poll::Ready(()),
        }
    }
    Poll::Pending
}

/// When bytes last moved, to the millisecond.
#[derive(Debug)]
struct Pulse(AtomicU64);

impl Default for Pulse {
    fn default() -> Self {
        let pulse = Self(AtomicU64::new(0));
        pulse.beat();
        pulse
    }
}

impl Pulse {
    fn epoch() -> Instant {
        static EPOCH: OnceLock<Instant> = OnceLock::new();
        *EPOCH.get_or_init(Instant::now)
    }

    fn beat(&self) {
        let millis = Self::epoch().elapsed().as_millis();
        self.0
            .store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        Self::epoch() + Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// The stream, with its pulse taken.
#[derive(Debug)]
struct Watched {
    stream: TcpStream,
    slot: Arc<Slot>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.slot.pulse.beat();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.slot.pulse.beat();
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if written.is_ready() {
            self.slot.pulse.beat();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
