//! A gateway with one legacy route over an origin that the test plays itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gateway::config::Resolved;
use gateway::{Begins, Gateway, Options, StartError, WallClock};
use ops::shutdown::Shutdown;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Whatever a test waits for comes at once or never.
const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) origin: Origin,
    pub(crate) shutdown: Shutdown,
    directory: TempDir,
}

/// One legacy route that takes everything; `route` and `backend` are further lines of their tables.
pub(crate) async fn rig_with(effect: &str, route: &str, backend: &str, listen: &str) -> Rig {
    let origin = Origin::new().await;
    let directory = tempfile::tempdir().unwrap();
    let text = format!(
        r#"version = 1
revision = 1
[listen]
http = "127.0.0.1:0"
{listen}
[control]
store = "file"
directory = "var"
[backends.erp]
http = "http://{}"
{backend}
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "{effect}"
legacy = "erp"
{route}
"#,
        origin.0.local_addr().unwrap()
    );
    start(&text, origin, directory, Options::default()).await
}

async fn start(text: &str, origin: Origin, directory: TempDir, options: Options) -> Rig {
    let path = directory.path().join("routes.toml");
    std::fs::write(&path, text).unwrap();
    let resolved = Resolved::read(&path).unwrap_or_else(|faults| panic!("{faults}"));
    let shutdown = Shutdown::new();
    let gateway = Gateway::start(resolved, options, &shutdown).await.unwrap();
    Rig {
        gateway,
        origin,
        shutdown,
        directory,
    }
}

/// Other tables altogether, in which `ORIGIN` stands for the origin's address, at another time of day.
pub(crate) async fn rig_at(time: &str, tables: &str) -> Rig {
    let origin = Origin::new().await;
    let directory = tempfile::tempdir().unwrap();
    let text = format!(
        "version = 1\n[listen]\nhttp = \"127.0.0.1:0\"\n[control]\nstore = \"file\"\ndirectory = \"var\"\n{}",
        tables.replace("ORIGIN", &origin.url())
    );
    let options = Options {
        clock: WallClock::showing(time.parse().unwrap()),
        ..Options::default()
    };
    start(&text, origin, directory, options).await
}

pub(crate) async fn rig(effect: &str) -> Rig {
    rig_with(effect, "", "", "").await
}

impl Rig {
    /// Puts another text in the place of the configuration's, as an editor does: a new file under the old name.
    pub(crate) fn edit(&self, change: impl Fn(&str) -> String) {
        let path = self.directory.path().join("routes.toml");
        let text = change(&std::fs::read_to_string(&path).unwrap());
        let fresh = self.directory.path().join("routes.toml.new");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(fresh, path).unwrap();
    }

    /// Another gateway on the same folder.
    pub(crate) async fn another(
        &self,
        begins: Begins,
        shutdown: &Shutdown,
    ) -> Result<Gateway, StartError> {
        let resolved = Resolved::read(&self.path("routes.toml")).unwrap();
        let options = Options {
            begins,
            ..Options::default()
        };
        Gateway::start(resolved, options, shutdown).await
    }

    /// A file in the folder of the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The origin, to be played by somebody else.
    pub(crate) fn take_origin(&mut self) -> TcpListener {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        nobody.set_nonblocking(true).unwrap();
        let nobody = TcpListener::from_std(nobody).unwrap();
        std::mem::replace(&mut self.origin.0, nobody)
    }

    /// Waits until so many writes are counted that legacy lacks.
    pub(crate) async fn lacking(&self, writes: u64) {
        let seen = async {
            while self.gateway.control().lacking("all").writes != writes {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, seen).await.expect("the writes are counted");
    }

    /// Waits until the metrics say so.
    pub(crate) async fn metric(&self, line: &str) {
        let seen = async {
            while !self
                .gateway
                .app()
                .metrics()
                .encode()
                .unwrap()
                .contains(line)
            {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, seen).await.expect("the metric comes");
    }

    /// A file beside the configuration.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.http()
    }

    pub(crate) async fn client(&self) -> Line {
        Line(TcpStream::connect(self.address()).await.unwrap())
    }
}

/// A listener whose connections the test plays.
pub(crate) struct Origin(TcpListener);

impl Origin {
    pub(crate) async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    pub(crate) async fn accept(&self) -> Line {
        let accepted = timeout(SOON, self.0.accept()).await;
        Line(accepted.expect("the gateway connects").unwrap().0)
    }

