//! What must hold for any headers and bytes that come as a body in a form of its own. Used by the fuzz target and, over its corpus, by the
//! ordinary tests of `payload`.

use payload::{Assembler, Bounds, Form, Place, decode};

/// The largest body that is taken.
const MOST: u64 = 1 << 20;

/// Lines of headers, `name: value`, an empty line, and the record's value. The form is read or refused; what is read is written as it came;
/// a body that comes of it has the length and digest that are said of it, and is never larger than allowed.
pub(crate) fn form(data: &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, value) = match end {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &[][..]),
    };
    let headers: Vec<(&[u8], &[u8])> = head
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let at = line.windows(2).position(|pair| pair == b": ")?;
            Some((&line[..at], &line[at + 2..]))
        })
        .collect();
    let last = |name: &str| {
        let mut headers = headers.iter().rev();
        headers
            .find(|(found, _)| *found == name.as_bytes())
            .map(|(_, value)| *value)
    };
    let Ok(Some(form)) = Form::parse(last) else {
        return;
    };
    let written = form.headers();
    for (name, value) in &written {
        assert_eq!(last(name), Some(&value[..]), "{name}");
    }
    let again = Form::parse(|name| {
        let mut written = written.iter();
        written
            .find(|(found, _)| found == name)
            .map(|(_, value)| &value[..])
    });
    assert_eq!(again, Ok(Some(form.clone())));
    let value = bytes::Bytes::copy_from_slice(value);
    let body = match form.place {
        Place::Here => decode(form.manifest, value, MOST).ok(),
        Place::Chunk(chunk) => {
            let mut assembler = Assembler::new(Bounds {
                body: MOST,
                ..Bounds::default()
            });
            let came = assembler.push(chunk, form.manifest, value, 0);
            came.ok().flatten()
        }
        Place::Object { name, .. } => {
            // Below the store's folder, in whatever it is written.
            let name = name.to_string();
            assert!(
                (43..=50).contains(&name.len()) && !name.contains("..") && !name.starts_with('/')
            );
            return;
        }
    };
    if let Some(body) = body {
        let is = payload::manifest(&body);
        assert_eq!(
            (is.length, is.sha256),
            (form.manifest.length, form.manifest.sha256)
        );
        assert!(is.length <= MOST);
    }
}
