//! Tables of what comparing has shown: by route, by variant, by field, and what is noise.

use std::time::{Duration, SystemTime};

use gateway::admin::client::Client;
use gateway::admin::view::{ClearEvidence, ClearedEvidence};
use gateway::control::rfc3339;
use serde_json::Value;

use super::history::plain;
use super::json;
use super::show::table;
use crate::terminal::Terminal;

pub(super) fn evidence(report: &Value, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let routes = items(&report["routes"]);
    let mut list = table(&[
        "ROUTE",
        "BY LEGACY",
        "BY MODERN",
        "FELL BACK",
        "COMPARED",
        "EQUAL",
        "DIFFERENT",
        "MATCH",
        "AT LEAST",
        "NOT COMPARABLE",
        "VIEW BEHIND",
        "ERRORS",
        "DROPPED",
    ]);
    for route in routes {
        let answers = &route["answers"];
        let mut row = vec![text(&route["route"])];
        row.extend(["legacy", "modern", "fallbacks"].map(|name| text(&answers[name])));
        row.extend(["compared", "equal", "different"].map(|name| text(&route[name])));
        row.extend(["match_rate", "match_at_least"].map(|name| percent(&route[name])));
        let rest = ["not_comparable", "view_behind", "errors", "dropped"];
        row.extend(rest.map(|name| text(&route[name])));
        list.add_row(row);
    }
    terminal.say(list.trim_fmt())?;
    for route in routes {
        sides(route, terminal)?;
        variants(route, terminal)?;
        noise(route, terminal)?;
    }
    for route in routes {
        fields(route, terminal)?;
    }
    if routes.is_empty() {
        terminal.say("nothing was answered or compared yet")?;
    }
    parts(&report["parts"], terminal)?;
    Ok(crate::HELD)
}

/// Has evidence forgotten.
pub(super) async fn clear(
    client: &Client,
    request: &ClearEvidence,
    as_json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let answer: Value = client.post("/v1/evidence/clear", request).await?;
    if as_json {
        return json(&answer, terminal);
    }
    let cleared: ClearedEvidence = client.understood(answer)?;
    for route in cleared.routes {
        let route = plain(&route);
        terminal.say(format_args!("{route}: counted anew on all gateways"))?;
    }
    Ok(crate::HELD)
}

/// Whose evidence it is, and what is missing.
fn parts(parts: &Value, terminal: &mut Terminal) -> anyhow::Result<()> {
    let gateways = items(&parts["gateways"]);
    if parts["of"] == "fleet" && gateways.len() > 1 {
        let names: Vec<String> = gateways
            .iter()
            .map(|part| plain(&text(&part["gateway"])))
            .collect();
        let oldest = match parts["oldest_seconds"].as_u64() {
            Some(seconds) => format!("; the oldest part was written {seconds} s ago"),
            None => String::new(),
        };
        terminal.say(format_args!(
            "\nof {} gateways: {}{oldest}",
            gateways.len(),
            names.join(", ")
        ))?;
    }
    if let Some(trouble) = parts["trouble"].as_str() {
        terminal.say(format_args!("\nnot all of it: {}", plain(trouble)))?;
    }
    for (name, what) in [
        (
            "strangers",
            "no key that the control log knows has signed them",
        ),
        ("overflow", "there are too many"),
    ] {
        if let Some(count @ 1..) = parts[name].as_u64() {
            terminal.say(format_args!("{count} parts are not counted: {what}"))?;
        }
    }
    Ok(())
}

/// What is to be known of a route beside its counts.
fn sides(route: &Value, terminal: &mut Terminal) -> anyhow::Result<()> {
    let name = plain(&text(&route["route"]));
    let told: Vec<String> = ["legacy", "modern"]
        .into_iter()
        .filter_map(|side| of_side(side, &route[side]))
        .collect();
    if !told.is_empty() {
        let spared = match route["spared"].as_u64() {
            None | Some(0) => String::new(),
            Some(calls) => format!("; legacy was spared {calls} calls"),
        };
        terminal.say(format_args!("\n{name}: {}{spared}", told.join("; ")))?;
    }
    let cleared = &route["cleared"];
    if !cleared.is_null() {
        terminal.say(format_args!(
            "\n{name}: counted anew since {}, by {}: {}",
            time(&cleared["at"]),
            plain(&text(&cleared["who"])),
            plain(&text(&cleared["why"]))
        ))?;
    }
    let others = items(&route["other_rules"]);
    if !others.is_empty() {
        let names: Vec<String> = others.iter().map(|name| plain(&text(name))).collect();
        terminal.say(format_args!(
            "\n{name}: what {} found was by other rules for comparing, and is not in this",
            names.join(", ")
        ))?;
    }
    Ok(())
}

