//! Whether a value is the expected one, and where it first is not.
//!
//! Numbers are compared as they are written, scale and all; only what the record holds as floating point, and what
//! the peer writes with an exponent, is compared by value. Names are compared without regard to case, as COBOL words
//! are (Language Reference, "COBOL words with single-byte characters"); the order of members does not matter.

use parsers::Decimal;

use super::json::Json;

/// Generated ids begin with the time of the peer's run where no option gives what they begin with; takes it away.
pub fn without_time(record: &mut Json) {
    let Json::Object(members) = record else {
        return;
    };
    for (name, value) in members {
        if let (true, Json::Text(text)) = (name.starts_with("Seg_Id"), value)
            && let Some((time, rest)) = text.split_at_checked(14)
            && time.bytes().all(|digit| digit.is_ascii_digit())
        {
            *text = rest.to_owned();
        }
    }
}

/// The path and both values of the first difference.
pub fn difference(expected: &Json, got: &Json) -> Option<String> {
    at("", expected, got)
}

fn at(path: &str, expected: &Json, got: &Json) -> Option<String> {
    match (expected, got) {
        (Json::Object(theirs), Json::Object(ours)) => {
            for (name, value) in theirs {
                let path = join(path, name);
                match member(ours, name) {
                    Some(own) => {
                        if let Some(found) = at(&path, value, own) {
                            return Some(found);
                        }
                    }
                    None => return Some(format!("{path}: expected {}, got nothing", short(value))),
                }
            }
            let more = ours.iter().find(|(name, _)| member(theirs, name).is_none());
            more.map(|(name, value)| {
                format!(
                    "{}: expected nothing, got {}",
                    join(path, name),
                    short(value)
                )
            })
        }
        (Json::Array(theirs), Json::Array(ours)) => {
            for (index, (expected, got)) in theirs.iter().zip(ours).enumerate() {
                if let Some(found) = at(&format!("{path}({})", index + 1), expected, got) {
                    return Some(found);
                }
            }
            (theirs.len() != ours.len()).then(|| {
                format!(
                    "{path}: expected {} items, got {}",
                    theirs.len(),
                    ours.len()
                )
            })
        }
        _ if same(expected, got) => None,
        _ => Some(format!(
            "{path}: expected {}, got {}",
            short(expected),
            short(got)
        )),
    }
}

fn member<'m>(members: &'m [(String, Json)], name: &str) -> Option<&'m Json> {
    let exact = members.iter().find(|(own, _)| own == name);
    let same = || {
        members
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
    };
    exact.or_else(same).map(|(_, value)| value)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn same(expected: &Json, got: &Json) -> bool {
    match (expected, got) {
        (Json::Number(theirs), Json::Single(ours)) => theirs
            .parse::<f32>()
            .is_ok_and(|theirs| theirs.to_bits() == ours.to_bits()),
        (Json::Number(theirs), Json::Double(ours)) => theirs
            .parse::<f64>()
            .is_ok_and(|theirs| theirs.to_bits() == ours.to_bits()),
        (Json::Number(theirs), Json::Number(ours)) if theirs.contains(['E', 'e']) => {
            match (theirs.parse::<Decimal>(), ours.parse::<Decimal>()) {
                (Ok(theirs), Ok(ours)) => theirs.compare(ours).is_eq(),
                _ => false,
            }
        }
        (Json::Text(theirs), Json::Text(ours)) => {
            theirs == ours || replaced(theirs) == replaced(ours)
        }
        _ => expected == got,
    }
}

/// With one U+FFFD where several follow each other: how many stand for bytes that are no characters is open (Unicode
/// Standard, section 3.9, "U+FFFD Substitution of Maximal Subparts").
fn replaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != char::REPLACEMENT_CHARACTER || !out.ends_with(letter) {
            out.push(letter);
        }
    }
    out
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
