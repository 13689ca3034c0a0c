//! A body, read whole: [`Tree`]. Pure.
//!
//! One flat list of nodes, which borrow from the body; as many as a body may have is bounded. Finding a member goes on from the one
//! found last, so that whoever asks in the body's own order looks at each node once. What was asked for is noted: the rest is
//! what nobody reads.

mod twice;

use std::borrow::Cow;
use std::cell::Cell;

use self::twice::stands_twice;
use super::event::{Event, Kind, Name, Reader, Scalar, Unreadable};
use super::way::{Step, Way};

/// Nodes of one body.
const MOST: usize = 1 << 18;
/// A node's place. 0 is the body itself.
pub(crate) type At = u32;

/// A body as nodes.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
struct Node<'a> {
    name: Name<'a>,
    value: Value<'a>,
    /// The next one beside it; 0 for none.
    next: At,
    /// Where to look first for a member.
    hint: Cell<At>,
    read: Cell<bool>,
}

#[derive(Debug)]
enum Value<'a> {
    Scalar(Scalar<'a>),
    Holder { kind: Kind, first: At },
}

struct Open {
    at: At,
    last: At,
    members: usize,
}

impl<'a> Tree<'a> {
    /// Reads a body to its end.
    ///
    /// # Errors
    /// It cannot be read, has a member twice, or too many members.
    pub(crate) fn read(reader: &mut impl Reader<'a>, kind: Document) -> Result<Self, Unreadable> {
        let mut nodes = Vec::with_capacity(reader.nodes());
        let mut open: Vec<Open> = Vec::with_capacity(8);
        if kind == Document::Xml {
            nodes.push(holder(Name::default(), Kind::Element));
            open.push(Open::of(0));
        }
        while let Some(event) = reader.next()? {
            let node = match event {
                Event::Open { name, kind } => holder(name, kind),
                Event::Value { name, scalar } => Node {
                    name,
                    value: Value::Scalar(scalar),
                    next: 0,
                    hint: Cell::new(0),
                    read: Cell::new(false),
                },
                Event::Close => {
                    if let Some(done) = open.pop()
                        && kind != Document::Ours
                    {
                        close(&nodes, &done).map_err(|reason| Unreadable {
                            offset: reader.offset(),
                            reason,
                        })?;
                    }
                    continue;
                }
            };
            let at = At::try_from(nodes.len()).unwrap_or(0);
            if nodes.len() >= MOST {
                return Err(Unreadable {
                    offset: reader.offset(),
                    reason: "too many members",
                });
            }
            let holds = matches!(node.value, Value::Holder { .. });
            nodes.push(node);
            if let Some(around) = open.last_mut() {
                let (place, last) = (around.at, around.last);
                around.last = at;
                around.members = around.members.saturating_add(1);
                link(&mut nodes, place, last, at);
            }
            if holds {
                open.push(Open::of(at));
            }
        }
        Ok(Self { nodes })
    }

    /// A body with nothing in it.
    pub(crate) fn empty() -> Self {
        Self {
            nodes: vec![holder(Name::default(), Kind::Element)],
        }
    }

