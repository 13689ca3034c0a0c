//! XML 1.0 with namespaces as events, by quick-xml. Pure.
//!
//! An element is an object with a member for each attribute (`@name`), each element in it, and its text (`#text`). DTDs, entities
//! that a DTD would define and encodings other than UTF-8 are refused; comments and processing instructions are passed over.

use std::borrow::Cow;
use std::collections::VecDeque;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event as Xml};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::event::{DEPTH, Event, Kind, Name, Reader, Scalar, Unreadable};

/// SOAP 1.1 (section 3).
pub const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// SOAP 1.2 (part 1, section 5).
pub const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
/// XML Schema's own attributes, `xsi:nil` among them.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Attributes of one element; more are refused.
const ATTRIBUTES: usize = 256;

/// Namespaces that are told apart, by their place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spaces(Vec<Box<str>>);

impl Spaces {
    /// The number of a namespace, which is added if it is not known.
    pub fn number(&mut self, uri: &str) -> u16 {
        if let Some(number) = self.find(uri.as_bytes()) {
            return number;
        }
        self.0.push(uri.into());
        u16::try_from(self.0.len()).unwrap_or(Name::FOREIGN)
    }

    /// The namespace of a number.
    #[must_use]
    pub fn uri(&self, number: u16) -> Option<&str> {
        let at = usize::from(number).checked_sub(1)?;
        self.0.get(at).map(|uri| &**uri)
    }

    fn find(&self, uri: &[u8]) -> Option<u16> {
        let at = self.0.iter().position(|known| known.as_bytes() == uri)?;
        u16::try_from(at + 1).ok()
    }
}

/// Reads one XML document.
#[derive(Debug)]
pub struct XmlReader<'a> {
    text: &'a str,
    spaces: &'a Spaces,
    xml: NsReader<&'a [u8]>,
    /// Made ready, not told yet.
    ready: VecDeque<Event<'a>>,
    /// The elements that are open: whether they hold elements, and whether they are nil.
    open: Vec<Element>,
    /// The text since the last tag.
    characters: Option<Cow<'a, str>>,
    rooted: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Element {
    holds_elements: bool,
    nil: bool,
}

impl<'a> XmlReader<'a> {
    /// Of this document.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn new(bytes: &'a [u8], spaces: &'a Spaces) -> Result<Self, Unreadable> {
        let text = std::str::from_utf8(bytes).map_err(|error| Unreadable {
            offset: error.valid_up_to(),
            reason: "wanted UTF-8",
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut xml = NsReader::from_str(text);
        let config = xml.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = true;
        config.check_comments = true;
        Ok(Self {
            text,
            spaces,
            xml,
            ready: VecDeque::new(),
            open: Vec::with_capacity(8),
            characters: None,
            rooted: false,
        })
    }

    fn position(&self) -> usize {
        usize::try_from(self.xml.buffer_position()).unwrap_or(usize::MAX)
    }

    fn fault<T>(&self, reason: &'static str) -> Result<T, Unreadable> {
        Err(Unreadable {
            offset: self.position(),
            reason,
        })
    }

    fn wrong(&self, reason: &'static str) -> impl Fn() -> Unreadable + use<> {
        let offset = self.position();
        move || Unreadable { offset, reason }
    }

    /// The part of our own text that is borrowed from it: what quick-xml hands out lives no longer than its event.
    fn own(&self, part: &[u8]) -> Option<&'a str> {
        let from = part
            .as_ptr()
            .addr()
            .checked_sub(self.text.as_ptr().addr())?;
        self.text.get(from..from.checked_add(part.len())?)
    }

    fn space(&self, resolved: &ResolveResult<'_>) -> Result<u16, Unreadable> {
        match resolved {
            ResolveResult::Unbound => Ok(0),
            ResolveResult::Bound(uri) => Ok(self.spaces.find(uri.0).unwrap_or(Name::FOREIGN)),
            ResolveResult::Unknown(_) => self.fault("a prefix that no namespace was given"),
        }
    }

