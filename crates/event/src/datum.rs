//! A value that fits a [`Schema`].
//!
//! A datum carries no schema and no names: a struct is its values in the order of the schema's fields. Whether it fits
//! is asked once, where it meets the schema ([`Schema::check`], or the converter while it writes).

use std::sync::Arc;

use crate::{Decimal, Error, Schema, Type};

/// A value. Texts are shared (`Arc<str>`): those which stand in every record of a data set cost no copy.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// No value: allowed where the schema is optional or has a default.
    Null,
    /// For [`Type::Boolean`].
    Boolean(bool),
    /// For all integer types; the schema says how wide.
    Int(i64),
    /// For [`Type::Float32`].
    Float32(f32),
    /// For [`Type::Float64`].
    Float64(f64),
    /// For [`Type::Bytes`] that are not a decimal.
    Bytes(Vec<u8>),
    /// For [`Type::Bytes`] with the logical type decimal; the scale must be the schema's.
    Decimal(Decimal),
    /// For [`Type::String`].
    String(Arc<str>),
    /// For [`Type::Array`].
    Array(Vec<Datum>),
    /// For [`Type::Map`]: entries in the order they are written.
    Map(Vec<(Datum, Datum)>),
    /// For [`Type::Struct`]: one value per field of the schema, in its order.
    Struct(Vec<Datum>),
}

impl Datum {
    /// What the datum is, for messages; never its contents.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float32(_) => "a 32-bit float",
            Self::Float64(_) => "a 64-bit float",
            Self::Bytes(_) => "bytes",
            Self::Decimal(_) => "a decimal",
            Self::String(_) => "a text",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Struct(_) => "a struct",
        }
    }
}

impl From<bool> for Datum {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Datum {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Datum {
    fn from(value: f64) -> Self {
        Self::Float64(value)
    }
}

impl From<&str> for Datum {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Datum {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Arc<str>> for Datum {
    fn from(value: Arc<str>) -> Self {
        Self::String(value)
    }
}

impl From<Vec<u8>> for Datum {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Decimal> for Datum {
    fn from(value: Decimal) -> Self {
        Self::Decimal(value)
    }
}

impl<T: Into<Datum>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// See [`Schema::check`].
pub(crate) fn check(schema: &Schema, datum: &Datum) -> Result<(), Error> {
    match (schema.ty(), datum) {
        (_, Datum::Null) => {
            if schema.is_optional() || schema.default().is_some() {
                Ok(())
            } else {
                Err(wanted(schema.ty(), datum))
            }
        }
        (Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64, Datum::Int(value)) => {
            in_range(schema.ty(), *value)
        }
        (Type::Bytes, Datum::Bytes(_)) => match schema.decimal_scale()? {
            None => Ok(()),
            Some(scale) => Err(wanted_scale(scale, datum)),
        },
        (Type::Bytes, Datum::Decimal(decimal)) => match schema.decimal_scale()? {
            Some(scale) if scale == decimal.scale() => Ok(()),
            Some(scale) => Err(wanted_scale(scale, datum)),
            None => Err(wanted(schema.ty(), datum)),
        },
        (Type::Boolean, Datum::Boolean(_))
        | (Type::Float32, Datum::Float32(_))
        | (Type::Float64, Datum::Float64(_))
        | (Type::String, Datum::String(_)) => Ok(()),
        (Type::Array(element), Datum::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                check(element, value).map_err(|error| error.in_element(index))?;
            }
            Ok(())
        }
        (Type::Map(key_schema, value_schema), Datum::Map(entries)) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                check(key_schema, key).map_err(|error| error.in_element(index))?;
                check(value_schema, value).map_err(|error| error.in_element(index))?;
            }
            Ok(())
        }
        (Type::Struct(fields), Datum::Struct(values)) => {
            same_count(fields.len(), values.len())?;
            for (field, value) in fields.iter().zip(values) {
                check(field.schema(), value).map_err(|error| error.in_field(field.name()))?;
            }
            Ok(())
        }
        (ty, _) => Err(wanted(ty, datum)),
    }
}

pub(crate) fn in_range(ty: &Type, value: i64) -> Result<(), Error> {
    match ty.integer_range() {
        Some((low, high)) if value < low || value > high => {
            let name = ty.connect_name();
            Err(Error::datum(format!(
                "wanted an {name} ({low} to {high}), got {value}"
            )))
        }
        _ => Ok(()),
    }
}

pub(crate) fn same_count(fields: usize, values: usize) -> Result<(), Error> {
    if fields == values {
        return Ok(());
    }
    Err(Error::datum(format!(
        "wanted {fields} values, one per field of the struct, got {values}"
    )))
}

pub(crate) fn wanted(ty: &Type, datum: &Datum) -> Error {
    let name = ty.connect_name();
    let article = if name.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    Error::datum(format!("wanted {article} {name}, got {}", datum.describe()))
}

pub(crate) fn wanted_scale(scale: i32, datum: &Datum) -> Error {
    match datum {
        Datum::Decimal(decimal) => Error::datum(format!(
            "wanted a decimal of scale {scale}, got one of scale {}",
            decimal.scale()
        )),
        other => Error::datum(format!(
            "wanted a decimal of scale {scale}, got {}",
            other.describe()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, decimal};

    fn order() -> Schema {
        let line = Schema::structure(vec![Field::new("qty", decimal::schema(5, 2))]).unwrap();
        let lines = Schema::array(line).unwrap();
        Schema::structure(vec![
            Field::new("id", Schema::int32()),
            Field::new("lines", lines),
        ])
        .unwrap()
    }

    fn misfit(datum: &Datum) -> String {
        order().check(datum).unwrap_err().to_string()
    }

    #[test]
    fn the_error_names_the_path() {
        let line = |scale| Datum::Struct(vec![Decimal::new(1, scale).into()]);
        assert_eq!(
            order().check(&Datum::Struct(vec![1.into(), Datum::Array(vec![line(2)])])),
            Ok(())
        );
        let wrong_scale = Datum::Struct(vec![1.into(), Datum::Array(vec![line(2), line(3)])]);
        assert_eq!(
            misfit(&wrong_scale),
            "field lines[1].qty: wanted a decimal of scale 2, got one of scale 3"
        );
        assert_eq!(
            misfit(&Datum::Struct(vec![Datum::Null, Datum::Array(vec![])])),
            "field id: wanted an int32, got null"
        );
        assert_eq!(
            misfit(&Datum::Struct(vec![])),
            "wanted 2 values, one per field of the struct, got 0"
        );
        assert_eq!(misfit(&"x".into()), "wanted a struct, got a text");
    }
}
