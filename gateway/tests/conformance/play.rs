//! Plays a case: starts its gateway, follows its steps, and says at which one something else came.

use std::collections::BTreeMap;

use gateway::config::Resolved;
use gateway::{Gateway, Options};
use ops::shutdown::Shutdown;
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::case::{Case, Step, Wants, wire};
use crate::conn::{Body, Conn, SOON, fields, latin, show};
use crate::h2::frame::{PREFACE, Seen};

/// What a gateway adds to requests, which the cases that are about it look at with `sees_field`.
const ADDED: [&str; 6] = [
    "figway-request-id",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
];

struct World {
    gateway: Gateway,
    shutdown: Shutdown,
    clients: Vec<Option<Conn>>,
    client: usize,
    /// What each client of HTTP/2 has seen.
    seen: BTreeMap<usize, Seen>,
    /// What the origin has seen, if it speaks HTTP/2.
    behind: Seen,
    listener: Option<TcpListener>,
    origin: Option<Conn>,
    /// Connections from before that are still open.
    others: Vec<Conn>,
    /// Whether the next head must come on another connection, or on the same.
    next: Next,
    _directory: TempDir,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Either,
    Fresh,
    Same,
}

/// Plays it.
pub(crate) async fn play(case: Case) -> Result<(), String> {
    let mut world = World::new(&case).await;
    for (number, step) in case.steps.into_iter().enumerate() {
        let told = format!("step {}, {step:?}", number + 1);
        if let Err(error) = Box::pin(world.step(step)).await {
            return Err(format!("{told}:\n  {error}"));
        }
    }
    for client in world.clients.iter().flatten() {
        if case.suite == "h1" && !client.buf.is_empty() {
            return Err(format!("at the end, the client has {}", show(&client.buf)));
        }
    }
    Ok(())
}

