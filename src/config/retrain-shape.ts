/** `retrain` of a service: what asks for a new model, and how often. */
import { z } from 'zod';
import { duration, level, positiveInt, requestsPerTime, text } from './scalar-shapes.ts';

const cost = z.number().gt(0);
const regretShape = z.strictObject({
  metric: text,
  subject: z.string().prefault('*'),
  model: text.optional(),
  reference: z.number().optional(),
  cost_per_row: cost,
  cost_of_training: cost,
});

const retrainIncidentsShape = z.strictObject({
  level: level.prefault('critical'),
  alarms: positiveInt.prefault(1),
  for: duration.prefault('0s'),
});

export const retrainShape = z.strictObject({
  mode: z.enum(['automatic', 'manual']).prefault('manual'),
  on: z.array(text).min(1).optional(),
  regret: regretShape.optional(),
  incidents: retrainIncidentsShape.optional(),
  shadow: z.boolean().prefault(false),
  level: level.prefault('critical'),
  cooldown: duration.prefault('24h'),
  lookback: duration.prefault('2h'),
  max: requestsPerTime.optional(),
});

export type RetrainShape = z.output<typeof retrainShape>;
