/**
 * CPU and memory per request of Telltale on Kafka, next to a bare kafkajs consumer of the same topic:
 *   (a) drain: kafkajs alone, (b) decode: (a) and avsc objects, (c) telltale: the daemon with an MLP and 100 trees.
 * Run after `npm run build`: node test/bench/bench.mjs [--records N] [--minutes N] [--json] [--case c] [--profile DIR]
 * Uses KAFKA_BROKERS and REGISTRY_URL, or the stack of `npm run stack`, which it starts.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import kafkajs from 'kafkajs';
import { settingsFrom } from '../../dist/stack/settings.js';
import { up } from '../../dist/stack/stack.js';
import { childrenOf, peakMbOf, sample, usedBetween } from './support/processes.mjs';
import { PARTITIONS, produce, registerSchema } from './support/records.mjs';
import { seededNumbers, writeConfig } from './support/service.mjs';

const POLL_MS = 100;
const START_MS_MAX = 60_000;
/** A process that commits nothing new for this long has failed. */
const STALL_MS_MAX = 60_000;
const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '500000' },
    // Event time that the records spread over, hence the windows of a minute that they fill.
    minutes: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
    /** Only these, as `ac`. */
    case: { type: 'string', default: 'abc' },
    /** Folder for a CPU profile of the daemon. */
    profile: { type: 'string' },
  },
});
const records = Number(options.records);
const say = (line) => process.stderr.write(`${line}\n`);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a process; its output line that `isReady` accepts ends the start-up, and is where measuring begins. */
function start(args, isReady) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let tail = [];
  const begun = new Promise((resolve, reject) => {
    const onLine = (line) => {
      tail = [...tail.slice(-5), line];
      if (isReady(line)) resolve(sample(child.pid));
    };
    // The daemon logs to stderr.
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', onLine);
    setTimeout(
      () => reject(new Error(`no start within ${START_MS_MAX} ms:\n${tail.join('\n')}`)),
      START_MS_MAX,
    ).unref();
    ended.then((code) => reject(new Error(`the process ended with ${code}:\n${tail.join('\n')}`)));
  });
  return { child, begun, ended };
}

/** Sum of the committed offsets of a group in a topic. */
async function committed(admin, groupId, topic) {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return found.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

/** Resolves when the group has committed every record of the topic. */
async function untilCommitted(admin, group, topic) {
  let before = -1;
  let movedMs = performance.now();
  for (;;) {
    const now = await committed(admin, group, topic);
    if (now >= records) return;
    if (now !== before) movedMs = performance.now();
    before = now;
    if (performance.now() - movedMs > STALL_MS_MAX)
      throw new Error(`${group} stands at ${now} of ${records}`);
    await delay(POLL_MS);
  }
}

/** From joining the group until everything is committed; then the process is told to end. */
async function measure(args, isReady, { admin, topic }, group) {
  const { child, begun, ended } = start(args, isReady);
  try {
    const before = await begun;
    await untilCommitted(admin, group, topic);
    const after = sample(child.pid);
    const peakMb = peakMbOf(child.pid);
    const shadowPeakMb = childrenOf(child.pid).reduce((sum, pid) => sum + peakMbOf(pid), 0);
    return { ...usedBetween(before, after, records), peakMb, shadowPeakMb, rssMb: peakMb + shadowPeakMb };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

function measureConsumer(mode, context) {
  const { brokers, prefix, topic } = context;
  const group = `${prefix}${mode}`;
  const args = [here('./support/consumer.mjs'), mode, brokers, group, topic];
  return measure(args, (line) => line === 'ready', context, group);
}

async function measureTelltale(context) {
  const { admin, prefix, folder } = context;
  const group = `${prefix}telltale`;
  writeConfig(folder, { ...context, group, httpPort: await freePort() });
  const flags = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const args = [...flags, here('../../dist/main.js'), '--config', folder, 'run'];
  const isReady = (line) => {
    if (!line.includes('Consumer has joined the group')) return false;
    return JSON.parse(line).groupId === group;
  };
  const result = await measure(args, isReady, context, group);
  const results = await admin.fetchTopicOffsets(`${prefix}results`);
  return { ...result, results: results.reduce((sum, { high }) => sum + Number(high), 0) };
}

function print(report) {
  const { cases, machine } = report;
  const cell = (text, width) => String(text).padStart(width);
  console.log(`${records} requests; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);
  console.log('case       CPU us/request   (main + shadow)   requests/s   peak MB   (main + shadow)');
  for (const [name, found] of Object.entries(cases)) {
    const cpu = `(${found.mainUs.toFixed(2)} + ${found.shadowUs.toFixed(2)})`;
    const memory = `(${found.peakMb.toFixed(0)} + ${found.shadowPeakMb.toFixed(0)})`;
    console.log(
      name.padEnd(10) +
        cell(found.cpuUs.toFixed(2), 15) +
        cell(cpu, 18) +
        cell(found.perSecond.toFixed(0), 13) +
        cell(found.rssMb.toFixed(0), 10) +
        cell(memory, 18),
    );
  }
  if (report.ratio !== null) console.log(`telltale / drain: ${report.ratio.toFixed(2)}`);
}

async function main() {
  const { kafka: brokers, registry: registryUrl } = await up(settingsFrom(process.env), say);
  const kafka = new kafkajs.Kafka({
    clientId: 'bench',
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  const prefix = `bench-${randomBytes(4).toString('hex')}.`;
  const topic = `${prefix}requests`;
  const folder = mkdtempSync(join(tmpdir(), 'telltale-bench-'));
  try {
    const topics = [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }];
    await admin.createTopics({ waitForLeaders: true, topics });
    say(`writes ${records} requests`);
    await produce(
      kafka,
      topic,
      await registerSchema(registryUrl, topic),
      records,
      seededNumbers(1),
      Number(options.minutes) * 60_000,
    );
    const context = { admin, brokers, registryUrl, prefix, topic, folder };
    const cases = {};
    if (options.case.includes('a')) cases.drain = await measureConsumer('drain', context);
    if (options.case.includes('b')) cases.decode = await measureConsumer('decode', context);
    if (options.case.includes('c')) cases.telltale = await measureTelltale(context);
    const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.versions.node };
    const ratio = cases.drain && cases.telltale ? cases.telltale.cpuUs / cases.drain.cpuUs : null;
    const report = { records, machine, cases, ratio };
    if (options.json) console.log(JSON.stringify(report));
    else print(report);
  } finally {
    const all = await admin.listTopics();
    await admin.deleteTopics({ topics: all.filter((name) => name.startsWith(prefix)) });
    const { groups } = await admin.listGroups();
    const own = groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith(prefix));
    await admin
      .deleteGroups(own)
      .catch(() => say('some groups could not be deleted; the broker forgets them'));
    await admin.disconnect();
    rmSync(folder, { recursive: true });
  }
}

await main();
