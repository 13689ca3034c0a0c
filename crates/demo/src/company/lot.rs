//! Lots: made, sampled, tested, released or rejected, used up.
//!
//! A lot is several records of one data set (header, one per sample, the release); its story moves forward by generation.

use crate::company::{Material, words};
use crate::content::Content;
use crate::date::Day;
use crate::dice::Dice;

/// One result of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// Test code.
    pub test: &'static str,
    /// Measured, ten-thousandths.
    pub value: i64,
    /// Unit.
    pub unit: &'static str,
    /// Lower and upper limit, ten-thousandths.
    pub limits: (i64, i64),
}

/// One sample of a lot and its results.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Sample number.
    pub sample: String,
    /// Laboratory.
    pub laboratory: &'static str,
    /// Taken on.
    pub sampled_on: Day,
    /// Done on, none while open.
    pub done_on: Option<Day>,
    /// Method.
    pub method: &'static str,
    /// Analyst (a user id).
    pub analyst: &'static str,
    /// Results so far.
    pub results: Vec<TestResult>,
}

/// QA's decision on a lot.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Whether it was accepted.
    pub accepted: bool,
    /// When.
    pub decided_on: Day,
    /// Name and id of the qualified person.
    pub qualified_person: (&'static str, &'static str),
    /// Certificate number.
    pub certificate: String,
    /// Countries it may be sold in, at most eight.
    pub markets: Vec<&'static str>,
    /// Released quantity, thousandths.
    pub quantity: i64,
    /// Until when, none = no end.
    pub valid_to: Option<Day>,
}

/// A lot with all its records (`copybooks/LOT.cpy`). Quantities are thousandths of the unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Lot {
    /// Lot number; key.
    pub number: String,
    /// What was made.
    pub material: String,
    /// Where.
    pub plant: i32,
    /// How much was made.
    pub made: i64,
    /// How much is left; a count that was off can leave it below zero.
    pub on_hand: i64,
    /// Unit.
    pub unit: &'static str,
    /// Made on.
    pub made_on: Day,
    /// Expires on.
    pub expires_on: Day,
    /// Retest on, none = no retest.
    pub retest_on: Option<Day>,
    /// Storage condition.
    pub storage: &'static str,
    /// Supplier, blank when made in house.
    pub supplier: &'static str,
    /// The lot it was made from.
    pub parent: Option<String>,
    /// Samples, one to three.
    pub samples: Vec<Sample>,
    /// The decision, none while in quarantine.
    pub release: Option<Release>,
}

impl Lot {
    /// The `index`-th lot as it was first entered.
    pub(crate) fn enter(seed: u64, index: u64, materials: u64, day: Day) -> Lot {
        let mut dice = Dice::new(seed, "lot", index);
        let made_on = day.plus(-days(&mut dice, 5, 400));
        let made = dice.between(1_000, 900_000_000);
        let bound = i64::try_from(materials.max(1)).unwrap_or(i64::MAX);
        let wanted = u64::try_from(dice.between(1, bound)).unwrap_or(1) - 1;
        let (material, class) = made_of(seed, wanted, materials);
        let sampled_on = made_on.plus(days(&mut dice, 1, 4));
        let samples = (1..=dice.between(1, 3))
            .map(|n| Sample::take(&mut dice, index, n, sampled_on))
            .collect();
        let mut lot = Lot {
            number: format!("L26{:09}", index + 1),
            material,
            plant: dice.pick(&[100, 110, 200, 1200]),
            made,
            on_hand: made,
            unit: if class == "FG" { "PAC" } else { "KG" },
            made_on,
            expires_on: made_on.plus(days(&mut dice, 365, 1825)),
            retest_on: dice
                .odds(60)
                .then(|| made_on.plus(days(&mut dice, 180, 360))),
            storage: dice.pick(&["A25", "C08", "F20"]),
            supplier: dice.pick(words::SUPPLIERS),
            parent: (index > 0 && dice.odds(30)).then(|| format!("L26{index:09}")),
            samples,
            release: None,
        };
        if dice.odds(55) {
            lot.decide(&mut dice, made_on.plus(6));
        }
        lot
    }

