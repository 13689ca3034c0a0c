//! A descriptor to the file it is of. What a text could not say is no descriptor to us.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use event::proto_file::default_json;

use super::MAP_ENTRY;
use crate::proto::{
    Declared, Enum, Field, FieldType, File, Import, Label, MAX_DEPTH, Message, SCALARS,
    scalar_number,
};

/// The file whose descriptor the text is; `None` when it is no base64 at all.
pub(in crate::proto) fn from_base64(text: &str) -> Option<Result<File, String>> {
    let bytes = STANDARD.decode(text.trim()).ok()?;
    Some(
        read_file(&bytes)
            .ok_or_else(|| "wanted a Protobuf file or its descriptor in base64".to_owned()),
    )
}

/// The fields of a message: number, and its integer or its bytes.
fn members(mut rest: &[u8]) -> Option<Vec<(u64, Member<'_>)>> {
    fn long(rest: &mut &[u8]) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (first, tail) = rest.split_first()?;
            *rest = tail;
            value |= u64::from(first & 0x7f) << shift;
            if *first < 0x80 {
                return Some(value);
            }
        }
        None
    }
    let mut members = Vec::new();
    while !rest.is_empty() {
        let tag = long(&mut rest)?;
        let member = match tag & 7 {
            0 => Member::Integer(long(&mut rest)?.cast_signed()),
            2 => {
                let length = usize::try_from(long(&mut rest)?).ok()?;
                let (bytes, tail) = rest.split_at_checked(length)?;
                rest = tail;
                Member::Bytes(bytes)
            }
            1 | 5 => {
                let length = if tag & 7 == 1 { 8 } else { 4 };
                rest = rest.split_at_checked(length)?.1;
                continue;
            }
            _ => return None,
        };
        members.push((tag >> 3, member));
    }
    Some(members)
}

#[derive(Clone, Copy)]
enum Member<'b> {
    Integer(i64),
    Bytes(&'b [u8]),
}

impl<'b> Member<'b> {
    fn bytes(self) -> Option<&'b [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Integer(_) => None,
        }
    }

    fn text(self) -> Option<String> {
        let text = std::str::from_utf8(self.bytes()?).ok()?;
        // What is printed must be read again.
        let printable = text
            .chars()
            .all(|letter| !letter.is_control() && !matches!(letter, '"' | '\\'));
        printable.then(|| text.to_owned())
    }

    fn integer(self) -> Option<i32> {
        match self {
            Self::Integer(value) => i32::try_from(value).ok(),
            Self::Bytes(_) => None,
        }
    }
}

fn read_file(bytes: &[u8]) -> Option<File> {
    let mut file = File {
        syntax: "proto2".to_owned(),
        ..File::default()
    };
    for (number, member) in members(bytes)? {
        match number {
            2 => file.package = member.text()?,
            3 => file.imports.push(Import {
                path: member.text()?,
                modifier: String::new(),
            }),
            4 => file
                .types
                .push(Declared::Message(read_message(member.bytes()?, 0)?.0)),
            5 => file.types.push(Declared::Enum(read_enum(member.bytes()?)?)),
            10 => {
                let index = usize::try_from(member.integer()?).ok()?;
                "public ".clone_into(&mut file.imports.get_mut(index)?.modifier);
            }
            12 => file.syntax = member.text()?,
            _ => {}
        }
    }
    let prefix = format!(".{}.", file.package);
    shorten(&mut file.types, &prefix);
    if file.types.is_empty() && file.imports.is_empty() {
        return None;
    }
    // Names and numbers must be what a text could say.
    let text = crate::proto::text(&file);
    let again = File::parse(&text).ok()?;
    (crate::proto::text(&again) == text).then_some(file)
}

/// Full names as they are written: without the file's own package, and without the dot in front.
fn shorten(types: &mut [Declared], prefix: &str) {
    let short = |name: &mut String| {
        if let Some(rest) = name.strip_prefix(prefix).or_else(|| name.strip_prefix('.')) {
            *name = rest.to_owned();
        }
    };
    for declared in types {
        if let Declared::Message(message) = declared {
            for field in &mut message.fields {
                match &mut field.ty {
                    FieldType::Single(name) => short(name),
                    FieldType::Map(key, value) => {
                        short(key);
                        short(value);
                    }
                }
            }
            shorten(&mut message.types, prefix);
        }
    }
}

