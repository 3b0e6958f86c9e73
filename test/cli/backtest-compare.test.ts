/** What appears, disappears, moves and stays, and the laws of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AlarmMove, compareAlarms, compareSpells } from '../../src/cli/backtest/compare.ts';
import { type Episode, episodesOf, lastedMs } from '../../src/cli/backtest/episodes.ts';
import { moveWords } from '../../src/cli/backtest/words.ts';
import { LEVELS, type Level } from '../../src/records.ts';

const MINUTE_MS = 60_000;

interface Step {
  rule: string;
  at: number;
  to: Level | 'ok';
}

/** `drift 5 warning, drift 10 critical, drift 20 ok`. */
const stepsOf = (text: string): Step[] =>
  text.split(', ').map((step) => {
    const [rule, at, to] = step.split(' ');
    return { rule: rule!, at: Number(at), to: to as Step['to'] };
  });

const episodes = (steps: readonly Step[]): Episode[] =>
  episodesOf(
    steps.map(({ rule, at, to }) => ({
      ...{ rule, metric: 'psi', subject: 'amount', model: '', segment: '*', reason: `${rule} at ${at}` },
      state: to === 'ok' ? ('resolved' as const) : ('firing' as const),
      level: to === 'ok' ? 'warning' : to,
      windowEndMs: at * MINUTE_MS,
      knownMs: at * MINUTE_MS,
    })),
  );

const compare = (before: string, after: string) =>
  compareAlarms(before === '' ? [] : episodes(stepsOf(before)), after === '' ? [] : episodes(stepsOf(after)));

describe('alarms become episodes', () => {
  test('from the alert that fires to the one that resolves, with the levels between', () => {
    const found = episodes(stepsOf('a 5 warning, a 10 critical, a 15 warning, a 20 ok, a 30 info'));
    expect(found).toMatchObject([
      { fromMs: 5 * MINUTE_MS, toMs: 20 * MINUTE_MS, level: 'critical', reason: 'a at 5' },
      { fromMs: 30 * MINUTE_MS, toMs: null, level: 'info' },
    ]);
    expect(found[0]!.reached).toEqual({
      info: 5 * MINUTE_MS,
      warning: 5 * MINUTE_MS,
      critical: 10 * MINUTE_MS,
    });
    expect(found[1]!.reached).toEqual({ info: 30 * MINUTE_MS });
  });

  test('an end without a beginning is none, and an end that is told late belongs to the first', () => {
    expect(episodes(stepsOf('a 5 ok'))).toEqual([]);
    const late = episodes(stepsOf('a 5 critical, a 20 critical, a 10 ok'));
    expect(late.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [5 * MINUTE_MS, 10 * MINUTE_MS],
      [20 * MINUTE_MS, null],
    ]);
  });

  test('time that two series share counts once, and what goes on ends with the data', () => {
    const spell = (fromMs: number, toMs: number | null) => ({ fromMs, toMs });
    expect(lastedMs([spell(10, 20), spell(0, 5), spell(15, 30), spell(16, 18)], 100)).toBe(25);
    expect(lastedMs([spell(90, null), spell(95, null)], 100)).toBe(10);
    expect(lastedMs([], 100)).toBe(0);
  });
});

