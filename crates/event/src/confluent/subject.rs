//! Under which subject a schema is registered.

/// Key or value: each has a subject of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The record's key.
    Key,
    /// The record's value.
    Value,
}

impl Side {
    /// The header that names the schema of this side.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::Key => super::KEY_HEADER,
            Self::Value => super::VALUE_HEADER,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }
}

/// How a subject is made of topic and schema, as Confluent's serialisers make it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SubjectStrategy {
    /// `<topic>-key`, `<topic>-value`: one schema per topic and side. The default of all clients.
    #[default]
    TopicName,
    /// The schema's own full name: one schema for all topics.
    RecordName,
    /// `<topic>-<full name>`: several kinds of record in one topic.
    TopicRecordName,
}

impl SubjectStrategy {
    /// What configurations call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopicName => "topic_name",
            Self::RecordName => "record_name",
            Self::TopicRecordName => "topic_record_name",
        }
    }

    /// The strategy of that name; `None` for one that is not known.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::TopicName, Self::RecordName, Self::TopicRecordName]
            .into_iter()
            .find(|known| known.as_str() == name)
    }

    /// The subject of a schema whose full name is `record`.
    #[must_use]
    pub fn subject(self, topic: &str, side: Side, record: &str) -> String {
        match self {
            Self::TopicName => format!("{topic}-{}", side.as_str()),
            Self::RecordName => record.to_owned(),
            Self::TopicRecordName => format!("{topic}-{record}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_confluents() {
        let of = |strategy: SubjectStrategy| strategy.subject("lot", Side::Value, "pharma.Lot");
        assert_eq!(of(SubjectStrategy::TopicName), "lot-value");
        assert_eq!(of(SubjectStrategy::RecordName), "pharma.Lot");
        assert_eq!(of(SubjectStrategy::TopicRecordName), "lot-pharma.Lot");
        let key = SubjectStrategy::TopicName.subject("lot", Side::Key, "");
        assert_eq!(key, "lot-key");
        for name in ["topic_name", "record_name", "topic_record_name"] {
            assert_eq!(SubjectStrategy::from_name(name).unwrap().as_str(), name);
        }
        assert_eq!(SubjectStrategy::from_name("topic"), None);
    }
}
