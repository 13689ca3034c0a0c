//! Bodies that do not travel as they are, through a broker and a store, to a service and back.

use std::path::Path;

use bytes::BytesMut;
use futures_util::stream;
use http_body_util::StreamBody;
use payload::{Above, Config as Store, Encoding, Payloads};
use service::{Beyond, Large};

use super::*;
use crate::error::BodyFault;
use crate::message::PayloadError;

/// A gateway and a service that share a folder. Bodies of more than 64 KiB go there.
struct Shared {
    rig: Rig,
    folder: tempfile::TempDir,
}

fn policy() -> Policy {
    Policy {
        compress_above: Some(1 << 10),
        whole: 64 << 10,
        above: Above::Claim,
        most: 8 << 20,
    }
}

async fn shared() -> Shared {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = rig(BrokerConfig::default(), 10).await;
    rig.config.payload = Some(Box::new(Store::folder(folder.path())));
    let config = Config {
        payload: policy(),
        ..config(&rig.config, 10)
    };
    rig.backend = Service::open(config, &rig.metrics).unwrap();
    rig.ready().await;
    Shared { rig, folder }
}

impl Shared {
    /// Says a body again: what is given whole as it is, what is not by way of the store.
    fn serve(&self) {
        let mut config = ServiceConfig::new(self.rig.config.clone(), "lot.requests", "lots");
        let payloads = self.rig.config.payloads().unwrap().unwrap();
        config.payloads = Some(payloads.clone());
        config.large = Large {
            whole: 256 << 10,
            beyond: Beyond::Streamed,
        };
        config.replies = policy();
        let answer = move |request: service::Request| again(payloads.clone(), request);
        let service = service::Service::new(config, answer);
        let shutdown = Arc::clone(&self.rig.shutdown);
        tokio::spawn(async move { service.run(&shutdown).await });
    }

    /// Asks with a body whose length nobody knows.
    async fn ask(&self, body: Bytes) -> Result<(u16, Bytes), BackendError> {
        let mut ask = ask("", PATIENCE);
        ask.payload = trickle(&body);
        let response = self.rig.backend.call(ask).await?;
        let length = http_body::Body::size_hint(&response.payload)
            .exact()
            .unwrap();
        let body = response.payload.collect().await.unwrap().to_bytes();
        assert_eq!(u64::try_from(body.len()).unwrap(), length);
        Ok((response.parts.status.as_u16(), body))
    }
}

fn trickle(body: &Bytes) -> Payload {
    let parts: Vec<_> = body
        .chunks(10_000)
        .map(|part| Ok(http_body::Frame::data(Bytes::copy_from_slice(part))))
        .collect();
    Payload::Stream(Box::pin(StreamBody::new(stream::iter(parts))))
}

async fn again(payloads: Payloads, request: service::Request) -> Result<Answer, HandlerError> {
    let Some(large) = &request.large else {
        return Ok(Answer::new(200, "text/plain", request.body));
    };
    let mut reader = large.open().await?;
    let mut writer = payloads.writer(Encoding::Identity, u64::MAX).await?;
    while let Some(data) = reader.next().await? {
        writer.write(data).await?;
    }
    Ok(Answer::stored(201, "text/plain", writer.finish().await?))
}

fn text(length: usize) -> Bytes {
    let mut text = BytesMut::new();
    for line in 0..length / 10 {
        text.extend_from_slice(format!("{line:09}\n").as_bytes());
    }
    text.freeze()
}

