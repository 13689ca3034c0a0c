//! The type of a column: what it says of its bytes.
//!
//! In: tokens from the type's first word on. Out: a [`Type`] with the length it gives itself, if it does. Db2 13
//! Utility Guide, LOAD, "field-specification": lengths and forms of each data type of an input field.

use super::cards::Kind;
use super::reader::{Read, Reader};
use super::statement::Encoding;
use super::{Page, Store, Unit};
use crate::charset::CodePage;
use crate::error::Span;

/// A type as written, with its form.
#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) span: Span,
    pub(super) form: Form,
    /// Bytes by the type alone, a length prefix among them.
    pub(super) size: Option<u32>,
    /// The type's words, without its length.
    pub(super) words: String,
}

/// What the bytes of a column are, before its length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Any length, kept in this form.
    Any(Store),
    /// Two digits a byte and a sign: `digits` where the type says how many.
    Packed { digits: Option<u16>, scale: u16 },
    /// One digit a byte.
    Zoned { digits: Option<u16>, scale: u16 },
    /// One of these lengths only.
    Fixed(Store, &'static [u32]),
    /// A length prefix of two bytes; `widest` is the longest value Db2 has, in bytes.
    Varying(Store),
}

/// Longest VARCHAR and VARBINARY; a VARGRAPHIC has half as many characters.
pub(super) const WIDEST: u32 = 32_704;

