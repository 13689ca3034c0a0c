//! Reads Avro's binary encoding of a Connect schema: the other direction of [`event::AvroConverter`]. Pure; never panics, and takes
//! memory in proportion to its input.
//!
//! <https://avro.apache.org/docs/1.12.0/specification/#binary-encoding>

use event::{Datum, Decimal, Schema, Type};

/// The most elements without a byte of their own (arrays of empty structs) in one array.
const EMPTY: usize = 10_000;

/// The one value in these bytes.
///
/// # Errors
/// The path of the first field that is not there or does not fit, and why; quotes nothing.
pub(super) fn datum(schema: &Schema, bytes: &[u8]) -> Result<Datum, String> {
    let mut input = Input { bytes, at: 0 };
    let value = input.value(schema).map_err(Fault::told)?;
    let left = bytes.len().saturating_sub(input.at);
    if left > 0 {
        return Err(format!("{left} bytes too many behind the value"));
    }
    Ok(value)
}

/// What is wrong, and where: the path is put together on the way out.
struct Fault {
    path: String,
    reason: String,
}

impl Fault {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            reason: reason.into(),
        }
    }

    fn inside(mut self, name: &str) -> Self {
        if !self.path.is_empty() && !self.path.starts_with('[') {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, name);
        self
    }

    fn told(self) -> String {
        match self.path.as_str() {
            "" => self.reason,
            path => format!("field {path}: {}", self.reason),
        }
    }
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.saturating_add(count);
        let taken = self.bytes.get(self.at..end);
        let taken = taken.ok_or_else(|| Fault::new("the value ends before it does"))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N)?;
        taken
            .try_into()
            .map_err(|_| Fault::new("the value ends before it does"))
    }

    /// An integer of varying length with the sign in its lowest bit.
    fn long(&mut self) -> Result<i64, Fault> {
        let mut value = 0_u64;
        for place in 0..10_u32 {
            let [byte] = self.array()?;
            // The tenth byte holds the last of 64 bits.
            if place == 9 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
            }
        }
        Err(Fault::new("an integer longer than 64 bits"))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.long()?;
        let length = usize::try_from(length).map_err(|_| Fault::new("a negative length"))?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, Fault> {
        str::from_utf8(self.bytes()?).map_err(|_| Fault::new("wanted UTF-8"))
    }

    fn value(&mut self, schema: &Schema) -> Result<Datum, Fault> {
        if schema.is_optional() {
            // The branch of the default comes first.
            let null = i64::from(schema.default().is_some());
            match self.long()? {
                branch if branch == null => return Ok(Datum::Null),
                0 | 1 => {}
                _ => return Err(Fault::new("a branch that its union does not have")),
            }
        }
        self.present(schema)
    }

    fn present(&mut self, schema: &Schema) -> Result<Datum, Fault> {
        Ok(match schema.ty() {
            Type::Boolean => match self.array()? {
                [0] => Datum::Boolean(false),
                [1] => Datum::Boolean(true),
                _ => return Err(Fault::new("wanted a boolean")),
            },
            ty @ (Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64) => {
                let value = self.long()?;
                match ty.integer_range() {
                    Some((low, high)) if value < low || value > high => {
                        return Err(Fault::new(format!("wanted {low} to {high}")));
                    }
                    _ => Datum::Int(value),
                }
            }
            Type::Float32 => Datum::Float32(f32::from_le_bytes(self.array()?)),
            Type::Float64 => Datum::Float64(f64::from_le_bytes(self.array()?)),
            Type::String => Datum::String(self.text()?.into()),
            Type::Bytes => self.binary(schema)?,
            Type::Struct(fields) => {
                let mut values = Vec::with_capacity(fields.len());
                for field in fields.iter() {
                    let value = self.value(field.schema());
                    values.push(value.map_err(|fault| fault.inside(field.name()))?);
                }
                Datum::Struct(values)
            }
            Type::Array(element) => Datum::Array(self.elements(|input| input.value(element))?),
            Type::Map(key, value) => {
                let texts = *key.ty() == Type::String && !key.is_optional();
                Datum::Map(self.elements(|input| {
                    let key = if texts {
                        Datum::String(input.text()?.into())
                    } else {
                        input.value(key)?
                    };
                    Ok((key, input.value(value)?))
                })?)
            }
        })
    }

    fn binary(&mut self, schema: &Schema) -> Result<Datum, Fault> {
        let scale = schema.decimal_scale();
        let scale = scale.map_err(|error| Fault::new(error.to_string()))?;
        let bytes = self.bytes()?;
        match scale {
            None => Ok(Datum::Bytes(bytes.to_vec())),
            Some(scale) => Decimal::from_unscaled_bytes(bytes, scale)
                .map(Datum::Decimal)
                .map_err(|_| Fault::new("wanted a decimal")),
        }
    }

    /// Blocks of elements up to the empty one.
    fn elements<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut elements = Vec::new();
        let mut empty = 0_usize;
        loop {
            let count = match self.long()? {
                0 => return Ok(elements),
                // With its size in bytes, for who skips it.
                count if count < 0 => {
                    self.long()?;
                    count.unsigned_abs()
                }
                count => count.unsigned_abs(),
            };
            for _ in 0..count {
                let (index, before) = (elements.len(), self.at);
                let read = element(self);
                elements.push(read.map_err(|fault| fault.inside(&format!("[{index}]")))?);
                empty += usize::from(self.at == before);
                if empty > EMPTY {
                    let reason = format!("more than {EMPTY} elements without a byte");
                    return Err(Fault::new(reason));
                }
            }
        }
    }
}
