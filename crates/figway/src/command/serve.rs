//! `figway serve`: the gateway over a `routes.toml`, until it is asked to end.

use std::time::Duration;

use anyhow::Context;
use gateway::config::Resolved;
use gateway::{Gateway, Options};
use ops::shutdown::Shutdown;
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
    };
    let drain = resolved.listen.drain + GRACE;
    let (routes, groups) = (
        resolved.table.routes().count(),
        resolved.table.groups().len(),
    );
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let gateway = Gateway::start(resolved, options, &shutdown)
            .await
            .context("the gateway cannot start")?;
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
                "admin API at http://{admin}; try: figway routes list --admin http://{admin}"
            ))?,
            None => terminal
                .say("no [admin] in the file: modes can only be changed by raising its revision")?,
        }
        terminal.flush()?;
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                () = shutdown.begun() => break,
                _ = hangup.recv() => gateway.reopen_logs(),
            }
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