    fn start(&mut self, start: &BytesStart<'a>) -> Result<(), Unreadable> {
        if self.open.len() >= DEPTH {
            return self.fault("nested too deep");
        }
        if self.open.is_empty() && self.rooted {
            return self.fault("a second outermost element");
        }
        self.rooted = true;
        self.flush(Boundary::Start);
        if let Some(around) = self.open.last_mut() {
            around.holds_elements = true;
        }
        let wrong = self.wrong("wanted an element");
        let (resolved, local) = self.xml.resolver().resolve_element(start.name());
        let space = self.space(&resolved)?;
        let local = Cow::Borrowed(self.own(local.as_ref()).ok_or_else(&wrong)?);
        let name = Name { local, space };
        self.ready.push_back(Event::Open {
            name,
            kind: Kind::Element,
        });
        let mut element = Element::default();
        let wrong = self.wrong("an attribute that is none, or stands there twice");
        for (nth, attribute) in start.attributes().enumerate() {
            if nth >= ATTRIBUTES {
                return self.fault("too many attributes");
            }
            let attribute = attribute.map_err(|_| wrong())?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (resolved, local) = self.xml.resolver().resolve_attribute(attribute.key);
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| wrong())?
                .into_owned();
            if let ResolveResult::Bound(uri) = &resolved
                && uri.0 == INSTANCE.as_bytes()
            {
                // Types and places of schemas are not what a message says.
                element.nil |= local.as_ref() == b"nil" && matches!(&*value, "true" | "1");
                continue;
            }
            let space = self.space(&resolved)?;
            let local = std::str::from_utf8(local.as_ref()).map_err(|_| wrong())?;
            let local = Cow::Owned(format!("@{local}"));
            self.ready.push_back(Event::Value {
                name: Name { local, space },
                scalar: Scalar::Text(Cow::Owned(value)),
            });
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        self.flush(Boundary::End);
        self.open.pop();
        self.ready.push_back(Event::Close);
    }

    /// Tells the text before a tag. Blanks between elements are how it is laid out; in an element without others they are its text.
    fn flush(&mut self, boundary: Boundary) {
        let Some(element) = self.open.last().copied() else {
            self.characters = None;
            return;
        };
        let text = self.characters.take();
        let leaf = boundary == Boundary::End && !element.holds_elements;
        let scalar = match text {
            _ if element.nil && leaf => Scalar::Null,
            Some(text) if leaf || !text.trim().is_empty() => Scalar::Text(text),
            _ => return,
        };
        self.ready.push_back(Event::Value {
            name: Name::from(Name::TEXT),
            scalar,
        });
    }

    fn characters(&mut self, more: Cow<'a, str>) -> Result<(), Unreadable> {
        if self.open.is_empty() {
            if more.trim().is_empty() {
                return Ok(());
            }
            return self.fault("text outside of the outermost element");
        }
        self.characters = Some(match self.characters.take() {
            None => more,
            Some(text) => Cow::Owned(text.into_owned() + &more),
        });
        Ok(())
    }

    /// `&amp;` and the like, `&#65;`; no others, since only a DTD could have said what they are.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Unreadable> {
        let wrong = self.wrong("a reference to an entity: none but the five of XML are known");
        if let Some(character) = reference.resolve_char_ref().map_err(|_| wrong())? {
            return self.characters(Cow::Owned(character.to_string()));
        }
        let text = match &**reference {
            b"amp" => "&",
            b"lt" => "<",
            b"gt" => ">",
            b"apos" => "'",
            b"quot" => "\"",
            _ => return Err(wrong()),
        };
        self.characters(Cow::Borrowed(text))
    }

    /// Reads on until something can be told, or the end.
    fn advance(&mut self) -> Result<(), Unreadable> {
        let wrong = self.wrong("wanted well-formed XML");
        let event = self.xml.read_event().map_err(|_| wrong())?;
        match event {
            Xml::Start(start) => self.start(&start)?,
            Xml::End(_) => self.end(),
            Xml::Text(text) => {
                let text = text
                    .xml_content(XmlVersion::Implicit1_0)
                    .map_err(|_| wrong())?;
                self.characters(text)?;
            }
            Xml::CData(text) => {
                let text = text
                    .xml_content(XmlVersion::Implicit1_0)
                    .map_err(|_| wrong())?;
                self.characters(text)?;
            }
            Xml::GeneralRef(reference) => self.reference(&reference)?,
            Xml::Decl(declared) => {
                if let Some(Ok(encoding)) = declared.encoding()
                    && !encoding.eq_ignore_ascii_case(b"utf-8")
                    && !encoding.eq_ignore_ascii_case(b"us-ascii")
                {
                    return self.fault("wanted UTF-8");
                }
            }
            Xml::DocType(_) => return self.fault("a DTD is not taken"),
            Xml::Empty(_) | Xml::Comment(_) | Xml::PI(_) => {}
            Xml::Eof if !self.rooted || !self.open.is_empty() => {
                return self.fault("it ends before its outermost element does");
            }
            Xml::Eof => self.xml.config_mut().check_comments = false,
        }
        Ok(())
    }

    fn is_at_end(&self) -> bool {
        self.rooted && self.open.is_empty() && !self.xml.config().check_comments
    }
}

