//! Where the state of routes is kept, and how old it may be.

use std::path::PathBuf;
use std::time::Duration;

use super::Resolver;
use crate::config::{Control, ControlStore, file, units};
use crate::control::CONTROL_TOPIC as TOPIC;
use crate::control::anchor::Anchors;

/// Where the local copy is unless the file says otherwise.
const DIRECTORY: &str = "var/gateway";
/// How often the log is anchored.
const EVERY: Duration = Duration::from_secs(3600);
/// How long writes under way are waited for when a group changes sides.
const HOLD: Duration = Duration::from_secs(2);
/// A younger state than that is not told from an old one.
const YOUNGEST: Duration = Duration::from_secs(3);

impl Resolver<'_> {
    pub(super) fn control(&mut self, control: &file::Control) -> Control {
        #[derive(Clone, Copy)]
        enum Store {
            Kafka,
            File,
        }
        let topic = match &control.topic {
            Some(topic) => self.topic(topic),
            None => TOPIC.to_owned(),
        };
        let store = control
            .store
            .as_ref()
            .and_then(|store| {
                self.word(
                    store,
                    "store",
                    &[("kafka", Store::Kafka), ("file", Store::File)],
                )
            })
            .unwrap_or(if self.has_kafka {
                Store::Kafka
            } else {
                Store::File
            });
        match (store, &control.store, &control.topic) {
            (Store::Kafka, Some(store), _) if !self.has_kafka => self.fault_with_help(
                store,
                "the control log is to be in Kafka, and there is no [kafka]",
                "add [kafka] with its bootstrap, or write store = \"file\" for a single gateway",
            ),
            (Store::File, _, Some(topic)) => {
                self.fault(topic, "a topic is named, and the control log is in a file");
            }
            _ => {}
        }
        if let (Store::File, Some(max_age)) = (store, &control.max_age) {
            self.fault(
                max_age,
                "the control log is in a file of this gateway: what is known of it is never old",
            );
        }
        let hold = self.parsed(control.hold.as_ref(), HOLD, units::duration);
        let max_age = control.max_age.as_ref();
        let max_age = max_age.map(|said| self.parsed(Some(said), HOLD, units::duration));
        if let (Some(said), Some(age)) = (&control.max_age, max_age)
            && age < YOUNGEST
        {
            self.fault(
                said,
                format!(
                    "wanted at least {} s: the log is asked once a second whether there is more",
                    YOUNGEST.as_secs()
                ),
            );
        }
        let anchors = control.anchors.as_ref().map(|anchors| Anchors {
            file: self.folder.join(&anchors.file),
            every: self.parsed(anchors.every.as_ref(), EVERY, units::duration),
        });
        Control {
            anchors,
            hold,
            max_age,
            store: match store {
                Store::Kafka => ControlStore::Kafka { topic },
                Store::File => ControlStore::File,
            },
            directory: self.folder.join(
                control
                    .directory
                    .clone()
                    .unwrap_or_else(|| PathBuf::from(DIRECTORY)),
            ),
        }
    }
}
