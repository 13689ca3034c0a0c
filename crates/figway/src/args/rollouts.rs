//! What may be typed after `figway rollouts`.

use clap::Subcommand;

use super::AdminArgs;

/// All of `figway rollouts` asks a running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Rollouts {
    /// Every group that has a plan: its next step, and what it waits for
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// What happened on the way of a group, or of all
    Events {
        #[command(flatten)]
        admin: AdminArgs,
        /// Of that group only
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
        /// How many, the latest
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        last: usize,
    },
}
