//! Lists: what a way leads to, item by item.

use super::{Ops, Run};
use crate::mapping::event::Scalar;
use crate::mapping::program::{Each, Format, Op};
use crate::mapping::sink::Sink;
use crate::mapping::tree::At;
use crate::mapping::way::Way;
use crate::transcode::TranscodeError;

impl<'p, 't> Run<'p, 't, '_>
where
    'p: 't,
{
    pub(super) fn items(
        &self,
        way: &Way,
        scope: At,
        optional: bool,
    ) -> Result<Vec<At>, TranscodeError> {
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

    pub(super) fn each<S: Sink<'t>>(
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
