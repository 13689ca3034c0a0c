//! One answer as it is compared, and what is found: [`Answer`], [`Verdict`], [`Difference`].

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, response};

use crate::route::Side;

/// An answer in the client's shape: the one that was sent, or the one that would have been.
#[derive(Clone)]
pub struct Answer {
    /// Who gave it.
    pub side: Side,
    /// Its status.
    pub status: StatusCode,
    /// Its headers: those that a route names count; of one with a content coding the body cannot be looked into.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The answer of a side from a head and a gathered body.
    #[must_use]
    pub fn of(side: Side, head: response::Parts, body: Bytes) -> Self {
        Self {
            side,
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// Its content coding, if it has one that says something.
    pub(super) fn coding(&self) -> Option<&[u8]> {
        let coding = self.headers.get(CONTENT_ENCODING)?.as_bytes();
        (!coding.eq_ignore_ascii_case(b"identity")).then_some(coding)
    }

    /// Whether its media type is one of texts.
    pub(super) fn is_text(&self) -> bool {
        let media = self.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let kind = media.and_then(|media| media.get(..5));
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/"))
    }
}

impl fmt::Debug for Answer {
    /// Never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("side", &self.side)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What comparing two answers gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs but what is ignored.
    Equal,
    /// Something differs.
    Different(Differences),
    /// One of them cannot be held against the other.
    NotComparable(NotComparable),
    /// The view that was asked had not caught up, and said so.
    ViewBehind,
}

impl Verdict {
    /// A short stable name for metrics and evidence.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different(_) => "different",
            Self::NotComparable(_) => "not_comparable",
            Self::ViewBehind => "view_behind",
        }
    }
}

/// Why two answers cannot be held against each other. Names places, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// A body with a content coding, and the bytes differ.
    #[error("{side}'s answer is compressed", side = .0.as_str())]
    Encoded(Side),
    /// A body that is not JSON.
    #[error("{side}'s answer is no JSON", side = .0.as_str())]
    NotJson(Side),
    /// A body that is not XML.
    #[error("{side}'s answer is no XML", side = .0.as_str())]
    NotXml(Side),
    /// A body that is no form.
    #[error("{side}'s answer is no form", side = .0.as_str())]
    NotForm(Side),
    /// Lists without an order that have too many elements.
    #[error("a list in any order is too long to find out what belongs together")]
    TooLong,
    /// JSON nested deeper than is looked into.
    #[error("{side}'s answer is nested too deep", side = .0.as_str())]
    TooDeep(Side),
    /// A body larger than the route may gather.
    #[error("{side}'s answer is larger than {limit} bytes", side = .side.as_str())]
    TooLarge {
        /// Whose.
        side: Side,
        /// What may be gathered.
        limit: usize,
    },
    /// An answer that does not go into the client's shape.
    #[error("{side}'s answer does not go into the client's shape: {reason}", side = .side.as_str())]
    Untranslatable {
        /// Whose.
        side: Side,
        /// Field, offset and reason, without values.
        reason: String,
    },
}

impl NotComparable {
    /// A short stable name for counting.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Encoded(_) => "compressed",
            Self::NotJson(_) => "not_json",
            Self::NotXml(_) => "not_xml",
            Self::NotForm(_) => "not_form",
            Self::TooLong => "too_long",
            Self::TooDeep(_) => "too_deep",
            Self::TooLarge { .. } => "too_large",
            Self::Untranslatable { .. } => "untranslatable",
        }
    }
}

/// What differs: at least one difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differences {
    /// The first ones, in the order of the record or text; at most [`MOST`].
    pub fields: Vec<Difference>,
    /// How many more there were.
    pub more: usize,
}

/// How many differences of one pair of answers are kept.
pub const MOST: usize = 32;

/// How two values differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// In value, or one of them is absent.
    Value,
    /// Only in bytes that stand for the same value or for none: a sign nibble, a FILLER.
    Bytes,
}

