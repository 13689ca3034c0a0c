//! Takes up certificates that change while the gateway runs.
//!
//! In: who uses which files. Out: whoever's files have changed is given them anew; a set that does not fit together, as in the middle of
//! a renewal, leaves the old one in place and is looked at again when it changes. Folders are watched, since renewals put other files or
//! links in place; and all files are looked at once a minute, since not every file system tells.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use ops::shutdown::Shutdown;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};

use super::{
    Acceptor, Certificate, ClientSpec, Clients, Connector, Error, Notice, Pair, ServerSpec, Trust,
    notices,
};
use crate::metrics::Metrics;

/// A renewal writes several files.
const SETTLE: Duration = Duration::from_millis(200);
/// How often the files are looked at where nothing was told.
const LOOK: Duration = Duration::from_secs(60);
/// How often a person is told of a certificate that ends.
const TELL: Duration = Duration::from_secs(24 * 3600);

/// Somebody who lives from files.
#[derive(Debug, Clone)]
pub enum User {
    /// The listener.
    Listener {
        /// What it was made of.
        spec: ServerSpec,
        /// What takes the files up.
        acceptor: Arc<Acceptor>,
    },
    /// A backend.
    Backend {
        /// Its name.
        name: Arc<str>,
        /// What it was made of.
        spec: ClientSpec,
        /// What takes the files up.
        connector: Arc<Connector>,
    },
}

impl User {
    fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = Vec::new();
        match self {
            Self::Listener { spec, .. } => {
                files.extend(spec.pairs.iter().flat_map(of_pair));
                if let Clients::Asked { ca, revoked, .. } = &spec.clients {
                    files.push(ca);
                    files.extend(revoked.iter().map(PathBuf::as_path));
                }
            }
            Self::Backend { spec, .. } => {
                files.extend(spec.pair.iter().flat_map(of_pair));
                if let Trust::Ca(file) = &spec.trust {
                    files.push(file);
                }
            }
        }
        files
    }

    fn install(&self) -> Result<(), Error> {
        match self {
            Self::Listener { spec, acceptor } => acceptor.install(spec),
            Self::Backend {
                spec, connector, ..
            } => connector.install(spec),
        }
    }

    /// What is shown to others, with the files it is in.
    fn certificates(&self) -> Vec<(PathBuf, Certificate)> {
        match self {
            Self::Listener { spec, acceptor } => spec
                .pairs
                .iter()
                .map(|pair| pair.certificate.clone())
                .zip(acceptor.certificates())
                .collect(),
            Self::Backend {
                spec, connector, ..
            } => spec
                .pair
                .iter()
                .map(|pair| pair.certificate.clone())
                .zip(connector.certificate())
                .collect(),
        }
    }

    /// As metrics and logs call it.
    fn name(&self) -> &str {
        match self {
            Self::Listener { .. } => "listen",
            Self::Backend { name, .. } => name,
        }
    }

    /// What is in its files now, in 32 bytes; what cannot be read counts as such.
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for file in self.files() {
            match std::fs::read(file) {
                Ok(bytes) => {
                    digest.update(bytes.len().to_be_bytes());
                    digest.update(bytes);
                }
                Err(_) => digest.update([0xff]),
            }
        }
        digest.finalize().into()
    }
}

fn of_pair(pair: &Pair) -> [&Path; 2] {
    [&pair.certificate, &pair.key]
}

/// Tells the watch who is there now.
#[derive(Debug, Clone)]
pub struct Watch {
    users: watch::Sender<Vec<User>>,
}

impl Watch {
    /// Starts watching, for nobody yet. Ends with the shutdown.
    #[must_use]
    pub fn start(metrics: Arc<Metrics>, shutdown: &Shutdown) -> Self {
        let (users, changed) = watch::channel(Vec::new());
        shutdown.spawn(run(changed, metrics, shutdown.clone()));
        Self { users }
    }

    /// From now on these. Their files are taken as read; what has changed since is found at the next look.
    pub fn users(&self, users: Vec<User>) {
        self.users.send_replace(users);
    }
}

