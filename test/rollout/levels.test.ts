/** The level of automation, told in the order of event time; the state goes through JSON after each step. */

import { describe, expect, it } from 'vitest';
import type { AutomationSpec } from '../../src/records.ts';
import {
  CONFIDENCES,
  commandLevels,
  configureLevels,
  createLevels,
  createOutcomes,
  judgeLevels,
  type LevelStates,
  type LevelTold,
  noteOutcomes,
  type Outcomes,
} from '../../src/rollout/levels.ts';
import { addDecided, createSpans, decidedOf } from '../../src/rollout/spans.ts';
import { riskLowOf } from '../../src/rollout/threshold.ts';
import { randomOf } from './support.ts';

const HOUR = 3_600_000;
const SPEC: AutomationSpec = {
  ...{ output: 'fraud', level: 'shadow', upTo: 'full', targetRisk: 0.02, assistRisk: 0.1, confidence: 0.95 },
  ...{ nMin: 500, coverageMin: 0.1, holdMs: 2 * HOUR, gate: 'auto' },
  stopOn: { rules: [], level: 'critical' },
};

/** Answers of a confidence of 0.9 and more, and of less. */
function outcomes(sure: [n: number, wrong: number], unsure: [n: number, wrong: number]): Outcomes {
  const own = createOutcomes();
  const at = (from: number): number => CONFIDENCES.indexOf(from);
  [own.n[at(0.9)], own.wrong[at(0.9)]] = sure;
  [own.n[at(0.5)], own.wrong[at(0.5)]] = unsure;
  return own;
}
const GOOD = outcomes([1_000, 2], [500, 60]);
const BETTER = outcomes([1_000, 1], [500, 1]);
const BAD = outcomes([1_000, 80], [500, 60]);

interface Hour {
  a?: Outcomes;
  b?: Outcomes;
  alarms?: string[];
  active?: string;
  level?: string;
  spec?: Partial<AutomationSpec> | null;
  models?: Record<string, string>;
}

/** '3 level 0.9 assist -> partial: ...'. */
const text = ({ atMs, event, threshold, reason, by }: LevelTold): string =>
  `${atMs / HOUR} ${event} ${threshold ?? '-'} ${reason}${by === '' ? '' : ` ${by}`}`;

function follow(hours: Record<number, Hour>, through: number, first: Partial<AutomationSpec> = {}) {
  let states: LevelStates = createLevels();
  let spec: AutomationSpec | null = { ...SPEC, ...first };
  let [active, models]: [string, Record<string, string>] = ['a', { a: '1', b: '1' }];
  const told = configureLevels(states, { spec, models }, 0);
  for (let hour = 1; hour <= through; hour++) {
    const now = hours[hour] ?? {};
    const atMs = hour * HOUR;
    states = JSON.parse(JSON.stringify(states)) as LevelStates;
    if (now.spec !== undefined || now.models !== undefined) {
      models = now.models ?? models;
      spec = now.spec === null ? null : { ...(spec ?? SPEC), ...now.spec };
      told.push(...configureLevels(states, spec === null ? null : { spec, models }, atMs - HOUR));
    }
    if (spec === null) continue;
    const command = { target: now.level ?? '', by: 'ann', reason: '' };
    if (now.level !== undefined) told.push(...commandLevels(states, spec, active, command, atMs - HOUR));
    active = now.active ?? active;
    const seen = { ...(now.a && { a: now.a }), ...(now.b && { b: now.b }) };
    noteOutcomes(states, active, { startMs: atMs - HOUR, endMs: atMs }, seen);
    told.push(...judgeLevels(states, spec, active, now.alarms ?? [], atMs));
  }
  const steps = told.filter(({ event }) => event !== 'level_waits');
  return {
    told: steps.map((one) => text(one).replace(/ (at|from a|of the last) .*/, '')),
    states,
    waits: told.filter((one) => !steps.includes(one)).map(text),
  };
}
const every = (hour: Hour, from: number, to: number): Record<number, Hour> =>
  Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [from + i, hour]));

const UP = ['0 level - shadow: it begins here by the configuration', '2 level - shadow -> assist:'];

