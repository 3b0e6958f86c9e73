/** Rules that look beyond the value of one window: at other times, segments and models, and at budgets of bad rows. */

import type { Report } from '../document.ts';
import type { RuleShape } from '../rule-shape.ts';
import type { Registries } from '../types.ts';
import type { View } from '../view.ts';

/** Windows that a rule can look back on; so many are kept for each of its alarms. */
const AGO_WINDOWS_MAX = 2_016;
const BURN_WINDOWS_MAX = 20_000;

const hopOf = ({ windows }: View): number | null => (windows === null ? null : (windows.hop ?? windows.size));

export function checkVersus(rule: RuleShape, i: number, view: View, report: Report): void {
  const { versus } = rule;
  if (versus === undefined) return;
  const at = ['rules', i, 'versus'];
  const given = (['ago', 'segment', 'model'] as const).filter((key) => versus[key] !== undefined);
  if (given.length !== 1) {
    report(at, { message: `found ${given.join(' and ') || 'none'}, allowed: one of ago, segment and model` });
    return;
  }
  const hop = hopOf(view);
  const { ago, segment, model } = versus;
  if (ago !== undefined && hop !== null && (ago % hop !== 0 || ago / hop > AGO_WINDOWS_MAX))
    report([...at, 'ago'], {
      message: `a whole number of windows.hop is needed, at most ${AGO_WINDOWS_MAX} of them`,
    });
  if (segment !== undefined && segment !== '*' && !segment.includes('='))
    report([...at, 'segment'], {
      message: `found '${segment}', allowed: "*" or one segment such as input=value`,
    });
  if (segment !== undefined && segment === rule.segment)
    report([...at, 'segment'], {
      message: 'the rule would compare each segment with itself; give it another segment',
    });
  if (model !== undefined && !view.modelNames.includes(model))
    report([...at, 'model'], { allowed: view.modelNames.filter((name) => name !== null) });
  else if (model !== undefined && model === rule.model)
    report([...at, 'model'], {
      message: 'the rule would compare the model with itself; give it another model',
    });
}

/** What says by itself when a rule fires. */
const OTHERS = ['info', 'warning', 'critical', 'reset', 'drop', 'detector', 'versus'] as const;

/** False: the rule has no burn rates. */
export function checkBurn(
  rule: RuleShape,
  i: number,
  view: View,
  registries: Registries,
  report: Report,
): boolean {
  const { burn } = rule;
  if (burn === undefined) return false;
  const at = ['rules', i, 'burn'];
  for (const key of OTHERS)
    if (rule[key] !== undefined)
      report(['rules', i, key], {
        message: `${key} does not go with burn, which says by itself when to fire`,
      });
  const metric = registries.metrics.get(rule.metric);
  if (metric !== undefined && !metric.unit)
    report(['rules', i, 'metric'], {
      message: `found '${rule.metric}', but burn is for shares of rows, such as error_rate or accuracy`,
    });
  const { value } = burn.objective;
  if (!(value > 0 && value < 1))
    report([...at, 'objective'], {
      message: `found ${value}, allowed: a share between 0 and 1, such as '< 0.01' of bad rows or '> 0.99' of good ones`,
    });
  const hop = hopOf(view);
  if (hop === null) return true;
  if (view.windows?.hop !== undefined && view.windows.hop !== view.windows.size)
    report(at, {
      message:
        'burn sums the rows of windows, and windows that overlap count them twice: make windows.hop equal to windows.size',
    });
  burn.rates?.forEach(({ long, short }, k) => {
    if (short > long)
      report([...at, 'rates', k, 'short'], { message: 'the short stretch is longer than the long one' });
    else if (short < hop)
      report([...at, 'rates', k], {
        message: `its short stretch, by default a twelfth of the long one, holds no whole window of windows.hop`,
      });
    if (long / hop > BURN_WINDOWS_MAX)
      report([...at, 'rates', k, 'long'], {
        message: `at most ${BURN_WINDOWS_MAX} windows of windows.hop are summed`,
      });
    if (long > burn.period) report([...at, 'rates', k, 'long'], { message: 'longer than burn.period' });
  });
  if (burn.rates === undefined && hop > 300_000)
    report(at, {
      message:
        'the default rates look at 5m, which is less than windows.hop: give rates with a longer short stretch',
    });
  return true;
}
