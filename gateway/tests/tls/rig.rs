//! A gateway between a client and an origin, its certificates beside its file.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use gateway::config::Resolved;
use gateway::{Gateway, Options};
use ops::shutdown::Shutdown;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::testing::Authority;

/// Whatever a test waits for comes at once or never.
pub const SOON: Duration = Duration::from_secs(20);

pub struct Rig {
    pub gateway: Gateway,
    pub acme: Authority,
    _shutdown: Shutdown,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self._shutdown.begin();
    }
}

/// A gateway whose file says this of `[listen]` and of the backend `erp`, which everything goes to.
pub async fn start(acme: Authority, listen: &str, backend: &str) -> Rig {
    let text = text(listen, backend);
    let path = acme.path("routes.toml");
    std::fs::write(&path, text).unwrap();
    let resolved = Resolved::read(&path).unwrap_or_else(|faults| panic!("{faults}"));
    let shutdown = Shutdown::new();
    let gateway = Gateway::start(resolved, Options::default(), &shutdown)
        .await
        .unwrap();
    Rig {
        gateway,
        acme,
        _shutdown: shutdown,
    }
}

fn text(listen: &str, backend: &str) -> String {
    format!(
        r#"version = 1
[listen]
http = "127.0.0.1:0"
{listen}
[control]
store = "file"
directory = "var"
[backends.erp]
{backend}
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "read"
legacy = "erp"
"#
    )
}

impl Rig {
    pub fn https(&self) -> SocketAddr {
        self.gateway.https().unwrap()
    }

    /// Puts another file in the configuration's place.
    pub fn change(&self, listen: &str, backend: &str) {
        let fresh = self.acme.path("routes.toml.new");
        std::fs::write(&fresh, text(listen, backend)).unwrap();
        std::fs::rename(fresh, self.acme.path("routes.toml")).unwrap();
    }

    pub fn metrics(&self) -> String {
        self.gateway.app().metrics().encode().unwrap()
    }

    /// Waits until the metrics say so.
    pub async fn metric(&self, line: &str) {
        let seen = async {
            while !self.metrics().contains(line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let seen = timeout(SOON, seen).await;
        assert!(seen.is_ok(), "wanted {line} in\n{}", self.metrics());
    }
}

/// An origin that answers every request with its method and target, in plain text, until it is dropped.
pub struct Origin(pub SocketAddr, tokio::task::JoinHandle<()>);

impl Origin {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(echo(stream));
            }
        });
        Self(address, task)
    }

    pub fn backend(&self) -> String {
        format!("http = \"http://{}\"", self.0)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.1.abort();
    }
}

/// Answers requests without a body by their first line.
pub async fn echo<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: S) {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        if first.is_empty() {
            first = std::mem::take(&mut line).trim_end().to_owned();
        } else if line == "\r\n" {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{first}",
                first.len()
            );
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            let _sent = stream.flush().await;
            first.clear();
        }
        line.clear();
    }
}

/// Runs another program to its end; none where it is not installed.
pub async fn run(program: &str, arguments: &[&str], input: Option<&str>) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("not run: {program} is not installed");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    if let Some(input) = input {
        // It may have given up before it reads.
        let _written = stdin.write_all(input.as_bytes()).await;
    }
    drop(stdin);
    let output = timeout(SOON, child.wait_with_output()).await;
    Some(output.unwrap_or_else(|_| panic!("{program} ends")).unwrap())
}

/// OpenSSL's own server, and its port; none where it is not installed. What it prints of a connection is in [`Child::stdout`].
pub async fn s_server(folder: &Path, arguments: &[&str]) -> Option<(Child, u16)> {
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-accept", "127.0.0.1:0"])
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        eprintln!("not run: openssl is not installed");
        return None;
    };
    let mut told = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let port = async {
        while let Some(line) = told.next_line().await.unwrap() {
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                return address.rsplit(':').next().unwrap().parse().unwrap();
            }
        }
        panic!("openssl s_server does not start");
    };
    let port = timeout(SOON, port).await.unwrap();
    Some((child, port))
}

/// All of a stream, as text.
pub async fn rest(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let _end = timeout(SOON, stream.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}
