/** Many roll-outs that are looked at after every window: how often verdicts are wrong, and how long they take. */
import { expect, test } from 'vitest';
import { betaMixtureInterval } from '../../src/math/confidence-sequence.ts';
import { logESplit } from '../../src/rollout/split.ts';
import { decisionOf, type VerdictName, verdictOf } from '../../src/rollout/verdict.ts';
import { addPairs, addSplit, medianOf, noPairs, randomOf, seenOf, specOf, tallyOf } from './support.ts';

interface Traffic {
  evidence: 'paired' | 'unpaired' | 'both';
  /** Of the requests that both answer: only the candidate is right, only the primary. */
  better?: number;
  worse?: number;
  /** Rates of bad answers by window, of those that are dealt. */
  candidate?: (window: number) => number;
  primary?: (window: number) => number;
  share?: number;
  looks: number;
  size: number;
}

interface Ended {
  verdict: VerdictName;
  /** Requests until the verdict, of each kind. */
  n: number;
  /** Of the candidate among those that were dealt. */
  exposed: number;
}

const always = (rate: number) => (): number => rate;

function rollOut(seed: number, traffic: Traffic): Ended {
  const { evidence, better = 0, worse = 0, share = 0.5, looks, size } = traffic;
  const { candidate = always(0), primary = always(0) } = traffic;
  const random = randomOf(seed);
  const [pairs, tally] = [noPairs(), tallyOf(share, 0.1)];
  const seen = seenOf({ pairs, tallies: evidence === 'paired' ? [] : [tally] });
  const spec = specOf(evidence, { nMin: 1, coverageMin: 0 });
  for (let look = 1; look <= looks; look++) {
    if (evidence !== 'unpaired') addPairs(pairs, random, size, better, worse);
    if (evidence !== 'paired') addSplit(tally, random, size, candidate(look), primary(look));
    const { verdict } = decisionOf(spec, seen);
    if (verdict === 'promote' || verdict === 'rollback')
      return { verdict, n: look * size, exposed: tally.candidate.n };
  }
  return { verdict: 'keep', n: looks * size, exposed: tally.candidate.n };
}

const many = (count: number, traffic: Traffic): Ended[] =>
  Array.from({ length: count }, (_, i) => rollOut(i + 1, traffic));
const shareOf = (ended: readonly Ended[], verdict: VerdictName): number =>
  ended.filter((one) => one.verdict === verdict).length / ended.length;

const daily = (rate: number) => (window: number) => rate * (1 + 0.8 * Math.sin(window / 3));

test.each<[string, Traffic]>([
  ['pairs', { evidence: 'paired', better: 0.04, worse: 0.04, looks: 60, size: 100 }],
  [
    'an even split whose rate changes with the hour',
    { evidence: 'unpaired', candidate: daily(0.1), primary: daily(0.1), looks: 60, size: 100 },
  ],
  [
    'a canary at 5 %',
    { evidence: 'unpaired', candidate: always(0.1), primary: always(0.1), share: 0.05, looks: 60, size: 100 },
  ],
])('equal models, 2,000 roll-outs by %s: at most one of twenty ends by a verdict', (_, traffic) => {
  const ended = many(2000, traffic);
  const [promoted, rolledBack] = [shareOf(ended, 'promote'), shareOf(ended, 'rollback')];
  expect(promoted).toBeLessThanOrEqual(0.025);
  expect(rolledBack).toBeLessThanOrEqual(0.025);
  // It is a test that can fail: a bound that is never reached would say nothing.
  expect(promoted + rolledBack).toBeGreaterThan(0);
});

test('10 % -> 8 % bad answers: pairs need about 1,800 requests, a split about 3,300 an arm', () => {
  const paired = many(300, { evidence: 'paired', better: 0.05, worse: 0.03, looks: 300, size: 100 });
  const unpaired = many(300, {
    evidence: 'unpaired',
    candidate: always(0.08),
    primary: always(0.1),
    looks: 300,
    size: 100,
  });
  for (const ended of [paired, unpaired]) {
    expect(shareOf(ended, 'promote')).toBeGreaterThan(0.97);
    expect(shareOf(ended, 'rollback')).toBeLessThan(0.01);
  }
  const medians = [medianOf(paired.map(({ n }) => n)), medianOf(unpaired.map(({ n }) => n / 2))];
  expect(medians[0]).toBeLessThanOrEqual(1900);
  expect(medians[1]).toBeLessThanOrEqual(3400);
});

