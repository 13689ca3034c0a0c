//! `figway registry`: the schema registry for development alone, until it is asked to end.

use anyhow::Context;
use kafka::KafkaConfig;
use ops::shutdown::Shutdown;
use registry::SchemaRegistry;

use crate::args;
use crate::terminal::Terminal;

pub(crate) fn run(args: &args::Registry, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("info");
    super::runtime()?.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let kafka = KafkaConfig::at(&args.bootstrap);
        let open = SchemaRegistry::open(&kafka, &args.topic, args.listen)
            .await
            .context("the registry cannot start")?;
        terminal.say(format_args!(
            "schema registry for development at {}; schemas are kept in topic {} at {}",
            open.url(),
            args.topic,
            args.bootstrap
        ))?;
        terminal.say(format_args!("try: curl {}/subjects", open.url()))?;
        terminal.flush()?;
        let begun = shutdown.clone();
        open.serve(async move { begun.begun().await })
            .await
            .context("the registry did not end cleanly")?;
        Ok(crate::HELD)
    })
}
