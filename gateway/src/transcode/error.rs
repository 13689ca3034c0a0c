//! Why a body cannot be brought into another shape.

use std::fmt;

use http::StatusCode;
use parsers::{Field, FieldError, FieldErrorKind, FieldKind, Layout};

use crate::error::{BackendError, BackendErrorKind, Sent};
use crate::place;
use crate::route::shape::Shape;

/// What is wrong; decides who is told what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TranscodeErrorKind {
    /// A media type that is not the shape's.
    WrongContentType,
    /// A body with a content coding.
    Encoded,
    /// Text that is no JSON object.
    NotJson,
    /// Text that is no XML document, or no SOAP envelope, of the kind that is taken.
    NotXml,
    /// Text that is no form.
    NotForm,
    /// A SOAP fault where an answer was wanted.
    Fault,
    /// A record of the wrong length, or a field in it that does not decode.
    Undecodable,
    /// A value, or a member, that the record has no place for.
    DoesNotFit,
}

impl TranscodeErrorKind {
    /// A short stable name for codes and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongContentType => "wrong_content_type",
            Self::Encoded => "encoded_body",
            Self::NotJson => "not_json",
            Self::NotXml => "not_xml",
            Self::NotForm => "not_form",
            Self::Fault => "soap_fault",
            Self::Undecodable => "undecodable",
            Self::DoesNotFit => "does_not_fit",
        }
    }

    /// What a client hears whose own request it was (RFC 9110 section 15.5).
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::WrongContentType | Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotJson | Self::NotXml | Self::NotForm | Self::Fault | Self::Undecodable => {
                StatusCode::BAD_REQUEST
            }
            Self::DoesNotFit => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// Why a body cannot be brought into another shape. Names the place and the reason; holds nothing of the body, so
/// that it may be logged and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscodeError(Box<Detail>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Detail {
    kind: TranscodeErrorKind,
    pointer: Option<String>,
    field: Option<String>,
    offset: Option<usize>,
    reason: String,
}

impl TranscodeError {
    fn new(kind: TranscodeErrorKind, reason: impl Into<String>) -> Self {
        Self(Box::new(Detail {
            kind,
            pointer: None,
            field: None,
            offset: None,
            reason: reason.into(),
        }))
    }

    /// A mapping's reason why a value is not taken.
    pub(crate) fn mapping(reason: impl Into<String>) -> Self {
        Self::new(TranscodeErrorKind::DoesNotFit, reason)
    }

    /// A mapping's reason why a whole body is not taken.
    pub(crate) fn of_mapping(kind: TranscodeErrorKind, reason: impl Into<String>) -> Self {
        Self::new(kind, reason)
    }

    /// The same, of a place in what was read.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(pointer.into()).filter(|pointer| !pointer.is_empty());
        self
    }

    /// The same, of a field that was to be written.
    pub(crate) fn of_field(mut self, field: Option<&str>) -> Self {
        self.0.field = field.map(str::to_owned).or(self.0.field);
        self
    }

    pub(super) fn content_type(wanted: &Shape) -> Self {
        let reason = match wanted {
            Shape::Json => "wanted content type application/json, in UTF-8",
            Shape::Xml => "wanted content type text/xml, application/xml or application/soap+xml",
            Shape::Form => "wanted content type application/x-www-form-urlencoded",
            Shape::Opaque | Shape::Record(_) => {
                "wanted a record as application/octet-stream, got JSON"
            }
        };
        Self::new(TranscodeErrorKind::WrongContentType, reason)
    }

    pub(super) fn encoded() -> Self {
        Self::new(
            TranscodeErrorKind::Encoded,
            "wanted a body without content coding",
        )
    }

    pub(super) fn reserved() -> Self {
        let reason = "members `_raw` and `_errors` are not taken here";
        Self::new(TranscodeErrorKind::DoesNotFit, reason)
    }

    /// A record that is longer than its layout.
    pub(crate) fn length(layout: &Layout, length: usize) -> Self {
        let mut error = Self::new(
            TranscodeErrorKind::Undecodable,
            wanted_length(layout, length),
        );
        error.0.offset = Some(layout.max_len());
        error
    }

    /// A record that ends before one of its fields does.
    pub(crate) fn length_at(layout: &Layout, error: &FieldError, length: usize) -> Self {
        Self(Box::new(Detail {
            kind: TranscodeErrorKind::Undecodable,
            pointer: None,
            field: known(layout, error.path()).map(|_| error.path().to_owned()),
            offset: error.offset(),
            reason: wanted_length(layout, length),
        }))
    }

    /// A field of a record that does not decode.
    pub(crate) fn undecodable(layout: &Layout, error: &FieldError) -> Self {
        Self::of(TranscodeErrorKind::Undecodable, layout, error)
    }

    /// A value that does not go into its field.
    pub(crate) fn unfit(layout: &Layout, error: &FieldError) -> Self {
        let kind = match error.kind() {
            FieldErrorKind::Json => TranscodeErrorKind::NotJson,
            _ => TranscodeErrorKind::DoesNotFit,
        };
        Self::of(kind, layout, error)
    }

    /// The parsers' message may quote values: the reason is said anew, from the kind and what the layout says.
    fn of(kind: TranscodeErrorKind, layout: &Layout, error: &FieldError) -> Self {
        let field = known(layout, error.path());
        Self(Box::new(Detail {
            kind,
            pointer: None,
            field: field.map(|_| error.path().to_owned()),
            // Where counts move a field, its place is the record's matter.
            offset: error.offset().or(field
                .filter(|(field, _)| !layout.is_movable(field))
                .map(|(_, start)| start)),
            reason: reason(layout, field.map(|(field, _)| field), error),
        }))
    }

    /// What became of a call whose answer it was: the request has been executed.
    #[must_use]
    pub fn into_bad_answer(self) -> BackendError {
        BackendError::new(BackendErrorKind::BadAnswer, Sent::Maybe).because(self)
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> TranscodeErrorKind {
        self.0.kind
    }

    /// The place in what was read, in the mapping's own words: `/lines/1/no`. None without a mapping.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        self.0.pointer.as_deref()
    }

    /// The field's copybook path, with subscripts; none when the body as a whole is meant.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Where in the record, in bytes from 0.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The reason alone, without the place and without values.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for TranscodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail {
            pointer,
            field,
            offset,
            reason,
            ..
        } = &*self.0;
        if let Some(pointer) = pointer {
            let between = if field.is_some() || offset.is_some() {
                ", "
            } else {
                ": "
            };
            write!(f, "{pointer}{between}")?;
        }
        match (field, offset) {
            (Some(field), Some(offset)) => write!(f, "field {field} at byte {offset}: {reason}"),
            (Some(field), None) => write!(f, "field {field}: {reason}"),
            (None, Some(offset)) => write!(f, "record at byte {offset}: {reason}"),
            (None, None) => f.write_str(reason),
        }
    }
}

