//! What a process counts; alone in its process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use payload::{Config, Count, Encoding, Form, METRICS, Payloads};

async fn store(payloads: &Payloads, encoding: Encoding, length: usize) -> Form {
    let mut writer = payloads.writer(encoding, 5_000).await.unwrap();
    writer.write(Bytes::from(vec![7; length])).await.unwrap();
    writer.finish().await.unwrap()
}

/// All of them, in the order of the table.
fn counted() -> Vec<u64> {
    let counts = METRICS.iter().flat_map(|metric| metric.counts);
    counts.map(|(_, count)| count.get()).collect()
}

#[tokio::test]
async fn what_is_written_read_swept_and_what_fails_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(&Config::folder(folder.path())).unwrap();
    assert_eq!(counted(), [0; 8]);
    let first = store(&payloads, Encoding::Identity, 1_000).await;
    let second = store(&payloads, Encoding::Zstd, 3_000).await;
    assert_eq!(counted(), [2, 0, 0, 4_000, 0, 0, 0, 0]);
    let reader = payloads.open_object(&second).await.unwrap();
    // Not before its end.
    assert_eq!(Count::Read.get(), 0);
    assert_eq!(reader.whole(5_000).await.unwrap().len(), 3_000);
    assert_eq!(counted(), [2, 1, 0, 4_000, 3_000, 0, 0, 0]);
    // A body that is too large is not the store's fault.
    let mut writer = payloads.writer(Encoding::Identity, 10).await.unwrap();
    writer.write(Bytes::from(vec![7; 11])).await.unwrap_err();
    drop(writer);
    let later = Timestamp::now() + Duration::from_secs(10 * 86_400);
    assert_eq!(payloads.sweep(later).await.unwrap(), 2);
    payloads.open_object(&first).await.unwrap_err();
    assert_eq!(counted(), [2, 1, 2, 4_000, 3_000, 0, 1, 0]);
    // A folder that is none any more.
    let at = folder.path().join("kept");
    std::fs::remove_dir_all(&at).unwrap();
    std::fs::write(&at, "in the way").unwrap();
    payloads.sweep(later).await.unwrap_err();
    std::fs::remove_dir_all(folder.path().join("tmp")).unwrap();
    std::fs::write(folder.path().join("tmp"), "in the way").unwrap();
    payloads.writer(Encoding::Identity, 10).await.unwrap_err();
    assert_eq!(counted(), [2, 1, 2, 4_000, 3_000, 1, 1, 1]);
}
