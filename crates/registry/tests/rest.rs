//! The REST API as a client sees it, on an embedded broker: answers, error codes, and what a restart and a second registry do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

use broker::{Broker, BrokerConfig};
use kafka::KafkaConfig;
use registry::SchemaRegistry;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Running {
    address: String,
    end: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start(broker: &Broker) -> Self {
        let kafka = KafkaConfig::at(broker.bootstrap());
        let listen = "127.0.0.1:0".parse().unwrap();
        let open = SchemaRegistry::open(&kafka, registry::TOPIC, listen)
            .await
            .unwrap();
        let address = open.address().to_string();
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(open.serve(async {
            ended.await.ok();
        }));
        Self { address, end, task }
    }

    async fn stop(self) {
        self.end.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// `METHOD PATH [BODY]`; gives the status and the body.
    async fn ask(&self, request: &str) -> String {
        let mut words = request.splitn(3, ' ');
        let (method, path) = (
            words.next().unwrap().to_owned(),
            words.next().unwrap().to_owned(),
        );
        let body = words.next().unwrap_or_default().to_owned();
        let address = self.address.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            let length = body.len();
            write!(
                socket,
                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = asked.await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains("content-type: application/vnd.schemaregistry.v1+json"),
            "{head}"
        );
        format!("{} {body}", head.split(' ').nth(1).unwrap())
    }

    /// Each request with its answer.
    async fn play(&self, requests: &[&str]) -> String {
        let mut lines = Vec::new();
        for request in requests {
            lines.push(format!("{request}\n  {}", self.ask(request).await));
        }
        lines.join("\n")
    }
}

fn broker() -> Broker {
    Broker::start(BrokerConfig::default()).unwrap()
}

const ONE: &str = r#"{"schema":"{\"type\": \"record\", \"name\": \"Lot\", \"fields\": [{\"name\": \"id\", \"type\": \"int\"}]}"}"#;
const TWO: &str = r#"{"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}"}"#;
const WRONG: &str = r#"{"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"c\",\"type\":\"string\"}]}"}"#;

fn to(path: &str, body: &str) -> String {
    format!("POST {path} {body}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subjects_grow_and_go() {
    let broker = broker();
    let registry = Running::start(&broker).await;
    let (register, other) = ("/subjects/lot-value/versions", "/subjects/other/versions");
    let answers = registry
        .play(&[
            "GET /subjects",
            "GET /schemas/types",
            "GET /contexts",
            &to(register, ONE),
            &to(register, ONE),
            &to(other, ONE),
            &to(register, TWO),
            &to(register, WRONG),
            &to(
                "/compatibility/subjects/lot-value/versions/latest?verbose=true",
                WRONG,
            ),
            &to("/compatibility/subjects/lot-value/versions", TWO),
            &to("/subjects/lot-value", ONE),
            &to("/subjects/lot-value", WRONG),
            "GET /subjects/lot-value/versions",
            "GET /subjects/lot-value/versions/latest",
            "GET /subjects/lot-value/versions/1/schema",
            "GET /schemas/ids/1",
            "GET /schemas/ids/1/subjects",
            "GET /schemas/ids/1/versions",
            "GET /schemas/ids/99",
            "GET /subjects/none/versions",
            "GET /subjects/lot-value/versions/9",
            "GET /subjects/lot-value/versions/x",
            "DELETE /subjects/lot-value/versions/1?permanent=true",
            "DELETE /subjects/lot-value/versions/1",
            "DELETE /subjects/lot-value/versions/1",
            "GET /subjects/lot-value/versions",
            "GET /subjects/lot-value/versions?deleted=true",
            "GET /schemas/ids/1",
            "DELETE /subjects/lot-value",
            "DELETE /subjects/lot-value",
            "GET /subjects",
            "GET /subjects?deleted=true",
            &to(register, TWO),
            "DELETE /subjects/lot-value",
            "DELETE /subjects/lot-value?permanent=true",
            "GET /subjects?deleted=true",
            "GET /nowhere",
            "PUT /subjects",
        ])
        .await;
    insta::assert_snapshot!(answers, @r#"
GET /subjects
  200 []
GET /schemas/types
  200 ["JSON","PROTOBUF","AVRO"]
GET /contexts
  200 ["."]
POST /subjects/lot-value/versions {"schema":"{\"type\": \"record\", \"name\": \"Lot\", \"fields\": [{\"name\": \"id\", \"type\": \"int\"}]}"}
  200 {"guid":"a44cc429-c636-8406-b354-7a4b461ca6be","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}","subject":"lot-value","version":1,"id":1}
POST /subjects/lot-value/versions {"schema":"{\"type\": \"record\", \"name\": \"Lot\", \"fields\": [{\"name\": \"id\", \"type\": \"int\"}]}"}
  200 {"guid":"a44cc429-c636-8406-b354-7a4b461ca6be","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}","subject":"lot-value","version":1,"id":1}
POST /subjects/other/versions {"schema":"{\"type\": \"record\", \"name\": \"Lot\", \"fields\": [{\"name\": \"id\", \"type\": \"int\"}]}"}
  200 {"guid":"a44cc429-c636-8406-b354-7a4b461ca6be","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}","subject":"other","version":1,"id":1}
POST /subjects/lot-value/versions {"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}"}
  200 {"guid":"25838f8d-cc73-8ef1-a47c-1c4efc1c417d","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}","subject":"lot-value","version":2,"id":2}
POST /subjects/lot-value/versions {"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"c\",\"type\":\"string\"}]}"}
  409 {"error_code":40901,"message":"Schema being registered is incompatible with an earlier schema for subject \"lot-value\", details: [{errorType:\"READER_FIELD_MISSING_DEFAULT_VALUE\", description:\"The field 'c' at path '/fields/0' in the new schema has no default value and is missing in the old schema\"}, {oldSchemaVersion: 2}, {oldSchema: '{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}'}, {compatibility: 'BACKWARD'}]"}
POST /compatibility/subjects/lot-value/versions/latest?verbose=true {"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"c\",\"type\":\"string\"}]}"}
  200 {"is_compatible":false,"messages":["{errorType:\"READER_FIELD_MISSING_DEFAULT_VALUE\", description:\"The field 'c' at path '/fields/0' in the new schema has no default value and is missing in the old schema\"}","{oldSchemaVersion: 2}","{oldSchema: '{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}'}","{compatibility: 'BACKWARD'}"]}
POST /compatibility/subjects/lot-value/versions {"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}"}
  200 {"is_compatible":true}
POST /subjects/lot-value {"schema":"{\"type\": \"record\", \"name\": \"Lot\", \"fields\": [{\"name\": \"id\", \"type\": \"int\"}]}"}
  200 {"guid":"a44cc429-c636-8406-b354-7a4b461ca6be","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}","subject":"lot-value","version":1,"id":1}
POST /subjects/lot-value {"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"c\",\"type\":\"string\"}]}"}
  404 {"error_code":40403,"message":"Schema not found"}
GET /subjects/lot-value/versions
  200 [1,2]
GET /subjects/lot-value/versions/latest
  200 {"guid":"25838f8d-cc73-8ef1-a47c-1c4efc1c417d","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}","subject":"lot-value","version":2,"id":2}
GET /subjects/lot-value/versions/1/schema
  200 {"type":"record","name":"Lot","fields":[{"name":"id","type":"int"}]}
GET /schemas/ids/1
  200 {"guid":"a44cc429-c636-8406-b354-7a4b461ca6be","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}"}
GET /schemas/ids/1/subjects
  200 ["lot-value","other"]
GET /schemas/ids/1/versions
  200 [{"subject":"lot-value","version":1},{"subject":"other","version":1}]
GET /schemas/ids/99
  404 {"error_code":40403,"message":"Schema 99 not found"}
GET /subjects/none/versions
  404 {"error_code":40401,"message":"Subject 'none' not found."}
GET /subjects/lot-value/versions/9
  404 {"error_code":40402,"message":"Version 9 not found."}
GET /subjects/lot-value/versions/x
  422 {"error_code":42202,"message":"The specified version 'x' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\""}
DELETE /subjects/lot-value/versions/1?permanent=true
  404 {"error_code":40407,"message":"Subject 'lot-value' Version 1 was not deleted first before being permanently deleted"}
DELETE /subjects/lot-value/versions/1
  200 1
DELETE /subjects/lot-value/versions/1
  404 {"error_code":40406,"message":"Subject 'lot-value' Version 1 was soft deleted.Set permanent=true to delete permanently"}
GET /subjects/lot-value/versions
  200 [2]
GET /subjects/lot-value/versions?deleted=true
  200 [1,2]
GET /schemas/ids/1
  200 {"guid":"a44cc429-c636-8406-b354-7a4b461ca6be","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}"}
DELETE /subjects/lot-value
  200 [2]
DELETE /subjects/lot-value
  404 {"error_code":40404,"message":"Subject 'lot-value' was soft deleted.Set permanent=true to delete permanently"}
GET /subjects
  200 ["other"]
GET /subjects?deleted=true
  200 ["lot-value","other"]
POST /subjects/lot-value/versions {"schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}"}
  200 {"guid":"25838f8d-cc73-8ef1-a47c-1c4efc1c417d","schema":"{\"type\":\"record\",\"name\":\"Lot\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"b\",\"type\":\"string\",\"default\":\"\"}]}","subject":"lot-value","version":3,"id":2}
DELETE /subjects/lot-value
  200 [3]
DELETE /subjects/lot-value?permanent=true
  200 [1,2,3]
GET /subjects?deleted=true
  200 ["other"]
GET /nowhere
  404 {"error_code":404,"message":"HTTP 404 Not Found"}
PUT /subjects
  405 {"error_code":405,"message":"HTTP 405 Method Not Allowed"}
"#);
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn levels_modes_references_and_what_is_refused() {
    let broker = broker();
    let registry = Running::start(&broker).await;
    let place = r#"{"schema":"{\"type\":\"record\",\"name\":\"Place\",\"namespace\":\"x\",\"fields\":[]}"}"#;
    let order = r#"{"schema":"{\"type\":\"record\",\"name\":\"O\",\"namespace\":\"x\",\"fields\":[{\"name\":\"p\",\"type\":\"x.Place\"}]}","references":[{"name":"x.Place","subject":"place","version":1}]}"#;
    let proto =
        r#"{"schemaType":"PROTOBUF","schema":"syntax=\"proto3\"; message M { int32 a = 1; }"}"#;
    let json = r#"{"schemaType":"JSON","schema":"{\"type\": \"object\"}"}"#;
    let answers = registry
        .play(&[
            "GET /config",
            "PUT /config {\"compatibility\":\"FULL_TRANSITIVE\"}",
            "GET /config",
            "GET /config/lot",
            "GET /config/lot?defaultToGlobal=true",
            "PUT /config/lot {\"compatibility\":\"none\"}",
            "GET /config/lot",
            "DELETE /config/lot",
            "DELETE /config/lot",
            "PUT /config {\"compatibility\":\"SOME\"}",
            "DELETE /config",
            &to("/subjects/order/versions", order),
            &to("/subjects/place/versions", place),
            &to("/subjects/order/versions", order),
            "GET /subjects/place/versions/1/referencedby",
            "DELETE /subjects/place",
            &to("/subjects/proto/versions", proto),
            "GET /schemas/ids/3?format=serialized",
            &to("/subjects/json/versions", json),
            &to("/subjects/json/versions", proto),
            "PUT /mode {\"mode\":\"READONLY\"}",
            &to("/subjects/new/versions", json),
            "PUT /mode {\"mode\":\"READWRITE\"}",
            "GET /mode",
            "GET /mode/new",
            "PUT /mode/new {\"mode\":\"IMPORT\"}",
            &to(
                "/subjects/new/versions",
                r#"{"schema":"\"int\"","id":100,"version":7}"#,
            ),
            "GET /subjects/new/versions/7",
            &to(
                "/subjects/free/versions",
                r#"{"schema":"\"int\"","id":101,"version":7}"#,
            ),
            "PUT /mode {\"mode\":\"IMPORT\"}",
            &to("/subjects/free/versions", r#"{"schema":"\"long\""}"#),
            &to("/subjects/free/versions", r#"{"schema":"{"}"#),
            &to(
                "/subjects/free/versions",
                r#"{"schema":"x","schemaType":"THRIFT"}"#,
            ),
            &to(
                "/subjects/free/versions",
                r#"{"schema":"\"int\"","ruleSet":{"domainRules":[]}}"#,
            ),
            &to("/subjects/free/versions", "{}"),
            &to("/subjects/free/versions", "no json"),
            &to("/subjects/:.other:free/versions", r#"{"schema":"\"int\""}"#),
        ])
        .await;
    insta::assert_snapshot!(answers, @r#"
GET /config
  200 {"compatibilityLevel":"BACKWARD"}
PUT /config {"compatibility":"FULL_TRANSITIVE"}
  200 {"compatibility":"FULL_TRANSITIVE"}
GET /config
  200 {"compatibilityLevel":"FULL_TRANSITIVE"}
GET /config/lot
  404 {"error_code":40408,"message":"Subject 'lot' does not have subject-level compatibility configured"}
GET /config/lot?defaultToGlobal=true
  200 {"compatibilityLevel":"FULL_TRANSITIVE"}
PUT /config/lot {"compatibility":"none"}
  200 {"compatibility":"NONE"}
GET /config/lot
  200 {"compatibilityLevel":"NONE"}
DELETE /config/lot
  200 {"compatibilityLevel":"NONE"}
DELETE /config/lot
  404 {"error_code":40408,"message":"Subject 'lot' does not have subject-level compatibility configured"}
PUT /config {"compatibility":"SOME"}
  422 {"error_code":42203,"message":"Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive"}
DELETE /config
  200 {"compatibilityLevel":"FULL_TRANSITIVE"}
POST /subjects/order/versions {"schema":"{\"type\":\"record\",\"name\":\"O\",\"namespace\":\"x\",\"fields\":[{\"name\":\"p\",\"type\":\"x.Place\"}]}","references":[{"name":"x.Place","subject":"place","version":1}]}
  422 {"error_code":42201,"message":"Invalid schema {\"type\":\"record\",\"name\":\"O\",\"namespace\":\"x\",\"fields\":[{\"name\":\"p\",\"type\":\"x.Place\"}]}, details: No schema reference found for subject \"place\" and version 1"}
POST /subjects/place/versions {"schema":"{\"type\":\"record\",\"name\":\"Place\",\"namespace\":\"x\",\"fields\":[]}"}
  200 {"guid":"b49bd9b2-d339-804b-93ab-77bbad8eead7","schema":"{\"type\":\"record\",\"name\":\"Place\",\"namespace\":\"x\",\"fields\":[]}","subject":"place","version":1,"id":1}
POST /subjects/order/versions {"schema":"{\"type\":\"record\",\"name\":\"O\",\"namespace\":\"x\",\"fields\":[{\"name\":\"p\",\"type\":\"x.Place\"}]}","references":[{"name":"x.Place","subject":"place","version":1}]}
  200 {"guid":"55f8526c-75b5-83a9-9277-3e055eedb4b1","schema":"{\"type\":\"record\",\"name\":\"O\",\"namespace\":\"x\",\"fields\":[{\"name\":\"p\",\"type\":\"x.Place\"}]}","references":[{"name":"x.Place","subject":"place","version":1}],"subject":"order","version":1,"id":2}
GET /subjects/place/versions/1/referencedby
  200 [2]
DELETE /subjects/place
  422 {"error_code":42206,"message":"One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=place,version=1}."}
POST /subjects/proto/versions {"schemaType":"PROTOBUF","schema":"syntax=\"proto3\"; message M { int32 a = 1; }"}
  200 {"guid":"dc0ffff1-bf92-8875-a7b5-1ee0ab94981a","schema":"syntax = \"proto3\";\n\nmessage M {\n  int32 a = 1;\n}\n","schemaType":"PROTOBUF","subject":"proto","version":1,"id":3}
GET /schemas/ids/3?format=serialized
  200 {"guid":"dc0ffff1-bf92-8875-a7b5-1ee0ab94981a","schema":"CgdkZWZhdWx0Ig4KAU0SCQoBYRgBIAEoBWIGcHJvdG8z","schemaType":"PROTOBUF"}
POST /subjects/json/versions {"schemaType":"JSON","schema":"{\"type\": \"object\"}"}
  200 {"guid":"08bcd4e5-cefa-898a-b577-506f8c4bc87c","schema":"{\"type\":\"object\"}","schemaType":"JSON","subject":"json","version":1,"id":4}
POST /subjects/json/versions {"schemaType":"PROTOBUF","schema":"syntax=\"proto3\"; message M { int32 a = 1; }"}
  409 {"error_code":40901,"message":"Schema being registered is incompatible with an earlier schema for subject \"json\", details: [{errorType:\"SCHEMA_TYPE_CHANGED\", description:\"The new schema is of another kind than the old schema\"}, {oldSchemaVersion: 1}, {oldSchema: '{\"type\":\"object\"}'}, {compatibility: 'BACKWARD'}]"}
PUT /mode {"mode":"READONLY"}
  200 {"mode":"READONLY"}
POST /subjects/new/versions {"schemaType":"JSON","schema":"{\"type\": \"object\"}"}
  422 {"error_code":42205,"message":"Subject new is in read-only mode"}
PUT /mode {"mode":"READWRITE"}
  200 {"mode":"READWRITE"}
GET /mode
  200 {"mode":"READWRITE"}
GET /mode/new
  404 {"error_code":40409,"message":"Subject 'new' does not have subject-level mode configured"}
PUT /mode/new {"mode":"IMPORT"}
  200 {"mode":"IMPORT"}
POST /subjects/new/versions {"schema":"\"int\"","id":100,"version":7}
  200 {"guid":"359ad93b-e8d8-862f-ab3d-8dd837da6b6b","schema":"\"int\"","subject":"new","version":7,"id":100}
GET /subjects/new/versions/7
  200 {"guid":"359ad93b-e8d8-862f-ab3d-8dd837da6b6b","schema":"\"int\"","subject":"new","version":7,"id":100}
POST /subjects/free/versions {"schema":"\"int\"","id":101,"version":7}
  422 {"error_code":42205,"message":"Subject free is not in import mode"}
PUT /mode {"mode":"IMPORT"}
  422 {"error_code":42205,"message":"Cannot import since found existing subjects"}
POST /subjects/free/versions {"schema":"\"long\""}
  200 {"guid":"170c9d4c-022c-8585-8012-da3c44301bd2","schema":"\"long\"","subject":"free","version":1,"id":101}
POST /subjects/free/versions {"schema":"{"}
  422 {"error_code":42201,"message":"Invalid schema {, details: wanted JSON: EOF while parsing an object at line 1 column 1"}
POST /subjects/free/versions {"schema":"x","schemaType":"THRIFT"}
  422 {"error_code":422,"message":"Invalid schema type THRIFT; known are AVRO, PROTOBUF, JSON"}
POST /subjects/free/versions {"schema":"\"int\"","ruleSet":{"domainRules":[]}}
  422 {"error_code":42210,"message":"this registry for development has no rule sets"}
POST /subjects/free/versions {}
  422 {"error_code":42201,"message":"Empty schema"}
POST /subjects/free/versions no json
  422 {"error_code":422,"message":"the body is not understood: expected ident at line 1 column 2"}
POST /subjects/:.other:free/versions {"schema":"\"int\""}
  422 {"error_code":42208,"message":"The specified subject ':.other:free' is not a valid subject: this registry for development has the default context only"}
"#);
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_reads_it_back_and_a_second_one_takes_over() {
    let broker = broker();
    let first = Running::start(&broker).await;
    first.ask(&to("/subjects/a/versions", ONE)).await;
    first.ask(&to("/subjects/a/versions", TWO)).await;
    first
        .ask("PUT /config/a {\"compatibility\":\"NONE\"}")
        .await;
    first.ask("DELETE /subjects/a/versions/1").await;
    let questions = [
        "GET /subjects/a/versions?deleted=true",
        "GET /subjects/a/versions",
        "GET /subjects/a/versions/2",
        "GET /config/a",
        "GET /schemas?latestOnly=true",
    ];
    let before = first.play(&questions).await;
    let second = Running::start(&broker).await;
    assert_eq!(second.play(&questions).await, before);
    // The first still answers what it knew, and writes no more.
    assert_eq!(first.play(&questions).await, before);
    let refused = first.ask(&to("/subjects/a/versions", WRONG)).await;
    assert!(
        refused.starts_with("500 {\"error_code\":50001"),
        "{refused}"
    );
    let again = first.ask(&to("/subjects/a/versions", WRONG)).await;
    assert!(
        again.contains("another registry has taken over the topic"),
        "{again}"
    );
    let taken = second.ask(&to("/subjects/a/versions", WRONG)).await;
    assert!(
        taken.starts_with("200 ") && taken.contains("\"id\":3"),
        "{taken}"
    );
    first.stop().await;
    second.stop().await;
}
