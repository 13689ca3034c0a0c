//! The sample bank's data sets on Apache Kafka.

use tests::corpus;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_banks_data_sets_load_change_and_survive_damage_on_apache_kafka() {
    let Some(folder) = corpus::folder() else {
        println!("corpus not found: not run");
        return;
    };
    let bootstrap = std::env::var("FIGWAY_KAFKA").expect("FIGWAY_KAFKA names no Kafka");
    // A prefix of its own each time: a Kafka that runs on keeps the topics of earlier runs.
    let prefix = format!("bank{}", std::process::id());
    match corpus::play(&folder, &bootstrap, &prefix).await {
        Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
        Err(error) => panic!("{error:#}"),
    }
}