/// How long a side took for clients, and how often it failed.
fn of_side(name: &str, side: &Value) -> Option<String> {
    let errors = side["errors"].as_u64().filter(|errors| *errors > 0);
    let errors = errors.map(|errors| format!("{errors} errors"));
    let took = side["p50_ms"].as_f64().zip(side["p99_ms"].as_f64());
    let took = took.map(|(half, most)| format!("half in {half:.1} ms, 99 % in {most:.1} ms"));
    let told: Vec<String> = took.into_iter().chain(errors).collect();
    (!told.is_empty()).then(|| format!("{name} {}", told.join(", ")))
}

/// Which kinds of answers are covered, where the route tells kinds apart.
fn variants(route: &Value, terminal: &mut Terminal) -> anyhow::Result<()> {
    let variants = items(&route["variants"]);
    if variants.iter().all(|variant| variant["variant"] == "all") {
        return Ok(());
    }
    let mut list = table(&[
        "VARIANT",
        "SAMPLES",
        "EQUAL",
        "DIFFERENT",
        "MATCH",
        "AT LEAST",
        "NOT COMPARABLE",
        "VIEW BEHIND",
        "ERRORS",
        "FIRST SEEN",
        "LAST SEEN",
    ]);
    for variant in variants {
        let mut row = vec![text(&variant["variant"])];
        row.extend(["samples", "equal", "different"].map(|name| text(&variant[name])));
        row.extend(["match_rate", "match_at_least"].map(|name| percent(&variant[name])));
        let rest = ["not_comparable", "view_behind", "errors"];
        row.extend(rest.map(|name| text(&variant[name])));
        row.extend(["first_seen", "last_seen"].map(|name| time(&variant[name])));
        list.add_row(row);
    }
    terminal.say(format_args!("\n{} by variant", text(&route["route"])))?;
    terminal.say(list.trim_fmt())?;
    Ok(())
}

/// In what legacy differs from itself, where it was asked twice.
fn noise(route: &Value, terminal: &mut Terminal) -> anyhow::Result<()> {
    let noise = &route["noise"];
    if noise.is_null() {
        return Ok(());
    }
    terminal.say(format_args!(
        "\n{}: legacy was asked twice {} times and differed from itself {} times",
        text(&route["route"]),
        text(&noise["asked"]),
        text(&noise["differed"]),
    ))?;
    let fields = items(&noise["fields"]);
    if fields.is_empty() {
        return Ok(());
    }
    let mut list = table(&["NOISE IN", "PAIRS", "SHARE", "AT LEAST", ""]);
    for field in fields {
        let left_out = field["left_out"] == true;
        list.add_row([
            text(&field["field"]),
            text(&field["count"]),
            percent(&field["share"]),
            percent(&field["share_at_least"]),
            if left_out { "left out" } else { "" }.to_owned(),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    Ok(())
}

/// What differed, by variant, with samples.
fn fields(route: &Value, terminal: &mut Terminal) -> anyhow::Result<()> {
    for variant in items(&route["variants"]) {
        let of = match text(&variant["variant"]).as_str() {
            "all" => text(&route["route"]),
            name => format!("{} {name}", text(&route["route"])),
        };
        for field in items(&variant["fields"]) {
            let rate = match field["match_at_least"].is_null() {
                true => String::new(),
                false => format!(
                    ", matches in {} (at least {})",
                    percent(&field["match_rate"]),
                    percent(&field["match_at_least"])
                ),
            };
            let left_out = match field["left_out"].as_u64() {
                None | Some(0) => String::new(),
                Some(times) => format!(", left out as noise {times} times"),
            };
            terminal.say(format_args!(
                "\n{of} {}: differed {} times{rate}{left_out}",
                text(&field["field"]),
                text(&field["count"])
            ))?;
            for sample in items(&field["samples"]) {
                terminal.say(format_args!(
                    "  {}  (request {})",
                    text(&sample["text"]),
                    text(&sample["request_id"])
                ))?;
            }
        }
    }
    Ok(())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

/// A part from 0 to 1. What is not all of it is not rounded up to all of it.
fn percent(value: &Value) -> String {
    match value.as_f64() {
        // 0.29 is a little less than 29 %.
        Some(share) => format!("{:.2} %", (share * 10_000.0 + 1e-6).floor() / 100.0),
        None => "-".to_owned(),
    }
}

/// Milliseconds since 1970.
fn time(value: &Value) -> String {
    let at = value.as_u64().map(Duration::from_millis);
    let at = at.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    at.map_or_else(|| "-".to_owned(), rfc3339)
}
