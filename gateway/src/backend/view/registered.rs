//! Keys and values whose schema stands in a registry (Confluent's wire format), as the JSON that they would be without one.
//!
//! A record says itself that it is such: JSON begins with neither of the bytes that a schema's id begins with. Schemas are asked for once. One
//! that the registry does not have, or that cannot be understood, makes unreadable what was written with it; a registry that does not
//! answer, or not as one does, is waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use event::SchemaReader;
use event::confluent::{MessagePath, SchemaId, SchemaRef, Side};
use kafka::Incoming;
use kafka::registry::{RegistryClient, RegistryConfig, SchemaText};

/// How many schemas are kept, and how many messages of one.
const KEPT: usize = 1_000;
/// A registry of several servers may have a schema on one of them some moments later than on another.
const LATE: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
];

/// What a key or a value comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// It is of no registry: as it stands.
    Own,
    /// This JSON.
    Json(Vec<u8>),
    /// Nobody can read it, now or later; why not.
    Unreadable(String),
}

/// Reads them, and keeps what is known of schemas.
#[derive(Debug)]
pub(super) struct Registered {
    config: Option<Arc<RegistryConfig>>,
    client: Option<RegistryClient>,
    /// None of those that the registry does not have.
    schemas: BTreeMap<SchemaId, Option<Known>>,
}

#[derive(Debug)]
struct Known {
    schema: Arc<SchemaText>,
    /// By the message in it; why there is none for those that cannot be understood.
    readers: BTreeMap<Option<MessagePath>, Result<SchemaReader, String>>,
}

impl Registered {
    pub(super) fn new(config: Option<Arc<RegistryConfig>>) -> Self {
        Self {
            config,
            client: None,
            schemas: BTreeMap::new(),
        }
    }

    /// What the registry did not have it may have now.
    pub(super) fn begin(&mut self) {
        self.schemas.retain(|_, known| known.is_some());
    }

    /// The key or value of a record, or the event that it travels as.
    ///
    /// # Errors
    /// The registry cannot be asked now.
    pub(super) async fn plain(
        &mut self,
        side: Side,
        record: &Incoming,
        data: &[u8],
    ) -> Result<Plain, kafka::Error> {
        let header = record.header(side.header());
        if header.is_none() && !matches!(data.first(), Some(0 | 1)) {
            return Ok(Plain::Own);
        }
        let id = match SchemaId::peek(header.unwrap_or(data)) {
            Ok(id) => id,
            Err(error) => return Ok(Plain::Unreadable(error.to_string())),
        };
        let Some(config) = self.config.clone() else {
            let why = "it was written with a schema registry, and there is no [registry]";
            return Ok(Plain::Unreadable(why.to_owned()));
        };
        if !self.schemas.contains_key(&id) {
            let schema = self.find(&config, id).await?;
            if self.schemas.len() >= KEPT {
                self.schemas.clear();
            }
            let known = schema.map(|schema| Known {
                schema,
                readers: BTreeMap::new(),
            });
            self.schemas.insert(id, known);
        }
        let known = self.schemas.get_mut(&id).and_then(Option::as_mut);
        Ok(match known.map(|known| known.read(header, data)) {
            Some(Ok(json)) => Plain::Json(json),
            Some(Err(why)) => Plain::Unreadable(why),
            None => Plain::Unreadable(format!("the schema registry has no {}", name(id))),
        })
    }

    async fn find(
        &mut self,
        config: &RegistryConfig,
        id: SchemaId,
    ) -> Result<Option<Arc<SchemaText>>, kafka::Error> {
        let client = match &self.client {
            Some(client) => client,
            None => self.client.insert(RegistryClient::new(config)?),
        };
        for pause in LATE {
            if let Some(found) = client.find(id).await? {
                return Ok(Some(found));
            }
            tokio::time::sleep(pause).await;
        }
        client.find(id).await
    }
}

impl Known {
    fn read(&mut self, header: Option<&[u8]>, data: &[u8]) -> Result<Vec<u8>, String> {
        let kind = self.schema.kind;
        let (reference, data) =
            SchemaRef::of_record(header, data, kind).map_err(|error| error.to_string())?;
        if self.readers.len() >= KEPT {
            self.readers.clear();
        }
        let (schema, message) = (&self.schema, reference.message);
        let reader = self.readers.entry(message.clone()).or_insert_with(|| {
            let reader = SchemaReader::new(kind, &schema.text, message.as_ref());
            reader.map_err(|error| format!("{}: {error}", name(reference.id)))
        });
        let reader = reader.as_ref().map_err(Clone::clone)?;
        // What an error quotes of data is nobody's business: only the place is told.
        let json = reader.json(data);
        json.map_err(|error| match error.path() {
            "" => format!("not written with {}", name(reference.id)),
            path => format!("not written with {}: field {path}", name(reference.id)),
        })
    }
}

fn name(id: SchemaId) -> String {
    match id {
        SchemaId::Number(number) => format!("schema {number}"),
        SchemaId::Guid(guid) => format!("schema {guid}"),
    }
}

