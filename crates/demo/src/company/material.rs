//! The material master: raw and packaging materials, intermediates and finished goods.

use crate::company::words;
use crate::content::Content;
use crate::date::Day;
use crate::dice::Dice;

/// One material in one plant (`copybooks/MATERIAL.cpy`). Money is in the picture's smallest unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// `RM0001017`: class and running number; key.
    pub number: String,
    /// Plant; key.
    pub plant: i32,
    /// What it is.
    pub description: String,
    /// `RM`, `PM`, `IM`, `FG`.
    pub class: &'static str,
    /// `A`ctive, `B`locked, phased `O`ut.
    pub status: &'static str,
    /// Unit of quantity.
    pub unit: &'static str,
    /// Storage condition.
    pub storage: &'static str,
    /// Days from making to expiry.
    pub shelf_life_days: i32,
    /// Stock free to use, in quality inspection, blocked.
    pub stock: [i64; 3],
    /// Order again below this.
    pub reorder_point: i64,
    /// Difference of the last stock count, thousandths, either sign.
    pub count_difference: i64,
    /// Standard price, cents.
    pub standard_price: i64,
    /// Moving average price, hundredths of a cent.
    pub moving_price: i64,
    /// Currency.
    pub currency: &'static str,
    /// Since when it exists.
    pub created_on: Day,
    /// Last change.
    pub last_changed_on: Day,
    /// Until when it may be used; none = no end.
    pub valid_to: Option<Day>,
    /// Whether stock is kept by lot.
    pub batch_managed: bool,
    /// Whether it is a controlled substance.
    pub controlled: bool,
    /// GHS hazard statements, none = blanks.
    pub hazards: [&'static str; 3],
    /// Stock movements ever booked.
    pub movements: i64,
    /// Density in kg/l, in 64ths so that hexadecimal and binary floats hold it alike.
    pub density_64ths: i64,
    /// Potency factor, in 1024ths.
    pub potency_1024ths: i64,
    /// Who changed it last (a user id).
    pub changed_by: &'static str,
}

const CLASSES: &[&str] = &["RM", "PM", "IM", "FG"];

impl Material {
    /// Number and class of the `index`-th material, without the rest of it.
    pub(crate) fn number(seed: u64, index: u64) -> (String, &'static str) {
        let class = Dice::new(seed, "material", index).pick(CLASSES);
        // The class leads, so the rows of the unload are not in key order.
        (format!("{class}{:07}", index + 1), class)
    }

    /// The `index`-th material as it was first entered.
    pub(crate) fn enter(seed: u64, index: u64, day: Day) -> Material {
        let mut dice = Dice::new(seed, "material", index);
        let class = dice.pick(CLASSES);
        let (description, unit) = match class {
            "RM" => (
                format!(
                    "{} {}",
                    dice.pick(words::SUBSTANCES),
                    dice.pick(words::GRADES)
                ),
                "KG",
            ),
            "PM" => (dice.pick(words::PACKAGING).to_owned(), "PC"),
            "IM" => (format!("{} granulate", dice.pick(words::SUBSTANCES)), "KG"),
            _ => {
                let strength = dice.pick(&[5, 10, 20, 50, 100, 250, 500]);
                (
                    format!(
                        "{} {strength} mg {}",
                        dice.pick(words::SUBSTANCES),
                        dice.pick(words::FORMS)
                    ),
                    "PAC",
                )
            }
        };
        let standard_price = dice.between(1, 9_000_000);
        let created_on = day.plus(-i32::try_from(dice.between(30, 9_000)).unwrap_or(0));
        Material {
            number: Material::number(seed, index).0,
            plant: dice.pick(&[100, 110, 200, 1200]),
            description,
            class,
            status: if dice.odds(94) {
                "A"
            } else {
                dice.pick(&["B", "O"])
            },
            unit,
            storage: dice.pick(&["A25", "A25", "A25", "C08", "C08", "F20", "F70"]),
            shelf_life_days: i32::try_from(dice.between(180, 1825)).unwrap_or(180),
            stock: [
                dice.between(0, 4_000_000),
                dice.between(0, 90_000),
                if dice.odds(80) {
                    0
                } else {
                    dice.between(-500, 900)
                },
            ],
            reorder_point: dice.between(0, 200_000),
            count_difference: if dice.odds(50) {
                0
            } else {
                dice.between(-99_999, 99_999)
            },
            standard_price,
            moving_price: standard_price * 100 + dice.between(-standard_price, standard_price),
            currency: "EUR",
            created_on,
            last_changed_on: day.plus(-i32::try_from(dice.between(0, 29)).unwrap_or(0)),
            valid_to: if dice.odds(85) {
                None
            } else {
                Some(day.plus(i32::try_from(dice.between(1, 700)).unwrap_or(1)))
            },
            batch_managed: class != "PM",
            controlled: dice.odds(7),
            hazards: [
                if dice.odds(30) {
                    dice.pick(words::HAZARDS)
                } else {
                    ""
                },
                if dice.odds(10) {
                    dice.pick(words::HAZARDS)
                } else {
                    ""
                },
                "",
            ],
            movements: dice.between(0, 900_000_000_000),
            density_64ths: dice.between(32, 128),
            potency_1024ths: dice.between(900, 1100),
            changed_by: dice.pick(words::USERS),
        }
    }

