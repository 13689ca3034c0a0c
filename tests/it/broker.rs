//! The embedded broker against the contract suite, a test for each case.

mod disk;
mod kill;
mod process;

use std::sync::{Arc, Mutex};

use broker::{Broker, BrokerConfig, Storage};
use tests::contract::{self, Subject};

/// Runs what is asynchronous of the broker.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn config(storage: Storage) -> BrokerConfig {
    let maintenance_interval = std::time::Duration::from_millis(200);
    BrokerConfig {
        storage,
        maintenance_interval,
        ..BrokerConfig::default()
    }
}

fn check(family: &str, name: &str) {
    let directory = tempfile::tempdir().unwrap();
    let storage = Storage::Directory(directory.path().join("broker"));
    let start = {
        let config = config(storage);
        move || Broker::start(config.clone())
    };
    let broker = start().unwrap();
    let bootstrap = broker.bootstrap();
    let running = Arc::new(Mutex::new(Some(broker)));
    let restart = {
        let running = Arc::clone(&running);
        move || {
            let mut running = running.lock().unwrap();
            block_on(running.take().unwrap().shutdown())?;
            let broker = start()?;
            let bootstrap = broker.bootstrap();
            *running = Some(broker);
            Ok(bootstrap)
        }
    };
    let subject = Subject {
        bootstrap,
        restart: Some(Box::new(restart)),
    };
    let case = contract::case(family, name).unwrap();
    let result = (case.run)(&subject);
    let broker = running.lock().unwrap().take().unwrap();
    block_on(broker.shutdown()).unwrap();
    if let Err(error) = result {
        panic!("{}: {error:?}", case.name);
    }
}

macro_rules! tests {
    ($($family:ident $case:ident,)*) => {
        mod contract_cases {
            $(#[test]
            fn $case() {
                super::check(stringify!($family), stringify!($case));
            })*
        }
    };
}

tests::for_each_contract_case!(tests);
