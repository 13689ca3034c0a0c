//! The words of `figway gateways`.

use clap::Subcommand;

use super::{AdminArgs, ReasonArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Gateways {
    /// The gateways that are there, whether they have folded the same, and the keys that sign
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Have a key sign for a gateway from now on
    ///
    /// Needed where gateways may not enrol their own keys, and for one whose key was revoked. The gateway says its key
    /// in its log, and in `figway gateways list`.
    Enrol {
        #[command(flatten)]
        admin: AdminArgs,
        /// The gateway's instance name
        gateway: String,
        /// Its public key, in base64
        key: String,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
    /// Have a key sign for nobody any more
    ///
    /// What it has signed stays in force. End the gateway first: what it does by the log goes on, and flips wait for it.
    Revoke {
        #[command(flatten)]
        admin: AdminArgs,
        /// The key's name: 16 hexadecimal digits
        key: String,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
    /// Let gateways enrol their own keys
    Open {
        #[command(flatten)]
        admin: AdminArgs,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
    /// Let no gateway enrol its own key: one that is known must do it
    Close {
        #[command(flatten)]
        admin: AdminArgs,
        #[command(flatten)]
        reasons: ReasonArgs,
    },
}
