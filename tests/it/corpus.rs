//! The sample bank's data sets on the embedded broker.

use broker::{Broker, BrokerConfig};
use tests::corpus;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_banks_data_sets_load_change_and_survive_damage() {
    let Some(folder) = corpus::folder() else {
        println!("corpus not found: not run");
        return;
    };
    let broker = std::thread::spawn(|| Broker::start(BrokerConfig::default()).unwrap())
        .join()
        .unwrap();
    match corpus::play(&folder, &broker.bootstrap(), "bank").await {
        Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
        Err(error) => panic!("{error:#}"),
    }
    broker.shutdown().await.unwrap();
}
