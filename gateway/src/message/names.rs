//! Which of the fields that a proxy asks for are in a head.

use http::HeaderMap;
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, TE, TRANSFER_ENCODING, UPGRADE,
};

/// Some fields by name. Most heads have none of those that need anything done: one look over a few names costs less than looking each of
/// these up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Names(u8);

impl Names {
    pub(crate) const CONNECTION: Self = Self(1);
    pub(crate) const CONTENT_LENGTH: Self = Self(1 << 1);
    pub(crate) const EXPECT: Self = Self(1 << 2);
    pub(crate) const TE: Self = Self(1 << 3);
    pub(crate) const TRANSFER_ENCODING: Self = Self(1 << 4);
    pub(crate) const UPGRADE: Self = Self(1 << 5);

    /// Those that are there.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        headers
            .keys()
            .map(Self::one)
            .fold(Self::default(), |names, name| Self(names.0 | name.0))
    }

    fn one(name: &HeaderName) -> Self {
        match *name {
            CONNECTION => Self::CONNECTION,
            CONTENT_LENGTH => Self::CONTENT_LENGTH,
            EXPECT => Self::EXPECT,
            TE => Self::TE,
            TRANSFER_ENCODING => Self::TRANSFER_ENCODING,
            UPGRADE => Self::UPGRADE,
            _ => Self::default(),
        }
    }

    /// Whether that one is there.
    pub(crate) fn has(self, name: Self) -> bool {
        self.0 & name.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_told_from_all_others() {
        let all = [
            (CONNECTION, Names::CONNECTION),
            (CONTENT_LENGTH, Names::CONTENT_LENGTH),
            (EXPECT, Names::EXPECT),
            (TE, Names::TE),
            (TRANSFER_ENCODING, Names::TRANSFER_ENCODING),
            (UPGRADE, Names::UPGRADE),
        ];
        for (name, _) in &all {
            let mut headers = HeaderMap::new();
            headers.insert("x-other", http::HeaderValue::from_static("1"));
            headers.insert(name, http::HeaderValue::from_static("1"));
            let names = Names::of(&headers);
            for (other, bit) in &all {
                assert_eq!(names.has(*bit), name == other, "{name} {other}");
            }
        }
        assert_eq!(Names::of(&HeaderMap::new()), Names::default());
    }
}
