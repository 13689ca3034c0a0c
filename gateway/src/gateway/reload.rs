//! Takes up changes of the configuration file while the gateway runs.
//!
//! In: the file changed. Out: routes and backends swapped at once; or, if it does not resolve, every fault in the log and the old
//! configuration runs on (invariant 8). Modes in the file go through control, not through here.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher as _};
use ops::config::{Faults, Source};
use ops::shutdown::Shutdown;
use tokio::sync::mpsc;

use super::backends::Kept;
use super::certificates::Certificates;
use super::{Options, StartError, shown};
use crate::app::App;
use crate::back::Backs;
use crate::backend::Backend;
use crate::config::{Beside, Listen, Resolved};
use crate::control::Control;
use crate::edge::{Edge, Live};

/// Editors write in several steps; the last one counts.
const SETTLE: Duration = Duration::from_millis(100);

/// What a reload works on.
#[derive(Debug)]
pub(super) struct Reload {
    pub(super) app: Arc<App>,
    pub(super) control: Control,
    pub(super) backends: Arc<Kept>,
    pub(super) backs: Backs,
    pub(super) certificates: Certificates,
    pub(super) options: Options,
    pub(super) names: shown::Names,
    pub(super) running: Resolved,
}

/// What became of a changed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Taken up.
    Installed,
    /// Refused, until it changes again.
    Refused,
    /// Refused for the modes in force: looked at again when they change.
    NotInTheseModes,
}

/// Watches the file until the shutdown.
///
/// The folder is watched, not the file: editors and orchestrators put another file in its place.
pub(super) fn watch(mut reload: Reload, shutdown: &Shutdown) -> Result<(), StartError> {
    let path = reload.running.path.clone();
    let failed = |source| StartError::Watch {
        path: path.clone(),
        source,
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let (tell, mut told) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // One that waits is as good as many.
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            let _waits = tell.try_send(());
        }
    })
    .map_err(failed)?;
    watcher
        .watch(&folder, RecursiveMode::NonRecursive)
        .map_err(failed)?;
    let shutdown = shutdown.clone();
    let stop = shutdown.clone();
    shutdown.spawn(async move {
        let mut folders = HashSet::from([folder]);
        let mut last = reload.running.text.clone();
        let mut beside = reload.running.files.clone();
        let mut modes = reload.control.watch();
        let (mut waits, mut again, mut missing) = (false, false, false);
        loop {
            also_watch(&mut watcher, &mut folders, &beside);
            // Also before the first event: the file may have changed between its reading and the watch.
            let (text, now) = read(&path, &beside).await;
            match text {
                Some(Ok(text)) if text.text() == last.text() && now == beside && !again => {
                    missing = false;
                }
                Some(Ok(text)) => {
                    (missing, last, beside) = (false, text.clone(), now);
                    modes.mark_unchanged();
                    let taken = reload.take_up(&path, text).await;
                    waits = taken == Taken::NotInTheseModes;
                    if taken == Taken::Installed {
                        beside.clone_from(&reload.running.files);
                    }
                }
                // A file that is not there at this moment is about to be replaced, or somebody took it away.
                Some(Err(faults)) if missing => {
                    tracing::debug!(file = %path.display(), %faults, "still cannot read the configuration");
                }
                Some(Err(_)) => {
                    missing = true;
                    tracing::warn!(file = %path.display(), "cannot read the configuration file; the one read last runs on");
                }
                None => {}
            }
            tokio::select! {
                () = stop.begun() => return,
                event = told.recv() => {
                    if event.is_none() {
                        return;
                    }
                    again = false;
                }
                changed = modes.changed(), if waits => again = changed.is_ok(),
            }
            tokio::select! {
                () = stop.begun() => return,
                () = tokio::time::sleep(SETTLE) => {}
            }
        }
    });
    Ok(())
}

/// The file as it is now, none if the reading itself was given up; and what it names beside it. What cannot be read now is as it
/// was: it is about to be replaced, or the next reading of the whole will say so.
async fn read(path: &Path, beside: &[Beside]) -> (Option<Result<Source, Faults>>, Vec<Beside>) {
    let (path, before) = (path.to_owned(), beside.to_vec());
    let reading = tokio::task::spawn_blocking(move || {
        let now = before.iter().map(Beside::again).collect();
        (Source::read(&path), now)
    });
    match reading.await {
        Ok((text, now)) => (Some(text), now),
        Err(_) => (None, beside.to_vec()),
    }
}

/// Watches the folders of files that are named, once each.
fn also_watch(
    watcher: &mut notify::RecommendedWatcher,
    folders: &mut HashSet<PathBuf>,
    beside: &[Beside],
) {
    for folder in beside.iter().filter_map(|beside| beside.path().parent()) {
        if !folders.insert(folder.to_owned()) {
            continue;
        }
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "cannot watch a folder; changes in it count when the configuration changes");
        }
    }
}

