/** The published generators, and how a law gives way to another. */

import type { Random } from '../random.ts';
import { AGRAWAL } from './agrawal.ts';
import { FRIEDMAN } from './friedman.ts';
import type { Generator, Row } from './generator.ts';
import { HYPERPLANE } from './hyperplane.ts';
import { SEA } from './sea.ts';
import { STAGGER } from './stagger.ts';

export type { Generator, Row } from './generator.ts';

export const GENERATORS: readonly Generator[] = [SEA, STAGGER, AGRAWAL, FRIEDMAN, HYPERPLANE];

export const SCHEDULES = ['none', 'abrupt', 'gradual', 'incremental', 'recurring'] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** Rows over which a gradual or incremental change takes place, and after which a recurring law comes or goes. */
const SPAN = 1000;

/**
 * The row at index `i` of a stream whose law changes at `changeAt`. gradual: rows of the new law become more likely, by a sigmoid; incremental: the
 * law itself moves; recurring: the new one comes for SPAN rows, the old one for as many, and so on.
 */
export function rowAt(
  generator: Generator,
  random: Random,
  schedule: Schedule,
  i: number,
  changeAt: number,
): Row {
  const since = i - changeAt;
  if (schedule === 'none' || since < 0) return generator.row(random, 0);
  if (schedule === 'abrupt') return generator.row(random, 1);
  if (schedule === 'recurring') return generator.row(random, Math.floor(since / SPAN) % 2 === 0 ? 1 : 0);
  if (schedule === 'incremental') return generator.between(random, Math.min(1, since / SPAN));
  const share = 1 / (1 + Math.exp(-8 * (since / SPAN - 0.5)));
  return generator.row(random, random.uniform() < share ? 1 : 0);
}
