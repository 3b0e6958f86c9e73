import type { Random } from '../random.ts';
import type { Generator, Row } from './generator.ts';

const INPUTS = 10;
const NOISE = 0.05;
const FROM = Array.from({ length: INPUTS }, (_, i) => (i % 2 === 0 ? 0.9 : 0.1));
const TO = FROM.map((weight) => 1 - weight);

function rowOf(random: Random, share: number): Row {
  const x = Array.from({ length: INPUTS }, () => random.uniform());
  const weights = FROM.map((weight, i) => weight + share * (TO[i]! - weight));
  const sum = x.reduce((total, value, i) => total + weights[i]! * value, 0);
  const half = weights.reduce((total, weight) => total + weight, 0) / 2;
  const truth = sum >= half ? 1 : 0;
  return { x, y: random.uniform() < NOISE ? 1 - truth : truth };
}

/** Ten inputs in 0..1, positive on one side of a plane that turns; 5 % of the labels wrong. */
export const HYPERPLANE: Generator = {
  name: 'hyperplane',
  paper: 'Hulten, Spencer, Domingos 2001',
  task: 'classes',
  concepts: 2,
  row: (random, concept) => rowOf(random, concept),
  between: rowOf,
};
