use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;
use crate::config::{Order, Retries};
use crate::handler::HandlerError;
use crate::message::{Reply, Request};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn echo(request: Request) -> Result<Reply, HandlerError> {
    let event = Outgoing::new("events", request.key, Some(request.body.clone()));
    Ok(Reply::json(200, request.body).event(event))
}

#[tokio::test(start_paused = true)]
async fn replies_events_duplicates_shadows_and_expired_requests_are_told_apart() {
    let mut kit = TestKit::new(echo);
    let first = Ask::new("one").key("k");
    let done = kit.ask(first.clone()).await;
    assert_eq!((done.status(), done.body()), (Some(200), &b"one"[..]));
    assert_eq!(done.events[0].value.as_deref(), Some(&b"one"[..]));
    kit.restart().await.unwrap();
    let again = kit.ask(Ask::new("other").id(first.id)).await;
    assert!(again.duplicate && again.events.is_empty());
    assert_eq!(again.body(), b"one");
    let shadow = kit.ask(Ask::new("two").shadow()).await;
    assert!(shadow.status() == Some(200) && shadow.events.is_empty());
    let late = kit.ask(Ask::new("late").expired()).await;
    assert!(late.expired && late.reply.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_never_ready_ends_as_a_dead_letter() {
    let tries = AtomicU32::new(0);
    let handler = move |_: Request| {
        let tried = tries.fetch_add(1, Ordering::Relaxed);
        async move {
            Err::<Reply, _>(HandlerError::retry(
                Duration::from_secs(1),
                format!("try {tried}"),
            ))
        }
    };
    let mut kit = TestKit::with(handler, |config| config.retry_for = Duration::from_secs(10));
    let done = kit.ask(Ask::new("x")).await;
    let dead = done.dead_letter.unwrap();
    assert_eq!((&*dead.kind, &*dead.reason), ("retried", "try 10"));
    assert_eq!(kit.counts().get(Count::Retried), 10);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_given_up() {
    let handler = async |_: Request| {
        std::future::pending::<()>().await;
        Ok::<Reply, HandlerError>(Reply::json(200, ""))
    };
    let mut kit = TestKit::new(handler);
    let done = kit.ask(Ask::new("x")).await;
    assert_eq!(
        (done.status(), &*done.dead_letter.unwrap().kind),
        (Some(504), "timeout")
    );
}

#[tokio::test(start_paused = true)]
async fn requests_of_other_keys_overtake_one_that_takes_long() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&order);
    let handler = move |request: Request| {
        let noted = Arc::clone(&noted);
        async move {
            if request.body == "slow" {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            noted.lock().unwrap().push(request.body.clone());
            echo(request).await
        }
    };
    let mut kit = TestKit::with(handler, |config| config.order = Order::Key { at_once: 8 });
    let asks = [("a", "slow"), ("b", "quick"), ("a", "behind")];
    let asks = asks.map(|(key, body)| Ask::new(body).key(key)).to_vec();
    let done = kit.ask_all(asks).await;
    // Handled side by side, committed in order.
    assert_eq!(*order.lock().unwrap(), ["quick", "slow", "behind"]);
    let bodies: Vec<_> = done.iter().map(Outcome::body).collect();
    assert_eq!(bodies, [&b"slow"[..], b"quick", b"behind"]);
}

#[tokio::test(start_paused = true)]
async fn a_trace_goes_from_the_request_to_the_handler_and_its_events() {
    let handler = async |request: Request| {
        let given = request.trace.clone().expect("it has a trace");
        let mut own = Outgoing::new("events", None, None);
        own.headers
            .push(("traceparent".to_owned(), Bytes::from("theirs")));
        let reply = echo(request).await?;
        Ok::<_, HandlerError>(Reply {
            body: given.traceparent().into(),
            ..reply.event(own)
        })
    };
    let mut kit = TestKit::new(handler);
    let ask = Ask::new("x")
        .header("traceparent", TRACE)
        .header("tracestate", "a=1");
    let done = kit.ask(ask).await;
    let said = done.body();
    assert!(said.starts_with(&TRACE.as_bytes()[..36]) && said != TRACE.as_bytes());
    // The event is of the handler's span; one that has a trace of its own keeps it.
    assert_eq!(header(&done.events[0], "traceparent"), Some(said));
    assert_eq!(header(&done.events[0], "tracestate"), Some(&b"a=1"[..]));
    assert_eq!(header(&done.events[1], "traceparent"), Some(&b"theirs"[..]));
}

fn parked_retries(config: &mut ServiceConfig) {
    config.order = Order::Key { at_once: 8 };
    config.retries = Retries::Topics {
        delays: vec![Duration::from_secs(1), Duration::from_secs(10)],
        most: 100,
    };
}

#[tokio::test(start_paused = true)]
async fn a_parked_request_goes_from_topic_to_topic_and_ends_as_a_dead_letter() {
    let handler =
        async |_: Request| Err::<Reply, _>(HandlerError::retry(Duration::ZERO, "not yet"));
    let mut kit = TestKit::with(handler, parked_retries);
    let begun = Instant::now();
    let done = kit.ask(Ask::new("x").key("k")).await;
    let dead = done.dead_letter.unwrap();
    assert_eq!((&*dead.kind, &*dead.reason), ("retried", "not yet"));
    let topics: Vec<_> = done.parked.iter().map(|record| &*record.topic).collect();
    assert_eq!(topics, ["requests.retry.1", "requests.retry.2"]);
    let attempts = done
        .parked
        .iter()
        .map(|record| header(record, "retry_topic-attempts"));
    assert_eq!(
        attempts.collect::<Vec<_>>(),
        [Some(&[0, 0, 0, 2][..]), Some(&[0, 0, 0, 3])]
    );
    for record in &done.parked {
        assert_eq!(
            header(record, "retry_topic-backoff-timestamp")
                .unwrap()
                .len(),
            6
        );
        assert_eq!(header(record, "figway-retry-offset"), Some(&b"0"[..]));
    }
    assert!(begun.elapsed() >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_a_parked_request_of_its_key_follows_it_and_others_go_on() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&order);
    let handler = move |request: Request| {
        let tried = noted
            .lock()
            .unwrap()
            .iter()
            .filter(|it| **it == request.body)
            .count();
        noted.lock().unwrap().push(request.body.clone());
        async move {
            match (&request.body[..], tried) {
                (b"later", 0) => Err(HandlerError::retry(Duration::ZERO, "not yet")),
                _ => echo(request).await,
            }
        }
    };
    let mut kit = TestKit::with(handler, parked_retries);
    let asks = [("a", "later"), ("b", "other"), ("a", "behind")];
    let asks = asks.map(|(key, body)| Ask::new(body).key(key)).to_vec();
    let done = kit.ask_all(asks).await;
    assert_eq!(
        *order.lock().unwrap(),
        ["later", "other", "later", "behind"]
    );
    let parked: Vec<_> = done.iter().map(|outcome| outcome.parked.len()).collect();
    assert_eq!(parked, [1, 0, 1]);
    // Parked behind another it was not tried.
    assert_eq!(
        header(&done[2].parked[0], "retry_topic-attempts"),
        Some(&[0, 0, 0, 1][..])
    );
    assert!(done.iter().all(|outcome| outcome.status() == Some(200)));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_that_long_is_told_at_once() {
    let handler =
        async |_: Request| Err::<Reply, _>(HandlerError::retry(Duration::ZERO, "not yet"));
    let mut kit = TestKit::with(handler, parked_retries);
    let soon = (now_ms() + 500).to_string();
    let done = kit.ask(Ask::new("x").header("figway-deadline", soon)).await;
    assert_eq!((done.status(), done.parked.len()), (Some(503), 0));
}

#[tokio::test(start_paused = true)]
async fn another_request_under_an_id_that_was_answered_is_refused() {
    let mut kit = TestKit::new(echo);
    let print = |ask: Ask, print: u8| ask.header(kafka::reply::FINGERPRINT, vec![print; 16]);
    let first = print(Ask::new("one").key("k"), 1);
    let done = kit.ask(first.clone()).await;
    assert_eq!((done.status(), done.body()), (Some(200), &b"one"[..]));
    // Also after a restart, from what is stored.
    kit.restart().await.unwrap();
    let other = kit.ask(print(Ask::new("two").id(first.id), 2)).await;
    assert_eq!(other.status(), Some(422));
    assert!(!other.duplicate && other.events.is_empty() && other.dead_letter.is_none());
    let reply = other.reply.unwrap();
    let mismatch = (
        kafka::reply::MISMATCH.to_owned(),
        Bytes::from_static(b"true"),
    );
    assert!(reply.headers.contains(&mismatch));
    assert_eq!(kit.counts().get(Count::Mismatch), 1);
    // The first is still known, to who says what it was and to who says nothing.
    for again in [first.clone(), Ask::new("one").id(first.id)] {
        let again = kit.ask(again).await;
        assert!(again.duplicate);
        assert_eq!(again.body(), b"one");
    }
}
