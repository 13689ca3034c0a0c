//! What a person decided about a hold, done.

use std::time::SystemTime;

use crate::checkpoint::{Acted, Committed, Emitted, Finished, Hold, Kind, Work};
use crate::error::Result;
use crate::hold::Reason;
use crate::pipeline::decide::about_layout;
use crate::pipeline::{BEGINNING, Pipeline};
use crate::release::{Choice, Release};
use crate::resolve::Counts;
use crate::source::discover::millis;

impl Pipeline {
    /// Does what a person decided about what is held now; `false` when nobody has decided.
    pub(super) async fn act_on_release(&mut self) -> Result<bool> {
        let releases = self.sink.releases().await?;
        let position = &self.position;
        let hold = position.hold.as_ref().map(|hold| hold.id.as_str());
        let deletes = position
            .committed
            .as_ref()
            .and_then(|committed| committed.held_deletes.as_ref())
            .map(|held| held.id.as_str());
        let named = |id: &str| {
            releases
                .iter()
                .find(|release| {
                    release.hold == id
                        && release.is_known()
                        && !position.acted.contains(&release.id)
                })
                .cloned()
        };
        if let Some(release) = hold.and_then(named) {
            return self.act_on_hold(release).await;
        }
        match deletes.and_then(named) {
            // A later generation that is held too is judged anew afterwards, against what the topic then shows.
            Some(release) if position.work.is_none() && !self.cannot_compare() => {
                self.act_on_held_deletes(release).await
            }
            _ => Ok(false),
        }
    }

    /// Whether the hold is about the committed records themselves, so that nothing can be sent of them.
    fn cannot_compare(&self) -> bool {
        self.position.hold.as_ref().is_some_and(|hold| {
            hold.reasons.iter().any(|reason| {
                matches!(
                    reason,
                    Reason::LayoutChanged { .. } | Reason::ImageLost { .. }
                )
            })
        })
    }

    async fn act_on_hold(&mut self, release: Release) -> Result<bool> {
        let Some(hold) = self.position.hold.clone() else {
            return Ok(false);
        };
        if !choices(&hold.reasons).contains(&release.choice) {
            tracing::warn!(source = self.config.name(), generation = hold.generation, choice = %release.choice, "this hold cannot be released so");
            return Ok(false);
        }
        tracing::info!(source = self.config.name(), generation = hold.generation, choice = %release.choice, who = release.who, "released");
        if release.choice == Choice::Skip {
            return self.skip(&hold, &release).await;
        }
        if release.choice == Choice::Resnapshot {
            return self.begin_anew(&release).await;
        }
        if about_layout(&hold.reasons) {
            return self.accept_layout(&hold, &release).await;
        }
        let Some(found) = self.file_of(&hold.generation).await? else {
            return Ok(false);
        };
        self.begin(found, Some(release)).await?;
        Ok(true)
    }

    async fn skip(&mut self, hold: &Hold, release: &Release) -> Result<bool> {
        let now = millis(SystemTime::now());
        let acted = Acted::from(release);
        let marker = self.sink.generation_skipped(hold, &acted, now)?;
        let mut next = self.position.clone();
        next.finished = Some(Finished {
            generation: hold.generation.clone(),
            counts: hold.counts,
            emitted: Emitted::default(),
            release: Some(acted),
            ended_ms: now,
        });
        next.hold = None;
        next.act(&release.id);
        let clear = self.sink.clear_release(&Acted::from(release));
        self.sink.commit(vec![marker, clear], &next).await?;
        self.position = next;
        Ok(true)
    }

    async fn act_on_held_deletes(&mut self, release: Release) -> Result<bool> {
        let Some(committed) = self.position.committed.clone() else {
            return Ok(false);
        };
        let Some(held) = committed.held_deletes.clone() else {
            return Ok(false);
        };
        tracing::info!(source = self.config.name(), choice = %release.choice, who = release.who, "held deletes released");
        if release.choice != Choice::Apply {
            // The records stay. They are compared with the next generation as all others.
            let mut next = self.position.clone();
            next.act(&release.id);
            next.committed = Some(Committed {
                held_deletes: None,
                ..committed
            });
            let clear = self.sink.clear_release(&Acted::from(&release));
            self.sink.commit(vec![clear], &next).await?;
            self.position = next;
            return Ok(true);
        }
        let work = Work {
            generation: committed.origin.generation.clone(),
            origin: committed.origin,
            kind: Kind::HeldDeletes,
            after: committed.view.without_held(),
            before: Some(committed.view),
            dead: None,
            counts: Counts {
                missing: held.records,
                ..Counts::default()
            },
            held: Vec::new(),
            release: Some(Acted::from(&release)),
            controls: Vec::new(),
            business_date: committed.business_date,
            cursor: BEGINNING,
            emitted: Emitted::default(),
        };
        self.take_up(work, Some(&release));
        Ok(true)
    }
}

/// What a person may choose for a generation held for these reasons.
pub(crate) fn choices(reasons: &[Reason]) -> &'static [Choice] {
    let any = |wanted: fn(&Reason) -> bool| reasons.iter().any(wanted);
    if any(|reason| matches!(reason, Reason::LayoutChanged { .. })) {
        &[Choice::Apply, Choice::Resnapshot]
    } else if any(|reason| matches!(reason, Reason::ImageLost { .. })) {
        &[Choice::Resnapshot]
    } else if any(|reason| matches!(reason, Reason::Framing { .. })) {
        // What stands behind the cut was never read: its absence is no delete, whoever says so.
        &[Choice::WithoutDeletes, Choice::Skip]
    } else {
        &[Choice::Apply, Choice::WithoutDeletes, Choice::Skip]
    }
}
