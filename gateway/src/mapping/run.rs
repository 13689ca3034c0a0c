//! A program run over one message. Pure.
//!
//! In: a body, and what of the request's head rules may read. Out: the body in the other form, all of it, or the first reason why
//! not, with the place in what was read, the field, and nothing of the message's contents.

mod read;
mod write;

use http::HeaderMap;
use parsers::Layout;

use super::event::{Kind, Scalar};
use super::program::{Each, Format, Missing, Op, Part, Program, Put, Rule, Source, Unread, When};
use super::sink::{FormSink, JsonSink, Sink, XmlSink};
use super::tree::{At, Seen, Tree};
use super::value;
use super::way::Way;
use crate::route::PathParams;
use crate::route::table::parameters;
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
        let mut run = Run {
            program: self,
            tree,
            around,
            pending: Vec::new(),
            trail: Vec::new(),
            plain_xml: matches!(self.to, Format::Xml | Format::Soap(_)),
        };
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
    pending: Vec<&'p super::program::Target>,
    /// The lists we are in, outermost first, and which item.
    trail: Vec<(&'p Way, usize)>,
    /// Texts must be such that XML can say them.
    plain_xml: bool,
}

type Ops = std::ops::Range<usize>;

impl<'p, 't> Run<'p, 't, '_>
where
    'p: 't,
{
    fn object<S: Sink>(&mut self, ops: Ops, scope: At, sink: &mut S) -> Result<(), TranscodeError> {
        self.tree.mark(scope);
        sink.open(None);
        self.ops(ops, scope, sink)?;
        sink.close();
        Ok(())
    }

    /// One record, by way of the JSON that its layout reads.
    fn record(&mut self, layout: &Layout, ops: Ops, scope: At) -> Result<Vec<u8>, TranscodeError> {
        let mut sink = JsonSink::new(layout.max_len().saturating_mul(2).min(1 << 20));
        self.object(ops.clone(), scope, &mut sink)?;
        let most = u32::try_from(layout.max_len()).unwrap_or(u32::MAX);
        layout
            .read_json_within(&sink.into_bytes(), most)
            .map_err(|error| {
                let told = TranscodeError::unfit(layout, &error);
                match self.place_of(error.path(), ops) {
                    Some(pointer) => told.at(pointer),
                    None => told,
                }
            })
    }

    /// The records of one part.
    fn part(&mut self, part: &'p Part, scope: At, out: &mut Vec<u8>) -> Result<(), TranscodeError> {
        if !self.holds(part.when.as_ref(), scope) {
            return Ok(());
        }
        let Some(way) = &part.each else {
            out.extend(self.record(&part.layout, part.ops.clone(), scope)?);
            return Ok(());
        };
        for (index, item) in self
            .items(way, scope, part.optional)?
            .into_iter()
            .enumerate()
        {
            self.trail.push((way, index));
            out.extend(self.record(&part.layout, part.ops.clone(), item)?);
            self.trail.pop();
        }
        Ok(())
    }

    fn ops<S: Sink>(&mut self, ops: Ops, scope: At, sink: &mut S) -> Result<(), TranscodeError> {
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

    fn begin<S: Sink>(&mut self, sink: &mut S) {
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
    fn put<S: Sink>(
        &mut self,
        put: &'p Put,
        target: Option<&'p super::program::Target>,
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
                    sink.put(target, &scalar);
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

    // Here and in what it calls a value would be copied several times on its way: half of what a value costs.
    #[inline(always)]
    fn found(&self, put: &'p Put, rule: &'p Rule, scope: At) -> Result<Found<'t>, TranscodeError> {
        let given: Scalar<'t> = match &rule.source {
            Source::Constant(scalar) => return Ok(Found::Scalar(scalar.borrowed())),
            Source::Count(way) => {
                let count = self.items(way, scope, true)?.len();
                return Ok(Found::Scalar(Scalar::Number(count.to_string().into())));
            }
            Source::Way(way) => match self.tree.find(scope, way) {
                None => return Ok(Found::Nothing),
                Some(at) => match self.tree.scalar(at) {
                    Some(scalar) if !self.plain_xml && value::stays(rule, scalar) => {
                        return Ok(Found::Same(scalar));
                    }
                    Some(scalar) => scalar.borrowed(),
                    None if rule.want == super::program::Want::Any && put.copies => {
                        return Ok(Found::Whole(at));
                    }
                    None => return Err(self.fault(put, rule, "wanted one value")),
                },
            },
            Source::Param(name) => {
                let found = self.around.params.and_then(|params| params.get(name));
                match found {
                    Some(text) => Scalar::Text(text),
                    None => return Ok(Found::Nothing),
                }
            }
            Source::Header(name) => {
                let found = self.around.headers.and_then(|headers| headers.get(name));
                match found.map(|value| std::str::from_utf8(value.as_bytes())) {
                    Some(Ok(text)) => Scalar::Text(text.into()),
                    Some(Err(_)) => return Err(self.fault(put, rule, "wanted UTF-8")),
                    None => return Ok(Found::Nothing),
                }
            }
            Source::Query(name) => {
                let query = self.around.query.unwrap_or_default();
                let found = parameters(query).find(|(given, _)| **given == *name.as_bytes());
                match found.map(|(_, value)| String::from_utf8(value.into_owned())) {
                    Some(Ok(text)) => Scalar::Text(text.into()),
                    Some(Err(_)) => return Err(self.fault(put, rule, "wanted UTF-8")),
                    None => return Ok(Found::Nothing),
                }
            }
        };
        if given == Scalar::Null {
            let is_value = put.nulls && !matches!(rule.missing, Missing::Default(_));
            return Ok(match is_value {
                true => Found::Scalar(Scalar::Null),
                false => Found::Nothing,
            });
        }
        let made = value::made(rule, given).map_err(|reason| self.fault(put, rule, reason))?;
        if self.plain_xml && !made.text().is_none_or(super::sink::is_of_xml) {
            return Err(self.fault(put, rule, "a character that XML does not have"));
        }
        Ok(Found::Scalar(made))
    }

    /// What is at a node, as it is.
    fn copy<S: Sink>(&self, at: At, target: Option<&super::program::Target>, sink: &mut S) {
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
                    let target = super::program::Target::new(name, None);
                    self.copy(member, Some(&target), sink);
                }
                sink.close();
            }
        }
    }

    fn items(&self, way: &Way, scope: At, optional: bool) -> Result<Vec<At>, TranscodeError> {
        if let Some(items) = self.tree.all(scope, way) {
            return Ok(items);
        }
        let there = self.tree.find(scope, way);
        let null = there.is_some_and(|at| self.tree.scalar(at) == Some(&Scalar::Null));
        let reason = match there {
            Some(_) if !null => "wanted a list",
            // Elements and parameters are there as often as they are: no time is a list of none.
            _ if optional || !matches!(self.program.from, Format::Json) => return Ok(Vec::new()),
            _ => "it is missing",
        };
        Err(TranscodeError::mapping(reason).at(self.pointer(way.as_str())))
    }

    fn each<S: Sink>(
        &mut self,
        each: &'p Each,
        ops: Ops,
        scope: At,
        sink: &mut S,
    ) -> Result<(), TranscodeError> {
        if !self.holds(each.when.as_ref(), scope) {
            return Ok(());
        }
        let mut items = self
            .items(&each.way, scope, each.optional)
            .map_err(|error| error.of_field(each.field.as_deref()))?;
        if let Some(limit) = &each.limit {
            let count = self.tree.find(scope, limit);
            let count = count
                .and_then(|at| self.tree.scalar(at))
                .and_then(Scalar::text);
            let count = count.and_then(|text| text.parse::<usize>().ok());
            let Some(count) = count.filter(|count| *count <= items.len()) else {
                let reason = "a count of more than the table has, or none at all";
                return Err(TranscodeError::mapping(reason).at(self.pointer(limit.as_str())));
            };
            for left in items.drain(count..) {
                self.tree.forgive(left);
            }
        }
        let most = each.most.map_or(usize::MAX, |most| {
            usize::try_from(most).unwrap_or(usize::MAX)
        });
        if items.len() > most {
            let reason = format!("a list of {}, and there is room for {most}", items.len());
            let fault = TranscodeError::mapping(reason).at(self.pointer(each.way.as_str()));
            return Err(fault.of_field(each.field.as_deref()));
        }
        self.begin(sink);
        sink.list(Some(&each.target));
        let count = items.len();
        for (index, item) in items.into_iter().enumerate() {
            self.trail.push((&each.way, index));
            match (each.plain, self.program.ops.get(ops.start)) {
                (true, Some(Op::Put(put))) => self.put(put, None, item, sink)?,
                _ => self.object(ops.clone(), item, sink)?,
            }
            self.trail.pop();
        }
        if let Some((whole, blank)) = &each.fill {
            for _ in count..usize::try_from(*whole).unwrap_or(0) {
                sink.put(None, blank);
            }
        }
        sink.close();
        Ok(())
    }
}

/// What a rule finds.
enum Found<'s> {
    Nothing,
    Scalar(Scalar<'s>),
    /// A value that stays what it is, where it stands: moving it costs more than all else.
    Same(&'s Scalar<'s>),
    /// Something with others in it, which is copied.
    Whole(At),
}
