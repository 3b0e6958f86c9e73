/**
 * How long the daemon takes to catch up after a crash under load: requests come in all the time, the daemon is killed
 * by SIGKILL and started again at once. `npm run bench -- recovery [--rate N] [--before S] [--limit S] [--json]`
 *
 * Behind is the difference between the end of the topic and the offsets that the group has committed. It is never zero
 * under load, since the daemon commits at its checkpoints; caught up is when it is no more than the most in the last ten
 * seconds before the crash.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { watchLag } from './support/lag.mjs';
import { registerSchema } from './support/records.mjs';
import { writeConfig } from './support/service.mjs';
import { daemonPath, freePort, hasJoined, machine, say, start, withWorld } from './support/world.mjs';

const STEADY_MS = 10_000;
const IN_FLIGHT_MS = 500;
const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    /** Seconds of load before the crash; compilation and the first windows are over by then. */
    before: { type: 'string', default: '40' },
    /** Seconds after the crash when it gives up. */
    limit: { type: 'string', default: '180' },
    /** The daemon is a static member: it has its partitions back at once. */
    static: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seconds = (ms) => (ms === null ? 'never' : `${(ms / 1_000).toFixed(1)} s`);

/** Starts the daemon; `marks` gets the times of what its log says first. */
function startDaemon({ folder }, group) {
  const marks = {};
  const note = (name, atMs) => {
    marks[name] ??= atMs;
  };
  const process = start(
    [daemonPath, '--config', folder, 'run'],
    (line) => (hasJoined(line, group) ? true : null),
    (line, atMs) => {
      note('firstLine', atMs);
      if (hasJoined(line, group)) note('joined', atMs);
      if (hasJoined(line, `${group}.judge`)) note('judgeJoined', atMs);
    },
  );
  return { ...process, marks };
}

/** Waits until a sample that came after `fromMs` is good; null when time is up. */
async function firstSample(samples, fromMs, untilMs, isGood) {
  for (let at = 0; ; ) {
    for (; at < samples.length; at++)
      if (samples[at].atMs > fromMs && isGood(samples[at])) return samples[at];
    if (performance.now() > untilMs) return null;
    await delay(50);
  }
}

async function crash(world, daemon, group, watch) {
  const { samples } = watch;
  const killedMs = performance.now();
  daemon.child.kill('SIGKILL');
  const steady = samples.filter(({ atMs }) => atMs > killedMs - STEADY_MS);
  const before = {
    lag: Math.max(...steady.map(({ lag }) => lag)),
    delayMs: Math.max(...steady.map(({ delayMs }) => delayMs)),
    rate: ((steady.at(-1).end - steady[0].end) * 1_000) / (steady.at(-1).atMs - steady[0].atMs),
  };
  const next = startDaemon(world, group);
  try {
    const untilMs = killedMs + Number(options.limit) * 1_000;
    // A commit of the killed process may still have been under way.
    const base = await firstSample(samples, killedMs + IN_FLIGHT_MS, untilMs, () => true);
    const moved = await firstSample(samples, base.atMs, untilMs, (now) => now.committed > base.committed);
    const fromMs = moved?.atMs ?? untilMs;
    const done = await firstSample(samples, fromMs, untilMs, ({ lag }) => lag <= before.lag);
    const since = (atMs) => (atMs === undefined ? null : atMs - killedMs);
    const after = samples.filter(({ atMs }) => atMs > killedMs);
    return {
      before,
      firstLineMs: since(next.marks.firstLine),
      joinedMs: since(next.marks.joined),
      judgeJoinedMs: since(next.marks.judgeJoined),
      firstCommitMs: since(moved?.atMs),
      caughtUpMs: since(done?.atMs),
      lagMax: Math.max(...after.map(({ lag }) => lag)),
      lagLast: after.at(-1).lag,
    };
  } finally {
    next.child.kill('SIGTERM');
    await next.ended;
  }
}

function print({ before, ...found }) {
  console.log(machine());
  console.log(
    `before: ${before.rate.toFixed(0)} requests/s, at most ${before.lag} records or ${seconds(before.delayMs)} behind`,
  );
  console.log(`after the SIGKILL, at ${options.rate} requests/s asked for:`);
  console.log(`  first line of the new process   ${seconds(found.firstLineMs)}`);
  console.log(`  in the group of the inputs      ${seconds(found.joinedMs)}`);
  console.log(`  in the group of the judge       ${seconds(found.judgeJoinedMs)}`);
  console.log(`  first new commit                ${seconds(found.firstCommitMs)}`);
  console.log(`  caught up                       ${seconds(found.caughtUpMs)}`);
  console.log(`  most behind ${found.lagMax} records, last ${found.lagLast}`);
}

async function run(world) {
  const { brokers, topic, prefix, registryUrl, folder } = world;
  const group = `${prefix}telltale`;
  const schemaId = await registerSchema(registryUrl, topic);
  const instanceId = options.static ? 'bench-1' : null;
  writeConfig(folder, { ...world, group, instanceId, httpPort: await freePort() });
  const daemon = startDaemon(world, group);
  await daemon.ready;
  const loadPath = fileURLToPath(new URL('./support/load.mjs', import.meta.url));
  const load = start([loadPath, brokers, topic, String(schemaId), options.rate], (line) =>
    line === 'ready' ? true : null,
  );
  const watch = watchLag(world, group);
  try {
    await load.ready;
    say(`loads for ${options.before} s`);
    await delay(Number(options.before) * 1_000);
    const found = await crash(world, daemon, group, watch);
    if (options.json) console.log(JSON.stringify(found));
    else print(found);
    if (found.caughtUpMs === null) process.exitCode = 1;
  } finally {
    await watch.stop();
    daemon.child.kill('SIGKILL');
    load.child.kill('SIGTERM');
    await load.ended;
  }
}

await withWorld(run);
