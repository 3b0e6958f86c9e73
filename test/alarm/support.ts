import { createAlarmStates, phaseOf } from '../../src/alarm/state.ts';
import { stepAlarms } from '../../src/alarm/step.ts';
import type { Alert, Result, RuleSpec, ServiceSpec } from '../../src/records.ts';

export const MINUTE_MS = 60_000;

export function makeRule(over: Partial<RuleSpec> = {}): RuleSpec {
  return {
    name: 'drift',
    metric: 'psi',
    subject: '*',
    model: '*',
    segment: '*',
    warning: { op: '>', value: 0.1 },
    critical: { op: '>', value: 0.25 },
    nMin: 100,
    coverageMin: null,
    forMs: 0,
    ...over,
  };
}

export function makeSpec(rules: RuleSpec[], over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    service: 'fraud',
    description: '',
    streams: [],
    inputs: [],
    outputs: [],
    models: [],
    segments: [['country']],
    windows: {
      sizeMs: MINUTE_MS,
      hopMs: MINUTE_MS,
      latenessMs: 0,
      graceMs: 0,
      idleAfterMs: MINUTE_MS,
      maxFutureMs: MINUTE_MS,
      maxPastMs: null,
    },
    maxDelayMs: 0,
    revisionsMs: [60_000],
    limits: {
      segmentsMax: 10,
      categoriesMax: 10,
      openWindowsMax: 10,
      pendingJoinsMax: 10,
      messageBytesMax: 1000,
    },
    baseline: null,
    rules,
    retrain: null,
    digest: 'digest-1',
    ...over,
  };
}

/** The result of window `i` (1-based end in steps of a minute unless told otherwise). */
export function makeResult(i: number, value: number | null, over: Partial<Result> = {}): Result {
  const endMs = i * MINUTE_MS;
  return {
    id: `r${i}`,
    service: 'fraud',
    family: 'input',
    metric: 'psi',
    subject: 'amount',
    model: '',
    segment: '*',
    windowStartMs: endMs - MINUTE_MS,
    windowEndMs: endMs,
    revision: 0,
    coverage: null,
    expected: null,
    final: true,
    value,
    reason: '',
    n: 1203,
    low: null,
    high: null,
    p: null,
    ...over,
  };
}

/** '.' fine, 'w' beyond warning, 'c' beyond critical, '?' no value, 'f' beyond critical from too few samples. */
export function resultOf(letter: string, i: number, over: Partial<Result> = {}): Result {
  const values: Record<string, number | null> = { '.': 0.05, w: 0.2, c: 0.42, '?': null, f: 0.42 };
  const value = values[letter];
  if (value === undefined) throw new Error(`no such letter: ${letter}`);
  return makeResult(i, value, letter === 'f' ? { n: 99, ...over } : over);
}

/** Through JSON, as a snapshot and a restart would do it. */
export function restart<T>(state: T): T {
  return JSON.parse(JSON.stringify(state)) as T;
}

/** Of levels in the expectations of a test. */
export const LETTERS = { ok: 'O', info: 'I', warning: 'W', critical: 'C' };

/** Runs a series, a letter a minute; a restart after each step when asked. 'p' in levels: pending. */
export function run(spec: ServiceSpec, letters: string, isRestarting = false) {
  let states = createAlarmStates();
  let levels = '';
  const alerts: Alert[] = [];
  [...letters].forEach((letter, i) => {
    alerts.push(...stepAlarms(states, spec, resultOf(letter, i + 1)));
    if (isRestarting) states = restart(states);
    const alarm = Object.values(states.alarms)[0];
    levels += alarm === undefined ? '-' : phaseOf(alarm) === 'pending' ? 'p' : LETTERS[alarm.firing];
  });
  const events = alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state} ${a.level}`);
  return { states, levels, alerts, events };
}
