//! The words of `figway audit`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Hold the control log against its signatures, its own chain and anchors
    ///
    /// Reads the log from where the file says it is, past every gateway, and folds it anew. Names the first entry that is not as it
    /// was written, and exits with 1 then. That its end was cut off shows by anchors alone.
    Verify {
        /// The routes.toml that says where the log is
        #[arg(default_value = super::ROUTES_FILE)]
        file: PathBuf,
        /// Another Kafka than the file's
        #[arg(long, value_name = "HOST:PORT")]
        bootstrap: Option<String>,
        /// A file of anchors, as `anchors` in [control] has them written; may be given again
        #[arg(long, value_name = "FILE")]
        anchors: Vec<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}
