//! GnuCOBOL's answers beside ours.

use std::sync::Arc;

use parsers::copybook::{Columns, NoLibrary, SourceFormat, TextOptions};
use parsers::layout::options::{Dialect, Edited, Endian, Floats, NativeOrder, Odo, Overpunch};
use parsers::{
    CodePage, Copybook, CopybookText, Decimal, Field, FieldError, Layout, LayoutOptions, Visitor,
};

use super::Setting;
use super::copybook::{Node, Record, Value};
use super::judge::{Answer, Question};
use super::views;
use crate::to_hex;

fn options(setting: &Setting) -> LayoutOptions {
    let mut options = LayoutOptions {
        code_page: CodePage::UsAscii,
        dialect: setting.dialect,
        odo: setting.odo,
        // Whatever the dialect: the program runs on this machine, in ASCII.
        overpunch: Overpunch::Ascii,
        // BLANK WHEN ZERO makes a number edited.
        edited: Edited::Number,
        ..LayoutOptions::default()
    };
    if setting.dialect == Dialect::Ibm {
        options.native = NativeOrder::Is(Endian::Little);
        options.floats = Floats::IeeeLittle;
    }
    options
}

pub(super) fn compile(text: &str, setting: &Setting) -> Result<Arc<Layout>, String> {
    let told = |faults: Vec<parsers::CopybookError>| {
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        all.join("; ")
    };
    let copybook = Copybook::parse_with(
        CopybookText {
            file: "random.cpy",
            text,
        },
        &TextOptions {
            format: SourceFormat::Columns(Columns::STANDARD),
            ..TextOptions::default()
        },
        &mut NoLibrary,
    )
    .map_err(told)?;
    Layout::compile(&copybook, None, &options(setting)).map_err(told)
}

