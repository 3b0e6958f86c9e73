import type { Random } from '../random.ts';
import { type Generator, mixed, type Row } from './generator.ts';

/** Size small, medium, large; colour red, blue, green; shape square, circular, triangular. */
const LAWS: readonly ((size: number, colour: number, shape: number) => boolean)[] = [
  (size, colour) => size === 0 && colour === 0,
  (_, colour, shape) => colour === 2 || shape === 1,
  (size) => size >= 1,
];

function row(random: Random, concept: number): Row {
  const [size, colour, shape] = [random.below(3), random.below(3), random.below(3)];
  const y = LAWS[concept]!(size, colour, shape) ? 1 : 0;
  // One-hot, so that learners of numbers read categories.
  const x = [size, colour, shape].flatMap((value) => [0, 1, 2].map((one) => (one === value ? 1 : 0)));
  return { x, y };
}

export const STAGGER: Generator = {
  name: 'STAGGER',
  paper: 'Schlimmer, Granger 1986',
  task: 'classes',
  concepts: LAWS.length,
  row,
  between: mixed(row),
};
