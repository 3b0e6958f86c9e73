/** `automation` against the models, outputs, labels and rules of the service, and against itself. */

import { AUTOMATION_LEVELS } from '../../records.ts';
import { assistRiskOf } from '../automation.ts';
import type { AutomationShape } from '../automation-shape.ts';
import type { Report } from '../document.ts';
import type { View } from '../view.ts';
import { checkGuards } from './rollout.ts';

export function checkAutomation(view: View, report: Report): void {
  const { automation: shape } = view;
  if (shape === undefined || shape === null) return;
  checkSources(view, report);
  checkOutput(shape, view, report);
  checkLevels(shape, report);
  checkGuards(shape.stop_on, ['automation', 'stop_on'], 'stop it', view, report);
}

/** Without labels nothing is shown, and without a model nobody asks who decides. */
function checkSources({ streams, models }: View, report: Report): void {
  if (!streams.has('labels'))
    report(['automation'], {
      message:
        'levels rest on right and wrong answers, and streams.labels is missing: add the stream in which the truth, or what a person decided, comes in',
    });
  if (models.length === 0)
    report(['automation'], {
      message: 'there are no models whose answers could be decisions; add one with role: primary',
    });
}

function checkOutput({ output }: AutomationShape, view: View, report: Report): void {
  const { outputs, models, streams } = view;
  const labels = streams.get('labels');
  // What is broken is told of at its own place, and what is missing above.
  if (models.length === 0 || models.includes(null) || [...outputs.values()].includes(null)) return;
  if (labels === undefined || labels === null) return;
  const fields = 'fields' in labels ? labels.fields : undefined;
  const primary = models.find((model) => model?.role === 'primary');
  const isLabelled = (name: string): boolean => fields === undefined || Object.hasOwn(fields, name);
  const isGiven = (name: string): boolean =>
    primary !== undefined && Object.hasOwn(primary?.outputs ?? {}, name);
  const allowed = [...outputs].flatMap(([name, found]) =>
    found?.type === 'classifier' && isLabelled(name) && isGiven(name) ? [name] : [],
  );
  if (allowed.includes(output)) return;
  const at = ['automation', 'output'];
  const found = outputs.get(output);
  const cure =
    allowed.length > 0
      ? `allowed: ${allowed.join(', ')}`
      : 'a classifier is needed that streams.labels has and that the primary gives';
  if (found === undefined || found === null) {
    if (allowed.length > 0) report(at, { found: `the output '${output}'`, word: output, allowed });
    else report(at, { message: `found the output '${output}'; ${cure}` });
    return;
  }
  const why =
    found.type === 'classifier'
      ? isLabelled(output)
        ? 'which the primary does not give'
        : 'which has no label'
      : `a ${found.type}, whose answers have no confidence`;
  report(at, { message: `found '${output}', ${why}; ${cure}` });
}

function checkLevels(shape: AutomationShape, report: Report): void {
  const { level, up_to: upTo, target_risk: target, hold, gate } = shape;
  const rank = AUTOMATION_LEVELS.indexOf(level);
  if (rank > AUTOMATION_LEVELS.indexOf(upTo))
    report(['automation', 'level'], {
      message: `it begins at ${level}, above up_to, which is ${upTo}; give one of ${AUTOMATION_LEVELS.slice(0, AUTOMATION_LEVELS.indexOf(upTo) + 1).join(', ')}, or a higher up_to`,
    });
  const assist = assistRiskOf(shape);
  if (assist < target)
    report(['automation', 'assist_risk'], {
      message: `${assist} is less than target_risk, so that suggestions would have to be better than decisions; give ${target} or more`,
    });
  if (gate === 'auto' && hold === 0)
    report(['automation', 'hold'], {
      message:
        'with gate: auto it could go up at every window; give the time that each level is watched, such as 1d',
    });
}
