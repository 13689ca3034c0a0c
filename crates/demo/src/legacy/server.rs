//! The stand-in's listener: HTTP/1.1, COMMAREAs under `/cics`, JSON under `/erp`.
//!
//! In: requests of at most [`LIMIT`] bytes, at most [`CONNECTIONS`] connections. Out: what the programs answer. What goes wrong
//! with HTTP itself is answered as old systems do, in a line of plain text; what goes wrong in a transaction is a return code in
//! its COMMAREA with status 200. Writes no log.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use ops::shutdown::Shutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::{REGION, Store, erp, inquiry, posting};

/// The longest request body: CICS lets no COMMAREA be longer than 32,763 bytes.
const LIMIT: usize = 32_763;
const CONNECTIONS: usize = 512;

/// The stand-in could not listen.
#[derive(Debug, thiserror::Error)]
#[error("the legacy stand-in cannot listen on {address}")]
pub struct ServerError {
    address: SocketAddr,
    source: std::io::Error,
}

/// The stand-in, listening. Ends with the shutdown it was started with.
#[derive(Debug, Clone)]
pub struct Legacy {
    address: SocketAddr,
    store: Arc<Mutex<Store>>,
}

impl Legacy {
    /// Listens and answers until `shutdown` begins.
    ///
    /// # Errors
    /// The address is taken or not ours.
    pub async fn start(
        store: Store,
        listen: SocketAddr,
        shutdown: &Shutdown,
    ) -> Result<Legacy, ServerError> {
        let failed = |source| ServerError {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let legacy = Legacy {
            address: listener.local_addr().map_err(failed)?,
            store: Arc::new(Mutex::new(store)),
        };
        shutdown.spawn(accept(listener, legacy.clone(), shutdown.clone()));
        Ok(legacy)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Looks at, or changes, its data between two requests.
    pub fn with<T>(&self, f: impl FnOnce(&mut Store) -> T) -> T {
        // A panic while the lock was held leaves no record half-written: a record is replaced whole.
        f(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().trim_start_matches('/').to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        match parts.as_slice() {
            ["erp", "lots", lot] if reads => found(self.with(|store| erp::lot(store, lot))),
            ["erp", "materials", material] if reads => {
                found(self.with(|store| erp::material(store, material)))
            }
            ["erp", "lots", lot, "usage"] if head.method == Method::POST => {
                let lot = (*lot).to_owned();
                match whole(body).await {
                    Ok(body) => self.usage(&lot, &body),
                    Err(refusal) => refusal,
                }
            }
            ["cics", transaction @ ("LOTI" | "LOTU")] if head.method == Method::POST => {
                let inquires = *transaction == "LOTI";
                match whole(body).await {
                    Ok(body) => self.transaction(inquires, &body),
                    Err(refusal) => refusal,
                }
            }
            ["cics", "LOTI" | "LOTU"] | ["erp", "lots", _, "usage"] => refused_method("POST"),
            ["erp", "lots" | "materials", _] => refused_method("GET, HEAD"),
            ["cics", _] => line(StatusCode::NOT_FOUND, "TRANSACTION NOT DEFINED"),
            _ => line(StatusCode::NOT_FOUND, "NOT HERE"),
        }
    }

    fn transaction(&self, inquires: bool, commarea: &[u8]) -> Response<Full<Bytes>> {
        let answer = self.with(|store| {
            if inquires {
                inquiry::answer(store, commarea)
            } else {
                posting::answer(store, commarea)
            }
        });
        match answer {
            Ok(commarea) => respond(StatusCode::OK, "application/octet-stream", commarea),
            Err(_) => line(StatusCode::INTERNAL_SERVER_ERROR, "ABEND ASRA"),
        }
    }

    fn usage(&self, lot: &str, body: &[u8]) -> Response<Full<Bytes>> {
        match self.with(|store| erp::usage(store, lot, body)) {
            Ok(erp::Usage::Answered(json)) => respond(StatusCode::OK, "application/json", json),
            Ok(erp::Usage::Unreadable) => erp_error(StatusCode::BAD_REQUEST, "UNREADABLE"),
            Ok(erp::Usage::OtherLot) => erp_error(StatusCode::BAD_REQUEST, "OTHER-LOT"),
            Err(_) => erp_error(StatusCode::INTERNAL_SERVER_ERROR, "ABEND"),
        }
    }
}

/// Ends at the next safe point after the shutdown began; connections end when their current answer is sent.
async fn accept(listener: TcpListener, legacy: Legacy, shutdown: Shutdown) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.begun() => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, or the client is gone: let others run, then look again.
            tokio::task::yield_now().await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let Ok(seat) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let (legacy, ending) = (legacy.clone(), shutdown.clone());
        shutdown.spawn(async move {
            let _seat = seat;
            let service = hyper::service::service_fn(|request| async {
                Ok::<_, Infallible>(legacy.answer(request).await)
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            // Its answers are the same bytes whenever it is asked: no clock in them.
            builder.timer(TokioTimer::new()).auto_date_header(false);
            let mut connection =
                std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
            tokio::select! {
                ended = connection.as_mut() => drop(ended),
                () = ending.begun() => {
                    connection.as_mut().graceful_shutdown();
                    drop(connection.await);
                }
            }
        });
    }
}

async fn whole(body: Incoming) -> Result<Bytes, Response<Full<Bytes>>> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(line(StatusCode::PAYLOAD_TOO_LARGE, "LENGERR")),
    }
}

fn found(json: Option<String>) -> Response<Full<Bytes>> {
    match json {
        Some(json) => respond(StatusCode::OK, "application/json", json),
        None => erp_error(StatusCode::NOT_FOUND, "NOT-FOUND"),
    }
}

/// The ERP's own form of an error.
fn erp_error(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    respond(
        status,
        "application/json",
        format!("{{\"error\":\"{code}\"}}"),
    )
}

fn refused_method(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = line(StatusCode::METHOD_NOT_ALLOWED, "METHOD NOT ALLOWED");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn line(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain", text)
}

fn respond(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("x-region", HeaderValue::from_static(REGION));
    response
}
