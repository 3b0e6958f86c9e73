import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { correlationOf, ranksOf } from '../../src/cli/review/duplicates.ts';
import { roundedOut } from '../../src/cli/review/thresholds.ts';
import { COUNT, jsonOf, mean, review } from './review-support.ts';
import { alertAt, alertLines, resultAt, spread, windows } from './stretches.ts';

/** Evenly spread over 0..1. */
const even = mean('age', (window) => spread(window));

describe('the rules', () => {
  test('one that fires in 30 % of the windows is too tight, and the new threshold fires in 1 %', async () => {
    const rule = "  - { name: old, metric: mean, subject: age, warning: '> 0.7', min_n: 100 }";
    const found = await jsonOf(rule, even);
    const [finding] = found.rules[0].findings;
    expect(finding).toMatchObject({ kind: 'too tight', windows: COUNT });
    expect(finding.evidence).toMatch(
      /^warning > 0\.7 fires in 30\.1 % of 1,000 windows, in 301 alarms\..* fires in 1 % of 1,000 windows, in 10 alarms$/,
    );
    const limit = Number(/> (.+)/.exec(finding.change.warning)![1]);
    const fires = even.filter(({ value }) => value! > limit).length / COUNT;
    expect(fires).toBeLessThanOrEqual(0.01);
    expect(fires).toBeGreaterThan(0);
  });

  test('the snippet is the rule as it was written, with what changes, and the reason', async () => {
    const rule =
      "  - { name: old, metric: mean, subject: age, warning: '> 0.7', critical: '> 0.75', min_n: 100 }";
    const { out } = await review(rule, even, '');
    const lines = out.split('\n');
    const at = lines.findIndex((line) => line.startsWith('# too tight: critical > 0.75 fires in 25 % of'));
    const old = lines.findIndex((line, i) => i > at && line.startsWith('# old: '));
    expect(at).toBeGreaterThan(0);
    expect(lines[old]).toBe(
      '# old: { name: old, metric: mean, subject: age, warning: "> 0.7", critical: "> 0.75", min_n: 100 }',
    );
    const [changed] = parse(lines[old + 1]!);
    expect(changed).toMatchObject({ name: 'old', metric: 'mean', subject: 'age', min_n: 100 });
    const [warning, critical] = [changed.warning, changed.critical].map((text: string) =>
      Number(text.slice(2)),
    );
    expect(warning).toBeGreaterThan(0.9);
    expect(critical).toBeGreaterThan(warning!);
  });

  test('one lasting change is no reason to move a threshold', async () => {
    const changed = mean('age', (window) => (window < 700 ? 0 : 1) + spread(window) / 10);
    const found = await jsonOf(
      "  - { name: one, metric: mean, subject: age, warning: '> 0.7', min_n: 1 }",
      changed,
    );
    expect(found.rules[0].findings).toMatchObject([{ kind: 'lasting', change: null }]);
  });

  test('one that can never fire is said so; one that is out of reach gets a nearer threshold', async () => {
    const rules = `  - { name: never, metric: missing_rate, subject: age, warning: '> 1', min_n: 1 }
  - { name: far, metric: mean, subject: age, warning: '> 30', min_n: 1 }
  - { name: down, metric: mean, subject: fee, warning: '< -20', min_n: 1 }`;
    const missing = windows(COUNT).map((window) =>
      resultAt(window, { metric: 'missing_rate', subject: 'age', value: spread(window) / 100, n: 200 }),
    );
    const found = await jsonOf(rules, [...even, ...missing, ...mean('fee', (window) => spread(window, 1))]);
    const kinds = found.rules.map(({ findings }: { findings: { kind: string }[] }) =>
      findings.map(({ kind }) => kind),
    );
    expect(kinds).toEqual([['impossible'], ['too loose'], ['too loose']]);
    expect(found.rules[1].findings[0].change).toEqual({ warning: '> 1.25' });
    expect(found.rules[2].findings[0].change).toEqual({ warning: '< -0.25' });
  });

  test('a rule that nothing feeds, and windows that are too small for min_n', async () => {
    const rules = `  - { name: none, metric: psi, subject: fee, warning: '> 1' }
  - { name: few, metric: mean, subject: age, warning: '> 2', min_n: 500 }`;
    const found = await jsonOf(rules, even);
    expect(found.rules[0].findings).toMatchObject([{ kind: 'unwatched', change: null }]);
    expect(found.rules[1].findings).toMatchObject([{ kind: 'never judged', change: { min_n: 200 } }]);
    expect(found.rules[1].findings[0].evidence).toContain('1,000 of 1,000 windows');
  });

  test('alarms that are over at once ask for a longer `for`, breaches that never last for a shorter one', async () => {
    const flapping = mean('age', (window) =>
      window % 50 === 7 || (window >= 600 && window < 610) ? 9 : spread(window),
    );
    const rules = `  - { name: flaps, metric: mean, subject: age, warning: '> 2', min_n: 1 }
  - { name: waits, metric: mean, subject: age, warning: '> 2', min_n: 1, for: 1h }`;
    const found = await jsonOf(rules, flapping);
    expect(found.rules[0].findings).toMatchObject([{ kind: 'flapping', change: { for: '1m' } }]);
    expect(found.rules[0].findings[0].evidence).toMatch(/95 % of 20 alarms .* 1 alarm would be left/);
    expect(found.rules[1].findings).toMatchObject([{ kind: 'for too long', change: { for: '0s' } }]);
  });

  test('a calm rule is left alone', async () => {
    const found = await jsonOf(
      "  - { name: ok, metric: mean, subject: age, warning: '> 1.2', min_n: 1 }",
      even,
    );
    expect(found.rules).toMatchObject([{ rule: 'ok', judged: COUNT, findings: [], yaml: '' }]);
    const { out } = await review(
      "  - { name: ok, metric: mean, subject: age, warning: '> 1.2', min_n: 1 }",
      even,
      '',
    );
    expect(out).toContain('Nothing to change in the thresholds.');
  });
});

