//! Tables of what the admin API gives.

use comfy_table::Table;
use gateway::admin::view::{Backends, ControlView, Explained, Routes, SideView, WriteBackView};
use gateway::control::command::{Count, Loss};

use super::typed;
use crate::terminal::Terminal;

pub(in crate::command) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header);
    table
}

pub(super) fn routes(routes: &Routes, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let mut list = table(&[
        "ROUTE", "MATCHES", "EFFECT", "GROUP", "MODE", "LEGACY", "MODERN",
    ]);
    for route in &routes.routes {
        let effect = serde_json::to_value(route.effect)?;
        list.add_row([
            route.name.clone(),
            route.matches.clone(),
            effect.as_str().unwrap_or_default().to_owned(),
            route.group.clone(),
            typed(route.mode),
            or_dash(route.legacy.as_deref()),
            or_dash(route.modern.as_deref()),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    if !routes.fixed.is_empty() {
        terminal.say("")?;
        let mut list = table(&["ROUTE", "MATCHES", "ANSWERED HERE"]);
        for route in &routes.fixed {
            list.add_row([&route.name, &route.matches, &route.answers]);
        }
        terminal.say(list.trim_fmt())?;
    }
    terminal.say("")?;
    let mut list = table(&[
        "GROUP",
        "MODE",
        "VERSION",
        "SINCE",
        "BY",
        "WHY",
        "CHANGE",
        "LEGACY LACKS",
    ]);
    for group in &routes.groups {
        let mode = match &group.break_glass {
            Some(_) => format!("{} (break-glass)", typed(group.mode)),
            None => typed(group.mode),
        };
        let lacks = match &group.write_back {
            Some(back) => behind(group.legacy_lacks, back),
            None => lacks(group.legacy_lacks),
        };
        list.add_row([
            group.name.clone(),
            mode,
            group.version.to_string(),
            or_dash(group.since.as_deref()),
            or_dash(group.by.as_deref()),
            or_dash(group.why.as_deref()),
            or_dash(group.change.as_deref()),
            lacks,
        ]);
    }
    terminal.say(list.trim_fmt())?;
    control(&routes.control, terminal)?;
    Ok(crate::HELD)
}

/// A dash only where it is known that nothing is lacking: "at least 0" may be any number.
pub(super) fn lacks(loss: Loss) -> String {
    if loss.writes == 0 && loss.count == Count::Exact {
        "-".to_owned()
    } else {
        loss.to_string()
    }
}

/// The same of a group whose writes go back: how far legacy is behind, and what is in the way.
fn behind(loss: Loss, back: &WriteBackView) -> String {
    let mut text = lacks(loss);
    if loss.writes > 0 && back.lag_seconds > 0 {
        text.push_str(&format!(", {} s behind", back.lag_seconds));
    }
    if back.parked > 0 {
        text.push_str(&format!(", {} parked", back.parked));
    }
    if let Some(trouble) = &back.trouble {
        text.push_str(&format!(" ({trouble})"));
    }
    text
}

/// Says how sure the modes are, where they are not.
pub(super) fn control(control: &ControlView, terminal: &mut Terminal) -> anyhow::Result<()> {
    if control.reach == "following" {
        return Ok(());
    }
    let age = match control.age_seconds {
        Some(age) => format!("these modes were known to be current {age} s ago"),
        None => "these modes are those of routes.toml".to_owned(),
    };
    terminal.say(format_args!(
        "\nthe control log is {} since {}: {}; {age}",
        control.reach.replace('_', " "),
        or_dash(control.since.as_deref()),
        or_dash(control.why.as_deref()),
    ))?;
    if control.stale {
        terminal.say("that is longer ago than max_age: groups go by their when_stale, as shown")?;
    }
    Ok(())
}

/// How many routes are named that are for other hosts and paths.
const ELSEWHERE: usize = 20;

pub(super) fn explained(
    explained: &Explained,
    all: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    match (&explained.taken, &explained.fixed) {
        (None, None) => terminal.say("no route takes this request")?,
        (None, Some(fixed)) => terminal.say(format_args!(
            "{} takes it: answered here, {}",
            fixed.name, fixed.answers
        ))?,
        (Some(taken), _) => {
            terminal.say(format_args!(
                "{} takes it: group {} is in mode {}, version {}",
                taken.route,
                taken.group,
                typed(taken.mode),
                taken.version
            ))?;
            let side = |side: &SideView| format!("{} ({})", side.side, side.backend);
            if let Some(primary) = &taken.primary {
                terminal.say(format_args!("  answered by  {}", side(primary)))?;
            }
            if let Some(mirror) = &taken.mirror {
                terminal.say(format_args!("  mirrored to  {}", side(mirror)))?;
            }
            if let Some(fallback) = &taken.fallback {
                terminal.say(format_args!("  falls back to  {}", side(fallback)))?;
            }
            terminal.say(format_args!("  canary key  {}", taken.key))?;
            for note in &taken.notes {
                terminal.say(format_args!("  {note}"))?;
            }
        }
    }
    terminal.say("")?;
    let mut list = table(&["ROUTE", "MATCHES", "", "WHY"]);
    let mut elsewhere = 0_usize;
    for one in &explained.considered {
        elsewhere += usize::from(one.elsewhere);
        if one.elsewhere && elsewhere > ELSEWHERE && !all {
            continue;
        }
        list.add_row([
            one.route.as_str(),
            &one.matches,
            if one.taken { "taken" } else { "" },
            &one.why,
        ]);
    }
    terminal.say(list.trim_fmt())?;
    if elsewhere > ELSEWHERE && !all {
        let more = elsewhere.saturating_sub(ELSEWHERE);
        terminal.say(format_args!(
            "and {more} more for other hosts and paths: --all names them"
        ))?;
    }
    Ok(crate::HELD)
}

pub(super) fn backends(backends: &Backends, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let mut list = table(&[
        "BACKEND",
        "KIND",
        "ENDPOINT",
        "STATE",
        "IN FLIGHT",
        "REQUESTS",
        "FAILURES",
        "SINCE",
        "WHY",
    ]);
    for backend in &backends.backends {
        let fleet = backend.endpoints.as_ref();
        let endpoints = fleet.map_or(&[][..], |fleet| &fleet.endpoints);
        let kind = match fleet.and_then(|fleet| fleet.breaker.as_deref()) {
            Some(breaker) if breaker != "closed" => {
                format!("{}, breaker {}", backend.kind, breaker.replace('_', " "))
            }
            _ => backend.kind.clone(),
        };
        if endpoints.is_empty() {
            list.add_row([backend.name.clone(), kind.clone(), "-".to_owned()]);
        }
        for endpoint in endpoints {
            let state = match endpoint.ejected_for_seconds {
                Some(seconds) if endpoint.state == "ejected" => {
                    format!("{} for {seconds} s", endpoint.state)
                }
                _ => endpoint.state.clone(),
            };
            list.add_row([
                backend.name.clone(),
                kind.clone(),
                endpoint.name.clone(),
                state,
                endpoint.in_flight.to_string(),
                endpoint.requests.to_string(),
                endpoint.failures.to_string(),
                or_dash(endpoint.since.as_deref()),
                or_dash(endpoint.why.as_deref()),
            ]);
        }
    }
    terminal.say(list.trim_fmt())?;
    Ok(crate::HELD)
}

pub(super) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}
