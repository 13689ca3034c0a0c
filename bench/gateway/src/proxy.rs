//! The bare proxy: what hyper alone costs, with the pool of hyper-util. Passes everything on and checks nothing.

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

pub async fn serve(origin: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listens at http://{}", listener.local_addr()?);
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<HttpConnector, Incoming> =
        Client::builder(TokioExecutor::new()).build(connector);
    let origin: hyper::http::uri::Authority = origin.parse()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (client, origin) = (client.clone(), origin.clone());
        tokio::spawn(async move {
            let service = service_fn(move |mut request: hyper::Request<Incoming>| {
                let (client, origin) = (client.clone(), origin.clone());
                async move {
                    let mut parts = request.uri().clone().into_parts();
                    parts.scheme = Some(hyper::http::uri::Scheme::HTTP);
                    parts.authority = Some(origin);
                    *request.uri_mut() = hyper::Uri::from_parts(parts)?;
                    Ok::<_, anyhow::Error>(client.request(request).await?)
                }
            });
            // A client that went away is no news here.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
