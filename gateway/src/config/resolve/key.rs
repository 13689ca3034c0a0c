//! Where a route finds its canary key.

use std::sync::Arc;

use toml::Spanned;

use super::Resolver;
use super::leg::known_parameters;
use crate::config::file;
use crate::route::shape::{Shape, Shapes};
use crate::route::{KeySource, Leg, Pattern};

impl Resolver<'_> {
    /// `None` only when there is a fault, perhaps elsewhere.
    pub(super) fn key(
        &mut self,
        key: &Spanned<file::CanaryKey>,
        client: Option<&Shapes>,
        pattern: Option<&Pattern>,
        legs: [Option<&Leg>; 2],
    ) -> Option<KeySource> {
        let places = key.get_ref();
        let given = [
            &places.field,
            &places.header,
            &places.cookie,
            &places.path,
            &places.query,
        ];
        if given.iter().filter(|place| place.is_some()).count() != 1 {
            self.fault(key, "wanted one of: field, header, cookie, path, query");
            return None;
        }
        if let Some(name) = &places.header {
            return self.header_name(name).map(KeySource::Header);
        }
        if let Some(name) = &places.cookie {
            return self.cookie_name(name).map(KeySource::Cookie);
        }
        if let Some(name) = &places.query {
            return self.cookie_name(name).map(KeySource::Query);
        }
        if let Some(name) = &places.path {
            let pattern = pattern?;
            if !pattern
                .parameters()
                .any(|given| **given == **name.get_ref())
            {
                self.fault_with_help(
                    name,
                    format!("the route's path has no parameter {{{}}}", name.get_ref()),
                    known_parameters(pattern),
                );
                return None;
            }
            return Some(KeySource::Path(name.get_ref().clone()));
        }
        self.key_field(places.field.as_ref()?, client, legs)
    }

    /// A field of the request's body. `None` only when there is a fault, perhaps elsewhere.
    pub(super) fn key_field(
        &mut self,
        field: &Spanned<String>,
        client: Option<&Shapes>,
        legs: [Option<&Leg>; 2],
    ) -> Option<KeySource> {
        match &client?.request {
            Shape::Xml | Shape::Form => {
                self.fault_with_help(
                    field,
                    "a key is not looked for in XML or a form",
                    "take it from a header, a cookie, the path or the query",
                );
                None
            }
            Shape::Opaque => {
                self.fault_with_help(
                    field,
                    "requests are opaque: no field can be found in them",
                    "say what clients send with request = \"json\" or { record = \"…\" }, or take the key from elsewhere",
                );
                None
            }
            Shape::Record(layout) => {
                let layout = Arc::clone(layout);
                let path = self.elementary(field, &layout)?;
                Some(KeySource::Field { layout, path })
            }
            Shape::Json => {
                let names: Vec<String> = field.get_ref().split('.').map(str::to_owned).collect();
                if names.iter().any(String::is_empty) {
                    self.fault(
                        field,
                        format!(
                            "wanted names of members with dots between them, got \"{}\"",
                            field.get_ref()
                        ),
                    );
                    return None;
                }
                // Where JSON becomes a record, its members are the copybook's fields.
                let by_name = legs.into_iter().flatten();
                for leg in by_name.filter(|leg| leg.maps_request().is_none()) {
                    if let Shape::Record(layout) = &leg.shapes.request {
                        self.member(field, &names, layout);
                    }
                }
                Some(KeySource::Member(names))
            }
        }
    }
}
