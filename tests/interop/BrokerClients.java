import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The Java clients of Apache Kafka against the embedded broker; any difference is an exception. */
public class BrokerClients {
    static String bootstrap;

    static Properties properties(String... pairs) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("key.serializer", StringSerializer.class.getName());
        properties.put("value.serializer", StringSerializer.class.getName());
        properties.put("key.deserializer", StringDeserializer.class.getName());
        properties.put("value.deserializer", StringDeserializer.class.getName());
        for (int at = 0; at < pairs.length; at += 2) properties.put(pairs[at], pairs[at + 1]);
        return properties;
    }

    static void wanted(Object wanted, Object got) {
        if (!wanted.equals(got)) throw new AssertionError("wanted " + wanted + ", got " + got);
    }

    static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (records.size() < count) {
            if (System.nanoTime() > deadline) throw new AssertionError("read " + records.size() + " of " + count);
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
        return records;
    }

    static void topics(Admin admin) throws Exception {
        NewTopic topic = new NewTopic("java", 2, (short) 1).configs(Map.of("retention.ms", "5000"));
        admin.createTopics(List.of(topic)).all().get();
        try {
            admin.createTopics(List.of(topic)).all().get();
            throw new AssertionError("created twice");
        } catch (ExecutionException error) {
            wanted(TopicExistsException.class, error.getCause().getClass());
        }
        admin.createPartitions(Map.of("java", NewPartitions.increaseTo(3))).all().get();
        wanted(3, admin.describeTopics(List.of("java")).allTopicNames().get().get("java").partitions().size());
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "java");
        admin.incrementalAlterConfigs(Map.of(resource, List.of(
            new AlterConfigOp(new ConfigEntry("max.message.bytes", "777"), AlterConfigOp.OpType.SET),
            new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE)))).all().get();
        var config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        wanted("777", config.get("max.message.bytes").value());
        wanted("604800000", config.get("retention.ms").value());
        wanted(1, admin.describeCluster().nodes().get().size());
    }

    static void records(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic("java-records", 1, (short) 1))).all().get();
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            try (var producer = new KafkaProducer<String, String>(properties("compression.type", codec))) {
                for (int number = 0; number < 100; number++)
                    producer.send(new ProducerRecord<>("java-records", codec, "value " + number));
            }
        }
        TopicPartition partition = new TopicPartition("java-records", 0);
        try (var consumer = new KafkaConsumer<String, String>(properties())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            var records = read(consumer, 500);
            for (int at = 0; at < 500; at++) {
                wanted((long) at, records.get(at).offset());
                wanted("value " + at % 100, records.get(at).value());
            }
        }
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(450))).all().get();
        wanted(450L, admin.listOffsets(Map.of(partition, OffsetSpec.earliest())).all().get().get(partition).offset());
        wanted(500L, admin.listOffsets(Map.of(partition, OffsetSpec.latest())).all().get().get(partition).offset());
    }

    static void transactions(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic("java-in", 1, (short) 1), new NewTopic("java-out", 1, (short) 1))).all().get();
        try (var producer = new KafkaProducer<String, String>(properties())) {
            for (int number = 0; number < 10; number++) producer.send(new ProducerRecord<>("java-in", "" + number));
        }
        var zombie = new KafkaProducer<String, String>(properties("transactional.id", "java"));
        zombie.initTransactions();
        zombie.beginTransaction();
        zombie.send(new ProducerRecord<>("java-out", "of the zombie")).get();
        wanted(TransactionState.ONGOING, admin.describeTransactions(List.of("java")).all().get().get("java").state());
        TopicPartition in = new TopicPartition("java-in", 0);
        try (var producer = new KafkaProducer<String, String>(properties("transactional.id", "java"));
             var consumer = new KafkaConsumer<String, String>(properties("group.id", "java", "auto.offset.reset", "earliest", "enable.auto.commit", "false"))) {
            producer.initTransactions();
            try {
                zombie.commitTransaction();
                throw new AssertionError("the zombie committed");
            } catch (ProducerFencedException fenced) {
                zombie.close(Duration.ZERO);
            }
            consumer.subscribe(List.of("java-in"));
            var records = read(consumer, 10);
            for (boolean commit : new boolean[] {false, true}) {
                producer.beginTransaction();
                for (var record : records) producer.send(new ProducerRecord<>("java-out", (commit ? "yes " : "no ") + record.value()));
                producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(10)), consumer.groupMetadata());
                if (commit) producer.commitTransaction(); else producer.abortTransaction();
                var committed = consumer.committed(Set.of(in)).get(in);
                wanted(commit ? Optional.of(10L) : Optional.empty(), Optional.ofNullable(committed).map(OffsetAndMetadata::offset));
            }
        }
        TopicPartition out = new TopicPartition("java-out", 0);
        try (var consumer = new KafkaConsumer<String, String>(properties("isolation.level", "read_committed"))) {
            consumer.assign(List.of(out));
            consumer.seekToBeginning(List.of(out));
            var records = read(consumer, 10);
            for (int at = 0; at < 10; at++) wanted("yes " + at, records.get(at).value());
        }
    }

    static void groups(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic("java-groups", 4, (short) 1))).all().get();
        var config = properties("group.id", "java-groups", "auto.offset.reset", "earliest", "enable.auto.commit", "false");
        var first = new KafkaConsumer<String, String>(config);
        var second = new KafkaConsumer<String, String>(config);
        first.subscribe(List.of("java-groups"));
        second.subscribe(List.of("java-groups"));
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (first.assignment().size() != 2 || second.assignment().size() != 2) {
            if (System.nanoTime() > deadline) throw new AssertionError(first.assignment() + " and " + second.assignment());
            first.poll(Duration.ofMillis(100));
            second.poll(Duration.ofMillis(100));
        }
        var described = admin.describeConsumerGroups(List.of("java-groups")).all().get().get("java-groups");
        wanted(2, described.members().size());
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        first.assignment().forEach(partition -> offsets.put(partition, new OffsetAndMetadata(3, "here")));
        first.commitSync(offsets);
        first.close();
        second.close();
        var listed = admin.listConsumerGroupOffsets("java-groups").partitionsToOffsetAndMetadata().get();
        wanted(offsets, listed);
        admin.deleteConsumerGroupOffsets("java-groups", offsets.keySet()).all().get();
        wanted(Collections.emptyMap(), admin.listConsumerGroupOffsets("java-groups").partitionsToOffsetAndMetadata().get());
        admin.deleteConsumerGroups(List.of("java-groups")).all().get();
    }

    public static void main(String[] arguments) throws Exception {
        bootstrap = arguments[0];
        try (Admin admin = Admin.create(properties())) {
            topics(admin);
            records(admin);
            transactions(admin);
            groups(admin);
            admin.deleteTopics(List.of("java", "java-records")).all().get();
        }
        System.out.println("ok");
    }
}
