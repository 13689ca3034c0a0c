//! Clients that begin handshakes and do not end them.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::rig::{Origin, SOON, run, start};
use crate::testing::Authority;

/// The first bytes of a record that never comes.
const BEGUN: &[u8] = b"\x16\x03\x01\x02\x00";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_floods_with_handshakes_has_no_more_connections_than_any_other() {
    let acme = Authority::new();
    acme.issue("lots", &["lots.acme.test"]);
    let origin = Origin::start().await;
    let listen = r#"max_connections_per_client = 8
https = "127.0.0.1:0"
[[listen.certificates]]
certificate = "lots.pem"
key = "lots.key"
[listen.tls]
handshake_timeout = "10m"
"#;
    let rig = start(acme, listen, &origin.backend()).await;
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(rig.https()).await.unwrap();
        stream.write_all(BEGUN).await.ok();
        held.push(stream);
    }
    // Those beyond its share are closed at once, before a key is computed for them.
    rig.metric("figway_connections_refused_total 192").await;
    // When the rest is gone the client may come in again.
    drop(held);
    rig.metric("figway_connections 0").await;
    let url = format!("https://lots.acme.test:{}/lots/7", rig.https().port());
    let to = format!("lots.acme.test:{}:127.0.0.1", rig.https().port());
    let ca = rig.acme.path("ca.pem");
    let arguments = [
        "-sS",
        "--resolve",
        &to,
        "--cacert",
        ca.to_str().unwrap(),
        &url,
    ];
    let Some(output) = timeout(SOON, run("curl", &arguments, None)).await.unwrap() else {
        return;
    };
    assert_eq!(output.stdout, b"GET /lots/7 HTTP/1.1");
}
