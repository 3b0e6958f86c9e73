import type { Random } from '../random.ts';
import type { Generator, Row } from './generator.ts';

const THETA = [8, 9, 7, 9.5];
const NOISE = 0.1;

function rowOf(random: Random, theta: number): Row {
  const x = [10 * random.uniform(), 10 * random.uniform(), 10 * random.uniform()];
  const truth = x[0]! + x[1]! <= theta ? 1 : 0;
  return { x, y: random.uniform() < NOISE ? 1 - truth : truth };
}

/** Three inputs in 0..10 of which two matter: positive where x1 + x2 <= theta, 10 % of the labels wrong. */
export const SEA: Generator = {
  name: 'SEA',
  paper: 'Street, Kim 2001',
  task: 'classes',
  concepts: THETA.length,
  // The largest step of the paper, 9.5 and 7, comes first.
  row: (random, concept) => rowOf(random, [9.5, 7, 8, 9][concept]!),
  between: (random, share) => rowOf(random, 9.5 - 2.5 * share),
};
