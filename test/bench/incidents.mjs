// One window in which thousands of alarms of one cause fire, and later end: how long the fold takes, and what it keeps.
// `npm run bench -- incidents [--alarms 10000] [--rounds 5]`
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { stepConsequences } from '../../dist/alarm/consequences.js';
import { createIncidentStates } from '../../dist/alarm/incident/state.js';
import { createAlarmStates, fingerprintOf } from '../../dist/alarm/state.js';

const { values: options } = parseArgs({
  options: { alarms: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '5' } },
});
const ALARMS = Number(options.alarms);
const MINUTE_MS = 60_000;
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const INPUTS = Array.from({ length: 20 }, (_, i) => `input-${i}`);
const spec = {
  service: 'bench',
  inputs: INPUTS.map((name) => ({ name })),
  windows: { sizeMs: MINUTE_MS, hopMs: MINUTE_MS },
  rules: [{ name: 'drift' }],
  digest: 'bench',
};

/** Alarms of 20 inputs in hundreds of segments, in an order that has nothing to do with either. */
function alertsOf(state, atMs) {
  return Array.from({ length: ALARMS }, (_, i) => {
    const what = {
      metric: 'psi',
      subject: INPUTS[i % INPUTS.length],
      model: '',
      segment: `city=${Math.floor(i / INPUTS.length)}`,
    };
    return {
      id: `${state}-${i}`,
      fingerprint: fingerprintOf(spec.service, 'drift', what),
      service: spec.service,
      rule: 'drift',
      ...what,
      state,
      level: i % 7 === 0 ? 'critical' : 'warning',
      reason: 'psi 0.31 > 0.25',
      value: 0.31,
      threshold: 'critical: > 0.25',
      n: 1_000,
      windowStartMs: atMs - MINUTE_MS,
      windowEndMs: atMs,
      sinceMs: atMs - MINUTE_MS,
      evidence: null,
      configDigest: 'bench',
    };
  });
}

const heapMb = () => {
  gc();
  return process.memoryUsage().heapUsed / 1e6;
};

let last;
for (let round = 1; round <= Number(options.rounds); round++) {
  const states = { alarms: createAlarmStates(), incidents: createIncidentStates() };
  const firing = alertsOf('firing', 10 * MINUTE_MS);
  const over = alertsOf('resolved', 20 * MINUTE_MS);
  const beforeMb = heapMb();
  const startMs = performance.now();
  const opened = stepConsequences(states, spec, firing, 10 * MINUTE_MS).incidents;
  const openedMs = performance.now() - startMs;
  const keptMb = heapMb() - beforeMb;
  const snapshotMb = JSON.stringify(states.incidents).length / 1e6;
  const endMs = performance.now();
  const ended = stepConsequences(states, spec, over, 20 * MINUTE_MS).incidents;
  last = {
    alarms: ALARMS,
    openedMs: Math.round(openedMs),
    endedMs: Math.round(performance.now() - endMs),
    incidents: new Set([...opened, ...ended].map(({ incidentId }) => incidentId)).size,
    notifications: [opened, ended].map((records) => records.filter(({ notify }) => notify !== '').length),
    recordBytes: Buffer.byteLength(JSON.stringify(opened.at(-1))),
    heapMb: Number(keptMb.toFixed(1)),
    snapshotMb: Number(snapshotMb.toFixed(1)),
  };
  process.stdout.write(`${JSON.stringify(last)}\n`);
}
if (last.incidents !== 1 || last.notifications.some((count) => count !== 1)) {
  process.stderr.write('not one incident with one notification and its end\n');
  process.exitCode = 1;
}
