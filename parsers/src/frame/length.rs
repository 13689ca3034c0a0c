//! Records that say their own length: by a field, by arithmetic over fields, or by a value that stands for a length.
//!
//! In: the rule as text and a layout. Out: a [`LengthRule`] that gives a record's length from its first bytes. It reads
//! through the layout, so any usage a field can have will do, text of digits included.

mod expression;

use std::fmt;
use std::sync::Arc;

use crate::layout::{Field, Layout};
use crate::path::{FieldPath, PathError};
use crate::visitor::{Number, Text, Visitor};
use crate::{Date, Decimal, Time, Timestamp};
use expression::Parser;

/// How a record says its length.
#[derive(Debug, Clone)]
pub struct LengthRule {
    layout: Arc<Layout>,
    text: String,
    how: How,
    /// Bytes of a record that must be there before its length is known.
    prefix: usize,
}

#[derive(Debug, Clone)]
enum How {
    /// Reverse Polish: operands, then what is done with them.
    Steps(Vec<Step>),
    Map {
        field: FieldPath,
        lengths: Vec<(String, u32)>,
        otherwise: Option<u32>,
    },
}

#[derive(Debug, Clone)]
enum Step {
    Field(FieldPath),
    Constant(i64),
    Apply(Operation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
}

/// A rule that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LengthRuleError {
    /// No arithmetic expression.
    #[error("wanted fields and whole numbers with + - * / and brackets, such as `LEN + 4`: {0}")]
    Syntax(String),
    /// A name that is no field's.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A field whose place depends on the record.
    #[error(
        "{field} lies behind {table}, whose size varies: where it is cannot be known before the length is"
    )]
    Moving {
        /// The field of the rule.
        field: String,
        /// The OCCURS DEPENDING ON before it.
        table: String,
    },
    /// A group.
    #[error("{0} is a group: wanted a number or digits")]
    Group(String),
    /// A map without lengths.
    #[error("wanted at least one value and its length")]
    Empty,
}

impl LengthRule {
    /// An expression over fields of the layout, such as `LEN`, `LEN + 4`, `(A - B) * 2`.
    ///
    /// # Errors
    /// Text that is no expression, or a field that is not there or has no fixed place.
    pub fn expression(text: &str, layout: &Arc<Layout>) -> Result<LengthRule, LengthRuleError> {
        let steps = Parser::steps(text, layout)?;
        let mut prefix = 0;
        for step in &steps {
            if let Step::Field(path) = step {
                prefix = prefix.max(place(layout, path)?);
            }
        }
        Ok(LengthRule {
            layout: Arc::clone(layout),
            text: text.trim().to_owned(),
            how: How::Steps(steps),
            prefix,
        })
    }

    /// A length for each value of a field, and perhaps one for all others. Values are compared as text without
    /// blanks around it, or as numbers.
    ///
    /// # Errors
    /// No values, or a field that is not there or has no fixed place.
    pub fn by_value(
        field: &str,
        lengths: Vec<(String, u32)>,
        otherwise: Option<u32>,
        layout: &Arc<Layout>,
    ) -> Result<LengthRule, LengthRuleError> {
        if lengths.is_empty() && otherwise.is_none() {
            return Err(LengthRuleError::Empty);
        }
        let path = layout.resolve(field)?;
        let prefix = place(layout, &path)?;
        let mut text = format!("{field}:");
        for (value, len) in &lengths {
            if value.contains([' ', '=', ',', '*']) || value.is_empty() {
                text.push_str(&format!(" \"{value}\"={len}"));
            } else {
                text.push_str(&format!(" {value}={len}"));
            }
        }
        if let Some(len) = otherwise {
            text.push_str(&format!(" *={len}"));
        }
        Ok(LengthRule {
            layout: Arc::clone(layout),
            text,
            how: How::Map {
                field: path,
                lengths,
                otherwise,
            },
            prefix,
        })
    }

    /// Bytes of a record that must be there before its length is known.
    pub fn prefix(&self) -> usize {
        self.prefix
    }

    /// The length of the record that begins with these bytes, [`prefix`](Self::prefix) of them at least.
    ///
    /// # Errors
    /// A field that holds no number, a value that has no length, a result below 1 or without end. The message names
    /// fields and never shows what is in them.
    pub fn length(&self, record: &[u8]) -> Result<u64, String> {
        match &self.how {
            How::Steps(steps) => {
                let result = self.run(steps, record)?;
                u64::try_from(result)
                    .ok()
                    .filter(|len| *len > 0)
                    .ok_or_else(|| format!("wanted a length of at least 1 by {self}, got {result}"))
            }
            How::Map {
                field,
                lengths,
                otherwise,
            } => {
                let found = self.value(field, record)?;
                let is = |wanted: &str| match &found {
                    Found::Number(number) => wanted
                        .trim()
                        .parse::<Decimal>()
                        .is_ok_and(|wanted| number.compare(wanted).is_eq()),
                    Found::Text(text) => text.trim() == wanted.trim(),
                    Found::None => wanted.trim().is_empty(),
                };
                let len = lengths
                    .iter()
                    .find(|(wanted, _)| is(wanted))
                    .map(|(_, len)| *len)
                    .or(*otherwise);
                len.filter(|len| *len > 0)
                    .map(u64::from)
                    .ok_or_else(|| format!("no length is given for the value of {field}"))
            }
        }
    }

