/**
 * Three Kafka brokers in KRaft mode, each broker and controller, on loopback. Kafka's clients go where the brokers tell
 * them to, so each daemon has a listener of its own on every broker, and what is advertised there is the port of
 * that daemon's gate: one daemon can be cut off while the others are not.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findJava } from '../../src/stack/java.ts';
import { resolveJars } from '../../src/stack/maven.ts';
import { isAlive, pollUntil, runTool, startServer } from '../../src/stack/processes.ts';
import { settingsFrom, VERSIONS } from '../../src/stack/settings.ts';
import { testClient } from '../stack/support/topics.ts';
import { type Gate, type GateState, openGate } from './gate.ts';
import { freePorts } from './ports.ts';

export const BROKERS = 3;
const CLUSTER_ID = 'VGVsbHRhbGVGYXVsdHMwMQ';

export interface Cluster {
  /** For the harness and the foreign clients: no gate stands in their way. */
  readonly brokers: string;
  /** What the daemon of this number is given. */
  brokersOf(daemon: number): string[];
  /** Of the ways of one daemon to all brokers. */
  setGates(daemon: number, state: GateState): void;
  /** Ends a broker and resolves when its process is gone. */
  end(broker: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again on its data and resolves when the cluster lists it. */
  start(broker: number): Promise<void>;
  /** Ends everything, at once. */
  destroy(): Promise<void>;
  /** For the end of the process, when nothing can be waited for. */
  killNow(): void;
}

interface Ports {
  internal: number;
  controller: number;
  /** By daemon: where the broker listens, and where its gate does. */
  daemons: { listen: number; gate: number }[];
}

async function choosePorts(daemons: number): Promise<Ports[]> {
  const all = await freePorts(BROKERS * (2 + 2 * daemons));
  const take = (): number => all.pop()!;
  return Array.from({ length: BROKERS }, () => ({
    internal: take(),
    controller: take(),
    daemons: Array.from({ length: daemons }, () => ({ listen: take(), gate: take() })),
  }));
}

