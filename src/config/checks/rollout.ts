/** `rollout` against the models, outputs, labels and rules of the service, and against itself. */

import { FEEDBACK_KINDS, hasRightAnswers, isAtLeast, type RolloutStage } from '../../records.ts';
import type { Report } from '../document.ts';
import { comparedOutputs, type RolloutPlan, rolloutPlanOf, rolloutStagesOf } from '../rollout.ts';
import type { RolloutShape } from '../rollout-shape.ts';
import type { Path, Registries, RolloutStages } from '../types.ts';
import type { View } from '../view.ts';
import { levelsOf } from './incidents.ts';

const AT = ['rollout'];

export function checkRollout(view: View, { rollout: make }: Registries, report: Report): void {
  const { rollout: shape } = view;
  if (shape === undefined || shape === null || make === undefined) return;
  checkCandidate(shape, view, report);
  checkOutput(shape, view, report);
  checkFeedback(shape, view, report);
  checkGuards(shape.rollback_on, [...AT, 'rollback_on'], 'roll back', view, report);
  const plan = rolloutPlanOf(shape);
  if (!checkStrategy(shape, plan, report) || !checkShares(shape, plan, make, report)) return;
  checkStages(rolloutStagesOf(plan, make), shape, plan, report);
  checkDealt(shape, plan, report);
  checkEnds(shape, plan, report);
}

function checkCandidate({ candidate }: RolloutShape, view: View, report: Report): void {
  const at = [...AT, 'candidate'];
  const shadows = view.models.flatMap((model) => (model?.role === 'shadow' ? [model.name] : []));
  if (shadows.includes(candidate)) return;
  // A model that is broken is told of at its own place.
  if (view.models.some((model, i) => model === null && view.modelNames[i] === candidate)) return;
  if (view.models.some((model) => model?.name === candidate && model.role === 'primary'))
    report(at, {
      message: `'${candidate}' is the primary already; ${shadows.length === 0 ? ADD_SHADOW : `allowed: ${shadows.join(', ')}`}`,
    });
  else if (shadows.length === 0)
    report(at, { message: `no model '${candidate}' that could take over; ${ADD_SHADOW}` });
  else report(at, { found: `the model '${candidate}'`, word: candidate, allowed: shadows });
}

const ADD_SHADOW = 'add the candidate to models, with role: shadow';

function checkOutput({ output, candidate }: RolloutShape, view: View, report: Report): void {
  const at = [...AT, 'output'];
  if (!view.streams.has('labels')) {
    report(AT, {
      message:
        'verdicts are about wrong and right answers, and streams.labels is missing: add the stream in which the truth, or what a person decided, comes in',
    });
    return;
  }
  const isSound = view.streams.get('labels') !== null && ![...view.outputs.values()].includes(null);
  if (!isSound || view.models.includes(null)) return;
  const compared = comparedOutputs(view, candidate);
  if (output === undefined) {
    if (compared.length === 1) return;
    const message =
      compared.length === 0
        ? `no output can be compared; ${COMPARED}`
        : `missing, and more than one can be compared; allowed: ${compared.join(', ')}`;
    report(at, { message });
    return;
  }
  if (compared.includes(output)) return;
  const found = view.outputs.get(output);
  const why =
    found === undefined || found === null
      ? null
      : hasRightAnswers(found)
        ? 'which has no label, or is not bound by both the primary and the candidate'
        : found.type === 'regressor'
          ? 'a regressor without a tolerance, within which an answer is right'
          : `a ${found.type}, whose answers are not counted as right or wrong`;
  if (why === null) report(at, { found: `the output '${output}'`, word: output, allowed: compared });
  else
    report(at, {
      message: `found '${output}', ${why}; ${compared.length === 0 ? COMPARED : `allowed: ${compared.join(', ')}`}`,
    });
}

const COMPARED =
  'a classifier, a multilabel output or a regressor with a tolerance is needed that streams.labels has and that the primary and the candidate both give';

