import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AUTOMATION_LEVELS, type AutomationLevel } from '../../src/records.ts';
import {
  createLadder,
  type LadderSeen,
  type LadderSpec,
  type LadderState,
  rankOf,
  setLevel,
  stepLadder,
} from '../../src/rollout/automation.ts';
import { type ConfidenceCell, riskHighOf, thresholdOf } from '../../src/rollout/threshold.ts';
import { AUTOMATION_LEVELS as ROUTED_LEVELS } from '../../src/router/index.ts';
import { noPairs, randomOf } from './support.ts';

const HOUR = 3_600_000;
const spec: LadderSpec = {
  highest: 'full',
  alpha: 0.05,
  targets: { assist: 0.3, partial: 0.02, full: 0.05 },
  margin: 0.05,
  nMin: 200,
  coverageMin: 0.3,
  holdMs: HOUR,
  onAlarm: 'shadow',
};
/** Half of the answers are sure and nearly right. */
const cells: ConfidenceCell[] = [
  { from: 0, n: 300, wrong: 120 },
  { from: 0.5, n: 700, wrong: 100 },
  { from: 0.9, n: 1000, wrong: 2 },
];
const seen = (over: Partial<LadderSeen> = {}): LadderSeen => ({
  atMs: 2 * HOUR,
  cells,
  pairs: { n: 2000, better: 60, worse: 60 },
  decided: [],
  alarms: [],
  ...over,
});
const at = (level: AutomationLevel, threshold: number | null = null): LadderState => ({
  ...createLadder(level, 0),
  threshold,
});

test('the router has the same levels', () => {
  expect(AUTOMATION_LEVELS).toEqual(ROUTED_LEVELS);
});

test('bounds of a rate: Clopper and Pearson, and the sequence, against known values', () => {
  // 1 - 0.05^(1/100) of no wrong answer among 100, and the bound of 5 of 100 by the tables of the binomial law.
  expect(riskHighOf(0, 100, 0.05, 'exact')).toBeCloseTo(1 - 0.05 ** 0.01, 9);
  expect(riskHighOf(5, 100, 0.05, 'exact')).toBeCloseTo(0.102253, 5);
  for (const [n, high] of [
    [100, 0.073],
    [300, 0.029],
    [1000, 0.0099],
  ] as const)
    expect(riskHighOf(0, n, 0.05, 'sequence')).toBeCloseTo(high, 3);
  expect([riskHighOf(0, 0, 0.05, 'exact'), riskHighOf(3, 3, 0.05, 'exact')]).toEqual([1, 1]);
});

test('the threshold is the smallest whose bound meets the target', () => {
  expect(thresholdOf(cells, 0.02, 0.05, 'exact')).toMatchObject({
    threshold: 0.9,
    coverage: 0.5,
    n: 1000,
    wrong: 2,
  });
  expect(thresholdOf(cells, 0.1, 0.05, 'exact')).toMatchObject({ threshold: 0.5, coverage: 0.85 });
  expect(thresholdOf(cells, 0.2, 0.05, 'exact')).toMatchObject({ threshold: 0 });
  expect(thresholdOf(cells, 0.002, 0.05, 'exact')).toBe(null);
  expect(thresholdOf([], 0.1, 0.05, 'exact')).toBe(null);
  // Risk that does not fall with confidence: the lowest threshold is right although the highest is not.
  const odd = [
    { from: 0, n: 5000, wrong: 50 },
    { from: 0.9, n: 100, wrong: 30 },
  ];
  expect(thresholdOf(odd, 0.02, 0.05, 'exact')).toMatchObject({ threshold: 0 });
  expect(() => thresholdOf([...cells].reverse(), 0.1, 0.05, 'exact')).toThrow('cells rise');
});

