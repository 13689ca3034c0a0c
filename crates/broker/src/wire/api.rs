//! Which requests are served in which versions.
//!
//! The upper bounds cover what librdkafka 2.12 and the Java clients of Kafka 4 use with one node. Left out on
//! purpose: SASL, ACLs, quotas, delegation tokens, replication, fetch sessions, the consumer protocol of
//! KIP-848, share groups, telemetry, and the transaction protocol 2 of KIP-890 (Produce 12, EndTxn 5).

use kafka_protocol::messages::ApiKey;

/// A request and the versions served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub(crate) api: ApiKey,
    pub(crate) from: i16,
    pub(crate) to: i16,
}

const fn served(api: ApiKey, from: i16, to: i16) -> Served {
    Served { api, from, to }
}

/// All of them.
pub(crate) const SERVED: &[Served] = &[
    served(ApiKey::Produce, 3, 11),
    served(ApiKey::Fetch, 4, 16),
    served(ApiKey::ListOffsets, 1, 9),
    served(ApiKey::Metadata, 0, 12),
    served(ApiKey::OffsetCommit, 2, 9),
    served(ApiKey::OffsetFetch, 1, 9),
    served(ApiKey::FindCoordinator, 0, 5),
    served(ApiKey::JoinGroup, 0, 9),
    served(ApiKey::Heartbeat, 0, 4),
    served(ApiKey::LeaveGroup, 0, 5),
    served(ApiKey::SyncGroup, 0, 5),
    served(ApiKey::DescribeGroups, 0, 6),
    served(ApiKey::ListGroups, 0, 5),
    served(ApiKey::ApiVersions, 0, 4),
    served(ApiKey::CreateTopics, 2, 7),
    served(ApiKey::DeleteTopics, 1, 6),
    served(ApiKey::DeleteRecords, 0, 2),
    served(ApiKey::InitProducerId, 0, 5),
    served(ApiKey::OffsetForLeaderEpoch, 2, 4),
    served(ApiKey::AddPartitionsToTxn, 0, 3),
    served(ApiKey::AddOffsetsToTxn, 0, 4),
    served(ApiKey::EndTxn, 0, 4),
    served(ApiKey::TxnOffsetCommit, 0, 4),
    served(ApiKey::DescribeConfigs, 1, 4),
    served(ApiKey::AlterConfigs, 0, 2),
    served(ApiKey::IncrementalAlterConfigs, 0, 1),
    served(ApiKey::CreatePartitions, 0, 3),
    served(ApiKey::DeleteGroups, 0, 2),
    served(ApiKey::OffsetDelete, 0, 0),
    served(ApiKey::DescribeCluster, 0, 1),
    served(ApiKey::DescribeProducers, 0, 0),
    served(ApiKey::DescribeTransactions, 0, 0),
    served(ApiKey::ListTransactions, 0, 1),
];

impl Served {
    /// The entry for an API key of the wire.
    pub(crate) fn by_key(key: i16) -> Option<&'static Self> {
        SERVED.iter().find(|served| served.api as i16 == key)
    }

    pub(crate) fn has(&self, version: i16) -> bool {
        (self.from..=self.to).contains(&version)
    }

    /// The first version told to clients. librdkafka takes a broker that does not name Produce 0 for one that
    /// knows no compression, so Kafka 4 names it too without serving it (KAFKA-18659).
    pub(crate) fn advertised_from(&self) -> i16 {
        if self.api == ApiKey::Produce {
            0
        } else {
            self.from
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codecs_know_every_version_served() {
        for served in SERVED {
            let known = served.api.valid_versions();
            assert!(
                known.min <= served.from && served.to <= known.max,
                "{served:?} against {known}"
            );
        }
    }
}
