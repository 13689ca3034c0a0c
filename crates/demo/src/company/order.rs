//! Customer orders: placed, picked, shipped, sometimes cancelled.

use crate::company::words;
use crate::content::Content;
use crate::date::Day;
use crate::dice::Dice;

/// Lines an order record has room for.
pub const LINES: usize = 5;

/// One line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Material ordered.
    pub material: String,
    /// How many; negative on a return.
    pub quantity: i64,
    /// Price of one, cents.
    pub price: i64,
}

/// One customer order (`copybooks/ORDER.cpy`). Money is in cents.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Order number; key.
    pub number: u64,
    /// Customer number.
    pub customer_number: i64,
    /// Name, country and mail address of the customer.
    pub customer: (&'static str, &'static str, &'static str),
    /// `O`pen, `P`icked, `S`hipped, `C`ancelled.
    pub status: &'static str,
    /// 1 = emergency.
    pub priority: i64,
    /// Day and time of day (HHMMSS) it was placed.
    pub placed: (Day, i64),
    /// Wanted on.
    pub requested_on: Day,
    /// Shipped on, none = not yet.
    pub shipped_on: Option<Day>,
    /// Discount in hundredths of a percent, negative = surcharge.
    pub discount: i64,
    /// Lines, one to five.
    pub lines: Vec<Line>,
    /// A note, blank when there is none.
    pub note: &'static str,
}

impl Order {
    /// The `index`-th order as it was first entered.
    pub(crate) fn enter(seed: u64, index: u64, materials: u64, day: Day) -> Order {
        let mut dice = Dice::new(seed, "order", index);
        let placed_on = day.plus(-days(&mut dice, 0, 60));
        let bound = i64::try_from(materials.max(1)).unwrap_or(i64::MAX);
        let count = dice.between(1, 5);
        let lines = (0..count)
            .map(|_| Line {
                material: format!("FG{:07}", dice.between(1, bound)),
                quantity: if dice.odds(3) {
                    dice.between(-9, -1)
                } else {
                    dice.between(1, 5_000)
                },
                price: dice.between(50, 250_000),
            })
            .collect();
        Order {
            number: 7_000_000_001 + index,
            customer_number: dice.between(1, 99_999_999),
            customer: dice.pick(words::CUSTOMERS),
            status: "O",
            priority: if dice.odds(2) { 1 } else { dice.between(2, 9) },
            placed: (
                placed_on,
                dice.between(6, 19) * 10_000 + dice.between(0, 59) * 100 + dice.between(0, 59),
            ),
            requested_on: placed_on.plus(days(&mut dice, 1, 20)),
            shipped_on: None,
            discount: if dice.odds(60) {
                0
            } else {
                dice.between(-2_50, 15_00)
            },
            lines,
            note: dice.pick(words::NOTES),
        }
    }

    /// What the day's work did to it: one step on its way.
    pub(crate) fn edit(&mut self, seed: u64, index: u64, generation: u32, day: Day) {
        let mut dice = Dice::new(
            seed,
            "order edit",
            index.wrapping_mul(4096).wrapping_add(u64::from(generation)),
        );
        (self.status, self.shipped_on) = match self.status {
            "O" if dice.odds(10) => ("C", None),
            "O" => ("P", None),
            "P" => ("S", Some(day)),
            // Back from the customer, or written to again after the fact: the discount moves.
            status => (status, self.shipped_on),
        };
        if matches!(self.status, "S" | "C") {
            self.discount = if self.discount == 5_00 { 7_50 } else { 5_00 };
        }
    }

    /// Sum of the lines, cents.
    pub fn total(&self) -> i64 {
        self.lines
            .iter()
            .map(|line| line.quantity * line.price)
            .sum()
    }

    /// The record, by the names its meaning file gives.
    pub fn content(&self) -> Content {
        let (name, country, email) = self.customer;
        let count = i64::try_from(self.lines.len()).unwrap_or(i64::MAX);
        let lines = (0..LINES).map(|n| line(n, self.lines.get(n))).collect();
        let detail = Content::Group(vec![
            ("order_number", Content::whole(self.number)),
            (
                "customer",
                Content::Group(vec![
                    ("customer_number", Content::whole(self.customer_number)),
                    ("name", Content::text(name)),
                    ("country", Content::text(country)),
                    ("email", Content::text(email)),
                ]),
            ),
            ("status", Content::text(self.status)),
            ("priority", Content::whole(self.priority)),
            ("placed_on", Content::Date(Some(self.placed.0))),
            ("placed_at", Content::whole(self.placed.1)),
            ("requested_on", Content::Date(Some(self.requested_on))),
            ("shipped_on", Content::Date(self.shipped_on)),
            ("currency", Content::text("EUR")),
            ("total", Content::decimal(self.total(), 2)),
            ("discount_percent", Content::decimal(self.discount, 2)),
            ("line_count", Content::whole(count)),
            ("lines", Content::List(lines)),
            ("note", Content::text(self.note)),
        ]);
        Content::Group(vec![
            ("record_type", Content::text("O")),
            ("order", detail),
            ("trailer", Content::Absent),
        ])
    }
}

/// The `n`-th line of the table, which always has all its lines: unused ones are blanks and zeros.
fn line(n: usize, line: Option<&Line>) -> Content {
    let position = line.map_or(0, |_| i64::try_from((n + 1) * 10).unwrap_or(i64::MAX));
    let members = match line {
        Some(line) => (
            line.material.as_str(),
            line.quantity,
            "PAC",
            line.price,
            "O",
        ),
        None => ("", 0, "", 0, ""),
    };
    let (material, quantity, unit, price, status) = members;
    Content::Group(vec![
        ("position", Content::whole(position)),
        ("material", Content::text(material)),
        ("quantity", Content::whole(quantity)),
        ("unit", Content::text(unit)),
        ("price", Content::decimal(price, 2)),
        ("status", Content::text(status)),
    ])
}

fn days(dice: &mut Dice, low: i64, high: i64) -> i32 {
    i32::try_from(dice.between(low, high)).unwrap_or(0)
}