test('a threshold that is chosen at every look is rarely one whose true risk is too high', () => {
  // Wrong with probability (1 - confidence) / 2; the true risk above threshold t is (1 - t) / 4.
  const random = randomOf(3);
  let [missed, found] = [0, 0];
  for (let stream = 0; stream < 150; stream++) {
    const own = Array.from({ length: 20 }, (_, i) => ({ from: i / 20, n: 0, wrong: 0 }));
    let isMissed = false;
    for (let i = 1; i <= 3000; i++) {
      const confidence = random();
      const cell = own[Math.floor(confidence * 20)]!;
      cell.n++;
      if (random() < (1 - confidence) / 2) cell.wrong++;
      if (i % 150 > 0) continue;
      const best = thresholdOf(own, 0.1, 0.1, 'sequence');
      found += best === null ? 0 : 1;
      isMissed ||= best !== null && (1 - best.threshold) / 4 > 0.1;
    }
    missed += isMissed ? 1 : 0;
  }
  expect(missed).toBeLessThanOrEqual(15);
  expect(found).toBeGreaterThan(1000);
});

test.each<[AutomationLevel, Partial<LadderSeen>, AutomationLevel, string]>([
  ['human_only', { cells: [] }, 'shadow', 'a shadow touches nobody'],
  ['shadow', {}, 'assist', 'at most 14.14 %'],
  ['assist', {}, 'partial', 'from a confidence of 0.9 on at most'],
  ['partial', { cells: [{ from: 0, n: 4000, wrong: 100 }] }, 'full', 'at most 3'],
])('from %s it rises on evidence', (level, over, to, reason) => {
  const { state, move, missing } = stepLadder(spec, at(level), seen(over));
  expect(state).toMatchObject({ level: to, sinceMs: 2 * HOUR });
  expect(state.threshold).toBe(to === 'partial' ? 0.9 : null);
  expect(move!.reason).toContain(reason);
  expect(missing).toBe(null);
});

test.each<[string, AutomationLevel, Partial<LadderSeen>, string]>([
  ['time', 'shadow', { atMs: HOUR / 2 }, 'shadow has not held for long enough'],
  ['outcomes', 'shadow', { cells: [{ from: 0, n: 199, wrong: 0 }] }, '199 of 200 outcomes'],
  ['a low risk', 'shadow', { cells: [{ from: 0, n: 500, wrong: 150 }] }, 'of the answers may be wrong'],
  [
    'people who are not better',
    'shadow',
    { pairs: { n: 2000, better: 60, worse: 200 } },
    'worse than people',
  ],
  ['pairs', 'shadow', { pairs: noPairs() }, 'worse than people'],
  [
    'a safe threshold',
    'assist',
    { cells: [{ from: 0, n: 900, wrong: 100 }] },
    'no threshold decides 30.00 %',
  ],
  [
    'enough coverage',
    'assist',
    {
      cells: [
        { from: 0, n: 9000, wrong: 900 },
        { from: 0.9, n: 1000, wrong: 2 },
      ],
    },
    'no threshold decides 30.00 %',
  ],
  ['a low risk of everything', 'partial', {}, '5.00 % are allowed'],
])('without %s it stays', (_, level, over, missing) => {
  const step = stepLadder(spec, at(level), seen(over));
  expect(step.state.level).toBe(level);
  expect(step.move).toBe(null);
  expect(step.missing).toContain(missing);
});

test('it rises to what the owner allows, and alarms keep it from rising', () => {
  const capped = { ...spec, highest: 'assist' } as const;
  expect(stepLadder(capped, at('assist'), seen())).toMatchObject({ move: null, missing: null });
  const step = stepLadder({ ...spec, onAlarm: 'full' }, at('shadow'), seen({ alarms: ['errors'] }));
  expect(step).toMatchObject({ move: null, missing: 'alarms fire: errors' });
  expect(stepLadder(capped, at('full'), seen()).state.level).toBe('assist');
});

