//! Apache Kafka met with TLS and SASL: each way that `[kafka.tls]` and `[kafka.sasl]` know, by each kind of client that we make,
//! and what is said where it does not work.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use kafka::{
    Follow, Follower, GroupConsumer, GroupEvent, Isolation, KafkaConfig, Kind, Outgoing, Producer,
    Reader, StartAt, Subscription, TopicSpec, Topics, TransactionalProducer,
};

/// Longer than a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `kafka.sh` has left.
struct Secure {
    folder: PathBuf,
    addresses: BTreeMap<String, String>,
    secrets: tempfile::TempDir,
}

impl Secure {
    fn find() -> Self {
        let directory =
            env::var("FIGWAY_KAFKA_DIRECTORY").expect("FIGWAY_KAFKA_DIRECTORY names no directory");
        let folder = PathBuf::from(directory).join("secure");
        let text = fs::read_to_string(folder.join("addresses")).unwrap();
        let addresses = text.lines().filter_map(|line| line.split_once(' '));
        Self {
            addresses: addresses
                .map(|(name, address)| (name.to_owned(), address.to_owned()))
                .collect(),
            folder,
            secrets: tempfile::tempdir().unwrap(),
        }
    }

    /// A reference to a file with that in it.
    fn secret(&self, name: &str, text: &str) -> String {
        let path = self.secrets.path().join(name);
        fs::write(&path, text).unwrap();
        format!("file:{}", path.display())
    }

    /// `[kafka]` for that listener, with more tables, as a configuration has it.
    fn config(&self, listener: &str, tables: &serde_json::Value) -> KafkaConfig {
        let mut json = serde_json::json!({"bootstrap": self.addresses[listener], "timeout": "20s"});
        json.as_object_mut()
            .unwrap()
            .extend(tables.as_object().unwrap().clone());
        let mut config: KafkaConfig = serde_json::from_value(json).unwrap();
        config.relative_to(&self.folder);
        assert_eq!(config.faults(), [] as [String; 0]);
        config
    }

    fn login(&self, mechanism: &str, password: &str) -> serde_json::Value {
        serde_json::json!({
            "mechanism": mechanism, "username": "figway", "password": self.secret("password", password), "allow_plaintext": true,
        })
    }

    fn bearer(&self, ends_in: i64) -> serde_json::Value {
        serde_json::json!({
            "mechanism": "OAUTHBEARER", "token": self.secret("token", &token(ends_in)), "allow_plaintext": true,
        })
    }
}

/// What Kafka's validator for development takes: claims, and no signature (RFC 7515 appendix A.5).
fn token(ends_in: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!(
        "{}.{}.",
        part(serde_json::json!({"alg": "none"})),
        part(serde_json::json!({"sub": "figway", "iat": now - 1, "exp": now + ends_in}))
    )
}

/// Kafka is not restarted by another test meanwhile.
fn on_kafka<F: Future<Output = ()>>(test: impl FnOnce(Secure) -> F) {
    let _running = crate::broker::running();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(test(Secure::find()));
}

/// Every kind of client that we make does what it is for.
async fn round(config: &KafkaConfig, topic: &str) -> anyhow::Result<String> {
    // Another each time, also on a Kafka that was not started anew.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let topic = &format!("{topic}.{}", now.as_nanos());
    let spec = TopicSpec::data(topic, Some(1), config);
    Topics::new(config)
        .ensure(&[spec])
        .await
        .context("topics")?;
    let record = |value: &'static str| {
        Outgoing::new(
            topic.as_str(),
            Some(Bytes::from_static(b"k")),
            Some(Bytes::from_static(value.as_bytes())),
        )
    };
    let producer = Producer::open(config, PATIENCE)?;
    producer.send(record("one")).await.context("a producer")?;
    let mut transactions =
        TransactionalProducer::open(config, &format!("{topic}.writer"), PATIENCE)
            .await
            .context("a transactional producer")?;
    let last = record("two");
    transactions
        .commit(Vec::new(), move |_| last)
        .await
        .context("a transaction")?;
    let read = Reader::new(config)
        .read(topic, Isolation::Committed)
        .await
        .context("a reader")?;
    let values: Vec<_> = read
        .iter()
        .filter_map(|record| record.value.as_deref())
        .collect();
    ensure!(values == [b"one", b"two"], "read {read:?}");

    let mut follower = Follower::start(config, Follow::committed(topic))?;
    let mut followed = 0;
    while followed < 2 {
        followed += tokio::time::timeout(PATIENCE, follower.next())
            .await??
            .records
            .len();
    }
    let mut member = GroupConsumer::join(
        config,
        &Subscription {
            topic: topic.to_owned(),
            group: format!("{topic}.group"),
            instance: None,
            start: StartAt::Committed,
        },
    )?;
    let mut taken = 0;
    while taken < 2 {
        if let GroupEvent::Records(records) =
            tokio::time::timeout(PATIENCE, member.next()).await??
        {
            taken += records.len();
        }
    }
    Ok(topic.clone())
}

