//! Certificates that change under a running gateway.

use gateway::tls::{Connector, Offer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::rig::{Origin, Rig, rest, start};
use crate::testing::Authority;

const LISTEN: &str = r#"https = "127.0.0.1:0"
[[listen.certificates]]
certificate = "lots.pem"
key = "lots.key"
"#;

/// Asks `/lots/7` with TLS, trusting the authority of `acme`; the body, or why not.
async fn ask(rig: &Rig, acme: &Authority) -> Result<String, String> {
    let connector = Connector::default();
    connector.install(&acme.client()).unwrap();
    let stream = TcpStream::connect(rig.https()).await.unwrap();
    let connected = connector
        .connect(stream, "lots.acme.test", Offer::Http1)
        .await;
    let (mut stream, _) = connected.map_err(|error| error.to_string())?;
    let request = b"GET /lots/7 HTTP/1.1\r\nHost: lots\r\nConnection: close\r\n\r\n";
    stream
        .write_all(request)
        .await
        .map_err(|error| error.to_string())?;
    let answer = rest(&mut stream).await;
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    body.ok_or(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let (acme, next) = (Authority::new(), Authority::new());
    acme.issue("lots", &["lots.acme.test"]);
    next.issue("lots", &["lots.acme.test"]);
    let origin = Origin::start().await;
    let rig = start(acme, LISTEN, &origin.backend()).await;
    assert_eq!(ask(&rig, &rig.acme).await.unwrap(), "GET /lots/7 HTTP/1.1");
    assert!(ask(&rig, &next).await.is_err());
    let copy = |name: &str| {
        // As renewals do: beside it, then in its place.
        let fresh = rig.acme.path("fresh");
        std::fs::copy(next.path(name), &fresh).unwrap();
        std::fs::rename(fresh, rig.acme.path(name)).unwrap();
    };
    // Half of it does not fit, and changes nothing.
    copy("lots.pem");
    rig.metric(r#"figway_certificate_reloads_total{result="refused"} 1"#)
        .await;
    assert_eq!(ask(&rig, &rig.acme).await.unwrap(), "GET /lots/7 HTTP/1.1");
    copy("lots.key");
    rig.metric(r#"figway_certificate_reloads_total{result="installed"} 1"#)
        .await;
    assert_eq!(ask(&rig, &next).await.unwrap(), "GET /lots/7 HTTP/1.1");
    assert!(ask(&rig, &rig.acme).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_takes_up_how_clients_are_met() {
    let acme = Authority::new();
    acme.issue("lots", &["lots.acme.test"]);
    let origin = Origin::start().await;
    let rig = start(acme, LISTEN, &origin.backend()).await;
    assert!(ask(&rig, &rig.acme).await.is_ok());
    let asked = format!(
        "{LISTEN}[listen.tls]\nclient_certificates = \"required\"\nclient_ca = \"ca.pem\"\n"
    );
    rig.change(&asked, &origin.backend());
    rig.metric(r#"figway_reloads_total{result="installed"} 1"#)
        .await;
    assert!(ask(&rig, &rig.acme).await.is_err());
    // With a file that is not there, everything stays.
    let missing = asked.replace("ca.pem", "none.pem");
    rig.change(&missing, &origin.backend());
    rig.metric(r#"figway_reloads_total{result="refused"} 1"#)
        .await;
    assert!(ask(&rig, &rig.acme).await.is_err());
    rig.change(LISTEN, &origin.backend());
    rig.metric(r#"figway_reloads_total{result="installed"} 2"#)
        .await;
    assert!(ask(&rig, &rig.acme).await.is_ok());
}
