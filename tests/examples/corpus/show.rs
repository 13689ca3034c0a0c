//! A record as the peer shows it: one JSON object.
//!
//! In: the peer's items and the record's [`Node`]s. Out: [`Json`]. Nulls are left out of objects and stay in tables;
//! of the segments only the record's own shows; a field with a rule shows where the rule holds.

use std::collections::HashMap;

use anyhow::Result;
use parsers::copybook::Usage;
use parsers::{CodePage, Layout, Trim};

use super::bytes::{base64, hex};
use super::columns;
use super::expression::Operand;
use super::item::{Item, Kind};
use super::json::Json;
use super::options::Options;
use super::policy;
use super::tree::{Node, Value};

/// How debug columns show bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Debug {
    Hex,
    Raw,
    Text,
}

/// The options that decide how values look.
#[derive(Debug)]
pub struct Look {
    pub page: CodePage,
    collapse: bool,
    bytes_as_hex: bool,
    numbers_as_text: bool,
    debug: Debug,
    corrupt: bool,
    strict: bool,
    trim: Trim,
    /// Numbers with decimal places are zero where they are blank.
    pub zero_blanks: bool,
}

impl Look {
    pub fn of(options: &Options, page: CodePage) -> Result<Look> {
        Ok(Look {
            page,
            collapse: options
                .text("schema_retention_policy")
                .is_none_or(|policy| policy.eq_ignore_ascii_case("collapse_root")),
            bytes_as_hex: options.flag("binary_as_hex", false),
            numbers_as_text: options.flag("display_pic_always_string", false),
            debug: match options
                .text("debug")
                .unwrap_or_default()
                .to_lowercase()
                .as_str()
            {
                "raw" | "binary" => Debug::Raw,
                "string" | "text" => Debug::Text,
                _ => Debug::Hex,
            },
            corrupt: options.flag("generate_corrupt_fields", false),
            strict: options.flag("strict_integral_precision", false),
            trim: policy::trim(options)?,
            zero_blanks: !options.flag("improved_null_detection", true),
        })
    }

    /// Text without the control characters that the peer's table of the page has as blanks.
    fn graphic(&self, text: &str) -> String {
        let keeps = |letter: char| match self.page.name() {
            "common" | "common_extended" | "cp037_extended" => true,
            "cp037" => matches!(letter, '\n' | '\r' | '\u{85}'),
            "cp838" | "cp870" | "cp875" | "cp1025" | "cp1047" | "cp1160" => {
                matches!(letter, '\n' | '\r')
            }
            _ => letter <= '\u{85}' && !('\u{80}'..'\u{85}').contains(&letter),
        };
        if !self.page.is_ebcdic() || !self.page.is_single_byte() {
            return text.to_owned();
        }
        let own = matches!(
            self.page.name(),
            "common" | "common_extended" | "cp037_extended"
        );
        let shown: String = text
            .chars()
            .map(|letter| match letter {
                // The peer's tables have 0D as LF and 25 as CR, where IBM's have CR and LF.
                '\r' if !own => '\n',
                '\n' if !own => '\r',
                letter if letter.is_control() && !keeps(letter) => ' ',
                letter => letter,
            })
            .collect();
        let blank = |letter: char| letter <= ' ';
        match self.trim {
            Trim::Both => shown.trim_matches(blank),
            Trim::Left => shown.trim_start_matches(blank),
            Trim::Right => shown.trim_end_matches(blank),
            _ => shown.as_str(),
        }
        .to_owned()
    }

    fn bytes(&self, bytes: &[u8]) -> Json {
        Json::Text(if self.bytes_as_hex {
            hex(bytes)
        } else {
            base64(bytes)
        })
    }
}

/// One record on its way out.
pub struct Shower<'s> {
    pub look: &'s Look,
    pub layout: &'s Layout,
    /// The segment of the record; `None` shows every view.
    pub segment: Option<&'s str>,
    variables: HashMap<String, Operand>,
    corrupt: Vec<Json>,
}

