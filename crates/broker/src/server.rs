//! The broker at work: its own threads, the listener, one task per connection, and the ticking of time.
//!
//! The broker runs on its own small runtime, so that a caller may block its own threads, as the calls of
//! librdkafka do, and so that a broker can be started from any thread.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::clock::Now;
use crate::config::{BrokerConfig, Limits, Storage};
use crate::error::{Error, Result};
use crate::maintenance;
use crate::request::{self, Client, Shared};
use crate::state::State;
use crate::wire::Broken;
use crate::wire::frame::{self, Room};

/// How often sessions and transactions are looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a shutdown waits for answers being written.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A running broker. Dropped without [`shutdown`](Self::shutdown) it is gone as by `kill -9`: nothing that was
/// acknowledged is lost from a directory, and clients see their connections break.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    advertised: Option<String>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    runtime: Option<Runtime>,
    /// Held while the directory is ours.
    lock: Option<File>,
}

/// What every connection needs.
#[derive(Debug, Clone)]
struct Door {
    shared: Arc<Shared>,
    limits: Limits,
    advertised: Option<(String, i32)>,
    room: Room,
    connections: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Broker {
    /// Starts a broker: reads what the directory holds, cuts torn tails, ends what transactions had decided,
    /// and listens. Blocks while reading; clients can connect once it returns.
    ///
    /// # Errors
    /// The address is taken, the directory is in use or cannot be read, a file in it is damaged other than at
    /// its end, or the configuration asks for what cannot be.
    pub fn start(config: BrokerConfig) -> Result<Self> {
        let advertised = config
            .advertised
            .as_deref()
            .map(split_advertised)
            .transpose()?;
        if config.default_partitions < 1 {
            let wanted = format!(
                "default_partitions is {}, wanted at least 1",
                config.default_partitions
            );
            return Err(Error::Config(wanted));
        }
        let lock = match &config.storage {
            Storage::Memory => None,
            Storage::Directory(directory) => Some(take(directory)?),
        };
        let (listen, limits) = (config.listen, config.limits.clone());
        let refused = |source| Error::Listen {
            address: listen,
            source,
        };
        let (listener, address) = bind(listen).map_err(refused)?;
        let maintenance_interval = config.maintenance_interval;
        let mut state = State::open(config)?;
        state.resume_transactions(Now::read());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("broker")
            .enable_all()
            .build()
            .map_err(refused)?;
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener);
        drop(entered);
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) => {
                runtime.shutdown_background();
                return Err(refused(error));
            }
        };
        let tasks = TaskTracker::new();
        let shared = Arc::new(Shared::new(state));
        let door = Door {
            shared: Arc::clone(&shared),
            room: Room::new(&limits),
            connections: Arc::new(Semaphore::new(limits.connections)),
            limits,
            advertised: advertised.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn_on(accept(listener, door), runtime.handle());
        tasks.spawn_on(tick(Arc::clone(&shared)), runtime.handle());
        tasks.spawn_on(
            maintenance::run(Arc::clone(&shared), maintenance_interval),
            runtime.handle(),
        );
        tracing::info!(%address, "broker started");
        let advertised = advertised.map(|(host, port)| join_address(&host, port));
        Ok(Self {
            address,
            advertised,
            shared,
            tasks,
            runtime: Some(runtime),
            lock,
        })
    }

    /// Where it listens, with the port it was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client on this machine takes for `bootstrap.servers`: the advertised address, else the one
    /// listened on (loopback when that is all addresses).
    pub fn bootstrap(&self) -> String {
        if let Some(advertised) = &self.advertised {
            return advertised.clone();
        }
        let mut address = self.address;
        match address {
            SocketAddr::V4(_) if address.ip().is_unspecified() => {
                address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            SocketAddr::V6(_) if address.ip().is_unspecified() => {
                address.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
            }
            _ => {}
        }
        address.to_string()
    }

    /// Stops: waiting fetches are answered, connections closed, everything forced to the disk.
    /// Dropped half-way the broker is gone as if dropped without it.
    ///
    /// # Errors
    /// The disk refused the last bytes; they are with the operating system all the same.
    pub async fn shutdown(mut self) -> Result<()> {
        self.shared.stop.cancel();
        self.tasks.close();
        // On our own runtime: the caller's may have no timers.
        let flushed = match &self.runtime {
            None => Ok(()),
            Some(runtime) => {
                let (tasks, shared) = (self.tasks.clone(), Arc::clone(&self.shared));
                let ended = async move { tokio::time::timeout(LAST_ANSWERS, tasks.wait()).await };
                if !matches!(runtime.spawn(ended).await, Ok(Ok(()))) {
                    tracing::warn!("some connections did not end in time");
                }
                let flush = runtime.spawn_blocking(move || flush(&shared)).await;
                flush.unwrap_or_else(|error| {
                    Err(Error::storage(
                        "flush",
                        Path::new(""),
                        io::Error::other(error),
                    ))
                })
            }
        };
        self.lock = None;
        tracing::info!(address = %self.address, "broker stopped");
        flushed
    }
}

