//! What may be typed after `figway`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The gateway's configuration where none is named.
pub(crate) const ROUTES_FILE: &str = "routes.toml";
/// The capture configuration where none is named.
pub(crate) const CAPTURE_FILE: &str = "capture.toml";

/// Move off the mainframe one transaction at a time.
///
/// Figway reads legacy data sets described by COBOL copybooks and keeps Kafka topics equal to them,
/// exactly once. Start with `figway demo`.
#[derive(Debug, Parser)]
#[command(
    name = "figway",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Serve(Serve),
    /// Change capture: run it, see where it stands, release what it holds
    #[command(subcommand)]
    Cdc(Cdc),
    /// Copybooks and the records they describe: layouts, decoding, encoding
    #[command(subcommand)]
    Copybook(Copybook),
    Check(Check),
    Broker(Broker),
}

/// Play the sample company: generate data sets, load them into topics, change them.
///
/// The company is a pharma manufacturer with materials, lots and orders.
/// Starts an embedded Kafka broker, generates EBCDIC data sets from the copybooks in `copybooks/`, loads
/// them into topics, then a second generation and its changes, and says how to look at them. Runs until
/// stopped; with `--once` it checks every count and value and exits 0 only if all held.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Play it through, check everything, print a table and end
    #[arg(long)]
    pub(crate) once: bool,
    /// A Kafka to use instead of the embedded broker
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) bootstrap: Option<String>,
    /// Where the embedded broker listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// How many materials; lots and orders follow in proportion. 2,000 if not given
    #[arg(long, value_name = "COUNT")]
    pub(crate) scale: Option<u32>,
    /// Seed of the generated data
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// An empty or new folder for data sets, images and capture.toml; a temporary one if not given
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

/// Run the gateway: answer clients by the routes of a file.
///
/// Each request goes to legacy, to the new side, or to both, by the mode of its route's group. Changes of the file
/// are taken up while it runs; one that does not resolve is reported and left out. Modes are flipped with
/// `figway routes set`. Ctrl-c or SIGTERM lets requests under way end first.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Listeners, backends and routes
    #[arg(default_value = ROUTES_FILE)]
    pub(crate) file: PathBuf,
    /// A Kafka to use instead of the one in the file
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) bootstrap: Option<String>,
    /// This gateway's name in the control log; the host's name if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cdc {
    /// Bring the topics up to date with the data sets, and keep them so
    ///
    /// Each new generation of a data set is compared with the last committed one; the differences go to the
    /// topic in transactions that carry the checkpoint. Stop it at any time, kill it, start two: nothing is
    /// lost or doubled. A generation that looks wrong is held for a person: see `figway cdc status`.
    Run {
        #[command(flatten)]
        config: CaptureConfig,
        /// End when nothing new is left; exit 1 if anything is held or failed
        #[arg(long)]
        once: bool,
    },
    /// Where every source stands: generation, counts, dead letters, what is held and why
    Status {
        #[command(flatten)]
        config: CaptureConfig,
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Decide on a held generation
    ///
    /// The decision is kept, with who and why, on the checkpoint topic; it works whether a worker is running
    /// or not.
    Release {
        #[command(flatten)]
        config: CaptureConfig,
        /// The source's name in the configuration
        source: String,
        /// The held generation's file name
        generation: String,
        /// What to do with it: apply (as it is, deletes included), without-deletes (its new and changed records
        /// only), skip (leave it out), resnapshot (send every record of the next generation
        /// that reads again, after another layout or a lost image; keys that vanished meanwhile stay in the topic)
        #[arg(long, value_name = "CHOICE")]
        choice: cdc::Choice,
        /// Why: a sentence or a change number, for whoever reads it later
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// Who decides; the login name if not given
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CaptureConfig {
    /// The capture configuration
    #[arg(long, value_name = "FILE", default_value = CAPTURE_FILE)]
    pub(crate) config: PathBuf,
    /// A Kafka to use instead of the one in the file
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) bootstrap: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Copybook {
    /// Print the table of offsets a COBOL programmer knows from a compiler listing
    Layout {
        #[command(flatten)]
        copybook: CopybookArgs,
    },
    /// Records of a data set to JSON lines
    Decode {
        #[command(flatten)]
        copybook: CopybookArgs,
        #[command(flatten)]
        format: FormatArgs,
        /// The data set; `-` is standard input
        data: PathBuf,
        /// Where the JSON lines go; standard output if not given
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Keep going past a field that does not decode: it becomes null, with its bytes and the reason beside it
        #[arg(long)]
        lenient: bool,
    },
    /// JSON lines to records of a data set, byte for byte what was decoded unless edited
    Encode {
        #[command(flatten)]
        copybook: CopybookArgs,
        #[command(flatten)]
        format: FormatArgs,
        /// The JSON lines; `-` is standard input
        json: PathBuf,
        /// Where the data set goes; standard output if not given
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CopybookArgs {
    /// The copybook; NAME.meaning.toml beside it is read if it is there
    pub(crate) copybook: PathBuf,
    /// The meaning file, if it is not beside the copybook
    #[arg(long, value_name = "FILE")]
    pub(crate) meaning: Option<PathBuf>,
    /// The code page of text in the records: cp037, cp500, cp1047, cp1140
    #[arg(long, value_name = "NAME", default_value = "cp037")]
    pub(crate) code_page: String,
}

#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// The record format (RECFM) of the data set as it lies on this disk: F, FB, V (an RDW before each record), VB (a BDW before each block as well)
    #[arg(long, value_name = "RECFM")]
    pub(crate) record_format: Option<String>,
    /// The record length (LRECL) of an F or FB data set; the copybook's length if not given
    #[arg(long, value_name = "BYTES")]
    pub(crate) record_length: Option<usize>,
}

/// Check a configuration and everything it names; change nothing.
///
/// The same reading as at start and reload: the file, copybooks and meanings it names, code pages, shapes,
/// record formats. Every fault is shown with file, line and a caret. Nobody is contacted.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files of routes or of capture, told apart by what is in them; routes.toml and capture.toml of this
    /// folder if none is given
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Run the embedded Kafka broker alone (to try things out, not for production).
///
/// One node, no replication, no authentication: for the demo, tests and trying things out. In production
/// `bootstrap` names a real Kafka.
#[derive(Debug, Args)]
pub(crate) struct Broker {
    /// Where to listen; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9092")]
    pub(crate) listen: SocketAddr,
    /// Keep topics in this folder; in memory if not given
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Acknowledge only what has reached the disk itself
    #[arg(long, requires = "dir")]
    pub(crate) fsync: bool,
}
