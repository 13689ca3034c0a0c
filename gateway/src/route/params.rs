//! Parameters of a path, and the paths that are made of them. Pure.
//!
//! In: the path of a request, as the client wrote it. Out: its parameters by name. Values are kept percent-encoded, so
//! that a path made of them says what the client's said; [`PathParams::get`] decodes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The parameters of one request's path, in the order of the path. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PathParams(Option<Arc<[Named]>>);

/// A name, and its value as it stands in the path.
type Named = (Arc<str>, Box<str>);

impl PathParams {
    /// Parameters with their values as they stand in a path.
    pub fn new(raw: impl IntoIterator<Item = Named>) -> Self {
        let all: Vec<_> = raw.into_iter().collect();
        Self((!all.is_empty()).then(|| all.into()))
    }

    /// A value, percent-decoded; bytes that are no UTF-8 come as U+FFFD.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name).map(|raw| match decoded(raw) {
            Cow::Borrowed(_) => Cow::Borrowed(raw),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
    }

    /// A value as it stands in the path.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.all()
            .iter()
            .find(|(other, _)| **other == *name)
            .map(|(_, value)| &**value)
    }

    /// The names, in the order of the path.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all().iter().map(|(name, _)| &**name)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn all(&self) -> &[Named] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for PathParams {
    /// The names, never the values: they may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// A path with parameters, `/lots/{lot}`: literal text and names in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate(pub Vec<PathPart>);

/// A part of a path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPart {
    /// Text as it is.
    Literal(String),
    /// The value of a parameter of the route's own path, percent-encoded where it needs to be.
    Parameter(String),
}

impl PathTemplate {
    /// Reads `text`: `{name}` is a parameter, everything else stands as it is.
    ///
    /// # Errors
    /// A brace without its partner, or no name between them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            if literal.contains('}') {
                return Err("a `}` without its `{`".to_owned());
            }
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| "a `{` without its `}`".to_owned())?;
            if !is_name(name) {
                return Err(format!(
                    "`{{{name}}}` is no parameter: wanted letters, digits, `_` or `-` between the braces"
                ));
            }
            if !literal.is_empty() {
                parts.push(PathPart::Literal(literal.to_owned()));
            }
            parts.push(PathPart::Parameter(name.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err("a `}` without its `{`".to_owned());
        }
        if !rest.is_empty() {
            parts.push(PathPart::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            PathPart::Literal(_) => None,
            PathPart::Parameter(name) => Some(name.as_str()),
        })
    }

    /// The path for these parameters, percent-encoded as the client's; a parameter that is not there gives nothing
    /// (the resolver refuses such templates).
    #[must_use]
    pub fn fill(&self, params: &PathParams) -> String {
        self.fill_with(|name| params.raw(name).map(Cow::Borrowed))
    }

    /// The text for these parameters, decoded: for keys and other texts that are no path.
    #[must_use]
    pub fn fill_decoded(&self, params: &PathParams) -> String {
        self.fill_with(|name| params.get(name))
    }

    /// The text with these values; a name without one gives nothing.
    pub(crate) fn fill_with<'p>(&self, value: impl Fn(&str) -> Option<Cow<'p, str>>) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                PathPart::Literal(text) => out.push_str(text),
                PathPart::Parameter(name) => out.push_str(&value(name).unwrap_or_default()),
            }
        }
        out
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            PathPart::Literal(text) => f.write_str(text),
            PathPart::Parameter(name) => write!(f, "{{{name}}}"),
        })
    }
}

/// Whether a parameter may be called that.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The bytes that percent-encoded text stands for (RFC 3986 section 2.1); a `%` without two hexadecimal digits stands
/// for itself.
pub(crate) fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let digit = |byte: Option<&u8>| {
        char::from(*byte?)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (*first, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            (byte, ..) => out.push(byte),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_decode_and_fill_as_they_came() {
        let params = PathParams::new([
            (Arc::from("lot"), Box::from("L%2F1%zz")),
            (Arc::from("region"), Box::from("EU")),
        ]);
        assert_eq!(params.get("lot").as_deref(), Some("L/1%zz"));
        assert_eq!(params.get("none"), None);
        let template = PathTemplate::parse("/r/{region}/lot-{lot}").unwrap();
        assert_eq!(template.fill(&params), "/r/EU/lot-L%2F1%zz");
        assert_eq!(template.fill_decoded(&params), "/r/EU/lot-L/1%zz");
        assert_eq!(template.to_string(), "/r/{region}/lot-{lot}");
        assert_eq!(format!("{params:?}"), r#"["lot", "region"]"#);
    }

    #[test]
    fn a_template_that_is_none_says_why() {
        for (text, why) in [
            ("/a/{b", "a `{` without its `}`"),
            ("/a}/{b}", "a `}` without its `{`"),
            ("/{b}}", "a `}` without its `{`"),
            (
                "/{}",
                "`{}` is no parameter: wanted letters, digits, `_` or `-` between the braces",
            ),
        ] {
            assert_eq!(PathTemplate::parse(text).unwrap_err(), why);
        }
    }
}