#[test]
fn a_broker_is_met_in_each_way() {
    on_kafka(met);
}

async fn met(secure: Secure) {
    let ca = serde_json::json!({"ca": "ca.pem"});
    let pair =
        serde_json::json!({"ca": "ca.pem", "certificate": "client.crt", "key": "client.key"});
    let ways = [
        ("mutual-tls", "mtls", serde_json::json!({"tls": pair})),
        (
            "one-file",
            "mtls",
            serde_json::json!({"tls": {"ca": "ca.pem", "certificate": "client.pem"}}),
        ),
        (
            "plain",
            "sasl_tls",
            serde_json::json!({"tls": ca, "sasl": secure.login("PLAIN", "plain-secret")}),
        ),
        (
            "bearer",
            "sasl_tls",
            serde_json::json!({"tls": ca, "sasl": secure.bearer(600)}),
        ),
        (
            "bearer-readable",
            "sasl_plain",
            serde_json::json!({"sasl": secure.bearer(600)}),
        ),
    ];
    for (name, listener, tables) in ways {
        let config = secure.config(listener, &tables);
        round(&config, &format!("secure.{name}"))
            .await
            .context(name)
            .unwrap();
    }
    // The password differs from that of PLAIN, and is in the same file.
    for (name, listener, mechanism) in [
        ("scram-256", "sasl_tls", "SCRAM-SHA-256"),
        ("scram-512", "sasl_tls", "SCRAM-SHA-512"),
        ("scram-readable", "sasl_plain", "SCRAM-SHA-512"),
    ] {
        let mut tables = serde_json::json!({"sasl": secure.login(mechanism, "scram-secret")});
        if listener == "sasl_tls" {
            tables["tls"] = ca.clone();
        }
        let config = secure.config(listener, &tables);
        round(&config, &format!("secure.{name}"))
            .await
            .context(name)
            .unwrap();
    }
}

/// What making a topic there says.
async fn refused(config: &KafkaConfig) -> anyhow::Result<kafka::Error> {
    let spec = TopicSpec::data("secure.refused", Some(1), config);
    match Topics::new(config).ensure(&[spec]).await {
        Ok(()) => bail!("the broker took us"),
        Err(error) => Ok(error),
    }
}

#[test]
fn a_broker_that_does_not_take_us_or_is_not_the_right_one_is_told_with_its_reason() {
    on_kafka(refused_for_reasons);
}

async fn refused_for_reasons(secure: Secure) {
    let stranger = serde_json::json!({"ca": "stranger.pem", "certificate": "client.pem"});
    let cases = [
        (
            "mtls",
            serde_json::json!({"tls": stranger}),
            "certificate verify failed",
        ),
        ("mtls", serde_json::json!({"tls": {"ca": "ca.pem"}}), "SSL"),
        (
            "sasl_tls",
            serde_json::json!({"tls": {"ca": "ca.pem"}, "sasl": secure.login("SCRAM-SHA-512", "wrong")}),
            "Authentication failed",
        ),
        (
            "sasl_plain",
            serde_json::json!({"tls": {"ca": "ca.pem"}}),
            "SSL",
        ),
    ];
    for (listener, tables, wanted) in cases {
        let mut config = secure.config(listener, &tables);
        config.timeout = Duration::from_secs(5);
        let error = refused(&config).await.unwrap();
        let text = format!("{:#}", anyhow::Error::new(error));
        assert!(text.contains(wanted), "{listener} {tables}: {text}");
    }
}

#[test]
fn a_token_is_read_again_before_it_ends() {
    on_kafka(renewed);
}

async fn renewed(secure: Secure) {
    let config = secure.config(
        "sasl_plain",
        &serde_json::json!({"sasl": secure.bearer(10)}),
    );
    let topic = round(&config, "secure.renewed").await.unwrap();
    let producer = Producer::open(&config, PATIENCE).unwrap();
    let record = || Outgoing::new(topic.as_str(), None, Some(Bytes::from_static(b"v")));
    producer.send(record()).await.unwrap();
    secure.bearer(600);
    // This broker closes a connection whose token has ended (KIP-368): whoever still has the old one is not taken again.
    tokio::time::sleep(Duration::from_secs(12)).await;
    producer.send(record()).await.unwrap();

    secure.secret("token", &token(-5));
    let error = refused(&config).await.unwrap();
    assert_eq!(error.kind(), Kind::Config);
    assert!(
        error
            .to_string()
            .starts_with("the value of kafka.sasl.token cannot be used: the token ended "),
        "{error}"
    );
}