impl std::error::Error for TranscodeError {}

/// The field of a path that the parsers name, and where it stands. A path in an error is made of the copybook's names,
/// never of the body's; what is not in the layout is not repeated. The record itself is no field.
fn known<'l>(layout: &'l Layout, path: &str) -> Option<(&'l Field, usize)> {
    if path.is_empty() {
        return None;
    }
    place::of(layout, path).filter(|(field, _)| field.parent_id().is_some())
}

fn wanted_length(layout: &Layout, length: usize) -> String {
    let (least, most) = (layout.min_len(), layout.max_len());
    let name = layout.name();
    if (least..=most).contains(&length) {
        format!("{name} ends at byte {length}, before this field does")
    } else if least == most {
        format!("wanted {most} bytes of {name}, got {length}")
    } else {
        format!("wanted {least} to {most} bytes of {name}, got {length}")
    }
}

fn reason(layout: &Layout, field: Option<&Field>, error: &FieldError) -> String {
    let text = match error.kind() {
        FieldErrorKind::Short => "the record ends before this field does",
        FieldErrorKind::Digit => "a digit that is none",
        FieldErrorKind::Sign => "a sign that is none, or a minus where there is no sign",
        FieldErrorKind::Blank => "a number of blanks, low-values or high-values only",
        FieldErrorKind::Range => "a number that does not fit",
        FieldErrorKind::Date => "no date or time of the form the field holds",
        FieldErrorKind::Flag => match field {
            Some(field) if field.is_enum() => "a value that no level 88 entry names",
            Some(field) if field.kind() != FieldKind::Flag => {
                "a text that is the name of a level 88 entry whose value it is not"
            }
            _ => "neither of the flag's two values",
        },
        FieldErrorKind::Count => "a table of other length than its counter or bounds say",
        FieldErrorKind::RecordType => {
            "no record type of the meaning fits, or a view that does not hold"
        }
        FieldErrorKind::Character => "a character that the code page does not have",
        FieldErrorKind::Length => "a text longer than its field",
        FieldErrorKind::Type => return format!("wanted {}", wanted(field)),
        FieldErrorKind::Member => return unknown_member(layout, error),
        FieldErrorKind::Json => "wanted one JSON object, each member once",
        _ => "it cannot be read",
    };
    match field {
        Some(field) if field.kind() != FieldKind::Group => format!("{text} ({})", form(field)),
        _ => text.to_owned(),
    }
}

/// A field's form, as its copybook line has it.
fn form(field: &Field) -> String {
    let picture = field
        .picture()
        .map(|picture| format!("PIC {}", picture.text()));
    let usage = field
        .usage()
        .map(parsers::copybook::Usage::name)
        .filter(|usage| *usage != "DISPLAY");
    let mut text = picture.unwrap_or_default();
    if let Some(usage) = usage {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(usage);
    }
    match field.len() {
        1 => format!("{text}, 1 byte"),
        bytes => format!("{text}, {bytes} bytes"),
    }
}

fn wanted(field: Option<&Field>) -> &'static str {
    let Some(field) = field else { return "a value" };
    match field.kind() {
        FieldKind::Group => "an object, or a list of them for a table",
        FieldKind::Text { .. } if !field.names().is_empty() => {
            "text: the name of a level 88 entry, or a value of the field"
        }
        FieldKind::Text { .. } => "text",
        FieldKind::Number { .. } => "a number of at most 38 digits",
        FieldKind::FloatShort | FieldKind::FloatLong => "a number",
        FieldKind::Date => "a date as \"YYYY-MM-DD\"",
        FieldKind::Time { .. } => "a time as \"HH:MM:SS\"",
        FieldKind::Timestamp { .. } => "a timestamp as \"YYYY-MM-DDTHH:MM:SS\"",
        FieldKind::Flag => "true or false",
        FieldKind::Bytes => "hexadecimal digits, two a byte",
        _ => "another type",
    }
}

/// The name that is wrong is the body's and is not repeated; the one that would be right is the copybook's.
fn unknown_member(layout: &Layout, error: &FieldError) -> String {
    let near = error
        .reason()
        .rsplit_once("(is it `")
        .and_then(|(_, rest)| rest.strip_suffix("`?)"))
        .and_then(|name| layout.fields().find(|field| field.label() == name));
    match near {
        Some(field) => format!(
            "a member that this layout does not have (is it `{}`?)",
            field.label()
        ),
        None => "a member that this layout does not have".to_owned(),
    }
}
