//! What goes from one gateway to the next, beside the sockets: the folder with the control state, and the stores of views.
//!
//! What a gateway that ends needs of it, it has in memory: the modes, and the table. Metrics are each process's own; evidence goes by its topic or file.

use std::sync::Arc;

use super::backends::Kept;
use crate::control::{Control, Counted, Lent};
use crate::evidence::Evidence;
use crate::listen::handover::{self, Heir};

/// All that is in the folder of a gateway that runs.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) control: Control,
    pub(super) evidence: Arc<Evidence>,
    pub(super) backends: Arc<Kept>,
}

impl handover::Estate for Estate {
    type Lent = Lent;
    type Gone = Counted;

    async fn lend(&self) -> Result<Lent, String> {
        // A file with it is in the folder.
        self.evidence.write_down().await;
        // First: a reload, which may open views, waits for it.
        let lent = self.control.lend().await;
        let lent = lent.map_err(|refused| refused.to_string())?;
        self.backends.lend().await;
        Ok(lent)
    }

    async fn take_back(&self, lent: Lent) {
        self.backends.take_back().await;
        lent.take_back().await;
    }

    fn gone(&self, lent: Lent) -> Counted {
        lent.gone()
    }
}

impl handover::Gone for Counted {
    fn wrote(&mut self) -> Vec<(String, u64)> {
        self.more()
    }
}

impl Heir for Control {
    fn count(&self, group: &str, writes: u64) {
        Self::count(self, group, writes);
    }
}
