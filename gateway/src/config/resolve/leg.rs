//! One side of a route: a backend, the path there, and what it takes and gives.

use std::sync::Arc;

use toml::Spanned;

use super::Resolver;
use crate::backend::view::Index;
use crate::config::BackendSpec;
use crate::config::file::{self, Either, RecordShape};
use crate::route::shape::{Shape, Shapes};
use crate::route::{BackendId, Delivery, Effect, Leg, PathTemplate, Pattern, Rewrite, Side};

/// What a route says that its legs depend on.
pub(super) struct Around<'r> {
    /// None where they have faults of their own: those of legs cannot be judged beside them.
    pub(super) client: Option<&'r Shapes>,
    /// None where the path has faults of its own.
    pub(super) pattern: Option<&'r Pattern>,
    pub(super) effect: Effect,
    /// What the route says of the heads on both sides.
    pub(super) rewrite: &'r Rewrite,
}

/// What a route says that does not say what its bodies are.
pub(super) const OPAQUE: Shapes = Shapes {
    request: Shape::Opaque,
    response: Shape::Opaque,
};

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn leg(
        &mut self,
        side: Side,
        leg: &Spanned<Either<file::Leg>>,
        around: &Around<'_>,
    ) -> Option<Arc<Leg>> {
        let named;
        let (backend, table) = match leg.get_ref() {
            Either::Word(name) => {
                named = Spanned::new(leg.span(), name.clone());
                (&named, None)
            }
            Either::Table(table) => (&table.backend, Some(table)),
        };
        let id = self.backend_id(backend);
        let path = table.and_then(|table| table.path.as_ref());
        let template = path.and_then(|path| self.template(path, around));
        let spec = id.and_then(|id| self.backends.get(id.0));
        let spec = spec.map(|backend| backend.spec.clone());
        if let Some(spec) = &spec {
            self.backend_fits(side, backend, spec, path, around);
        }
        let rewrite = self.rewrite(around.rewrite, table, around.pattern);
        if let (Some(table), Some(spec)) = (table, &spec) {
            self.heads_fit(table, spec);
        }
        let delivery = match (table, id, &spec) {
            (Some(table), Some(id), Some(spec)) => self.delivery(table, (id, spec)),
            _ => Some(Delivery::default()),
        };
        let request = table.and_then(|table| table.request.as_ref());
        let response = table.and_then(|table| table.response.as_ref());
        let client = around.client.cloned().unwrap_or(OPAQUE);
        let response_default = match (&spec, &client.response) {
            // What a view holds is JSON.
            (Some(BackendSpec::View(_)), Shape::Record(_)) => Shape::Json,
            (_, shape) => shape.clone(),
        };
        let named = table.and_then(|table| table.mapping.as_ref());
        let mapping = match named {
            None => Some(None),
            Some(name) => self.mapping_named(name).map(Some),
        };
        let maps = mapping.as_ref().and_then(Option::as_ref);
        let maps_request = maps.and_then(|mapping| mapping.request.as_ref());
        let maps_response = maps.and_then(|mapping| mapping.response.as_ref());
        for (shape, program) in [(request, maps_request), (response, maps_response)] {
            if let (Some(shape), Some(_)) = (shape, program) {
                self.fault(shape, "the mapping says what this is");
            }
        }
        let request_default = maps_request.map(|program| program.to().shape());
        let response_default =
            maps_response.map_or(response_default, |program| program.from().shape());
        let request_default = request_default.unwrap_or_else(|| client.request.clone());
        let takes = self.shape_or(request, request_default);
        let gives = self.shape_or(response, response_default);
        if let (Some(name), Some(client)) = (named, around.client) {
            self.meets_clients(name, "requests", side, (maps_request, &client.request));
            self.meets_clients(name, "answers", side, (maps_response, &client.response));
        }
        around.client?;
        let (takes, gives) = (takes?, gives?);
        if let Some(at) = request {
            self.can_become(at, "requests", &client.request, &takes, side);
        }
        if let Some(at) = response {
            self.can_become(at, "responses", &gives, &client.response, side);
        }
        if path.is_some() && template.is_none() {
            return None;
        }
        Some(Arc::new(Leg {
            side,
            backend: id?,
            path: template,
            shapes: Shapes {
                request: takes,
                response: gives,
            },
            mapping: mapping?,
            rewrite: rewrite?,
            delivery: delivery?,
            hours: id.and_then(|id| self.hours.get(&id)).cloned(),
        }))
    }

    /// Only HTTP backends have a host.
    fn heads_fit(&mut self, leg: &file::Leg, spec: &BackendSpec) {
        if let Some(host) = &leg.host
            && !matches!(spec, BackendSpec::Http(_))
        {
            self.fault(host, format!("a {} backend has no host", spec.as_str()));
        }
    }

    /// `None` when it is not there, or has faults of its own.
    pub(super) fn backend_id(&mut self, name: &Spanned<String>) -> Option<BackendId> {
        match self.backend_ids.get(name.get_ref()) {
            Some(id) => *id,
            None => {
                let names: Vec<String> = self.backend_ids.keys().cloned().collect();
                self.unknown(name, "backend", names.iter().map(String::as_str));
                None
            }
        }
    }

    /// What the kind of backend asks of the route.
    fn backend_fits(
        &mut self,
        side: Side,
        at: &Spanned<String>,
        spec: &BackendSpec,
        path: Option<&Spanned<String>>,
        around: &Around<'_>,
    ) {
        if let Some(path) = path
            && !matches!(spec, BackendSpec::Http(_))
        {
            self.fault(path, format!("a {} backend has no paths", spec.as_str()));
        }
        let BackendSpec::View(view) = spec else {
            return;
        };
        let name = at.get_ref();
        if side == Side::Legacy {
            self.fault_with_help(
                at,
                format!("\"{name}\" is a view, which cannot be the legacy side"),
                "legacy owns the data that a view is a copy of",
            );
        }
        if around.effect.changes_data() {
            self.fault_with_help(
                at,
                format!("\"{name}\" is a view, and the route changes data"),
                "a view answers reads only: write effect = \"read\" if the route is one",
            );
        }
        let Some(pattern) = around.pattern else {
            return;
        };
        let given = |parameter: &str| pattern.parameters().any(|given| **given == *parameter);
        let missing = view.key.iter().find_map(|(member, value)| {
            let mut parameters = value.parameters();
            Some((member, parameters.find(|parameter| !given(parameter))?))
        });
        let Some((member, parameter)) = missing else {
            return;
        };
        if view.indexes.is_empty() {
            self.fault_with_help(
                at,
                format!("the key of view \"{name}\" takes {member} from the parameter {{{parameter}}}, which the route's path does not have"),
                known_parameters(pattern),
            );
            return;
        }
        // A list: what the path gives are fields of it.
        let begins = |index: &&Index| {
            let first = index.fields.iter().take(pattern.parameters().count());
            let names: Vec<&str> = first.map(|field| &*field.name).collect();
            pattern
                .parameters()
                .all(|given| names.iter().any(|name| name.eq_ignore_ascii_case(given)))
        };
        if !view.indexes.iter().any(|index| begins(&index)) {
            self.fault_with_help(
                at,
                format!("no list of view \"{name}\" begins with just what {pattern} has, nor is that its key"),
                "the parameters of a list's path are called as the first fields of one of its indexes",
            );
        }
    }

    fn template(&mut self, path: &Spanned<String>, around: &Around<'_>) -> Option<PathTemplate> {
        let text = path.get_ref();
        if !text.starts_with('/') || text.contains([' ', '?', '#']) {
            self.fault(
                path,
                format!(
                    "wanted a path that begins with `/`, without blank, `?` and `#`, got \"{text}\""
                ),
            );
            return None;
        }
        let template = PathTemplate::parse(text)
            .map_err(|message| self.fault(path, message))
            .ok()?;
        let filled = template.fill(&crate::route::PathParams::default());
        if filled.parse::<http::uri::PathAndQuery>().is_err() {
            self.fault(
                path,
                format!("\"{text}\" has characters that a path cannot have"),
            );
            return None;
        }
        let pattern = around.pattern?;
        let missing = template
            .parameters()
            .find(|parameter| !pattern.parameters().any(|given| **given == **parameter));
        if let Some(parameter) = missing {
            self.fault_with_help(
                path,
                format!("the route's path has no parameter {{{parameter}}}"),
                known_parameters(pattern),
            );
            return None;
        }
        Some(template)
    }

    /// A shape that may be left out. `None` only when there is a fault.
    pub(super) fn shape_or(
        &mut self,
        shape: Option<&Spanned<Either<RecordShape>>>,
        default: Shape,
    ) -> Option<Shape> {
        let Some(shape) = shape else {
            return Some(default);
        };
        match shape.get_ref() {
            Either::Word(word) => match word.as_str() {
                "opaque" => Some(Shape::Opaque),
                "json" => Some(Shape::Json),
                "xml" => Some(Shape::Xml),
                "form" => Some(Shape::Form),
                _ => {
                    self.fault(
                        shape,
                        format!("unknown shape \"{word}\"; known are: \"opaque\", \"json\", \"xml\", \"form\", {{ record = \"COPYBOOK\" }}"),
                    );
                    None
                }
            },
            Either::Table(RecordShape { record }) => self.layout(record).map(Shape::Record),
        }
    }

    /// `None` when it is not there, or has faults of its own.
    pub(super) fn layout(&mut self, name: &Spanned<String>) -> Option<Arc<parsers::Layout>> {
        match self.copybooks.get(name.get_ref()) {
            Some(layout) => layout.clone(),
            None => {
                let names: Vec<String> = self.copybooks.keys().cloned().collect();
                self.unknown(name, "copybook", names.iter().map(String::as_str));
                None
            }
        }
    }

    /// Opaque bytes are passed on, never made into anything.
    fn can_become(
        &mut self,
        at: &Spanned<Either<RecordShape>>,
        what: &str,
        from: &Shape,
        to: &Shape,
        side: Side,
    ) {
        let is_text = |shape: &Shape| matches!(shape, Shape::Xml | Shape::Form);
        if (is_text(from) || is_text(to)) && !from.same_as(to) {
            self.fault_with_help(
                at,
                format!(
                    "{what} would have to be turned from {} into {}",
                    from.as_str(),
                    to.as_str()
                ),
                "only a mapping says how: mapping = \"…\" of [mappings]",
            );
            return;
        }
        if matches!(from, Shape::Opaque) == matches!(to, Shape::Opaque) {
            return;
        }
        let field = what.trim_end_matches('s');
        self.fault_with_help(
            at,
            format!(
                "{what} would have to be turned from {} into {} for {}",
                from.as_str(),
                to.as_str(),
                if what == "requests" {
                    side.as_str()
                } else {
                    "clients"
                },
            ),
            format!("opaque bytes can only be passed on: say what clients see with {field} = \"json\" or {{ record = \"…\" }} in the route"),
        );
    }
}

pub(super) fn known_parameters(pattern: &Pattern) -> String {
    let names: Vec<_> = pattern
        .parameters()
        .map(|name| format!("{{{name}}}"))
        .collect();
    if names.is_empty() {
        format!("{pattern} has no parameters; one is written as a segment of its own, /{{name}}")
    } else {
        format!("{pattern} has: {}", names.join(", "))
    }
}
