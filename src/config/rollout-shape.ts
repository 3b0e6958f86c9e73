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
  for: duration.optional().describe('a stage lasts so long at least'),
  min_n: minN.optional().describe('labelled requests that must have come in a stage before it is over'),
  gate: gate.optional().describe('auto: the evidence opens the next stage; manual: a person does'),
};
const stageShape = z.strictObject(stage);
const shadowShape = z.strictObject({
  share: percent
    .optional()
    .describe('percent of the requests that the candidate answers beside the primary; by default 100'),
  ...stage,
  needs: z
    .enum(['keep', 'promote'])
    .optional()
    .describe('verdict that ends it; by default keep, of the strategy shadow promote'),
});
const stepShape = z.union([
  percent,
  z.strictObject({ share: percent.describe('percent of the requests that the candidate answers'), ...stage }),
]);

const rate = z.number().min(0).lt(1);
const MARGIN = 'promoted when it is shown to be worse by less than so much, as a share of the requests';
const TOLERANCE = 'rolled back when it is shown to be worse by more than so much, as a share of the requests';
const ratesShape = z.strictObject({
  margin: rate.prefault(0.01).describe(MARGIN),
  tolerance: rate.prefault(0).describe(TOLERANCE),
});
const DEADLINE_WORDS = 'never, or a duration such as 7d, 30d';

/** What is optional without a value here depends on the preset and the strategy: `rollout.ts`. */
export const rolloutShape = z.strictObject({
  preset: z
    .enum(ROLLOUT_PRESETS)
    .optional()
    .describe(
      'defaults of the other keys for: a new version, a task that people do today, little traffic at first; by default none',
    ),
  candidate: text.describe('a shadow of models'),
  strategy: z
    .enum(['shadow', 'canary', 'blue_green'])
    .optional()
    .describe(
      'shadow: beside the primary alone; canary: by rising shares; blue_green: all at once after a preview. By default canary',
    ),
  output: text.optional().describe('the output that is compared; by default the only one that can be'),
  shadow: z
    .union([z.literal('none'), shadowShape])
    .optional()
    .describe(
      'the stage before the first share: nobody acts on what the candidate answers; by default there is none. none: without that of the preset',
    ),
  steps: z
    .array(stepShape)
    .max(100)
    .optional()
    .describe('of a canary: percent of the requests step by step; by default [1, 5, 25, 50]'),
  step_weight: percent
    .optional()
    .describe('of a canary instead of steps: percent by which each step is larger'),
  for: duration.optional().describe('each step of a canary lasts so long at least; by default 1h'),
  min_n: minN
    .optional()
    .describe('labelled requests that must have come in each step of a canary; by default 500'),
  gate: gate
    .optional()
    .describe(
      'what opens the step after each of a canary: auto: the evidence (the default); manual: a person',
    ),
  preview: stageShape
    .optional()
    .describe('of blue_green: the candidate answers who asks for it; by default 1h and a manual gate'),
  live: stageShape.optional().describe('the candidate answers all and is watched; by default for 1d'),
  keep: duration
    .prefault('1d')
    .describe('so long after it is done the last primary is kept, for an instant switch back'),
  alpha: z
    .number()
    .gt(0)
    .max(0.5)
    .prefault(0.05)
    .describe(
      'half of it bounds wrong promotions, half wrong roll-backs, however often the evidence is looked at',
    ),
  margin: rate.prefault(0.01).describe(MARGIN),
  tolerance: rate.prefault(0).describe(TOLERANCE),
  evidence: z
    .enum(['paired', 'unpaired', 'both'])
    .prefault('paired')
    .describe(
      'what shows how many answers are wrong: requests that both have answered, those that each has answered itself, or both',
    ),
  feedback: z
    .strictObject({
      click: ratesShape.optional().describe('must not leave more requests without a click'),
      redo: ratesShape.optional().describe('must not let users do more requests again'),
      switch_to_typing: ratesShape.optional().describe('must not let more users go on by typing'),
    } satisfies Record<FeedbackKind, unknown>)
    .prefault({})
    .describe('what users do with the answers, which is compared too; by default nothing'),
  min_coverage: share
    .prefault(0.5)
    .describe('a verdict needs the labels of so large a share of the requests'),
  rollback_on: z
    .strictObject({
      rules: z.array(text).prefault([]).describe('names of rules, or budget'),
      level: level.prefault('critical').describe('at this level or above'),
    })
    .prefault({})
    .describe('alarms that roll back, if they did not fire before the start'),
  deadline: z
    .union([z.literal('never').transform(() => null), spell], { error: DEADLINE_WORDS })
    .optional()
    .describe(
      'rolled back when it has run for so long; never, or a time: by default 30d or that of the preset',
    ),
  dry_run: z
    .boolean()
    .prefault(false)
    .describe('everything is judged and recorded, and the primary goes on answering'),
});

export type RolloutShape = z.output<typeof rolloutShape>;
export type RolloutStageShape = z.output<typeof stageShape>;
export type RolloutShadowShape = z.output<typeof shadowShape>;
