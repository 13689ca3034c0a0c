//! The values of one column, as they come; and the Arrow array they become.

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Decimal256Array, PrimitiveArray,
    StringArray,
};
use arrow_buffer::{ArrowNativeType, NullBuffer, OffsetBuffer, ScalarBuffer, i256};
use arrow_schema::ArrowError;

use super::super::{Scalar, TimeUnit};

/// Digits that 128 bits hold.
pub(super) const DIGITS_128: u16 = 38;

/// Values, with those that are null as zero or nothing.
#[derive(Debug)]
pub(super) enum Values {
    /// Members hold them.
    Struct,
    Boolean(Vec<bool>),
    Short(Vec<i16>),
    Int(Vec<i32>),
    Long(Vec<i64>),
    Wide(Vec<i128>),
    Double(Vec<f64>),
    Bytes {
        data: Vec<u8>,
        ends: Vec<i32>,
    },
}

/// A column, or the items of one that is a list.
#[derive(Debug)]
pub(super) struct Items {
    pub(super) values: Values,
    /// Which are not null.
    valid: Vec<bool>,
}

impl Items {
    pub(super) fn new(scalar: Option<Scalar>) -> Items {
        let values = match scalar {
            None => Values::Struct,
            Some(Scalar::Boolean) => Values::Boolean(Vec::new()),
            Some(Scalar::Int16) => Values::Short(Vec::new()),
            Some(Scalar::Int32 | Scalar::Date | Scalar::Time(TimeUnit::Milli)) => {
                Values::Int(Vec::new())
            }
            Some(Scalar::Int64 | Scalar::Time(_) | Scalar::Timestamp(_)) => {
                Values::Long(Vec::new())
            }
            Some(Scalar::Decimal { .. }) => Values::Wide(Vec::new()),
            Some(Scalar::Double) => Values::Double(Vec::new()),
            Some(Scalar::Bytes | Scalar::String) => Values::Bytes {
                data: Vec::new(),
                ends: vec![0],
            },
        };
        Items {
            values,
            valid: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    /// A struct that is there.
    pub(super) fn push_struct(&mut self) {
        self.valid.push(true);
    }

    pub(super) fn push_null(&mut self) {
        match &mut self.values {
            Values::Struct => {}
            Values::Boolean(values) => values.push(false),
            Values::Short(values) => values.push(0),
            Values::Int(values) => values.push(0),
            Values::Long(values) => values.push(0),
            Values::Wide(values) => values.push(0),
            Values::Double(values) => values.push(0.0),
            Values::Bytes { ends, .. } => ends.push(ends.last().copied().unwrap_or(0)),
        }
        self.valid.push(false);
    }

    /// A whole number, in the units of the column; false if the column has no room for it.
    pub(super) fn push_integer(&mut self, value: i128) -> bool {
        let pushed = match &mut self.values {
            Values::Short(values) => i16::try_from(value).map(|value| values.push(value)).is_ok(),
            Values::Int(values) => i32::try_from(value).map(|value| values.push(value)).is_ok(),
            Values::Long(values) => i64::try_from(value).map(|value| values.push(value)).is_ok(),
            Values::Wide(values) => {
                values.push(value);
                true
            }
            _ => false,
        };
        if pushed {
            self.valid.push(true);
        }
        pushed
    }

    pub(super) fn push_boolean(&mut self, value: bool) -> bool {
        let Values::Boolean(values) = &mut self.values else {
            return false;
        };
        values.push(value);
        self.valid.push(true);
        true
    }

    pub(super) fn push_double(&mut self, value: f64) -> bool {
        let Values::Double(values) = &mut self.values else {
            return false;
        };
        values.push(value);
        self.valid.push(true);
        true
    }

    /// Bytes or text that `write` appends; false if the column holds no more (2 GiB) or holds none.
    pub(super) fn push_bytes(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let Values::Bytes { data, ends } = &mut self.values else {
            return false;
        };
        write(data);
        match i32::try_from(data.len()) {
            Ok(end) => {
                ends.push(end);
                self.valid.push(true);
                true
            }
            Err(_) => false,
        }
    }

    /// Forgets all but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        match &mut self.values {
            Values::Struct => {}
            Values::Boolean(values) => values.truncate(len),
            Values::Short(values) => values.truncate(len),
            Values::Int(values) => values.truncate(len),
            Values::Long(values) => values.truncate(len),
            Values::Wide(values) => values.truncate(len),
            Values::Double(values) => values.truncate(len),
            Values::Bytes { data, ends } => {
                ends.truncate(len.saturating_add(1));
                let end = ends.last().and_then(|end| usize::try_from(*end).ok());
                data.truncate(end.unwrap_or(0));
            }
        }
        self.valid.truncate(len);
    }

