//! REPLACING and REPLACE: text words changed for others.
//!
//! In: source, and the operands as they are written. Out: source; what is put in stands at the place of what it
//! replaced. Replaced text is not looked at again. Enterprise COBOL Language Reference, "COPY statement",
//! "Replacement and comparison rules", and "REPLACE statement".

use super::piece::{Kind, Piece, Walk, pieces};
use super::source::Source;

/// `operand-1 BY operand-2`.
#[derive(Debug, Clone)]
pub(super) struct Replacement {
    how: How,
    /// The text words to find, blanks left out.
    pattern: Vec<String>,
    by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Whole,
    Leading,
    Trailing,
}

/// What is wrong with operands: message and the offset in the text.
pub(super) type Bad = (usize, &'static str);

/// The operands of REPLACING or REPLACE, up to the period, which is not taken.
pub(super) fn operands(source: &Source, walk: &mut Walk<'_>) -> Result<Vec<Replacement>, Bad> {
    let text = source.text.as_str();
    let mut found = Vec::new();
    loop {
        walk.skip_space();
        if walk.at_period() || walk.peek().is_none() {
            break;
        }
        let how = if walk.take_word(&["LEADING"]) {
            How::Leading
        } else if walk.take_word(&["TRAILING"]) {
            How::Trailing
        } else {
            How::Whole
        };
        walk.skip_space();
        let offset = walk.offset();
        let from = operand(text, walk, true)?;
        let pattern: Vec<String> = pieces(&from)
            .iter()
            .filter(|piece| piece.kind != Kind::Space)
            .filter_map(|piece| from.get(piece.range.clone()).map(str::to_owned))
            .collect();
        if pattern.is_empty() {
            return Err((
                offset,
                "wanted text to replace: pseudo-text before BY may not be empty",
            ));
        }
        if !walk.take_word(&["BY"]) {
            walk.skip_space();
            return Err((walk.offset(), "wanted `BY` and what to put in its place"));
        }
        let by = operand(text, walk, false)?;
        found.push(Replacement { how, pattern, by });
    }
    if found.is_empty() {
        return Err((
            walk.offset(),
            "wanted what to replace, such as `==:TAG:== BY ==CUST==`",
        ));
    }
    Ok(found)
}

/// Pseudo-text, or a literal, a word, or an identifier with its qualifiers.
fn operand(text: &str, walk: &mut Walk<'_>, before_by: bool) -> Result<String, Bad> {
    walk.skip_space();
    let start = walk.offset();
    if walk
        .peek()
        .is_some_and(|(piece, _)| piece.kind == Kind::Pseudo)
    {
        walk.advance();
        let from = walk.offset();
        while let Some((piece, _)) = walk.peek() {
            walk.advance();
            if piece.kind == Kind::Pseudo {
                return Ok(text
                    .get(from..piece.range.start)
                    .unwrap_or_default()
                    .trim()
                    .to_owned());
            }
        }
        return Err((start, "this pseudo-text has no end: wanted `==`"));
    }
    let missing = (start, "wanted pseudo-text, a word or a literal");
    let (range, _) = walk.name().ok_or(missing)?;
    let mut end = range.end;
    let is_by = |walk: &mut Walk<'_>| {
        let at = walk.at;
        let by = walk.take_word(&["BY"]);
        walk.at = at;
        by
    };
    if before_by {
        // An identifier: qualifiers and subscripts up to BY.
        while !is_by(walk) {
            walk.skip_space();
            if walk.at_period() {
                break;
            }
            let Some((range, _)) = walk.name() else { break };
            end = range.end;
        }
    } else {
        while walk.take_word(&["OF", "IN"]) {
            let Some((range, _)) = walk.name() else { break };
            end = range.end;
        }
    }
    Ok(text.get(range.start..end).unwrap_or_default().to_owned())
}

/// `source` with the replacements made.
pub(super) fn apply(source: &Source, replacements: &[Replacement]) -> Source {
    let text = source.text.as_str();
    let pieces = pieces(text);
    let mut out = Source::beside(source);
    let mut at = 0usize;
    let mut kept = 0usize;
    while let Some(piece) = pieces.get(at) {
        let rest = pieces.get(at..).unwrap_or_default();
        let found = (piece.kind != Kind::Space)
            .then(|| replacements.iter().find_map(|one| one.found(text, rest)))
            .flatten();
        let Some(found) = found else {
            at = at.saturating_add(1);
            continue;
        };
        let place = source.span(found.start, found.end.saturating_sub(found.start));
        out.append(source, kept..found.start);
        out.stand_in(place, found.by);
        kept = found.end;
        at = at.saturating_add(found.pieces);
        if out.text.len() > super::expand::MOST_TEXT {
            // Whoever expands sees that there is too much.
            return out;
        }
        // What follows a partial word is kept with the next piece.
        if let Some(piece) = pieces.get(at.saturating_sub(1)) {
            out.append(source, kept..piece.range.end.max(kept));
            kept = piece.range.end.max(kept);
        }
    }
    out.append(source, kept..text.len());
    out
}

/// Bytes of the text that are replaced, over how many pieces, and by what.
struct Found<'r> {
    start: usize,
    end: usize,
    pieces: usize,
    by: &'r str,
}

impl Replacement {
    fn found(&self, text: &str, rest: &[Piece]) -> Option<Found<'_>> {
        let first = rest.first()?;
        if let (How::Leading | How::Trailing, [part]) = (self.how, self.pattern.as_slice()) {
            let word = text.get(first.range.clone())?;
            let cut = match self.how {
                How::Leading => 0,
                _ => word.len().checked_sub(part.len())?,
            };
            let end = cut.checked_add(part.len())?;
            return word
                .get(cut..end)
                .is_some_and(|found| found.eq_ignore_ascii_case(part))
                .then(|| Found {
                    start: first.range.start.saturating_add(cut),
                    end: first.range.start.saturating_add(end),
                    pieces: 1,
                    by: &self.by,
                });
        }
        let mut taken = 0usize;
        let mut end = first.range.start;
        for wanted in &self.pattern {
            let mut piece = rest.get(taken)?;
            while piece.kind == Kind::Space {
                taken = taken.saturating_add(1);
                piece = rest.get(taken)?;
            }
            let word = text.get(piece.range.clone())?;
            let same = match piece.kind {
                Kind::Literal => word == wanted,
                _ => word.eq_ignore_ascii_case(wanted),
            };
            if !same {
                return None;
            }
            taken = taken.saturating_add(1);
            end = piece.range.end;
        }
        Some(Found {
            start: first.range.start,
            end,
            pieces: taken,
            by: &self.by,
        })
    }
}