impl<'s> Shower<'s> {
    pub fn new(look: &'s Look, layout: &'s Layout, segment: Option<&'s str>) -> Shower<'s> {
        Shower {
            look,
            layout,
            segment,
            variables: HashMap::new(),
            corrupt: Vec::new(),
        }
    }

    /// The columns of a record.
    pub fn record(&mut self, items: &[Item], nodes: &[Node]) -> Result<Vec<(String, Json)>> {
        let flat = items.iter().any(|item| !item.is_group());
        let mut columns = if flat {
            self.members(items, nodes)?
        } else {
            let mut columns = Vec::new();
            for item in items {
                let members = self.root(item, items, nodes)?;
                if self.look.collapse {
                    columns.extend(members);
                } else {
                    columns.push((item.name.clone(), Json::Object(members)));
                }
            }
            columns
        };
        if self.look.corrupt {
            let corrupt = std::mem::take(&mut self.corrupt);
            columns.push(("_corrupt_fields".to_owned(), Json::Array(corrupt)));
        }
        Ok(columns)
    }

    /// The members of an 01. A walk gives those of an only 01 without it around them.
    fn root(&mut self, item: &Item, items: &[Item], nodes: &[Node]) -> Result<Vec<(String, Json)>> {
        if items.len() == 1 {
            return self.members(&item.children, nodes);
        }
        let own = nodes.iter().find(|node| node.field == item.field);
        match own.map(|node| &node.value) {
            Some(Value::Group(members)) => self.members(&item.children, members),
            _ => Ok(Vec::new()),
        }
    }

    /// The members of a group that are shown and not null.
    pub fn members(&mut self, items: &[Item], nodes: &[Node]) -> Result<Vec<(String, Json)>> {
        let mut members = Vec::new();
        for item in items {
            let value = match nodes.iter().find(|node| node.field == item.field) {
                Some(node) if item.parent.is_none() => self.value(item, node)?,
                _ => Json::Null,
            };
            if !item.filler && value != Json::Null {
                members.push((item.name.clone(), value));
            }
        }
        Ok(members)
    }

    fn value(&mut self, item: &Item, node: &Node) -> Result<Json> {
        let other = self
            .segment
            .is_some_and(|segment| !segment.eq_ignore_ascii_case(&item.name));
        if item.segment && other {
            return Ok(Json::Null);
        }
        if let Some(rule) = &item.rule {
            let variables = &self.variables;
            let holds = rule.truth(&|name| {
                let name = super::options::identifier(name).to_uppercase();
                variables.get(&name).cloned().unwrap_or(Operand::Null)
            })?;
            if !holds {
                return Ok(Json::Null);
            }
        }
        match &node.value {
            Value::Table(nodes) => {
                let mut values = Vec::new();
                for (index, node) in nodes.iter().enumerate() {
                    let value = self.single(item, node)?;
                    self.note_corrupt(item, node, &value, Some(index));
                    values.push(value);
                }
                Ok(Json::Array(values))
            }
            _ => {
                let value = self.single(item, node)?;
                self.note_corrupt(item, node, &value, None);
                if item.kind == Kind::Leaf {
                    self.variables
                        .insert(item.name.to_uppercase(), operand(&value));
                }
                Ok(value)
            }
        }
    }

    /// A field, or one occurrence of a table.
    fn single(&mut self, item: &Item, node: &Node) -> Result<Json> {
        Ok(match (item.kind, &node.value) {
            (Kind::Debug, _) => match self.look.debug {
                Debug::Hex => Json::Text(hex(&node.raw)),
                Debug::Raw => Json::Text(base64(&node.raw)),
                Debug::Text => Json::Text(String::from_utf8_lossy(&node.raw).into_owned()),
            },
            (Kind::Text, _) => {
                let mut text = String::new();
                self.look.page.decode_lossy_to(&node.raw, &mut text);
                Json::Text(text.trim().to_owned())
            }
            (_, Value::Group(members)) => Json::Object(self.members(&item.children, members)?),
            (_, Value::Bytes(bytes)) => self.look.bytes(bytes),
            (_, Value::Leaf(value)) => self.leaf(item, node, value),
            (_, Value::Table(_)) => Json::Null,
        })
    }

    fn leaf(&self, item: &Item, node: &Node, value: &Json) -> Json {
        let Some(field) = self.layout.field(item.field) else {
            return Json::Null;
        };
        let whole = matches!(field.kind(), parsers::FieldKind::Number { scale: 0, .. });
        match value {
            Json::Number(number) if !columns::holds(field, number, self.look.strict) => Json::Null,
            Json::Text(text) => Json::Text(self.look.graphic(text)),
            Json::Number(_)
                if self.look.numbers_as_text && whole && field.usage() == Some(Usage::Display) =>
            {
                digits(&node.raw, self.look.page)
            }
            other => other.clone(),
        }
    }

    /// Option `generate_corrupt_fields`: fields that have bytes and no value.
    fn note_corrupt(&mut self, item: &Item, node: &Node, value: &Json, index: Option<usize>) {
        if !self.look.corrupt || item.kind != Kind::Leaf || *value != Json::Null || item.filler {
            return;
        }
        let blank = self.look.page.blank();
        if node.raw.iter().all(|byte| *byte == 0 || *byte == blank) {
            return;
        }
        let name = match index {
            Some(index) => format!("{}[{index}]", item.name),
            None => item.name.clone(),
        };
        self.corrupt.push(Json::Object(vec![
            ("field_name".to_owned(), Json::Text(name)),
            ("raw_value".to_owned(), self.look.bytes(&node.raw)),
        ]));
    }
}

fn operand(value: &Json) -> Operand {
    match value {
        Json::Number(text) => text
            .split('.')
            .next()
            .and_then(|whole| whole.parse().ok())
            .map_or(Operand::Null, Operand::Number),
        Json::Text(text) => Operand::Text(text.clone()),
        _ => Operand::Null,
    }
}

/// Option `display_pic_always_string`: the digits as they stand, with a sign where the record has one.
fn digits(raw: &[u8], page: CodePage) -> Json {
    let (mut sign, mut text) = (String::new(), String::new());
    for byte in raw {
        let letter = if page.is_ebcdic() {
            match byte {
                0xc0..=0xc9 => {
                    sign = "+".to_owned();
                    char::from(byte - 0xc0 + b'0')
                }
                0xd0..=0xd9 => {
                    sign = "-".to_owned();
                    char::from(byte - 0xd0 + b'0')
                }
                other => page.decode(*other),
            }
        } else {
            match byte {
                b'{' => {
                    sign = "+".to_owned();
                    '0'
                }
                b'}' => {
                    sign = "-".to_owned();
                    '0'
                }
                b'A'..=b'I' => {
                    sign = "+".to_owned();
                    char::from(byte - b'A' + b'1')
                }
                b'J'..=b'R' => {
                    sign = "-".to_owned();
                    char::from(byte - b'J' + b'1')
                }
                other => char::from(*other),
            }
        };
        match letter {
            '+' | '-' => sign = letter.to_string(),
            '0'..='9' => text.push(letter),
            _ => {}
        }
    }
    Json::Text(sign + &text)
}
