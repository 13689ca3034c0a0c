import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.header.*;
import org.apache.kafka.common.header.internals.*;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.*;
import org.springframework.kafka.core.*;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.listener.adapter.*;
import org.springframework.kafka.requestreply.*;
import org.springframework.kafka.support.*;
import org.springframework.messaging.Message;
import org.springframework.messaging.support.MessageBuilder;

// Writes tests/examples/spring/headers.txt: the headers of records as Spring for Apache Kafka makes them, without a broker.
// With spring-kafka 3.3.4, jackson-databind 2.18.2 and what they need in lib/ (mvn dependency:copy-dependencies):
//   java -cp "lib/*" SpringHeaders.java
public class SpringHeaders {
  static void show(String name, ProducerRecord<?, ?> r) {
    System.out.println("# " + name + ": topic " + r.topic() + ", partition " + r.partition() + ", key " + r.key() + ", value " + r.value());
    for (Header h : r.headers()) System.out.println(h.key() + " " + HexFormat.of().formatHex(h.value()));
    System.out.println();
  }
  static ProducerFactory<String,String> factory(MockProducer<String,String> p) {
    return new ProducerFactory<String,String>() { public Map<String,Object> getConfigurationProperties() { return Map.of(); } public Producer<String,String> createProducer() { return p; } };
  }
  static MockProducer<String,String> producer() { return new MockProducer<>(Cluster.empty(), true, new org.apache.kafka.clients.producer.RoundRobinPartitioner(), new StringSerializer(), new StringSerializer()); }
  static final byte[] ID = HexFormat.of().parseHex("0123456789abcdeff0e1d2c3b4a59687");
  static ReplyingKafkaTemplate<String,String,String> template(MockProducer<String,String> p) {
    MockConsumer<String,String> c = new MockConsumer<>(OffsetResetStrategy.EARLIEST);
    TopicPartition tp = new TopicPartition("figway.replies", 3);
    c.updateBeginningOffsets(Map.of(tp, 0L)); c.updateEndOffsets(Map.of(tp, 0L));
    ConsumerFactory<String,String> cf = new ConsumerFactory<String,String>() {
      public Consumer<String,String> createConsumer(String a, String b, String d) { return c; }
      public Consumer<String,String> createConsumer(String a, String b, String d, Properties e) { return c; }
      public boolean isAutoCommit() { return false; } public Map<String,Object> getConfigurationProperties() { return Map.of("group.id", "g"); }
    };
    ContainerProperties props = new ContainerProperties(new TopicPartitionOffset("figway.replies", 3));
    KafkaMessageListenerContainer<String,String> container = new KafkaMessageListenerContainer<>(cf, props);
    ReplyingKafkaTemplate<String,String,String> t = new ReplyingKafkaTemplate<>(factory(p), container);
    t.setCorrelationIdStrategy(r -> new CorrelationKey(ID));
    t.setSharedReplyTopic(true);
    return t;
  }
  static void ask(String name, java.util.function.Consumer<ReplyingKafkaTemplate<String,String,String>> set) throws Exception {
    MockProducer<String,String> p = producer();
    ReplyingKafkaTemplate<String,String,String> t = template(p);
    set.accept(t);
    t.afterPropertiesSet();
    t.start();
    try { t.waitForAssignment(java.time.Duration.ofSeconds(5)); } catch (Exception e) {}
    t.sendAndReceive(new ProducerRecord<>("lot.requests", null, "L1", "{}"));
    show(name, p.history().get(0));
    t.stop();
  }
  public Object answer(String value) { return "done " + value; }
  public Message<?> answerWith(String value) { return MessageBuilder.withPayload("{\"rc\":4}").setHeader("http_statusCode", 404).setHeader("x-status", "404").setHeader("contentType", "application/json").build(); }
  static void reply(String name, String method, boolean text) throws Exception {
    MockProducer<String,String> p = producer();
    KafkaTemplate<String,String> t = new KafkaTemplate<>(factory(p));
    SpringHeaders bean = new SpringHeaders();
    RecordMessagingMessageListenerAdapter<String,String> a = new RecordMessagingMessageListenerAdapter<>(bean, SpringHeaders.class.getMethod(method, String.class));
    org.springframework.messaging.handler.annotation.support.DefaultMessageHandlerMethodFactory f = new org.springframework.messaging.handler.annotation.support.DefaultMessageHandlerMethodFactory();
    f.afterPropertiesSet();
    a.setHandlerMethod(new HandlerAdapter(f.createInvocableHandlerMethod(bean, SpringHeaders.class.getMethod(method, String.class))));
    a.setReplyTopic("!{source.headers['kafka_replyTopic']}");
    a.setReplyTemplate(t);
    RecordHeaders h = new RecordHeaders();
    h.add("kafka_replyTopic", "figway.replies".getBytes());
    h.add("kafka_replyPartition", new byte[]{0,0,0,3});
    h.add("kafka_correlationId", text ? "01234567-89ab-cdef-f0e1-d2c3b4a59687".getBytes() : ID);
    h.add("content-type", "application/json".getBytes());
    ConsumerRecord<String,String> r = new ConsumerRecord<>("lot.requests", 1, 7, 0L, TimestampType.CREATE_TIME, 2, 2, "L1", "{}", h, Optional.empty());
    a.onMessage(r, null, null);
    show(name, p.history().get(0));
  }
  public static void main(String[] x) throws Exception {
    ask("request, as it is", t -> {});
    ask("request, binaryCorrelation=false", t -> t.setBinaryCorrelation(false));
    ask("request, names of its own", t -> { t.setCorrelationHeaderName("my-correlation"); t.setReplyTopicHeaderName("my-topic"); t.setReplyPartitionHeaderName("my-partition"); });
    reply("reply of a text", "answer", false);
    reply("reply of a text, correlation as text", "answer", true);
    reply("reply of a message with headers", "answerWith", false);
    System.exit(0);
  }
}
