use super::*;

fn address(digit: char) -> Address {
    Address::try_from(digit.to_string().repeat(64)).unwrap()
}

fn example() -> Position {
    let origin = Origin {
        generation: "G0002V00".into(),
        file: FileId {
            size: 600,
            modified_ms: 1_700_000_000_000,
            sha256: "ab".repeat(32),
        },
    };
    let view = |digit| View {
        image: address(digit),
        carried: None,
        held: None,
    };
    Position {
        finished: Some(Finished {
            generation: "G0002V00".into(),
            counts: Counts {
                records: 3,
                ..Counts::default()
            },
            emitted: Emitted {
                read: 3,
                ..Emitted::default()
            },
            release: None,
            ended_ms: 6,
        }),
        committed: Some(Committed {
            origin: origin.clone(),
            view: view('a'),
            held_deletes: Some(HeldDeletes {
                id: "h1".into(),
                records: 2,
                reasons: vec![Reason::UnreadableKeys { records: 1 }],
                since_ms: 5,
            }),
            business_date: Some("2026-11-21".into()),
        }),
        work: Some(Work {
            generation: "G0003V00".into(),
            origin,
            kind: Kind::Changes,
            before: Some(view('a')),
            after: View {
                image: address('b'),
                carried: Some(address('c')),
                held: Some(address('d')),
            },
            dead: Some(address('e')),
            counts: Counts::default(),
            held: Vec::new(),
            release: Some(Acted {
                id: "r1".into(),
                generation: "G0003V00".into(),
                choice: Choice::Apply,
                who: "anna".into(),
                why: "CHG1".into(),
            }),
            controls: vec![ControlTotal {
                name: "records".into(),
                counted: "3".into(),
                stated: "3".into(),
            }],
            business_date: None,
            cursor: Place::Changes {
                after: Some("f1f2".into()),
            },
            emitted: Emitted {
                created: 1,
                ..Emitted::default()
            },
        }),
        hold: None,
        as_of_ms: Some(7),
        ..Position::default()
    }
}

/// What a checkpoint of this version looks like in Kafka. A change here breaks running captures: it needs a new version.
#[test]
fn a_position_is_written_as_it_always_was() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&example().to_json().unwrap()).unwrap(), @r#"
    {
      "version": 1,
      "finished": {
        "generation": "G0002V00",
        "counts": {
          "records": 3,
          "created": 0,
          "updated": 0,
          "unchanged": 0,
          "missing": 0,
          "unreadable_keys": 0,
          "unreadable_bodies": 0,
          "duplicate_keys": 0,
          "before": 0
        },
        "emitted": {
          "read": 3,
          "created": 0,
          "updated": 0,
          "deleted": 0,
          "dead_letters": 0
        },
        "release": null,
        "ended_ms": 6
      },
      "committed": {
        "origin": {
          "generation": "G0002V00",
          "file": {
            "size": 600,
            "modified_ms": 1700000000000,
            "sha256": "abababababababababababababababababababababababababababababababab"
          }
        },
        "view": {
          "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        },
        "held_deletes": {
          "id": "h1",
          "records": 2,
          "reasons": [
            {
              "kind": "unreadable-keys",
              "records": 1
            }
          ],
          "since_ms": 5
        },
        "business_date": "2026-11-21"
      },
      "work": {
        "generation": "G0003V00",
        "origin": {
          "generation": "G0002V00",
          "file": {
            "size": 600,
            "modified_ms": 1700000000000,
            "sha256": "abababababababababababababababababababababababababababababababab"
          }
        },
        "kind": "changes",
        "before": {
          "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        },
        "after": {
          "image": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
          "carried": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
          "held": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
        },
        "dead": "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
        "counts": {
          "records": 0,
          "created": 0,
          "updated": 0,
          "unchanged": 0,
          "missing": 0,
          "unreadable_keys": 0,
          "unreadable_bodies": 0,
          "duplicate_keys": 0,
          "before": 0
        },
        "held": [],
        "release": {
          "id": "r1",
          "generation": "G0003V00",
          "choice": "apply",
          "who": "anna",
          "why": "CHG1"
        },
        "controls": [
          {
            "name": "records",
            "counted": "3",
            "stated": "3"
          }
        ],
        "business_date": null,
        "cursor": {
          "phase": "changes",
          "after": "f1f2"
        },
        "emitted": {
          "read": 0,
          "created": 1,
          "updated": 0,
          "deleted": 0,
          "dead_letters": 0
        }
      },
      "hold": null,
      "layout": null,
      "totals": {
        "read": 0,
        "created": 0,
        "updated": 0,
        "deleted": 0,
        "dead_letters": 0
      },
      "as_of_ms": 7,
      "acted": [],
      "trouble": null
    }
    "#);
}

#[test]
fn a_position_reads_back() {
    let position = example();
    assert_eq!(
        Position::from_json(&position.to_json().unwrap()).unwrap(),
        position
    );
    let images: Vec<_> = position
        .images()
        .map(|address| address.as_str().chars().next().unwrap())
        .collect();
    assert_eq!(images, ['a', 'a', 'b', 'c', 'd', 'e']);
}

#[test]
fn an_unknown_version_or_field_stops() {
    let mut json = example().to_json().unwrap();
    json["surprise"] = 1.into();
    assert_eq!(
        Position::from_json(&json).unwrap_err().kind(),
        ErrorKind::Checkpoint
    );
    json["version"] = 2.into();
    let error = Position::from_json(&json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the checkpoint's position has version 2; this program knows version 1"
    );
}

#[test]
fn only_the_last_releases_are_remembered() {
    let mut position = Position::default();
    for n in 0..40 {
        position.act(&format!("r{n}"));
    }
    assert_eq!(position.acted.len(), 32);
    assert_eq!(position.acted.last().map(String::as_str), Some("r39"));
}
