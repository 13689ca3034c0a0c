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
                    if line.starts_with("Upgrade: ") {
                        echoes(stream, reader);
                        return;
                    }
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

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
const SWITCHED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";

/// Agrees to an upgrade, the last line of a head's but the empty one, and gives back what comes then.
fn echoes(mut stream: TcpStream, mut reader: BufReader<TcpStream>) {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(reader.read_line(&mut line).is_ok_and(|read| read > 0));
    }
    stream.write_all(SWITCHED).unwrap();
    std::io::copy(&mut reader, &mut stream).ok();
}

/// A connection that is no HTTP any more.
struct Tunnel(TcpStream);

impl Tunnel {
    fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.write_all(UPGRADE).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{head:?}");
        Self(stream)
    }

    fn echo(&mut self) {
        self.0.write_all(b"hello").unwrap();
        let mut came = [0; 5];
        self.0.read_exact(&mut came).unwrap();
        assert_eq!(&came, b"hello");
    }
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

/// A `routes.toml` of that name: one route to that origin.
fn write(folder: &Path, name: &str, listen: &str, control: &str, origin: SocketAddr) {
    let text = format!(
        r#"version = 1
[listen]
{listen}
[control]
{control}
directory = "var"
[backends.erp]
http = "http://{origin}"
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "read"
legacy = "erp"
"#
    );
    std::fs::write(folder.join(name), text).unwrap();
}

fn free() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

#[test]
fn neither_a_tunnel_nor_a_successor_that_is_killed_keeps_anybody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (address, origin) = (free(), origin());
    let listen = format!("http = \"{address}\"\ndrain = \"120s\"");
    write(
        folder.path(),
        "routes.toml",
        &listen,
        "store = \"file\"",
        origin,
    );
    // It waits for a log that is not there before it is ready.
    let nowhere = format!("{listen}\n[kafka]\nbootstrap = \"{}\"", free());
    write(
        folder.path(),
        "late.toml",
        &nowhere,
        "store = \"kafka\"",
        origin,
    );

    let first = Process::serve(folder.path(), &["--takeover"]);
    let mut tunnel = Tunnel::open(address);
    tunnel.echo();
    let mut running = Process::serve(folder.path(), &["--takeover"]);
    assert!(ask(address).unwrap().starts_with("HTTP/1.1 200 "));
    tunnel.echo();

    let mut late = Command::new(FIGWAY);
    late.args(["serve", "late.toml", "--takeover"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut late = Process(late.spawn().unwrap());
    let mut lines = BufReader::new(late.0.stderr.take().unwrap()).lines();
    let given = lines.any(|line| line.unwrap().contains("has given its folder"));
    assert!(given, "it ended: {:?}", late.0.wait());
    late.0.kill().unwrap();
    late.0.wait().unwrap();
    assert!(ask(address).unwrap().starts_with("HTTP/1.1 200 "));

    let next = Process::serve(folder.path(), &["--takeover"]);
    std::mem::replace(&mut running, next).ended_well();
    assert!(ask(address).unwrap().starts_with("HTTP/1.1 200 "));
    tunnel.echo();
    drop(tunnel);
    first.ended_well();
}

#[test]
fn gateways_are_exchanged_under_load_and_no_request_fails() {
    let folder = tempfile::tempdir().unwrap();
    let address = free();
    write(
        folder.path(),
        "routes.toml",
        &format!("http = \"{address}\""),
        "store = \"file\"",
        origin(),
    );
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
