/** The section `automation` of a service, as the ladder of levels reads it. */

import { assert } from '../errors.ts';
import type { AutomationSpec, ServiceSpec } from '../records.ts';
import type { AutomationShape } from './automation-shape.ts';
import type { View } from './view.ts';

/** A suggestion that is wrong costs less than a decision: a person stands between. */
const ASSIST_RISK = 0.1;

export const assistRiskOf = ({ assist_risk: own, target_risk: target }: AutomationShape): number =>
  own ?? Math.max(ASSIST_RISK, target);

/** A routing table deals shares in ten-thousandths. */
const BLIND_STEPS = 10_000;

export const blindOf = ({ blind }: AutomationShape): number => Math.round(blind * BLIND_STEPS) / BLIND_STEPS;

/** Nothing where the file says nothing, so that digests stay. */
export function automationOf({ automation: shape }: View): Pick<ServiceSpec, 'automation'> {
  if (shape === undefined) return {};
  assert(shape !== null, 'a spec is built only of a view without broken entries');
  const automation: AutomationSpec = {
    output: shape.output,
    level: shape.level,
    upTo: shape.up_to,
    targetRisk: shape.target_risk,
    assistRisk: assistRiskOf(shape),
    confidence: shape.confidence,
    nMin: shape.min_n,
    coverageMin: shape.min_coverage,
    holdMs: shape.hold,
    gate: shape.gate,
    stopOn: { rules: [...new Set(shape.stop_on.rules)], level: shape.stop_on.level },
    blind: blindOf(shape),
    ...(shape.labels === 'people' ? { labels: shape.labels } : {}),
    ...(shape.margin === undefined ? {} : { margin: shape.margin }),
  };
  return { automation };
}
