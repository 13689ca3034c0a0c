//! Plays the steps: writes files, runs capture, reads topics, compares with the books.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cdc::{Capture, CaptureConfig, Choice, Decision, Mode, SourceStatus, What};
use ops::shutdown::Shutdown;

use crate::books::{Books, Expected, Op, Verdict};
use crate::check::{self, Findings, Origin};
use crate::company::DataSet;
use crate::error::{Error, Kind, Result};
use crate::fault::Fault;
use crate::step::{Figure, Observer, Outcome, Step, grouped};
use crate::tour::topic::Topic;
use crate::tour::{Part, Stage, milliseconds};
use crate::unload::{Unload, Written};

/// What a step comes to, before it has a title.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) detail: String,
    pub(super) figures: Vec<Figure>,
    pub(super) findings: Findings,
}

impl Played {
    pub(super) fn new(detail: impl Into<String>) -> Played {
        Played {
            detail: detail.into(),
            ..Played::default()
        }
    }

    pub(super) fn figure(&mut self, name: &'static str, value: impl Into<String>) {
        self.figures.push(Figure {
            name,
            value: value.into(),
        });
    }
}

/// One data set and everything the tour knows of it.
pub(super) struct Act {
    pub(super) books: Books,
    pub(super) data: Topic,
    pub(super) dead: Topic,
}

pub(super) struct Player<'a> {
    pub(super) stage: &'a Stage,
    observer: &'a mut dyn Observer,
    config: Option<Arc<CaptureConfig>>,
    pub(super) acts: BTreeMap<DataSet, Act>,
    steps: Vec<Step>,
}

/// How often a progress bar moves.
const TICK: Duration = Duration::from_millis(100);

impl<'a> Player<'a> {
    pub(super) fn new(stage: &'a Stage, observer: &'a mut dyn Observer) -> Player<'a> {
        Player {
            stage,
            observer,
            config: None,
            acts: BTreeMap::new(),
            steps: Vec::new(),
        }
    }

    pub(super) async fn play(mut self, part: Part) -> Vec<Step> {
        // An error is the outcome of the step it came in, and ends the tour.
        drop(self.script(part).await);
        self.steps
    }

    pub(super) async fn play_fault(mut self, fault: Fault) -> Vec<Step> {
        drop(self.one_fault(fault).await);
        self.steps
    }

    pub(super) fn begin(&mut self, title: &'static str) -> &'static str {
        self.observer.began(title);
        title
    }

    /// Notes a step; passes an error on after it was noted.
    pub(super) fn end(&mut self, title: &'static str, played: Result<Played>) -> Result<()> {
        let (played, error) = match played {
            Ok(played) => (played, None),
            Err(error) => {
                let mut played = Played::new("");
                played.findings.fail(chain(&error));
                (played, Some(error))
            }
        };
        let Findings {
            mut failures,
            failed,
            ..
        } = played.findings;
        let shown = u64::try_from(failures.len()).unwrap_or(u64::MAX);
        if failed > shown {
            failures.push(format!("and {} more", grouped(failed - shown)));
        }
        let outcome = if failed == 0 {
            Outcome::Held
        } else {
            Outcome::Failed(failures)
        };
        let step = Step {
            title,
            detail: played.detail,
            figures: played.figures,
            outcome,
        };
        self.observer.ended(&step);
        self.steps.push(step);
        error.map_or(Ok(()), Err)
    }

    /// Makes the stage, and sees that nobody played on it before.
    pub(super) async fn open(&mut self) -> Result<()> {
        let config = self.stage.prepare()?;
        for (set, source) in DataSet::ALL.into_iter().zip(config.sources()) {
            let act = Act {
                books: Books::new(self.stage.company, set),
                data: Topic::new(config.kafka(), source.topic()),
                dead: Topic::new(config.kafka(), source.dead_letter_topic()),
            };
            if act.data.exists().await? {
                let message = format!(
                    "topic {} is there already: an earlier demo? delete it, or use another Kafka",
                    source.topic()
                );
                return Err(Error::new(Kind::Kafka, message));
            }
            self.acts.insert(set, act);
        }
        self.config = Some(Arc::new(config));
        Ok(())
    }

    /// Writes one generation of each data set, with its fault.
    pub(super) fn unload(
        &mut self,
        generation: u32,
        fault: impl Fn(DataSet) -> Option<Fault>,
    ) -> Result<Written> {
        let mut all = Written::default();
        for set in DataSet::ALL {
            let unload = Unload::new(self.stage.company, set, generation, fault(set))?;
            let observer = &mut *self.observer;
            let (_, written) = unload.write_into(&self.stage.unloads(), |done| {
                observer.advanced("records written", done, 0);
            })?;
            all.records += written.records;
            all.bytes += written.bytes;
        }
        Ok(all)
    }

    /// Runs capture until nothing is left to do, and says how long it took.
    pub(super) async fn capture(&mut self) -> Result<Duration> {
        let capture = Capture::from_config(self.config()?);
        let sent = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let watch = {
            let sent = Arc::clone(&sent);
            cdc::Observer::new(move |event| {
                if let cdc::Event::Progress {
                    phase: cdc::Phase::Sending,
                    done,
                    total,
                    ..
                } = event
                {
                    sent[0].store(done, Ordering::Relaxed);
                    sent[1].store(total, Ordering::Relaxed);
                }
            })
        };
        let (shutdown, began) = (Shutdown::new(), Instant::now());
        let mut running = std::pin::pin!(capture.run(&shutdown, Mode::Once, watch));
        let mut ticks = tokio::time::interval(TICK);
        let ended = loop {
            tokio::select! {
                ended = &mut running => break ended,
                _ = ticks.tick() => {
                    let [done, total] = [&sent[0], &sent[1]].map(|number| number.load(Ordering::Relaxed));
                    self.observer.advanced("records sent", done, total);
                }
            }
        };
        let took = began.elapsed();
        for source in ended {
            if let Err(error) = source.outcome {
                return Err(
                    Error::new(Kind::Capture, format!("source {} ended", source.source))
                        .because(error),
                );
            }
        }
        Ok(took)
    }

    /// Takes a generation into the books and compares what its topics gained with it.
    pub(super) async fn compare(
        &mut self,
        generation: u32,
        fault: impl Fn(DataSet) -> Option<Fault>,
    ) -> Result<Compared> {
        let config = self.config()?;
        let status = self.status().await?;
        let mut compared = Compared::default();
        for (set, act) in &mut self.acts {
            let name = set.file_name(generation);
            let source = source_of(&config, *set)?;
            let expected = act.books.take(generation, fault(*set));
            let seen = status.get(set).map_or(Verdict::Applied, verdict);
            if seen != expected.verdict {
                let reasons = status.get(set).map(reasons).unwrap_or_default();
                compared.findings.fail(format!(
                    "{name}: wanted {:?}, got {seen:?} {}",
                    expected.verdict,
                    reasons.join("; ")
                ));
            }
            let origin = Origin {
                dataset: source.name(),
                generation: &name,
            };
            let (all, new) = act.data.read().await?;
            compared.messages += u64::try_from(new.len()).unwrap_or(u64::MAX);
            compared
                .findings
                .add(check::events(act.data.name(), &new, &expected, origin));
            compared
                .findings
                .add(check::state(act.data.name(), &all, act.books.view()));
            let (_, letters) = act.dead.read().await?;
            compared.findings.add(check::dead_letters(
                act.dead.name(),
                &letters,
                &expected.dead,
                &name,
            ));
            compared.keys += u64::try_from(act.books.view().len()).unwrap_or(u64::MAX);
            compared.expected.insert(*set, expected);
        }
        Ok(compared)
    }

    /// What is held, by data set.
    pub(super) async fn status(&mut self) -> Result<BTreeMap<DataSet, SourceStatus>> {
        let config = self.config()?;
        let all = cdc::status(&config)
            .await
            .map_err(|error| Error::new(Kind::Capture, "no status").because(error))?;
        Ok(DataSet::ALL.into_iter().zip(all).collect())
    }

    /// Decides about what is held.
    pub(super) async fn release(
        &mut self,
        set: DataSet,
        generation: u32,
        choice: Choice,
        why: &str,
    ) -> Result<()> {
        let config = self.config()?;
        let source = source_of(&config, set)?.name().to_owned();
        let decision = Decision {
            choice,
            who: "demo".to_owned(),
            why: why.to_owned(),
        };
        cdc::release(&config, &source, &set.file_name(generation), &decision)
            .await
            .map_err(|error| {
                Error::new(Kind::Capture, format!("could not release {source}")).because(error)
            })
    }

    fn config(&self) -> Result<Arc<CaptureConfig>> {
        self.config
            .clone()
            .ok_or_else(|| Error::new(Kind::Config, "the stage is not made yet"))
    }
}

