//! A route whose service is written on Spring for Apache Kafka, by script: a plain consumer that holds a request's headers to the bytes that Spring itself
//! wrote, and answers with those of Spring's own reply.

use std::time::Duration;

use broker::{Broker, BrokerConfig};
use kafka::{KafkaConfig, TopicSpec, Topics};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};
use tests::gateway::client::{Got, ask};
use tests::gateway::rig::{PATIENCE, Rig};

/// What Spring wrote; see the file.
const RECORDED: &str = include_str!("../../examples/spring/headers.txt");
const CORRELATION: &str = "kafka_correlationId";

type Fields = Vec<(String, Vec<u8>)>;

/// The headers recorded under that title.
fn recorded(title: &str) -> Fields {
    let begins = format!("# {title}: ");
    let lines = RECORDED
        .lines()
        .skip_while(|line| !line.starts_with(&begins));
    let fields: Fields = lines
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (name, hex) = line.split_once(' ').unwrap();
            let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
            (
                name.to_owned(),
                hex.as_bytes().chunks(2).map(byte).collect(),
            )
        })
        .collect();
    assert!(!fields.is_empty(), "nothing is recorded as {title}");
    fields
}

fn routes(bootstrap: &str, more: &str) -> String {
    format!(
        r#"
[kafka]
bootstrap = "{bootstrap}"
[backends.gone]
http = "http://127.0.0.1:1"
[backends.lots.kafka]
requests = "lot.requests"
replies = "figway.replies"
headers = "spring"
{more}
[[routes]]
name = "post"
mode = "modern"
back_sync = "none"
match = {{ method = "POST", path = "/lots/{{lot}}" }}
legacy = "gone"
modern = "lots"
canary_key = {{ path = "lot" }}
"#
    )
}

/// Reads one request, with nothing of ours, and answers it: the reply's headers are the recorded ones, its correlation id the request's.
fn listen_once(bootstrap: &str, reply: &Fields) -> Fields {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "listener");
    let (consumer, producer): (BaseConsumer, BaseProducer) =
        (config.create().unwrap(), config.create().unwrap());
    let mut place = TopicPartitionList::new();
    place
        .add_partition_offset("lot.requests", 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&place).unwrap();
    let request = std::iter::repeat_with(|| consumer.poll(PATIENCE))
        .flatten()
        .next();
    let request = request.unwrap().unwrap();
    assert_eq!(request.key(), Some(&b"L1"[..]));
    assert_eq!(request.payload(), Some(&b"{}"[..]));
    let headers = request.headers().unwrap();
    let fields: Fields = headers
        .iter()
        .map(|header| (header.key.to_owned(), header.value.unwrap().to_vec()))
        .collect();
    let value = |name: &str| &fields.iter().find(|(known, _)| known == name).unwrap().1;
    let mut answer = OwnedHeaders::new();
    for (name, recorded) in reply {
        let value = if name == CORRELATION {
            value(CORRELATION)
        } else {
            recorded
        };
        answer = answer.insert(Header {
            key: name,
            value: Some(value),
        });
    }
    let topic = String::from_utf8(value("kafka_replyTopic").clone()).unwrap();
    let partition = i32::from_be_bytes(value("kafka_replyPartition")[..].try_into().unwrap());
    let record = BaseRecord::<(), str>::to(&topic)
        .partition(partition)
        .payload("{\"rc\":4}")
        .headers(answer);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    fields
}

/// A request through a whole gateway: what the client got, and the headers that the listener saw.
async fn asked(more: &str, reply: &str) -> (Got, Fields) {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let kafka = KafkaConfig::at(broker.bootstrap());
    let requests = TopicSpec::new("lot.requests", Some(1));
    Topics::new(&kafka).ensure(&[requests]).await.unwrap();
    let rig = Rig::start(&routes(&broker.bootstrap(), more))
        .await
        .unwrap();
    let (bootstrap, reply) = (broker.bootstrap(), recorded(reply));
    let listening = tokio::task::spawn_blocking(move || listen_once(&bootstrap, &reply));
    let asking = async {
        loop {
            let got = ask(rig.address(), "POST", "/lots/L1", &[], "{}")
                .await
                .unwrap();
            // Until replies have a partition nothing is sent.
            if got.status != 503 {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let got = tokio::time::timeout(PATIENCE, asking).await.unwrap();
    (got, listening.await.unwrap())
}

/// The three headers of Spring come first, as it writes them; what differs from request to request is as long as recorded.
fn check(seen: &Fields, title: &str) {
    let wanted = recorded(title);
    for ((name, value), (wanted, bytes)) in seen.iter().zip(&wanted) {
        assert_eq!(name, wanted);
        match &**name {
            "kafka_replyTopic" => assert_eq!(value, bytes),
            _ => assert_eq!(value.len(), bytes.len(), "{name}"),
        }
    }
    let beside: Vec<_> = seen.iter().skip(3).map(|(name, _)| &**name).collect();
    let ours = [
        "figway-request-id",
        "figway-deadline",
        "figway-route",
        "figway-effect",
        "figway-method",
        "figway-path",
    ];
    assert_eq!(beside, ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_spring_is_asked_in_its_own_headers_and_its_reply_is_the_answer() {
    let (got, seen) = asked("", "reply of a text").await;
    check(&seen, "request, as it is");
    assert_eq!((got.status, &*got.text()), (200, "{\"rc\":4}"));
    assert_eq!(got.headers.get("content-type"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_of_a_message_says_status_and_type() {
    let more = "correlation = \"text\"\nheader_names = { status = \"http_statusCode\" }";
    let (got, seen) = asked(more, "reply of a message with headers").await;
    check(&seen, "request, binaryCorrelation=false");
    assert_eq!((got.status, &*got.text()), (404, "{\"rc\":4}"));
    assert_eq!(got.headers["content-type"], "application/json");
}