impl Reader<'_> {
    /// A type.
    pub(super) fn kind(&mut self, encoding: &Encoding) -> Read<Type> {
        let token = self.next();
        let span = token.span;
        let Kind::Word(word) = &token.kind else {
            return Err(self.wanted("a type"));
        };
        let done = |form, size, words: &str| {
            Ok(Type {
                span,
                form,
                size,
                words: words.to_owned(),
            })
        };
        match word.as_str() {
            "CHAR" | "CHARACTER" if self.word("VARYING") => self.characters(encoding, span, true),
            "CHAR" | "CHARACTER" => self.characters(encoding, span, false),
            "VARCHAR" => self.characters(encoding, span, true),
            "GRAPHIC" | "VARGRAPHIC" => self.graphic(encoding, span, word == "VARGRAPHIC"),
            "BINARY" if self.word("VARYING") => self.varying_bytes(span, "VARBINARY"),
            "VARBINARY" => self.varying_bytes(span, "VARBINARY"),
            "ROWID" => self.varying_bytes(span, "ROWID"),
            "BINARY" => {
                let size = self.length()?.map(|(length, _)| length);
                done(Form::Any(Store::Bytes), size, "BINARY")
            }
            "SMALLINT" => done(Form::Fixed(Store::Integer, &[2]), Some(2), "SMALLINT"),
            "BIGINT" if !self.token().is("EXTERNAL") => {
                done(Form::Fixed(Store::Integer, &[8]), Some(8), "BIGINT")
            }
            "INTEGER" | "INT" if !self.token().is("EXTERNAL") => {
                done(Form::Fixed(Store::Integer, &[4]), Some(4), "INTEGER")
            }
            "INTEGER" | "INT" | "BIGINT" => {
                self.next();
                let size = self.length()?.map(|(length, _)| length);
                let words = format!("{word} EXTERNAL");
                done(Form::Any(Store::Text(Page::Record)), size, &words)
            }
            "DECIMAL" | "DEC" | "NUMERIC" => self.decimal(span),
            "FLOAT" | "REAL" | "DOUBLE" => self.float(encoding, span, word),
            "DECFLOAT" if self.word("EXTERNAL") => {
                let size = self.length()?.map(|(length, _)| length);
                done(
                    Form::Any(Store::Text(Page::Record)),
                    size,
                    "DECFLOAT EXTERNAL",
                )
            }
            "DECFLOAT" => {
                let at = self.token().span;
                let size = match self.length()? {
                    None => None,
                    Some((16, _)) => Some(8),
                    Some((34, _)) => Some(16),
                    Some((other, _)) => {
                        let message = format!("wanted DECFLOAT(16) or DECFLOAT(34), found {other}");
                        return Err(self.syntax(at, message));
                    }
                };
                done(Form::Fixed(Store::Bytes, &[8, 16]), size, "DECFLOAT")
            }
            "DATE" | "TIME" | "TIMESTAMP" => self.day_or_time(span, word),
            "BLOB" | "CLOB" | "DBCLOB" | "XML" => {
                let message = format!("{word}: large objects in the record are not supported");
                let help = format!(
                    "leave the column out of the unload, or unload it to files of its own ({}F)",
                    if word == "XML" { "CLOB" } else { word.as_str() }
                );
                Err(self.not_supported(span, message).with_help(help))
            }
            _ => Err(self.wanted("a type")),
        }
    }

    /// `(n)` or `(n,m)`, if it is there.
    fn length(&mut self) -> Read<Option<(u32, Option<u32>)>> {
        if !self.sign('(') {
            return Ok(None);
        }
        let span = self.token().span;
        let length = self.number("a length")?;
        if length == 0 {
            return Err(self.syntax(span, "wanted a length of at least 1, found 0"));
        }
        let scale = match self.sign(',') {
            true => Some(self.number("a scale")?),
            false => None,
        };
        self.want_sign(')')?;
        Ok(Some((length, scale)))
    }

    /// CHAR and VARCHAR: BIT and MIXED, a CCSID, STRIP, TRUNCATE, and CLOBF for the name of a file.
    fn characters(&mut self, encoding: &Encoding, span: Span, varying: bool) -> Read<Type> {
        let mut size = None;
        let (mut bits, mut page, mut words) = (false, Page::Record, String::new());
        words.push_str(if varying { "VARCHAR" } else { "CHAR" });
        loop {
            let token = self.token();
            if token.is_sign('(') {
                size = self.length()?.map(|(length, _)| length);
                continue;
            }
            let Kind::Word(word) = &token.kind else { break };
            match word.as_str() {
                "BIT" => {
                    bits = true;
                    words.push_str(" BIT");
                }
                "MIXED" => {
                    let [_, mixed, _] = encoding.ccsids;
                    if let Some(own) = CodePage::from_ccsid(mixed).filter(|_| !encoding.unicode) {
                        page = Page::Own(own);
                    }
                    words.push_str(" MIXED");
                }
                "CCSID" => {
                    self.next();
                    let group = self.sign('(');
                    let at = self.token().span;
                    let number = self.number("a CCSID")?;
                    match self.ccsid(number, at)? {
                        0 => bits = true,
                        ccsid => {
                            page = CodePage::from_ccsid(ccsid).map_or(page, Page::Own);
                        }
                    }
                    if group {
                        self.want_sign(')')?;
                    }
                    continue;
                }
                "STRIP" | "TRUNCATE" | "TRIM" => {
                    self.next();
                    while ["BOTH", "TRAILING", "LEADING"]
                        .iter()
                        .any(|word| self.token().is(word))
                        || matches!(self.token().kind, Kind::Text(_) | Kind::Hex(_))
                    {
                        self.next();
                    }
                    continue;
                }
                "BLOBF" | "CLOBF" | "DBCLOBF" => {
                    words.push(' ');
                    words.push_str(word);
                    self.next();
                    self.word("PRESERVE");
                    self.word("WHITESPACE");
                    continue;
                }
                _ => break,
            }
            self.next();
        }
        let form = match (varying, bits) {
            (false, false) => Form::Any(Store::Text(page)),
            (false, true) => Form::Any(Store::Bytes),
            (true, false) => Form::Varying(Store::Varying {
                page,
                unit: Unit::Bytes,
            }),
            (true, true) => Form::Varying(Store::VaryingBytes),
        };
        Ok(Type {
            span,
            form,
            size: size.map(|size| match varying {
                true => size.saturating_add(2),
                false => size,
            }),
            words,
        })
    }

    /// GRAPHIC and VARGRAPHIC; a length is in characters. GRAPHIC EXTERNAL has shift-out and shift-in around it.
    fn graphic(&mut self, encoding: &Encoding, span: Span, varying: bool) -> Read<Type> {
        let external = self.word("EXTERNAL");
        let length = self.length()?.map(|(length, _)| length.saturating_mul(2));
        while ["STRIP", "TRUNCATE", "BOTH", "TRAILING", "LEADING"]
            .iter()
            .any(|word| self.token().is(word))
        {
            self.next();
        }
        let [_, _, double] = encoding.ccsids;
        let page = match CodePage::from_ccsid(double) {
            Some(page) => Page::Own(page),
            None if encoding.unicode => {
                CodePage::from_ccsid(1200).map_or(Page::DoubleByte, Page::Own)
            }
            None => Page::DoubleByte,
        };
        let (form, size, words) = match (varying, external) {
            (true, _) => (
                Form::Varying(Store::Varying {
                    page,
                    unit: Unit::Pairs,
                }),
                length.map(|length| length.saturating_add(2)),
                "VARGRAPHIC",
            ),
            (false, false) => (Form::Any(Store::Text(page)), length, "GRAPHIC"),
            (false, true) => {
                let [_, mixed, _] = encoding.ccsids;
                let page = CodePage::from_ccsid(mixed).map_or(Page::Record, Page::Own);
                let size = length.map(|length| length.saturating_add(2));
                (Form::Any(Store::Text(page)), size, "GRAPHIC EXTERNAL")
            }
        };
        Ok(Type {
            span,
            form,
            size,
            words: words.to_owned(),
        })
    }

    fn varying_bytes(&mut self, span: Span, words: &str) -> Read<Type> {
        let size = self.length()?.map(|(length, _)| length.saturating_add(2));
        Ok(Type {
            span,
            form: Form::Varying(Store::VaryingBytes),
            size,
            words: words.to_owned(),
        })
    }

    /// DECIMAL, packed unless it says otherwise.
    fn decimal(&mut self, span: Span) -> Read<Type> {
        let external = self.word("EXTERNAL");
        let zoned = !external && self.word("ZONED");
        if !external && !zoned {
            self.word("PACKED");
        }
        let at = self.token().span;
        let length = self.length()?;
        let (digits, scale) = length.map_or((None, None), |(digits, scale)| (Some(digits), scale));
        if external {
            return Ok(Type {
                span,
                form: Form::Any(Store::Text(Page::Record)),
                size: digits,
                words: "DECIMAL EXTERNAL".to_owned(),
            });
        }
        let narrow = |number: Option<u32>| number.map(|number| u16::try_from(number).ok());
        let (Some(digits), Some(scale)) = (
            narrow(digits).map_or(Some(None), |digits| digits.filter(|n| *n <= 31).map(Some)),
            narrow(scale).map_or(Some(0), |scale| scale.filter(|n| *n <= 31)),
        ) else {
            return Err(self.syntax(at, "wanted at most 31 digits, as Db2 has it"));
        };
        if digits.is_some_and(|digits| scale > digits) {
            return Err(self.syntax(at, format!("a scale of {scale} with fewer digits")));
        }
        let (form, size, words) = if zoned {
            (
                Form::Zoned { digits, scale },
                digits.map(u32::from),
                "DECIMAL ZONED",
            )
        } else {
            let size = digits.map(|digits| u32::from(digits / 2).saturating_add(1));
            (Form::Packed { digits, scale }, size, "DECIMAL")
        };
        Ok(Type {
            span,
            form,
            size,
            words: words.to_owned(),
        })
    }

    /// FLOAT(21) has 4 bytes, FLOAT(53) and plain FLOAT 8.
    fn float(&mut self, encoding: &Encoding, span: Span, word: &str) -> Read<Type> {
        if self.word("EXTERNAL") {
            let size = self.length()?.map(|(length, _)| length);
            return Ok(Type {
                span,
                form: Form::Any(Store::Text(Page::Record)),
                size,
                words: "FLOAT EXTERNAL".to_owned(),
            });
        }
        let at = self.token().span;
        let size = match (self.length()?, word) {
            (Some((1..=21, None)), _) | (None, "REAL") => Some(4),
            (Some((22..=53, None)), _) | (None, "DOUBLE") => Some(8),
            (None, _) => None,
            (Some((digits, _)), _) => {
                let message = format!("wanted FLOAT(1) to FLOAT(53), found {digits}");
                return Err(self.syntax(at, message));
            }
        };
        Ok(Type {
            span,
            form: Form::Fixed(
                Store::Float {
                    ieee: encoding.ieee,
                },
                &[8, 4],
            ),
            size,
            words: "FLOAT".to_owned(),
        })
    }

    /// DATE, TIME, TIMESTAMP [WITH TIME ZONE] EXTERNAL: characters.
    fn day_or_time(&mut self, span: Span, word: &str) -> Read<Type> {
        let zone = word == "TIMESTAMP" && self.word("WITH");
        if zone {
            self.word("TIME");
            self.word("ZONE");
        }
        self.word("EXTERNAL");
        let length = self.length()?.map(|(length, _)| length);
        let usual = match (word, zone) {
            ("DATE", _) => 10,
            ("TIME", _) => 8,
            (_, false) => 26,
            (_, true) => 32,
        };
        Ok(Type {
            span,
            form: Form::Any(Store::Text(Page::Record)),
            size: Some(length.unwrap_or(usual)),
            words: format!(
                "{word}{} EXTERNAL",
                if zone { " WITH TIME ZONE" } else { "" }
            ),
        })
    }
}