impl Drop for World {
    /// However it went, the gateway ends.
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

impl World {
    async fn new(case: &Case) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            r#"version = 1
revision = 1
[listen]
http = "127.0.0.1:0"
drain = "1s"
[control]
store = "file"
directory = "var"
[backends.erp]
http = "http://{}"
protocol = "{}"
[[routes]]
name = "all"
match = {{ path = "/{{*rest}}" }}
effect = "{}"
legacy = "erp"
"#,
            listener.local_addr().unwrap(),
            if case.suite == "h2-origin" {
                "h2"
            } else {
                "h1"
            },
            case.effect,
        );
        let path = directory.path().join("routes.toml");
        std::fs::write(&path, text).unwrap();
        let resolved = Resolved::read(&path).unwrap_or_else(|faults| panic!("{faults}"));
        let shutdown = Shutdown::new();
        let gateway = Gateway::start(resolved, Options::default(), &shutdown)
            .await
            .unwrap();
        Self {
            gateway,
            shutdown,
            clients: Vec::new(),
            client: 0,
            seen: BTreeMap::new(),
            behind: Seen::default(),
            listener: Some(listener),
            origin: None,
            others: Vec::new(),
            next: Next::Either,
            _directory: directory,
        }
    }

    async fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Client(bytes) => self.client().await.send(&bytes).await,
            Step::ClientDribbles(bytes) => {
                let client = self.client().await;
                for byte in bytes {
                    client.send(&[byte]).await;
                    tokio::task::yield_now().await;
                }
            }
            Step::Use(client) => self.client = client,
            Step::ClientCloses => drop(self.gone()),
            Step::ClientResets => reset(self.gone().unwrap()),
            Step::ClientHalfCloses => self.client().await.stream.shutdown().await.unwrap(),
            Step::Gets(head) => {
                let client = self.client().await;
                client.take_head().await?;
                same(&client.head, &wire(&head))?;
            }
            Step::GetsStatus(status) => {
                let client = self.client().await;
                client.take_status(status).await?;
                // An answer of the gateway's own brings its body, which is not looked at.
                if client.field("content-length").is_some() && status >= 400 {
                    client.take_body().await?;
                }
            }
            Step::GetsError(status, body) => {
                let client = self.client().await;
                client.take_status(status).await?;
                whole(client.take_body().await?, &body)?;
            }
            Step::GetsFinal(status) => {
                let client = self.client().await;
                client.take_head().await?;
                while client.head.starts_with(b"HTTP/1.1 1") {
                    client.take_head().await?;
                }
                client.has_status(status)?;
            }
            Step::GetsField(name, value) => has(&self.client().await.head, name, value)?,
            Step::GetsNo(name) => has_no(&self.client().await.head, name)?,
            Step::GetsBody(body) => whole(self.client().await.take_body().await?, &body)?,
            Step::GetsTrailers(lines) => {
                let got = self.client().await.trailers.to_lowercase();
                same(got.as_bytes(), lines.as_bytes())?;
            }
            Step::GetsBytes(bytes) => {
                let client = self.client().await;
                let got = client.take(bytes.len()).await?.unwrap_or_default();
                same(&got, &bytes)?;
            }
            Step::GetsBroken => {
                if let Body::Whole(body) = self.client().await.take_body().await? {
                    return Err(format!("the body came whole: {}", show(&body)));
                }
            }
            Step::GetsNothingWhole => {
                let client = self.client().await;
                match client.take_head().await {
                    Err(error) if error.starts_with("closed") => return Ok(()),
                    head => head?,
                }
                let whole = matches!(client.take_body().await?, Body::Whole(_));
                if whole && client.has_status(502).is_err() {
                    return Err(format!("a whole answer: {}", show(&client.head)));
                }
            }
            Step::Closed => self.client().await.take_end().await?,
            Step::Sees(head) => {
                let origin = self.asked().await?;
                same(&without_added(&origin.head), &wire(&head))?;
            }
            Step::SeesAny => drop(self.asked().await?),
            Step::SeesField(name, value) => has(&self.origin()?.head, name, value)?,
            Step::SeesNo(name) => has_no(&self.origin()?.head, name)?,
            Step::SeesBody(body) => whole(self.origin()?.take_body().await?, &body)?,
            Step::SeesTrailers(lines) => {
                let got = self.origin()?.trailers.to_lowercase();
                same(got.as_bytes(), lines.as_bytes())?;
            }
            Step::SeesBytes(bytes) => {
                let got = self.origin()?.take(bytes.len()).await?.unwrap_or_default();
                same(&got, &bytes)?;
            }
            Step::SeesBroken => {
                if let Body::Whole(body) = self.origin()?.take_body().await? {
                    return Err(format!("the body came whole: {}", show(&body)));
                }
            }
            Step::NeverWhole => self.never_whole().await?,
            Step::Fresh => self.next = Next::Fresh,
            Step::Same => self.next = Next::Same,
            Step::Unseen => self.unseen().await?,
            Step::Origin(bytes) => self.origin()?.send(&bytes).await,
            Step::OriginCloses => drop(self.origin.take()),
            Step::OriginResets => reset(self.origin.take().unwrap()),
            Step::OriginGoes => self.listener = None,
            Step::OriginClosed => self.origin()?.take_end().await?,
            Step::Drain => {
                self.shutdown.begin();
                // Once nobody can come in any more, all of the gateway has heard of it.
                while TcpStream::connect(self.gateway.http()).await.is_ok() {}
            }
            Step::H2(stream, wants) => self.h2(stream, wants).await?,
            Step::Greets(settings) => self.greets(&settings).await?,
            Step::Behind(stream, wants) => {
                let mut seen = std::mem::take(&mut self.behind);
                let wanted = seen.wanted(self.origin()?, stream, wants).await;
                self.behind = seen;
                wanted?;
            }
        }
        Ok(())
    }

    async fn h2(&mut self, stream: u32, wants: Wants) -> Result<(), String> {
        let mut seen = self.seen.remove(&self.client).unwrap_or_default();
        let wanted = seen.wanted(self.client().await, stream, wants).await;
        self.seen.insert(self.client, seen);
        wanted
    }

    async fn greets(&mut self, settings: &[u8]) -> Result<(), String> {
        self.others.extend(self.origin.take());
        self.behind = Seen::default();
        let listener = self.listener.as_ref().ok_or("the origin is gone")?;
        let accepted = timeout(SOON, listener.accept()).await;
        let accepted = accepted.map_err(|_| "nobody connects".to_owned())?;
        let origin = self.origin.insert(Conn::new(accepted.unwrap().0));
        let preface = origin.take(PREFACE.len()).await?.unwrap_or_default();
        same(&preface, PREFACE)?;
        origin.send(settings).await;
        Ok(())
    }

    async fn client(&mut self) -> &mut Conn {
        while self.clients.len() <= self.client {
            self.clients.push(None);
        }
        let place = &mut self.clients[self.client];
        if place.is_none() {
            let stream = TcpStream::connect(self.gateway.http()).await.unwrap();
            *place = Some(Conn::new(stream));
        }
        place.as_mut().unwrap()
    }

    fn gone(&mut self) -> Option<Conn> {
        self.clients.get_mut(self.client).and_then(Option::take)
    }

    fn origin(&mut self) -> Result<&mut Conn, String> {
        self.origin
            .as_mut()
            .ok_or_else(|| "the origin has no connection".to_owned())
    }

    /// The next request's head, on the connection that there is or on a new one.
    async fn asked(&mut self) -> Result<&mut Conn, String> {
        let next = std::mem::replace(&mut self.next, Next::Either);
        let there = match self.origin.take() {
            Some(there) if next != Next::Fresh => self.first(there, next).await?,
            Some(there) => {
                self.others.push(there);
                None
            }
            None => None,
        };
        let mut origin = match there {
            Some(there) => there,
            None if next == Next::Same => return Err("the connection was closed".to_owned()),
            None => {
                let listener = self.listener.as_ref().ok_or("the origin is gone")?;
                let accepted = timeout(SOON, listener.accept()).await;
                Conn::new(
                    accepted
                        .map_err(|_| "nobody connects".to_owned())?
                        .unwrap()
                        .0,
                )
            }
        };
        origin.take_head().await?;
        Ok(self.origin.insert(origin))
    }

    /// The connection on which something comes first; none where the old one was closed.
    async fn first(&mut self, there: Conn, next: Next) -> Result<Option<Conn>, String> {
        if !there.buf.is_empty() {
            return Ok(Some(there));
        }
        let (Some(listener), Next::Either) = (&self.listener, next) else {
            return Ok(Some(there));
        };
        tokio::select! {
            accepted = timeout(SOON, listener.accept()) => {
                let accepted = accepted.map_err(|_| "nobody asks".to_owned())?;
                self.others.push(there);
                Ok(Some(Conn::new(accepted.unwrap().0)))
            }
            _ready = there.stream.ready(Interest::READABLE) => {
                let mut there = there;
                Ok(there.more().await?.then_some(there))
            }
        }
    }

    async fn unseen(&mut self) -> Result<(), String> {
        match self.connected().await {
            None => Ok(()),
            Some(_) => Err("the gateway connected to the origin".to_owned()),
        }
    }

    async fn never_whole(&mut self) -> Result<(), String> {
        let Some(mut origin) = self.connected().await else {
            return Ok(());
        };
        if origin.take_head().await.is_err() {
            return Ok(());
        }
        match origin.take_body().await? {
            Body::Broken(_) => Ok(()),
            Body::Whole(body) => Err(format!(
                "the origin has {}{}",
                show(&origin.head),
                show(&body)
            )),
        }
    }

    /// The gateway's connection to the origin, if there is one that was not looked at. Without waiting: a connection of our own comes
    /// behind it, or first.
    async fn connected(&mut self) -> Option<Conn> {
        if self.origin.is_some() {
            return self.origin.take();
        }
        let listener = self.listener.as_ref().unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (first, from) = listener.accept().await.unwrap();
        (from != ours.local_addr().unwrap()).then(|| Conn::new(first))
    }
}

