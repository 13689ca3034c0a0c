//! Sort, resolve, judge and merge together, against a naive model: generations with random edits and random damage.
//!
//! A record here is `[key, body, body]`; a key from 0xC0 up cannot be read, a body that begins with 0xFF neither. The model knows what the data set held
//! before it was damaged, so it can tell a false delete.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::change::Changes;
use crate::hold::{DuplicateKeys, Evidence, Rules, Threshold, Verdict, judge};
use crate::image::{Cursor, Entry, Store, Tag, View, ViewReader};
use crate::resolve::{Resolved, dead_letter_key, resolve};

type Raw = Vec<u8>;

const ANYTHING: Threshold = Threshold::Records(u64::MAX);
const RULES: Rules = Rules {
    max_deletes: ANYTHING,
    max_bad: ANYTHING,
    duplicate_keys: DuplicateKeys::HoldDeletes,
};

fn readable_key(raw: &[u8]) -> bool {
    raw[0] < 0xC0
}

fn readable_body(raw: &[u8]) -> bool {
    raw[1] != 0xFF
}

fn compare(store: &Store, before: Option<&View>, records: &[Raw]) -> Resolved {
    let (mut sorter, mut unreadable) = (store.sorter(200), store.sorter(200));
    for (number, raw) in records.iter().enumerate() {
        let (record_no, offset) = (number as u64, number as u64 * 3);
        if readable_key(raw) {
            sorter
                .push(Entry {
                    key: &raw[..1],
                    record_no,
                    offset,
                    tag: Tag::Plain,
                    raw,
                })
                .unwrap();
        } else {
            unreadable
                .push(Entry {
                    key: &dead_letter_key(record_no),
                    record_no,
                    offset,
                    tag: Tag::UnreadableKey,
                    raw,
                })
                .unwrap();
        }
    }
    let before = ViewReader::open(store, before).unwrap();
    resolve(
        store,
        sorter.finish().unwrap(),
        unreadable,
        before,
        |entry| readable_body(entry.raw),
        |_| Ok(()),
    )
    .unwrap()
}

/// Key, before, after.
type Step = (Vec<u8>, Option<Raw>, Option<Raw>);

fn changes(
    store: &Store,
    before: Option<&View>,
    after: &View,
    last_key: Option<&[u8]>,
) -> Vec<Step> {
    let mut changes = Changes::open(store, before, after, last_key).unwrap();
    let mut steps = Vec::new();
    while let Some(change) = changes.next().unwrap() {
        let raw = |entry: Option<Entry<'_>>| entry.map(|entry| entry.raw.to_vec());
        steps.push((change.key.to_vec(), raw(change.before), raw(change.after)));
    }
    assert!(changes.next().unwrap().is_none());
    steps
}

fn dead_letters(store: &Store, resolved: &Resolved) -> BTreeMap<u64, Tag> {
    let Some(address) = &resolved.dead else {
        return BTreeMap::new();
    };
    let mut reader = store.reader(address).unwrap();
    let mut letters = BTreeMap::new();
    while reader.advance().unwrap() {
        let entry = reader.current().unwrap();
        letters.insert(entry.record_no, entry.tag);
    }
    letters
}

/// What happens to one record on its way.
#[derive(Debug, Clone)]
enum Damage {
    Key(usize),
    Body(usize),
    /// The key is overwritten with the key of another record.
    KeyOfAnother(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Key),
        any::<usize>().prop_map(Damage::Body),
        (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Damage::KeyOfAnother(one, other)),
    ]
}

/// A generation: what the data set really holds (in any order), and what is damaged in the file.
fn generation() -> impl Strategy<Value = (Vec<Raw>, Vec<Damage>)> {
    let records = proptest::collection::btree_map(0u8..24, (0u8..3, 0u8..2), 0..24)
        .prop_map(|map| {
            map.into_iter()
                .map(|(key, (a, b))| vec![key, a, b])
                .collect::<Vec<_>>()
        })
        .prop_shuffle();
    (records, proptest::collection::vec(damage(), 0..4))
}

fn apply_damage(truth: &[Raw], damages: &[Damage]) -> Vec<Raw> {
    let mut records = truth.to_vec();
    for damage in damages {
        let len = records.len().max(1);
        match damage {
            Damage::Key(at) => records
                .get_mut(at % len)
                .into_iter()
                .for_each(|raw| raw[0] = 0xC0),
            Damage::Body(at) => records
                .get_mut(at % len)
                .into_iter()
                .for_each(|raw| raw[1] = 0xFF),
            Damage::KeyOfAnother(at, other) => {
                // Only a key that is in the file makes a duplicate; a key from nowhere is a new record to anyone who looks.
                let key = records.get(other % len).map(|raw| raw[0]);
                if let (Some(key), Some(raw)) = (key, records.get_mut(at % len)) {
                    raw[0] = key;
                }
            }
        }
    }
    records
}

