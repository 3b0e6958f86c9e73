/** Runs one test: the folds of the judge over windows that the test gives. */

import {
  alertsByTime,
  type ConsequenceStates,
  type Consequences,
  passConsequences,
  stepConsequences,
} from '../../alarm/consequences.ts';
import { createIncidentStates } from '../../alarm/incident/state.ts';
import { commandSilence, mutedAt, reconsider } from '../../alarm/incident/step.ts';
import { type AlarmState, createAlarmStates, phaseOf } from '../../alarm/state.ts';
import { dropRemovedRules, stepAlarms, stepSilence } from '../../alarm/step.ts';
import type { Firing } from '../../alarm/transitions.ts';
import { assert } from '../../errors.ts';
import { DETECTING } from '../../flow/detecting.ts';
import { createJudge, finderOf, type JudgeSnapshot, restoreJudge, snapshotJudge } from '../../flow/judge.ts';
import {
  type Alert,
  type Command,
  type Incident,
  LEVELS,
  type Result,
  type ServiceSpec,
} from '../../records.ts';
import type { Step } from './notation.ts';

/** The results of one metric, subject, model and segment, window by window. */
export interface Series {
  metric: string;
  subject: string;
  model: string;
  segment: string;
  family: Result['family'];
  steps: readonly Step[];
  /** As long as `steps`. */
  n: readonly number[];
}

export interface Plan {
  spec: ServiceSpec;
  /** Event time of time 0, a multiple of the hop; all other times of a plan are from there on. */
  startMs: number;
  /** From the end of one window of the series to the next: whole hops. */
  intervalMs: number;
  series: readonly Series[];
  /** Configurations that hold for the windows that end later. */
  reloads: readonly { atMs: number; spec: ServiceSpec }[];
  /** 'every': after each window. */
  restarts: readonly (number | 'every')[];
  /** What people ask for, after a reload of the same time. */
  commands: readonly { atMs: number; command: Command }[];
  /** When the alarms and the incidents are looked at. */
  looksMs: readonly number[];
}

/** An alarm that is not ok. */
export interface Seen {
  rule: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  state: 'pending' | 'firing' | 'no-data';
  /** Of one that is pending the highest that is. */
  level: Firing;
  told: Firing;
  /** Why nobody hears of it; '': somebody does, or it does not fire. */
  muted: string;
}

/** What is there at the time of a look. */
export interface Look {
  alarms: Seen[];
  /** The last record of each that is open, the oldest first. */
  incidents: Incident[];
}

/** Records have event times. */
export interface Outcome {
  alerts: Alert[];
  incidents: Incident[];
  /** By the time of the look. */
  seen: Map<number, Look>;
}

/** The end of window `i`; time 0 is the start of the first. */
export const endMs = (spec: ServiceSpec, intervalMs: number, i: number): number =>
  spec.windows.sizeMs + i * intervalMs;

/** A run, as far as it is. */
interface Running {
  spec: ServiceSpec;
  states: ConsequenceStates;
  outcome: Outcome;
}

/**
 * Runs a plan in event time. At each time windows that end there come first, with those that stayed away before and until then, as the judge
 * has it; then a reload, commands, a restart, and at last the look, so that it sees all that was told by then.
 */
export function run(plan: Plan): Outcome {
  const { startMs, intervalMs, series, reloads, commands, looksMs } = plan;
  const states = { alarms: createAlarmStates(), incidents: createIncidentStates() };
  const outcome: Outcome = { alerts: [], incidents: [], seen: new Map() };
  const running: Running = { spec: plan.spec, states, outcome };
  const length = Math.max(...series.map(({ steps }) => steps.length));
  const windows = new Map(Array.from({ length }, (_, i) => [endMs(plan.spec, intervalMs, i), i] as const));
  const restarts = new Set(plan.restarts);
  const times = new Set([...windows.keys(), ...looksMs]);
  for (const { atMs } of [...reloads, ...commands]) times.add(atMs);
  for (const time of restarts) if (time !== 'every') times.add(time);
  for (const atMs of [...times].sort((a, b) => a - b)) {
    const timeMs = startMs + atMs;
    const window = windows.get(atMs);
    closeWindows(running, plan, window, timeMs);
    for (const reload of reloads) if (reload.atMs === atMs) reloaded(running, reload.spec, timeMs);
    for (const { atMs: askedMs, command } of commands) if (askedMs === atMs) asked(running, command);
    if (restarts.has(atMs) || (window !== undefined && restarts.has('every')))
      running.states = restarted(running.spec.service, running.states);
    if (looksMs.includes(atMs)) outcome.seen.set(atMs, lookAround(running, timeMs));
  }
  return outcome;
}

