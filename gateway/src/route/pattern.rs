//! The path of a rule: [`Pattern`]. Pure.
//!
//! In: what the file says (`/cics/LOTI`, `/lots/{lot}`, `/erp/{*rest}`, a prefix, a regular expression). Out: whether a
//! request's path is meant, and the parameters in it. Paths are compared percent-decoded, segment by segment; a regular
//! expression sees the path normalised (RFC 3986 section 6.2.2), so that `%41` and `A` are the same there too.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use regex_syntax::hir::{Hir, HirKind, Look};

use crate::route::params::{decoded, is_name};

/// The name under which the part below a prefix is known, with its slash: `/a/b`, or nothing.
pub const BELOW: &str = "below";
/// Segments of a path of a rule: the table is a tree as deep as its longest path.
const MOST_SEGMENTS: usize = 256;
/// What a compiled expression may take in memory, in bytes.
pub(crate) const LARGEST_REGEX: usize = 1 << 20;

/// A path of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
}

/// What stands between two slashes, or at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// This, percent-decoded.
    Literal(Box<[u8]>),
    /// One segment that is not empty, whatever it is.
    Parameter(Arc<str>),
    /// Everything that follows, slashes included; perhaps nothing. Only at the end.
    Rest(Arc<str>),
    /// The end of the path, or a slash and whatever follows. Only at the end.
    Below(Arc<str>),
    /// The whole path is this, segments before included: they are what it begins with in any case. Only at the end.
    Regex(PathRegex),
}

/// A regular expression that a whole path must be. Equal if its text is.
#[derive(Debug, Clone)]
pub(crate) struct PathRegex {
    text: Box<str>,
    regex: regex::Regex,
    names: Arc<[Arc<str>]>,
}

impl PartialEq for PathRegex {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathRegex {}

impl PathRegex {
    /// Whether a path, as the client wrote it, is meant.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.regex.is_match(&normal(path))
    }

    /// The named groups with what they took.
    pub(crate) fn params(&self, path: &str) -> Vec<(Arc<str>, Box<str>)> {
        let path = normal(path);
        let Some(found) = self.regex.captures(&path) else {
            return Vec::new();
        };
        let value = |name: &Arc<str>| found.name(name).map(|value| Box::from(value.as_str()));
        self.names
            .iter()
            .map(|name| (Arc::clone(name), value(name).unwrap_or_default()))
            .collect()
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and the bytes of `text` that are.
    pub fn parse(text: &str) -> Result<Self, (std::ops::Range<usize>, String)> {
        let rest = path(text)?;
        let mut segments: Vec<Segment> = Vec::new();
        let mut at = 1;
        for piece in rest.split('/') {
            let place = at..at + piece.len();
            at = place.end + 1;
            if matches!(segments.last(), Some(Segment::Rest(_))) {
                return Err((
                    place.start - 1..text.len(),
                    "nothing can follow `{*…}`, which takes the rest of the path".to_owned(),
                ));
            }
            let segment = segment(piece).map_err(|message| (place.clone(), message))?;
            if let Segment::Parameter(name) | Segment::Rest(name) = &segment
                && segments
                    .iter()
                    .any(|other| matches!(other, Segment::Parameter(other) if other == name))
            {
                return Err((place, format!("two parameters are called `{name}`")));
            }
            segments.push(segment);
        }
        Ok(Self { segments })
    }

    /// A path and everything below it: `/erp` takes `/erp`, `/erp/` and `/erp/a`, not `/erpa`.
    ///
    /// # Errors
    /// What is wrong with it, and the bytes of `text` that are.
    pub fn prefix(text: &str) -> Result<Self, (std::ops::Range<usize>, String)> {
        let rest = path(text)?.trim_end_matches('/');
        let mut segments = Vec::new();
        if !rest.is_empty() {
            let trimmed = text.get(..rest.len() + 1).unwrap_or(text);
            segments = Self::parse(trimmed)?.segments;
        }
        if let Some(Segment::Rest(_)) = segments.last() {
            let message = "a prefix takes what is below it: `{*…}` has nothing left to take";
            return Err((0..text.len(), message.to_owned()));
        }
        let named =
            |segment: &Segment| matches!(segment, Segment::Parameter(name) if **name == *BELOW);
        if segments.iter().any(named) {
            let message =
                format!("`{BELOW}` is what stands below the prefix: call the parameter otherwise");
            return Err((0..text.len(), message));
        }
        segments.push(Segment::Below(Arc::from(BELOW)));
        Ok(Self { segments })
    }

    /// A regular expression for the whole path; its named groups are parameters.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn regex(text: &str) -> Result<Self, String> {
        let whole = whole(text)?;
        let regex = regex::RegexBuilder::new(&whole)
            .size_limit(LARGEST_REGEX)
            .build()
            .map_err(|error| too_large(text, &error))?;
        let names: Vec<Arc<str>> = regex.capture_names().flatten().map(Arc::from).collect();
        // Below the last slash that every match has, so that the table finds it by hashing what comes before.
        let begins = begins(&whole);
        let mut segments: Vec<Segment> = match begins
            .strip_prefix('/')
            .and_then(|text| text.rsplit_once('/'))
        {
            Some((above, _)) => above
                .split('/')
                .map(|piece| Segment::Literal(decoded(piece).into()))
                .collect(),
            None => Vec::new(),
        };
        if segments.len() > MOST_SEGMENTS {
            return Err(too_long());
        }
        segments.push(Segment::Regex(PathRegex {
            text: text.into(),
            regex,
            names: names.into(),
        }));
        Ok(Self { segments })
    }

