import { describe, expect, it } from 'vitest';
import { followRetrain, passRetrain } from '../../src/action/follow.ts';
import { incidentDueMs, noteIncidents, STANDING_MAX } from '../../src/action/incidents.ts';
import { createRetrainState, type RetrainState } from '../../src/action/retrain.ts';
import type { Alert, Incident, Retrain, RetrainSpec, ServiceSpec } from '../../src/records.ts';
import { makeAlert, makeSpec, rangesOf } from './support.ts';

const specOf = (
  incidents: Partial<NonNullable<RetrainSpec['incidents']>> = {},
  retrain: Partial<RetrainSpec> = {},
): ServiceSpec =>
  makeSpec({
    mode: 'automatic',
    on: [],
    cooldownMs: 0,
    incidents: { level: 'critical', alarms: 1, forMs: 0, ...incidents },
    ...retrain,
  });

function incidentOf(atMs: number, over: Partial<Incident> = {}): Incident {
  const incidentId = over.incidentId ?? 'i1';
  return {
    id: `${incidentId}@${atMs}`,
    incidentId,
    service: 'fraud',
    state: 'open',
    level: 'critical',
    notify: '',
    summary: 'amount has moved',
    muted: '',
    isStorm: false,
    onsetMs: 40,
    openedMs: 50,
    atMs,
    firing: 3,
    mutedAlarms: 0,
    fired: 3,
    rules: ['drift'],
    inputs: ['amount'],
    segments: [],
    alarms: [],
    configDigest: 'digest-1',
    ...over,
  };
}

interface Event {
  atMs: number;
  incidents?: Incident[];
  alerts?: Alert[];
}

/** Events in the order of time; `steps` cuts the time between them into more. */
function run(spec: ServiceSpec, events: readonly Event[], throughMs: number, steps = 1) {
  let state: RetrainState = createRetrainState();
  const said: (string | number)[][] = [];
  const records: Retrain[] = [];
  let nowMs = 0;
  const happen = (atMs: number, { incidents = [], alerts = [] }: Omit<Event, 'atMs'>): void => {
    for (let step = 1; step <= steps; step++) {
      const untilMs = step === steps ? atMs : nowMs + Math.floor(((atMs - nowMs) * step) / (steps + 1));
      const now = step === steps ? { incidents, alerts } : { incidents: [], alerts: [] };
      records.push(...followRetrain(state, spec, { passed: [], composed: [], ...now }, untilMs, rangesOf));
      state = JSON.parse(JSON.stringify(state));
    }
    nowMs = atMs;
  };
  for (const { atMs, ...event } of events) happen(atMs, event);
  happen(throughMs, {});
  for (const { reason, data } of records) said.push([reason, data.fromMs, data.toMs]);
  return { said, records, state };
}

const at = (atMs: number, ...over: Partial<Incident>[]): Event => ({
  atMs,
  incidents: (over.length === 0 ? [{}] : over).map((one) => incidentOf(atMs, one)),
});
const SAID = 'critical incident since 1970-01-01T00:00:00.050Z: amount has moved';

