use proptest::prelude::*;

use super::*;

fn written(reference: &SchemaRef) -> Vec<u8> {
    let mut out = Vec::new();
    reference.write(&mut out);
    out
}

fn of_message(steps: &[u32]) -> SchemaRef {
    SchemaRef::of_message(
        SchemaId::Number(1),
        MessagePath::new(steps.to_vec()).unwrap(),
    )
}

#[test]
fn the_bytes_are_confluents() {
    assert_eq!(
        written(&SchemaRef::new(SchemaId::Number(258))),
        [0, 0, 0, 1, 2]
    );
    // The first message is said with one byte; [2,1] is the second message in the third: FORMATS-cdc, section 2.
    assert_eq!(written(&of_message(&[0])), [0, 0, 0, 0, 1, 0]);
    assert_eq!(written(&of_message(&[2, 1])), [0, 0, 0, 0, 1, 4, 4, 2]);
    assert_eq!(written(&of_message(&[1])), [0, 0, 0, 0, 1, 2, 2]);
    let guid: Guid = "89791762-2336-4186-9674-299b90a802e2".parse().unwrap();
    let bytes = written(&SchemaRef::new(SchemaId::Guid(guid)));
    assert_eq!(bytes[..5], [1, 0x89, 0x79, 0x17, 0x62]);
    assert_eq!(bytes.len(), 17);
    assert_eq!(guid.to_string(), "89791762-2336-4186-9674-299b90a802e2");
}

#[test]
fn the_first_message_may_also_be_said_at_length() {
    let (reference, rest) =
        SchemaRef::read(&[0, 0, 0, 0, 1, 2, 0, 7], SchemaType::Protobuf).unwrap();
    assert_eq!(reference, of_message(&[0]));
    assert_eq!(rest, [7]);
}

#[test]
fn a_header_goes_before_a_prefix() {
    let guid = SchemaRef::new(SchemaId::Guid(Guid([7; 16])));
    let header = written(&guid);
    let found = SchemaRef::of_record(Some(&header), b"{}", SchemaType::Json).unwrap();
    assert_eq!(found, (guid, &b"{}"[..]));
    let found = SchemaRef::of_record(None, &[0, 0, 0, 0, 9, 1], SchemaType::Avro).unwrap();
    assert_eq!(found, (SchemaRef::new(SchemaId::Number(9)), &[1][..]));
    let mut long = header;
    long.push(0);
    assert_eq!(
        SchemaRef::of_record(Some(&long), b"{}", SchemaType::Json)
            .unwrap_err()
            .to_string(),
        "wanted nothing behind the schema's id in its header, got 1 bytes"
    );
}

#[test]
fn what_is_no_reference_is_refused() {
    let refused = |bytes: &[u8]| {
        SchemaRef::read(bytes, SchemaType::Protobuf)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(refused(b""), @"wanted a schema's id, got no byte");
    insta::assert_snapshot!(refused(b"{\"a\":1}"), @"wanted a schema's id, which begins with 0 or 1, got 123: was this written with a schema registry?");
    insta::assert_snapshot!(refused(&[0, 0, 0]), @"wanted 4 more bytes, got 2");
    insta::assert_snapshot!(refused(&[0, 0, 0, 0, 1, 1]), @"wanted a number of steps to a message, got -1");
    insta::assert_snapshot!(refused(&[0, 0, 0, 0, 1, 2, 3]), @"wanted a message's place in its file, got -2");
    insta::assert_snapshot!(refused(&[0, 0, 0, 0, 1, 0xfe, 0xff, 3]), @"wanted at most 128 steps to a message, got 32767");
    assert!(
        "89791762-2336-4186-9674-299b90a802"
            .parse::<Guid>()
            .is_err()
    );
    assert!(
        "8979176223364186-9674-299b-90a8-02e2"
            .parse::<Guid>()
            .is_err()
    );
    assert!(
        "8979176é-2336-4186-9674-299b90a802e"
            .parse::<Guid>()
            .is_err()
    );
}

fn any_reference() -> impl Strategy<Value = SchemaRef> {
    let id = prop_oneof![
        any::<u32>().prop_map(SchemaId::Number),
        any::<[u8; 16]>().prop_map(|bytes| SchemaId::Guid(Guid(bytes))),
    ];
    let steps = prop::collection::vec(0..=i32::MAX.cast_unsigned(), 1..5);
    let path = prop::option::of(steps.prop_map(|steps| MessagePath::new(steps).unwrap()));
    (id, path).prop_map(|(id, message)| SchemaRef { id, message })
}

fn kind(reference: &SchemaRef) -> SchemaType {
    match reference.message {
        Some(_) => SchemaType::Protobuf,
        None => SchemaType::Avro,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(reference in any_reference(), data in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = written(&reference);
        prop_assert_eq!(SchemaId::peek(&bytes).unwrap(), reference.id);
        let header = bytes.clone();
        bytes.extend_from_slice(&data);
        let (found, rest) = SchemaRef::read(&bytes, kind(&reference)).unwrap();
        prop_assert_eq!(&found, &reference);
        prop_assert_eq!(rest, &data[..]);
        let (found, rest) = SchemaRef::of_record(Some(&header), &data, kind(&reference)).unwrap();
        prop_assert_eq!(found, reference);
        prop_assert_eq!(rest, &data[..]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for kind in [SchemaType::Avro, SchemaType::Protobuf] {
            if let Ok((reference, rest)) = SchemaRef::read(&bytes, kind) {
                let mut again = written(&reference);
                again.extend_from_slice(rest);
                // A longer way to say the same is read too, and never written.
                prop_assert!(again.len() <= bytes.len());
            }
        }
    }

    #[test]
    fn a_guid_is_its_text(bytes in any::<[u8; 16]>()) {
        let text = Guid(bytes).to_string();
        prop_assert_eq!(text.len(), 36);
        prop_assert_eq!(text.parse::<Guid>().unwrap(), Guid(bytes));
    }
}
