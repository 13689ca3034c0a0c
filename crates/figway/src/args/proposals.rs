//! What may be typed after `figway proposals`.

use clap::Subcommand;

use super::{AdminArgs, ChangeArgs, ReasonArgs};

/// All of `figway proposals` asks a running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Proposals {
    /// What waits for approval, and whose
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Propose a mode for a group; others approve it before it is set
    ///
    /// Groups with `approvals` in routes.toml go forward in no other way. A proposal is over once the group has changed otherwise.
    Open {
        #[command(flatten)]
        admin: AdminArgs,
        /// The group
        group: String,
        /// legacy, shadow, canary:10 (percent of keys; `canary 10` does as well), modern, retired
        #[arg(num_args = 1..=2, required = true, value_name = "MODE")]
        mode: Vec<String>,
        /// What there is to see, in a few words
        #[arg(long, value_name = "TEXT")]
        evidence: Option<String>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Sign a proposal; the last signature that it waits for makes the change
    Approve {
        #[command(flatten)]
        admin: AdminArgs,
        /// Which: its id
        id: String,
        /// Your name in print
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What your signature means, such as review or approval
        #[arg(long, value_name = "TEXT", default_value = "approval")]
        meaning: String,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
    /// Reject a proposal, or take your own back
    Reject {
        #[command(flatten)]
        admin: AdminArgs,
        /// Which: its id
        id: String,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
    /// Make a change that enough have approved and that could not be made then
    Make {
        #[command(flatten)]
        admin: AdminArgs,
        /// Which: its id
        id: String,
    },
    /// Say that something has happened which a group's plan waits for, such as a month's end
    Happened {
        #[command(flatten)]
        admin: AdminArgs,
        /// The group
        group: String,
        /// What, as the plan calls it
        event: String,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
}
