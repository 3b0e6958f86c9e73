/** One run: a cluster, three daemons, a producer, N rounds of faults, and the comparison with the oracle. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { influxQuery } from '../stack/support/influx.ts';
import { testClient } from '../stack/support/topics.ts';
import { BROKERS, type Cluster, startCluster } from './cluster.ts';
import { type Ending, type Supervisor, startDaemons, writeServices } from './daemons.ts';
import { schedule } from './faults.ts';
import { groupsOf, untilCommitted } from './lag.ts';
import { type Observed, observe } from './observed.ts';
import { type Expected, expectedOf } from './oracle.ts';
import { createProducer, type Producer } from './producer.ts';
import { createRandom } from './random.ts';
import { STREAMS, serviceFiles, topicOf } from './services.ts';
import { createTraffic } from './traffic.ts';
import { type Verdict, verify } from './verify.ts';

const DAEMONS = 3;
/** Exit code of a daemon whose command line or configuration is wrong. */
const CONFIG_REFUSED = 2;
const WINDOWS_A_ROUND = 12;
const WINDOW_MS = 900;
/** A round is lost when the daemons have not caught up so long after its fault is over. */
const RECOVERY_MS_MAX = 150_000;
/** `kafka.session_timeout`: above what brokers allow at least, so that a busy machine loses no member by itself. */
const SESSION_TIMEOUT = '10s';
const SESSION_MS = Number.parseInt(SESSION_TIMEOUT, 10) * 1_000;

export interface FaultRun {
  rounds: number;
  seed: number;
  influx: string;
  /** dist/main.js, or one that is broken on purpose. */
  main: string;
  say(line: string): void;
}

export interface FaultReport {
  seed: number;
  faults: Record<string, number>;
  endings: readonly Ending[];
  producerRepeats: number;
  records: number;
  verdict: Verdict;
  expected: Expected;
  observed: Observed;
  sent: ReadonlyMap<string, readonly string[]>;
  /** Folder with logs and dumps; null when nothing was found and it is gone. */
  folder: string | null;
}

interface Stage extends FaultRun {
  dir: string;
  prefix: string;
  cluster: Cluster;
  daemons: Supervisor;
  producer: Producer;
}

const inputsOf = (prefix: string): string[] => STREAMS.map((stream) => topicOf(prefix, stream));

async function createInputs(brokers: string, prefix: string): Promise<void> {
  const admin = testClient(brokers).admin();
  await admin.connect();
  const topics = STREAMS.map((stream) => ({
    topic: topicOf(prefix, stream),
    numPartitions: stream.partitions,
    replicationFactor: BROKERS,
  }));
  await admin.createTopics({ waitForLeaders: true, topics });
  await admin.disconnect();
}

/** Until the daemons have read what was there at the call. @returns how long it took */
function untilCaughtUp(stage: Stage): Promise<number> {
  const inputs = { group: stage.prefix, topics: inputsOf(stage.prefix) };
  return untilCommitted(stage.cluster.brokers, inputs, RECOVERY_MS_MAX, () => {
    // Starting it again would not help.
    if (stage.daemons.endings.some(({ code }) => code === CONFIG_REFUSED))
      throw new Error(`the daemons refuse their configuration; see ${stage.dir}`);
  });
}

async function runRounds(stage: Stage): Promise<Record<string, number>> {
  const random = createRandom(stage.seed, 2);
  const counts: Record<string, number> = {};
  let round = 0;
  for (const fault of schedule(stage.rounds, random)) {
    round++;
    const startedMs = Date.now();
    const writing = stage.producer.windows(WINDOWS_A_ROUND, WINDOW_MS);
    // It is awaited below; a failure before that must not count as one that nobody handles.
    writing.catch(() => undefined);
    await delay(random.int(500, 4_000));
    const done = await fault.run({ ...stage, sessionMs: SESSION_MS }, random);
    counts[fault.name] = (counts[fault.name] ?? 0) + 1;
    const recoveryMs = await untilCaughtUp(stage);
    await writing;
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    stage.say(
      `round ${round}/${stage.rounds} ${fault.name}: ${done}; caught up ${seconds(recoveryMs)} s later ` +
        `(${seconds(Date.now() - startedMs)} s in all)`,
    );
  }
  return counts;
}

