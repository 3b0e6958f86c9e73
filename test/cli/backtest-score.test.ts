/** Alarms against what really happened. */
import { expect, test } from 'vitest';
import type { Episode } from '../../src/cli/backtest/episodes.ts';
import { isSeen, MONTH_MS, scoreOf, verdictOf } from '../../src/cli/backtest/score.ts';

const MINUTE_MS = 60_000;
const alarm = (rule: string, atMinute: number, lagMinutes = 0): Episode => ({
  ...{ rule, metric: 'm', subject: '', model: '', segment: '*', level: 'warning', reason: '' },
  fromMs: atMinute * MINUTE_MS,
  toMs: null,
  knownMs: (atMinute + lagMinutes) * MINUTE_MS,
  reached: {},
});
const incident = (from: number, to: number | null) => ({
  service: 's',
  what: `at ${from}`,
  fromMs: from * MINUTE_MS,
  toMs: to === null ? null : to * MINUTE_MS,
});
const truth = (...incidents: ReturnType<typeof incident>[]) => ({
  incidents,
  span: { fromMs: 0, toMs: 1_000 * MINUTE_MS },
  slackMs: 10 * MINUTE_MS,
});

test('an incident is found from its first moment to the last of the slack', () => {
  const score = scoreOf([alarm('a', 99), alarm('b', 130), alarm('c', 131)], truth(incident(100, 120)));
  expect(score.found).toMatchObject([{ first: { rule: 'b' }, delayMs: 30 * MINUTE_MS }]);
  expect(score.falseAlarms.map(({ rule }) => rule)).toEqual(['a', 'c']);
  expect(score.falsePer30d).toBeCloseTo((2 * MONTH_MS) / (970 * MINUTE_MS), 9);
  expect(scoreOf([alarm('a', 100)], truth(incident(100, 120))).found[0]!.delayMs).toBe(0);
});

test('the first is the one that is known first: labels come later than the windows that they are about', () => {
  const score = scoreOf([alarm('labels', 105, 30), alarm('inputs', 110)], truth(incident(100, 120)));
  expect(score.found).toMatchObject([{ first: { rule: 'inputs' }, delayMs: 10 * MINUTE_MS }]);
  // What is known after the slack, of a window within, is no false alarm.
  expect(scoreOf([alarm('labels', 119, 60)], truth(incident(100, 120))).falseAlarms).toEqual([]);
});

test('without an end all that comes after is about it, and no calm time is left behind', () => {
  const score = scoreOf([alarm('a', 900)], truth(incident(0, null)));
  expect(score).toMatchObject({ falseAlarms: [], falsePer30d: null });
  const { span, slackMs } = truth();
  expect(isSeen(incident(-50, -11), span, slackMs)).toBe(false);
  expect(isSeen(incident(-50, -10), span, slackMs)).toBe(true);
  expect(isSeen(incident(1_001, null), span, slackMs)).toBe(false);
});

test('worse is what is missed, what is later by more than a window, and more false alarms', () => {
  const about = truth(incident(100, 120), incident(500, 520));
  const good = scoreOf([alarm('a', 100), alarm('a', 500)], about);
  const worseOf = (...alarms: Episode[]) => verdictOf(good, scoreOf(alarms, about), 5 * MINUTE_MS);
  expect(worseOf(alarm('a', 105), alarm('a', 500))).toMatchObject({ worse: [], delay: 'current' });
  expect(worseOf(alarm('a', 106), alarm('a', 500)).worse).toEqual(["finds 'at 100' 6m later"]);
  expect(worseOf(alarm('a', 500))).toMatchObject({
    worse: ["misses 'at 100', which the current one finds"],
    incidents: 'current',
    delay: 'same',
    meanDelayMs: { current: 0, candidate: 0 },
  });
  expect(worseOf(alarm('a', 50), alarm('a', 100), alarm('a', 500)).worse).toEqual([
    'has 1 false alarm instead of 0',
  ]);
  const nothing = scoreOf([], about);
  expect(verdictOf(nothing, good, 0)).toMatchObject({ worse: [], incidents: 'candidate', meanDelayMs: null });
});
