/** `rollout` of a service: how a new model takes over from the primary. */
import { z } from 'zod';
import type { FeedbackKind } from '../records.ts';
import { duration, level, share, spell, text } from './scalar-shapes.ts';

export const ROLLOUT_PRESETS = ['replace', 'assist', 'new_product'] as const;

const gate = z.enum(['auto', 'manual']);
const minN = z.int().min(0);
/** Of traffic; steps are checked together. */
const percent = z.number();

const stage = {
  for: duration.optional(),
  min_n: minN.optional(),
  gate: gate.optional(),
};
const stageShape = z.strictObject(stage);
const shadowShape = z.strictObject({
  share: percent.optional(),
  ...stage,
  needs: z.enum(['keep', 'promote']).optional(),
});
const stepShape = z.union([percent, z.strictObject({ share: percent, ...stage })]);

const rate = z.number().min(0).lt(1);
const ratesShape = z.strictObject({ margin: rate.prefault(0.01), tolerance: rate.prefault(0) });
const DEADLINE_WORDS = 'never, or a duration such as 7d, 30d';

/** What is optional without a value here depends on the preset and the strategy: `rollout.ts`. */
export const rolloutShape = z.strictObject({
  preset: z.enum(ROLLOUT_PRESETS).optional(),
  candidate: text,
  strategy: z.enum(['shadow', 'canary', 'blue_green']).optional(),
  output: text.optional(),
  /** none: a preset has one, and it is not wanted. */
  shadow: z.union([z.literal('none'), shadowShape]).optional(),
  steps: z.array(stepShape).max(100).optional(),
  step_weight: percent.optional(),
  ...stage,
  preview: stageShape.optional(),
  live: stageShape.optional(),
  keep: duration.prefault('1d'),
  alpha: z.number().gt(0).max(0.5).prefault(0.05),
  margin: rate.prefault(0.01),
  tolerance: rate.prefault(0),
  /** What shows how many answers are wrong: requests that both have answered, or those that one or the other has. */
  evidence: z.enum(['paired', 'unpaired', 'both']).prefault('paired'),
  feedback: z
    .strictObject({
      click: ratesShape.optional(),
      redo: ratesShape.optional(),
      switch_to_typing: ratesShape.optional(),
    } satisfies Record<FeedbackKind, unknown>)
    .prefault({}),
  min_coverage: share.prefault(0.5),
  rollback_on: z
    .strictObject({
      rules: z.array(text).prefault([]),
      level: level.prefault('critical'),
    })
    .prefault({}),
  deadline: z.union([z.literal('never').transform(() => null), spell], { error: DEADLINE_WORDS }).optional(),
  dry_run: z.boolean().prefault(false),
});

export type RolloutShape = z.output<typeof rolloutShape>;
export type RolloutStageShape = z.output<typeof stageShape>;
export type RolloutShadowShape = z.output<typeof shadowShape>;
