//! Routes that want something of the body: taken, passed over, refused, and what becomes of the body meanwhile.

use super::rig::{Line, Rig, rig_at};

const ROUTES: &str = r#"
[copybooks.LOT]
file = "COPYBOOK"
code_page = "cp037"
[backends.one]
http = "ORIGIN"
[[routes]]
name = "json"
match = { method = "POST", path = "/lots", body = { json = { "/action" = "book", "/lines/0/qty" = "1.0" }, on_undecodable = "next", max = "100 B" } }
answer = { text = "json" }
[[routes]]
name = "xml"
match = { method = "POST", path = "/lots", body = { xml = { "/s:Envelope/s:Body/l:Book/@kind" = { prefix = "u" } }, namespaces = { s = "http://schemas.xmlsoap.org/soap/envelope/", l = "urn:lots" }, on_undecodable = "next" } }
answer = { text = "xml" }
[[routes]]
name = "form"
match = { method = "PUT", path = "/lots", body = { form = { "/action" = { regex = "b.*" }, "/undo" = { present = false } } } }
answer = { text = "form" }
[[routes]]
name = "record"
match = { path = "/cics", body = { record = "LOT", fields = { AMOUNT = "-12.50", STATE = "H" } } }
answer = { text = "record" }
[[routes]]
name = "strict"
match = { path = "/strict", body = { json = { "/a" = { present = true } }, max = "20 B" } }
answer = { text = "strict" }
[[routes]]
name = "rest"
match = { path = "/{*rest}" }
effect = "write"
legacy = "one"
"#;

const LOT: &str = "       01  LOT.
           05  LOT-ID            PIC X(3).
           05  STATE             PIC X.
           05  AMOUNT            PIC S9(3)V99 COMP-3.
";

async fn rig() -> (tempfile::TempDir, Rig) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lot.cpy");
    std::fs::write(&path, LOT).unwrap();
    let routes = ROUTES.replace("COPYBOOK", path.to_str().unwrap());
    let rig = rig_at("2026-11-22T12:00:00Z", &routes).await;
    (folder, rig)
}

async fn ask(client: &mut Line, head: &str, body: &[u8]) {
    let length = body.len();
    let head = format!("{head} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
    client.send_bytes(&[head.as_bytes(), body].concat()).await;
}

#[tokio::test]
async fn each_kind_of_body_finds_its_route() {
    let (_folder, rig) = rig().await;
    let mut client = rig.client().await;
    let json = br#"{"lines":[{"qty":1}],"action":"book"}"#;
    let xml = b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><Book xmlns='urn:lots' kind='urgent'/></e:Body></e:Envelope>";
    let record = b"\xD3\xF1\x40\xC8\x01\x25\x0D";
    for (head, body, route) in [
        ("POST /lots", &json[..], "json"),
        ("POST /lots", &xml[..], "xml"),
        ("PUT /lots", b"x=1&action=b%6Fok", "form"),
        ("POST /cics", record, "record"),
        ("POST /strict", br#"{"a":0}"#, "strict"),
    ] {
        ask(&mut client, head, body).await;
        let told = client.until(route).await;
        assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    }
}

#[tokio::test]
async fn another_body_goes_on_whole_to_the_next_route() {
    let (_folder, rig) = rig().await;
    let mut client = rig.client().await;
    let mut origin = None;
    for body in [
        r#"{"action":"undo"}"#.to_owned(),
        r#"{"action":"book","lines":[{"qty":2}]}"#.to_owned(),
        // What is undecodable or too large is the next one's, as the routes say.
        "neither JSON nor XML".to_owned(),
        String::new(),
        format!(
            r#"{{"action":"book","lines":[{{"qty":1}}],"text":"{}"}}"#,
            "x".repeat(5000)
        ),
    ] {
        ask(&mut client, "POST /lots", body.as_bytes()).await;
        let mut line = match origin.take() {
            Some(line) => line,
            None => rig.origin.accept().await,
        };
        line.until(&format!("\r\n\r\n{body}")).await;
        line.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nrest")
            .await;
        client.until("rest").await;
        origin = Some(line);
    }
}

#[tokio::test]
async fn what_a_strict_route_cannot_read_is_refused() {
    let (_folder, rig) = rig().await;
    for (path, body, status, reason) in [
        ("/strict", &br#"{"a":1,"b":"SECRET"#[..], "400", "not JSON"),
        (
            "/strict",
            br#"{"a":1,"a":2}"#,
            "400",
            "a member stands there twice",
        ),
        ("/strict", br#"{"a":1,"b":"SECRET   "}"#, "413", "20 bytes"),
        ("/cics", b"SECRET", "400", "AMOUNT does not decode"),
    ] {
        let mut client = rig.client().await;
        ask(&mut client, &format!("POST {path}"), body).await;
        let told = client.until("}").await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{told}");
        assert!(told.contains(reason) && !told.contains("SECRET"), "{told}");
    }
}