/** That the rules exist whose alarms do something, and fire at the level that it takes. */
export function checkGuards(
  { rules, level }: RolloutShape['rollback_on'],
  section: Path,
  does: string,
  view: View,
  report: Report,
): void {
  const names = view.ruleNames.filter((name) => name !== null);
  const known = view.budget === undefined ? names : [...names, 'budget'];
  rules.forEach((name, i) => {
    const at = [...section, 'rules', i];
    if (!known.includes(name)) {
      const allowed = known.length > 0 ? known : ['names that are declared under rules'];
      report(at, { found: `the rule '${name}'`, word: name, allowed });
      return;
    }
    const rule = view.rules.find((one) => one?.name === name);
    if (rule === undefined || rule === null) return;
    const levels = levelsOf(rule);
    if (levels.some((one) => isAtLeast(one, level)) || view.isBroken(['rules', view.ruleNames.indexOf(name)]))
      return;
    report(at, {
      message: `the rule '${name}' never fires ${level}, so it can never ${does}; give it such a level, or set ${section.at(-1)}.level to ${levels.at(-1) ?? 'one that it has'}`,
    });
  });
}

/** The keys that go with some strategies alone. */
const KEYS = {
  steps: ['canary'],
  step_weight: ['canary'],
  for: ['canary'],
  min_n: ['canary'],
  gate: ['canary'],
  preview: ['blue_green'],
  live: ['canary', 'blue_green'],
} as const;

const cureOf = (key: keyof typeof KEYS, strategy: RolloutPlan['strategy']): string =>
  KEYS[key].length === 1 && ['for', 'min_n', 'gate'].includes(key)
    ? `; write it in ${strategy === 'shadow' ? 'shadow' : 'preview or live'}`
    : '';

/** False: what the stages are cannot be said. */
function checkStrategy(shape: RolloutShape, { strategy, shadow }: RolloutPlan, report: Report): boolean {
  for (const key of Object.keys(KEYS) as (keyof typeof KEYS)[])
    if (shape[key] !== undefined && !(KEYS[key] as readonly string[]).includes(strategy))
      report([...AT, key], {
        message: `${key} goes with the strategy ${KEYS[key].join(' or ')}, and this is ${strategy}${cureOf(key, strategy)}`,
      });
  if (shape.steps !== undefined && shape.step_weight !== undefined)
    report([...AT, 'step_weight'], {
      message: 'steps says all of them already; give one of steps and step_weight',
    });
  if (strategy === 'shadow' && shadow === null) {
    report([...AT, 'shadow'], {
      message: 'it is the only stage of the strategy shadow; give it, or another strategy',
    });
    return false;
  }
  return true;
}

/** False: shares are wrong. */
function checkShares(
  shape: RolloutShape,
  { strategy, shadow, canary, hasWholeStep }: RolloutPlan,
  make: RolloutStages,
  report: Report,
): boolean {
  let isSound = true;
  const fault = (path: Path, message: string): void => {
    isSound = false;
    report([...AT, ...path], { message });
  };
  if (shadow !== null && !(shadow.share > 0 && shadow.share <= 1 && isDealt(shadow.share)))
    fault(['shadow', 'share'], `a share of ${shadow.share * 100} %; give 0.01 to 100 in steps of 0.01`);
  if (strategy !== 'canary') return isSound;
  for (const text of make.canaryFaults(canary)) {
    const [, step, rest] = /^step (\d+): (.*)$/.exec(text) ?? [];
    if (step === undefined)
      fault([text.startsWith('step_weight') ? 'step_weight' : 'steps'], text.replace(/^[a-z_]+: /, ''));
    else fault(shape.step_weight === undefined ? ['steps', Number(step) - 1] : ['step_weight'], rest!);
  }
  if (isSound && 'steps' in canary && canary.steps.every(({ share }) => share === 1))
    fault(
      ['steps'],
      'at 100 % nobody is left to compare with; give a step below it, or the strategy blue_green',
    );
  if (hasWholeStep && shape.live !== undefined)
    fault(['live'], 'the step of 100 % says already how long it is watched; give one of both');
  return isSound;
}

const isDealt = (share: number): boolean => Math.abs(share * 1e4 - Math.round(share * 1e4)) < 1e-6;

