//! Random layouts with mappings made for them: JSON to a record and back, and the record to JSON and back, lose nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; helpers are not under the lint's own exception"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use gateway::mapping::{Around, Layouts, Made, Mapping, Program};
use ops::config::Source;
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions};
use proptest::prelude::*;

/// Makes choices of bytes; zeros once they are used up.
struct Dice<'b>(std::slice::Iter<'b, u8>);

impl Dice<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % sides
    }
}

/// A copybook, the rules for it, and a message for them.
struct Draft<'b> {
    dice: Dice<'b>,
    fields: usize,
    copybook: String,
    there: String,
    back: String,
}

impl Draft<'_> {
    /// Some fields of one level. Returns their JSON members.
    fn members(&mut self, level: usize, tables: bool, pointer: &str) -> Vec<(String, String)> {
        let count = 1 + self.dice.roll(4);
        let mut members = Vec::new();
        for _ in 0..count {
            self.fields += 1;
            let (n, indent) = (self.fields, " ".repeat(11));
            let name = format!("F-{n}");
            let member = format!("m{n}");
            let to = format!("{pointer}/{member}");
            let json = match self.dice.roll(if level < 25 { 6 } else { 3 }) {
                0 => {
                    let size = 1 + self.dice.roll(9);
                    writeln!(self.copybook, "{indent}{level:02} {name} PIC X({size}).").unwrap();
                    let length = self.dice.roll(size + 1);
                    let text: String = (0..length)
                        .map(|at| char::from(b'A' + u8::try_from(at).unwrap()))
                        .collect();
                    self.rule(&to, &name, "");
                    format!("\"{text}\"")
                }
                1 => self.number(level, &name, &to),
                2 => {
                    writeln!(self.copybook, "{indent}{level:02} FILLER PIC X(2).").unwrap();
                    continue;
                }
                3 => {
                    writeln!(self.copybook, "{indent}{level:02} {name}.").unwrap();
                    let inner = self.members(level + 5, tables, &to);
                    object(&inner)
                }
                kind if tables => self.table(level, &name, &to, kind == 4),
                _ => self.number(level, &name, &to),
            };
            members.push((member, json));
        }
        if members.is_empty() {
            self.fields += 1;
            let n = self.fields;
            let json = self.number(level, &format!("F-{n}"), &format!("{pointer}/m{n}"));
            members.push((format!("m{n}"), json));
        }
        members
    }

    fn rule(&mut self, pointer: &str, field: &str, more: &str) {
        writeln!(
            self.there,
            "{{ from = \"{pointer}\", to = \"{field}\"{more} }},"
        )
        .unwrap();
        writeln!(
            self.back,
            "{{ from = \"{field}\", to = \"{pointer}\"{more} }},"
        )
        .unwrap();
    }

    fn number(&mut self, level: usize, name: &str, to: &str) -> String {
        let indent = " ".repeat(11);
        let whole = 1 + self.dice.roll(8);
        let places = self.dice.roll(4);
        let usage = ["", " COMP-3", " COMP"][self.dice.roll(3)];
        let point = if places > 0 {
            format!("V9({places})")
        } else {
            String::new()
        };
        writeln!(
            self.copybook,
            "{indent}{level:02} {name} PIC S9({whole}){point}{usage}."
        )
        .unwrap();
        self.rule(to, name, "");
        let sign = ["", "-"][self.dice.roll(2)];
        let mut digits: String = (0..whole)
            .map(|_| ["1", "9", "5"][self.dice.roll(3)])
            .collect();
        if places > 0 {
            write!(digits, ".{}", "1203".get(..places).unwrap_or_default()).unwrap();
        }
        format!("{sign}{digits}")
    }

    fn table(&mut self, level: usize, name: &str, to: &str, depending: bool) -> String {
        let indent = " ".repeat(11);
        let most = 1 + self.dice.roll(4);
        writeln!(self.copybook, "{indent}{level:02} N{name} PIC 9(2).").unwrap();
        let occurs = if depending {
            format!("OCCURS 0 TO {most} TIMES DEPENDING ON N{name}")
        } else {
            format!("OCCURS {most} TIMES")
        };
        let items = self.dice.roll(most + 1);
        let count = format!(", count = \"N{name}\"");
        if self.dice.roll(2) == 0 {
            writeln!(
                self.copybook,
                "{indent}{level:02} {name} PIC X(3) {occurs}."
            )
            .unwrap();
            self.rule(to, name, &count);
            return format!("[{}]", vec!["\"ab\""; items].join(","));
        }
        writeln!(self.copybook, "{indent}{level:02} {name} {occurs}.").unwrap();
        write!(
            self.there,
            "{{ from = \"{to}\", to = \"{name}\"{count}, fields = ["
        )
        .unwrap();
        write!(
            self.back,
            "{{ from = \"{name}\", to = \"{to}\"{count}, fields = ["
        )
        .unwrap();
        let item = object(&self.members(level + 5, false, ""));
        self.there.push_str("] },\n");
        self.back.push_str("] },\n");
        format!("[{}]", vec![item; items].join(","))
    }
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn run(program: &Option<Program>, body: &[u8]) -> Vec<u8> {
    match program.as_ref().unwrap().run(body, &Around::default()) {
        Ok(Made::Body(body)) => body,
        other => panic!("{other:?} of {}", String::from_utf8_lossy(body)),
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_either_way(dice in prop::collection::vec(any::<u8>(), 0..120)) {
        let mut made = Draft {
            dice: Dice(dice.iter()),
            fields: 0,
            copybook: "       01 R.\n".to_owned(),
            there: String::new(),
            back: String::new(),
        };
        let json = object(&made.members(5, true, ""));
        let copybook = Copybook::parse(CopybookText { file: "r.cpy", text: &made.copybook })
            .unwrap_or_else(|error| panic!("{error:?}\n{}", made.copybook));
        let options = LayoutOptions { code_page: CodePage::Cp037, ..LayoutOptions::default() };
        let layout = Layout::compile(&copybook, None, &options)
            .unwrap_or_else(|error| panic!("{error:?}\n{}", made.copybook));
        let layouts: Layouts = [("R".to_owned(), Some(Arc::clone(&layout)))].into();
        let text = format!(
            "version = 1\n[request]\nfrom = \"json\"\nto = \"record:R\"\nfields = [\n{}]\n[response]\nfrom = \"record:R\"\nto = \"json\"\nfields = [\n{}]\n",
            made.there, made.back
        );
        let mapping = Mapping::parse(&Source::new("r.mapping.toml", text.as_str()), &layouts)
            .unwrap_or_else(|faults| panic!("{faults}\n{}\n{text}", made.copybook));
        let record = run(&mapping.request, json.as_bytes());
        let back = run(&mapping.response, &record);
        prop_assert_eq!(String::from_utf8_lossy(&back), json.as_str(), "{}\n{}", made.copybook, text);
        prop_assert_eq!(run(&mapping.request, &back), record);
    }
}
