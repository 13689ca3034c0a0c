//! The `[kafka]` table, the same in every configuration file, and what it means to librdkafka.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ops::Setting;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use serde::Deserialize;

use crate::security::{self, Sasl, Tls, Tokens};
use crate::units;
use crate::{Error, Kind};

/// The `[kafka]` table. Every default serves a laptop with `figway broker` on it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Brokers to begin with: `host:port`, several with commas.
    pub bootstrap: String,
    /// How many copies a topic gets that we create; the broker's own default when it is not given.
    pub replication: Option<i16>,
    /// How records are compressed on their way and on disk.
    pub compression: Compression,
    /// How long to wait for a broker before saying that there is none: `"10s"`.
    #[serde(deserialize_with = "units::duration")]
    pub timeout: Duration,
    /// How long a transaction may stay open before the broker ends it: `"60s"`. Not more than the broker's
    /// `transaction.max.timeout.ms`.
    #[serde(deserialize_with = "units::duration")]
    pub transaction_timeout: Duration,
    /// The largest record, key, value and headers together: `"16 MiB"`. [`crate::TopicSpec::data`] follows it.
    #[serde(deserialize_with = "units::bytes")]
    pub max_message: u32,
    /// Connections are TLS; in plain text if none.
    pub tls: Option<Box<Tls>>,
    /// Who we say we are; nobody if none.
    pub sasl: Option<Box<Sasl>>,
    /// Where bodies are that are too large for a record; nowhere if none.
    pub payload: Option<Box<payload::Config>>,
    /// What else librdkafka shall be told (its own names, such as `socket.keepalive.enable`); a value may be a reference
    /// `env:NAME` or `file:PATH`, and a password must be one.
    pub properties: Properties,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap: "localhost:9092".to_owned(),
            replication: None,
            compression: Compression::default(),
            timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(60),
            max_message: 16 << 20,
            tls: None,
            sasl: None,
            payload: None,
            properties: Properties::default(),
        }
    }
}

/// How records are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// DEFLATE: what very old consumers know.
    Gzip,
    /// Fast, compresses little.
    Snappy,
    /// Fast, compresses well enough: the default.
    #[default]
    Lz4,
    /// Smallest.
    Zstd,
}

impl Compression {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Settings passed through to librdkafka, without those that exactly-once rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Setting>")]
pub struct Properties(BTreeMap<String, Setting>);

/// What we set ourselves, and what to do instead of setting it.
const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "write it as `bootstrap`"),
    ("metadata.broker.list", "write it as `bootstrap`"),
    ("compression.type", "write it as `compression`"),
    ("compression.codec", "write it as `compression`"),
    ("message.max.bytes", "write it as `max_message`"),
    (
        "transaction.timeout.ms",
        "write it as `transaction_timeout`",
    ),
    ("transactional.id", "it is made from the shard's name"),
    ("enable.idempotence", "exactly-once rests on it"),
    ("enable.gapless.guarantee", "exactly-once rests on it"),
    ("acks", "exactly-once rests on it"),
    ("request.required.acks", "exactly-once rests on it"),
    ("max.in.flight", "exactly-once rests on it"),
    (
        "max.in.flight.requests.per.connection",
        "exactly-once rests on it",
    ),
    ("retries", "exactly-once rests on it"),
    ("message.send.max.retries", "exactly-once rests on it"),
    ("message.timeout.ms", "it follows `transaction_timeout`"),
    ("delivery.timeout.ms", "it follows `transaction_timeout`"),
    ("partitioner", "keys must go where Java clients send them"),
    ("isolation.level", "each reader needs its own"),
    ("group.id", "positions are in the checkpoints"),
    ("enable.auto.commit", "positions are in the checkpoints"),
    (
        "enable.auto.offset.store",
        "positions are in the checkpoints",
    ),
    ("enable.partition.eof", "reading to the end rests on it"),
    (
        "auto.offset.reset",
        "a position that is gone must be an error",
    ),
    ("queue.buffering.max.messages", "memory is bounded by it"),
    ("queue.buffering.max.kbytes", "memory is bounded by it"),
];

/// What follows from `[kafka.tls]` and `[kafka.sasl]` where one of them is.
const SECURITY: &[&str] = &[
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.endpoint.identification.algorithm",
];

/// What is never written out in a file.
const SECRET: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

impl TryFrom<BTreeMap<String, Setting>> for Properties {
    type Error = String;

    fn try_from(properties: BTreeMap<String, Setting>) -> Result<Self, String> {
        for (name, value) in &properties {
            if let Some((_, instead)) = OWNED.iter().find(|(owned, _)| owned == name) {
                return Err(format!("`{name}` cannot be set here: {instead}"));
            }
            if SECRET.contains(&name.as_str()) && matches!(value, Setting::Plain(_)) {
                return Err(format!(
                    "`{name}` is a secret: write `env:NAME` or `file:PATH`, not the value"
                ));
            }
        }
        Ok(Self(properties))
    }
}