    fn run(&self, steps: &[Step], record: &[u8]) -> Result<i128, String> {
        let mut stack: Vec<i128> = Vec::new();
        let too_large = || format!("{self} is too large a number");
        for step in steps {
            let value = match step {
                Step::Constant(value) => i128::from(*value),
                Step::Field(path) => self.number(path, record)?,
                Step::Apply(operation) => {
                    let right = stack.pop().unwrap_or(0);
                    let left = match operation {
                        Operation::Negate => 0,
                        _ => stack.pop().unwrap_or(0),
                    };
                    match operation {
                        Operation::Add => left.checked_add(right),
                        Operation::Subtract | Operation::Negate => left.checked_sub(right),
                        Operation::Multiply => left.checked_mul(right),
                        Operation::Divide if right == 0 => {
                            return Err(format!("{self} divides by zero here"));
                        }
                        Operation::Divide => left.checked_div(right),
                    }
                    .ok_or_else(too_large)?
                }
            };
            stack.push(value);
        }
        Ok(stack.pop().unwrap_or(0))
    }

    fn number(&self, path: &FieldPath, record: &[u8]) -> Result<i128, String> {
        let number = match self.value(path, record)? {
            Found::Number(number) => number.to_i128(),
            Found::Text(text) => text.trim().parse::<i64>().ok().map(i128::from),
            Found::None => None,
        };
        number.ok_or_else(|| format!("wanted a whole number in {path}"))
    }

    fn value(&self, path: &FieldPath, record: &[u8]) -> Result<Found, String> {
        let mut seen = Seen(Found::None);
        self.layout
            .walk_field(record, path, &mut seen)
            .map_err(|error| format!("{path} does not decode ({})", error.kind().name()))?;
        Ok(seen.0)
    }
}

impl fmt::Display for LengthRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_elementary(layout: &Layout, path: &FieldPath) -> bool {
    layout.members(Some(layout.field_of(path))).next().is_none()
}

/// One past the last byte of a field with a fixed place.
fn place(layout: &Layout, path: &FieldPath) -> Result<usize, LengthRuleError> {
    let field = layout.field_of(path);
    if !is_elementary(layout, path) {
        return Err(LengthRuleError::Group(path.to_string()));
    }
    let moving = layout.fields().find(|table| {
        layout.is_movable(field)
            && table
                .occurs()
                .is_some_and(|occurs| occurs.depending_on.is_some())
            && field.id() > table.id()
    });
    if let Some(table) = moving {
        return Err(LengthRuleError::Moving {
            field: path.to_string(),
            table: table.path().to_owned(),
        });
    }
    let mut end = field.offset().saturating_add(field.len());
    // A subscript moves it within its tables.
    let mut around = Some(field);
    let mut subscripts = path.subscripts.iter().rev();
    while let Some(at) = around {
        if let Some(occurs) = at.occurs() {
            let subscript = subscripts.next().copied().unwrap_or(1);
            let stride = usize::try_from(occurs.stride).unwrap_or(usize::MAX);
            let index = usize::try_from(subscript.saturating_sub(1)).unwrap_or(usize::MAX);
            end = end.saturating_add(stride.saturating_mul(index));
        }
        around = at.parent_id().and_then(|id| layout.field(id));
    }
    Ok(end)
}

enum Found {
    None,
    Number(Decimal),
    Text(String),
}

/// Keeps the one value it sees.
struct Seen(Found);

impl Visitor for Seen {
    fn text(&mut self, _: &Field, text: Text<'_>) {
        self.0 = Found::Text(text.to_string());
    }
    fn number(&mut self, _: &Field, number: Number<'_>) {
        self.0 = Found::Number(number.decimal());
    }
    fn bytes(&mut self, _: &Field, bytes: &[u8]) {
        self.0 = Found::Text(crate::json::hex(bytes));
    }
    fn flag(&mut self, _: &Field, value: bool) {
        self.0 = Found::Text(value.to_string());
    }
    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: Date) {}
    fn time(&mut self, _: &Field, _: Time) {}
    fn timestamp(&mut self, _: &Field, _: Timestamp) {}
    fn null(&mut self, _: &Field) {}
}
