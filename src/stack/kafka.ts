/** A single Apache Kafka broker in KRaft mode, broker and controller in one process. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { findJava } from './java.ts';
import { makeCertificates, scramArguments, secureListener, secureProperties } from './kafka-secure.ts';
import { resolveJars } from './maven.ts';
import type { Part } from './part.ts';
import { runTool, startServer } from './processes.ts';
import { IMAGES, type Settings, VERSIONS } from './settings.ts';

/** Any 16 bytes in base64url will do; it only has to be the same at every start on the same data. */
const CLUSTER_ID = 'VGVsbHRhbGVTdGFjazAwMQ';

/** The bad-input tests send records of 5 MB; the broker must not be what refuses them. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** What makes the broker fit for tests, wherever it runs. Keys are Kafka's own. */
function commonProperties(): Record<string, string | number> {
  return {
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.replication.factor': 1,
    // 50 and 50 by default: creating them costs seconds at the first consumer and is of no use to one broker.
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'message.max.bytes': MESSAGE_BYTES_MAX,
    'replica.fetch.max.bytes': MESSAGE_BYTES_MAX,
    // Tests replay data of past years; with retention by time the broker would delete it under the reader.
    'log.retention.ms': -1,
  };
}

/** server.properties of a broker that listens on loopback only. */
export function serverProperties(settings: Settings, dataDir: string): string {
  const port = settings.ports.kafka;
  const all: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${port + 1}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1},SECURE://127.0.0.1:${port + 2}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${port + 2}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'log.dirs': join(dataDir, 'logs'),
    // Rights can be tried: whoever is named in none of them may do all.
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'true',
    // The tests, and the broker itself, on the listeners without TLS.
    'super.users': 'User:ANONYMOUS',
    ...secureProperties(dataDir),
    ...commonProperties(),
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

const LOG4J = `rootLogger.level=WARN
rootLogger.appenderRef.stdout.ref=STDOUT
appender.stdout.type=Console
appender.stdout.name=STDOUT
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=[%d] %p %m (%c)%n
logger.server.name=kafka.server
logger.server.level=INFO
`;

function dockerEnvironment(settings: Settings): string[] {
  const port = settings.ports.kafka;
  const all: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': '1@localhost:9093',
    // Inside the container it must listen on all addresses; the port is published on 127.0.0.1 only.
    listeners: `PLAINTEXT://:${port},CONTROLLER://:9093`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    ...commonProperties(),
  };
  return Object.entries(all).flatMap(([key, value]) => [
    '-e',
    `KAFKA_${key.toUpperCase().replaceAll('.', '_')}=${value}`,
  ]);
}

export const kafkaPart: Part = {
  name: 'kafka',
  title: `Apache Kafka ${VERSIONS.kafka}`,
  ports: (settings) => [0, 1, 2].map((more) => settings.ports.kafka + more),
  url: (settings) => `127.0.0.1:${settings.ports.kafka}`,
  secure: secureListener,

  /** A broker is ready when the cluster's metadata lists it: it accepts connections a second earlier. */
  async answers(url) {
    const kafka = new Kafka({
      clientId: 'telltale-stack',
      brokers: url.split(',').map((broker) => broker.trim()),
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2_000,
      requestTimeout: 5_000,
      retry: { retries: 0 },
    });
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { brokers, controller } = await admin.describeCluster();
      return brokers.length > 0 && controller !== null && controller >= 0;
    } catch {
      return false;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  },

  async start({ settings, say, log, dataDir }) {
    const java = findJava();
    const jars = await resolveJars(
      settings,
      `kafka-${VERSIONS.kafka}`,
      [
        { group: 'org.apache.kafka', name: 'kafka_2.13', version: VERSIONS.kafka },
        { group: 'org.apache.kafka', name: 'kafka-tools', version: VERSIONS.kafka },
        { group: 'org.apache.logging.log4j', name: 'log4j-slf4j-impl', version: VERSIONS.log4j },
      ],
      say,
    );
    mkdirSync(dataDir, { recursive: true });
    const properties = join(dataDir, 'server.properties');
    const log4j = join(dataDir, 'log4j2.properties');
    writeFileSync(properties, serverProperties(settings, dataDir));
    writeFileSync(log4j, LOG4J);
    await makeCertificates(java, dataDir, join(settings.logsDir, 'keytool.log'));
    const flags = [`-Dlog4j2.configurationFile=${log4j}`, '-cp', join(jars, '*')];
    if (!existsSync(join(dataDir, 'logs', 'meta.properties'))) {
      say('formats the storage of kafka');
      await runTool(
        java,
        [
          '-Xmx256m',
          ...flags,
          'kafka.tools.StorageTool',
          'format',
          '--cluster-id',
          CLUSTER_ID,
          '--config',
          properties,
          '--ignore-formatted',
          ...scramArguments(),
        ],
        join(settings.logsDir, 'kafka-format.log'),
      );
    }
    return startServer(java, ['-Xms256m', '-Xmx512m', ...flags, 'kafka.Kafka', properties], {
      log,
      cwd: dataDir,
    });
  },

  dockerArgs: (settings) => [
    '-p',
    `127.0.0.1:${settings.ports.kafka}:${settings.ports.kafka}`,
    ...dockerEnvironment(settings),
    IMAGES.kafka,
  ],
};
