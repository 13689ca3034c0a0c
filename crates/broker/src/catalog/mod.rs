//! What the broker must remember beside the records: topics, settings, group offsets, transactions.
//!
//! Every change is one [`Entry`]: written to the journal, then applied to the [`Image`] by the same function
//! that replays the journal at start. Nothing changes the image any other way.

mod codec;
pub(crate) mod entry;
mod image;
mod journal;

use std::io;
use std::path::Path;

pub(crate) use entry::{Committed, Entry, Phase, TopicPartition, Transaction};
pub(crate) use image::{Image, TopicEntry};
use journal::Journal;

use crate::config::Sync;
use crate::error::Result;

/// Producer ids reserved in the journal at a time.
const BLOCK: i64 = 1000;

/// The image and the journal that keeps it.
#[derive(Debug)]
pub(crate) struct Catalog {
    image: Image,
    /// `None` in memory.
    journal: Option<Journal>,
    /// Ids up to `next_producer_id` of the image are reserved; this one is the next to give out.
    producer_id: i64,
}

impl Catalog {
    /// Opens the catalog kept in `directory`, or an empty one in memory. `cluster_id` is for a new one.
    pub(crate) fn open(directory: Option<&Path>, sync: Sync, cluster_id: String) -> Result<Self> {
        let mut image = Image::default();
        let journal = match directory {
            Some(directory) => Some(Journal::open(
                &directory.join("journal"),
                sync,
                &mut |entry| image.apply(entry),
            )?),
            None => None,
        };
        let producer_id = image.next_producer_id;
        let mut catalog = Self {
            image,
            journal,
            producer_id,
        };
        if catalog.image.cluster_id.is_empty() {
            let path = directory.unwrap_or(Path::new(""));
            let begun = catalog.commit(vec![Entry::Cluster { id: cluster_id }]);
            begun.map_err(|error| crate::Error::storage("write the journal in", path, error))?;
        }
        Ok(catalog)
    }

    /// What is remembered.
    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    /// Writes the changes to the journal, then applies them. On error nothing has changed.
    pub(crate) fn commit(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(&entries)?;
        }
        for entry in entries {
            self.image.apply(entry);
        }
        Ok(())
    }

    /// Rewrites the journal when most of it is history.
    pub(crate) fn maintain(&mut self) -> io::Result<()> {
        match &mut self.journal {
            Some(journal) if journal.wants_rewrite() => journal.rewrite(&self.image.entries()),
            _ => Ok(()),
        }
    }

    /// Forces the journal to the disk.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.journal.as_ref().map_or(Ok(()), Journal::flush)
    }

    /// A producer id never given out before.
    pub(crate) fn new_producer_id(&mut self) -> io::Result<i64> {
        if self.producer_id >= self.image.next_producer_id {
            self.commit(vec![Entry::ProducerIds {
                next: self.producer_id + BLOCK,
            }])?;
        }
        let id = self.producer_id;
        self.producer_id += 1;
        Ok(id)
    }

    /// A number larger than that of every offset committed before.
    pub(crate) fn next_order(&mut self) -> u64 {
        let order = self.image.next_order;
        self.image.next_order += 1;
        order
    }
}
