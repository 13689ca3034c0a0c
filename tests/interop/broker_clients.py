"""confluent-kafka against the embedded broker: python3 broker_clients.py BOOTSTRAP

Every check is an assertion; the exit code is what counts.
"""

import sys
import time

from confluent_kafka import (
    OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, IsolationLevel, KafkaError, KafkaException, Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType,
)

BOOTSTRAP = sys.argv[1]
PATIENCE = 60
admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


def results(futures):
    return {key: future.result(PATIENCE) for key, future in futures.items()}


def refused(futures):
    codes = []
    for future in futures.values():
        try:
            future.result(PATIENCE)
            codes.append(None)
        except KafkaException as error:
            codes.append(error.args[0].code())
    return codes


def create(name, partitions=1, **config):
    settings = {key.replace("_", "."): value for key, value in config.items()}
    results(admin.create_topics([NewTopic(name, partitions, 1, config=settings)]))


def read(topic, isolation="read_committed"):
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "reader", "enable.partition.eof": True,
        "isolation.level": isolation, "enable.auto.commit": False,
    })
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    messages = []
    while True:
        message = consumer.poll(PATIENCE)
        assert message is not None, "the end did not come"
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            break
        messages.append(message)
    consumer.close()
    return messages


def cluster():
    described = admin.describe_cluster().result(PATIENCE)
    assert len(described.nodes) == 1 and described.controller.id == described.nodes[0].id, described
    metadata = admin.list_topics(timeout=PATIENCE)
    assert len(metadata.brokers) == 1 and len(metadata.cluster_id) == 22, metadata.cluster_id


def topics():
    create("py.topic", 2, retention_ms="1234")
    described = results(admin.describe_topics(__import__("confluent_kafka").TopicCollection(["py.topic"])))
    assert len(described["py.topic"].partitions) == 2, described
    assert refused(admin.create_topics([NewTopic("py.topic", 1, 1)])) == [KafkaError.TOPIC_ALREADY_EXISTS]
    assert refused(admin.create_topics([NewTopic("py_topic", 1, 1)])) == [KafkaError.TOPIC_EXCEPTION]
    results(admin.create_partitions([NewPartitions("py.topic", 4)]))
    assert len(admin.list_topics("py.topic", timeout=PATIENCE).topics["py.topic"].partitions) == 4


def settings():
    create("py-settings", cleanup_policy="delete")
    resource = ConfigResource(ResourceType.TOPIC, "py-settings", incremental_configs=[
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
        ConfigEntry("retention.ms", "99", incremental_operation=AlterConfigOpType.SET),
    ])
    results(admin.incremental_alter_configs([resource]))
    described = results(admin.describe_configs([ConfigResource(ResourceType.TOPIC, "py-settings")]))
    values = {entry.name: entry.value for entry in list(described.values())[0].values()}
    assert values["cleanup.policy"] == "delete,compact" and values["retention.ms"] == "99", values
    wrong = ConfigResource(ResourceType.TOPIC, "py-settings", incremental_configs=[
        ConfigEntry("retention.ms", "soon", incremental_operation=AlterConfigOpType.SET),
    ])
    assert refused(admin.incremental_alter_configs([wrong])) == [KafkaError.INVALID_CONFIG]
    node = results(admin.describe_configs([ConfigResource(ResourceType.BROKER, "1")]))
    assert list(node.values())[0]["node.id"].value == "1"


def records():
    create("py-records")
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "compression.type": "zstd"})
    for number in range(100):
        producer.produce("py-records", f"value {number}", key=f"key {number}", headers=[("n", str(number).encode()), ("null", None)])
    producer.produce("py-records", None, key="gone")
    assert producer.flush(PATIENCE) == 0
    messages = read("py-records")
    assert len(messages) == 101
    assert [message.offset() for message in messages] == list(range(101))
    assert messages[7].headers() == [("n", b"7"), ("null", None)] and messages[7].key() == b"key 7"
    assert messages[100].value() is None and messages[100].key() == b"gone"


