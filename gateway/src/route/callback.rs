//! Where clients that are answered later are called: said in the file, or by each request among places that the file allows. Pure.

use std::sync::Arc;

use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderName, Uri};

use crate::outcome::Callback;

/// Who is told of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackRule {
    /// Always the same.
    To(Callback),
    /// Who the request says, if it says somebody.
    Asked {
        /// In this header, with a URL.
        header: HeaderName,
        /// Whoever may be: nobody else is called, whatever a client writes.
        allowed: Vec<Allowed>,
    },
}

/// A backend that a client may have called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Its name.
    pub backend: Arc<str>,
    /// `https`, or else `http`.
    pub tls: bool,
    /// Its endpoints.
    pub endpoints: Vec<Authority>,
}

/// The URL is none, or not one of an allowed backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAllowed;

impl CallbackRule {
    /// Who is told of that request's outcome.
    ///
    /// # Errors
    /// It asks for somebody who may not be called.
    pub fn of(&self, parts: &Parts) -> Result<Option<Callback>, NotAllowed> {
        let (header, allowed) = match self {
            Self::To(callback) => return Ok(Some(callback.clone())),
            Self::Asked { header, allowed } => (header, allowed),
        };
        let mut values = parts.headers.get_all(header).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(NotAllowed);
        }
        let url = Uri::try_from(value.as_bytes()).map_err(|_| NotAllowed)?;
        let allowed = allowed.iter().find(|allowed| allowed.has(&url));
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        Ok(Some(Callback {
            backend: allowed.ok_or(NotAllowed)?.backend.to_string(),
            path: path.to_owned(),
        }))
    }
}

impl Allowed {
    fn has(&self, url: &Uri) -> bool {
        let (scheme, port) = match self.tls {
            true => (Scheme::HTTPS, 443),
            false => (Scheme::HTTP, 80),
        };
        let (Some(said), Some(authority)) = (url.scheme(), url.authority()) else {
            return false;
        };
        // What stands before an `@` is no part of a host, and of no use here.
        if *said != scheme || authority.as_str().contains('@') {
            return false;
        }
        let same = |endpoint: &Authority| {
            endpoint.host().eq_ignore_ascii_case(authority.host())
                && endpoint.port_u16().unwrap_or(port) == authority.port_u16().unwrap_or(port)
        };
        self.endpoints.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> CallbackRule {
        let allowed = |backend: &str, tls, endpoint: &str| Allowed {
            backend: backend.into(),
            tls,
            endpoints: vec![endpoint.parse().unwrap()],
        };
        CallbackRule::Asked {
            header: HeaderName::from_static("callback-url"),
            allowed: vec![
                allowed("plain", false, "hooks.example"),
                allowed("safe", true, "hooks.example:8443"),
            ],
        }
    }

    fn asked(url: &[u8]) -> Result<Option<Callback>, NotAllowed> {
        let value = http::HeaderValue::from_bytes(url).unwrap();
        let request = http::Request::post("/").header("callback-url", value);
        rule().of(&request.body(()).unwrap().into_parts().0)
    }

    fn of(url: &str) -> Option<(String, String)> {
        let callback = asked(url.as_bytes()).ok()??;
        Some((callback.backend, callback.path))
    }

    #[test]
    fn only_allowed_places_are_called() {
        let to = |backend: &str, path: &str| Some((backend.to_owned(), path.to_owned()));
        assert_eq!(of("http://hooks.example/a?b=c"), to("plain", "/a?b=c"));
        assert_eq!(of("http://HOOKS.example:80"), to("plain", "/"));
        assert_eq!(of("https://hooks.example:8443/x"), to("safe", "/x"));
        for refused in [
            "https://hooks.example/",
            "http://hooks.example:8443/",
            "http://hooks.example.evil/",
            "http://evil/hooks.example",
            "http://hooks.example@evil/",
            "http://evil@hooks.example/",
            "ftp://hooks.example/",
            "//hooks.example/",
            "/a",
            "hooks.example",
            "",
        ] {
            assert_eq!(of(refused), None, "{refused}");
            assert_eq!(asked(refused.as_bytes()), Err(NotAllowed), "{refused}");
        }
        let request = http::Request::post("/").body(()).unwrap();
        assert_eq!(rule().of(&request.into_parts().0), Ok(None));
    }

    proptest! {
        /// Whatever a client writes, nobody is called who is not of the file.
        #[test]
        fn nobody_else_is_called(url in "[ -~]{0,60}") {
            if let Ok(Some(callback)) = asked(url.as_bytes()) {
                let begins = if callback.backend == "safe" { "https://hooks.example:8443" } else { "http://hooks.example" };
                prop_assert!(url.trim().to_ascii_lowercase().starts_with(begins), "{url}");
            }
        }
    }
}
