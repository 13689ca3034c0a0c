//! A section of a mapping file, compiled: [`Program`], a flat list of operations. Pure.
//!
//! Made once when the configuration is loaded, by [`compile`](super::compile); run for each message by [`run`](super::run).

use std::ops::Range;
use std::sync::Arc;

use http::{HeaderName, Method};
use parsers::{Field, FieldPath, Layout, TemporalForm};

use super::event::Scalar;
use super::way::Way;
use super::xml::Spaces;
use crate::route::shape::Shape;

/// What a body is, on one side of a mapping.
#[derive(Debug, Clone)]
pub enum Format {
    /// A JSON text.
    Json,
    /// An XML document.
    Xml,
    /// An XML document in a SOAP envelope.
    Soap(Soap),
    /// `application/x-www-form-urlencoded`.
    Form,
    /// The query of a request, which then has no body.
    Query,
    /// One record of a copybook.
    Record(Arc<Layout>),
    /// Records one after the other, of one copybook or several.
    Records(Box<[Part]>),
}

impl Format {
    /// What a route calls it: its shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self {
            Self::Json => Shape::Json,
            Self::Xml | Self::Soap(_) => Shape::Xml,
            Self::Form => Shape::Form,
            Self::Record(layout) => Shape::Record(Arc::clone(layout)),
            Self::Query | Self::Records(_) => Shape::Opaque,
        }
    }
}

/// Which SOAP. Both are read; the one that is named is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soap {
    /// 1.1.
    V11,
    /// 1.2.
    V12,
}

/// A record of a message that has several.
#[derive(Debug, Clone)]
pub struct Part {
    pub(super) layout: Arc<Layout>,
    /// Where records are read: what the record's own bytes must say.
    pub(super) tells: Option<(FieldPath, Test)>,
    /// Where records are written: what the message must say.
    pub(super) when: Option<When>,
    /// There may be several.
    pub(super) each: Option<Way>,
    /// There may be none.
    pub(super) optional: bool,
    /// The operations that write it.
    pub(super) ops: Range<usize>,
}

/// How one kind of message becomes another.
#[derive(Debug)]
pub struct Program {
    pub(super) from: Format,
    pub(super) to: Format,
    pub(super) method: Option<Method>,
    pub(super) unread: Unread,
    /// A SOAP fault is what it maps, and no failure.
    pub(super) takes_faults: bool,
    /// Namespaces that ways of the source tell apart.
    pub(super) spaces: Spaces,
    /// What is written of namespaces into the outermost element: prefixes and URIs.
    pub(super) declared: Box<[(Box<str>, Box<str>)]>,
    pub(super) ops: Box<[Op]>,
    /// What of the source need not be read.
    pub(super) ignored: Box<[Way]>,
}

/// What becomes of a message with something in it that no rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is refused.
    Refuse,
    /// It is taken without that.
    Ignore,
}

impl Program {
    /// What it reads.
    #[must_use]
    pub fn from(&self) -> &Format {
        &self.from
    }

    /// What it writes.
    #[must_use]
    pub fn to(&self) -> &Format {
        &self.to
    }

    /// Whether a name is the mapping's own, so that it may be told.
    pub(super) fn knows(&self, name: &str) -> bool {
        let in_way = |way: &Way| way.steps().iter().any(|step| step.name() == name);
        self.ops.iter().any(|op| match op {
            Op::Put(put) => put.rules.iter().any(|rule| match &rule.source {
                Source::Way(way) | Source::Count(way) => in_way(way),
                _ => false,
            }),
            Op::Each(each) => in_way(&each.way),
            Op::Open(_) | Op::Close => false,
        })
    }

    /// The method of a request made by it, if it is to be another.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }
}

/// A name in what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Without prefix; attributes with `@`.
    pub(super) local: Box<str>,
    /// As XML writes it, without `@`.
    pub(super) tag: Box<str>,
    /// As JSON writes it, with quotes and colon.
    pub(super) key: Box<str>,
    /// The field of a record that has this name.
    pub(super) field: Option<u32>,
}

