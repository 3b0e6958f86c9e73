/** `automation` of a service: how much the primary decides by itself, and what takes it further. */
import { z } from 'zod';
import { AUTOMATION_LEVELS } from '../records.ts';
import { duration, level, positiveInt, share, text } from './scalar-shapes.ts';

const degree = z.enum(AUTOMATION_LEVELS);
/** A rate of 0 is never shown. */
const risk = z.number().gt(0).lt(1);

export const automationShape = z.strictObject({
  output: text,
  level: degree.prefault('shadow'),
  up_to: degree.prefault('partial'),
  target_risk: risk,
  assist_risk: risk.optional(),
  confidence: z.number().min(0.5).lt(1).prefault(0.95),
  min_n: positiveInt.prefault(500),
  min_coverage: share.prefault(0.1),
  hold: duration.prefault('1d'),
  gate: z.enum(['auto', 'manual']).prefault('manual'),
  stop_on: z
    .strictObject({
      rules: z.array(text).prefault([]),
      level: level.prefault('critical'),
    })
    .prefault({}),
  blind: share.prefault(0.05),
  labels: z.enum(['truth', 'people']).prefault('truth'),
  margin: share.optional(),
});

export type AutomationShape = z.output<typeof automationShape>;
