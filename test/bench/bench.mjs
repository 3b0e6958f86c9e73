/**
 * CPU and memory per request of Telltale on Kafka, next to a bare kafkajs consumer of the same topic:
 *   (a) drain: kafkajs alone, (b) decode: (a) and avsc objects, (c) telltale: the daemon with an MLP and 100 trees.
 * Run after `npm run build`: node test/bench/bench.mjs [--records N] [--minutes N] [--json] [--case c] [--profile DIR]
 * Uses KAFKA_BROKERS and REGISTRY_URL, or the stack of `npm run stack`, which it starts.
 */
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { childrenOf, peakMbOf, sample, usedBetween } from './support/processes.mjs';
import { produce, registerSchema } from './support/records.mjs';
import { seededNumbers, writeConfig } from './support/service.mjs';
import { committedOf, daemonPath, freePort, hasJoined, say, start, withWorld } from './support/world.mjs';

const POLL_MS = 100;
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
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Resolves when the group has committed every record of the topic. */
async function untilCommitted(admin, group, topic) {
  let before = -1;
  let movedMs = performance.now();
  for (;;) {
    const offsets = await committedOf(admin, group, topic);
    const now = [...offsets.values()].reduce((sum, offset) => sum + offset, 0);
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
  const { child, ready, ended } = start(args, (line, pid) => (isReady(line) ? sample(pid) : null));
  try {
    const before = await ready;
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
  const args = [...flags, daemonPath, '--config', folder, 'run'];
  const isReady = (line) => hasJoined(line, group);
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

async function run(world) {
  const { kafka, topic, registryUrl } = world;
  say(`writes ${records} requests`);
  const schemaId = await registerSchema(registryUrl, topic);
  await produce(kafka, topic, schemaId, records, seededNumbers(1), Number(options.minutes) * 60_000);
  const cases = {};
  if (options.case.includes('a')) cases.drain = await measureConsumer('drain', world);
  if (options.case.includes('b')) cases.decode = await measureConsumer('decode', world);
  if (options.case.includes('c')) cases.telltale = await measureTelltale(world);
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.versions.node };
  const ratio = cases.drain && cases.telltale ? cases.telltale.cpuUs / cases.drain.cpuUs : null;
  const report = { records, machine, cases, ratio };
  if (options.json) console.log(JSON.stringify(report));
  else print(report);
}

await withWorld(run);
