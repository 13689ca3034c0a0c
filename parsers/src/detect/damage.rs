//! What happened to a file that no record format fits: descriptor words left out, packed fields translated, another
//! record length.

use std::sync::Arc;

use super::judge::Look;
use super::{Detected, Finding, Fit, Sample, Side, of_side, period};
use crate::frame::RecordFormat;
use crate::layout::Layout;

/// Records looked at for translated fields.
const MOST: usize = 2_000;

/// Adds what is found.
pub(super) fn look(sample: Sample<'_>, layouts: &[Arc<Layout>], detected: &mut Detected) {
    if detected.best().is_some() {
        return;
    }
    if detected.side == Side::Ascii {
        let ascii = layouts
            .iter()
            .find(|layout| !layout.code_page().is_ebcdic());
        if let Some(finding) = ascii.and_then(|layout| translated(sample, layout)) {
            detected.findings.push(finding);
            return;
        }
    }
    // Words that hold to the end were not stripped.
    let frames = detected
        .candidates
        .iter()
        .any(|candidate| candidate.fit == Fit::Frames);
    if frames {
        return;
    }
    match of_side(layouts, detected.side) {
        Some(layout) => {
            if let Some(finding) = stripped(sample, layout) {
                detected.findings.push(finding);
            } else if let Some(finding) = other_length(sample, layout, detected) {
                detected.findings.push(finding);
            }
        }
        None if detected.side == Side::Ebcdic && sample.bytes.len() >= 64 => {
            detected.findings.push(Finding::RdwStripped {
                records: 0,
                sure: false,
            });
        }
        None => {}
    }
}

/// Records of varying length one after the other, told apart by what is in them.
fn stripped(sample: Sample<'_>, layout: &Layout) -> Option<Finding> {
    if layout.min_len() == layout.max_len() {
        return None;
    }
    let (mut rest, mut records) = (sample.bytes, 0u64);
    let mut lengths = (usize::MAX, 0);
    while !rest.is_empty() {
        let window = rest.get(..layout.max_len()).unwrap_or(rest);
        let look = Look::at(layout, window);
        let record = window.get(..look.len).unwrap_or_default();
        // The sample may end inside a record.
        if window.len() < layout.max_len() && !sample.is_whole() {
            break;
        }
        if record.len() < layout.min_len().max(1) || look.trouble(record).is_some() {
            return None;
        }
        lengths = (lengths.0.min(record.len()), lengths.1.max(record.len()));
        records = records.saturating_add(1);
        rest = rest.get(record.len()..).unwrap_or_default();
    }
    // One length for all would be F of another length.
    (records >= 2 && lengths.0 < lengths.1).then_some(Finding::RdwStripped {
        records,
        sure: true,
    })
}

/// Text that is ASCII in records whose packed fields are nonsense.
fn translated(sample: Sample<'_>, layout: &Layout) -> Option<Finding> {
    let len = layout.max_len();
    let blank = layout.code_page().blank();
    let fixed = sample.bytes.chunks(len.max(1)).take(MOST);
    let lines = sample
        .bytes
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| line.len() <= len && line.len().saturating_mul(2) > len)
        .take(MOST);
    let found = [broken(layout, fixed, blank), broken(layout, lines, blank)];
    found.into_iter().flatten().next()
}

fn broken<'s>(
    layout: &Layout,
    records: impl Iterator<Item = &'s [u8]>,
    blank: u8,
) -> Option<Finding> {
    let (mut packed, mut bad, mut others, mut others_bad) = (0u64, 0u64, 0u64, 0u64);
    let mut whole = Vec::new();
    for record in records {
        whole.clear();
        whole.extend_from_slice(record);
        whole.resize(layout.max_len(), blank);
        let look = Look::at(layout, &whole);
        packed = packed.saturating_add(u64::from(look.packed));
        bad = bad.saturating_add(u64::from(look.packed_bad));
        others = others.saturating_add(u64::from(look.others));
        others_bad = others_bad.saturating_add(u64::from(look.others_bad));
    }
    // Text and digits are right, packed fields are not.
    let text_holds = others > 0 && others_bad.saturating_mul(4) <= others;
    let destroyed = packed > 0 && bad.saturating_mul(3) >= packed;
    (text_holds && destroyed).then_some(Finding::PackedTranslated {
        broken: bad,
        packed,
    })
}

/// Records that repeat at another distance than the copybook's length.
fn other_length(sample: Sample<'_>, layout: &Layout, detected: &Detected) -> Option<Finding> {
    let copybook = u32::try_from(layout.max_len()).ok()?;
    let fixed = detected.candidates.iter().any(|candidate| {
        matches!(candidate.framing.format, RecordFormat::F { .. }) && candidate.fit == Fit::No
    });
    let looks = period::guess(sample).filter(|looks| fixed && *looks != copybook)?;
    Some(Finding::OtherLength { looks, copybook })
}
