import { describe, expect, test } from 'vitest';
import { logEFirstWorse } from '../../src/math/e-values.ts';
import { logEAbove } from '../../src/rollout/bets.ts';
import type { Tally } from '../../src/rollout/comparison.ts';
import { logESplit, nToNotice, type SplitCounts } from '../../src/rollout/split.ts';
import {
  decisionOf,
  type MetricRule,
  type Seen,
  type VerdictSpec,
  verdictOf,
} from '../../src/rollout/verdict.ts';
import { noPairs, seenOf, specOf, tallyOf } from './support.ts';

/** 2,000 pairs that show a better, an equal and a worse candidate. */
const good = { n: 2000, better: 150, worse: 70 };
const equal = { n: 2000, better: 80, worse: 80 };
const bad = { n: 2000, better: 70, worse: 150 };
const paired = specOf('paired');

test.each<[string, VerdictSpec, Seen, string, string]>([
  ['a better one', paired, seenOf({ pairs: good }), 'promote', 'wrong differs by -4.00 % (-'],
  ['an equal one', paired, seenOf({ pairs: equal }), 'keep', 'neither harm nor'],
  [
    'a worse one',
    paired,
    seenOf({ pairs: bad }),
    'rollback',
    'wrong of the candidate is worse, by 4.00 % (1.69 % to 6.38 %)',
  ],
  ['an alarm', paired, seenOf({ pairs: good }, { alarms: ['errors'] }), 'rollback', 'alarms fire: errors'],
  [
    'a failed check',
    paired,
    seenOf({ pairs: good }, { checks: [{ name: 'probe', phase: 'failed' }] }),
    'rollback',
    'checks have failed: probe',
  ],
  [
    'a check that cannot be made',
    paired,
    seenOf({ pairs: good }, { checks: [{ name: 'probe', phase: 'error' }] }),
    'no_data',
    'checks cannot be made: probe',
  ],
  [
    'an inconclusive check',
    paired,
    seenOf({ pairs: good }, { checks: [{ name: 'probe', phase: 'inconclusive' }] }),
    'too_few',
    'checks are inconclusive: probe',
  ],
  ['nothing', paired, seenOf({}), 'no_data', 'wrong: the candidate has no answers'],
  ['an unknown metric', paired, { ...seenOf({}), metrics: {} }, 'no_data', 'wrong: the candidate has'],
  [
    'few',
    paired,
    seenOf({ pairs: { n: 60, better: 5, worse: 5 } }),
    'too_few',
    '60 answers of the candidate, 100',
  ],
  [
    'late labels',
    paired,
    seenOf({ pairs: good, due: 9000 }),
    'labels_late',
    '2000 outcomes are known of 9000',
  ],
  ['very late labels', paired, seenOf({ due: 9000 }), 'labels_late', '0 outcomes are known of 9000'],
])('the verdict on %s', (_, spec, seen, expected, reason) => {
  const { verdict, doubt, reason: words } = verdictOf(spec, seen);
  expect(doubt ?? verdict).toBe(expected);
  expect(words).toContain(reason);
  expect(decisionOf(spec, seen)).toEqual({ verdict, doubt });
});

test('harm needs no minimum, and is not hidden by late labels', () => {
  const few = seenOf({ pairs: { n: 40, better: 0, worse: 30 }, due: 4000 });
  expect(verdictOf(paired, few).verdict).toBe('rollback');
});

test('a broken split takes the unpaired evidence away, and no other', () => {
  const split = [{ shares: [0.9, 0.1], counts: [8800, 1200] }];
  const worse: Tally = {
    ...tallyOf(0.1, 0.1),
    candidate: { n: 1000, bad: 400 },
    primary: { n: 9000, bad: 880 },
  };
  const unpaired = specOf('unpaired');
  expect(verdictOf(unpaired, seenOf({ tallies: [worse] })).verdict).toBe('rollback');
  const broken = verdictOf(unpaired, seenOf({ tallies: [worse] }, { split }));
  expect(broken).toMatchObject({ verdict: 'inconclusive', doubt: 'split_broken', needed: null });
  expect(broken.logESplit).toBeGreaterThan(broken.logSplitBoundary);
  expect(verdictOf(paired, seenOf({ pairs: good }, { split })).doubt).toBe('split_broken');
  expect(verdictOf(specOf('both'), seenOf({ pairs: bad, tallies: [worse] }, { split })).verdict).toBe(
    'rollback',
  );
});

test('outcomes that are known of one model more often than of the other are no evidence', () => {
  const skewed: Tally = {
    ...tallyOf(0.5, 0.1),
    candidate: { n: 1000, bad: 400 },
    primary: { n: 3000, bad: 300 },
  };
  const told = verdictOf(specOf('unpaired'), seenOf({ tallies: [skewed] }));
  expect(told).toMatchObject({
    ...{ verdict: 'inconclusive', doubt: 'split_broken', logEWorse: expect.closeTo(0, 9) },
    reason: "wrong: outcomes are known of one model's answers more often than its share",
  });
  // What both have answered is compared whatever the tallies are.
  expect(verdictOf(specOf('both'), seenOf({ pairs: bad, tallies: [skewed] })).verdict).toBe('rollback');
});

