use http::header::HeaderName;

use super::*;
use crate::evidence::{Failed, FellBack};
use crate::message::{Interim, Payload, Peer};
use crate::mode::Mode;
use crate::route::{Effect, Side};

fn request(fields: &[(&str, &[u8])]) -> Request {
    let mut builder = http::Request::builder()
        .method("POST")
        .uri("/lots/B2201?pin=4711");
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        builder = builder.header(name, HeaderValue::from_bytes(value).unwrap());
    }
    Request {
        id: Uuid::nil(),
        parts: builder.body(()).unwrap().into_parts().0,
        payload: Payload::Empty,
        received: Instant::now(),
        peer: Some(Arc::new(Peer {
            address: "[::ffff:10.1.2.3]:5000".parse().unwrap(),
            local: "127.0.0.1:80".parse().unwrap(),
            tls: None,
        })),
        spelling: h1::Spelling::default(),
        interim: Interim::default(),
    }
}

fn outcome(status: StatusCode) -> Outcome {
    Outcome {
        request_id: Uuid::nil(),
        route: Some("lots".into()),
        group: Some("lots".into()),
        mode: Some(Mode::Modern),
        effect: Some(Effect::Write),
        answered: Some(Side::Modern),
        status,
        error: None,
        fell_back: FellBack::No,
        failed: Failed::default(),
        mirror: None,
        took: Duration::from_micros(1500),
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn log(&self, format: Format, query: Query) -> Arc<AccessLog> {
        let spec = Spec {
            place: Place::File(self.0.path().join("access.log")),
            format,
            query,
        };
        Arc::new(AccessLog::open(spec, Counter::default()).unwrap())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

fn folder() -> Folder {
    Folder(tempfile::tempdir().unwrap())
}

const FIELDS: &[(&str, &[u8])] = &[
    ("host", b"erp.example"),
    ("user-agent", b"old \"thing\"\\ \xe9\xe8"),
    ("referer", b"http://a/b?c=d"),
    ("authorization", b"Bearer s3cret"),
];

/// Without what is different each time.
fn settled(line: &str) -> String {
    let mut object: serde_json::Map<_, _> = serde_json::from_str(line).unwrap();
    let time = object.shift_remove("time").unwrap();
    assert_eq!(
        time.as_str().unwrap().len(),
        "2026-11-22T01:46:40.123Z".len()
    );
    assert!(object.shift_remove("total_ms").unwrap().is_f64());
    serde_json::to_string(&object).unwrap()
}

#[tokio::test]
async fn a_line_says_who_asked_what_and_how_it_ended() {
    let folder = folder();
    let log = folder.log(Format::Json, Query::Hidden);
    let mut entry = log.begin(&request(FIELDS));
    entry.answered(outcome(StatusCode::CREATED));
    drop(Payload::bytes("12345").watched(entry));
    // The client went away before there was an answer.
    let mut entry = log.begin(&request(&[]));
    entry.knows("203.0.113.7".parse().ok(), Uuid::from_u128(1), None);
    drop(entry);
    // And one that was being asked for.
    let mut entry = log.begin(&request(&[]));
    entry.left(Left {
        route: "lots".into(),
        group: "stock".into(),
        mode: Mode::Shadow,
        asked: Some(Side::Legacy),
    });
    drop(entry);
    log.flush();
    let text = folder.read("access.log");
    let lines: Vec<_> = text.lines().map(settled).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"client":"10.1.2.3","method":"POST","host":"erp.example","target":"/lots/B2201","protocol":"HTTP/1.1","status":201,"bytes":5,"first_ms":1.5,"route":"lots","group":"lots","mode":"modern","answered":"modern","request_id":"00000000-0000-0000-0000-000000000000","referer":"http://a/b","agent":"old \"thing\"\\ éè"}
    {"client":"203.0.113.7","method":"POST","target":"/lots/B2201","protocol":"HTTP/1.1","status":499,"bytes":0,"cut":true,"request_id":"00000000-0000-0000-0000-000000000001"}
    {"client":"10.1.2.3","method":"POST","target":"/lots/B2201","protocol":"HTTP/1.1","status":499,"bytes":0,"cut":true,"route":"lots","group":"stock","mode":"shadow","asked":"legacy","request_id":"00000000-0000-0000-0000-000000000000"}
    "#);
    assert!(!text.contains("4711") && !text.contains("s3cret"));
}

#[tokio::test]
async fn the_combined_format_is_one_that_others_read() {
    let folder = folder();
    let log = folder.log(Format::Combined, Query::Written);
    let mut entry = log.begin(&request(FIELDS));
    entry.head.at = std::time::UNIX_EPOCH + Duration::from_secs(1_795_312_000);
    entry.answered(outcome(StatusCode::OK));
    drop(Payload::bytes("12345").watched(entry));
    log.flush();
    insta::assert_snapshot!(folder.read("access.log"), @r#"10.1.2.3 - - [22/Nov/2026:01:46:40 +0000] "POST /lots/B2201?pin=4711 HTTP/1.1" 200 5 "http://a/b?c=d" "old \"thing\"\\ \xe9\xe8""#);
}

#[tokio::test]
async fn a_host_that_stands_in_the_target_is_written_too() {
    let folder = folder();
    let log = folder.log(Format::Json, Query::Hidden);
    let mut request = request(&[]);
    request.parts.uri = "http://erp.example:81/lots".parse().unwrap();
    drop(log.begin(&request));
    log.flush();
    let text = folder.read("access.log");
    let wanted = r#""host":"erp.example:81","target":"/lots""#;
    assert!(text.contains(wanted), "{text}");
}

#[tokio::test]
async fn numbers_are_written_as_they_are() {
    let folder = folder();
    let log = folder.log(Format::Json, Query::Hidden);
    let mut entry = log.begin(&request(&[]));
    entry.head.at = std::time::UNIX_EPOCH + Duration::from_millis(951_782_400_007);
    entry.knows("2001:db8::7".parse().ok(), Uuid::from_u128(1), None);
    let percent = 5.try_into().unwrap();
    entry.answered(Outcome {
        mode: Some(Mode::Canary { percent }),
        took: Duration::from_micros(61_000_042),
        ..outcome(StatusCode::OK)
    });
    entry.passed(1 << 40);
    drop(entry);
    log.flush();
    let text = folder.read("access.log");
    for wanted in [
        r#"{"time":"2000-02-29T00:00:00.007Z","client":"2001:db8::7","#,
        r#","status":200,"bytes":1099511627776,"first_ms":61000.042,"total_ms":0."#,
        r#","mode":"canary 5 %","answered":"modern","#,
    ] {
        assert!(text.contains(wanted), "wanted {wanted} in {text}");
    }
}

/// Who has all of it is given the answer.
#[tokio::test]
async fn the_secret_of_an_address_of_an_outcome_is_not_written() {
    let folder = folder();
    let log = folder.log(Format::Json, Query::Written);
    let address = crate::outcome::ticket::text(Uuid::from_u128(7), 0xABCD_EF01_2345_6789);
    let mut request = request(&[]);
    request.parts.uri = format!("/figway/outcomes/{address}?x=1").parse().unwrap();
    drop(log.begin(&request));
    log.flush();
    let text = folder.read("access.log");
    let wanted = r#""target":"/figway/outcomes/00000000000000000000000000000007""#;
    assert!(text.contains(wanted), "{text}");
}

#[tokio::test]
async fn what_could_not_be_read_leaves_a_line_with_what_is_known() {
    for (format, wanted) in [
        (
            Format::Json,
            r#""client":"10.1.2.3","status":408,"bytes":5,"first_ms":1.500,"#,
        ),
        (Format::Combined, r#" +0000] "-" 408 5 "-" "-""#),
    ] {
        let folder = folder();
        let log = folder.log(format, Query::Hidden);
        let peer = request(&[]).peer.unwrap();
        let mut entry = log.begin_unread(&peer, Instant::now(), Uuid::nil());
        entry.answered(Outcome {
            route: None,
            group: None,
            mode: None,
            effect: None,
            answered: None,
            error: Some("head_late"),
            ..outcome(StatusCode::REQUEST_TIMEOUT)
        });
        drop(Payload::bytes("12345").watched(entry));
        log.flush();
        let text = folder.read("access.log");
        assert!(text.contains(wanted), "wanted {wanted} in {text}");
    }
}

#[tokio::test]
async fn a_file_that_was_renamed_is_left_for_a_new_one() {
    let folder = folder();
    let log = folder.log(Format::Combined, Query::Hidden);
    drop(log.begin(&request(&[])));
    let path = folder.0.path();
    std::fs::rename(path.join("access.log"), path.join("access.log.1")).unwrap();
    drop(log.begin(&request(&[])));
    log.reopen().unwrap();
    drop(log.begin(&request(&[])));
    log.flush();
    assert_eq!(folder.read("access.log.1").lines().count(), 2);
    assert_eq!(folder.read("access.log").lines().count(), 1);
    // Where it cannot be opened, the old one is written on.
    std::fs::remove_file(path.join("access.log")).unwrap();
    std::fs::create_dir(path.join("access.log")).unwrap();
    assert!(log.reopen().is_err());
}

#[tokio::test]
async fn lines_that_find_no_room_are_counted() {
    let dropped = Counter::default();
    let spec = Spec {
        place: Place::File("/dev/full".into()),
        format: Format::Json,
        query: Query::Hidden,
    };
    let log = Arc::new(AccessLog::open(spec, dropped.clone()).unwrap());
    drop(log.begin(&request(&[])));
    log.flush();
    // Whoever wrote it, the flush or the thread: there was no room on the disk.
    while dropped.get() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(dropped.get(), 1);
}
