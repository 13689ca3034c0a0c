//! Origins that speak TLS, behind.

use std::sync::Arc;

use gateway::tls::{Acceptor, Clients, Demand, Protocol, ServerSpec};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::rig::{SOON, echo, rest, run, s_server, start};
use crate::testing::Authority;

/// An origin by our own acceptor; whom it met.
async fn origin(spec: &ServerSpec) -> (u16, mpsc::Receiver<Result<Option<String>, String>>) {
    let acceptor = Arc::new(Acceptor::open(spec).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, met) = mpsc::channel(16);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, tell) = (Arc::clone(&acceptor), tell.clone());
            tokio::spawn(async move {
                let entered = match acceptor.accept(stream).await {
                    Ok(entered) => entered,
                    Err(error) => {
                        tell.send(Err(error.as_str().to_owned())).await.unwrap();
                        return;
                    }
                };
                assert_eq!(entered.protocol, Protocol::Http1);
                let subject = entered.peer.certificate.map(|one| one.subject);
                tell.send(Ok(subject)).await.unwrap();
                echo(entered.stream).await;
            });
        }
    });
    (port, met)
}

/// Asks the gateway in plain text; all that it says.
async fn asked(rig: &crate::rig::Rig) -> String {
    let mut stream = TcpStream::connect(rig.gateway.http()).await.unwrap();
    let request = b"GET /lots/7 HTTP/1.1\r\nHost: lots\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    rest(&mut stream).await
}

