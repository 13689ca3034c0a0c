//! The strangling: one entity's routes move from the legacy stand-in to the new lot service, and back, with every claim checked.
//!
//! In: a stage on which capture has loaded the company's data sets. Out: steps. Everything is done as anybody would do it: requests
//! of clients through the gateway, changes of modes through its admin API, files for capture; what was executed is counted in
//! the two systems' own ledgers.

mod admin;
mod audit;
mod batch;
mod canary;
mod client;
mod compare;
pub(crate) mod folder;
mod front;
mod hints;
mod night;
mod outage;
mod running;
mod world;

pub use folder::Addresses;
pub(super) use folder::secret;
pub(super) use running::RunningGateway;
pub(crate) use world::World;

use crate::error::Result;
use crate::tour::player::Player;

impl Player<'_> {
    /// Plays it all, from the data sets' generation on that was loaded last.
    pub(super) async fn strangle(&mut self, generation: u32) -> Result<()> {
        let title = self.begin("A gateway in front");
        let raised = World::raise(self.stage, generation).await;
        let (played, raised) = match raised {
            Ok(mut world) => (front::step(&mut world).await, Some(world)),
            Err(error) => (Err(error), None),
        };
        let ended = self.end(title, played);
        let Some(mut world) = raised else {
            return ended;
        };
        let played = match ended {
            Ok(()) => self.flips(&mut world).await,
            Err(error) => Err(error),
        };
        world.close().await;
        played
    }

    async fn flips(&mut self, world: &mut World) -> Result<()> {
        let title = self.begin("Shadow: the new service is asked as well");
        let played = compare::agrees(world).await;
        self.end(title, played)?;
        let title = self.begin("A fault is planted in it");
        let played = compare::differs(world).await;
        self.end(title, played)?;
        let title = self.begin("The fault is mended");
        let played = compare::mended(world).await;
        self.end(title, played)?;
        let title = self.begin("Canary 10 %, then 50 %");
        let played = canary::grows(world).await;
        self.end(title, played)?;
        let title = self.begin("Modern, while writes come in");
        let played = canary::writes(world).await;
        self.end(title, played)?;
        let title = self.begin("The new service is killed");
        let played = outage::killed(world).await;
        self.end(title, played)?;
        let title = self.begin("A new generation, served by the view");
        let played = night::served(world).await;
        self.end(title, played)?;
        let title = self.begin("Kafka is stopped");
        let played = outage::stopped(world).await;
        self.end(title, played)?;
        let title = self.begin("Kafka is back");
        let played = outage::back(world).await;
        self.end(title, played)?;
        let title = self.begin("Rolled back");
        let played = audit::rollback(world).await;
        self.end(title, played)?;
        let title = self.begin("Who did what");
        let played = audit::history(world).await;
        self.end(title, played)
    }
}
