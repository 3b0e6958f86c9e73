/** `automation` of a service: how much the primary decides by itself, and what takes it further. */
import { z } from 'zod';
import { AUTOMATION_LEVELS } from '../records.ts';
import { duration, level, positiveInt, share, text } from './scalar-shapes.ts';

const degree = z.enum(AUTOMATION_LEVELS);
/** A rate of 0 is never shown. */
const risk = z.number().gt(0).lt(1);

export const automationShape = z.strictObject({
  output: text.describe('a classifier that streams.labels has and that the primary gives'),
  level: degree.prefault('shadow').describe('where it begins'),
  up_to: degree.prefault('partial').describe('the highest level, for people too'),
  target_risk: risk.describe('share of wrong answers that is acceptable among what the model decides'),
  assist_risk: risk
    .optional()
    .describe('the same of what it suggests; by default the greater of 0.1 and target_risk'),
  confidence: z
    .number()
    .min(0.5)
    .lt(1)
    .prefault(0.95)
    .describe('of all bounds together, however often they are looked at'),
  min_n: positiveInt.prefault(500).describe('labelled answers before a step up'),
  min_coverage: share
    .prefault(0.1)
    .describe('share of the answers that partial automation must be able to decide'),
  hold: duration.prefault('1d').describe('time at a level before the next step up'),
  gate: z
    .enum(['auto', 'manual'])
    .prefault('manual')
    .describe('auto: it rises by itself; manual: a person raises it. It always falls by itself'),
  stop_on: z
    .strictObject({
      rules: z.array(text).prefault([]).describe('names of rules, or budget'),
      level: level.prefault('critical').describe('at this level or above'),
    })
    .prefault({})
    .describe('alarms that take it down to shadow'),
  blind: share.prefault(0.05).describe("share of the requests that people decide without the model's answer"),
  labels: z
    .enum(['truth', 'people'])
    .prefault('truth')
    .describe('what labels are: a truth of its own, or what people decided'),
  margin: share
    .optional()
    .describe(
      'to assist the model must be worse than people alone by less than so much; by default that is not asked',
    ),
});

export type AutomationShape = z.output<typeof automationShape>;
