//! What a route matches: [`Match`], and which of two matches comes first. Pure.
//!
//! Precedence follows the Kubernetes Gateway API (`HTTPRouteRule.matches`): the more exact host, then the more exact
//! path, then a method, then more headers, then more query parameters; between equals the first written.

use std::cmp::{Ordering, Reverse};
use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method};

use crate::route::params::{decoded, is_name};

/// The conditions of one route; all must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The host asked for; any if none.
    pub host: Option<Host>,
    /// The path.
    pub path: Pattern,
    /// The method; any if none.
    pub method: Option<Method>,
    /// Headers that must be there with that value, each name once.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters that must be there with that value, each name once.
    pub query: Vec<(String, String)>,
}

impl Match {
    /// Whatever has that path.
    #[must_use]
    pub fn path(path: Pattern) -> Self {
        Self {
            host: None,
            path,
            method: None,
            headers: Vec::new(),
            query: Vec::new(),
        }
    }

    /// Which of two is tried first: `Less` is. `Equal` leaves it to the order in the file.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let rank = |rule: &Self| {
            let host = match &rule.host {
                Some(Host::Exact(_)) => (0, Reverse(0)),
                Some(Host::Below(suffix)) => (1, Reverse(suffix.len())),
                None => (2, Reverse(0)),
            };
            let conditions = (
                rule.method.is_none(),
                Reverse(rule.headers.len()),
                Reverse(rule.query.len()),
            );
            (host, conditions)
        };
        let ((host, conditions), (others_host, others_conditions)) = (rank(self), rank(other));
        host.cmp(&others_host)
            .then_with(|| self.path.precedence(&other.path))
            .then_with(|| conditions.cmp(&others_conditions))
    }

    /// Whether the two match the very same requests, so that the second can never be reached.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let has_all = |all: &Self, of: &Self| {
            of.headers.iter().all(|one| all.headers.contains(one))
                && of.query.iter().all(|one| all.query.contains(one))
        };
        self.host == other.host
            && self.path.same_as(&other.path)
            && self.method == other.method
            && has_all(self, other)
            && has_all(other, self)
    }
}

impl fmt::Display for Match {
    /// `POST example.com/cics/LOTI/{region} x-tran=… ?page=…`: names of headers and query parameters, with the values the file gives.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.method {
            write!(f, "{method} ")?;
        }
        if let Some(host) = &self.host {
            write!(f, "{host}")?;
        }
        write!(f, "{}", self.path)?;
        for (name, value) in &self.headers {
            write!(f, " {name}: {}", value.to_str().unwrap_or("(bytes)"))?;
        }
        for (name, value) in &self.query {
            write!(f, " ?{name}={value}")?;
        }
        Ok(())
    }
}

/// A host of a rule, in lower case, without port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// This one.
    Exact(String),
    /// Any host that ends in this, which begins with a dot; one label or more stand before it.
    Below(String),
}

impl Host {
    /// `example.com`, or `*.example.com` for every host below it.
    ///
    /// # Errors
    /// Text that is no host name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let literal = name.starts_with('[') && name.ends_with(']') && !below;
        if name.contains(':') && !literal {
            return Err(format!("wanted a host name without port, got `{text}`"));
        }
        if !literal && !name.split('.').all(label) {
            return Err(format!(
                "wanted a host name such as `erp.example.com` or `*.example.com`, got `{text}`"
            ));
        }
        let name = name.to_ascii_lowercase();
        Ok(if below {
            Self::Below(format!(".{name}"))
        } else {
            Self::Exact(name)
        })
    }

    /// Whether `host` (without port) is meant, in any case.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name.eq_ignore_ascii_case(host),
            Self::Below(suffix) => host
                .len()
                .checked_sub(suffix.len())
                .filter(|start| *start > 0)
                .and_then(|start| host.get(start..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix)),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(suffix) => write!(f, "*{suffix}"),
        }
    }
}

/// A path of a rule: `/cics/LOTI`, `/lots/{lot}`, `/erp/{*rest}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// This, percent-decoded.
    Literal(Box<[u8]>),
    /// One segment that is not empty, whatever it is.
    Parameter(Arc<str>),
    /// Everything that follows, slashes included; perhaps nothing. Only at the end.
    Rest(Arc<str>),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and the bytes of `text` that are.
    pub fn parse(text: &str) -> Result<Self, (std::ops::Range<usize>, String)> {
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

    /// The names of its parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Arc<str>> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Parameter(name) | Segment::Rest(name) => Some(name),
        })
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Which is tried first: at the first segment where they differ in kind, text comes before a parameter and a
    /// parameter before the rest. Among patterns that match the same path that is the longest text, then the fewest
    /// open places.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let kinds = |pattern: &Self| -> Vec<u8> {
            pattern
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(_) => 0,
                    Segment::Parameter(_) => 1,
                    Segment::Rest(_) => 2,
                })
                .collect()
        };
        let exact = |kinds: &[u8]| kinds.iter().all(|kind| *kind == 0);
        let (kinds, others) = (kinds(self), kinds(other));
        exact(&others)
            .cmp(&exact(&kinds))
            .then_with(|| kinds.cmp(&others))
    }

    /// Whether both match the same paths, whatever their parameters are called.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self
                .segments
                .iter()
                .zip(&other.segments)
                .all(|pair| match pair {
                    (Segment::Literal(a), Segment::Literal(b)) => a == b,
                    (Segment::Parameter(_), Segment::Parameter(_))
                    | (Segment::Rest(_), Segment::Rest(_)) => true,
                    _ => false,
                })
    }

    /// Whether the path is meant. By its own reading of the path, not the table's: the two are compared in tests.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix('/') else {
            return false;
        };
        if rest.split('/').any(is_dots) {
            return false;
        }
        let mut pieces = rest.split('/');
        for segment in &self.segments {
            match (segment, pieces.next()) {
                (Segment::Rest(_), Some(_)) => return true,
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
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{}", String::from_utf8_lossy(text)),
            Segment::Parameter(name) => write!(f, "/{{{name}}}"),
            Segment::Rest(name) => write!(f, "/{{*{name}}}"),
        })
    }
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

/// `.` and `..`, also percent-encoded. What a path with them means depends on who reads it (RFC 3986 section 5.2.4), so
/// that a request could reach on the backend what its route is not for.
pub(crate) fn is_dots(segment: &str) -> bool {
    // The longest spelling is `%2e%2e`.
    segment.len() <= 6 && matches!(&*decoded(segment), b"." | b"..")
}
