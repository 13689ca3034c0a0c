use super::super::index::{Index, IndexField};
use super::super::key;
use super::super::member::MemberPath;
use super::super::order::Form;
use super::*;

fn put(json: &'static str) -> Option<Row> {
    Some(Row::State(Bytes::from_static(json.as_bytes())))
}

fn key(name: &str) -> Key {
    key::of_record(format!(r#"{{"K":"{name}"}}"#).as_bytes()).unwrap()
}

fn by_number() -> Definition {
    Definition {
        topic: "t".to_owned(),
        rule: Vec::new(),
        indexes: vec![Index {
            name: "by_number".to_owned(),
            fields: vec![IndexField {
                name: "N".to_owned(),
                path: MemberPath(vec!["N".to_owned()]),
                form: Form::Number,
            }],
        }],
    }
}

#[test]
fn rows_entries_and_places_come_back_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let place = Place {
        next: 7,
        last: Some((5, u64::MAX)),
        as_of_ms: None,
    };
    assert!(Store::open(&path).unwrap().is_none());
    let store = Store::create(&path, &by_number()).unwrap();
    let pen = store.pen();
    assert_eq!(store.places().unwrap(), (BTreeMap::new(), false));
    let rows = [
        (key("a"), put(r#"{"N":1}"#)),
        (key("b"), Some(Row::Unreadable)),
        (key("c"), put(r#"{"N":3}"#)),
    ];
    let write = Write {
        rows: rows.into(),
        places: [(2, place)].into(),
        filled: true,
        followed_ms: Some(7),
        durable: true,
    };
    store.write(pen, &write).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::InUse)));
    let gone = Write {
        rows: [(key("c"), None), (key("a"), put(r#"{"N":4}"#))].into(),
        durable: true,
        ..Write::default()
    };
    store.write(pen, &gone).unwrap();
    drop(store);

    let store = Store::open(&path).unwrap().unwrap();
    assert_eq!(store.definition(), &by_number());
    assert_eq!(store.places().unwrap(), ([(2, place)].into(), true));
    assert_eq!(store.followed_ms().unwrap(), Some(7));
    assert_eq!(store.get(&key("a")).unwrap(), put(r#"{"N":4}"#));
    assert_eq!(store.get(&key("b")).unwrap(), Some(Row::Unreadable));
    assert_eq!(store.get(&key("c")).unwrap(), None);
    // Of each row that is there one entry, and none of what it was.
    let seen = store.seen.load();
    assert_eq!(
        (
            seen.rows.len().unwrap(),
            seen.entries.len().unwrap(),
            seen.unreadable.len().unwrap()
        ),
        (2, 1, 1)
    );
    let pen = store.pen();
    let mended = Write {
        rows: [(key("b"), None)].into(),
        ..Write::default()
    };
    store.write(pen, &mended).unwrap();
    assert_eq!(store.seen.load().unreadable.len().unwrap(), 0);
    store.clear(pen).unwrap();
    assert_eq!(store.places().unwrap(), (BTreeMap::new(), false));
    let seen = store.seen.load();
    assert_eq!(
        (seen.rows.len().unwrap(), seen.entries.len().unwrap()),
        (0, 0)
    );
}

#[test]
fn a_store_of_another_form_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let store = Store::create(&path, &by_number()).unwrap();
    let write = store.database.begin_write().unwrap();
    write
        .open_table(ABOUT)
        .unwrap()
        .insert(FORM.0, "1")
        .unwrap();
    write.commit().unwrap();
    drop(store);
    assert!(Store::open(&path).unwrap().is_none());
    assert!(!path.exists());
}
