//! A view: what the topic shows of a source after a generation, as one sorted sequence.
//!
//! It is the generation's own image, which is a pure function of the generation's file, and beside it the records *carried* over from the generation before
//! because this one could not be read well enough to say that they changed or are gone. The parts have no key in common.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::image::entry::{Cursor, Entry};
use crate::image::merge::Merge;
use crate::image::{Address, ImageReader, Store};

/// The images a view is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The readable records of the generation.
    pub image: Address,
    /// Old records of keys whose body could not be read in this generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Address>,
    /// Old records whose keys are missing from this generation, while its deletes are held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Address>,
}

impl View {
    /// Every image of the view.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.image)
            .chain(&self.carried)
            .chain(&self.held)
    }

    /// The same view once its held deletes are done.
    pub(crate) fn without_held(&self) -> Self {
        Self {
            held: None,
            ..self.clone()
        }
    }
}

/// Reads a view in key order, from any key.
#[derive(Debug)]
pub(crate) struct ViewReader {
    parts: Merge<ImageReader>,
    entries: u64,
}

impl ViewReader {
    /// `None` reads as a view without records: there is no generation yet.
    pub(crate) fn open(store: &Store, view: Option<&View>) -> Result<Self> {
        let parts = view
            .into_iter()
            .flat_map(View::addresses)
            .map(|address| store.reader(address))
            .collect::<Result<Vec<_>>>()?;
        let entries = parts.iter().map(ImageReader::entries).sum();
        Ok(Self {
            parts: Merge::new(parts),
            entries,
        })
    }

    /// How many records the view has.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Moves so that the next entry is the first whose key is greater than `key`.
    pub(crate) fn seek_after(&mut self, key: &[u8]) -> Result<()> {
        for part in self.parts.cursors_mut() {
            part.seek_after(key)?;
        }
        self.parts.restart();
        Ok(())
    }
}

impl Cursor for ViewReader {
    fn current(&self) -> Option<Entry<'_>> {
        self.parts.current()
    }

    fn advance(&mut self) -> Result<bool> {
        self.parts.advance()
    }
}
