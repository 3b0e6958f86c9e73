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
  history: z.int().min(3).max(1_000).prefault(21).describe('levels that are looked back on'),
  enter: share.prefault(0.5).describe('from this share of changes on nothing is told'),
  leave: share.prefault(0.25).describe('until it is less than this'),
});

const noDataShape = z.strictObject({
  policy: z
    .enum(['alarm', 'ok', 'keep'])
    .describe('alarm: it fires; ok: what fires is resolved; keep: it stays as it is'),
  level: level.optional().describe('of the policy alarm; by default warning'),
  for: spell.optional().describe('so long without a judged window'),
});

const versusShape = z.strictObject({
  ago: spell.optional().describe('the same series so long before'),
  segment: text.optional().describe('another segment in the same window'),
  model: text.optional().describe('another model in the same window'),
  as: z.enum(['difference', 'ratio']).prefault('ratio').describe('what the thresholds are for'),
});

const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/;
const PERCENT_WORDS = "a share in percent, such as '2%'";
const percent = z
  .string({ error: PERCENT_WORDS })
  .regex(PERCENT, PERCENT_WORDS)
  .transform((written) => Number(PERCENT.exec(written)![1]) / 100)
  .refine((found) => found > 0 && found <= 1, 'more than 0% and at most 100%');

const burnShape = z.strictObject({
  objective: threshold.describe(
    "what the metric should keep to: '< 0.01' of a share of bad rows, '> 0.95' of good ones",
  ),
  period: spell.prefault('30d').describe('time for which the budget of bad rows is'),
  rates: z
    .array(
      z
        .strictObject({
          budget: percent.describe("share of the budget that may be spent over long, such as '2%'"),
          long: spell.describe('long stretch, so that a spike is no alarm'),
          short: spell
            .optional()
            .describe('short stretch, so that the alarm ends soon; by default a twelfth of long'),
          level: level.prefault('warning').describe('at which it fires'),
        })
        .transform(({ long, short = long / 12, ...rate }) => ({ ...rate, long, short })),
    )
    .min(1)
    .max(10)
    .optional()
    .describe('which speeds fire; by default those of the Site Reliability Workbook'),
});

const CONDITION_WORDS =
  'names of other rules, such as { all: [drift, { not: late }] }, or { rule: drift, level: critical }';
const askedRule = z.union([
  name,
  z.strictObject({
    rule: name.describe('name of another rule, or budget'),
    level: level.prefault('info').describe('it counts as firing at this level or above'),
  }),
]);
const ALL = 'every one of these fires';
const ANY = 'at least one of these fires';
const NOT = 'this does not fire';
const askedRules = z.array(askedRule).min(1);
const askedPart = z.union([
  askedRule,
  z.strictObject({ not: askedRule.describe(NOT) }),
  z.strictObject({ all: askedRules.describe(ALL) }),
  z.strictObject({ any: askedRules.describe(ANY) }),
]);
/** Deeper ones name a rule that has a condition itself. */
const condition = z.union(
  [
    z.strictObject({ all: z.array(askedPart).min(1).describe(ALL) }),
    z.strictObject({ any: z.array(askedPart).min(1).describe(ANY) }),
    z.strictObject({ not: askedPart.describe(NOT) }),
  ],
  { error: CONDITION_WORDS },
);

export const ruleShape = z.strictObject({
  name: name.describe('no two of a service are the same'),
  // Empty: the rule has a condition over other rules.
  metric: z.string().prefault('').describe('what is watched; must be given unless there is when'),
  when: condition.optional().describe('a condition over other rules, instead of a metric'),
  subject: z
    .string()
    .prefault('*')
    .describe('what it is measured on, such as an input or an output; by default each'),
  model: text.prefault('*').describe('whose answers; by default each model'),
  segment: text
    .prefault('*')
    .describe('by default the whole traffic; each: every segment; or one, such as country=de'),
  info: threshold.optional().describe("beyond it the level is info, such as '> 0.25'"),
  warning: threshold.optional().describe("beyond it the level is warning, such as '> 0.25'"),
  critical: threshold.optional().describe("beyond it the level is critical, such as '> 0.25'"),
  versus: versusShape.optional().describe('compares with another value; thresholds are for the comparison'),
  burn: burnShape.optional().describe('how fast a budget of bad rows is spent, instead of thresholds'),
  reset: z
    .strictObject({
      info: threshold.optional().describe('the level info is left only here'),
      warning: threshold.optional().describe('the level warning is left only here'),
      critical: threshold.optional().describe('the level critical is left only here'),
    })
    .optional()
    .describe('where a level is left; by default where its threshold is not passed any more'),
  drop: z
    .enum(['direct', 'staircase'])
    .optional()
    .describe(
      'how a level falls: to the highest whose threshold is passed, or past each lower one only by its reset; by default direct',
    ),
  hits: hits
    .optional()
    .describe(
      "a level holds in so many of the last judged windows, such as '3 of 5'; by default in the last",
    ),
  keep_firing_for: spell
    .optional()
    .describe('what fires goes on for so long after it held last; by default not at all'),
  flapping: flappingShape
    .optional()
    .describe('keeps an alarm that goes back and forth silent until it has settled; by default not'),
  no_data: noDataShape
    .optional()
    .describe('what becomes of the alarm where results stay away; by default it stays as it is'),
  detector: text.optional().describe('finds a change by itself, instead of thresholds'),
  options: z.record(text, z.number()).optional().describe('of the detector; by default its own'),
  level: level.optional().describe('of a drift, or of when; by default warning'),
  warn: z.boolean().optional().describe('warnings of the detector fire too; by default false'),
  hold: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('windows after the last drift until the alarm resolves; by default 12'),
  min_n: z
    .int()
    .min(0)
    .optional()
    .describe(
      'windows with fewer samples change nothing; by default 30, for metrics of the whole service and of its hosts 0',
    ),
  min_coverage: share
    .optional()
    .describe(
      'judges a window by its first revision with so large a share of labels; by default by the final one',
    ),
  for: duration.prefault('0s').describe('how long it must hold without a break'),
});

export type RuleShape = z.output<typeof ruleShape>;
export type ConditionShape =
  | string
  | { rule: string; level: z.output<typeof level> }
  | { not: ConditionShape }
  | { all: ConditionShape[] }
  | { any: ConditionShape[] };
