//! The two systems behind LOTI and LOTU, held against each other: the same requests, the same COMMAREAs.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::process::Command;
use std::sync::LazyLock;

use demo::area::Area;
use demo::commarea::Terminal;
use demo::company::{Company, DataSet, Scale};
use demo::expect;
use demo::ledger::Posting;
use demo::legacy::{self, Store, inquiry, posting};
use demo::lot_service::{self, Request, Rounding, State, decide};
use parsers::{Decimal, Group, Layout, Value};
use proptest::prelude::*;

const COMPANY: Company = Company {
    seed: 42,
    scale: Scale::SMALL,
};

static STATE: LazyLock<State> = LazyLock::new(fed);

fn state() -> State {
    STATE.clone()
}

/// The service's state, fed with the messages that the company's books say are in the topics.
fn fed() -> State {
    let mut state = State::default();
    for set in [DataSet::Lot, DataSet::Material] {
        for record in COMPANY.records(set, 1) {
            let key = expect::key(&record);
            let value = format!(
                r#"{{"before":null,"after":{},"op":"r"}}"#,
                expect::record(&record)
            );
            match set {
                DataSet::Lot => state.captured_lot(key.as_bytes(), Some(value.as_bytes())),
                _ => state.captured_material(key.as_bytes(), Some(value.as_bytes())),
            }
            .unwrap();
        }
    }
    state
}

fn inquiry_of(lot: &str) -> Vec<u8> {
    Terminal::new().unwrap().inquiry(lot).unwrap()
}

fn posting_of(reference: &str, lot: &str, action: &str, quantity: i128) -> Vec<u8> {
    let posting = Posting {
        reference: reference.to_owned(),
        lot: lot.to_owned(),
        action: action.to_owned(),
        quantity,
    };
    Terminal::new().unwrap().posting(&posting).unwrap()
}

/// What the service makes of a COMMAREA: request and reply go through JSON by the copybooks' names, as a gateway does it.
fn served(
    state: &mut State,
    request: &Layout,
    response: &Layout,
    commarea: &[u8],
    rounding: Rounding,
) -> Vec<u8> {
    let mut json = Vec::new();
    request.write_json(commarea, &mut json).unwrap();
    let asked = Request::read(&json).unwrap();
    let decision = decide(state, &asked, rounding);
    for event in &decision.events {
        let stored = event.to_json().unwrap();
        state.happened(&lot_service::Event::from_json(&stored).unwrap());
    }
    response.read_json(&decision.reply.to_json()).unwrap()
}

/// A COMMAREA as values, without who answered.
fn without_region(layout: &Layout, commarea: &[u8], field: &str) -> Group {
    let mut record = layout.decode(commarea).unwrap();
    record.values.remove(field).unwrap();
    assert!(record.residue.is_empty());
    record.values
}

#[test]
fn both_answer_every_inquiry_alike_and_a_planted_rounding_differs_in_the_value_only() {
    let (request, response) = (
        Area::LotiRequest.layout().unwrap(),
        Area::LotiResponse.layout().unwrap(),
    );
    let (store, mut state) = (Store::of(COMPANY, 1).unwrap(), state());
    let lots: Vec<String> = store.lots().map(str::to_owned).collect();
    let unknown = ["L99", "", "L2600000001X"].map(str::to_owned);
    let (mut cut, mut priced) = (0, 0);
    for lot in lots.iter().chain(&unknown) {
        let commarea = inquiry_of(lot);
        let old = inquiry::answer(&store, &commarea).unwrap();
        assert_eq!(old.len(), 200);
        let old = without_region(&response, &old, "LOTI-REGION");
        let mut ask = |rounding| {
            let new = served(&mut state, &request, &response, &commarea, rounding);
            without_region(&response, &new, "LOTI-REGION")
        };
        assert_eq!(ask(Rounding::default()), old, "{lot}");
        let mut wrong = ask(Rounding::Truncate);
        priced += usize::from(old.get("LOTI-RETURN-CODE") == Some(&Value::from(0)));
        if wrong != old {
            cut += 1;
            let Some(Value::Group(right)) = old.get("LOTI-VALUATION") else {
                panic!("{old:?}")
            };
            let Some(Value::Group(group)) = wrong.get_mut("LOTI-VALUATION") else {
                panic!("{wrong:?}")
            };
            group.set("LOT-VALUE", right.get("LOT-VALUE").unwrap().clone());
            assert_eq!(wrong, old);
        }
    }
    assert!(lots.len() > 90 && priced > lots.len() / 2, "{priced}");
    assert!(cut > priced / 4, "{cut}");
}

