/** What asks for retraining, against the names of the service, its metrics and its baseline. */

import { type Baseline, type BaselinePart, isAtLeast, LEVELS, type Level } from '../../records.ts';
import type { Report } from '../document.ts';
import type { RetrainShape } from '../retrain-shape.ts';
import type { RuleShape } from '../rule-shape.ts';
import type { Registries } from '../types.ts';
import type { View } from '../view.ts';
import { checkSubject } from './rules.ts';

const canReach = (rule: RuleShape, level: Level): boolean =>
  LEVELS.some((one) => isAtLeast(one, level) && rule[one] !== undefined);

/** That what asks for retraining exists and can do so. */
export function checkRetrain(view: View, registries: Registries, report: Report): void {
  const retrain = view.retrain;
  if (retrain === undefined || retrain === null) return;
  if (retrain.shadow && view.modelNames.length === 0)
    report(['retrain', 'shadow'], {
      message: 'a new model is bound as the primary is, and the service has no models',
    });
  if (retrain.regret !== undefined) checkRegret(retrain.regret, view, registries, report);
  const names = view.ruleNames.filter((name) => name !== null);
  if (retrain.on === undefined && retrain.regret === undefined && retrain.incidents === undefined) {
    if (!['on', 'regret', 'incidents'].some((key) => view.isBroken(['retrain', key])))
      report(['retrain', 'on'], {
        message:
          "missing, and so are regret and incidents: nothing would ask for retraining; name rules, as 'on: [NAME]'",
      });
  }
  retrain.on?.forEach((name, i) => {
    if (name === 'budget' && view.budget !== undefined) return;
    const at = view.ruleNames.indexOf(name);
    const rule = view.rules[at];
    if (at < 0) {
      const allowed = names.length > 0 ? names : ['names that are declared under rules'];
      report(['retrain', 'on', i], { found: `the rule '${name}'`, word: name, allowed });
    } else if (rule?.when !== undefined) {
      if (isAtLeast(rule.level ?? 'warning', retrain.level)) return;
      report(['retrain', 'on', i], {
        message: `the rule '${name}' fires ${rule.level ?? 'warning'}, so it can never ask for retraining at ${retrain.level}`,
      });
    } else if (rule?.burn !== undefined) {
      // Which levels its rates have is theirs.
      const levels = rule.burn.rates?.map(({ level }) => level) ?? ['critical'];
      if (levels.some((level) => isAtLeast(level, retrain.level))) return;
      report(['retrain', 'on', i], {
        message: `no rate of the rule '${name}' fires ${retrain.level}, so it can never ask for retraining`,
      });
    } else if (rule?.detector !== undefined) {
      const level = rule.level ?? 'warning';
      if (isAtLeast(level, retrain.level)) return;
      report(['retrain', 'on', i], {
        message: `the detector of the rule '${name}' fires ${level}, so it can never ask for retraining at ${retrain.level}`,
      });
    } else if (
      rule &&
      !canReach(rule, retrain.level) &&
      !LEVELS.some((one) => view.isBroken(['rules', at, one]))
    ) {
      report(['retrain', 'on', i], {
        message: `the rule '${name}' has no ${retrain.level} threshold, so it can never ask for retraining`,
      });
    }
  });
}

type Regret = NonNullable<RetrainShape['regret']>;

function checkRegret(regret: Regret, view: View, { metrics }: Registries, report: Report): void {
  const at = ['retrain', 'regret'];
  const costly = [...metrics].flatMap(([name, { worse }]) => (worse === undefined ? [] : [name]));
  const metric = metrics.get(regret.metric);
  if (metric === undefined) {
    report([...at, 'metric'], { allowed: costly });
    return;
  }
  if (metric.worse === undefined)
    report([...at, 'metric'], {
      message: `found '${regret.metric}', which is no mean over rows that each could cost something; allowed: ${costly.join(', ')}`,
    });
  checkSubject(regret, [...at, 'subject'], metric.subjects, view, report);
  const names = view.modelNames.filter((name) => name !== null);
  if (regret.model !== undefined && !names.includes(regret.model))
    report(
      [...at, 'model'],
      names.length > 0 ? { allowed: names } : { message: 'the service has no models' },
    );
  if (regret.reference !== undefined || view.isBroken(['baseline'])) return;
  if (view.baseline === null)
    report([...at, 'reference'], { message: `missing, and there is no baseline; ${GIVE_REFERENCE}` });
  else if (view.baseline.learn?.rolling !== undefined)
    report([...at, 'reference'], {
      message: `missing, and a rolling baseline follows what becomes worse; ${GIVE_REFERENCE}`,
    });
}

const GIVE_REFERENCE = 'give what the metric was when the model was trained';

/** That a baseline file which is all that there is to compare with knows the metric. */
export function checkRegretBaseline(
  { retrain, baseline: wanted, isBroken }: View,
  baseline: Baseline | null,
  { metrics }: Registries,
  report: Report,
): void {
  const regret = retrain?.regret;
  if (regret === undefined || regret.reference !== undefined || baseline === null) return;
  const { worse, roles } = metrics.get(regret.metric) ?? {};
  if (worse === undefined || roles === undefined || wanted?.learn !== undefined) return;
  const at = ['retrain', 'regret', 'reference'];
  if (isBroken(at)) return;
  const parts: Pick<BaselinePart, 'states'>[] = Object.values(baseline.season?.parts ?? {});
  const keys = [baseline.states ?? {}, ...parts.map(({ states }) => states)].flatMap(Object.keys);
  if (keys.some((key) => roles.some((role) => key.startsWith(`${role}/`)))) return;
  report(at, {
    message: `missing, and the baseline does not know ${regret.metric}; build it with what the metric is made of, or ${GIVE_REFERENCE}`,
  });
}