describe('the level', () => {
  it('rises to what is shown, each level after its time', () => {
    expect(follow(every({ a: GOOD }, 1, 12), 12).told).toEqual([...UP, '4 level 0.6 assist -> partial:']);
    expect(follow(every({ a: BETTER }, 1, 12), 12).told).toEqual([
      ...UP,
      '4 level 0 assist -> partial:',
      '6 level - partial -> full:',
    ]);
  });

  it('falls at once, and what was known before is worth nothing then', () => {
    const { told, states } = follow({ ...every({ a: GOOD }, 1, 8), 9: { a: BAD } }, 9);
    expect(told.slice(3)).toEqual(['9 level - partial -> assist:']);
    expect(states.models.a).toEqual({
      ...createOutcomes(),
      ...{ of: '1', fromMs: 9 * HOUR, firstMs: null, lastMs: null },
    });
    // Requests of before the fall that are due later do not count, and weeks of good ones hide nothing.
    noteOutcomes(states, 'a', { startMs: 9 * HOUR - 1, endMs: 10 * HOUR }, { a: GOOD });
    expect(states.models.a!.n.every((n) => n === 0)).toBe(true);
    const weeks = follow({ ...every({ a: GOOD }, 1, 2_000), 2001: { a: BAD } }, 2_001);
    expect(weeks.told.at(-1)).toBe('2001 level - partial -> assist:');
  });

  it('knows what the next step up still needs', () => {
    const missing = (hours: Record<number, Hour>, through: number, first: Partial<AutomationSpec> = {}) =>
      follow(hours, through, first).states.missing;
    const [few, good] = [outcomes([100, 0], [20, 0]), every({ a: GOOD }, 1, 12)];
    expect(missing({ 1: { a: few } }, 1)).toBe('shadow has not held for long enough');
    expect(missing({ 1: { a: few } }, 2)).toBe('120 of 500 outcomes');
    expect(missing({ ...good, 2: { a: GOOD, alarms: ['errors'] } }, 2)).toBe('alarms fire: errors');
    expect(missing(good, 4)).toBe('');
    expect(missing(good, 12)).toMatch(/^up to .* % of the answers may be wrong, 2.00 % are allowed$/);
    expect(missing(good, 2, { gate: 'manual' })).toBe('a person takes the step: gate is manual');
    expect(missing({ ...good, 6: { a: GOOD, level: 'shadow' } }, 12)).toBe(
      'a person has lowered the level and has not raised it again',
    );
  });

  it('counts requests that do not say who decided while people see no answer, all through their window', () => {
    const { states } = follow(every({ a: GOOD }, 1, 2), 2);
    expect(states.unseen).toEqual({ fromMs: 0, toMs: 2 * HOUR });
    const n = (): number => states.models.a!.n.reduce((a, b) => a + b, 0);
    const before = n();
    const note = (startMs: number, endMs: number): number => {
      noteOutcomes(states, 'a', { startMs, endMs }, {}, { a: outcomes([10, 0], [0, 0]) });
      return n() - before;
    };
    expect([note(HOUR, 2 * HOUR), note(HOUR, 2 * HOUR + 1), note(2 * HOUR, 3 * HOUR)]).toEqual([10, 10, 10]);
    // A fall begins another stretch; what was before it counts no more.
    judgeLevels(states, SPEC, 'a', ['errors'], 5 * HOUR);
    expect(states.unseen).toEqual({ fromMs: 5 * HOUR, toMs: null });
    expect(n()).toBe(0);
    noteOutcomes(states, 'a', { startMs: HOUR, endMs: 2 * HOUR }, {}, { a: GOOD });
    noteOutcomes(states, 'a', { startMs: 5 * HOUR, endMs: 6 * HOUR }, {}, { a: outcomes([7, 0], [0, 0]) });
    expect(n()).toBe(7);
  });

  it('forgets what is known where labels are another thing', () => {
    const { states } = follow({ ...every({ a: GOOD }, 1, 8), 8: { spec: { labels: 'people' } } }, 8);
    expect(states.models.a).toMatchObject(createOutcomes());
    expect(states.ladder!.level).toBe('partial');
  });

  it('asks whether the model is no worse than people alone, where there is a margin', () => {
    const beside = (better: number, worse: number): Outcomes => ({
      ...GOOD,
      pairs: { n: 1_500, better, worse },
    });
    const last = (a: Outcomes) => {
      const { told, states } = follow(every({ a }, 1, 3), 3, { margin: 0.02 });
      return [told.some((text) => text.includes('assist')), states.missing];
    };
    expect(last(beside(10, 12))[0]).toBe(true);
    const worse = [false, 'that the model is worse than people by less than 2.00 %'];
    expect(last(beside(10, 60))).toEqual(worse);
    expect(last(GOOD)).toEqual(worse);
  });

  it('tells another blind share, since the routing table changes with it', () => {
    const { told } = follow(
      { 2: { spec: { blind: 0.1 } }, 3: { spec: { blind: 0.1 } }, 4: { spec: { blind: 0 } } },
      5,
      {
        blind: 0.05,
      },
    );
    expect(told).toEqual([
      UP[0],
      '1 level - shadow: people decide 10.00 % of the requests blind, by the configuration',
      '3 level - shadow: people decide no requests blind, by the configuration',
    ]);
  });

  it('falls to the shadow while alarms fire', () => {
    const { told } = follow({ ...every({ a: GOOD }, 1, 8), 6: { a: GOOD, alarms: ['errors'] } }, 9);
    expect(told.slice(3)).toEqual([
      '6 level - partial -> shadow: alarms fire: errors',
      '8 level - shadow -> assist:',
    ]);
  });

  it('waits for a person where the gate is manual, and tells it once', () => {
    const hours = every({ a: GOOD }, 1, 12);
    const { told } = follow(
      { ...hours, 4: { a: GOOD, level: 'assist' }, 8: { a: GOOD, level: 'partial' }, 10: { a: BAD } },
      12,
      { gate: 'manual' },
    );
    expect(told).toEqual([
      UP[0],
      '2 level_open - shadow -> assist is open to a person:',
      '3 level - shadow -> assist ann',
      '5 level_open - assist -> partial is open to a person:',
      '7 level 0.6 assist -> partial ann',
      '10 level - partial -> assist:',
      '12 level_open - assist -> partial is open to a person:',
    ]);
  });

  it('stays where a person has lowered it until a person raises it', () => {
    const hours = every({ a: GOOD }, 1, 14);
    const { told } = follow(
      { ...hours, 6: { a: GOOD, level: 'human_only' }, 11: { a: GOOD, level: 'assist' } },
      14,
    );
    expect(told.slice(3)).toEqual([
      '5 level - partial -> human_only ann',
      '7 level_open - human_only -> shadow is open to a person: a shadow touches nobody',
      '10 level - human_only -> assist ann',
      '12 level 0.6 assist -> partial:',
    ]);
  });

  it('refuses what nobody may, with the reason', () => {
    const ask = (level: string, upTo: AutomationSpec['upTo'] = 'full') =>
      follow({ 1: { level } }, 1, { upTo }).told[1];
    expect(ask('partial')).toBe('0 refused - level: no threshold of confidence is shown to be safe yet ann');
    expect(ask('full', 'assist')).toBe(
      '0 refused - level: the highest level that the service allows is assist ann',
    );
    expect(ask('partial', 'assist')).toBe(
      '0 refused - level: the highest level that the service allows is assist ann',
    );
    expect(ask('shadow')).toBe('0 refused - level: the level is shadow already ann');
    expect(ask('ful')).toContain("'ful' is none of human_only");
    expect(ask('assist')).toBe('0 level - shadow -> assist ann');
  });

  it('keeps for another model what is shown of that one', () => {
    const hours = every({ a: BETTER, b: GOOD }, 1, 7);
    const b = { a: BETTER, b: GOOD, active: 'b' };
    expect(follow({ ...hours, ...every(b, 8, 12) }, 12).told.slice(4)).toEqual([
      '8 level 0.6 full -> partial: another model answers, b, of which 0.6 is shown to be safe',
    ]);
    const none = every({ a: BETTER }, 1, 7);
    expect(follow({ ...none, 8: { ...b, b: BAD } }, 8).told.slice(4)).toEqual([
      '8 level - full -> assist: another model answers, b, of which no threshold is shown to be safe',
    ]);
    // One of the same name with another file is another one.
    expect(follow({ ...none, 8: { models: { a: '2', b: '1' } } }, 8).told.slice(4)).toEqual([
      '8 level - full -> assist: another model answers, a, of which no threshold is shown to be safe',
    ]);
  });

  it('follows the configuration: a lower limit at once, another output with nothing known', () => {
    const hours = every({ a: BETTER }, 1, 7);
    expect(follow({ ...hours, 8: { spec: { upTo: 'partial' } } }, 8).told.slice(4)).toEqual([
      '8 level 0 full -> partial: the service allows no more',
    ]);
    const { states } = follow({ ...hours, 8: { spec: { output: 'other' } } }, 8);
    expect([states.ladder!.level, states.models.a!.n.some((n) => n > 0)]).toEqual(['full', false]);
    const again = follow({ ...hours, 8: { spec: null }, 9: { spec: {} } }, 9);
    expect(again.told.slice(4)).toEqual(['8 level - shadow: it begins here by the configuration']);
  });
});

