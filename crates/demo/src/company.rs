//! The sample company: a pharma manufacturer with three data sets that a mainframe unloads every night.
//!
//! In: a seed and a scale. Out: the records of any generation of any data set, and exactly what changed since the generation
//! before, one at a time, whatever the size. Pure: no clock, no files, no chance but the seed's.

mod lot;
mod material;
mod order;
mod words;

pub use lot::{Lot, Release, Sample, TestResult};
pub use material::Material;
pub use order::{LINES, Line, Order};

use crate::content::Content;
use crate::date::Day;

/// The company's data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataSet {
    /// Material master, fixed length.
    Material,
    /// Lots, their tests and releases, variable length.
    Lot,
    /// Customer orders, fixed length.
    Order,
}

impl DataSet {
    /// All of them, in the order the tour loads them.
    pub const ALL: [DataSet; 3] = [DataSet::Material, DataSet::Lot, DataSet::Order];

    /// The copybook's name, which is also the middle of the data set's name: `MATERIAL`.
    pub fn name(self) -> &'static str {
        match self {
            DataSet::Material => "MATERIAL",
            DataSet::Lot => "LOT",
            DataSet::Order => "ORDER",
        }
    }

    /// The name of the file that holds a generation, as z/OS names generation data sets: `PHARMA.LOT.G0001V00`.
    pub fn file_name(self, generation: u32) -> String {
        format!("PHARMA.{}.G{generation:04}V00", self.name())
    }
}

/// How many materials, lots and orders the company begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Materials.
    pub materials: u64,
    /// Lots; each is two to five records.
    pub lots: u64,
    /// Orders.
    pub orders: u64,
}

impl Scale {
    /// Enough to see something, small enough to wait for: what `figway demo` shows.
    pub const DEMO: Scale = Scale {
        materials: 2_000,
        lots: 1_500,
        orders: 5_000,
    };
    /// For tests that look at every record.
    pub const SMALL: Scale = Scale {
        materials: 120,
        lots: 100,
        orders: 150,
    };

    /// So many materials, and lots and orders in proportion.
    pub fn of_materials(materials: u64) -> Scale {
        Scale {
            materials,
            lots: materials.saturating_mul(3) / 4,
            orders: materials.saturating_mul(5) / 2,
        }
    }

    /// So many orders, of 300 bytes each: what speed and memory are measured with.
    pub fn of_orders(orders: u64) -> Scale {
        Scale {
            materials: 10_000,
            lots: 0,
            orders,
        }
    }

    fn of(self, set: DataSet) -> u64 {
        match set {
            DataSet::Material => self.materials,
            DataSet::Lot => self.lots,
            DataSet::Order => self.orders,
        }
    }
}

/// One record of a data set as the company knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The key's fields by name, in the key's order.
    pub key: Vec<(&'static str, Content)>,
    /// The whole record by name.
    pub content: Content,
    /// What it adds to the trailer's control total, in the total's smallest unit.
    pub control: i128,
}

/// What happened to one record between two generations.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is new.
    Created(Record),
    /// It has new content under the same key.
    Updated {
        /// As it was.
        before: Record,
        /// As it is.
        after: Record,
    },
    /// It is gone.
    Deleted(Record),
}

/// How many records a generation has, and how many differ from the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records without the trailer.
    pub records: u64,
    /// New since the generation before.
    pub created: u64,
    /// Changed since the generation before.
    pub updated: u64,
    /// Gone since the generation before.
    pub deleted: u64,
}

/// The company: everything it will ever unload follows from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Company {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// How big it is.
    pub scale: Scale,
}

/// Of this many rows one is deleted and [`EDITED`] are edited by each generation: 2 % and 6 %, below the share of deletes
/// at which capture asks a person.
const STRIDE: u64 = 50;
const EDITED: u64 = 3;

enum Fate {
    Kept,
    Edited,
    Deleted,
}

enum Entity {
    Material(Material),
    Lot(Lot),
    Order(Order),
}

impl Company {
    /// The business day whose close wrote that generation (from 1).
    pub fn business_day(&self, generation: u32) -> Day {
        Day::of(2026, 11, 20).plus(i32::try_from(generation).unwrap_or(i32::MAX) - 1)
    }

    /// Every record of that generation (from 1) without the trailer, one at a time, in the order of the unload.
    pub fn records(&self, set: DataSet, generation: u32) -> impl Iterator<Item = Record> + use<> {
        let company = *self;
        (0..company.rows(set, generation))
            .filter_map(move |index| company.entity(set, index, generation))
            .flat_map(Entity::into_records)
    }

