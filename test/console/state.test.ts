import { expect, test } from 'vitest';
import type { ConsoleEvent } from '../../src/console/source.ts';
import { createConsoleState } from '../../src/console/state.ts';
import type { RuleSpec } from '../../src/records.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, makeSpec, T0 } from './records.ts';

const KEY = { metric: 'psi', subject: 'amount', model: '', segment: '*' };
const fresh = () => createConsoleState([makeSpec('fraud'), makeSpec('housing')]);

test('the light follows results and firing alarms', () => {
  const state = fresh();
  const light = () => state.services()[0]?.light;
  expect(light()).toBe('grey');
  state.apply({ result: makeResult(0) });
  expect(light()).toBe('green');
  state.apply({ alert: makeAlert('a1') });
  expect(light()).toBe('yellow');
  state.apply({ alert: makeAlert('a2', { fingerprint: 'f2', level: 'critical' }) });
  expect(light()).toBe('red');
  expect(state.services()[0]?.firing.map((alert) => alert.id)).toEqual(['a2', 'a1']);
  state.apply({ alert: makeAlert('a3', { fingerprint: 'f2', level: 'critical', state: 'resolved' }) });
  expect(light()).toBe('yellow');
  state.apply({ alert: makeAlert('a2', { fingerprint: 'f2', level: 'critical' }) });
  expect(light(), 'a transition that comes twice does not fire again').toBe('yellow');
  expect(state.services()[1]?.light).toBe('grey');
});

test('history is in order of time, a later revision replaces, an earlier one does not', () => {
  const state = fresh();
  for (const window of [0, 2, 1]) state.apply({ result: makeResult(window) });
  state.apply({ result: makeResult(2, { revision: 1, value: null, reason: 'too few' }) });
  state.apply({ result: makeResult(2, { revision: 0, value: 9 }) });
  expect(state.history('fraud', KEY).map((point) => [point.windowEndMs, point.value])).toEqual([
    [T0 + HOUR_MS, 0],
    [T0 + 2 * HOUR_MS, 0.01],
    [T0 + 3 * HOUR_MS, null],
  ]);
  expect(state.results('fraud')).toMatchObject([{ windowEndMs: T0 + 3 * HOUR_MS, revision: 1, value: null }]);
  expect(state.services()[0]?.eventTimeMs).toBe(T0 + 3 * HOUR_MS);
});

test('memory is bounded: 500 points a series where there are many, 2,000 series a service, 200 alerts and retrain records', () => {
  const state = fresh();
  for (let window = 0; window < 600; window++) state.apply({ result: makeResult(window) });
  expect(state.history('fraud', KEY), 'one series alone reaches far back').toHaveLength(600);
  for (let i = 0; i < 2_000; i++) {
    state.apply({ result: makeResult(600 + i, { subject: `s${i}` }) });
    // The first series has news all the time, so it is not the one to go.
    if (i % 500 === 0) state.apply({ result: makeResult(600 + i) });
  }
  const subjects = state.results('fraud').map((result) => result.subject);
  expect(subjects).toHaveLength(2_000);
  expect(subjects).toContain('amount');
  expect(subjects).not.toContain('s0');
  for (let window = 2_600; window < 3_200; window++) state.apply({ result: makeResult(window) });
  const history = state.history('fraud', KEY);
  expect(history).toHaveLength(500);
  expect(history[0]?.windowEndMs).toBe(T0 + 2_701 * HOUR_MS);
  for (let i = 0; i < 250; i++) {
    state.apply({ alert: makeAlert(`a${i}`), retrain: undefined });
    state.apply({ retrain: makeRetrain(`t${i}`) });
  }
  expect(state.alerts()).toHaveLength(200);
  expect(state.alerts()[0]?.id).toBe('a249');
  expect(state.retrains().map((record) => record.id)[199]).toBe('t50');
});

test('open incidents stand with their last record, critical first and then the longest; a service counts its own', () => {
  const state = fresh();
  const apply = (id: string, over: Parameters<typeof makeIncident>[0]) =>
    state.apply({ incident: makeIncident({ id, incidentId: id.slice(0, 1), ...over }) });
  const open = () => state.incidents().map(({ id }) => id);
  const counts = () => state.services().map(({ openIncidents }) => openIncidents);
  expect([open(), counts()]).toEqual([[], [0, 0]]);
  apply('a1', { level: 'warning', onsetMs: T0 });
  apply('b1', { onsetMs: T0 + 2 });
  apply('c1', { onsetMs: T0 + 1, service: 'housing' });
  apply('x1', { service: 'nobody' });
  expect([open(), counts()]).toEqual([
    ['c1', 'b1', 'a1'],
    [2, 1],
  ]);
  apply('a2', { level: 'critical', onsetMs: T0 });
  expect(open()).toEqual(['a2', 'c1', 'b1']);
  apply('b2', { state: 'resolved' });
  apply('c2', { state: 'merged', service: 'housing' });
  apply('b1', { onsetMs: T0 + 2 });
  expect([open(), counts()], 'a record that comes twice does not open it again').toEqual([['a2'], [1, 0]]);
  for (let i = 0; i < 1_500; i++) apply(`${String.fromCharCode(1_000 + i)}1`, {});
  expect(counts()).toEqual([1_000, 0]);
});

