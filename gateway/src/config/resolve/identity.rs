//! Who the gateway is to a backend.

use http::header::HeaderName;
use ops::config::near_help;
use toml::Spanned;

use super::Resolver;
use crate::config::file::{self, in_order};
use crate::config::{Attribute, Credentials, Identity};

impl Resolver<'_> {
    pub(super) fn identity(&mut self, identity: &Spanned<file::Identity>) -> Identity {
        let given = identity.get_ref();
        let credentials = match (&given.user, &given.password, &given.bearer) {
            (None, None, None) => None,
            (None, None, Some(token)) => Some(Credentials::Bearer(self.reference(token, "token"))),
            (Some(user), Some(password), None) => {
                // RFC 7617 section 2.
                if user
                    .get_ref()
                    .contains(|c: char| c == ':' || c.is_control())
                {
                    self.fault(user, "a user's name has no colon and no control characters");
                }
                Some(Credentials::Basic {
                    user: user.get_ref().clone(),
                    password: self.reference(password, "password"),
                })
            }
            _ => {
                self.fault(
                    identity,
                    "wanted either user and password, or bearer, or neither",
                );
                None
            }
        };
        let mut headers: Vec<(HeaderName, Attribute)> = Vec::new();
        for (name, value) in in_order(&given.headers) {
            let header = self.identity_header(name);
            let attribute = self.attribute(value);
            if let (Some(header), Some(attribute)) = (header, attribute) {
                headers.push((header, attribute));
            }
        }
        Identity {
            credentials,
            headers,
        }
    }

    fn identity_header(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        // What frames a message or is between two neighbours says nothing of a client.
        const NOT_OURS: [&str; 11] = [
            "host",
            "content-length",
            "content-type",
            "transfer-encoding",
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "upgrade",
            "expect",
        ];
        let text = name.get_ref();
        let header = HeaderName::from_bytes(text.as_bytes()).ok();
        let fits = |header: &HeaderName| {
            let name = header.as_str();
            !NOT_OURS.contains(&name) && !name.starts_with("figway-")
        };
        let header = header.filter(fits);
        if header.is_none() {
            self.fault(name, format!("\"{text}\" cannot say who a client is"));
        }
        header
    }

    fn attribute(&mut self, value: &Spanned<String>) -> Option<Attribute> {
        let text = value.get_ref();
        let known = Attribute::ALL.into_iter();
        let found = known.clone().find(|(word, _)| word == text);
        if found.is_none() {
            let fault = self.text.fault(
                value.span(),
                format!("nothing is known of a client by the name \"{text}\""),
            );
            let words = known.clone().map(|(word, _)| word);
            let all: Vec<_> = words.clone().collect();
            let help = near_help(text, words);
            let help = help.unwrap_or_else(|| format!("known are: {}", all.join(", ")));
            self.faults.push(fault.help(help));
        }
        found.map(|(_, attribute)| attribute)
    }
}
