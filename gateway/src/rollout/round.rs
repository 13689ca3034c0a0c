//! One look at every plan, and what this gateway does where it leads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::event::{Data, Event, What};
use super::journal::Journal;
use super::judge::{Condition, Judgement, Look, Met, Standing, judge};
use super::{Shared, Shown, WHO, lock};
use crate::control::fold::GroupState;
use crate::control::rules::{Change, LossPolicy, Proposal};
use crate::control::{Reach, Reasons, Refused};
use crate::mode::Mode;
use crate::route::rollout::{Promote, RollBack, Rollout};
use crate::route::{Group, Table};

/// What was refused is tried again after that time.
const AGAIN: Duration = Duration::from_secs(30);
/// The longest reason or evidence in an entry, bytes.
const LONGEST: usize = 1_000;

pub(super) struct Rounds {
    shared: Arc<Shared>,
    journal: Journal,
    /// By group: what was said of which version last.
    said: BTreeMap<String, (u64, Standing)>,
    /// By group: until when nothing is tried, and what was refused.
    refused: BTreeMap<String, (Instant, String)>,
}

/// A group with a plan.
struct One<'a> {
    group: &'a Group,
    plan: &'a Rollout,
    known: &'a GroupState,
}

impl One<'_> {
    fn data(&self, what: What, conditions: &[Condition]) -> Data {
        Data {
            version: self.known.version,
            mode: self.known.mode,
            what,
            counted: None,
            conditions: conditions.to_vec(),
        }
    }

    /// A group that its plan has taken back waits for a person, whatever holds since.
    fn goes_by_itself(&self) -> bool {
        let taken_back = self.known.since.by == WHO && !self.known.mode.lets_modern_answer();
        self.plan.promote == Promote::ByItself && !taken_back
    }
}