proptest! {
    // Every case writes and syncs real files.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_damaged_generation_never_gives_a_false_delete(generations in proptest::collection::vec(generation(), 1..6)) {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path(), "s").unwrap();
        let mut view: Option<View> = None;
        let mut topic: BTreeMap<Vec<u8>, Raw> = BTreeMap::new();
        for (truth, damages) in generations {
            let records = apply_damage(&truth, &damages);
            let resolved = compare(&store, view.as_ref(), &records);
            prop_assert_eq!(&compare(&store, view.as_ref(), &records), &resolved, "the same again, by name");
            let verdict = judge(&Evidence { counts: resolved.counts, ..Evidence::default() }, &RULES);
            let held = match verdict {
                Verdict::Hold(_) => { // only the empty one is held here
                    prop_assert!(records.is_empty());
                    continue;
                }
                Verdict::HoldDeletes(_) => resolved.missing.clone(),
                Verdict::Apply => None,
            };
            let after = View { image: resolved.image.clone(), carried: resolved.carried.clone(), held };
            let steps = changes(&store, view.as_ref(), &after, None);

            // No delete for a record the data set really holds.
            let really: BTreeSet<u8> = truth.iter().map(|raw| raw[0]).collect();
            for (key, _, new) in &steps {
                prop_assert!(new.is_some() || !really.contains(&key[0]), "false delete of {:?}", key);
            }
            // Every `before` is what the topic has, and the fold of the changes is the view.
            for (key, old, new) in &steps {
                prop_assert_eq!(topic.get(key), old.as_ref());
                prop_assert_ne!(old, new);
                match new {
                    Some(raw) => topic.insert(key.clone(), raw.clone()),
                    None => topic.remove(key),
                };
            }
            let mut reader = ViewReader::open(&store, Some(&after)).unwrap();
            let mut shown = BTreeMap::new();
            while reader.advance().unwrap() {
                let entry = reader.current().unwrap();
                shown.insert(entry.key.to_vec(), entry.raw.to_vec());
            }
            prop_assert_eq!(&shown, &topic);
            // Each record is in the image or a dead letter, once; the counts say so.
            let letters = dead_letters(&store, &resolved);
            let counts = resolved.counts;
            prop_assert_eq!(counts.bad(), letters.len() as u64);
            prop_assert_eq!(counts.records, records.len() as u64);
            prop_assert_eq!(counts.created + counts.updated + counts.unchanged + counts.bad(), counts.records);
            for (number, raw) in records.iter().enumerate() {
                let expected = if !readable_key(raw) {
                    Some(Tag::UnreadableKey)
                } else if records[number + 1..].iter().any(|later| later[0] == raw[0]) {
                    Some(Tag::DuplicateKey)
                } else if !readable_body(raw) {
                    Some(Tag::UnreadableBody)
                } else {
                    None
                };
                prop_assert_eq!(letters.get(&(number as u64)).copied(), expected);
            }
            // Resumed after any key, the rest is the same.
            for at in 0..steps.len() {
                prop_assert_eq!(&changes(&store, view.as_ref(), &after, Some(&steps[at].0)), &steps[at + 1..]);
            }
            // Releasing the held deletes deletes exactly the missing ones.
            if after.held.is_some() {
                let released = changes(&store, Some(&after), &after.without_held(), None);
                prop_assert_eq!(released.len() as u64, counts.missing);
                prop_assert!(released.iter().all(|(_, old, new)| old.is_some() && new.is_none()));
            }
            view = Some(after);
        }
    }

    #[test]
    fn a_generation_without_damage_gives_exactly_its_edits(first in generation(), second in generation()) {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path(), "s").unwrap();
        let resolved = compare(&store, None, &first.0);
        let view = View { image: resolved.image, carried: resolved.carried, held: None };
        let resolved = compare(&store, Some(&view), &second.0);
        let after = View { image: resolved.image, carried: resolved.carried, held: None };
        let map = |records: &[Raw]| records.iter().map(|raw| (raw[..1].to_vec(), raw.clone())).collect::<BTreeMap<_, _>>();
        let (old, new) = (map(&first.0), map(&second.0));
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
        let expected: Vec<Step> = keys
            .into_iter()
            .filter(|key| old.get(key) != new.get(key))
            .map(|key| (key.clone(), old.get(&key).cloned(), new.get(&key).cloned()))
            .collect();
        prop_assert_eq!(changes(&store, Some(&view), &after, None), expected);
    }
}
