//! Processes that tests kill (`kill -9`): the running test program, started anew for one test of it that waits for that.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Says a line to who started this process.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The reader is gone when the test is: then nobody needs to know.
    writeln!(out, "@{line}").and_then(|()| out.flush()).ok();
}

/// A process of this test program, and what it says. Dropped, it is killed too.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts that test, an ignored one, with that in its environment.
    ///
    /// # Errors
    /// The system starts no process.
    pub fn start(test: &str, variable: &str, value: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
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
            .spawn()?;
        let out = child.stdout.take().context("its output is ours")?;
        Ok(Self {
            child,
            lines: BufReader::new(out).lines(),
        })
    }

    /// The next thing it says.
    ///
    /// # Errors
    /// It is dead, or says nothing for longer than `patience`: it hangs.
    pub async fn hear(&mut self, patience: Duration) -> anyhow::Result<String> {
        loop {
            let line = tokio::time::timeout(patience, self.lines.next_line());
            let line = line.await.context("it says nothing")??;
            // The test harness's own words come without an end of line before ours.
            if let Some((_, said)) = line.context("it is dead")?.split_once('@') {
                return Ok(said.to_owned());
            }
        }
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}