    /// How many nodes it has.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, at: At) -> Option<&Node<'a>> {
        self.nodes.get(usize::try_from(at).ok()?)
    }

    fn first(&self, at: At) -> Option<At> {
        match self.node(at)?.value {
            Value::Holder { first, .. } => Some(first).filter(|first| *first != 0),
            Value::Scalar(_) => None,
        }
    }

    fn next(&self, at: At) -> Option<At> {
        Some(self.node(at)?.next).filter(|next| *next != 0)
    }

    /// The nodes within one.
    pub(crate) fn within(&self, at: At) -> impl Iterator<Item = At> {
        std::iter::successors(self.first(at), |at| self.next(*at))
    }

    fn is(&self, at: At, step: &Step) -> bool {
        self.node(at).is_some_and(|node| step.is(&node.name))
    }

    /// The first member of that name, from where the last one was found on.
    #[inline]
    fn member(&self, at: At, step: &Step) -> Option<At> {
        let node = self.node(at)?;
        let first = self.first(at)?;
        let hint = Some(node.hint.get()).filter(|hint| *hint != 0);
        let from = hint.unwrap_or(first);
        let mut here = Some(from);
        while let Some(member) = here {
            if self.is(member, step) {
                node.hint.set(self.node(member)?.next);
                // An element may stand there several times: the first is meant.
                return match hint {
                    Some(_) if self.repeats(at) => self.within(at).find(|at| self.is(*at, step)),
                    _ => Some(member),
                };
            }
            here = self.next(member);
        }
        let found = self
            .within(at)
            .take_while(|member| *member != from)
            .find(|member| self.is(*member, step))?;
        node.hint.set(self.node(found)?.next);
        Some(found)
    }

    fn repeats(&self, at: At) -> bool {
        matches!(
            self.node(at).map(|node| &node.value),
            Some(Value::Holder {
                kind: Kind::Element,
                ..
            })
        )
    }

    #[inline]
    fn step(&self, at: At, step: &Step) -> Option<At> {
        match self.node(at)?.value {
            Value::Scalar(_) => None,
            Value::Holder {
                kind: Kind::List, ..
            } => self.within(at).nth(step.index()?),
            Value::Holder { .. } => match step.nth() {
                None | Some(0) => self.member(at, step),
                Some(nth) => self.within(at).filter(|at| self.is(*at, step)).nth(nth),
            },
        }
    }

    /// What a way leads to.
    #[inline]
    pub(crate) fn find(&self, from: At, way: &Way) -> Option<At> {
        let mut at = from;
        for step in way.steps() {
            at = self.step(at, step)?;
        }
        Some(at)
    }

    /// All that a way leads to: the items of a list; elements and parameters of one name; what is there once is a list of one.
    pub(crate) fn all(&self, from: At, way: &Way) -> Option<Vec<At>> {
        let Some((last, before)) = way.steps().split_last() else {
            return self.items(from);
        };
        let mut at = from;
        for step in before {
            at = self.step(at, step)?;
        }
        if self.repeats(at) && last.nth().is_none() {
            let found: Vec<At> = self.within(at).filter(|at| self.is(*at, last)).collect();
            return (!found.is_empty()).then_some(found);
        }
        self.items(self.step(at, last)?)
    }

    fn items(&self, at: At) -> Option<Vec<At>> {
        match self.node(at)?.value {
            Value::Holder {
                kind: Kind::List, ..
            } => {
                self.mark(at);
                Some(self.within(at).collect())
            }
            _ => None,
        }
    }

    /// The scalar there: its own, or the text of an element. Notes that it was read.
    #[inline]
    pub(crate) fn scalar(&self, at: At) -> Option<&Scalar<'a>> {
        let node = self.node(at)?;
        match &node.value {
            Value::Scalar(scalar) => {
                node.read.set(true);
                Some(scalar)
            }
            Value::Holder {
                kind: Kind::Element,
                ..
            } => {
                let mut plain = true;
                for member in self.within(at) {
                    let member = self.node(member)?;
                    if member.name.local == Name::TEXT {
                        node.read.set(true);
                        member.read.set(true);
                        if let Value::Scalar(scalar) = &member.value {
                            return Some(scalar);
                        }
                    }
                    plain &= member.name.local.starts_with('@');
                }
                if plain {
                    node.read.set(true);
                    return Some(&NOTHING);
                }
                None
            }
            Value::Holder { .. } => None,
        }
    }

    /// What is there, for whoever copies it.
    pub(crate) fn look(&self, at: At) -> Option<Seen<'_, 'a>> {
        let node = self.node(at)?;
        node.read.set(true);
        Some(match &node.value {
            Value::Scalar(scalar) => Seen::Scalar(scalar),
            Value::Holder { kind, .. } => Seen::Holder(*kind),
        })
    }

    /// The name of a node.
    pub(crate) fn name(&self, at: At) -> Option<&Name<'a>> {
        self.node(at).map(|node| &node.name)
    }

    /// Notes that a node was looked at for itself.
    pub(crate) fn mark(&self, at: At) {
        if let Some(node) = self.node(at) {
            node.read.set(true);
        }
    }

    /// Notes that all below a node need not be read.
    pub(crate) fn forgive(&self, at: At) {
        self.mark(at);
        for member in self.within(at) {
            self.forgive(member);
        }
    }

    /// The first node that holds something and was never read, as the numbers of the members on the way to it; none if all were.
    pub(crate) fn unread(&self, at: At) -> Option<Vec<At>> {
        // Nearly always all of them were, which is seen without going from one to the next.
        match self.nodes.iter().any(Node::is_unread) {
            true => self.way_to_unread(at),
            false => None,
        }
    }

    fn way_to_unread(&self, at: At) -> Option<Vec<At>> {
        if self.node(at)?.is_unread() {
            return Some(vec![at]);
        }
        self.within(at).find_map(|member| {
            let mut way = self.way_to_unread(member)?;
            way.insert(0, at);
            Some(way)
        })
    }
}

impl Node<'_> {
    /// Nothing is lost with what says nothing.
    fn is_unread(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => !self.read.get() && *scalar != Scalar::Null,
            Value::Holder { .. } => false,
        }
    }
}

/// What is at a node.
pub(crate) enum Seen<'t, 'a> {
    Scalar(&'t Scalar<'a>),
    Holder(Kind),
}

/// What the outermost of a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// The value itself.
    Plain,
    /// The value itself, of JSON that we wrote: no member is there twice.
    Ours,
    /// A document, with the outermost element in it.
    Xml,
}

const NOTHING: Scalar<'static> = Scalar::Text(Cow::Borrowed(""));

impl Open {
    fn of(at: At) -> Self {
        Self {
            at,
            last: 0,
            members: 0,
        }
    }
}

fn holder(name: Name<'_>, kind: Kind) -> Node<'_> {
    Node {
        name,
        value: Value::Holder { kind, first: 0 },
        next: 0,
        hint: Cell::new(0),
        read: Cell::new(false),
    }
}

fn link(nodes: &mut [Node<'_>], place: At, last: At, at: At) {
    let index = |at: At| usize::try_from(at).unwrap_or(usize::MAX);
    if last != 0 {
        if let Some(last) = nodes.get_mut(index(last)) {
            last.next = at;
        }
    } else if let Some(Node {
        value: Value::Holder { first, .. },
        ..
    }) = nodes.get_mut(index(place))
    {
        *first = at;
    }
}

/// No member of an object may stand there twice.
fn close(nodes: &[Node<'_>], done: &Open) -> Result<(), &'static str> {
    let node = usize::try_from(done.at).ok().and_then(|at| nodes.get(at));
    let Some(Node {
        value: Value::Holder {
            kind: Kind::Object,
            first,
        },
        ..
    }) = node
    else {
        return Ok(());
    };
    let get = |at: At| {
        let node = nodes.get(usize::try_from(at).ok()?);
        node.filter(|_| at != 0)
    };
    let members = std::iter::successors(get(*first), |node| get(node.next));
    let names = members.map(|node| &*node.name.local);
    match stands_twice(names, done.members) {
        true => Err("a member stands there twice"),
        false => Ok(()),
    }
}
