//! The values of a record as events, without JSON text in between. Pure.
//!
//! In: a record and its layout. Out: the events that a [`JsonReader`](super::json::JsonReader) tells of the object that
//! [`Layout::write_json_with`] makes of it without residue. What has a form of its own in JSON (floats, bytes), what does not decode and what is nested
//! too deep is left to that way, which also has the messages.

use std::borrow::Cow;
use std::fmt::Write as _;

use parsers::{Date, Field, Layout, Number, Text, Time, Timestamp, Visitor};

use super::event::{DEPTH, Event, Kind, Name, Reader, Scalar, Unreadable};

/// Values of one record.
#[derive(Debug)]
pub(super) struct Fields<'l> {
    layout: &'l Layout,
    /// All texts and numbers, one after the other.
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    what: What,
    /// The field that gives the name; none for occurrences, and for the record itself.
    field: Option<u32>,
}

/// Texts and numbers: where they end.
#[derive(Debug, Clone, Copy)]
enum What {
    Open(Kind),
    Close,
    Text(usize),
    Number(usize),
    Flag(bool),
    Null,
}

impl<'l> Fields<'l> {
    /// Of a record; none where it is left to its JSON.
    pub(super) fn read(layout: &'l Layout, record: &[u8]) -> Option<Self> {
        let mut walk = Walk {
            text: Vec::with_capacity(record.len().saturating_mul(2)),
            steps: Vec::with_capacity(record.len() / 8),
            depth: 0,
            left: false,
        };
        walk.open(None, Kind::Object);
        layout.walk(record, &mut walk).ok()?;
        walk.close();
        if walk.left {
            return None;
        }
        Some(Self {
            layout,
            text: String::from_utf8(walk.text).ok()?,
            steps: walk.steps,
        })
    }

    /// Tells them.
    pub(super) fn events(&self) -> Events<'_> {
        Events {
            fields: self,
            at: 0,
            from: 0,
        }
    }
}

/// Notes what a walk shows.
struct Walk {
    text: Vec<u8>,
    steps: Vec<Step>,
    depth: usize,
    left: bool,
}

impl Walk {
    fn open(&mut self, field: Option<u32>, kind: Kind) {
        self.depth = self.depth.saturating_add(1);
        self.left |= self.depth > DEPTH;
        let what = What::Open(kind);
        self.steps.push(Step { what, field });
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        let what = What::Close;
        self.steps.push(Step { what, field: None });
    }

    /// One value: an occurrence has no name.
    #[inline]
    fn value(&mut self, field: &Field, what: What) {
        let field = (!field.is_table()).then_some(field.id());
        self.steps.push(Step { what, field });
    }

    fn shown(&mut self, field: &Field, value: &dyn std::fmt::Display) {
        let mut text = String::new();
        self.left |= write!(text, "{value}").is_err();
        self.text.extend_from_slice(text.as_bytes());
        self.value(field, What::Text(self.text.len()));
    }
}

impl Visitor for Walk {
    fn group_start(&mut self, field: &Field) {
        self.open((!field.is_table()).then_some(field.id()), Kind::Object);
    }
    fn group_end(&mut self, _: &Field) {
        self.close();
    }
    fn array_start(&mut self, field: &Field, _: usize) {
        self.open(Some(field.id()), Kind::List);
    }
    fn array_end(&mut self, _: &Field) {
        self.close();
    }
    #[inline]
    fn text(&mut self, field: &Field, text: Text<'_>) {
        text.push_utf8(&mut self.text);
        self.value(field, What::Text(self.text.len()));
    }
    #[inline]
    fn number(&mut self, field: &Field, number: Number<'_>) {
        number.push_json(&mut self.text);
        self.value(field, What::Number(self.text.len()));
    }
    fn float(&mut self, _: &Field, _: f64) {
        self.left = true;
    }
    fn date(&mut self, field: &Field, date: Date) {
        self.shown(field, &date);
    }
    fn time(&mut self, field: &Field, time: Time) {
        self.shown(field, &time);
    }
    fn timestamp(&mut self, field: &Field, timestamp: Timestamp) {
        self.shown(field, &timestamp);
    }
    fn flag(&mut self, field: &Field, value: bool) {
        self.value(field, What::Flag(value));
    }
    fn bytes(&mut self, _: &Field, _: &[u8]) {
        self.left = true;
    }
    fn null(&mut self, field: &Field) {
        self.value(field, What::Null);
    }
}