    /// Nobody listens any more.
    pub(crate) fn close(self) {}
}

/// Answers every request with a body of two bytes, for ever.
pub(crate) async fn answers(listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        tokio::spawn(async move {
            let mut line = Line(stream);
            while line.request().await.is_some() {
                let mut body = [0; 2];
                if line.0.read_exact(&mut body).await.is_err()
                    || !line
                        .try_send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        .await
                {
                    return;
                }
            }
        });
    }
}

/// A connection, read and written by hand.
pub(crate) struct Line(TcpStream);

impl Line {
    pub(crate) fn of(stream: TcpStream) -> Self {
        Self(stream)
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Closes this side alone.
    pub(crate) async fn say_no_more(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Sends what the other end still takes; whether it took it.
    pub(crate) async fn try_send(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).await.is_ok()
    }

    /// Whether the other end has closed, and not broken off.
    pub(crate) async fn has_ended_well(&mut self) -> bool {
        matches!(self.0.read(&mut [0]).await, Ok(0))
    }

    /// The next head, whoever sends it and whenever; none at the end.
    pub(crate) async fn request(&mut self) -> Option<String> {
        let mut got = Vec::new();
        while !got.ends_with(b"\r\n\r\n") {
            got.push(self.0.read_u8().await.ok()?);
        }
        String::from_utf8(got).ok()
    }

    /// Reads until the text ends so; what came.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        let mut got = Vec::new();
        let read = async {
            while !got.ends_with(end.as_bytes()) {
                match self.0.read_u8().await {
                    Ok(byte) => got.push(byte),
                    Err(_) => break,
                }
            }
        };
        let in_time = timeout(SOON, read).await.is_ok();
        let text = String::from_utf8(got).unwrap();
        assert!(
            in_time && text.ends_with(end),
            "wanted {end:?}, got {text:?}"
        );
        text
    }

    /// A head, its lines sorted but the first, and without what differs from run to run.
    pub(crate) async fn head(&mut self) -> String {
        let text = self.until("\r\n\r\n").await;
        let mut lines: Vec<_> = text.trim_end().split("\r\n").collect();
        lines[1..].sort_unstable();
        let line = |line: &str| match line.split_once(": ") {
            Some(("figway-request-id", id)) => {
                assert_eq!(id.len(), 36, "{id}");
                "figway-request-id: <id>".to_owned()
            }
            _ => line.to_owned(),
        };
        lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Reads and forgets all until the other end closes.
    pub(crate) async fn drain_until_closed(&mut self) {
        let mut sink = tokio::io::sink();
        let forgotten = tokio::io::copy(&mut self.0, &mut sink);
        // A reset is an end as well.
        let _reset = timeout(SOON, forgotten)
            .await
            .expect("the other end closes");
    }

    /// Everything until the other end resets the connection.
    pub(crate) async fn until_reset(&mut self) -> String {
        let mut got = Vec::new();
        let ended = timeout(SOON, self.0.read_to_end(&mut got)).await;
        let kind = ended
            .expect("the other end closes")
            .map_err(|error| error.kind());
        assert_eq!(kind, Err(std::io::ErrorKind::ConnectionReset));
        String::from_utf8(got).unwrap()
    }

    /// Everything until the other end closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut got = Vec::new();
        // A reset is an end as well.
        let _reset = timeout(SOON, self.0.read_to_end(&mut got))
            .await
            .expect("the other end closes");
        String::from_utf8(got).unwrap()
    }
}
