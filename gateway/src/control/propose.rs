//! From a proposal that the rules admit to an entry that was folded: written, read back, told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::command::{Command, CommandId, Count, FOLD, Loss, MAX_ENTRY, VERSION, What};
use super::fold::{Folded, Refusal, Verdict};
use super::log::AppendError;
use super::rules::{self, Proposal};
use super::state::{Reach, State};
use super::{Accepted, Refused, Shared, lock, rfc3339};
use crate::route::Group;

impl Shared {
    pub(super) fn group(&self, name: &str) -> Result<Arc<Group>, Refused> {
        let table = lock(&self.table);
        let found = table.groups.iter().find(|group| &*group.name == name);
        found.cloned().ok_or_else(|| Refused::UnknownGroup {
            group: name.chars().take(rules::MAX_NAME).collect(),
        })
    }

    pub(super) fn in_reach(&self) -> Result<(), Refused> {
        self.owned()?;
        match &self.health.borrow().reach {
            Reach::Following => Ok(()),
            Reach::Unknown => Err(Refused::OutOfReach {
                why: "it has not answered yet".to_owned(),
            }),
            Reach::OutOfReach { why, .. } | Reach::Unusable { why, .. } => {
                Err(Refused::OutOfReach {
                    why: why.to_string(),
                })
            }
            Reach::Stopped { why, .. } => Err(Refused::Stopped {
                why: why.to_string(),
            }),
        }
    }

    /// Exact only where this gateway alone, since it began, can have let modern accept writes of the group.
    pub(super) fn lacking(&self, group: &str) -> Loss {
        let counted = self.ledger.lacking(group);
        if let Some(back) = self.way_back.lacking(group) {
            // What was accepted before the group's writes went back is lacking as before.
            let count = match counted.writes {
                0 => back.count,
                _ => Count::AtLeast,
            };
            return Loss {
                writes: back.writes.saturating_add(counted.writes),
                count,
            };
        }
        Loss {
            count: if self.log.is_shared() {
                Count::AtLeast
            } else {
                counted.count
            },
            ..counted
        }
    }

    pub(super) fn command(
        &self,
        id: CommandId,
        proposal: &Proposal,
        what: What,
        expected: Option<u64>,
    ) -> Command {
        Command {
            v: VERSION,
            id,
            at: rfc3339(SystemTime::now()),
            group: proposal.group.clone(),
            what,
            expected,
            who: proposal.who.clone(),
            why: proposal.why.clone(),
            change: proposal.reference.clone(),
            fold: FOLD,
            seen: self.state.borrow().position(),
            gateway: self.settings.gateway.clone(),
            signature: None,
        }
    }

    /// The log has our key, or gets it now.
    pub(super) async fn enrolled(&self) -> Result<(), Refused> {
        let key = self.key.public();
        let gateway = &self.settings.gateway;
        if self.state.borrow().signers().signs(&key.id(), gateway) {
            return Ok(());
        }
        let what = What::Enrol {
            gateway: gateway.clone(),
            key,
        };
        let why = "signs what it writes with this key from now on";
        let command = self.of_fleet(what, gateway, why, None);
        match self.written(command).await?.verdict {
            Verdict::Noted | Verdict::Accepted { .. } => Ok(()),
            // By ourselves, a moment ago.
            Verdict::Refused(Refusal::KnownKey { .. })
                if self.state.borrow().signers().signs(&key.id(), gateway) =>
            {
                Ok(())
            }
            Verdict::Refused(refusal) => Err(Refused::NotEnrolled {
                gateway: gateway.clone(),
                key,
                refusal,
            }),
        }
    }

    /// A command about the fleet.
    pub(super) fn of_fleet(
        &self,
        what: What,
        who: &str,
        why: &str,
        change: Option<String>,
    ) -> Command {
        Command {
            v: VERSION,
            id: CommandId::random(),
            at: rfc3339(SystemTime::now()),
            group: String::new(),
            what,
            expected: None,
            who: who.to_owned(),
            why: why.to_owned(),
            change,
            fold: FOLD,
            seen: self.state.borrow().position(),
            gateway: self.settings.gateway.clone(),
            signature: None,
        }
    }

    /// Appends a command about a group and waits for what the fold makes of it.
    pub(super) async fn propose(
        &self,
        command: Command,
        loss: Option<Loss>,
    ) -> Result<Accepted, Refused> {
        self.enrolled().await?;
        let id = command.id.clone();
        let folded = self.written(command).await?;
        match folded.verdict {
            Verdict::Accepted { version, mode } => Ok(Accepted {
                id,
                mode,
                version,
                position: Some(folded.position),
                loss,
            }),
            Verdict::Refused(refusal) => Err(Refused::Folded { refusal }),
            // Of groups nothing is only noted.
            Verdict::Noted => Err(Refused::Unknown { id }),
        }
    }

    /// Signs and appends a command, and waits for what the fold makes of it.
    pub(super) async fn written(&self, command: Command) -> Result<Folded, Refused> {
        self.clear().await?;
        let id = command.id.clone();
        let bytes = command.signed(&self.key).to_bytes();
        if bytes.len() > MAX_ENTRY {
            return Err(Refused::NotWritten {
                why: format!(
                    "the entry would have {} bytes, at most {MAX_ENTRY} are allowed",
                    bytes.len()
                ),
            });
        }
        let (sender, folded) = oneshot::channel();
        let _waiting = Waiting::begin(&self.waiting, id.clone(), sender);
        let came = tokio::time::timeout(self.settings.deadline, async {
            match self.log.append(bytes).await {
                Ok(()) | Err(AppendError::Unknown) => folded.await.map_err(|_| None),
                Err(AppendError::NotWritten(why)) => Err(Some(why)),
            }
        });
        match came.await {
            Ok(Ok(folded)) => Ok(folded),
            Ok(Err(Some(why))) => Err(Refused::NotWritten { why }),
            Ok(Err(None)) | Err(_) => Err(Refused::Unknown { id }),
        }
    }

    /// Puts the state in force that `change` makes of the one that is.
    pub(super) fn publish(&self, change: impl FnOnce(&State) -> State) {
        // The lock keeps two changes in the order in which listeners hear of them.
        let listeners = lock(&self.listeners);
        self.state
            .send_modify(|state| *state = Arc::new(change(state)));
        let state = Arc::clone(&self.state.borrow());
        for listener in &listeners.0 {
            listener(&state);
        }
        self.installed.send_replace(state);
    }
}

pub(super) type Listener = Box<dyn Fn(&Arc<State>) + Send + Sync>;

/// Who hears of each change.
#[derive(Default)]
pub(super) struct Listeners(pub(super) Vec<Listener>);

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} listeners", self.0.len())
    }
}

/// Takes the waiter away again, however the wait ends.
struct Waiting<'a> {
    waiting: &'a Mutex<HashMap<CommandId, oneshot::Sender<Folded>>>,
    id: CommandId,
}

impl<'a> Waiting<'a> {
    fn begin(
        waiting: &'a Mutex<HashMap<CommandId, oneshot::Sender<Folded>>>,
        id: CommandId,
        sender: oneshot::Sender<Folded>,
    ) -> Self {
        lock(waiting).insert(id.clone(), sender);
        Self { waiting, id }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(self.waiting).remove(&self.id);
    }
}