/// Tells the values of a record.
#[derive(Debug)]
pub(super) struct Events<'f> {
    fields: &'f Fields<'f>,
    /// The next step.
    at: usize,
    /// Where its text begins.
    from: usize,
}

impl<'f> Events<'f> {
    #[inline]
    fn text(&mut self, end: usize) -> Result<Cow<'f, str>, Unreadable> {
        let text = self.fields.text.get(self.from..end);
        let text = text.ok_or(Unreadable {
            offset: self.from,
            reason: "wanted UTF-8",
        })?;
        self.from = end;
        Ok(Cow::Borrowed(text))
    }
}

impl<'f> Reader<'f> for Events<'f> {
    #[inline(always)]
    fn next(&mut self) -> Result<Option<Event<'f>>, Unreadable> {
        let Some(step) = self.fields.steps.get(self.at) else {
            return Ok(None);
        };
        self.at += 1;
        let field = step.field.and_then(|id| self.fields.layout.field(id));
        let name = field.map_or_else(Name::default, |field| Name::from(field.label()));
        let scalar = match step.what {
            What::Open(kind) => return Ok(Some(Event::Open { name, kind })),
            What::Close => return Ok(Some(Event::Close)),
            What::Text(end) => Scalar::Text(self.text(end)?),
            What::Number(end) => Scalar::Number(self.text(end)?),
            What::Flag(flag) => Scalar::Flag(flag),
            What::Null => Scalar::Null,
        };
        Ok(Some(Event::Value { name, scalar }))
    }

    fn offset(&self) -> usize {
        self.from
    }

    fn length(&self) -> usize {
        self.fields.text.len()
    }

    fn nodes(&self) -> usize {
        self.fields.steps.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parsers::json::{Invalid, JsonOptions, ShowResidue};
    use parsers::{Copybook, CopybookText, LayoutOptions, Meaning};
    use proptest::prelude::*;

    use super::*;
    use crate::mapping::json::JsonReader;

    fn told<'a>(reader: &mut impl Reader<'a>) -> Vec<Event<'a>> {
        let mut told = Vec::new();
        while let Some(event) = reader.next().unwrap() {
            told.push(event);
        }
        told
    }

    fn layout(lines: &[&str], meaning: &str) -> Arc<Layout> {
        let text: String = lines
            .iter()
            .map(|line| format!("       {line}\n"))
            .collect();
        let copybook = Copybook::parse(CopybookText {
            file: "t.cpy",
            text: &text,
        });
        let meaning = Meaning::parse("t.toml", meaning).unwrap();
        let options = LayoutOptions::default();
        Layout::compile(&copybook.unwrap(), Some(&meaning), &options).unwrap()
    }

    fn sample() -> Arc<Layout> {
        layout(
            &[
                "01  R.",
                "05  KIND      PIC X.",
                "05  NAME      PIC X(6).",
                "05  AMOUNT    PIC S9(5)V99 COMP-3.",
                "05  SMALL     PIC S9V9(3).",
                "05  BIG       PIC S9(30).",
                "05  DAY-ON    PIC 9(8).",
                "05  AT-TIME   PIC 9(6).",
                "05  OPEN-YN   PIC X.",
                "05  PART.",
                "10  DAYS      PIC S9(4) COMP.",
                "05  V1        PIC X(4).",
                "05  V2 REDEFINES V1.",
                "10  V21       PIC 9(2).",
                "10  V22       PIC X(2).",
                "05  TAG       PIC X(2) OCCURS 2.",
                "05  N         PIC 9.",
                "05  T OCCURS 0 TO 3 DEPENDING ON N.",
                "10  T1        PIC X(2).",
                "10  T2        PIC 9(2) OCCURS 2.",
            ],
            "version = 1\n[fields]\nDAY-ON = { date = \"YYYYMMDD\", null = \"zeros\" }\nAT-TIME = { time = \"HHMMSS\" }\nOPEN-YN = { flag = { true = \"Y\", false = \"N\" } }\n",
        )
    }

    /// What is told, straight, and by way of JSON; none where either leaves it.
    fn same(layout: &Layout, record: &[u8]) -> Option<bool> {
        let options = JsonOptions {
            invalid: Invalid::Fail,
            residue: ShowResidue::Omit,
        };
        let mut json = Vec::new();
        let written = layout.write_json_with(record, &options, &mut json).is_ok();
        let fields = Fields::read(layout, record);
        assert_eq!(fields.is_some(), written, "{record:?}");
        let fields = fields?;
        let by_json = told(&mut JsonReader::new(&json).unwrap());
        Some(told(&mut fields.events()) == by_json)
    }

    #[test]
    fn floats_and_bytes_are_left_to_their_json() {
        let floats = layout(&["01  R.", "05  F  COMP-2."], "version = 1\n");
        assert!(Fields::read(&floats, &[0; 8]).is_none());
        let bytes = layout(
            &["01  R.", "05  B  PIC X(2)."],
            "version = 1\n[fields]\nB = { binary = true }\n",
        );
        assert!(Fields::read(&bytes, &[0; 2]).is_none());
    }

    /// Cases of the property below in which neither way tells anything prove nothing: in this one both must.
    #[test]
    fn a_record_that_decodes_is_told_straight() {
        let layout = sample();
        let json = r#"{"KIND":"A","NAME":"\"Gl\u00e4s","AMOUNT":-12.50,"SMALL":1.5,"BIG":-7,"DAY-ON":null,"AT-TIME":"23:59:58","OPEN-YN":true,
            "PART":{"DAYS":-3},"V1":"1234","TAG":["x",""],"N":2,"T":[{"T1":"a","T2":[1,2]},{"T1":"b","T2":[3,4]}]}"#;
        let record = layout.read_json(json.as_bytes()).unwrap();
        assert_eq!(same(&layout, &record), Some(true));
    }

    proptest! {
        #[test]
        fn a_record_tells_what_its_json_tells(
            texts in prop::collection::vec(any::<u8>(), 13),
            whole in -9_999_999i64..9_999_999, small in 0u32..9999, big in any::<i64>(),
            day in prop_oneof![Just("00000000"), Just("20240229"), Just("19991231"), Just("20241399")],
            time in prop_oneof![Just("000000"), Just("235959"), Just("250000")],
            yes in prop_oneof![Just('Y'), Just('N'), Just('Q')],
            count in 0usize..4,
        ) {
            let layout = sample();
            let page = parsers::CodePage::default();
            let mut json = String::from("{");
            write!(
                json,
                "\"AMOUNT\":{}.{:02},\"SMALL\":{}.{:03},\"BIG\":{big},\"N\":{count},\"T\":[{}]}}",
                whole / 100, whole.unsigned_abs() % 100, small / 1000, small % 1000,
                vec!["{}"; count].join(",")
            )
            .unwrap();
            let mut record = layout.read_json(json.as_bytes()).unwrap();
            let mut put = |name: &str, bytes: &[u8]| {
                let path = layout.resolve(name).unwrap();
                let from = layout.field_of(&path).offset();
                record[from..from + bytes.len()].copy_from_slice(bytes);
            };
            let encoded = |text: &str| {
                let mut out = Vec::new();
                page.encode_to(text, &mut out).unwrap();
                out
            };
            put("KIND", &texts[..1]);
            put("NAME", &texts[1..7]);
            put("DAY-ON", &encoded(day));
            put("AT-TIME", &encoded(time));
            put("OPEN-YN", &encoded(&yes.to_string()));
            put("V1", &texts[7..11]);
            put("TAG", &texts[11..13]);
            prop_assert_ne!(same(&layout, &record), Some(false));
        }
    }
}
