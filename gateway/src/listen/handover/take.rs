//! The side of the gateway that takes over.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::wire::{VERSION, Wire, Word};
use super::{Inherited, NAME};

/// How long the gateway before may take for a word: it brings what it does in its folder to an end, and copies the stores of views, which may be
/// large. It answers clients meanwhile.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the gateway before gave: its folder, and its sockets. Dropped, it takes both back.
#[derive(Debug)]
pub(crate) struct Taken {
    wire: Wire,
    silent: watch::Sender<bool>,
}

/// What the gateway before tells while it ends.
pub(crate) trait Heir: Send + Sync + 'static {
    /// Its requests made so many changes more that legacy lacks.
    fn count(&self, group: &str, writes: u64);
}

/// Asks the gateway whose folder that is for all it has; none where no gateway runs there. It goes on accepting meanwhile.
///
/// # Errors
/// There is one, and it hands nothing over.
pub(crate) async fn ask(directory: &Path) -> io::Result<Option<(Taken, Inherited)>> {
    let stream = match UnixStream::connect(directory.join(NAME)).await {
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
    let mut wire = Wire::new(stream);
    wire.say(&Word::Take { version: VERSION }).await?;
    let names = match heard(&mut wire).await? {
        Some(Word::Given { names }) => names,
        Some(Word::Kept { why }) => return Err(io::Error::other(why)),
        Some(_) => return Err(io::Error::other("it said something else")),
        None => return Err(io::Error::other("it ended")),
    };
    let listeners = wire.take_sockets();
    if listeners.len() != names.len() {
        return Err(io::Error::other("some of its sockets did not come"));
    }
    let taken = Taken {
        wire,
        silent: watch::Sender::new(false),
    };
    let named = names.into_iter().map(Some).zip(listeners);
    Ok(Some((taken, Inherited::named(named.collect()))))
}

async fn heard(wire: &mut Wire) -> io::Result<Option<Word>> {
    match timeout(PATIENCE, wire.hear()).await {
        Ok(heard) => heard,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "it does not answer",
        )),
    }
}

impl Taken {
    /// True once no request begins at the gateway before any more, or that is gone.
    pub(crate) fn silent(&self) -> watch::Receiver<bool> {
        self.silent.subscribe()
    }

    /// Says that everything is ready, and asks for leave to accept.
    ///
    /// # Errors
    /// The gateway before goes on by itself. Where it has just died there is nobody but us: that is none.
    pub(crate) async fn ready(&mut self) -> io::Result<()> {
        if self.wire.say(&Word::Ready).await.is_err() {
            return Ok(());
        }
        match heard(&mut self.wire).await? {
            Some(Word::Yours) | None => Ok(()),
            Some(Word::Kept { why }) => Err(io::Error::other(why)),
            Some(_) => Err(io::Error::other("it said something else")),
        }
    }

    /// Says that clients are accepted: the gateway before begins to end. Listens to it until it has.
    pub(crate) async fn accepting(mut self, heir: Arc<impl Heir>) {
        if self.wire.say(&Word::Accepting).await.is_ok() {
            loop {
                match self.wire.hear().await {
                    Ok(Some(Word::Wrote { group, writes })) => heir.count(&group, writes),
                    Ok(Some(Word::Silent)) => {
                        self.silent.send_replace(true);
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(%error, "the gateway before cannot be understood any more");
                        break;
                    }
                }
            }
        }
        self.silent.send_replace(true);
        tracing::info!("the gateway before has ended");
    }
}
