import { describe, expect, it } from 'vitest';
import { passRetrain } from '../../src/action/follow.ts';
import { lastRegretDueMs, noteRegret, REGRET_WINDOWS_MAX } from '../../src/action/regret.ts';
import {
  commandRetrain,
  createRetrainState,
  noteAlerts,
  type RetrainState,
} from '../../src/action/retrain.ts';
import type { RegretSpec, Result, Retrain, RetrainSpec, ServiceSpec } from '../../src/records.ts';
import { randomOf } from '../scenario/support.ts';
import { makeAlert, makeCommand, makeSpec, rangesOf } from './support.ts';

const REGRET: RegretSpec = {
  metric: 'mae',
  subject: '*',
  model: 'ridge',
  worse: 'larger',
  reference: 2,
  costPerRow: 0.5,
  costOfTraining: 100,
};

/** Tumbling windows of 10 ms; automatic, so that a request is gone when it has gone out. */
function specOf(
  regret: Partial<RegretSpec> = {},
  retrain: Partial<RetrainSpec> = {},
  hopMs = 10,
): ServiceSpec {
  const spec = makeSpec({
    mode: 'automatic',
    on: [],
    cooldownMs: 0,
    ...retrain,
    regret: { ...REGRET, ...regret },
  });
  return { ...spec, windows: { ...spec.windows, hopMs } };
}

const resultOf = (endMs: number, value: number | null, n: number, over: Partial<Result> = {}): Result => ({
  id: `r${endMs}`,
  service: 'fraud',
  family: 'performance',
  metric: 'mae',
  subject: 'price',
  model: 'ridge',
  segment: '*',
  windowStartMs: endMs - 10,
  windowEndMs: endMs,
  revision: 0,
  value,
  reason: '',
  n,
  low: null,
  high: null,
  p: null,
  coverage: null,
  expected: null,
  final: true,
  ...over,
});

const none = () => null;
const revived = (state: RetrainState): RetrainState => JSON.parse(JSON.stringify(state));

/** Windows one after the other, as [value, n]; each is passed as soon as it is noted. */
function run(
  spec: ServiceSpec,
  windows: readonly (readonly [number | null, number])[],
  isRestarting = false,
) {
  let state = createRetrainState();
  const records: Retrain[] = [];
  windows.forEach(([value, n], i) => {
    const endMs = (i + 1) * spec.windows.hopMs;
    noteRegret(state, spec, [resultOf(endMs, value, n)], endMs, none);
    if (isRestarting) state = revived(state);
    records.push(...passRetrain(state, spec, endMs, rangesOf));
    if (isRestarting) state = revived(state);
  });
  return { state, records };
}

