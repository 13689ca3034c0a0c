//! The counts of the [`WriteLedger`] over a restart: a small file of this gateway's own in its directory.
//!
//! In: the ledger, each second while it changes and when the end begins. Out: the counts of the run before, which are then "at least":
//! what was accepted in a last moment may not have been written down. A file that cannot be read is said and counts as none; nothing
//! here stops a gateway.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{Shared, WriteLedger};

/// Its name in the directory.
const FILE: &str = "writes.json";
/// The form written here; another one is not read.
const VERSION: u32 = 1;
/// How often changes are written down.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u32,
    /// Writes by group.
    writes: BTreeMap<String, u64>,
}

/// Takes up the counts of the run before. Blocking.
pub(super) fn load(directory: &Path, ledger: &WriteLedger) {
    match read(&directory.join(FILE)) {
        Ok(Some(writes)) => ledger.restore(&writes),
        Ok(None) => {}
        Err(error) => tracing::warn!(
            file = FILE,
            %error,
            "cannot read how many writes legacy lacked before; what is counted from now on is not all"
        ),
    }
}

/// Writes the counts down as they change, until the end.
pub(super) async fn keep(shared: Arc<Shared>, ending: CancellationToken) {
    let mut written = BTreeMap::new();
    let mut ended = false;
    while !ended {
        tokio::select! {
            () = ending.cancelled() => ended = true,
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = shared.ledger.counts();
        if now == written {
            continue;
        }
        let (keeper, writes) = (Arc::clone(&shared), now.clone());
        match tokio::task::spawn_blocking(move || write_down(&keeper, &writes)).await {
            Ok(Wrote::Yes) => written = now,
            Ok(Wrote::No) => {}
            Err(_) => return,
        }
    }
}

/// Whether counts are on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    Yes,
    No,
}

/// Writes counts down, if the folder is ours. Blocking.
pub(super) fn write_down(shared: &Shared, writes: &BTreeMap<String, u64>) -> Wrote {
    match shared.in_folder(|folder| write(folder, writes)) {
        Some(Ok(())) => Wrote::Yes,
        Some(Err(error)) => {
            tracing::warn!(file = FILE, %error, "cannot write down how many writes legacy lacks");
            Wrote::No
        }
        None => Wrote::No,
    }
}

fn read(path: &Path) -> io::Result<Option<BTreeMap<String, u64>>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let written: Written = serde_json::from_slice(&text)?;
    if written.v != VERSION {
        return Err(io::Error::other(format!(
            "wanted version {VERSION}, got {}",
            written.v
        )));
    }
    Ok(Some(written.writes))
}

/// Beside and renamed: the old one or the new one.
fn write(directory: &Path, writes: &BTreeMap<String, u64>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Writing<'a> {
        v: u32,
        writes: &'a BTreeMap<String, u64>,
    }
    let beside = directory.join("writes.json.new");
    let text = serde_json::to_vec(&Writing { v: VERSION, writes })?;
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, directory.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_legacy_lacks_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = WriteLedger::default();
        for _ in 0..3 {
            ledger.record(&"lots".into());
        }
        write(folder.path(), &ledger.counts()).unwrap();

        let next = WriteLedger::default();
        load(folder.path(), &next);
        next.record(&"lots".into());
        assert_eq!(next.lacking("lots").to_string(), "at least 4 writes");
        assert_eq!(next.lacking("orders").to_string(), "0 writes");
    }

    #[test]
    fn counts_of_another_version_are_not_guessed_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, r#"{"v":2,"writes":{"lots":3}}"#).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert_eq!(error, "wanted version 1, got 2");
        let ledger = WriteLedger::default();
        load(folder.path(), &ledger);
        assert_eq!(ledger.lacking("lots").writes, 0);
    }
}
