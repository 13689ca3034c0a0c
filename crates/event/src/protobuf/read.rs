//! Protobuf's encoding back to data, by the schema it was written with. Fields that the schema does not have are skipped.

use super::plan::{Kind, Member, Node, Presence};
use crate::datum::{in_range, wanted_scale};
use crate::time::epoch_days;
use crate::wire::Input;
use crate::{Datum, Decimal, Error};

/// What stands behind a tag.
#[derive(Clone, Copy)]
enum Value<'b> {
    Varint(u64),
    Eight([u8; 8]),
    Four([u8; 4]),
    Bytes(&'b [u8]),
}

/// The next field's number and what it has, at the end nothing.
fn next<'b>(input: &mut Input<'b>) -> Result<Option<(u64, Value<'b>)>, Error> {
    if input.is_empty() {
        return Ok(None);
    }
    let tag = input.varint()?;
    let value = match tag & 7 {
        0 => Value::Varint(input.varint()?),
        1 => Value::Eight(input.array()?),
        2 => Value::Bytes(sized(input)?),
        5 => Value::Four(input.array()?),
        other => {
            return Err(Error::datum(format!(
                "wanted a field with wire type 0, 1, 2 or 5, got {other}"
            )));
        }
    };
    Ok(Some((tag >> 3, value)))
}

fn sized<'b>(input: &mut Input<'b>) -> Result<&'b [u8], Error> {
    let length = input.varint()?;
    input.take(usize::try_from(length).unwrap_or(usize::MAX))
}

impl Node {
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<Datum, Error> {
        let mut values: Vec<Option<Datum>> = vec![None; self.members.len()];
        let mut input = Input::new(bytes);
        while let Some((number, value)) = next(&mut input)? {
            if number == 0 {
                return Err(Error::datum("wanted a field's number from 1 on, got 0"));
            }
            let Some(at) = self.place(number) else {
                continue;
            };
            let (Some(member), Some(slot)) = (self.members.get(at), values.get_mut(at)) else {
                continue;
            };
            member
                .add(value, slot)
                .map_err(|error| error.in_field(&member.name))?;
        }
        let mut complete = Vec::with_capacity(values.len());
        for (member, value) in self.members.iter().zip(values) {
            let value = value.map_or_else(|| member.absent(), Ok);
            complete.push(value.map_err(|error| error.in_field(&member.name))?);
        }
        Ok(Datum::Struct(complete))
    }
}

impl Member {
    /// One more occurrence of the field: the last one counts, of arrays and maps each.
    fn add(&self, value: Value<'_>, slot: &mut Option<Datum>) -> Result<(), Error> {
        match &self.kind {
            Kind::Array(element) => {
                let Datum::Array(elements) = slot.get_or_insert_with(|| Datum::Array(Vec::new()))
                else {
                    return Ok(());
                };
                match value {
                    Value::Bytes(packed) if element.kind.is_packed() => {
                        let mut input = Input::new(packed);
                        while !input.is_empty() {
                            let value = match element.kind.wire_type() {
                                1 => Value::Eight(input.array()?),
                                5 => Value::Four(input.array()?),
                                _ => Value::Varint(input.varint()?),
                            };
                            elements.push(element.one(value)?);
                        }
                    }
                    _ => {
                        let index = elements.len();
                        let read = element.one(value);
                        elements.push(read.map_err(|error| error.in_element(index))?);
                    }
                }
            }
            Kind::Map(key, value_member) => {
                let Datum::Map(entries) = slot.get_or_insert_with(|| Datum::Map(Vec::new())) else {
                    return Ok(());
                };
                let index = entries.len();
                let read = entry(key, value_member, value);
                entries.push(read.map_err(|error| error.in_element(index))?);
            }
            _ => *slot = Some(self.one(value)?),
        }
        Ok(())
    }

    /// What it means that a field was not written.
    fn absent(&self) -> Result<Datum, Error> {
        match (self.presence, &self.kind) {
            (_, Kind::Array(_)) => Ok(Datum::Array(Vec::new())),
            (_, Kind::Map(..)) => Ok(Datum::Map(Vec::new())),
            (Presence::Explicit, _) => Ok(Datum::Null),
            _ => self.zero(),
        }
    }

    /// What stands for nothing written where null is not allowed.
    fn zero(&self) -> Result<Datum, Error> {
        Ok(match &self.kind {
            Kind::Boolean => Datum::Boolean(false),
            Kind::Int => Datum::Int(0),
            Kind::Float32 => Datum::Float32(0.0),
            Kind::Float64 => Datum::Float64(0.0),
            Kind::Bytes => Datum::Bytes(Vec::new()),
            Kind::String => "".into(),
            _ => return Err(Error::datum("wanted a message, got nothing")),
        })
    }

