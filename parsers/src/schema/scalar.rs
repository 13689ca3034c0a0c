//! The type that a field's values have in every schema: the one mapping from COBOL to the outside.

use crate::layout::{Field, FieldKind};
use crate::temporal::{Time, Timestamp};
use crate::visitor::Number;

/// The type of an elementary field: the smallest that holds every value its bytes can, not only those its picture
/// shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scalar {
    /// A flag of the meaning.
    Boolean,
    /// A whole number of at most 4 digits.
    Int16,
    /// A whole number of at most 9 digits.
    Int32,
    /// A whole number of at most 18 digits.
    Int64,
    /// Any other number.
    Decimal {
        /// Digits in all; at least 1, at least the scale.
        precision: u16,
        /// Digits right of the point. Zeros of `PIC 9(3)PPP` are part of the number: Avro, Parquet and SQL know no
        /// negative scale.
        scale: u16,
    },
    /// COMP-1 and COMP-2: hexadecimal floats of 4 bytes reach 7.2e75, beyond an IEEE float of 4.
    Double,
    /// A date of the meaning: days since 1970.
    Date,
    /// A time of the meaning: units since midnight.
    Time(TimeUnit),
    /// A timestamp of the meaning: units since 1970, in no zone. Those with more than 6 decimal places are text,
    /// for nanoseconds in 64 bits end in 2262 and legacy writes 9999-12-31 for "never".
    Timestamp(TimeUnit),
    /// Bytes of the meaning.
    Bytes,
    /// Text.
    String,
}

/// What times count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds: forms of up to 3 decimal places.
    Milli,
    /// Microseconds: up to 6.
    Micro,
    /// Nanoseconds: up to 9.
    Nano,
}

impl TimeUnit {
    fn of(places: u8) -> TimeUnit {
        match places {
            0..=3 => TimeUnit::Milli,
            4..=6 => TimeUnit::Micro,
            _ => TimeUnit::Nano,
        }
    }

    /// Its nanoseconds.
    pub fn nanos(self) -> u32 {
        match self {
            TimeUnit::Milli => 1_000_000,
            TimeUnit::Micro => 1_000,
            TimeUnit::Nano => 1,
        }
    }

    /// The units from midnight to a time of day.
    pub fn time(self, time: Time) -> i64 {
        let units = time.nanos().checked_div(u64::from(self.nanos()));
        units
            .and_then(|units| i64::try_from(units).ok())
            .unwrap_or(i64::MAX)
    }

    /// The units from 1970 to a timestamp, if they fit 64 bits.
    pub fn timestamp(self, timestamp: Timestamp) -> Option<i64> {
        let nanos = timestamp.nanos_since_epoch();
        i64::try_from(nanos.div_euclid(i128::from(self.nanos()))).ok()
    }
}

impl Scalar {
    /// The type of a field's values; `None` for a group.
    pub fn of(field: &Field) -> Option<Scalar> {
        Some(match field.kind() {
            FieldKind::Group => return None,
            FieldKind::Number {
                storage_digits,
                scale,
                ..
            } => Scalar::number(storage_digits, scale),
            FieldKind::FloatShort | FieldKind::FloatLong => Scalar::Double,
            FieldKind::Date => Scalar::Date,
            FieldKind::Time { places } => Scalar::Time(TimeUnit::of(places)),
            FieldKind::Timestamp { places } => match TimeUnit::of(places) {
                TimeUnit::Nano => Scalar::String,
                unit => Scalar::Timestamp(unit),
            },
            FieldKind::Flag => Scalar::Boolean,
            FieldKind::Bytes => Scalar::Bytes,
            FieldKind::Text { .. } => Scalar::String,
        })
    }

    fn number(digits: u16, scale: i32) -> Scalar {
        let zeros = u16::try_from(scale.saturating_neg()).unwrap_or(0);
        let places = u16::try_from(scale).unwrap_or(0);
        let digits = digits.saturating_add(zeros).max(1);
        match (digits, places) {
            (..=4, 0) => Scalar::Int16,
            (..=9, 0) => Scalar::Int32,
            (..=18, 0) => Scalar::Int64,
            _ => Scalar::Decimal {
                precision: digits.max(places),
                scale: places,
            },
        }
    }

    /// Digits right of the point that numbers of this type have.
    pub fn scale(self) -> u16 {
        match self {
            Scalar::Decimal { scale, .. } => scale,
            _ => 0,
        }
    }

    /// The number at the type's scale, without its point, if it fits.
    pub fn unscaled(self, number: Number<'_>) -> Option<i128> {
        let scale = i32::from(self.scale());
        if number.scale() == scale {
            return Some(number.decimal().unscaled);
        }
        number.decimal().rescale(scale).map(|same| same.unscaled)
    }

    /// The same, if it fits 64 bits; fast for the numbers of most records.
    #[inline]
    pub fn unscaled_i64(self, number: Number<'_>) -> Option<i64> {
        if number.scale() == i32::from(self.scale()) {
            number.unscaled_i64()
        } else {
            self.unscaled(number)
                .and_then(|value| i64::try_from(value).ok())
        }
    }
}