fn objects(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let count = entries.map(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            // Notes of how long programs keep objects.
            true if path.ends_with("kept") => 0,
            true => objects(&path),
            false => 1,
        }
    });
    count.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_all_sizes_are_said_again() {
    let shared = shared().await;
    shared.serve();
    // As it is; compressed; stored and given whole; stored and streamed.
    let sizes = [(100, 200), (30_000, 200), (100_000, 200), (4_000_000, 201)];
    for (size, status) in sizes {
        let (said, body) = shared.ask(text(size)).await.unwrap();
        assert!((said, &body) == (status, &text(size)), "{size}");
    }
    // Two requests and their replies are in the store.
    assert_eq!(objects(shared.folder.path()), 4);
    shared.rig.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_or_breaks_off_leaves_nothing() {
    let shared = shared().await;
    let error = shared.ask(text(9_000_000)).await.unwrap_err();
    let limit = 8 << 20;
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::RequestBody(BodyFault::TooLarge { limit }), Sent::No)
    );
    let mut broken = ask("", PATIENCE);
    let parts = [
        Ok(http_body::Frame::data(text(200_000))),
        Err(PayloadError::broken("gone")),
    ];
    broken.payload = Payload::Stream(Box::pin(StreamBody::new(stream::iter(parts))));
    let error = shared.rig.backend.call(broken).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::RequestBody(BodyFault::Broken), Sent::No)
    );
    let mut late = ask("", Duration::from_millis(50));
    late.payload = Payload::Stream(Box::pin(StreamBody::new(stream::pending::<
        Result<http_body::Frame<Bytes>, PayloadError>,
    >())));
    let error = shared.rig.backend.call(late).await.unwrap_err();
    assert_eq!(error.kind(), Kind::RequestBody(BodyFault::Late));
    assert_eq!(objects(shared.folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_object_is_gone_is_a_dead_letter_and_not_another_body() {
    let shared = shared().await;
    let asked = shared.ask(text(100_000));
    let served = async {
        // Written, and nobody has read it yet.
        until(|| objects(shared.folder.path()) == 1 && shared.rig.backend.in_flight() == 1).await;
        let day = std::fs::read_dir(shared.folder.path()).unwrap();
        for entry in day {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        shared.serve();
    };
    let (asked, ()) = tokio::join!(asked, served);
    let (status, body) = asked.unwrap();
    assert_eq!(status, 500);
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("the object is not in the store"), "{body}");
    shared.rig.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_reply_ends_before_its_end() {
    let shared = shared().await;
    shared.serve();
    let mut ask = ask("", PATIENCE);
    ask.payload = trickle(&text(4_000_000));
    let response = shared.rig.backend.call(ask).await.unwrap();
    // The reply is the younger of the two.
    let mut files = Vec::new();
    let mut folders = vec![shared.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("kept") => {}
                true => folders.push(path),
                false => files.push((path.metadata().unwrap().modified().unwrap(), path)),
            }
        }
    }
    files.sort();
    let (_, reply) = files.pop().unwrap();
    let mut bytes = std::fs::read(&reply).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    // In its place: it is open.
    std::fs::write(&reply, bytes).unwrap();
    let mut body = response.payload;
    let mut came = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => came += frame.into_data().unwrap().len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, PayloadError::Broken(_)));
    assert!(came < 4_000_000);
    shared.rig.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_reads_no_forms_is_sent_bodies_as_they_are() {
    let mut rig = rig(BrokerConfig::default(), 10).await;
    rig.backend = Service::open(config(&rig.config, 10), &rig.metrics).unwrap();
    rig.ready().await;
    let body = "x".repeat(50_000);
    let record = rig
        .backend
        .record(&ask("", PATIENCE), Packed::plain(body.clone().into()), None);
    let names = record.headers.iter().map(|(name, _)| name.as_str());
    assert!(
        !names
            .into_iter()
            .any(|name| name.starts_with("figway-payload"))
    );
    assert_eq!(record.value, Some(body.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_still_stored_has_its_place_among_those_in_flight() {
    let mut shared = shared().await;
    let config = Config {
        payload: policy(),
        ..config(&shared.rig.config, 1)
    };
    shared.rig.backend = Service::open(config, &shared.rig.metrics).unwrap();
    shared.rig.ready().await;
    shared.serve();
    let (more, rest) = tokio::sync::mpsc::channel::<Bytes>(1);
    let mut first = ask("", PATIENCE);
    let frames = stream::unfold(rest, async |mut rest| {
        let data = rest.recv().await?;
        Some((Ok(http_body::Frame::data(data)), rest))
    });
    first.payload = Payload::Stream(Box::pin(StreamBody::new(frames)));
    let others = async {
        more.send(text(200_000)).await.unwrap();
        until(|| objects(shared.folder.path()) == 1).await;
        // Of another not a byte is taken.
        let second = shared.ask(text(200_000)).await.unwrap_err();
        assert_eq!((second.kind(), second.sent()), (Kind::Overloaded, Sent::No));
        assert_eq!(objects(shared.folder.path()), 1);
        drop(more);
    };
    let (first, ()) = tokio::join!(shared.rig.backend.call(first), others);
    assert_eq!(first.unwrap().parts.status, 200);
    // The place is free again.
    assert_eq!(shared.ask(text(100)).await.unwrap().0, 200);
    shared.rig.shutdown.begin();
}
