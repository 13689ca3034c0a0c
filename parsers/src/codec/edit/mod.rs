//! Edited pictures both ways: a value to the characters that MOVE gives, and those characters to the value.
//!
//! In: a picture with its symbols, once, when a layout is compiled; then values, or characters. Out: the other one.
//! Enterprise COBOL Language Reference, "PICTURE clause editing" and "MOVE statement" (de-editing). Characters that
//! editing does not give decode where they can be only one value; the caller keeps them as residue.

mod float;
mod number;
mod text;

use super::Bad;
use crate::copybook::{Edit, Picture, PictureKind, Sign};
use crate::error::FieldErrorKind;
use crate::layout::FieldKind;
pub(crate) use float::FloatEditor;
pub(crate) use number::NumberEditor;
pub(crate) use text::TextEditor;

/// The editing of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Editor {
    Number(NumberEditor),
    Float(FloatEditor),
    Text(TextEditor),
}

impl Editor {
    /// The editor of a picture; `None` for one that edits nothing.
    pub(crate) fn of(
        picture: &Picture,
        blank_when_zero: bool,
        sign: Option<Sign>,
    ) -> Option<Editor> {
        match picture.kind() {
            PictureKind::NumericEdited => {
                let edit = picture.edit()?;
                Some(Editor::Number(NumberEditor::new(
                    edit,
                    blank_when_zero,
                    sign,
                )?))
            }
            // BLANK WHEN ZERO makes a numeric picture an edited one (Language Reference, "BLANK WHEN ZERO clause").
            PictureKind::Numeric {
                signed: false,
                digits,
                scale,
            } if blank_when_zero => Some(Editor::Number(NumberEditor::plain(digits, scale))),
            PictureKind::ExternalFloat => Some(Editor::Float(FloatEditor::new(picture.edit()?))),
            PictureKind::AlphanumericEdited | PictureKind::NationalEdited => {
                Some(Editor::Text(TextEditor::new(picture.edit()?)))
            }
            _ => None,
        }
    }

    /// What a schema needs to know.
    pub(crate) fn kind(&self) -> FieldKind {
        match self {
            Editor::Number(editor) => FieldKind::Number {
                digits: editor.digits(),
                storage_digits: editor.digits(),
                scale: editor.scale(),
                signed: editor.is_signed(),
            },
            Editor::Float(_) => FieldKind::FloatLong,
            Editor::Text(editor) => FieldKind::Text {
                chars: editor.chars(),
            },
        }
    }
}

/// Characters of the point and of the separator.
fn marks(edit: &Edit) -> (char, char) {
    if edit.decimal_comma() {
        (',', '.')
    } else {
        ('.', ',')
    }
}

/// Why characters show no value.
#[cold]
pub(crate) fn unread(text: &str) -> Bad {
    let shown: String = text.chars().take(40).collect();
    Bad::new(
        FieldErrorKind::Digit,
        format!("wanted a number as its picture shows it, got `{shown}`"),
    )
}