impl Reload {
    async fn take_up(&mut self, path: &Path, text: Source) -> Taken {
        let metrics = Arc::clone(self.app.metrics());
        let file = path.to_owned();
        let read = tokio::task::spawn_blocking(move || Resolved::of(&text, &file)).await;
        let resolved = match read {
            Ok(Ok(resolved)) => self.options.over(resolved),
            Ok(Err(faults)) => {
                metrics.reloaded("refused");
                tracing::error!(
                    file = %path.display(),
                    faults = faults.len(),
                    "the changed configuration has faults; the old one runs on"
                );
                for fault in faults.iter() {
                    // The message alone: the line it points at may hold what is nobody's business.
                    let place = fault.line_and_column();
                    let (line, column) =
                        (place.map(|(line, _)| line), place.map(|(_, column)| column));
                    tracing::error!(
                        file = fault.file(),
                        line,
                        column,
                        fault = fault.message(),
                        "fault"
                    );
                }
                return Taken::Refused;
            }
            Err(_) => {
                metrics.reloaded("refused");
                tracing::error!(file = %path.display(), "the changed configuration could not be read; the old one runs on");
                return Taken::Refused;
            }
        };
        for named in &resolved.backends {
            if let Err(error) = Backend::check(named) {
                metrics.reloaded("refused");
                tracing::error!(
                    file = %path.display(),
                    backend = %named.name,
                    %error,
                    "a backend of the changed configuration cannot be used; the old one runs on"
                );
                return Taken::Refused;
            }
        }
        let (old, table) = (&self.running.table, &resolved.table);
        let edge = self.edge(&resolved);
        let tallies = super::tallies(&resolved, &metrics);
        let install = || {
            let backends = self.backends.take_up(&resolved);
            self.names.store(Arc::new(shown::names(&resolved)));
            self.app.install(|snapshot| {
                snapshot
                    .with_table(Arc::clone(table), Arc::clone(&backends))
                    .with_edge(Arc::clone(&edge))
                    .with_tallies(tallies.clone())
            });
        };
        let taken = self.control.take_up(old, table, resolved.revision, install);
        if let Err(reasons) = taken.await {
            metrics.reloaded("refused");
            tracing::error!(
                file = %path.display(),
                faults = reasons.len(),
                "the changed configuration would change modes past the control log; the old one runs on"
            );
            for reason in reasons {
                tracing::error!(file = %path.display(), fault = %reason, "fault");
            }
            return Taken::NotInTheseModes;
        }
        self.take_up_certificates(path, &resolved);
        for part in self.needs_restart(&resolved) {
            tracing::warn!(part, "changed in the file; takes effect at the next start");
        }
        self.backs.take_up(&resolved);
        metrics.reloaded("installed");
        tracing::info!(
            file = %path.display(),
            routes = resolved.table.routes().count(),
            "installed the changed configuration"
        );
        self.running = resolved;
        Taken::Installed
    }

    /// The files were found good a moment ago: what is wrong now is as one that changes under way.
    fn take_up_certificates(&self, path: &Path, resolved: &Resolved) {
        if self.running.listen.https != resolved.listen.https
            && let Err(error) = self.certificates.take_up(resolved)
        {
            tracing::error!(file = %path.display(), %error, "clients are met with the certificates from before");
        }
        self.certificates.are(resolved, &self.backends);
    }

    /// What holds for all clients; without the access log, if that cannot be opened.
    fn edge(&self, next: &Resolved) -> Arc<Live> {
        let snapshot = self.app.snapshot();
        let (before, metrics) = (snapshot.edge(), self.app.metrics());
        let open = |edge| Live::open(edge, before, metrics);
        let opened = open(Arc::clone(&next.edge)).or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the access log of the changed configuration is not written"
            );
            let mut without = Edge::clone(&next.edge);
            without.access_log = None;
            open(Arc::new(without))
        });
        opened.map_or_else(|_| Arc::clone(before), Arc::new)
    }

    fn needs_restart(&self, next: &Resolved) -> Vec<&'static str> {
        let running = &self.running;
        let parts = [
            (
                "[listen]",
                Listen {
                    max_body: next.listen.max_body,
                    // Certificates, and how clients are met with them, are taken up at once.
                    https: next.listen.https.clone(),
                    ..running.listen.clone()
                } != next.listen
                    || private(running) != private(next),
            ),
            ("[admin]", running.admin != next.admin),
            ("[control]", running.control != next.control),
        ];
        parts
            .into_iter()
            .filter_map(|(part, changed)| changed.then_some(part))
            .collect()
    }
}

/// Where clients are met with TLS.
fn private(resolved: &Resolved) -> Option<SocketAddr> {
    resolved.listen.https.as_ref().map(|https| https.address)
}
