//! `figway routes history`: the control log as people read it, and its chain computed anew.

use std::collections::VecDeque;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gateway::admin::client::Client;
use gateway::admin::view::{HistoryEntry, HistoryPage, OutcomeView};
use gateway::control::command::{Command, What};
use gateway::control::hash::ChainHash;
use serde_json::{Value, json};

use super::show::{or_dash, table};
use super::typed;
use crate::terminal::Terminal;

/// Entries of one request.
const PAGE: usize = 500;

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) last: usize,
    pub(super) verify: bool,
    pub(super) json: bool,
}

pub(super) async fn run(
    client: &Client,
    wanted: &Wanted<'_>,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let mut latest: VecDeque<Told> = VecDeque::new();
    let mut chain = Chain::default();
    let mut from = 0;
    let break_glass = loop {
        let path = format!("/v1/history?from={from}&limit={PAGE}");
        let page: HistoryPage = client.get(&path).await?;
        for entry in page.entries {
            let told = Told::of(entry)?;
            chain.add(&told);
            let asked = wanted.group.is_none_or(|group| told.group() == Some(group));
            if asked && wanted.last > 0 {
                if latest.len() >= wanted.last {
                    latest.pop_front();
                }
                latest.push_back(told);
            }
        }
        match page.next {
            Some(next) => from = next,
            None => break page.break_glass,
        }
    };
    if wanted.json {
        let entries: Vec<Value> = latest.iter().map(Told::json).collect();
        let mut answer = json!({ "entries": entries, "break_glass": break_glass });
        if wanted.verify {
            answer["verified"] = json!(chain.broken.is_none());
        }
        super::json(&answer, terminal)?;
        return Ok(chain.code(wanted));
    }
    let mut list = table(&[
        "OFFSET", "AT", "GROUP", "WHAT", "CAME TO", "BY", "WHY", "CHANGE", "GATEWAY",
    ]);
    for told in &latest {
        list.add_row(told.row().iter().map(|cell| plain(cell)));
    }
    terminal.say(list.trim_fmt())?;
    for (group, made) in &break_glass {
        terminal.say(format_args!(
            "break-glass on this gateway, not yet in the log: {group} to legacy at {} by {}: {}",
            made.at,
            plain(&made.by),
            plain(&made.why)
        ))?;
    }
    if wanted.verify {
        terminal.say(chain.said())?;
    }
    Ok(chain.code(wanted))
}

/// A text of the log in one line of a terminal: what another writer put there steers no terminal.
pub(in crate::command) fn plain(text: &str) -> String {
    let shown = |char: char| if char.is_control() { '\u{fffd}' } else { char };
    text.chars().map(shown).collect()
}

/// An entry, read here from its raw bytes: what the gateway makes of it is beside it.
pub(in crate::command) struct Told {
    pub(in crate::command) offset: u64,
    hash: String,
    pub(in crate::command) bytes: Vec<u8>,
    pub(in crate::command) command: Option<Command>,
    pub(in crate::command) outcome: OutcomeView,
}

impl Told {
    pub(in crate::command) fn of(entry: HistoryEntry) -> anyhow::Result<Self> {
        let bytes = match (entry.raw, entry.raw_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => BASE64_STANDARD.decode(text).map_err(|error| {
                anyhow::anyhow!("an entry of the history is no base64: {error}")
            })?,
            _ => anyhow::bail!("an entry of the history has no bytes"),
        };
        Ok(Self {
            offset: entry.offset,
            hash: entry.hash,
            command: Command::parse(&bytes).ok(),
            bytes,
            outcome: entry.outcome,
        })
    }

    fn group(&self) -> Option<&str> {
        Some(self.command.as_ref()?.group.as_str())
    }

