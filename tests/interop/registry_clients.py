"""confluent-kafka's serialisers and its registry client against the registry for development.

    python3 registry_clients.py REGISTRY BOOTSTRAP

Reads the order that tests/interop/registry.rs wrote in every form, writes it again with Confluent's serialisers, and goes
through the registry's calls. Every check is an assertion; the exit code is what counts.
"""

import base64
import sys
from datetime import date, datetime, time, timezone
from decimal import Decimal

from confluent_kafka import Consumer, OFFSET_BEGINNING, Producer, TopicPartition
from confluent_kafka.schema_registry import (
    Schema, SchemaReference, SchemaRegistryClient, header_schema_id_serializer, prefix_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.common.protobuf import _init_pool
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

URL, BOOTSTRAP = sys.argv[1:]
PATIENCE = 60
client = SchemaRegistryClient({"url": URL})
producer = Producer({"bootstrap.servers": BOOTSTRAP})


def read(topic):
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "judge", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    message = consumer.poll(PATIENCE)
    assert message is not None and not message.error(), (topic, message and message.error())
    consumer.close()
    return message


def context(topic, headers=None):
    return SerializationContext(topic, MessageField.VALUE, headers)


def check(who, wanted, found):
    assert found == wanted, f"{who}: wanted {wanted!r}, got {found!r}"



MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)


def avro_order():
    return {
        "id": 1234567890123, "small": -7, "name": "Müller", "price": Decimal("-0.01"), "day": date(2026, 1, 2),
        "at": time(3, 4, 5, 678000), "moment": MOMENT, "flag": True, "ratio": 0.25, "blob": b"\x00\xff\x10",
        "lines": [{"sku": "A1", "qty": Decimal("1.50")}, {"sku": "B2", "qty": Decimal("1234567.89")}],
        "names": {"en": "lot"}, "note": None, "LOT_NO": "L7",
    }


def json_order():
    def decimal(unscaled):
        length = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
        return base64.b64encode(unscaled.to_bytes(length, "big", signed=True)).decode()
    return {
        "id": 1234567890123, "small": -7, "name": "Müller", "price": decimal(-1), "day": 20455, "at": 11045678,
        "moment": 1767323045678, "flag": True, "ratio": 0.25, "blob": base64.b64encode(b"\x00\xff\x10").decode(),
        "lines": [{"sku": "A1", "qty": decimal(150)}, {"sku": "B2", "qty": decimal(123456789)}],
        "names": {"en": "lot"}, "note": None, "LOT-NO": "L7",
    }


def message_class(subject):
    """The class of the message, made from the descriptor that the registry gives."""
    schema = client.get_latest_version(subject, fmt="serialized").schema
    proto = descriptor_pb2.FileDescriptorProto()
    proto.ParseFromString(base64.standard_b64decode(schema.schema_str))
    proto.name = "order.proto"
    pool = descriptor_pool.DescriptorPool()
    _init_pool(pool)
    pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


def decimal_of(message):
    return Decimal(int.from_bytes(message.value, "big", signed=True)).scaleb(-message.scale)


def check_protobuf(topic, order):
    check(topic, (1234567890123, -7, "Müller", True, 0.25, b"\x00\xff\x10"),
          (order.id, order.small, order.name, order.flag, order.ratio, order.blob))
    check(topic, Decimal("-0.01"), decimal_of(order.price))
    check(topic, (2026, 1, 2), (order.day.year, order.day.month, order.day.day))
    check(topic, (3, 4, 5, 678000000), (order.at.hours, order.at.minutes, order.at.seconds, order.at.nanos))
    check(topic, (1767323045, 678000000), (order.moment.seconds, order.moment.nanos))
    check(topic, [("A1", Decimal("1.50")), ("B2", Decimal("1234567.89"))],
          [(line.sku, decimal_of(line.qty)) for line in order.lines])
    check(topic, {"en": "lot"}, dict(order.names))
    check(topic, (True, False), (order.HasField("price"), order.HasField("note")))


