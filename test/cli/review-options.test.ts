/** What a rule's options make of its values decides what the review says of it. */
import { describe, expect, test } from 'vitest';
import { COUNT, jsonOf, mean } from './review-support.ts';
import { resultAt, spread, windows } from './stretches.ts';

/** Of every ten windows one is beyond 2, by itself. */
const spikes = mean('age', (window) => (window % 10 === 7 ? 9 : spread(window)));
const spiked = async (options: string) => {
  const rule = `  - { name: one, metric: mean, subject: age, warning: '> 2', min_n: 1${options} }`;
  const [found] = (await jsonOf(rule, spikes)).rules;
  const kinds = found.findings.map(({ kind }: { kind: string }) => kind);
  return { ...found, kinds };
};

describe('windows beyond a threshold', () => {
  test('by themselves are too many alarms', async () => {
    const { kinds, firesNow, findings } = await spiked('');
    expect([kinds, firesNow]).toEqual([['too tight'], 100]);
    expect(findings[0].evidence).toMatch(/^warning > 2 fires in 10 % of 1,000 windows, in 100 alarms\./);
  });

  test('that `hits` waits for more of are none', async () => {
    expect(await spiked(', hits: 2 of 5')).toMatchObject({ kinds: [], firesNow: 0 });
    expect(await spiked(', hits: 1 of 5')).toMatchObject({ kinds: ['too tight'], firesNow: 100 });
  });

  test('that are shorter than `for` are none, and `for` is too long', async () => {
    expect(await spiked(', for: 1m')).toMatchObject({ kinds: ['for too long'], firesNow: 0 });
  });

  test('that are kept firing make few long alarms, and no lasting change', async () => {
    const { kinds, firesNow, findings } = await spiked(', keep_firing_for: 10m');
    expect([kinds, firesNow]).toEqual([['too tight'], 1]);
    expect(findings[0].evidence).toMatch(/^warning > 2 fires in 99\.3 % of 1,000 windows, in 1 alarm\./);
  });

  test('that are left only at a reset fire for as long', async () => {
    const few = mean('age', (window) => (window % 40 === 7 ? 9 : window % 40 < 20 ? 1.5 : 0.5));
    const rule = (more: string): string =>
      `  - { name: one, metric: mean, subject: age, warning: '> 2', min_n: 1${more} }`;
    const [without] = (await jsonOf(rule(''), few)).rules;
    const [held] = (await jsonOf(rule(", reset: { warning: '< 1' }"), few)).rules;
    expect(without.findings).toMatchObject([{ kind: 'flapping' }]);
    expect(held).toMatchObject({ firesNow: 25, findings: [{ kind: 'too tight' }] });
    expect(held.findings[0].evidence).toContain('fires in 32.5 % of 1,000 windows, in 25 alarms');
  });

  test('that are never left are still many, by their values', async () => {
    const { kinds, firesNow } = await spiked(", reset: { warning: '< -1' }");
    expect([kinds, firesNow]).toEqual([['too tight'], 1]);
  });

  test('fall as `drop` says', async () => {
    const falling = mean('age', (window) => [9, 2.5, 0][window % 25] ?? 0);
    const rule = (drop: string): string =>
      `  - { name: one, metric: mean, subject: age, warning: '> 3', critical: '> 8', reset: { warning: '< 2', critical: '< 4' }, drop: ${drop}, min_n: 1 }`;
    const now = async (drop: string) => (await jsonOf(rule(drop), falling)).rules[0].firesNow;
    // A fall to warning is told too.
    expect([await now('direct'), await now('staircase')]).toEqual([40, 80]);
  });

  test('that are silent while they flap are not told', async () => {
    const busy = mean('age', (window) => (window % 100 < 30 && window % 2 === 0 ? 9 : spread(window)));
    const rule = (more: string): string =>
      `  - { name: one, metric: mean, subject: age, warning: '> 2', min_n: 1${more} }`;
    const [loud] = (await jsonOf(rule(''), busy)).rules;
    const damped = ', flapping: { history: 5, enter: 0.5, leave: 0.25 }';
    const [quiet] = (await jsonOf(rule(damped), busy)).rules;
    expect([loud.firesNow, quiet.firesNow]).toEqual([150, 10]);
  });
});

test('alarms that are over at once ask for a longer `for`, unless they are kept firing', async () => {
  const flapping = mean('age', (window) => (window % 100 === 7 ? 9 : spread(window)));
  const rules = `  - { name: flaps, metric: mean, subject: age, warning: '> 2', min_n: 1 }
  - { name: kept, metric: mean, subject: age, warning: '> 2', min_n: 1, keep_firing_for: 2m }`;
  const found = await jsonOf(rules, flapping);
  expect(found.rules).toMatchObject([
    { firesNow: 10, findings: [{ kind: 'flapping' }] },
    { firesNow: 10, findings: [] },
  ]);
});

