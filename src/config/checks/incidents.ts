/** `incidents` against the rules, metrics, models and segments of the service, and against itself. */

import { IANAZone } from 'luxon';
import { createWildcard } from '../../math/wildcard.ts';
import { LEVELS, type Level } from '../../records.ts';
import type { Report } from '../document.ts';
import { matcherOf } from '../incidents.ts';
import type { MaintenanceShape, MatcherShape } from '../incidents-shape.ts';
import type { RuleShape } from '../rule-shape.ts';
import { nearest } from '../suggest.ts';
import type { Path, Registries } from '../types.ts';
import type { View } from '../view.ts';

export function checkIncidents(view: View, registries: Registries, report: Report): void {
  const { incidents } = view;
  if (incidents === undefined || incidents === null) return;
  incidents.inhibit.forEach(({ source, target }, i) => {
    const at = ['incidents', 'inhibit', i];
    checkMatcher(source, [...at, 'source'], view, registries, report);
    checkMatcher(target, [...at, 'target'], view, registries, report);
    if (JSON.stringify(matcherOf(source, registries)) === JSON.stringify(matcherOf(target, registries)))
      report(at, {
        message:
          'source and target are the same alarms, which would silence each other; name as the source what explains the target',
      });
  });
  incidents.maintenance.forEach((shape, i) => {
    const at = ['incidents', 'maintenance', i];
    checkMatcher(shape.match, [...at, 'match'], view, registries, report);
    checkTimes(shape, at, report);
  });
}

const isPattern = (text: string): boolean => text.includes('*');

/** Every text by itself; and, if all are sound, whether an alarm of the service fits at all. */
export function checkMatcher(
  matcher: MatcherShape,
  at: Path,
  view: View,
  registries: Registries,
  report: Report,
): void {
  let sound = true;
  const check = (field: 'rule' | 'metric' | 'model', known: readonly string[]): void => {
    matcher[field]?.forEach((text, k, { length }) => {
      const fits = createWildcard(text);
      if (known.some(fits)) return;
      sound = false;
      const path = [...at, field, ...(length > 1 ? [k] : [])];
      const what = isPattern(text) ? `'${text}', which no ${field} fits` : `the ${field} '${text}'`;
      report(path, { found: what, word: text, allowed: known });
    });
  };
  check('rule', ruleNamesOf(view));
  check('metric', [...registries.metrics.keys(), ...(registries.evidence?.keys() ?? []), '']);
  check('model', [...view.modelNames.filter((name) => name !== null), '']);
  if (!checkSegments(matcher, at, view, report)) sound = false;
  const isEverything = Object.keys(matcher).length === 0;
  if (sound && !isEverything && !view.isBroken(['rules']) && !canFit(matcher, view, registries))
    report(at, {
      message: 'no alarm of the service can fit: take a field away, or name what its rules watch',
    });
}

function ruleNamesOf(view: View): string[] {
  const names = view.ruleNames.filter((name) => name !== null);
  return view.budget === undefined ? names : [...names, 'budget'];
}

/** The first input that a segment names has to be one that the service splits by. */
function checkSegments(
  { segment: texts = [] }: MatcherShape,
  at: Path,
  { segments }: View,
  report: Report,
): boolean {
  if (segments === null) return true;
  const unknown = texts.filter((text) => {
    const name = /^([^*=]+)=/.exec(text)?.[1];
    if (name === undefined) return !isPattern(text);
    return !segments.some(([first]) => first === name);
  });
  for (const text of unknown) {
    const path = [...at, 'segment', ...(texts.length > 1 ? [texts.indexOf(text)] : [])];
    const forms = segments.map((inputs) => inputs.map((input) => `${input}=VALUE`).join(','));
    report(path, { found: `'${text}'`, word: text, allowed: ['*', ...forms] });
  }
  return unknown.length === 0;
}

/** Whether a rule, or the budget, can raise an alarm of such a rule, metric and level. */
function canFit(shape: MatcherShape, view: View, registries: Registries): boolean {
  const { rule, metric, level } = matcherOf(shape, registries);
  const isIn = (texts: readonly string[] | undefined, of: readonly string[]): boolean =>
    texts === undefined || texts.map(createWildcard).some((fits) => of.some(fits));
  const alarms = view.rules.flatMap((one) =>
    one === null ? [] : [{ rule: one.name, metrics: [one.metric], levels: levelsOf(one) }],
  );
  if (view.budget !== undefined) {
    const metrics = [...(registries.evidence?.keys() ?? [])];
    alarms.push({ rule: 'budget', metrics, levels: ['warning', 'critical'] });
  }
  return alarms.some((one) => isIn(rule, [one.rule]) && isIn(metric, one.metrics) && isIn(level, one.levels));
}

/** The levels that an alarm of the rule can have. */
export function levelsOf(rule: RuleShape): Level[] {
  const { when, burn, detector, warn, no_data: noData } = rule;
  const levels: (Level | undefined)[] = LEVELS.filter((level) => rule[level] !== undefined);
  if (when !== undefined || detector !== undefined) levels.push(rule.level ?? 'warning');
  if (burn !== undefined) levels.push(...(burn.rates?.map(({ level }) => level) ?? ['warning', 'critical']));
  if (warn === true) levels.push('warning');
  if (noData?.policy === 'alarm') levels.push(noData.level ?? 'warning');
  return LEVELS.filter((level) => levels.includes(level));
}

function checkTimes({ from, to, days, timezone }: MaintenanceShape, at: Path, report: Report): void {
  if ('atMs' in from !== 'atMs' in to) {
    report([...at, 'to'], {
      message: `from is a time ${'atMs' in from ? 'of one day' : 'of every day'}, and to is not; write both alike`,
    });
    return;
  }
  if ('atMs' in from && 'atMs' in to) {
    if (to.atMs <= from.atMs) report([...at, 'to'], { allowed: ['a time after from'] });
    for (const [key, value] of Object.entries({ days, timezone }))
      if (value !== undefined)
        report([...at, key], {
          message: `${key} goes with times of day such as '22:00'; from and to say all of a window that is held once`,
        });
    return;
  }
  if ('minute' in from && 'minute' in to) {
    if (from.minute === 1440) report([...at, 'from'], { allowed: ["'00:00' to '23:59'"] });
    if (from.minute === to.minute)
      report([...at, 'to'], {
        message: "to is the same as from; a whole day goes from '00:00' to '24:00'",
      });
  }
  if (timezone !== undefined) checkZone(timezone, [...at, 'timezone'], report);
}

function checkZone(zone: string, at: Path, report: Report): void {
  // Offsets are no names of zones, though some runtimes take them for such.
  if (/^[A-Za-z]/.test(zone) && IANAZone.isValidZone(zone)) return;
  const meant = nearest(zone, Intl.supportedValuesOf('timeZone'));
  const hint = meant === null ? '' : `; did you mean '${meant}'?`;
  report(at, { message: `found '${zone}', allowed: a time zone such as UTC or Europe/Berlin${hint}` });
}