fn bind(listen: SocketAddr) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Ends all changes and forces what there is to the disk.
fn flush(shared: &Shared) -> Result<()> {
    let mut state = shared.lock();
    state.closed = true;
    state.flush().map_err(|error| match &state.config.storage {
        Storage::Directory(directory) => Error::storage("flush", directory, error),
        Storage::Memory => Error::storage("flush", Path::new(""), error),
    })
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        let mut state = self.shared.lock();
        state.closed = true;
        for group in state.groups.values_mut() {
            group.dismiss(kafka_protocol::ResponseError::NotCoordinator);
        }
        for partition in state
            .topics
            .values_mut()
            .flat_map(|topic| &mut topic.partitions)
        {
            partition.log.close();
        }
        drop(state);
        if let Some(runtime) = self.runtime.take() {
            // Dropping it here would block, which is not allowed on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

fn split_advertised(advertised: &str) -> Result<(String, i32)> {
    let wrong = || {
        Error::Config(format!(
            "advertised address '{advertised}': wanted host:port"
        ))
    };
    let (host, port) = advertised.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || port == 0 {
        return Err(wrong());
    }
    Ok((host.to_owned(), i32::from(port)))
}

fn join_address(host: &str, port: i32) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Makes the directory ours.
fn take(directory: &Path) -> Result<File> {
    fs::create_dir_all(directory).map_err(|error| Error::storage("create", directory, error))?;
    let path = directory.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.map_err(|error| Error::storage("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(Error::storage("lock", &path, error)),
    }
}

async fn accept(listener: TcpListener, door: Door) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.shared.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Ok(permit) = Arc::clone(&door.connections).try_acquire_owned() else {
                    tracing::warn!(%peer, most = door.limits.connections, "too many connections; one was closed");
                    continue;
                };
                let serving = door.clone();
                door.tasks.spawn(async move {
                    serve(stream, peer, &serving).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: give the others time to close some.
                tracing::warn!(error = %error, "cannot accept a connection");
                tokio::time::sleep(TICK).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, door: &Door) {
    match converse(stream, peer, door).await {
        Ok(()) | Err(Broken::Closing) => {}
        Err(Broken::Io(error)) if is_hang_up(&error) => {}
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::warn!(%peer, error = %error, cause, "closed a connection");
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

/// Answers the requests of one connection one by one, in order, as Kafka does.
async fn converse(mut stream: TcpStream, peer: SocketAddr, door: &Door) -> Result<(), Broken> {
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?;
    let (advertised_host, advertised_port) = door
        .advertised
        .clone()
        .unwrap_or_else(|| (local.ip().to_string(), i32::from(local.port())));
    let client = Client {
        host: format!("/{}", peer.ip()),
        advertised_host,
        advertised_port,
    };
    let stop = &door.shared.stop;
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    loop {
        let frame = tokio::select! {
            frame = frame::read(&mut reader, &door.limits, &door.room) => frame?,
            () = stop.cancelled() => return Err(Broken::Closing),
        };
        let Some(mut frame) = frame else {
            return Ok(());
        };
        let response = {
            let mut answer = std::pin::pin!(request::answer(&door.shared, &client, &mut frame));
            tokio::select! {
                biased;
                answer = &mut answer => answer?,
                // Who hangs up while a fetch or a join waits is not waited with; Kafka does the same.
                more = reader.fill_buf() => match more? {
                    [] => return Ok(()),
                    _ => answer.await?,
                },
            }
        };
        let Some(response) = response else { continue };
        let bytes = frame::encode(
            &response,
            frame.api,
            request::answer_version(&frame),
            frame.correlation,
        )?;
        drop(response);
        let written =
            tokio::time::timeout(door.limits.read_timeout, writer.write_all(&bytes)).await;
        written.map_err(|_| Broken::Slow)??;
    }
}

async fn tick(shared: Arc<Shared>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = shared.stop.cancelled() => return,
        }
        let mut state = shared.lock();
        if state.closed {
            return;
        }
        let now = Now::read();
        state.tick_transactions(now);
        for group in state.groups.values_mut() {
            group.tick(now.instant);
        }
    }
}
