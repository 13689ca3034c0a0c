//! What is written: JSON, XML, a form. Pure.

use super::event::{Name, Scalar};
use super::json::plain_length;
use super::program::{Soap, Target};
use super::xml::{SOAP_1_1, SOAP_1_2};

/// Takes what a program writes, which may stay where it stands while it is taken.
pub(crate) trait Sink<'t> {
    /// An object begins: a member, or an item of a list where there is no target.
    fn open(&mut self, target: Option<&Target>);
    /// A list begins.
    fn list(&mut self, target: Option<&Target>);
    /// What began last ends.
    fn close(&mut self);
    /// A value that stands somewhere.
    fn put(&mut self, target: Option<&Target>, scalar: &'t Scalar<'t>);
    /// A value that was made for this.
    fn made(&mut self, target: Option<&Target>, scalar: Scalar<'t>);
}

/// Writes JSON.
#[derive(Debug)]
pub(crate) struct JsonSink {
    out: Vec<u8>,
    /// Whether what is open is a list, innermost last.
    lists: Vec<bool>,
}

impl JsonSink {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            out: Vec::with_capacity(room),
            lists: Vec::new(),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    #[inline]
    fn begin(&mut self, target: Option<&Target>) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(b',');
        }
        if let Some(target) = target {
            self.out.extend_from_slice(target.key.as_bytes());
        }
    }

    fn write(&mut self, target: Option<&Target>, scalar: &Scalar<'_>) {
        self.begin(target);
        match scalar {
            Scalar::Text(text) => quoted(text, &mut self.out),
            Scalar::Number(text) => self.out.extend_from_slice(text.as_bytes()),
            Scalar::Flag(true) => self.out.extend_from_slice(b"true"),
            Scalar::Flag(false) => self.out.extend_from_slice(b"false"),
            Scalar::Null => self.out.extend_from_slice(b"null"),
        }
    }
}

impl<'t> Sink<'t> for JsonSink {
    fn open(&mut self, target: Option<&Target>) {
        self.begin(target);
        self.out.push(b'{');
        self.lists.push(false);
    }

    fn list(&mut self, target: Option<&Target>) {
        self.begin(target);
        self.out.push(b'[');
        self.lists.push(true);
    }

    fn close(&mut self) {
        let end = if self.lists.pop() == Some(true) {
            b']'
        } else {
            b'}'
        };
        self.out.push(end);
    }

    fn put(&mut self, target: Option<&Target>, scalar: &'t Scalar<'t>) {
        self.write(target, scalar);
    }

    fn made(&mut self, target: Option<&Target>, scalar: Scalar<'t>) {
        self.write(target, &scalar);
    }
}

