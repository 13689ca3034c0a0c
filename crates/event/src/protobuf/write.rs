//! Data to Protobuf's encoding. Fields in the order of their numbers, as Protobuf's own libraries write them.

use super::plan::{Kind, Member, Node, Presence};
use crate::datum::{in_range, same_count, wanted, wanted_scale};
use crate::time::civil_date;
use crate::wire::varint;
use crate::{Datum, Error};

const DAY_MS: i64 = 86_400_000;

impl Node {
    pub(super) fn write(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        let Datum::Struct(values) = datum else {
            let found = datum.describe();
            return Err(Error::datum(format!("wanted a struct, got {found}")));
        };
        same_count(self.members.len(), values.len())?;
        for ((member, value), number) in self.members.iter().zip(values).zip(1_u32..) {
            member
                .write(number, value, out)
                .map_err(|error| error.in_field(&member.name))?;
        }
        Ok(())
    }
}

impl Member {
    fn write(&self, number: u32, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        let datum = match (datum, &self.default) {
            (Datum::Null, Some(default)) => default,
            _ => datum,
        };
        match (&self.kind, datum) {
            (_, Datum::Null) => self.null(),
            (Kind::Array(element), Datum::Array(values)) if element.kind.is_packed() => {
                if values.is_empty() {
                    return Ok(());
                }
                tag(number, 2, out);
                sized(out, |out| {
                    for (index, value) in values.iter().enumerate() {
                        element
                            .value(value, out)
                            .map_err(|error| error.in_element(index))?;
                    }
                    Ok(())
                })
            }
            (Kind::Array(element), Datum::Array(values)) => {
                for (index, value) in values.iter().enumerate() {
                    tag(number, element.kind.wire_type(), out);
                    element
                        .value(value, out)
                        .map_err(|error| error.in_element(index))?;
                }
                Ok(())
            }
            (Kind::Map(key_member, value_member), Datum::Map(entries)) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    tag(number, 2, out);
                    sized(out, |out| {
                        key_member.write(1, key, out)?;
                        value_member.write(2, value, out)
                    })
                    .map_err(|error| error.in_element(index))?;
                }
                Ok(())
            }
            _ => {
                let start = out.len();
                tag(number, self.kind.wire_type(), out);
                self.value(datum, out)?;
                if self.presence == Presence::Implicit && self.is_zero(datum) {
                    out.truncate(start);
                }
                Ok(())
            }
        }
    }

    fn null(&self) -> Result<(), Error> {
        if self.nullable {
            Ok(())
        } else {
            Err(wanted(&self.ty, &Datum::Null))
        }
    }

    /// Whether proto3 leaves the value out: a message is never left out.
    fn is_zero(&self, datum: &Datum) -> bool {
        match datum {
            Datum::Boolean(value) => !value,
            // A date or a time is a message.
            Datum::Int(value) => *value == 0 && matches!(self.kind, Kind::Int),
            // -0.0 is not left out.
            Datum::Float32(value) => value.to_bits() == 0,
            Datum::Float64(value) => value.to_bits() == 0,
            Datum::Bytes(value) => value.is_empty(),
            Datum::String(value) => value.is_empty(),
            _ => false,
        }
    }

    /// One value, without its tag.
    fn value(&self, datum: &Datum, out: &mut Vec<u8>) -> Result<(), Error> {
        match (&self.kind, datum) {
            (Kind::Boolean, Datum::Boolean(value)) => out.push(u8::from(*value)),
            (Kind::Int, Datum::Int(value)) => {
                in_range(&self.ty, *value)?;
                // A negative one has ten bytes, of an int32 too.
                varint(value.cast_unsigned(), out);
            }
            (Kind::Float32, Datum::Float32(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Kind::Float64, Datum::Float64(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Kind::Bytes, Datum::Bytes(value)) => bytes(value, out),
            (Kind::String, Datum::String(value)) => bytes(value.as_bytes(), out),
            (Kind::Decimal(scale), Datum::Decimal(value)) if value.scale() == *scale => {
                return sized(out, |out| {
                    tag(1, 2, out);
                    value.with_unscaled_bytes(|unscaled| bytes(unscaled, out));
                    integer(2, value.precision().into(), out);
                    integer(3, (*scale).into(), out);
                    Ok(())
                });
            }
            (Kind::Decimal(scale), _) => return Err(wanted_scale(*scale, datum)),
            (Kind::Date, Datum::Int(days)) => {
                let (year, month, day) = date(*days)?;
                return sized(out, |out| {
                    integer(1, year, out);
                    integer(2, month, out);
                    integer(3, day, out);
                    Ok(())
                });
            }
            (Kind::Time, Datum::Int(ms)) => {
                if !(0..DAY_MS).contains(ms) {
                    return Err(Error::datum(format!(
                        "wanted a time of day in milliseconds (0 to 86399999), got {ms}"
                    )));
                }
                return sized(out, |out| {
                    integer(1, ms / 3_600_000, out);
                    integer(2, ms / 60_000 % 60, out);
                    integer(3, ms / 1_000 % 60, out);
                    integer(4, (ms % 1_000).saturating_mul(1_000_000), out);
                    Ok(())
                });
            }
            (Kind::Timestamp, Datum::Int(ms)) => {
                // Years 1 to 9999, as google/protobuf/timestamp.proto has them.
                date(ms.div_euclid(DAY_MS))?;
                return sized(out, |out| {
                    integer(1, ms.div_euclid(1_000), out);
                    integer(2, ms.rem_euclid(1_000).saturating_mul(1_000_000), out);
                    Ok(())
                });
            }
            (Kind::Message(node), Datum::Struct(_)) => {
                return sized(out, |out| node.write(datum, out));
            }
            _ => return Err(wanted(&self.ty, datum)),
        }
        Ok(())
    }
}

/// Year, month and day of a day since 1970, of the years 1 to 9999.
fn date(days: i64) -> Result<(i64, i64, i64), Error> {
    let date = i32::try_from(days).ok().map(civil_date);
    match date {
        Some((year @ 1..=9999, month, day)) => Ok((year.into(), month.into(), day.into())),
        _ => Err(Error::datum(format!(
            "wanted a day of the years 1 to 9999, got day {days} since 1970"
        ))),
    }
}

fn tag(number: u32, wire_type: u8, out: &mut Vec<u8>) {
    varint((u64::from(number) << 3) | u64::from(wire_type), out);
}

/// A number of a message; zero is not written.
fn integer(number: u32, value: i64, out: &mut Vec<u8>) {
    if value != 0 {
        tag(number, 0, out);
        varint(value.cast_unsigned(), out);
    }
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX), out);
    out.extend_from_slice(bytes);
}

/// What `write` appends, with its length before it.
fn sized(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let start = out.len();
    write(out)?;
    let length = out.len().saturating_sub(start);
    let mut prefix = Vec::with_capacity(4);
    varint(u64::try_from(length).unwrap_or(u64::MAX), &mut prefix);
    out.splice(start..start, prefix);
    Ok(())
}
