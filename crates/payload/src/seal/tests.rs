use std::collections::BTreeMap;

use ops::Setting;
use proptest::prelude::*;

use super::*;

fn keys() -> Keys {
    let id = KeyId::parse("2026a").unwrap();
    let named = BTreeMap::from([(id.clone(), Setting::Plain("5a".repeat(32)))]);
    Keys::read(&named, Some(&id)).unwrap()
}

fn seal(mut data: Bytes) -> Vec<u8> {
    let mut sealer = Sealer::new(keys().writing().unwrap()).unwrap();
    let mut object = Vec::new();
    while !data.is_empty() {
        object.extend(sealer.push(&mut data).unwrap().unwrap_or_default());
    }
    for part in sealer.finish().unwrap() {
        object.extend(part);
    }
    object
}

/// Pushed in pieces of that size.
fn open(object: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
    let mut opener = Opener::new(&keys(), &KeyId::parse("2026a").unwrap())?;
    let mut data = Vec::new();
    for piece in object.chunks(piece) {
        opener.push(piece);
        while let Some(segment) = opener.next()? {
            data.extend(segment);
        }
    }
    data.extend(opener.last()?);
    Ok(data)
}

fn sample(length: usize) -> Bytes {
    (0..length)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

#[test]
fn what_is_sealed_opens_whatever_its_length() {
    for length in [
        0,
        1,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        2 * SEGMENT,
        3 * SEGMENT + 7,
    ] {
        let object = seal(sample(length));
        for piece in [1_000, 65_536, object.len()] {
            assert!(
                open(&object, piece).unwrap() == sample(length),
                "{length} {piece}"
            );
        }
    }
}

#[test]
fn an_object_cut_short_or_put_together_otherwise_does_not_open() {
    let object = seal(sample(2 * SEGMENT + 10));
    let head = object.len() - (2 * (SEGMENT + TAG) + 10 + TAG);
    let (first, second) = (head + SEGMENT + TAG, head + 2 * (SEGMENT + TAG));
    let part = |range: std::ops::Range<usize>| object[range].to_vec();
    let cases = [
        ("nothing", Vec::new()),
        ("in its head", part(0..head - 1)),
        ("its head alone", part(0..head)),
        ("one segment", part(0..first)),
        ("without the last", part(0..second)),
        ("without its last byte", part(0..object.len() - 1)),
        ("one byte more", [&object[..], &[0]].concat()),
        (
            "without the first",
            [part(0..head), part(first..object.len())].concat(),
        ),
        (
            "in another order",
            [
                part(0..head),
                part(first..second),
                part(head..first),
                part(second..object.len()),
            ]
            .concat(),
        ),
        (
            "the head of another",
            [
                seal(Bytes::new())[..head].to_vec(),
                part(head..object.len()),
            ]
            .concat(),
        ),
    ];
    for (what, altered) in cases {
        assert_eq!(
            open(&altered, 65_536).unwrap_err().kind(),
            Kind::Altered,
            "{what}"
        );
    }
}

#[test]
fn an_object_that_pythons_cryptography_sealed_opens() {
    // As docs/service-guide.md says it: this key, salt 0 to 31, segments of 16 bytes.
    let object = "464757500105323032366100000010000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
                  8599cbd789675b713c6a44821f8481189f2b49ca4047f425d36ccdb0e1a7e5a6090bcfb2faa30e111941dc442d8cf57050b44143ff5f9716\
                  67c2191f443a4d7703ea76a4d1c896e3ac63d2a23a47d879ee7b1001db";
    let digits = object.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    let object: Vec<u8> = bytes.collect();
    let opened = open(&object, 7).unwrap();
    assert_eq!(opened, b"a scanned batch document, page 1!!!!!");
}

#[test]
fn two_objects_of_one_body_have_nothing_in_common() {
    let (one, other) = (seal(sample(100)), seal(sample(100)));
    assert_ne!(one[one.len() - 100..], other[other.len() - 100..]);
}

#[test]
fn an_object_of_a_key_that_is_not_ours_is_refused_by_its_name() {
    let error = Opener::new(&keys(), &KeyId::parse("2025").unwrap()).err();
    assert_eq!(error.map(|error| error.kind()), Some(Kind::UnknownKey));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_altered_byte_goes_unnoticed(length in 0_usize..5_000, at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut object = seal(sample(length));
        let at = at.index(object.len());
        object[at] ^= flip;
        prop_assert!(open(&object, 1_000).is_err());
    }

    #[test]
    fn no_bytes_from_outside_panic(object in prop::collection::vec(any::<u8>(), 0..500), piece in 1_usize..100) {
        prop_assert!(open(&object, piece).is_err());
        prop_assert!(open(&[MAGIC, &object].concat(), piece).is_err());
    }
}