    /// The names of its parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Arc<str>> {
        self.segments.iter().flat_map(|segment| match segment {
            Segment::Literal(_) => [].iter(),
            Segment::Parameter(name) | Segment::Rest(name) | Segment::Below(name) => {
                std::slice::from_ref(name).iter()
            }
            Segment::Regex(regex) => regex.names.iter(),
        })
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Its expression, if it is one.
    pub(crate) fn expression(&self) -> Option<&PathRegex> {
        match self.segments.last() {
            Some(Segment::Regex(regex)) => Some(regex),
            _ => None,
        }
    }

    /// Which is tried first: at the first segment where they differ in kind, text comes before an expression, that before
    /// a parameter, and a parameter before the rest. Among patterns that match the same path that is the longest text,
    /// then the fewest open places.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let kind = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Regex(_) => 1,
            Segment::Parameter(_) => 2,
            Segment::Rest(_) => 3,
            Segment::Below(_) => 4,
        };
        let exact = |pattern: &Self| pattern.segments.iter().all(|one| kind(one) == 0);
        let kinds = self.segments.iter().map(kind);
        exact(other)
            .cmp(&exact(self))
            .then_with(|| kinds.cmp(other.segments.iter().map(kind)))
    }

    /// The same text for patterns that match the same paths, whatever their parameters are called.
    pub(crate) fn identity(&self, out: &mut String) {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => {
                    out.push('/');
                    out.push_str(&text.escape_ascii().to_string());
                }
                Segment::Parameter(_) => out.push_str("/{}"),
                Segment::Rest(_) => out.push_str("/{*}"),
                Segment::Below(_) => out.push_str("{/*}"),
                Segment::Regex(regex) => {
                    out.push('~');
                    out.push_str(&regex.text);
                }
            }
        }
    }

    /// Whether the path is meant. By its own reading of the path, not the table's: the two are compared in tests.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix('/') else {
            return false;
        };
        if segments(rest).any(is_dots) {
            return false;
        }
        if let Some(regex) = self.expression() {
            return regex.holds(path);
        }
        let mut pieces = segments(rest);
        for segment in &self.segments {
            match (segment, pieces.next()) {
                (Segment::Rest(_), Some(_)) | (Segment::Below(_), _) => return true,
                (Segment::Literal(text), Some(piece)) if **text == *decoded(piece) => {}
                (Segment::Parameter(_), Some(piece)) if !piece.is_empty() => {}
                _ => return false,
            }
        }
        pieces.next().is_none()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(regex) = self.expression() {
            return write!(f, "~{}", regex.text);
        }
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{}", String::from_utf8_lossy(text)),
            Segment::Parameter(name) => write!(f, "/{{{name}}}"),
            Segment::Rest(name) => write!(f, "/{{*{name}}}"),
            Segment::Below(_) => f.write_str("[/…]"),
            Segment::Regex(_) => Ok(()),
        })
    }
}

