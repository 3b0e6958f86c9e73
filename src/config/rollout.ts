/** The section `rollout` of a service: presets, defaults, and the stages that follow from them. */

import { assert } from '../errors.ts';
import {
  FEEDBACK_KINDS,
  hasRightAnswers,
  type RolloutSpec,
  type RolloutStage,
  type ServiceSpec,
} from '../records.ts';
import type { RolloutShadowShape, RolloutShape, RolloutStageShape } from './rollout-shape.ts';
import type { CanarySpec, Registries, RolloutStages, StageTimes } from './types.ts';
import type { View } from './view.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PERCENT = 100;

type Written = Pick<
  RolloutShape,
  'strategy' | 'shadow' | 'steps' | 'for' | 'min_n' | 'gate' | 'preview' | 'live' | 'deadline'
>;

/** The three usual cases; what a file says itself goes first, key by key. */
const PRESETS: Readonly<Record<NonNullable<RolloutShape['preset']>, Written>> = {
  // A new version of a model that is trusted: beside it first, then instead of it, step by step.
  replace: { strategy: 'canary', shadow: {} },
  // A task that people do today: a person looks at what the model would have said for weeks, and decides.
  assist: { strategy: 'shadow', shadow: { for: 14 * DAY_MS }, deadline: 90 * DAY_MS },
  // Little traffic at first: time does more than counts, and it is watched for longer.
  new_product: {
    strategy: 'canary',
    steps: [1, 5, 10, 25, 50],
    for: DAY_MS,
    min_n: 50,
    live: { for: 7 * DAY_MS },
    deadline: 90 * DAY_MS,
  },
};

const STEPS = [1, 5, 25, 50];
const STEP: StageTimes = { durationMs: HOUR_MS, nMin: 500, gate: 'auto' };
const PREVIEW: StageTimes = { durationMs: HOUR_MS, nMin: 0, gate: 'manual' };
const LIVE: StageTimes = { durationMs: DAY_MS, nMin: 0, gate: 'auto' };
const SHADOW: StageTimes = { durationMs: DAY_MS, nMin: 1_000, gate: 'auto' };
const DEADLINE_MS = 30 * DAY_MS;

/** What a file and its preset say together, with nothing left open. */
export interface RolloutPlan {
  strategy: RolloutSpec['strategy'];
  /** Null: none comes first. */
  shadow: (StageTimes & { share: number; needs: RolloutStage['needs'] }) | null;
  canary: CanarySpec;
  /** Whether a step of 100 % says how long the candidate is watched there. */
  hasWholeStep: boolean;
  preview: StageTimes;
  live: StageTimes;
  deadlineMs: number | null;
}

const timesOf = (defaults: StageTimes, ...written: (RolloutStageShape | undefined)[]): StageTimes =>
  written.reduce<StageTimes>(
    (times, shape) => ({
      durationMs: shape?.for ?? times.durationMs,
      nMin: shape?.min_n ?? times.nMin,
      gate: shape?.gate ?? times.gate,
    }),
    defaults,
  );

export function rolloutPlanOf(shape: RolloutShape): RolloutPlan {
  const preset = shape.preset === undefined ? {} : PRESETS[shape.preset];
  const strategy = shape.strategy ?? preset.strategy ?? 'canary';
  const step = timesOf(STEP, preset, shape);
  const steps = shape.steps ?? preset.steps ?? STEPS;
  const canary: CanarySpec =
    shape.step_weight === undefined
      ? {
          steps: steps.map((one) => {
            const { share, ...own } = typeof one === 'number' ? { share: one } : one;
            return { ...timesOf(step, own), share: shareOf(share) };
          }),
        }
      : { ...step, stepWeight: shape.step_weight };
  const deadlineMs = shape.deadline === undefined ? preset.deadline : shape.deadline;
  return {
    strategy,
    shadow: shadowOf(strategy, preset.shadow, shape.shadow),
    canary,
    hasWholeStep: 'steps' in canary && canary.steps.some(({ share }) => share === 1),
    preview: timesOf(PREVIEW, preset.preview, shape.preview),
    live: timesOf(LIVE, preset.live, shape.live),
    deadlineMs: deadlineMs === undefined ? DEADLINE_MS : deadlineMs,
  };
}