    /// Exactly what differs between the generation before and this one, in the order of the rows.
    pub fn changes(&self, set: DataSet, generation: u32) -> impl Iterator<Item = Change> + use<> {
        let company = *self;
        (0..company.rows(set, generation)).flat_map(move |index| {
            let records = |generation| {
                company
                    .entity(set, index, generation)
                    .map(Entity::into_records)
                    .unwrap_or_default()
            };
            difference(records(generation.saturating_sub(1)), records(generation))
        })
    }

    /// The figures of a generation.
    pub fn counts(&self, set: DataSet, generation: u32) -> Counts {
        let mut counts = Counts {
            records: count(self.records(set, generation)),
            ..Counts::default()
        };
        for change in self.changes(set, generation) {
            match change {
                Change::Created(_) => counts.created += 1,
                Change::Updated { .. } => counts.updated += 1,
                Change::Deleted(_) => counts.deleted += 1,
            }
        }
        counts
    }

    /// Rows ever entered up to that generation.
    fn rows(&self, set: DataSet, generation: u32) -> u64 {
        if generation == 0 {
            return 0;
        }
        self.scale.of(set) + u64::from(generation - 1) * self.entered_each_generation(set)
    }

    fn entered_each_generation(&self, set: DataSet) -> u64 {
        (self.scale.of(set) / 40).max(1)
    }

    /// The generation a row was entered by.
    fn born(&self, set: DataSet, index: u64) -> u32 {
        match index.checked_sub(self.scale.of(set)) {
            None => 1,
            Some(later) => {
                u32::try_from(2 + later / self.entered_each_generation(set)).unwrap_or(u32::MAX)
            }
        }
    }

    /// What a generation does to a row that was there before it.
    fn fate(&self, set: DataSet, index: u64, generation: u32) -> Fate {
        let offset = self
            .seed
            .wrapping_add(u64::from(generation) * 17 + self.scale.of(set) % 7)
            % STRIDE;
        match (index + offset) % STRIDE {
            0 => Fate::Deleted,
            n if n <= EDITED => Fate::Edited,
            _ => Fate::Kept,
        }
    }

    /// A row's state at that generation; none before it was entered and after it was deleted.
    fn entity(&self, set: DataSet, index: u64, generation: u32) -> Option<Entity> {
        let born = self.born(set, index);
        if generation < born {
            return None;
        }
        let day = self.business_day(born);
        let mut entity = match set {
            DataSet::Material => Entity::Material(Material::enter(self.seed, index, day)),
            DataSet::Lot => Entity::Lot(Lot::enter(self.seed, index, self.scale.materials, day)),
            DataSet::Order => {
                Entity::Order(Order::enter(self.seed, index, self.scale.materials, day))
            }
        };
        for later in born + 1..=generation {
            match self.fate(set, index, later) {
                Fate::Kept => {}
                Fate::Edited => entity.edit(self.seed, index, later, self.business_day(later)),
                Fate::Deleted => return None,
            }
        }
        Some(entity)
    }
}

impl Entity {
    fn edit(&mut self, seed: u64, index: u64, generation: u32, day: Day) {
        match self {
            Entity::Material(material) => material.edit(seed, index, generation, day),
            Entity::Lot(lot) => lot.edit(seed, index, generation, day),
            Entity::Order(order) => order.edit(seed, index, generation, day),
        }
    }

    fn into_records(self) -> Vec<Record> {
        match self {
            Entity::Material(material) => vec![Record {
                key: vec![
                    ("MAT-NUMBER", Content::text(&material.number)),
                    ("MAT-PLANT", Content::whole(material.plant)),
                ],
                content: material.content(),
                control: i128::from(material.standard_price),
            }],
            Entity::Lot(lot) => {
                let on_hand = i128::from(lot.on_hand);
                lot.contents()
                    .into_iter()
                    .map(|content| Record {
                        control: if content.member("LOT-HEADER") == Some(&Content::Absent) {
                            0
                        } else {
                            on_hand
                        },
                        key: match content.member("LOT-KEY") {
                            Some(Content::Group(members)) => members.clone(),
                            _ => Vec::new(),
                        },
                        content,
                    })
                    .collect()
            }
            Entity::Order(order) => vec![Record {
                key: vec![("order_number", Content::whole(order.number))],
                content: order.content(),
                control: i128::from(order.total()),
            }],
        }
    }
}

/// What differs between two states of one row, which is a handful of records.
fn difference(before: Vec<Record>, mut after: Vec<Record>) -> Vec<Change> {
    let mut changes = Vec::new();
    for old in before {
        match after.iter().position(|new| new.key == old.key) {
            None => changes.push(Change::Deleted(old)),
            Some(at) => {
                let new = after.remove(at);
                if new.content != old.content {
                    changes.push(Change::Updated {
                        before: old,
                        after: new,
                    });
                }
            }
        }
    }
    changes.extend(after.into_iter().map(Change::Created));
    changes
}

fn count(records: impl Iterator) -> u64 {
    u64::try_from(records.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
