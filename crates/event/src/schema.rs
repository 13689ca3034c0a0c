//! The schema of a value: Kafka Connect's model (`org.apache.kafka.connect.data.Schema`).
//!
//! A schema is built once per topic and shared by `Arc`; a fault in it (two fields of one name, a default that does not
//! fit, nesting without end) is found when it is built, so that everything downstream may trust it.

use std::sync::Arc;

use crate::{Datum, Error, decimal};

/// How deep schemas may nest. Connect names no limit; without one a hostile schema could exhaust the stack.
pub const MAX_DEPTH: usize = 128;

/// The shape of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// true or false
    Boolean,
    /// 8 bits, signed
    Int8,
    /// 16 bits, signed
    Int16,
    /// 32 bits, signed
    Int32,
    /// 64 bits, signed
    Int64,
    /// IEEE 754, 32 bits
    Float32,
    /// IEEE 754, 64 bits
    Float64,
    /// Any bytes; with the name of a logical type also decimals of any size
    Bytes,
    /// Unicode text
    String,
    /// Elements of one schema
    Array(Arc<Schema>),
    /// Keys of one schema to values of one schema
    Map(Arc<Schema>, Arc<Schema>),
    /// Named fields in a fixed order; build with [`Schema::structure`], which refuses two fields of one name
    Struct(Arc<[Field]>),
}

impl Type {
    /// The type's name in Connect's JSON: note `float` and `double`.
    #[must_use]
    pub fn connect_name(&self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float32 => "float",
            Self::Float64 => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Array(_) => "array",
            Self::Map(..) => "map",
            Self::Struct(_) => "struct",
        }
    }

    /// The range of an integer type, both ends included; `None` for the others.
    #[must_use]
    pub fn integer_range(&self) -> Option<(i64, i64)> {
        match self {
            Self::Int8 => Some((i8::MIN.into(), i8::MAX.into())),
            Self::Int16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Int32 => Some((i32::MIN.into(), i32::MAX.into())),
            Self::Int64 => Some((i64::MIN, i64::MAX)),
            _ => None,
        }
    }
}

/// One field of a struct. Its index is its position in the struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    name: Arc<str>,
    schema: Arc<Schema>,
}

impl Field {
    /// A field of that name and schema.
    pub fn new(name: impl Into<Arc<str>>, schema: impl Into<Arc<Schema>>) -> Self {
        Self {
            name: name.into(),
            schema: schema.into(),
        }
    }

    /// The field's name, as it stands in the JSON.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The field's schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }
}

/// A type with what Connect says about it: whether it may be null, the name and version of its logical type,
/// parameters, a default.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    ty: Type,
    optional: bool,
    name: Option<Arc<str>>,
    version: Option<i32>,
    doc: Option<Arc<str>>,
    parameters: Vec<(Arc<str>, Arc<str>)>,
    default: Option<Box<Datum>>,
    depth: usize,
}

impl Schema {
    fn of(ty: Type, depth: usize) -> Self {
        Self {
            ty,
            optional: false,
            name: None,
            version: None,
            doc: None,
            parameters: Vec::new(),
            default: None,
            depth,
        }
    }

    /// A boolean that is never null.
    #[must_use]
    pub fn boolean() -> Self {
        Self::of(Type::Boolean, 1)
    }

    /// An 8-bit integer that is never null.
    #[must_use]
    pub fn int8() -> Self {
        Self::of(Type::Int8, 1)
    }

    /// A 16-bit integer that is never null.
    #[must_use]
    pub fn int16() -> Self {
        Self::of(Type::Int16, 1)
    }

    /// A 32-bit integer that is never null.
    #[must_use]
    pub fn int32() -> Self {
        Self::of(Type::Int32, 1)
    }

    /// A 64-bit integer that is never null.
    #[must_use]
    pub fn int64() -> Self {
        Self::of(Type::Int64, 1)
    }

    /// A 32-bit float that is never null.
    #[must_use]
    pub fn float32() -> Self {
        Self::of(Type::Float32, 1)
    }

    /// A 64-bit float that is never null.
    #[must_use]
    pub fn float64() -> Self {
        Self::of(Type::Float64, 1)
    }

    /// Bytes that are never null.
    #[must_use]
    pub fn bytes() -> Self {
        Self::of(Type::Bytes, 1)
    }

    /// A text that is never null.
    #[must_use]
    pub fn string() -> Self {
        Self::of(Type::String, 1)
    }

    /// An array that is never null.
    ///
    /// # Errors
    /// When that nests deeper than [`MAX_DEPTH`].
    pub fn array(element: impl Into<Arc<Self>>) -> Result<Self, Error> {
        let element = element.into();
        let depth = deeper([&element])?;
        Ok(Self::of(Type::Array(element), depth))
    }

    /// A map that is never null.
    ///
    /// # Errors
    /// When that nests deeper than [`MAX_DEPTH`].
    pub fn map(key: impl Into<Arc<Self>>, value: impl Into<Arc<Self>>) -> Result<Self, Error> {
        let (key, value) = (key.into(), value.into());
        let depth = deeper([&key, &value])?;
        Ok(Self::of(Type::Map(key, value), depth))
    }