/// Closes so that the other end sees a reset.
fn reset(conn: Conn) {
    conn.stream.set_zero_linger().unwrap();
    drop(conn);
}

fn without_added(head: &[u8]) -> Vec<u8> {
    let head = latin(head);
    let lines: Vec<&str> = head
        .split("\r\n")
        .filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_lowercase();
            !ADDED.contains(&name.as_str())
        })
        .collect();
    wire(&lines.join("|"))
}

fn same(got: &[u8], wanted: &[u8]) -> Result<(), String> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("wanted {}\n     got {}", show(wanted), show(got)))
}

fn whole(got: Body, wanted: &[u8]) -> Result<(), String> {
    match got {
        Body::Whole(body) => same(&body, wanted),
        Body::Broken(body) => Err(format!("the body broke off behind {}", show(&body))),
    }
}

fn has(head: &[u8], name: &str, value: &str) -> Result<(), String> {
    let all: Vec<String> = fields(head, name).collect();
    if all.join(", ") == value {
        return Ok(());
    }
    Err(format!(
        "wanted {name}: {value}, got {all:?} in {}",
        show(head)
    ))
}

fn has_no(head: &[u8], name: &str) -> Result<(), String> {
    match fields(head, name).next() {
        None => Ok(()),
        Some(value) => Err(format!("wanted no {name}, got {value:?}")),
    }
}
