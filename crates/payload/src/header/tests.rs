use super::*;

fn form(place: Place) -> Form {
    Form {
        manifest: Manifest {
            encoding: Encoding::Zstd,
            length: 209_715_200,
            sha256: [0xab; 32],
        },
        place,
    }
}

fn object() -> Place {
    Place::Object {
        name: ObjectName::parse("20261123/5f/5f0123456789abcdef0123456789abcd").unwrap(),
        key: KeyId::parse("2026a"),
    }
}

fn parse(headers: &[(String, Bytes)]) -> Result<Option<Form>, Malformed> {
    Form::parse(|name| {
        let found = headers.iter().rev().find(|(found, _)| found == name);
        found.map(|(_, value)| &value[..])
    })
}

#[test]
fn what_is_written_is_read() {
    let chunk = Chunk {
        set: [7; 16],
        index: 3,
        count: 4,
    };
    for place in [Place::Here, Place::Chunk(chunk), object()] {
        let form = form(place);
        assert_eq!(parse(&form.headers()), Ok(Some(form)));
    }
}

#[test]
fn a_record_without_them_is_its_own_body() {
    assert_eq!(parse(&[]), Ok(None));
    let accepts = (ACCEPT.to_owned(), Accept::ALL.value());
    assert_eq!(parse(&[accepts]), Ok(None));
}

#[test]
fn nothing_is_guessed() {
    let check = |place: Place, name: &str, value: &str| {
        let mut headers = form(place).headers();
        headers.retain(|(found, _)| found != name);
        if !value.is_empty() {
            headers.push((name.to_owned(), Bytes::from(value.to_owned())));
        }
        parse(&headers).unwrap_err().0
    };
    for name in [ENCODING, LENGTH, SHA256] {
        assert_eq!(check(Place::Here, name, ""), name);
    }
    assert_eq!(check(Place::Here, ENCODING, "brotli"), ENCODING);
    for length in ["-1", "+1", "007", "1e3", "18446744073709551616", " 1"] {
        assert_eq!(check(Place::Here, LENGTH, length), LENGTH, "{length}");
    }
    assert_eq!(check(Place::Here, SHA256, &"AB".repeat(32)), SHA256);
    assert_eq!(check(Place::Here, KEY, "2026a"), KEY);
    assert_eq!(check(object(), KEY, "a/b"), KEY);
    assert_eq!(check(object(), CHUNK_COUNT, "3"), CLAIM);
    let chunk = Place::Chunk(Chunk {
        set: [7; 16],
        index: 3,
        count: 4,
    });
    for (name, value) in [
        (CHUNK_SET, ""),
        (CHUNK_SET, "07"),
        (CHUNK_INDEX, ""),
        (CHUNK_INDEX, "4"),
        (CHUNK_COUNT, "0"),
        (CHUNK_COUNT, "10001"),
        (CHUNK_COUNT, "4294967297"),
    ] {
        assert_eq!(check(chunk.clone(), name, value), name, "{value}");
    }
}

#[test]
fn a_reply_comes_in_a_form_that_its_asker_reads() {
    assert_eq!(Accept::parse(None), Accept::default());
    assert_eq!(&Accept::ALL.value()[..], b"zstd,chunks,claim");
    assert_eq!(Accept::parse(Some(b"zstd, chunks ,claim")), Accept::ALL);
    let some = Accept {
        zstd: true,
        ..Accept::default()
    };
    assert_eq!(Accept::parse(Some(b"brotli, zstd")), some);
    assert_eq!(Accept::parse(Some(b"\xff")), Accept::default());
}
