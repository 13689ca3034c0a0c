//! Records, written: straight, or where that cannot be by way of the JSON that their layout reads.

use parsers::Layout;

use super::{Ops, Run};
use crate::mapping::program::Part;
use crate::mapping::sink::JsonSink;
use crate::mapping::steps::StepSink;
use crate::mapping::tree::At;
use crate::transcode::TranscodeError;

/// Room for so many steps is made at once; more of it as they come.
const STEPS: usize = 512;

impl<'p, 't> Run<'p, 't, '_>
where
    'p: 't,
{
    /// One record.
    pub(super) fn record(
        &mut self,
        layout: &Layout,
        ops: Ops,
        scope: At,
    ) -> Result<Vec<u8>, TranscodeError> {
        match self.straight(layout, ops.clone(), scope)? {
            Some(record) => Ok(record),
            None => self.by_json(layout, ops, scope),
        }
    }

    /// Without JSON text in between, where nothing is wrong and nothing needs a second look.
    pub(super) fn straight(
        &mut self,
        layout: &Layout,
        ops: Ops,
        scope: At,
    ) -> Result<Option<Vec<u8>>, TranscodeError> {
        let room = self.tree.len().saturating_add(ops.len());
        let mut sink = StepSink::new(std::mem::take(&mut self.steps), room.min(STEPS));
        self.object(ops, scope, &mut sink)?;
        let steps = sink.steps();
        let record = steps.and_then(|steps| layout.read_steps(steps, most(layout)));
        self.steps = sink.into_room();
        Ok(record)
    }

    /// By way of JSON, which also says what is wrong, and where.
    pub(super) fn by_json(
        &mut self,
        layout: &Layout,
        ops: Ops,
        scope: At,
    ) -> Result<Vec<u8>, TranscodeError> {
        let mut sink = JsonSink::new(layout.max_len().saturating_mul(2).min(1 << 20));
        self.object(ops.clone(), scope, &mut sink)?;
        layout
            .read_json_within(&sink.into_bytes(), most(layout))
            .map_err(|error| {
                let told = TranscodeError::unfit(layout, &error);
                match self.place_of(error.path(), ops) {
                    Some(pointer) => told.at(pointer),
                    None => told,
                }
            })
    }

    /// The records of one part.
    pub(super) fn part(
        &mut self,
        part: &'p Part,
        scope: At,
        out: &mut Vec<u8>,
    ) -> Result<(), TranscodeError> {
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
}

fn most(layout: &Layout) -> u32 {
    u32::try_from(layout.max_len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