    /// What the day's work did to it: decided if it was waiting, else some was used.
    pub(crate) fn edit(&mut self, seed: u64, index: u64, generation: u32, day: Day) {
        let mut dice = Dice::new(
            seed,
            "lot edit",
            index.wrapping_mul(4096).wrapping_add(u64::from(generation)),
        );
        match self.release {
            None => self.decide(&mut dice, day),
            Some(_) => self.on_hand -= dice.between(1, self.made.max(1)),
        }
    }

    fn decide(&mut self, dice: &mut Dice, day: Day) {
        for sample in &mut self.samples {
            sample.finish(dice, day);
        }
        let accepted = self.samples.iter().all(Sample::passed);
        let mut markets: Vec<&'static str> = Vec::new();
        for _ in 0..dice.between(1, 8) {
            let market = dice.pick(words::MARKETS);
            if !markets.contains(&market) {
                markets.push(market);
            }
        }
        self.release = Some(Release {
            accepted,
            decided_on: day,
            qualified_person: dice.pick(words::QUALIFIED_PERSONS),
            certificate: format!("CoA-{:08}", dice.between(1, 99_999_999)),
            markets,
            quantity: if accepted { self.made } else { 0 },
            valid_to: (!accepted || dice.odds(50)).then_some(self.expires_on),
        });
    }

    fn state(&self) -> &'static str {
        match &self.release {
            None => "Q",
            Some(release) if release.accepted => "R",
            Some(_) => "X",
        }
    }

    /// All its records, in key order of the company's own books: header, samples, release.
    pub fn contents(&self) -> Vec<Content> {
        let mut records = vec![self.record("H", 0, "LOT-HEADER", &self.header(), &[])];
        for (sequence, sample) in (1..).zip(&self.samples) {
            records.push(self.record(
                "T",
                sequence,
                "LOT-TEST",
                &sample.content(),
                &sample.results,
            ));
        }
        if let Some(release) = &self.release {
            records.push(self.record("R", 1, "LOT-RELEASE", &release.content(), &[]));
        }
        records
    }

    fn record(
        &self,
        kind: &str,
        sequence: i32,
        body: &str,
        content: &Content,
        results: &[TestResult],
    ) -> Content {
        let key = Content::Group(vec![
            ("LOT-NUMBER", Content::text(&self.number)),
            ("LOT-RECORD-TYPE", Content::text(kind)),
            ("LOT-SEQUENCE", Content::whole(sequence)),
        ]);
        let count = i64::try_from(results.len()).unwrap_or(i64::MAX);
        let mut members = vec![
            ("LOT-KEY", key),
            ("LOT-RESULT-COUNT", Content::whole(count)),
        ];
        for view in ["LOT-HEADER", "LOT-TEST", "LOT-RELEASE", "LOT-TRAILER"] {
            members.push((
                view,
                if view == body {
                    content.clone()
                } else {
                    Content::Absent
                },
            ));
        }
        members.push((
            "LOT-RESULT",
            Content::List(results.iter().map(TestResult::content).collect()),
        ));
        Content::Group(members)
    }

    fn header(&self) -> Content {
        Content::Group(vec![
            ("LOT-MATERIAL", Content::text(&self.material)),
            ("LOT-PLANT", Content::whole(self.plant)),
            ("LOT-QUANTITY-MADE", Content::decimal(self.made, 3)),
            ("LOT-QUANTITY-ON-HAND", Content::decimal(self.on_hand, 3)),
            ("LOT-UNIT", Content::text(self.unit)),
            ("LOT-MADE-ON", Content::Date(Some(self.made_on))),
            ("LOT-EXPIRES-ON", Content::Date(Some(self.expires_on))),
            ("LOT-RETEST-ON", Content::Date(self.retest_on)),
            ("LOT-STORAGE", Content::text(self.storage)),
            ("LOT-SUPPLIER", Content::text(self.supplier)),
            ("LOT-STATE", Content::text(self.state())),
            ("LOT-PARENT", Content::Maybe(self.parent.clone())),
        ])
    }
}

