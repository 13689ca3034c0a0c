//! Which kinds of answers a route tells apart, and when its sides are asked once more for the sake of comparing.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};
use toml::Spanned;

use super::Resolver;
use crate::compare::{ALL, NoiseRule, OTHER, Recheck, Variants};
use crate::config::BackendSpec;
use crate::config::file::{self, Either};
use crate::config::units;
use crate::route::shape::Shape;
use crate::route::{Effect, Leg};

/// Evidence is kept for each.
const MOST: usize = 32;
/// Of views that were behind, where nothing is said.
const RECHECK: Recheck = Recheck {
    after: Duration::from_secs(2),
    times: 3,
};

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn variants(
        &mut self,
        variants: &Spanned<file::Variants>,
        shape: &Shape,
    ) -> Option<Variants> {
        let said = variants.get_ref();
        match (&said.record_types, &said.conditions, &said.field) {
            (Some(types), None, None) => {
                let names = self.variant_names(types)?;
                let Shape::Record(layout) = shape else {
                    self.fault(types, "record types are of records: answers are none");
                    return None;
                };
                let found = Variants::of_record_types(layout, &names);
                self.known_variants(found, types.get_ref(), said)
            }
            (None, Some(conditions), None) => {
                let names = self.variant_names(conditions)?;
                let Shape::Record(layout) = shape else {
                    self.fault(
                        conditions,
                        "level 88 entries are of records: answers are none",
                    );
                    return None;
                };
                let found = Variants::of_conditions(layout, &names);
                self.known_variants(found, conditions.get_ref(), said)
            }
            (None, None, Some(field)) => {
                let Some(values) = &said.values else {
                    self.fault_with_help(
                        field,
                        "the values that are told apart are missing",
                        "add values = [\"0\", \"4\"]; answers with others are counted as \"other\"",
                    );
                    return None;
                };
                let names = self.variant_names(values)?;
                match shape {
                    Shape::Opaque => {
                        self.fault(
                            field,
                            "an opaque answer has no fields: wanted json or a record",
                        );
                        None
                    }
                    Shape::Json | Shape::Xml | Shape::Form => {
                        Variants::of_member(shape, field.get_ref(), &names)
                            .map_err(|reason| self.fault(field, reason))
                            .ok()
                    }
                    Shape::Record(layout) => {
                        let path = self.one_value(field, layout)?;
                        Some(Variants::of_field(layout, path, &names))
                    }
                }
            }
            _ => {
                self.fault(
                    variants,
                    "wanted one of: record_types, conditions, or field with values",
                );
                None
            }
        }
    }

    fn known_variants(
        &mut self,
        found: Result<Variants, Vec<(usize, String)>>,
        names: &[Spanned<String>],
        said: &file::Variants,
    ) -> Option<Variants> {
        if let Some(values) = &said.values {
            self.fault(values, "values are of a field, and there is none");
        }
        match found {
            Ok(variants) => Some(variants),
            Err(unknown) => {
                for (index, reason) in unknown {
                    if let Some(name) = names.get(index) {
                        self.fault(name, reason);
                    }
                }
                None
            }
        }
    }

    fn variant_names(&mut self, names: &Spanned<Vec<Spanned<String>>>) -> Option<Vec<String>> {
        let before = self.faults.len();
        let list = names.get_ref();
        if list.is_empty() {
            self.fault(names, "no variant is named");
        }
        if list.len() > MOST {
            self.fault(
                names,
                format!("evidence is kept for at most {MOST} variants"),
            );
        }
        let mut found: Vec<String> = Vec::new();
        for name in list {
            let text = name.get_ref();
            if [ALL, OTHER].contains(&text.as_str()) || text.is_empty() {
                self.fault(name, format!("\"{text}\" cannot be the name of a variant"));
            } else if found.contains(text) {
                self.fault(name, format!("\"{text}\" is here twice"));
            }
            found.push(text.clone());
        }
        (self.faults.len() == before).then_some(found)
    }

    /// Of routes whose new side is a view; none where it is never asked again.
    pub(super) fn recheck(
        &mut self,
        said: Option<&Spanned<Either<file::Recheck>>>,
        [_, modern]: [Option<&Leg>; 2],
    ) -> Option<Recheck> {
        let spec = modern.and_then(|leg| self.backends.get(leg.backend.0));
        let is_view = spec.is_some_and(|backend| matches!(backend.spec, BackendSpec::View(_)));
        let Some(said) = said else {
            return is_view.then_some(RECHECK);
        };
        if modern.is_some() && !is_view {
            self.fault(said, "the modern side is no view: it is never behind");
        }
        match said.get_ref() {
            Either::Word(word) if word == "never" => None,
            Either::Word(word) => {
                self.fault_with_help(
                    said,
                    format!("unknown recheck \"{word}\""),
                    "write \"never\", or { after = \"2s\", times = 3 }",
                );
                None
            }
            Either::Table(table) => {
                let after = self.parsed(table.after.as_ref(), RECHECK.after, units::duration);
                let times = table.times.as_ref().and_then(|times| {
                    let number = u32::try_from(*times.get_ref()).ok();
                    let number = number.filter(|number| (1..=10).contains(number));
                    if number.is_none() {
                        self.fault(times, "wanted 1 to 10");
                    }
                    number
                });
                Some(Recheck {
                    after,
                    times: times.unwrap_or(RECHECK.times),
                })
            }
        }
    }

    /// `None` only when there is a fault.
    pub(super) fn noise(
        &mut self,
        noise: &Spanned<file::Noise>,
        effect: Effect,
    ) -> Option<NoiseRule> {
        let said = noise.get_ref();
        if effect != Effect::Read {
            self.fault_with_help(
                noise,
                "the route may change data: legacy is not asked twice",
                "write effect = \"read\" if it changes nothing, else take noise out",
            );
        }
        let part = |resolver: &mut Self, percent: &Spanned<i64>| {
            let number = u8::try_from(*percent.get_ref()).ok();
            let number = number.filter(|number| (1..=100).contains(number));
            if number.is_none() {
                resolver.fault(percent, "wanted a part in percent, 1 to 100");
            }
            number
        };
        let percent = part(self, &said.percent);
        let leave_out = said.leave_out.as_ref().and_then(|share| part(self, share));
        let every = self.parsed(said.every.as_ref(), Duration::from_secs(1), units::duration);
        Some(NoiseRule {
            percent: percent?,
            every,
            leave_out,
        })
    }

    /// What stands for all that a route says of comparing, wherever it stands in the file, and for what is compared: the sides it names, their
    /// mappings and their layouts. Where a backend is, is not in it.
    pub(super) fn digest(
        &mut self,
        route: &file::Route,
        shape: &Shape,
        legs: [Option<&Leg>; 2],
    ) -> String {
        let mut hash = Sha256::new();
        let text = self.text;
        let said = self
            .compared
            .get_or_insert_with(|| said_of_comparing(text.text()));
        hash.update(said.get(route.name.get_ref()).map_or("", String::as_str));
        for leg in legs {
            hash.update([0]);
            let Some(leg) = leg else { continue };
            if let Some(mapping) = &leg.mapping {
                hash.update(mapping.digest);
            }
            add_shape(&mut hash, &leg.shapes.response);
        }
        hash.update([0]);
        add_shape(&mut hash, shape);
        let bytes = hash.finalize();
        bytes
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn add_shape(hash: &mut Sha256, shape: &Shape) {
    hash.update(shape.as_str());
    if let Shape::Record(layout) = shape {
        hash.update(layout.fingerprint());
    }
}

/// By route, what the file says of comparing and of sides, without the places where it does.
fn said_of_comparing(text: &str) -> BTreeMap<String, String> {
    let file: toml::Table = text.parse().unwrap_or_default();
    let routes = file.get("routes").and_then(toml::Value::as_array);
    let said = routes.into_iter().flatten().filter_map(|route| {
        let name = route.get("name")?.as_str()?;
        let of = |key: &str| {
            let said = route.get(key).map(serde_json::to_string);
            said.and_then(Result::ok).unwrap_or_default()
        };
        Some((
            name.to_owned(),
            ["ignore", "compare", "legacy", "modern"].map(of).join("\0"),
        ))
    });
    said.collect()
}
