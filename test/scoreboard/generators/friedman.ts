import type { Random } from '../random.ts';
import type { Generator, Row } from './generator.ts';

/** 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + N(0, 1), and the same with the inputs in another order. */
const ORDERS = [
  [0, 1, 2, 3, 4],
  [2, 3, 4, 0, 1],
];

function targetOf(x: readonly number[], order: readonly number[]): number {
  const [a, b, c, d, e] = order.map((i) => x[i]!) as [number, number, number, number, number];
  return 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e;
}

function rowOf(random: Random, share: number): Row {
  const x = Array.from({ length: 10 }, () => random.uniform());
  const y = (1 - share) * targetOf(x, ORDERS[0]!) + share * targetOf(x, ORDERS[1]!) + random.normal();
  return { x, y };
}

/** Ten inputs in 0..1 of which five matter (J. Friedman 1991; with drift: Ikonomovska, Gama, Dzeroski 2011). */
export const FRIEDMAN: Generator = {
  name: 'Friedman',
  paper: 'Friedman 1991',
  task: 'number',
  concepts: 2,
  row: (random, concept) => rowOf(random, concept),
  between: rowOf,
};
