//! A store against a plain map: rows come and go over restarts, and whatever is asked, both say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parsers::CodePage;
use proptest::prelude::*;
use proptest::sample::Index as Pick;

use super::index::{Definition, Index, IndexField};
use super::key;
use super::list::{Limits, Page, Wish};
use super::member::MemberPath;
use super::order::Form;
use super::store::{Row, Write};
use super::stores::Stores;

const SITES: [&str; 3] = ["X", "Y", "Z"];
const LIMITS: Limits = Limits {
    usual: 3,
    most: 1000,
};

#[derive(Debug, Clone)]
struct Lot {
    site: usize,
    material: String,
    /// In hundredths.
    quantity: Option<i32>,
}

impl Lot {
    fn json(&self) -> String {
        let quantity = match self.quantity {
            None => "null".to_owned(),
            Some(cents) => {
                let sign = if cents < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
            }
        };
        let material = serde_json::Value::from(self.material.as_str());
        format!(
            r#"{{"SITE":"{}","LOT":{{"MATERIAL":{material},"QTY":{quantity}}}}}"#,
            SITES[self.site]
        )
    }

    /// As the field of the source's record has it.
    fn ebcdic(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let padded = format!("{:<4}", self.material);
        CodePage::Cp037.encode_to(&padded, &mut out).unwrap();
        out
    }
}

fn field(name: &str, path: &[&str], form: Form) -> IndexField {
    IndexField {
        name: name.to_owned(),
        path: MemberPath(path.iter().map(|&name| name.to_owned()).collect()),
        form,
    }
}

fn definition() -> Definition {
    let source = Form::Source {
        page: CodePage::Cp037,
        width: 4,
    };
    let quantity = || field("QTY", &["LOT", "QTY"], Form::Number);
    Definition {
        topic: "t".to_owned(),
        rule: vec![field("SITE", &["SITE"], Form::Points)],
        indexes: vec![
            Index {
                name: "by_material".to_owned(),
                fields: vec![field("MATERIAL", &["LOT", "MATERIAL"], source), quantity()],
            },
            Index {
                name: "by_quantity".to_owned(),
                fields: vec![quantity()],
            },
        ],
    }
}

#[derive(Debug, Clone)]
enum Act {
    Put(u8, Lot),
    Delete(u8),
    Restart,
}

fn material() -> impl Strategy<Value = String> {
    prop_oneof!["[aA1]{0,2}", "[a-zA-Z0-9 ä-]{0,3}[a-z]"]
}

fn lot() -> impl Strategy<Value = Lot> {
    (
        0..SITES.len(),
        material(),
        proptest::option::of(-300..300i32),
    )
        .prop_map(|(site, material, quantity)| Lot {
            site,
            material,
            quantity,
        })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (any::<u8>(), lot()).prop_map(|(key, lot)| Act::Put(key % 40, lot)),
        3 => any::<u8>().prop_map(|key| Act::Delete(key % 40)),
        1 => Just(Act::Restart),
    ]
}

