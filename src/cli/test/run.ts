/** Runs one test: the folds of the judge over windows that the test gives. */

import { passTime, stepComposites } from '../../alarm/composite.ts';
import { type AlarmState, type AlarmStates, createAlarmStates, phaseOf } from '../../alarm/state.ts';
import { dropRemovedRules, stepAlarms, stepSilence } from '../../alarm/step.ts';
import type { Firing } from '../../alarm/transitions.ts';
import { DETECTING } from '../../flow/detecting.ts';
import { createJudge, finderOf, type JudgeSnapshot, restoreJudge, snapshotJudge } from '../../flow/judge.ts';
import { type Alert, LEVELS, type Result, type ServiceSpec } from '../../records.ts';
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
  /** From the end of one window of the series to the next: whole hops. */
  intervalMs: number;
  series: readonly Series[];
  /** Configurations that hold for the windows that end later. */
  reloads: readonly { atMs: number; spec: ServiceSpec }[];
  /** 'every': after each window. */
  restarts: readonly (number | 'every')[];
  /** When the alarms are looked at. */
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
}

export interface Outcome {
  alerts: Alert[];
  /** By the time of the look. */
  seen: Map<number, Seen[]>;
}

/** The end of window `i`; time 0 is the start of the first. */
export const endMs = (spec: ServiceSpec, intervalMs: number, i: number): number =>
  spec.windows.sizeMs + i * intervalMs;

/**
 * Runs a plan in event time. At each time windows that end there come first, with those that stayed away before and until then, as the judge
 * has it; then a reload, a restart, and at last the look, so that it sees all that was told by then.
 */
export function run(plan: Plan): Outcome {
  const { intervalMs, series, reloads, looksMs } = plan;
  let { spec } = plan;
  let states = createAlarmStates();
  const outcome: Outcome = { alerts: [], seen: new Map() };
  const length = Math.max(...series.map(({ steps }) => steps.length));
  const windows = new Map(Array.from({ length }, (_, i) => [endMs(spec, intervalMs, i), i] as const));
  const restarts = new Set(plan.restarts);
  const times = new Set([...windows.keys(), ...reloads.map(({ atMs }) => atMs), ...looksMs]);
  for (const time of restarts) if (time !== 'every') times.add(time);
  for (const timeMs of [...times].sort((a, b) => a - b)) {
    const window = windows.get(timeMs);
    const closed = stepSilence(states, spec, SOURCE, timeMs - 1);
    if (window !== undefined) {
      const results = series.flatMap((one) => resultOf(spec, one, window, timeMs) ?? []);
      const judging = { detecting: DETECTING, source: SOURCE, resultOf: finderOf(results) };
      for (const result of results) closed.push(...stepAlarms(states, spec, result, judging));
    }
    closed.push(...stepSilence(states, spec, SOURCE, timeMs));
    outcome.alerts.push(...composed(states, spec, closed, timeMs));
    for (const reload of reloads) {
      if (reload.atMs !== timeMs) continue;
      spec = reload.spec;
      outcome.alerts.push(...composed(states, spec, dropRemovedRules(states, spec, timeMs), timeMs));
    }
    if (restarts.has(timeMs) || (window !== undefined && restarts.has('every')))
      states = restarted(spec.service, states);
    if (looksMs.includes(timeMs)) outcome.seen.set(timeMs, seenOf(spec, Object.values(states.alarms)));
  }
  return outcome;
}

/** Alerts with those that rules over other rules make of them, as the judge has them: a time after the other, and between them time goes by. */
function composed(
  states: AlarmStates,
  spec: ServiceSpec,
  alerts: readonly Alert[],
  throughMs: number,
): Alert[] {
  const times = [...new Set(alerts.map(({ windowEndMs }) => windowEndMs))].sort((a, b) => a - b);
  const all = times.flatMap((timeMs) => {
    const passed = passTime(states, spec, timeMs - 1);
    const own = alerts.filter(({ windowEndMs }) => windowEndMs === timeMs);
    return [...passed, ...own, ...stepComposites(states, spec, own, timeMs)];
  });
  return [...all, ...passTime(states, spec, throughMs)];
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
function restarted(service: string, alarms: AlarmStates): AlarmStates {
  const text = JSON.stringify(snapshotJudge({ ...createJudge(service), alarms }, 0));
  return restoreJudge(JSON.parse(text) as JudgeSnapshot).alarms;
}

function seenOf(spec: ServiceSpec, alarms: readonly AlarmState[]): Seen[] {
  const order = new Map(spec.rules.map(({ name }, i) => [name, i]));
  const rank = ({ rule }: Seen): number => order.get(rule) ?? -1;
  const place = ({ metric, subject, model, segment }: Seen): string =>
    [metric, subject, model, segment].join('\n');
  return alarms
    .flatMap((alarm) => lookAt(alarm) ?? [])
    .sort((a, b) => rank(a) - rank(b) || (place(a) < place(b) ? -1 : 1));
}

function lookAt(alarm: AlarmState): Seen | null {
  const { rule, metric, subject, model, segment, firing, told } = alarm;
  const phase = phaseOf(alarm);
  // What has stayed away is ok where its rule takes it for that.
  if (phase === 'inactive' || (phase === 'no-data' && firing === 'ok')) return null;
  const pending = LEVELS.findLast((one) => alarm.times[one] !== undefined) ?? 'ok';
  const level = phase === 'pending' ? pending : firing;
  return { rule, metric, subject, model, segment, state: phase, level, told };
}