/** A stage that waits for nothing is no stage; the last one may be: then the candidate is not watched before it is the primary. */
function checkStages(
  stages: readonly RolloutStage[],
  shape: RolloutShape,
  { canary, shadow, deadlineMs }: RolloutPlan,
  report: Report,
): void {
  const told = new Set<string>();
  stages.forEach(({ kind, durationMs, nMin, gate, needs }, i) => {
    if (kind === 'live' || durationMs > 0 || nMin > 0 || gate === 'manual' || needs === 'promote') return;
    const step = i - (shadow === null ? 0 : 1);
    const isOwn = typeof shape.steps?.[step] === 'object';
    const path = kind === 'shadow' ? ['shadow'] : isOwn ? ['steps', step] : ['for'];
    const what = kind === 'shadow' ? 'the shadow' : isOwn ? `step ${step + 1}` : 'a step';
    // Of what all steps have in common once.
    if (told.has(path.join())) return;
    told.add(path.join());
    report([...AT, ...path], { message: `${what} waits for nothing; give for, min_n, or gate: manual` });
  });
  if ('stepWeight' in canary && stages.length > 100)
    report([...AT, 'step_weight'], { message: `${stages.length} steps; give 1 or more` });
  const lastMs = stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
  if (deadlineMs !== null && lastMs >= deadlineMs)
    report([...AT, 'deadline'], {
      message: `the stages last ${daysOf(lastMs)} together, so that it would be rolled back before they are over; give more than that, or never`,
    });
}

const HOUR_MS = 3_600_000;
const daysOf = (ms: number): string =>
  ms >= 48 * HOUR_MS ? `${round(ms / (24 * HOUR_MS))}d` : `${round(ms / HOUR_MS)}h`;
const round = (value: number): number => Math.round(value * 100) / 100;

/** What users do with answers, or tell of them, is compared between requests that were dealt to one model or the other. */
function checkDealt(
  { evidence, feedback, dry_run }: RolloutShape,
  { strategy, shadow }: RolloutPlan,
  report: Report,
): void {
  if (evidence === 'unpaired' && strategy === 'canary' && shadow?.needs === 'promote')
    report([...AT, 'shadow', 'needs'], {
      message:
        'promote: a shadow answers nobody, so that there is no unpaired evidence of it; give keep, or evidence: both',
    });
  if (strategy === 'canary' && !dry_run) return;
  const why = `nobody gets an answer of the candidate beside the primary's ${dry_run ? 'in a dry run' : `with the strategy ${strategy}`}`;
  if (evidence !== 'paired')
    report([...AT, 'evidence'], {
      message: `${evidence}: ${why}; give paired, or a canary that is no dry run`,
    });
  if (Object.keys(feedback).length > 0)
    report([...AT, 'feedback'], { message: `${why}; leave it out, or give a canary that is no dry run` });
}

function checkFeedback({ feedback }: RolloutShape, view: View, report: Report): void {
  const kinds = FEEDBACK_KINDS.filter((kind) => feedback[kind] !== undefined);
  const stream = view.streams.get('feedback');
  if (kinds.length === 0 || stream === null) return;
  if (stream === undefined) {
    report([...AT, 'feedback'], {
      message: 'streams.feedback is missing: add the stream in which it comes in, or leave this out',
    });
    return;
  }
  const mapped = 'kinds' in stream && stream.kinds !== undefined ? Object.keys(stream.kinds) : FEEDBACK_KINDS;
  for (const kind of kinds)
    if (!mapped.includes(kind))
      report([...AT, 'feedback', kind], { message: `streams.feedback.kinds names no word for ${kind}` });
}

/** Of a difference between margin and tolerance neither can ever be shown. */
function checkEnds(shape: RolloutShape, { deadlineMs }: RolloutPlan, report: Report): void {
  if (deadlineMs !== null) return;
  const rates = [
    { at: AT, ...shape },
    ...FEEDBACK_KINDS.flatMap((kind) => {
      const own = shape.feedback[kind];
      return own === undefined ? [] : [{ at: [...AT, 'feedback', kind], ...own }];
    }),
  ];
  for (const { at, margin, tolerance } of rates)
    if (margin < tolerance)
      report([...at, 'margin'], {
        message: `a candidate that is worse by ${margin} to ${tolerance} could never be promoted or rolled back, and there is no deadline; give a deadline, or a tolerance of ${margin} at most`,
      });
}
