//! What clients get, and what is kept of a request, whatever is wrong with it: one golden.

use std::fmt::Write as _;

use ::http::HeaderValue;

use super::*;
use crate::error::{GatewayError, rescue};
use crate::route::Side;
use crate::route::shape::{ErrorBody, ErrorForm};

/// A service that says no in each way there is.
fn serve(rig: &Rig) {
    let mut config = ServiceConfig::new(rig.config.clone(), "lot.requests", "lots");
    config.handle_for = Duration::from_millis(400);
    let answer = async |request: service::Request| {
        let json = request.content_type.as_deref() == Some("application/json");
        match &request.body[..] {
            _ if !json => Err(HandlerError::Reject {
                reason: "wanted application/json".to_owned(),
                reply: Some(Answer::new(415, "text/plain", "wanted application/json")),
            }),
            b"poisoned" => Err(HandlerError::reject("no such lot")),
            b"slow" => std::future::pending().await,
            _ => Ok(Answer::json(200, "{\"rc\":0}")),
        }
    };
    let service = service::Service::new(config, answer);
    let shutdown = Arc::clone(&rig.shutdown);
    tokio::spawn(async move { service.run(&shutdown).await });
}

/// As the client gets it: once as a problem, once in a form of its own.
async fn seen(rig: &Rig, what: &str, ask: impl Fn() -> Box<Ask>, told: &mut String) {
    let own = ErrorForm::Own {
        status: Some(StatusCode::OK),
        content_type: HeaderValue::from_static("text/plain"),
        body: ErrorBody::Text("RC=16 {code} {reason}".to_owned()),
    };
    writeln!(told, "{what}").unwrap();
    for form in [ErrorForm::Problem, own] {
        let asked = ask();
        let id = asked.id;
        let answer = crate::backend::call(&rig.backend, asked).await;
        let passed_on = answer.is_ok();
        let response = answer.unwrap_or_else(|error| {
            let error = GatewayError::of(Side::Modern, error);
            rescue(&error, &form, id)
        });
        let status = response.parts.status.as_u16();
        let headers = &response.parts.headers;
        let media = headers
            .get("content-type")
            .map_or("-", |value| value.to_str().unwrap())
            .to_owned();
        let body = text(response).await.replace(&id.to_string(), "ID");
        writeln!(told, "  {status} {media} {body}").unwrap();
        if passed_on {
            break; // The service's own words.
        }
    }
}

/// What came to the topic of dead letters since, without what differs each time.
async fn dead_letters(rig: &Rig, before: usize, told: &mut String) -> usize {
    let letters = Reader::new(&rig.config)
        .read("lot.requests.dlq", Isolation::Committed)
        .await
        .unwrap();
    let mut letters = letters;
    letters.sort_by_key(|letter| letter.timestamp_ms);
    for letter in &letters[before.min(letters.len())..] {
        let value = letter.value.as_deref().unwrap_or_default();
        write!(told, "  dead letter {:?}", String::from_utf8_lossy(value)).unwrap();
        for (name, value) in &letter.headers {
            if matches!(
                &**name,
                "figway-dlq-kind" | "figway-dlq-reason" | "figway-dlq-topic"
            ) {
                write!(told, ", {name}: {}", String::from_utf8_lossy(value)).unwrap();
            }
        }
        told.push('\n');
    }
    letters.len()
}

