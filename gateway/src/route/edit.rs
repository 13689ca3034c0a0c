//! Changes to the head of a message on its way: [`Edits`] of header fields. Pure.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::message::remove_twins;
use crate::route::params::{PathParams, PathTemplate};

/// What is changed of a message's fields, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    /// Taken off.
    pub remove: Vec<HeaderName>,
    /// Put in the place of whatever was there.
    pub set: Vec<(HeaderName, FieldValue)>,
    /// Put beside what is there.
    pub add: Vec<(HeaderName, FieldValue)>,
}

/// The value that a field is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// The same for all requests: made once.
    Fixed(HeaderValue),
    /// With parameters of the route's path.
    Filled(PathTemplate),
}

impl From<PathTemplate> for FieldValue {
    fn from(template: PathTemplate) -> Self {
        let fixed = match template.parameters().next() {
            None => value(&template, &PathParams::default()),
            Some(_) => None,
        };
        fixed.map_or(Self::Filled(template), Self::Fixed)
    }
}

impl FieldValue {
    fn filled(&self, params: &PathParams) -> Option<HeaderValue> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::Filled(template) => value(template, params),
        }
    }
}

impl Edits {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.add.is_empty()
    }

    /// Whether any field is taken off or replaced.
    #[must_use]
    pub fn takes_off(&self) -> bool {
        !self.remove.is_empty() || !self.set.is_empty()
    }

    /// These, then those of `other`.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.remove.extend(other.remove);
        self.set.extend(other.set);
        self.add.extend(other.add);
        self
    }

    /// The names of fields that are taken off or replaced.
    #[must_use]
    pub fn names(&self) -> Vec<HeaderName> {
        let set = self.set.iter().map(|(name, _)| name);
        self.remove.iter().chain(set).cloned().collect()
    }

    /// Makes the changes. A field goes also where it is written with `_` for `-`, since many receivers read that as the same. Values are filled with the parameters of the route's path, decoded where that is a value that a field
    /// can have, else as the client wrote them.
    pub fn apply(&self, headers: &mut HeaderMap, params: &PathParams) {
        for name in &self.remove {
            headers.remove(name);
            remove_twins(name, headers);
        }
        for (name, value) in &self.set {
            remove_twins(name, headers);
            if let Some(value) = value.filled(params) {
                headers.insert(name, value);
            }
        }
        for (name, value) in &self.add {
            if let Some(value) = value.filled(params) {
                headers.append(name, value);
            }
        }
    }
}

fn value(template: &PathTemplate, params: &PathParams) -> Option<HeaderValue> {
    HeaderValue::try_from(template.fill_decoded(params))
        .or_else(|_| HeaderValue::try_from(template.fill(params)))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_off_then_set_then_added() {
        let template = |text: &str| FieldValue::from(PathTemplate::parse(text).unwrap());
        let edits = Edits {
            remove: vec![HeaderName::from_static("x-old")],
            set: vec![(HeaderName::from_static("x-lot"), template("lot {lot}"))],
            add: vec![(HeaderName::from_static("x-lot"), template("2"))],
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-old", "1"),
            ("x_old", "1"),
            ("x-older", "1"),
            ("x-lot", "1"),
            ("x-lot", "1"),
            ("x_lot", "1"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let lot = |value: &str| PathParams::new([("lot".into(), value.into())]);
        edits.apply(&mut headers, &lot("a%20b"));
        let values: Vec<_> = headers.get_all("x-lot").iter().collect();
        assert_eq!(values, ["lot a b", "2"]);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["x-lot", "x-older"]);
        // What would end the field stays as the client wrote it.
        edits.apply(&mut headers, &lot("a%0D%0Ax: y"));
        assert_eq!(headers["x-lot"], "lot a%0D%0Ax: y");
    }
}