/// A path's text without its first slash.
fn path(text: &str) -> Result<&str, (std::ops::Range<usize>, String)> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err((
            0..text.len(),
            format!("wanted a path that begins with `/`, got `{text}`"),
        ));
    };
    if let Some(at) = text.find(['?', '#', ' ']) {
        return Err((
            at..text.len(),
            "a path has no blank, `?` or `#`; query parameters stand in `query`".to_owned(),
        ));
    }
    if text.matches('/').count() > MOST_SEGMENTS {
        return Err((0..text.len(), too_long()));
    }
    Ok(rest)
}

fn too_long() -> String {
    format!("a path of a route has at most {MOST_SEGMENTS} segments")
}

/// An expression for a whole text. What it says must be an expression by itself: `a)|(b` would leave its group.
pub(crate) fn whole(text: &str) -> Result<String, String> {
    regex_syntax::parse(text).map_err(|error| {
        let told = error.to_string();
        // The library shows the text with a caret of its own above.
        let last = told.lines().last().unwrap_or_default();
        let why = last.strip_prefix("error: ").unwrap_or(last);
        format!("`{text}` is no regular expression: {why}")
    })?;
    Ok(format!(r"\A(?:{text})\z"))
}

/// An expression that reads and cannot be built is one that takes too much.
pub(crate) fn too_large(text: &str, error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("`{text}` takes more than {} KiB once compiled", limit >> 10)
        }
        _ => format!("`{text}` is no regular expression"),
    }
}

