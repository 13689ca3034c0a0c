//! Values that stand in the file itself: constants, defaults, codes.

use parsers::copybook::{Figurative, Literal};
use parsers::{Field, FieldKind};
use toml::Spanned;

use super::Compiler;
use crate::mapping::event::Scalar;
use crate::mapping::value::number;

impl Compiler<'_> {
    /// A value as the target takes it.
    pub(super) fn scalar(
        &mut self,
        at: &Spanned<toml::Value>,
        field: Option<&Field>,
    ) -> Option<Scalar<'static>> {
        let scalar = match at.get_ref() {
            toml::Value::String(text) => text_for(text, field),
            toml::Value::Integer(number) => Scalar::Number(number.to_string().into()),
            toml::Value::Boolean(flag) => Scalar::Flag(*flag),
            toml::Value::Float(_) => {
                self.fault_with_help(
                    at,
                    "a number with a point has no exact value here",
                    "write it in quotes, and type = \"number\"",
                );
                return None;
            }
            _ => {
                self.fault(at, "wanted a text, a whole number, true or false");
                return None;
            }
        };
        Some(scalar)
    }

    /// A value or a list of them, as texts.
    pub(super) fn texts(&mut self, at: &Spanned<toml::Value>) -> Option<Box<[Box<str>]>> {
        let text = |value: &toml::Value| match value {
            toml::Value::String(text) => Some(text.as_str().into()),
            toml::Value::Integer(number) => Some(number.to_string().into()),
            toml::Value::Boolean(flag) => Some(flag.to_string().into()),
            _ => None,
        };
        let found: Option<Box<[Box<str>]>> = match at.get_ref() {
            toml::Value::Array(values) => values.iter().map(text).collect(),
            value => text(value).map(|text| [text].into()),
        };
        if found.is_none() {
            self.fault(at, "wanted a text or a whole number, or a list of them");
        }
        found
    }
}

/// A text, as a number where the field holds one.
pub(super) fn text_for(text: &str, field: Option<&Field>) -> Scalar<'static> {
    let numeric = field.is_some_and(|field| matches!(field.kind(), FieldKind::Number { .. }));
    match number(text).filter(|_| numeric) {
        Some(number) => Scalar::Number(number.into()),
        None => Scalar::Text(text.to_owned().into()),
    }
}

/// The value of a level 88 entry, as text.
pub(super) fn literal(literal: &Literal) -> Option<String> {
    Some(match literal {
        Literal::Text(text) => text.trim_end().to_owned(),
        Literal::Number(text) => text.clone(),
        Literal::Figurative(Figurative::Space) => String::new(),
        Literal::Figurative(Figurative::Zero) => "0".to_owned(),
        Literal::Figurative(_) | Literal::Hex(_) | Literal::All(_) => return None,
    })
}