describe('regret', () => {
  it('asks when the sum reaches the cost of a training, and begins anew', () => {
    // 20 rows that are off by 2 more, at 0.5 each: 20 a window.
    const { state, records } = run(specOf(), Array(12).fill([4, 20]));
    expect(records.map(({ data }) => [data.fromMs, data.toMs])).toEqual([
      [-30, 50],
      [20, 100],
    ]);
    expect(state.regret).toMatchObject({ sum: 40, sinceMs: 100, queue: [] });
  });

  it('says why, and what to train on: from the first window of the sum on, and the lookback', () => {
    const start = Date.parse('2026-03-01T12:00:00Z');
    const state = createRetrainState();
    const spec = specOf({ costPerRow: 0.4, costOfTraining: 500 });
    noteRegret(state, spec, [resultOf(start, 2, 90)], start, none);
    noteRegret(state, spec, [resultOf(start + 10, 3.1, 550)], start + 10, none);
    noteRegret(state, spec, [resultOf(start + 20, 4, 340)], start + 20, none);
    const [record, ...others] = passRetrain(state, spec, start + 20, rangesOf);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      state: 'approved',
      reason: 'regret of 514.00 since 2026-03-01T12:00:00Z reached the cost of a training, 500',
      triggers: [],
      atMs: start + 20,
      data: { fromMs: start - 30, toMs: start + 20, ranges: rangesOf(start - 30, start + 20) },
    });
  });

  it.each<[string, Partial<RegretSpec>, [number | null, number][], number, number | null]>([
    [
      'windows without rows cost nothing',
      {},
      [
        [4, 20],
        [null, 0],
        [4, 20],
      ],
      40,
      0,
    ],
    [
      'a better window pays back',
      {},
      [
        [4, 20],
        [1, 10],
      ],
      15,
      0,
    ],
    [
      'down to 0, where another sum begins',
      {},
      [
        [4, 20],
        [1, 90],
        [3, 10],
      ],
      5,
      20,
    ],
    [
      'small windows count by their rows',
      {},
      [
        [3, 1],
        [5, 1],
        [2.5, 2],
      ],
      2.5,
      0,
    ],
    [
      'where the larger is better',
      { worse: 'smaller', reference: 0.9 },
      [
        [0.8, 100],
        [0.7, 10],
      ],
      6,
      0,
    ],
  ])('%s', (_name, regret, windows, sum, sinceMs) => {
    const { state } = run(specOf(regret), windows);
    expect(state.regret!.sum).toBeCloseTo(sum, 12);
    expect(state.regret!.sinceMs).toBe(sinceMs);
  });

  it('counts each row once where windows overlap', () => {
    const tumbling = run(specOf({ costOfTraining: 1e9 }), Array(100).fill([4, 20])).state.regret!.sum;
    // Ten windows begin within one: each has the same rows as before, and ends ten times as often.
    const hopping = run(specOf({ costOfTraining: 1e9 }, {}, 1), Array(1_000).fill([4, 20])).state.regret!.sum;
    expect(tumbling).toBe(2_000);
    expect(hopping).toBeCloseTo(tumbling, 6);
  });

  it('takes final results of the whole traffic, of the model and the subject that are meant', () => {
    const others: Partial<Result>[] = [
      { final: false },
      { segment: 'country=de' },
      { model: 'shadow' },
      { metric: 'mape' },
      { subject: 'weight' },
    ];
    const state = createRetrainState();
    const spec = specOf({ subject: 'price' });
    const results = others.map((over) => resultOf(10, 90, 90, over));
    noteRegret(state, spec, results, 10, none);
    expect(lastRegretDueMs(state)).toBe(Number.NEGATIVE_INFINITY);
    noteRegret(state, specOf(), [...results, resultOf(10, 3, 2)], 10, none);
    passRetrain(state, specOf({ costOfTraining: 1e9 }), 10, rangesOf);
    expect(state.regret!.sum).toBe(88 * 90 * 0.5 + 1);
  });

  it('takes the reference of the baseline where it is given none, and without one counts nothing', () => {
    const state = createRetrainState();
    const spec = specOf({ reference: null });
    noteRegret(state, spec, [resultOf(10, 9, 9)], 10, none);
    noteRegret(state, spec, [resultOf(20, 9, 9)], 20, ({ windowEndMs }) => windowEndMs / 10);
    passRetrain(state, spec, 20, rangesOf);
    expect(state.regret).toMatchObject({ sum: 7 * 9 * 0.5, sinceMs: 10 });
  });

  it('does not depend on what is read first, nor on a restart at any step', () => {
    const spec = specOf({}, { on: ['drift'], cooldownMs: 15 });
    const random = randomOf(7);
    const windows = Array.from({ length: 400 }, (_, i) => ({
      endMs: (i + 1) * 10,
      value: 1.5 + 3 * random(),
      n: Math.floor(40 * random()),
    }));
    const alertAt = new Set(windows.filter(() => random() < 0.03).map(({ endMs }) => endMs));
    /** The source of the metric is `ahead` windows ahead of the one that gives alerts. */
    const outcome = (ahead: number, isRestarting: boolean) => {
      let state = createRetrainState();
      const records: Retrain[] = [];
      for (let i = 0; i < windows.length + ahead; i++) {
        const noted = windows[i];
        // Labels: a window is due 5 ms after its end.
        if (noted !== undefined) {
          const result = resultOf(noted.endMs, noted.value, noted.n);
          noteRegret(state, spec, [result], noted.endMs + 5, none);
        }
        if (isRestarting) state = revived(state);
        const passed = windows[i - ahead];
        if (passed === undefined) continue;
        records.push(...passRetrain(state, spec, passed.endMs - 1, rangesOf));
        if (alertAt.has(passed.endMs)) noteAlerts(state, spec, [makeAlert(passed.endMs)]);
        records.push(...passRetrain(state, spec, passed.endMs, rangesOf));
        if (isRestarting) state = revived(state);
      }
      return { records, state: JSON.stringify(state) };
    };
    const straight = outcome(0, false);
    const reasons = straight.records.map(({ reason }) => reason.slice(0, 6));
    expect(new Set(reasons)).toEqual(new Set(['regret', 'drift:']));
    expect(outcome(0, true)).toEqual(straight);
    for (const ahead of [1, 7, 100]) expect(outcome(ahead, true).records).toEqual(straight.records);
  });

  it('is bounded while other sources stay behind, and loses nothing of the sum', () => {
    const state = createRetrainState();
    const spec = specOf({ costOfTraining: 1e9 });
    const windows = REGRET_WINDOWS_MAX + 500;
    for (let i = 1; i <= windows; i++) noteRegret(state, spec, [resultOf(i * 10, 4, 1)], i * 10, none);
    expect(state.regret!.queue).toHaveLength(REGRET_WINDOWS_MAX);
    passRetrain(state, spec, windows * 10, rangesOf);
    expect(state.regret).toMatchObject({ sum: windows, sinceMs: 0, queue: [] });
  });

  it('begins anew when something else is summed, and is forgotten when it is not wanted', () => {
    const { state } = run(specOf(), [[4, 20]]);
    const dearer = specOf({ costPerRow: 2 });
    noteRegret(state, dearer, [resultOf(20, 3, 1)], 20, none);
    passRetrain(state, dearer, 20, rangesOf);
    expect(state.regret!.sum).toBe(2);
    const cheap = specOf({ costPerRow: 2, costOfTraining: 3 });
    noteRegret(state, cheap, [resultOf(30, 3, 1)], 30, none);
    expect(passRetrain(state, cheap, 30, rangesOf)).toHaveLength(1);
    noteRegret(state, makeSpec(), [], 40, none);
    expect(state).not.toHaveProperty('regret');
  });
});

