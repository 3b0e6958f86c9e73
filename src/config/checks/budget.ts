import type { Report } from '../document.ts';
import { tracksOf } from '../tracks.ts';
import type { Registries } from '../types.ts';
import type { View } from '../view.ts';

/** The name that alerts on the budget have in place of a rule's. */
const NAME = 'budget';

/** The budget against the registry of evidence, the names of the service and its windows. */
export function checkBudget(view: View, { evidence = new Map() }: Registries, report: Report): void {
  const { budget, windows } = view;
  if (budget === undefined) return;
  const at = view.ruleNames.indexOf(NAME);
  if (at >= 0)
    report(['rules', at, 'name'], {
      message: "'budget' is the name of the alarms on the budget; take another",
    });
  if (view.baseline === null && !view.isBroken(['baseline']))
    report(['budget'], {
      message:
        'a budget needs a baseline to compare with: make one with `telltale baseline build` and name it under baseline',
    });
  if (budget === null) return;
  const { alarms, tolerance } = budget;
  if (windows !== null && alarms.periodMs / windows.size / alarms.alarms < 10)
    report(['budget'], {
      message: `found an alarm in fewer than ten windows of ${windows.size / 1000} s; a budget is for alarms that are rare`,
    });
  for (const [key, value] of Object.entries(tolerance)) {
    const [metric = '', ...rest] = key.split('/');
    const path = ['budget', 'tolerance', key];
    const kind = evidence.get(metric);
    if (kind === undefined) {
      report(path, { found: `the metric '${metric}'`, word: metric, allowed: [...evidence.keys()] });
      continue;
    }
    if (kind.unit === 'share' && value > 1)
      report(path, { message: `found ${value}, allowed: a share of rows, 0..1` });
    if (rest.length === 0) continue;
    const subject = rest.join('/');
    const names = subjectsOf(view);
    if (!names.includes(subject))
      report(path, { found: `the subject '${subject}'`, word: subject, allowed: names });
  }
}

const subjectsOf = (view: View): string[] => [
  ...[...view.inputs].flatMap(([name, input]) =>
    input === null ? [name] : tracksOf(name, input.type).map(({ track }) => track),
  ),
  ...view.outputs.keys(),
];
