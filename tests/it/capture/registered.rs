//! Capture with a schema registry: what stands in the topic, what is registered, and what a registry that is away or refuses does.

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use event::confluent::{MessagePath, SchemaId, SchemaRef, SchemaType};
use kafka::registry::{RegistryClient, RegistryConfig, SchemaText};
use registry::SchemaRegistry;
use serde_json::Value;

use super::rig::{Rig, TOPIC};

/// A rig whose source writes in that format, and its registry.
async fn rig(format: &str, more: &str) -> (Rig, RegistryClient) {
    let rig = Rig::new();
    let listen = "127.0.0.1:0".parse().unwrap();
    let open = SchemaRegistry::open(&rig.kafka(), registry::TOPIC, listen)
        .await
        .unwrap();
    let url = open.url();
    tokio::spawn(open.serve(std::future::pending()));
    let client = RegistryClient::new(&RegistryConfig::at(&url).unwrap()).unwrap();
    let extra = format!("format = \"{format}\"\n[registry]\nurl = \"{url}\"\n{more}");
    (rig.with_more(&extra), client)
}

/// Two generations: a first load, then an update, a delete and a new one.
async fn play(rig: &Rig) {
    rig.lots(1, &[("A1", 5, "one"), ("B2", -7, "two")]);
    rig.once().await;
    rig.lots(2, &[("A1", 6, "one"), ("D4", 1, "four")]);
    rig.once().await;
}

/// Every key and value of the topic: what names its schema, the schema's text, the data. A tombstone has none.
async fn records(
    rig: &Rig,
    client: &RegistryClient,
    kind: SchemaType,
) -> Vec<[Option<(SchemaRef, SchemaText, Vec<u8>)>; 2]> {
    let mut records = Vec::new();
    for record in rig.read(TOPIC).await {
        let mut sides = Vec::new();
        for side in [record.key, record.value] {
            let Some(bytes) = side else {
                sides.push(None);
                continue;
            };
            let (reference, data) = SchemaRef::read(&bytes, kind).unwrap();
            let SchemaId::Number(id) = reference.id else {
                panic!("no number: {reference:?}");
            };
            let text = client.by_id(id).await.unwrap();
            assert_eq!(text.kind, kind);
            sides.push(Some((reference, SchemaText::clone(&text), data.to_vec())));
        }
        records.push(sides.try_into().unwrap());
    }
    records
}

fn short(value: &Value) -> String {
    let quantity = |side: &str| {
        value[side]["LOT-QTY"]
            .as_i64()
            .or_else(|| value[side]["LOT_QTY"].as_i64())
    };
    format!(
        "{} {:?} {:?}",
        value["op"].as_str().unwrap(),
        quantity("before"),
        quantity("after")
    )
}

const EVENTS: [&str; 6] = [
    "r None Some(5)",
    "r None Some(-7)",
    "u Some(5) Some(6)",
    "d Some(-7) None",
    "tombstone",
    "c None Some(1)",
];

#[tokio::test(flavor = "multi_thread")]
async fn avro_is_read_by_an_avro_library_with_the_registered_schema() {
    let (rig, client) = rig("avro", "").await;
    play(&rig).await;
    let mut events = Vec::new();
    for [key, value] in records(&rig, &client, SchemaType::Avro).await {
        let read = |(_, text, data): (SchemaRef, SchemaText, Vec<u8>)| -> Avro {
            let schema = apache_avro::Schema::parse_str(&text.text).unwrap();
            let mut rest = data.as_slice();
            let reader = GenericDatumReader::builder(&schema).build().unwrap();
            let value = reader.read_value(&mut rest).unwrap();
            assert!(rest.is_empty());
            value
        };
        let Avro::Record(key) = read(key.unwrap()) else {
            panic!("a key is a record");
        };
        assert_eq!(key[0].0, "LOT_ID");
        events.push(match value {
            None => "tombstone".to_owned(),
            Some(value) => short(&Value::try_from(read(value)).unwrap()),
        });
    }
    assert_eq!(events, EVENTS);
    let (found, text) = client.latest(&format!("{TOPIC}-value")).await.unwrap();
    assert_eq!(found.version, Some(1));
    assert!(
        text.text
            .starts_with(r#"{"type":"record","name":"Envelope","namespace":"plant.lots""#),
        "{}",
        text.text
    );
    assert!(client.latest(&format!("{TOPIC}-key")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn json_stands_behind_its_schemas_number() {
    let (rig, client) = rig("json-registered", "subjects = \"topic_record_name\"\n").await;
    play(&rig).await;
    let mut events = Vec::new();
    for [key, value] in records(&rig, &client, SchemaType::Json).await {
        let key: Value = serde_json::from_slice(&key.unwrap().2).unwrap();
        assert!(key["LOT-ID"].is_string(), "{key}");
        events.push(match value {
            None => "tombstone".to_owned(),
            Some((_, _, data)) => short(&serde_json::from_slice(&data).unwrap()),
        });
    }
    assert_eq!(events, EVENTS);
    assert!(
        client
            .latest("plant.lots-plant.lots.Envelope")
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn protobuf_names_its_message() {
    let (rig, client) = rig("protobuf", "").await;
    play(&rig).await;
    let records = records(&rig, &client, SchemaType::Protobuf).await;
    assert_eq!(records.len(), EVENTS.len());
    for [key, value] in records {
        let (reference, text, data) = key.unwrap();
        assert_eq!(reference.message, Some(MessagePath::default()));
        assert!(text.text.contains("message Key {"), "{}", text.text);
        // Field 1, a text.
        assert_eq!(data[0], 0x0a);
        if let Some((_, text, _)) = value {
            assert!(text.text.contains("package plant.lots;"), "{}", text.text);
            assert!(
                text.text.contains("optional Value before = 1;"),
                "{}",
                text.text
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_refuses_or_is_away_is_told() {
    let chain = async |rig: &Rig| {
        let [ended] = <[cdc::Ended; 1]>::try_from(rig.try_once().await).unwrap();
        ended.outcome.unwrap_err()
    };
    // Somebody else registers, and has not.
    let (none_there, _) = rig("avro", "schemas = \"look-up\"\n").await;
    none_there.lots(1, &[("A1", 5, "one")]);
    let error = chain(&none_there).await;
    assert_eq!(error.kind(), cdc::ErrorKind::KafkaRefused);
    assert!(
        error
            .chain()
            .contains("Subject 'plant.lots-key' not found. (error 40401)"),
        "{}",
        error.chain()
    );
    assert!(none_there.read(TOPIC).await.is_empty());
    // Another schema is there, and ours does not fit.
    let (other_there, client) = rig("avro", "").await;
    let other = SchemaText::new(SchemaType::Avro, "\"int\"");
    client
        .register(&format!("{TOPIC}-value"), &other)
        .await
        .unwrap();
    other_there.lots(1, &[("A1", 5, "one")]);
    let said = chain(&other_there).await.chain();
    assert!(
        said.contains("does not fit the versions before it") && said.contains("TYPE_MISMATCH"),
        "{said}"
    );
    // Nobody listens.
    let away =
        Rig::new().with_more("format = \"avro\"\n[registry]\nurl = \"http://127.0.0.1:1\"\n");
    away.lots(1, &[("A1", 5, "one")]);
    let error = chain(&away).await;
    assert_eq!(error.kind(), cdc::ErrorKind::Kafka);
    assert!(
        error
            .chain()
            .contains("the schema registry at http://127.0.0.1:1 does not answer"),
        "{}",
        error.chain()
    );
}
