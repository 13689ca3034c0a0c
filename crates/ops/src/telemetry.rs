//! Logs to standard error: for a person on a terminal, as JSON lines or plain text elsewhere.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Whether colours may be written to standard error: it is a terminal, and `NO_COLOR` is unset or empty
/// (<https://no-color.org>).
#[must_use]
pub fn colours() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Starts logging. `default` is the filter used when `FIGWAY_LOG` is not set, such as `info` or `warn,cdc=debug`.
///
/// A second call in one process changes nothing.
pub fn init(default: &str) {
    let filter = EnvFilter::try_from_env("FIGWAY_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours())
        .with_target(false)
        .finish();
    // Fails only if a subscriber is already there, as in tests that start the program twice.
    subscriber.try_init().ok();
}
