//! Confluent's own clients against the registry for development: their deserialisers read what we write in every form, we read what
//! their serialisers and converters write, and their registry clients get on with it.
//!
//! `FIGWAY_PYTHON` is a Python that has `confluent-kafka` with its extras for schemas; `FIGWAY_CONFLUENT_JARS` a directory with the
//! jars that `confluent.sh` fetched.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use broker::{Broker, BrokerConfig};
use bytes::Bytes;
use event::confluent::{SchemaId, SchemaRef, Side, SubjectStrategy};
use event::{
    AvroConverter, Converter as _, Datum, Decimal, Decimals, Field, JsonConverter, JsonOptions,
    JsonSchemaConverter, ProtobufConverter, Registered, Schema, SchemaReader, Schemas, decimal,
};
use kafka::registry::{RegistryClient, RegistryConfig, SchemaText};
use kafka::{Isolation, KafkaConfig, Outgoing, Producer, Reader, TopicSpec, Topics};
use registry::SchemaRegistry;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

fn connect(name: &str, schema: Schema) -> Schema {
    schema
        .named(format!("org.apache.kafka.connect.data.{name}"))
        .version(1)
}

/// One field of each kind. What is asked of it is in `registry_clients.py` and `RegistryClients.java`.
fn schema() -> Schema {
    let line = Schema::structure(vec![
        Field::new("sku", Schema::string()),
        Field::new("qty", decimal::schema(9, 2)),
    ]);
    let fields = vec![
        Field::new("id", Schema::int64()),
        Field::new("small", Schema::int16()),
        Field::new("name", Schema::string()),
        Field::new("price", decimal::schema(9, 2).optional()),
        Field::new("day", connect("Date", Schema::int32())),
        Field::new("at", connect("Time", Schema::int32())),
        Field::new("moment", connect("Timestamp", Schema::int64())),
        Field::new("flag", Schema::boolean()),
        Field::new("ratio", Schema::float64()),
        Field::new("blob", Schema::bytes()),
        Field::new(
            "lines",
            Schema::array(line.unwrap().named("shop.Line")).unwrap(),
        ),
        Field::new(
            "names",
            Schema::map(Schema::string(), Schema::string()).unwrap(),
        ),
        Field::new("note", Schema::string().optional()),
        // A name that neither Avro nor Protobuf takes.
        Field::new("LOT-NO", Schema::string()),
    ];
    Schema::structure(fields).unwrap().named("shop.Order")
}

fn order() -> Datum {
    let line = |sku: &str, qty| Datum::Struct(vec![sku.into(), Decimal::new(qty, 2).into()]);
    Datum::Struct(vec![
        1_234_567_890_123_i64.into(),
        (-7).into(),
        "Müller".into(),
        Decimal::new(-1, 2).into(),
        20_455.into(),
        11_045_678.into(),
        1_767_323_045_678_i64.into(),
        true.into(),
        0.25.into(),
        vec![0_u8, 255, 16].into(),
        Datum::Array(vec![line("A1", 150), line("B2", 123_456_789)]),
        Datum::Map(vec![("en".into(), "lot".into())]),
        Datum::Null,
        "L7".into(),
    ])
}

/// The order as a view shows it, where others wrote its schema: a name that was changed stays so.
fn shown() -> String {
    let options = JsonOptions {
        schemas: Schemas::Disabled,
        decimals: Decimals::Numeric,
    };
    let mut json = Vec::new();
    let converter = JsonConverter::new(schema(), options).unwrap();
    converter.write(&order(), &mut json).unwrap();
    String::from_utf8(json).unwrap().replace("LOT-NO", "LOT_NO")
}

/// Every form, by the name that topics have.
fn converters() -> Vec<(&'static str, Box<dyn Registered>)> {
    vec![
        ("avro", Box::new(AvroConverter::new(schema()).unwrap())),
        (
            "protobuf",
            Box::new(ProtobufConverter::new(schema()).unwrap()),
        ),
        (
            "json",
            Box::new(JsonSchemaConverter::new(schema(), Decimals::Base64).unwrap()),
        ),
    ]
}

/// A broker, a registry on it, and a client of each.
struct World {
    broker: Broker,
    url: String,
    kafka: KafkaConfig,
    client: RegistryClient,
    producer: Producer,
}

impl World {
    async fn start() -> Self {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let kafka = KafkaConfig::at(broker.bootstrap());
        let listen = "127.0.0.1:0".parse().unwrap();
        let open = SchemaRegistry::open(&kafka, registry::TOPIC, listen)
            .await
            .unwrap();
        let url = open.url();
        tokio::spawn(open.serve(std::future::pending()));
        let client = RegistryClient::new(&RegistryConfig::at(&url).unwrap()).unwrap();
        let producer = Producer::open(&kafka, kafka.timeout).unwrap();
        Self {
            broker,
            url,
            kafka,
            client,
            producer,
        }
    }

