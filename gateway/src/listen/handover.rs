//! Listening sockets that outlast the process that opened them, so that no client finds the door shut while a gateway is exchanged for
//! another: those of a gateway that ends, over a socket in its folder, and those a service manager keeps.
//!
//! In: sockets. Out: the same, under the names of what they are for. Whoever took them over waits until the gateway before has ended:
//! two never share a folder, and who connects meanwhile waits in the system's queue.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ops::shutdown::Shutdown;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::net::UnixListener;

/// The socket's name in a gateway's folder.
const NAME: &str = "handover.sock";
/// A gateway has three at most.
const MOST: usize = 8;
/// Their names, each with a line end.
const NAMES: usize = 256;

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

/// What a gateway that took over has of the one before.
#[derive(Debug)]
pub struct Taken {
    /// Its sockets.
    pub inherited: Inherited,
    before: tokio::net::UnixStream,
}

impl Taken {
    /// Waits until the gateway before has ended.
    pub async fn gone(self) -> Inherited {
        let mut byte = [0; 1];
        loop {
            match self.before.try_read(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.before.readable().await.is_err() {
                        break;
                    }
                }
                Ok(1..) => {}
                // However it ended.
                Ok(_) | Err(_) => break,
            }
        }
        self.inherited
    }
}

/// Takes over from the gateway whose folder that is, which then begins to end; none where no gateway runs there. Must be called inside a
/// runtime. Blocking, if shortly.
///
/// # Errors
/// There is one, and it hands nothing over.
pub fn take_over(directory: &Path) -> io::Result<Option<Taken>> {
    let stream = match UnixStream::connect(directory.join(NAME)) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let inherited = received(&stream)?;
    stream.set_nonblocking(true)?;
    Ok(Some(Taken {
        inherited,
        before: tokio::net::UnixStream::from_std(stream)?,
    }))
}

fn received(stream: &UnixStream) -> io::Result<Inherited> {
    let mut names = [0; NAMES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(
        stream,
        &mut [IoSliceMut::new(&mut names)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let names = names.get(..got.bytes).unwrap_or_default();
    let names = String::from_utf8_lossy(names).into_owned();
    let mut listeners = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(sockets) = message {
            listeners.extend(sockets.map(TcpListener::from));
        }
    }
    if listeners.is_empty() || names.lines().count() != listeners.len() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the gateway before did not hand its sockets over",
        ));
    }
    let names = names.lines().map(|name| Some(name.to_owned()));
    Ok(Inherited(Mutex::new(names.zip(listeners).collect())))
}

/// Whom a gateway has handed its sockets to: told of its end when this is dropped, or the process ends.
#[derive(Debug, Clone, Default)]
pub struct Successor(Arc<Mutex<Option<UnixStream>>>);

/// Offers sockets to the next gateway of that folder, until the shutdown, which begins when they are taken.
///
/// # Errors
/// The socket cannot be made.
pub(crate) fn offer(
    directory: &Path,
    sockets: Vec<(&'static str, TcpListener)>,
    successor: Successor,
    shutdown: &Shutdown,
) -> io::Result<()> {
    let path = directory.join(NAME);
    // Ours alone is the folder: whatever is there, its owner is gone.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(&path)?.uid();
    let ending = shutdown.clone();
    shutdown.spawn(async move {
        let offered = Offered {
            path,
            listener,
            owner,
            sockets,
        };
        tokio::select! {
            biased;
            () = ending.begun() => {}
            stream = offered.taken() => {
                tracing::info!("another gateway takes over");
                *successor.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
                ending.begin();
            }
        }
    });
    Ok(())
}

/// Dropped, nobody can take over any more, and these copies no longer keep the sockets open.
struct Offered {
    path: PathBuf,
    listener: UnixListener,
    owner: u32,
    sockets: Vec<(&'static str, TcpListener)>,
}

impl Offered {
    /// Waits for one who takes them.
    async fn taken(&self) -> UnixStream {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Nothing is lost but the offer.
                std::future::pending::<()>().await;
                continue;
            };
            let ours = stream
                .peer_cred()
                .is_ok_and(|peer| peer.uid() == self.owner);
            if !ours {
                tracing::warn!("somebody else's process asked for the listening sockets");
                continue;
            }
            match stream.into_std().and_then(|stream| self.give(stream)) {
                Ok(stream) => return stream,
                Err(error) => tracing::warn!(%error, "cannot hand the listening sockets over"),
            }
        }
    }

    fn give(&self, stream: UnixStream) -> io::Result<UnixStream> {
        let sockets: Vec<_> = self.sockets.iter().map(|(_, it)| it.as_fd()).collect();
        let names: String = self
            .sockets
            .iter()
            .map(|(name, _)| format!("{name}\n"))
            .collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
            return Err(io::Error::other("too many sockets"));
        }
        // A socket that nothing was written to takes that much.
        sendmsg(
            &stream,
            &[IoSlice::new(names.as_bytes())],
            &mut control,
            SendFlags::NOSIGNAL,
        )?;
        Ok(stream)
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        // Another may stand there by now only if ours was taken away: nobody binds while we hold the folder.
        let _gone = std::fs::remove_file(&self.path);
    }
}
