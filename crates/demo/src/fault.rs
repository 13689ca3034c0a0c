//! What goes wrong with unloads in real shops, on demand.
//!
//! In: a data set and the fault wanted. Out: which bytes to spoil. The places are written down from the copybooks' listing,
//! not asked of the layout, so that what capture says about a fault can be checked against them.

use crate::company::DataSet;

/// Something wrong with one generation of one data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The transfer broke: the file ends in the middle of a record, without its trailer.
    Cut,
    /// The job abended before it wrote anything.
    Empty,
    /// A packed number of one record in `every` has nibbles that are no digits.
    DamagedBody {
        /// Every how many records, counted from the first.
        every: u64,
    },
    /// A number in the key of one record in `every` has digits that are none.
    DamagedKey {
        /// Every how many records, counted from the first.
        every: u64,
    },
    /// Written in another record format: variable length comes without its record descriptor words (as FTP leaves it), fixed
    /// length comes with them.
    WrongFormat,
    /// The trailer counts one record more than there is.
    WrongTrailer,
    /// One record in `every` is missing, and the trailer agrees: a selection gone wrong, not a broken file.
    Missing {
        /// Every how many records, counted from the first.
        every: u64,
    },
}

/// Where a fault spoils a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The field, as a path.
    pub field: &'static str,
    /// First byte of the field in the record, from 0.
    pub offset: usize,
    /// Bytes of the field.
    pub len: usize,
    /// What its first byte becomes.
    pub byte: u8,
}

impl DataSet {
    /// The packed number that [`Fault::DamagedBody`] spoils: `FA` for a lead byte is no two digits.
    pub fn number(self) -> Spot {
        let (field, offset, len) = match self {
            DataSet::Material => ("MAT-DETAIL.MAT-PRICES.MAT-STANDARD-PRICE", 96, 6),
            DataSet::Lot => ("LOT-RESULT-COUNT", 15, 2),
            DataSet::Order => ("ORD-DETAIL.ORD-TOTAL", 123, 7),
        };
        Spot {
            field,
            offset,
            len,
            byte: 0xFA,
        }
    }

    /// The number in the key that [`Fault::DamagedKey`] spoils.
    pub fn key_number(self) -> Spot {
        let (field, offset, len) = match self {
            DataSet::Material => ("MAT-DETAIL.MAT-PLANT", 11, 4),
            DataSet::Lot => ("LOT-KEY.LOT-SEQUENCE", 13, 2),
            DataSet::Order => ("ORD-DETAIL.ORD-NUMBER", 1, 10),
        };
        Spot {
            field,
            offset,
            len,
            byte: 0xFF,
        }
    }
}

impl Fault {
    /// Whether the `number`-th record (from 0) is left out.
    pub(crate) fn drops(self, number: u64) -> bool {
        matches!(self, Fault::Missing { every } if hits(every, number))
    }

    /// Where the `number`-th record (from 0) is spoilt.
    pub(crate) fn spot(self, set: DataSet, number: u64) -> Option<Spot> {
        match self {
            Fault::DamagedBody { every } if hits(every, number) => Some(set.number()),
            Fault::DamagedKey { every } if hits(every, number) => Some(set.key_number()),
            _ => None,
        }
    }
}

fn hits(every: u64, number: u64) -> bool {
    every > 0 && number.is_multiple_of(every)
}
