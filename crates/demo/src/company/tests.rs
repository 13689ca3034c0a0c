use super::*;
use std::collections::BTreeMap;

const COMPANY: Company = Company {
    seed: 42,
    scale: Scale::SMALL,
};

fn fold(generation: u32, set: DataSet) -> BTreeMap<String, Content> {
    COMPANY
        .records(set, generation)
        .map(|r| (format!("{:?}", r.key), r.content))
        .collect()
}

#[test]
fn a_generation_is_the_one_before_with_its_changes_applied() {
    for set in DataSet::ALL {
        for generation in 2..6 {
            let mut state = fold(generation - 1, set);
            for change in COMPANY.changes(set, generation) {
                let (key, before, after) = match change {
                    Change::Created(r) => (r.key, None, Some(r.content)),
                    Change::Updated { before, after } => {
                        (after.key, Some(before.content), Some(after.content))
                    }
                    Change::Deleted(r) => (r.key, Some(r.content), None),
                };
                let key = format!("{key:?}");
                assert_eq!(
                    state.get(&key),
                    before.as_ref(),
                    "{set:?} {generation} {key}"
                );
                match after {
                    Some(content) => state.insert(key, content),
                    None => state.remove(&key),
                };
            }
            assert_eq!(state, fold(generation, set), "{set:?} {generation}");
        }
    }
}

#[test]
fn keys_are_unique_and_every_generation_has_every_kind_of_change() {
    for set in DataSet::ALL {
        for generation in 2..6 {
            let counts = COMPANY.counts(set, generation);
            assert_eq!(
                counts.records,
                u64::try_from(fold(generation, set).len()).unwrap(),
                "{set:?} {generation}"
            );
            assert!(
                counts.created > 0 && counts.updated > 0 && counts.deleted > 0,
                "{set:?} {generation} {counts:?}"
            );
            assert!(
                counts.deleted * 20 < counts.records,
                "{set:?} {generation}: deletes at the threshold"
            );
        }
    }
}

#[test]
fn the_first_generation_is_all_new() {
    let counts = COMPANY.counts(DataSet::Lot, 1);
    assert_eq!(
        (counts.created, counts.updated, counts.deleted),
        (counts.records, 0, 0)
    );
    assert_eq!(COMPANY.counts(DataSet::Order, 1).records, 150);
}