def transactions():
    create("py-transactions")
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": "py", "transaction.timeout.ms": 30000})
    producer.init_transactions(PATIENCE)
    for name, end in [("yes", producer.commit_transaction), ("no", producer.abort_transaction), ("also", producer.commit_transaction)]:
        producer.begin_transaction()
        producer.produce("py-transactions", name)
        producer.flush(PATIENCE)
        end(PATIENCE)
    assert [message.value() for message in read("py-transactions")] == [b"yes", b"also"]
    assert len(read("py-transactions", "read_uncommitted")) == 3
    latest = {TopicPartition("py-transactions", 0): OffsetSpec.latest()}
    for level in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED):
        found = results(admin.list_offsets(latest, isolation_level=level))
        assert list(found.values())[0].offset == 6, found
    producer.begin_transaction()
    producer.produce("py-transactions", "open")
    producer.flush(PATIENCE)
    found = results(admin.list_offsets(latest, isolation_level=IsolationLevel.READ_COMMITTED))
    assert list(found.values())[0].offset == 6, "the last stable offset"
    found = results(admin.list_offsets(latest, isolation_level=IsolationLevel.READ_UNCOMMITTED))
    assert list(found.values())[0].offset == 7, "the high watermark"
    producer.abort_transaction(PATIENCE)


def offsets():
    create("py-offsets", retention_ms="-1")
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    for at in (1000, 3000, 2000):
        producer.produce("py-offsets", "x", timestamp=at)
    producer.flush(PATIENCE)
    partition = TopicPartition("py-offsets", 0)
    for spec, wanted in [(OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 3), (OffsetSpec.max_timestamp(), 1), (OffsetSpec.for_timestamp(1001), 1)]:
        found = list(results(admin.list_offsets({partition: spec})).values())[0].offset
        assert found == wanted, (wanted, found)
    deleted = results(admin.delete_records([TopicPartition("py-offsets", 0, 2)]))
    assert list(deleted.values())[0].low_watermark == 2, deleted
    assert [message.offset() for message in read("py-offsets")] == [2]


def groups():
    create("py-groups", 4)
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    for number in range(40):
        producer.produce("py-groups", str(number), partition=number % 4)
    producer.flush(PATIENCE)
    config = {
        "bootstrap.servers": BOOTSTRAP, "group.id": "py", "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 6000,
    }
    members = [Consumer(config), Consumer(dict(config, **{"group.instance.id": "static"}))]
    for member in members:
        member.subscribe(["py-groups"])
    seen, deadline = set(), time.monotonic() + PATIENCE
    while len(seen) < 40 or any(len(member.assignment()) != 2 for member in members):
        assert time.monotonic() < deadline, (len(seen), [member.assignment() for member in members])
        for member in members:
            message = member.poll(0.1)
            if message is not None and not message.error():
                seen.add(message.value())
    # All is read, by whichever of them: one that joined late may have read nothing itself, and has nothing stored to commit.
    for member in members:
        member.commit(offsets=[TopicPartition(it.topic, it.partition, 10) for it in member.assignment()], asynchronous=False)
    described = admin.describe_consumer_groups(["py"])["py"].result(PATIENCE)
    assert described.state.name == "STABLE" and len(described.members) == 2, described
    assert {member.group_instance_id for member in described.members} == {None, "static"}
    listed = admin.list_consumer_groups().result(PATIENCE)
    assert "py" in [group.group_id for group in listed.valid], listed.valid
    asked = [ConsumerGroupTopicPartitions("py")]
    committed = admin.list_consumer_group_offsets(asked)["py"].result(PATIENCE).topic_partitions
    assert sorted((it.partition, it.offset) for it in committed) == [(n, 10) for n in range(4)], committed
    for member in members:
        member.close()
    # A static member does not leave by closing: it is waited for until its session ends.
    while refused(admin.delete_consumer_groups(["py"])) != [None]:
        assert time.monotonic() < deadline + PATIENCE, "the group does not go"
        time.sleep(0.5)


def deleting():
    create("py-deleted")
    results(admin.delete_topics(["py-deleted"]))
    assert refused(admin.delete_topics(["py-deleted"])) == [KafkaError.UNKNOWN_TOPIC_OR_PART]
    assert admin.list_topics("py-deleted", timeout=PATIENCE).topics["py-deleted"].error is not None


for check in (cluster, topics, settings, records, transactions, offsets, groups, deleting):
    check()
    print(f"{check.__name__}: ok", flush=True)
