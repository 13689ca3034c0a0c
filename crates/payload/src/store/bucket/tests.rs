//! The form for S3 against a server of a few lines that answers as S3 does; what is common to all against memory.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::{AUTHORIZATION, ETAG, LAST_MODIFIED};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use object_store::memory::InMemory;
use tokio::net::TcpListener;

use super::*;
use crate::store::{Download as AnyDownload, Store, Upload as AnyUpload};

const WEEK: Age = Age::For(Duration::from_secs(7 * 86_400));

#[derive(Default)]
struct S3 {
    objects: BTreeMap<String, Bytes>,
    parts: BTreeMap<u32, Bytes>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<S3>>;

/// Answers as Amazon's API reference says; without a signature nothing.
async fn answer(
    s3: Shared,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut s3 = s3.lock().unwrap_or_else(PoisonError::into_inner);
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let has = |name: &str| {
        let mut pairs = query.split('&');
        pairs.find_map(|pair| match pair.split_once('=') {
            Some((found, value)) => (found == name).then(|| value.to_owned()),
            None => (pair == name).then(String::new),
        })
    };
    let kind = ["uploads", "partNumber", "uploadId", "list-type", "delete"];
    let kind = kind.iter().find(|kind| has(kind).is_some()).unwrap_or(&"");
    s3.asked.push(format!("{} {kind}", head.method));
    let reply = |status: StatusCode, body: String| {
        let response = Response::builder()
            .status(status)
            .header(ETAG, "\"tag\"")
            .header(LAST_MODIFIED, "Mon, 23 Nov 2026 00:00:00 GMT");
        Ok(response.body(Full::from(body)).unwrap())
    };
    let signed = head.headers.get(AUTHORIZATION);
    if !signed.is_some_and(|signed| signed.as_bytes().starts_with(b"AWS4-HMAC-SHA256 ")) {
        return reply(StatusCode::FORBIDDEN, String::new());
    }
    match (&head.method, *kind) {
        (&Method::PUT, "") => {
            s3.objects.insert(path, body);
            reply(StatusCode::OK, String::new())
        }
        (&Method::POST, "uploads") => reply(
            StatusCode::OK,
            "<InitiateMultipartUploadResult><Bucket>scans</Bucket><Key>k</Key><UploadId>7</UploadId></InitiateMultipartUploadResult>".to_owned(),
        ),
        (&Method::PUT, "partNumber") => {
            s3.parts.insert(has("partNumber").unwrap().parse().unwrap(), body);
            reply(StatusCode::OK, String::new())
        }
        (&Method::POST, "uploadId") => {
            let parts = std::mem::take(&mut s3.parts);
            let whole: Vec<u8> = parts.into_values().flatten().collect();
            s3.objects.insert(path, whole.into());
            reply(
                StatusCode::OK,
                "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>".to_owned(),
            )
        }
        (&Method::DELETE, "uploadId") => {
            s3.parts.clear();
            reply(StatusCode::NO_CONTENT, String::new())
        }
        (&Method::GET, "") => match s3.objects.get(&path) {
            Some(object) => {
                let response = Response::builder()
                    .header(ETAG, "\"tag\"")
                    .header(LAST_MODIFIED, "Mon, 23 Nov 2026 00:00:00 GMT");
                Ok(response.body(Full::new(object.clone())).unwrap())
            }
            None => reply(
                StatusCode::NOT_FOUND,
                "<Error><Code>NoSuchKey</Code></Error>".to_owned(),
            ),
        },
        other => panic!("nobody asks that: {other:?}"),
    }
}

async fn server() -> (Shared, String) {
    let s3 = Shared::default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = Arc::clone(&s3);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let s3 = Arc::clone(&serving);
            let service = service_fn(move |request| answer(Arc::clone(&s3), request));
            let serving = hyper::server::conn::http1::Builder::new();
            tokio::spawn(serving.serve_connection(TokioIo::new(stream), service));
        }
    });
    (s3, address)
}

