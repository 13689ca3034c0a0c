//! A record as a tree of the fields that are in it, each with its bytes and what they decode to.
//!
//! In: a [`Layout`] and a record. Out: [`Node`]s in the order of the walk, every view of a REDEFINES among them. What
//! does not decode is a node without a value, as the peer has it.

use parsers::copybook::Usage;
use parsers::{Date, Field, FieldError, FieldKind, Layout, Number, Text, Time, Timestamp, Visitor};

use super::json::Json;

/// A field of a record.
#[derive(Debug, Clone)]
pub struct Node {
    /// [`Field::id`].
    pub field: u32,
    /// Its bytes; of a group up to the most that it can have.
    pub raw: Vec<u8>,
    pub value: Value,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Value {
    Leaf(Json),
    /// Bytes, which the peer shows in a way that options choose.
    Bytes(Vec<u8>),
    Group(Vec<Node>),
    Table(Vec<Node>),
}

impl Node {
    /// The first node of a field, here or below.
    pub fn find(nodes: &[Node], field: u32) -> Option<&Node> {
        nodes.iter().find_map(|node| match &node.value {
            _ if node.field == field => Some(node),
            Value::Group(members) | Value::Table(members) => Node::find(members, field),
            Value::Leaf(_) | Value::Bytes(_) => None,
        })
    }
}

/// The fields of a record.
///
/// With `zero_blanks` a DISPLAY number with an implied decimal point is zero where it is nothing but blanks and
/// low-values.
pub fn read(layout: &Layout, record: &[u8], zero_blanks: bool) -> Result<Vec<Node>, FieldError> {
    let mut builder = Builder {
        zero_blanks,
        ..Builder::default()
    };
    layout.walk(record, &mut builder)?;
    Ok(builder.top)
}

#[derive(Default)]
struct Builder {
    top: Vec<Node>,
    open: Vec<Node>,
    /// Bytes of the field that comes next.
    raw: Vec<u8>,
    zero_blanks: bool,
}

impl Builder {
    fn none(&mut self, field: &Field) {
        let blank = |bytes: &[u8]| {
            !bytes.is_empty() && bytes.iter().all(|byte| matches!(byte, 0x00 | 0x20 | 0x40))
        };
        let value = match field.kind() {
            FieldKind::Number { scale, .. }
                if self.zero_blanks
                    && scale > 0
                    && field.usage() == Some(Usage::Display)
                    && !field
                        .picture()
                        .is_some_and(|picture| picture.text().contains('.'))
                    && blank(&self.raw) =>
            {
                let places = usize::try_from(scale).unwrap_or(0);
                Json::Number(format!("0.{:0<places$}", ""))
            }
            _ => Json::Null,
        };
        self.leaf(field, Value::Leaf(value));
    }

    fn leaf(&mut self, field: &Field, value: Value) {
        let raw = std::mem::take(&mut self.raw);
        self.add(Node {
            field: field.id(),
            raw,
            value,
        });
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.value) {
            Some(Value::Group(members) | Value::Table(members)) => members.push(node),
            _ => self.top.push(node),
        }
    }

    fn open(&mut self, field: &Field, value: Value) {
        let raw = std::mem::take(&mut self.raw);
        self.open.push(Node {
            field: field.id(),
            raw,
            value,
        });
    }

    fn close(&mut self) {
        if let Some(node) = self.open.pop() {
            self.add(node);
        }
    }
}

impl Visitor for Builder {
    const RAW: bool = true;

    fn raw(&mut self, _: &Field, _: usize, bytes: &[u8]) {
        self.raw = bytes.to_vec();
    }
    fn group_start(&mut self, field: &Field) {
        self.open(field, Value::Group(Vec::new()));
    }
    fn group_end(&mut self, _: &Field) {
        self.close();
    }
    fn array_start(&mut self, field: &Field, _: usize) {
        self.open(field, Value::Table(Vec::new()));
    }
    fn array_end(&mut self, _: &Field) {
        self.close();
    }
    fn text(&mut self, field: &Field, text: Text<'_>) {
        self.leaf(field, Value::Leaf(Json::Text(text.to_string())));
    }
    fn number(&mut self, field: &Field, number: Number<'_>) {
        self.leaf(
            field,
            Value::Leaf(Json::Number(number.decimal().to_string())),
        );
    }
    fn float(&mut self, field: &Field, value: f64) {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "a COMP-1 is shown as the single-precision number it is"
        )]
        let shown = match field.len() {
            4 => Json::Single(value as f32),
            _ => Json::Double(value),
        };
        self.leaf(field, Value::Leaf(shown));
    }
    fn date(&mut self, field: &Field, date: Date) {
        self.leaf(field, Value::Leaf(Json::Text(date.to_string())));
    }
    fn time(&mut self, field: &Field, time: Time) {
        self.leaf(field, Value::Leaf(Json::Text(time.to_string())));
    }
    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        self.leaf(field, Value::Leaf(Json::Text(timestamp.to_string())));
    }
    fn flag(&mut self, field: &Field, value: bool) {
        self.leaf(field, Value::Leaf(Json::Bool(value)));
    }
    fn bytes(&mut self, field: &Field, bytes: &[u8]) {
        self.leaf(field, Value::Bytes(bytes.to_vec()));
    }
    fn null(&mut self, field: &Field) {
        self.none(field);
    }
    fn invalid(&mut self, field: &Field, _: FieldError, bytes: &[u8]) -> Result<(), FieldError> {
        self.raw = bytes.to_vec();
        self.none(field);
        Ok(())
    }
}
