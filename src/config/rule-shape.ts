/** A rule of a service: what it watches, and how its alarm comes and goes. */
import { z } from 'zod';
import { duration, level, name, share, spell, text } from './scalar-shapes.ts';

const THRESHOLD = /^(>=|>|<=|<)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;
const THRESHOLD_WORDS = "a comparison with a number, such as '> 0.25'";
const threshold = z
  .string({ error: THRESHOLD_WORDS })
  .regex(THRESHOLD, THRESHOLD_WORDS)
  .transform((written) => {
    const [, op, value] = THRESHOLD.exec(written) ?? [];
    return { op: op as '>' | '>=' | '<' | '<=', value: Number(value) };
  });

const HITS = /^([1-9]\d{0,3}) of ([1-9]\d{0,3})$/;
const HITS_WORDS = "how many of the last windows, such as '3 of 5'";
const hits = z
  .string({ error: HITS_WORDS })
  .regex(HITS, HITS_WORDS)
  .transform((written) => {
    const [, of, windows] = HITS.exec(written) ?? [];
    return { of: Number(of), windows: Number(windows) };
  });

const flappingShape = z.strictObject({
  history: z.int().min(3).max(1_000).prefault(21),
  enter: share.prefault(0.5),
  leave: share.prefault(0.25),
});

const noDataShape = z.strictObject({
  policy: z.enum(['alarm', 'ok', 'keep']),
  level: level.optional(),
  for: spell.optional(),
});

const versusShape = z.strictObject({
  ago: spell.optional(),
  segment: text.optional(),
  model: text.optional(),
  as: z.enum(['difference', 'ratio']).prefault('ratio'),
});

const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/;
const PERCENT_WORDS = "a share in percent, such as '2%'";
const percent = z
  .string({ error: PERCENT_WORDS })
  .regex(PERCENT, PERCENT_WORDS)
  .transform((written) => Number(PERCENT.exec(written)![1]) / 100)
  .refine((found) => found > 0 && found <= 1, 'more than 0% and at most 100%');

const burnShape = z.strictObject({
  objective: threshold,
  period: spell.prefault('30d'),
  rates: z
    .array(
      z
        .strictObject({
          budget: percent,
          long: spell,
          short: spell.optional(),
          level: level.prefault('warning'),
        })
        .transform(({ long, short = long / 12, ...rate }) => ({ ...rate, long, short })),
    )
    .min(1)
    .max(10)
    .optional(),
});

const CONDITION_WORDS =
  'names of other rules, such as { all: [drift, { not: late }] }, or { rule: drift, level: critical }';
const askedRule = z.union([name, z.strictObject({ rule: name, level: level.prefault('info') })]);
const askedRules = z.array(askedRule).min(1);
const askedPart = z.union([
  askedRule,
  z.strictObject({ not: askedRule }),
  z.strictObject({ all: askedRules }),
  z.strictObject({ any: askedRules }),
]);
/** Deeper ones name a rule that has a condition itself. */
const condition = z.union(
  [
    z.strictObject({ all: z.array(askedPart).min(1) }),
    z.strictObject({ any: z.array(askedPart).min(1) }),
    z.strictObject({ not: askedPart }),
  ],
  { error: CONDITION_WORDS },
);

export const ruleShape = z.strictObject({
  name,
  // Empty: the rule has a condition over other rules.
  metric: z.string().prefault(''),
  when: condition.optional(),
  subject: z.string().prefault('*'),
  model: text.prefault('*'),
  segment: text.prefault('*'),
  info: threshold.optional(),
  warning: threshold.optional(),
  critical: threshold.optional(),
  versus: versusShape.optional(),
  burn: burnShape.optional(),
  reset: z
    .strictObject({
      info: threshold.optional(),
      warning: threshold.optional(),
      critical: threshold.optional(),
    })
    .optional(),
  drop: z.enum(['direct', 'staircase']).optional(),
  hits: hits.optional(),
  keep_firing_for: spell.optional(),
  flapping: flappingShape.optional(),
  no_data: noDataShape.optional(),
  detector: text.optional(),
  options: z.record(text, z.number()).optional(),
  level: level.optional(),
  warn: z.boolean().optional(),
  hold: z.int().min(1).max(1_000_000).optional(),
  min_n: z.int().min(0).optional(),
  min_coverage: share.optional(),
  for: duration.prefault('0s'),
});

export type RuleShape = z.output<typeof ruleShape>;
export type ConditionShape =
  | string
  | { rule: string; level: z.output<typeof level> }
  | { not: ConditionShape }
  | { all: ConditionShape[] }
  | { any: ConditionShape[] };
