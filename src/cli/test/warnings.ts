/** What of tests is allowed and can hardly be meant. */

import { isWatched } from '../../alarm/state.ts';
import { nearest } from '../../config/suggest.ts';
import type { RuleSpec, ServiceSpec, Watched } from '../../records.ts';
import { titleOf } from '../results/blocks.ts';
import type { Test, TestFile } from './file.ts';
import type { Series } from './run.ts';

/** Series that no rule watches, expectations that no series can bring about, and rules that nothing feeds. */
export function warningsOf(files: readonly TestFile[]): string[] {
  const warnings: string[] = [];
  for (const { file, tests, lineOf } of files) {
    tests.forEach((test, i) => {
      const rules = rulesOf(test);
      test.plan.series.forEach((series, k) => {
        if (rules.some((rule) => isWatched(rule, series) || isComparedBy(rule, series))) return;
        const line = lineOf(['tests', i, 'series', k]);
        warnings.push(`${file}:${line}: no rule watches this series, ${titleOf(series)}${placeOf(series)}`);
      });
      for (const { expected, line } of expectedOf(test)) {
        const found = unfedText(test, rules, expected);
        if (found !== null) warnings.push(`${file}:${line}: ${found}`);
      }
    });
  }
  warnings.push(...unfedRules(files));
  return warnings;
}

/** Whether the rule compares what it watches with such a series. */
function isComparedBy({ versus, ...rule }: RuleSpec, series: Watched): boolean {
  if (versus === undefined || 'agoMs' in versus.with) return false;
  const isThere = Object.entries(versus.with).every(([key, value]) => series[key as keyof Watched] === value);
  if (!isThere) return false;
  // That the rule watches elsewhere is what it compares.
  const anywhere = 'segment' in versus.with ? { segment: series.segment } : { model: '*' };
  return isWatched({ ...rule, ...anywhere }, series);
}

const placeOf = ({ segment }: Watched): string => (segment === '*' ? '' : ` in ${segment}`);

function rulesOf({ plan }: Test): RuleSpec[] {
  return [plan.spec, ...plan.reloads.map(({ spec }) => spec)].flatMap(({ rules }) => rules);
}

type Expected = { rule: string } & Partial<Watched>;

function expectedOf({ looks, records }: Test): { expected: Expected; line: number }[] {
  return [...looks.flatMap(({ alarms }) => alarms ?? []), ...(records?.expected ?? [])];
}

const KEYS = ['metric', 'subject', 'model', 'segment'] as const;

/** Why no series of the test can give this alarm; null: one can. */
function unfedText({ plan }: Test, rules: readonly RuleSpec[], expected: Expected): string | null {
  const own = rules.filter(({ name }) => name === expected.rule);
  // A rule over other rules is fed by them.
  if (own.some(({ when }) => when !== undefined)) return null;
  const feeding = plan.series.filter((series) => own.some((rule) => isWatched(rule, series)));
  if (feeding.length === 0) return `no series of the test feeds the rule ${expected.rule}`;
  const isOf = (series: Series): boolean =>
    KEYS.every((key) => expected[key] === undefined || expected[key] === series[key]);
  if (feeding.some(isOf)) return null;
  const key = KEYS.find((one) => {
    const wanted = expected[one];
    return wanted !== undefined && feeding.every((series) => series[one] !== wanted);
  });
  if (key === undefined)
    return `no series that feeds the rule ${expected.rule} is of all that is expected here`;
  const near = nearest(
    expected[key]!,
    feeding.map((series) => series[key]),
  );
  const hint = near === null ? '' : `; did you mean '${near}'?`;
  return `no series feeds the rule ${expected.rule} with the ${key} '${expected[key]}'${hint}`;
}

/** Rules of a service that no test of any file has given a window that they judge. */
function unfedRules(files: readonly TestFile[]): string[] {
  const services = new Map<string, { spec: ServiceSpec; series: Series[] }>();
  for (const { file, target, tests } of files) {
    const key = target.file ?? file;
    const entry = services.get(key) ?? { spec: target.spec, series: [] };
    entry.series.push(...tests.flatMap(({ plan }) => plan.series));
    services.set(key, entry);
  }
  return [...services].flatMap(([file, { spec, series }]) => {
    const unfed: string[] = [];
    const small: string[] = [];
    for (const rule of spec.rules) {
      if (rule.when !== undefined) continue;
      const own = series.filter((one) => isWatched(rule, one));
      if (own.length === 0) unfed.push(rule.name);
      // Burn rates sum over windows, few as their rows may be.
      else if (
        rule.burn === undefined &&
        !own.some(({ steps, n }) => steps.some((step, i) => typeof step === 'number' && n[i]! >= rule.nMin))
      )
        small.push(`${rule.name} (${rule.nMin})`);
    }
    return [
      ...(unfed.length === 0 ? [] : [`${file}: no test feeds ${rulesText(unfed)}`]),
      ...(small.length === 0
        ? []
        : [`${file}: no test has a window with a value and the min_n of ${rulesText(small)}`]),
    ];
  });
}

const rulesText = (names: readonly string[]): string =>
  `${names.length === 1 ? 'the rule' : 'the rules'} ${names.join(', ')}`;
