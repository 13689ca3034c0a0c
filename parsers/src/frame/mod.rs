//! Data set files to records and back: record formats F, FB, V, VB, VS, VBS and U, lines of text, and records that say
//! their own length.
//!
//! In: a [`Framing`] (or a [`RecordFormat`], which is one by custom) and chunks of a file of any size. Out: [`Framed`]
//! records with their place; and by a [`Framer`] the file again. Push style: no reader inside, memory is bounded by one
//! record and the chunk. Knows nothing of fields, but for [`LengthRule`], which asks a layout.

mod deframe;
mod error;
mod explain;
mod framing;
mod length;
mod spec;
mod word;
mod write;

pub use deframe::{Deframer, Framed};
pub use error::{FrameError, FrameErrorKind};
pub use explain::explain;
pub use framing::{
    Blocks, EmptyLine, Framing, LineEnd, Lines, LongLine, Pad, Partial, RecordFormat, Skip, Word,
    WordCounts, WordOrder, WordRest,
};
pub use length::{LengthRule, LengthRuleError};
pub use spec::{FramingSpec, FramingSpecError};
pub use write::{Framer, write_record};
