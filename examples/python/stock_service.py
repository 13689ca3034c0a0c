"""A service behind the gateway in Python: it reserves stock, exactly once, on confluent-kafka alone.

    python3 stock_service.py BOOTSTRAP [INSTANCE] [item=count ...]

What the SDK of Figway (crates/service) does for a handler in Rust is written out here: the headers of requests and replies, and one
Kafka transaction per batch that carries replies, events, what was answered, and how far the requests have been read. Whoever dies at
any point leaves all of that or nothing.

The service's state is a topic of its own, `stock.state`, with as many partitions as the requests: one record per request id, with the
reply and how many of the item are left. Whoever is given a partition reads its state first. So a request that is sent twice changes
nothing the second time and gets the same reply, and there is no database. (Keep ids as long as clients may send again: here, for ever.)

Requests: JSON, {"item":"bolt","quantity":3}, keyed by the item. Replies: {"item":"bolt","left":97} with status 200, 404 or 409; what
cannot be read is a dead letter on `stock.requests.dlq`, and its client hears 400 or 422.
"""

import json
import signal
import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition, OFFSET_BEGINNING
from confluent_kafka.admin import AdminClient, NewTopic

REQUESTS, EVENTS, STATE, DEAD = "stock.requests", "stock.reserved", "stock.state", "stock.requests.dlq"
GROUP = "stock-python"
BATCH = 100
PATIENCE = 30  # seconds