    /// A struct that is never null, its fields in the order given.
    ///
    /// # Errors
    /// When two fields have one name or an empty one, or that nests deeper than [`MAX_DEPTH`].
    pub fn structure(fields: impl Into<Arc<[Field]>>) -> Result<Self, Error> {
        let fields = fields.into();
        let mut names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
        names.sort_unstable();
        if names.first().is_some_and(|name| name.is_empty()) {
            return Err(Error::schema(
                "wanted a name for each field of a struct, got an empty one",
            ));
        }
        for (one, next) in names.iter().zip(names.iter().skip(1)) {
            if one == next {
                return Err(Error::schema(format!(
                    "two fields of one struct are called {one}"
                )));
            }
        }
        let depth = deeper(fields.iter().map(|field| &field.schema))?;
        Ok(Self::of(Type::Struct(fields), depth))
    }

    /// The same schema, null allowed.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same schema, null not allowed.
    pub(crate) fn required(mut self) -> Self {
        self.optional = false;
        self
    }

    /// The same schema under the name of a logical type or, for a struct, its own name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same schema with that version.
    #[must_use]
    pub fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// The same schema with a text for people.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<Arc<str>>) -> Self {
        self.doc = Some(doc.into());
        self
    }

    /// The same schema with one more parameter, after those it has; a parameter of that name is replaced.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<Arc<str>>) -> Self {
        let value = value.into();
        match self
            .parameters
            .iter_mut()
            .find(|(known, _)| &**known == name)
        {
            Some((_, old)) => *old = value,
            None => self.parameters.push((name.into(), value)),
        }
        self
    }

    /// The same schema with a default. As in Connect, a null where there is a default *is* the default.
    /// Give name and parameters first: they decide whether the default fits.
    ///
    /// # Errors
    /// When the default does not fit.
    pub fn with_default(mut self, default: Datum) -> Result<Self, Error> {
        self.check(&default)?;
        self.default = (default != Datum::Null).then(|| Box::new(default));
        Ok(self)
    }

    /// The type.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Whether null is allowed.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.optional
    }

    /// The name of the logical type or of the struct.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The version of the logical type or of the struct.
    #[must_use]
    pub fn get_version(&self) -> Option<i32> {
        self.version
    }

    /// The text for people.
    #[must_use]
    pub fn get_doc(&self) -> Option<&str> {
        self.doc.as_deref()
    }

    /// The parameters, in the order they were given.
    #[must_use]
    pub fn parameters(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.parameters
    }

    /// The value that stands in for null.
    #[must_use]
    pub fn default(&self) -> Option<&Datum> {
        self.default.as_deref()
    }

    /// The fields of a struct; none for the other types.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match &self.ty {
            Type::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// The scale (digits after the point) when this is Connect's decimal, `None` when it is something else.
    ///
    /// # Errors
    /// When it calls itself a decimal but is not of bytes, or its parameter `scale` is missing or no number.
    pub fn decimal_scale(&self) -> Result<Option<i32>, Error> {
        if self.name() != Some(decimal::NAME) {
            return Ok(None);
        }
        if self.ty != Type::Bytes {
            let found = self.ty.connect_name();
            return Err(Error::schema(format!(
                "wanted bytes under a decimal, got {found}"
            )));
        }
        let scale = self
            .parameters
            .iter()
            .find(|(name, _)| &**name == decimal::SCALE)
            .map(|(_, value)| value);
        match scale.map(|text| (text, text.parse())) {
            Some((_, Ok(scale))) => Ok(Some(scale)),
            Some((text, Err(_))) => Err(Error::schema(format!(
                "wanted a whole number as a decimal's scale, got {text:?}"
            ))),
            None => Err(Error::schema(
                "wanted a parameter \"scale\" on a decimal, got none",
            )),
        }
    }

    /// Whether the datum fits this schema: shape, range, scale, nulls, at every depth.
    ///
    /// # Errors
    /// When it does not; the error names the path of the first misfit.
    pub fn check(&self, datum: &Datum) -> Result<(), Error> {
        crate::datum::check(self, datum)
    }
}

fn deeper<'a>(parts: impl IntoIterator<Item = &'a Arc<Schema>>) -> Result<usize, Error> {
    let depth = parts
        .into_iter()
        .map(|part| part.depth)
        .max()
        .unwrap_or(0)
        .saturating_add(1);
    if depth > MAX_DEPTH {
        return Err(Error::schema(format!(
            "wanted at most {MAX_DEPTH} levels of nesting, got {depth}"
        )));
    }
    Ok(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struct_with_two_fields_of_one_name_is_refused() {
        let fields = vec![
            Field::new("a", Schema::int32()),
            Field::new("b", Schema::int32()),
            Field::new("a", Schema::string()),
        ];
        let error = Schema::structure(fields).unwrap_err();
        assert_eq!(error.to_string(), "two fields of one struct are called a");
    }

    #[test]
    fn a_default_must_fit() {
        let error = Schema::int8().with_default(Datum::Int(128)).unwrap_err();
        assert_eq!(error.to_string(), "wanted an int8 (-128 to 127), got 128");
    }

    #[test]
    fn nesting_has_an_end() {
        let mut schema = Schema::int8();
        for _ in 1..MAX_DEPTH {
            schema = Schema::array(schema).unwrap();
        }
        assert!(Schema::array(schema).is_err());
    }

    #[test]
    fn a_decimal_needs_its_scale() {
        let bare = Schema::bytes().named(decimal::NAME);
        assert_eq!(
            bare.decimal_scale().unwrap_err().to_string(),
            "wanted a parameter \"scale\" on a decimal, got none"
        );
        assert_eq!(bare.parameter("scale", "2").decimal_scale(), Ok(Some(2)));
        assert_eq!(Schema::bytes().decimal_scale(), Ok(None));
    }
}
