use std::sync::mpsc;

use http_body_util::{BodyExt, StreamBody};

use super::*;
use crate::mirror::Limits;

fn queue(body: usize, bytes: usize) -> Queue {
    Queue::new(Limits {
        jobs: 1,
        body,
        bytes,
    })
    .0
}

fn stream(chunks: &[&'static str]) -> Payload {
    let frames: Vec<_> = chunks
        .iter()
        .map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))))
        .collect();
    Payload::Stream(Box::pin(StreamBody::new(futures_util::stream::iter(
        frames,
    ))))
}

fn tapped(payload: Payload, queue: &Queue) -> (Payload, mpsc::Receiver<Copied>) {
    let (tell, told) = mpsc::sync_channel(1);
    let payload = tap_then(payload, queue, move |copied| {
        tell.try_send(copied).unwrap();
    });
    (payload, told)
}

#[tokio::test]
async fn a_stream_passes_whole_and_is_copied() {
    let queue = queue(100, 100);
    let (payload, told) = tapped(stream(&["ab", "cd"]), &queue);
    assert_eq!(payload.gather(100).await.unwrap().data, "abcd");
    let (copy, held) = told.try_recv().unwrap().unwrap();
    assert_eq!(copy.data, "abcd");
    assert_eq!(queue.hold(97).unwrap_err(), Dropped::BudgetSpent);
    drop(held);
    assert!(queue.hold(100).is_ok());
}

#[tokio::test]
async fn a_stream_over_a_bound_passes_whole_and_is_not_copied() {
    for (queue, why) in [
        (queue(3, 100), Dropped::TooLarge),
        (queue(100, 3), Dropped::BudgetSpent),
    ] {
        let (payload, told) = tapped(stream(&["ab", "cd", "e"]), &queue);
        assert_eq!(payload.gather(100).await.unwrap().data, "abcde");
        assert_eq!(told.try_recv().unwrap().unwrap_err(), why);
        assert!(queue.hold(3).is_ok(), "the budget is given back");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_half_way_is_not_copied() {
    let queue = queue(100, 100);
    let (mut payload, told) = tapped(stream(&["ab", "cd"]), &queue);
    assert!(payload.frame().await.is_some());
    assert!(told.try_recv().is_err());
    drop(payload);
    assert_eq!(told.try_recv().unwrap().unwrap_err(), Dropped::Incomplete);
}

#[tokio::test]
async fn a_request_that_was_never_read_has_no_copy() {
    let queue = queue(100, 100);
    let (payload, copying) = tap(stream(&["ab"]), &queue);
    assert_eq!(copying.take().unwrap_err(), Dropped::Incomplete);
    payload.gather(10).await.unwrap();
    assert_eq!(copying.take().unwrap().0.data, "ab");
}
