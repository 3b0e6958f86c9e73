/** `automation` against the models, outputs, labels and rules of the service, and against itself. */

import { AUTOMATION_LEVELS } from '../../records.ts';
import { assistRiskOf, blindOf } from '../automation.ts';
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
  checkPeople(shape, view, report);
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

/** What labels say once people see the model's answers, and what people alone are compared by. */
function checkPeople(shape: AutomationShape, { streams }: View, report: Report): void {
  const { labels, blind, up_to: upTo, margin, output } = shape;
  const predictions = streams.get('predictions');
  const decisions = predictions && 'by' in predictions && predictions.by === 'people' ? predictions : null;
  if (blind > 0 && blindOf(shape) === 0)
    report(['automation', 'blind'], {
      message: `${blind} is less than a routing table can deal; give 0, or 0.0001 or more`,
    });
  if (labels === 'people') {
    if (upTo === 'full')
      report(['automation', 'up_to'], {
        message:
          'at full nobody decides blind, so that with labels: people nothing would show that the model has become wrong; give partial, or labels of a truth',
      });
    if (upTo === 'partial' && blind === 0)
      report(['automation', 'blind'], {
        message:
          'with labels: people and without a blind sample nothing is known from assist on; give a share such as 0.05, or up_to: assist',
      });
    if (decisions !== null)
      report(['automation', 'labels'], {
        message:
          'people is said of streams.labels, and streams.predictions has what people decided already (by: people); give truth, or leave that stream out',
      });
  }
  if (decisions !== null && decisions.fields !== undefined && !Object.hasOwn(decisions.fields, output))
    report(['streams', 'predictions', 'fields'], {
      message: `what people decided of '${output}', the output of automation, is missing; add ${output}: PATH`,
    });
  if (margin !== undefined && labels === 'truth' && decisions === null && predictions !== null)
    report(['automation', 'margin'], {
      message:
        'the model is compared with people alone, and what they decide is not known; add streams.predictions with by: people, or leave margin out',
    });
  if (margin !== undefined && labels === 'people')
    report(['automation', 'margin'], {
      message:
        'the model and people are compared by a truth of its own, and labels are what people decided; give labels: truth and streams.predictions with by: people, or leave margin out',
    });
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
