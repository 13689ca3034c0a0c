//! How the answers of a route's sides are compared.

use std::sync::Arc;

use http::{HeaderName, StatusCode};
use parsers::{Decimal, Layout};
use toml::Spanned;

use super::Resolver;
use crate::compare::{BadRule, By, Case, Codes, Failure, Leniency, Numbers, Rules, TimeRule, Trim};
use crate::config::file::{self, Compare, CompareField, Either, OneOrMany, in_order};
use crate::config::units;
use crate::route::condition;
use crate::route::shape::{Shape, Shapes};
use crate::route::{Effect, Leg};

/// Numbers of a rule have at most so many decimal places.
const PLACES: i32 = 18;

impl Resolver<'_> {
    /// How answers are compared. `None` only when there is a fault.
    pub(super) fn rules(
        &mut self,
        route: &file::Route,
        effect: Effect,
        client: &Shapes,
        legs: [Option<&Leg>; 2],
    ) -> Option<Rules> {
        let before = self.faults.len();
        let nothing = Compare::default();
        let said = route.compare.as_ref().map_or(&nothing, Spanned::get_ref);
        let ignore = match (route.ignore.as_slice(), said.ignore.as_slice()) {
            (short, []) => short,
            ([], long) => long,
            ([first, ..], _) => {
                self.fault(
                    first,
                    "`ignore` is said here and in `compare`: write all of it there",
                );
                return None;
            }
        };
        let rules = self.ignoring(ignore, client, legs);
        let headers = self.headers_that_count(&said.headers);
        let status = self.same_status(&said.status);
        let failure = said
            .error_when
            .as_ref()
            .map(|error| self.failure(error, &client.response));
        let variants = said
            .variants
            .as_ref()
            .map(|variants| self.variants(variants, &client.response));
        let recheck = self.recheck(said.recheck.as_ref(), legs);
        let noise = said
            .noise
            .as_ref()
            .and_then(|noise| self.noise(noise, effect));
        let mut rules = rules?
            .with_headers(headers)
            .with_status(status)
            .with_again(recheck, noise)
            .with_digest(self.digest(route, &client.response, legs));
        if let Some(Some(variants)) = variants {
            rules = rules.with_variants(variants);
        }
        if let Some(Some(failure)) = failure {
            rules = rules.with_failure(failure);
        }
        for (name, field) in in_order(&said.fields) {
            self.of_field(&mut rules, name, field, &client.response);
        }
        (self.faults.len() == before).then_some(rules)
    }

    fn ignoring(
        &mut self,
        ignore: &[Spanned<String>],
        client: &Shapes,
        legs: [Option<&Leg>; 2],
    ) -> Option<Rules> {
        let names: Vec<String> = ignore.iter().map(|field| field.get_ref().clone()).collect();
        let layouts: Vec<&Layout> = legs
            .into_iter()
            .flatten()
            .filter_map(|leg| match &leg.shapes.response {
                Shape::Record(layout) => Some(&**layout),
                _ => None,
            })
            .collect();
        match Rules::new(&names, &client.response, &layouts) {
            Ok(rules) => {
                let legs = legs.into_iter().flatten();
                let mappings = legs.filter_map(|leg| leg.mapping.as_deref());
                Some(rules.masking(mappings.flat_map(|mapping| &mapping.private)))
            }
            Err(bad) => {
                for BadRule { index, reason } in bad {
                    if let Some(field) = ignore.get(index) {
                        self.fault(field, reason);
                    }
                }
                None
            }
        }
    }

    fn headers_that_count(&mut self, names: &[Spanned<String>]) -> Vec<HeaderName> {
        let mut found: Vec<HeaderName> = Vec::new();
        for name in names {
            match name.get_ref().parse::<HeaderName>() {
                Ok(header) if found.contains(&header) => {
                    self.fault(name, format!("header {header} is here twice"));
                }
                Ok(header) => found.push(header),
                Err(_) => self.fault(name, "wanted the name of a header"),
            }
        }
        found
    }

    fn same_status(
        &mut self,
        pairs: &[Spanned<file::SameStatus>],
    ) -> Vec<(StatusCode, StatusCode)> {
        let mut found = Vec::new();
        for pair in pairs {
            let said = pair.get_ref();
            let legacy = self.compared_status(&said.legacy);
            let modern = self.compared_status(&said.modern);
            let (Some(legacy), Some(modern)) = (legacy, modern) else {
                continue;
            };
            if legacy == modern {
                self.fault(
                    pair,
                    format!("{} is the same as itself without a word", legacy.as_u16()),
                );
            }
            found.push((legacy, modern));
        }
        found
    }

    fn compared_status(&mut self, status: &Spanned<i64>) -> Option<StatusCode> {
        let number = u16::try_from(*status.get_ref()).ok();
        let fits = number.filter(|number| (200..600).contains(number));
        let found = fits.and_then(|number| StatusCode::from_u16(number).ok());
        if found.is_none() {
            self.fault(status, "wanted the status of an answer, 200 to 599");
        }
        found
    }

    fn failure(&mut self, error: &Spanned<file::ErrorWhen>, shape: &Shape) -> Option<Failure> {
        let said = error.get_ref();
        let codes = match (&said.ok, &said.error) {
            (Some(ok), None) => Codes::Ok(texts(ok)),
            (None, Some(error)) => Codes::Error(texts(error)),
            _ => {
                self.fault_with_help(
                    error,
                    "wanted one of: ok, error",
                    "ok = [\"0\"] makes every other value an error; error = [\"8\", \"12\"] makes these",
                );
                return None;
            }
        };
        let field = &said.field;
        match shape {
            Shape::Opaque => {
                self.fault(
                    field,
                    "an opaque answer has no fields: wanted json or a record",
                );
                None
            }
            Shape::Json | Shape::Xml | Shape::Form => Failure::of_member(field.get_ref(), codes)
                .map_err(|reason| self.fault(field, reason))
                .ok(),
            Shape::Record(layout) => {
                let path = self.one_value(field, layout)?;
                Some(Failure::of_field(layout, path, codes))
            }
        }
    }

    /// A field of which a record has one.
    pub(super) fn one_value(
        &mut self,
        field: &Spanned<String>,
        layout: &Arc<Layout>,
    ) -> Option<parsers::FieldPath> {
        let path = self.elementary(field, layout)?;
        let mut at = Some(layout.field_of(&path));
        while let Some(inner) = at {
            if inner.is_table() && !path.as_str().contains('(') {
                self.fault_with_help(
                    field,
                    format!("{path} is there several times"),
                    "say which one, as NAME(1)",
                );
                return None;
            }
            at = inner.parent_id().and_then(|id| layout.field(id));
        }
        Some(path)
    }

    fn of_field(
        &mut self,
        rules: &mut Rules,
        name: &Spanned<String>,
        field: &Spanned<CompareField>,
        shape: &Shape,
    ) {
        let before = self.faults.len();
        let said = field.get_ref();
        let how = self.leniency(said);
        let says = how.as_ref().is_some_and(says_something);
        if self.faults.len() != before {
            return;
        }
        if let Some(how) = how.filter(|_| says)
            && let Err(reason) = rules.lenient(name.get_ref(), how, shape)
        {
            self.fault(name, reason);
            return;
        }
        match &said.unordered {
            Some(unordered) => self.unordered(rules, name, unordered, shape),
            None if !says => self.fault_with_help(
                field,
                "this says nothing",
                "tolerance, relative, within, form, trim, case, pattern, numbers or unordered",
            ),
            None => {}
        }
    }

    fn unordered(
        &mut self,
        rules: &mut Rules,
        name: &Spanned<String>,
        unordered: &Spanned<Either<file::Unordered>>,
        shape: &Shape,
    ) {
        let by = match unordered.get_ref() {
            Either::Word(word) if word == "values" => By::Value,
            Either::Word(word) => {
                self.fault_with_help(
                    unordered,
                    format!("unknown unordered \"{word}\""),
                    "write \"values\", or { by = \"FIELD\" } with a field that tells elements apart",
                );
                return;
            }
            Either::Table(table) => {
                let keys = texts(&table.by);
                if keys.is_empty() {
                    self.fault(&table.by, "wanted a field that tells elements apart");
                    return;
                }
                By::Keys(keys)
            }
        };
        let at = match unordered.get_ref() {
            Either::Table(table)
                if rules
                    .clone()
                    .unordered(name.get_ref(), &By::Value, shape)
                    .is_ok() =>
            {
                table.by.span()
            }
            _ => name.span(),
        };
        if let Err(reason) = rules.unordered(name.get_ref(), &by, shape) {
            self.faults.push(self.text.fault(at, reason));
        }
    }

    fn leniency(&mut self, said: &CompareField) -> Option<Leniency> {
        let before = self.faults.len();
        let trims = [
            ("start", Trim::Start),
            ("end", Trim::End),
            ("both", Trim::Both),
        ];
        let trim = said
            .trim
            .as_ref()
            .and_then(|word| self.word(word, "trim", &trims));
        let cases = [("exact", Case::Exact), ("ignored", Case::Ignored)];
        let case = said
            .case
            .as_ref()
            .and_then(|word| self.word(word, "case", &cases));
        let forms = [("plain", Numbers::Plain), ("any form", Numbers::AnyForm)];
        let numbers = said
            .numbers
            .as_ref()
            .and_then(|word| self.word(word, "numbers", &forms));
        let pattern = said.pattern.as_ref().and_then(|pattern| {
            condition::pattern(pattern.get_ref())
                .map_err(|message| self.fault(pattern, message))
                .ok()
        });
        let tolerance = said
            .tolerance
            .as_ref()
            .and_then(|text| self.amount(text, text.get_ref(), "\"0.01\""));
        let relative = said.relative.as_ref().and_then(|text| {
            let Some(percent) = text.get_ref().trim().strip_suffix('%') else {
                self.fault(
                    text,
                    format!(
                        "wanted a part in percent such as \"0.1 %\", got \"{}\"",
                        text.get_ref()
                    ),
                );
                return None;
            };
            self.amount(text, percent.trim(), "\"0.1 %\"")
        });
        let time = self.time_rule(said);
        (self.faults.len() == before).then_some(Leniency {
            trim,
            case: case.unwrap_or_default(),
            pattern,
            numbers: numbers.unwrap_or_default(),
            tolerance,
            relative,
            time,
        })
    }

    /// A number above zero.
    fn amount(&mut self, at: &Spanned<String>, text: &str, such: &str) -> Option<Decimal> {
        let number = text.parse::<Decimal>().ok();
        let number = number
            .filter(|number| number.unscaled > 0 && (-PLACES..=PLACES).contains(&number.scale));
        if number.is_none() {
            self.fault(
                at,
                format!(
                    "wanted a number above zero such as {such}, got \"{}\"",
                    at.get_ref()
                ),
            );
        }
        number
    }

    fn time_rule(&mut self, said: &CompareField) -> Option<TimeRule> {
        if let (Some(pivot), None) = (&said.pivot, &said.form) {
            self.fault(
                pivot,
                "pivot is of a form with a year of two digits, and there is no form",
            );
        }
        let pivot = said.pivot.as_ref().and_then(|pivot| {
            let year = u8::try_from(*pivot.get_ref())
                .ok()
                .filter(|year| *year <= 100);
            if year.is_none() {
                self.fault(pivot, "wanted 0 to 100: years below it are 20xx");
            }
            year
        });
        if said.within.is_none() && said.form.is_none() {
            return None;
        }
        let within = said.within.as_ref().and_then(|within| {
            units::duration(within.get_ref())
                .map_err(|message| self.fault(within, message))
                .ok()
        });
        let mut forms = Vec::new();
        if let Some(said) = &said.form {
            for form in said.get_ref().each(said.span()) {
                // Of several forms only some may need the pivot.
                let text = form.get_ref();
                let read = TimeRule::form(text, None).or_else(|reason| match pivot {
                    Some(pivot) => TimeRule::form(text, Some(pivot)),
                    None => Err(reason),
                });
                match read {
                    Ok(form) => forms.push(form),
                    Err(reason) => self.fault(&form, reason),
                }
            }
        }
        Some(TimeRule {
            forms,
            within: within.map_or(0, |within| {
                i128::try_from(within.as_nanos()).unwrap_or(i128::MAX)
            }),
        })
    }
}

fn texts(texts: &Spanned<OneOrMany>) -> Vec<String> {
    let each = texts.get_ref().each(texts.span());
    each.into_iter().map(Spanned::into_inner).collect()
}

fn says_something(how: &Leniency) -> bool {
    how.trim.is_some()
        || how.case == Case::Ignored
        || how.pattern.is_some()
        || how.numbers == Numbers::AnyForm
        || how.tolerance.is_some()
        || how.relative.is_some()
        || how.time.is_some()
}