test('it falls at once, however short the time', () => {
  const breach = [{ n: 400, wrong: 40, weight: 1 }];
  const soon = seen({ atMs: 1, decided: breach });
  expect(stepLadder(spec, at('full'), soon).state).toEqual({ level: 'partial', sinceMs: 1, threshold: 0.9 });
  expect(stepLadder(spec, at('full'), { ...soon, cells: [] }).state.level).toBe('assist');
  const fallen = stepLadder(spec, at('partial', 0.9), soon);
  expect(fallen.state).toEqual({ level: 'assist', sinceMs: 1, threshold: null });
  expect(fallen.move!.reason).toMatch(
    /of the last 400 decisions 40 were wrong: at least \d\.\d\d %, more than 2.00 %/,
  );
  for (const level of ['assist', 'partial', 'full'] as const)
    expect(stepLadder(spec, at(level), seen({ alarms: ['errors'] })).state.level).toBe('shadow');
  // Of all that were decided few are wrong, of the last ones half.
  const hidden = { n: 100_000, wrong: 200, weight: 0.5 };
  const late = [hidden, { n: 200, wrong: 100, weight: 1e-6 }];
  expect(stepLadder(spec, at('partial', 0.9), seen({ decided: [hidden] })).move).toBe(null);
  expect(stepLadder(spec, at('partial', 0.9), seen({ decided: late })).move!.reason).toContain(
    'of the last 200 decisions 100',
  );
  // Twenty wrong of a thousand are no breach of 2 %.
  expect(
    stepLadder(spec, at('partial', 0.9), seen({ decided: [{ n: 1000, wrong: 20, weight: 1 }] })).move,
  ).toBe(null);
});

test('at partial the threshold follows what is known, and stays where nothing is safe', () => {
  const better = [
    { from: 0, n: 300, wrong: 250 },
    { from: 0.5, n: 3000, wrong: 3 },
  ];
  expect(stepLadder(spec, at('partial', 0.9), seen({ cells: better })).state.threshold).toBe(0.5);
  expect(stepLadder(spec, at('partial', 0.9), seen({ cells: [] })).state.threshold).toBe(0.9);
});

test('a person sets it up to the highest level', () => {
  const ask = (level: AutomationLevel, threshold: number | null = null) =>
    setLevel({ ...spec, highest: 'partial' }, at('assist'), {
      level,
      threshold,
      atMs: 5,
      by: 'ann',
      why: 'so',
    });
  expect(ask('partial', 0.8).state).toEqual({ level: 'partial', sinceMs: 5, threshold: 0.8 });
  expect(ask('human_only').move).toEqual({
    from: 'assist',
    to: 'human_only',
    atMs: 5,
    by: 'ann',
    reason: 'so',
  });
  expect(ask('full').missing).toBe('the highest level that the service allows is partial');
  expect(ask('assist').missing).toBe('the level is assist already');
  for (const [level, threshold] of [
    ['partial', null],
    ['shadow', 0.5],
  ] as const)
    expect(ask(level, threshold).missing).toContain('partial needs a threshold');
});

test('it never rises by more than one step, above what is allowed or without its time', () => {
  const counts = fc.integer({ min: 0, max: 2000 });
  const bad = fc.integer({ min: 0, max: 100 });
  const looks = fc.array(
    fc.tuple(counts, bad, bad, counts, fc.boolean(), fc.integer({ min: 0, max: HOUR })),
    {
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(looks, fc.constantFrom(...AUTOMATION_LEVELS), (list, highest) => {
      let [state, atMs] = [createLadder('human_only', 0), 0];
      for (const [n, wrong, decidedWrong, more, hasAlarm, gap] of list) {
        atMs += gap;
        const own = [
          { from: 0, n: n + more + wrong, wrong },
          { from: 0.8, n: more + 100, wrong: 0 },
        ];
        const step = stepLadder({ ...spec, highest }, state, {
          atMs,
          cells: own,
          pairs: { n: 500, better: 0, worse: 0 },
          decided: [{ n: decidedWrong + more, wrong: decidedWrong, weight: 0.5 }],
          alarms: hasAlarm ? ['a'] : [],
        });
        const rise = rankOf(step.state.level) - rankOf(state.level);
        expect(rise).toBeLessThanOrEqual(1);
        if (rise > 0) expect(atMs - state.sinceMs).toBeGreaterThanOrEqual(spec.holdMs);
        expect(rankOf(step.state.level)).toBeLessThanOrEqual(rankOf(highest));
        expect(step.state.threshold !== null).toBe(step.state.level === 'partial');
        expect(step.move === null).toBe(rise === 0);
        state = step.state;
      }
    }),
    { numRuns: 300, seed: 5 },
  );
});
