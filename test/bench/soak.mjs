/**
 * Whether memory grows: the daemon at full speed, its resident set and that of its children sampled, and the slope after the
 * warm-up by least squares. `npm run bench -- soak [--minutes N] [--warm-up S] [--json]`
 *
 * The load follows the daemon's commits and stays a bounded number of records ahead, so that the daemon always has work and
 * the broker's disk does not fill. Ends after the minutes, or the most records, whichever is first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { watchLag } from './support/lag.mjs';
import { childrenOf, rssMbOf } from './support/processes.mjs';
import { registerSchema } from './support/records.mjs';
import { writeConfig } from './support/service.mjs';
import { daemonPath, freePort, hasJoined, machine, say, start, withWorld } from './support/world.mjs';

const SAMPLE_MS = 1_000;
const FOLLOW_MS = 100;
/** Some seconds of work, and some tens of megabytes on the broker. */
const AHEAD_RECORDS = 200_000;
const RECORDS_MAX = 200_000_000;
const MINUTES_MAX = 120;
/** The broker deletes what has been read; it looks every five minutes. */
const TOPIC = [
  { name: 'retention.bytes', value: String(256 * 1024 * 1024) },
  { name: 'segment.bytes', value: String(64 * 1024 * 1024) },
];
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    /** Seconds; by default a fifth of the time, and at least 60. */
    'warm-up': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const minutes = Math.min(Number(options.minutes), MINUTES_MAX);
const warmUpMs = Number(options['warm-up'] ?? Math.max(60, minutes * 12)) * 1_000;

/**
 * Slope of y over x by least squares, with the half width of its 95 % interval. Samples of memory follow each other closely, so
 * they count as fewer: by (1 - r) / (1 + r), where r is the correlation of a residual with the one before.
 */
function slopeOf(x, y) {
  const n = x.length;
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / n;
  const [meanX, meanY] = [mean(x), mean(y)];
  const sumXx = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  const slope = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i] - meanY), 0) / sumXx;
  const residuals = y.map((value, i) => value - meanY - slope * (x[i] - meanX));
  const squares = residuals.reduce((sum, value) => sum + value ** 2, 0);
  const products = residuals.slice(1).reduce((sum, value, i) => sum + value * residuals[i], 0);
  const r = squares === 0 ? 0 : Math.min(0.999, Math.max(0, products / squares));
  const error = Math.sqrt((squares / (n - 2) / sumXx) * ((1 + r) / (1 - r)));
  return { slope, halfWidth: 1.96 * error, correlation: r };
}

/** Samples memory until the time or the records are used up, and lets the load go on as the daemon commits. */
async function sampleMemory(daemon, load, lag) {
  const startedMs = performance.now();
  const samples = [];
  let sampledMs = 0;
  for (;;) {
    const nowMs = performance.now();
    const committed = lag.samples.at(-1)?.committed ?? 0;
    if (nowMs - startedMs >= minutes * 60_000 || committed >= RECORDS_MAX) return samples;
    load.child.stdin.write(`${committed + AHEAD_RECORDS}\n`);
    if (nowMs - sampledMs >= SAMPLE_MS) {
      sampledMs = nowMs;
      const { pid } = daemon.child;
      const childMb = childrenOf(pid).reduce((sum, child) => sum + rssMbOf(child), 0);
      samples.push({ atMs: nowMs - startedMs, mainMb: rssMbOf(pid), childMb, committed });
    }
    const ended = await Promise.race([daemon.ended, delay(FOLLOW_MS, null)]);
    if (ended !== null) throw new Error(`the daemon ended with ${ended}`);
  }
}

function reportOf(samples) {
  const warm = samples.filter(({ atMs }) => atMs >= warmUpMs);
  if (warm.length < 10) throw new Error(`${warm.length} samples after the warm-up are too few`);
  const minutesOf = warm.map(({ atMs }) => atMs / 60_000);
  const [first, last] = [warm[0], warm.at(-1)];
  const slopes = Object.fromEntries(
    ['mainMb', 'childMb'].map((name) => [
      name,
      {
        ...slopeOf(
          minutesOf,
          warm.map((sample) => sample[name]),
        ),
        first: first[name],
        last: last[name],
        max: Math.max(...warm.map((sample) => sample[name])),
      },
    ]),
  );
  const perSecond = ((last.committed - first.committed) * 1_000) / (last.atMs - first.atMs);
  return { minutes, warmUpMs, samples: warm.length, records: last.committed, perSecond, slopes };
}

function print(report) {
  console.log(machine());
  console.log(
    `${report.records} requests in ${minutes} min, ${report.perSecond.toFixed(0)} a second after a warm-up of ${warmUpMs / 1_000} s`,
  );
  console.log('resident set       first MB   last MB   most MB   slope, MB/min (95 %)');
  for (const [name, found] of Object.entries(report.slopes)) {
    const cells = [found.first, found.last, found.max].map((mb) => mb.toFixed(0).padStart(10)).join('');
    const slope = `${found.slope.toFixed(2)} +- ${found.halfWidth.toFixed(2)}`;
    console.log(`${(name === 'mainMb' ? 'daemon' : 'its shadow').padEnd(17)}${cells}   ${slope}`);
  }
}

async function run(world) {
  const { brokers, topic, prefix, registryUrl, folder } = world;
  const group = `${prefix}telltale`;
  const schemaId = await registerSchema(registryUrl, topic);
  writeConfig(folder, { ...world, group, httpPort: await freePort() });
  const daemon = start([daemonPath, '--config', folder, 'run'], (line) =>
    hasJoined(line, group) ? true : null,
  );
  const loadPath = fileURLToPath(new URL('./support/load.mjs', import.meta.url));
  const load = start([loadPath, brokers, topic, String(schemaId), '0'], (line) =>
    line === 'ready' ? true : null,
  );
  const lag = watchLag(world, group);
  try {
    await Promise.all([daemon.ready, load.ready]);
    say(`full speed for ${minutes} min`);
    const report = reportOf(await sampleMemory(daemon, load, lag));
    if (options.json) console.log(JSON.stringify(report));
    else print(report);
  } finally {
    await lag.stop();
    load.child.kill('SIGTERM');
    daemon.child.kill('SIGTERM');
    await Promise.all([load.ended, daemon.ended]);
  }
}

await withWorld(run, TOPIC);
