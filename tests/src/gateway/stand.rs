//! A scripted HTTP server that stands for a backend: it answers what a test says, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What a backend was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method, as `GET`.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// All headers in order.
    pub headers: http::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What it does then.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Answers.
    Say {
        /// The status.
        status: u16,
        /// Headers, in order.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Bytes,
    },
    /// Closes the connection without an answer, after having read the request.
    Hang,
}

impl Answer {
    /// 200 with a JSON body.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::Say {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.into(),
        }
    }

    /// 200 with bytes.
    pub fn bytes(body: impl Into<Bytes>) -> Self {
        Self::Say {
            status: 200,
            headers: vec![("content-type", "application/octet-stream".to_owned())],
            body: body.into(),
        }
    }
}

type Script = dyn Fn(Asked) -> BoxFuture<'static, Answer> + Send + Sync;

/// A running stand-in. Ends when dropped.
#[derive(Debug)]
pub struct Stand {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    end: CancellationToken,
}

impl Stand {
    /// Listens on a free port and answers each request as the script says.
    ///
    /// # Panics
    /// No port on loopback can be had.
    pub async fn start<F, A>(script: F) -> Self
    where
        F: Fn(Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        Self::on(listener, script)
    }

    /// The same at an address that was free a moment ago: a backend that comes back where it was.
    ///
    /// # Panics
    /// Somebody else has taken the port.
    pub async fn start_at<F, A>(address: SocketAddr, script: F) -> Self
    where
        F: Fn(Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.expect("still free");
        Self::on(listener, script)
    }

    fn on<F, A>(listener: TcpListener, script: F) -> Self
    where
        F: Fn(Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let stand = Self {
            address: listener.local_addr().expect("a listener has an address"),
            seen: Arc::default(),
            end: CancellationToken::new(),
        };
        let script: Arc<Script> = Arc::new(move |asked| Box::pin(script(asked)));
        tokio::spawn(accept(
            listener,
            script,
            Arc::clone(&stand.seen),
            stand.end.clone(),
        ));
        stand
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was asked so far, in the order in which requests were complete.
    ///
    /// # Panics
    /// A script panicked.
    #[must_use]
    pub fn seen(&self) -> Vec<Asked> {
        self.seen.lock().expect("no script panicked").clone()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Asked>>>,
    end: CancellationToken,
) {
    loop {
        let stream = tokio::select! {
            () = end.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => return,
            },
        };
        let (script, seen, end) = (Arc::clone(&script), Arc::clone(&seen), end.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: hyper::Request<Incoming>| {
                answer(request, Arc::clone(&script), Arc::clone(&seen))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = end.cancelled() => {}
                // A connection that broke is what some tests are about.
                _ended = connection => {}
            }
        });
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Asked>>>,
) -> Result<hyper::Response<Full<Bytes>>, Gone> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
    let asked = Asked {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        body,
    };
    seen.lock().map_err(|_| Gone)?.push(asked.clone());
    match script(asked).await {
        Answer::Hang => Err(Gone),
        Answer::Say {
            status,
            headers,
            body,
        } => {
            let mut response = hyper::Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Full::new(body)).map_err(|_| Gone)
        }
    }
}

/// The connection ends here.
#[derive(Debug, thiserror::Error)]
#[error("gone")]
struct Gone;
