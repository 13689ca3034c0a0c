//! What routes do besides passing on: rewriting, answers of the gateway itself, closed hours, tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

use super::rig::rig_with;

#[tokio::test]
async fn heads_are_rewritten_on_the_way_there_and_back() {
    let routes = r#"
[[routes]]
name = "lot"
match = { method = "GET", path = "/lots/{lot}" }
request_headers = { remove = ["x-debug"] }
response_headers = { set = { x-lot = "{lot}" } }
legacy = { backend = "erp", path = "/cgi/{lot}/show", host = "erp.internal:8080", request_headers = { set = { x-lot = "lot {lot}" }, add = { x-debug = "ours" } }, response_headers = { remove = ["server"] } }
"#;
    let rig = rig_with("read", routes, "", "").await;
    let mut client = rig.client().await;
    client
        .send(
            "GET /lots/L%2F1?a=b HTTP/1.1\r\nHost: shop.example\r\nX-Debug: 1\r\nX-Lot: x\r\n\r\n",
        )
        .await;
    let mut origin = rig.origin.accept().await;
    let head = origin.head().await.to_lowercase();
    assert!(
        head.starts_with("get /cgi/l%2f1/show?a=b http/1.1\n"),
        "{head}"
    );
    for line in [
        "host: erp.internal:8080",
        "x-lot: lot l/1",
        "x-debug: ours",
        "x-forwarded-host: shop.example",
    ] {
        assert!(head.lines().any(|given| given == line), "{line} in {head}");
    }
    assert_eq!(head.matches("x-debug").count(), 1, "{head}");
    origin
        .send("HTTP/1.1 200 OK\r\nServer: old\r\nContent-Length: 2\r\n\r\nok")
        .await;
    let answer = client.until("ok").await.to_lowercase();
    assert!(answer.contains("x-lot: l/1\r\n"), "{answer}");
    assert!(!answer.contains("server"), "{answer}");
}

#[tokio::test]
async fn the_gateway_answers_itself() {
    let routes = r#"
[[routes]]
name = "moved"
match = { path = "/old/{*rest}" }
redirect = "https://new.example/{rest}"
[[routes]]
name = "robots"
match = { path = "/robots.txt" }
answer = { text = "none", headers = { cache-control = "no-store" } }
"#;
    let rig = rig_with("read", routes, "", "").await;
    let mut client = rig.client().await;
    client
        .send("GET /old/a%20b/c?d HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 308 "), "{head}");
    assert!(
        head.to_lowercase()
            .contains("location: https://new.example/a%20b/c?d"),
        "{head}"
    );
    for (method, body) in [("GET", "none"), ("HEAD", "")] {
        client
            .send(&format!("{method} /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n"))
            .await;
        let head = client.head().await.to_lowercase();
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(head.contains("cache-control: no-store"), "{head}");
        assert!(head.contains("content-length: 4"), "{head}");
        client.until(body).await;
    }
    rig.metric("route=\"robots\"").await;
}

#[tokio::test]
async fn a_closed_backend_is_not_asked_and_its_clients_hear_why() {
    let backend = r#"
[backends.shut]
http = "http://127.0.0.1:1"
calendar = "never"
[calendars.never]
open = ["daily"]
closed = ["2000-01-01..2999-12-31"]
"#;
    let routes = r#"
[[routes]]
name = "refused"
match = { path = "/a" }
legacy = "shut"
[[routes]]
name = "told"
match = { path = "/b" }
legacy = "shut"
when_closed = { answer = { status = 200, text = "CLOSED" } }
[[routes]]
name = "instead"
match = { method = "GET", path = "/c" }
legacy = "erp"
modern = "shut"
mode = "modern"
fallback = "legacy"
"#;
    let rig = rig_with("read", routes, backend, "").await;
    let mut client = rig.client().await;
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    client
        .until(r#""code":"legacy_closed","request_id":""#)
        .await;
    client.until("}").await;
    client.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    client.until("CLOSED").await;
    client.send("GET /c HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut origin = rig.origin.accept().await;
    origin.head().await;
    origin
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    client.until("ok").await;
}

/// A token of `sub`, signed with a key of the test.
fn token(sub: &str, key: &str) -> String {
    let claims = format!(r#"{{"sub":"{sub}","exp":4102444800}}"#);
    let message = format!(
        "{}.{}",
        BASE64.encode(r#"{"alg":"HS256"}"#),
        BASE64.encode(claims)
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
    let signature = BASE64.encode(ring::hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test]
async fn a_key_that_is_written_anew_counts_at_once() {
    let (old, new) = (
        "the first key of a test, 32 bytes",
        "the second key of a test, 32 byte",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, old).unwrap();
    let backend = format!("[tokens.sso]\nsecret = \"file:{}\"\n", path.display());
    let routes = r#"
[[routes]]
name = "anna"
match = { path = "/x", claims = { sub = "anna" } }
answer = { text = "anna" }
[[routes]]
name = "other"
match = { path = "/x" }
answer = { text = "nobody" }
"#;
    let rig = rig_with("read", routes, &backend, "").await;
    let mut client = rig.client().await;
    let mut ask = async |key: &str, answer: &str| {
        let token = token("anna", key);
        client
            .send(&format!(
                "GET /x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n"
            ))
            .await;
        client.head().await;
        client.until(answer).await;
    };
    ask(old, "anna").await;
    ask(new, "nobody").await;
    let fresh = folder.path().join("key.new");
    std::fs::write(&fresh, new).unwrap();
    std::fs::rename(fresh, &path).unwrap();
    rig.metric("figway_reloads_total{result=\"installed\"} 1")
        .await;
    ask(new, "anna").await;
    ask(old, "nobody").await;
}
