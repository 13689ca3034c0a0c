//! The stock service as a program. Settings are in the environment: `KAFKA_BOOTSTRAP` (`localhost:9092`), `DATABASE_URL`
//! (`sqlite://stock.db`), `INSTANCE` (`1`), `STATUS_ADDRESS`
//! (where it answers `/v1/health`, `/v1/ready` and `/metrics`; nowhere by itself); arguments are stock to begin with, `bolt=100`.

use std::env;
use std::sync::Arc;

use anyhow::Context;
use example_outbox::store::Store;
use kafka::KafkaConfig;
use ops::shutdown::Shutdown;
use tokio::net::TcpListener;

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    ops::telemetry::init("info");
    let shutdown = Shutdown::new();
    shutdown.on_signals()?;
    let store = Store::open(&setting("DATABASE_URL", "sqlite://stock.db")).await?;
    for argument in env::args().skip(1) {
        let (item, count) = argument
            .split_once('=')
            .with_context(|| format!("wanted item=count, got {argument:?}"))?;
        store.set(item, count.parse()?).await?;
    }
    let kafka = KafkaConfig::at(setting("KAFKA_BOOTSTRAP", "localhost:9092"));
    let instance = setting("INSTANCE", "1");
    let status = match env::var("STATUS_ADDRESS") {
        Ok(address) => Some(TcpListener::bind(address).await?),
        Err(_) => None,
    };
    let served = example_outbox::run(&kafka, Arc::new(store), &instance, &shutdown, status).await;
    ops::telemetry::flush();
    served
}
