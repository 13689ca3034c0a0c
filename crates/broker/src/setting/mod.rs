//! The settings of a topic: every name Kafka knows, its default, what it may be, and the few that matter here.
//!
//! Names, defaults and bounds: Kafka 4.0 documentation, "Topic Configs". All are kept and shown; those of
//! replication, tiering and flushing have nothing to act on in a single node.

use std::collections::BTreeMap;

mod resolved;

pub(crate) use resolved::TopicSettings;

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Boolean,
    /// From and to, both included.
    Whole(i64, i64),
    Ratio,
    /// One of these.
    One(&'static [&'static str]),
    /// A list of these.
    Some(&'static [&'static str]),
    /// Replicas for throttling, not looked at.
    Text,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    form: Form,
    pub(crate) about: &'static str,
}

const fn setting(
    name: &'static str,
    default: &'static str,
    form: Form,
    about: &'static str,
) -> Setting {
    Setting {
        name,
        default,
        form,
        about,
    }
}

const MAX: i64 = i64::MAX;
const INT: i64 = 2_147_483_647;

/// All settings by name.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "cleanup.policy",
        "delete",
        Form::Some(&["delete", "compact"]),
        "delete old segments, keep the last record of each key, or both",
    ),
    setting(
        "compression.gzip.level",
        "-1",
        Form::Whole(-1, 9),
        "not used: batches are kept as sent",
    ),
    setting(
        "compression.lz4.level",
        "9",
        Form::Whole(1, 17),
        "not used: batches are kept as sent",
    ),
    setting(
        "compression.type",
        "producer",
        Form::One(&["producer"]),
        "batches are kept as the producer sent them",
    ),
    setting(
        "compression.zstd.level",
        "3",
        Form::Whole(-131_072, 22),
        "not used: batches are kept as sent",
    ),
    setting(
        "delete.retention.ms",
        "86400000",
        Form::Whole(0, MAX),
        "how long a compacted topic keeps tombstones",
    ),
    setting(
        "file.delete.delay.ms",
        "60000",
        Form::Whole(0, MAX),
        "not used: files go at once",
    ),
    setting(
        "flush.messages",
        "9223372036854775807",
        Form::Whole(1, MAX),
        "not used: the broker's own setting decides",
    ),
    setting(
        "flush.ms",
        "9223372036854775807",
        Form::Whole(0, MAX),
        "not used: the broker's own setting decides",
    ),
    setting(
        "follower.replication.throttled.replicas",
        "",
        Form::Text,
        "not used: one node",
    ),
    setting(
        "index.interval.bytes",
        "4096",
        Form::Whole(0, INT),
        "not used: the index is in memory",
    ),
    setting(
        "leader.replication.throttled.replicas",
        "",
        Form::Text,
        "not used: one node",
    ),
    setting(
        "local.retention.bytes",
        "-2",
        Form::Whole(-2, MAX),
        "not used: no tiers",
    ),
    setting(
        "local.retention.ms",
        "-2",
        Form::Whole(-2, MAX),
        "not used: no tiers",
    ),
    setting(
        "max.compaction.lag.ms",
        "9223372036854775807",
        Form::Whole(1, MAX),
        "the longest a record stays uncompacted",
    ),
    setting(
        "max.message.bytes",
        "1048588",
        Form::Whole(0, INT),
        "the largest batch taken",
    ),
    setting(
        "message.timestamp.after.max.ms",
        "3600000",
        Form::Whole(0, MAX),
        "how far a timestamp may be ahead of the broker",
    ),
    setting(
        "message.timestamp.before.max.ms",
        "9223372036854775807",
        Form::Whole(0, MAX),
        "how far a timestamp may be behind the broker",
    ),
    setting(
        "message.timestamp.type",
        "CreateTime",
        Form::One(&["CreateTime", "LogAppendTime"]),
        "whose clock sets timestamps",
    ),
    setting(
        "min.cleanable.dirty.ratio",
        "0.5",
        Form::Ratio,
        "the part of a log that is new before it is compacted again",
    ),
    setting(
        "min.compaction.lag.ms",
        "0",
        Form::Whole(0, MAX),
        "the shortest a record stays uncompacted",
    ),
    setting(
        "min.insync.replicas",
        "1",
        Form::Whole(1, INT),
        "replicas that must have a record before acks=all is answered",
    ),
    setting("preallocate", "false", Form::Boolean, "not used"),
    setting(
        "remote.log.copy.disable",
        "false",
        Form::Boolean,
        "not used: no tiers",
    ),
    setting(
        "remote.log.delete.on.disable",
        "false",
        Form::Boolean,
        "not used: no tiers",
    ),
    setting(
        "remote.storage.enable",
        "false",
        Form::One(&["false"]),
        "there are no tiers here",
    ),
    setting(
        "retention.bytes",
        "-1",
        Form::Whole(-1, MAX),
        "bytes a partition keeps, -1 without bound",
    ),
    setting(
        "retention.ms",
        "604800000",
        Form::Whole(-1, MAX),
        "how long records are kept, -1 for ever",
    ),
    setting(
        "segment.bytes",
        "1073741824",
        Form::Whole(14, INT),
        "bytes of one segment file",
    ),
    setting(
        "segment.index.bytes",
        "10485760",
        Form::Whole(4, INT),
        "not used: the index is in memory",
    ),
    setting("segment.jitter.ms", "0", Form::Whole(0, MAX), "not used"),
    setting(
        "segment.ms",
        "604800000",
        Form::Whole(1, MAX),
        "how long a segment is written to",
    ),
    setting(
        "unclean.leader.election.enable",
        "false",
        Form::Boolean,
        "not used: one node",
    ),
];