describe('versus', () => {
  const of = (more: string): string => `  - { name: one, metric: mean, subject: age, min_n: 1, ${more} }`;
  const whole = mean('age', () => 10);
  const part = mean('age', (window) => 10 + 5 * spread(window), 200, 'kind=a');

  test('thresholds are for the comparison, and so is what is suggested', async () => {
    const rule = of("segment: kind=a, versus: { segment: '*' }, warning: '> 1.3'");
    const [one] = (await jsonOf(rule, [...whole, ...part])).rules;
    expect(one).toMatchObject({ judged: COUNT, findings: [{ kind: 'too tight' }] });
    // 10 + 5 x over 10: 1.5 is reached at 1 % less.
    expect(Number(one.findings[0].change.warning.slice(2))).toBeCloseTo(1.495, 2);
  });

  test('without anything to compare with it is never judged', async () => {
    const rule = of("segment: kind=a, versus: { segment: '*' }, warning: '> 1.3'");
    const [one] = (await jsonOf(rule, part)).rules;
    expect(one).toMatchObject({ judged: 0, findings: [{ kind: 'never judged', change: null }] });
    expect(one.findings[0].evidence).toBe(
      '1,000 of 1,000 windows have nothing of min_n 1 to be compared with',
    );
  });

  test('of what a ratio can never be it says so', async () => {
    const rates = windows(COUNT).map((window) =>
      resultAt(window, { metric: 'missing_rate', subject: 'age', value: 0.1 + spread(window) / 10, n: 200 }),
    );
    const rules = `  - { name: ratio, metric: missing_rate, subject: age, versus: { ago: 1m }, warning: '< -1' }
  - { name: apart, metric: missing_rate, subject: age, versus: { ago: 1m, as: difference }, warning: '< -1' }
  - { name: fine, metric: missing_rate, subject: age, versus: { ago: 1m }, warning: '> 2' }`;
    const found = (await jsonOf(rules, rates)).rules;
    expect(found.map(({ findings }: { findings: { kind: string }[] }) => findings[0]?.kind)).toEqual([
      'impossible',
      'impossible',
      undefined,
    ]);
    expect(found[0].findings[0].evidence).toContain('the ratio of missing_rate lies within 0 and');
    expect(found[1].findings[0].evidence).toContain('the difference of missing_rate lies within -1 and 1');
  });
});

describe('rules without thresholds', () => {
  const rates = (at: (window: number) => number, n = 100) =>
    windows(COUNT).map((window) =>
      resultAt(window, { metric: 'missing_rate', subject: 'age', value: at(window), n }),
    );
  const burn = (minN: number): string =>
    `  - { name: spent, metric: missing_rate, subject: age, min_n: ${minN}, burn: { objective: '< 0.1', period: 10h, rates: [{ budget: 2%, long: 6m, short: 2m, level: critical }] } }`;

  test('a burn rate that fires too often is told, and nothing is suggested', async () => {
    // 2 % of ten hours in six minutes: twice as fast as evenly.
    const [spent] = (
      await jsonOf(
        burn(1),
        rates((window) => (window % 20 < 8 ? 0.5 : 0)),
      )
    ).rules;
    expect(spent).toMatchObject({ judged: COUNT, firesNow: 50, yaml: '' });
    expect(spent.findings).toMatchObject([{ kind: 'too tight', change: null }]);
    expect(spent.findings[0].evidence).toMatch(/^critical: burn rate > 2 over 6m fires in \d/);
  });

  test('a burn rate needs min_n rows over its long stretch', async () => {
    const [spent] = (
      await jsonOf(
        burn(601),
        rates(() => 0.05),
      )
    ).rules;
    expect(spent.findings).toMatchObject([{ kind: 'never judged', change: null }]);
    const [enough] = (
      await jsonOf(
        burn(600),
        rates(() => 0.05),
      )
    ).rules;
    expect(enough).toMatchObject({ judged: COUNT - 5, findings: [] });
  });

  test('a detector, and a rule over other rules', async () => {
    const shifted = mean('age', (window) => (window < 500 ? 0 : 3) + spread(window));
    const rules = `  - { name: moved, metric: mean, subject: age, min_n: 1, detector: page_hinkley, options: { min_instances: 30, threshold: 20 } }
  - { name: high, metric: mean, subject: age, warning: '> 3', min_n: 1 }
  - { name: both, when: { all: [moved, high] } }`;
    const found = await jsonOf(rules, shifted);
    expect(found.rules).toMatchObject([
      { rule: 'moved', judged: COUNT, firesNow: 1, findings: [] },
      { rule: 'high', firesNow: 1, findings: [{ kind: 'lasting' }] },
      { rule: 'both', judged: 0, series: 0, firesNow: 1, findings: [] },
    ]);
  });
});

test('a nearer threshold that lies beyond its reset is not put into the file', async () => {
  const rule =
    "  - { name: far, metric: mean, subject: age, warning: '> 30', reset: { warning: '< 20' }, min_n: 1 }";
  const [far] = (
    await jsonOf(
      rule,
      mean('age', (window) => spread(window)),
    )
  ).rules;
  expect(far.findings).toMatchObject([{ kind: 'too loose', change: null }]);
  expect(far.findings[0].evidence).toContain('A nearer threshold, such as > 1.25, needs another reset');
});
