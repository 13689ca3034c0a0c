//! JSON whose numbers stay as they are written.
//!
//! In: a line of an expected file. Out: a [`Json`]. Never turns a number into a float; the peer's own floating-point
//! columns are compared as floats where they are compared ([`super::compare`]).

use anyhow::{Result, bail, ensure};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As written: `-12.50`.
    Number(String),
    /// COMP-1 of a record.
    Single(f32),
    /// COMP-2 of a record.
    Double(f64),
    Text(String),
    Array(Vec<Json>),
    /// Members in order, each name once.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value; nothing may follow it.
    pub fn parse(text: &str) -> Result<Json> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value()?;
        reader.blanks();
        ensure!(reader.at == text.len(), "text after the JSON value");
        Ok(value)
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::Single(value) => write!(f, "{value:?}"),
            Json::Double(value) => write!(f, "{value:?}"),
            Json::Text(text) => f.write_str(&serde_json::to_string(text).unwrap_or_default()),
            Json::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    let name = serde_json::to_string(name).unwrap_or_default();
                    write!(f, "{comma}{name}:{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

struct Reader<'j> {
    text: &'j str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The next character that is not blank, which stays.
    fn peek(&mut self) -> Option<char> {
        self.blanks();
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn value(&mut self) -> Result<Json> {
        match self.peek() {
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some('"') => Ok(Json::Text(self.string()?)),
            Some(_) => self.word(),
            None => bail!("the JSON text ends where a value is wanted"),
        }
    }

    fn object(&mut self) -> Result<Json> {
        self.take('{');
        let mut members = Vec::new();
        if self.take('}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            ensure!(self.take(':'), "wanted `:` after {name:?}");
            members.push((name, self.value()?));
            if self.take('}') {
                return Ok(Json::Object(members));
            }
            ensure!(self.take(','), "wanted `,` or `}}` at byte {}", self.at);
        }
    }

    fn array(&mut self) -> Result<Json> {
        self.take('[');
        let mut items = Vec::new();
        if self.take(']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.take(']') {
                return Ok(Json::Array(items));
            }
            ensure!(self.take(','), "wanted `,` or `]` at byte {}", self.at);
        }
    }

    /// A string by its own rules, which are those of the JSON crate.
    fn string(&mut self) -> Result<String> {
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|(_, letter)| {
            let ends = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            bail!("a string without an end at byte {}", self.at)
        };
        let text = serde_json::from_str(self.rest().get(..=end).unwrap_or_default())?;
        self.at += end + 1;
        Ok(text)
    }

    fn word(&mut self) -> Result<Json> {
        let rest = self.rest();
        let end = rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || "+-.".contains(letter)))
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().to_owned();
        self.at += end;
        Ok(match word.as_str() {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number if number.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                Json::Number(word)
            }
            other => bail!("wanted a JSON value at byte {}, found {other:?}", self.at),
        })
    }
}