/** @param window that ends at the time; undefined: none does */
function closeWindows(running: Running, { series }: Plan, window: number | undefined, timeMs: number): void {
  const { spec } = running;
  const { alarms } = running.states;
  const closed = stepSilence(alarms, spec, SOURCE, timeMs - 1);
  if (window !== undefined) {
    const results = series.flatMap((one) => resultOf(spec, one, window, timeMs) ?? []);
    const judging = { detecting: DETECTING, source: SOURCE, resultOf: finderOf(results) };
    for (const result of results) closed.push(...stepAlarms(alarms, spec, result, judging));
  }
  closed.push(...stepSilence(alarms, spec, SOURCE, timeMs));
  follow(running, closed, timeMs);
}

/** Takes alerts with what follows from them, as the judge does: a time after the other, and between them time goes by. */
function follow({ states, spec, outcome }: Running, alerts: readonly Alert[], throughMs: number): void {
  const put = ({ passed, composed, incidents }: Consequences, own: readonly Alert[]): void => {
    outcome.alerts.push(...passed, ...own, ...composed);
    outcome.incidents.push(...incidents);
  };
  for (const [timeMs, due] of alertsByTime(alerts.map((alert) => ({ dueMs: alert.windowEndMs, alert })))) {
    const asClosed = alerts.filter(({ windowEndMs }) => windowEndMs === timeMs);
    put(stepConsequences(states, spec, due, timeMs), asClosed);
  }
  put(passConsequences(states, spec, throughMs), []);
}

function reloaded(running: Running, spec: ServiceSpec, timeMs: number): void {
  const { states, outcome } = running;
  running.spec = spec;
  const ended = dropRemovedRules(states.alarms, spec, timeMs);
  outcome.incidents.push(...reconsider(states.incidents, spec));
  follow(running, ended, timeMs);
}

function asked({ states, spec, outcome }: Running, command: Command): void {
  const { incidents, refused } = commandSilence(states.incidents, spec, command);
  assert(refused === null, `commands are checked when a file is read: ${refused}`);
  outcome.incidents.push(...incidents);
}

/** All series of a test close their windows together. */
const SOURCE = 'test';

function resultOf(spec: ServiceSpec, series: Series, window: number, windowEndMs: number): Result | null {
  const { metric, subject, model, segment, family, steps, n } = series;
  const value = steps[window];
  if (value === undefined) return null;
  return {
    id: '',
    service: spec.service,
    family,
    metric,
    subject,
    model,
    segment,
    windowStartMs: windowEndMs - spec.windows.sizeMs,
    windowEndMs,
    revision: 0,
    value,
    reason: value === null ? 'no value' : '',
    low: null,
    high: null,
    p: null,
    n: n[window]!,
    coverage: null,
    expected: null,
    final: true,
  };
}

/** Through the snapshot of the judge, as a new process would read it. */
function restarted(service: string, states: ConsequenceStates): ConsequenceStates {
  const text = JSON.stringify(snapshotJudge({ ...createJudge(service), ...states }, 0));
  const { alarms, incidents } = restoreJudge(JSON.parse(text) as JudgeSnapshot);
  return { alarms, incidents };
}

function lookAround({ spec, states, outcome }: Running, timeMs: number): Look {
  const last = new Map(outcome.incidents.map((incident) => [incident.incidentId, incident]));
  const incidents = [...last.values()].filter(({ state }) => state === 'open');
  return { alarms: seenOf(spec, states, timeMs), incidents };
}

function seenOf(spec: ServiceSpec, { alarms, incidents }: ConsequenceStates, timeMs: number): Seen[] {
  const order = new Map(spec.rules.map(({ name }, i) => [name, i]));
  const rank = ({ rule }: Seen): number => order.get(rule) ?? -1;
  const place = ({ metric, subject, model, segment }: Seen): string =>
    [metric, subject, model, segment].join('\n');
  const mutedBy = mutedAt(incidents, spec, timeMs);
  const mutedOf = (fingerprint: string): string => {
    const member = incidents.open.find(({ members }) => members[fingerprint]?.isFiring)?.members[fingerprint];
    return member === undefined ? '' : mutedBy(member);
  };
  return Object.values(alarms.alarms)
    .flatMap((alarm) => lookAt(alarm, mutedOf(alarm.fingerprint)) ?? [])
    .sort((a, b) => rank(a) - rank(b) || (place(a) < place(b) ? -1 : 1));
}

function lookAt(alarm: AlarmState, muted: string): Seen | null {
  const { rule, metric, subject, model, segment, firing, told } = alarm;
  const phase = phaseOf(alarm);
  // What has stayed away is ok where its rule takes it for that.
  if (phase === 'inactive' || (phase === 'no-data' && firing === 'ok')) return null;
  const pending = LEVELS.findLast((one) => alarm.times[one] !== undefined) ?? 'ok';
  const level = phase === 'pending' ? pending : firing;
  return { rule, metric, subject, model, segment, state: phase, level, told, muted };
}
