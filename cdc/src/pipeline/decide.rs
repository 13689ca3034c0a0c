//! What becomes of a generation: applied, held, released, left out.

use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::app::Mode;
use crate::checkpoint::{Acted, Emitted, FileId, Hold, Kind, Work};
use crate::error::{Error, ErrorKind, Result};
use crate::hold::{Reason, Verdict, judge};
use crate::image::View;
use crate::marker::Activity;
use crate::observe::Event;
use crate::pipeline::{BEGINNING, Pipeline, Turn};
use crate::release::{Choice, Release};
use crate::resolve::Counts;
use crate::source::dataset::{Evaluated, evaluate};
use crate::source::discover::{Found, generations, millis};

impl Pipeline {
    /// Reads a generation and makes work of it, or a hold. `release` is a person's decision about it, if there is one.
    pub(super) async fn begin(&mut self, found: Found, release: Option<Release>) -> Result<Turn> {
        // Whatever led here: records of two layouts are never compared.
        if self.other_layout().is_some() {
            self.state_layout().await?;
            return Ok(Turn::Worked);
        }
        let before = self.position.view().cloned();
        if before.is_some()
            && let Err(error) = self.restore_view().await
        {
            return self.hold_lost_image(&found, error).await;
        }
        let evaluated = {
            let (config, store, found, before, task) = (
                Arc::clone(&self.config),
                self.store.clone(),
                found.clone(),
                before.clone(),
                self.task(),
            );
            self.beside_markers(Activity::Applying, move || {
                evaluate(&config, &store, &found, before.as_ref(), &task)
            })
            .await?
        };
        // A decision is about the file the person was shown, not about one that took its place.
        let held = self.position.hold.as_ref();
        let release = release
            .filter(|_| held.is_none_or(|hold| hold.file.sha256 == evaluated.origin.file.sha256));
        let verdict = match release.as_ref().map(|release| release.choice) {
            Some(Choice::Apply) => Verdict::Apply,
            Some(Choice::WithoutDeletes) => Verdict::HoldDeletes(Vec::new()),
            _ => self.judge(&evaluated),
        };
        match verdict {
            Verdict::Hold(reasons) => {
                if self.pass_over(&found, &evaluated, &reasons).await? {
                    return Ok(Turn::Worked);
                }
                self.hold(
                    &found.name,
                    evaluated.origin.file,
                    reasons,
                    evaluated.evidence.counts,
                )
                .await
            }
            Verdict::Apply => Ok(self.start(evaluated, before, None, release.as_ref())),
            Verdict::HoldDeletes(reasons) => {
                Ok(self.start(evaluated, before, Some(reasons), release.as_ref()))
            }
        }
    }

    fn judge(&self, evaluated: &Evaluated) -> Verdict {
        let mut evidence = evaluated.evidence.clone();
        let last = self
            .position
            .committed
            .as_ref()
            .and_then(|committed| committed.business_date.as_deref());
        if let (Some(last), Some(date)) = (last, evaluated.business_date.as_deref())
            && date < last
        {
            evidence.controls.push(format!(
                "its business date {date} is before the last generation's, {last}"
            ));
        }
        judge(&evidence, &self.config.rules())
    }

    /// The work a generation comes to; `keep` are the reasons why its deletes are held, if they are kept from the topic.
    fn start(
        &mut self,
        evaluated: Evaluated,
        before: Option<View>,
        keep: Option<Vec<Reason>>,
        release: Option<&Release>,
    ) -> Turn {
        let resolved = evaluated.resolved;
        let held = if keep.is_some() {
            resolved.missing
        } else {
            None
        };
        let work = Work {
            generation: evaluated.origin.generation.clone(),
            origin: evaluated.origin,
            kind: if before.is_some() {
                Kind::Changes
            } else {
                Kind::Snapshot
            },
            before,
            after: View {
                image: resolved.image,
                carried: resolved.carried,
                held,
            },
            dead: resolved.dead,
            counts: resolved.counts,
            held: keep.unwrap_or_default(),
            release: release
                .map(Acted::from)
                .or_else(|| self.position.anew.clone()),
            controls: evaluated.controls,
            business_date: evaluated.business_date,
            cursor: BEGINNING,
            emitted: Emitted::default(),
        };
        self.take_up(work, release)
    }