test('a metric that has no data in a stage holds nobody up, and lets nobody through', () => {
  const wrong = { metric: 'wrong', evidence: 'paired', margin: 0, tolerance: 0 } as const;
  const redo = { metric: 'redo', evidence: 'unpaired', margin: 0, tolerance: 0 } as const;
  const seen = seenOf({ pairs: good });
  const verdictBy = (...metrics: MetricRule[]): string =>
    verdictOf(specOf('paired', { metrics }), seen).verdict;
  expect(verdictBy(wrong, redo)).toBe('inconclusive');
  expect(verdictBy(wrong, { ...redo, isIdle: true })).toBe('promote');
  expect(verdictBy({ ...redo, isIdle: true })).toBe('keep');
  // The mean over all metrics is the same in every stage, or looking at two of them would be a chance more.
  const weightBy = (...metrics: MetricRule[]): number =>
    verdictOf(specOf('paired', { metrics }), seen).logEWorse;
  expect(weightBy(wrong, { ...redo, isIdle: true })).toBe(weightBy(wrong, redo));
});

describe('a stage in which requests are dealt', () => {
  const at = (n: number, more: SplitCounts[] = []) =>
    verdictOf(
      specOf('paired', { share: 0.1 }),
      seenOf(
        { pairs: good },
        { split: [...more, { shares: [0.9, 0.1], counts: [n - n / 10, n / 10], elsewhere: 0 }] },
      ),
    );
  const none = (n: number): SplitCounts => ({ shares: [0.9, 0.1], counts: [n, 0], elsewhere: 0 });

  test('is not over before a candidate that gets none of them would be noticed', () => {
    const needed = nToNotice([], 0.1, Math.log(1000));
    expect(logESplit([none(needed)])).toBeGreaterThanOrEqual(Math.log(1000));
    expect(logESplit([none(needed - 1)])).toBeLessThan(Math.log(1000));
    expect(needed).toBeGreaterThan(Math.log(1000) / -Math.log(0.9));
    expect(needed).toBeLessThan(250);
    expect(at(needed).verdict).toBe('promote');
    expect(at(needed - 1)).toMatchObject({
      ...{ verdict: 'inconclusive', doubt: 'too_few' },
      reason: `${needed - 1} requests say who answered them at a share of 10.00 %, ${needed} are needed to notice that none reach the candidate`,
    });
    // Whatever was dealt by other shares says nothing about this one.
    expect(at(0, [{ shares: [0.1, 0.9], counts: [100, 900], elsewhere: 0 }]).doubt).toBe('too_few');
  });

  test('is noticed as soon where a level that moves made other tables of the same shares', () => {
    const needed = nToNotice([], 0.1, Math.log(1000));
    const rest = needed - 4 * Math.floor(needed / 5);
    const tables = [...Array.from({ length: 4 }, () => none((needed - rest) / 4)), none(rest)];
    expect(logESplit(tables)).toBeCloseTo(logESplit([none(needed)]), 9);
    expect(at(0, tables)).toMatchObject({ verdict: 'inconclusive', doubt: 'split_broken' });
  });

  test('goes on unchecked where no request says who answered', () => {
    expect(at(0).verdict).toBe('promote');
    expect(verdictOf(specOf('paired', { share: 0.1 }), seenOf({ pairs: good })).verdict).toBe('promote');
  });
});

test('a margin lets an equal candidate through, a tolerance forgives a slightly worse one', () => {
  const lenient = specOf('paired', {
    metrics: [{ metric: 'wrong', evidence: 'paired', margin: 0.05, tolerance: 0 }],
  });
  expect(verdictOf(lenient, seenOf({ pairs: equal })).verdict).toBe('promote');
  const tolerant = specOf('paired', {
    metrics: [{ metric: 'wrong', evidence: 'paired', margin: 0, tolerance: 0.05 }],
  });
  expect(verdictOf(tolerant, seenOf({ pairs: bad })).verdict).toBe('keep');
  expect(verdictOf(tolerant, seenOf({ pairs: { n: 2000, better: 0, worse: 400 } })).verdict).toBe('rollback');
});

test('a promotion needs every metric, a roll-back their mean evidence', () => {
  const spec = specOf('paired', {
    metrics: ['wrong', 'slow'].map((metric) => ({ metric, evidence: 'paired', margin: 0, tolerance: 0 })),
  });
  const both = (slow: typeof good): Seen => {
    const seen = seenOf({ pairs: good });
    return { ...seen, metrics: { ...seen.metrics, slow: { pairs: slow, tallies: [], due: 0 } } };
  };
  expect(verdictOf(spec, both(good)).verdict).toBe('promote');
  expect(verdictOf(spec, both(equal))).toMatchObject({ verdict: 'keep' });
  expect(verdictOf(spec, both(bad))).toMatchObject({ verdict: 'rollback' });
  expect(verdictOf(spec, both(bad)).reason).toContain('slow of the candidate is worse');
  expect(verdictOf(spec, both(noPairs()))).toMatchObject({ verdict: 'inconclusive', doubt: 'no_data' });
});