/// What a comparison came to.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) findings: Findings,
    pub(super) expected: BTreeMap<DataSet, Expected>,
    pub(super) messages: u64,
    pub(super) keys: u64,
}

impl Compared {
    /// A step's result, with the figures of every kind of event that came.
    pub(super) fn into_played(self, detail: String, took: Duration) -> Played {
        let mut played = Played::new(detail);
        let names = [
            (Op::Read, "r"),
            (Op::Create, "c"),
            (Op::Update, "u"),
            (Op::Delete, "d"),
        ];
        for (op, name) in names {
            if self.findings.of(op) > 0 {
                played.figure(name, grouped(self.findings.of(op)));
            }
        }
        if self.findings.tombstones > 0 {
            played.figure("tombstones", grouped(self.findings.tombstones));
        }
        if self.findings.dead > 0 {
            played.figure("dead letters", grouped(self.findings.dead));
        }
        played.figure("keys compared", grouped(self.keys));
        played.figure("capture", milliseconds(took));
        played.findings = self.findings;
        played
    }

    /// Data sets of which a generation was not taken as a whole.
    pub(super) fn of(&self, verdict: Verdict) -> impl Iterator<Item = DataSet> + '_ {
        self.expected
            .iter()
            .filter(move |(_, expected)| expected.verdict == verdict)
            .map(|(set, _)| *set)
    }
}

/// What became of a source's last generation.
fn verdict(status: &SourceStatus) -> Verdict {
    match status.held.first().map(|held| held.what) {
        None => Verdict::Applied,
        Some(What::Deletes(_)) => Verdict::DeletesHeld,
        Some(What::Generation) => Verdict::Held,
    }
}

/// Why something waits, one line per reason.
pub(super) fn reasons(status: &SourceStatus) -> Vec<String> {
    let reasons = status.held.iter().flat_map(|held| &held.reasons);
    reasons
        .map(|reason| format!("{}: {reason}", status.source))
        .collect()
}

fn source_of(config: &CaptureConfig, set: DataSet) -> Result<&cdc::SourceConfig> {
    let name = set.name().to_lowercase();
    let source = config
        .source(&name)
        .ok_or_else(|| Error::new(Kind::Config, format!("no source {name}")))?;
    Ok(source)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries say their cause in their own message too.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
