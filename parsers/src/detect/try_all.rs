//! Every record format against one file: per family the variant that does best.

use std::sync::Arc;

use super::trial::Trial;
use super::{Candidate, Finding, Fit, Sample, page, period};
use crate::copybook::Usage;
use crate::frame::{
    Blocks, FrameErrorKind, Framing, LineEnd, Pad, RecordFormat, Word, WordCounts, WordOrder,
    WordRest,
};
use crate::layout::Layout;

/// A descriptor word that departs from custom is believed from so many records on.
const ENOUGH: u64 = 3;
/// What a transfer puts behind records.
const LINE_ENDS: &[(&[u8], Option<LineEnd>)] = &[
    (b"\r\n", Some(LineEnd::CrLf)),
    (&[0x0d, 0x25], None),
    (b"\n", Some(LineEnd::Lf)),
    (&[0x15], Some(LineEnd::Nel)),
    (&[0x25], Some(LineEnd::EbcdicLf)),
    (b"\r", Some(LineEnd::Cr)),
];

/// Tries all of them; the best first.
pub(super) fn candidates(
    sample: Sample<'_>,
    layout: Option<&Arc<Layout>>,
    findings: &mut Vec<Finding>,
) -> Vec<Candidate> {
    let tried = Tried { sample, layout };
    let custom = [RecordFormat::V, RecordFormat::Vb].map(|format| tried.one(format));
    let spanned = custom.iter().any(|trial| {
        let error = trial.error.as_ref();
        error.is_some_and(|error| error.kind() == FrameErrorKind::Spanned)
    });
    let mut found: Vec<Trial> = Vec::new();
    if spanned {
        found.push(tried.one(RecordFormat::Vs));
        found.push(tried.one(RecordFormat::Vbs));
    }
    if found.iter().any(|trial| trial.fit() < Fit::No) {
        found.extend(custom);
    } else {
        found.extend(custom.into_iter().map(|custom| tried.words(custom)));
    }
    let words = found.iter().any(|trial| trial.fit() < Fit::No);
    let readable = found.iter().any(|trial| trial.fit() <= Fit::Cut);
    found.extend(tried.fixed(readable));
    found.extend(tried.lengths());
    let text = tried.text(findings);
    let no_text = text.is_none();
    found.extend(text);
    if !words {
        found.push(tried.one(RecordFormat::U { block: None }));
    }
    found.sort_by_key(Trial::rank);
    if let Some(best) = found.first().filter(|best| best.fit() == Fit::Cut)
        && let Some(error) = &best.error
    {
        findings.push(Finding::Truncated(error.without_bytes()));
    }
    let mut candidates: Vec<Candidate> =
        found.iter().map(|trial| trial.candidate(sample)).collect();
    if !spanned {
        for format in [RecordFormat::Vs, RecordFormat::Vbs] {
            candidates.push(untried(
                format,
                "there is no descriptor word of a segment of a spanned record",
            ));
        }
    }
    if no_text {
        let reason = "its bytes are not those of lines of text";
        candidates.push(untried(RecordFormat::Text, reason));
    }
    if words {
        candidates.push(untried(
            RecordFormat::U { block: None },
            "its descriptor words are those of records",
        ));
    }
    candidates
}

fn untried(format: RecordFormat, reason: &str) -> Candidate {
    Candidate {
        framing: Framing::new(format),
        fit: Fit::No,
        records: 0,
        tried: 0,
        decoded: 0,
        reason: reason.to_owned(),
    }
}

struct Tried<'t> {
    sample: Sample<'t>,
    layout: Option<&'t Arc<Layout>>,
}

