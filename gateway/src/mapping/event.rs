//! What any body is read as: [`Event`]s, told one at a time by a [`Reader`]. Pure.
//!
//! JSON, XML, forms and queries are the same to whoever reads events: objects with named members, lists with nameless ones, and
//! scalars. Readers hold no more than one event and the depth they are at.

use std::borrow::Cow;

/// How deep bodies may be nested. Deeper is refused: whoever nests so deep wants to exhaust a stack.
pub const DEPTH: usize = 64;

/// The name of a member. Items of lists, and what is outermost, have an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name<'a> {
    /// Without a prefix. Attributes of XML begin with `@`; text beside them is `#text`.
    pub local: Cow<'a, str>,
    /// The namespace: its place among those the reader was told, from 1; 0 for none, [`Name::FOREIGN`] for any other.
    pub space: u16,
}

impl Name<'_> {
    /// A namespace that nobody named.
    pub const FOREIGN: u16 = u16::MAX;
    /// In a way: whatever namespace it is.
    pub const ANY: u16 = u16::MAX - 1;
    /// What the text of an element is called that has something else besides.
    pub const TEXT: &'static str = "#text";
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(local: &'a str) -> Self {
        Self {
            local: Cow::Borrowed(local),
            space: 0,
        }
    }
}

/// A value that holds no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// Characters.
    Text(Cow<'a, str>),
    /// A number as RFC 8259 writes it, with every digit it had.
    Number(Cow<'a, str>),
    /// True or false.
    Flag(bool),
    /// There, and nothing.
    Null,
}

impl<'a> Scalar<'a> {
    /// Its characters, without quotes; none of null.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Flag(true) => Some("true"),
            Self::Flag(false) => Some("false"),
            Self::Null => None,
        }
    }

    /// The same, borrowed.
    #[must_use]
    pub fn borrowed(&'a self) -> Self {
        match self {
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            Self::Number(text) => Self::Number(Cow::Borrowed(text)),
            Self::Flag(flag) => Self::Flag(*flag),
            Self::Null => Self::Null,
        }
    }
}

/// A step through a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// An object or a list begins.
    Open {
        /// As whose member.
        name: Name<'a>,
        /// What.
        kind: Kind,
    },
    /// What was opened last ends.
    Close,
    /// A scalar.
    Value {
        /// As whose member.
        name: Name<'a>,
        /// What.
        scalar: Scalar<'a>,
    },
}

/// What holds others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Members with names, each once.
    Object,
    /// An element of XML, or a form: members with names, some perhaps several times.
    Element,
    /// Members without names.
    List,
}

/// Reads one body.
pub trait Reader<'a> {
    /// The next step; none at the end.
    ///
    /// # Errors
    /// The text is no such body, or more than is taken. Nothing is told after that.
    fn next(&mut self) -> Result<Option<Event<'a>>, Unreadable>;

    /// How far it has read, in bytes.
    fn offset(&self) -> usize;

    /// How long the body is, in bytes.
    fn length(&self) -> usize;

    /// How many values and holders to make room for.
    fn nodes(&self) -> usize {
        // A member and its value take that many bytes and more.
        (self.length() / 16).clamp(16, 4096)
    }
}

/// Why a body cannot be read, in words that hold nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// Where, in bytes from 0.
    pub offset: usize,
    /// Why.
    pub reason: &'static str,
}
