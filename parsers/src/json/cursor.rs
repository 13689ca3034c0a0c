//! JSON text read forward, by one who knows what should come next.
//!
//! In: the text. Out: its parts, borrowed. Takes what RFC 8259 allows, or less: whoever meets something else reads the
//! text in another way, which also says what is wrong with it. Allocates only for strings with escapes.

use std::borrow::Cow;

use crate::codec::Run;

/// Where the reader is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor<'j> {
    rest: &'j [u8],
}

/// A number without exponent, as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits<'j> {
    pub(crate) negative: bool,
    /// Left of the point.
    pub(crate) whole: Run<'j>,
    /// Right of it.
    pub(crate) fraction: Run<'j>,
}

impl<'j> Digits<'j> {
    /// The number that a text begins with, and what follows. As text, zeros may stand in front of it.
    #[inline(always)]
    pub(crate) fn of(text: &'j [u8], as_text: bool) -> Option<(Digits<'j>, &'j [u8])> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, mut rest) = Run::of(rest)?;
        if !as_text && matches!(whole.text, [b'0', _, ..]) {
            return None;
        }
        let mut fraction = Run::NONE;
        if let [b'.', after @ ..] = rest {
            (fraction, rest) = Run::of(after)?;
        }
        let digits = Digits {
            negative,
            whole,
            fraction,
        };
        Some((digits, rest))
    }
}

impl<'j> Cursor<'j> {
    pub(crate) fn new(text: &'j [u8]) -> Cursor<'j> {
        Cursor { rest: text }
    }

    #[inline]
    pub(crate) fn blanks(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Passes one byte of structure and the blanks before it, if it is what comes next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        self.blanks();
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Whether a byte of structure comes next.
    pub(crate) fn is_before(mut self, byte: u8) -> bool {
        self.eat(byte)
    }

    /// Whether nothing is left.
    pub(crate) fn is_at_end(mut self) -> bool {
        self.blanks();
        self.rest.is_empty()
    }

    /// Passes `null`.
    #[inline]
    pub(crate) fn null(&mut self) -> bool {
        match self.rest.strip_prefix(b"null") {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Passes the name of a member, if it is the next one, up to its value. `key` is `,"NAME":`; before the `first`
    /// member of an object there is no comma.
    #[inline]
    pub(crate) fn member(&mut self, key: &[u8], first: bool) -> bool {
        let dense = key.get(usize::from(first)..).unwrap_or_default();
        if let Some((start, rest)) = self.rest.split_at_checked(dense.len())
            && same(start, dense)
        {
            self.rest = rest;
            self.blanks();
            return true;
        }
        self.spaced_member(key, first)
    }

    /// The same with blanks around the name.
    fn spaced_member(&mut self, key: &[u8], first: bool) -> bool {
        let [b',', name @ .., b':'] = key else {
            return false;
        };
        let mut at = *self;
        if !first && !at.eat(b',') {
            return false;
        }
        at.blanks();
        let Some(rest) = at.rest.strip_prefix(name) else {
            return false;
        };
        at.rest = rest;
        if !at.eat(b':') {
            return false;
        }
        at.blanks();
        *self = at;
        true
    }

    /// The name of the next member, whichever it is, up to its value.
    pub(crate) fn name(&mut self, first: bool) -> Option<Cow<'j, str>> {
        if !first && !self.eat(b',') {
            return None;
        }
        self.blanks();
        let name = self.string()?;
        if !self.eat(b':') {
            return None;
        }
        self.blanks();
        Some(name)
    }

    /// The text of a string.
    pub(crate) fn string(&mut self) -> Option<Cow<'j, str>> {
        let inner = self.rest.strip_prefix(b"\"")?;
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let end = inner.iter().position(special)?;
        if inner.get(end) == Some(&b'"') {
            let (text, rest) = inner.split_at_checked(end)?;
            self.rest = rest.get(1..)?;
            return std::str::from_utf8(text).ok().map(Cow::Borrowed);
        }
        let whole = self.skip()?;
        serde_json::from_slice(whole).ok().map(Cow::Owned)
    }

    /// Passes a value without looking into it; its text may still turn out to be none.
    pub(crate) fn skip(&mut self) -> Option<&'j [u8]> {
        let all = self.rest;
        match all.first()? {
            b'"' => self.skip_string()?,
            b'{' | b'[' => {
                let mut depth = 0usize;
                loop {
                    match self.rest.first()? {
                        b'"' => {
                            self.skip_string()?;
                            continue;
                        }
                        b'{' | b'[' => depth = depth.checked_add(1)?,
                        b'}' | b']' => depth = depth.checked_sub(1)?,
                        _ => {}
                    }
                    self.rest = self.rest.get(1..)?;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                let ends =
                    |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
                let end = all.iter().position(ends).unwrap_or(all.len());
                self.rest = all.get(end..)?;
            }
        }
        all.get(..all.len().checked_sub(self.rest.len())?)
    }

    fn skip_string(&mut self) -> Option<()> {
        self.rest = self.rest.get(1..)?;
        loop {
            let at = |byte: &u8| matches!(byte, b'"' | b'\\');
            let end = self.rest.iter().position(at)?;
            let quote = self.rest.get(end) == Some(&b'"');
            // What stands behind a backslash is no end.
            self.rest = self
                .rest
                .get(end.checked_add(if quote { 1 } else { 2 })?..)?;
            if quote {
                return Some(());
            }
        }
    }

    /// A number without exponent, as such or in a string; on `None` nothing is passed.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<Digits<'j>> {
        let (quoted, rest) = match self.rest {
            [b'"', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (digits, mut rest) = Digits::of(rest, quoted)?;
        if quoted {
            rest = rest.strip_prefix(b"\"")?;
        }
        // An exponent is left to others.
        if let [b'e' | b'E', ..] = rest {
            return None;
        }
        self.rest = rest;
        Some(digits)
    }

    /// A string whose characters a table has bytes for, each in one byte; `table` gives 0 for all others, the quotation
    /// mark among them. Gives back how many there are; on `None` nothing is passed.
    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 entries")]
    pub(crate) fn translated(&mut self, table: &[u8; 256], out: &mut [u8]) -> Option<usize> {
        let inner = self.rest.strip_prefix(b"\"")?;
        let mut len = 0usize;
        for (place, byte) in out.iter_mut().zip(inner) {
            let character = table[usize::from(*byte)];
            if character == 0 {
                break;
            }
            *place = character;
            len = len.saturating_add(1);
        }
        let rest = inner.get(len..)?;
        self.rest = rest.strip_prefix(b"\"")?;
        Some(len)
    }
}

/// Whether two texts of one length are the same, eight bytes at a time: names are too short for a call to pay.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    match (a.split_last_chunk::<8>(), b.split_last_chunk::<8>()) {
        (Some((_, last_a)), Some((_, last_b))) => {
            let (chunks_a, chunks_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
            let front = chunks_a.iter().zip(chunks_b).all(|(a, b)| a == b);
            front && last_a == last_b
        }
        _ => match (a.first_chunk::<4>(), b.first_chunk::<4>()) {
            (Some(first_a), Some(first_b)) => {
                first_a == first_b && a.last_chunk::<4>() == b.last_chunk::<4>()
            }
            _ => a == b,
        },
    }
}
