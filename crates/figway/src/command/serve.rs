//! `figway serve`: the gateway over a `routes.toml`, until it is asked to end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gateway::config::Resolved;
use gateway::listen::handover::Inherited;
use gateway::{Begins, Gateway, Options};
use listenfd::ListenFd;
use ops::shutdown::Shutdown;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::args;
use crate::terminal::Terminal;

/// How much longer than its own drain a gateway may take to end.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &args::Serve, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("info");
    let resolved = Resolved::read(&terminal.path(&args.file))?;
    let options = Options {
        kafka: args.bootstrap.as_ref().map(|bootstrap| kafka::KafkaConfig {
            bootstrap: bootstrap.clone(),
            ..resolved.kafka.clone().unwrap_or_default()
        }),
        name: args.name.clone(),
        inherited: Arc::new(sockets()?),
        begins: if args.takeover {
            Begins::TakingOver
        } else {
            Begins::Alone
        },
        ..Options::default()
    };
    let drain = resolved.listen.drain + GRACE;
    let (routes, groups) = (
        resolved.table.routes().count(),
        resolved.table.groups().len(),
    );
    let private = resolved
        .admin
        .as_ref()
        .is_some_and(|admin| admin.tls.is_some());
    let scheme = if private { "https" } else { "http" };
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let started = tokio::select! {
            started = Gateway::start(resolved, options, &shutdown) => started,
            () = shutdown.begun() => return Ok(true),
        };
        let gateway = started.context("the gateway cannot start")?;
        let addresses: Vec<_> = gateway
            .addresses()
            .map(|(scheme, address)| format!("{scheme}://{address}"))
            .collect();
        terminal.say(format_args!(
            "gateway listens at {}; {routes} routes in {groups} groups",
            addresses.join(" and ")
        ))?;
        match gateway.admin() {
            Some(admin) => terminal.say(format_args!(
                "admin API at {scheme}://{admin}; try: figway routes list --admin {scheme}://{admin}"
            ))?,
            None => terminal
                .say("no [admin] in the file: modes can only be changed by raising its revision")?,
        }
        terminal.flush()?;
        told(&[NotifyState::Ready, NotifyState::MainPid(std::process::id())]);
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                () = shutdown.begun() => break,
                _ = hangup.recv() => gateway.reopen_logs(),
            }
        }
        match gateway.successor() {
            // The service goes on: that process is it from now on.
            Some(process) => told(&[NotifyState::MainPid(process)]),
            None => told(&[NotifyState::Stopping]),
        }
        let ended = shutdown.drain(drain).await;
        gateway.flush_logs();
        anyhow::Ok(ended)
    });
    // A call into a broker that is not there is not waited for: nothing hangs on it any more.
    runtime.shutdown_timeout(Duration::from_millis(200));
    anyhow::ensure!(
        ended?,
        "some requests did not end within {} s and were cut off",
        drain.as_secs()
    );
    Ok(crate::HELD)
}

/// The sockets that a service manager opened for us (sd_listen_fds(3)).
fn sockets() -> anyhow::Result<Inherited> {
    let mut given = ListenFd::from_env();
    let mut sockets = Vec::new();
    for place in 0..given.len() {
        let socket = given.take_tcp_listener(place);
        sockets.extend(socket.context("a socket of the service manager is no TCP listener")?);
    }
    Ok(Inherited::of(sockets))
}

/// Tells the service manager, if there is one (sd_notify(3)).
fn told(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}