#[test]
fn what_is_no_request_is_answered_in_the_commarea() {
    let mut store = Store::of(COMPANY, 1).unwrap();
    let layout = Area::LotiResponse.layout().unwrap();
    let mut other = inquiry_of("L26000000001");
    *other.first_mut().unwrap() = 0xE7;
    let mut digits = inquiry_of("L26000000001");
    *digits.get_mut(4).unwrap() = 0x00;
    for commarea in [&[][..], &[0x40; 39], &[0xFF; 4000], &other, &digits] {
        let answer = inquiry::answer(&store, commarea).unwrap();
        let values = layout.decode(&answer).unwrap().values;
        assert_eq!(values.get("LOTI-RETURN-CODE"), Some(&Value::from(12)));
        assert_eq!(posting::answer(&mut store, commarea).unwrap().len(), 100);
    }
    assert!(store.ledger().is_empty());
}

#[test]
fn a_posting_sent_again_is_answered_and_not_posted_again() {
    let mut store = Store::of(COMPANY, 1).unwrap();
    let layout = Area::LotuResponse.layout().unwrap();
    let released = released(&store);
    let before = posting::on_hand(&store, &released).unwrap();
    let commarea = posting_of("REF-1", &released, "U", 250);
    for posted in ["Y", "B", "B"] {
        let answer = posting::answer(&mut store, &commarea).unwrap();
        let values = layout.decode(&answer).unwrap().values;
        assert_eq!(values.get("LOTU-POSTED"), Some(&Value::from(posted)));
        assert_eq!(
            values.get("LOT-QUANTITY-ON-HAND"),
            Some(&Value::from(Decimal::new(before.unscaled - 250, 3)))
        );
    }
    let posted: Vec<_> = store.ledger().iter().collect();
    assert_eq!((posted.len(), posted[0].repeats), (1, 2));
    let other = posting_of("REF-1", &released, "U", 251);
    let answer = posting::answer(&mut store, &other).unwrap();
    let values = layout.decode(&answer).unwrap().values;
    assert_eq!(values.get("LOTU-RETURN-CODE"), Some(&Value::from(20)));
}

/// The first lot that may be used.
fn released(store: &Store) -> String {
    let layout = DataSet::Lot.layout().unwrap();
    let is_released = |lot: &&str| {
        let record = layout.decode(store.header_record(lot).unwrap()).unwrap();
        let Some(Value::Group(header)) = record.values.get("LOT-HEADER") else {
            return false;
        };
        header.get("LOT-STATE") == Some(&Value::from("R"))
    };
    store.lots().find(is_released).unwrap().to_owned()
}

#[test]
fn the_erp_gives_records_in_the_form_of_the_topics() {
    let store = Store::of(COMPANY, 1).unwrap();
    let mut seen = 0;
    for record in COMPANY.records(DataSet::Lot, 1) {
        let key = expect::key(&record);
        if key.contains(r#""LOT-RECORD-TYPE":"H""#) {
            let lot = key.get(15..27).unwrap();
            assert_eq!(
                legacy::erp::lot(&store, lot).unwrap(),
                expect::record(&record)
            );
            seen += 1;
        }
    }
    assert!(seen > 90);
    for record in COMPANY.records(DataSet::Material, 1) {
        let material = expect::key(&record).get(15..24).unwrap().to_owned();
        assert_eq!(
            legacy::erp::material(&store, &material).unwrap(),
            expect::record(&record)
        );
    }
    assert_eq!(legacy::erp::lot(&store, "L0"), None);
}

#[test]
fn an_unload_is_the_company_s_own_until_something_is_posted() {
    let folder = tempfile::tempdir().unwrap();
    let day = COMPANY.business_day(1);
    let mut store = Store::of(COMPANY, 1).unwrap();
    let (path, written) = store.unload(folder.path(), 1, day).unwrap();
    let mut company = Vec::new();
    let unload = demo::unload::Unload::new(COMPANY, DataSet::Lot, 1, None).unwrap();
    assert_eq!(unload.write(&mut company, |_| ()).unwrap(), written);
    assert!(std::fs::read(&path).unwrap() == company);

    let lot = released(&store);
    posting::answer(&mut store, &posting_of("REF-1", &lot, "U", 1)).unwrap();
    let (path, _) = store.unload(folder.path(), 2, day.plus(1)).unwrap();
    assert!(std::fs::read(&path).unwrap() != company);
}