/** Until all of it has come to InfluxDB. When it does not, the comparison says what is missing. */
async function untilSettled(stage: Stage): Promise<void> {
  const { prefix, cluster, say } = stage;
  try {
    for (const group of groupsOf(prefix, inputsOf(prefix)))
      await untilCommitted(cluster.brokers, group, RECOVERY_MS_MAX);
  } catch (error) {
    say(`not everything was read: ${error}`);
  }
}

async function compare(stage: Stage) {
  const observed = await observe(stage.cluster.brokers, stage.prefix, stage.influx);
  const expected = expectedOf(stage.prefix, (topic) => observed.inputs.get(topic) ?? []);
  return { observed, expected, verdict: verify(expected, observed, stage.producer.sent) };
}

function dump(dir: string, report: Omit<FaultReport, 'folder'>): void {
  const folder = join(dir, 'dump');
  mkdirSync(folder, { recursive: true });
  const write = (name: string, lines: readonly unknown[]): void =>
    writeFileSync(
      join(folder, name),
      lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
    );
  const { verdict, expected, observed } = report;
  write('problems.txt', verdict.problems);
  for (const name of ['results', 'alerts', 'retrains'] as const) {
    write(
      `${name}.jsonl`,
      observed[name].map(({ record }) => record),
    );
    write(`expected-${name}.jsonl`, expected[name]);
  }
  for (const [topic, records] of observed.inputs) {
    write(
      `${topic}.jsonl`,
      records.map(({ partition, offset, timestampMs, value }) =>
        JSON.stringify({ partition, offset, timestampMs, value: value!.toString() }),
      ),
    );
  }
}

/** Runs, compares and cleans up. Rejects when the daemons or the brokers do not come back; the logs are kept then. */
export async function runFaults(run: FaultRun): Promise<FaultReport> {
  const { seed, say, influx } = run;
  const dir = mkdtempSync(join(tmpdir(), `telltale-fault-${seed}-`));
  const prefix = `fault-${seed}-${process.pid}`;
  let cluster: Cluster | null = null;
  let daemons: Supervisor | null = null;
  let producer: Producer | null = null;
  const killNow = (): void => {
    daemons?.killNow();
    cluster?.killNow();
  };
  process.on('exit', killNow);
  let clean = false;
  try {
    cluster = await startCluster({ dir: join(dir, 'kafka'), daemons: DAEMONS, say });
    await createInputs(cluster.brokers, prefix);
    writeServices(dir, serviceFiles(prefix));
    const traffic = createTraffic(seed);
    producer = await createProducer(cluster.brokers, prefix, traffic);
    const ways = Array.from({ length: DAEMONS }, (_, d) => cluster!.brokersOf(d));
    daemons = startDaemons({ dir, main: run.main, prefix, influx, sessionTimeout: SESSION_TIMEOUT }, ways);
    const stage: Stage = { ...run, dir, prefix, cluster, daemons, producer };
    await producer.windows(2, WINDOW_MS);
    say(`three brokers and three daemons run, first records read ${await untilCaughtUp(stage)} ms later`);
    const faults = await runRounds(stage);
    await producer.finish();
    await untilSettled(stage);
    await daemons.stop();
    say('everything is read; reads and compares');
    const found = await compare(stage);
    const records = [...found.observed.inputs.values()].reduce((sum, own) => sum + own.length, 0);
    const endings = [...daemons.endings];
    const { sent, repeats: producerRepeats } = producer;
    const report = { seed, faults, endings, producerRepeats, records, sent, ...found };
    clean = found.verdict.problems.length === 0;
    if (!clean) dump(dir, report);
    return { ...report, folder: clean ? null : dir };
  } finally {
    await producer?.close().catch(() => undefined);
    await daemons?.stop();
    await cluster?.destroy();
    process.removeListener('exit', killNow);
    await influxQuery(influx, prefix, `DROP DATABASE "${prefix}"`).catch(() => undefined);
    if (clean) rmSync(dir, { recursive: true, force: true });
    else if (existsSync(dir)) say(`logs and dumps are in ${dir}`);
  }
}
