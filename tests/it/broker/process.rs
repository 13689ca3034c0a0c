//! A broker in a process of its own, to be killed: this test binary, run again with one test.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use broker::{Broker, BrokerConfig, Storage};

const DIRECTORY: &str = "FIGWAY_TEST_BROKER_DIRECTORY";
const LISTEN: &str = "FIGWAY_TEST_BROKER_LISTEN";
const READY: &str = "broker process listens on ";

/// Not a test of its own: what the child process runs, until its standard input ends.
#[test]
fn broker_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let config = BrokerConfig {
        listen: std::env::var(LISTEN).unwrap().parse().unwrap(),
        storage: Storage::Directory(directory.into()),
        // Compaction is to be caught in the middle too.
        maintenance_interval: std::time::Duration::from_millis(50),
        ..BrokerConfig::default()
    };
    let broker = Broker::start(config).unwrap();
    println!("\n{READY}{}", broker.address());
    // The parent keeps the other end; should it die, so does this.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// A running child.
pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Process {
    /// Starts a broker on `directory`; `shell` wraps the command, as in `["sh", "-c", "...; exec \"$@\"", "sh"]`.
    pub(super) fn start(directory: &Path, listen: SocketAddr, shell: &[&str]) -> Self {
        let this = std::env::current_exe().unwrap();
        let this = this.to_str().unwrap();
        let test = concat!(module_path!(), "::broker_process").trim_start_matches("it::");
        let words: Vec<&str> = shell
            .iter()
            .copied()
            .chain([this, test, "--exact", "--nocapture"])
            .collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .env(DIRECTORY, directory)
            .env(LISTEN, listen.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            line.unwrap()
                .strip_prefix(READY)
                .map(|it| it.parse().unwrap())
        });
        Self {
            child,
            address: address.expect("the broker process ended before it listened"),
        }
    }

    /// Its process id; the shell has become it.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as `kill -9` does.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
