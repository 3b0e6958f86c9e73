/** What really happened, from a file that its owner keeps. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { checkShape } from '../../config/check-shape.ts';
import { readSource } from '../../config/document.ts';
import type { Environment } from '../../config/environment.ts';
import { ConfigError } from '../../config/types.ts';
import { readTime } from '../../decode/scalars.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import type { Spell } from './episodes.ts';

export interface Incident extends Spell {
  service: string;
  what: string;
}

const TIME_WORDS = 'a time such as 2026-01-31T08:00:00Z, or milliseconds';
const time = z
  .union([z.string(), z.number()], { error: TIME_WORDS })
  .refine((value) => Number.isFinite(readTime(value, 0)), TIME_WORDS);

const shape = z.array(
  z.strictObject({
    service: z.string(),
    from: time,
    to: time.nullish(),
    what: z.string().min(1, 'what happened, in words'),
  }),
  { error: 'a list of { service, from, to, what }' },
);

/**
 * @param services names that an incident may be about
 * @throws TelltaleError file_unreadable
 * @throws ConfigError with every fault of the file
 */
export function readIncidents(file: string, services: readonly string[], env: Environment): Incident[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TelltaleError('file_unreadable', `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  const source = readSource(text, file, env);
  if (source.readable) checkShape(shape, source);
  if (source.problems.length > 0) throw new ConfigError(source.problems);
  const incidents = shape.parse(source.value).map(({ service, from, to, what }) => ({
    service,
    fromMs: readTime(from, 0),
    toMs: to === undefined || to === null ? null : readTime(to, 0),
    what,
  }));
  incidents.forEach(({ service, fromMs, toMs }, i) => {
    if (!services.includes(service)) source.report([i, 'service'], { allowed: services });
    if (toMs !== null && toMs < fromMs) source.report([i, 'to'], { message: 'it ends before it begins' });
  });
  if (source.problems.length > 0) throw new ConfigError(source.problems);
  return incidents.sort((a, b) => a.fromMs - b.fromMs);
}