impl Tried<'_> {
    fn trial(&self, framing: &Framing) -> Trial {
        Trial::of(framing, self.sample, self.layout)
    }

    fn one(&self, format: RecordFormat) -> Trial {
        self.trial(&Framing::new(format))
    }

    /// V or VB: z/OS's words, then other byte orders and ways of counting, then lengths that are off by a few bytes,
    /// then words with the length in the other half.
    fn words(&self, custom: Trial) -> Trial {
        let format = custom.framing.format;
        if custom.fit() <= Fit::Cut {
            return custom;
        }
        let usual = readings(&[0]);
        let usual = self.best(format, &usual, 1, Fit::Frames);
        if let Some(trial) = usual.filter(|trial| trial.rank() < custom.rank()) {
            return trial;
        }
        if custom.holds() {
            return custom;
        }
        let off: Vec<i32> = (-12..=12)
            .filter(|adjust| !matches!(adjust, 0 | 4))
            .collect();
        let mut off = readings(&off);
        off.retain(|word| word.counts == WordCounts::All);
        if let Some(trial) = self.best(format, &off, ENOUGH, Fit::Cut) {
            return trial;
        }
        let mut free = readings(&[0]);
        free.iter_mut().for_each(|word| word.rest = WordRest::Free);
        self.best(format, &free, ENOUGH, Fit::Cut).unwrap_or(custom)
    }

    /// The reading of descriptor words that holds through the file and does best.
    fn best(&self, format: RecordFormat, words: &[Word], least: u64, worst: Fit) -> Option<Trial> {
        let blocks: Vec<Word> = match format {
            RecordFormat::Vb => readings(&[0]),
            _ => vec![Word::default()],
        };
        let mut best: Option<Trial> = None;
        for bdw in &blocks {
            for rdw in words {
                let rest = if format == RecordFormat::Vb {
                    rdw.rest
                } else {
                    WordRest::Strict
                };
                let framing = Framing {
                    rdw: *rdw,
                    bdw: Word { rest, ..*bdw },
                    ..Framing::new(format)
                };
                let trial = self.trial(&framing);
                let better = best.as_ref().is_none_or(|best| trial.rank() < best.rank());
                if trial.records >= least && trial.fit() <= worst && better {
                    best = Some(trial);
                }
            }
        }
        best
    }

    /// F by the copybook's length, or by what the file looks like without one; and FB with BDWs.
    fn fixed(&self, readable: bool) -> Vec<Trial> {
        let Some(layout) = self.layout else {
            let len = period::guess(self.sample);
            return len
                .map(|len| self.one(RecordFormat::F { len }))
                .into_iter()
                .collect();
        };
        let Some(len) = u32::try_from(layout.max_len()).ok().filter(|len| *len > 0) else {
            return Vec::new();
        };
        let mut found = vec![self.one(RecordFormat::F { len })];
        if readable || layout.min_len() != layout.max_len() {
            return found;
        }
        let blocked = self.trial(&Framing {
            blocks: Some(Blocks::Word),
            ..Framing::new(RecordFormat::Fb { len })
        });
        found.extend((blocked.fit() <= Fit::Cut).then_some(blocked));
        found
    }

    /// Records whose length is in a field of theirs: the best of them, where lengths differ, as nothing else is read so
    /// by chance.
    fn lengths(&self) -> Option<Trial> {
        let layout = self.layout?;
        let framings = super::length::framings(self.sample, layout);
        let trials = framings.iter().map(|framing| self.trial(framing));
        trials
            .filter(|trial| trial.fit() <= Fit::Cut && trial.records >= ENOUGH)
            .filter(|trial| trial.shortest < trial.longest)
            .min_by_key(Trial::rank)
    }

    /// Lines; and records of one length with line ends behind them, whatever is in them.
    fn text(&self, findings: &mut Vec<Finding>) -> Option<Trial> {
        let bytes = self.sample.bytes;
        let ends = [
            (LineEnd::Any, b'\n'),
            (LineEnd::Cr, b'\r'),
            (LineEnd::Nel, 0x15),
            (LineEnd::EbcdicLf, 0x25),
        ];
        // In packed fields anything may look like a line end: where records have one length, that decides.
        let binary = self.layout.is_some_and(|layout| has_binary(layout));
        if binary && let Some(trial) = self.inserted(findings) {
            return Some(trial);
        }
        let mut best: Option<Trial> = None;
        for (end, byte) in ends {
            if memchr::memchr(byte, bytes).is_none() || (!binary && !page::is_text(bytes, end)) {
                continue;
            }
            let mut framing = Framing::new(RecordFormat::Text);
            framing.lines.end = end;
            let mut trial = self.trial(&framing);
            if let Some(layout) = self.layout
                && trial.fit() == Fit::No
                && trial.shortest < layout.max_len()
            {
                framing.lines.pad = u32::try_from(layout.max_len()).ok().map(|len| Pad {
                    len,
                    byte: layout.code_page().blank(),
                });
                let padded = self.trial(&framing);
                if padded.rank() < trial.rank() {
                    trial = padded;
                }
            }
            let shown = trial.fit() <= Fit::Cut || page::is_text(bytes, end);
            if shown && best.as_ref().is_none_or(|best| trial.rank() < best.rank()) {
                best = Some(trial);
            }
        }
        best
    }

    /// Records of the copybook's length with something behind each.
    fn inserted(&self, findings: &mut Vec<Finding>) -> Option<Trial> {
        let layout = self.layout?;
        let len = layout.max_len();
        for (end, line_end) in LINE_ENDS {
            let period = len.checked_add(end.len())?;
            let mut records = self.sample.bytes.chunks_exact(period);
            if records.len() == 0 || !records.all(|record| record.ends_with(end)) {
                continue;
            }
            let len = u32::try_from(len).ok()?;
            let mut framing = match line_end {
                Some(_) => Framing::new(RecordFormat::Text),
                None => Framing::new(RecordFormat::F {
                    len: u32::try_from(period).ok()?,
                }),
            };
            match line_end {
                Some(line_end) => {
                    framing.lines.fixed = Some(len);
                    framing.lines.end = *line_end;
                }
                None => framing.record.end = u32::try_from(end.len()).ok()?,
            }
            let trial = self.trial(&framing);
            if trial.fit() <= Fit::Cut {
                let bytes = end.to_vec();
                findings.push(Finding::LineEndsInserted { bytes });
                return Some(trial);
            }
        }
        None
    }
}

/// Whether any byte may be in a field.
fn has_binary(layout: &Layout) -> bool {
    layout.fields().any(|field| {
        field
            .usage()
            .is_some_and(|usage| !matches!(usage, Usage::Display))
    })
}

/// Both byte orders, both ways of counting, with these lengths added.
fn readings(adjusts: &[i32]) -> Vec<Word> {
    let mut words = Vec::new();
    for order in [WordOrder::Big, WordOrder::Little] {
        for counts in [WordCounts::All, WordCounts::Data] {
            words.extend(adjusts.iter().map(|adjust| Word {
                order,
                counts,
                adjust: *adjust,
                rest: WordRest::Strict,
            }));
        }
    }
    words
}
