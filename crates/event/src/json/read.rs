//! JSON back to data, by the schema it was written with. Members that the schema does not have are skipped.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Pairs;
use super::plan::{Node, Shape};
use crate::datum::{in_range, wanted};
use crate::{Datum, Decimal, Error};

/// The most digits of a decimal that is a JSON number: what an `i128` surely holds.
const DIGITS: usize = 38;

/// An object's members in their order, values unread.
struct Members<'b>(Vec<(String, &'b RawValue)>);

impl<'b> Deserialize<'b> for Members<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'b> Visitor<'b> for Collect {
            type Value = Members<'b>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Members<'b>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl Node {
    /// The datum of a whole text.
    pub(crate) fn read(&self, text: &[u8]) -> Result<Datum, Error> {
        let raw: &RawValue = serde_json::from_slice(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Error::datum(format!(
                "wanted JSON, got something else at line {line}, column {column}"
            ))
        })?;
        self.value(raw.get())
    }

    fn value(&self, text: &str) -> Result<Datum, Error> {
        if text == "null" {
            return match &self.null {
                Some(_) => Ok(Datum::Null),
                None => Err(wanted(&self.ty, &Datum::Null)),
            };
        }
        let misfit = || {
            let name = self.ty.connect_name();
            Error::datum(format!(
                "wanted JSON of the type {name}, got something else"
            ))
        };
        Ok(match &self.shape {
            Shape::Boolean => Datum::Boolean(text.parse().map_err(|_| misfit())?),
            Shape::Int => {
                let value = text.parse().map_err(|_| misfit())?;
                in_range(&self.ty, value)?;
                Datum::Int(value)
            }
            Shape::Float32 => Datum::Float32(number(text).ok_or_else(misfit)?),
            Shape::Float64 => Datum::Float64(number(text).ok_or_else(misfit)?),
            Shape::String => parsed::<String>(text).ok_or_else(misfit)?.into(),
            Shape::Bytes => Datum::Bytes(bytes(text).ok_or_else(misfit)?),
            Shape::Decimal { scale, .. } => match bytes(text) {
                Some(unscaled) => Decimal::from_unscaled_bytes(&unscaled, *scale)?.into(),
                None => decimal(text, *scale).ok_or_else(|| {
                    Error::datum(format!(
                        "wanted a decimal of scale {scale} and at most {DIGITS} digits, got something else"
                    ))
                })?,
            },
            Shape::Array(element) => {
                let elements: Vec<&RawValue> = parsed(text).ok_or_else(misfit)?;
                let read = elements.iter().enumerate().map(|(index, value)| {
                    let value = element.value(value.get());
                    value.map_err(|error| error.in_element(index))
                });
                Datum::Array(read.collect::<Result<_, _>>()?)
            }
            Shape::Object(value) => {
                let Members(members) = parsed(text).ok_or_else(misfit)?;
                let read = members.into_iter().enumerate().map(|(index, (name, raw))| {
                    let value = value.value(raw.get());
                    let value = value.map_err(|error| error.in_element(index))?;
                    Ok((name.into(), value))
                });
                Datum::Map(read.collect::<Result<_, Error>>()?)
            }
            Shape::Pairs(key, value, form) => {
                let entries: Vec<&RawValue> = parsed(text).ok_or_else(misfit)?;
                let read = entries.iter().enumerate().map(|(index, entry)| {
                    pair(key, value, *form, entry.get())
                        .unwrap_or_else(|| Err(misfit()))
                        .map_err(|error| error.in_element(index))
                });
                Datum::Map(read.collect::<Result<_, _>>()?)
            }
            Shape::Struct(members) => {
                let Members(mut found) = parsed(text).ok_or_else(misfit)?;
                // The last of two members of one name counts.
                found.reverse();
                let read = members.iter().map(|member| {
                    let raw = found.iter().find(|(name, _)| **name == *member.name);
                    let text = raw.map_or("null", |(_, raw)| raw.get());
                    let value = member.node.value(text);
                    value.map_err(|error| error.in_field(&member.name))
                });
                Datum::Struct(read.collect::<Result<_, _>>()?)
            }
        })
    }
}

/// A key and its value; nothing when the text is no pair.
fn pair(
    key: &Node,
    value: &Node,
    form: Pairs,
    text: &str,
) -> Option<Result<(Datum, Datum), Error>> {
    let (key_text, value_text) = match form {
        Pairs::Arrays => {
            let [key, value]: [&RawValue; 2] = parsed::<Vec<&RawValue>>(text)?.try_into().ok()?;
            (key, value)
        }
        Pairs::Objects => {
            let Members(members) = parsed(text)?;
            let of = |wanted: &str| {
                let found = members.iter().find(|(name, _)| name == wanted);
                found.map(|(_, raw)| *raw)
            };
            (of("key")?, of("value")?)
        }
    };
    let read = key.value(key_text.get());
    Some(read.and_then(|key| Ok((key, value.value(value_text.get())?))))
}

fn parsed<'b, T: Deserialize<'b>>(text: &'b str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A JSON number, or the names in quotes that Jackson gives to what JSON has no number for.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    match text {
        "\"NaN\"" => "NaN".parse().ok(),
        "\"Infinity\"" => "inf".parse().ok(),
        "\"-Infinity\"" => "-inf".parse().ok(),
        // What else Rust would take, `inf` or `+1`, is no JSON.
        _ if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
            text.parse().ok()
        }
        _ => None,
    }
}

/// Base64 in quotes.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.starts_with('"').then(|| parsed(text))??;
    STANDARD.decode(text).ok()
}

/// A JSON number with that many digits after the point, or fewer.
fn decimal(text: &str, scale: i32) -> Option<Datum> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let digits = format!("{whole}{fraction}");
    if digits.len() > DIGITS.saturating_add(1) {
        return None;
    }
    let mut unscaled: i128 = digits.parse().ok()?;
    let mut missing = scale.checked_sub(places)?;
    while missing < 0 && unscaled % 10 == 0 && unscaled != 0 {
        unscaled /= 10;
        missing = missing.saturating_add(1);
    }
    let more = match (unscaled, u32::try_from(missing)) {
        (0, _) => 0,
        (_, Ok(more)) => more,
        (_, Err(_)) => return None,
    };
    let unscaled = unscaled.checked_mul(10_i128.checked_pow(more)?)?;
    Some(Decimal::new(unscaled, scale).into())
}
