//! Finds where a head ends. Looks at a prefix of what comes, so that more bytes never change what fewer have shown: a fault is
//! told as soon as its bytes are there, and a head in pieces is refused for the same fault as the whole.

use std::ops::Range;

use memchr::{memchr, memchr2};
use smallvec::SmallVec;

use crate::Limits;
use crate::refused::{self, Refused};

/// What a folded line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folds {
    /// RFC 9112 section 5.2: a server refuses it.
    Refused,
    /// And a gateway may put spaces in its place in an answer.
    Joined,
}

/// The fields of a head, as places in the bytes that were looked at.
#[derive(Debug)]
pub(crate) struct Section {
    /// Each line without its CR LF; those that were folded are one, with the CR LF in it.
    pub(crate) lines: SmallVec<[Range<u32>; 32]>,
    /// Line ends inside lines, to be made into spaces.
    pub(crate) folds: SmallVec<[u32; 1]>,
    /// Behind the empty line at the end.
    pub(crate) end: usize,
}

/// Where one line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It ends here: the place of its CR.
    Ends(usize),
    /// Its end has not come; without a CR that is still alone, it goes up to here.
    Open(usize),
    /// It is broken here: by an LF without CR, or a CR without LF.
    Broken(usize, Refused),
}

/// The line that begins at `from`, in `bytes`.
pub(crate) fn line(bytes: &[u8], from: usize) -> Line {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(at) = memchr2(b'\r', b'\n', rest) else {
        return Line::Open(bytes.len());
    };
    let end = from.saturating_add(at);
    match (rest.get(at), rest.get(at.saturating_add(1))) {
        (Some(b'\n'), _) => Line::Broken(end, refused::BARE_LF),
        (_, None) => Line::Open(end),
        (_, Some(b'\n')) => Line::Ends(end),
        (_, Some(_)) => Line::Broken(end, refused::BARE_CR),
    }
}

/// The fields from `from` to the empty line, at most `limits.head` bytes from `start` on; none if more bytes are needed.
pub(crate) fn fields(
    bytes: &[u8],
    start: usize,
    from: usize,
    limits: &Limits,
    folds: Folds,
) -> Result<Option<Section>, Refused> {
    let most = start.saturating_add(limits.head);
    let window = bytes.get(..most).unwrap_or(bytes);
    let mut section = Section {
        lines: SmallVec::new(),
        folds: SmallVec::new(),
        end: 0,
    };
    let mut at = from;
    loop {
        let end = match line(window, at) {
            Line::Ends(end) => end,
            Line::Open(_) if bytes.len() > most => return Err(refused::HEAD),
            Line::Open(_) => return Ok(None),
            Line::Broken(_, refused) => return Err(refused),
        };
        let next = end.saturating_add(2);
        if end == at {
            section.end = next;
            return Ok(Some(section));
        }
        if matches!(window.get(at), Some(b' ' | b'\t')) {
            let Some(last) = section.lines.last_mut() else {
                return Err(refused::FIRST_LINE_SPACE);
            };
            if folds == Folds::Refused {
                return Err(refused::FOLD);
            }
            let name = usize::try_from(last.start).unwrap_or(at)..at;
            if memchr(b':', window.get(name).unwrap_or_default()).is_none() {
                return Err(refused::NO_COLON);
            }
            section.folds.push(last.end);
            last.end = place(end)?;
        } else {
            if section.lines.len() >= limits.fields {
                return Err(refused::FIELDS);
            }
            section.lines.push(place(at)?..place(end)?);
        }
        at = next;
    }
}

fn place(at: usize) -> Result<u32, Refused> {
    u32::try_from(at).map_err(|_| refused::HEAD)
}
