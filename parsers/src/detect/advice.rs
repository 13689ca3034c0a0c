//! What to do about it, in sentences.

use std::fmt;

use super::trial::counted;
use super::{Detected, Finding, Fit};

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Empty => f.write_str(
                "the file is empty: if the job that wrote it failed, that says nothing of the data",
            ),
            Finding::Container(container) => {
                write!(f, "this is a {container} file: {}", container.help())
            }
            Finding::RdwStripped {
                records,
                sure: true,
            } => write!(
                f,
                "RDWs were stripped in transfer: {} follow each other and only what is in them says where they end; \
                 ask for a transfer with RDW kept (FTP: binary and `quote site rdw`)",
                counted(*records, "record")
            ),
            Finding::RdwStripped { sure: false, .. } => f.write_str(
                "there are no descriptor words: records of one length need nothing else, but if their lengths vary, RDWs \
                 were stripped in transfer; then ask for a transfer with RDW kept (FTP: binary and `quote site rdw`)",
            ),
            Finding::PackedTranslated { broken, packed } => write!(
                f,
                "packed fields were translated to ASCII ({broken} of {packed} do not decode, and text does): this file \
                 cannot be saved; ask for a binary transfer"
            ),
            Finding::LineEndsInserted { bytes } => write!(
                f,
                "a line end (X'{}') was put behind each record in transfer: it can be read so, but a binary transfer is safer",
                crate::json::hex(bytes)
            ),
            Finding::OtherLength { looks, copybook } => write!(
                f,
                "records look {looks} bytes long, and the copybook describes {copybook}: it may be another version of it"
            ),
            Finding::Truncated(how) => write!(
                f,
                "the file was cut: {how}; ask for it again, or read what is there with `partial_record = drop`"
            ),
            Finding::ByteOrderMark(kind) => write!(
                f,
                "the file begins with the byte order mark of {kind}, which no mainframe writes: something has converted it"
            ),
        }
    }
}

impl Detected {
    /// What to say first: which format the file has, or that none fits.
    pub fn verdict(&self) -> String {
        match self.candidates.first() {
            Some(best) if best.fit == Fit::Fits => format!("the file is {}", best.framing),
            Some(best) if best.fit == Fit::Cut => {
                format!("the file is {}, and was cut", best.framing)
            }
            Some(best) if best.fit == Fit::Frames => format!(
                "the file is cut as {}, but its records are not those of this copybook",
                best.framing
            ),
            Some(_) => "no record format fits".to_owned(),
            None => "there are no records to look at".to_owned(),
        }
    }
}