impl KafkaConfig {
    /// The defaults with those brokers.
    #[must_use]
    pub fn at(bootstrap: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            ..Self::default()
        }
    }

    /// Relative paths of `[kafka.tls]` and `[kafka.payload]` are meant from that folder: the configuration's.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Some(tls) = &mut self.tls {
            security::relative_to(tls, folder);
        }
        if let Some(payload) = &mut self.payload {
            payload.relative_to(folder);
        }
    }

    /// What of TLS and SASL does not fit together or is not there, a sentence each that names its key. Reads the files that are named.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = security::faults(self.tls.as_deref(), self.sasl.as_deref());
        if self.tls.is_some() || self.sasl.is_some() {
            let twice = SECURITY
                .iter()
                .filter(|name| self.properties.0.contains_key(**name));
            faults.extend(twice.map(|name| {
                format!("kafka.properties: `{name}` follows from [kafka.tls] and [kafka.sasl]")
            }));
        }
        faults
    }

    /// The store of bodies that are too large for a record; none where none is named. Old objects are removed while it is held.
    ///
    /// # Errors
    /// [`Kind::Config`] when a key cannot be had.
    pub fn payloads(&self) -> Result<Option<payload::Payloads>, Error> {
        let open = |config: &payload::Config| {
            payload::Payloads::open(config).map_err(|error| {
                Error::new(Kind::Config, "the store of large payloads cannot be used")
                    .caused_by(error)
            })
        };
        self.payload.as_deref().map(open).transpose()
    }

    /// Where tokens come from, when that is how we say who we are.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.sasl.as_deref().and_then(Sasl::tokens)
    }

    /// What every client of ours begins with.
    pub(crate) fn client(&self) -> Result<ClientConfig, Error> {
        let mut client = ClientConfig::new();
        client.set("client.id", "figway");
        for (name, value) in &self.properties.0 {
            let value = value.resolve().map_err(|error| {
                Error::new(
                    Kind::Config,
                    format!("the value of kafka property {name} cannot be had"),
                )
                .caused_by(error)
            })?;
            client.set(name, value.expose());
        }
        security::set(self.tls.as_deref(), self.sasl.as_deref(), &mut client)?;
        client.set("bootstrap.servers", &self.bootstrap);
        client.set("message.max.bytes", self.max_message.to_string());
        // An idle connection that a broker or a firewall closes is no news.
        client.set("log.connection.close", "false");
        client.set("reconnect.backoff.max.ms", "1000");
        client.set_log_level(RDKafkaLogLevel::Info);
        Ok(client)
    }

    /// What every producer of ours begins with: idempotent, bounded memory.
    pub(crate) fn producer(&self) -> Result<ClientConfig, Error> {
        let mut client = self.client()?;
        client.set("enable.idempotence", "true");
        client.set("acks", "all");
        client.set("compression.type", self.compression.as_str());
        client.set("partitioner", "murmur2_random"); // as Java's clients, so that keys meet in one partition
        // Waiting for more records to come costs a transaction more than it saves: the batch is there at once.
        client.set("linger.ms", "0.5");
        client.set("batch.size", "1000000");
        client.set("queue.buffering.max.messages", "100000");
        // Twice the largest record: one on its way, one waiting.
        let kbytes = (self.max_message / 1024).saturating_mul(2).max(64 << 10);
        client.set("queue.buffering.max.kbytes", kbytes.to_string());
        Ok(client)
    }

    /// What every reader of ours begins with: from a given offset, to an end that is told.
    pub(crate) fn consumer(&self, isolation: &str) -> Result<ClientConfig, Error> {
        let mut client = self.client()?;
        // librdkafka wants a group also for one who only assigns; nothing is ever stored under it.
        client.set("group.id", "figway-reader");
        client.set("enable.auto.commit", "false");
        client.set("enable.auto.offset.store", "false");
        client.set("enable.partition.eof", "true");
        client.set("auto.offset.reset", "error");
        client.set("allow.auto.create.topics", "false");
        client.set("isolation.level", isolation);
        // We read to an end that is there: a broker that waits for more only delays the news that there is none.
        client.set("fetch.wait.max.ms", "10");
        client.set("queued.max.messages.kbytes", "32768");
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<KafkaConfig, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_serve_a_laptop() {
        let config = parse("{}").unwrap();
        assert_eq!(config, KafkaConfig::default());
        assert_eq!(config.bootstrap, "localhost:9092");
    }

    #[test]
    fn all_of_it() {
        let config = parse(
            r#"{"bootstrap":"a:1,b:2","replication":3,"compression":"zstd","timeout":"5s","transaction_timeout":"2m",
               "max_message":"64 MiB","properties":{"security.protocol":"SASL_SSL","sasl.password":"env:PW"}}"#,
        );
        let config = config.unwrap();
        assert_eq!(config.transaction_timeout, Duration::from_secs(120));
        assert_eq!(config.max_message, 64 << 20);
        let error = config.client().unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert_eq!(
            error.to_string(),
            "the value of kafka property sasl.password cannot be had"
        );
    }

    #[test]
    fn what_exactly_once_rests_on_cannot_be_set() {
        let error = parse(r#"{"properties":{"acks":"1"}}"#).unwrap_err();
        assert!(
            error.starts_with("`acks` cannot be set here: exactly-once rests on it"),
            "{error}"
        );
        let error = parse(r#"{"properties":{"bootstrap.servers":"x"}}"#).unwrap_err();
        assert!(
            error.starts_with("`bootstrap.servers` cannot be set here: write it as `bootstrap`"),
            "{error}"
        );
    }

    #[test]
    fn a_password_is_not_written_out() {
        let error = parse(r#"{"properties":{"sasl.password":"hunter2"}}"#).unwrap_err();
        assert!(
            error.starts_with("`sasl.password` is a secret: write `env:NAME` or `file:PATH`"),
            "{error}"
        );
        assert!(!error.contains("hunter2"));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(
            parse(r#"{"bootstrp":"x"}"#)
                .unwrap_err()
                .contains("unknown field `bootstrp`")
        );
        assert!(
            parse(r#"{"timeout":"10"}"#)
                .unwrap_err()
                .contains("wanted a duration such as")
        );
    }

    #[test]
    fn librdkafka_takes_what_we_set() {
        let config = KafkaConfig::default();
        config.producer().unwrap().create_native_config().unwrap();
        config
            .consumer("read_committed")
            .unwrap()
            .create_native_config()
            .unwrap();
    }
}