class Rejected(Exception):
    """A request that can never be answered: its status and why. The reason quotes nothing of the request."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


class Request:
    """A record of the topic of requests, by its headers; of several of one name the last counts."""

    def __init__(self, message):
        self.message = message
        # A header may have no value; none of these means anything without one.
        headers = {name: value for name, value in message.headers() or [] if value is not None}
        self.headers = headers
        self.reply_topic = text(headers.get("figway-reply-topic"))
        partition = headers.get("figway-reply-partition")
        self.reply_partition = None if partition is None else int.from_bytes(partition, "big", signed=True)
        self.correlation = headers.get("figway-correlation-id")
        self.raw_id = headers.get("figway-request-id")
        self.deadline = text(headers.get("figway-deadline"))
        self.shadow = headers.get("figway-shadow", b"false").lower() != b"false"
        self.trace = [(name, headers[name]) for name in ("traceparent", "tracestate") if name in headers]

    def id(self):
        """The same each time the request is sent: 16 bytes of a UUID, or its text."""
        if self.raw_id is None:
            return f"{self.message.partition()}-{self.message.offset()}"
        try:
            return str(uuid.UUID(bytes=self.raw_id) if len(self.raw_id) == 16 else uuid.UUID(text(self.raw_id)))
        except ValueError:
            raise Rejected(400, "header figway-request-id cannot be read")

    def expired(self):
        """Nobody waits any more: it must not be carried out."""
        try:
            return self.deadline is not None and int(self.deadline) <= time.time() * 1000
        except ValueError:
            raise Rejected(400, "header figway-deadline cannot be read")

    def reservation(self):
        try:
            body = json.loads(self.message.value() or b"")
        except (ValueError, RecursionError):  # also JSON that is nested too deeply
            raise Rejected(400, "wanted JSON")
        item, quantity = (body.get("item"), body.get("quantity")) if isinstance(body, dict) else (None, None)
        if not isinstance(item, str) or type(quantity) is not int or quantity < 0:
            raise Rejected(422, "wanted an item and a quantity")
        return item, quantity

    def write_back(self):
        """The record by which legacy gets this write too, where its gateway asks for one; else nothing."""
        topic = text(self.headers.get("figway-write-back"))
        if topic is None or self.headers.get("figway-effect") == b"read":
            return None
        group = topic.removeprefix("figway.writeback.")
        if group in ("", topic) or group.endswith((".parked", ".state")):
            raise Rejected(400, "the topic of its write-back is not one for writes")
        prefix = "figway-write-back."
        kept = [(name.removeprefix(prefix), value) for name, value in self.message.headers() if name.startswith(prefix)]
        same = ("figway-request-id", "figway-route", "figway-effect")
        kept += [(name, self.headers[name]) for name in same if name in self.headers]
        value = self.headers.get("figway-write-back-body", self.message.value() or b"")
        return {"topic": topic, "value": value, "key": self.message.key(), "headers": kept}


def text(value):
    return None if value is None else value.decode(errors="replace")


class State:
    """What was answered, and what is left, of the requests of one partition."""

    def __init__(self, first):
        self.answered, self.left = {}, dict(first)

    def apply(self, request_id, record):
        self.answered[request_id] = (record["status"], record["reply"])
        if record["status"] == 200:
            self.left[record["reply"]["item"]] = record["reply"]["left"]


class Service:
    def __init__(self, bootstrap, instance, first):
        self.bootstrap, self.first, self.states = bootstrap, first, {}
        self.stopped = False
        self.producer = Producer({
            "bootstrap.servers": bootstrap,
            # Another name for each instance that runs at the same time, and the same after a restart: it ends what the one before left.
            "transactional.id": f"{GROUP}.{instance}", "transaction.timeout.ms": 10000,
        })
        self.producer.init_transactions(PATIENCE)
        self.consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": GROUP, "group.instance.id": instance,
            "auto.offset.reset": "earliest", "enable.auto.commit": False, "isolation.level": "read_committed",
            "session.timeout.ms": 10000, "heartbeat.interval.ms": 1000,
        })

    def topics(self):
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        def make(name, partitions, **config):
            created = admin.create_topics([NewTopic(name, partitions, config=config)])[name]
            try:
                created.result(PATIENCE)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
        make(REQUESTS, 4)
        partitions = len(admin.list_topics(REQUESTS, timeout=PATIENCE).topics[REQUESTS].partitions)
        make(STATE, partitions, **{"cleanup.policy": "compact"})
        make(EVENTS, partitions)
        make(DEAD, partitions)

    def assigned(self, _consumer, partitions):
        # Before anything of them is handled. No transaction is open: this runs inside consume().
        for partition in partitions:
            self.states[partition.partition] = self.restore(partition.partition)

    def revoked(self, _consumer, partitions):
        for partition in partitions:
            self.states.pop(partition.partition, None)

    def restore(self, partition):
        """All that is committed, also what a predecessor is about to commit: up to the end as an uncommitted reader sees it."""
        settings = {"bootstrap.servers": self.bootstrap, "group.id": f"{GROUP}.state", "enable.auto.commit": False}
        everything = Consumer(dict(settings, **{"isolation.level": "read_uncommitted"}))
        _, end = everything.get_watermark_offsets(TopicPartition(STATE, partition), timeout=PATIENCE, cached=False)
        everything.close()
        reader = Consumer(dict(settings, **{"isolation.level": "read_committed", "enable.partition.eof": True}))
        reader.assign([TopicPartition(STATE, partition, OFFSET_BEGINNING)])
        state, at, deadline = State(self.first), 0, time.monotonic() + PATIENCE
        while at < end:
            message = reader.poll(1)
            if message is None:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"partition {partition} of {STATE} cannot be read to its end")
            elif message.error() is None:
                state.apply(text(message.key()), json.loads(message.value()))
                at = message.offset() + 1
            elif message.error().code() == KafkaError._PARTITION_EOF:
                at = message.offset()  # behind an open transaction it comes again when that has ended
            else:
                raise KafkaException(message.error())
        reader.close()
        return state

    def run(self):
        self.topics()
        self.consumer.subscribe([REQUESTS], on_assign=self.assigned, on_revoke=self.revoked)
        print("ready", flush=True)
        while not self.stopped:
            messages = self.consumer.consume(BATCH, 0.1)
            for error in (message.error() for message in messages):
                if error is not None and error.fatal():
                    raise KafkaException(error)  # another of this name has taken over
            messages = [message for message in messages if message.error() is None]
            if messages:
                self.batch(messages)
        self.consumer.close()

    def batch(self, messages):
        """One transaction: replies, events, state, and the offsets behind these requests."""
        self.producer.begin_transaction()
        try:
            ends = {}
            for message in messages:
                self.one(message)
                ends[message.partition()] = message.offset() + 1
            offsets = [TopicPartition(REQUESTS, partition, end) for partition, end in ends.items()]
            self.producer.send_offsets_to_transaction(offsets, self.consumer.consumer_group_metadata(), PATIENCE)
            self.producer.commit_transaction(PATIENCE)
        except KafkaException as error:
            if error.args[0].fatal():
                raise  # another of this name has taken over, or nothing can go on: a restart begins from what is committed
            self.producer.abort_transaction(PATIENCE)
            self.begin_anew()

    def begin_anew(self):
        """State and position as they are committed: what this batch did is forgotten."""
        held = self.consumer.assignment()
        for partition in self.consumer.committed(held, PATIENCE):
            self.states[partition.partition] = self.restore(partition.partition)
            at = partition.offset if partition.offset >= 0 else OFFSET_BEGINNING
            self.consumer.seek(TopicPartition(REQUESTS, partition.partition, at))

    def one(self, message):
        request = Request(message)
        try:
            if request.expired():
                return
            request_id = request.id()
            state = self.states[message.partition()]
            if request_id not in state.answered or request.shadow:
                status, reply = self.reserve(state, request, request_id)
            else:
                status, reply = state.answered[request_id]
            self.reply(request, status, reply, "application/json")
        except Rejected as rejected:
            why = [("figway-dlq-kind", "rejected"), ("figway-dlq-reason", rejected.reason)]
            self.producer.produce(DEAD, message.value(), message.key(), headers=(message.headers() or []) + why)
            problem = {"type": "about:blank", "status": rejected.status, "detail": rejected.reason}
            self.reply(request, rejected.status, problem, "application/problem+json")

    def reserve(self, state, request, request_id):
        item, quantity = request.reservation()
        back = request.write_back()
        left = state.left.get(item)
        status = 404 if left is None else 409 if left < quantity else 200
        reply = {"item": item, "left": (left or 0) - (quantity if status == 200 else 0)}
        if not request.shadow:  # which is for comparison only: nothing may change
            record = {"status": status, "reply": reply}
            state.apply(request_id, record)
            self.producer.produce(STATE, json.dumps(record), request_id, partition=request.message.partition())
            if status == 200:
                event = {"request": request_id, "item": item, "quantity": quantity, "left": reply["left"]}
                self.producer.produce(EVENTS, json.dumps(event), item, headers=request.trace)
                if back is not None:  # legacy too
                    self.producer.produce(**back)
        return status, reply

    def reply(self, request, status, body, content_type):
        if request.reply_topic is None:
            return
        headers = [("figway-status", str(status)), ("content-type", content_type)]
        headers += [("figway-correlation-id", request.correlation)] if request.correlation is not None else []
        headers += [("figway-request-id", request.raw_id)] if request.raw_id is not None else []
        where = {} if request.reply_partition is None else {"partition": request.reply_partition}
        self.producer.produce(request.reply_topic, json.dumps(body), request.correlation, headers=headers, **where)


def main():
    bootstrap, *rest = sys.argv[1:]
    first = dict(argument.split("=") for argument in rest if "=" in argument)
    names = [argument for argument in rest if "=" not in argument]
    service = Service(bootstrap, names[0] if names else "1", {item: int(count) for item, count in first.items()})

    def stop(*_):
        service.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    service.run()


if __name__ == "__main__":
    main()