/// What a text stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boundary {
    Start,
    End,
}

impl<'a> Reader<'a> for XmlReader<'a> {
    fn offset(&self) -> usize {
        self.position()
    }

    fn length(&self) -> usize {
        self.text.len()
    }

    fn next(&mut self) -> Result<Option<Event<'a>>, Unreadable> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if self.is_at_end() {
                return Ok(None);
            }
            self.advance()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut spaces = Spaces::default();
        spaces.number("urn:a");
        let mut reader = XmlReader::new(text.as_bytes(), &spaces).unwrap();
        let mut told = String::new();
        loop {
            match reader.next() {
                Ok(Some(event)) => told.push_str(&match event {
                    Event::Open { name, .. } => format!("{}#{}( ", name.local, name.space),
                    Event::Close => ") ".to_owned(),
                    Event::Value { name, scalar } => {
                        format!("{}#{}={:?} ", name.local, name.space, scalar.text())
                    }
                }),
                Ok(None) => return told,
                Err(error) => return format!("{told}! {}", error.reason),
            }
        }
    }

    #[test]
    fn elements_attributes_and_texts_become_members() {
        insta::assert_snapshot!(told(
            "<?xml version='1.0' encoding='UTF-8'?><!-- c -->\n<o xmlns='urn:a' xmlns:b='urn:b' id='1 &lt; 2' b:x='y'>
              <line no='1'>A &amp; <![CDATA[<B>]]>&#x20;</line> <b:line/> <e>  </e> <n xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>
            </o>"), @r#"o#1( @id#0=Some("1 < 2") @x#65535=Some("y") line#1( @no#0=Some("1") #text#0=Some("A & <B> ") ) line#65535( ) e#1( #text#0=Some("  ") ) n#1( #text#0=None ) )"#);
    }

    #[test]
    fn what_could_blow_up_or_be_read_in_two_ways_is_refused() {
        let deep = "<a>".repeat(DEPTH + 1);
        let told: Vec<String> = [
            "<!DOCTYPE a [<!ENTITY x 'xxx'>]><a>&x;</a>",
            "<a>&x;</a>",
            "<a x='&x;'/>",
            "<a x='1' x='2'/>",
            "<a><b></a></b>",
            "<p:a/>",
            "<a/><b/>",
            "<a>",
            "",
            "x",
            "<a/>x",
            "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
            "<a>&#0;</a>",
            deep.as_str(),
        ]
        .iter()
        .map(|text| {
            told(text)
                .rsplit_once("! ")
                .map_or("taken", |(_, reason)| reason)
                .to_owned()
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
a DTD is not taken
a reference to an entity: none but the five of XML are known
an attribute that is none, or stands there twice
an attribute that is none, or stands there twice
wanted well-formed XML
a prefix that no namespace was given
a second outermost element
it ends before its outermost element does
it ends before its outermost element does
text outside of the outermost element
text outside of the outermost element
wanted UTF-8
a reference to an entity: none but the five of XML are known
nested too deep
");
    }
}