/// A text as JSON writes it.
pub(super) fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = plain_length(rest) {
        let (plain, after) = rest.split_at(at);
        out.extend_from_slice(plain);
        match after.first() {
            Some(b'"') => out.extend_from_slice(b"\\\""),
            Some(b'\\') => out.extend_from_slice(b"\\\\"),
            Some(b'\n') => out.extend_from_slice(b"\\n"),
            Some(b'\r') => out.extend_from_slice(b"\\r"),
            Some(b'\t') => out.extend_from_slice(b"\\t"),
            other => {
                let byte = other.copied().unwrap_or_default();
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            }
        }
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes XML: members as elements, those with `@` as attributes, items of lists as elements of the list's name. What is null is not
/// written.
#[derive(Debug)]
pub(crate) struct XmlSink {
    out: String,
    open: Vec<Tag>,
    /// The tag that was opened last has not got its `>` yet.
    unfinished: bool,
    declared: Box<[(Box<str>, Box<str>)]>,
    soap: Option<Soap>,
}

#[derive(Debug)]
enum Tag {
    /// The message itself, which has no tag.
    Message,
    Element(Box<str>),
    List(Box<str>),
}

impl XmlSink {
    pub(crate) fn new(
        room: usize,
        declared: Box<[(Box<str>, Box<str>)]>,
        soap: Option<Soap>,
    ) -> Self {
        let mut out = String::with_capacity(room);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        if let Some(soap) = soap {
            let uri = match soap {
                Soap::V11 => SOAP_1_1,
                Soap::V12 => SOAP_1_2,
            };
            out.push_str("<soap:Envelope xmlns:soap=\"");
            out.push_str(uri);
            out.push_str("\"><soap:Body>");
        }
        Self {
            out,
            open: Vec::new(),
            unfinished: false,
            declared,
            soap,
        }
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        if self.soap.is_some() {
            self.out.push_str("</soap:Body></soap:Envelope>");
        }
        self.out.into_bytes()
    }

    fn finish(&mut self) {
        if std::mem::take(&mut self.unfinished) {
            self.out.push('>');
        }
    }

    fn tag(&self, target: Option<&Target>) -> Box<str> {
        match (target, self.open.last()) {
            (Some(target), _) => target.tag.clone(),
            (None, Some(Tag::List(name))) => name.clone(),
            (None, _) => "item".into(),
        }
    }

    fn begin(&mut self, tag: &str) {
        self.finish();
        self.out.push('<');
        self.out.push_str(tag);
        self.unfinished = true;
        if matches!(self.open.as_slice(), [Tag::Message]) {
            for (prefix, uri) in &self.declared {
                self.out.push_str(if prefix.is_empty() {
                    " xmlns"
                } else {
                    " xmlns:"
                });
                self.out.push_str(prefix);
                self.out.push_str("=\"");
                escaped(uri, &mut self.out);
                self.out.push('"');
            }
        }
    }

    fn write(&mut self, target: Option<&Target>, scalar: &Scalar<'_>) {
        let Some(text) = scalar.text() else { return };
        match target {
            Some(target) if target.local.starts_with('@') && self.unfinished => {
                self.out.push(' ');
                self.out.push_str(&target.tag);
                self.out.push_str("=\"");
                escaped(text, &mut self.out);
                self.out.push('"');
            }
            Some(target) if *target.local == *Name::TEXT => {
                self.finish();
                escaped(text, &mut self.out);
            }
            target => {
                let tag = self.tag(target);
                self.begin(&tag);
                self.finish();
                escaped(text, &mut self.out);
                self.out.push_str("</");
                self.out.push_str(&tag);
                self.out.push('>');
            }
        }
    }
}

impl<'t> Sink<'t> for XmlSink {
    fn open(&mut self, target: Option<&Target>) {
        if self.open.is_empty() {
            self.open.push(Tag::Message);
            return;
        }
        let tag = self.tag(target);
        self.begin(&tag);
        self.open.push(Tag::Element(tag));
    }

    fn list(&mut self, target: Option<&Target>) {
        let tag = self.tag(target);
        self.open.push(Tag::List(tag));
    }

    fn close(&mut self) {
        let Some(Tag::Element(tag)) = self.open.pop() else {
            return;
        };
        if std::mem::take(&mut self.unfinished) {
            self.out.push_str("/>");
            return;
        }
        self.out.push_str("</");
        self.out.push_str(&tag);
        self.out.push('>');
    }

    fn put(&mut self, target: Option<&Target>, scalar: &'t Scalar<'t>) {
        self.write(target, scalar);
    }

    fn made(&mut self, target: Option<&Target>, scalar: Scalar<'t>) {
        self.write(target, &scalar);
    }
}

/// A text as XML writes it, within elements and attributes. What XML 1.0 cannot say at all (section 2.2) was refused before.
fn escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
}

/// Whether XML 1.0 can say a text (section 2.2).
pub(super) fn is_of_xml(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
    })
}

/// Writes a form: members of the outermost object, items of lists under the list's name.
#[derive(Debug, Default)]
pub(crate) struct FormSink {
    out: String,
    names: Vec<Option<Box<str>>>,
}

impl FormSink {
    pub(crate) fn into_text(self) -> String {
        self.out
    }

    fn write(&mut self, target: Option<&Target>, scalar: &Scalar<'_>) {
        let listed = self.names.last().and_then(Option::as_deref);
        let Some(name) = target.map(|target| &*target.local).or(listed) else {
            return;
        };
        let Some(text) = scalar.text() else { return };
        if !self.out.is_empty() {
            self.out.push('&');
        }
        encoded(name, &mut self.out);
        self.out.push('=');
        encoded(text, &mut self.out);
    }
}

impl<'t> Sink<'t> for FormSink {
    fn open(&mut self, _: Option<&Target>) {
        self.names.push(None);
    }

    fn list(&mut self, target: Option<&Target>) {
        self.names.push(target.map(|target| target.local.clone()));
    }

    fn close(&mut self) {
        self.names.pop();
    }

    fn put(&mut self, target: Option<&Target>, scalar: &'t Scalar<'t>) {
        self.write(target, scalar);
    }

    fn made(&mut self, target: Option<&Target>, scalar: Scalar<'t>) {
        self.write(target, &scalar);
    }
}

/// The URL Standard's serializer of forms.
fn encoded(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
}