test('the last 20 steps of a roll-out stand newest first, without plan and table, with the level of the last table', () => {
  const state = fresh();
  const step = (seq: number, over: Parameters<typeof makeRollout>[0] = {}) =>
    state.apply({ rollout: makeRollout({ id: `o${seq}`, seq, table: '', ...over }) });
  const seen = () => state.rollouts().map(({ service, seq, level }) => [service, seq, level]);
  step(1);
  step(2, { table: '{"level":"partial"}' });
  step(3);
  step(1);
  step(7, { service: 'housing', table: '{"level":"assist"}' });
  step(1, { service: 'nobody' });
  expect(seen()).toEqual([
    ['fraud', 3, 'partial'],
    ['fraud', 2, 'partial'],
    ['fraud', 1, ''],
    ['housing', 7, 'assist'],
  ]);
  expect(state.rollouts()[0]).not.toHaveProperty('spec');
  expect(state.rollouts()[0]).not.toHaveProperty('table');
  expect(state.rollouts()[0]).not.toHaveProperty('split');
  for (let seq = 4; seq < 100; seq++) step(seq);
  expect(seen().map(([, seq]) => seq)).toEqual([...Array.from({ length: 20 }, (_, i) => 99 - i), 7]);
});

test('history has the interval of each value', () => {
  const state = fresh();
  state.apply({ result: makeResult(0, { low: 0.1, high: 0.3 }) });
  state.apply({ result: makeResult(1) });
  expect(state.history('fraud', KEY)).toEqual([
    { windowEndMs: T0 + HOUR_MS, value: 0, low: 0.1, high: 0.3, n: 100 },
    { windowEndMs: T0 + 2 * HOUR_MS, value: 0.01, low: null, high: null, n: 101 },
  ]);
});

test('an incident that is over is still known, with all its records', () => {
  const state = fresh();
  const apply = (id: string, over: Parameters<typeof makeIncident>[0] = {}) =>
    state.apply({ incident: makeIncident({ id, ...over }) });
  apply('i1');
  apply('i2', { state: 'resolved' });
  apply('x1', { incidentId: 'other' });
  expect(state.pastIncidents().map(({ id }) => id)).toEqual(['i2']);
  expect(state.incident('incident-1').map(({ id }) => id)).toEqual(['i2', 'i1']);
  expect(state.incident('nothing')).toEqual([]);
  for (let i = 0; i < 300; i++) apply(`y${i}`, { incidentId: `y${i}`, state: 'resolved' });
  expect(
    state.incident('other').map(({ id }) => id),
    'it is open for longer than records are kept',
  ).toEqual(['x1']);
});

test('the first rule that has results gives the headline of a service', () => {
  const rule = (over: Partial<RuleSpec>): RuleSpec => ({
    ...{ name: 'drift', metric: 'psi', subject: '*', model: '', segment: '*', nMin: 0, forMs: 0 },
    ...{ warning: { op: '>', value: 0.2 }, critical: null, coverageMin: null },
    ...over,
  });
  const rules = [rule({ name: 'none', metric: 'ks' }), rule({ segment: 'each' }), rule({ name: 'whole' })];
  const state = createConsoleState([{ ...makeSpec('fraud'), rules }, makeSpec('housing')]);
  state.apply({ result: makeResult(0, { segment: 'country=de' }) });
  state.apply({ result: makeResult(0, { service: 'housing' }) });
  state.apply({ result: makeResult(1, { segment: 'country=de' }) });
  expect(state.headlines()).toEqual([
    {
      ...{ service: 'fraud', rule: 'drift', series: { ...KEY, segment: 'country=de' } },
      points: [
        [T0 + HOUR_MS, 0],
        [T0 + 2 * HOUR_MS, 0.01],
      ],
    },
  ]);
  expect(state.facts('fraud')?.rules[2]).toEqual({
    ...{ name: 'whole', metric: 'psi', subject: '*', model: '', segment: '*' },
    thresholds: [{ level: 'warning', op: '>', value: 0.2 }],
  });
  expect(state.facts('nobody')).toBe(null);
});

test('counts, streams and unknown services', () => {
  const state = fresh();
  state.count('fraud', 'dead', 2);
  state.count('fraud', 'dead', 3);
  state.count('nobody', 'dead', 3);
  state.stream('fraud', 'requests', 'missing', 'no such topic');
  state.stream('fraud', 'labels', 'flowing');
  state.apply({ result: makeResult(0, { service: 'nobody' }) });
  expect(state.results('nobody')).toEqual([]);
  expect(state.history('nobody', KEY)).toEqual([]);
  expect(state.services()).toMatchObject([
    {
      name: 'fraud',
      counts: { dead: 5 },
      streams: [{ topic: 'fraud.requests', state: 'missing', detail: 'no such topic' }],
    },
    { name: 'housing', counts: {}, streams: [{ state: 'waiting' }] },
  ]);
});

test('subscribers hear of what is new, until they leave', () => {
  const state = fresh();
  const heard: ConsoleEvent['type'][] = [];
  const leave = state.subscribe((event) => heard.push(event.type));
  state.apply({ result: makeResult(0) });
  state.apply({ alert: makeAlert('a1') });
  state.apply({ alert: makeAlert('a1') });
  state.apply({ incident: makeIncident() });
  state.apply({ incident: makeIncident() });
  state.apply({ retrain: makeRetrain('t1') });
  state.apply({ rollout: makeRollout() });
  state.apply({ rollout: makeRollout() });
  leave();
  state.apply({ alert: makeAlert('a2') });
  expect(heard).toEqual(['result', 'alert', 'incident', 'retrain', 'rollout']);
});
