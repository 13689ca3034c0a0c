//! The text of a Protobuf file to its parts: proto2 and proto3, without groups.

use super::lex::{Kind, Token, tokens};
use super::{Declared, Enum, Field, FieldType, File, Import, Label, MAX_DEPTH, Message};

pub(super) fn file(text: &str) -> Result<File, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
    };
    let mut file = File {
        syntax: "proto2".to_owned(),
        ..File::default()
    };
    while let Some(token) = parser.peek() {
        match token.text.as_str() {
            ";" => parser.at = parser.at.saturating_add(1),
            "syntax" => {
                parser.next()?;
                parser.symbol("=")?;
                file.syntax = parser.next()?.text;
                if !matches!(file.syntax.as_str(), "proto2" | "proto3") {
                    return Err(format!("wanted proto2 or proto3, got {:?}", file.syntax));
                }
                parser.symbol(";")?;
            }
            "package" => {
                parser.next()?;
                file.package = parser.word()?;
                parser.symbol(";")?;
            }
            "import" => {
                parser.next()?;
                let mut modifier = String::new();
                let mut path = parser.next()?;
                if path.kind == Kind::Word {
                    modifier = path.text + " ";
                    path = parser.next()?;
                }
                file.imports.push(Import {
                    path: path.text,
                    modifier,
                });
                parser.symbol(";")?;
            }
            "option" => {
                parser.next()?;
                file.options.push(parser.option()?);
                parser.symbol(";")?;
            }
            "message" => {
                parser.next()?;
                file.types.push(Declared::Message(parser.message(0)?));
            }
            "enum" => {
                parser.next()?;
                file.types.push(Declared::Enum(parser.enumeration()?));
            }
            "service" | "extend" => file.other.push(parser.block()?),
            _ => return Err(parser.unexpected("a declaration")),
        }
    }
    if file.types.is_empty() && file.other.is_empty() && file.imports.is_empty() {
        return Err("wanted a message, got none".to_owned());
    }
    Ok(file)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_next(&self, text: &str) -> bool {
        self.peek()
            .is_some_and(|token| token.kind != Kind::Text && token.text == text)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.peek().cloned();
        self.at = self.at.saturating_add(1);
        token.ok_or_else(|| "the file ends too early".to_owned())
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some(token) => format!("line {}: wanted {wanted}, got {:?}", token.line, token.text),
            None => format!("wanted {wanted}, got the end of the file"),
        }
    }

    fn symbol(&mut self, wanted: &str) -> Result<(), String> {
        if self.is_next(wanted) {
            self.at = self.at.saturating_add(1);
            return Ok(());
        }
        Err(self.unexpected(&format!("{wanted:?}")))
    }

    fn word(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(token) if token.kind == Kind::Word => Ok(self.next()?.text),
            _ => Err(self.unexpected("a name")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let bad = self.unexpected("a name");
        let name = self.word()?;
        let starts = name
            .chars()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !starts || name.contains('.') {
            return Err(bad);
        }
        Ok(name)
    }

    fn number(&mut self) -> Result<i32, String> {
        let bad = self.unexpected("a number");
        let negative = self.is_next("-");
        if negative {
            self.next()?;
        }
        let text = self.word()?;
        let value = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        let value = value.map_err(|_| bad.clone())?;
        let value = if negative {
            value.checked_neg()
        } else {
            Some(value)
        };
        value.and_then(|value| i32::try_from(value).ok()).ok_or(bad)
    }

    /// `name = value`, the value as text.
    fn option(&mut self) -> Result<(String, String), String> {
        let mut name = String::new();
        while !self.is_next("=") {
            name.push_str(&self.next()?.text);
        }
        self.symbol("=")?;
        let value = self.until(&[",", ";", "]"])?;
        Ok((name, value))
    }

    /// What stands before the first of those symbols that is not in brackets, in one line.
    fn until(&mut self, ends: &[&str]) -> Result<String, String> {
        let mut text = String::new();
        let mut depth = 0_usize;
        loop {
            if depth == 0 && ends.iter().any(|end| self.is_next(end)) {
                return Ok(text);
            }
            let token = self.next()?;
            if token.kind == Kind::Symbol {
                match token.text.as_str() {
                    "{" | "[" | "(" => depth = depth.saturating_add(1),
                    "}" | "]" | ")" => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            append(&mut text, &token);
        }
    }

    /// A declaration as it came, up to the end of its braces or its semicolon.
    fn block(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut depth = 0_usize;
        loop {
            let token = self.next()?;
            append(&mut text, &token);
            if token.kind != Kind::Symbol {
                continue;
            }
            match token.text.as_str() {
                "{" => depth = depth.saturating_add(1),
                "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(text);
                    }
                }
                ";" if depth == 0 => return Ok(text),
                _ => {}
            }
        }
    }

    fn message(&mut self, depth: usize) -> Result<Message, String> {
        if depth > MAX_DEPTH {
            return Err(format!("wanted at most {MAX_DEPTH} levels of messages"));
        }
        let mut message = Message {
            name: self.name()?,
            ..Message::default()
        };
        self.symbol("{")?;
        loop {
            let word = self.peek().map(|token| token.text.clone());
            match word.as_deref() {
                Some("}") => break,
                Some(";") => self.symbol(";")?,
                Some("message") if self.declares() => {
                    self.next()?;
                    let nested = self.message(depth.saturating_add(1))?;
                    message.types.push(Declared::Message(nested));
                }
                Some("enum") if self.declares() => {
                    self.next()?;
                    message.types.push(Declared::Enum(self.enumeration()?));
                }
                Some("oneof") if self.declares() => {
                    self.next()?;
                    self.oneof(&mut message)?;
                }
                Some("option") => {
                    self.next()?;
                    message.options.push(self.option()?);
                    self.symbol(";")?;
                }
                Some("reserved" | "extensions" | "extend") => {
                    message.other.push(self.block()?);
                }
                _ => {
                    let field = self.field(None)?;
                    message.fields.push(field);
                }
            }
        }
        self.symbol("}")?;
        unique(&message)?;
        Ok(message)
    }

    /// Whether a name and a brace follow: a field may be of a type called `message`.
    fn declares(&self) -> bool {
        let brace = self.tokens.get(self.at.saturating_add(2));
        brace.is_some_and(|token| token.text == "{")
    }

    fn oneof(&mut self, message: &mut Message) -> Result<(), String> {
        let index = message.oneofs.len();
        message.oneofs.push(self.name()?);
        self.symbol("{")?;
        while !self.is_next("}") {
            if self.is_next("option") {
                self.next()?;
                self.option()?;
                self.symbol(";")?;
            } else {
                message.fields.push(self.field(Some(index))?);
            }
        }
        self.symbol("}")
    }

    fn field(&mut self, oneof: Option<usize>) -> Result<Field, String> {
        let mut word = self.word()?;
        let label = match word.as_str() {
            "optional" => Label::Optional,
            "required" => Label::Required,
            "repeated" => Label::Repeated,
            _ => Label::None,
        };
        if label != Label::None {
            word = self.word()?;
        }
        if word == "group" {
            return Err(self.unexpected("no group: they are not read here"));
        }
        let ty = if word == "map" && self.is_next("<") {
            self.symbol("<")?;
            let key = self.word()?;
            self.symbol(",")?;
            let value = self.word()?;
            self.symbol(">")?;
            FieldType::Map(key, value)
        } else {
            FieldType::Single(word)
        };
        let name = self.name()?;
        self.symbol("=")?;
        let number = self.number()?;
        if !(1..=536_870_911).contains(&number) {
            return Err(format!(
                "wanted a number from 1 to 536870911 for field {name}, got {number}"
            ));
        }
        let options = self.field_options()?;
        self.symbol(";")?;
        Ok(Field {
            label,
            ty,
            name,
            number,
            oneof,
            options,
        })
    }

    fn field_options(&mut self) -> Result<Vec<(String, String)>, String> {
        let mut options = Vec::new();
        if !self.is_next("[") {
            return Ok(options);
        }
        self.symbol("[")?;
        loop {
            options.push(self.option()?);
            if self.is_next("]") {
                self.symbol("]")?;
                return Ok(options);
            }
            self.symbol(",")?;
        }
    }

    fn enumeration(&mut self) -> Result<Enum, String> {
        let mut found = Enum {
            name: self.name()?,
            ..Enum::default()
        };
        self.symbol("{")?;
        while !self.is_next("}") {
            if self.is_next(";") {
                self.symbol(";")?;
            } else if self.is_next("option") {
                self.next()?;
                found.options.push(self.option()?);
                self.symbol(";")?;
            } else if self.is_next("reserved") {
                found.other.push(self.block()?);
            } else {
                let name = self.name()?;
                self.symbol("=")?;
                found.values.push((name, self.number()?));
                self.field_options()?;
                self.symbol(";")?;
            }
        }
        self.symbol("}")?;
        if found.values.is_empty() {
            return Err(format!("wanted a value of enum {}, got none", found.name));
        }
        Ok(found)
    }
}

/// Words apart by a blank where they would run together.
fn append(text: &mut String, token: &Token) {
    let tight = text.is_empty() || text.ends_with(['(', '-']);
    let sticks = token.kind == Kind::Symbol && matches!(token.text.as_str(), "," | ";" | ")" | ":");
    if !tight && !sticks {
        text.push(' ');
    }
    match token.kind {
        Kind::Text => {
            text.push('"');
            text.push_str(&token.text);
            text.push('"');
        }
        Kind::Word | Kind::Symbol => text.push_str(&token.text),
    }
}

fn unique(message: &Message) -> Result<(), String> {
    for (index, field) in message.fields.iter().enumerate() {
        for other in message.fields.iter().skip(index.saturating_add(1)) {
            if field.number == other.number {
                return Err(format!(
                    "fields {} and {} of message {} have one number, {}",
                    field.name, other.name, message.name, field.number
                ));
            }
            if field.name == other.name {
                return Err(format!(
                    "two fields of message {} are called {}",
                    message.name, field.name
                ));
            }
        }
    }
    Ok(())
}
