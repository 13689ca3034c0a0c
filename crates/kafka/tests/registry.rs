//! The registry client against servers that a test plays: what it asks, how it goes on to another address, what it says of errors.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex};

use event::confluent::SchemaType;
use kafka::Kind;
use kafka::registry::{Fit, RegistryClient, RegistryConfig, SchemaText};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Answers each connection with the next of these, then closes; keeps what was asked.
struct Played {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Played {
    async fn start(answers: Vec<(u16, &'static str)>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let port = listener.local_addr().unwrap().port();
        let host = if tls.is_some() {
            "localhost"
        } else {
            "127.0.0.1"
        };
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            for (status, body) in answers {
                let (socket, _) = listener.accept().await.unwrap();
                let request = match &tls {
                    None => one(socket, status, body).await,
                    Some(tls) => match tls.accept(socket).await {
                        Ok(socket) => one(socket, status, body).await,
                        Err(error) => error.to_string(),
                    },
                };
                heard.lock().unwrap().push(request);
            }
        });
        Self {
            url: format!("{scheme}://{host}:{port}"),
            asked,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn one(mut socket: impl AsyncRead + AsyncWrite + Unpin, status: u16, body: &str) -> String {
    let mut request = Vec::new();
    let complete = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        (body.len() >= length).then_some(())
    };
    while complete(&request).is_none() {
        let mut part = [0; 1024];
        let count = socket.read(&mut part).await.unwrap();
        assert!(count > 0, "the request ended early");
        request.extend_from_slice(&part[..count]);
    }
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    socket.write_all(answer.as_bytes()).await.unwrap();
    socket.shutdown().await.ok();
    String::from_utf8(request).unwrap()
}

fn config(json: &str) -> RegistryConfig {
    serde_json::from_str(json).unwrap()
}

fn at(urls: &[&str], more: &str) -> RegistryClient {
    let urls = serde_json::to_string(urls).unwrap();
    RegistryClient::new(&config(&format!(r#"{{"url":{urls}{more}}}"#))).unwrap()
}

fn text() -> SchemaText {
    SchemaText::new(SchemaType::Json, "{}")
}

#[tokio::test]
async fn what_is_asked_and_what_is_kept() {
    let registered =
        r#"{"id":7,"version":2,"guid":"89791762-2336-4186-9674-299b90a802e2","new":true}"#;
    let schema = r#"{"schema":"{}","schemaType":"JSON"}"#;
    let server = Played::start(
        vec![
            (200, registered),
            (200, schema),
            (200, r#"{"is_compatible":false,"messages":["m"]}"#),
        ],
        None,
    )
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret\n").unwrap();
    let login = format!(
        r#","user":"me","password":"file:{}""#,
        file.path().display()
    );
    let client = at(&[&server.url], &login);
    for _ in 0..3 {
        let found = client.register("lot/value", &text()).await.unwrap();
        assert_eq!((found.id, found.version), (7, Some(2)));
        assert!(found.guid.is_some());
        assert_eq!(*client.by_id(7).await.unwrap(), text());
    }
    assert_eq!(
        client.fits("lot", &text()).await.unwrap(),
        Fit::DoesNot(vec!["m".to_owned()])
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(
        asked[0].starts_with("POST /subjects/lot%2Fvalue/versions HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].ends_with(r#"{"schema":"{}","schemaType":"JSON"}"#),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("authorization: Basic bWU6c2VjcmV0\r\n"),
        "{}",
        asked[0]
    );
    assert!(asked[1].starts_with("GET /schemas/ids/7 "), "{}", asked[1]);
    assert!(!format!("{client:?}").contains("bWU6c2VjcmV0"));
}

#[tokio::test]
async fn another_address_takes_over_and_stays() {
    let sick = Played::start(
        vec![(503, r#"{"error_code":50003,"message":"no leader"}"#)],
        None,
    )
    .await;
    let well = Played::start(vec![(200, r#"{"id":1}"#), (200, r#"{"id":2}"#)], None).await;
    // Nobody listens at the first.
    let client = at(&["http://127.0.0.1:1", &sick.url, &well.url], "");
    assert_eq!(client.register("a", &text()).await.unwrap().id, 1);
    assert_eq!(client.register("b", &text()).await.unwrap().id, 2);
    assert_eq!((sick.asked().len(), well.asked().len()), (1, 2));
}

#[tokio::test]
async fn errors_say_what_the_registry_said() {
    let incompatible = r#"{"error_code":40901,"message":"Schema being registered is incompatible: the field 'b' has no default"}"#;
    let server = Played::start(
        vec![
            (409, incompatible),
            (404, r#"{"error_code":40403,"message":"Schema not found"}"#),
            (401, "no"),
            (200, "[]"),
        ],
        None,
    )
    .await;
    let client = at(&[&server.url], "");
    let mut said = Vec::new();
    let url = server.url.clone();
    let mut hear = |error: kafka::Error| {
        assert_eq!(error.kind(), Kind::Rejected);
        said.push(error.to_string().replace(&url, "URL"));
    };
    hear(client.register("lot-value", &text()).await.unwrap_err());
    hear(client.look_up("lot-value", &text()).await.unwrap_err());
    hear(client.by_id(9).await.unwrap_err());
    hear(client.latest("lot-value").await.unwrap_err());
    insta::assert_snapshot!(said.join("\n"), @r#"
the schema of subject lot-value does not fit the versions before it, says the schema registry at URL: Schema being registered is incompatible: the field 'b' has no default (error 40901)
the schema registry at URL refuses the schema of subject lot-value: Schema not found (error 40403)
the schema registry at URL does not let us ask for the schema 9: HTTP status 401; see `user`, `password` and `token` of [registry]
what was answered for the last version of subject lot-value is not what a schema registry answers
"#);
    // Nobody listens any more.
    let error = at(&["http://127.0.0.1:1"], "").by_id(1).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert_eq!(
        error.to_string(),
        "the schema registry at http://127.0.0.1:1 does not answer"
    );
}

#[tokio::test]
async fn over_tls_only_who_is_signed_for_is_believed() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let answers = vec![(200, r#"{"schema":"\"int\""}"#); 4];
    let server = Played::start(answers, Some(acceptor)).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    let trusted = format!(r#","ca":"{}""#, file.path().display());
    let found = at(&[&server.url], &trusted).by_id(1).await.unwrap();
    assert_eq!(*found, SchemaText::new(SchemaType::Avro, "\"int\""));
    // By the system's own certificates it is nobody.
    let error = at(&[&server.url], "").by_id(1).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
}
