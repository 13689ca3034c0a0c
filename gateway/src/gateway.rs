//! A running gateway: made of a resolved configuration, it listens, follows the control log, and takes up changes of its file.
//!
//! In: a [`Resolved`]. Out: [`Gateway`], with its addresses. All it runs are tasks of the [`Shutdown`] it is given, which ends it:
//! listeners stop, what is in flight finishes or meets its deadline, queues are given up.

mod backends;
mod certificates;
mod doors;
mod estate;
mod reload;
mod shown;
mod sockets;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use kafka::KafkaConfig;
use ops::shutdown::Shutdown;
use uuid::Uuid;

use self::certificates::Certificates;
use self::doors::{Addresses, Doors};
use self::estate::Estate;
use self::sockets::Sockets;
use crate::admin::{Admin, AdminDoor, AdminError};
use crate::app::App;
use crate::back::Backs;
use crate::backend;
use crate::callback;
use crate::clock::WallClock;
use crate::config::Resolved;
use crate::control::{self, Control, Groups, Settings, WriteLedger};
use crate::edge::{self, Live};
use crate::evidence::{self, Evidence};
use crate::identity::{Access, AccessError};
use crate::listen;
use crate::listen::handover::{self, Inherited, Silent, Taken};
use crate::metrics::{Metrics, Tallies};
use crate::mirror::{self, Queue};
use crate::rollout::{self, Rollouts};
use crate::route::Entry;
use crate::snapshot::Snapshot;
use crate::tls::{self, Acceptor};

/// How long views and services behind Kafka are waited for while the gateway before still answers.
const BACKENDS: Duration = Duration::from_secs(5);

/// What holds beside the file, also after a reload.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Another Kafka than the file's: an embedded one, or that of a command line.
    pub kafka: Option<KafkaConfig>,
    /// The gateway's name in the control log; the host's where none is given.
    pub name: Option<String>,
    /// Sockets to listen on that are open already.
    pub inherited: Arc<Inherited>,
    /// Whether it begins in the place of a gateway that runs on its folder.
    pub begins: Begins,
    /// What time it is for calendars and tokens.
    pub clock: WallClock,
}

/// How a gateway begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Begins {
    /// By itself: another one on its folder is an error.
    #[default]
    Alone,
    /// In the place of the one that runs on its folder, if one does.
    TakingOver,
}

