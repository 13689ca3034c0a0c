//! What is changed of heads on their way to a backend and back.

use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HOST, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderName, HeaderValue};
use toml::Spanned;

use super::Resolver;
use super::leg::known_parameters;
use crate::config::file::{self, HeaderEdits, Named, in_order};
use crate::route::{Edits, FieldValue, Host, PathParams, PathTemplate, Pattern, Rewrite};

/// What says where a message ends, how it is coded, or is between two neighbours only.
const NOT_OURS: [HeaderName; 8] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

impl Resolver<'_> {
    /// What a leg says of the heads, after what its route says. `None` only when there is a fault.
    pub(super) fn rewrite(
        &mut self,
        route: &Rewrite,
        leg: Option<&file::Leg>,
        pattern: Option<&Pattern>,
    ) -> Option<Rewrite> {
        let Some(leg) = leg else {
            return Some(route.clone());
        };
        let host = leg.host.as_ref().map(|host| self.host_value(host));
        let request = self.edits(leg.request_headers.as_ref(), pattern);
        let response = self.edits(leg.response_headers.as_ref(), pattern);
        Some(Rewrite {
            host: super::route::flat(host)?,
            request: route.request.clone().then(request?),
            response: route.response.clone().then(response?),
        })
    }

    /// `HOST` or `HOST:PORT`.
    fn host_value(&mut self, host: &Spanned<String>) -> Option<HeaderValue> {
        let text = host.get_ref();
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !text.ends_with(']') => (name, Some(port)),
            _ => (text.as_str(), None),
        };
        let fits = matches!(Host::parse(name), Ok(Host::Exact(_)))
            && port.is_none_or(|port| port.parse::<u16>().is_ok());
        let value = HeaderValue::from_str(text).ok().filter(|_| fits);
        if value.is_none() {
            self.fault(host, format!("wanted a host such as \"erp.example.com\" or \"erp.example.com:8080\", got \"{text}\""));
        }
        value
    }

    /// `None` only when there is a fault.
    pub(super) fn edits(
        &mut self,
        edits: Option<&HeaderEdits>,
        pattern: Option<&Pattern>,
    ) -> Option<Edits> {
        let Some(edits) = edits else {
            return Some(Edits::default());
        };
        let set = self.edited(&edits.set, pattern);
        let add = self.edited(&edits.add, pattern);
        let mut remove = Vec::new();
        for name in &edits.remove {
            remove.extend(self.editable(name));
        }
        Some(Edits {
            remove: (remove.len() == edits.remove.len()).then_some(remove)?,
            set: set?,
            add: add?,
        })
    }

    fn edited(
        &mut self,
        fields: &Named<Spanned<String>>,
        pattern: Option<&Pattern>,
    ) -> Option<Vec<(HeaderName, FieldValue)>> {
        let mut found = Vec::new();
        for (name, value) in in_order(fields) {
            let header = self.editable(name);
            let template = self.header_template(value, pattern);
            if let (Some(header), Some(template)) = (header, template) {
                found.push((header, template.into()));
            }
        }
        (found.len() == fields.len()).then_some(found)
    }

    fn header_template(
        &mut self,
        value: &Spanned<String>,
        pattern: Option<&Pattern>,
    ) -> Option<PathTemplate> {
        let template = PathTemplate::parse(value.get_ref())
            .map_err(|message| self.fault(value, message))
            .ok()?;
        if HeaderValue::try_from(template.fill(&PathParams::default())).is_err() {
            self.fault(value, "a header cannot have this value");
            return None;
        }
        self.parameters_known(value, &template, pattern?, &[])
            .then_some(template)
    }

    /// Whether a template names nothing but parameters of the path, and `besides`.
    pub(super) fn parameters_known(
        &mut self,
        at: &Spanned<String>,
        template: &PathTemplate,
        pattern: &Pattern,
        besides: &[&str],
    ) -> bool {
        let missing = template.parameters().find(|parameter| {
            !besides.contains(parameter)
                && !pattern.parameters().any(|given| **given == **parameter)
        });
        if let Some(parameter) = missing {
            self.fault_with_help(
                at,
                format!("the route's path has no parameter {{{parameter}}}"),
                known_parameters(pattern),
            );
        }
        missing.is_none()
    }

    /// A field that may be changed.
    pub(super) fn editable(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        let Ok(header) = name.get_ref().parse::<HeaderName>() else {
            self.fault(
                name,
                format!("\"{}\" is no name of a header", name.get_ref()),
            );
            return None;
        };
        if header == HOST {
            self.fault_with_help(
                name,
                "the host is no field like others",
                "write host = \"…\" beside backend",
            );
            return None;
        }
        if NOT_OURS.contains(&header) || header.as_str().starts_with("figway-") {
            self.fault(
                name,
                format!("{header} says how a message is sent: the gateway writes it itself"),
            );
            return None;
        }
        Some(header)
    }
}