/// The status and the body.
async fn ask(rig: &crate::rig::Rig) -> (u16, String) {
    let answer = asked(rig).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

const ECHO: &str = "GET /lots/7 HTTP/1.1";

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_is_met_by_its_name_and_shown_our_certificate() {
    let acme = Authority::new();
    acme.issue("gateway", &["gateway.acme.test"]);
    let server = ServerSpec {
        clients: Clients::Asked {
            ca: acme.path("ca.pem"),
            revoked: Vec::new(),
            demand: Demand::Required,
        },
        ..acme.server(vec![acme.issue("erp", &["erp.acme.test"])])
    };
    let (port, mut met) = origin(&server).await;
    let tls = r#"tls = { ca = "ca.pem", name = "erp.acme.test", certificate = "gateway.pem", key = "gateway.key" }"#;
    let backend = format!("http = \"https://127.0.0.1:{port}\"\n{tls}");
    let rig = start(acme, "", &backend).await;
    for _ in 0..2 {
        assert_eq!(ask(&rig).await, (200, ECHO.to_owned()));
    }
    assert_eq!(
        met.recv().await.unwrap(),
        Ok(Some("O=Acme,CN=gateway".to_owned()))
    );
    // The second request went over the same connection.
    assert!(met.try_recv().is_err());
    let line = r#"figway_certificate_end_timestamp_seconds{used_by="erp",certificate="gateway.acme.test"}"#;
    rig.metric(line).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_not_who_it_should_be_hears_of_no_request() {
    let acme = Authority::new();
    let server = acme.server(vec![acme.issue("erp", &["erp.acme.test"])]);
    let (port, mut met) = origin(&server).await;
    let backend = format!("http = \"https://127.0.0.1:{port}\"\ntls = {{ ca = \"ca.pem\" }}");
    let rig = start(acme, "", &backend).await;
    let (status, told) = ask(&rig).await;
    assert_eq!(status, 502, "{told}");
    assert_eq!(
        timeout(SOON, met.recv()).await.unwrap(),
        Some(Err("refused".to_owned()))
    );
    assert!(!told.contains(ECHO));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fingerprint_is_enough_for_a_backend_that_signed_its_own() {
    let acme = Authority::new();
    let folder = acme.path("");
    let path = |name: &str| acme.path(name).to_str().unwrap().to_owned();
    // As an old server's installer makes it: no name but the common one, signed by itself.
    let made = run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=old erp",
            "-keyout",
            &path("old.key"),
            "-out",
            &path("old.pem"),
        ],
        None,
    )
    .await;
    let Some(made) = made else { return };
    assert!(made.status.success());
    let print = [
        "x509",
        "-noout",
        "-fingerprint",
        "-sha256",
        "-in",
        &path("old.pem"),
    ];
    let printed = run("openssl", &print, None).await.unwrap().stdout;
    let printed = String::from_utf8(printed).unwrap();
    let fingerprint = printed.trim().split('=').nth(1).unwrap();
    let arguments = ["-cert", "old.pem", "-key", "old.key", "-www"];
    let (_server, port) = s_server(&folder, &arguments).await.unwrap();
    let at = format!("http = \"https://127.0.0.1:{port}\"");
    let pinned = format!("{at}\ntls = {{ fingerprints = [\"{fingerprint}\"] }}");
    let rig = start(acme, "", &pinned).await;
    let (status, body) = ask(&rig).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("Cipher is TLS_AES"), "{body}");
    // By its own signature it holds for no name.
    rig.change("", &format!("{at}\ntls = {{ ca = \"old.pem\" }}"));
    rig.metric(r#"figway_reloads_total{result="installed"} 1"#)
        .await;
    assert_eq!(ask(&rig).await.0, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_finish_its_handshake_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let backend = format!(
        "http = \"https://127.0.0.1:{port}\"\ntls = {{ ca = \"ca.pem\" }}\nconnect_timeout = \"200ms\""
    );
    let rig = start(Authority::new(), "", &backend).await;
    let silent = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all
    };
    let ((status, _), said) = tokio::join!(ask(&rig), silent);
    assert_eq!(status, 502);
    // A client's hello, and then the end.
    assert_eq!(said.first(), Some(&0x16));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_connection_of_http2_does_not_wait_for_each_that_fails() {
    const ASKED: usize = 8;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let backend = format!(
        "http = \"https://127.0.0.1:{port}\"\nprotocol = \"h2\"\nretry = \"never\"\ntls = {{ ca = \"ca.pem\" }}\nconnect_timeout = \"1s\""
    );
    let rig = start(Authority::new(), "", &backend).await;
    let met = async {
        let mut met = Vec::new();
        loop {
            met.push(listener.accept().await.unwrap());
            assert!(met.len() < ASKED, "each has tried for itself");
        }
    };
    let all = futures_util::future::join_all((0..ASKED).map(|_| ask(&rig)));
    tokio::select! {
        all = all => assert!(all.iter().all(|(status, _)| *status == 502), "{all:?}"),
        never = met => never,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_without_its_close_notify_was_cut() {
    let acme = Authority::new();
    let server = acme.server(vec![acme.issue("erp", &["127.0.0.1"])]);
    let acceptor = Acceptor::open(&server).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let backend = format!("http = \"https://127.0.0.1:{port}\"\ntls = {{ ca = \"ca.pem\" }}");
    let rig = start(acme, "", &backend).await;
    for cut in [false, true] {
        let origin = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap().stream;
            let mut asked = [0; 16];
            stream.read_exact(&mut asked).await.unwrap();
            // No length: the body ends with the connection.
            stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            if !cut {
                stream.shutdown().await.unwrap();
            }
        };
        let ((), answer) = tokio::join!(origin, asked(&rig));
        // The client sees the end of the last chunk only where it was the origin's.
        assert_eq!(answer.contains("\r\nhalf\r\n0\r\n\r\n"), !cut, "{answer:?}");
        assert!(!answer.contains("Content-Length"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_agreed_on_with_a_backend_that_speaks_it() {
    let acme = Authority::new();
    let server = acme.server(vec![acme.issue("erp", &["127.0.0.1"])]);
    let acceptor = Acceptor::open(&server).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let backend = format!(
        "http = \"https://127.0.0.1:{port}\"\nprotocol = \"h2\"\ntls = {{ ca = \"ca.pem\" }}"
    );
    let rig = start(acme, "", &backend).await;
    let origin = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let entered = acceptor.accept(stream).await.unwrap();
        assert_eq!(entered.protocol, Protocol::Http2);
        let mut connection = h2::server::handshake(entered.stream).await.unwrap();
        let (request, mut answer) = connection.accept().await.unwrap().unwrap();
        let asked = request.uri().to_string();
        let mut body = answer
            .send_response(http::Response::new(()), false)
            .unwrap();
        body.send_data(asked.into(), true).unwrap();
        while connection.accept().await.is_some() {}
    });
    let answer = asked(&rig).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("https://lots/lots/7"), "{answer}");
    drop(rig);
    origin.abort();
}

/// Answers each request with its target.
async fn targets(stream: gateway::tls::Stream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut answer))) = connection.accept().await {
        let asked = request.uri().to_string();
        let head = http::Response::builder().header("content-length", asked.len());
        let head = head.body(()).unwrap();
        let mut body = answer.send_response(head, false).unwrap();
        body.send_data(asked.into(), true).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spoken_is_agreed_on_and_what_only_http1_can_goes_over_that() {
    let acme = Authority::new();
    let server = acme.server(vec![acme.issue("erp", &["127.0.0.1"])]);
    let acceptor = Acceptor::open(&server).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let backend = |port: u16| {
        format!(
            "http = \"https://127.0.0.1:{port}\"\nprotocol = \"auto\"\ntls = {{ ca = \"ca.pem\" }}"
        )
    };
    let folder = acme.path("");
    let rig = start(acme, "", &backend(port)).await;
    let (tell, mut spoken) = mpsc::channel(16);
    let origin = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let entered = acceptor.accept(stream).await.unwrap();
            tell.send(entered.protocol).await.unwrap();
            match entered.protocol {
                Protocol::Http1 => tokio::spawn(echo(entered.stream)),
                Protocol::Http2 => tokio::spawn(targets(entered.stream)),
            };
        }
    });
    for _ in 0..2 {
        assert_eq!(ask(&rig).await, (200, "https://lots/lots/7".to_owned()));
    }
    assert_eq!(spoken.recv().await, Some(Protocol::Http2));
    assert!(spoken.try_recv().is_err(), "on one connection");
    // Its settings offer no WebSocket over HTTP/2.
    let mut stream = TcpStream::connect(rig.gateway.http()).await.unwrap();
    let request = b"GET /ws HTTP/1.1\r\nHost: lots\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.ends_with("GET /ws HTTP/1.1"), "{answer}");
    assert_eq!(spoken.recv().await, Some(Protocol::Http1));
    // A server that knows nothing of an agreement.
    let arguments = ["-cert", "erp.pem", "-key", "erp.key", "-www"];
    let Some((_server, port)) = s_server(&folder, &arguments).await else {
        return;
    };
    rig.change("", &backend(port));
    rig.metric(r#"figway_reloads_total{result="installed"} 1"#)
        .await;
    let (status, body) = ask(&rig).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("Cipher is TLS_AES"), "{body}");
    drop(rig);
    origin.abort();
}