/// All that differs in a record.
pub(super) fn record(
    setting: &Setting,
    record: &Record,
    answers: &[(&Question<'_>, &Answer)],
) -> Vec<String> {
    let layout = match compile(&record.ours(), setting) {
        Ok(layout) => layout,
        Err(faults) => return vec![faults],
    };
    let mut wrong = Vec::new();
    let whole = &answers.last().unwrap().1.bytes;
    for (asked, answer) in answers {
        if asked.path.is_empty() && record.root.any(Node::packed_with_p) {
            continue;
        }
        if asked.path.is_empty() {
            let len = match setting.odo {
                // Whatever its fields hold: with slack bytes elsewhere they need not decode.
                Odo::Maximum => Ok(layout.max_len()),
                Odo::Moving => layout.record_len(whole),
            };
            if len.as_ref() != Ok(&whole.len()) {
                wrong.push(format!("the record has {} bytes, not {len:?}", whole.len()));
            }
            continue;
        }
        if asked.node.name.starts_with(views::PAD) {
            continue;
        }
        let path = asked.path();
        let ours = match setting.odo {
            Odo::Maximum => fixed_place(&layout, asked),
            Odo::Moving => moving_place(&layout, whole, &path),
        };
        let theirs = (answer.offset, answer.bytes.len());
        let shifted = setting.dialect != Dialect::GnuCobol && shifted_by_slack(asked);
        if ours != theirs && !shifted {
            wrong.push(format!(
                "{path} is at (offset, length) {theirs:?}, not {ours:?}"
            ));
        }
        if let Some(fault) = value(setting, asked, &answer.bytes) {
            wrong.push(format!("{path} PIC {}: {fault}", asked.node.clauses));
        }
    }
    let redefined = record.written.is_some() || record.root.any(|node| node.redefines.is_some());
    if !redefined
        && !record.root.any(Node::nests)
        && !record.root.any(slack_in_table)
        && !record.root.any(Node::packed_with_p)
        && let Some(fault) = there_and_back(&layout, whole)
    {
        wrong.push(fault);
    }
    wrong
}

/// GnuCOBOL 3.1 puts the slack bytes between occurrences before the last member, even where that one then is off its
/// own boundary; the manual has them after it ("Slack bytes between records").
fn shifted_by_slack(asked: &Question<'_>) -> bool {
    let [around @ .., (node, _)] = asked.path.as_slice() else {
        return false;
    };
    let Some((group, _)) = around.last() else {
        return false;
    };
    let in_table = around.iter().any(|(_, at)| at.is_some());
    let last = group.children.last();
    in_table && last.is_some_and(|last| last.name == node.name) && group.any(Node::synchronized)
}

/// A table with synchronized items, where [`shifted_by_slack`] may be.
fn slack_in_table(node: &Node) -> bool {
    node.is_table() && node.any(Node::synchronized)
}

/// By the table of offsets alone, as variants that do not hold have no other place.
fn fixed_place(layout: &Layout, asked: &Question<'_>) -> (i64, usize) {
    let all = || layout.fields().chain(layout.renames());
    let find = |name: &str| all().find(|field| field.name() == name).unwrap();
    let field = find(&asked.node.name);
    let mut offset = field.offset();
    for (node, at) in &asked.path {
        if let (Some(at), Some(occurs)) = (at, find(&node.name).occurs()) {
            offset += (*at as usize - 1) * occurs.stride as usize;
        }
    }
    (i64::try_from(offset).unwrap(), field.len())
}

/// Where a walk finds the field in the record.
fn moving_place(layout: &Layout, record: &[u8], path: &str) -> (i64, usize) {
    let mut place = Place { found: None };
    let path = layout.resolve(path).unwrap();
    let walked = layout.walk_field(record, &path, &mut place);
    match (walked, place.found) {
        (Ok(()), Some((offset, len))) => (i64::try_from(offset).unwrap(), len),
        _ => (-1, 0),
    }
}

struct Place {
    found: Option<(usize, usize)>,
}

impl Visitor for Place {
    const RAW: bool = true;

    fn raw(&mut self, _: &Field, offset: usize, bytes: &[u8]) {
        self.found.get_or_insert((offset, bytes.len()));
    }

    fn invalid(&mut self, _: &Field, _: FieldError, _: &[u8]) -> Result<(), FieldError> {
        Ok(())
    }

    fn group_start(&mut self, _: &Field) {}
    fn group_end(&mut self, _: &Field) {}
    fn array_start(&mut self, _: &Field, _: usize) {}
    fn array_end(&mut self, _: &Field) {}
    fn text(&mut self, _: &Field, _: parsers::Text<'_>) {}
    fn number(&mut self, _: &Field, _: parsers::Number<'_>) {}
    fn float(&mut self, _: &Field, _: f64) {}
    fn date(&mut self, _: &Field, _: parsers::Date) {}
    fn time(&mut self, _: &Field, _: parsers::Time) {}
    fn timestamp(&mut self, _: &Field, _: parsers::Timestamp) {}
    fn flag(&mut self, _: &Field, _: bool) {}
    fn bytes(&mut self, _: &Field, _: &[u8]) {}
    fn null(&mut self, _: &Field) {}
}

/// The bytes of one field read as the value that was moved, and that value written as those bytes.
fn value(setting: &Setting, asked: &Question<'_>, bytes: &[u8]) -> Option<String> {
    let inherited = asked.path.iter().rev().find_map(|(node, _)| {
        (!node.children.is_empty() && !node.clauses.is_empty()).then_some(node.clauses.as_str())
    });
    // A group's SIGN is of signed items in DISPLAY that have none of their own.
    let own = |word: &str| asked.node.clauses.contains(word);
    let signed = asked.node.zoned() && !own("LEADING") && !own("TRAILING");
    let inherited = inherited.filter(|clauses| signed || !clauses.contains("SIGN"));
    let text = format!(
        "       01 R.\n           05 F\n           {}\n           {}.\n",
        asked.node.clauses,
        inherited.unwrap_or_default()
    );
    let (Value::Number(moved) | Value::Float(moved) | Value::Text(moved)) = &asked.node.value
    else {
        return None;
    };
    // Boundaries are not this field's own.
    let text = text.replace(" SYNC", "");
    let layout = match compile(&text, setting) {
        Ok(layout) => layout,
        Err(faults) => return Some(faults),
    };
    let mut json = Vec::new();
    if let Err(error) = layout.write_json(bytes, &mut json) {
        return Some(format!("{moved} moved: {error}"));
    }
    let json = String::from_utf8(json).unwrap();
    let read = json.strip_prefix("{\"F\":").unwrap_or(&json);
    let read = read.strip_suffix('}').unwrap_or(read);
    let same = match &asked.node.value {
        Value::Text(_) => read.trim_matches('"') == moved,
        Value::Float(_) => read.parse::<f64>() == moved.parse::<f64>(),
        _ => match (read.parse::<Decimal>(), moved.parse::<Decimal>()) {
            (Ok(read), Ok(moved)) => read.compare(moved).is_eq(),
            _ => false,
        },
    };
    if !same {
        return Some(format!("{moved} moved, {json} read from {}", to_hex(bytes)));
    }
    let plain = match (&asked.node.value, moved.parse::<Decimal>()) {
        (Value::Number(_) | Value::Float(_), Ok(number)) => format!("{{\"F\":{number}}}"),
        _ => format!("{{\"F\":\"{moved}\"}}"),
    };
    match layout.read_json(plain.as_bytes()) {
        Ok(written) if written == bytes => None,
        Ok(written) => Some(format!(
            "{moved} is written {}, not {}",
            to_hex(&written),
            to_hex(bytes)
        )),
        Err(error) => Some(format!("{moved} is not written: {error}")),
    }
}

/// The whole record as JSON and back.
fn there_and_back(layout: &Layout, whole: &[u8]) -> Option<String> {
    let mut json = Vec::new();
    if let Err(error) = layout.write_json(whole, &mut json) {
        return Some(format!("the record does not decode: {error}"));
    }
    match layout.read_json(&json) {
        Ok(back) if back == whole => None,
        Ok(back) => Some(format!("{} came back as {}", to_hex(whole), to_hex(&back))),
        Err(error) => Some(format!("the record does not encode: {error}")),
    }
}
