//! A few values of a body, found without reading it into a tree: for routes that match on them. Pure.
//!
//! All of the text is read, so that what is wrong anywhere in it is found; nothing is kept but the values that are asked for.

use super::event::{Event, Kind, Name, Reader, Scalar, Unreadable};
use super::way::{Step, Way};

/// So many values of one way are kept; one that matters is among the first.
const VALUES: usize = 64;

/// What every way leads to, in their order: no value where nothing is there, or null; several where elements repeat. What holds others
/// and no text is an empty text. Of a `document` the outermost element is the first step.
///
/// # Errors
/// The body cannot be read, or has a member twice on one of the ways.
pub fn find<'a>(
    reader: &mut impl Reader<'a>,
    ways: &[&Way],
    document: bool,
) -> Result<Vec<Vec<String>>, Unreadable> {
    let mut tracks: Vec<Track<'_>> = ways.iter().map(|way| Track::new(way)).collect();
    let mut open: Vec<Container> = Vec::new();
    if document {
        open.push(Container::of(Kind::Element));
    }
    while let Some(event) = reader.next()? {
        let (name, kind) = match &event {
            Event::Close => {
                open.pop();
                for track in &mut tracks {
                    track.leave(open.len());
                }
                continue;
            }
            Event::Open { name, kind } => (name, Some(*kind)),
            Event::Value { name, .. } => (name, None),
        };
        let level = open.len();
        let index = open.last_mut().map_or(0, Container::next);
        let around = open.last().map(|container| container.kind);
        for track in &mut tracks {
            if track.enter(level, around, name, index) {
                return Err(Unreadable {
                    offset: reader.offset(),
                    reason: "a member stands there twice",
                });
            }
            track.take(level, name, &event);
        }
        open.extend(kind.map(Container::of));
    }
    Ok(tracks.into_iter().map(|track| track.values).collect())
}

struct Container {
    kind: Kind,
    members: usize,
}

impl Container {
    fn of(kind: Kind) -> Self {
        Self { kind, members: 0 }
    }

    fn next(&mut self) -> usize {
        let index = self.members;
        self.members = self.members.saturating_add(1);
        index
    }
}

/// How far along one way the open containers lead.
struct Track<'w> {
    steps: &'w [Step],
    /// So many of its steps are open containers.
    matched: usize,
    /// How many of each step's name were met in the container that is open there.
    met: Vec<usize>,
    values: Vec<String>,
    /// The last value is of a container that is open, and may still get a text.
    waiting: bool,
}

impl<'w> Track<'w> {
    fn new(way: &'w Way) -> Self {
        Self {
            steps: way.steps(),
            matched: 0,
            met: vec![0; way.steps().len()],
            values: Vec::new(),
            waiting: false,
        }
    }

    /// Looks at what stands in so many containers; whether it is a second one of a name that may be there once.
    fn enter(&mut self, level: usize, around: Option<Kind>, name: &Name<'_>, index: usize) -> bool {
        // The outermost value is on every way.
        let Some(at) = level.checked_sub(1).filter(|at| *at == self.matched) else {
            return false;
        };
        let (Some(step), Some(met)) = (self.steps.get(at), self.met.get_mut(at)) else {
            return false;
        };
        let here = match around {
            Some(Kind::List) => step.index() == Some(index),
            _ => step.is(name),
        };
        if !here {
            return false;
        }
        let nth = *met;
        *met = met.saturating_add(1);
        if around == Some(Kind::Object) && nth > 0 {
            return true;
        }
        if step.nth().is_none_or(|wanted| wanted == nth) {
            self.matched = level;
            for later in self.met.iter_mut().skip(level) {
                *later = 0;
            }
        }
        false
    }

    /// Keeps the value, if the way ends here.
    fn take(&mut self, level: usize, name: &Name<'_>, event: &Event<'_>) {
        let whole = self.steps.len();
        let ends = self.matched == level && level == whole;
        match event {
            Event::Open { .. } if ends => {
                self.keep(String::new());
                self.waiting = true;
            }
            Event::Value { scalar, .. } if self.waiting => {
                if level == whole + 1 && name.local == Name::TEXT {
                    self.values.pop();
                    self.waiting = false;
                    self.value(scalar);
                }
            }
            Event::Value { scalar, .. } => {
                if ends {
                    self.value(scalar);
                }
                self.leave(level);
            }
            Event::Open { .. } | Event::Close => {}
        }
    }

    fn value(&mut self, scalar: &Scalar<'_>) {
        if let Some(text) = scalar.text() {
            self.keep(text.to_owned());
        }
    }

    fn keep(&mut self, value: String) {
        if self.values.len() < VALUES {
            self.values.push(value);
        }
    }

    /// What stood in so many containers has ended.
    fn leave(&mut self, level: usize) {
        if level > 0 && self.matched == level {
            self.matched = level - 1;
            self.waiting &= level != self.steps.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::FormReader;
    use super::super::json::JsonReader;
    use super::super::way::Notation;
    use super::super::xml::{Spaces, XmlReader};
    use super::*;

    fn told(ways: &[&str], notation: Notation, text: &str) -> String {
        let ways: Vec<Way> = ways
            .iter()
            .map(|way| Way::parse(way, notation, |_| None).unwrap())
            .collect();
        let ways: Vec<&Way> = ways.iter().collect();
        let spaces = Spaces::default();
        let text = text.as_bytes();
        let found = match (notation, text.first()) {
            (Notation::Path, _) => find(&mut XmlReader::new(text, &spaces).unwrap(), &ways, true),
            (Notation::Pointer, Some(b'{')) => {
                find(&mut JsonReader::new(text).unwrap(), &ways, false)
            }
            (Notation::Pointer, _) => find(&mut FormReader::new(text), &ways, false),
        };
        match found {
            Ok(found) => format!("{found:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_are_found_where_the_way_leads_and_nowhere_else() {
        let json =
            r#"{"x":{"a":"no"},"a":{"b":[{"c":1},{"c":2.50}],"n":null,"o":{}},"c":true,"":"e"}"#;
        let ways = [
            "/a/b/1/c", "/a", "/a/n", "/a/o", "/c", "/b", "/", "/a/b/c", "/x/a/b",
        ];
        insta::assert_snapshot!(told(&ways, Notation::Pointer, json), @r#"[["2.50"], [""], [], [""], ["true"], [], ["e"], [], []]"#);
        insta::assert_snapshot!(told(&["/a"], Notation::Pointer, r#"{"a":1,"b":{"a":2},"a":3}"#), @r"a member stands there twice");
        insta::assert_snapshot!(told(&["/a"], Notation::Pointer, r#"{"b":1,"a":2"#), @r"wanted `,` or the end");
        insta::assert_snapshot!(told(&["/a", "/b"], Notation::Pointer, "a=1&b=2&a=3"), @r#"[["1", "3"], ["2"]]"#);
        let xml = "<o id='7'><l n='1'>A</l><m><l>no</l></m><l n='2'>B<x/></l><e/></o>";
        let ways = [
            "/o/@id",
            "/o/l",
            "/o/l[2]/@n",
            "/o/l[2]",
            "/o/e",
            "/l",
            "/o/m/l",
            "/o",
            "/o/l/#text",
        ];
        insta::assert_snapshot!(told(&ways, Notation::Path, xml), @r#"[["7"], ["A", "B"], ["2"], ["B"], [""], [], ["no"], [""], ["A", "B"]]"#);
    }
}
