import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own Java client behind two pipes, because no console tool carries binary records both ways.
 * All integers are big-endian; a length of -1 is null.
 *
 * produce BROKERS TOPIC COMPRESSION: reads frames from standard input
 *   partition int32 (-1: by key), timestamp int64 (-1: now), key, value, header count int32, (name, value)*
 *   and prints the number of records that all replicas have acknowledged.
 * consume BROKERS TOPIC COUNT TIMEOUT_MS: prints frames
 *   partition int32, offset int64, timestamp int64, key, value, header count int32, (name, value)*
 *   COUNT -1 reads up to the end offsets of the moment of the start.
 */
public final class Foreign {
  private static final int BYTES_MAX = 32 * 1024 * 1024;

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "produce" -> produce(args[1], args[2], args[3]);
      case "consume" -> consume(args[1], args[2], Long.parseLong(args[3]), Long.parseLong(args[4]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static byte[] readBytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0) return null;
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }

  private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes == null ? -1 : bytes.length);
    if (bytes != null) out.write(bytes);
  }

  private static void produce(String brokers, String topic, String compression) throws Exception {
    Properties config = new Properties();
    config.put("bootstrap.servers", brokers);
    config.put("compression.type", compression);
    config.put("acks", "all");
    config.put("linger.ms", "20");
    config.put("batch.size", "131072");
    config.put("max.request.size", String.valueOf(BYTES_MAX));
    config.put("buffer.memory", String.valueOf(2 * BYTES_MAX));
    AtomicReference<Exception> failure = new AtomicReference<>();
    long count = 0;
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (;;) {
        int partition;
        try {
          partition = in.readInt();
        } catch (EOFException end) {
          break;
        }
        long timestamp = in.readLong();
        byte[] key = readBytes(in);
        byte[] value = readBytes(in);
        Headers headers = new RecordHeaders();
        for (int left = in.readInt(); left > 0; left--) {
          String name = new String(readBytes(in), "UTF-8");
          headers.add(name, readBytes(in));
        }
        producer.send(
            new ProducerRecord<>(
                topic, partition < 0 ? null : partition, timestamp < 0 ? null : timestamp, key, value, headers),
            (metadata, error) -> {
              if (error != null) failure.compareAndSet(null, error);
            });
        count++;
      }
      producer.flush();
    }
    if (failure.get() != null) throw failure.get();
    System.out.println(count);
  }

  private static void consume(String brokers, String topic, long count, long timeoutMs) throws Exception {
    Properties config = new Properties();
    config.put("bootstrap.servers", brokers);
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("max.partition.fetch.bytes", String.valueOf(BYTES_MAX));
    long deadline = System.currentTimeMillis() + timeoutMs;
    long read = 0;
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo info : consumer.partitionsFor(topic)) {
        partitions.add(new TopicPartition(topic, info.partition()));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(partitions));
      while (count < 0 ? !isAtEnd(consumer, ends) : read < count) {
        if (System.currentTimeMillis() > deadline) {
          throw new IllegalStateException("only " + read + " records of " + topic + " within " + timeoutMs + " ms");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          boolean isAfterEnd =
              count < 0 && record.offset() >= ends.get(new TopicPartition(topic, record.partition()));
          if (isAfterEnd || (count >= 0 && read >= count)) continue;
          write(out, record);
          read++;
        }
      }
    }
    out.flush();
  }

  /** By position, not by record: compaction and transaction markers leave offsets without a record. */
  private static boolean isAtEnd(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey()) < end.getValue()) return false;
    }
    return true;
  }

  private static void write(DataOutputStream out, ConsumerRecord<byte[], byte[]> record) throws IOException {
    out.writeInt(record.partition());
    out.writeLong(record.offset());
    out.writeLong(record.timestamp());
    writeBytes(out, record.key());
    writeBytes(out, record.value());
    Header[] headers = record.headers().toArray();
    out.writeInt(headers.length);
    for (Header header : headers) {
      writeBytes(out, header.key().getBytes("UTF-8"));
      writeBytes(out, header.value());
    }
  }
}