impl Options {
    /// The configuration with what holds beside it.
    #[must_use]
    pub fn over(&self, resolved: Resolved) -> Resolved {
        match &self.kafka {
            Some(kafka) => resolved.with_kafka(kafka.clone()),
            None => resolved,
        }
    }
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not ours.
    #[error("cannot listen for {what} on {address}")]
    Listen {
        /// What for: `clients` or `admin`.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A certificate, or another file that TLS needs.
    #[error("clients cannot be met with TLS")]
    Tls(#[from] tls::Error),
    /// The access log.
    #[error(transparent)]
    AccessLog(#[from] edge::OpenError),
    /// There is a gateway on the folder, and it goes on by itself.
    #[error("the gateway before cannot be taken over from")]
    TakeOver(#[source] io::Error),
    /// The state of routes.
    #[error(transparent)]
    Control(#[from] control::StartError),
    /// The plans of groups.
    #[error(transparent)]
    Rollouts(#[from] rollout::Unusable),
    /// It cannot be told who may ask the admin API.
    #[error("it cannot be told who may ask the admin API")]
    Access(#[from] AccessError),
    /// The topic that evidence is kept on.
    #[error(transparent)]
    Evidence(#[from] evidence::keep::Unusable),
    /// The admin API cannot be served.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The file cannot be watched for changes.
    #[error("cannot watch {path} for changes")]
    Watch {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: notify::Error,
    },
}

/// A gateway that runs.
#[derive(Debug, Clone)]
pub struct Gateway {
    at: Addresses,
    admin: Option<SocketAddr>,
    app: Arc<App>,
    control: Control,
    successor: Arc<OnceLock<u32>>,
}

impl Gateway {
    /// Starts one. Returns when clients are answered; waits for no backend, and for the control log no longer than its patience. One that takes
    /// over asks the gateway before only when its configuration has proved good, and that one accepts until this one does; after an error it
    /// goes on as if nothing had been asked.
    /// Dropped half-way, what was started runs until the shutdown.
    ///
    /// # Errors
    /// An address is taken, or the control directory cannot be used.
    pub async fn start(
        resolved: Resolved,
        options: Options,
        shutdown: &Shutdown,
    ) -> Result<Self, StartError> {
        let resolved = options.over(resolved);
        let metrics = Arc::new(Metrics::new());
        // What can be wrong with the configuration shows before anybody is asked for anything.
        let acceptor = Doors::acceptor_of(&resolved.listen)?;
        let edge = Live::open(Arc::clone(&resolved.edge), &Live::default(), &metrics)?;
        let access = match &resolved.admin {
            Some(admin) => {
                let tls = admin.tls.as_ref().map(Acceptor::open).transpose()?;
                let door = AdminDoor {
                    tls: tls.map(Arc::new),
                    reach: admin.reach,
                };
                Some((Access::open(admin)?, door))
            }
            None => None,
        };
        let folder = &resolved.control.directory;
        let mut before = None;
        if options.begins == Begins::TakingOver
            && let Some((taken, inherited)) =
                handover::ask(folder).await.map_err(StartError::TakeOver)?
        {
            tracing::info!("the gateway before has given its folder and its sockets");
            options.inherited.prefer(inherited);
            before = Some(taken);
        }
        let sockets = Sockets::new(Arc::clone(&options.inherited));
        let doors = Doors::open(&resolved.listen, acceptor, &sockets).await?;
        let at = doors.at;
        let admin = match (&resolved.admin, access) {
            (Some(admin), Some(access)) => {
                Some((sockets.bind("admin", admin.listen).await?, access))
            }
            _ => None,
        };
        // Control ends when all that clients have under way has: it is needed until then.
        let last = shutdown.later();
        let (busy, ended) = Silent::new();
        let (silent, silence) = Silent::new();
        let (begun, ending) = (shutdown.clone(), last.clone());
        shutdown.spawn(async move {
            begun.begun().await;
            ended.come().await;
            ending.begin();
        });
        let ledger = Arc::new(WriteLedger::default());
        let mut settings = Settings::of(&resolved, options.name.clone().unwrap_or_else(host_name));
        settings.clear = before.as_ref().map(Taken::silent);
        let holds = Arc::clone(&settings.holds);
        let groups = Groups::of(&resolved);
        let control = Control::start(settings, groups, Arc::clone(&ledger), &last).await?;
        let evidence = Arc::new(Evidence::default());
        let (mirrors, jobs) = Queue::new(mirror::Limits::default());
        let seen = mirror::worker::Seen {
            evidence: Arc::clone(&evidence),
            metrics: Arc::clone(&metrics),
        };
        let work = mirror::worker::Work::default();
        let (finding, found) = Silent::new();
        let finds = mirror::worker::run(jobs, seen, work, shutdown.token());
        shutdown.spawn(async move {
            finds.await;
            drop(finding);
        });
        evidence::keep::start(&evidence, &control, &last, found.come()).await?;
        let backends = Arc::new(backends::Kept::new(backend::Context {
            kafka: None,
            directory: resolved.control.directory.clone(),
            stores: Arc::default(),
            gateway: control.gateway().to_owned(),
            metrics: Arc::clone(&metrics),
            shutdown: shutdown.clone(),
        }));
        let snapshot = Snapshot::new(
            Arc::clone(&resolved.table),
            backends.take_up(&resolved),
            control.state(),
        )
        .with_edge(Arc::new(edge))
        .with_tallies(tallies(&resolved, &metrics));
        let app = App::new(snapshot, mirrors, evidence, metrics, ledger);
        let app = Arc::new(app.with_clock(options.clock).with_holds(holds));
        let flipped = Arc::clone(&app);
        control.on_change(move |state| {
            flipped.install(|snapshot| snapshot.with_modes(Arc::clone(state)));
        });
        let instance = match &before {
            // Both live for a while.
            Some(_) => None,
            None => instance(folder),
        };
        let instance = instance.unwrap_or_else(|| Uuid::new_v4().to_string());
        let backs = Backs::new(Arc::clone(&app), instance, shutdown);
        backs.take_up(&resolved);
        control.bring_back_with(Arc::new(backs.clone()));
        shutdown.spawn(callback::run(Arc::clone(&app), shutdown.clone()));
        let names = Arc::new(ArcSwap::from_pointee(shown::names(&resolved)));
        let limits = listen::http::Limits {
            drain: resolved.listen.drain,
            drain_idle: resolved.listen.drain_idle,
            half_closed: resolved.listen.half_closed,
            ..resolved.listen.limits
        };
        let certificates = Certificates {
            acceptor: doors.acceptor().cloned(),
            admin: admin.as_ref().and_then(|(_, (_, door))| door.tls.clone()),
            watch: tls::watch::Watch::start(Arc::clone(app.metrics()), shutdown),
        };
        certificates.are(&resolved, &backends);
        if let Some(before) = &mut before {
            // Clients are answered meanwhile, by the gateway before.
            let _late = tokio::time::timeout(BACKENDS, backends.ready()).await;
            before.ready().await.map_err(StartError::TakeOver)?;
        }
        let judged = shown::Judged {
            app: Arc::clone(&app),
            backs: backs.clone(),
        };
        let rollouts = Rollouts::start(
            control.clone(),
            Arc::clone(app.evidence()),
            judged,
            shutdown,
        )
        .await?;
        let mut admin_address = None;
        if let Some(((listener, address), (access, door))) = admin {
            let shown = shown::Shown {
                app: Arc::clone(&app),
                names: Arc::clone(&names),
                backs: backs.clone(),
                rollouts,
                shutdown: shutdown.clone(),
            };
            let evidence = Arc::clone(app.evidence());
            let admin = Admin::new(control.clone(), evidence, shown, access).behind(door);
            admin.check(&listener)?;
            admin_address = Some(address);
            let ending = shutdown.clone();
            shutdown.spawn(async move {
                if let Err(error) = admin.serve(listener, ending).await {
                    tracing::error!(%error, "the admin API has ended");
                }
            });
            tracing::info!(admin = %address, "answering operators");
        }
        for (listener, door) in doors.each(&resolved, app.metrics()) {
            let serving = listen::http::serve(
                listener,
                door,
                Arc::clone(&app),
                limits,
                listen::http::Counts {
                    connections: app.metrics().connections().clone(),
                    tunnels: app.metrics().tunnels().clone(),
                    tunnels_idle: app.metrics().tunnels_idle().clone(),
                },
                listen::http::Ending {
                    shutdown: shutdown.clone(),
                    silent: silent.clone(),
                },
            );
            let busy = busy.clone();
            shutdown.spawn(async move {
                serving.await;
                drop(busy);
            });
        }
        drop((busy, silent));
        let successor = Arc::default();
        let estate = Estate {
            control: control.clone(),
            evidence: Arc::clone(app.evidence()),
            backends: Arc::clone(&backends),
        };
        let ends = handover::Ends {
            shutdown: shutdown.clone(),
            last,
            silence,
        };
        let offered = handover::offer(
            folder,
            sockets.into_copies(),
            estate,
            Arc::clone(&successor),
            ends,
        );
        if let Err(error) = offered {
            tracing::warn!(%error, "no other gateway can take over from this one");
        }
        if let Some(before) = before {
            // Not tracked: whether this gateway ends does not hang on that one.
            tokio::spawn(before.accepting(Arc::new(control.clone())));
        }
        reload::watch(
            reload::Reload {
                app: Arc::clone(&app),
                control: control.clone(),
                backends,
                backs,
                certificates,
                options,
                names,
                running: resolved,
            },
            shutdown,
        )?;
        let (http, https) = (
            at.http.map(tracing::field::display),
            at.https.map(tracing::field::display),
        );
        tracing::info!(http, https, "answering clients");
        Ok(Self {
            at,
            admin: admin_address,
            app,
            control,
            successor,
        })
    }

    /// Where clients connect in plain text, with the port the system gave where the file says 0; where they connect with TLS if plain
    /// text is off.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        let somewhere = self.at.http.or(self.at.https);
        somewhere.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Where clients connect with TLS, if they may.
    #[must_use]
    pub fn https(&self) -> Option<SocketAddr> {
        self.at.https
    }

    /// Each address that clients connect to, with the scheme that is spoken there.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        let http = self.at.http.map(|at| ("http", at));
        let https = self.at.https.map(|at| ("https", at));
        http.into_iter().chain(https)
    }

    /// Where the admin API is, if the file wants one.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The process that has taken over, once one has.
    #[must_use]
    pub fn successor(&self) -> Option<u32> {
        self.successor.get().copied()
    }

    /// Opens log files anew, after they were renamed. Blocking, if shortly.
    pub fn reopen_logs(&self) {
        let snapshot = self.app.snapshot();
        let Some(log) = snapshot.edge().access_log() else {
            return;
        };
        match log.reopen() {
            Ok(()) => tracing::info!("opened the access log anew"),
            Err(error) => {
                tracing::error!(%error, "cannot open the access log anew; the old one is written on");
            }
        }
    }

    /// Writes what waits for log files: the last thing before a process ends. Blocking.
    pub fn flush_logs(&self) {
        if let Some(log) = self.app.snapshot().edge().access_log() {
            log.flush();
        }
    }

    /// The part that answers.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The part that decides on modes.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }
}

/// Where the requests of a configuration are counted.
fn tallies(resolved: &Resolved, metrics: &Metrics) -> Tallies {
    let routes = resolved.table.entries().iter().map(Entry::name);
    let backends = resolved.backends.iter().map(|backend| &backend.name);
    metrics.tallies(routes, backends)
}

/// A name of this gateway's own among those that apply writes to legacy: kept in its folder, so that a restart takes over at once what it had.
fn instance(folder: &Path) -> Option<String> {
    let path = folder.join("instance");
    if let Ok(text) = std::fs::read_to_string(&path)
        && let Ok(id) = Uuid::try_parse(text.trim())
    {
        return Some(id.to_string());
    }
    let id = Uuid::new_v4().to_string();
    match std::fs::write(&path, &id) {
        Ok(()) => Some(id),
        Err(error) => {
            tracing::debug!(%error, "this gateway has another name after a restart");
            None
        }
    }
}

/// What the system calls this machine; `gateway` where it does not say.
fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "gateway".to_owned())
}
