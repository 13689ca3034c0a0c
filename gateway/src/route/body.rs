//! What a rule wants of a request's body: [`BodyRule`]. Pure.
//!
//! A request is read as far as its head alone decides; only where a rule that wants something of the body could take it is the body
//! gathered, and the rules are looked at again. Of a record only the fields that are named are decoded.

use std::fmt;
use std::sync::Arc;

use parsers::{FieldPath, Layout};

use crate::mapping::event::Unreadable;
use crate::mapping::form::FormReader;
use crate::mapping::json::JsonReader;
use crate::mapping::xml::{Spaces, XmlReader};
use crate::mapping::{Way, is_same, probe};
use crate::route::condition::Text;
use crate::route::key::field_value;

/// What is known of a body when rules are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Body<'r> {
    /// Nothing yet.
    #[default]
    Unread,
    /// All of it.
    Whole(&'r [u8]),
    /// It is larger than any rule reads.
    TooLarge,
}

/// What a body must be.
#[derive(Clone)]
pub struct BodyRule {
    pub(crate) form: BodyForm,
    /// The most bytes that are read.
    pub(crate) max: usize,
    pub(crate) undecodable: Undecodable,
}

/// What is looked for in which kind of body.
#[derive(Clone)]
pub(crate) enum BodyForm {
    Json(Vec<(Way, Text)>),
    Xml(Arc<Spaces>, Vec<(Way, Text)>),
    Form(Vec<(Way, Text)>),
    Record(Arc<Layout>, Vec<(FieldPath, Text)>),
}

/// What becomes of a request whose body cannot be read, or is too large to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecodable {
    /// It is not for this route: the next one is looked at.
    Next,
    /// It is refused.
    Refuse,
}

/// Why a body is refused before any route takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyRefused {
    /// It has more bytes than this.
    TooLarge(usize),
    /// It is no such body. In words that hold nothing of it.
    Unreadable(String),
}

/// What a rule says to a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judged {
    Holds,
    /// What does not hold, in words.
    Not(String),
    Refused(BodyRefused),
}

impl BodyRule {
    /// Holds it against a body. One that was not read yet may be the rule's.
    pub(crate) fn judge(&self, body: &Body<'_>) -> Judged {
        let judged = match body {
            Body::Unread => return Judged::Holds,
            Body::TooLarge => Err(BodyRefused::TooLarge(self.max)),
            Body::Whole(bytes) if bytes.len() > self.max => Err(BodyRefused::TooLarge(self.max)),
            Body::Whole(bytes) => self.form.unmet(bytes).map_err(BodyRefused::Unreadable),
        };
        match (judged, self.undecodable) {
            (Ok(None), _) => Judged::Holds,
            (Ok(Some(unmet)), _) => Judged::Not(unmet),
            (Err(refused), Undecodable::Refuse) => Judged::Refused(refused),
            (Err(BodyRefused::TooLarge(max)), Undecodable::Next) => {
                Judged::Not(format!("the body has more than {max} bytes"))
            }
            (Err(BodyRefused::Unreadable(reason)), Undecodable::Next) => Judged::Not(reason),
        }
    }
}

impl BodyForm {
    fn name(&self) -> &'static str {
        match self {
            Self::Json(_) => "JSON",
            Self::Xml(..) => "XML",
            Self::Form(_) => "a form",
            Self::Record(..) => "such a record",
        }
    }

    /// The first condition that does not hold, in words; none where all do.
    fn unmet(&self, body: &[u8]) -> Result<Option<String>, String> {
        let wrong = |error: Unreadable| {
            let Unreadable { offset, reason } = error;
            format!(
                "the body is not {}: {reason}, at byte {offset}",
                self.name()
            )
        };
        let (wanted, found) = match self {
            Self::Record(layout, wanted) => return unmet_fields(layout, wanted, body),
            Self::Json(wanted) | Self::Form(wanted) | Self::Xml(_, wanted) if body.is_empty() => {
                (wanted, vec![Vec::new(); wanted.len()])
            }
            Self::Json(wanted) => {
                let mut reader = JsonReader::new(body).map_err(wrong)?;
                let found = probe::find(&mut reader, &ways(wanted), false);
                (wanted, found.map_err(wrong)?)
            }
            Self::Form(wanted) => {
                let found = probe::find(&mut FormReader::new(body), &ways(wanted), false);
                (wanted, found.map_err(wrong)?)
            }
            Self::Xml(spaces, wanted) => {
                let mut reader = XmlReader::new(body, spaces).map_err(wrong)?;
                let found = probe::find(&mut reader, &ways(wanted), true);
                (wanted, found.map_err(wrong)?)
            }
        };
        let mut pairs = wanted.iter().zip(&found);
        let unmet = pairs.find(|((_, text), values)| !is(text, values));
        Ok(unmet.map(|((way, text), _)| text.unmet(&format!("the body's {way}"))))
    }
}

fn unmet_fields(
    layout: &Layout,
    wanted: &[(FieldPath, Text)],
    body: &[u8],
) -> Result<Option<String>, String> {
    for (path, text) in wanted {
        let value = match body {
            [] => None,
            body => field_value(layout, path, body)
                .map_err(|_| format!("the body is not such a record: {path} does not decode"))?,
        };
        if !is(text, value.as_slice()) {
            return Ok(Some(text.unmet(&format!("the field {path}"))));
        }
    }
    Ok(None)
}

fn ways(wanted: &[(Way, Text)]) -> Vec<&Way> {
    wanted.iter().map(|(way, _)| way).collect()
}

/// As [`Text::holds`]; a number is the same however it is written.
fn is(text: &Text, values: &[String]) -> bool {
    match text {
        Text::Exact(wanted) => values.iter().any(|value| is_same(wanted, value)),
        text => text.holds(values.iter()),
    }
}

impl fmt::Display for BodyRule {
    /// `body /kind=X`, `body ACTION=INQ`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("body")?;
        match &self.form {
            BodyForm::Json(wanted) | BodyForm::Form(wanted) | BodyForm::Xml(_, wanted) => wanted
                .iter()
                .try_for_each(|(way, text)| write!(f, " {way}{}", text.after("="))),
            BodyForm::Record(_, wanted) => wanted
                .iter()
                .try_for_each(|(path, text)| write!(f, " {path}{}", text.after("="))),
        }
    }
}

impl fmt::Debug for BodyRule {
    /// What two rules differ in that want different bodies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.form.name())?;
        match &self.form {
            BodyForm::Xml(spaces, _) => write!(f, " {spaces:?}"),
            BodyForm::Record(layout, _) => write!(f, " {}", layout.fingerprint_hex()),
            BodyForm::Json(_) | BodyForm::Form(_) => Ok(()),
        }
    }
}

impl PartialEq for BodyRule {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
            && self.max == other.max
            && self.undecodable == other.undecodable
    }
}

impl Eq for BodyRule {}
