//! Sequence numbers: what was sent again, what is missing, what is too old.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::InitProducerIdRequest;

use crate::batch::{Writer, batch};
use crate::client::{Client, start};

const KEEP: &[(&str, &str)] = &[("message.timestamp.after.max.ms", "9223372036854775807")];

#[test]
fn a_batch_sent_again_is_there_once() {
    let broker = start();
    let mut client = Client::connect(&broker);
    client.create("t", KEEP);
    let id = client
        .call(
            &InitProducerIdRequest::default()
                .with_transactional_id(None)
                .with_transaction_timeout_ms(1000),
            4,
        )
        .producer_id
        .0;
    let mut send = |sequence, values: &[&str]| {
        let answer = client.produce(
            "t",
            None,
            &batch(
                Writer {
                    id,
                    epoch: 0,
                    sequence,
                    transactional: false,
                },
                values,
            ),
        );
        (answer.error_code, answer.base_offset)
    };
    assert_eq!(send(0, &["a", "b"]), (0, 0));
    assert_eq!(send(0, &["a", "b"]), (0, 0), "sent again");
    assert_eq!(send(2, &["c"]), (0, 2));
    assert_eq!(
        send(4, &["e"]),
        (ResponseError::OutOfOrderSequenceNumber.code(), -1),
        "one is missing"
    );
    for (sequence, value) in (3..8).zip(["d", "e", "f", "g", "h"]) {
        assert_eq!(send(sequence, &[value]).0, 0);
    }
    assert_eq!(send(3, &["d"]), (0, 3), "the fifth last is still known");
    let out_of_order = ResponseError::OutOfOrderSequenceNumber.code();
    assert_eq!(send(2, &["c"]).0, out_of_order, "the sixth last is not");
}

#[test]
fn every_producer_has_an_id_of_its_own() {
    let broker = start();
    let mut client = Client::connect(&broker);
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(1000);
    let mut ids: Vec<i64> = (0..50)
        .map(|_| client.call(&request, 4).producer_id.0)
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}