#[test]
fn values_are_rounded_as_gnucobol_rounds_them() {
    let mut cases: Vec<(i128, i128)> = [0, 1, 499, 500, 501, 999, 1500, 2500, 99_999_999_999_999]
        .into_iter()
        .flat_map(|on_hand| [(on_hand, 1), (-on_hand, 1), (on_hand, -7), (on_hand, 100)])
        .collect();
    cases.extend((1..40).map(|n| (n * 7_919_125, n * n * 104_729)));
    let folder = tempfile::tempdir().unwrap();
    let mut program = String::from(
        "       IDENTIFICATION DIVISION.\n       PROGRAM-ID. ROUNDS.\n       DATA DIVISION.\n       WORKING-STORAGE SECTION.\n       COPY \"BOOK.cpy\".\n       01  SHOWN PIC -(13)9.99.\n       PROCEDURE DIVISION.\n",
    );
    let mut ours = Vec::new();
    for (on_hand, price) in &cases {
        let (on_hand, price) = (Decimal::new(*on_hand, 3), Decimal::new(*price, 2));
        program.push_str(&format!(
            "           MOVE {on_hand} TO LOT-QUANTITY-ON-HAND\n           MOVE {price} TO LOT-UNIT-PRICE\n           COMPUTE LOT-VALUE ROUNDED =\n             LOT-QUANTITY-ON-HAND * LOT-UNIT-PRICE\n           MOVE LOT-VALUE TO SHOWN\n           DISPLAY SHOWN.\n",
        ));
        ours.push(inquiry::value(on_hand, price).unwrap().to_string());
    }
    program.push_str("           STOP RUN.\n");
    std::fs::write(
        folder.path().join("BOOK.cpy"),
        Area::LotiResponse.copybook(),
    )
    .unwrap();
    std::fs::write(folder.path().join("ROUNDS.cob"), program).unwrap();
    let compiled = Command::new("cobc")
        .args(["-x", "-std=ibm", "ROUNDS.cob", "-o", "rounds"])
        .current_dir(folder.path())
        .output();
    let Ok(compiled) = compiled else {
        println!("cobc not found: not run");
        return;
    };
    let errors = String::from_utf8_lossy(&compiled.stderr).into_owned();
    assert!(compiled.status.success(), "{errors}");
    let output = Command::new(folder.path().join("rounds")).output().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<&str> = theirs.lines().map(str::trim).collect();
    assert_eq!(ours, theirs);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_run_of_postings_and_inquiries_is_answered_alike(
        steps in prop::collection::vec((0..12_usize, 0..6_usize, prop::sample::select(vec!["U", "U", "U", "R", "X", "?"]), prop_oneof![Just(0_i128), -5_i128..2_000_000_000]), 1..40)
    ) {
        let areas = Area::ALL.map(|area| area.layout().unwrap());
        let [loti_request, loti_response, lotu_request, lotu_response] = &areas;
        let (mut store, mut state) = (Store::of(COMPANY, 1).unwrap(), state());
        let lots: Vec<String> = store.lots().take(5).map(str::to_owned).chain(["NONE".to_owned()]).collect();
        for (reference, lot, action, quantity) in steps {
            let lot = lots.get(lot).unwrap();
            // The first reference is blank; others come again, with the same content or another.
            let reference = if reference == 0 { String::new() } else { format!("R{reference}") };
            let commarea = posting_of(&reference, lot, action, quantity);
            let old = posting::answer(&mut store, &commarea).unwrap();
            let new = served(&mut state, lotu_request, lotu_response, &commarea, Rounding::default());
            prop_assert_eq!(without_region(lotu_response, &new, "LOTU-REGION"), without_region(lotu_response, &old, "LOTU-REGION"));
            let commarea = inquiry_of(lot);
            let old = inquiry::answer(&store, &commarea).unwrap();
            let new = served(&mut state, loti_request, loti_response, &commarea, Rounding::default());
            prop_assert_eq!(without_region(loti_response, &new, "LOTI-REGION"), without_region(loti_response, &old, "LOTI-REGION"));
        }
        prop_assert_eq!(store.ledger().len(), state.ledger().len());
    }
}