describe('what was decided, from several times on', () => {
  it('keeps few starts, the first and the last among them, and all counts since each', () => {
    const state = createSpans();
    for (let i = 1; i <= 5_000; i++) addDecided(state, 10, i > 4_990 ? 1 : 0);
    const starts = state.spans.map(({ start }) => start);
    expect(starts.length).toBeLessThanOrEqual(32);
    expect([starts[0], starts.at(-1)]).toEqual([1, 5_000]);
    for (const { start, n, wrong } of state.spans)
      expect([n, wrong]).toEqual([10 * (5_001 - start), Math.min(10, 5_001 - start)]);
    // For a change at any time one start is near: its age is at most a fifth off, or a window or two.
    for (let age = 1; age < 4_900; age += 7) {
      const near = Math.min(...starts.map((start) => Math.abs(5_001 - start - age)));
      expect(near).toBeLessThanOrEqual(Math.max(2, age * 0.35));
    }
    expect(decidedOf(state).reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(1);
  });

  it('is seldom a breach where as many are wrong as is allowed, however long', () => {
    const random = randomOf(11);
    let falls = 0;
    for (let stream = 0; stream < 100; stream++) {
      const state = createSpans();
      for (let i = 0; i < 300; i++) {
        let wrong = 0;
        for (let k = 0; k < 20; k++) if (random() < 0.05) wrong++;
        addDecided(state, 20, wrong);
        const isBreach = decidedOf(state).some(
          ({ n, wrong: bad, weight }) => bad / n > 0.05 && riskLowOf(bad, n, 0.05 * weight) > 0.05,
        );
        if (!isBreach) continue;
        falls++;
        break;
      }
    }
    expect(falls).toBeLessThanOrEqual(5);
  });
});