/// A message, and whether it is the entry of a map.
fn read_message(bytes: &[u8], depth: usize) -> Option<(Message, bool)> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut message = Message::default();
    let mut entries = Vec::new();
    let mut is_entry = false;
    let mut alone = Vec::new();
    for (number, member) in members(bytes)? {
        match number {
            1 => message.name = member.text()?,
            2 => {
                let (field, synthetic) = read_field(member.bytes()?)?;
                alone.extend(field.oneof.filter(|_| synthetic));
                message.fields.push(Field {
                    oneof: field.oneof.filter(|_| !synthetic),
                    ..field
                });
            }
            3 => match read_message(member.bytes()?, depth.saturating_add(1))? {
                (entry, true) => entries.push(entry),
                (nested, false) => message.types.push(Declared::Message(nested)),
            },
            4 => message
                .types
                .push(Declared::Enum(read_enum(member.bytes()?)?)),
            7 => {
                is_entry = members(member.bytes()?)?
                    .iter()
                    .any(|(number, member)| *number == MAP_ENTRY && member.integer() == Some(1));
            }
            8 => {
                let name = members(member.bytes()?)?
                    .into_iter()
                    .find(|(number, _)| *number == 1);
                message.oneofs.push(name?.1.text()?);
            }
            _ => {}
        }
    }
    // Oneofs of one field stand behind the others.
    let real = message.oneofs.len().checked_sub(alone.len())?;
    if alone.iter().any(|index| *index < real) {
        return None;
    }
    message.oneofs.truncate(real);
    if message
        .fields
        .iter()
        .any(|field| field.oneof.is_some_and(|oneof| oneof >= real))
    {
        return None;
    }
    for field in &mut message.fields {
        let FieldType::Single(name) = &field.ty else {
            continue;
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        if let Some(entry) = entries.iter().find(|entry| entry.name == last) {
            let of = |name: &str| {
                let found = entry.fields.iter().find(|field| field.name == name);
                match found.map(|field| &field.ty) {
                    Some(FieldType::Single(ty)) => Some(ty.clone()),
                    _ => None,
                }
            };
            field.ty = FieldType::Map(of("key")?, of("value")?);
            field.label = Label::None;
        }
    }
    Some((message, is_entry))
}

/// A field, and whether its oneof is only there because it is `optional`.
fn read_field(bytes: &[u8]) -> Option<(Field, bool)> {
    let mut field = Field {
        label: Label::None,
        ty: FieldType::Single(String::new()),
        name: String::new(),
        number: 0,
        oneof: None,
        options: Vec::new(),
    };
    let mut synthetic = false;
    let mut json = None;
    for (number, member) in members(bytes)? {
        match number {
            1 => field.name = member.text()?,
            3 => field.number = member.integer()?,
            4 => {
                field.label = match member.integer()? {
                    2 => Label::Required,
                    3 => Label::Repeated,
                    _ => Label::None,
                };
            }
            5 => {
                let ty = member.integer()?;
                let known = SCALARS.iter().find(|name| scalar_number(name) == Some(ty));
                if let Some(name) = known {
                    field.ty = FieldType::Single((*name).to_owned());
                }
            }
            6 => field.ty = FieldType::Single(member.text()?),
            7 => field.options.push(("default".to_owned(), member.text()?)),
            8 => {
                for (number, member) in members(member.bytes()?)? {
                    let name = match number {
                        2 => "packed",
                        3 => "deprecated",
                        _ => continue,
                    };
                    let value = member.integer()? == 1;
                    field.options.push((name.to_owned(), value.to_string()));
                }
            }
            9 => field.oneof = Some(usize::try_from(member.integer()?).ok()?),
            10 => json = Some(member.text()?),
            17 => synthetic = member.integer()? == 1,
            _ => {}
        }
    }
    if synthetic {
        field.label = Label::Optional;
    }
    // Compilers write it for every field; a text says it where it is another than usual.
    if let Some(json) = json.filter(|json| *json != default_json(&field.name)) {
        let quoted = format!("\"{json}\"");
        field.options.push(("json_name".to_owned(), quoted));
    }
    Some((field, synthetic))
}

fn read_enum(bytes: &[u8]) -> Option<Enum> {
    let mut found = Enum::default();
    for (number, member) in members(bytes)? {
        match number {
            1 => found.name = member.text()?,
            2 => {
                let (mut name, mut value) = (String::new(), 0);
                for (number, member) in members(member.bytes()?)? {
                    match number {
                        1 => name = member.text()?,
                        2 => value = member.integer()?,
                        _ => {}
                    }
                }
                found.values.push((name, value));
            }
            _ => {}
        }
    }
    Some(found)
}