fn sample(length: usize) -> Bytes {
    (0..length)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

async fn written(store: &Store, length: usize) -> ObjectName {
    let name = ObjectName::new(WEEK, Timestamp::now()).unwrap();
    let mut upload: AnyUpload = store.create(&name).await.unwrap();
    for piece in sample(length).chunks(300_000) {
        upload.write(&Bytes::copy_from_slice(piece)).await.unwrap();
    }
    upload.finish().await.unwrap();
    name
}

async fn read(store: &Store, name: &ObjectName) -> Result<Bytes, Error> {
    let mut download: AnyDownload = store.open(name).await?;
    let mut all = BytesMut::new();
    while let Some(data) = download.next().await? {
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_to_s3_as_a_whole_or_in_parts_and_come_back() {
    let (s3, endpoint) = server().await;
    let options = [
        ("aws_access_key_id", "key"),
        ("aws_secret_access_key", "secret"),
        ("aws_region", "eu-west-1"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let bucket = Bucket::with("s3://scans/figway", Some(&endpoint), options.to_vec()).unwrap();
    let store = Store::Bucket(bucket);
    for length in [0, 1_000, PART + 1_000_000, 2 * PART + 100_000] {
        let name = written(&store, length).await;
        assert!(
            read(&store, &name).await.unwrap() == sample(length),
            "{length}"
        );
        let at = format!("/scans/figway/{name}");
        assert!(s3.lock().unwrap().objects.contains_key(&at));
    }
    let asked = s3.lock().unwrap().asked.clone();
    let times = |what: &str| asked.iter().filter(|asked| *asked == what).count();
    // Two as a whole; two in two and three parts.
    assert_eq!((times("PUT "), times("POST uploads")), (2, 2));
    assert_eq!((times("PUT partNumber"), times("POST uploadId")), (5, 2));
    let gone = ObjectName::new(WEEK, Timestamp::now()).unwrap();
    let error = read(&store, &gone).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_no_object() {
    let (s3, endpoint) = server().await;
    let options = [
        ("aws_access_key_id", "key"),
        ("aws_secret_access_key", "secret"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let store = Bucket::with("s3://scans", Some(&endpoint), options.to_vec()).unwrap();
    let store = Store::Bucket(store);
    let name = ObjectName::new(WEEK, Timestamp::now()).unwrap();
    let mut upload = store.create(&name).await.unwrap();
    upload.write(&sample(PART + 1)).await.unwrap();
    assert_eq!(s3.lock().unwrap().parts.len(), 1);
    drop(upload);
    let gone = async {
        while !s3.lock().unwrap().parts.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), gone).await;
    waited.expect("the parts are removed");
    assert_eq!(s3.lock().unwrap().objects.len(), 0);
}

#[tokio::test]
async fn days_are_swept_and_what_is_not_ours_is_left() {
    let memory = Arc::new(InMemory::new());
    let store = Store::Bucket(Bucket {
        store: Arc::clone(&memory) as Arc<dyn ObjectStore>,
        prefix: Path::from("figway"),
    });
    for _ in 0..3 {
        written(&store, 10).await;
    }
    let other = Path::from("figway/other/thing");
    memory
        .put(&other, PutPayload::from_static(b"x"))
        .await
        .unwrap();
    let now = Timestamp::now();
    assert_eq!(store.sweep(WEEK, now).await.unwrap(), 0);
    let later = now + Duration::from_secs(9 * 86_400);
    // By the day that they say, whoever sweeps.
    assert_eq!(store.sweep(Age::Forever, later).await.unwrap(), 3);
    let left: Vec<_> = memory.list(None).try_collect().await.unwrap();
    let left = left.iter().map(|about| about.location.as_ref());
    let left: Vec<_> = left.collect();
    assert_eq!(
        left,
        [
            "figway/kept/604800",
            "figway/kept/forever",
            "figway/other/thing"
        ]
    );
}

#[tokio::test]
async fn a_program_that_was_told_less_removes_nothing_that_others_keep_in_a_bucket() {
    let store = Store::Bucket(Bucket {
        store: Arc::new(InMemory::new()),
        prefix: Path::from("figway"),
    });
    let now = Timestamp::now();
    let month = Age::For(Duration::from_secs(30 * 86_400));
    let unsaid = ObjectName::parse("20261123/5f/5f0123456789abcdef0123456789abcd").unwrap();
    let forever = ObjectName::new(Age::Forever, now).unwrap();
    for name in [&unsaid, &forever] {
        let mut upload = store.create(name).await.unwrap();
        upload.write(&sample(10)).await.unwrap();
        upload.finish().await.unwrap();
    }
    // Whoever keeps its own for a month has been here.
    let day = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
    assert_eq!(store.sweep(month, day("2026-11-24")).await.unwrap(), 0);
    assert_eq!(store.sweep(WEEK, day("2026-12-23")).await.unwrap(), 0);
    assert_eq!(store.sweep(WEEK, day("2026-12-24")).await.unwrap(), 1);
    assert_eq!(store.sweep(WEEK, day("2099-01-01")).await.unwrap(), 0);
    assert_eq!(read(&store, &forever).await.unwrap(), sample(10));
}

#[test]
fn an_address_is_one_of_the_three_clouds() {
    for (address, fits) in [
        ("s3://scans/figway", true),
        ("gs://scans", true),
        ("az://scans/figway", false), // needs an account
        ("ftp://scans", false),
        ("scans", false),
    ] {
        let found = Bucket::with(address, None, Vec::new());
        assert_eq!(found.is_ok(), fits, "{address} {found:?}");
    }
}
