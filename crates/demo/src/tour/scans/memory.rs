//! How much more memory the program has for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Looks again and again at what the system says of this program.
#[derive(Debug)]
pub(super) struct Watch {
    before: Option<u64>,
    most: Arc<AtomicU64>,
    looking: JoinHandle<()>,
}

impl Watch {
    pub(super) fn begin() -> Self {
        let before = resident();
        let most = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&most);
        let looking = tokio::spawn(async move {
            while let Some(now) = resident() {
                seen.fetch_max(now, Ordering::Relaxed);
                tokio::time::sleep(LOOK).await;
            }
        });
        Self {
            before,
            most,
            looking,
        }
    }

    /// How many bytes more than at the beginning it had at most; none where the system does not say.
    pub(super) async fn end(self) -> Option<u64> {
        self.looking.abort();
        drop(self.looking.await);
        let last = resident()?;
        let most = self.most.load(Ordering::Relaxed).max(last);
        Some(most.saturating_sub(self.before?))
    }
}

/// Bytes of this program in memory, as Linux says (proc(5)).
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}
