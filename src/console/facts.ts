/** What pages show of a service's configuration. */

import { LEVELS, type ServiceSpec } from '../records.ts';
import type { RuleView, SeriesKey, ServiceFacts } from './source.ts';

/** Rules over a metric; those over other rules have no series. */
function rulesOf({ rules }: ServiceSpec): RuleView[] {
  return rules
    .filter(({ metric, when }) => metric !== '' && when === undefined)
    .map((rule) => ({
      ...{ name: rule.name, metric: rule.metric, subject: rule.subject },
      ...{ model: rule.model, segment: rule.segment },
      thresholds: LEVELS.flatMap((level) => {
        const threshold = rule.versus === undefined && rule.burn === undefined ? rule[level] : null;
        return threshold ? [{ level, op: threshold.op, value: threshold.value }] : [];
      }),
    }));
}

export function factsOf(spec: ServiceSpec): ServiceFacts {
  const { windows, inputs, outputs, models, segments, budget, retrain } = spec;
  return {
    windowMs: windows.sizeMs,
    inputs: inputs.map(({ name }) => name),
    outputs: outputs.map(({ name, type }) => ({ name, type })),
    models: models.map(({ name, role }) => ({ name, role })),
    segments,
    rules: rulesOf(spec),
    budget: budget === undefined ? null : { alarms: budget.alarms, periodMs: budget.periodMs },
    lookbackMs: retrain?.lookbackMs ?? null,
    hasRollout: spec.rollout !== undefined,
  };
}

/** Whether a rule watches a series. */
export function isWatched(rule: RuleView, { metric, subject, model, segment }: SeriesKey): boolean {
  const fits = (asked: string, found: string) => asked === '*' || asked === found;
  return (
    rule.metric === metric &&
    fits(rule.subject, subject) &&
    fits(rule.model, model) &&
    (rule.segment === 'each' ? segment !== '*' : rule.segment === segment)
  );
}
