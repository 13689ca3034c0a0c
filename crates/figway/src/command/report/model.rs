//! What a report says, as it is written in JSON. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::usage::{GroupUsage, Usage};

/// The version of the form; another one is not read.
const VERSION: u32 = 1;

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    version: u32,
    /// When it was made, RFC 3339; the same in milliseconds since 1970.
    pub(super) made_at: String,
    pub(super) made_at_ms: u64,
    /// The gateway that was asked.
    pub(super) gateway: String,
    /// The revision of its file.
    pub(super) revision: u64,
    /// The control log.
    pub(super) log: Log,
    /// Whose evidence it is.
    pub(super) evidence: Parts,
    /// The groups, in the order of the file.
    pub(super) groups: Vec<Group>,
    /// What legacy says of its use, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
}

/// The control log, computed anew from its entries' bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) entries: u64,
    pub(super) first_at: Option<String>,
    pub(super) last_at: Option<String>,
    /// What the chain comes to.
    pub(super) hash: Option<String>,
    pub(super) anchors: usize,
    /// The last entry that an anchor vouches for.
    pub(super) anchored: Option<u64>,
    /// What is not as it was.
    pub(super) broken: Option<String>,
}

/// Whose evidence it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    pub(super) gateways: Vec<String>,
    /// How old the oldest part is, in seconds.
    pub(super) oldest_seconds: Option<u64>,
    /// Why some of it may be missing.
    pub(super) trouble: Option<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    /// As it is typed: `legacy`, `canary 10`.
    pub(super) mode: String,
    pub(super) version: u64,
    pub(super) since: Option<String>,
    pub(super) by: Option<String>,
    pub(super) why: Option<String>,
    pub(super) change: Option<String>,
    pub(super) writes: bool,
    /// Writes that legacy lacks, in words.
    pub(super) legacy_lacks: String,
    pub(super) legacy: Legacy,
    /// Entries of the log about it, oldest first.
    pub(super) history: Vec<Entry>,
    /// Of these: what was proposed and who said what to it.
    pub(super) approvals: Vec<Entry>,
    pub(super) routes: Vec<Route>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<GroupUsage>,
}

/// How much legacy is still asked through Figway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Legacy {
    /// Requests of clients that it answered.
    pub(super) answered: u64,
    /// Requests that modern answered and of which it heard nothing.
    pub(super) spared: u64,
    /// Since when is counted, in milliseconds since 1970.
    pub(super) counted_since: Option<u64>,
    /// When it was asked last.
    pub(super) last: Option<u64>,
    /// Whole days without any request to it through Figway; none where nothing was counted.
    pub(super) days_without: Option<u64>,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) offset: u64,
    pub(super) at: String,
    pub(super) what: String,
    /// What came of it: `version 3, canary 10`, `refused: …`.
    pub(super) came_to: String,
    pub(super) counted: bool,
    pub(super) by: String,
    pub(super) why: String,
    pub(super) change: Option<String>,
    pub(super) gateway: String,
}

/// A route: of the gateway's evidence what a report needs. Samples are not in it: a report is handed round.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Route {
    #[serde(rename = "route")]
    pub(super) name: String,
    pub(super) answers: Answers,
    pub(super) spared: u64,
    pub(super) last_legacy: Option<u64>,
    pub(super) counted_since: Option<u64>,
    pub(super) compared: u64,
    pub(super) equal: u64,
    pub(super) different: u64,
    pub(super) not_comparable: u64,
    pub(super) view_behind: u64,
    pub(super) errors: u64,
    pub(super) dropped: u64,
    #[serde(default)]
    pub(super) match_rate: Option<f64>,
    #[serde(default)]
    pub(super) match_at_least: Option<f64>,
    pub(super) legacy: Side,
    pub(super) modern: Side,
    pub(super) variants: Vec<Variant>,
    #[serde(default)]
    pub(super) other_rules: Vec<String>,
    #[serde(default)]
    pub(super) cleared: Option<Cleared>,
}

/// Who answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answers {
    pub(super) legacy: u64,
    pub(super) modern: u64,
    pub(super) gateway: u64,
    pub(super) fallbacks: u64,
}

/// What became of requests at one side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Side {
    pub(super) answers: u64,
    pub(super) errors: u64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p95_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
}

/// A variant of a route's answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Variant {
    pub(super) variant: String,
    pub(super) declared: bool,
    pub(super) samples: u64,
    pub(super) equal: u64,
    pub(super) different: u64,
    pub(super) match_rate: Option<f64>,
    pub(super) match_at_least: Option<f64>,
    pub(super) not_comparable: u64,
    pub(super) errors: u64,
    pub(super) first_seen: Option<u64>,
    pub(super) last_seen: Option<u64>,
    pub(super) fields: Vec<Field>,
}

/// A field that differed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Field {
    pub(super) field: String,
    pub(super) count: u64,
    pub(super) last_seen: u64,
    pub(super) match_at_least: Option<f64>,
}

/// That it is counted anew since then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cleared {
    pub(super) at: u64,
    pub(super) who: String,
    pub(super) why: String,
}

#[derive(Deserialize)]
struct OnlyVersion {
    version: u32,
}

impl Report {
    pub(super) fn new(
        made_at: (String, u64),
        (gateway, revision): (String, u64),
        log: Log,
        evidence: Parts,
        groups: Vec<Group>,
    ) -> Self {
        Self {
            version: VERSION,
            made_at: made_at.0,
            made_at_ms: made_at.1,
            gateway,
            revision,
            log,
            evidence,
            groups,
            usage: None,
        }
    }

    /// Reads one that was written.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let only: OnlyVersion = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if only.version != VERSION {
            return Err(format!("wanted version {VERSION}, got {}", only.version));
        }
        serde_json::from_slice(text).map_err(|error| error.to_string())
    }

    /// Adds what legacy says of its use.
    pub(super) fn add(&mut self, (usage, mut of_groups): (Usage, BTreeMap<String, GroupUsage>)) {
        for group in &mut self.groups {
            group.usage = Some(of_groups.remove(&group.name).unwrap_or_default());
        }
        self.usage = Some(usage);
    }
}

impl Group {
    /// Whether legacy is still asked, in words that say no more than is known.
    pub(super) fn traffic(&self) -> String {
        let legacy = &self.legacy;
        let through = match (legacy.days_without, legacy.last) {
            (None, _) => return "nothing was counted yet".to_owned(),
            (Some(0), _) => "traffic through Figway within the last day".to_owned(),
            (Some(days), Some(_)) => format!("no traffic through Figway for {days} days"),
            (Some(days), None) => {
                format!("no traffic through Figway in the {days} days that are counted")
            }
        };
        match &self.usage {
            None => format!(
                "{through}; whether there is other traffic is not known: legacy's own figures (--usage) say that"
            ),
            Some(usage) if usage.transactions.is_empty() => {
                format!("{through}; which of legacy's transactions belong to it is not said")
            }
            Some(usage) if usage.callers.is_empty() => {
                format!("{through}, and none past it in legacy's own figures")
            }
            Some(usage) => format!(
                "{through}, and {} calls past it in legacy's own figures",
                usage.past
            ),
        }
    }
}