/// One field that differs. `Display` and [`Shown`] hold contents: for the admin API, never for a log; `Debug` has none.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field, the same for all occurrences of a table: `LOT-RESULT(*).RES-VALUE`, `items[*].price`, `(status)`,
    /// `(header location)`, `(line)`, `(body)`.
    pub field: String,
    /// The place: `LOT-RESULT(2).RES-VALUE`, `items[1].price`.
    pub path: String,
    /// How it differs.
    pub kind: DifferenceKind,
    /// Where in the record or body, in bytes from 0; none in JSON and for the status.
    pub offset: Option<usize>,
    /// How many bytes of the record the field has.
    pub length: Option<usize>,
    /// What legacy has.
    pub legacy: Shown,
    /// What modern has.
    pub modern: Shown,
    /// Personal data by the copybook's meaning: values and bytes are left out.
    pub masked: bool,
}

/// One side of a difference. Cut to a bounded length, `...` marks the cut.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The value as JSON has it, text without quotation marks; none where the field is absent or the value is not known.
    pub value: Option<String>,
    /// The bytes in upper-case hexadecimal, where there is a record or an opaque body.
    pub hex: Option<String>,
}

/// Bytes of a field that are shown.
const HEX_SHOWN: usize = 64;
/// Characters of a value that are shown.
const TEXT_SHOWN: usize = 120;

impl Shown {
    /// A value cut to size, with control characters as JSON escapes them: it may be shown on a terminal.
    pub(super) fn value(text: &str) -> String {
        use fmt::Write as _;
        let mut out = String::with_capacity(text.len().min(TEXT_SHOWN));
        for (index, character) in text.chars().enumerate() {
            if index == TEXT_SHOWN {
                out.push_str("...");
                break;
            }
            if character.is_control() {
                let _written = write!(out, "\\u{:04x}", u32::from(character));
            } else {
                out.push(character);
            }
        }
        out
    }

    /// Bytes cut to size.
    pub(super) fn hex(bytes: &[u8]) -> String {
        use fmt::Write as _;
        let mut out = String::with_capacity(bytes.len().min(HEX_SHOWN).saturating_mul(2));
        for byte in bytes.iter().take(HEX_SHOWN) {
            let _written = write!(out, "{byte:02X}");
        }
        if bytes.len() > HEX_SHOWN {
            out.push_str("...");
        }
        out
    }
}

impl fmt::Debug for Shown {
    /// Never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(..)")
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, &self.hex) {
            (Some(value), Some(hex)) => write!(f, "{value} (x'{hex}')"),
            (Some(value), None) => f.write_str(value),
            (None, Some(hex)) => write!(f, "x'{hex}'"),
            (None, None) => f.write_str("(absent)"),
        }
    }
}

impl Difference {
    /// A difference of two sides, of which `first` gave `one`.
    pub(super) fn between(first: Side, one: Shown, other: Shown, path: String) -> Self {
        let (legacy, modern) = match first {
            Side::Legacy => (one, other),
            Side::Modern => (other, one),
        };
        Self {
            field: path.clone(),
            path,
            kind: DifferenceKind::Value,
            offset: None,
            length: None,
            legacy,
            modern,
            masked: false,
        }
    }

    /// Leaves contents out.
    pub(super) fn mask(&mut self) {
        self.masked = true;
        for side in [&mut self.legacy, &mut self.modern] {
            if let Some(value) = &mut side.value {
                *value = "***".to_owned();
            }
            side.hex = None;
        }
    }
}

impl fmt::Debug for Difference {
    /// Names the place, never the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .field("offset", &self.offset)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Difference {
    /// As the tour prints it: field, offset, and both values with their bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.starts_with('@') {
            true => f.write_str("bytes of no field")?,
            false => write!(f, "field {}", self.path)?,
        }
        if let Some(offset) = self.offset {
            write!(f, " at offset {offset}")?;
        }
        match self.length {
            Some(1) => f.write_str(" (1 byte)")?,
            Some(length) => write!(f, " ({length} bytes)")?,
            None => {}
        }
        if self.kind == DifferenceKind::Bytes && !self.path.starts_with('@') {
            f.write_str(", in bytes only")?;
        }
        write!(f, ": legacy {} modern {}", self.legacy, self.modern)
    }
}
