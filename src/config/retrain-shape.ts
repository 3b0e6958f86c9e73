/** `retrain` of a service: what asks for a new model, and how often. */
import { z } from 'zod';
import { duration, level, positiveInt, requestsPerTime, text } from './scalar-shapes.ts';

const cost = z.number().gt(0);
const regretShape = z.strictObject({
  metric: text.describe('mean over rows that each cost something, such as accuracy or mae'),
  subject: z.string().prefault('*').describe('what it is measured on; by default all of them are summed'),
  model: text.optional().describe('by default the primary'),
  reference: z
    .number()
    .optional()
    .describe('value when the model was trained; by default that of the baseline'),
  cost_per_row: cost.describe('what one unit of the metric costs in one row'),
  cost_of_training: cost.describe('a new model is asked for when wrong answers have cost so much'),
});

const retrainIncidentsShape = z.strictObject({
  level: level.prefault('critical').describe('at this level or above an incident asks'),
  alarms: positiveInt.prefault(1).describe('so many alarms of it must fire, and not be muted'),
  for: duration.prefault('0s').describe('it must have been open at the level for so long'),
});

export const retrainShape = z.strictObject({
  mode: z
    .enum(['automatic', 'manual'])
    .prefault('manual')
    .describe('manual: a person approves each request; automatic: it goes out at once'),
  on: z.array(text).min(1).optional().describe('names of rules, or budget, whose alarms ask for a new model'),
  regret: regretShape.optional().describe('asks when wrong answers have cost as much as a training'),
  incidents: retrainIncidentsShape.optional().describe('asks when an incident stays'),
  shadow: z.boolean().prefault(false).describe('the model of a training becomes a shadow'),
  level: level.prefault('critical').describe('at this level or above alarms of the rules in on ask'),
  cooldown: duration.prefault('24h').describe('after a request nothing asks again for so long'),
  lookback: duration.prefault('2h').describe('the data of a request begin so long before the trouble'),
  max: requestsPerTime.optional().describe("requests in a time at most, such as '2 per 30d'"),
});

export type RetrainShape = z.output<typeof retrainShape>;
