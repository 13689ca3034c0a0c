//! Whether a request that changes something was sent by a page of our own. Pure.
//!
//! Browsers add what says who a person is, a cookie or a certificate, also to requests that somebody else's page makes them send. What such a
//! page cannot do is say that the request is of our own page: `Sec-Fetch-Site` and `Origin` are the browser's words (Fetch Metadata; RFC 6454
//! section 7).

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// From where a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentBy {
    /// A page of ours.
    OurPage,
    /// Somebody else's page, or none at all where there had to be one.
    Elsewhere,
    /// Nothing says so: no browser of today.
    Unknown,
}

/// What the browser says. Both headers must agree where both are there.
#[must_use]
pub(crate) fn sent_by(headers: &HeaderMap) -> SentBy {
    let site = only(headers, &SITE);
    let origin = only(headers, &ORIGIN);
    let by_site = match site {
        Given::None => None,
        Given::One("same-origin") => Some(true),
        Given::One(_) | Given::Strange => Some(false),
    };
    let by_origin = match origin {
        Given::None => None,
        // What a page says that tells nobody where it is from: the browser says whether it is ours all the same.
        Given::One("null") if by_site == Some(true) => None,
        Given::One(origin) => Some(is_ours(origin, headers)),
        Given::Strange => Some(false),
    };
    match (by_site, by_origin) {
        (None, None) => SentBy::Unknown,
        (Some(false), _) | (_, Some(false)) => SentBy::Elsewhere,
        _ => SentBy::OurPage,
    }
}

/// An origin without its scheme is what stands in `Host`: on one port only one of `http` and `https` is spoken, and whoever ends TLS before us
/// says `https` where we do not know of it.
fn is_ours(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    match (authority, only(headers, &HOST)) {
        (Some(authority), Given::One(host)) => {
            !host.is_empty() && authority.eq_ignore_ascii_case(host)
        }
        _ => false,
    }
}

enum Given<'a> {
    None,
    One(&'a str),
    Strange,
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Given<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Given::None,
        (Some(value), None) => value.to_str().map_or(Given::Strange, Given::One),
        (Some(_), Some(_)) => Given::Strange,
    }
}

/// Where to go after signing in: a path of our own pages, or their first one. Anything that a browser could read as an address elsewhere
/// (`//host`, `/\host`, with a scheme, with control characters) is none.
#[must_use]
pub(crate) fn next(wanted: Option<&str>) -> &str {
    const FIRST: &str = "/ui/";
    let Some(wanted) = wanted else { return FIRST };
    let ours = wanted == "/ui" || wanted.starts_with("/ui/") || wanted.starts_with("/ui?");
    let plain = wanted
        .bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    let path = wanted.split(['?', '#']).next().unwrap_or_default();
    let climbs = path.contains("//")
        || path.to_ascii_lowercase().contains("%2e")
        || path.split('/').any(|part| matches!(part, "." | ".."));
    // Signing in again and again leads nowhere.
    let itself = matches!(path, "/ui/login" | "/ui/logout") || path.starts_with("/ui/oidc/");
    if ours && plain && !climbs && !itself && wanted.len() <= 2048 {
        wanted
    } else {
        FIRST
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_of_ours_is_what_the_browser_says_is_one() {
        const OURS: &str = "http://127.0.0.1:8081";
        for (site, origin, wanted) in [
            (Some("same-origin"), Some(OURS), SentBy::OurPage),
            (Some("same-origin"), None, SentBy::OurPage),
            (None, Some(OURS), SentBy::OurPage),
            (None, Some("https://127.0.0.1:8081"), SentBy::OurPage),
            (None, None, SentBy::Unknown),
            (Some("cross-site"), None, SentBy::Elsewhere),
            (Some("same-site"), Some(OURS), SentBy::Elsewhere),
            (Some("none"), None, SentBy::Elsewhere),
            (None, Some("null"), SentBy::Elsewhere),
            (Some("same-origin"), Some("null"), SentBy::OurPage),
            (Some("cross-site"), Some("null"), SentBy::Elsewhere),
            (None, Some("http://127.0.0.1:8082"), SentBy::Elsewhere),
            (None, Some("http://127.0.0.1"), SentBy::Elsewhere),
            (None, Some("127.0.0.1:8081"), SentBy::Elsewhere),
            (
                Some("same-origin"),
                Some("http://evil.example"),
                SentBy::Elsewhere,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("127.0.0.1:8081"));
            if let Some(site) = site {
                headers.insert(SITE, HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(sent_by(&headers), wanted, "{site:?} {origin:?}");
        }
        let mut twice = HeaderMap::new();
        twice.append(SITE, HeaderValue::from_static("same-origin"));
        twice.append(SITE, HeaderValue::from_static("same-origin"));
        assert_eq!(sent_by(&twice), SentBy::Elsewhere);
    }

    #[test]
    fn after_signing_in_nobody_is_led_elsewhere() {
        for ours in ["/ui/", "/ui", "/ui/groups/lots?x=1#y", "/ui?x=//evil"] {
            assert_eq!(next(Some(ours)), ours);
        }
        for elsewhere in [
            "",
            "https://evil.example/ui/",
            "//evil.example",
            "/\\evil.example",
            "/ui/\\evil",
            "/ui//evil.example",
            "/v1/routes",
            "/uix",
            "/ui/../v1/routes",
            "/ui/%2e%2e/x",
            "/ui/\r\nSet-Cookie: x",
            "/ui/ x",
            "/ui/ü",
            "javascript:alert(1)",
            "/ui/login?next=/ui/",
            "/ui/logout",
            "/ui/oidc/start",
        ] {
            assert_eq!(next(Some(elsewhere)), "/ui/", "{elsewhere:?}");
        }
        assert_eq!(next(None), "/ui/");
        assert_eq!(next(Some(&format!("/ui/{}", "x".repeat(2048)))), "/ui/");
    }
}
