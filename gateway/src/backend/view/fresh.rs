//! How old what a view holds is: from progress markers, each of which counts once the view has reached its offset. Pure.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

/// The topic of progress markers, as the capture writes it.
pub(super) const TOPIC: &str = "figway.progress";
/// The version of their form that is understood here.
const VERSION: u32 = 1;
/// Markers ahead of the view that are remembered per partition; the newest stays in any case.
const AHEAD: usize = 64;

/// A progress marker: before `offset` the partition shows the source as it was at `as_of_ms`.
#[derive(Debug, Deserialize)]
struct Marker {
    version: u32,
    topic: String,
    partition: i32,
    offset: i64,
    as_of_ms: Option<i64>,
}

/// What became of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It counts, now or once it is reached, or it is not for us.
    Fine,
    /// It is of a partition that the topic was not known to have: worth a look whether it has it now.
    Unknown,
}

/// Of all partitions of a topic.
#[derive(Debug, Default)]
pub(super) struct Freshness(BTreeMap<i32, Partition>);

#[derive(Debug, Default)]
struct Partition {
    /// Everything before this is in the view.
    next: i64,
    as_of_ms: Option<i64>,
    /// Offsets not reached yet, in the order of their coming.
    ahead: VecDeque<(i64, i64)>,
}

impl Freshness {
    /// Of a topic with so many partitions, of which nothing is known.
    pub(super) fn of(partitions: i32) -> Self {
        Self(
            (0..partitions)
                .map(|number| (number, Partition::default()))
                .collect(),
        )
    }

    /// What was known of a partition when the view was last stored.
    pub(super) fn stood(&mut self, partition: i32, next: i64, as_of_ms: Option<i64>) {
        let place = self.0.entry(partition).or_default();
        place.next = next;
        place.as_of_ms = as_of_ms;
    }

    /// The topic has so many partitions; of those that are new nothing is known.
    pub(super) fn grow(&mut self, partitions: i32) {
        for number in 0..partitions {
            self.0.entry(number).or_default();
        }
    }

    /// The value of a record of [`TOPIC`]; those of other topics and versions are passed over, and so are those of partitions that
    /// the topic was not known to have: whoever writes them could make the view wait for what never comes.
    pub(super) fn marker(&mut self, topic: &str, value: &[u8]) -> Told {
        let marker = serde_json::from_slice::<Marker>(value).ok();
        let marker = marker.filter(|marker| marker.version == VERSION && marker.topic == topic);
        let Some(marker) = marker else {
            return Told::Fine;
        };
        let Some(as_of_ms) = marker.as_of_ms else {
            return Told::Fine;
        };
        let Some(place) = self.0.get_mut(&marker.partition) else {
            return Told::Unknown;
        };
        if place.ahead.len() >= AHEAD {
            // The one before the newest: the oldest are reached first and are worth most now.
            place.ahead.pop_back();
        }
        place.ahead.push_back((marker.offset, as_of_ms));
        place.settle();
        Told::Fine
    }

    /// Everything before `next` is in the view.
    pub(super) fn reached(&mut self, partition: i32, next: i64) {
        let place = self.0.entry(partition).or_default();
        place.next = next.max(place.next);
        place.settle();
    }

    /// Since when every partition is known to be complete; none while it is not known of each.
    pub(super) fn as_of_ms(&self) -> Option<i64> {
        let mut oldest = None;
        for place in self.0.values() {
            let as_of = place.as_of_ms?;
            oldest = Some(oldest.map_or(as_of, |oldest: i64| oldest.min(as_of)));
        }
        oldest
    }

    /// What is known of each partition.
    pub(super) fn ages(&self) -> BTreeMap<i32, Option<i64>> {
        let places = self.0.iter();
        places
            .map(|(partition, place)| (*partition, place.as_of_ms))
            .collect()
    }

    /// What is known of one partition, to be stored.
    pub(super) fn of_partition(&self, partition: i32) -> Option<i64> {
        self.0.get(&partition)?.as_of_ms
    }
}

impl Partition {
    /// The last word on what is reached counts, also where it is older than the one before.
    fn settle(&mut self) {
        while let Some((offset, as_of_ms)) = self.ahead.front().copied()
            && offset <= self.next
        {
            self.as_of_ms = Some(as_of_ms);
            self.ahead.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(partition: i32, offset: i64, as_of_ms: &str) -> String {
        format!(
            r#"{{"version":1,"topic":"t","partition":{partition},"offset":{offset},"source":"s","generation":null,
                "as_of_ms":{as_of_ms},"ts_ms":9,"state":"current"}}"#
        )
    }

    #[test]
    fn a_marker_counts_once_its_offset_is_reached() {
        let mut fresh = Freshness::of(2);
        let mut tell = |text: &str, reached: Option<(i32, i64)>| {
            fresh.marker("t", text.as_bytes());
            if let Some((partition, next)) = reached {
                fresh.reached(partition, next);
            }
            fresh.as_of_ms()
        };
        assert_eq!(tell(&marker(0, 0, "100"), None), None);
        // The other partition is known now, and older.
        assert_eq!(tell(&marker(1, 0, "90"), None), Some(90));
        assert_eq!(tell(&marker(1, 5, "200"), None), Some(90));
        assert_eq!(tell(&marker(1, 7, "300"), Some((1, 6))), Some(100));
        assert_eq!(tell(&marker(0, 0, "250"), Some((1, 7))), Some(250));
        // Not ours, not known, not said.
        assert_eq!(tell(&marker(0, 0, "null"), None), Some(250));
        assert_eq!(
            tell(&marker(0, 0, "999").replace("\"t\"", "\"u\""), None),
            Some(250)
        );
        assert_eq!(
            tell(
                &marker(0, 0, "999").replace("\"version\":1", "\"version\":2"),
                None
            ),
            Some(250)
        );
        assert_eq!(tell("nonsense", None), Some(250));
    }

    #[test]
    fn a_marker_of_a_partition_that_the_topic_does_not_have_kills_no_view() {
        let mut fresh = Freshness::of(1);
        let mut tell = |partition, as_of| fresh.marker("t", marker(partition, 0, as_of).as_bytes());
        assert_eq!(tell(0, "100"), Told::Fine);
        for partition in [1, 99, -1, i32::MAX] {
            assert_eq!(tell(partition, "200"), Told::Unknown);
        }
        assert_eq!((fresh.as_of_ms(), fresh.0.len()), (Some(100), 1));
        // It has it now: how old it is nobody has said yet.
        fresh.grow(2);
        assert_eq!(fresh.as_of_ms(), None);
        fresh.marker("t", marker(1, 0, "90").as_bytes());
        assert_eq!(fresh.as_of_ms(), Some(90));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let mut fresh = Freshness::of(1);
        for number in 1..1000 {
            fresh.marker("t", marker(0, number, &number.to_string()).as_bytes());
        }
        assert_eq!(fresh.0[&0].ahead.len(), AHEAD);
        fresh.reached(0, 10);
        assert_eq!(fresh.as_of_ms(), Some(10));
        fresh.reached(0, 999);
        assert_eq!(fresh.as_of_ms(), Some(999));
    }
}
