//! One way of cutting a file, followed through the sample.

use std::sync::Arc;

use super::judge::Judged;
use super::{Candidate, Fit, Sample};
use crate::frame::{Deframer, FrameError, FrameErrorKind, Framing, RecordFormat, Word, WordRest};
use crate::layout::Layout;

/// Bytes pushed at once: what cannot be shows in the first of them.
const CHUNK: usize = 64 * 1024;

/// What came of it.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) framing: Framing,
    pub(super) records: u64,
    /// Bytes of the longest and the shortest record.
    pub(super) longest: usize,
    pub(super) shortest: usize,
    pub(super) judged: Judged,
    pub(super) error: Option<FrameError>,
}

impl Trial {
    /// Cuts the sample that way.
    pub(super) fn of(framing: &Framing, sample: Sample<'_>, layout: Option<&Arc<Layout>>) -> Trial {
        let mut trial = Trial {
            framing: framing.clone(),
            records: 0,
            longest: 0,
            shortest: usize::MAX,
            judged: Judged::default(),
            error: None,
        };
        let mut deframer = Deframer::new(framing.clone());
        for chunk in sample.bytes.chunks(CHUNK) {
            deframer.push(chunk);
            if !trial.take(&mut deframer, layout) {
                return trial;
            }
        }
        if sample.is_whole() {
            match deframer.finish() {
                Ok(()) => {
                    trial.take(&mut deframer, layout);
                }
                Err(error) => trial.error = Some(error),
            }
        }
        trial
    }

    fn take(&mut self, deframer: &mut Deframer, layout: Option<&Arc<Layout>>) -> bool {
        loop {
            match deframer.next() {
                Ok(Some(record)) => {
                    self.records = self.records.saturating_add(1);
                    self.longest = self.longest.max(record.bytes.len());
                    self.shortest = self.shortest.min(record.bytes.len());
                    if let Some(layout) = layout {
                        let (number, offset) = (record.record_no, record.offset);
                        self.judged.take(layout, number, offset, record.bytes);
                    }
                }
                Ok(None) => return true,
                Err(error) => {
                    self.error = Some(error);
                    return false;
                }
            }
        }
    }

    /// Whether every descriptor word up to the end of the sample is one.
    pub(super) fn holds(&self) -> bool {
        self.records > 0 && self.error.is_none()
    }

    /// Whether the file ends inside the last record, after others that were whole.
    fn is_cut(&self) -> bool {
        self.records > 1
            && self
                .error
                .as_ref()
                .is_some_and(|error| error.kind() == FrameErrorKind::Cut)
    }

    /// Whether borders are written in the file, so that finding them all is evidence of itself.
    fn has_words(&self) -> bool {
        matches!(
            self.framing.format,
            RecordFormat::V | RecordFormat::Vb | RecordFormat::Vs | RecordFormat::Vbs
        ) || (matches!(self.framing.format, RecordFormat::Fb { .. })
            && self.framing.blocks.is_some())
            || self.framing.format == (RecordFormat::U { block: None })
    }

    pub(super) fn fit(&self) -> Fit {
        let decodes = self.judged.is_good();
        match (self.holds(), self.is_cut()) {
            (true, _) if decodes => Fit::Fits,
            (_, true) if decodes => Fit::Cut,
            (true, _) if self.has_words() => Fit::Frames,
            _ => Fit::No,
        }
    }

    /// How far its descriptor words are from z/OS's, where next to nothing has to agree for them to hold: lengths that
    /// are off, or zeros that are none. Words of another order or count have zeros at fixed places.
    fn departures(&self) -> usize {
        let Framing { rdw, bdw, .. } = &self.framing;
        let loose = |word: &Word| word.rest == WordRest::Free || word.adjust != 0;
        if !loose(rdw) && !loose(bdw) {
            return 0;
        }
        let custom = Word::default();
        let of = |word: &Word| {
            let departs = [
                word.order != custom.order,
                word.counts != custom.counts,
                word.adjust != custom.adjust,
                word.rest != custom.rest,
            ];
            departs.into_iter().filter(|departs| *departs).count()
        };
        of(rdw).saturating_add(of(bdw))
    }

    /// The better of two, smaller: by fit, by records that decode, by how little is assumed, by how much had to agree
    /// for that.
    pub(super) fn rank(&self) -> (Fit, u64, usize, u8) {
        let bad = self.judged.tried.saturating_sub(self.judged.decoded);
        let per_mille = bad.saturating_mul(1000).checked_div(self.judged.tried);
        let weight = match self.framing.format {
            RecordFormat::Vbs => 0,
            RecordFormat::Vb => 1,
            RecordFormat::Vs => 2,
            RecordFormat::V => 3,
            RecordFormat::Fb { .. } if self.framing.blocks.is_some() => 4,
            RecordFormat::F { .. } | RecordFormat::Fb { .. } => 5,
            RecordFormat::Text => 6,
            RecordFormat::U { .. } | RecordFormat::Length => 7,
        };
        (
            self.fit(),
            per_mille.unwrap_or(0),
            self.departures(),
            weight,
        )
    }

    /// For or against.
    pub(super) fn reason(&self, sample: Sample<'_>) -> String {
        let judged = &self.judged;
        let records = counted(self.records, "record");
        let bad = judged.tried.saturating_sub(judged.decoded);
        let undecoded = match &judged.first {
            Some((number, offset, trouble)) if bad > 0 => format!(
                "{bad} of {} do not decode; record {} at byte {offset}: {trouble}",
                counted(judged.tried, "record"),
                number.saturating_add(1)
            ),
            _ => String::new(),
        };
        match (&self.error, self.fit()) {
            (Some(error), Fit::Cut) => format!("{records}, then {}", error.without_bytes()),
            (Some(error), Fit::No)
                if !undecoded.is_empty() && error.kind() == FrameErrorKind::Cut =>
            {
                undecoded
            }
            (Some(error), _) if self.records == 0 => error.without_bytes(),
            (Some(error), _) => format!("after {records} {}", error.without_bytes()),
            (None, _) if self.records == 0 => "no record in the sample".to_owned(),
            (None, Fit::No | Fit::Frames) => undecoded,
            (None, _) => {
                let lengths = if self.shortest == self.longest {
                    format!("of {} bytes", self.longest)
                } else {
                    format!("of {} to {} bytes", self.shortest, self.longest)
                };
                let part = if sample.is_whole() {
                    ""
                } else {
                    " in the part looked at"
                };
                let decode = match (judged.tried, bad) {
                    (0, _) => String::new(),
                    (tried, 0) if tried == self.records => ", all decode".to_owned(),
                    (tried, 0) => format!(", all {tried} tried decode"),
                    _ => format!(", {undecoded}"),
                };
                format!("{records} {lengths}{part}{decode}")
            }
        }
    }

    pub(super) fn candidate(&self, sample: Sample<'_>) -> Candidate {
        Candidate {
            framing: self.framing.clone(),
            fit: self.fit(),
            records: self.records,
            tried: self.judged.tried,
            decoded: self.judged.decoded,
            reason: self.reason(sample),
        }
    }
}

/// `1 record`, `2 records`.
pub(super) fn counted(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}