function propertiesOf(ports: readonly Ports[], broker: number, dataDir: string): string {
  const own = ports[broker]!;
  const local = (port: number): string => `127.0.0.1:${port}`;
  const names = own.daemons.map((_, d) => `DAEMON${d}`);
  const listeners = names.map((name, d) => `${name}://${local(own.daemons[d]!.listen)}`);
  const gates = names.map((name, d) => `${name}://${local(own.daemons[d]!.gate)}`);
  const internal = `INTERNAL://${local(own.internal)}`;
  const all: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': broker + 1,
    'controller.quorum.voters': ports.map(({ controller }, i) => `${i + 1}@${local(controller)}`).join(','),
    listeners: [internal, `CONTROLLER://${local(own.controller)}`, ...listeners].join(','),
    'advertised.listeners': [internal, ...gates].join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': ['INTERNAL', 'CONTROLLER', ...names]
      .map((name) => `${name}:PLAINTEXT`)
      .join(','),
    'log.dirs': join(dataDir, 'logs'),
    'auto.create.topics.enable': 'false',
    'default.replication.factor': BROKERS,
    'min.insync.replicas': 2,
    'unclean.leader.election.enable': 'false',
    'offsets.topic.replication.factor': BROKERS,
    'offsets.topic.num.partitions': 6,
    'transaction.state.log.num.partitions': 2,
    'transaction.state.log.replication.factor': BROKERS,
    'transaction.state.log.min.isr': 2,
    'group.initial.rebalance.delay.ms': 0,
    // A killed broker is missed sooner than after the 9 s of the default, so that a round is short.
    'broker.session.timeout.ms': 6_000,
    'broker.heartbeat.interval.ms': 1_000,
    'log.retention.ms': -1,
    'num.network.threads': 2,
    'num.io.threads': 4,
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
`;

/** Formats and starts the brokers, and opens the gates. Everything is below `dir`. */
export async function startCluster(options: {
  dir: string;
  daemons: number;
  say(line: string): void;
}): Promise<Cluster> {
  const { dir, daemons, say } = options;
  const java = findJava();
  // The same folder and the same jars as the stack's own broker.
  const jars = await resolveJars(
    settingsFrom(process.env, { root: join(import.meta.dirname, '../..') }),
    `kafka-${VERSIONS.kafka}`,
    [
      { group: 'org.apache.kafka', name: 'kafka_2.13', version: VERSIONS.kafka },
      { group: 'org.apache.kafka', name: 'kafka-tools', version: VERSIONS.kafka },
      { group: 'org.apache.logging.log4j', name: 'log4j-slf4j-impl', version: VERSIONS.log4j },
    ],
    say,
  );
  const ports = await choosePorts(daemons);
  const brokers = ports.map(({ internal }) => `127.0.0.1:${internal}`).join(',');
  const pids: (number | null)[] = Array.from({ length: BROKERS }, () => null);
  const gates: Gate[][] = [];
  const folderOf = (broker: number): string => join(dir, `broker${broker}`);
  const log4j = join(dir, 'log4j2.properties');
  const flags = [`-Dlog4j2.configurationFile=${log4j}`, '-cp', join(jars, '*')];
  const propertiesFile = (broker: number): string => join(folderOf(broker), 'server.properties');

  const launch = (broker: number): void => {
    const log = join(dir, `broker${broker}-${Date.now()}.log`);
    // Most of a short life is start-up: the second compiler would only take the processor from the others.
    const frugal = ['-Xms128m', '-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
    const args = [...frugal, ...flags, 'kafka.Kafka', propertiesFile(broker)];
    pids[broker] = startServer(java, args, { log, cwd: folderOf(broker) });
  };
  const killNow = (): void => {
    for (const pid of pids) {
      try {
        if (pid !== null) process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
  };
  const listed = async (wanted: number): Promise<boolean> => {
    const admin = testClient(brokers).admin();
    try {
      await admin.connect();
      const found = await admin.describeCluster();
      return found.brokers.length >= wanted && (found.controller ?? -1) >= 0;
    } catch {
      return false;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  };
  const untilListed = async (wanted: number): Promise<void> => {
    const ready = await pollUntil(() => listed(wanted), { timeoutMs: 60_000 });
    if (!ready) throw new Error(`the cluster does not list ${wanted} brokers; see ${dir}`);
  };
  const destroy = async (): Promise<void> => {
    killNow();
    await pollUntil(async () => pids.every((pid) => pid === null || !isAlive(pid)), { timeoutMs: 10_000 });
    for (const own of gates) for (const gate of own) await gate.close();
  };

  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(log4j, LOG4J);
    for (let broker = 0; broker < BROKERS; broker++) {
      mkdirSync(folderOf(broker), { recursive: true });
      writeFileSync(propertiesFile(broker), propertiesOf(ports, broker, folderOf(broker)));
      const format = ['format', '--cluster-id', CLUSTER_ID, '--config', propertiesFile(broker)];
      const args = ['-Xmx256m', '-XX:TieredStopAtLevel=1', ...flags, 'kafka.tools.StorageTool', ...format];
      await runTool(java, args, join(dir, 'format.log'));
      launch(broker);
    }
    for (let d = 0; d < daemons; d++) {
      gates.push(
        await Promise.all(ports.map((own) => openGate(own.daemons[d]!.gate, own.daemons[d]!.listen))),
      );
    }
    await untilListed(BROKERS);
  } catch (error) {
    await destroy();
    throw error;
  }

  return {
    brokers,
    brokersOf: (daemon) => ports.map((own) => `127.0.0.1:${own.daemons[daemon]!.gate}`),
    setGates: (daemon, state) => {
      for (const gate of gates[daemon]!) gate.set(state);
    },
    async end(broker, signal) {
      const pid = pids[broker]!;
      process.kill(pid, signal);
      const gone = await pollUntil(async () => !isAlive(pid), { timeoutMs: 30_000 });
      if (!gone) process.kill(pid, 'SIGKILL');
    },
    async start(broker) {
      launch(broker);
      await untilListed(BROKERS);
    },
    destroy,
    killNow,
  };
}