/// A user with what was last found in its files.
#[derive(Debug, Clone)]
struct Known {
    user: User,
    digest: [u8; 32],
}

async fn run(mut users: watch::Receiver<Vec<User>>, metrics: Arc<Metrics>, shutdown: Shutdown) {
    let (tell, mut told) = mpsc::channel(1);
    let mut eyes = Eyes::new(tell);
    let mut known: Vec<Known> = Vec::new();
    let mut look = tokio::time::interval(LOOK);
    let mut remind = tokio::time::interval(TELL);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let mut reminds = false;
        let mut settles = false;
        tokio::select! {
            () = shutdown.begun() => return,
            changed = users.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = users.borrow_and_update().clone();
                eyes.on(&now);
                known = blocking(move || now.into_iter().map(known_of).collect()).await.unwrap_or_default();
                reminds = true;
            }
            event = told.recv() => settles = event.is_some(),
            _ = look.tick() => {}
            _ = remind.tick() => reminds = true,
        }
        if settles {
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(SETTLE) => {}
            }
        }
        let before = known.clone();
        let counted = Arc::clone(&metrics);
        known = blocking(move || {
            let looked: Vec<Known> = before.into_iter().map(|one| one.look(&counted)).collect();
            shown(&looked, &counted, reminds);
            looked
        })
        .await
        .unwrap_or(known);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn known_of(user: User) -> Known {
    Known {
        digest: user.digest(),
        user,
    }
}

impl Known {
    /// Takes up what has changed, once for each change.
    fn look(self, metrics: &Metrics) -> Self {
        let digest = self.user.digest();
        if digest == self.digest {
            return self;
        }
        let used_by = self.user.name();
        match self.user.install() {
            Ok(()) => {
                metrics.certificates_reloaded("installed");
                tracing::info!(used_by, "took up changed certificates");
            }
            Err(error) => {
                metrics.certificates_reloaded("refused");
                let cause = std::error::Error::source(&error).map(tracing::field::display);
                tracing::error!(used_by, %error, cause, "changed certificates cannot be used; the old ones serve on");
            }
        }
        Self { digest, ..self }
    }
}

/// Shows when certificates end; `reminds` says whether a person is told as well.
fn shown(known: &[Known], metrics: &Metrics, reminds: bool) {
    let mut ends = Vec::new();
    for one in known {
        let certificates = one.user.certificates();
        for (_, certificate) in &certificates {
            ends.push((
                one.user.name().to_owned(),
                certificate.title(),
                certificate.not_after,
            ));
        }
        if reminds {
            let looked_at = certificates
                .iter()
                .map(|(file, certificate)| (file.as_path(), certificate));
            for notice in notices(looked_at, SystemTime::now()) {
                warn(one.user.name(), &notice);
            }
        }
    }
    metrics.certificates_end(ends);
}

fn warn(used_by: &str, notice: &Notice) {
    tracing::warn!(used_by, "{notice}");
}

/// The folders that are watched.
struct Eyes {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
}

impl Eyes {
    fn new(tell: mpsc::Sender<()>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
                // One that waits is as good as many.
                let _waits = tell.try_send(());
            }
        });
        Self {
            // Without it there is still the look once a minute.
            watcher: watcher
                .inspect_err(|error| tracing::warn!(%error, "cannot watch certificates; looking at them once a minute"))
                .ok(),
            folders: BTreeSet::new(),
        }
    }

    /// Watches the folders of these users' files, and no others.
    fn on(&mut self, users: &[User]) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let wanted: BTreeSet<PathBuf> = users
            .iter()
            .flat_map(User::files)
            .filter_map(Path::parent)
            .map(|folder| match folder.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => folder.to_owned(),
            })
            .collect();
        for gone in self.folders.difference(&wanted) {
            // It may be gone itself.
            let _gone = watcher.unwatch(gone);
        }
        for folder in wanted.difference(&self.folders) {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %error, "cannot watch certificates; looking at them once a minute");
            }
        }
        self.folders = wanted;
    }
}
