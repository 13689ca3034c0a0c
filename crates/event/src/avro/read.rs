//! Reading Avro's binary encoding back, by the schema it was written with.

use super::plan::{Node, Shape};
use crate::converter::nothing_left;
use crate::datum::in_range;
use crate::wire::Input;
use crate::{Datum, Decimal, Error};

/// The most elements of a block that may have no bytes at all.
const EMPTY: usize = 65_536;

impl Node {
    /// The datum that all of these bytes are.
    pub(crate) fn read_whole(&self, bytes: &[u8]) -> Result<Datum, Error> {
        let mut input = Input::new(bytes);
        let datum = self.read(&mut input)?;
        nothing_left(&input)?;
        Ok(datum)
    }

    fn read(&self, input: &mut Input<'_>) -> Result<Datum, Error> {
        if let Some((null, value)) = self.branches {
            let branch = input.zigzag()?;
            if branch == i64::from(null) {
                return Ok(Datum::Null);
            }
            if branch != i64::from(value) {
                return Err(Error::datum(format!(
                    "wanted branch 0 or 1 of a union with null, got {branch}"
                )));
            }
        }
        Ok(match &self.shape {
            Shape::Boolean => match input.byte()? {
                0 => Datum::Boolean(false),
                1 => Datum::Boolean(true),
                other => {
                    return Err(Error::datum(format!(
                        "wanted a boolean (0 or 1), got {other}"
                    )));
                }
            },
            Shape::Int => {
                let value = input.zigzag()?;
                in_range(&self.ty, value)?;
                Datum::Int(value)
            }
            Shape::Float32 => Datum::Float32(f32::from_le_bytes(input.array()?)),
            Shape::Float64 => Datum::Float64(f64::from_le_bytes(input.array()?)),
            Shape::Bytes => Datum::Bytes(sized(input)?.to_vec()),
            Shape::Decimal(scale) => Decimal::from_unscaled_bytes(sized(input)?, *scale)?.into(),
            Shape::String => text(input)?.into(),
            Shape::Array(element) => Datum::Array(blocks(input, |input| element.read(input))?),
            Shape::Map(value) => Datum::Map(blocks(input, |input| {
                Ok((text(input)?.into(), value.read(input)?))
            })?),
            Shape::Pairs(key, value) => Datum::Map(blocks(input, |input| {
                Ok((key.read(input)?, value.read(input)?))
            })?),
            Shape::Enum(symbols) => {
                let place = input.zigzag()?;
                let symbol = usize::try_from(place).ok().and_then(|at| symbols.get(at));
                let symbol = symbol.ok_or_else(|| {
                    let count = symbols.len();
                    Error::datum(format!("wanted one of {count} symbols, got {place}"))
                })?;
                Datum::from(&**symbol)
            }
            Shape::Fixed { size, scale } => match scale {
                Some(scale) => Decimal::from_unscaled_bytes(input.take(*size)?, *scale)?.into(),
                None => Datum::Bytes(input.take(*size)?.to_vec()),
            },
            Shape::Struct(members) => {
                let values = members.iter().map(|(name, member)| {
                    let value = member.read(input);
                    value.map_err(|error| error.in_field(name))
                });
                Datum::Struct(values.collect::<Result<_, _>>()?)
            }
        })
    }
}

fn sized<'b>(input: &mut Input<'b>) -> Result<&'b [u8], Error> {
    let length = input.zigzag()?;
    let length = usize::try_from(length)
        .map_err(|_| Error::datum(format!("wanted a length in bytes, got {length}")))?;
    input.take(length)
}

fn text<'b>(input: &mut Input<'b>) -> Result<&'b str, Error> {
    std::str::from_utf8(sized(input)?).map_err(|_| Error::datum("wanted a text in UTF-8"))
}

/// The elements of an array or the entries of a map, in blocks, each with its count; a negative one is followed by the block's
/// size. No element is shorter than a byte but a struct without fields: memory stays bounded by the input.
fn blocks<'b, T>(
    input: &mut Input<'b>,
    mut read: impl FnMut(&mut Input<'b>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut elements = Vec::new();
    loop {
        let count = input.zigzag()?;
        if count == 0 {
            return Ok(elements);
        }
        if count < 0 {
            input.zigzag()?;
        }
        let most = input.len().max(EMPTY);
        match usize::try_from(count.unsigned_abs()) {
            Ok(count) if count <= most => {
                for _ in 0..count {
                    let index = elements.len();
                    let element = read(input).map_err(|error| error.in_element(index))?;
                    elements.push(element);
                }
            }
            _ => {
                return Err(Error::datum(format!(
                    "wanted at most {most} elements in what is left, got {count}"
                )));
            }
        }
    }
}
