//! One gateway process after the other on the same address, under load: no client notices.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const FIGWAY: &str = env!("CARGO_BIN_EXE_figway");

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Process {
    /// Returns when it listens.
    fn serve(folder: &Path, words: &[&str]) -> Self {
        let child = Command::new(FIGWAY)
            .arg("serve")
            .args(words)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn();
        let mut process = Self(child.unwrap());
        let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let listens = lines.any(|line| line.unwrap().contains("gateway listens at"));
        assert!(listens, "it ended: {:?}", process.0.wait());
        // What it says later has a place to go to.
        thread::spawn(move || lines.for_each(drop));
        process
    }

    fn ended_well(mut self) {
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

/// Answers every request at once, on as many connections as there are.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line == "\r\n" {
                        let answered =
                            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                        if answered.is_err() {
                            return;
                        }
                    }
                    line.clear();
                }
            });
        }
    });
    address
}

/// One request on a connection of its own.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Clients that ask and ask.
struct Load {
    answered: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn on(address: SocketAddr) -> Self {
        let answered = Arc::<AtomicUsize>::default();
        let enough = Arc::<AtomicBool>::default();
        let client = |_| {
            let (answered, enough) = (Arc::clone(&answered), Arc::clone(&enough));
            thread::spawn(move || {
                let mut failed = Vec::new();
                while !enough.load(Ordering::Relaxed) {
                    match ask(address) {
                        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        other => failed.push(format!("{other:?}")),
                    }
                }
                failed
            })
        };
        let clients = (0..4).map(client).collect();
        Self {
            answered,
            enough,
            clients,
        }
    }

    /// Waits until so many more were answered.
    fn more(&self, requests: usize) {
        let until = self.answered.load(Ordering::Relaxed) + requests;
        while self.answered.load(Ordering::Relaxed) < until {
            assert!(
                self.clients.iter().any(|client| !client.is_finished()),
                "the clients ended"
            );
            thread::yield_now();
        }
    }

    fn ended(self) -> Vec<String> {
        self.enough.store(true, Ordering::Relaxed);
        let clients = self.clients.into_iter();
        clients.flat_map(|client| client.join().unwrap()).collect()
    }
}

#[test]
fn gateways_are_exchanged_under_load_and_no_request_fails() {
    let folder = tempfile::tempdir().unwrap();
    let address = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let text = format!(
        r#"version = 1
[listen]
http = "{address}"
[control]
store = "file"
directory = "var"
[backends.erp]
http = "http://{}"
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "read"
legacy = "erp"
"#,
        origin()
    );
    std::fs::write(folder.path().join("routes.toml"), text).unwrap();
    // Where nobody is to be taken over from, it is a start like any other.
    let mut running = Process::serve(folder.path(), &["--takeover"]);
    let load = Load::on(address);
    load.more(50);
    for _ in 0..3 {
        let next = Process::serve(folder.path(), &["--takeover"]);
        std::mem::replace(&mut running, next).ended_well();
        load.more(50);
    }
    assert_eq!(load.ended(), Vec::<String>::new());
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    running.ended_well();
    assert!(ask(address).is_err(), "nobody listens any more");
}
