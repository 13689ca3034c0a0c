//! Three gateways over one control log on Apache Kafka.

use tests::gateway::evidence;
use tests::gateway::fleet::{self, Changes};
use tokio::runtime::Runtime;

use crate::broker;

#[test]
fn three_gateways_flip_writes_back_and_forth_on_apache_kafka() {
    let bootstrap = broker::running();
    let changes = Changes::or_told(51, 24).unwrap();
    let flipping = fleet::flipped(bootstrap.as_str(), changes);
    let report = Runtime::new().unwrap().block_on(flipping).unwrap();
    println!("{report}");
    assert!(report.killed > 0 && report.turns > 4);
}

#[test]
fn three_gateways_show_what_all_found_on_apache_kafka() {
    let bootstrap = broker::running();
    let kept = evidence::kept(bootstrap.as_str());
    Runtime::new().unwrap().block_on(kept).unwrap();
}