describe('the comparison', () => {
  test('the same on both sides stays', () => {
    const text = 'a 5 warning, a 10 ok, b 5 critical, a 20 warning';
    expect(compare(text, text)).toMatchObject({ appear: [], disappear: [], moves: [] });
    expect(compare(text, text).stays).toHaveLength(3);
  });

  test.each<[string, string, string, Partial<AlarmMove>]>([
    ['later', 'a 5 warning, a 20 ok', 'a 10 warning, a 20 ok', { shiftMs: 5 * MINUTE_MS, endShiftMs: 0 }],
    ['earlier', 'a 5 warning, a 20 ok', 'a 2 warning, a 20 ok', { shiftMs: -3 * MINUTE_MS }],
    ['of another level', 'a 5 warning', 'a 5 critical', { shiftMs: 0, levelShifts: [] }],
    ['longer', 'a 5 warning, a 20 ok', 'a 5 warning, a 25 ok', { endShiftMs: 5 * MINUTE_MS }],
    ['until the end', 'a 5 warning, a 20 ok', 'a 5 warning', { endShiftMs: null }],
    [
      'slower to rise',
      'a 5 warning, a 10 critical',
      'a 5 warning, a 20 critical',
      { levelShifts: [{ level: 'critical', shiftMs: 10 * MINUTE_MS }] },
    ],
  ])('an alarm that fires at the same time moves: %s', (_, before, after, move) => {
    const found = compare(before, after);
    expect(found).toMatchObject({ appear: [], disappear: [], stays: [] });
    expect(found.moves).toMatchObject([move]);
  });

  test('an alarm over labels that is known earlier moves, though it is of the same window', () => {
    const alarm = episodes(stepsOf('a 5 warning'))[0]!;
    const found = compareAlarms(
      [{ ...alarm, knownMs: 35 * MINUTE_MS }],
      [{ ...alarm, knownMs: 7 * MINUTE_MS }],
    );
    expect(found.moves).toMatchObject([{ shiftMs: 0, knownShiftMs: -28 * MINUTE_MS }]);
    expect(moveWords(found.moves[0]!)).toEqual(['is known 28m earlier']);
  });

  test('what ends before the other begins is another alarm', () => {
    const found = compare('a 5 warning, a 10 ok', 'a 10 warning, a 20 ok');
    expect(found.moves).toEqual([]);
    expect(found.appear).toMatchObject([{ fromMs: 10 * MINUTE_MS }]);
    expect(found.disappear).toMatchObject([{ fromMs: 5 * MINUTE_MS }]);
  });

  test('one long alarm takes the place of several: the first moves, the others disappear', () => {
    const found = compare(
      'a 5 warning, a 10 ok, a 15 warning, a 20 ok, a 25 warning, a 30 ok',
      'a 5 warning, a 40 ok',
    );
    expect(found.moves).toMatchObject([{ shiftMs: 0, endShiftMs: 30 * MINUTE_MS }]);
    expect(found.disappear).toHaveLength(2);
  });

  test('requests for retraining are the same within a cooldown', () => {
    const request = (fromMs: number, toMs: number) => ({ fromMs, toMs, reason: '' });
    const found = compareSpells([request(0, 100), request(200, 300)], [request(30, 130), request(200, 900)]);
    expect(found.moves).toMatchObject([{ shiftMs: 30 }]);
    expect(found.stays).toHaveLength(1);
    expect(found.appear.length + found.disappear.length).toBe(0);
  });
});

/** Alarms that come and go, of a few rules. */
const side = fc
  .array(
    fc.record({
      rule: fc.constantFrom('a', 'b', 'c'),
      at: fc.integer({ min: 0, max: 40 }),
      to: fc.constantFrom<Level | 'ok'>('ok', ...LEVELS),
    }),
    { maxLength: 30 },
  )
  .map(episodes);
/** Any stretches, also such as no rule has: of one series several at a time. */
const wild = fc.array(
  fc.record({ fromMs: fc.nat(30), forMs: fc.option(fc.nat(10)), rule: fc.constantFrom('a', 'b') }).map(
    ({ fromMs, forMs, rule }): Episode => ({
      ...{ rule, metric: '', subject: '', model: '', segment: '*', level: 'info', reason: '' },
      fromMs,
      knownMs: fromMs + (forMs ?? 0),
      toMs: forMs === null ? null : fromMs + forMs,
      reached: { info: fromMs },
    }),
  ),
  { maxLength: 20 },
);

const asTexts = (list: readonly object[]): string[] => list.map((one) => JSON.stringify(one)).sort();

test.each([
  ['alarms of rules', side],
  ['any stretches', wild],
])('laws: every one of %s is in one place, and swapping the sides swaps what is said', (_, arbitrary) => {
  fc.assert(
    fc.property(arbitrary, arbitrary, (before, after) => {
      const found = compareAlarms(before, after);
      const { appear, disappear, moves, stays } = found;
      const pairs = [...moves, ...stays];
      expect(asTexts([...appear, ...pairs.map((pair) => pair.after)])).toEqual(asTexts(after));
      expect(asTexts([...disappear, ...pairs.map((pair) => pair.before)])).toEqual(asTexts(before));
      const swapped = compareAlarms(after, before);
      expect(asTexts(swapped.appear)).toEqual(asTexts(disappear));
      expect(asTexts(swapped.disappear)).toEqual(asTexts(appear));
      const shifts = (list: readonly AlarmMove[], sign: number) =>
        list.map(({ shiftMs }) => sign * shiftMs || 0).sort();
      expect(shifts(swapped.moves, -1)).toEqual(shifts(moves, 1));
      expect(swapped.stays.length).toBe(stays.length);
      const itself = compareAlarms(after, after);
      expect([itself.appear, itself.disappear, itself.moves]).toEqual([[], [], []]);
    }),
    { numRuns: 300 },
  );
});