test('a rate that moved between two shares is no difference', () => {
  // 5 % at a share of 0.1, then 20 % at 0.5: over both the candidate has 17.5 % bad answers, the primary 11.8 %.
  const tallies: Tally[] = [
    { share: 0.1, centre: 0.1, candidate: { n: 200, bad: 10 }, primary: { n: 1800, bad: 90 } },
    { share: 0.5, centre: 0.1, candidate: { n: 1000, bad: 200 }, primary: { n: 1000, bad: 200 } },
  ];
  const { verdict, evidence } = verdictOf(specOf('unpaired'), seenOf({ tallies }));
  expect(verdict).toBe('keep');
  expect(evidence[0]!.difference).toBe(0);
});

test('forecasts: nothing more when it is clear, null when it does not go there', () => {
  const clear = verdictOf(paired, seenOf({ pairs: good }));
  expect([clear.needed, clear.evidence[0]!.neededToPromote]).toEqual([0, 0]);
  expect(verdictOf(paired, seenOf({ pairs: equal })).needed).toBe(null);
  const tending = verdictOf(paired, seenOf({ pairs: { n: 500, better: 15, worse: 25 } }));
  expect(tending.evidence[0]!.neededToPromote).toBe(null);
  expect(tending.needed).toBeGreaterThan(500);
});

test('bets on pairs agree with the mixture over all shares of wins', () => {
  for (const [first, second] of [
    [5, 30],
    [20, 60],
    [300, 400],
  ] as const) {
    const values = { values: [1, -1], counts: [second, first], scale: 10 };
    expect(Math.abs(logEAbove([values], 0) - logEFirstWorse(first, second))).toBeLessThan(1.5);
  }
});

test('evidence is of mean at most 1 at the worst allowed difference, exactly', () => {
  // All outcomes of three requests at a share of 0.2: the candidate is bad in 0.3, the primary in 0.2, 0.1 is tolerated.
  let mean = 0;
  const kinds = [
    [0.2 * 0.3, 1, 1, 0, 0],
    [0.2 * 0.7, 1, 0, 0, 0],
    [0.8 * 0.2, 0, 0, 1, 1],
    [0.8 * 0.8, 0, 0, 1, 0],
  ] as const;
  const spec = specOf('unpaired', {
    metrics: [{ metric: 'wrong', evidence: 'unpaired', margin: 0, tolerance: 0.1 }],
  });
  for (const a of kinds)
    for (const b of kinds)
      for (const c of kinds) {
        const sum = (i: 1 | 2 | 3 | 4): number => a[i] + b[i] + c[i];
        const tally: Tally = {
          share: 0.2,
          centre: 0.25,
          candidate: { n: sum(1), bad: sum(2) },
          primary: { n: sum(3), bad: sum(4) },
        };
        mean += a[0] * b[0] * c[0] * Math.exp(verdictOf(spec, seenOf({ tallies: [tally] })).logEWorse);
      }
  expect(mean).toBeCloseTo(1, 9);
});

test('counts that cannot be are refused', () => {
  const run = (over: Parameters<typeof seenOf>[0]) => () => verdictOf(specOf('both'), seenOf(over));
  expect(run({ pairs: { n: 1, better: 1, worse: 1 } })).toThrow('discordant pairs are pairs');
  expect(run({ tallies: [{ ...tallyOf(0, 0), primary: { n: 1, bad: 0 } }] })).toThrow('shares are positive');
  expect(run({ tallies: [{ ...tallyOf(0.5, 2), primary: { n: 1, bad: 0 } }] })).toThrow('a centre is a rate');
  expect(run({ tallies: [{ ...tallyOf(0.5, 0), primary: { n: 1, bad: 2 } }] })).toThrow(
    'bad answers are answers',
  );
});

test.each([
  ['always wrong where the primary is right', { better: 0, worse: 1 }, 1, 'rollback'],
  ['always right where the primary is wrong', { better: 1, worse: 0 }, -1, 'promote'],
  ['never of another opinion', { better: 0, worse: 0 }, 0, 'keep'],
] as const)('a candidate that is %s', (_, { better, worse }, difference, expected) => {
  for (const n of [1, 5, 200, 100_000]) {
    const pairs = { n, better: better * n, worse: worse * n };
    const { verdict, evidence } = verdictOf(specOf('paired'), seenOf({ pairs, due: n }));
    const [one] = evidence;
    expect(one!.difference).toBe(difference);
    expect(one!.low).toBeLessThanOrEqual(difference);
    expect(one!.high).toBeGreaterThanOrEqual(difference);
    if (n >= 200) expect(verdict).toBe(expected);
  }
});