describe('the life of a request', () => {
  it('counts nothing in the cooldown, in which the training is on its way', () => {
    const { records } = run(specOf({}, { cooldownMs: 100 }), Array(30).fill([4, 50]));
    // Two windows reach 100; those that end in [20, 120) do not count.
    expect(records.map(({ atMs }) => atMs)).toEqual([20, 130, 240]);
  });

  it('keeps the sum while there may be no more requests', () => {
    const max = { count: 1, periodMs: 75 };
    const { records } = run(specOf({}, { max }), Array(12).fill([4, 50]));
    expect(records.map(({ atMs, data }) => [atMs, data.fromMs])).toEqual([
      [20, -30],
      [100, -10],
    ]);
    expect(records[1]!.reason).toMatch(/^regret of 400\.00 since/);
  });

  it('waits for a person in mode manual, and counts again when it is decided', () => {
    const spec = specOf({}, { mode: 'manual' });
    const { state, records } = run(spec, Array(9).fill([4, 50]));
    expect(records).toMatchObject([{ state: 'requested', atMs: 20 }]);
    commandRetrain(state, spec, makeCommand('reject', records[0]!.retrainId), 90);
    for (const endMs of [100, 110]) noteRegret(state, spec, [resultOf(endMs, 4, 50)], endMs, none);
    expect(passRetrain(state, spec, 110, rangesOf)).toMatchObject([{ atMs: 110, data: { fromMs: 60 } }]);
  });

  it('begins anew with a request that an alert has opened', () => {
    const spec = specOf({}, { on: ['drift'] });
    const { state } = run(spec, [[4, 90]]);
    noteAlerts(state, spec, [makeAlert(20)]);
    noteRegret(state, spec, [resultOf(20, 4, 90)], 20, none);
    expect(passRetrain(state, spec, 20, rangesOf).map(({ reason }) => reason)).toEqual([
      'drift: critical on amount',
    ]);
    expect(state.regret!.sum).toBe(0);
  });
});