    async fn create(&self, topics: &[String]) {
        let specs: Vec<_> = topics
            .iter()
            .map(|topic| TopicSpec::new(topic, Some(1)))
            .collect();
        Topics::new(&self.kafka).ensure(&specs).await.unwrap();
    }

    /// Writes the order to a topic, its schema named in front of it or in a header.
    async fn write(&self, topic: &str, converter: &dyn Registered, in_header: bool) {
        let subject =
            SubjectStrategy::TopicName.subject(topic, Side::Value, converter.record_name());
        let text = SchemaText::new(converter.kind(), converter.schema_text());
        let registered = self.client.register(&subject, &text).await.unwrap();
        let id = if in_header {
            SchemaId::Guid(registered.guid.unwrap())
        } else {
            SchemaId::Number(registered.id)
        };
        let reference = SchemaRef {
            id,
            message: converter.message(),
        };
        let mut named = Vec::new();
        reference.write(&mut named);
        let mut value = if in_header { Vec::new() } else { named.clone() };
        converter.write(&order(), &mut value).unwrap();
        let mut record = Outgoing::new(topic, None, Some(Bytes::from(value)));
        if in_header {
            record
                .headers
                .push((Side::Value.header().to_owned(), Bytes::from(named)));
        }
        self.producer.send(record).await.unwrap();
    }

    /// Reads what others wrote, all of which must be the order; gives what a view would make of it.
    async fn read(
        &self,
        topic: &str,
        converter: &dyn Registered,
    ) -> Vec<Result<String, event::Error>> {
        let mut all = Vec::new();
        let records = Reader::new(&self.kafka)
            .read(topic, Isolation::Committed)
            .await
            .unwrap();
        assert!(!records.is_empty(), "nothing in {topic}");
        for record in records {
            let value = record.value.as_deref().unwrap();
            let header = record.header(Side::Value.header());
            let (reference, data) = SchemaRef::of_record(header, value, converter.kind()).unwrap();
            let text = match reference.id {
                SchemaId::Number(id) => self.client.by_id(id).await.unwrap(),
                SchemaId::Guid(guid) => self.client.by_guid(guid).await.unwrap(),
            };
            assert_eq!(text.kind, converter.kind(), "{topic}");
            assert_eq!(reference.message, converter.message(), "{topic}");
            assert_eq!(converter.read(data).unwrap(), order(), "{topic}");
            let reader = SchemaReader::new(text.kind, &text.text, reference.message.as_ref());
            let json = reader.and_then(|reader| reader.json(data));
            all.push(json.map(|json| String::from_utf8(json).unwrap()));
        }
        all
    }

    /// Runs a judge, which gets the registry's url and the broker's address.
    async fn judge(&self, mut command: Command) {
        command.args([&self.url, &self.broker.bootstrap()]);
        let ran = tokio::task::spawn_blocking(move || {
            let output = command
                .output()
                .unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let (out, err) = (
                String::from_utf8_lossy(&output.stdout).into_owned(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            );
            assert!(
                output.status.success(),
                "{command:?}: {}\n{out}\n{err}",
                output.status
            );
            out
        });
        println!("{}", ran.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pythons_clients_read_what_we_write_and_we_read_theirs() {
    let world = World::start().await;
    let mut topics = Vec::new();
    for (form, _) in converters() {
        topics.extend(
            ["ours", "ours-header", "python", "python-header"].map(|who| format!("{who}-{form}")),
        );
    }
    world.create(&topics).await;
    for (form, converter) in converters() {
        world
            .write(&format!("ours-{form}"), &*converter, false)
            .await;
        world
            .write(&format!("ours-header-{form}"), &*converter, true)
            .await;
    }
    let python = env::var("FIGWAY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(here().join("registry_clients.py"));
    world.judge(command).await;
    for (form, converter) in converters() {
        world.read(&format!("python-{form}"), &*converter).await;
        world
            .read(&format!("python-header-{form}"), &*converter)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javas_converters_read_what_we_write_and_we_read_theirs() {
    let world = World::start().await;
    let jars = env::var("FIGWAY_CONFLUENT_JARS").expect("FIGWAY_CONFLUENT_JARS names no directory");
    // There are no jars for JSON Schema among them.
    let forms: Vec<_> = converters()
        .into_iter()
        .filter(|(form, _)| *form != "json")
        .collect();
    let topics: Vec<_> = forms
        .iter()
        .flat_map(|(form, _)| ["ours", "java"].map(|who| format!("{who}-{form}")))
        .collect();
    world.create(&topics).await;
    for (form, converter) in &forms {
        world
            .write(&format!("ours-{form}"), &**converter, false)
            .await;
    }
    let mut command = Command::new("sh");
    command.arg(here().join("registry_java.sh")).arg(jars);
    world.judge(command).await;
    for (form, converter) in &forms {
        let read = world.read(&format!("java-{form}"), &**converter).await;
        // By the schema that Java registered, and nothing else.
        for json in read {
            assert_eq!(json.unwrap(), shown(), "{form}");
        }
    }
}
