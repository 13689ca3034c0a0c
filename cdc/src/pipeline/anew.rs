//! A stated snapshot: a person gave up what the topic was compared with, because it is lost or another layout came.
//!
//! The first generation after the last finished one that can be read becomes the snapshot; when none is there, the finished one's own file if it reads, and
//! else the next that comes. Nothing is deleted by it: the keys of the old view are gone with its image, or only the old layout could say them.

use std::sync::Arc;
use std::time::SystemTime;

use crate::checkpoint::{Acted, Emitted, Finished, Hold, Trouble};
use crate::error::Result;
use crate::hold::Reason;
use crate::pipeline::Pipeline;
use crate::release::Release;
use crate::source::dataset::Evaluated;
use crate::source::discover::{Found, generations, millis};

impl Pipeline {
    /// Forgets what the topic was compared with; the next generation that reads becomes a snapshot.
    pub(super) async fn begin_anew(&mut self, release: &Release) -> Result<bool> {
        let acted = Acted::from(release);
        let clear = self.sink.clear_release(&acted);
        let mut next = self.position.clone();
        next.act(&release.id);
        (next.work, next.committed, next.hold) = (None, None, None);
        next.layout = Some(self.config.fingerprint().to_owned());
        next.anew = Some(acted);
        self.sink.commit(vec![clear], &next).await?;
        self.position = next;
        Ok(true)
    }

    /// The finished generation's own file, for a snapshot that waits while nothing newer is there; once for each state of the file.
    pub(super) fn once_more<'f>(&self, found: &'f [Found]) -> Option<&'f Found> {
        let finished = self.position.finished.as_ref()?;
        self.position.anew.as_ref()?;
        found
            .iter()
            .find(|found| found.name == finished.generation)
            .filter(|found| self.tried != Some(found.stamp))
    }

    /// Leaves out a generation that cannot be the stated snapshot, where another one can be. `false`: it is held as any other.
    pub(super) async fn pass_over(
        &mut self,
        found: &Found,
        evaluated: &Evaluated,
        reasons: &[Reason],
    ) -> Result<bool> {
        let Some(anew) = self.position.anew.clone() else {
            return Ok(false);
        };
        let finished = self.position.finished.as_ref();
        if finished.is_some_and(|finished| found.name <= finished.generation) {
            // The topic had it already; the next generation is waited for.
            self.tried = Some(found.stamp);
            return Ok(true);
        }
        if !unreadable(reasons) || !self.is_later_than(&found.name).await? {
            return Ok(false);
        }
        tracing::warn!(
            source = self.config.name(),
            generation = found.name,
            "left out: it does not read, and a later generation is there for the stated snapshot"
        );
        let (file, counts) = (evaluated.origin.file.clone(), evaluated.evidence.counts);
        let now_ms = millis(SystemTime::now());
        let left_out = Hold {
            id: self.hold_id(&found.name, &file, reasons),
            generation: found.name.clone(),
            file,
            reasons: reasons.to_vec(),
            counts,
            since_ms: now_ms,
        };
        let marker = self.sink.generation_skipped(&left_out, &anew, now_ms)?;
        let mut next = self.position.clone();
        next.hold = None;
        next.finished = Some(Finished {
            generation: left_out.generation,
            counts,
            emitted: Emitted::default(),
            release: Some(anew),
            ended_ms: now_ms,
        });
        self.sink.commit(vec![marker], &next).await?;
        self.position = next;
        Ok(true)
    }

    /// Whether a held generation stands in the way of a stated snapshot that a later one can be.
    pub(super) async fn stands_in_the_way(&mut self, hold: &Hold) -> Result<bool> {
        Ok(self.position.anew.is_some()
            && unreadable(&hold.reasons)
            && self.is_later_than(&hold.generation).await?)
    }

    /// What status says while a stated snapshot waits.
    pub(super) fn snapshot_due(&self) -> Option<Trouble> {
        self.position.anew.as_ref().map(|anew| Trouble {
            kind: "snapshot-due".to_owned(),
            message: format!(
                "{} released generation {} with `resnapshot`; the next generation that reads becomes the snapshot. \
                 Keys that vanished meanwhile stay in the topic until they are deleted by hand",
                anew.who, anew.generation
            ),
            since_ms: self
                .position
                .trouble
                .as_ref()
                .filter(|trouble| trouble.kind == "snapshot-due")
                .map_or_else(|| millis(SystemTime::now()), |trouble| trouble.since_ms),
        })
    }

    async fn is_later_than(&mut self, generation: &str) -> Result<bool> {
        let config = Arc::clone(&self.config);
        let activity = self.activity();
        let found = self
            .beside_markers(activity, move || {
                generations(config.directory(), config.pattern())
            })
            .await?;
        Ok(found
            .last()
            .is_some_and(|last| last.name.as_str() > generation))
    }
}

/// Whether the file is not of this form, as far as the layout can say.
fn unreadable(reasons: &[Reason]) -> bool {
    reasons
        .iter()
        .any(|reason| matches!(reason, Reason::Framing { .. } | Reason::TooManyBad { .. }))
}
