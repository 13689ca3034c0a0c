//! What is played, in what order, and what each step looks at.

use std::time::Instant;

use cdc::{Choice, Reason, What};

use crate::books::Verdict;
use crate::check::Findings;
use crate::company::DataSet;
use crate::error::Result;
use crate::fault::Fault;
use crate::step::grouped;
use crate::tour::player::{Played, Player, reasons};
use crate::tour::{Part, milliseconds};

/// What goes wrong with the third generation: some prices are damaged, the lots' file is cut, some order numbers are damaged.
fn third(set: DataSet) -> Option<Fault> {
    Some(match set {
        DataSet::Material => Fault::DamagedBody { every: 397 },
        DataSet::Lot => Fault::Cut,
        DataSet::Order => Fault::DamagedKey { every: 701 },
    })
}

/// The generation that the beginning ends with.
pub(super) const BEGUN: u32 = 2;
/// The generation that the whole tour's capture part ends with.
const LAST: u32 = 4;

fn sound(_: DataSet) -> Option<Fault> {
    None
}

impl Player<'_> {
    pub(super) async fn script(&mut self, part: Part) -> Result<()> {
        self.generate().await?;
        self.load().await?;
        self.change().await?;
        if part == Part::Whole {
            self.damage().await?;
            self.decide().await?;
            self.mend().await?;
            self.strangle(LAST).await?;
            self.scans().await?;
        }
        Ok(())
    }

    async fn generate(&mut self) -> Result<()> {
        let title = self.begin("Unload three data sets");
        let began = Instant::now();
        let played = match self.open().await {
            Ok(()) => self.unload(1, sound),
            Err(error) => Err(error),
        };
        let played = played.map(|written| {
            let mut played = Played::new(format!(
                "generation 1 of materials (FB 200, cp037), lots (VB, cp037) and orders (FB 300, cp1140) in {}",
                self.stage.unloads().display()
            ));
            played.figure("records", grouped(written.records));
            played.figure("bytes", grouped(written.bytes));
            played.figure("time", milliseconds(began.elapsed()));
            played
        });
        self.end(title, played)
    }

    async fn load(&mut self) -> Result<()> {
        let title = self.begin("Load them into topics");
        let played = self.load_and_compare().await;
        self.end(title, played)
    }

    async fn load_and_compare(&mut self) -> Result<Played> {
        let took = self.capture().await?;
        let compared = self.compare(1, sound).await?;
        let messages = compared.messages;
        let mut played = compared.into_played(
            "every record is one event 'r' with every field as the company's books have it, byte for byte".to_owned(),
            took,
        );
        played.figure("rate", rate(messages, took.as_secs_f64()));
        Ok(played)
    }

    async fn change(&mut self) -> Result<()> {
        let title = self.begin("A second generation");
        let played = self.next(2, sound, "exactly its creates, updates and deletes, with true 'before', a tombstone after each delete").await;
        self.end(title, played)
    }

    async fn damage(&mut self) -> Result<()> {
        let title = self.begin("A damaged generation");
        let detail = "materials with unreadable prices, a cut lot file, orders with unreadable numbers: \
                      dead letters with field, offset and hex, and no delete for any record that could not be read";
        let played = self.next(3, third, detail).await;
        self.end(title, played)
    }

    /// One fault in every data set: the second generation has it, a person leaves out what is held, the third is sound.
    pub(super) async fn one_fault(&mut self, fault: Fault) -> Result<()> {
        self.generate().await?;
        self.load().await?;
        let title = self.begin("A generation with the fault");
        let played = self
            .next(2, |_| Some(fault), "what capture makes of it")
            .await;
        self.end(title, played)?;
        let title = self.begin("Left out by a person, then a sound one");
        let played = self.leave_out_and_go_on().await;
        self.end(title, played)
    }

    async fn leave_out_and_go_on(&mut self) -> Result<Played> {
        for (set, status) in self.status().await? {
            if status.held.iter().any(|held| held.what == What::Generation) {
                self.release(set, 2, Choice::Skip, "the unload failed")
                    .await?;
            }
        }
        self.next(3, sound, "the topics fold to the data sets")
            .await
    }

    /// Writes a generation, captures it, compares.
    async fn next(
        &mut self,
        generation: u32,
        fault: impl Fn(DataSet) -> Option<Fault> + Copy,
        detail: &str,
    ) -> Result<Played> {
        self.unload(generation, fault)?;
        let took = self.capture().await?;
        let compared = self.compare(generation, fault).await?;
        let (held, waiting) = (
            compared.of(Verdict::Held).count(),
            compared.of(Verdict::DeletesHeld).count(),
        );
        let mut played = compared.into_played(detail.to_owned(), took);
        if held + waiting > 0 {
            played.figure("held", format!("{held} generation, deletes of {waiting}"));
        }
        Ok(played)
    }

    async fn decide(&mut self) -> Result<()> {
        let title = self.begin("A person decides");
        let played = self.decide_and_look().await;
        self.end(title, played)
    }

    async fn decide_and_look(&mut self) -> Result<Played> {
        let mut findings = Findings::default();
        let before = self.status().await?;
        let held = |set| {
            before
                .get(&set)
                .map(|status| status.held.as_slice())
                .unwrap_or_default()
        };
        match held(DataSet::Lot) {
            [held] => {
                findings.same(
                    "generation of lot",
                    &DataSet::Lot.file_name(3),
                    &held.generation,
                );
                findings.same("what is held of lot", &What::Generation, &held.what);
                if !held
                    .reasons
                    .iter()
                    .any(|reason| matches!(reason, Reason::Framing { .. }))
                {
                    findings.fail(format!(
                        "the cut file is not the reason: {:?}",
                        held.reasons
                    ));
                }
            }
            other => findings.fail(format!("lot: wanted one hold, got {other:?}")),
        }
        match held(DataSet::Order) {
            [held] if matches!(held.what, What::Deletes(_)) => {
                if !held
                    .reasons
                    .iter()
                    .any(|reason| matches!(reason, Reason::UnreadableKeys { .. }))
                {
                    findings.fail(format!(
                        "unreadable keys are not the reason: {:?}",
                        held.reasons
                    ));
                }
            }
            other => findings.fail(format!("order: wanted held deletes, got {other:?}")),
        }
        findings.same("holds of material", &0, &held(DataSet::Material).len());
        let why: Vec<String> = before.values().flat_map(reasons).collect();

        self.release(
            DataSet::Lot,
            3,
            Choice::Skip,
            "the transfer broke; the next unload has everything",
        )
        .await?;
        let took = self.capture().await?;
        for act in self.acts.values_mut() {
            let (_, new) = act.data.read().await?;
            findings.same(
                &format!(
                    "events of {} from leaving a generation out",
                    act.data.name()
                ),
                &0,
                &new.len(),
            );
        }
        let after = self.status().await?;
        let left = after
            .get(&DataSet::Lot)
            .map_or(usize::MAX, |status| status.held.len());
        findings.same("holds of lot after the release", &0, &left);
        let mut played = Played::new(format!(
            "'figway cdc status' says what waits and why ({}); 'figway cdc release' leaves the cut generation out",
            why.join("; ")
        ));
        played.figure("released", "1");
        played.figure("capture", milliseconds(took));
        played.findings = findings;
        Ok(played)
    }

    async fn mend(&mut self) -> Result<()> {
        let title = self.begin("The next sound generation");
        let detail = "the topics fold to exactly the data sets again: what was damaged is mended, deletes that waited are done";
        let played = self.next(4, sound, detail).await;
        let played = match (played, self.status().await) {
            (Ok(mut played), Ok(status)) => {
                for status in status.values().filter(|status| !status.held.is_empty()) {
                    played.findings.fail(format!(
                        "{}: something is still held: {:?}",
                        status.source, status.held
                    ));
                }
                Ok(played)
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        self.end(title, played)
    }
}

fn rate(count: u64, seconds: f64) -> String {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    format!("{:.0} records/s", count / seconds.max(0.001))
}
