//! What may be typed after `figway`.

mod audit;
mod copybook;
mod gateways;
mod proposals;
mod report;
mod rollouts;

use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use audit::Audit;
use clap::{Args, Parser, Subcommand};
pub(crate) use copybook::{
    Compatibility, Copybook, CopybookArgs, Diff, DiffFormat, FormatArgs, SchemaArgs, SchemaFormat,
    Target,
};
pub(crate) use gateways::Gateways;
pub(crate) use proposals::Proposals;
pub(crate) use report::Report;
pub(crate) use rollouts::Rollouts;

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
    /// Routes and who answers them: see, explain, flip, roll back, and who did it
    #[command(subcommand)]
    Routes(Routes),
    /// Plans of groups on their way to modern: what the next step waits for, and what happened
    #[command(subcommand)]
    Rollouts(Rollouts),
    /// Changes that wait for other people's approval
    #[command(subcommand)]
    Proposals(Proposals),
    /// The gateways that share a control log: who is there, and whose keys sign
    #[command(subcommand)]
    Gateways(Gateways),
    /// Whether the control log is what it was
    #[command(subcommand)]
    Audit(Audit),
    Report(Report),
    /// Change capture: run it, see where it stands, release what it holds
    #[command(subcommand)]
    Cdc(Cdc),
    /// Copybooks and the records they describe: layouts, schemas, decoding, encoding
    #[command(subcommand)]
    Copybook(Copybook),
    Check(Check),
    Broker(Broker),
    Registry(Registry),
}

/// Play the sample company: its mainframe, its topics, and the move off it, route by route.
///
/// The company is a pharma manufacturer with materials, lots and orders; its mainframe and ERP are played by a
/// server of the demo's own. Starts that legacy stand-in, a gateway in front of it, an embedded Kafka broker,
/// capture, which loads EBCDIC data sets into topics, and the new lot service, and says what to try. Runs until
/// stopped. With `--once` it plays the whole story instead (shadow, a fault found, canary, modern, outages,
/// rollback), checks every count and value and exits 0 only if all held.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Play it through, check everything, print a table and end
    #[arg(long)]
    pub(crate) once: bool,
    /// A Kafka to use instead of the embedded broker; it is never stopped, where the story stops Kafka the gateway is
    /// restarted with an address at which none answers
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
    /// An empty or new folder for data sets, capture.toml, routes.toml and all state; a temporary one if not given
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
    /// Take over from the gateway that runs on the same folder: it ends what it has, this one gets everything new
    #[arg(long)]
    pub(crate) takeover: bool,
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

/// Run a schema registry (for development, not for production).
///
/// The REST API of Confluent's schema registry over a compacted topic: Avro, Protobuf and JSON Schema, compatibility
/// levels, references. No access control, no TLS, one process at a time: a second one on the topic takes over. In
/// production the url of `[registry]` is that of a real one.
#[derive(Debug, Args)]
pub(crate) struct Registry {
    /// Where to listen; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    pub(crate) listen: SocketAddr,
    /// The Kafka that keeps the schemas
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:9092")]
    pub(crate) bootstrap: String,
    /// The topic that keeps the schemas, made if it is not there
    #[arg(long, value_name = "TOPIC", default_value = registry::TOPIC)]
    pub(crate) topic: String,
}

/// Who would send a request that is explained, and when.
#[derive(Debug, clap::Args)]
pub(crate) struct AskerArgs {
    /// The client's address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) client: Option<String>,
    /// When, as 2026-12-24T18:00:00+01:00; now if it is left out
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The client speaks TLS and asks for this server name
    #[arg(long, value_name = "HOST", num_args = 0..=1, default_missing_value = "")]
    pub(crate) tls: Option<String>,
    /// The subject of the client's certificate, as CN=partner,O=Example
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// A further name of the client's certificate; may be given again
    #[arg(long = "certificate-name", value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// The SHA-256 of the client's certificate
    #[arg(long, value_name = "HEX")]
    pub(crate) fingerprint: Option<String>,
}