fn key_of(number: u8) -> key::Key {
    key::of_record(format!(r#"{{"K":{number}}}"#).as_bytes()).unwrap()
}

fn rows_of(site: usize) -> Vec<u8> {
    let mut out = Vec::new();
    Form::Points.of_text(SITES[site], &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lists_are_what_sorting_the_rows_gives_whatever_came_before(
        acts in proptest::collection::vec(act(), 1..120),
        from in proptest::option::of(-300..300i32),
        to in proptest::option::of(-300..300i32),
        seen in proptest::sample::subsequence(vec![0usize, 1, 2], 1..=3),
        limit in 1..6usize,
        picked in any::<Pick>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let definition = definition();
        let open = || {
            let owned = Arc::new(Stores::default()).own(directory.path());
            owned.find(&definition).unwrap().current
        };
        let mut store = open();
        let mut model: BTreeMap<u8, Lot> = BTreeMap::new();
        for act in acts {
            let (number, row) = match act {
                Act::Restart => {
                    drop(store);
                    store = open();
                    continue;
                }
                Act::Put(number, lot) => {
                    let row = Row::State(Bytes::from(lot.json()));
                    model.insert(number, lot);
                    (number, Some(row))
                }
                Act::Delete(number) => {
                    model.remove(&number);
                    (number, None)
                }
            };
            let pen = store.pen();
            let write = Write { rows: [(key_of(number), row)].into(), durable: true, ..Write::default() };
            store.write(pen, &write).unwrap();
        }
        for number in 0..40 {
            let wanted = model.get(&number).map(|lot| Row::State(Bytes::from(lot.json())));
            prop_assert_eq!(store.get(&key_of(number)).unwrap(), wanted);
        }

        // A page after the other, of what these sites have.
        let rows: Vec<Vec<u8>> = seen.iter().map(|site| rows_of(*site)).collect();
        let pages = |pairs: &[(&str, String)]| {
            let mut all: Vec<String> = Vec::new();
            let mut after: Option<String> = None;
            loop {
                let mut pairs: Vec<(String, String)> =
                    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                pairs.push(("limit".to_owned(), limit.to_string()));
                pairs.extend(after.take().map(|after| ("after".to_owned(), after)));
                let wish = Wish::of(pairs).unwrap();
                let index = wish.index(definition.indexes.iter()).unwrap();
                let number = definition.number_of(index, &definition.rule).unwrap();
                let scan = wish.scan(index, number, &rows, LIMITS).unwrap();
                let Page::Rows { rows, next } = store.page(&scan).unwrap() else {
                    panic!("every row can be read");
                };
                assert!(rows.len() <= limit && (next.is_none() || rows.len() == limit));
                all.extend(rows.iter().map(|row| String::from_utf8(row.to_vec()).unwrap()));
                match next {
                    Some(next) => after = Some(next),
                    None => return all,
                }
            }
        };
        let mut mine: Vec<(&u8, &Lot)> = model.iter().filter(|(_, lot)| seen.contains(&lot.site)).collect();
        let shown = |lots: &[(&u8, &Lot)]| -> Vec<String> { lots.iter().map(|(_, lot)| lot.json()).collect() };

        mine.sort_by_key(|(number, lot)| (lot.ebcdic(), lot.quantity, key_of(**number)));
        prop_assert_eq!(pages(&[]), shown(&mine));
        if !mine.is_empty() {
            let material = picked.get(&mine).1.material.clone();
            let same: Vec<_> = mine.iter().copied().filter(|(_, lot)| lot.material.trim_end() == material.trim_end()).collect();
            prop_assert_eq!(pages(&[("material", material.clone())]), shown(&same));
            let within = |lot: &Lot| match lot.quantity {
                None => from.is_none() && to.is_none(),
                Some(quantity) => from.is_none_or(|from| quantity >= from) && to.is_none_or(|to| quantity <= to),
            };
            let cents = |cents: i32| format!("{cents}e-2");
            let mut pairs = vec![("MATERIAL", material)];
            pairs.extend(from.map(|from| ("from", cents(from))));
            pairs.extend(to.map(|to| ("to", cents(to))));
            let ranged: Vec<_> = same.into_iter().filter(|(_, lot)| within(lot)).collect();
            prop_assert_eq!(pages(&pairs), shown(&ranged));
        }
        mine.sort_by_key(|(number, lot)| (lot.quantity, key_of(**number)));
        prop_assert_eq!(pages(&[("index", "by_quantity".to_owned())]), shown(&mine));
    }
}

#[test]
fn a_cursor_stays_good_while_rows_come_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let definition = definition();
    let owned = Arc::new(Stores::default()).own(directory.path());
    let store = owned.find(&definition).unwrap().current;
    let pen = store.pen();
    let put = |number: u8, quantity: Option<i32>| {
        let lot = quantity.map(|quantity| {
            let lot = Lot {
                site: 0,
                material: "A".to_owned(),
                quantity: Some(quantity),
            };
            Row::State(Bytes::from(lot.json()))
        });
        let write = Write {
            rows: [(key_of(number), lot)].into(),
            ..Write::default()
        };
        store.write(pen, &write).unwrap();
    };
    for number in 0..6 {
        put(number, Some(i32::from(number) * 100));
    }
    let rows = [rows_of(0)];
    let page = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let wish = Wish::of(pairs).map_err(|unclear| unclear.to_string())?;
        let index = wish
            .index(definition.indexes.iter())
            .map_err(|unclear| unclear.to_string())?;
        let number = definition.number_of(index, &definition.rule).unwrap();
        let scan = wish
            .scan(index, number, &rows, LIMITS)
            .map_err(|unclear| unclear.to_string())?;
        let Page::Rows { rows, next } = store.page(&scan).unwrap() else {
            return Err("unknown".to_owned());
        };
        let quantity = MemberPath(vec!["LOT".to_owned(), "QTY".to_owned()]);
        let found = rows.iter().map(|row| {
            quantity
                .find(std::str::from_utf8(row).unwrap())
                .unwrap()
                .to_owned()
        });
        Ok((found.collect::<Vec<_>>().join(" "), next))
    };
    let (first, next) = page(&[("material", "A")]).unwrap();
    assert_eq!(first, "0.00 1.00 2.00");
    let next = next.unwrap();
    // The row it stands on goes, one before it comes, one behind it comes, one moves.
    put(2, None);
    put(7, Some(150));
    put(8, Some(350));
    put(5, Some(450));
    let (second, last) = page(&[("material", "A"), ("after", &next)]).unwrap();
    assert_eq!(second, "3.00 3.50 4.00");
    let (third, none) = page(&[("material", "A"), ("after", &last.unwrap())]).unwrap();
    assert_eq!((&*third, none), ("4.50", None));

    let fault = |pairs: &[(&str, &str)]| page(pairs).unwrap_err();
    // A cursor is good for its own question, whoever asks that.
    let other = fault(&[("material", "B"), ("after", &next)]);
    insta::assert_snapshot!(other, @"after is no cursor of this list: ask again without it");
    assert_eq!(
        fault(&[("material", "A"), ("from", "1"), ("after", &next)]),
        other
    );
    assert_eq!(fault(&[("after", &next)]), other);
    assert_eq!(fault(&[("material", "A"), ("after", "AAAA")]), other);
    let faults: Vec<String> = [
        &[("nothing", "1")][..],
        &[("qty", "1"), ("QTY", "2")],
        &[("limit", "1"), ("limit", "2")],
        &[("index", "by_nothing")],
        &[("index", "by_quantity"), ("material", "A")],
        &[("qty", "1"), ("from", "2")],
        &[("qty", "x")],
        &[("material", "A"), ("to", "x")],
        &[("limit", "0")],
        &[("limit", "1001")],
    ]
    .into_iter()
    .map(fault)
    .collect();
    insta::assert_snapshot!(faults.join("\n"), @r#"
no list has the parameter "nothing"; wanted names of fields, or index, from, to, limit, after
the parameter "QTY" is there twice
the parameter "limit" is there twice
there is no list "by_nothing"
no list begins with just these fields: material
no list begins with just these fields: qty
the value of "QTY" is none that its field can have
the value of "to" is none that its field can have
limit wants a whole number from 1 to 1000
limit wants a whole number from 1 to 1000
"#);

    // While a row cannot be read nobody knows which list it belongs to.
    let write = Write {
        rows: [(key_of(3), Some(Row::Unreadable))].into(),
        ..Write::default()
    };
    store.write(pen, &write).unwrap();
    assert_eq!(fault(&[("material", "A")]), "unknown");
}
