use proptest::prelude::*;

use super::*;
use crate::body::Packed;
use crate::header::{Encoding, Place};
use crate::{Form, Kind};

fn chunks(body: &[u8], encoding: Encoding, size: usize) -> Vec<(Chunk, Manifest, Bytes)> {
    let packed = Packed::chunks(&Bytes::copy_from_slice(body), encoding, size).unwrap();
    let parts = packed.into_iter().map(|part| match part.form {
        Some(Form {
            manifest,
            place: Place::Chunk(chunk),
        }) => (chunk, manifest, part.value),
        other => panic!("no chunk: {other:?}"),
    });
    parts.collect()
}

fn assembler() -> Assembler {
    Assembler::new(Bounds::default())
}

#[test]
fn a_set_that_never_gets_complete_is_given_up() {
    let mut assembler = assembler();
    let all = chunks(&[7; 100], Encoding::Identity, 10);
    let push = |assembler: &mut Assembler, at: usize, now_ms| {
        let (chunk, manifest, value) = all[at].clone();
        assembler.push(chunk, manifest, value, now_ms).unwrap()
    };
    assert_eq!(push(&mut assembler, 0, 0), None);
    // Each chunk that comes gives the next one time.
    assert_eq!(push(&mut assembler, 1, 60_000), None);
    assembler.expire(120_000);
    assert_eq!((assembler.waiting(), assembler.given_up()), (1, 0));
    assembler.expire(120_001);
    assert_eq!((assembler.waiting(), assembler.given_up()), (0, 1));
    for at in 2..10 {
        assert_eq!(push(&mut assembler, at, 120_002), None);
    }
}

#[test]
fn the_oldest_set_makes_room() {
    let mut assembler = Assembler::new(Bounds {
        bytes: 25,
        ..Bounds::default()
    });
    let (one, other) = (
        chunks(&[1; 30], Encoding::Identity, 10),
        chunks(&[2; 30], Encoding::Identity, 10),
    );
    let mut push = |(chunk, manifest, value): (Chunk, Manifest, Bytes), now_ms| {
        assembler.push(chunk, manifest, value, now_ms).unwrap()
    };
    assert_eq!(push(one[0].clone(), 1), None);
    assert_eq!(push(other[0].clone(), 2), None);
    assert_eq!(push(other[1].clone(), 3), None);
    assert_eq!(push(other[2].clone(), 4), Some(Bytes::from(vec![2; 30])));
    assert_eq!((assembler.waiting(), assembler.given_up()), (0, 1));
}

#[test]
fn chunks_that_contradict_each_other_or_are_too_much_are_refused() {
    let all = chunks(&[7; 100], Encoding::Identity, 10);
    let refused = |second: (Chunk, Manifest, Bytes)| {
        let mut assembler = assembler();
        let (chunk, manifest, value) = all[0].clone();
        assert_eq!(assembler.push(chunk, manifest, value, 0).unwrap(), None);
        let (chunk, manifest, value) = second;
        let error = assembler.push(chunk, manifest, value, 0).unwrap_err();
        assert_eq!(assembler.waiting(), 0);
        error.kind()
    };
    let (chunk, manifest, value) = all[1].clone();
    let fewer = Chunk { count: 9, ..chunk };
    assert_eq!(refused((fewer, manifest, value.clone())), Kind::Altered);
    let longer = Manifest {
        length: 101,
        ..manifest
    };
    assert_eq!(refused((chunk, longer, value)), Kind::Altered);
    let much = Bytes::from(vec![7; 10_000]);
    assert_eq!(refused((chunk, manifest, much)), Kind::Altered);
    let mut small = Assembler::new(Bounds {
        body: 99,
        ..Bounds::default()
    });
    let (chunk, manifest, value) = all[0].clone();
    let error = small.push(chunk, manifest, value, 0).unwrap_err();
    assert_eq!((error.kind(), small.waiting()), (Kind::TooLarge, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bodies_come_whole_in_whatever_order_and_however_often_their_chunks_come(
        bodies in prop::collection::vec((prop::collection::vec(any::<u8>(), 40..400), any::<bool>()), 1..6),
        size in 1_usize..20,
        order in prop::collection::vec(any::<prop::sample::Index>(), 500),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut all = Vec::new();
        let mut wanted = Vec::new();
        for (body, compress) in &bodies {
            let encoding = if *compress { Encoding::Zstd } else { Encoding::Identity };
            let parts = Packed::chunks(&Bytes::copy_from_slice(body), encoding, size).unwrap();
            if parts.len() > 1 {
                wanted.push(Bytes::copy_from_slice(body));
                all.extend(chunks_of(parts));
            }
        }
        for (at, with) in order.iter().enumerate().take(all.len()) {
            let with = with.index(all.len());
            all.swap(at, with);
        }
        let mut twice = all.clone();
        for index in &again {
            if !all.is_empty() {
                twice.insert(index.index(twice.len()), all[index.index(all.len())].clone());
            }
        }
        let mut assembler = assembler();
        let mut whole = Vec::new();
        for (chunk, manifest, value) in twice {
            whole.extend(assembler.push(chunk, manifest, value, 0).unwrap());
        }
        // A chunk that comes again after its body was complete begins a set that never will be, unless all of them do.
        whole.sort();
        wanted.sort();
        prop_assert_eq!(whole, wanted);
    }

    #[test]
    fn an_altered_chunk_never_makes_a_body(
        body in prop::collection::vec(any::<u8>(), 40..400),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let mut all = chunks(&body, Encoding::Identity, 16);
        let which = at.index(all.len());
        let mut altered = all[which].2.to_vec();
        let place = at.index(altered.len());
        altered[place] ^= flip;
        all[which].2 = altered.into();
        let mut assembler = assembler();
        let mut last = Ok(None);
        for (chunk, manifest, value) in all {
            last = assembler.push(chunk, manifest, value, 0);
        }
        prop_assert_eq!(last.unwrap_err().kind(), Kind::Altered);
    }
}

fn chunks_of(parts: Vec<Packed>) -> Vec<(Chunk, Manifest, Bytes)> {
    let parts = parts.into_iter().map(|part| match part.form {
        Some(Form {
            manifest,
            place: Place::Chunk(chunk),
        }) => (chunk, manifest, part.value),
        other => panic!("no chunk: {other:?}"),
    });
    parts.collect()
}