/// A record that no gateway of ours would write; the reply to it, which no gateway waits for.
async fn by_hand(rig: &Rig, what: &str, headers: &[(&str, &[u8])], told: &mut String) {
    let at_first = Reader::new(&rig.config)
        .read("figway.replies", Isolation::Committed)
        .await
        .unwrap();
    let mut record = Outgoing::new("lot.requests", Some("L1".into()), Some("by hand".into()));
    let put = |(name, value): (&str, &[u8])| (name.to_owned(), Bytes::copy_from_slice(value));
    let base: [(&str, &[u8]); 3] = [
        ("content-type", b"application/json"),
        ("figway-reply-topic", b"figway.replies"),
        ("figway-reply-partition", &[0, 0, 0, 0]),
    ];
    record.headers = base
        .into_iter()
        .chain(headers.iter().copied())
        .map(put)
        .collect();
    let sent = rig.backend.producer.send(record).await.unwrap();
    // One more behind it, in the same partition, tells when it was seen to.
    let mut behind = ask("behind", PATIENCE);
    behind.key = Some(Bytes::from_static(b"L1"));
    rig.backend.call(behind).await.unwrap();
    assert!(sent.offset >= 0);
    let replies = Reader::new(&rig.config)
        .read("figway.replies", Isolation::Committed)
        .await
        .unwrap();
    writeln!(told, "{what}").unwrap();
    let mut others: Vec<_> = replies
        .iter()
        .filter(|reply| !at_first.contains(reply))
        .filter(|reply| reply.value.as_deref() != Some(b"{\"rc\":0}"))
        .collect();
    others.dedup();
    for reply in others {
        let status = reply.header(name::STATUS).unwrap_or_default();
        let value = reply.value.as_deref().unwrap_or_default();
        let (status, value) = (
            String::from_utf8_lossy(status),
            String::from_utf8_lossy(value),
        );
        writeln!(told, "  reply {status} {value}").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_dead_letters_of_all_that_can_be_wrong() {
    let mut rig = rig(BrokerConfig::default(), 10).await;
    let mut small = config(&rig.config, 10);
    small.kafka.max_message = 1 << 20;
    rig.backend = Service::open(small, &rig.metrics).unwrap();
    rig.ready().await;
    serve(&rig);
    let mut told = String::new();
    let mut letters = 0;
    let with = |body: &'static str| move || ask(body, PATIENCE);
    seen(&rig, "answered", with("hello"), &mut told).await;
    letters = dead_letters(&rig, letters, &mut told).await;
    let large: &'static str = "x".repeat(2 << 20).leak();
    seen(&rig, "oversized", with(large), &mut told).await;
    letters = dead_letters(&rig, letters, &mut told).await;
    seen(
        &rig,
        "wrong type",
        || {
            let mut ask = ask("{}", PATIENCE);
            let html = HeaderValue::from_static("text/html");
            ask.parts.headers.insert("content-type", html);
            ask
        },
        &mut told,
    )
    .await;
    letters = dead_letters(&rig, letters, &mut told).await;
    seen(&rig, "poisoned", with("poisoned"), &mut told).await;
    letters = dead_letters(&rig, letters, &mut told).await;
    seen(&rig, "not handled in time", with("slow"), &mut told).await;
    letters = dead_letters(&rig, letters, &mut told).await;
    seen(
        &rig,
        "expired",
        || ask("slow", Duration::from_millis(300)),
        &mut told,
    )
    .await;
    letters = dead_letters(&rig, letters, &mut told).await;

    by_hand(
        &rig,
        "expired before it was read",
        &[("figway-deadline", b"1000")],
        &mut told,
    )
    .await;
    letters = dead_letters(&rig, letters, &mut told).await;
    by_hand(
        &rig,
        "undecodable",
        &[("figway-request-id", b"5")],
        &mut told,
    )
    .await;
    letters = dead_letters(&rig, letters, &mut told).await;
    let elsewhere = [("figway-reply-topic", &b"lot.requests"[..])];
    by_hand(&rig, "a reply topic that is none", &elsewhere, &mut told).await;
    letters = dead_letters(&rig, letters, &mut told).await;
    let nowhere = [("figway-reply-topic", &b"no.such.replies"[..])];
    by_hand(&rig, "no reply topic", &nowhere, &mut told).await;
    letters = dead_letters(&rig, letters, &mut told).await;

    // A reply that nobody asked for harms nobody.
    let late = rig.metrics.late_replies().get();
    for (what, id) in [("unknown", vec![7; 16]), ("no id at all", b"?".to_vec())] {
        let mut reply = Outgoing::new("figway.replies", None, Some("{}".into()));
        reply.partition = Some(0);
        reply.headers = vec![(name::CORRELATION_ID.to_owned(), Bytes::from(id))];
        rig.backend.producer.send(reply).await.unwrap();
        seen(
            &rig,
            &format!("after a reply whose correlation id is {what}"),
            with("hello"),
            &mut told,
        )
        .await;
    }
    assert_eq!(rig.metrics.late_replies().get(), late);
    dead_letters(&rig, letters, &mut told).await;
    insta::assert_snapshot!(told);
    rig.shutdown.begin();
}
