//! What a `routes.toml` without a fault says, as tables a person can hold against what was meant.

use std::time::SystemTime;

use comfy_table::Table;
use gateway::config::{BackendSpec, NamedBackend, Resolved};
use gateway::route::shape::Shape;
use gateway::route::{Action, Entry, Group, GroupId, Leg, Side};

use crate::terminal::Terminal;

pub(super) fn tell(resolved: &Resolved, terminal: &mut Terminal) -> anyhow::Result<()> {
    terminal.say("routes, in the order in which they are tried:")?;
    terminal.say(routes(resolved))?;
    terminal.say("\ngroups:")?;
    terminal.say(groups(resolved))?;
    terminal.say("\nbackends:")?;
    terminal.say(backends(resolved))?;
    let listen = &resolved.listen;
    let https = listen.https.as_ref();
    let plain = listen.http.map(|address| address.to_string());
    let tls = https.map(|https| format!("{} with TLS", https.address));
    let addresses: Vec<_> = plain.into_iter().chain(tls).collect();
    terminal.say(format_args!(
        "\nlistens on {}; revision {} of the file",
        addresses.join(" and "),
        resolved.revision
    ))?;
    // No fault of the file: it is served, and those who look at dates refuse it.
    for notice in resolved.notices(SystemTime::now()) {
        terminal.say(format_args!("note: {notice}"))?;
    }
    for (name, mapping) in &resolved.mappings {
        for note in &mapping.notes {
            terminal.say(format_args!("note: mapping {name}: {note}"))?;
        }
    }
    Ok(())
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(head.to_vec());
    table
}

fn routes(resolved: &Resolved) -> Table {
    let mut table = table(&[
        "ROUTE", "MATCH", "EFFECT", "GROUP", "LEGACY", "MODERN", "KEY",
    ]);
    for Entry { rule, action } in resolved.table.entries() {
        let route = match action {
            Action::Route(route) => route,
            Action::Fixed(fixed) => {
                let dash = || "-".to_owned();
                let answers = format!("answered here: {}", fixed.told());
                let name = fixed.name.to_string();
                table.add_row([
                    name,
                    rule.to_string(),
                    dash(),
                    dash(),
                    answers,
                    dash(),
                    dash(),
                ]);
                continue;
            }
        };
        let side = |side| {
            route
                .leg(side)
                .map_or("-".to_owned(), |leg| named(resolved, leg))
        };
        table.add_row([
            route.name.to_string(),
            rule.to_string(),
            route.effect.as_str().to_owned(),
            group(resolved, route.group).map_or(String::new(), |group| group.name.to_string()),
            side(Side::Legacy),
            side(Side::Modern),
            route
                .canary_key
                .as_ref()
                .map_or("-".to_owned(), ToString::to_string),
        ]);
    }
    table
}

fn group(resolved: &Resolved, id: GroupId) -> Option<&Group> {
    resolved.table.group(id).map(|group| &**group)
}

/// A side: its backend, and what it is spoken to in where that is known.
fn named(resolved: &Resolved, leg: &Leg) -> String {
    let name = resolved
        .backends
        .get(leg.backend.0)
        .map_or("", |backend| &backend.name);
    let (takes, gives) = (shape(&leg.shapes.request), shape(&leg.shapes.response));
    if takes == "opaque" && gives == "opaque" {
        name.to_owned()
    } else {
        format!("{name} ({takes} to {gives})")
    }
}

fn shape(shape: &Shape) -> &str {
    match shape {
        Shape::Opaque | Shape::Json | Shape::Xml | Shape::Form => shape.as_str(),
        Shape::Record(layout) => layout.name(),
    }
}

fn groups(resolved: &Resolved) -> Table {
    let mut table = table(&["GROUP", "MODE AT FIRST", "BACK-SYNC", "ROUTES"]);
    for (place, group) in resolved.table.groups().iter().enumerate() {
        let routes: Vec<&str> = resolved
            .table
            .routes_of(GroupId(place))
            .map(|route| &*route.name)
            .collect();
        table.add_row([
            group.name.to_string(),
            group.seed.to_string(),
            match (group.back_sync, group.writes) {
                (Some(_), _) => "none".to_owned(),
                (None, true) => "not stated".to_owned(),
                (None, false) => "-".to_owned(),
            },
            routes.join(", "),
        ]);
    }
    table
}

fn backends(resolved: &Resolved) -> Table {
    let mut table = table(&["BACKEND", "KIND", "WHERE"]);
    for NamedBackend { name, spec } in &resolved.backends {
        let place = match spec {
            BackendSpec::Http(http) => {
                let endpoints: Vec<&str> = http.endpoints.iter().map(|one| one.as_str()).collect();
                endpoints.join(", ")
            }
            BackendSpec::Kafka(kafka) => {
                format!("topic {}, replies in {}", kafka.requests, kafka.replies)
            }
            BackendSpec::View(view) => {
                let key: Vec<&str> = view.key.iter().map(|(name, _)| name.as_str()).collect();
                format!("topic {} by {}", view.topic, key.join(", "))
            }
        };
        table.add_row([name.to_string(), spec.as_str().to_owned(), place]);
    }
    table
}
