//! What a Kafka broker must do for Figway, as one suite of cases against any broker.
//!
//! In: a [`Subject`]: a bootstrap address and, where the broker can be restarted, how. Out: `Ok`, or what was
//! wanted and what came. The ordinary tests run it against the embedded broker, `.ci/run` also against Apache
//! Kafka: where the two differ the embedded broker is wrong. The cases speak to the broker through librdkafka
//! directly, use topics of their own and may run at the same time.

mod client;
mod compaction;
mod group;
mod idempotence;
mod message;
mod offset;
mod restart;
mod topic;
mod transaction;
mod transaction_offset;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

/// How long anything may take before a case fails. Nothing waits this long on a broker that does what it must.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Stops the broker cleanly and starts it again on what it had; gives the bootstrap address, which may be new.
pub type Restart = Box<dyn Fn() -> Result<String> + Send + Sync>;

/// The broker under test.
pub struct Subject {
    /// `host:port`.
    pub bootstrap: String,
    /// `None` where nobody may restart it; then the cases that need it fail.
    pub restart: Option<Restart>,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject")
            .field("bootstrap", &self.bootstrap)
            .finish_non_exhaustive()
    }
}

/// One case: its name and what runs it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// `family::what_it_shows`.
    pub name: &'static str,
    /// Runs it, blocking.
    pub run: fn(&Subject) -> Result<()>,
}

macro_rules! cases {
    ($($family:ident::$case:ident,)*) => {
        /// Every case.
        pub const CASES: &[Case] =
            &[$(Case { name: concat!(stringify!($family), "::", stringify!($case)), run: $family::$case },)*];

        /// Calls a macro with the name of every case, to make a test of each.
        #[macro_export]
        macro_rules! for_each_contract_case {
            ($callback:ident) => { $callback! { $($family $case,)* } };
        }
    };
}

cases! {
    message::keys_headers_and_nulls,
    message::every_codec,
    message::ten_megabytes,
    message::too_large_is_refused,
    message::timestamps_are_whose_the_topic_says,
    idempotence::five_thousand_in_order,
    idempotence::idempotent_after_a_new_session,
    transaction::commit_shows_all_at_once,
    transaction::abort_shows_nothing,
    transaction::empty_transactions_are_fine,
    transaction::many_partitions_commit_together,
    transaction::too_long_is_aborted,
    transaction::zombie_is_fenced,
    transaction::restart_of_a_producer_aborts_what_it_left,
    transaction::open_one_hides_what_comes_after,
    transaction_offset::offsets_count_when_it_commits,
    transaction_offset::offsets_do_not_count_when_it_aborts,
    group::two_members_share_and_take_over,
    group::committed_offsets_are_where_the_next_one_starts,
    group::commit_of_a_member_that_was_left_behind_is_refused,
    group::groups_are_listed_and_deleted,
    offset::watermarks_follow,
    offset::offsets_by_time,
    offset::a_waiting_fetch_is_woken,
    offset::deleted_records_are_gone,
    offset::out_of_range_is_said,
    topic::created_with_what_was_asked,
    topic::wrong_ones_are_refused,
    topic::nothing_is_created_by_reading,
    topic::partitions_are_added,
    topic::settings_change,
    topic::deleted_and_made_again,
    compaction::last_of_each_key_stays,
    compaction::old_segments_go,
    restart::everything_is_there_after,
}

/// The case of that name; for a test made by [`crate::for_each_contract_case`].
pub fn case(family: &str, name: &str) -> Option<&'static Case> {
    CASES
        .iter()
        .find(|case| case.name.split_once("::") == Some((family, name)))
}

/// A name for a topic, group or transactional id that nobody has used, also not in an earlier run.
#[must_use]
pub fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    format!("{what}-{since}-{}-{count}", std::process::id())
}