/// All of `figway routes` asks a running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Routes {
    /// Every route: what it matches, who answers, since when and by whom
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Say where a request would go, and why; nothing is sent
    ///
    /// Names the route it takes, by which mode and backend it is answered, and of every other route what kept it from being taken.
    Explain {
        #[command(flatten)]
        admin: AdminArgs,
        /// By this file alone, without a gateway: groups are in the modes that it seeds them with
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The method, as GET
        method: String,
        /// A path with query, or a whole URI
        target: String,
        /// A header, `NAME: VALUE`; may be given again
        #[arg(long = "header", short = 'H', value_name = "HEADER")]
        headers: Vec<String>,
        /// The request's body, where the canary key is in it; `-` is standard input
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        #[command(flatten)]
        asker: AskerArgs,
        /// Name also the routes for other hosts and paths, where there are many
        #[arg(long)]
        all: bool,
    },
    /// Set the mode of a group of routes
    ///
    /// The change is an entry of the control log, with who and why; the command ends when it is in force. It is
    /// refused if the group was changed since it was looked at (--expect), if a route lacks the side the mode
    /// calls, and if writes would be lost, unless that is accepted.
    Set {
        #[command(flatten)]
        admin: AdminArgs,
        /// The group
        group: String,
        /// legacy, shadow, canary:10 (percent of keys; `canary 10` does as well), modern, retired
        #[arg(num_args = 1..=2, required = true, value_name = "MODE")]
        mode: Vec<String>,
        #[command(flatten)]
        change: ChangeArgs,
        /// Send the group to legacy on this gateway alone, while the control log is out of reach; the log gets it
        /// when it is back
        #[arg(long)]
        break_glass: bool,
    },
    /// Bring a group back to the mode of an earlier version
    Rollback {
        #[command(flatten)]
        admin: AdminArgs,
        /// The group
        group: String,
        /// Which version; the one before the current one if not given
        #[arg(long, value_name = "VERSION")]
        to: Option<u64>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Who changed what, when and why
    History {
        #[command(flatten)]
        admin: AdminArgs,
        /// Of that group only
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
        /// How many entries, the latest
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        last: usize,
        /// Compute the hash chain anew from the raw entries, first to last; exit 1 if it is not the gateway's
        #[arg(long)]
        verify: bool,
    },
    /// The backends and their endpoints: which are up, and what was sent to them
    Backends {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Writes of a group that legacy did not take, and wait for a person
    Parked {
        #[command(flatten)]
        admin: AdminArgs,
        /// The group
        group: String,
    },
    /// Try a parked write again
    ///
    /// Nothing is tried that was tried by another in the meantime and is parked anew.
    Retry {
        #[command(flatten)]
        admin: AdminArgs,
        #[command(flatten)]
        write: ParkedArgs,
        /// Also one that is in doubt: somebody has looked in legacy, and it is not there
        #[arg(long)]
        in_doubt: bool,
    },
    /// Give a parked write up: legacy never gets it
    ///
    /// What waits behind it goes on. Who gave it up and why is kept in the topic of parked writes.
    Skip {
        #[command(flatten)]
        admin: AdminArgs,
        #[command(flatten)]
        write: ParkedArgs,
    },
    /// What comparing the two sides has shown, by route and field, on all gateways
    Evidence {
        #[command(flatten)]
        admin: AdminArgs,
        /// Of that route only
        route: Option<String>,
        /// What the gateway that is asked has found itself
        #[arg(long, conflicts_with = "clear")]
        this: bool,
        /// Forget it on all gateways, as after a new version of the modern side
        #[arg(long, requires = "why")]
        clear: bool,
        /// With --clear: of all routes of that group
        #[arg(
            long,
            value_name = "GROUP",
            requires = "clear",
            conflicts_with = "route"
        )]
        group: Option<String>,
        /// With --clear: why, a sentence for whoever reads it later
        #[arg(long, value_name = "TEXT", requires = "clear")]
        why: Option<String>,
        /// With --clear: who; the login name if not given
        #[arg(long, value_name = "NAME", requires = "clear")]
        by: Option<String>,
        /// With --clear: a change number or ticket
        #[arg(long, value_name = "REF", requires = "clear")]
        change: Option<String>,
    },
    /// Write the modes in force back into a routes.toml, comments kept, revision raised
    Export {
        #[command(flatten)]
        admin: AdminArgs,
        /// The file to bring up to date
        #[arg(default_value = ROUTES_FILE)]
        file: PathBuf,
        /// Print the result instead of writing the file
        #[arg(long)]
        print: bool,
    },
    /// Set every group to the mode that a routes.toml gives it
    Apply {
        #[command(flatten)]
        admin: AdminArgs,
        /// The file
        #[arg(default_value = ROUTES_FILE)]
        file: PathBuf,
        #[command(flatten)]
        change: ChangeArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    /// The admin API of the gateway; the variable FIGWAY_ADMIN if not given, else <http://127.0.0.1:8081>
    #[arg(long, value_name = "URL")]
    pub(crate) admin: Option<String>,
    /// A file that holds the admin token; the variable FIGWAY_ADMIN_TOKEN if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Over https: the certificates of those who may have signed the gateway's, in PEM; the system's if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Over https: your certificate and its key, in PEM, by which the gateway knows you without a token
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// The key, where it is in another file
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ParkedArgs {
    /// The group
    pub(crate) group: String,
    /// Which of its writes, as `figway routes parked` names it: PARTITION:OFFSET
    #[arg(value_name = "WRITE", value_parser = place)]
    pub(crate) place: (i32, i64),
    /// Why: a sentence for whoever reads it later
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Who; the login name if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

fn place(text: &str) -> Result<(i32, i64), String> {
    let wrong = || format!("wanted PARTITION:OFFSET such as 3:1207, got {text:?}");
    let (partition, offset) = text.split_once(':').ok_or_else(wrong)?;
    let partition = partition.parse().map_err(|_| wrong())?;
    Ok((partition, offset.parse().map_err(|_| wrong())?))
}

#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    pub(crate) reasons: ReasonArgs,
    /// Refuse if the group is not at that version
    #[arg(long, value_name = "VERSION")]
    pub(crate) expect: Option<u64>,
    /// Accept that legacy lacks writes that modern accepted, or will lack them; the log says how many
    #[arg(long)]
    pub(crate) accept_loss: bool,
}

/// Who wants a change, and why.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    /// Why: a sentence for whoever reads it later
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Who; the login name if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// A change number or ticket
    #[arg(long, value_name = "REF")]
    pub(crate) change: Option<String>,
}
