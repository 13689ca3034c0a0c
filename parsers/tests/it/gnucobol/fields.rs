//! Random elementary items: clauses, and what to move there.

use parsers::layout::options::Dialect;

use super::copybook::{Generator, Value};
use super::random::Random;

impl Generator<'_> {
    pub(super) fn characters(&mut self) -> (String, Value) {
        let len = self.random.between(1, 12);
        let text: String = (0..self.random.between(1, len))
            .map(|_| char::from(b'A' + self.random.between(0, 25) as u8))
            .collect();
        match self.random.between(1, 12) {
            1 => (format!("PIC X({len}) JUSTIFIED RIGHT"), Value::Text(text)),
            2 => (format!("PIC A({len})"), Value::Text(text)),
            3 => {
                let picture = self.random.one_of(&[
                    "Z(5)9.99-",
                    "$$,$$9.99CR",
                    "**9",
                    "-(4)9",
                    "99/99/9999",
                    "+9(3).9",
                    "ZZZ,ZZ9DB",
                    "9(3)BBB9",
                    "9(3)0(2)",
                ]);
                (format!("PIC {picture}"), Value::Edited("12".to_owned()))
            }
            4 => {
                let picture = self.random.one_of(&["XXBXX/XX", "X(3)0X", "AABA"]);
                (format!("PIC {picture}"), Value::Edited("'AB'".to_owned()))
            }
            // GnuCOBOL 3.1 has the length of national items, and moves single bytes to them.
            5 => (format!("PIC N({len})"), Value::Edited("N'AB'".to_owned())),
            _ => (format!("PIC X({len})"), Value::Text(text)),
        }
    }

    /// A numeric item of a usage, or one without a picture.
    pub(super) fn number(&mut self, usage: &str, bare: bool, first: bool) -> (String, Value) {
        let ibm = self.setting.dialect == Dialect::Ibm;
        let sync = !bare && self.setting.sync && !(ibm && first) && self.random.once_in(4);
        let sync = if sync { " SYNC" } else { "" };
        let quarters = format!(
            "{}{}.{}",
            self.random.one_of(&["", "-"]),
            self.random.between(0, 30000),
            self.random.one_of(&["0", "25", "5", "75"])
        );
        let whole = |random: &mut Random, most: u32, signed: bool| {
            let sign = if signed {
                random.one_of(&["", "-"])
            } else {
                ""
            };
            format!("{sign}{}", random.between(0, most))
        };
        match usage {
            "COMP-1" | "COMP-2" => return (format!("{usage}{sync}"), Value::Float(quarters)),
            "INDEX" | "POINTER" => return (format!("USAGE {usage}{sync}"), Value::None),
            "BINARY-CHAR" | "BINARY-SHORT" | "BINARY-LONG" | "BINARY-DOUBLE" => {
                let signed = self.random.once_in(2);
                let word = if signed { "" } else { " UNSIGNED" };
                let most = match usage {
                    "BINARY-CHAR" => 99,
                    "BINARY-SHORT" => 9999,
                    _ => 999_999_999,
                };
                let value = whole(self.random, most, signed);
                return (format!("{usage}{word}{sync}"), Value::Number(value));
            }
            _ => {}
        }
        // COMP-5 of 1 byte, and boundaries of 8 bytes, are none of z/OS's.
        let digits = match (ibm, usage) {
            (true, "COMP-5") if sync.is_empty() => self.random.between(3, 18),
            (true, "COMP" | "BINARY" | "COMP-4" | "COMP-5") if !sync.is_empty() => {
                self.random.between(3, 9)
            }
            _ => self.random.between(1, 18),
        };
        let unsigned = matches!(usage, "COMP-6" | "COMP-X");
        let signed = !unsigned && self.random.once_in(2);
        let s = if signed { "S" } else { "" };
        let scale = if usage == "COMP-X" {
            0
        } else {
            self.random.between(0, digits.min(9))
        };
        let mut number: String = (0..digits)
            .map(|_| char::from(b'0' + self.random.between(0, 9) as u8))
            .collect();
        let zeros = self.random.between(1, 4);
        let packed = matches!(usage, "COMP-3" | "PACKED-DECIMAL" | "COMP-6");
        let scaled = usage != "COMP-X"
            && !(packed && bare)
            && !sync.starts_with(' ')
            && digits + zeros <= 18
            && self.random.once_in(8);
        let picture = if scaled && self.random.once_in(2) {
            number = format!("0.{}{number}", "0".repeat(zeros as usize));
            format!("{s}P({zeros})9({digits})")
        } else if scaled {
            number.push_str(&"0".repeat(zeros as usize));
            format!("{s}9({digits})P({zeros})")
        } else if scale == 0 {
            format!("{s}9({digits})")
        } else if scale == digits {
            number.insert_str(0, "0.");
            format!("{s}V9({digits})")
        } else {
            number.insert((digits - scale) as usize, '.');
            format!("{s}9({})V9({scale})", digits - scale)
        };
        if signed && self.random.once_in(2) && number.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
            number.insert(0, '-');
        }
        let mut clauses = format!("PIC {picture}");
        match usage {
            "DISPLAY" if signed => {
                clauses.push_str(self.random.one_of(&[
                    "",
                    "",
                    " SIGN LEADING",
                    " SIGN TRAILING SEPARATE",
                    " LEADING SEPARATE CHARACTER",
                ]));
            }
            "DISPLAY" if scale == 0 && !scaled && self.random.once_in(8) => {
                clauses.push_str(" BLANK WHEN ZERO");
            }
            "DISPLAY" => {}
            _ if bare => {}
            _ => {
                clauses.push(' ');
                clauses.push_str(usage);
            }
        }
        if usage != "DISPLAY" {
            clauses.push_str(sync);
        }
        // GnuCOBOL 3.1 loses digits where it moves to packed items with P, and writes beyond them.
        let value = if packed && scaled {
            Value::None
        } else {
            Value::Number(number)
        };
        (clauses, value)
    }
}
