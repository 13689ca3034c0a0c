//! How old what is known of the log is, and that groups go by their `when_stale` once that is too old.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Shared, lock};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Until control ends.
pub(super) async fn watch(shared: Arc<Shared>, max_age: Duration) {
    loop {
        shared.look(max_age);
        tokio::time::sleep(LOOK).await;
    }
}

impl Shared {
    /// Where it was never known what the log says, that is too old.
    fn look(&self, max_age: Duration) {
        // Until the log was followed in this run the local copy's word counts, by the wall clock.
        let asked = *lock(&self.current);
        let copied = || {
            let at = self.health.borrow().current_at?;
            Some(SystemTime::now().duration_since(at).unwrap_or_default())
        };
        let age = asked.map(|asked| asked.elapsed()).or_else(copied);
        let stale = age.is_none_or(|age| age > max_age);
        if self.state.borrow().is_stale() == stale {
            return;
        }
        if stale {
            tracing::error!(
                age_seconds = age.map(|age| age.as_secs()),
                "what is known of the control log is older than max_age: groups go by their when_stale"
            );
        } else {
            tracing::info!("the control log is known again: groups go by their modes");
        }
        self.publish(|state| state.with_stale(stale));
    }
}
