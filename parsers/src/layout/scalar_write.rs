//! One elementary item: a value to its bytes.
//!
//! In: a leaf of the program with its codec and meaning, a value, the policies. Out: the preferred bytes of that value,
//! or why there are none.

use super::names::Names;
use super::options::{Oversize, WriteNull};
use super::program::{Form, Leaf};
use super::scalar::Policy;
use crate::codec::edit::Editor;
use crate::codec::{self, Bad, Codec, Filler};
use crate::decimal::Decimal;
use crate::error::FieldErrorKind;
use crate::temporal::{Temporal, TemporalForm, TemporalKind};
use crate::value::Value;

/// The canonical bytes of a value; `out` is exactly the field.
pub(crate) fn write(
    leaf: &Leaf,
    value: &Value,
    policy: &Policy,
    out: &mut [u8],
) -> Result<(), Bad> {
    let wrong = |wanted: &str| {
        Bad::new(
            FieldErrorKind::Type,
            format!("wanted {wanted}, got {}", value.kind_name()),
        )
    };
    match (&leaf.form, value) {
        (_, Value::Null) => write_null(leaf, policy, out)?,
        (Form::Bytes, Value::Bytes(bytes)) => write_bytes(bytes, out)?,
        (Form::Bytes, _) => return Err(wrong("bytes")),
        (Form::Flag(flag), Value::Flag(value)) => {
            out.copy_from_slice(if *value {
                &flag.yes_bytes
            } else {
                &flag.no_bytes
            });
        }
        (Form::Flag(_), _) => return Err(wrong("true or false")),
        (Form::Names(names), Value::Text(text)) => match names.bytes(text) {
            Some(bytes) => out.copy_from_slice(bytes),
            None if names.only => return Err(Names::nameless()),
            None if leaf.codec.is_number() => {
                let number = text
                    .parse()
                    .map_err(|_| wrong("a number or the name of a level 88 entry"))?;
                write_number(leaf, number, policy, out)?;
            }
            None => write_text(leaf, text, policy, out)?,
        },
        (Form::Names(_), _) => return Err(wrong("a text")),
        (Form::Temporal(form), value) => {
            let value = match (form.kind(), value) {
                (TemporalKind::Date, Value::Date(date)) => Temporal::Date(*date),
                (TemporalKind::Time, Value::Time(time)) => Temporal::Time(*time),
                (TemporalKind::Timestamp, Value::Timestamp(both)) => Temporal::Timestamp(*both),
                (kind, _) => return Err(wrong(kind.name())),
            };
            write_temporal(leaf.codec, form, value, policy, out)?;
        }
        (Form::Edited(editor), value) => edited(leaf, editor, value, policy, out)?,
        (Form::Plain, Value::Text(text)) => match leaf.codec {
            Codec::Text { .. } => write_text(leaf, text, policy, out)?,
            Codec::Varying(varying) => varying.write_text(text, &policy.text, out)?,
            Codec::Bytes => return Err(wrong("bytes")),
            _ => return Err(wrong("a number")),
        },
        (Form::Plain, Value::Number(number)) => match leaf.codec {
            Codec::Text { .. } | Codec::Varying(_) => return Err(wrong("text")),
            Codec::Bytes => return Err(wrong("bytes")),
            // Decimal text to the nearest double, as any parser does.
            Codec::FloatShort(form) | Codec::FloatLong(form) => {
                let number = number.to_string().parse().map_err(|_| wrong("a number"))?;
                write_float(leaf, form, number, policy, out)?;
            }
            _ => write_number(leaf, *number, policy, out)?,
        },
        (Form::Plain, Value::Float(number)) => match leaf.codec {
            Codec::FloatShort(form) | Codec::FloatLong(form) => {
                write_float(leaf, form, *number, policy, out)?;
            }
            _ => return Err(wrong("a decimal number or text")),
        },
        (Form::Plain, Value::Bytes(bytes)) if matches!(leaf.codec, Codec::Varying(varying) if varying.chars.is_none()) => {
            if let Codec::Varying(varying) = leaf.codec {
                varying.write_bytes(bytes, out)?;
            }
        }
        (Form::Plain, Value::Bytes(bytes)) if leaf.codec == Codec::Bytes => {
            write_bytes(bytes, out)?;
        }
        (Form::Plain, _) => return Err(wrong("a text or a number")),
    }
    Ok(())
}

fn write_bytes(bytes: &[u8], out: &mut [u8]) -> Result<(), Bad> {
    if bytes.len() != out.len() {
        let message = format!("{} bytes in a field of {}", bytes.len(), out.len());
        return Err(Bad::new(FieldErrorKind::Length, message));
    }
    out.copy_from_slice(bytes);
    Ok(())
}