    fn one(&self, value: Value<'_>) -> Result<Datum, Error> {
        Ok(match (&self.kind, value) {
            (Kind::Boolean, Value::Varint(value)) => Datum::Boolean(value != 0),
            (Kind::Int, Value::Varint(value)) => {
                let value = value.cast_signed();
                in_range(&self.ty, value)?;
                Datum::Int(value)
            }
            (Kind::Float32, Value::Four(bytes)) => Datum::Float32(f32::from_le_bytes(bytes)),
            (Kind::Float64, Value::Eight(bytes)) => Datum::Float64(f64::from_le_bytes(bytes)),
            (Kind::Bytes, Value::Bytes(bytes)) => Datum::Bytes(bytes.to_vec()),
            (Kind::String, Value::Bytes(bytes)) => std::str::from_utf8(bytes)
                .map_err(|_| Error::datum("wanted a text in UTF-8"))?
                .into(),
            (Kind::Decimal(scale), Value::Bytes(bytes)) => decimal(*scale, bytes)?,
            (Kind::Date, Value::Bytes(bytes)) => date(bytes)?,
            (Kind::Time, Value::Bytes(bytes)) => time(bytes)?,
            (Kind::Timestamp, Value::Bytes(bytes)) => timestamp(bytes)?,
            (Kind::Message(node), Value::Bytes(bytes)) => node.read(bytes)?,
            (kind, _) => {
                let wanted = kind.wire_type();
                return Err(Error::datum(format!(
                    "wanted a field of wire type {wanted}, got another: it was written with another schema"
                )));
            }
        })
    }
}

fn entry(key: &Member, value_member: &Member, value: Value<'_>) -> Result<(Datum, Datum), Error> {
    let Value::Bytes(bytes) = value else {
        return Err(Error::datum("wanted an entry of a map, got no message"));
    };
    let (mut found_key, mut found_value) = (None, None);
    let mut input = Input::new(bytes);
    while let Some((number, value)) = next(&mut input)? {
        match number {
            1 => found_key = Some(key.one(value)?),
            2 => found_value = Some(value_member.one(value)?),
            _ => {}
        }
    }
    // In a map, what was not written is zero; in an entry that says it may be null, it is null.
    let or_zero = |member: &Member, found: Option<Datum>| match (found, member.nullable) {
        (Some(found), _) => Ok(found),
        (None, true) => Ok(Datum::Null),
        (None, false) => member.zero(),
    };
    Ok((
        or_zero(key, found_key)?,
        or_zero(value_member, found_value)?,
    ))
}

/// The integers of a message, by their numbers from 1 on.
fn integers<const N: usize>(bytes: &[u8]) -> Result<[i64; N], Error> {
    let mut values = [0_i64; N];
    let mut input = Input::new(bytes);
    while let Some((number, value)) = next(&mut input)? {
        let at = usize::try_from(number)
            .ok()
            .and_then(|at| at.checked_sub(1));
        if let (Some(slot), Value::Varint(value)) = (at.and_then(|at| values.get_mut(at)), value) {
            *slot = value.cast_signed();
        }
    }
    Ok(values)
}

fn decimal(scale: i32, bytes: &[u8]) -> Result<Datum, Error> {
    let (mut unscaled, mut found_scale) = (&[0_u8][..], 0_i64);
    let mut input = Input::new(bytes);
    while let Some((number, value)) = next(&mut input)? {
        match (number, value) {
            (1, Value::Bytes(bytes)) if !bytes.is_empty() => unscaled = bytes,
            (3, Value::Varint(value)) => found_scale = value.cast_signed(),
            _ => {}
        }
    }
    let found_scale = i32::try_from(found_scale)
        .map_err(|_| Error::datum(format!("wanted a decimal's scale, got {found_scale}")))?;
    let decimal: Datum = Decimal::from_unscaled_bytes(unscaled, found_scale)?.into();
    if found_scale == scale {
        Ok(decimal)
    } else {
        Err(wanted_scale(scale, &decimal))
    }
}

fn date(bytes: &[u8]) -> Result<Datum, Error> {
    let [year, month, day] = integers(bytes)?;
    let days = match (year.try_into(), month.try_into(), day.try_into()) {
        (Ok(year), Ok(month), Ok(day)) if (1..=9999).contains(&year) => {
            epoch_days(year, month, day)
        }
        _ => None,
    };
    days.map(Datum::from)
        .ok_or_else(|| Error::datum("wanted a date of the years 1 to 9999"))
}

fn time(bytes: &[u8]) -> Result<Datum, Error> {
    let [hours, minutes, seconds, nanos] = integers(bytes)?;
    let fits = (0..24).contains(&hours)
        && (0..60).contains(&minutes)
        && (0..60).contains(&seconds)
        && (0..1_000_000_000).contains(&nanos);
    if !fits {
        return Err(Error::datum("wanted a time of day"));
    }
    let minutes = hours.saturating_mul(60).saturating_add(minutes);
    let seconds = minutes.saturating_mul(60).saturating_add(seconds);
    Ok(seconds
        .saturating_mul(1_000)
        .saturating_add(nanos / 1_000_000)
        .into())
}

fn timestamp(bytes: &[u8]) -> Result<Datum, Error> {
    let [seconds, nanos] = integers(bytes)?;
    let ms = seconds
        .checked_mul(1_000)
        .filter(|_| (0..1_000_000_000).contains(&nanos))
        .and_then(|ms| ms.checked_add(nanos / 1_000_000));
    ms.map(Datum::Int)
        .ok_or_else(|| Error::datum("wanted a timestamp that milliseconds can say"))
}