    /// What the day's work did to it: a new price, stock moved.
    pub(crate) fn edit(&mut self, seed: u64, index: u64, generation: u32, day: Day) {
        let mut dice = Dice::new(
            seed,
            "material edit",
            index.wrapping_mul(4096).wrapping_add(u64::from(generation)),
        );
        if dice.odds(40) {
            self.standard_price =
                (self.standard_price + dice.between(1, 5_000)).min(99_999_999_999);
            self.moving_price = self.standard_price * 100;
        }
        self.stock = [
            self.stock[0] + dice.between(-900, 900),
            self.stock[1],
            self.stock[2],
        ];
        self.movements += dice.between(1, 9);
        self.last_changed_on = day;
        self.changed_by = dice.pick(words::USERS);
    }

    /// The record, by the copybook's names.
    pub fn content(&self) -> Content {
        let [unrestricted, in_quality, in_blocked] = self.stock;
        Content::Group(vec![
            ("MAT-RECORD-TYPE", Content::text("D")),
            (
                "MAT-DETAIL",
                Content::Group(vec![
                    ("MAT-NUMBER", Content::text(&self.number)),
                    ("MAT-PLANT", Content::whole(self.plant)),
                    ("MAT-DESCRIPTION", Content::text(&self.description)),
                    ("MAT-CLASS", Content::text(self.class)),
                    ("MAT-STATUS", Content::text(self.status)),
                    ("MAT-UNIT", Content::text(self.unit)),
                    ("MAT-STORAGE", Content::text(self.storage)),
                    ("MAT-SHELF-LIFE-DAYS", Content::whole(self.shelf_life_days)),
                    (
                        "MAT-STOCK",
                        Content::Group(vec![
                            ("MAT-UNRESTRICTED", Content::whole(unrestricted)),
                            ("MAT-IN-QUALITY", Content::whole(in_quality)),
                            ("MAT-IN-BLOCKED", Content::whole(in_blocked)),
                        ]),
                    ),
                    ("MAT-REORDER-POINT", Content::whole(self.reorder_point)),
                    (
                        "MAT-COUNT-DIFFERENCE",
                        Content::decimal(self.count_difference, 3),
                    ),
                    (
                        "MAT-PRICES",
                        Content::Group(vec![
                            (
                                "MAT-STANDARD-PRICE",
                                Content::decimal(self.standard_price, 2),
                            ),
                            ("MAT-MOVING-PRICE", Content::decimal(self.moving_price, 4)),
                            ("MAT-CURRENCY", Content::text(self.currency)),
                        ]),
                    ),
                    ("MAT-CREATED-ON", Content::Date(Some(self.created_on))),
                    (
                        "MAT-LAST-CHANGED-ON",
                        Content::Date(Some(self.last_changed_on)),
                    ),
                    ("MAT-VALID-TO", Content::Date(self.valid_to)),
                    ("MAT-BATCH-MANAGED", Content::Flag(self.batch_managed)),
                    ("MAT-CONTROLLED", Content::Flag(self.controlled)),
                    (
                        "MAT-HAZARD",
                        Content::List(self.hazards.map(Content::text).to_vec()),
                    ),
                    ("MAT-MOVEMENTS", Content::decimal(self.movements, 0)),
                    ("MAT-DENSITY", Content::Float(exact(self.density_64ths, 64))),
                    (
                        "MAT-POTENCY",
                        Content::Float(exact(self.potency_1024ths, 1024)),
                    ),
                    ("MAT-CHANGED-BY", Content::text(self.changed_by)),
                ]),
            ),
            ("MAT-TRAILER", Content::Absent),
        ])
    }
}

/// A small fraction over a power of two, which a float holds exactly.
fn exact(numerator: i64, denominator: i32) -> f64 {
    f64::from(i32::try_from(numerator).unwrap_or(i32::MAX)) / f64::from(denominator)
}
