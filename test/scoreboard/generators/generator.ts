/** Streams of rows with a truth, whose law can be changed. */

import type { Random } from '../random.ts';

export interface Row {
  x: number[];
  y: number;
}

export interface Generator {
  name: string;
  paper: string;
  task: 'classes' | 'number';
  /** Laws, of which 0 is the first. A law between two, where the generator has them, is asked for by `between`. */
  concepts: number;
  row(random: Random, concept: number): Row;
  /** Incremental change: the row of the law that lies `share` of the way from concept 0 to 1. */
  between(random: Random, share: number): Row;
}

/** For generators whose laws are not numbers: rows of both, mixed. */
export const mixed =
  (row: Generator['row']): Generator['between'] =>
  (random, share) =>
    row(random, random.uniform() < share ? 1 : 0);
