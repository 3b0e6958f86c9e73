/** What is monitored: a model that was trained once, as those that Telltale watches. */

import type { Generator, Row } from './generators/index.ts';
import type { Random } from './random.ts';

export type Model = (x: readonly number[]) => number;

/** Cells of each input of the naive Bayes learner. */
const CELLS = 10;

/** Naive Bayes over ten cells of equal width, with one row added to each. */
function naiveBayes(rows: readonly Row[]): Model {
  const inputs = rows[0]!.x.length;
  const ranges = Array.from({ length: inputs }, (_, j) => {
    const values = rows.map(({ x }) => x[j]!);
    return { low: Math.min(...values), high: Math.max(...values) };
  });
  const cellOf = (value: number, { low, high }: { low: number; high: number }): number =>
    high === low ? 0 : Math.max(0, Math.min(CELLS - 1, Math.floor(((value - low) / (high - low)) * CELLS)));
  const counts = [0, 1].map(() => ranges.map(() => new Array<number>(CELLS).fill(1)));
  const totals = [1, 1];
  for (const { x, y } of rows) {
    totals[y]!++;
    x.forEach((value, j) => {
      counts[y]![j]![cellOf(value, ranges[j]!)]!++;
    });
  }
  const score = (x: readonly number[], y: number): number =>
    x.reduce(
      (sum, value, j) => sum + Math.log(counts[y]![j]![cellOf(value, ranges[j]!)]! / (totals[y]! + CELLS)),
      Math.log(totals[y]!),
    );
  return (x) => (score(x, 1) > score(x, 0) ? 1 : 0);
}

/** Least squares by the normal equations, Gauss-Jordan. */
function leastSquares(rows: readonly Row[]): Model {
  const size = rows[0]!.x.length + 1;
  const table = Array.from({ length: size }, () => new Array<number>(size + 1).fill(0));
  for (const { x, y } of rows) {
    const features = [1, ...x];
    features.forEach((a, i) => {
      features.forEach((b, j) => {
        table[i]![j]! += a * b;
      });
      table[i]![size]! += a * y;
    });
  }
  for (let i = 0; i < size; i++) {
    const pivot = table[i]![i]! || 1e-12;
    for (let j = i; j <= size; j++) table[i]![j]! /= pivot;
    for (let k = 0; k < size; k++) {
      if (k === i) continue;
      const factor = table[k]![i]!;
      for (let j = i; j <= size; j++) table[k]![j]! -= factor * table[i]![j]!;
    }
  }
  const weights = table.map((line) => line[size]!);
  return (x) => x.reduce((sum, value, j) => sum + weights[j + 1]! * value, weights[0]!);
}

export interface Trained {
  /** 1: the answer is wrong; of numbers: further off than nine in ten were in training. */
  errorOf(row: Row): number;
}

const TRAINING = 2_000;

/** A model of concept 0, trained and frozen. */
export function train(generator: Generator, random: Random): Trained {
  const draw = (): Row[] => Array.from({ length: TRAINING }, () => generator.row(random, 0));
  if (generator.task === 'classes') {
    const model = naiveBayes(draw());
    return { errorOf: ({ x, y }) => (model(x) === y ? 0 : 1) };
  }
  const model = leastSquares(draw());
  const errors = draw()
    .map(({ x, y }) => Math.abs(model(x) - y))
    .sort((a, b) => a - b);
  const bound = errors[Math.floor(0.9 * TRAINING)]!;
  return { errorOf: ({ x, y }) => (Math.abs(model(x) - y) > bound ? 1 : 0) };
}
