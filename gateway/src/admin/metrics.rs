//! What control adds to the metrics of the data plane: whether the log is followed, how old the modes are, which mode is in force.

use std::fmt::Write;

use super::Shared;
use super::show::age_seconds;
use crate::control::Reach;
use crate::mode::Mode;

/// 1 while the control log is followed.
const FOLLOWING: &str = "figway_control_following";
/// Seconds since the modes were last known to be all that the log says.
const AGE: &str = "figway_control_age_seconds";
/// The share of keys that modern answers, by group.
const SHARE: &str = "figway_group_modern_ratio";
/// Groups that are overridden on this gateway.
const BREAK_GLASS: &str = "figway_control_break_glass_groups";

/// All of it, in the OpenMetrics text format.
pub(super) fn text(shared: &Shared) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    write(shared, &mut text).ok();
    text.push_str(&shared.subjects.metrics());
    text
}

fn write(shared: &Shared, text: &mut String) -> std::fmt::Result {
    let (health, state) = (shared.control.health(), shared.control.state());
    let following = u8::from(health.reach == Reach::Following);
    writeln!(
        text,
        "# HELP {FOLLOWING} Whether the control log is followed."
    )?;
    writeln!(text, "# TYPE {FOLLOWING} gauge\n{FOLLOWING} {following}")?;
    if let Some(at) = health.current_at {
        writeln!(
            text,
            "# HELP {AGE} Time since the modes were known to be current."
        )?;
        writeln!(
            text,
            "# TYPE {AGE} gauge\n# UNIT {AGE} seconds\n{AGE} {}",
            age_seconds(at)
        )?;
    }
    let overridden = state.overrides().len();
    writeln!(
        text,
        "# HELP {BREAK_GLASS} Groups overridden on this gateway alone."
    )?;
    writeln!(
        text,
        "# TYPE {BREAK_GLASS} gauge\n{BREAK_GLASS} {overridden}"
    )?;
    writeln!(text, "# HELP {SHARE} Part of the keys that modern answers.")?;
    writeln!(text, "# TYPE {SHARE} gauge")?;
    for group in shared.subjects.table().groups() {
        let share = match state.mode(group) {
            Mode::Legacy | Mode::Shadow => 0.0,
            Mode::Canary { percent } => f64::from(percent.get()) / 100.0,
            Mode::Modern | Mode::Retired => 1.0,
        };
        writeln!(
            text,
            "{SHARE}{{group=\"{}\"}} {share}",
            escaped(&group.name)
        )?;
    }
    super::back::metrics(shared, text)?;
    for metric in &payload::METRICS {
        let payload::Metric { name, help, counts } = metric;
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter")?;
        for (what, count) in *counts {
            writeln!(text, "{name}_total{{what=\"{what}\"}} {}", count.get())?;
        }
    }
    super::backends::metrics(&shared.subjects.backends(), text)
}

/// A label's value as the format has it.
pub(super) fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