    pub(super) fn take_up(&mut self, work: Work, release: Option<&Release>) -> Turn {
        self.position.hold = None;
        self.position.anew = None;
        self.position.layout = Some(self.config.fingerprint().to_owned());
        if let Some(release) = release {
            self.position.act(&release.id);
        }
        self.position.work = Some(work);
        Turn::Worked
    }

    /// Holds a generation: nothing of it is sent until a person decides or another file takes its place.
    pub(super) async fn hold(
        &mut self,
        generation: &str,
        file: FileId,
        reasons: Vec<Reason>,
        counts: Counts,
    ) -> Result<Turn> {
        if self.other_layout().is_some() && !about_layout(&reasons) {
            // Nothing takes the place of a layout that nobody has decided about; the next turn states it.
            return Ok(Turn::Worked);
        }
        if self.position.committed.is_none() && self.position.work.is_none() {
            // What it was judged with: after another layout came it is judged anew.
            self.position.layout = Some(self.config.fingerprint().to_owned());
        }
        let id = self.hold_id(generation, &file, &reasons);
        let known = self
            .position
            .hold
            .as_ref()
            .filter(|hold| hold.id == id)
            .map(|hold| hold.since_ms);
        let since_ms = known.unwrap_or_else(|| millis(SystemTime::now()));
        if known.is_none() {
            let text = reasons
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ");
            tracing::warn!(
                source = self.config.name(),
                generation,
                reasons = text,
                "generation held"
            );
            self.observer.tell(Event::Held {
                source: self.config.name(),
                generation,
                reasons: &reasons,
            });
        }
        self.position.hold = Some(Hold {
            id,
            generation: generation.to_owned(),
            file,
            reasons,
            counts,
            since_ms,
        });
        self.mark().await?;
        Ok(Turn::Worked)
    }

    async fn hold_lost_image(&mut self, found: &Found, error: Error) -> Result<Turn> {
        if error.kind() != ErrorKind::ImageLost {
            return Err(error);
        }
        let file = FileId {
            size: found.stamp.size,
            modified_ms: found.stamp.modified_ms(),
            sha256: String::new(),
        };
        self.hold(
            &found.name,
            file,
            vec![Reason::ImageLost {
                message: error.chain(),
            }],
            Counts::default(),
        )
        .await
    }

    /// The name of a hold: the same for the same file held for the same reasons, wherever it is judged.
    pub(super) fn hold_id(&self, generation: &str, file: &FileId, reasons: &[Reason]) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.config.name(),
            generation,
            &file.sha256,
            &serde_json::to_string(reasons).unwrap_or_default(),
        ] {
            hash.update(part);
            hash.update([0]);
        }
        let hash: [u8; 32] = hash.finalize().into();
        crate::hex(hash.get(..8).unwrap_or_default())
    }

    /// A held generation: is another file in its place?
    pub(super) async fn look_at_held(&mut self, mode: Mode) -> Result<Turn> {
        let Some(hold) = self.position.hold.clone() else {
            return Ok(Turn::Worked);
        };
        if about_layout(&hold.reasons) {
            return Ok(Turn::Waiting);
        }
        if self.stands_in_the_way(&hold).await?
            && let Some(found) = self.file_of(&hold.generation).await?
        {
            return self.begin(found, None).await;
        }
        let Some(found) = self.file_of(&hold.generation).await? else {
            return Ok(Turn::Waiting);
        };
        if found.stamp.size == hold.file.size && found.stamp.modified_ms() == hold.file.modified_ms
        {
            return Ok(Turn::Waiting);
        }
        if !self.settled(&found, mode).await? {
            return Ok(Turn::Waiting);
        }
        tracing::info!(
            source = self.config.name(),
            generation = hold.generation,
            "the held file was replaced: judging it anew"
        );
        self.begin(found, None).await
    }

    /// The file of a generation, if it is there.
    pub(super) async fn file_of(&mut self, generation: &str) -> Result<Option<Found>> {
        let config = Arc::clone(&self.config);
        let activity = self.activity();
        let found = self
            .beside_markers(activity, move || {
                generations(config.directory(), config.pattern())
            })
            .await?;
        Ok(found.into_iter().find(|found| found.name == generation))
    }
}

/// Whether a hold is about the layout.
pub(super) fn about_layout(reasons: &[Reason]) -> bool {
    reasons
        .iter()
        .any(|reason| matches!(reason, Reason::LayoutChanged { .. }))
}