impl Sample {
    fn take(dice: &mut Dice, lot: u64, number: i64, day: Day) -> Sample {
        Sample {
            sample: format!("S{:09}-{number}", lot + 1),
            laboratory: dice.pick(words::LABORATORIES),
            sampled_on: day,
            done_on: None,
            method: dice.pick(words::METHODS),
            analyst: dice.pick(words::USERS),
            results: (0..dice.between(0, 2))
                .map(|_| TestResult::measure(dice))
                .collect(),
        }
    }

    fn finish(&mut self, dice: &mut Dice, day: Day) {
        self.done_on = Some(day);
        for _ in 0..dice.between(1, 9) {
            self.results.push(TestResult::measure(dice));
        }
    }

    fn passed(&self) -> bool {
        self.results.iter().all(TestResult::in_limits)
    }

    fn content(&self) -> Content {
        let verdict = match (self.done_on, self.passed()) {
            (None, _) => "O",
            (Some(_), true) => "P",
            (Some(_), false) => "F",
        };
        Content::Group(vec![
            ("TST-SAMPLE", Content::text(&self.sample)),
            ("TST-LABORATORY", Content::text(self.laboratory)),
            ("TST-SAMPLED-ON", Content::Date(Some(self.sampled_on))),
            ("TST-DONE-ON", Content::Date(self.done_on)),
            ("TST-METHOD", Content::text(self.method)),
            ("TST-ANALYST", Content::text(self.analyst)),
            ("TST-VERDICT", Content::text(verdict)),
        ])
    }
}

impl TestResult {
    fn measure(dice: &mut Dice) -> TestResult {
        let (test, unit, low, high) = dice.pick(words::TESTS);
        let margin = if dice.odds(1) { 1000 } else { 0 };
        TestResult {
            test,
            value: dice.between(low, high) + margin,
            unit,
            limits: (low, high),
        }
    }

    fn in_limits(&self) -> bool {
        (self.limits.0..=self.limits.1).contains(&self.value)
    }

    fn content(&self) -> Content {
        Content::Group(vec![
            ("RES-TEST", Content::text(self.test)),
            ("RES-VALUE", Content::decimal(self.value, 4)),
            ("RES-UNIT", Content::text(self.unit)),
            ("RES-LOW", Content::decimal(self.limits.0, 4)),
            ("RES-HIGH", Content::decimal(self.limits.1, 4)),
            (
                "RES-OUTCOME",
                Content::text(if self.in_limits() { "I" } else { "O" }),
            ),
        ])
    }
}

impl Release {
    fn content(&self) -> Content {
        let (name, id) = self.qualified_person;
        let markets = (0..8)
            .map(|n| Content::text(self.markets.get(n).copied().unwrap_or_default()))
            .collect();
        Content::Group(vec![
            (
                "REL-DECISION",
                Content::text(if self.accepted { "A" } else { "X" }),
            ),
            ("REL-DECIDED-ON", Content::Date(Some(self.decided_on))),
            ("REL-QP-NAME", Content::text(name)),
            ("REL-QP-ID", Content::text(id)),
            ("REL-CERTIFICATE", Content::text(&self.certificate)),
            ("REL-MARKET", Content::List(markets)),
            ("REL-QUANTITY", Content::decimal(self.quantity, 3)),
            ("REL-VALID-TO", Content::Date(self.valid_to)),
        ])
    }
}

/// The first material from that row on that is kept by lot, and its class.
fn made_of(seed: u64, wanted: u64, materials: u64) -> (String, &'static str) {
    let rows = (wanted..materials).chain(0..wanted);
    rows.map(|row| Material::number(seed, row))
        .find(|(_, class)| *class != "PM")
        .unwrap_or_else(|| Material::number(seed, wanted))
}

fn days(dice: &mut Dice, low: i64, high: i64) -> i32 {
    i32::try_from(dice.between(low, high)).unwrap_or(0)
}
