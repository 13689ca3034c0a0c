//! Where topics end: per partition the offset after the last record that is known to be written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// End offsets (last offset + 1) by topic and partition. In a checkpoint: `{"topic":[[partition,offset],…]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    from = "BTreeMap<String, Vec<(i32, i64)>>",
    into = "BTreeMap<String, Vec<(i32, i64)>>"
)]
pub struct Tails(BTreeMap<String, BTreeMap<i32, i64>>);

impl Tails {
    /// The end of that partition, when one is known.
    #[must_use]
    pub fn get(&self, topic: &str, partition: i32) -> Option<i64> {
        self.0.get(topic)?.get(&partition).copied()
    }

    /// Moves the end of that partition forward; an end further on stays.
    pub fn advance(&mut self, topic: &str, partition: i32, end: i64) {
        if let Some(partitions) = self.0.get_mut(topic) {
            let known = partitions.entry(partition).or_insert(end);
            *known = end.max(*known);
        } else {
            self.0
                .insert(topic.to_owned(), BTreeMap::from([(partition, end)]));
        }
    }

    /// Moves every end forward that `other` knows further on.
    pub fn merge(&mut self, other: &Self) {
        for (topic, partition, end) in other.iter() {
            self.advance(topic, partition, end);
        }
    }

    /// Every known end: topic, partition, offset.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        let topics = self.0.iter();
        topics.flat_map(|(topic, ends)| {
            ends.iter()
                .map(move |(partition, end)| (topic.as_str(), *partition, *end))
        })
    }

    /// Whether no end is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<BTreeMap<String, Vec<(i32, i64)>>> for Tails {
    fn from(topics: BTreeMap<String, Vec<(i32, i64)>>) -> Self {
        Self(
            topics
                .into_iter()
                .map(|(topic, ends)| (topic, ends.into_iter().collect()))
                .collect(),
        )
    }
}

impl From<Tails> for BTreeMap<String, Vec<(i32, i64)>> {
    fn from(tails: Tails) -> Self {
        tails
            .0
            .into_iter()
            .map(|(topic, ends)| (topic, ends.into_iter().collect()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_only_move_forward() {
        let mut tails = Tails::default();
        tails.advance("a", 0, 5);
        tails.advance("a", 0, 3);
        let mut later = Tails::default();
        later.advance("a", 1, 2);
        later.advance("a", 0, 7);
        tails.merge(&later);
        assert_eq!(tails.get("a", 0), Some(7));
        assert_eq!(
            serde_json::to_string(&tails).unwrap(),
            r#"{"a":[[0,7],[1,2]]}"#
        );
        assert_eq!(
            serde_json::from_str::<Tails>(r#"{"a":[[0,7],[1,2]]}"#).unwrap(),
            tails
        );
    }
}