impl Rounds {
    pub(super) fn new(shared: Arc<Shared>, journal: Journal) -> Self {
        Self {
            shared,
            journal,
            said: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    pub(super) async fn round(&mut self) {
        let table = self.shared.subjects.table();
        let state = self.shared.control.state();
        let mut seen = BTreeMap::new();
        for group in table.groups() {
            let Some(plan) = group.rollout.clone() else {
                continue;
            };
            let known = state.group(&group.name);
            let shown = match known {
                None => self.idle(
                    group,
                    &plan,
                    None,
                    "the control log does not know the group yet",
                ),
                Some(known) => {
                    let one = One {
                        group,
                        plan: &plan,
                        known,
                    };
                    self.look(&table, &one).await
                }
            };
            seen.insert(shown.group.clone(), shown);
        }
        *lock(&self.shared.shown) = seen;
    }

    async fn look(&mut self, table: &Table, one: &One<'_>) -> Shown {
        let (group, known) = (one.group, one.known);
        match known.mode {
            Mode::Legacy => {
                let why = format!(
                    "somebody begins it: figway routes set {} shadow, or its first step",
                    group.name
                );
                return self.idle(group, one.plan, Some(known), &why);
            }
            Mode::Retired => return self.idle(group, one.plan, Some(known), "it is done"),
            Mode::Shadow | Mode::Canary { .. } | Mode::Modern => {}
        }
        let totals = match self.shared.evidence.fleet_totals(table, &group.name) {
            Ok(totals) => totals,
            Err(unknown) => {
                return self.idle(group, one.plan, Some(known), &unknown.to_string());
            }
        };
        if !lock(&self.shared.record).knows_all() {
            let why = "what was said of plans before has not been read yet";
            return self.idle(group, one.plan, Some(known), why);
        }
        let leads = self.leads();
        let counted = lock(&self.shared.record)
            .counted(&group.name, known.version)
            .cloned();
        let Some(counted) = counted else {
            if leads {
                let data = Data {
                    counted: Some(Box::new(totals)),
                    ..one.data(What::Begun, &[])
                };
                self.told(one, data).await;
            }
            return self.idle(group, one.plan, Some(known), "its step begins");
        };
        let lasted = lasted(known);
        // Once all keys have been modern's for as long as a step lasts, the plan is done.
        let done = known.mode == Mode::Modern && lasted >= one.plan.soak;
        let since = totals.since(&counted);
        let judgement = judge(&Look {
            plan: one.plan,
            compares: compares(table, group, known.mode),
            known,
            since: &since,
            before: &counted,
            lasted,
            parked: self.shared.subjects.parked(&group.name),
            now: Timestamp::now(),
        });
        let mut shown = self.idle(group, one.plan, Some(known), "");
        shown.standing = Some(judgement.standing());
        shown.conditions.clone_from(&judgement.conditions);
        shown.why = None;
        if done {
            shown.why = Some("it is done: retire the group once nobody needs legacy".to_owned());
        } else if leads {
            self.say(one, &judgement).await;
            self.act(one, &judgement).await;
        }
        if let Some((_, why)) = self.refused.get(&*group.name) {
            shown.why = Some(why.clone());
        }
        shown
    }

    /// The first by name of those that are there, if it follows the log.
    fn leads(&self) -> bool {
        let control = &self.shared.control;
        let follows = control.health().reach == Reach::Following && !control.state().is_stale();
        follows && *self.leader() == *control.gateway()
    }

    fn leader(&self) -> String {
        let control = &self.shared.control;
        let others = control.fleet().others();
        let there = others
            .iter()
            .filter(|heard| heard.known && !heard.word.leaves);
        let names = there.map(|heard| heard.word.gateway.as_str());
        let first = names.chain([control.gateway()]).min();
        first.unwrap_or_default().to_owned()
    }

    fn idle(&self, group: &Group, plan: &Rollout, known: Option<&GroupState>, why: &str) -> Shown {
        let mode = known.map_or(group.seed, |known| known.mode);
        Shown {
            group: group.name.to_string(),
            mode,
            version: known.map_or(0, |known| known.version),
            steps: plan.steps.iter().map(|step| step.get()).collect(),
            next: plan.after(mode),
            promote: match plan.promote {
                Promote::Propose => "propose",
                Promote::ByItself => "by_itself",
            }
            .to_owned(),
            roll_back: match plan.roll_back {
                RollBack::ByItself => "by_itself",
                RollBack::Person => "person",
            }
            .to_owned(),
            standing: None,
            conditions: Vec::new(),
            why: Some(why.to_owned()),
            leader: self.leader(),
        }
    }

    /// Tells when a plan says something else than before.
    async fn say(&mut self, one: &One<'_>, judgement: &Judgement) {
        let now = (one.known.version, judgement.standing());
        if self.said.get(&*one.group.name) != Some(&now) {
            self.said.insert(one.group.name.to_string(), now);
            let what = What::Judged { standing: now.1 };
            self.tell(one, what, &judgement.conditions).await;
        }
    }

    async fn act(&mut self, one: &One<'_>, judgement: &Judgement) {
        let name = &*one.group.name;
        if let Some((until, _)) = self.refused.get(name) {
            if Instant::now() < *until {
                return;
            }
            self.refused.remove(name);
        }
        if let Some(why) = withdraws(one, judgement) {
            self.withdraw(one, judgement, why).await;
            return;
        }
        let proposed = lock(&self.shared.record).proposed(name, one.known.version);
        match (judgement.standing(), one.plan.after(one.known.mode)) {
            (Standing::Fails, _) => self.back(one, judgement).await,
            (Standing::Ready, Some(to)) if one.goes_by_itself() => {
                self.promote(one, judgement, to).await;
            }
            (Standing::Ready, Some(to)) if one.known.proposal.is_none() && !proposed => {
                self.propose(one, judgement, to).await;
            }
            (Standing::Ready | Standing::Waits, _) => {}
        }
    }

    /// To where legacy answered all, as the group came from there. In shadow nobody depends on modern: there is no way back to go.
    async fn back(&mut self, one: &One<'_>, judgement: &Judgement) {
        if one.plan.roll_back == RollBack::Person || !one.known.mode.lets_modern_answer() {
            return;
        }
        // Legacy must have every write first: to hold writes for that again and again would help nobody.
        if self.shared.subjects.parked(&one.group.name).unwrap_or(0) > 0 {
            let why = "it goes back once somebody has decided on the parked writes".to_owned();
            let until = Instant::now() + AGAIN;
            self.refused
                .insert(one.group.name.to_string(), (until, why));
            return;
        }
        let mut before = one.known.before.iter().rev();
        let to = before.find(|past| !past.mode.lets_modern_answer());
        let to = to.map_or(Mode::Legacy, |past| past.mode);
        let why = judgement.wrong();
        let made = self.submit(one, to, &why).await;
        let what = match made {
            Ok(()) => What::RolledBack { to, why },
            Err(refused) => self.refuses(one, to, &refused),
        };
        self.tell(one, what, &judgement.conditions).await;
    }

    async fn withdraw(&mut self, one: &One<'_>, judgement: &Judgement, why: String) {
        let Some(open) = &one.known.proposal else {
            return;
        };
        let reasons = Reasons {
            who: WHO.to_owned(),
            why: cut(&why),
            reference: None,
        };
        let group = one.group.name.to_string();
        let rejected = self
            .shared
            .control
            .reject(group, open.id.clone(), reasons)
            .await;
        let what = match rejected {
            Ok(()) => What::Withdrawn { to: open.to, why },
            Err(refused) => self.refuses(one, open.to, &refused),
        };
        self.tell(one, what, &judgement.conditions).await;
    }

    async fn promote(&mut self, one: &One<'_>, judgement: &Judgement, to: Mode) {
        let made = self.submit(one, to, &judgement.told()).await;
        let what = match made {
            Ok(()) => What::Promoted { to },
            Err(refused) => self.refuses(one, to, &refused),
        };
        self.tell(one, what, &judgement.conditions).await;
    }

    async fn propose(&mut self, one: &One<'_>, judgement: &Judgement, to: Mode) {
        let why = "the plan's conditions hold";
        let evidence = cut(&judgement.told());
        let opened = self
            .shared
            .control
            .propose(proposal(one, to, why), Some(evidence));
        let what = match opened.await {
            Ok(open) => What::Proposed {
                to,
                proposal: open.id.to_string(),
            },
            Err(refused) => self.refuses(one, to, &refused),
        };
        self.tell(one, what, &judgement.conditions).await;
    }

    async fn submit(&self, one: &One<'_>, to: Mode, why: &str) -> Result<(), Refused> {
        let made = self.shared.control.submit(proposal(one, to, &cut(why)));
        made.await.map(|_| ())
    }

    fn refuses(&mut self, one: &One<'_>, to: Mode, refused: &Refused) -> What {
        let why = refused.to_string();
        tracing::warn!(group = %one.group.name, %to, why, "a step of a plan was refused");
        let until = Instant::now() + AGAIN;
        self.refused
            .insert(one.group.name.to_string(), (until, why.clone()));
        What::Refused { to, why }
    }

    async fn tell(&mut self, one: &One<'_>, what: What, conditions: &[Condition]) {
        self.told(one, one.data(what, conditions)).await;
    }

    async fn told(&self, one: &One<'_>, data: Data) {
        let event = Event::new(self.shared.control.gateway(), &one.group.name, data);
        self.journal.tell(&self.shared, event).await;
    }
}

/// Why the plan's own proposal waits for nobody any more.
fn withdraws(one: &One<'_>, judgement: &Judgement) -> Option<String> {
    let open = one.known.proposal.as_deref()?;
    if open.since.by != WHO {
        return None;
    }
    let until = open.until.parse::<Timestamp>();
    if until.is_ok_and(|until| until < Timestamp::now()) {
        return Some("its time is over".to_owned());
    }
    let closed = |condition: &&Condition| {
        let of_time = matches!(condition.name.as_str(), "only_in" | "freeze");
        of_time && condition.met != Met::Yes
    };
    match judgement.conditions.iter().find(closed) {
        Some(closed) => Some(closed.told.clone()),
        None if judgement.standing() == Standing::Fails => Some(judgement.wrong()),
        None => None,
    }
}

fn proposal(one: &One<'_>, to: Mode, why: &str) -> Proposal {
    Proposal {
        group: one.group.name.to_string(),
        change: Change::Set(to),
        expected: Some(one.known.version),
        who: WHO.to_owned(),
        why: why.to_owned(),
        reference: None,
        loss: LossPolicy::Refuse,
    }
}

/// At most as long as an entry takes it.
fn cut(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Since the group came to its mode, by the clocks of whoever brought it there and of this gateway.
fn lasted(known: &GroupState) -> Duration {
    let Ok(since) = known.since.at.parse::<Timestamp>() else {
        return Duration::ZERO;
    };
    let lasted = Timestamp::now().duration_since(since);
    lasted.try_into().unwrap_or(Duration::ZERO)
}

/// Whether answers of the group are compared in that mode.
fn compares(table: &Table, group: &Group, mode: Mode) -> bool {
    let of_group = |id| {
        table
            .group(id)
            .is_some_and(|known| known.name == group.name)
    };
    let mut routes = table.routes().filter(|route| of_group(route.group));
    routes.any(|route| {
        let sent = !route.effect.changes_data() || route.mirror.writes;
        sent && match mode {
            Mode::Shadow => true,
            Mode::Canary { .. } | Mode::Modern => route.mirror.always,
            Mode::Legacy | Mode::Retired => false,
        }
    })
}