/** A world that moves on by steps: a model that was trained later is never worse. */
function staircase(random: () => number, windows: number): number[] {
  let level = 0;
  return Array.from({ length: windows }, () => {
    if (random() < 0.08) level += random() ** 3;
    return level;
  });
}

const ROWS = 40;
/** What the windows and the trainings of the rule cost in all, and its dearest window. */
function costOfRule(levels: readonly number[], costOfTraining: number) {
  const spec = specOf({ costOfTraining });
  const state = createRetrainState();
  let [trained, total, dearest, trainings] = [0, 0, 0, 0];
  levels.forEach((level, i) => {
    const cost = (level - trained) * ROWS * REGRET.costPerRow;
    total += cost;
    dearest = Math.max(dearest, cost);
    const endMs = (i + 1) * 10;
    noteRegret(state, spec, [resultOf(endMs, 2 + level - trained, ROWS)], endMs, none);
    if (passRetrain(state, spec, endMs, rangesOf).length === 0) return;
    trained = level;
    trainings++;
    total += costOfTraining;
  });
  return { total, dearest, trainings };
}

/** The least that somebody pays who knows all levels, by the window after which the model was trained last. */
function optimum(levels: readonly number[], costOfTraining: number): number {
  const best: number[] = [];
  for (let end = 0; end <= levels.length; end++) {
    let least = Number.POSITIVE_INFINITY;
    for (let from = 0; from <= end; from++) {
      const trained = from === 0 ? 0 : levels[from - 1]!;
      const before = from === 0 ? 0 : best[from]! + costOfTraining;
      const cost = levels.slice(from, end).reduce((sum, level) => sum + level - trained, 0);
      if (from < end || from === 0) least = Math.min(least, before + cost * ROWS * REGRET.costPerRow);
    }
    best.push(least);
  }
  return best.at(-1)!;
}

describe('against somebody who knows the future', () => {
  it('costs at most twice as much, and the last window of each request', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const levels = staircase(randomOf(seed), 120);
      const costOfTraining = [20, 60, 200][seed % 3]!;
      const { total, dearest, trainings } = costOfRule(levels, costOfTraining);
      const least = optimum(levels, costOfTraining);
      expect(total, `seed ${seed}`).toBeLessThanOrEqual(2 * least + trainings * dearest + 1e-9);
    }
  });

  it('costs twice as much where a training would have paid at once: the bound is no wider than it must be', () => {
    const levels = Array<number>(400).fill(0.05);
    const { total } = costOfRule(levels, 100);
    expect(total / optimum(levels, 100)).toBeGreaterThan(1.95);
  });
});

describe('without any change', () => {
  it('asks for nothing where sums of what is above the reference would ask again and again', () => {
    const random = randomOf(11);
    const [rate, n, costOfTraining] = [0.02, 50, 500];
    const spec = specOf({ reference: rate, costPerRow: 1, costOfTraining });
    let above = 0;
    const windows = Array.from({ length: 5_000 }, (): [number, number] => {
      let wrong = 0;
      for (let row = 0; row < n; row++) if (random() < rate) wrong++;
      above += Math.max(0, wrong - rate * n);
      return [wrong / n, n];
    });
    expect(run(spec, windows).records).toEqual([]);
    expect(above / costOfTraining).toBeGreaterThan(3);
  });
});
