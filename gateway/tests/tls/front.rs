//! Clients of others, in front.

use crate::rig::{Origin, Rig, run, start};
use crate::testing::Authority;

const LISTEN: &str = r#"https = "127.0.0.1:0"
[[listen.certificates]]
certificate = "lots.pem"
key = "lots.key"
"#;

async fn lots(more: &str) -> (Rig, Origin) {
    let acme = Authority::new();
    acme.issue("lots", &["lots.acme.test"]);
    acme.issue("teller", &["teller.acme.test"]);
    let origin = Origin::start().await;
    let rig = start(acme, &format!("{LISTEN}{more}"), &origin.backend()).await;
    (rig, origin)
}

/// What curl shows of `/lots/7` and the version it was answered in; or why it did not come to that.
async fn curl(rig: &Rig, arguments: &[&str]) -> Option<Result<String, String>> {
    let port = rig.https().port();
    let url = format!("https://lots.acme.test:{port}/lots/7");
    let to = format!("lots.acme.test:{port}:127.0.0.1");
    let ca = rig.acme.path("ca.pem");
    let mut all = vec!["-sS", "--max-time", "10", "--resolve", &to];
    all.extend(["--cacert", ca.to_str().unwrap()]);
    all.extend(["-w", " by %{http_version}"]);
    all.extend(arguments);
    all.push(&url);
    let output = run("curl", &all, None).await?;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some(if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_is_answered_in_both_versions() {
    let (rig, _origin) = lots("").await;
    for (version, answered) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let Some(answer) = curl(&rig, &[version]).await else {
            return;
        };
        let answer = answer.unwrap();
        assert_eq!(answer, format!("GET /lots/7 HTTP/1.1 by {answered}"));
    }
    // It trusts nobody else.
    let other = Authority::new();
    let ca = other.path("ca.pem");
    let refused = curl(&rig, &["--cacert", ca.to_str().unwrap()])
        .await
        .unwrap();
    let refused = refused.unwrap_err();
    assert!(refused.starts_with("curl: ("), "{refused}");
    assert!(
        rig.metrics()
            .contains(r#"figway_tls_handshakes_total{result="done"} 2"#)
    );
    rig.metric(r#"figway_tls_handshakes_total{result="refused"} 1"#)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_shows_its_certificate() {
    let (rig, _origin) =
        lots("[listen.tls]\nclient_certificates = \"required\"\nclient_ca = \"ca.pem\"\n").await;
    let [certificate, key] = ["teller.pem", "teller.key"].map(|file| rig.acme.path(file));
    let mine = [
        "--cert",
        certificate.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
    ];
    for version in ["1.2", "1.3"] {
        let only = ["--tls-max", version];
        let Some(answer) = curl(&rig, &[only.as_slice(), &mine].concat()).await else {
            return;
        };
        assert_eq!(answer.unwrap(), "GET /lots/7 HTTP/1.1 by 2");
        let refused = curl(&rig, &only).await.unwrap().unwrap_err();
        assert!(refused.contains("alert"), "{refused}");
    }
    rig.metric(r#"figway_tls_handshakes_total{result="client_certificate"} 2"#)
        .await;
}

/// What the operator guide says that rustls does not speak, asked for by OpenSSL.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_refused_and_counted() {
    let (rig, _origin) = lots("").await;
    let to = rig.https().to_string();
    let ca = rig.acme.path("ca.pem");
    let s_client = async |arguments: &[&str]| {
        let all = ["s_client", "-connect", &to, "-CAfile", ca.to_str().unwrap()];
        let quiet = ["-verify_return_error", "-servername", "lots.acme.test"];
        run(
            "openssl",
            &[all.as_slice(), &quiet, arguments].concat(),
            Some(""),
        )
        .await
    };
    for accepted in [
        ["-tls1_3"].as_slice(),
        &["-tls1_2"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
        &["-groups", "P-256"],
    ] {
        let Some(output) = s_client(accepted).await else {
            return;
        };
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            told.contains("Verify return code: 0 (ok)"),
            "{accepted:?}: {told}"
        );
    }
    let old = "ALL:@SECLEVEL=0";
    for refused in [
        ["-tls1", "-cipher", old].as_slice(),
        &["-tls1_1", "-cipher", old],
        // A key exchange without forward secrecy; DHE; and CBC with its padding.
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"],
        &["-groups", "P-521"],
    ] {
        let output = s_client(refused).await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{refused:?} was accepted");
        assert!(told.contains("alert"), "{refused:?}: {told}");
    }
    rig.metric(r#"figway_tls_handshakes_total{result="incompatible"} 7"#)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_stays_beside_it() {
    let (rig, _origin) = lots("").await;
    let plain = format!("http://{}/lots/7", rig.gateway.http());
    let Some(output) = run("curl", &["-sS", &plain], None).await else {
        return;
    };
    assert_eq!(output.stdout, b"GET /lots/7 HTTP/1.1");
    // Plain text on the port of TLS is told so.
    let wrong = format!("http://{}/lots/7", rig.https());
    let output = run("curl", &["-sS", "-w", "%{http_code}", &wrong], None)
        .await
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        told,
        "This port speaks TLS: the address begins with https\n400"
    );
}
