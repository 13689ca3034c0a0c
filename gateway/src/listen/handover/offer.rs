//! The side of the gateway that is taken over from.
//!
//! It goes on accepting until the other says that it could: so from the first word to the last somebody accepts. Only the other's last word
//! commits; whatever happens before that, the folder is taken back.

use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ops::shutdown::Shutdown;
use tokio::net::UnixListener;
use tokio::time::{interval, timeout};

use super::wire::{VERSION, Wire, Word};
use super::{Estate, Gone, NAME, Silence};

/// How long it may take to ask.
const ASK: Duration = Duration::from_secs(5);
/// How long the other may take to be ready: it reads the control log, and waits for brokers as a start does.
const READY: Duration = Duration::from_secs(60);
/// How long it may take to accept then.
const ACCEPT: Duration = Duration::from_secs(10);
/// How often it is told of writes.
const EVERY: Duration = Duration::from_secs(1);

/// What ends with a gateway that is taken over from.
pub(crate) struct Ends {
    /// Begins the end.
    pub(crate) shutdown: Shutdown,
    /// Begins when all that clients have under way has ended.
    pub(crate) last: Shutdown,
    /// When no request begins any more.
    pub(crate) silence: Silence,
}

/// Offers the folder and the sockets to the next gateway, until the shutdown, which begins when that has taken them.
///
/// # Errors
/// The socket cannot be made.
pub(crate) fn offer(
    directory: &Path,
    sockets: Vec<(&'static str, TcpListener)>,
    estate: impl Estate,
    successor: Arc<OnceLock<u32>>,
    ends: Ends,
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
    let tasks = ends.shutdown.clone();
    tasks.spawn(async move {
        let mut offered = Offered {
            path: Some(path),
            listener,
            owner,
            sockets,
        };
        let Some((wire, gone)) = offered.taken(&estate, &ends.shutdown).await else {
            return;
        };
        drop(offered);
        if let Ok((_, Some(process))) = wire.peer() {
            successor.get_or_init(|| process);
        }
        tracing::info!("another gateway has taken over");
        ends.shutdown.begin();
        if let Err(error) = told(&wire, gone, ends.silence, &ends.last).await {
            tracing::warn!(%error, "the gateway that took over does not listen any more");
        }
    });
    Ok(())
}

/// Tells the next gateway of what still happens here, until nothing does.
async fn told(
    wire: &Wire,
    mut gone: impl Gone,
    silence: Silence,
    last: &Shutdown,
) -> io::Result<()> {
    let mut silence = Box::pin(silence.come());
    let mut silent = false;
    let mut tick = interval(EVERY);
    loop {
        let mut word = None;
        let over = tokio::select! {
            () = last.begun() => true,
            () = &mut silence, if !silent => {
                (silent, word) = (true, Some(Word::Silent));
                false
            }
            _ = tick.tick() => false,
        };
        for (group, writes) in gone.wrote() {
            wire.say(&Word::Wrote { group, writes }).await?;
        }
        if let Some(word) = word {
            wire.say(&word).await?;
        }
        if over {
            return Ok(());
        }
    }
}

/// Dropped, nobody can take over any more, and these copies no longer keep the sockets open.
struct Offered {
    path: Option<PathBuf>,
    listener: UnixListener,
    owner: u32,
    sockets: Vec<(&'static str, TcpListener)>,
}

impl Offered {
    /// Waits for one who takes over; none where the end begins before that.
    async fn taken<E: Estate>(&mut self, estate: &E, ending: &Shutdown) -> Option<(Wire, E::Gone)> {
        loop {
            let mut wire = tokio::select! {
                biased;
                () = ending.begun() => return None,
                wire = self.called() => wire,
            };
            match timeout(ASK, wire.hear()).await {
                Ok(Ok(Some(Word::Take { version: VERSION }))) => {}
                Ok(Ok(Some(Word::Take { .. }))) => {
                    let why = "it is of a version that hands over in another way";
                    kept(&wire, why).await;
                    continue;
                }
                _ => continue,
            }
            tracing::info!("another gateway asks to take over");
            let lent = match estate.lend().await {
                Ok(lent) => lent,
                Err(why) => {
                    tracing::warn!(why, "nothing is handed over now");
                    kept(&wire, &why).await;
                    continue;
                }
            };
            let agreed = tokio::select! {
                biased;
                agreed = self.agreed(&mut wire) => agreed,
                // Who ends needs no agreement: the other finds nobody there, and offers the folder itself.
                () = ending.begun() => {
                    self.path = None;
                    estate.gone(lent);
                    return None;
                }
            };
            match agreed {
                Ok(()) => {
                    // What stands there is the other's, or will be.
                    self.path = None;
                    return Some((wire, estate.gone(lent)));
                }
                Err(why) => {
                    tracing::warn!(why, "the other gateway did not come up; this one goes on");
                    kept(&wire, &why).await;
                    drop(wire);
                    tokio::select! {
                        () = estate.take_back(lent) => {}
                        () = ending.begun() => return None,
                    }
                }
            }
        }
    }

    /// Somebody of the same user.
    async fn called(&self) -> Wire {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Nothing is lost but the offer.
                std::future::pending::<()>().await;
                continue;
            };
            let wire = Wire::new(stream);
            if wire.peer().is_ok_and(|(user, _)| user == self.owner) {
                return wire;
            }
            tracing::warn!("somebody else's process asked for the listening sockets");
        }
    }

    /// Gives the sockets, and waits until the other accepts on them; or why it does not.
    async fn agreed(&self, wire: &mut Wire) -> Result<(), String> {
        let names = self.sockets.iter().map(|(name, _)| (*name).to_owned());
        let given = Word::Given {
            names: names.collect(),
        };
        let failed = |error: io::Error| error.to_string();
        wire.give(&given, &self.sockets).await.map_err(failed)?;
        awaited(wire, &Word::Ready, READY).await?;
        wire.say(&Word::Yours).await.map_err(failed)?;
        awaited(wire, &Word::Accepting, ACCEPT).await
    }
}

async fn awaited(wire: &mut Wire, wanted: &Word, patience: Duration) -> Result<(), String> {
    match timeout(patience, wire.hear()).await {
        Ok(Ok(Some(word))) if word == *wanted => Ok(()),
        Ok(Ok(Some(word))) => Err(format!("wanted {wanted:?}, got {word:?}")),
        Ok(Ok(None)) => Err("it ended".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it took too long".to_owned()),
    }
}

/// Tells another, if it listens, that it gets nothing.
async fn kept(wire: &Wire, why: &str) {
    let kept = Word::Kept {
        why: why.to_owned(),
    };
    let _gone = timeout(ASK, wire.say(&kept)).await;
}

impl Drop for Offered {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Another may stand there by now only if ours was taken away: nobody binds while we hold the folder.
            let _gone = std::fs::remove_file(path);
        }
    }
}