    fn row(&self) -> Vec<String> {
        let came_to = match &self.outcome {
            OutcomeView::Accepted { version, mode } => {
                format!("version {version}, {}", typed(*mode))
            }
            OutcomeView::Noted => "noted".to_owned(),
            OutcomeView::Refused { why, .. } => format!("refused: {why}"),
            OutcomeView::NotFolded { why } => format!("not folded: {why}"),
        };
        let Some(command) = &self.command else {
            let mut row = vec![self.offset.to_string()];
            row.extend(["-", "-", "not understood"].map(str::to_owned));
            row.push(came_to);
            row.extend(["-", "-", "-", "-"].map(str::to_owned));
            return row;
        };
        vec![
            self.offset.to_string(),
            command.at.clone(),
            or_dash(Some(command.group.as_str()).filter(|group| !group.is_empty())),
            what(&command.what),
            came_to,
            command.who.clone(),
            command.why.clone(),
            or_dash(command.change.as_deref()),
            command.gateway.clone(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "offset": self.offset,
            "hash": self.hash,
            "command": self.command,
            "outcome": self.outcome,
        })
    }
}

pub(in crate::command) fn what(what: &What) -> String {
    let text = match what {
        What::Set {
            to,
            proposal: Some(proposal),
            ..
        } => format!("set {}, as approved ({proposal})", typed(*to)),
        What::Set { to, .. } => format!("set {}", typed(*to)),
        What::Rollback { to, .. } => format!("rollback to version {to}"),
        What::Seed { revision, mode, .. } => {
            format!("file says {}, revision {revision}", typed(*mode))
        }
        What::BreakGlassMerge {
            mode,
            journalled_at,
        } => format!("break-glass {} at {journalled_at}", typed(*mode)),
        What::Hold { to, .. } => format!("hold writes, on the way to {}", typed(*to)),
        What::Release { .. } => "let writes go, nothing changed".to_owned(),
        What::Propose {
            to,
            accept_loss,
            approvals,
            until,
            ..
        } => {
            let loss = accept_loss.map(|loss| format!(", accepting the loss of {loss}"));
            format!(
                "propose {}{}, to be approved by {approvals} until {until}",
                typed(*to),
                loss.unwrap_or_default()
            )
        }
        What::Approve {
            proposal,
            name,
            meaning,
            authenticated,
            by,
        } => format!("{meaning} of {proposal}, signed {name}, by {by} of {authenticated}"),
        What::Reject { proposal } => format!("reject {proposal}"),
        What::Happened { event } => format!("{event} has happened"),
        What::Enrol { gateway, key } => format!("key {} signs for {gateway}", key.id()),
        What::Revoke { key } => format!("key {key} signs for nobody"),
        What::Admission { open: true } => "gateways may enrol their own keys".to_owned(),
        What::Admission { open: false } => "gateways may not enrol their own keys".to_owned(),
    };
    match what.accepted_loss() {
        Some(loss) => format!("{text}, accepting the loss of {loss}"),
        None => text,
    }
}

/// The chain over the raw bytes, beside what the gateway says it is.
struct Chain {
    hash: ChainHash,
    entries: u64,
    broken: Option<u64>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            hash: ChainHash::NOTHING,
            entries: 0,
            broken: None,
        }
    }
}

impl Chain {
    fn add(&mut self, told: &Told) {
        self.hash = self.hash.next(told.offset, &told.bytes);
        self.entries += 1;
        if self.broken.is_none() && self.hash.to_string() != told.hash {
            self.broken = Some(told.offset);
        }
    }

    fn said(&self) -> String {
        match self.broken {
            None => format!(
                "chain verified: {} entries, computed here from their bytes, come to {}",
                self.entries, self.hash
            ),
            Some(offset) => format!(
                "CHAIN BROKEN at offset {offset}: the entry's bytes do not come to the gateway's hash"
            ),
        }
    }

    fn code(&self, wanted: &Wanted<'_>) -> u8 {
        if wanted.verify && self.broken.is_some() {
            crate::FAILED
        } else {
            crate::HELD
        }
    }
}
