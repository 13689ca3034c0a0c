//! A mapping of `[mappings]`, compiled; and what a side of a route says of one.

use std::sync::Arc;

use ops::config::Source;
use toml::Spanned;

use super::Resolver;
use crate::config::Beside;
use crate::config::file;
use crate::mapping::{Mapping, Program};
use crate::route::Side;
use crate::route::shape::Shape;

/// Of a mapping file.
const LARGEST: u64 = 4 << 20;

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn mapping(&mut self, mapping: &file::Mapping) -> Option<Mapping> {
        let path = self.folder.join(mapping.file.get_ref());
        let name = path.display().to_string();
        let (beside, bytes) = Beside::read(path, LARGEST)
            .map_err(|message| self.fault(&mapping.file, message))
            .ok()?;
        self.files.push(beside);
        let text = String::from_utf8(bytes)
            .map_err(|_| self.fault(&mapping.file, format!("{name} is not UTF-8")))
            .ok()?;
        Mapping::parse(&Source::new(name, text), &self.copybooks)
            .map_err(|faults| self.faults.extend(faults))
            .ok()
    }

    /// `None` when it is not there, or has faults of its own.
    pub(super) fn mapping_named(&mut self, name: &Spanned<String>) -> Option<Arc<Mapping>> {
        match self.mappings.get(name.get_ref()) {
            Some(mapping) => mapping.clone(),
            None => {
                let names: Vec<String> = self.mappings.keys().cloned().collect();
                self.unknown(name, "mapping", names.iter().map(String::as_str));
                None
            }
        }
    }

    /// What clients send and get by the mappings of a route's sides, where the route itself does not say it.
    pub(super) fn client_shapes(&self, route: &file::Route) -> (Option<Shape>, Option<Shape>) {
        let legs = [&route.legacy, &route.modern].into_iter().flatten();
        let found: Vec<&Arc<Mapping>> = legs
            .filter_map(|leg| match leg.get_ref() {
                file::Either::Table(table) => table.mapping.as_ref(),
                file::Either::Word(_) => None,
            })
            .filter_map(|name| self.mappings.get(name.get_ref())?.as_ref())
            .collect();
        let request = found.iter().find_map(|mapping| mapping.request.as_ref());
        let response = found.iter().find_map(|mapping| mapping.response.as_ref());
        (
            request.map(|program| program.from().shape()),
            response.map(|program| program.to().shape()),
        )
    }

    /// Whether a program has the clients' shape on their side of it.
    pub(super) fn meets_clients(
        &mut self,
        at: &Spanned<String>,
        what: &str,
        side: Side,
        (program, client): (Option<&Program>, &Shape),
    ) {
        let Some(program) = program else { return };
        let theirs = match what {
            "requests" => program.from(),
            _ => program.to(),
        };
        let shape = theirs.shape();
        let same = match (&shape, client) {
            (Shape::Opaque, Shape::Opaque) => true,
            (Shape::Opaque, _) | (_, Shape::Opaque) => false,
            (one, other) => one.same_as(other),
        };
        if !same {
            self.fault(
                at,
                format!(
                    "mapping \"{}\" for {} has {what} of clients as {}, and the route as {}",
                    at.get_ref(),
                    side.as_str(),
                    shape.as_str(),
                    client.as_str()
                ),
            );
        }
    }
}
