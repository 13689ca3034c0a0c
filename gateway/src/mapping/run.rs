//! A program run over one message. Pure.
//!
//! In: a body, and what of the request's head rules may read. Out: the body in the other form, all of it, or the first reason why
//! not, with the place in what was read, the field, and nothing of the message's contents.

mod found;
mod list;
mod read;
mod record;
mod write;

use http::HeaderMap;
use parsers::Step;

use self::found::Found;
use super::event::{Kind, Scalar};
use super::program::{Format, Missing, Op, Program, Put, Target, Unread, When};
use super::sink::{FormSink, JsonSink, Sink, XmlSink};
use super::tree::{At, Seen, Tree};
use super::way::Way;
use crate::route::PathParams;
use crate::transcode::TranscodeError;

/// What rules may read besides the body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'r> {
    /// The parameters of the route's path.
    pub params: Option<&'r PathParams>,
    /// The head's fields.
    pub headers: Option<&'r HeaderMap>,
    /// The request's query.
    pub query: Option<&'r str>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// A body.
    Body(Vec<u8>),
    /// The query of a request without a body.
    Query(String),
}

impl Program {
    /// Makes the one of the other.
    ///
    /// # Errors
    /// The message cannot be read, something in it is missing, does not fit or would be lost.
    pub fn run(&self, body: &[u8], around: &Around<'_>) -> Result<Made, TranscodeError> {
        self.read(body, around, |tree, scope| {
            let made = self.write(tree, scope, around, body.len())?;
            if self.unread == Unread::Refuse {
                self.all_read(tree, scope)?;
            }
            Ok(made)
        })
    }

    fn write(
        &self,
        tree: &Tree<'_>,
        scope: At,
        around: &Around<'_>,
        room: usize,
    ) -> Result<Made, TranscodeError> {
        let whole = 0..self.ops.len();
        let mut run = Run::new(self, tree, around);
        Ok(match &self.to {
            Format::Json => {
                let mut sink = JsonSink::new(room.saturating_mul(2));
                run.object(whole, scope, &mut sink)?;
                Made::Body(sink.into_bytes())
            }
            Format::Xml | Format::Soap(_) => {
                let soap = match self.to {
                    Format::Soap(soap) => Some(soap),
                    _ => None,
                };
                let room = room.saturating_mul(2);
                let mut sink = XmlSink::new(room, self.declared.clone(), soap);
                run.object(whole, scope, &mut sink)?;
                Made::Body(sink.into_bytes())
            }
            Format::Form => {
                let mut sink = FormSink::default();
                run.object(whole, scope, &mut sink)?;
                Made::Body(sink.into_text().into_bytes())
            }
            Format::Query => {
                let mut sink = FormSink::default();
                run.object(whole, scope, &mut sink)?;
                Made::Query(sink.into_text())
            }
            Format::Record(layout) => Made::Body(run.record(layout, whole, scope)?),
            Format::Records(parts) => {
                let mut out = Vec::with_capacity(room);
                for part in parts {
                    run.part(part, scope, &mut out)?;
                }
                Made::Body(out)
            }
        })
    }
}

/// One run over one message.
struct Run<'p, 't, 'a> {
    program: &'p Program,
    tree: &'t Tree<'a>,
    around: &'t Around<'t>,
    /// Objects that begin once something is put into them, outermost first.
    pending: Vec<&'p Target>,
    /// The lists we are in, outermost first, and which item.
    trail: Vec<(&'p Way, usize)>,
    /// Texts must be such that XML can say them.
    plain_xml: bool,
    /// Room for the steps of one record, and then of the next.
    steps: Vec<Step<'t>>,
}

type Ops = std::ops::Range<usize>;

impl<'p, 't, 'a> Run<'p, 't, 'a>
where
    'p: 't,
{
    fn new(program: &'p Program, tree: &'t Tree<'a>, around: &'t Around<'t>) -> Self {
        Self {
            program,
            tree,
            around,
            pending: Vec::new(),
            trail: Vec::new(),
            plain_xml: matches!(program.to, Format::Xml | Format::Soap(_)),
            steps: Vec::new(),
        }
    }

    fn object<S: Sink<'t>>(
        &mut self,
        ops: Ops,
        scope: At,
        sink: &mut S,
    ) -> Result<(), TranscodeError> {
        self.tree.mark(scope);
        sink.open(None);
        self.ops(ops, scope, sink)?;
        sink.close();
        Ok(())
    }

    fn ops<S: Sink<'t>>(
        &mut self,
        ops: Ops,
        scope: At,
        sink: &mut S,
    ) -> Result<(), TranscodeError> {
        let program = self.program;
        let mut at = ops.start;
        while let Some(op) = program.ops.get(at).filter(|_| at < ops.end) {
            at += 1;
            match op {
                Op::Open(target) => self.pending.push(target),
                Op::Close => {
                    if self.pending.pop().is_none() {
                        sink.close();
                    }
                }
                Op::Put(put) => self.put(put, Some(&put.target), scope, sink)?,
                Op::Each(each) => {
                    self.each(each, at..each.end, scope, sink)?;
                    at = each.end;
                }
            }
        }
        Ok(())
    }

    fn begin<S: Sink<'t>>(&mut self, sink: &mut S) {
        for target in self.pending.drain(..) {
            sink.open(Some(target));
        }
    }

    fn holds(&self, when: Option<&When>, scope: At) -> bool {
        when.is_none_or(|when| {
            let node = self.tree.find(scope, &when.way);
            let value = node.and_then(|node| self.tree.scalar(node));
            when.test.holds(value.and_then(Scalar::text))
        })
    }

    /// By the first rule that holds and has something.
    fn put<S: Sink<'t>>(
        &mut self,
        put: &'p Put,
        target: Option<&'p Target>,
        scope: At,
        sink: &mut S,
    ) -> Result<(), TranscodeError> {
        for rule in &put.rules {
            let there = |way: &Way| self.tree.find(scope, way).is_some();
            if !rule.of_record.as_ref().is_none_or(there) || !self.holds(rule.when.as_ref(), scope)
            {
                continue;
            }
            match self.found(put, rule, scope)? {
                Found::Nothing => match &rule.missing {
                    Missing::Omit => {}
                    Missing::Default(scalar) => {
                        self.begin(sink);
                        sink.put(target, scalar);
                        return Ok(());
                    }
                    Missing::Refuse => return Err(self.fault(put, rule, "it is missing")),
                },
                Found::Whole(at) => {
                    self.begin(sink);
                    self.copy(at, target, sink);
                    return Ok(());
                }
                Found::Scalar(scalar) => {
                    self.begin(sink);
                    sink.made(target, scalar);
                    return Ok(());
                }
                Found::Same(scalar) => {
                    self.begin(sink);
                    sink.put(target, scalar);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What is at a node, as it is.
    fn copy<S: Sink<'t>>(&self, at: At, target: Option<&Target>, sink: &mut S) {
        match self.tree.look(at) {
            None => {}
            Some(Seen::Scalar(scalar)) => sink.put(target, scalar),
            Some(Seen::Holder(Kind::List)) => {
                sink.list(target);
                for item in self.tree.within(at) {
                    self.copy(item, None, sink);
                }
                sink.close();
            }
            Some(Seen::Holder(_)) => {
                sink.open(target);
                for member in self.tree.within(at) {
                    let name = self.tree.name(member).map_or("", |name| &*name.local);
                    let target = Target::new(name, None);
                    self.copy(member, Some(&target), sink);
                }
                sink.close();
            }
        }
    }
}
