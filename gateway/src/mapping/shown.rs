//! XML and forms as JSON, for those that compare two of them. Pure.

use std::collections::BTreeMap;

use super::event::{Kind, Name};
use super::form::FormReader;
use super::program::Target;
use super::sink::{JsonSink, Sink};
use super::tree::{At, Document, Seen, Tree};
use super::xml::{Spaces, XmlReader};
use crate::route::shape::Shape;

/// A body of that shape as a JSON object: elements of one name that occur several times are a list. None of one that cannot be read, or that is
/// neither XML nor a form.
pub(crate) fn as_json(shape: &Shape, body: &[u8]) -> Option<Vec<u8>> {
    let spaces = Spaces::default();
    let tree = match shape {
        Shape::Xml => {
            let mut reader = XmlReader::new(body, &spaces).ok()?;
            Tree::read(&mut reader, Document::Xml).ok()?
        }
        Shape::Form => Tree::read(&mut FormReader::new(body), Document::Plain).ok()?,
        Shape::Opaque | Shape::Json | Shape::Record(_) => return None,
    };
    let mut sink = JsonSink::new(body.len());
    show(&tree, 0, None, &mut sink);
    Some(sink.into_bytes())
}

fn show(tree: &Tree<'_>, at: At, target: Option<&Target>, sink: &mut JsonSink) {
    match tree.look(at) {
        None => {}
        Some(Seen::Scalar(scalar)) => sink.put(target, scalar),
        Some(Seen::Holder(Kind::List)) => {
            sink.list(target);
            for item in tree.within(at) {
                show(tree, item, None, sink);
            }
            sink.close();
        }
        Some(Seen::Holder(_)) => {
            let members: Vec<(&str, At)> = tree
                .within(at)
                .filter_map(|member| Some((&*tree.name(member)?.local, member)))
                .collect();
            // An element with nothing but text is that text.
            if let [(Name::TEXT, text)] = members.as_slice() {
                show(tree, *text, target, sink);
                return;
            }
            let mut named: BTreeMap<&str, Vec<At>> = BTreeMap::new();
            for (name, member) in members {
                named.entry(name).or_default().push(member);
            }
            sink.open(target);
            for (name, same) in named {
                let target = Target::new(name, None);
                if let [member] = same.as_slice() {
                    show(tree, *member, Some(&target), sink);
                    continue;
                }
                sink.list(Some(&target));
                for member in same {
                    show(tree, member, None, sink);
                }
                sink.close();
            }
            sink.close();
        }
    }
}