def deserialisers():
    for topic in ("ours-avro", "ours-header-avro"):
        message = read(topic)
        order = AvroDeserializer(client)(message.value(), context(topic, message.headers()))
        check(topic, avro_order(), order)
    for topic in ("ours-json", "ours-header-json"):
        message = read(topic)
        # With the client, the data is held against the schema it was written with.
        order = JSONDeserializer(None, schema_registry_client=client)(message.value(), context(topic, message.headers()))
        check(topic, json_order(), order)
    for topic in ("ours-protobuf", "ours-header-protobuf"):
        message = read(topic)
        cls = message_class(f"{topic}-value")
        deserializer = ProtobufDeserializer(cls, {"use.deprecated.format": False}, client)
        check_protobuf(topic, deserializer(message.value(), context(topic, message.headers())))


def serialisers():
    cls = message_class("ours-protobuf-value")
    sent = cls()
    sent.CopyFrom(ProtobufDeserializer(cls, {"use.deprecated.format": False}, client)(
        read("ours-protobuf").value(), context("ours-protobuf")))
    for where, id_serializer in (("python", prefix_schema_id_serializer), ("python-header", header_schema_id_serializer)):
        conf = {"schema.id.serializer": id_serializer}
        avro = AvroSerializer(client, client.get_latest_version("ours-avro-value").schema.schema_str, conf=conf)
        json = JSONSerializer(client.get_latest_version("ours-json-value").schema.schema_str, client, conf=conf)
        protobuf = ProtobufSerializer(cls, client, {"use.deprecated.format": False, **conf})
        for form, serializer, order in (("avro", avro, avro_order()), ("json", json, json_order()), ("protobuf", protobuf, sent)):
            topic, headers = f"{where}-{form}", []
            value = serializer(order, context(topic, headers))
            producer.produce(topic, value, headers=headers)
    assert producer.flush(PATIENCE) == 0


def refused(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except SchemaRegistryError as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError(f"wanted error {code} of {call}")


def record(*fields):
    listed = ",".join('{"name":"%s","type":"%s"%s}' % field for field in fields)
    return Schema('{"type":"record","name":"R","fields":[%s]}' % listed, "AVRO")


def calls():
    one, two = record(("a", "int", "")), record(("a", "long", ""), ("b", "string", ',"default":""'))
    wrong = record(("c", "string", ""))
    first = client.register_schema("s", one)
    assert client.register_schema("s", one) == first and client.register_schema("other", one) == first
    second = client.register_schema_full_response("s", two)
    assert second.schema_id != first and second.version == 2 and second.guid, second
    assert client.get_schema(first).schema_str == one.schema_str
    assert client.get_schema_by_guid(second.guid).schema_str == two.schema_str
    assert client.lookup_schema("s", two).version == 2
    assert client.get_version("s", 1).schema_id == first and client.get_latest_version("s").version == 2
    assert client.get_versions("s") == [1, 2] and {"s", "other"} <= set(client.get_subjects())
    assert client.get_subjects_by_schema_id(first) == ["other", "s"] or set(client.get_subjects_by_schema_id(first)) == {"other", "s"}
    assert sorted(client.get_schema_types()) == ["AVRO", "JSON", "PROTOBUF"]
    assert client.test_compatibility("s", two) and not client.test_compatibility("s", wrong)
    message = refused(40901, client.register_schema, "s", wrong)
    assert "'c'" in message and "no default value" in message, message
    assert client.get_compatibility() == "BACKWARD"
    client.set_compatibility("s", "NONE")
    assert client.get_compatibility("s") == "NONE"
    client.register_schema("s", wrong)
    refused(40408, client.get_compatibility, "other")
    refused(42201, client.register_schema, "s", Schema("{", "AVRO"))
    refused(40401, client.get_versions, "none")
    refused(40403, client.get_schema, 4711)
    base = client.register_schema("base", Schema('{"type":"record","name":"Base","fields":[]}', "AVRO"))
    user = Schema('{"type":"array","items":"Base"}', "AVRO", [SchemaReference("Base", "base", 1)])
    assert client.register_schema("user", user) != base
    assert client.get_latest_version("user").schema.references[0].subject == "base"
    refused(42206, client.delete_subject, "base")
    assert client.delete_version("s", 1) == 1 and client.get_versions("s") == [2, 3]
    assert client.delete_subject("s") == [2, 3]
    assert client.delete_subject("s", permanent=True) == [1, 2, 3]
    assert "s" not in client.get_subjects()


for step in (deserialisers, serialisers, calls):
    step()
    print(f"{step.__name__}: ok", flush=True)
