//! The contract suite against Apache Kafka, and clients of others against the embedded broker.
//!
//! `FIGWAY_KAFKA` is the bootstrap address of a Kafka that `kafka.sh` has started in `FIGWAY_KAFKA_DIRECTORY`;
//! `FIGWAY_PYTHON` is a Python that has `confluent-kafka`, `python3` without it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use broker::{Broker, BrokerConfig};
use tests::contract::{self, Subject};

/// Where Kafka answers; written by the one case that restarts it, alone.
static BOOTSTRAP: LazyLock<RwLock<String>> =
    LazyLock::new(|| RwLock::new(env::var("FIGWAY_KAFKA").expect("FIGWAY_KAFKA names no Kafka")));

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// Keeps Kafka from being restarted for as long as it is held.
pub(crate) fn running() -> RwLockReadGuard<'static, String> {
    BOOTSTRAP.read().unwrap_or_else(PoisonError::into_inner)
}

/// Kafka for one who ends it and starts it again; nobody else meets it meanwhile.
pub(crate) fn restarting() -> RwLockWriteGuard<'static, String> {
    BOOTSTRAP.write().unwrap_or_else(PoisonError::into_inner)
}

/// Has `kafka.sh` do that, and returns what it says.
pub(crate) fn kafka(action: &str) -> anyhow::Result<String> {
    let directory = env::var("FIGWAY_KAFKA_DIRECTORY")?;
    let output = Command::new(here().join("kafka.sh"))
        .args([&directory, action])
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn check(family: &str, name: &str) {
    let case = contract::case(family, name).unwrap();
    let result = if family == "restart" {
        let mut bootstrap = restarting();
        let subject = Subject {
            bootstrap: bootstrap.clone(),
            restart: Some(Box::new(|| kafka("restart"))),
        };
        let result = (case.run)(&subject);
        bootstrap.clone_from(&subject.bootstrap);
        result
    } else {
        let bootstrap = running();
        (case.run)(&Subject {
            bootstrap: bootstrap.clone(),
            restart: None,
        })
    };
    if let Err(error) = result {
        panic!("{} on Apache Kafka: {error:?}", case.name);
    }
}

macro_rules! tests {
    ($($family:ident $case:ident,)*) => {
        mod on_apache_kafka {
            $(#[test]
            fn $case() {
                super::check(stringify!($family), stringify!($case));
            })*
        }
    };
}

tests::for_each_contract_case!(tests);

/// Runs a client against a new embedded broker and shows what it said when it fails.
fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?}: {}\n{out}\n{err}",
        output.status
    );
}

#[test]
fn python_confluent_kafka_works_with_the_embedded_broker() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let python = env::var("FIGWAY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    run(Command::new(python)
        .arg(here().join("broker_clients.py"))
        .arg(broker.bootstrap()));
}

#[test]
fn kcat_works_with_the_embedded_broker() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    run(Command::new("sh")
        .arg(here().join("broker_kcat.sh"))
        .arg(broker.bootstrap()));
}

#[test]
fn java_tools_work_with_the_embedded_broker() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let directory =
        env::var("FIGWAY_KAFKA_DIRECTORY").expect("FIGWAY_KAFKA_DIRECTORY names no directory");
    run(Command::new("sh")
        .arg(here().join("broker_java.sh"))
        .args([broker.bootstrap(), directory]));
}