impl Target {
    /// Under this name; with a prefix in XML.
    pub(super) fn new(local: &str, prefix: Option<&str>) -> Self {
        let bare = local.strip_prefix('@').unwrap_or(local);
        let tag = match prefix {
            Some(prefix) => format!("{prefix}:{bare}").into(),
            None => bare.into(),
        };
        let mut key = Vec::with_capacity(local.len() + 3);
        super::sink::quoted(local, &mut key);
        key.push(b':');
        Self {
            local: local.into(),
            tag,
            key: String::from_utf8_lossy(&key).into(),
            field: None,
        }
    }

    /// A field of a record.
    pub(super) fn of_field(field: &Field) -> Self {
        Self {
            field: Some(field.id()),
            ..Self::new(field.label(), None)
        }
    }
}

/// One operation.
#[derive(Debug)]
pub(crate) enum Op {
    /// An object begins, once something is put into it.
    Open(Target),
    /// It ends.
    Close,
    /// A value, by the first rule that holds.
    Put(Box<Put>),
    /// What is in a list, by the operations up to `end`.
    Each(Box<Each>),
}

#[derive(Debug)]
pub(crate) struct Put {
    pub(super) target: Target,
    /// The field of the target's record.
    pub(super) field: Option<Box<str>>,
    /// Null is one of its values. Else it is the same as nothing.
    pub(super) nulls: bool,
    /// Something with others in it is taken as it is.
    pub(super) copies: bool,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug)]
pub(crate) struct Each {
    pub(super) target: Target,
    pub(super) field: Option<Box<str>>,
    pub(super) way: Way,
    pub(super) when: Option<When>,
    pub(super) optional: bool,
    /// A table that always has so many: what the list lacks is this.
    pub(super) fill: Option<(u32, Scalar<'static>)>,
    /// The most that the target has room for.
    pub(super) most: Option<u32>,
    /// Where the source says how many there are.
    pub(super) limit: Option<Way>,
    /// Items are values themselves, put by the one operation that follows.
    pub(super) plain: bool,
    /// One past its own operations.
    pub(super) end: usize,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(super) source: Source,
    /// The record that it is a rule for, where a message has several. Without one of them it is no rule.
    pub(super) of_record: Option<Way>,
    pub(super) when: Option<When>,
    pub(super) missing: Missing,
    pub(super) max: Option<usize>,
    pub(super) change: Change,
    pub(super) want: Want,
}

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Way(Way),
    Param(Box<str>),
    Header(HeaderName),
    Query(Box<str>),
    Constant(Scalar<'static>),
    /// How many there are of that.
    Count(Way),
}

/// What happens where the source has nothing.
#[derive(Debug)]
pub(crate) enum Missing {
    Refuse,
    Omit,
    Default(Scalar<'static>),
}

/// What becomes of the value.
#[derive(Debug)]
pub(crate) enum Change {
    None,
    Codes {
        pairs: Box<[(Box<str>, Scalar<'static>)]>,
        otherwise: Option<Scalar<'static>>,
    },
    /// From one form to another; none is that of ISO 8601.
    Temporal {
        from: Option<TemporalForm>,
        to: Option<TemporalForm>,
    },
}

/// What the target takes, where the source does not tell numbers from texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Any,
    Text,
    Number,
    Flag,
}

/// On what a rule depends.
#[derive(Debug, Clone)]
pub(crate) struct When {
    pub(super) way: Way,
    pub(super) test: Test,
}

/// What a value must be.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Is(Box<[Box<str>]>),
    Not(Box<[Box<str>]>),
    Present,
    Absent,
}

impl Test {
    /// Of a value, or of nothing. Numbers are the same however they are written.
    pub(super) fn holds(&self, value: Option<&str>) -> bool {
        let among =
            |list: &[Box<str>]| value.is_some_and(|value| list.iter().any(|one| same(one, value)));
        match self {
            Self::Is(list) => among(list),
            Self::Not(list) => !among(list),
            Self::Present => value.is_some(),
            Self::Absent => value.is_none(),
        }
    }
}

/// Whether two texts are one value: the same, or the same number.
pub(crate) fn same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let number = |text: &str| text.parse::<parsers::Decimal>().ok();
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.compare(b).is_eq(),
        _ => false,
    }
}
