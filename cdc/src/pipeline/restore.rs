//! What a start needs beside the checkpoint: the images it names, and the layout it was written with.
//!
//! An image is a pure function of its generation's file, so a lost one is made again from the file, and its name says whether it is the same. Records carried
//! over from older generations cannot be made again: without them the source is held, never guessed.

use std::sync::Arc;

use crate::checkpoint::{Acted, Kind, Origin, Work};
use crate::decode::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::hold::Reason;
use crate::image::{Cursor, Store, View, ViewReader};
use crate::marker::Activity;
use crate::pipeline::Pipeline;
use crate::release::Release;
use crate::resolve::Counts;
use crate::source::dataset::{Evaluated, evaluate};

impl Pipeline {
    /// The layout that what stands was read with, and where that came from, when the layout is another one now.
    pub(super) fn other_layout(&self) -> Option<(String, Origin)> {
        let position = &self.position;
        let known = position.layout.as_ref()?;
        let work = position.work.as_ref().map(|work| &work.origin);
        let committed = position
            .committed
            .as_ref()
            .map(|committed| &committed.origin);
        let origin = work.or(committed)?;
        (known != self.config.fingerprint()).then(|| (known.clone(), origin.clone()))
    }

    /// Compares the layout with the checkpoint's: another one stops the source until a person says what that means.
    pub(super) async fn state_layout(&mut self) -> Result<()> {
        let now = self.config.fingerprint().to_owned();
        let held = self.position.hold.as_ref();
        if let Some((from, origin)) = self.other_layout() {
            let refused = held.is_some_and(|hold| matches!(hold.reasons.as_slice(), [Reason::LayoutChanged { to, .. }, _, ..] if *to == now));
            if !refused {
                let reasons = vec![Reason::LayoutChanged { from, to: now }];
                self.hold(&origin.generation, origin.file, reasons, Counts::default())
                    .await?;
            }
            return Ok(());
        }
        // Nothing was committed and the layout is another one, the layout is as it was, or an image may be there again: judge anew.
        let other = self
            .position
            .layout
            .as_ref()
            .is_some_and(|known| *known != now);
        let anew = |reason: &Reason| {
            other
                || matches!(
                    reason,
                    Reason::LayoutChanged { .. } | Reason::ImageLost { .. }
                )
        };
        if held.is_some_and(|hold| hold.reasons.iter().any(anew)) {
            self.position.hold = None;
        }
        Ok(())
    }

    /// A person says that the records mean the same under the new layout: that is looked at, record by record.
    pub(super) async fn accept_layout(
        &mut self,
        hold: &crate::checkpoint::Hold,
        release: &Release,
    ) -> Result<bool> {
        let views: Vec<View> = match &self.position.work {
            Some(work) => work.before.iter().chain([&work.after]).cloned().collect(),
            None => self.position.view().into_iter().cloned().collect(),
        };
        let (config, store) = (Arc::clone(&self.config), self.store.clone());
        let fault = self
            .beside_markers(Activity::Held, move || {
                let mut reader = Reader::new(config.layout());
                for view in &views {
                    if let Some(fault) = does_not_read(&store, view, &mut reader)? {
                        return Ok(Some(fault));
                    }
                }
                Ok(None)
            })
            .await;
        let fault = match fault {
            // Under the new layout it cannot be made again: that would have to be the old one.
            Err(error)
                if matches!(error.kind(), ErrorKind::ImageLost | ErrorKind::ImageDamaged) =>
            {
                Some(format!(
                    "the committed records cannot be looked at: {}",
                    error.chain()
                ))
            }
            fault => fault?,
        };
        let mut next = self.position.clone();
        next.act(&release.id);
        match fault {
            None => {
                next.layout = Some(self.config.fingerprint().to_owned());
                next.hold = None;
                let clear = self.sink.clear_release(&Acted::from(release));
                self.sink.commit(vec![clear], &next).await?;
                self.position = next;
            }
            Some(message) => {
                let mut reasons = hold.reasons.clone();
                reasons.truncate(1);
                reasons.push(Reason::Control { message });
                self.position = next;
                self.hold(&hold.generation, hold.file.clone(), reasons, hold.counts)
                    .await?;
            }
        }
        Ok(true)
    }