/// What every match of an expression begins with.
fn begins(whole: &str) -> String {
    let Ok(hir) = regex_syntax::parse(whole) else {
        return String::new();
    };
    let literal = |hir: &Hir| match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok(),
        _ => None,
    };
    match hir.kind() {
        HirKind::Concat(parts) => {
            let start = |hir: &&Hir| matches!(hir.kind(), HirKind::Look(Look::Start));
            let first = parts.iter().find(|part| !start(part));
            first.and_then(literal).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// A path in one spelling: unreserved characters decoded, other escapes in capitals (RFC 3986 section 6.2.2).
pub(crate) fn normal(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let escape = after
            .get(..2)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, after.get(2..)) {
            (Some(byte), Some(tail)) => {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    out.push(char::from(byte));
                } else {
                    out.push_str(&format!("%{byte:02X}"));
                }
                rest = tail;
            }
            _ => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn segment(piece: &str) -> Result<Segment, String> {
    if is_dots(piece) {
        return Err(format!(
            "`{piece}` would never match: a path with such a segment is refused"
        ));
    }
    let Some(inner) = piece
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    else {
        if piece.contains(['{', '}']) {
            return Err(format!(
                "a parameter takes a whole segment: wanted `/{{name}}/`, got `/{piece}/`"
            ));
        }
        return Ok(Segment::Literal(decoded(piece).into()));
    };
    let (name, rest) = match inner.strip_prefix('*') {
        Some(name) => (name, true),
        None => (inner, false),
    };
    if !is_name(name) {
        return Err(format!(
            "`{piece}` is no parameter: wanted letters, digits, `_` or `-` between the braces"
        ));
    }
    Ok(if rest {
        Segment::Rest(name.into())
    } else {
        Segment::Parameter(name.into())
    })
}

/// The first segment of a path without its leading slash, and what follows the slash behind it. Segments are short: looking at each byte
/// costs less than making a searcher ready.
pub(crate) fn split_segment(path: &str) -> (&str, Option<&str>) {
    let slash = path.bytes().position(|byte| byte == b'/');
    match slash.and_then(|at| Some((path.get(..at)?, path.get(at.checked_add(1)?..)?))) {
        Some((segment, after)) => (segment, Some(after)),
        None => (path, None),
    }
}

/// The segments of a path without its leading slash; at least one.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut left = Some(path);
    std::iter::from_fn(move || {
        let (segment, after) = split_segment(left?);
        left = after;
        Some(segment)
    })
}

/// `.` and `..`, also percent-encoded, between `\` or `%2F`, with parameters (`..;x`), and with blanks or a NUL (`..%20`, `..%00x`). What a path with them means depends on who
/// reads it (RFC 3986 section 5.2.4; servlet containers take parameters off, others decode or turn `\` first; Windows takes
/// blanks off the end of a name, and to C a NUL is the end), so that a request could reach on the backend what its route is not for.
pub(crate) fn is_dots(segment: &str) -> bool {
    if !segment.bytes().any(|byte| matches!(byte, b'.' | b'%')) {
        return false;
    }
    decoded(segment)
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .filter_map(|piece| piece.split(|byte| matches!(byte, b';' | 0)).next())
        .any(|piece| {
            let dots = piece.iter().filter(|byte| **byte == b'.').count();
            let blanks = piece.iter().filter(|byte| **byte <= b' ').count();
            dots > 0 && dots + blanks == piece.len() && (dots <= 2 || blanks > 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_found_below_what_it_begins_with() {
        for (text, above) in [
            ("/lots/[A-Z]+", 1),
            ("/lots/all", 1),
            ("/lots.*", 0),
            ("/a/b/(?<c>.*)", 2),
            ("/a/b|/c", 0),
            ("(?i)/lots/x", 0),
            (".*", 0),
            ("/a/b/(c|d)/e", 2),
        ] {
            let pattern = Pattern::regex(text).unwrap();
            assert_eq!(pattern.segments.len(), above + 1, "{text}");
        }
    }

    #[test]
    fn an_expression_sees_one_spelling_of_a_path() {
        let pattern = Pattern::regex("/lots/(?<lot>[A-Z0-9%]+)").unwrap();
        for (path, holds) in [
            ("/lots/L1", true),
            ("/%6Cots/%4c1", true),
            ("/lots/L%2f1", true),
            ("/lots/L/1", false),
            ("/x/lots/L1", false),
            ("/lots/L1/", false),
            ("/lots/..", false),
        ] {
            assert_eq!(pattern.holds(path), holds, "{path}");
        }
        let regex = pattern.expression().unwrap();
        let params = regex.params("/lots/L%2f%41");
        assert_eq!(params, [(Arc::from("lot"), Box::from("L%2FA"))]);
        assert_eq!(normal("/%zz%e2%"), "/%zz%E2%");
    }

    #[test]
    fn what_is_no_expression_says_why_in_one_line() {
        for text in ["/a(", "/a[z-a]", "(?<1>x)", "\\", "a)|(b"] {
            let message = Pattern::regex(text).unwrap_err();
            assert!(message.contains("is no regular expression: "), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        let large = Pattern::regex("(a{1000}){1000}").unwrap_err();
        assert!(
            large.ends_with("takes more than 1024 KiB once compiled"),
            "{large}"
        );
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        let pattern = Pattern::prefix("/erp/").unwrap();
        for (path, holds) in [
            ("/erp", true),
            ("/erp/", true),
            ("/erp/a/b", true),
            ("/erpa", false),
            ("/er", false),
            ("/", false),
            ("/erp/../x", false),
        ] {
            assert_eq!(pattern.holds(path), holds, "{path}");
        }
        assert_eq!(pattern.to_string(), "/erp[/…]");
        let all = Pattern::prefix("/").unwrap();
        assert!(all.holds("/") && all.holds("/x") && !all.holds("*"));
        assert_eq!(all.to_string(), "[/…]");
        assert!(Pattern::prefix("/a/{*rest}").is_err());
        assert!(Pattern::prefix("/{below}").is_err());
    }
}
