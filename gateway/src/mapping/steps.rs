//! What is written into a record, as the steps that its layout reads, without JSON text in between. Pure.
//!
//! In: what a program writes. Out: [`Step`]s, which borrow the values that stay as they are. What has names that came with the message is
//! left to the [`JsonSink`](super::sink::JsonSink), of which the layout can also say what is wrong.

use std::borrow::Cow;

use parsers::Step;

use super::event::Scalar;
use super::program::Target;
use super::sink::Sink;

/// Makes steps.
#[derive(Debug)]
pub(super) struct StepSink<'t> {
    steps: Vec<Step<'t>>,
    left: bool,
}

impl<'t> StepSink<'t> {
    /// In the room of steps that were there before, with room for so many.
    pub(super) fn new(mut steps: Vec<Step<'t>>, room: usize) -> Self {
        steps.clear();
        steps.reserve(room);
        Self { steps, left: false }
    }

    /// The room of its steps.
    pub(super) fn into_room(self) -> Vec<Step<'t>> {
        self.steps
    }

    /// The steps; none where they do not say all.
    pub(super) fn steps(&self) -> Option<&[Step<'t>]> {
        (!self.left).then_some(&self.steps)
    }

    #[inline]
    fn field(&mut self, target: Option<&Target>) -> Option<u32> {
        let field = target?.field;
        self.left |= field.is_none();
        field
    }
}

impl<'t> Sink<'t> for StepSink<'t> {
    fn open(&mut self, target: Option<&Target>) {
        let field = self.field(target);
        self.steps.push(Step::object(field));
    }

    fn list(&mut self, target: Option<&Target>) {
        let field = self.field(target);
        self.steps.push(Step::list(field));
    }

    fn close(&mut self) {
        self.steps.push(Step::end());
    }

    #[inline]
    fn put(&mut self, target: Option<&Target>, scalar: &'t Scalar<'t>) {
        self.made(target, scalar.borrowed());
    }

    #[inline]
    fn made(&mut self, target: Option<&Target>, scalar: Scalar<'t>) {
        let field = self.field(target);
        self.steps.push(match scalar {
            Scalar::Text(text) => Step::text(field, text),
            Scalar::Number(text) => Step::plain(field, text),
            Scalar::Flag(true) => Step::plain(field, Cow::Borrowed("true")),
            Scalar::Flag(false) => Step::plain(field, Cow::Borrowed("false")),
            Scalar::Null => Step::plain(field, Cow::Borrowed("null")),
        });
    }
}