/// What stands for no value: by the meaning, else by the policy.
fn write_null(leaf: &Leaf, policy: &Policy, out: &mut [u8]) -> Result<(), Bad> {
    if let Some(nulls) = &leaf.nulls {
        out.copy_from_slice(&nulls.canonical);
        return Ok(());
    }
    // An empty value: nothing else goes into a varying column without a value.
    if matches!(leaf.codec, Codec::Varying(_)) && policy.text.null != WriteNull::Error {
        out.fill(0x00);
        return Ok(());
    }
    let numeric = leaf.codec.is_number()
        || leaf.codec.is_float()
        || matches!(&leaf.form, Form::Edited(editor) if !matches!(**editor, Editor::Text(_)));
    let null = if numeric {
        policy.numbers.null
    } else {
        policy.text.null
    };
    match null {
        WriteNull::Error => {
            return Err(Bad::new(
                FieldErrorKind::Type,
                "null, and the meaning gives this field no null",
            ));
        }
        WriteNull::Initial => leaf.initial.put(out),
        WriteNull::Spaces => leaf.codec.fill_of(Filler::Space).put(out),
        WriteNull::LowValues => out.fill(0x00),
        WriteNull::Zero => match (&leaf.form, leaf.codec) {
            (Form::Edited(editor), _) if numeric => {
                edited(
                    leaf,
                    editor,
                    &Value::Number(Decimal::new(0, 0)),
                    policy,
                    out,
                )?;
            }
            (_, codec) if codec.is_number() => codec.write_number(Decimal::new(0, 0), out)?,
            (_, codec) if codec.is_float() => out.fill(0x00),
            (_, codec) => codec.fill_of(Filler::Zero).put(out),
        },
    }
    Ok(())
}

fn write_number(leaf: &Leaf, value: Decimal, policy: &Policy, out: &mut [u8]) -> Result<(), Bad> {
    match codec::fit::fit(value, leaf.codec, out.len(), &policy.numbers)? {
        Some(value) => leaf.codec.write_number(value, out),
        None => write_null(leaf, policy, out),
    }
}

fn write_float(
    leaf: &Leaf,
    form: codec::Float,
    value: f64,
    policy: &Policy,
    out: &mut [u8],
) -> Result<(), Bad> {
    match codec::float::write_as(form, value, out) {
        Err(_) if policy.numbers.oversize == Oversize::Null => write_null(leaf, policy, out),
        done => done,
    }
}

fn write_text(leaf: &Leaf, text: &str, policy: &Policy, out: &mut [u8]) -> Result<(), Bad> {
    let Codec::Text { chars, right } = leaf.codec else {
        return Err(Bad::new(FieldErrorKind::Type, "wanted a text field"));
    };
    match codec::text::write(text, right, chars, &policy.text, out) {
        Err(bad)
            if bad.kind == FieldErrorKind::Length && policy.text.oversize == Oversize::Null =>
        {
            write_null(leaf, policy, out)
        }
        done => done,
    }
}

/// A field with an edited picture: the characters that MOVE of the value gives.
fn edited(
    leaf: &Leaf,
    editor: &Editor,
    value: &Value,
    policy: &Policy,
    out: &mut [u8],
) -> Result<(), Bad> {
    let wrong = |wanted: &str| {
        Bad::new(
            FieldErrorKind::Type,
            format!("wanted {wanted}, got {}", value.kind_name()),
        )
    };
    let shown = match (editor, value) {
        (Editor::Text(editor), Value::Text(text)) => editor.format(text).ok_or_else(|| {
            let message = format!(
                "a text of {} characters in a field of {}",
                text.chars().count(),
                editor.chars()
            );
            Bad::new(FieldErrorKind::Length, message)
        })?,
        (Editor::Text(_), _) => return Err(wrong("a text")),
        (Editor::Float(editor), value) => {
            let number = match value {
                Value::Float(number) => *number,
                Value::Number(number) => {
                    number.to_string().parse().map_err(|_| wrong("a number"))?
                }
                _ => return Err(wrong("a number")),
            };
            editor.format(number).ok_or_else(|| {
                Bad::new(
                    FieldErrorKind::Range,
                    format!("{number:e} is beyond an exponent of two digits"),
                )
            })?
        }
        (Editor::Number(editor), Value::Number(number)) => {
            // A number of as many digits and as much of a sign as the picture shows.
            let shape = Codec::Packed {
                signed: editor.is_signed(),
                scale: editor.scale(),
                digits: editor.digits(),
            };
            let Some(fitted) = codec::fit::fit(*number, shape, 0, &policy.numbers)? else {
                return write_null(leaf, policy, out);
            };
            match editor.format(fitted) {
                Some(shown) => shown,
                None => {
                    // Why it does not fit is what a packed field of that shape would say.
                    shape.write_number(fitted, &mut [0; 20])?;
                    return Err(Bad::new(
                        FieldErrorKind::Range,
                        format!("{number} does not fit the picture"),
                    ));
                }
            }
        }
        (Editor::Number(_), _) => return Err(wrong("a number")),
    };
    write_text(leaf, &shown, policy, out)
}

fn write_temporal(
    codec: Codec,
    form: &TemporalForm,
    value: Temporal,
    policy: &Policy,
    out: &mut [u8],
) -> Result<(), Bad> {
    let cannot = || {
        Bad::new(
            FieldErrorKind::Date,
            format!("{value} cannot be written as {}", form.as_str()),
        )
    };
    if form.is_clock() {
        let clock = form.write_clock(value).ok_or_else(cannot)?;
        if let Ok(out) = <&mut [u8; 8]>::try_from(&mut *out) {
            *out = clock;
            return Ok(());
        }
        return Err(cannot());
    }
    if form.width().is_none() {
        let count = form.write_count(value).ok_or_else(cannot)?;
        return codec.write_number(Decimal::new(count, 0), out);
    }
    let text = form.write(value).ok_or_else(cannot)?;
    match codec {
        Codec::Text { chars, right } => codec::text::write(&text, right, chars, &policy.text, out),
        codec => codec.write_number(text.parse().map_err(|_| cannot())?, out),
    }
}
