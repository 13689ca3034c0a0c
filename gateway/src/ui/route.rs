//! `GET /ui/routes/{route}`: what is different? Coverage, fields that differ, and samples side by side as evidence keeps them: what is masked
//! there is masked here.

use std::sync::Arc;
use std::time::SystemTime;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::frame::{self, Frame, Menu};
use super::missing;
use super::standing::{self, Proof, RouteStanding, Standing};
use super::text::{self, When};
use super::viewer::Viewer;
use crate::admin::Shared;
use crate::compare::{DifferenceKind, Shown};
use crate::evidence::{Field, Sample, VariantReport};
use crate::mode::Mode;
use crate::route::Route;
use crate::route::shape::Shape;

/// Of each field so many samples are shown side by side.
const SAMPLES: usize = 3;

#[derive(Template)]
#[template(path = "route.html")]
struct RoutePage {
    frame: Frame,
    one: RouteStanding,
    mode: Mode,
    glyph: &'static str,
    group_segment: String,
    segment: String,
    /// What clients, legacy and new speak, as `record LOTI-RESPONSE`.
    client: String,
    legacy: String,
    modern: String,
    ignored: String,
    variants: Vec<Variant>,
    differences: Vec<Different>,
    reasons: Vec<(String, String)>,
    last_not_comparable: Option<String>,
    noise: Option<String>,
    noisy: Vec<Noisy>,
    overflow: u64,
}

struct Variant {
    name: String,
    declared: bool,
    samples: String,
    proof: Proof,
    not_compared: String,
    fields: usize,
    last: Option<When>,
    anchor: String,
}

/// A field of a variant that differs.
struct Different {
    number: usize,
    anchor: String,
    variant: String,
    field: String,
    /// As `offset 112, 5 bytes, S9(7)V99 PACKED-DECIMAL`.
    place: Option<String>,
    rule: String,
    answers: String,
    of: String,
    rate: Option<String>,
    at_least: Option<String>,
    bytes_only: Option<String>,
    first: When,
    last: When,
    samples: Vec<Pair>,
    more: usize,
}

/// Both sides of a sample.
struct Pair {
    request: String,
    at: When,
    path: String,
    masked: bool,
    only_bytes: bool,
    /// Legacy and new.
    sides: [Side; 2],
}

struct Side {
    name: &'static str,
    value: Option<String>,
    /// Bytes of both sides line by line, each marked where it is not the other's.
    bytes: Vec<Byte>,
    cut: bool,
}

struct Byte {
    hex: String,
    differs: bool,
}

struct Noisy {
    field: String,
    count: String,
    share: String,
    left_out: bool,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(viewer): Extension<Viewer>,
    Path(name): Path<String>,
) -> Response {
    let now = SystemTime::now();
    let table = shared.subjects.table();
    let standing = Standing::of(&shared);
    let routes = standing.groups.into_iter().flat_map(|group| group.routes);
    let (Some(one), Some(route)) = (
        routes.into_iter().find(|route| route.view.name == name),
        table.route(&name),
    ) else {
        return missing::page(
            &shared,
            viewer,
            &format!("There is no route {name} in routes.toml."),
        );
    };
    let frame = Frame::new(&shared, viewer, Menu::Groups, &name, now);
    let report = &one.report;
    let variants: Vec<Variant> = report
        .variants
        .iter()
        .enumerate()
        .map(|(place, variant)| shown(variant, place, now))
        .collect();
    let mut differences = Vec::new();
    for variant in &report.variants {
        for field in variant.fields.iter().filter(|field| field.field.count > 0) {
            let place = report
                .variants
                .iter()
                .position(|known| known.variant == variant.variant);
            differences.push(different(
                &field.field,
                variant,
                route,
                place.unwrap_or_default(),
                now,
            ));
        }
    }
    // What differs most comes first.
    differences.sort_by(|one, other| (other.2, &one.0.field).cmp(&(one.2, &other.0.field)));
    let mut anchored = Vec::new();
    let differences: Vec<Different> = differences
        .into_iter()
        .enumerate()
        .map(|(place, (mut different, variant, _))| {
            different.number = place + 1;
            // The first of each variant is where its row leads to.
            let first = !anchored.contains(&variant);
            anchored.push(variant);
            different.anchor = if first {
                format!("variant-{variant}")
            } else {
                format!("difference-{}", place + 1)
            };
            different
        })
        .collect();
    let reasons = report
        .not_comparable_reasons
        .iter()
        .map(|(reason, count)| {
            (
                format!("not comparable: {}", reason.replace('_', " ")),
                text::count(*count),
            )
        })
        .chain(report.error_codes.iter().map(|(code, count)| {
            (
                format!("new did not answer: {}", code.replace('_', " ")),
                text::count(*count),
            )
        }))
        .chain(report.dropped_reasons.iter().map(|(why, count)| {
            (
                format!("not asked: {}", why.replace('_', " ")),
                text::count(*count),
            )
        }));
    let noise = report.noise.as_ref();
    let page = RoutePage {
        mode: one.view.mode,
        glyph: standing::glyph(one.view.mode),
        group_segment: text::segment(&one.view.group),
        segment: text::segment(&name),
        client: spoken(&route.client.response),
        legacy: route.legacy.as_ref().map_or_else(|| "none".to_owned(), |leg| spoken(&leg.shapes.response)),
        modern: route.modern.as_ref().map_or_else(|| "none".to_owned(), |leg| spoken(&leg.shapes.response)),
        ignored: route.compare.ignore().join(", "),
        variants,
        reasons: reasons.collect(),
        last_not_comparable: report.last_not_comparable.clone(),
        noise: noise.map(|noise| {
            format!(
                "Legacy was asked twice {}: it differed from itself in {}, and gave no second answer in {}.",
                text::counted(noise.asked, "time"),
                text::count(noise.differed),
                text::count(noise.failed)
            )
        }),
        noisy: noise.map_or_else(Vec::new, |noise| {
            let fields = noise.fields.iter().map(|field| Noisy {
                field: field.field.clone(),
                count: text::count(field.count),
                share: field.share.map_or_else(|| "–".to_owned(), text::percent),
                left_out: field.left_out,
            });
            fields.collect()
        }),
        overflow: report.more_fields,
        differences,
        one,
        frame,
    };
    frame::page(&page, StatusCode::OK)
}

