//! The bearer token of a request (RFC 6750).

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The one that stands there; of two neither counts.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, given) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(given)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_token_stands_after_bearer() {
        let with = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(<[u8]>::to_vec)
        };
        assert_eq!(with(&["Bearer 0123456789"]), Some(b"0123456789".to_vec()));
        assert_eq!(with(&["bearer 0123456789"]), Some(b"0123456789".to_vec()));
        assert_eq!(with(&[]), None);
        assert_eq!(with(&["Basic 0123456789"]), None);
        assert_eq!(with(&["Bearer"]), None);
        assert_eq!(with(&["Bearer 0123456789", "Bearer 0123456789"]), None);
    }
}
