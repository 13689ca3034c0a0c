//! Processes that tests kill (`kill -9`): this test program, started anew for one test of it that waits for that.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Says a line to who started this process.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The reader is gone when the test is: then nobody needs to know.
    writeln!(out, "@{line}").and_then(|()| out.flush()).ok();
}

/// A process of this test program, and what it says.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts that test, an ignored one, with that in its environment.
    pub(crate) fn start(test: &str, variable: &str, value: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                test,
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(variable, value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next thing it says; longer than `patience` it takes only when it hangs.
    pub(crate) async fn hear(&mut self, patience: Duration) -> String {
        loop {
            let line = tokio::time::timeout(patience, self.lines.next_line());
            let line = line.await.expect("it says something").unwrap();
            // The test harness's own words come without an end of line before ours.
            if let Some((_, said)) = line.expect("it is alive").split_once('@') {
                return said.to_owned();
            }
        }
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