impl Setting {
    /// The setting of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Whether it is a list, which AlterConfigs may append to.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.form, Form::Some(_)) || self.form == Form::Text
    }

    /// The type as DescribeConfigs numbers it (`ConfigDef.Type`).
    pub(crate) fn wire_type(&self) -> i8 {
        match self.form {
            Form::Boolean => 1,
            Form::One(_) => 2,
            Form::Whole(_, most) if most <= INT => 3,
            Form::Whole(..) => 5,
            Form::Ratio => 6,
            Form::Some(_) | Form::Text => 7,
        }
    }

    fn check(&self, value: &str) -> Result<(), String> {
        let name = self.name;
        let wrong = |wanted: String| {
            Err(format!(
                "invalid value {value} for configuration {name}: wanted {wanted}"
            ))
        };
        match self.form {
            Form::Text => Ok(()),
            Form::Boolean if matches!(value, "true" | "false") => Ok(()),
            Form::Boolean => wrong("true or false".to_owned()),
            Form::Whole(from, to) => match value.parse::<i64>() {
                Ok(number) if (from..=to).contains(&number) => Ok(()),
                _ => wrong(format!("a whole number from {from} to {to}")),
            },
            Form::Ratio => match value.parse::<f64>() {
                Ok(number) if (0.0..=1.0).contains(&number) => Ok(()),
                _ => wrong("a number from 0 to 1".to_owned()),
            },
            Form::One(allowed) if allowed.contains(&value) => Ok(()),
            Form::One(allowed) => wrong(format!("one of {}", allowed.join(", "))),
            Form::Some(allowed) => match value
                .split(',')
                .map(str::trim)
                .all(|part| allowed.contains(&part))
            {
                true => Ok(()),
                false => wrong(format!("a list of {}", allowed.join(", "))),
            },
        }
    }
}

/// What was set, by name.
pub(crate) type Overrides = BTreeMap<String, String>;

/// Checks every name and value.
pub(crate) fn check(overrides: &Overrides) -> Result<(), String> {
    for (name, value) in overrides {
        let Some(setting) = Setting::named(name) else {
            return Err(format!("unknown topic config name: {name}"));
        };
        setting.check(value)?;
    }
    Ok(())
}

/// The value in force: what the topic says, else the broker, else Kafka.
pub(crate) fn value<'a>(
    setting: &'static Setting,
    overrides: &'a Overrides,
    defaults: &'a Overrides,
) -> &'a str {
    let set = overrides
        .get(setting.name)
        .or_else(|| defaults.get(setting.name));
    set.map_or(setting.default, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_allowed() {
        let defaults = SETTINGS
            .iter()
            .map(|setting| (setting.name.to_owned(), setting.default.to_owned()))
            .collect();
        assert_eq!(check(&defaults), Ok(()));
        let resolved = TopicSettings::resolve(&defaults, &Overrides::new());
        assert_eq!(
            resolved,
            TopicSettings::resolve(&Overrides::new(), &Overrides::new())
        );
        assert_eq!(resolved.retention_ms, Some(604_800_000));
    }

    #[test]
    fn a_wrong_value_says_what_is_wanted() {
        let wrong = Overrides::from([("retention.ms".to_owned(), "soon".to_owned())]);
        let message = check(&wrong).unwrap_err();
        assert!(
            message.contains("retention.ms") && message.contains("from -1"),
            "{message}"
        );
        assert!(check(&Overrides::from([("retention".to_owned(), "1".to_owned())])).is_err());
    }
}
