//! The words of `figway report`.

use std::path::PathBuf;

use clap::Args;

use super::AdminArgs;

/// Write down where each group stands: who flipped it when and why, what comparing has shown, and whether legacy is still asked.
///
/// Asks one gateway for the control log and for the evidence of the whole fleet, computes the log's chain anew from its bytes, and
/// writes one HTML page that needs nothing else and prints well; with `--json` the same as JSON, from which `--from` makes the page
/// later. Exits with 1 if the log is not what it was.
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) admin: AdminArgs,
    /// Write it there instead of printing it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Of that group only; may be given again
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Vec<String>,
    /// Made of a report that was written with `--json`, and not of what a gateway says now
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Anchors of the control log, as `figway audit verify` takes them; may be given again
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) anchors: Vec<PathBuf>,
    /// What legacy itself says of its use: a CSV file with the columns transaction, caller, count, cpu, hour
    #[arg(
        long,
        value_name = "FILE",
        requires = "transactions",
        requires = "caller"
    )]
    pub(crate) usage: Option<PathBuf>,
    /// Which transaction belongs to which group: a CSV file with the columns transaction, group
    #[arg(long, value_name = "FILE", requires = "usage")]
    pub(crate) transactions: Option<PathBuf>,
    /// With --usage: the caller that stands there for Figway; may be given again
    #[arg(long, value_name = "NAME", requires = "usage")]
    pub(crate) caller: Vec<String>,
}
