//! `[fields]` of a meaning: dates, flags, bytes and nulls held against a field's codec.
//!
//! In: a rule and the field's form in storage. Out: what the field means, with every literal turned into bytes or
//! numbers to compare with; or faults in the meaning file.

use super::field::{Field, to_usize};
use super::matching::{self, Match};
use super::meaning::{At, FieldRule, FlagRule, Scalar};
use super::program::{Flag, Form};
use super::resolve::{Meant, Nulls, Resolver};
use crate::charset::CodePage;
use crate::codec::{Bad, Codec};
use crate::copybook::{Figurative, Literal};
use crate::error::CopybookErrorKind;
use crate::temporal::{Temporal, TemporalForm, TemporalKind};

impl Resolver<'_> {
    pub(super) fn meant(&mut self, id: u32, rule: &FieldRule) -> Option<Meant> {
        let wants_scalar = rule
            .temporal
            .as_ref()
            .map(|(_, at)| at.span)
            .or(rule
                .flag
                .as_ref()
                .and_then(|flag| flag.yes.first())
                .map(|at| at.span))
            .or(rule.binary.as_ref().map(|at| at.span))
            .or(rule.null.first().map(|at| at.span));
        let Some(codec) = self.codec(id) else {
            if let Some(span) = wants_scalar {
                let message = format!(
                    "{} is a group: date, time, timestamp, null, flag and binary are for elementary fields",
                    rule.path.value
                );
                self.fault(CopybookErrorKind::Meaning, span, message);
            }
            return None;
        };
        let len = self.fields.get(to_usize(id)).map_or(0, Field::len);
        let form = self.form(codec, len, rule)?;
        let nulls = self.nulls(codec, len, &form, &rule.null);
        Some(Meant { form, nulls })
    }

    fn form(&mut self, codec: Codec, len: usize, rule: &FieldRule) -> Option<Form> {
        let asked = [
            rule.temporal.is_some(),
            rule.flag.is_some(),
            rule.binary.as_ref().is_some_and(|at| at.value),
        ];
        if asked.iter().filter(|asked| **asked).count() > 1 {
            self.fault(
                CopybookErrorKind::Meaning,
                rule.path.span,
                "wanted only one of date, time, timestamp, flag and binary",
            );
            return None;
        }
        if let Some((kind, text)) = &rule.temporal {
            let pivot = rule.pivot.as_ref().map(|at| at.value);
            let form = TemporalForm::parse(*kind, &text.value, pivot)
                .and_then(|form| fits(&form, codec, len).map(|()| form));
            return match form {
                Ok(form) => Some(Form::Temporal(Box::new(form))),
                Err(message) => {
                    self.fault(CopybookErrorKind::Meaning, text.span, message);
                    None
                }
            };
        }
        if let Some(pivot) = &rule.pivot {
            self.fault(
                CopybookErrorKind::Meaning,
                pivot.span,
                "`pivot` goes with `date` or `timestamp`",
            );
        }
        if let Some(FlagRule { yes, no }) = &rule.flag {
            let yes = self.values(codec, len, yes)?;
            let no = self.values(codec, len, no)?;
            let (yes_bytes, no_bytes) = (yes.1, no.1);
            let flag = Flag {
                yes: yes.0,
                no: no.0,
                yes_bytes,
                no_bytes,
            };
            return Some(Form::Flag(Box::new(flag)));
        }
        if let Some(binary) = rule.binary.as_ref().filter(|at| at.value) {
            if !matches!(codec, Codec::Text { .. }) {
                self.fault(
                    CopybookErrorKind::Meaning,
                    binary.span,
                    "`binary` is for PIC X fields",
                );
                return None;
            }
            return Some(Form::Bytes);
        }
        Some(Form::Plain)
    }

    /// Literals as matches, with the bytes of the first.
    pub(super) fn values(
        &mut self,
        codec: Codec,
        len: usize,
        literals: &[At<Scalar>],
    ) -> Option<(Vec<Match>, Box<[u8]>)> {
        let mut matches = Vec::new();
        let mut first = None;
        for at in literals {
            let literal = literal(&at.value);
            let found = Match::of(&literal, codec, len, self.page).and_then(|found| {
                Ok((found, matching::bytes_of(&literal, codec, len, self.page)?))
            });
            match found {
                Ok((found, bytes)) => {
                    matches.push(found);
                    first.get_or_insert(bytes.into_boxed_slice());
                }
                Err(bad) => self.fault(CopybookErrorKind::Meaning, at.span, bad.message),
            }
        }
        Some((matches, first?))
    }

    fn nulls(
        &mut self,
        codec: Codec,
        len: usize,
        form: &Form,
        rules: &[At<Scalar>],
    ) -> Option<Nulls> {
        let mut matches = Vec::new();
        let mut canonical = None;
        for at in rules {
            match null(&at.value, codec, len, form, self.page) {
                Ok((found, bytes)) => {
                    matches.push(found);
                    canonical.get_or_insert(bytes.into_boxed_slice());
                }
                Err(bad) => self.fault(CopybookErrorKind::Meaning, at.span, bad.message),
            }
        }
        Some(Nulls {
            matches,
            canonical: canonical?,
        })
    }
}

