//! Which record format a file has, and what happened to it on its way: what fits, what does not and why.
//!
//! In: the beginning of a file, its size, and perhaps the layout of its records. Out: [`Detected`]: a [`Candidate`] for
//! each record format, the best first, [`Finding`]s of damage, and a guess at the code page. Candidates are followed
//! through the whole sample and their records decoded; nothing here is acted on, it is for a person to read. Never
//! reads a file itself; memory is bounded by the sample and one record.
//!
//! What is looked for is what goes wrong in the first week: FTP leaves descriptor words out unless told otherwise,
//! Connect:Direct with RECFM=U sends BDWs too, text mode translates packed fields and destroys them.

mod advice;
mod damage;
mod judge;
mod length;
mod page;
mod period;
mod signature;
mod trial;
mod try_all;

use std::fmt;
use std::sync::Arc;

pub use self::page::PageGuess;
pub use self::signature::Container;
use crate::charset::CodePage;
use crate::frame::Framing;
use crate::layout::Layout;

/// The beginning of a file.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'s> {
    /// Its first bytes.
    pub bytes: &'s [u8],
    /// Bytes of the whole file; `None` when that is not known, as of a pipe longer than the sample.
    pub size: Option<u64>,
}

impl Sample<'_> {
    /// How much of a large file is worth reading: 8 MiB.
    pub const BYTES: usize = 8 << 20;

    /// Whether this is all of the file.
    pub fn is_whole(&self) -> bool {
        self.size == u64::try_from(self.bytes.len()).ok()
    }
}

/// Which family of code pages the text of a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// EBCDIC: what a mainframe writes.
    Ebcdic,
    /// ASCII and what grew from it.
    Ascii,
    /// There is too little text to tell.
    Unknown,
}

/// How well a record format fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The file is of this format; with a copybook, its records decode.
    Fits,
    /// It is, but for its last record, which is cut.
    Cut,
    /// Its descriptor words hold to the end, but the records do not decode: the copybook is another one's.
    Frames,
    /// It is not.
    No,
}

impl Fit {
    /// One word for tables.
    pub const fn name(self) -> &'static str {
        match self {
            Fit::Fits => "fits",
            Fit::Cut => "cut",
            Fit::Frames => "frames only",
            Fit::No => "no",
        }
    }
}

/// A record format that was tried.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// How the file would be cut; its `Display` is what `record_format` wants.
    pub framing: Framing,
    /// How well that fits.
    pub fit: Fit,
    /// Records found in the sample.
    pub records: u64,
    /// How many of them were decoded to see whether they do; 0 without a copybook.
    pub tried: u64,
    /// How many of those did.
    pub decoded: u64,
    /// What speaks for or against it, for a person.
    pub reason: String,
}

/// Something that happened to a file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// There is nothing in it.
    Empty,
    /// It is a container: compressed or an archive.
    Container(Container),
    /// Descriptor words were left out in transfer: only what is in the records tells where they end.
    RdwStripped {
        /// Records that could be told apart by content.
        records: u64,
        /// Whether that went to the end of the sample; otherwise it is a guess.
        sure: bool,
    },
    /// Text was translated to ASCII, and packed fields with it.
    PackedTranslated {
        /// Packed fields that do not decode.
        broken: u64,
        /// Packed fields that were looked at.
        packed: u64,
    },
    /// Line ends were put behind records of a fixed length.
    LineEndsInserted {
        /// Their bytes.
        bytes: Vec<u8>,
    },
    /// Records seem to have another length than the copybook's.
    OtherLength {
        /// Bytes of a record by the file.
        looks: u32,
        /// Bytes of a record by the copybook.
        copybook: u32,
    },
    /// The last record is not all there.
    Truncated(String),
    /// Bytes of another kind of file in front.
    ByteOrderMark(&'static str),
}

impl Finding {
    /// A short stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Finding::Empty => "empty",
            Finding::Container(_) => "container",
            Finding::RdwStripped { .. } => "rdw-stripped",
            Finding::PackedTranslated { .. } => "packed-translated",
            Finding::LineEndsInserted { .. } => "line-ends-inserted",
            Finding::OtherLength { .. } => "other-length",
            Finding::Truncated(_) => "truncated",
            Finding::ByteOrderMark(_) => "byte-order-mark",
        }
    }
}

/// What a file looks like.
#[derive(Debug, Clone)]
pub struct Detected {
    /// What its text is written in.
    pub side: Side,
    /// Which code pages its letters speak for.
    pub page: Option<PageGuess>,
    /// Record formats, the best first; none for a file that is empty or a container.
    pub candidates: Vec<Candidate>,
    /// What happened to it.
    pub findings: Vec<Finding>,
}

impl Detected {
    /// The format the file has, if one fits.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates
            .first()
            .filter(|best| matches!(best.fit, Fit::Fits | Fit::Cut))
    }

    /// Whether the file can be read as it is: a format fits, whole, and nothing was destroyed.
    pub fn is_sound(&self) -> bool {
        self.best().is_some_and(|best| best.fit == Fit::Fits)
            && self
                .findings
                .iter()
                .all(|finding| matches!(finding, Finding::LineEndsInserted { .. }))
    }
}

/// Looks at the beginning of a file. `layouts` are of one copybook in the code pages to be tried: that of the data, and
/// one of the ASCII side for files that were translated. Without any, only the borders of records are looked at.
pub fn detect(sample: Sample<'_>, layouts: &[Arc<Layout>]) -> Detected {
    let mut detected = Detected {
        side: Side::Unknown,
        page: None,
        candidates: Vec::new(),
        findings: Vec::new(),
    };
    if sample.bytes.is_empty() {
        detected.findings.push(Finding::Empty);
        return detected;
    }
    if let Some(container) = signature::container(sample.bytes) {
        detected.findings.push(Finding::Container(container));
        return detected;
    }
    if let Some(mark) = signature::byte_order_mark(sample.bytes) {
        detected.findings.push(Finding::ByteOrderMark(mark));
    }
    detected.side = page::side(sample.bytes);
    let layout = of_side(layouts, detected.side);
    detected.candidates = try_all::candidates(sample, layout, &mut detected.findings);
    damage::look(sample, layouts, &mut detected);
    detected.page = page::guess(sample.bytes, detected.side);
    detected
}

/// The layout in a code page of that side; the first one where that makes no difference.
fn of_side(layouts: &[Arc<Layout>], side: Side) -> Option<&Arc<Layout>> {
    let wanted = |page: CodePage| match side {
        Side::Ebcdic => page.is_ebcdic(),
        Side::Ascii => !page.is_ebcdic(),
        Side::Unknown => true,
    };
    layouts
        .iter()
        .find(|layout| wanted(layout.code_page()))
        .or(layouts.first())
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Ebcdic => "EBCDIC",
            Side::Ascii => "ASCII",
            Side::Unknown => "no text to speak of",
        })
    }
}
