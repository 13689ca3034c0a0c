//! Runs a broker alone: `serve [DIRECTORY [LISTEN]]`, in memory on a free port without arguments.
#![allow(clippy::print_stdout, reason = "a program talks to its terminal")]

use broker::{Broker, BrokerConfig, Storage};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let mut arguments = std::env::args().skip(1);
    let mut config = BrokerConfig::default();
    if let Some(directory) = arguments.next() {
        config.storage = Storage::Directory(directory.into());
    }
    if let Some(listen) = arguments.next() {
        config.listen = listen.parse()?;
    }
    let broker = Broker::start(config)?;
    println!("{}", broker.bootstrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::signal::ctrl_c().await?;
        broker.shutdown().await?;
        Ok(())
    })
}