#[cfg(test)]
mod tests {
    use event::confluent::{Guid, KEY_HEADER, VALUE_HEADER};
    use event::{AvroConverter, Converter, Datum, Field, Schema};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const GUID: Guid = Guid([7; 16]);

    fn lot() -> AvroConverter {
        let fields = vec![Field::new("LOT-ID", Schema::string())];
        AvroConverter::new(Schema::structure(fields).unwrap()).unwrap()
    }

    /// A registry that has one schema, under two ids; that refuses one and lacks all others.
    async fn registry() -> Arc<RegistryConfig> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let known = serde_json::json!({"schema": lot().schema_text()}).to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let (status, body) = match head.split(' ').nth(1).unwrap() {
                    "/schemas/ids/1" | "/schemas/guids/07070707-0707-0707-0707-070707070707" => {
                        (200, known.as_str())
                    }
                    "/schemas/ids/2" => (401, r#"{"error_code":401,"message":"Unauthorized"}"#),
                    "/schemas/ids/3" => (200, r#"{"schema":"[\"int\",\"string\"]"}"#),
                    _ => (404, r#"{"error_code":40403,"message":"Schema not found"}"#),
                };
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Arc::new(RegistryConfig::at(format!("http://{address}")).unwrap())
    }

    fn record(headers: &[(&str, Vec<u8>)]) -> Incoming {
        let headers = headers.iter();
        Incoming {
            partition: 0,
            offset: 0,
            timestamp_ms: None,
            key: None,
            value: None,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    fn data(id: &[u8]) -> Vec<u8> {
        let mut data = id.to_vec();
        let datum = Datum::Struct(vec!["A1".into()]);
        lot().write(&datum, &mut data).unwrap();
        data
    }

    fn json() -> Plain {
        Plain::Json(br#"{"LOT-ID":"A1"}"#.to_vec())
    }

    #[tokio::test]
    async fn what_a_registry_describes_is_read_by_id_or_header_and_the_rest_is_its_own() {
        let mut registered = Registered::new(Some(registry().await));
        let none = record(&[]);
        let plain = async |registered: &mut Registered, side, record: &Incoming, data: &[u8]| {
            registered.plain(side, record, data).await.unwrap()
        };
        let numbered = data(&[0, 0, 0, 0, 1]);
        for side in [Side::Key, Side::Value] {
            assert_eq!(plain(&mut registered, side, &none, &numbered).await, json());
            let own = plain(&mut registered, side, &none, br#"{"LOT-ID":"A1"}"#).await;
            assert_eq!(own, Plain::Own);
            assert_eq!(plain(&mut registered, side, &none, b"").await, Plain::Own);
        }
        // In a header, each side its own.
        let mut guid = vec![1];
        guid.extend_from_slice(&GUID.0);
        let headed = record(&[(VALUE_HEADER, guid.clone()), (KEY_HEADER, vec![9])]);
        let bare = data(&[]);
        assert_eq!(
            plain(&mut registered, Side::Value, &headed, &bare).await,
            json()
        );
        let key = plain(&mut registered, Side::Key, &headed, &bare).await;
        assert!(matches!(key, Plain::Unreadable(_)), "{key:?}");
        let in_front = data(&guid);
        assert_eq!(
            plain(&mut registered, Side::Value, &none, &in_front).await,
            json()
        );
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_told_and_a_registry_that_refuses_is_waited_for() {
        let config = registry().await;
        let mut registered = Registered::new(Some(Arc::clone(&config)));
        let none = record(&[]);
        let mut told = Vec::new();
        for bytes in [
            data(&[0, 0, 0, 0, 9]),
            data(&[0, 0, 0, 0, 3]),
            [data(&[0, 0, 0, 0, 1]), vec![0]].concat(),
            vec![0, 0, 0, 0, 1, 200],
            vec![0, 0],
        ] {
            let Plain::Unreadable(why) =
                registered.plain(Side::Value, &none, &bytes).await.unwrap()
            else {
                panic!("read: {bytes:?}");
            };
            told.push(why);
        }
        assert_eq!(
            told,
            [
                "the schema registry has no schema 9",
                "schema 3: wanted a union of null and one type, got another union",
                "not written with schema 1",
                "not written with schema 1: field LOT-ID",
                "wanted 4 more bytes, got 1",
            ]
        );
        let refused = registered.plain(Side::Value, &none, &[0, 0, 0, 0, 2]).await;
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("does not let us ask")
        );

        let mut nowhere = Registered::new(None);
        let Plain::Unreadable(why) = nowhere
            .plain(Side::Key, &none, &data(&[0; 5]))
            .await
            .unwrap()
        else {
            panic!("read");
        };
        assert_eq!(
            why,
            "it was written with a schema registry, and there is no [registry]"
        );
        // Nobody listens.
        let away = RegistryConfig::at("http://127.0.0.1:1").unwrap();
        let mut away = Registered::new(Some(Arc::new(away)));
        let asked = away.plain(Side::Value, &none, &[0, 0, 0, 0, 1]).await;
        assert_eq!(asked.unwrap_err().kind(), kafka::Kind::Unreachable);
    }
}
