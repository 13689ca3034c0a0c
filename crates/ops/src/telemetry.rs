//! Logs to standard error: for a person on a terminal, as JSON lines or plain text elsewhere. Who writes a line never waits for whoever
//! reads it.

mod lines;

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use self::lines::Lines;

/// How long the end waits for what is still to be written.
const END: Duration = Duration::from_secs(2);

static LINES: OnceLock<Lines> = OnceLock::new();

/// Whether colours may be written to standard error: it is a terminal, and `NO_COLOR` is unset or empty
/// (<https://no-color.org>).
#[must_use]
pub fn colours() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Starts logging. `default` is the filter used when `FIGWAY_LOG` is not set, such as `info` or `warn,cdc=debug`. What cannot be written
/// because nobody takes it is dropped, and how much that was is told when there is room again.
///
/// A second call in one process changes nothing.
pub fn init(default: &str) {
    let filter = EnvFilter::try_from_env("FIGWAY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let lines = LINES.get_or_init(|| Lines::to(std::io::stderr()));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || lines)
        .with_ansi(colours())
        .with_target(false)
        .finish();
    // Fails only if a subscriber is already there, as in tests that start the program twice.
    subscriber.try_init().ok();
}

/// Waits until all that was logged is written, two seconds at most. To be called before the process ends, and before something else is
/// written to standard error that must stand behind it.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush(END);
    }
}