describe('the metrics', () => {
  const rule = "  - { name: fee, metric: mean, subject: fee, warning: '> 5', min_n: 1 }";
  const twice = mean('fee', (window) => 2 * spread(window) ** 3);
  const mirrored = windows(COUNT).map((window) =>
    resultAt(window, { metric: 'p95', subject: 'age', value: -spread(window), n: 200 }),
  );
  const own = mean('kind', (window) => spread(window, 5) * spread(window * 7));

  test('those that say the same are grouped around the one to keep', async () => {
    const fired = alertLines([alertAt(3, { rule: 'fee', metric: 'mean', subject: 'fee', state: 'firing' })]);
    const groups = async (alerts: string) =>
      (await jsonOf(rule, [...even, ...twice, ...mirrored, ...own], alerts)).duplicates;
    expect(await groups('')).toMatchObject([
      {
        keep: { metric: 'mean', subject: 'age' },
        why: 'the simplest of them',
        drop: [
          { subject: 'fee', correlation: 1, windows: COUNT },
          { metric: 'p95', correlation: -1, windows: COUNT },
        ],
      },
    ]);
    expect(await groups(fired)).toMatchObject([{ keep: { subject: 'fee' }, why: '1 alarm fired on it' }]);
  });

  test('a rule on one that says the same as that of another rule may go', async () => {
    const rules = `${rule}\n  - { name: age, metric: mean, subject: age, warning: '> 5', min_n: 1 }`;
    const found = await jsonOf(rules, [...even, ...twice]);
    const fee = found.rules.find((one: { rule: string }) => one.rule === 'fee');
    expect(fee.findings).toContainEqual(
      expect.objectContaining({ kind: 'duplicate', change: { remove: true } }),
    );
    expect(fee.yaml).toMatch(/# new: without this rule$/);
  });

  test('those that never informed: constant, without a value, or always in their band', async () => {
    const constant = mean('fee', () => 3);
    const empty = windows(COUNT).map((window) =>
      resultAt(window, { metric: 'psi', subject: 'fee', value: null, reason: 'no baseline', n: 200 }),
    );
    const told = mean('kind', (window) => (window === 500 ? 99 : spread(window, 5)));
    const found = await jsonOf(rule, [...even, ...constant, ...empty, ...told]);
    const byName = new Map(
      found.silent.map((one: { metric: string; subject: string }) => [`${one.metric}:${one.subject}`, one]),
    );
    expect([...byName.keys()].sort()).toEqual(['mean:age', 'mean:fee', 'psi:fee']);
    expect(byName.get('mean:fee')).toMatchObject({ kind: 'constant', low: 3, windows: COUNT });
    expect(byName.get('psi:fee')).toMatchObject({ kind: 'empty', reason: 'no baseline' });
    expect(byName.get('mean:age')).toMatchObject({ kind: 'calm' });
    // A constant rate has no reach that a threshold could be measured by.
    expect(found.rules[0].findings).toEqual([]);
  });
});

test('equal values share the mean of their ranks', () => {
  expect(ranksOf([3, 1, 3, 2])).toEqual([3.5, 1, 3.5, 2]);
  // 6 sum d^2 / (n^3 - n) without ties: d = 0, 1, 1 gives 1 - 12/24.
  expect(correlationOf(ranksOf([1, 2, 3]), ranksOf([1, 3, 2]))).toBeCloseTo(0.5, 12);
  expect(correlationOf([1, 1, 1], [1, 2, 3])).toBe(undefined);
});

test('suggested thresholds are short and no nearer', () => {
  expect(roundedOut(0.98765, 0.5)).toBe(0.99);
  expect(roundedOut(0.01234, 0.5)).toBe(0.01);
  expect(roundedOut(1_234.5, 0)).toBe(1_300);
  expect(roundedOut(0.3, 0.1)).toBe(0.3);
});
