//! Balancers in front that say who their client is.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::rig::{Origin, Rig, rest, run, start};
use crate::testing::Authority;

const REQUEST: &str = "GET /lots/7 HTTP/1.1\r\nHost: lots\r\nConnection: close\r\n\r\n";

async fn trusting(networks: &str) -> (Rig, Origin) {
    let acme = Authority::new();
    acme.issue("lots", &["lots.acme.test"]);
    let origin = Origin::start().await;
    let listen = format!(
        r#"proxy_protocol = [{networks}]
https = "127.0.0.1:0"
[[listen.certificates]]
certificate = "lots.pem"
key = "lots.key"
"#
    );
    let rig = start(acme, &listen, &origin.backend()).await;
    (rig, origin)
}

async fn say(rig: &Rig, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(rig.gateway.http()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    rest(&mut stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_balancer_must_say_who_its_client_is() {
    let (rig, _origin) = trusting(r#""10.0.0.0/8", "127.0.0.1""#).await;
    let line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
    let answer = say(&rig, format!("{line}{REQUEST}").as_bytes()).await;
    assert!(answer.ends_with("GET /lots/7 HTTP/1.1"), "{answer}");
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0".to_vec();
    binary.extend(REQUEST.as_bytes());
    let answer = say(&rig, &binary).await;
    assert!(answer.ends_with("GET /lots/7 HTTP/1.1"), "{answer}");
    for untold in [
        REQUEST.to_owned(),
        format!("PROXY TCP4 1.1.1.1\r\n{REQUEST}"),
    ] {
        assert_eq!(say(&rig, untold.as_bytes()).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_trusted_cannot_say_it() {
    let (rig, _origin) = trusting(r#""10.0.0.0/8""#).await;
    let answer = say(&rig, REQUEST.as_bytes()).await;
    assert!(answer.ends_with("GET /lots/7 HTTP/1.1"), "{answer}");
    let line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
    let answer = say(&rig, format!("{line}{REQUEST}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_before_tls() {
    let (rig, _origin) = trusting(r#""127.0.0.0/8""#).await;
    let port = rig.https().port();
    let url = format!("https://lots.acme.test:{port}/lots/7");
    let to = format!("lots.acme.test:{port}:127.0.0.1");
    let ca = rig.acme.path("ca.pem");
    let arguments = [
        "-sS",
        "--resolve",
        &to,
        "--cacert",
        ca.to_str().unwrap(),
        &url,
    ];
    let told = ["--haproxy-protocol"];
    let Some(output) = run("curl", &[told.as_slice(), &arguments].concat(), None).await else {
        return;
    };
    assert_eq!(output.stdout, b"GET /lots/7 HTTP/1.1");
    let output = run("curl", &arguments, None).await.unwrap();
    assert!(!output.status.success());
}
