import { describe, expect, test } from 'vitest';
import { DETECTORS } from '../../src/detect/registry.ts';
import { GENERATORS, type Generator, rowAt } from './generators/index.ts';
import { median } from './group.ts';
import { GROUPS } from './groups/index.ts';
import { train } from './learners.ts';
import { binomial, multinomial, randomOf } from './random.ts';
import { optionsFor, watch } from './rules/detectors.ts';
import { PEER_RULES } from './rules/peers.ts';

const generatorOf = (name: string): Generator => GENERATORS.find((one) => one.name === name)!;
const rowsOf = (name: string, concept: number, count = 5_000) => {
  const random = randomOf(1);
  return Array.from({ length: count }, () => generatorOf(name).row(random, concept));
};

const QUICK = { size: 'quick', days: null } as const;

describe('generators', () => {
  test('SEA: the sum of two inputs against theta, with a tenth of the labels wrong', () => {
    const wrong = rowsOf('SEA', 1).filter(({ x, y }) => (x[0]! + x[1]! <= 7 ? 1 : 0) !== y);
    expect(wrong.length / 5_000).toBeCloseTo(0.1, 1);
  });

  test('STAGGER: size small and colour red; colour green or shape circular; size medium or large', () => {
    const laws: ((x: number[]) => boolean)[] = [
      (x) => x[0] === 1 && x[3] === 1,
      (x) => x[5] === 1 || x[7] === 1,
      (x) => x[1] === 1 || x[2] === 1,
    ];
    laws.forEach((law, concept) => {
      for (const { x, y } of rowsOf('STAGGER', concept, 300)) expect(y).toBe(law(x) ? 1 : 0);
    });
  });

  test('Agrawal: function 1 is of age alone', () => {
    for (const { x, y } of rowsOf('Agrawal', 0, 500)) expect(y).toBe(x[2]! < 40 || x[2]! >= 60 ? 0 : 1);
    for (const { x } of rowsOf('Agrawal', 1, 500))
      expect(x[0]! >= 75_000 ? x[1] === 0 : x[1]! >= 10_000).toBe(true);
  });

  test('Friedman: the function of five inputs, and noise of one', () => {
    const rest = rowsOf('Friedman', 0).map(({ x, y }) => {
      const [a, b, c, d, e] = x as [number, number, number, number, number];
      return y - (10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e);
    });
    const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(rest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rest.length).toBeCloseTo(1, 1);
  });

  test('hyperplane: both classes, and another plane afterwards', () => {
    const share = rowsOf('hyperplane', 0).filter(({ y }) => y === 1).length / 5_000;
    expect(share).toBeCloseTo(0.5, 1);
  });

  test('a schedule changes the law at the change, and not before', () => {
    for (const generator of GENERATORS) {
      const model = train(generator, randomOf(2));
      const rate = (from: number, to: number): number => {
        const random = randomOf(3);
        let errors = 0;
        for (let i = from; i < to; i++) errors += model.errorOf(rowAt(generator, random, 'abrupt', i, 1_000));
        return errors / (to - from);
      };
      expect(rate(1_000, 2_000), generator.name).toBeGreaterThan(rate(0, 1_000) + 0.05);
    }
  });
});

test('draws have the shares that were asked for', () => {
  const random = randomOf(4);
  const draws = Array.from({ length: 2_000 }, () => binomial(random, 200, 0.3));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
  expect(mean).toBeCloseTo(60, 0);
  expect(Math.abs(variance / 42 - 1)).toBeLessThan(0.15);
  expect(binomial(random, 100, 0)).toBe(0);
  expect(binomial(random, 100, 1)).toBe(100);
  const counts = multinomial(random, 10_000, [0.5, 0.3, 0.2]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  expect(counts[0]! / 10_000).toBeCloseTo(0.5, 1);
  // The last cell of three is binomial too, and rows are neither lost nor made up.
  const lasts = Array.from({ length: 2_000 }, () => multinomial(random, 200, [0.5, 0.2, 0.3])[2]!);
  const lastMean = lasts.reduce((sum, value) => sum + value, 0) / lasts.length;
  expect(lastMean).toBeCloseTo(60, 0);
  const spread = lasts.reduce((sum, value) => sum + (value - lastMean) ** 2, 0) / lasts.length;
  expect(Math.abs(spread / 42 - 1)).toBeLessThan(0.15);
  expect(multinomial(random, 7, [0, 1, 0])).toEqual([0, 7, 0]);
});

test('rules of other tools: silent on the reference itself, loud on another', () => {
  const random = randomOf(5);
  const reference = Float64Array.from({ length: 5_000 }, () => random.normal());
  for (const rule of PEER_RULES.filter(({ name }) => !name.startsWith('a dummy'))) {
    const fires = rule.create(reference, 500);
    expect(fires({ values: reference, index: 0 }), rule.name).toBe(false);
    expect(fires({ values: reference.map((value) => value + 2), index: 0 }), rule.name).toBe(true);
  }
});

test('an alarm before the change is false, and the first after it is the delay', () => {
  const errors = Array.from({ length: 400 }, (_, i) => (i < 200 ? (i % 10 === 0 ? 1 : 0) : 1));
  const kind = DETECTORS.e_sr!;
  const { before, delay } = watch(kind, optionsFor(kind, 500), errors, 200);
  expect(before).toBe(0);
  expect(delay).toBeGreaterThan(1);
  expect(delay).toBeLessThan(20);
  expect(watch(kind, optionsFor(kind, 500), errors, 300).before).toBeGreaterThan(0);
});

test('every group has tasks whose results are the same each time, and tables with a cell for each head', () => {
  for (const group of GROUPS) {
    const tasks = group.tasks(QUICK);
    // Without its file elec has none.
    const cheap = group.name === 'inputs' ? tasks.filter((task) => task.startsWith('50/')) : [];
    const first = cheap.map((task) => group.run(task, QUICK));
    expect(cheap.map((task) => group.run(task, QUICK))).toEqual(first);
    expect(new Set(tasks).size).toBe(tasks.length);
  }
  const elec = GROUPS.find(({ name }) => name === 'elec')!;
  const tables = elec.tables([{ detector: 'a', rows: 10, wrong: 1, alarms: 2 }], QUICK);
  for (const { head, rows } of tables) for (const row of rows) expect(row).toHaveLength(head.length);
});

test('the median', () => {
  expect(median([])).toBeNull();
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});
