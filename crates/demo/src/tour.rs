//! The tour: the company's data sets become topics, are changed, damaged and mended, and every count and value is checked.
//!
//! In: a Kafka, an empty folder, a company. Out: one [`Step`] after the other, told to an [`Observer`]. What the topics must
//! hold comes from [`crate::books`], what they do hold from a read_committed reader. Uses capture as anybody would: a
//! `capture.toml`, files that appear in a folder, `status`, `release`.

mod hints;
mod kafka;
mod player;
mod scans;
mod script;
mod strangle;
mod topic;

use std::path::PathBuf;
use std::time::Duration;

use ops::shutdown::Shutdown;

use crate::company::Company;
use crate::copybook;
use crate::error::{Error, Kind, Result};
use crate::fault::Fault;
use crate::step::{Observer, Step};
pub use kafka::Kafka;
pub use scans::Scans;
pub use strangle::Addresses;

/// Where the tour is played.
#[derive(Debug)]
pub struct Stage {
    /// A Kafka that has none of the company's topics yet.
    pub kafka: Kafka,
    /// A folder of its own: `capture.toml`, `routes.toml`, `copybooks`, `var` are made in it.
    pub folder: PathBuf,
    /// Who unloads what.
    pub company: Company,
    /// How large the scans are that are moved in the end.
    pub scans: Scans,
}

/// How much of the tour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first load and a second generation: what `figway demo` shows before it goes on running.
    Beginning,
    /// Damage, holds and mending too: what `figway demo --once` plays.
    Whole,
}

impl Stage {
    /// Where generations appear.
    pub fn unloads(&self) -> PathBuf {
        self.folder.join("var/unloads")
    }

    /// The configuration that capture runs with here.
    pub fn capture_file(&self) -> PathBuf {
        self.folder.join("capture.toml")
    }

    /// Makes the folder's contents, and reads them as capture does.
    ///
    /// # Errors
    /// [`Kind::Io`] when the folder cannot be written to.
    pub fn prepare(&self) -> Result<cdc::CaptureConfig> {
        copybook::write_configuration(&self.folder, self.kafka.bootstrap())?;
        let unloads = self.unloads();
        std::fs::create_dir_all(&unloads).map_err(Error::io("create", &unloads))?;
        cdc::CaptureConfig::read(&self.capture_file()).map_err(|faults| {
            Error::new(
                Kind::Config,
                format!("the demo's own configuration does not resolve: {faults}"),
            )
        })
    }
}

/// Plays the tour. A step that does not hold is in the result with what did not; the steps after it are played all the same,
/// unless capture or Kafka failed: then it is the last one.
///
/// Dropped half-way, capture ends as after a kill: what was committed stays.
pub async fn play(stage: &Stage, part: Part, observer: &mut dyn Observer) -> Vec<Step> {
    player::Player::new(stage, observer).play(part).await
}

/// Plays one fault: every data set is loaded, comes with the fault, is left out by a person where it was held, and comes sound.
/// Nothing may be lost, doubled or falsely deleted on the way. As [`play`] otherwise.
pub async fn play_fault(stage: &Stage, fault: Fault, observer: &mut dyn Observer) -> Vec<Step> {
    player::Player::new(stage, observer).play_fault(fault).await
}

/// Goes on capturing what appears in the folder until `shutdown` begins. Gives how each source ended.
///
/// # Errors
/// [`Kind::Config`] or [`Kind::Io`] when the stage is not as [`play`] left it.
pub async fn serve(
    stage: &Stage,
    shutdown: &Shutdown,
    observer: cdc::Observer,
) -> Result<Vec<cdc::Ended>> {
    let config = stage.prepare()?;
    Ok(cdc::Capture::from_config(config)
        .run(shutdown, cdc::Mode::Forever, observer)
        .await)
}

/// Something to try while the demo runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it shows.
    pub shows: &'static str,
    /// What to type; may be several lines.
    pub command: String,
}

/// What to type while the demo runs, about data sets and topics. `figway` is the path of this program.
pub fn hints(stage: &Stage, figway: &str) -> Vec<Hint> {
    hints::hints(stage, figway)
}

/// A gateway in front of the legacy stand-in, and the lot service beside it: what runs while the demo runs.
#[derive(Debug)]
pub struct Front {
    world: strangle::World,
}

impl Front {
    /// Starts the legacy stand-in with what the company has at the end of [`Part::Beginning`], and the gateway. When this returns,
    /// legacy's endpoints answer through the gateway; that they do was tried.
    ///
    /// # Errors
    /// [`Kind::Http`] when a listener cannot start or legacy does not answer, [`Kind::Io`] when the folder cannot be written to.
    pub async fn raise(stage: &Stage) -> Result<Front> {
        let world = strangle::World::raise(stage, script::BEGUN).await?;
        world.answers().await?;
        Ok(Front { world })
    }

    /// Where everything listens.
    pub fn addresses(&self) -> &Addresses {
        self.world.addresses()
    }

    /// Starts the lot service. The company's topics must be there.
    ///
    /// # Errors
    /// [`Kind::Kafka`] when it cannot join its group or read its topics.
    pub async fn start_service(&mut self) -> Result<()> {
        self.world.start_service().await
    }

    /// What to type about routes. `figway` is the path of this program.
    ///
    /// # Errors
    /// [`Kind::Io`] when the example requests cannot be written.
    pub fn hints(&self, figway: &str) -> Result<Vec<Hint>> {
        self.world.hints(&hints::quoted(figway))
    }

    /// Ends everything it started.
    pub async fn close(self) {
        self.world.close().await;
    }
}

/// How long a piece of work took, as people read it.
fn milliseconds(time: Duration) -> String {
    format!(
        "{} ms",
        crate::step::grouped(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    )
}