fn shown(variant: &VariantReport, place: usize, now: SystemTime) -> Variant {
    let not_compared = variant
        .not_comparable
        .saturating_add(variant.view_behind)
        .saturating_add(variant.errors);
    Variant {
        name: variant.variant.clone(),
        declared: variant.declared,
        samples: text::count(variant.samples),
        proof: Proof {
            equal: variant.equal,
            different: variant.different,
            ..Proof::default()
        },
        not_compared: text::count(not_compared),
        fields: variant
            .fields
            .iter()
            .filter(|field| field.field.count > 0)
            .count(),
        last: variant.last_seen.map(|last| When::of_millis(last, now)),
        anchor: format!("variant-{place}"),
    }
}

/// With the place of its variant and how often it was found.
fn different(
    field: &Field,
    variant: &VariantReport,
    route: &Route,
    place: usize,
    now: SystemTime,
) -> (Different, usize, u64) {
    let proof = Proof {
        equal: variant.samples.saturating_sub(field.answers),
        different: field.answers,
        ..Proof::default()
    };
    let sample = field.samples.back();
    let rule = sample.and_then(|sample| route.compare.told(&route.client.response, &sample.path));
    let shown = Different {
        number: 0,
        anchor: String::new(),
        variant: variant.variant.clone(),
        field: field.field.clone(),
        place: sample.and_then(|sample| where_it_is(sample, &route.client.response)),
        rule: rule.unwrap_or_else(|| "exactly the same value".to_owned()),
        answers: text::count(field.answers),
        of: text::count(variant.samples),
        rate: proof.rate(),
        at_least: proof.at_least(),
        bytes_only: (field.bytes_only > 0).then(|| text::count(field.bytes_only)),
        first: When::of_millis(field.first_seen, now),
        last: When::of_millis(field.last_seen, now),
        more: field.samples.len().saturating_sub(SAMPLES),
        samples: field
            .samples
            .iter()
            .rev()
            .take(SAMPLES)
            .map(|sample| pair(sample, now))
            .collect(),
    };
    (shown, place, field.answers)
}

/// Offset, length, picture and usage, as far as there is a record.
fn where_it_is(sample: &Sample, shape: &Shape) -> Option<String> {
    let mut told = Vec::new();
    if let Some(offset) = sample.offset {
        told.push(format!("offset {offset}"));
    }
    if let Some(length) = sample.length {
        told.push(text::counted(
            u64::try_from(length).unwrap_or(u64::MAX),
            "byte",
        ));
    }
    if let Shape::Record(layout) = shape
        && let Ok(path) = layout.resolve(&sample.path)
    {
        let field = layout.field_of(&path);
        let picture = field.picture().map(|picture| picture.text().to_owned());
        let usage = field.usage().map(|usage| usage.name().to_owned());
        let both: Vec<String> = picture.into_iter().chain(usage).collect();
        if !both.is_empty() {
            told.push(both.join(" "));
        }
    }
    (!told.is_empty()).then(|| told.join(", "))
}

fn pair(sample: &Sample, now: SystemTime) -> Pair {
    let hex = |shown: &Shown| -> Vec<String> {
        let text = shown
            .hex
            .as_deref()
            .unwrap_or_default()
            .trim_end_matches("...");
        let digits: Vec<char> = text.chars().collect();
        digits.chunks(2).map(|two| two.iter().collect()).collect()
    };
    let (old, new) = (hex(&sample.legacy), hex(&sample.modern));
    let side = |name, shown: &Shown, own: &[String], other: &[String]| Side {
        name,
        value: shown.value.clone(),
        bytes: own
            .iter()
            .enumerate()
            .map(|(place, byte)| Byte {
                hex: byte.clone(),
                differs: other.get(place) != Some(byte),
            })
            .collect(),
        cut: shown.hex.as_deref().is_some_and(|hex| hex.ends_with("...")),
    };
    Pair {
        request: sample.request_id.to_string(),
        at: When::of_millis(sample.at, now),
        path: sample.path.clone(),
        masked: sample.masked,
        only_bytes: sample.kind == DifferenceKind::Bytes,
        sides: [
            side("Legacy", &sample.legacy, &old, &new),
            side("New", &sample.modern, &new, &old),
        ],
    }
}

fn spoken(shape: &Shape) -> String {
    match shape {
        Shape::Record(layout) => format!("record {}", layout.name()),
        Shape::Opaque | Shape::Json | Shape::Xml | Shape::Form => shape.as_str().to_owned(),
    }
}