const SCENARIOS: [string, ServiceSpec, Event[], (string | number)[][]][] = [
  [
    'an incident asks when it opens, with its data from the onset on',
    specOf(),
    [at(50), at(60)],
    [[SAID, 10, 50]],
  ],
  ['below the level it does not', specOf(), [at(50, { level: 'warning' })], []],
  [
    'it asks when it rises, since then',
    specOf({ forMs: 20 }),
    [at(50, { level: 'warning' }), at(60)],
    [['critical incident since 1970-01-01T00:00:00.060Z: amount has moved', 10, 80]],
  ],
  ['with too few alarms it does not', specOf({ alarms: 4 }), [at(50)], []],
  ['of which muted ones are none', specOf({ alarms: 3 }), [at(50, { mutedAlarms: 1 })], []],
  ['after a time', specOf({ forMs: 30 }), [at(50), at(70), at(75, { firing: 9 })], [[SAID, 10, 80]]],
  ['not if it is resolved before', specOf({ forMs: 30 }), [at(50), at(79, { state: 'resolved' })], []],
  ['at that very time it is over too', specOf({ forMs: 30 }), [at(50), at(80, { state: 'resolved' })], []],
  ['not if it has gone over into a storm', specOf({ forMs: 30 }), [at(50), at(60, { state: 'merged' })], []],
  [
    'a break begins the time anew',
    specOf({ forMs: 30 }),
    [at(50), at(70, { firing: 0 }), at(72)],
    [['critical incident since 1970-01-01T00:00:00.072Z: amount has moved', 10, 102]],
  ],
  [
    'of two at once the earlier onset asks, and the request is there for both',
    specOf(),
    [at(50, { incidentId: 'a', onsetMs: 45 }, { incidentId: 'b', summary: 'answers are wrong' }), at(60)],
    [
      ['critical incident since 1970-01-01T00:00:00.050Z: answers are wrong', 10, 50],
      ['critical incident since 1970-01-01T00:00:00.060Z: amount has moved', 10, 60],
    ],
  ],
  [
    'in a cooldown it waits for its end',
    specOf({}, { cooldownMs: 100 }),
    [
      at(50),
      at(90, { incidentId: 'b' }),
      at(95, { incidentId: 'c' }),
      at(120, { incidentId: 'c', state: 'resolved' }),
    ],
    [
      [SAID, 10, 50],
      ['critical incident since 1970-01-01T00:00:00.090Z: amount has moved', 10, 150],
    ],
  ],
  [
    'an alert of the same time has asked already',
    specOf({}, { on: ['drift'] }),
    [{ atMs: 50, alerts: [makeAlert(50)], incidents: [incidentOf(50)] }],
    [['drift: critical on amount', 10, 50]],
  ],
  [
    'and what is due before an alert asks before it',
    specOf({ forMs: 30 }, { on: ['drift'] }),
    [at(50), { atMs: 90, alerts: [makeAlert(90)] }],
    [
      [SAID, 10, 80],
      ['drift: critical on amount', 50, 90],
    ],
  ],
];

describe('an incident that stays', () => {
  it.each(SCENARIOS)('%s', (_name, spec, events, said) => {
    const straight = run(spec, events, 300);
    expect(straight.said).toEqual(said);
    for (const steps of [2, 7]) expect(run(spec, events, 300, steps)).toEqual(straight);
  });

  it('has no triggers, and asks once for as long as it is as bad', () => {
    const { records, state } = run(specOf(), [at(50), at(60), at(70, { firing: 9 })], 400);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ state: 'approved', triggers: [], atMs: 50 });
    expect(state.incidents).toMatchObject({ i1: { isAsked: true, heard: 9 } });
    expect(incidentDueMs(state, specOf())).toBe(Number.POSITIVE_INFINITY);
  });

  it('is looked at again under another configuration, and forgotten without one', () => {
    const state = createRetrainState();
    noteIncidents(state, specOf({ forMs: 30 }), [incidentOf(50)]);
    expect(incidentDueMs(state, specOf({ forMs: 70 }))).toBe(120);
    expect(passRetrain(state, specOf({ alarms: 4 }), 200, rangesOf)).toEqual([]);
    noteIncidents(state, makeSpec(), []);
    expect(state).not.toHaveProperty('incidents');
  });

  it('is followed up to a bound', () => {
    const state = createRetrainState();
    const many = Array.from({ length: STANDING_MAX + 5 }, (_, i) => incidentOf(50, { incidentId: `i${i}` }));
    noteIncidents(state, specOf({ forMs: 1_000 }), many);
    expect(Object.keys(state.incidents!)).toHaveLength(STANDING_MAX);
    noteIncidents(state, specOf({ forMs: 1_000 }), [incidentOf(60, { incidentId: 'i7', firing: 8 })]);
    expect(state.incidents!.i7!.heard).toBe(8);
  });
});