    /// Which are null, if any is. Empties the list.
    pub(super) fn nulls(&mut self) -> Option<NullBuffer> {
        let valid = std::mem::take(&mut self.valid);
        valid.contains(&false).then(|| NullBuffer::from(valid))
    }

    /// The array of values that are no structs; leaves the column empty.
    pub(super) fn take(&mut self, scalar: Scalar) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls();
        let empty = Items::new(Some(scalar)).values;
        Ok(match (std::mem::replace(&mut self.values, empty), scalar) {
            (Values::Struct, _) => {
                return Err(ArrowError::InvalidArgumentError(
                    "a group is no value".to_owned(),
                ));
            }
            (Values::Boolean(values), _) => Arc::new(BooleanArray::new(values.into(), nulls)),
            (Values::Short(values), _) => primitive::<Int16Type>(values, nulls)?,
            (Values::Int(values), Scalar::Date) => primitive::<Date32Type>(values, nulls)?,
            (Values::Int(values), Scalar::Time(_)) => {
                primitive::<Time32MillisecondType>(values, nulls)?
            }
            (Values::Int(values), _) => primitive::<Int32Type>(values, nulls)?,
            (Values::Long(values), Scalar::Time(TimeUnit::Nano)) => {
                primitive::<Time64NanosecondType>(values, nulls)?
            }
            (Values::Long(values), Scalar::Time(_)) => {
                primitive::<Time64MicrosecondType>(values, nulls)?
            }
            (Values::Long(values), Scalar::Timestamp(TimeUnit::Milli)) => {
                primitive::<TimestampMillisecondType>(values, nulls)?
            }
            (Values::Long(values), Scalar::Timestamp(TimeUnit::Micro)) => {
                primitive::<TimestampMicrosecondType>(values, nulls)?
            }
            (Values::Long(values), Scalar::Timestamp(TimeUnit::Nano)) => {
                primitive::<TimestampNanosecondType>(values, nulls)?
            }
            (Values::Long(values), _) => primitive::<Int64Type>(values, nulls)?,
            (Values::Wide(values), _) => decimals(values, scalar, nulls)?,
            (Values::Double(values), _) => primitive::<Float64Type>(values, nulls)?,
            (Values::Bytes { data, ends }, Scalar::Bytes) => {
                Arc::new(BinaryArray::try_new(offsets(ends), data.into(), nulls)?)
            }
            (Values::Bytes { data, ends }, _) => {
                Arc::new(StringArray::try_new(offsets(ends), data.into(), nulls)?)
            }
        })
    }
}

/// Where items end, as Arrow has it. They never go down.
pub(super) fn offsets(ends: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

fn primitive<T: arrow_array::ArrowPrimitiveType>(
    values: Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError>
where
    T::Native: ArrowNativeType,
{
    Ok(Arc::new(PrimitiveArray::<T>::try_new(
        ScalarBuffer::from(values),
        nulls,
    )?))
}

fn decimals(
    values: Vec<i128>,
    scalar: Scalar,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let Scalar::Decimal { precision, scale } = scalar else {
        return Err(ArrowError::InvalidArgumentError("no decimal".to_owned()));
    };
    let digits = u8::try_from(precision).unwrap_or(u8::MAX);
    let places = i8::try_from(scale).unwrap_or(i8::MAX);
    Ok(if precision <= DIGITS_128 {
        let array = Decimal128Array::try_new(ScalarBuffer::from(values), nulls)?;
        Arc::new(array.with_precision_and_scale(digits, places)?)
    } else {
        let values: Vec<i256> = values.into_iter().map(i256::from_i128).collect();
        let array = Decimal256Array::try_new(ScalarBuffer::from(values), nulls)?;
        Arc::new(array.with_precision_and_scale(digits, places)?)
    })
}
