//! `figway broker`: the embedded broker alone, until it is asked to end.

use anyhow::Context;
use broker::{Broker, BrokerConfig, Storage, Sync};
use ops::shutdown::Shutdown;

use crate::args;
use crate::terminal::Terminal;

pub(crate) fn run(args: &args::Broker, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("info");
    let storage = match &args.dir {
        Some(folder) => Storage::Directory(terminal.path(folder)),
        None => Storage::Memory,
    };
    let config = BrokerConfig {
        listen: args.listen,
        storage,
        sync: if args.fsync { Sync::Fsync } else { Sync::Os },
        ..BrokerConfig::default()
    };
    let broker = Broker::start(config).context("the broker cannot start")?;
    super::runtime()?.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let kept = match &args.dir {
            Some(folder) => format!("kept in {}", folder.display()),
            None => "in memory, gone when it ends".to_owned(),
        };
        terminal.say(format_args!(
            "broker listens at {}; topics are {kept}",
            broker.bootstrap()
        ))?;
        terminal.say(format_args!("try: kcat -L -b {}", broker.bootstrap()))?;
        terminal.flush()?;
        shutdown.begun().await;
        broker
            .shutdown()
            .await
            .context("the broker did not end cleanly")?;
        Ok(crate::HELD)
    })
}