fn literal(scalar: &Scalar) -> Literal {
    match scalar {
        Scalar::Text(text) => Literal::Text(text.clone()),
        Scalar::Number(text) => Literal::Number(text.clone()),
    }
}

/// Whether a form goes into a field.
fn fits(form: &TemporalForm, codec: Codec, len: usize) -> Result<(), String> {
    if form.is_clock() {
        return match codec {
            Codec::Text { .. } if len == 8 => Ok(()),
            _ => Err(format!("{} is 8 bytes: wanted a PIC X(8)", form.as_str())),
        };
    }
    let Some(width) = form.width() else {
        return match codec {
            Codec::Zoned { scale: 0, .. }
            | Codec::Packed { scale: 0, .. }
            | Codec::Binary { scale: 0, .. } => Ok(()),
            _ => Err(format!("{} wants a whole number", form.as_str())),
        };
    };
    let wide = match codec {
        Codec::Text { chars, .. } => chars.table.padding().len(),
        _ => 1,
    };
    let len = len.checked_div(wide).unwrap_or(len);
    match codec {
        Codec::Text { .. } if width <= len => Ok(()),
        Codec::Text { .. } => Err(format!(
            "{} has {width} characters and the field {len}",
            form.as_str()
        )),
        Codec::Zoned {
            scale: 0, digits, ..
        }
        | Codec::Packed {
            scale: 0, digits, ..
        }
        | Codec::Binary {
            scale: 0, digits, ..
        } => {
            if !form.is_digits() {
                Err(format!(
                    "{} has separators and the field is numeric",
                    form.as_str()
                ))
            } else if width > usize::from(digits) {
                Err(format!(
                    "{} has {width} digits and the field {digits}",
                    form.as_str()
                ))
            } else {
                Ok(())
            }
        }
        _ => Err(format!(
            "{} wants a text or a whole number",
            form.kind().name()
        )),
    }
}

/// One null convention: what it looks like, and its bytes.
fn null(
    rule: &Scalar,
    codec: Codec,
    len: usize,
    form: &Form,
    page: CodePage,
) -> Result<(Match, Vec<u8>), Bad> {
    let constant = match rule {
        Scalar::Text(text) => match text.as_str() {
            "zeros" => Some(Figurative::Zero),
            "low-values" => Some(Figurative::LowValue),
            "high-values" => Some(Figurative::HighValue),
            "spaces" => Some(Figurative::Space),
            _ => None,
        },
        Scalar::Number(_) => None,
    };
    let mut wanted = constant.map_or_else(|| literal(rule), Literal::Figurative);
    // A day or a time is written in the field's own form.
    if let (Form::Temporal(form), Literal::Text(text)) = (form, &wanted)
        && let Some(value) = temporal(form.kind(), text)
    {
        let written = match form.width() {
            Some(_) => form.write(value).map(Literal::Text),
            None => form
                .write_count(value)
                .map(|count| Literal::Number(count.to_string())),
        };
        wanted = written.ok_or_else(|| {
            Bad::new(
                crate::FieldErrorKind::Date,
                format!("{text} cannot be written as {}", form.as_str()),
            )
        })?;
    }
    Ok((
        Match::of(&wanted, codec, len, page)?,
        matching::bytes_of(&wanted, codec, len, page)?,
    ))
}

/// An ISO 8601 text as a value of a kind.
fn temporal(kind: TemporalKind, text: &str) -> Option<Temporal> {
    match kind {
        TemporalKind::Date => text.parse().ok().map(Temporal::Date),
        TemporalKind::Time => text.parse().ok().map(Temporal::Time),
        TemporalKind::Timestamp => text.parse().ok().map(Temporal::Timestamp),
    }
}
