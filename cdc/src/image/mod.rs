//! Images: the sorted raw records of a generation, immutable and named by their content; what every comparison of generations reads.
//!
//! In: records in any order. Out: images on disk, read forward from any key. Bounded memory whatever the size of the generation. Never decodes a record.

mod address;
mod block;
mod entry;
mod file;
mod merge;
mod read;
mod sort;
mod store;
mod view;
mod write;

pub use address::Address;
pub(crate) use entry::{Cursor, Entry, Owned, Tag};
pub(crate) use read::ImageReader;
pub(crate) use sort::{Sorted, Sorter};
pub(crate) use store::Store;
pub use view::View;
pub(crate) use view::ViewReader;
pub(crate) use write::ImageWriter;
