import type { Report } from '../document.ts';
import type { RuleShape } from '../rule-shape.ts';
import type { DetectorChoice, Registries } from '../types.ts';

/** What only a rule with thresholds has. */
const THRESHOLD_KEYS = ['info', 'warning', 'critical', 'reset', 'drop', 'hits', 'keep_firing_for'] as const;
const KEYS = ['options', 'level', 'warn', 'hold'] as const;

/** A rule's detector against the registry of detectors. False: it has none, but thresholds. */
export function checkDetector(
  rule: RuleShape,
  i: number,
  { detectors = new Map(), metrics }: Registries,
  report: Report,
): boolean {
  const { detector: name } = rule;
  if (name === undefined) {
    for (const key of KEYS) {
      if (rule[key] !== undefined)
        report(['rules', i, key], { message: `${key} goes with a detector, and the rule has none` });
    }
    return false;
  }
  for (const key of THRESHOLD_KEYS) {
    if (rule[key] !== undefined)
      report(['rules', i, key], { message: 'a rule has thresholds or a detector, not both' });
  }
  if (rule.for !== 0)
    report(['rules', i, 'for'], {
      message: 'for goes with thresholds; how long a drift fires is the hold of a detector',
    });
  if (rule.warn && rule.level !== 'critical')
    report(['rules', i, 'warn'], {
      message: 'warn: true asks for level: critical, else a warning could not be told from a drift',
    });
  const kind = detectors.get(name);
  if (kind === undefined) {
    report(['rules', i, 'detector'], { allowed: [...detectors.keys()] });
    return true;
  }
  checkOptions(rule, i, kind, report);
  const metric = metrics.get(rule.metric);
  if (kind.input !== 'real' && metric !== undefined && !metric.unit) {
    const allowed = [...detectors].filter(([, { input }]) => input === 'real').map(([key]) => key);
    report(['rules', i, 'detector'], {
      message: `found '${name}', which reads values in 0..1; for ${rule.metric} choose one of ${allowed.join(', ')}`,
    });
  }
  return true;
}

function checkOptions(rule: RuleShape, i: number, kind: DetectorChoice, report: Report): void {
  const given = rule.options ?? {};
  const names = Object.keys(kind.options);
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  for (const word of unknown)
    report(['rules', i, 'options', word], { found: `the option '${word}'`, word, allowed: names });
  if (unknown.length > 0) return;
  for (const message of kind.faults(given)) {
    const name = Object.keys(given).find((option) => message.startsWith(`${option} `));
    report(['rules', i, 'options', ...(name === undefined ? [] : [name])], { message });
  }
}