/** Of percent; where it is one in ten thousand or a multiple of it, without the error of the division. */
function shareOf(percent: number): number {
  const share = percent / PERCENT;
  const rounded = Math.round(share * 1e4) / 1e4;
  return Math.abs(share - rounded) < 1e-12 ? rounded : share;
}

/** As the only stage it has to show that the candidate is good enough, and a person lets it take over. */
function shadowOf(
  strategy: RolloutSpec['strategy'],
  preset: RolloutShape['shadow'],
  given: RolloutShape['shadow'],
): RolloutPlan['shadow'] {
  const isAll = strategy === 'shadow';
  const written = [preset, given].map((one) => (one === 'none' ? undefined : one));
  if (given === 'none' || (!isAll && written.every((one) => one === undefined))) return null;
  const said = <K extends keyof RolloutShadowShape>(key: K): RolloutShadowShape[K] =>
    written[1]?.[key] ?? written[0]?.[key];
  return {
    ...timesOf({ ...SHADOW, gate: isAll ? 'manual' : SHADOW.gate }, ...written),
    share: shareOf(said('share') ?? PERCENT),
    needs: said('needs') ?? (isAll ? 'promote' : 'keep'),
  };
}

/** The last stage in which both can be compared has to show that the candidate is good enough; all before it, that no harm is shown. */
export function rolloutStagesOf(plan: RolloutPlan, make: RolloutStages): RolloutStage[] {
  const { strategy, shadow, canary, preview, live, hasWholeStep } = plan;
  const first = shadow === null ? [] : [make.shadowStage(shadow, shadow.needs)];
  if (strategy === 'shadow') return first;
  if (strategy === 'blue_green') return [...first, ...make.blueGreenStages(preview, live, 'promote')];
  const stages = make.canaryStages(canary, 'promote');
  if (hasWholeStep) return [...first, ...stages];
  return [...first, ...stages.map((stage) => (stage.kind === 'live' ? { ...stage, ...live } : stage))];
}

/** Those that can be compared: right or wrong, labelled, and given by both models. */
export function comparedOutputs({ outputs, models, streams }: View, candidate: string): string[] {
  const labels = streams.get('labels');
  const fields = labels !== null && labels !== undefined && 'fields' in labels ? labels.fields : undefined;
  const both = models.filter((model) => model?.role === 'primary' || model?.name === candidate);
  return [...outputs].flatMap(([name, output]) =>
    output !== null &&
    hasRightAnswers(output) &&
    (fields === undefined || Object.hasOwn(fields, name)) &&
    both.every((model) => model === null || Object.hasOwn(model.outputs, name))
      ? [name]
      : [],
  );
}

/** Nothing where the file says nothing, so that digests stay. */
export function rolloutOf(view: View, { rollout: make }: Registries): Pick<ServiceSpec, 'rollout'> {
  const { rollout: shape } = view;
  if (shape === undefined) return {};
  assert(shape !== null && make !== undefined, 'a spec is built only of a view without broken entries');
  const plan = rolloutPlanOf(shape);
  const output = shape.output ?? comparedOutputs(view, shape.candidate)[0];
  assert(output !== undefined, 'the checks ask for it');
  const feedback = FEEDBACK_KINDS.flatMap((kind) => {
    const rates = shape.feedback[kind];
    return rates === undefined ? [] : [{ kind, ...rates }];
  });
  const spec: RolloutSpec = {
    strategy: plan.strategy,
    candidate: shape.candidate,
    output,
    ...(shape.evidence === 'paired' ? {} : { evidence: shape.evidence }),
    ...(feedback.length === 0 ? {} : { feedback }),
    stages: rolloutStagesOf(plan, make),
    alpha: shape.alpha,
    margin: shape.margin,
    tolerance: shape.tolerance,
    coverageMin: shape.min_coverage,
    rollbackOn: { rules: [...new Set(shape.rollback_on.rules)], level: shape.rollback_on.level },
    deadlineMs: plan.deadlineMs,
    keepMs: shape.keep,
    isDryRun: shape.dry_run,
  };
  return { rollout: spec };
}
