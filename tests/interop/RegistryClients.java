import io.confluent.connect.avro.AvroConverter;
import io.confluent.connect.protobuf.ProtobufConverter;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import io.confluent.kafka.schemaregistry.protobuf.ProtobufSchema;
import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import io.confluent.kafka.serializers.protobuf.KafkaProtobufDeserializer;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.storage.Converter;

/** Confluent's converters, deserialisers and registry client: java RegistryClients REGISTRY BOOTSTRAP. */
public class RegistryClients {
    static String url;
    static String bootstrap;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        bootstrap = arguments[1];
        converters("avro", new AvroConverter(), Map.of("schema.registry.url", url));
        // A field that may be null is `optional` in our schemas.
        converters("protobuf", new ProtobufConverter(), Map.of("schema.registry.url", url, "optional.for.nullables", "true"));
        deserialisers();
        calls();
        System.out.println("ok");
        System.exit(0);
    }

    static void check(String what, Object wanted, Object found) {
        if (!Objects.equals(wanted, found)) {
            throw new AssertionError(what + ": wanted " + wanted + ", got " + found);
        }
    }

    static byte[] read(String topic) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "group.id", "judge", "enable.auto.commit", false);
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(60))) {
                return record.value();
            }
        }
        throw new AssertionError("nothing in " + topic);
    }

    /** What a converter makes of our record is the order; what it writes of it is a record that we read. */
    static void converters(String form, Converter converter, Map<String, ?> settings) throws Exception {
        converter.configure(settings, false);
        SchemaAndValue order = converter.toConnectData("ours-" + form, read("ours-" + form));
        check(form, order.schema(), ((Struct) order.value()).schema());
        check(form + " schema", form.equals("avro") ? "shop.Order" : "Order", order.schema().name());
        checkOrder(form, (Struct) order.value());
        Schema price = order.schema().field("price").schema();
        check(form + " price", "org.apache.kafka.connect.data.Decimal", price.name());
        check(form + " scale", "2", price.parameters().get("scale"));
        check(form + " small", Schema.Type.INT16, order.schema().field("small").schema().type());
        byte[] again = converter.fromConnectData("java-" + form, order.schema(), order.value());
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap), new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>("java-" + form, again)).get();
        }
    }

    static void checkOrder(String form, Struct order) {
        check(form, 1234567890123L, order.getInt64("id"));
        check(form, (short) -7, order.getInt16("small"));
        check(form, "M\u00fcller", order.getString("name"));
        check(form, new BigDecimal("-0.01"), order.get("price"));
        check(form, new Date(20455L * 86_400_000L), order.get("day"));
        check(form, new Date(11_045_678L), order.get("at"));
        check(form, new Date(1_767_323_045_678L), order.get("moment"));
        check(form, true, order.getBoolean("flag"));
        check(form, 0.25, order.getFloat64("ratio"));
        check(form, ByteBuffer.wrap(new byte[] {0, (byte) 255, 16}), ByteBuffer.wrap(order.getBytes("blob")));
        List<Struct> lines = order.getArray("lines");
        check(form, 2, lines.size());
        check(form, "B2", lines.get(1).getString("sku"));
        check(form, new BigDecimal("1234567.89"), lines.get(1).get("qty"));
        check(form, Map.of("en", "lot"), order.getMap("names"));
        check(form, null, order.get("note"));
        check(form, "L7", order.getString("LOT_NO"));
    }

    static void deserialisers() {
        try (KafkaAvroDeserializer avro = new KafkaAvroDeserializer()) {
            avro.configure(Map.of("schema.registry.url", url), false);
            GenericRecord order = (GenericRecord) avro.deserialize("ours-avro", read("ours-avro"));
            check("avro", "M\u00fcller", order.get("name").toString());
        }
        try (KafkaProtobufDeserializer<com.google.protobuf.DynamicMessage> protobuf = new KafkaProtobufDeserializer<>()) {
            protobuf.configure(Map.of("schema.registry.url", url), false);
            com.google.protobuf.DynamicMessage order = protobuf.deserialize("ours-protobuf", read("ours-protobuf"));
            check("protobuf", "M\u00fcller", order.getField(order.getDescriptorForType().findFieldByName("name")));
        }
    }

    static void calls() throws Exception {
        CachedSchemaRegistryClient client = new CachedSchemaRegistryClient(url, 100);
        AvroSchema one = new AvroSchema("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}");
        AvroSchema two = new AvroSchema("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"b\",\"type\":\"int\"}]}");
        int id = client.register("s", one);
        check("id", id, client.getId("s", one));
        check("schema", one, new CachedSchemaRegistryClient(url, 100).getSchemaById(id));
        check("version", 1, client.getVersion("s", one));
        check("latest", id, client.getLatestSchemaMetadata("s").getId());
        check("versions", List.of(1), client.getAllVersions("s"));
        check("fits", false, client.testCompatibility("s", two));
        check("level", "BACKWARD", client.getCompatibility(null));
        try {
            client.register("s", two);
            throw new AssertionError("a schema that does not fit was taken");
        } catch (RestClientException error) {
            check("status", 409, error.getStatus());
        }
        check("set", "NONE", client.updateCompatibility("s", "NONE"));
        check("another", id + 1, client.register("s", two));
        check("mode", "READWRITE", client.getMode());
        ProtobufSchema message = new ProtobufSchema("syntax = \"proto3\"; message M { int32 a = 1; }");
        int protobuf = client.register("p", message);
        check("protobuf", "M", ((ProtobufSchema) new CachedSchemaRegistryClient(url, 100,
            List.of(new io.confluent.kafka.schemaregistry.protobuf.ProtobufSchemaProvider()), Map.of()).getSchemaById(protobuf)).name());
        check("deleted", List.of(1, 2), client.deleteSubject("s"));
        check("subjects", false, client.getAllSubjects().contains("s"));
    }
}