    /// Sees to it that the committed view can be read, making its image again from its file when it is lost.
    pub(super) async fn restore_view(&mut self) -> Result<()> {
        let Some(committed) = self.position.committed.clone() else {
            return Ok(());
        };
        let Some(lost) = self.first_lost(&committed.view)? else {
            return Ok(());
        };
        if lost.of_carried_records {
            return Err(lost.error.with_help(
                "restore the state directory from a backup, or release with `resnapshot`",
            ));
        }
        let made = self.make_again(&committed.origin, None).await?;
        if made.resolved.image == committed.view.image {
            tracing::info!(
                source = self.config.name(),
                generation = committed.origin.generation,
                "image made again from its file"
            );
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ImageLost,
            format!(
                "the image made again from generation {} is another one",
                committed.origin.generation
            ),
        ))
    }

    /// Sees to it that the images of a work can be read; holds the generation, and says `false`, when they are lost.
    pub(super) async fn restore_work(&mut self, work: &Work) -> Result<bool> {
        let dead = work.dead.iter().map(|letters| View {
            image: letters.clone(),
            carried: None,
            held: None,
        });
        let views: Vec<View> = work
            .before
            .iter()
            .cloned()
            .chain([work.after.clone()])
            .chain(dead)
            .collect();
        let mut lost = None;
        for view in &views {
            lost = lost.or(self.first_lost(view)?);
        }
        if lost.is_none() {
            return Ok(true);
        }
        if let Err(error) = self.make_work_again(work).await {
            if error.kind() != ErrorKind::ImageLost {
                return Err(error);
            }
            let reasons = vec![Reason::ImageLost {
                message: error.chain(),
            }];
            self.hold(
                &work.generation,
                work.origin.file.clone(),
                reasons,
                work.counts,
            )
            .await?;
            return Ok(false);
        }
        Ok(true)
    }

    async fn make_work_again(&mut self, work: &Work) -> Result<()> {
        self.restore_view().await?;
        if work.kind == Kind::HeldDeletes {
            return Ok(());
        }
        let made = self
            .make_again(&work.origin, work.before.clone())
            .await?
            .resolved;
        let same = made.image == work.after.image
            && made.carried == work.after.carried
            && (work.after.held.is_none() || made.missing == work.after.held)
            && made.dead == work.dead;
        if same {
            tracing::info!(
                source = self.config.name(),
                generation = work.generation,
                "images made again from their file"
            );
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ImageLost,
            format!(
                "the images made again from generation {} are others",
                work.generation
            ),
        ))
    }

    /// Reads the file of `origin` again; it must still be the file that was read then.
    async fn make_again(&mut self, origin: &Origin, before: Option<View>) -> Result<Evaluated> {
        let lost = |what: &str| {
            Error::new(
                ErrorKind::ImageLost,
                format!(
                    "the images of generation {} are lost, and its file {what}",
                    origin.generation
                ),
            )
            .with_help(
                "put back the file as it was, or the state directory, or release with `resnapshot`",
            )
        };
        let Some(found) = self.file_of(&origin.generation).await? else {
            return Err(lost("is no longer there"));
        };
        if found.stamp.size != origin.file.size {
            return Err(lost("is another one now"));
        }
        let (config, store, task) = (Arc::clone(&self.config), self.store.clone(), self.task());
        let made = self
            .beside_markers(Activity::Applying, move || {
                evaluate(&config, &store, &found, before.as_ref(), &task)
            })
            .await?;
        if made.origin.file.sha256 != origin.file.sha256 {
            return Err(lost("is another one now"));
        }
        Ok(made)
    }

    fn first_lost(&self, view: &View) -> Result<Option<Lost>> {
        for address in view.addresses() {
            match self.store.reader(address) {
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::ImageLost | ErrorKind::ImageDamaged) =>
                {
                    self.store.discard(address)?;
                    let of_carried_records = *address != view.image;
                    let error =
                        Error::new(ErrorKind::ImageLost, error.to_string()).with_source(error);
                    return Ok(Some(Lost {
                        of_carried_records,
                        error,
                    }));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// An image that is not there.
struct Lost {
    of_carried_records: bool,
    error: Error,
}

/// The first record of a view that the layout does not read, or gives another key; in words.
fn does_not_read(store: &Store, view: &View, reader: &mut Reader<'_>) -> Result<Option<String>> {
    let mut records = ViewReader::open(store, Some(view))?;
    let mut key = Vec::new();
    while records.advance()? {
        let Some(entry) = records.current() else {
            break;
        };
        key.clear();
        let fault = match reader.write_key(entry.raw, &mut key) {
            Err(bad) => Some(bad.without_contents()),
            Ok(()) if key != entry.key => Some("its key is another one".to_owned()),
            Ok(()) => reader
                .body_fault(entry.raw)
                .map(|bad| bad.without_contents()),
        };
        if let Some(fault) = fault {
            return Ok(Some(format!(
                "under the new layout record {} does not read as it did: {fault}",
                entry.record_no
            )));
        }
    }
    Ok(None)
}