test('a canary at 5 % that is twice as bad is rolled back, and says how many requests it answered', () => {
  const ended = many(300, {
    evidence: 'unpaired',
    candidate: always(0.2),
    primary: always(0.1),
    share: 0.05,
    looks: 600,
    size: 100,
  });
  expect(shareOf(ended, 'rollback')).toBe(1);
  expect(medianOf(ended.map(({ exposed }) => exposed))).toBeLessThan(160);
});

test('a harmful canary beside a shadow is rolled back by either evidence', () => {
  const ended = many(100, {
    evidence: 'both',
    better: 0.02,
    worse: 0.12,
    candidate: always(0.2),
    primary: always(0.1),
    share: 0.05,
    looks: 60,
    size: 50,
  });
  expect(shareOf(ended, 'rollback')).toBe(1);
  expect(medianOf(ended.map(({ n }) => n))).toBeLessThan(300);
});

/** Requests until a split is called broken, looked at every 100; null: not within `looks`. */
function brokenAt(seed: number, share: number, truth: number, looks: number): number | null {
  const random = randomOf(seed);
  const counts = [0, 0];
  for (let look = 1; look <= looks; look++) {
    for (let i = 0; i < 100; i++) counts[random() < truth ? 1 : 0]!++;
    if (logESplit([{ shares: [1 - share, share], counts }]) >= Math.log(1000)) return look * 100;
  }
  return null;
}

test('broken splits are found, sound ones are not called broken', () => {
  const at = (share: number, truth: number, looks: number): (number | null)[] =>
    Array.from({ length: 200 }, (_, i) => brokenAt(i + 1, share, truth, looks));
  expect(at(0.1, 0.1, 100).every((n) => n === null)).toBe(true);
  const gross = at(0.05, 0.5, 100);
  expect(gross).not.toContain(null);
  expect(medianOf(gross as number[])).toBeLessThanOrEqual(100);
  const small = at(0.1, 0.12, 200);
  expect(small).not.toContain(null);
  expect(medianOf(small as number[])).toBeLessThan(6000);
  // A shadow's answers that get lost one time in ten.
  expect(at(0.5, 0.47, 300)).not.toContain(null);
});

test('intervals of the difference hold the truth at all looks, and forecasts come true', () => {
  const [random, spec] = [randomOf(5), specOf('unpaired', { alpha: 0.1 })];
  let missed = 0;
  for (let stream = 0; stream < 60; stream++) {
    const tally = tallyOf(0.3, 0.1);
    let isMissed = false;
    for (let look = 0; look < 12; look++) {
      addSplit(tally, random, 150, 0.15, 0.1);
      const { low, high } = verdictOf(spec, seenOf({ tallies: [tally] })).evidence[0]!;
      isMissed ||= low > 0.05 || high < 0.05;
    }
    missed += isMissed ? 1 : 0;
  }
  expect(missed).toBeLessThanOrEqual(6);

  const exact = (n: number) => seenOf({ pairs: { n, better: n * 0.05, worse: n * 0.03 } });
  const { needed, verdict } = verdictOf(specOf('paired'), exact(600));
  expect(verdict).toBe('keep');
  expect(decisionOf(specOf('paired'), exact(600 + needed! + 1)).verdict).toBe('promote');
  expect(decisionOf(specOf('paired'), exact(600 + needed! - 5)).verdict).toBe('keep');
});

test('the interval of a difference is about as narrow as two rates by themselves allow', () => {
  const pairs = { n: 4000, better: 200, worse: 120 };
  const { low, high, difference } = verdictOf(specOf('paired'), seenOf({ pairs })).evidence[0]!;
  expect(difference).toBe(-0.02);
  expect(low).toBeLessThan(-0.02);
  expect(high).toBeGreaterThan(-0.02);
  const [a, b] = [200, 120].map((bad) => betaMixtureInterval(bad, 4000, 0.025));
  expect(high - low).toBeLessThan(a!.high - a!.low + b!.high - b!.low);
});
