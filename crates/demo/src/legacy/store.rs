//! The stand-in's records: lots and materials as EBCDIC bytes by key, and the ledger of what was posted.
//!
//! In: the company at one generation; later, postings. Out: records, prices, and the lots as a new generation of their data
//! set. Every access goes through the record's bytes, as a program's READ and REWRITE would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parsers::{Decimal, Group, Layout, Record as Values};

use super::fields::{group, number, text};
use crate::area::Area;
use crate::company::{Company, DataSet};
use crate::content::Content;
use crate::date::Day;
use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;
use crate::unload::{self, Written};

/// The layouts of everything the stand-in reads and writes.
#[derive(Debug, Clone)]
pub struct Layouts {
    pub(super) lot: Arc<Layout>,
    pub(super) material: Arc<Layout>,
    pub(super) loti_request: Arc<Layout>,
    pub(super) loti_response: Arc<Layout>,
    pub(super) lotu_request: Arc<Layout>,
    pub(super) lotu_response: Arc<Layout>,
}

impl Layouts {
    fn new() -> Result<Layouts> {
        Ok(Layouts {
            lot: DataSet::Lot.layout()?,
            material: DataSet::Material.layout()?,
            loti_request: Area::LotiRequest.layout()?,
            loti_response: Area::LotiResponse.layout()?,
            lotu_request: Area::LotuRequest.layout()?,
            lotu_response: Area::LotuResponse.layout()?,
        })
    }
}

/// What a material costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Standard price, two decimal places.
    pub price: Decimal,
    /// Currency.
    pub currency: String,
}

/// The stand-in's data.
#[derive(Debug)]
pub struct Store {
    layouts: Layouts,
    /// Records of each lot, the header first.
    lots: BTreeMap<String, Vec<Vec<u8>>>,
    /// The lots in the order of the unload.
    order: Vec<String>,
    materials: BTreeMap<String, Vec<u8>>,
    ledger: Ledger,
}

impl Store {
    /// What the company has at that generation.
    ///
    /// # Errors
    /// [`Kind::Config`] and [`Kind::Encode`]: mistakes of ours.
    pub fn of(company: Company, generation: u32) -> Result<Store> {
        let layouts = Layouts::new()?;
        let (mut lots, mut order) = (BTreeMap::<String, Vec<Vec<u8>>>::new(), Vec::new());
        for record in company.records(DataSet::Lot, generation) {
            let bytes = unload::encode(&layouts.lot, DataSet::Lot, &record.content)?;
            let lot = key_text(&record.key, "LOT-NUMBER");
            if order.last() != Some(&lot) {
                order.push(lot.clone());
            }
            lots.entry(lot).or_default().push(bytes);
        }
        let mut materials = BTreeMap::new();
        for record in company.records(DataSet::Material, generation) {
            let bytes = unload::encode(&layouts.material, DataSet::Material, &record.content)?;
            materials.insert(key_text(&record.key, "MAT-NUMBER"), bytes);
        }
        Ok(Store {
            layouts,
            lots,
            order,
            materials,
            ledger: Ledger::default(),
        })
    }

    /// The layouts it works with.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// Numbers of all lots, in the order of the unload.
    pub fn lots(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// Numbers of all materials.
    pub fn materials(&self) -> impl Iterator<Item = &str> {
        self.materials.keys().map(String::as_str)
    }

    /// What was posted here.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// The bytes of a lot's header record.
    pub fn header_record(&self, lot: &str) -> Option<&[u8]> {
        self.lots.get(lot)?.first().map(Vec::as_slice)
    }

    /// The bytes of a material's record.
    pub fn material_record(&self, material: &str) -> Option<&[u8]> {
        self.materials.get(material).map(Vec::as_slice)
    }

    /// The values of a lot's header record.
    pub(super) fn header(&self, lot: &str) -> Option<Group> {
        let record = self.layouts.lot.decode(self.header_record(lot)?).ok()?;
        Some(record.values)
    }

    /// Standard price of a material, if there is such a material.
    pub(super) fn price(&self, material: &str) -> Option<Price> {
        let record = self
            .layouts
            .material
            .decode(self.material_record(material)?)
            .ok()?;
        let prices = group(group(&record.values, "MAT-DETAIL")?, "MAT-PRICES")?;
        Some(Price {
            price: number(prices, "MAT-STANDARD-PRICE", 2),
            currency: text(prices, "MAT-CURRENCY"),
        })
    }

    /// What is on hand of a lot that may be used; none of one that is not released.
    pub fn usable(&self, lot: &str) -> Option<Decimal> {
        let record = self.header(lot)?;
        let header = group(&record, "LOT-HEADER")?;
        (text(header, "LOT-STATE") == "R").then(|| number(header, "LOT-QUANTITY-ON-HAND", 3))
    }

    /// What the night's batch adds up: the quantity on hand of all lots, thousandths.
    pub fn total_on_hand(&self) -> i128 {
        let of = |lot: &String| {
            let record = self.header(lot)?;
            Some(number(group(&record, "LOT-HEADER")?, "LOT-QUANTITY-ON-HAND", 3).unscaled)
        };
        self.order.iter().filter_map(of).sum()
    }

    pub(super) fn rewrite_header(&mut self, lot: &str, values: Group) -> Result<()> {
        let bytes = self
            .layouts
            .lot
            .encode(&Values::from(values))
            .map_err(|error| {
                Error::new(Kind::Encode, "a rewritten record does not fit LOT").because(error)
            })?;
        if let Some(header) = self
            .lots
            .get_mut(lot)
            .and_then(|records| records.first_mut())
        {
            *header = bytes;
        }
        Ok(())
    }

    /// Unloads the lots as that generation of their data set, into the folder that capture watches.
    ///
    /// # Errors
    /// [`Kind::Io`] when the file cannot be written.
    pub fn unload(&self, folder: &Path, generation: u32, day: Day) -> Result<(PathBuf, Written)> {
        let records = self.order.iter().filter_map(|lot| self.lots.get(lot));
        let records = records.flatten().map(|bytes| {
            let control = self.layouts.lot.control_amount(bytes).map_err(|error| {
                Error::new(Kind::Encode, "a record has no quantity to add up").because(error)
            })?;
            let control = control.and_then(|total| total.rescale(3));
            Ok((bytes.clone(), control.map_or(0, |total| total.unscaled)))
        });
        unload::write_data_set(
            folder,
            DataSet::Lot,
            generation,
            day,
            &self.layouts.lot,
            records,
        )
    }
}

fn key_text(key: &[(&'static str, Content)], name: &str) -> String {
    let found = key.iter().find(|(known, _)| *known == name);
    match found {
        Some((_, Content::Text(text))) => text.clone(),
        _ => String::new(),
    }
}
