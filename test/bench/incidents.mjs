// One window in which thousands of alarms of one cause fire, and a later one in which they end: how long it takes from the results to the incident, and what is kept.
// `npm run bench -- incidents [--alarms 10000] [--rounds 5]`
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { stepConsequences } from '../../dist/alarm/consequences.js';
import { createIncidentStates } from '../../dist/alarm/incident/state.js';
import { createAlarmStates } from '../../dist/alarm/state.js';
import { stepAlarms } from '../../dist/alarm/step.js';

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
  rules: [
    {
      name: 'drift',
      metric: 'psi',
      subject: '*',
      model: '*',
      segment: 'each',
      warning: { op: '>', value: 0.1 },
      critical: { op: '>', value: 0.25 },
      nMin: 100,
      coverageMin: null,
      forMs: 0,
    },
  ],
  digest: 'bench',
};

/** Results of 20 inputs in hundreds of segments, all of them moved or none. */
function resultsOf(hasMoved, endMs) {
  return Array.from({ length: ALARMS }, (_, i) => ({
    metric: 'psi',
    subject: INPUTS[i % INPUTS.length],
    model: '',
    segment: `city=${Math.floor(i / INPUTS.length)}`,
    windowStartMs: endMs - MINUTE_MS,
    windowEndMs: endMs,
    value: hasMoved ? 0.2 + (i % 7) / 50 : 0.01,
    n: 1_000,
    coverage: null,
    final: true,
  }));
}

const heapMb = () => {
  gc();
  return process.memoryUsage().heapUsed / 1e6;
};

let last;
for (let round = 1; round <= Number(options.rounds); round++) {
  const states = { alarms: createAlarmStates(), incidents: createIncidentStates() };
  const step = (results, atMs) => {
    const alerts = results.flatMap((result) => stepAlarms(states.alarms, spec, result));
    return { alerts: alerts.length, records: stepConsequences(states, spec, alerts, atMs).incidents };
  };
  const firing = resultsOf(true, 10 * MINUTE_MS);
  const over = resultsOf(false, 20 * MINUTE_MS);
  const beforeMb = heapMb();
  const startMs = performance.now();
  const opened = step(firing, 10 * MINUTE_MS);
  const openedMs = performance.now() - startMs;
  const keptMb = heapMb() - beforeMb;
  const snapshotMb = JSON.stringify(states.incidents).length / 1e6;
  const endMs = performance.now();
  const ended = step(over, 20 * MINUTE_MS);
  last = {
    alarms: opened.alerts,
    openedMs: Math.round(openedMs),
    endedMs: Math.round(performance.now() - endMs),
    incidents: new Set([...opened.records, ...ended.records].map(({ incidentId }) => incidentId)).size,
    notifications: [opened, ended].map(({ records }) => records.filter(({ notify }) => notify !== '').length),
    recordBytes: Buffer.byteLength(JSON.stringify(opened.records.at(-1))),
    /** Alarms and incidents. */
    heapMb: Number(keptMb.toFixed(1)),
    /** Of the incidents in the judge's snapshot; the alarms are beside them. */
    snapshotMb: Number(snapshotMb.toFixed(1)),
  };
  process.stdout.write(`${JSON.stringify(last)}\n`);
}
if (last.alarms !== ALARMS || last.incidents !== 1 || last.notifications.some((count) => count !== 1)) {
  process.stderr.write('not one incident with one notification and its end\n');
  process.exitCode = 1;
}
